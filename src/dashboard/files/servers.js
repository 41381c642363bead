// The servers: how each is, why, and what it can be told.

import { brief, copier, dialog, h, number, put, span, state, twin, visible } from "./dom.js";
import { edit, placeOf, versions } from "./config.js";
import { known } from "./live.js";
import { title } from "./now.js";
import { ordersOf, reload } from "./orders.js";
import { table } from "./rows.js";
import { more } from "./server.js";

const load = (server) => [number(server.in_flight), server.waiting ? ` + ${number(server.waiting)} wait` : ""];

const tries = (server) => [server.tries > 0 && `${number(server.tries)} failed`,
  server.retry_in_ms != null && `${server.tries ? ", " : ""}next in ${span(server.retry_in_ms)}`];

const facts = (list) => h("dl.facts", null, list.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
  .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));

function detail(server) {
  const unit = `journalctl --user -t mcp-${server.name} -n 50`;
  const list = facts([
    ["State", state(server.phase, server.failed)], ["Why", server.reason && visible(server.reason)],
    ["Tries", tries(server).some(Boolean) && tries(server)], ["Process", server.pid && String(server.pid)],
    ["Protocol", server.era && `${server.era} ${visible(server.revision ?? "")}`], ["Tools shown", number(server.tools)],
    ["Definitions refused", server.refused > 0 && number(server.refused)],
    ["Definitions that are not what was accepted", server.moved > 0 && `${number(server.moved)}${server.held ? ", kept from clients" : ""}`],
    ["In flight", load(server)], ["max_concurrency", server.max_concurrency && number(server.max_concurrency)],
    ["Works in", server.directory && visible(server.directory)],
  ]);
  dialog(title(server), [
    server.description && h("p", null, visible(server.description)), list, more(server, list),
    h("h3", null, "In a terminal"),
    [`callmux server show ${server.name}`, `callmux logs ${server.name}`, unit].map((line) =>
      h("p", null, h("code", null, line), " ", copier("Copy", line))),
    server.instances?.length > 0 && [h("h3", null, "Instances"), h("ul.list", null, server.instances.map((one) => h("li", null,
      h("code", null, visible(one.directory)), " ", state(one.phase, one.failed), " ", one.reason ? brief(one.reason) : "")))],
  ]);
}

export const servers = {
  title: "Servers",
  open(main) {
    // Nothing is offered before it is known whether it can be done.
    let place = { refused: "It is being asked whether the config can be changed" };
    const search = h("input", { id: "find", type: "search", oninput: () => draw(true), autocomplete: "off" });
    const rows = table("Servers", [
      { label: "Server", of: (s) => title(s) },
      { label: "State", of: (s) => state(s.phase, s.failed) },
      { label: "Why", of: (s) => (s.reason ? brief(s.reason, 220) : "") },
      { label: "Tries", of: tries },
      { label: "Tools", kind: "number", of: (s) => number(s.tools) },
      { label: "In flight", kind: "number", of: load },
      { label: "Process", kind: "number", of: (s) => (s.pid ? String(s.pid) : "") },
      { label: "Orders", kind: "orders", of: (s) => ordersOf(s, h("button.small", { type: "button", "data-key": `${s.name}-more`,
        "aria-label": `Show ${s.name}`, onclick: () => detail(s) }, "Show"), h("button.small", { type: "button", "data-key": `${s.name}-edit`,
        "aria-label": `Edit ${s.name}`, disabled: place.refused !== undefined, title: place.refused, onclick: () => edit(s.name) }, "Edit")) },
    ]);
    const off = h("p.soft"), why = h("p.soft");
    const add = h("button", { type: "button", disabled: true, onclick: () => edit() }, "Add a server …");
    main.append(twin("callmux status", "callmux server list", "callmux restart NAME"),
      h("div.tools", null, h("div.wide", null, h("label", { for: "find" }, "Find a server"), search),
        h("button", { type: "button", onclick: reload }, "Reload the config …"),
        add, h("button", { type: "button", onclick: () => versions(place.refused) }, "Changes …")), why, rows.element, off);
    permit();
    async function permit() {
      place = await placeOf();
      add.disabled = place.add !== undefined;
      put(why, [...new Set([place.add, place.change])].filter(Boolean).map((one) => `The config is not changed from here: ${one}. `));
      draw(true);
    }
    const wanted = location.hash.split("/")[1];
    let opened = !wanted, before = "";
    function draw(afresh) {
      if (!known.status) return;
      const words = search.value.toLowerCase();
      const found = known.status.servers.filter((s) => `${s.name} ${s.phase} ${s.reason ?? ""}`.toLowerCase().includes(words));
      // What did not change is left alone, with whatever somebody has marked in it.
      const now = words + place.refused + JSON.stringify(found.map((s) => ({ ...s, retry_in_ms: Math.round((s.retry_in_ms ?? 0) / 1000) })));
      if (now !== before) rows.show(found, afresh);
      before = now;
      const disabled = known.status.disabled ?? [];
      off.textContent = disabled.length ? `Not enabled in the config: ${disabled.map(visible).join(", ")}` : "";
      if (!opened) {
        opened = true;
        const one = found.find((s) => s.name === wanted);
        if (one) detail(one);
      }
    }
    return { update: ({ status }) => status && draw() };
  },
};

// What can be ordered from the page. Each says what it does before it does it.

import { post, get } from "./api.js";
import { dialog, h, put, say, visible } from "./dom.js";
import { lookNow } from "./live.js";

// A button that orders, and says what came of it.
export function order(label, key, path, what, whose) {
  const name = whose && `${label} ${whose}`;
  const button = h("button.small", { type: "button", "data-key": key, title: what, "aria-label": name, onclick: go }, label);
  async function go() {
    button.disabled = true;
    say(`${what}: asked for`);
    try {
      await post(path);
      say(`${what}: done`);
    } catch (error) {
      failed(what, error);
    } finally {
      button.disabled = false;
      lookNow();
    }
  }
  return button;
}

function failed(what, error) {
  dialog("It did not work", [h("p", null, `${what}: `, visible(error.message)),
    error.fix && h("p", null, "What to do: ", visible(error.fix))]);
}

export const retry = () => order("Try all now", "retry-all", "retry", "Have all servers that wait make their next try now");

// The orders that a server can be given now.
export function ordersOf(server, ...more) {
  const { name, phase } = server;
  const one = (verb, label, what) => order(label, `${name}-${verb}`, `servers/${name}/${verb}`, `${what} ${name}`, name);
  const isOff = ["stopped", "asleep", "unusable"].includes(phase);
  return h("div", null, more, isOff ? one("start", "Start", "Start") : one("restart", "Restart", "Restart"),
    phase === "waiting" && one("retry", "Try now", "Have the next try made now of"),
    phase !== "stopped" && one("stop", "Stop", "Stop"));
}

const named = (label, list) => list?.length > 0 && [h("dt", null, label), h("dd", null, list.map((one) =>
  h("div", null, typeof one === "string" ? visible(one) : `${one.server}: ${one.keys.map(visible).join(", ")}`)))];

export function planned(plan) {
  const parts = [named("starts", plan.added), named("ends", plan.removed), named("gets another process", plan.restarted),
    named("goes on with other settings", plan.adjusted), named("takes effect at once", plan.settings),
    named("takes effect at the next start of the daemon", plan.at_next_start)].filter(Boolean);
  if (!parts.length) return h("p", null, "Nothing in the files differs from what is in force.");
  return h("dl.facts", null, parts);
}

export const refused = (error) => [h("p", null, visible(error.message)), error.complaints?.length > 0 && h("ul.list", null,
  error.complaints.map((c) => h("li", null, h("code", null, `${visible(c.file)}:${c.line}:${c.column}`), " ", visible(c.key), ": ",
    visible(c.message))))];

// Shows what a reload would do, and does it once that is wanted.
export async function reload() {
  const area = h("div", null, h("p.soft", null, "Reading the files …"));
  const go = h("button", { type: "button", disabled: true, onclick: done }, "Reload");
  const box = dialog("Reload the config", [h("p.soft", null, "In a terminal: ", h("code", null, "callmux config plan"), ", ",
    h("code", null, "callmux reload --wait")), area], go);
  async function done() {
    go.disabled = true;
    try {
      put(area, h("p", null, "Done."), planned(await post("reload")));
      say("the config is reloaded");
    } catch (error) {
      put(area, refused(error));
    }
    lookNow();
  }
  try {
    put(area, planned(await get("plan")));
    go.disabled = false;
  } catch (error) {
    put(area, h("p", null, h("strong", null, "The files cannot be used; what is in force goes on.")), refused(error));
  }
  return box;
}

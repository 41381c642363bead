// Calls and sessions as they come and go, and one call in full.

import { brief, bytes, copier, dialog, h, number, put, quoted, span, time, twin, visible } from "./dom.js";
import { bars } from "./chart.js";
import { known } from "./live.js";
import { table } from "./rows.js";

const NAMES = ["tool", "prompt", "resource", "reference", "task", "method", "endpoint"];
const nameOf = (fact) => NAMES.map((name) => fact[name]).find(Boolean) ?? "";
const keyOf = (fact) => `call-${fact.call_id ?? `${fact.fact}-${fact.session}-${fact.time}`}`;

function outcome(fact) {
  if (fact.fact !== "call_finished") return visible(fact.fact.replace("_", " "));
  const kind = fact.outcome === "done" ? "good" : "bad";
  return h(`span.state.${kind}`, null, visible(fact.outcome));
}

function detail(fact) {
  const line = fact.tool && `callmux call ${quoted(fact.tool)}`;
  const shown = Object.entries(fact).filter(([name]) => !["message", "level"].includes(name));
  dialog(fact.fact === "call_finished" ? "One call" : "A session", [
    h("p", null, brief(fact.message, 2000)),
    h("dl.facts", null, shown.map(([name, value]) => [h("dt", null, visible(name)), h("dd", null,
      name === "time" ? visible(value) : name.endsWith("_bytes") ? bytes(Number(value)) :
      name === "duration_us" ? span(Number(value) / 1000) : brief(value, 2000))])),
    line && [h("h3", null, "In a terminal"), h("p", null, h("code", null, visible(line)), " ", copier("Copy", line)),
      h("p.soft", null, "What it was given is not kept, unless the audit file has it: ", h("code", null, "callmux audit"))],
    fact.session && h("p", null, h("code", null, visible(`callmux trace ${quoted(fact.session)}`)))]);
}

export const activity = {
  title: "Activity",
  open(main) {
    let paused = false, held = null;
    const again = () => draw(true);
    const search = h("input", { id: "find", type: "search", autocomplete: "off", oninput: again });
    const how = h("select", { id: "how", onchange: again }, [["", "all"], ["done", "done"], ["failed", "not done"], ["session", "sessions"]]
      .map(([value, label]) => h("option", { value }, label)));
    const stop = h("button", { type: "button", "aria-pressed": "false", onclick: toggle }, "Pause");
    const chart = h("div"), said = h("p.soft", { role: "status" });
    const rows = table("Calls and sessions, the newest first", [
      { label: "When", kind: "whole", of: (f) => time(f.time) },
      { label: "What", of: (f) => h("code", { id: keyOf(f) }, brief(nameOf(f) || f.session, 120)) },
      { label: "Server", of: (f) => visible(f.server ?? "") },
      { label: "Outcome", of: outcome },
      { label: "Took", kind: "number", of: (f) => (f.duration_us ? span(Number(f.duration_us) / 1000) : "") },
      { label: "Answer", kind: "number", of: (f) => (f.reply_bytes ? bytes(Number(f.reply_bytes)) : "") },
      { label: "Client", of: (f) => brief(f.client, 60) },
      { label: "More", kind: "orders", of: (f) => h("button.small", { type: "button", "data-key": keyOf(f), "aria-describedby": keyOf(f), onclick: () => detail(f) }, "Show") },
    ]);
    main.append(twin("callmux trace --all", "callmux logs", "callmux audit"),
      h("div.tools", null, h("div.wide", null, h("label", { for: "find" }, "Server, tool, client, reason"), search),
        h("div", null, h("label", { for: "how" }, "Outcome"), how), stop), chart, said, rows.element);
    function toggle() {
      paused = !paused;
      held = paused ? [...known.facts] : null;
      stop.setAttribute("aria-pressed", String(paused));
      stop.textContent = paused ? "Go on" : "Pause";
      draw();
    }
    function fits(fact, words) {
      const isCall = fact.fact === "call_finished";
      if (how.value === "session" ? isCall : how.value && !isCall) return false;
      if (how.value === "done" && fact.outcome !== "done") return false;
      if (how.value === "failed" && fact.outcome === "done") return false;
      return !words || [nameOf(fact), fact.server, fact.client, fact.reason, fact.session, fact.principal].join(" ").toLowerCase().includes(words);
    }
    function draw(afresh) {
      const words = search.value.trim().toLowerCase();
      const all = held ?? known.facts;
      const found = all.filter((fact) => fits(fact, words)).reverse();
      const { drawn, text } = bars(found, known.isCut, 60, 10000, Date.now());
      put(chart, drawn);
      put(said, text, known.lost ? `; ${number(known.lost)} were too many to be shown` : "",
        all.length ? "" : ". Calls are shown from when this page was opened. Make one: callmux call TOOL");
      rows.show(found, afresh);
    }
    return { update: ({ facts, first }) => (first || (facts && !paused)) && draw() };
  },
};

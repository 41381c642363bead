// Who may do what: what waits for a person, who is here, what servers changed.

import { get } from "./api.js";
import { brief, h, put, refresh, span, time, twin, visible, visibleLines } from "./dom.js";
import { known } from "./live.js";
import { order } from "./orders.js";
import { table } from "./rows.js";

const EVERY = 2000;

function question(one) {
  return h("li", null,
    h("p", null, h("strong", null, brief(one.client || "a client", 80)), ` (${visible(one.principal)})`,
      one.cwd && [" in ", h("code", null, brief(one.cwd, 200))], ` wants what rule `, h("code", null, visible(one.rule)), ` asks about; ${span(one.expires_in * 1000)} left`),
    one.calls.map((call) => [h("p", null, `${visible(call.kind)} `, h("code", null, brief(call.name, 160)), ` of ${visible(call.server)}`),
      call.arguments && h("pre", { tabindex: "0" }, visibleLines(call.arguments))]),
    h("div.tools", null, order("Deny", `deny-${one.id}`, `approvals/${encodeURIComponent(one.id)}/deny`, `Deny question ${visible(one.id)}`, `question ${visible(one.id)}`),
      h("span.soft", null, "To approve: ", h("code", null, `callmux approvals approve ${visible(one.id)}`))));
}

function sessions() {
  if (!known.sessions.length) return h("p.soft", null, "No client is connected.");
  return h("ul.list", null, known.sessions.slice(-50).reverse().map((one) => h("li", null, h("strong", null, brief(one.client || "unnamed", 80)),
    " since ", time(one.opened_at * 1000), ", session ", h("code", null, `${visible(one.session).slice(0, 8)}…`))));
}

// How each line of a diff stands out.
const MARKS = { "+": "ins", "-": "del" };
const line = (text) => h(MARKS[text[0]] ?? "span", null, visibleLines(text), "\n");

const change = (pin) => h("li", null, h("details", null,
  h("summary", null, h("strong", null, visible(pin.server)), `: ${visible(pin.kind)} `, pin.name && h("code", null, brief(pin.name, 120)),
    ` ${brief(pin.change, 200)}${pin.is_held ? "; kept from clients" : ""}`),
  pin.diff.length > 0 && h("pre.diff", { tabindex: "0" }, pin.diff.map(line), pin.is_cut && "…")));

const pins = (all) => (all.length === 0 ? h("p", null, "Every server offers what was accepted of it.")
  : [h("ul.list", null, all.map(change)), h("p", null, "To accept what one offers now: ", h("code", null, "callmux pins accept SERVER"))]);

const NARROWED = ["principals", "clients", "servers", "tools", "prompts", "resources", "endpoints"];
const about = (rule) => NARROWED.filter((key) => rule[key]).map((key) => h("div", null, `${key} `, h("code", null, brief(rule[key].join(", "), 200))));

const ruleTable = () => table("Rules, of which the first that fits decides", [
  { label: "Rule", of: (r) => visible(r.id) },
  { label: "Effect", of: (r) => visible(r.effect) },
  { label: "About", of: (r) => (about(r).length ? about(r) : "everything") },
  { label: "Written in", of: (r) => r.at && h("code", null, visible(r.at)) },
]);
const tokenTable = () => table("Tokens", [
  { label: "Token", of: (t) => visible(t.name) },
  { label: "Taken until", of: (t) => (t.expires ? time(t.expires) : "it is removed") },
  { label: "Last used", of: (t) => (t.last_used ? visible(t.last_used) : "not known") },
]);

// Asks what comes of a call, which is not made.
function trial() {
  const said = h("div", { role: "status" });
  const field = (label, name, more) => h("label", null, `${label} `, h("input", { name, autocomplete: "off", ...more }));
  const ask = async (event) => {
    event.preventDefault();
    const filled = [...new FormData(event.target)].filter(([, value]) => value !== "");
    try {
      const verdict = await get(`access/test?${new URLSearchParams(filled)}`);
      put(said, h("p", null, h("strong", null, visible(verdict.effect)), ` for ${visible(verdict.principal)}`,
        verdict.rule && [", by rule ", h("code", null, visible(verdict.rule)), verdict.at && [" in ", h("code", null, visible(verdict.at))]],
        `: ${visible(verdict.reason)}`));
    } catch (error) {
      put(said, h("p", null, visible(error.message)), error.fix && h("p", null, "What to do: ", visible(error.fix)));
    }
  };
  return [h("form.tools", { onsubmit: ask }, field("Tool", "tool", { required: true, placeholder: "server__tool" }),
    field("Principal", "principal", { placeholder: "you" }), field("Client", "client"), h("button", { type: "submit" }, "What comes of it?")), said];
}

export const rights = {
  title: "Access",
  open(main) {
    let timer = null, left = false, before = null;
    let told = null;
    const asked = h("div", null, h("p.soft", null, "Asking …")), rest = h("div"), moved = h("div", null, h("p.soft", null, "Asking …"));
    const rules = ruleTable(), tokens = tokenTable();
    main.append(twin("callmux approvals", "callmux access rules", "callmux token list", "callmux pins"),
      h("h2", null, "What waits for a person"), asked, rest,
      h("h2", null, "What servers changed"), moved, h("h2", null, "Who may what"), rules.element, tokens.element, ...trial());
    const once = async (path, show, place) => {
      try {
        show(await get(path));
      } catch (error) {
        put(place, h("p", null, visible(error.message)));
      }
    };
    once("rules", (all) => (all.length ? rules.show(all, true)
      : put(rules.element, h("p", null, "There are no rules: whoever is let in may do everything."))), rules.element);
    once("tokens", (all) => (all.length ? tokens.show(all, true) : put(tokens.element, h("p", null, "There are no tokens."))), tokens.element);
    async function look() {
      if (left) return;
      if (!document.hidden && known.link !== "ended") {
        try {
          const { approvals } = await get("approvals");
          const now = JSON.stringify(approvals.map((one) => ({ ...one, expires_in: Math.round(one.expires_in / 10) })));
          if (now !== before) {
            refresh(asked, approvals.length ? h("ul.list", null, approvals.map(question)) : h("p", null, "No call waits for a person."));
          }
          before = now;
        } catch (error) {
          if (before === null) put(asked, h("p", null, visible(error.message)));
        }
      }
      if (!left) timer = setTimeout(look, EVERY);
    }
    look();
    return {
      update() {
        refresh(rest, h("h2", null, "Who is connected"), sessions());
        // Asked again when a server changed something, or a person accepted it.
        const now = JSON.stringify(known.status?.servers.map((server) => [server.name, server.moved]));
        if (now !== told) once("pins", (all) => refresh(moved, pins(all)), moved);
        told = now;
      },
      leave() { left = true; clearTimeout(timer); },
    };
  },
};

// Who may do what: what waits for a person, who is here, what servers changed.

import { get } from "./api.js";
import { brief, h, number, put, refresh, span, time, twin, visible, visibleLines } from "./dom.js";
import { known } from "./live.js";
import { order } from "./orders.js";

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

function pins() {
  const moved = (known.status?.servers ?? []).filter((server) => server.moved > 0);
  if (!moved.length) return h("p", null, "Every server offers what was accepted of it.");
  return h("ul.list", null, moved.map((server) => h("li", null, h("strong", null, server.name),
    `: ${number(server.moved)} definitions are not what was accepted${server.held ? ", and are kept from clients" : ""}. `,
    h("code", null, `callmux pins diff ${server.name}`))));
}

export const rights = {
  title: "Access",
  open(main) {
    let timer = null, left = false, before = null;
    const asked = h("div", null, h("p.soft", null, "Asking …")), rest = h("div");
    main.append(twin("callmux approvals", "callmux access rules", "callmux token list", "callmux pins"),
      h("h2", null, "What waits for a person"), asked, rest,
      h("h2", null, "Rules and tokens"),
      h("p", null, "Who may call what stands in ", h("code", null, "[[access.rules]]"), " of the config: ", h("code", null, "callmux access rules"),
        " shows it, ", h("code", null, "callmux access test"), " says what comes of it. Tokens: ", h("code", null, "callmux token list"), "."));
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
        refresh(rest, h("h2", null, "Who is connected"), sessions(), h("h2", null, "What servers changed"), pins());
      },
      leave() { left = true; clearTimeout(timer); },
    };
  },
};

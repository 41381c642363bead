// What models were sent, and what that saved.

import { bytes, h, number, refresh, twin, visible } from "./dom.js";
import { known } from "./live.js";

const figure = (name, value, more) => h("div", null, h("dt", null, name), h("dd", null, value, more && h("small", null, ` ${more}`)));

// The tools whose answers were largest.
function talkers() {
  const sums = new Map();
  for (const fact of known.facts) {
    if (!fact.tool) continue;
    const sum = sums.get(fact.tool) ?? { calls: 0, bytes: 0, server: fact.server };
    sum.calls += 1;
    sum.bytes += Number(fact.reply_bytes ?? 0);
    sums.set(fact.tool, sum);
  }
  const most = [...sums].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, 10);
  if (!most.length) return h("p.soft", null, "No call of a tool has ended since this page was opened.");
  return h("div.scroll", { role: "region", tabindex: "0", "aria-label": "Largest answers" }, h("table", null,
    h("caption", null, "The largest answers, since this page was opened"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Tool"), h("th", { scope: "col" }, "Server"),
      h("th.number", { scope: "col" }, "Calls"), h("th.number", { scope: "col" }, "Answers"))),
    h("tbody", null, most.map(([tool, sum]) => h("tr", null, h("th", { scope: "row" }, h("code", null, visible(tool))),
      h("td", null, visible(sum.server ?? "")), h("td.number", null, number(sum.calls)), h("td.number", null, bytes(sum.bytes)))))));
}

export const context = {
  title: "Context",
  open(main) {
    const area = h("div");
    main.append(twin("callmux status", "callmux tools"), area);
    return {
      update() {
        const t = known.status?.traffic;
        if (!t) return;
        const share = t.direct_bytes > 0 ? Math.round((t.saved_bytes / t.direct_bytes) * 100) : 0;
        const sentence = t.direct_bytes === 0 ? "Nothing was sent to a client yet." : t.saved_bytes >= 0
          ? `Clients were sent ≈ ${number(t.estimated_tokens_sent)} tokens, ≈ ${number(t.estimated_tokens_saved)} fewer than by direct connections (${share} %).`
          : `Clients were sent ≈ ${number(t.estimated_tokens_sent)} tokens, ≈ ${number(-t.estimated_tokens_saved)} more than by direct connections.`;
        refresh(area, h("p.health", null, sentence),
          h("dl.figures", null, figure("Sent", bytes(t.sent_bytes)), figure("Directly it had been", bytes(t.direct_bytes)),
            figure("Saved", bytes(t.saved_bytes)), figure("Calls", number(t.calls), `${number(t.meta_calls)} of callmux's own`)),
          h("details", null, h("summary", { "data-key": "how" }, "How it is counted"), h("p", null,
            "Since the daemon started, over all sessions: results and lists of tools, as they were sent, beside what the same calls had ",
            "sent from each server by itself. A token is estimated (≈) from bytes of text; no model's own count is asked.")),
          h("h2", null, "Cache"), h("dl.figures", null, figure("Answered from it", number(t.cache_hits)),
            figure("Joined a call", number(t.cache_joined)), figure("Not in it", number(t.cache_misses)),
            figure("In it now", bytes(t.cache_bytes), `${number(t.cache_entries)} results`)),
          h("h2", null, "Results too large for a client"), h("dl.figures", null,
            figure("Kept to be paged", number(t.stored_results)), figure("Their size", bytes(t.stored_bytes))),
          h("h2", null, "Who says most"), talkers());
      },
    };
  },
};

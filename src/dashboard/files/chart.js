// Small charts as drawings. What they show is also said as text.

import { s, number } from "./dom.js";

// Calls of each of the last `count` slices of time; those that failed in another colour, on the ground.
// `isCut`: there were more before those.
export function bars(facts, isCut, count, sliceMs, now) {
  const all = Array(count).fill(0), failed = Array(count).fill(0);
  for (const fact of facts) {
    if (fact.fact && fact.fact !== "call_finished") continue;
    const at = count - 1 - Math.floor((now - Date.parse(fact.time)) / sliceMs);
    if (at < 0 || at >= count) continue;
    all[at] += 1;
    if (fact.outcome && fact.outcome !== "done") failed[at] += 1;
  }
  const most = Math.max(1, ...all);
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const minutes = Math.round((count * sliceMs) / 60000);
  const of = isCut ? "are kept here, the newest" : `in the last ${minutes} min`;
  const text = `${number(sum(all))} ${sum(all) === 1 ? "call" : "calls"} ${of}, ${number(sum(failed))} not done${
    isCut ? "" : `; at most ${number(Math.max(...all))} in ${sliceMs / 1000} s`}`;
  const high = 40;
  const drawn = s("svg.chart", { viewBox: `0 0 ${count * 4} ${high}`, role: "img", "aria-label": text, preserveAspectRatio: "none" },
    s("line", { x1: 0, y1: high - .5, x2: count * 4, y2: high - .5 }),
    all.map((value, at) => {
      const tall = (value / most) * (high - 2), bad = (failed[at] / most) * (high - 2);
      return [
        value > 0 && s("rect", { x: at * 4 + .5, y: high - tall, width: 3, height: tall }),
        failed[at] > 0 && s("rect.bad", { x: at * 4 + .5, y: high - bad, width: 3, height: bad }),
      ];
    }));
  return { drawn, text };
}

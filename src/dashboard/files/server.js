// What is asked of one server alone: where it is written, its processes, how its calls went, what it said last.

import { get } from "./api.js";
import { add, bytes, h, number, put, span, time, visible, visibleLines } from "./dom.js";

// So many of its last calls are looked at.
const LAST_CALLS = 200;

// How long so large a part of them took at the most, in milliseconds (nearest rank).
const within = (sorted, part) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] / 1000;

// What is said of calls, the newest first.
export function summed(calls) {
  if (calls.length === 0) return "none yet";
  const took = calls.map((call) => call.us).sort((a, b) => a - b);
  const bad = calls.filter((call) => call.outcome !== "done").length;
  return [`${number(calls.length)}, half of them within ${span(within(took, .5))}, 95 % within ${span(within(took, .95))}`,
    bad > 0 && `; ${number(bad)} did not end well`, "; the last at ", time(calls[0].t)];
}

async function written(name) {
  const one = (await get("config/servers")).find((section) => section.name === name);
  if (!one) return "nowhere in the config";
  const { file, line } = one.at;
  return [h("code", null, visible(`${file}:${line}`)), one.patched_by && [", changed by ", h("code", null, visible(one.patched_by))]];
}

async function calls(name) {
  try {
    return summed((await get(`history?${new URLSearchParams({ server: name, kind: "call.end", limit: LAST_CALLS })}`)).events);
  } catch (error) {
    if (error.code !== "no_history") throw error;
    return ["not kept: ", h("code", null, "[history] enabled = true"), " keeps them"];
  }
}

function processes({ runs }) {
  const times = runs.count === 1 ? "once" : `${number(runs.count)} times`;
  const memory = runs.processes > 0 && `; ${bytes(runs.memory_bytes)} in ${runs.processes === 1 ? "one process" : `${number(runs.processes)} processes`}`;
  return [runs.count ? `ready ${times}` : "never ready", " since the daemon began", memory];
}

// Adds to a list of facts, which fills in as the answers come; what cannot be told says why. What it said last.
export function more(server, list) {
  const words = h("div");
  const told = get(`servers/${encodeURIComponent(server.name)}`);
  const row = (label, answer) => {
    const place = h("dd", null, "…");
    add(list, [h("dt", null, label), place]);
    answer.then((said) => put(place, said), (error) => put(place, error.message));
  };
  row("Written in", written(server.name));
  row("Runs", told.then(processes));
  row(`Last calls, at most ${LAST_CALLS}`, calls(server.name));
  told.then(({ runs }) => runs.last_words.length > 0 && add(words, [h("h3", null, "What it wrote last on stderr"),
    h("pre", { tabindex: "0" }, visibleLines(runs.last_words.join("\n")))]), () => {});
  return words;
}

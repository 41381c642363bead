// What happens, as it happens: by a stream of events where the daemon has one, else by asking. Nothing is asked
// while nobody looks.

import { Away, Problem, events, get } from "./api.js";

const KEPT = 2000;
const EVERY = 2000;
// While a stream tells what happens, how everything is is asked for when it did, and now and again.
const EVERY_BESIDE_STREAM = 20000;
const SOON = 400;
// However many calls there are, drawing them takes at most one part of the time in so many.
const DRAWN_IN = 20;
// What a stream is asked for by name; one that is not here is told by the next look.
const NAMES = ["call_finished", "session_opened", "session_closed", "server_started", "server_ready", "server_stopped",
  "server_failed", "server_unusable", "config_reloaded", "config_refused", "tools_changed", "approval_asked",
  "approval_answered"];

// All that is known. `isCut`: of what was heard only the end is kept.
export const known = { status: null, facts: [], sessions: [], lost: 0, isCut: false, link: "asking", since: Date.now() };
const hearers = new Set();
let next = null, source = null, isStreaming = false, noStream = false, timer = null, busy = false, ended = false;
// When the next look is due, when the last one began; what draws what was heard, and not before when.
let due = Infinity, looked = 0, drawing = null, restUntil = 0;

// `hear` is called after each change, until what comes back is.
export function listen(hear) {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

const tell = (what) => { for (const hear of [...hearers]) hear(what); };

function link(how) {
  if (known.link === how) return;
  known.link = how;
  tell({ link: how });
}

function keep(facts) {
  known.facts.push(...facts);
  // Not one at a time: it would move all the others each time.
  if (known.facts.length > KEPT * 1.2) {
    known.facts.splice(0, known.facts.length - KEPT);
    known.isCut = true;
  }
}

function lookIn(ms) {
  clearTimeout(timer);
  due = performance.now() + ms;
  timer = setTimeout(lookNow, ms);
}

async function look() {
  if (busy || ended || document.hidden) return;
  busy = true;
  looked = performance.now();
  try {
    // A stream has told the facts already.
    const asked = next === null || isStreaming ? "calls" : `calls?since=${next}`;
    const [status, seen] = await Promise.all([get("status"), get(asked)]);
    known.status = status;
    known.sessions = seen.sessions ?? [];
    if (asked !== "calls") known.lost += seen.lost ?? 0;
    next = seen.next;
    keep(seen.facts ?? []);
    link("open");
    tell({ status: true, facts: seen.facts?.length > 0 });
  } catch (error) {
    if (error instanceof Problem && [401, 404].includes(error.status)) end();
    else if (error instanceof Away || error instanceof Problem) link("cut");
    else throw error;
  } finally {
    busy = false;
    // Unless what was heard meanwhile wants one sooner.
    if (!ended && !document.hidden && due === Infinity) lookIn(isStreaming ? EVERY_BESIDE_STREAM : EVERY);
  }
}

// What comes next does not put it off again, or it would never be asked while there is much to hear.
function soon(after = 0) {
  const now = performance.now();
  const at = Math.max(now + SOON, looked + after);
  if (at < due) lookIn(at - now);
}

function follow() {
  if (noStream || source || document.hidden || ended) return;
  source = events();
  source.onopen = () => { isStreaming = true; };
  source.onerror = () => {
    // One that never opened is one that the daemon does not have.
    noStream ||= !isStreaming;
    isStreaming = false;
    source?.close();
    source = null;
    soon();
    if (!noStream) setTimeout(follow, EVERY);
  };
  source.addEventListener("reset", () => { known.facts = []; known.isCut = false; soon(); });
  for (const name of NAMES) source.addEventListener(name, (event) => heard(name, event));
}

function heard(name, event) {
  try {
    keep([{ fact: name, ...JSON.parse(event.data) }]);
    drawing ??= setTimeout(draw, Math.max(0, restUntil - performance.now()));
  } catch {
    // What is no JSON is told by the next look.
  }
  soon(name === "call_finished" ? EVERY : 0);
}

function draw() {
  drawing = null;
  const began = performance.now();
  tell({ facts: true });
  // The browser lays the page out now, so that it counts.
  void document.body.offsetHeight;
  const now = performance.now();
  restUntil = now + (now - began) * DRAWN_IN;
}

export function lookNow() {
  clearTimeout(timer);
  due = Infinity;
  return look();
}

export function start() {
  ended = false;
  document.addEventListener("visibilitychange", () => (document.hidden ? pause() : resume()));
  resume();
}

// Nobody is in any more, because they wanted that.
export function stop() {
  ended = true;
  pause();
}

function pause() {
  clearTimeout(timer);
  due = Infinity;
  source?.close();
  source = null;
  isStreaming = false;
}

function resume() {
  if (ended) return;
  follow();
  lookNow();
}

// The visit is over: nothing is asked any more.
function end() {
  ended = true;
  pause();
  link("ended");
}

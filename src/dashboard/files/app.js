// Which page is shown, and how somebody comes in.

import { enter, leave, Problem } from "./api.js";
import { add, h, put, say, span, time, visible } from "./dom.js";
import { known, listen, lookNow, start, stop } from "./live.js";
import { now } from "./now.js";
import { servers } from "./servers.js";
import { tools } from "./tools.js";
import { activity } from "./activity.js";
import { context } from "./context.js";
import { rights } from "./rights.js";

const PAGES = { now, servers, tools, activity, context, access: rights };
const KEYS = { n: "now", s: "servers", t: "tools", a: "activity", c: "context", x: "access" };

const main = document.getElementById("main");
const linkLine = document.getElementById("link");
const leaving = document.getElementById("leave");
let shown = null, name = null;

// An error, with what can be done about it.
export function problem(error) {
  const fix = error.fix ? h("p", null, "What to do: ", visible(error.fix)) : null;
  return h("div.problem", { role: "alert" }, h("p", null, h("strong", null, visible(error.title || "It did not work")), ": ",
    visible(error.message)), fix);
}

function nav() {
  put(document.getElementById("pages"), Object.entries(PAGES).map(([key, page]) => h("li", null,
    h("a", { href: `#${key}`, "aria-current": key === name ? "page" : null }, page.title))));
}

function show() {
  const asked = location.hash.slice(1).split("/")[0];
  const key = asked in PAGES ? asked : "now";
  shown?.leave?.();
  const moved = name !== null && name !== key;
  name = key;
  nav();
  const page = PAGES[key];
  document.title = `${page.title} – callmux`;
  const heading = h("h1", { tabindex: "-1" }, page.title);
  put(main, heading);
  shown = page.open(main) ?? {};
  shown.update?.({ status: true, facts: true, first: true });
  if (moved) heading.focus({ preventScroll: true });
}

function tellLink() {
  const words = {
    asking: "asking the daemon …", open: "live", paused: "paused",
    cut: "The daemon does not answer. Trying again.",
  };
  linkLine.className = known.link === "cut" ? "link cut" : "link";
  put(linkLine, words[known.link] ?? "");
}

function foot() {
  const status = known.status;
  if (!status) return;
  put(document.getElementById("foot"), h("span", null, `callmux ${visible(status.version)}`),
    h("span", null, `process ${status.pid}, up ${span(status.uptime_ms)}`),
    h("span", null, "config ", h("code", null, visible(status.config?.path ?? "none"))),
    h("span", null, "as of ", time(new Date())));
}

// Nobody is in: what gets them in.
function outside(title, text, error) {
  shown?.leave?.();
  shown = null;
  name = null;
  leaving.hidden = true;
  put(document.getElementById("pages"));
  put(document.getElementById("foot"));
  put(linkLine);
  document.title = `${title} – callmux`;
  const heading = h("h1", { tabindex: "-1" }, title);
  const field = h("input", { id: "code", name: "code", autocomplete: "off", spellcheck: "false", required: true, size: "46" });
  const form = h("form", { onsubmit: sent }, h("div.tools", null,
    h("div.wide", null, h("label", { for: "code" }, "Code or link"), field), h("button", { type: "submit" }, "Enter")));
  const said = h("div");
  async function sent(event) {
    event.preventDefault();
    const code = field.value.trim().split("#code=").pop();
    await come(code, (error) => { put(said, problem(error)); field.focus(); });
  }
  put(main, heading, h("p", null, text), h("p", null, h("code", null, "callmux dashboard")),
    error && problem(error), h("p.soft", null, "It opens this page by a link that can be used once, within a minute. ",
      "With ", h("code", null, "--print"), " it prints the link; what is behind ", h("code", null, "#code="), " can be given here."),
    form, said);
  heading.focus({ preventScroll: true });
}

async function come(code, otherwise) {
  try {
    await enter(code);
  } catch (error) {
    otherwise(error);
    return;
  }
  inside();
}

let isIn = false;

function inside() {
  leaving.hidden = false;
  show();
  tellLink();
  if (isIn) { location.reload(); return; }
  isIn = true;
  start();
}

leaving.addEventListener("click", async () => {
  try {
    await leave();
  } catch (error) {
    if (!(error instanceof Problem)) { say("the daemon does not answer"); return; }
  }
  stop();
  outside("You are out", "The visit has ended. For another one, run:");
});

listen((what) => {
  if (what.link === "ended") {
    if (known.status) {
      outside("You are out", "This visit has ended: the daemon was started anew, the visit was revoked, or nothing was heard of it for too long. For another one, run again:");
    } else outside("Come in", "This is the dashboard of a callmux daemon. It opens with");
    return;
  }
  if (what.link) {
    tellLink();
    if (what.link === "cut") say("the daemon does not answer");
  }
  if (what.status) foot();
  if (what.status || what.facts) shown?.update?.(what);
});

addEventListener("hashchange", () => {
  const code = taken();
  if (code) come(code, (error) => outside("This link opens nothing", "For another one, run:", error));
  else if (name !== null) show();
});

// One letter goes to a page, / to the search of this one.
let going = false;
addEventListener("keydown", (event) => {
  const inText = event.target.closest?.("input, select, textarea, dialog");
  if (inText || event.ctrlKey || event.altKey || event.metaKey || name === null) return;
  if (event.key === "/") {
    const search = main.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === "r") lookNow();
  else if (going && KEYS[event.key]) location.hash = KEYS[event.key];
  going = event.key === "g";
});

// The code of a link. It is gone from the address before anything else is done.
function taken() {
  const found = /^#code=([\w-]+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, "", location.pathname);
  return found[1];
}

// Who has a visit is in; who has none is told how to get one.
async function begin() {
  const code = taken();
  add(main, [h("p.soft", null, "Asking the daemon …")]);
  if (code) await come(code, (error) => outside("This link opens nothing", "For another one, run:", error));
  else inside();
}

begin();

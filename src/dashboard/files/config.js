// A section of the config: what it says, what a change of it would do, and the change. It is written to a file of callmux's own.

import { get, getTagged, write } from "./api.js";
import { dialog, h, number, put, say, visible, visibleLines } from "./dom.js";
import { lookNow } from "./live.js";
import { planned, refused } from "./orders.js";

const NEW = { command: "program", args: [] };
const text = (keys) => JSON.stringify(keys, null, 2);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function told(plan) {
  const { before, after } = plan.list_tokens;
  const list = (label, all) => all.length > 0 && [h("dt", null, label), h("dd", null, all.slice(0, 40).map(visible).join(", "),
    all.length > 40 && ` and ${number(all.length - 40)} more`)];
  return [
    plan.files.length === 0 && h("p", null, "Nothing differs from what is there."),
    plan.files.map((file) => h("div", null, h("p", null, h("code", null, visible(file.path)), ` is ${file.becomes}`),
      h("pre", { tabindex: "0" }, visibleLines(file.diff)))),
    planned(plan.plan),
    h("dl.facts", null, list("Tools that come", plan.tools_gained), list("Tools that go", plan.tools_lost),
      list("Not known before it runs: tools of", plan.tools_unknown),
      h("dt", null, "The list of tools, for a model"), h("dd", null, `≈ ${number(before)} tokens now, ≈ ${number(after)} then`),
      h("dt", null, "Sessions that hear of another list"), h("dd", null, number(plan.sessions_told)),
      h("dt", null, "Calls in flight, which finish"), h("dd", null, number(plan.calls_in_flight))),
  ];
}

// What both changed, each with a choice; what one changed is taken as it is. `done` gets what comes of it.
function merged(base, mine, theirs, done) {
  const keys = [...new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)])];
  const result = {}, asked = [];
  for (const key of keys) {
    const [b, m, t] = [base[key], mine[key], theirs[key]];
    if (same(m, b) || same(m, t)) result[key] = t;
    else if (same(t, b)) result[key] = m;
    else asked.push(key);
  }
  const choice = (key, label, value, checked) => h("label", null, h("input", { type: "radio", name: `of-${key}`, value: label, checked }),
    ` ${label}: `, h("code", null, value === undefined ? "not there" : visible(JSON.stringify(value))));
  const form = h("form", { onsubmit: take }, h("p", { role: "alert" }, h("strong", null, "Somebody else changed it meanwhile. "),
    asked.length ? "Both of you changed this:" : "You changed other keys: both changes go together."),
  asked.map((key) => h("fieldset", null, h("legend", null, visible(key)), choice(key, "Yours", mine[key], true),
    choice(key, "Theirs", theirs[key], false))), h("div.tools", null, h("button", { type: "submit" }, "Go on with this")));
  function take(event) {
    event.preventDefault();
    for (const key of asked) result[key] = form.elements[`of-${key}`].value === "Yours" ? mine[key] : theirs[key];
    done(Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined)));
  }
  return form;
}

// What cannot be changed from here, and why: `add` a section, `change` one; `refused`, if neither.
export async function placeOf() {
  try {
    const { additions_refused: add, changes_refused: change } = await get("config");
    return { add: add && visible(add), change: change && visible(change), refused: add && change && visible(change) };
  } catch (error) {
    const why = visible(error.message);
    return { add: why, change: why, refused: why };
  }
}

// Opens the section of a server; without a name, a new one.
export async function edit(name) {
  const kind = "servers";
  let base = {}, etag = null;
  const called = h("input", { id: "section-name", autocomplete: "off", spellcheck: "false", pattern: "[A-Za-z0-9_\\-]{1,64}", value: name ?? "", readonly: name });
  const field = h("textarea", { id: "section-keys", rows: "12", spellcheck: "false", autocomplete: "off", oninput: stale });
  const area = h("div", { "aria-live": "polite" });
  const save = h("button", { type: "button", disabled: true, onclick: () => change("PUT") }, "Save");
  const look = h("button", { type: "button", onclick: () => foresee(() => ({ put: keys() }), () => (save.disabled = false)) }, "Look what it does");
  const remove = name && h("button", { type: "button", onclick: () => foresee(() => ({ delete: true }), () => put(area, area.firstChild,
    h("button", { type: "button", onclick: () => change("DELETE") }, `Take ${name} out of the config`))) }, "Take it out …");
  const box = dialog(name ? `Config of ${name}` : "A new server", [
    h("p.soft", null, "What you wrote yourself stays as it is: callmux writes a file beside it, and ", h("code", null, "callmux config undo"),
      " takes the last change back. ", h("code", null, "(hidden)"), " stands for a value that is not shown, and keeps it."),
    h("div", null, h("label", { for: "section-name" }, "Name"), called),
    h("div", null, h("label", { for: "section-keys" }, "Keys, as JSON (callmux.toml(5) lists them)"), field), area], look, save, remove);
  function stale() { save.disabled = true; }
  function keys() {
    try { return JSON.parse(field.value); } catch (error) { throw new Error(`this is no JSON: ${error.message}`); }
  }
  async function foresee(change, then) {
    try {
      const [answer] = await write("POST", "plan", { changes: [{ kind, name: called.value, ...change() }] });
      put(area, h("div", null, told(answer)));
      then();
    } catch (error) { fail(error); }
  }
  function fail(error) {
    if (error.status === 412 && error.current) {
      const theirs = error.current;
      put(area, merged(base, keys(), theirs, (both) => {
        [base, etag, field.value] = [theirs, error.etag, text(both)];
        put(area, h("p", null, "Look what it does, then save."));
        look.focus();
      }));
    } else put(area, h("div.problem", { role: "alert" }, refused(error), error.fix && h("p", null, "What to do: ", visible(error.fix))));
  }
  async function change(method) {
    const state = etag ? { "If-Match": etag } : { "If-None-Match": "*" };
    try {
      await write(method, `config/${kind}/${encodeURIComponent(called.value)}`, method === "PUT" ? keys() : undefined, state);
      say("the config is changed");
      lookNow();
      box.close();
    } catch (error) {
      save.disabled = true;
      fail(error);
    }
  }
  if (!name) { field.value = text(NEW); return; }
  try {
    [base, etag] = await getTagged(`config/${kind}/${encodeURIComponent(name)}`);
    field.value = text(base);
  } catch (error) {
    look.disabled = true;
    fail(error);
  }
}

// The changes that can be taken back, unless that is `refused`.
export async function versions(refusal) {
  const area = h("div", null, h("p.soft", null, "Asking …"));
  const back = h("button", { type: "button", disabled: true, onclick: undo }, "Take back the last one");
  dialog("Changes of the config", [h("p.soft", null, "In a terminal: ", h("code", null, "callmux config undo --list")), area,
    refusal && h("p.soft", null, refusal)], back);
  async function show() {
    const all = await get("versions");
    back.disabled = all.length === 0 || refusal !== undefined;
    put(area, all.length === 0 ? h("p", null, "callmux has changed nothing that it could take back.") : h("ul.list", null, all.map((one) =>
      h("li", null, h("code", null, visible(one.what)), ` by ${visible(one.principal)}, ${visible(one.at)}`))));
  }
  async function undo() {
    back.disabled = true;
    try {
      await write("POST", "undo");
      say("the last change is taken back");
      lookNow();
      await show();
    } catch (error) { put(area, refused(error)); }
  }
  try { await show(); } catch (error) { put(area, refused(error)); }
}

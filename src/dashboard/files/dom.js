// Elements made of text. Text of others comes in by `visible` or as a child, and is never markup.

// What moves the cursor, turns text around or cannot be seen: control characters, what Unicode has programs not
// show, separators of lines, marks of annotation.
const HIDDEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;

const escaped = (c) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[c] ?? `\\u{${c.codePointAt(0).toString(16)}}`;

// Text of others in one line, with all that hides in it shown.
export const visible = (text) => String(text ?? "").replace(HIDDEN, escaped);

// The same in the lines that it has.
export const visibleLines = (text) =>
  String(text ?? "").replace(HIDDEN, (c) => (c === "\n" || c === "\t" ? c : escaped(c)));

// At most so many characters of it.
export const brief = (text, most = 300) => {
  const shown = visible(text);
  return shown.length > most ? `${shown.slice(0, most)}…` : shown;
};

const SVG = "http://www.w3.org/2000/svg";

// An element: h("td.number", { title: "…" }, child, …). A member that begins with `on` is a listener.
export function h(what, attributes, ...children) {
  const [name, ...classes] = what.split(".");
  return fill(document.createElement(name), classes, attributes, children);
}

// The same of a drawing.
export function s(what, attributes, ...children) {
  const [name, ...classes] = what.split(".");
  return fill(document.createElementNS(SVG, name), classes, attributes, children);
}

function fill(element, classes, attributes, children) {
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

export function add(element, children) {
  for (const child of children.flat(9)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : visibleLines(child));
  }
  return element;
}

export const put = (element, ...children) => add((element.replaceChildren(), element), children);

// Replaces what is there, and leaves the keyboard where it was: on what has the same `data-key`.
export function refresh(element, ...children) {
  const key = document.activeElement?.closest?.("[data-key]")?.dataset.key;
  const within = key !== undefined && element.contains(document.activeElement);
  put(element, ...children);
  if (within) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

export const twin = (...commands) =>
  h("p.twin", null, "In a terminal: ", commands.map((c, i) => [i ? ", " : "", h("code", null, c)]));

export const number = (value) => (value ?? 0).toLocaleString("en");

export function bytes(value) {
  const sizes = ["B", "KiB", "MiB", "GiB"];
  let left = Math.abs(value ?? 0), at = 0;
  while (left >= 1024 && at < sizes.length - 1) [left, at] = [left / 1024, at + 1];
  return `${value < 0 ? "−" : ""}${left.toFixed(left < 10 && at ? 1 : 0)} ${sizes[at]}`;
}

export function span(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

// A time of day, with all of it in its title.
export function time(at) {
  const date = at instanceof Date ? at : new Date(at);
  if (Number.isNaN(date.getTime())) return h("span", null, visible(at));
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, date.toLocaleTimeString());
}

// How a server is: a word and a shape, and a colour beside them.
export function state(phase, failed) {
  const kinds = { ready: "good", asleep: "off", stopped: "off", starting: "busy", waiting: "bad", unusable: "bad" };
  return h(`span.state.${failed ? "bad" : (kinds[phase] ?? "busy")}`, null, visible(phase));
}

// Says something to who does not see the page.
export const say = (text) => put(document.getElementById("say"), text);

// Copies a text, and says so.
export function copier(label, text) {
  const button = h("button.small", { type: "button", onclick: copy }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      say("copied");
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed here";
    }
    setTimeout(() => (button.textContent = label), 1500);
  }
  return button;
}

// A dialog that gives the keyboard back when it closes.
export function dialog(title, body, ...buttons) {
  const before = document.activeElement;
  const close = h("button", { type: "button", onclick: () => box.close() }, "Close");
  const box = h("dialog", { "aria-labelledby": "dialog-title" },
    h("h2", { id: "dialog-title" }, title), body, h("div.tools", null, buttons, close));
  box.addEventListener("close", () => { box.remove(); before?.focus?.(); });
  document.body.append(box);
  box.showModal();
  return box;
}

// As a shell takes it.
export const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// A form of what a tool takes, the call that is made with it, and what came of that.

import { postText } from "./api.js";
import { brief, bytes, copier, h, number, put, quoted, span, visible, visibleLines } from "./dom.js";
import { refused } from "./orders.js";

// So many arguments have fields, and an argument so many choices; the rest goes as JSON.
const FIELDS = 60, CHOICES = 200;
// So many characters of one part of a result are shown at first.
const SHOWN = 20000;

const isObject = (it) => it !== null && typeof it === "object" && !Array.isArray(it);

// What a schema says of one value: with what it refers to within the same document, and without that it can be null.
function plain(schema, root, left = 8) {
  if (!isObject(schema) || left === 0) return {};
  if (typeof schema.$ref === "string" && schema.$ref.startsWith("#/")) {
    const found = schema.$ref.slice(2).split("/").reduce((at, part) => (isObject(at) && Object.hasOwn(at, part) ? at[part] : null), root);
    return { ...plain(found, root, left - 1), ...schema };
  }
  const ways = [schema.anyOf, schema.oneOf].find(Array.isArray)?.filter((way) => way?.type !== "null");
  if (ways?.length === 1) return { ...plain(ways[0], root, left - 1), ...schema };
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null");
    return { ...schema, type: types.length === 1 ? types[0] : undefined };
  }
  return schema;
}

const isScalar = (it) => it === null || typeof it !== "object";
const choices = (schema) => {
  const all = schema.const !== undefined ? [schema.const] : schema.type === "boolean" ? [true, false] : schema.enum;
  return Array.isArray(all) && all.length <= CHOICES && all.every(isScalar) ? all : null;
};
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

// One argument: its element, `json()` (nothing: it is not given), `fill(value)`, `wrong(text)`.
function field(name, told, id, isRequired) {
  const options = choices(told), type = told.type;
  const about = h("p.soft", { id: `${id}-about` }, told.description !== undefined && brief(told.description, 600));
  const trouble = h("p.wrong", { id: `${id}-wrong` });
  const common = { id, "aria-describedby": `${id}-about ${id}-wrong`, "aria-required": isRequired && "true", autocomplete: "off", spellcheck: "false" };
  const isNumber = type === "number" || type === "integer";
  let control, kind = "";
  if (options) {
    control = h("select", common, h("option", { value: "" }, isRequired ? "choose …" : "not given"),
      options.map((value, at) => h("option", { value: at }, brief(typeof value === "string" ? value : JSON.stringify(value), 120))));
  } else if (isNumber) {
    kind = type === "integer" ? "a whole number" : "a number";
    control = h("input", { ...common, type: "text", inputmode: type === "integer" ? "numeric" : "decimal" });
  } else if (type === "string") {
    control = h("textarea", { ...common, rows: "1" });
  } else {
    kind = type === "array" ? "a list, as JSON" : type === "object" ? "an object, as JSON" : "as JSON";
    control = h("textarea", { ...common, rows: "3" });
  }
  const element = h("div.field", null, h("label", { for: id }, h("code", null, brief(name, 120)), kind && `, ${kind}`, isRequired && " (required)"),
    control, about, trouble);
  const wrong = (text) => {
    put(trouble, text);
    if (text) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
  };
  control.addEventListener("input", () => wrong(""));
  function json() {
    const text = control.value;
    if (text === "") {
      if (isRequired) throw new Error("has to be given");
      return undefined;
    }
    if (options) return JSON.stringify(options[Number(text)]);
    if (type === "string") return JSON.stringify(text);
    if (isNumber) {
      const digits = text.trim();
      if (!NUMBER.test(digits) || (type === "integer" && !/^-?\d+$/.test(digits))) throw new Error(`has to be ${kind}`);
      return digits;
    }
    try { JSON.parse(text); } catch (error) { throw new Error(`this is no JSON: ${error.message}`); }
    return text.trim();
  }
  // Whether the field can have the value.
  function fill(value) {
    if (value === undefined) control.value = "";
    else if (options) {
      const at = options.indexOf(value);
      if (at < 0) return false;
      control.value = String(at);
    } else if (type === "string") {
      if (typeof value !== "string" || value === "") return false;
      control.value = value;
    } else if (isNumber) {
      if (typeof value !== "number") return false;
      control.value = String(value);
    } else control.value = JSON.stringify(value, null, 2);
    return true;
  }
  if (told.default !== undefined && told.default !== null) fill(told.default);
  return { name, element, control, json, fill, wrong };
}

// The arguments as JSON: of fields, or as they are written. `changed` is told of each change.
function form(schema, changed) {
  const properties = isObject(schema?.properties) ? Object.entries(schema.properties) : [];
  const required = Array.isArray(schema?.required) ? schema.required : [];
  const fields = properties.slice(0, FIELDS).map(([name, one], at) => field(name, plain(one, schema), `argument-${at}`, required.includes(name)));
  const whole = h("textarea", { id: "arguments-json", rows: "8", spellcheck: "false", autocomplete: "off" });
  const trouble = h("p.wrong", { id: "arguments-wrong", role: "alert" });
  const asJson = h("input", { id: "as-json", type: "checkbox", "aria-describedby": "arguments-wrong", onchange: turn });
  const each = h("div", null, fields.length ? fields.map((one) => one.element) : h("p", null, "It takes no arguments, or its schema does not say which."));
  const all = h("div.field", { hidden: true }, h("label", { for: "arguments-json" }, "All arguments, a JSON object"), whole);
  const more = properties.length - fields.length;
  const element = h("div", { oninput: () => { put(trouble); changed(); } }, more > 0 && h("p.soft", null, `${number(more)} more arguments can be given as JSON.`),
    each, all, h("p", null, asJson, " ", h("label", { for: "as-json" }, "as JSON")), trouble);
  // The text of the object. `strict`: what is wrong is said beside its field, and thrown.
  function text(strict, gap = "") {
    if (asJson.checked) {
      let told;
      try { told = JSON.parse(whole.value || "{}"); } catch (error) { fail(strict, `this is no JSON: ${error.message}`); }
      if (!isObject(told)) fail(strict, "the arguments are an object: {\"name\": value}");
      return whole.value || "{}";
    }
    const parts = [];
    let first = null;
    for (const one of fields) {
      try {
        const value = one.json();
        if (value !== undefined) parts.push(`${JSON.stringify(one.name)}:${gap && " "}${value}`);
      } catch (error) {
        if (strict) one.wrong(error.message);
        first ??= one;
      }
    }
    if (first && strict) {
      first.control.focus();
      throw new Error("");
    }
    return parts.length ? `{${gap}${parts.join(`,${gap || " "}`)}${gap && "\n"}}` : "{}";
  }
  function fail(strict, why) {
    if (strict) { put(trouble, why); whole.focus(); }
    throw new Error(why);
  }
  function turn() {
    put(trouble);
    if (asJson.checked) {
      asJson.checked = false;
      whole.value = text(false, "\n  ");
      asJson.checked = true;
    } else {
      const stays = (why) => { put(trouble, why); asJson.checked = true; changed(); };
      let told;
      try { told = JSON.parse(whole.value || "{}"); } catch (error) { return stays(`this is no JSON: ${error.message}`); }
      const other = isObject(told) ? Object.keys(told).find((name) => !fields.some((one) => one.name === name)) : "";
      if (other !== undefined) return stays(other === "" ? "the arguments are an object" : `there is no field for ${brief(other, 80)}`);
      const given = (one) => (Object.hasOwn(told, one.name) ? told[one.name] : undefined);
      const unfit = fields.find((one) => !one.fill(given(one)));
      if (unfit) return stays(`the field for ${brief(unfit.name, 80)} cannot have this value`);
    }
    [each.hidden, all.hidden] = [asJson.checked, !asJson.checked];
    changed();
  }
  // Says what does not fit beside the fields it is about; what is left.
  function place(problems) {
    if (asJson.checked) return problems;
    return problems.filter(({ path, message }) => {
      const is = (one) => path === one.name || ["arguments.", ""].some((start) => [".", "["].some((end) => path.startsWith(`${start}${one.name}${end}`)));
      const found = fields.find(is);
      found?.wrong(visible(message));
      return !found;
    });
  }
  return { element, text, place };
}

// A text, or its beginning with how much there is.
function long(text) {
  const area = h("pre", { tabindex: "0" }, visibleLines(text.slice(0, SHOWN)));
  if (text.length <= SHOWN) return area;
  const all = h("button.small", { type: "button", onclick: () => { put(area, visibleLines(text)); all.remove(); } }, "Show all");
  return [area, h("p", null, `The first ${number(SHOWN)} of ${number(text.length)} characters. `, all, " ", copier("Copy all", text))];
}

const sizeOf = (base64) => bytes(Math.floor((String(base64 ?? "").length * 3) / 4));

function part(item) {
  if (item?.type === "text") return long(String(item.text ?? ""));
  if (item?.type === "image" || item?.type === "audio")
    return h("p", null, `${item.type === "image" ? "An image" : "A recording"}, `, h("code", null, brief(item.mimeType, 80)), `, ${sizeOf(item.data)}, which is not loaded here.`);
  const { resource } = item ?? {};
  if (item?.type === "resource" && typeof resource?.blob === "string")
    return h("p", null, "The resource ", h("code", null, brief(resource.uri, 200)), `, ${sizeOf(resource.blob)}, which is not loaded here.`);
  if (item?.type === "resource" && typeof resource?.text === "string")
    return [h("p", null, "The resource ", h("code", null, brief(resource.uri, 200))), long(resource.text)];
  return long(JSON.stringify(item, null, 2));
}

// What callmux kept of a result that is larger than `max_result`.
function kept(item) {
  try { return JSON.parse(item.text)._callmux; } catch { return undefined; }
}

// What a call brought.
function result({ result: told, took_us: took, left_out_bytes: left }, line) {
  const content = Array.isArray(told.content) ? told.content : [];
  const short = content.map(kept).find((it) => it?.truncated);
  const size = left ?? (typeof short?.originalBytes === "number" && short.originalBytes);
  return [
    h("h3", null, told.isError === true ? "The tool says that it did not work" : "Result", `, after ${span(took / 1000)}`),
    size && h("p", null, `This is its beginning: it has ${bytes(size)}. `, "All of it: ", h("code", null, visible(line))),
    content.map(part), content.length === 0 && told.structuredContent === undefined && h("p.soft", null, "It has no content."),
    told.structuredContent !== undefined && [h("h3", null, "As JSON"), long(JSON.stringify(told.structuredContent, null, 2))]];
}

const warned = (all) => Array.isArray(all) && all.length > 0 && h("ul.list", null, all.map((one) => h("li", null,
  h("code", null, brief(one.path, 200)), ` ${brief(one.message, 500)}: ${brief(one.recommendation, 300)}`)));

// What a call would be, by what callmux_dry_run says.
function looked(told, fields) {
  if (!Array.isArray(told.items)) return long(JSON.stringify(told, null, 2));
  const [one] = told.items;
  if (told.valid) {
    return [h("h3", null, "Nothing was called"), h("p", null, "The arguments fit. Server ", h("code", null, visible(one.resolved.server)), " would get ",
      h("code", null, brief(one.resolved.actualTool, 200)), " with:"), long(JSON.stringify(one.resolvedArguments, null, 2)),
    one.cacheHitCandidate && h("p", null, "The answer is known already: it would come from the cache."), warned(one.warnings)];
  }
  const rest = fields.place(one.error?.details?.problems ?? []);
  return h("div.problem", { role: "alert" }, h("p", null, h("strong", null, "It was not called, and would not fit: "), brief(one.error?.message, 1000)),
    rest.length > 0 && h("ul", null, rest.map((it) => h("li", null, h("code", null, brief(it.path || "arguments", 200)), ` ${brief(it.message, 500)}`))),
    h("p", null, "What to do: change what is named, and try again."));
}

// The form, its buttons, and the line that does the same in a terminal.
export function caller(tool, definition) {
  const command = h("code");
  const fields = form(definition.inputSchema, changed);
  const area = h("div"), said = h("p.soft", { role: "status" }), asking = h("div");
  const dry = h("button", { type: "button", onclick: () => go(true) }, "Try it dry");
  const wet = h("button", { type: "button", onclick: ask }, "Call");
  const stop = h("button", { type: "button", hidden: true, onclick: () => running?.abort() }, "Take it back");
  const whose = ["tool ", h("code", null, brief(tool.name, 120)), " of server ", h("code", null, visible(tool.server ?? "callmux"))];
  let running = null;
  function line() {
    let text = "{}";
    try { text = fields.text(false).replace(/\s*\n\s*/g, " "); } catch { /* It is not whole yet. */ }
    return `callmux call ${quoted(tool.name)}${text === "{}" ? "" : ` ${quoted(text)}`}`;
  }
  function changed() {
    put(command, visible(line()));
    put(asking);
  }
  function ask() {
    if (running) return;
    if (definition.annotations?.readOnlyHint === true) return go(false);
    try { fields.text(true); } catch { return; }
    const no = h("button", { type: "button", onclick: () => { put(asking); wet.focus(); } }, "Not now");
    put(asking, h("div.problem", { role: "group", "aria-labelledby": "call-asked" },
      h("p", { id: "call-asked" }, "It may change something: its server does not say that it only reads. Call the ", whose, "?"),
      h("div.tools", null, h("button", { type: "button", "aria-describedby": "call-asked", onclick: () => go(false) }, "Call it now"), no)));
    no.focus();
  }
  async function go(isDry) {
    let text;
    if (running) return;
    try { text = fields.text(true); } catch { return; }
    const asked = `{"tool":${JSON.stringify(tool.name)},"server":${JSON.stringify(tool.server)},"arguments":${text},"dry_run":${isDry}}`;
    const isInside = asking.contains(document.activeElement);
    put(asking);
    put(area);
    if (isInside) wet.focus();
    running = new AbortController();
    [dry, wet].forEach((one) => one.setAttribute("aria-disabled", "true"));
    stop.hidden = false;
    put(said, isDry ? "Looking at it …" : "Calling …");
    try {
      const done = await postText("tools/call", asked, running.signal);
      if (isDry) {
        const told = JSON.parse(done.result.content[0].text);
        put(area, looked(told, fields));
        put(said, told.valid ? "Looked at: the arguments fit." : "Looked at: the arguments do not fit.");
      } else {
        put(area, result(done, line()));
        put(said, done.result.isError === true ? "The call failed." : "The call is done.");
      }
    } catch (error) {
      const isTaken = error.name === "AbortError";
      put(said, isTaken ? "It was taken back. What its server has done by then stays done." : "");
      if (!isTaken) put(area, h("div.problem", { role: "alert" }, error.title && h("p", null, h("strong", null, visible(error.title))), refused(error),
        h("p", null, "What to do: ", visible(error.fix ?? "look whether the daemon runs, callmux status, and try again"))));
    }
    running = null;
    [dry, wet].forEach((one) => one.removeAttribute("aria-disabled"));
    if (document.activeElement === stop) wet.focus();
    stop.hidden = true;
  }
  changed();
  return {
    element: h("div", null, h("h3", null, "Arguments"), fields.element, h("div.tools", null, dry, wet, stop), asking, said, area,
      h("h3", null, "In a terminal"), h("p", null, command, " ", copier("Copy", line)),
      h("p", null, h("code", null, visible(`callmux tools show ${quoted(tool.name)}`)))),
    leave: () => running?.abort(),
  };
}

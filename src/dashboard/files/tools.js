// The tools of all servers, as clients see them.

import { get } from "./api.js";
import { caller } from "./call.js";
import { brief, dialog, h, put, twin, visible, visibleLines } from "./dom.js";
import { table } from "./rows.js";

async function detail(tool) {
  const area = h("div", null, h("p.soft", null, "Asking …"));
  let call = null;
  const box = dialog(brief(tool.name, 120), [
    h("p.soft", null, "of server ", visible(tool.server ?? "callmux")),
    tool.description && h("pre", { tabindex: "0" }, visibleLines(tool.description)), area]);
  box.addEventListener("close", () => call?.leave());
  try {
    const { definition } = await get(`tools/${encodeURIComponent(tool.name)}`);
    call = caller(tool, definition);
    put(area, call.element);
  } catch (error) {
    put(area, h("p", null, visible(error.message)), error.fix && h("p", null, "What to do: ", visible(error.fix)));
  }
}

// How well a tool fits all of these words; 0: not.
function fit(tool, words) {
  const name = tool.name.toLowerCase(), text = (tool.description ?? "").toLowerCase();
  let sum = 1;
  for (const word of words) {
    if (name.includes(word)) sum += 10 + (name.endsWith(word) ? 5 : 0);
    else if (text.includes(word)) sum += 1;
    else return 0;
  }
  return sum;
}

export const tools = {
  title: "Tools",
  open(main) {
    let all = [], count = 0;
    const search = h("input", { id: "find", type: "search", autocomplete: "off", oninput: () => draw(true) });
    const which = h("select", { id: "of", onchange: () => draw(true) }, h("option", { value: "" }, "all servers"));
    const rows = table("Tools", [
      { label: "Tool", of: (t) => h("code", { id: t.id }, brief(t.name, 120)) },
      { label: "Server", of: (t) => visible(t.server ?? "") },
      { label: "What it does", of: (t) => brief(t.description, 180) },
      { label: "More", kind: "orders", of: (t) => h("button.small", { type: "button", "data-key": t.id, "aria-describedby": t.id, onclick: () => detail(t) }, "Show") },
    ]);
    const said = h("p.soft", { role: "status" }, "Asking …");
    main.append(twin("callmux tools", "callmux tools search WORDS", "callmux call TOOL"),
      h("div.tools", null, h("div.wide", null, h("label", { for: "find" }, "Search"), search),
        h("div", null, h("label", { for: "of" }, "Server"), which)), said, rows.element);
    function draw(afresh) {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = all.filter((t) => !which.value || t.server === which.value).map((t) => [fit(t, words), t]).filter(([n]) => n);
      if (words.length) found.sort(([a], [b]) => b - a);
      rows.show(found.map(([, t]) => t), afresh);
    }
    async function load() {
      try {
        const told = await get("tools");
        all = told.tools.map((tool) => ({ ...tool, id: `tool-${++count}` }));
        put(said, told.usable ? "" : ["No server can be called now. Why, ", h("a", { href: "#servers" }, "the servers"), " say."]);
        const names = [...new Set(all.map((t) => t.server).filter(Boolean))].sort();
        put(which, h("option", { value: "" }, "all servers"), names.map((n) => h("option", { value: n }, visible(n))));
        draw(true);
      } catch (error) {
        put(said, visible(error.message));
      }
    }
    load();
    return {};
  },
};

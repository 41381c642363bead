// A table of which only the rows in sight are there, so that thousands cost no more than a screen of them.

import { h, number, put } from "./dom.js";

const PAGE = 100;

// `columns`: [{ label, kind, of(row) }]; the first is the row's heading.
export function table(caption, columns) {
  const head = h("thead", null, h("tr", null, columns.map((c) => h("th", { scope: "col", class: c.kind }, c.label))));
  const body = h("tbody");
  const more = h("div.tools");
  const text = h("caption");
  const element = h("div", null,
    h("div.scroll", { role: "region", tabindex: "0", "aria-label": caption },
      h("table.stack", null, text, head, body)), more);
  let rows = [], shown = PAGE;

  const row = (one) => h("tr", null, columns.map((c, at) => at === 0
    ? h("th", { scope: "row", class: c.kind }, c.of(one))
    : h("td", { class: c.kind, "data-label": c.label }, c.of(one))));

  function draw() {
    const focused = document.activeElement?.dataset?.key;
    const was = focused !== undefined && element.contains(document.activeElement);
    put(body, rows.slice(0, shown).map(row));
    put(text, caption, ` – ${number(rows.length)}${rows.length > shown ? `, the first ${number(shown)} shown` : ""}`);
    put(more, rows.length > shown && h("button", {
      type: "button", "data-key": "more", onclick: () => { shown += PAGE * 5; draw(); },
    }, `Show ${number(Math.min(PAGE * 5, rows.length - shown))} more`));
    if (was) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  return {
    element,
    show(list, afresh) {
      rows = list;
      if (afresh) shown = PAGE;
      draw();
    },
  };
}

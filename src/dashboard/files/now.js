// How everything is, in one sentence; what to do; what runs.

import { brief, h, number, refresh, span, time, twin, visible } from "./dom.js";
import { bars } from "./chart.js";
import { known } from "./live.js";
import { retry } from "./orders.js";

const isDown = (server) => server.failed || ["waiting", "unusable"].includes(server.phase);
export const title = (server) => (server.directory ? `${server.name} in ${visible(server.directory)}` : server.name);

// [is it good, the sentence]
export function health(status) {
  if (["earlier", "last_good", "nothing"].includes(status.config?.in_force)) {
    return [false, "The config is refused; what it said before goes on."];
  }
  const all = status.servers.length, down = status.servers.filter(isDown);
  if (all === 0) return [true, "There is no server yet."];
  if (down.length === 0) {
    return [true, all === 1 ? "The one server is as it should be." : `All ${number(all)} servers are as they should be.`];
  }
  const names = down.slice(0, 5).map(title).join(", ") + (down.length > 5 ? " …" : "");
  return [false, `${number(all - down.length)} of ${number(all)} servers are as they should be; down: ${names}.`];
}

const figure = (name, value, more) => h("div", null, h("dt", null, name), h("dd", null, value, more && h("small", null, ` ${more}`)));

function findings(status) {
  const complaints = (status.config?.complaints ?? []).map((c) => h("li", null,
    h("p", null, h("strong", null, "config"), ": ", visible(c.key), " ", brief(c.message, 400)),
    h("p.soft", null, h("code", null, `${visible(c.file)}:${c.line}:${c.column}`))));
  const found = (status.findings ?? []).slice(0, 50).map((one) => h("li", null,
    h("p", null, h("strong", null, visible(one.severity)), one.server && [" ", h("a", { href: `#servers/${one.server}` }, one.server)],
      ": ", brief(one.message, 500)),
    h("p.soft", null, "What to do: ", brief(one.remedy, 500))));
  const all = [...complaints, ...found];
  if (!all.length) return h("p", null, status.servers.length ? "Nothing is to be done." : ["Add one: ", h("code", null, "callmux setup")]);
  const waits = status.servers.some((server) => server.phase === "waiting");
  return [h("ul.list", null, all), waits && h("div.tools", null, retry())];
}

function running(status) {
  const all = status.servers.flatMap((server) => [server, ...(server.instances ?? [])]);
  const busy = all.filter((server) => server.in_flight || server.waiting);
  if (!busy.length) return h("p.soft", null, "No call runs.");
  return h("ul.list", null, busy.slice(0, 30).map((server) => h("li", null, h("strong", null, title(server)),
    `: ${number(server.in_flight)} in flight`, server.waiting ? `, ${number(server.waiting)} wait for their turn` : "",
    server.max_concurrency ? ` (max_concurrency ${server.max_concurrency})` : "")));
}

function failures() {
  const failed = known.facts.filter((f) => f.fact === "call_finished" && f.outcome !== "done").slice(-5).reverse();
  if (!failed.length) return h("p.soft", null, "No call has failed since this page was opened.");
  return h("ul.list", null, failed.map((f) => h("li", null, time(f.time), " ", h("span.state.bad", null, visible(f.outcome)), " ",
    brief(f.message, 240))));
}

function clients() {
  const open = known.sessions;
  if (!open.length) {
    return h("p", null, "No client is connected. Have one use callmux: ", h("code", null, "callmux client attach NAME"));
  }
  return h("ul.list", null, open.slice(-20).reverse().map((one) => h("li", null, h("strong", null, brief(one.client || "unnamed", 80)),
    " since ", time(one.opened_at * 1000))), open.length > 20 && h("li.soft", null, `and ${number(open.length - 20)} more`));
}

export const now = {
  title: "Now",
  open(main) {
    const area = h("div");
    main.append(twin("callmux status", "callmux doctor"), area);
    return {
      update() {
        const status = known.status;
        if (!status) return;
        const [good, sentence] = health(status);
        const { drawn, text } = bars(known.facts, known.isCut, 60, 10000, Date.now());
        refresh(area,
          h(`p.health.${good ? "good" : "bad"}`, null, good ? "✓ " : "▲ ", sentence),
          h("dl.figures", null,
            figure("Calls that run", number(status.calls)),
            figure("Sessions", number(status.sessions)),
            figure("Tools", number(status.tools), "shown to clients"),
            figure("Up", span(status.uptime_ms))),
          h("h2", null, "What to do"), findings(status),
          h("div.pair", null,
            h("div", null, h("h2", null, "Calls in flight"), running(status)),
            h("div", null, h("h2", null, "Clients"), clients())),
          h("h2", null, "Calls of the last 10 min"), known.facts.length
            ? [drawn, h("p.soft", null, text, "; counted since this page was opened.")]
            : h("p.soft", null, "No call has ended since this page was opened."),
          known.facts.length > 0 && [h("h2", null, "Last failures"), failures()]);
      },
    };
  },
};



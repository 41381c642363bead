// Sessions of all kinds beside what the ledger says of them.
//
// Counted is what a model reads: in each turn the list of tools, and every result once. Directly, the same calls are
// made with the servers' own lists and answers: a search is no turn then, a pipeline one for each step.

import { Daemon, listTokens, resultText, tokens, toolTokens } from "./rig.mjs";

const ERROR_MAX = 0.05;

const row = (n) => ({ id: n, name: `row ${n}`, state: n % 3 ? "closed" : "open", score: n * 1.5, note: "as before" });
const rows = (count) => Array.from({ length: count }, (_, n) => row(n));
const schema = (name) => ({ type: "object", properties: { [name]: { type: "string", description: `The ${name}.` } } });
const tool = (name, more) => ({ name, description: `Gives ${name} of what is there.`, inputSchema: schema("query"), ...more });

/** A server whose tools answer in all ways. */
const DATA = [
  tool("short", { answer: "It is done, and nothing else has to be." }),
  tool("rows", { answer: JSON.stringify(rows(40)) }),
  tool("pretty", { answer: JSON.stringify(rows(40), null, 2) }),
  tool("large", { answer: JSON.stringify({ total: 900, items: rows(900) }) }),
  tool("lines", { answer: rows(900).map((one) => `${one.id} ${one.name} is ${one.state}`).join("\n") }),
  tool("fails", { answer: "There is no such thing. ".repeat(20), isError: true }),
  tool("structured", { structured: { items: rows(30) } }),
];

/** A session, and what was counted of it. */
class Counted {
  constructor(client, direct, defers) {
    this.client = client;
    const read = (tool) => !defers || tool._meta?.["anthropic/alwaysLoad"];
    this.list = listTokens(client.tools.filter(read));
    this.directList = defers ? 0 : direct;
    this.sent = 0;
    this.direct = 0;
  }

  /** One turn with these calls of servers' tools. */
  async turn(...names) {
    const results = await Promise.all(names.map((name) => this.client.call(name, {})));
    this.sent += this.list;
    this.direct += this.directList;
    results.forEach((result, at) => {
      this.sent += tokens(resultText(result, this.client.name));
      this.direct += this.raw(names[at]);
    });
    return results;
  }

  /** One turn with a tool of callmux, which stands for these calls in so many turns. */
  async own(name, args, names = [], directTurns = 0) {
    const result = await this.client.call(name, args);
    this.sent += this.list + tokens(resultText(result, this.client.name));
    this.direct += this.directList * directTurns;
    for (const name of names) this.direct += this.raw(name);
    return result;
  }

  /** What a server answers itself. */
  raw(name) {
    const one = DATA.find((tool) => name === `data__${tool.name}`);
    const text = one?.structured ? JSON.stringify(one.structured) : one?.answer;
    return tokens(text ?? this.plain(name));
  }

  plain(name) {
    const of = (n) => ({ id: n, state: "open", title: `thing number ${n}`, url: `https://example.org/things/${n}` });
    return JSON.stringify({ tool: name.split("__")[1], items: [of(1), of(2), of(3)] });
  }
}

const call = (tool) => ({ tool, arguments: {} });
const referred = (result) => JSON.parse(result.content[0].text)._callmux.ref;

const SESSIONS = [
  ["calls of few tools", 0, {}, async (it) => { for (let n = 0; n < 6; n++) await it.turn("data__short"); }],
  ["calls beside a hundred tools", 93, {}, async (it) => { for (let n = 0; n < 6; n++) await it.turn("data__rows"); }],
  ["searches in five hundred tools", 493, {}, async (it) => {
    for (const query of ["rows of what is there", "find a restaurant", "convert a currency"]) {
      await it.own("callmux_search_tools", { query });
      await it.own("callmux_call", call("data__rows"), ["data__rows"], 1);
    }
  }],
  ["calls at the same time", 93, {}, async (it) => {
    await it.turn("data__rows", "data__short", "data__rows", "data__short");
    await it.turn("data__rows", "data__rows");
  }],
  ["calls in one", 93, {}, async (it) => {
    const names = ["data__rows", "data__short", "data__rows", "data__short"];
    for (let n = 0; n < 3; n++) await it.own("callmux_parallel", { calls: names.map(call) }, names, 1);
  }],
  ["a batch and a pipeline", 93, { top: 'exposure = "full"' }, async (it) => {
    const many = Array(8).fill("data__short");
    await it.own("callmux_batch", { tool: "data__short", items: many.map(() => ({ arguments: {} })) }, many, 1);
    const steps = ["data__rows", "data__short", "data__rows"];
    await it.own("callmux_pipeline", { steps: steps.map(call) }, steps, 3);
  }],
  ["large results", 40, {}, async (it) => {
    for (const name of ["data__large", "data__lines"]) {
      const [result] = await it.turn(name);
      await it.own("callmux_get_result", { ref: referred(result), search: "row 417" });
    }
  }],
  ["pretty JSON and errors", 40, {}, async (it) => {
    for (let n = 0; n < 3; n++) {
      await it.turn("data__pretty");
      await it.turn("data__fails");
    }
  }],
  ["tables as TOON", 0, { top: 'output_format = "auto"' }, async (it) => { for (let n = 0; n < 5; n++) await it.turn("data__rows"); }],
  ["Claude Code", 93, { client: "claude-code" }, async (it) => {
    await it.turn("data__structured");
    await it.turn("data__rows");
    await it.own("callmux_search_tools", { query: "rows" });
    const [result] = await it.turn("data__large");
    await it.own("callmux_get_result", { ref: referred(result), search: "row 417" });
  }],
];

/** What the ledger says of each session, and what is so. */
export async function sessions(all) {
  const told = [];
  for (const [title, others, { top = "", client: name = "an-agent" }, play] of SESSIONS) {
    const more = all.slice(0, others);
    const daemon = await Daemon.start({ data: DATA, ...(others && { more }) }, top);
    const client = await daemon.client(name);
    const named = (server, tool) => ({ ...tool, name: `${server}__${tool.name}` });
    const lists = [...DATA.map((tool) => named("data", tool)), ...more.map((tool) => named("more", tool))];
    const direct = lists.reduce((sum, tool) => sum + toolTokens(tool), 0);
    const it = new Counted(client, direct, name === "claude-code");
    await play(it);
    const status = await client.call("callmux_status", { detail: true });
    const { ledger } = status.structuredContent ?? JSON.parse(status.content[0].text);
    client.close();
    await daemon.stop();
    const [saved, counted] = [ledger.estimatedTokensSaved, it.direct - it.sent];
    const error = (saved - counted) / Math.max(it.sent, it.direct);
    const isRight = Math.abs(error) <= ERROR_MAX && Math.sign(saved) === Math.sign(counted);
    told.push({ title, saved, counted, error, isRight, ledger, sent: it.sent, direct: it.direct });
    if (process.env.CALLMUX_VERBOSE) console.log(title, { sent: it.sent, direct: it.direct, list: it.list, directList: it.directList }, ledger);
  }
  return told;
}

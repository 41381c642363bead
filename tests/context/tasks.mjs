// What an agent reads for a task: through callmux as it is by default, and with every server connected directly.
//
// The agent knows what it wants in each turn, by the words of somebody who never saw callmux, and which tools that
// takes. A tool that it sees it calls. Any other it searches for with those words, and, if that does not find it, with
// the tool's name; what it found once it calls by name. One call a turn: what could run in parallel is not.

import { Daemon, listTokens, resultText, tokens } from "./rig.mjs";

/** Tokens as they are paid for: what is new is written to the cache, what was there is read from it. */
const WRITE = 1.25;
const READ = 0.1;

/** A conversation with a model, and what its prompts cost. */
class Conversation {
  constructor(prefix) {
    this.cached = 0;
    this.fresh = prefix;
    this.cost = 0;
    this.read = 0;
    this.turns = 0;
  }

  add(text) {
    this.fresh += tokens(text);
  }

  /** The model is asked, and what it answers is part of what it is asked next. */
  turn(call) {
    this.cost += READ * this.cached + WRITE * this.fresh;
    this.read += this.cached + this.fresh;
    this.cached += this.fresh;
    this.fresh = 0;
    this.turns += 1;
    this.add(JSON.stringify(call));
  }
}

const shown = (tool) => `${tool.server}__${tool.name}`;

async function called(conversation, client, name, args) {
  conversation.turn({ name, arguments: args });
  const text = resultText(await client.call(name, args), client.name);
  conversation.add(text);
  return text;
}

async function through(client, task) {
  const conversation = new Conversation(listTokens(client.tools) + tokens(client.instructions));
  const listed = new Set(client.tools.map((tool) => tool.name));
  const known = new Set();
  let missed = 0;
  for (const { text, wanted } of task) {
    conversation.add(text);
    for (const tool of wanted) {
      const name = shown(tool);
      if (listed.has(name)) {
        await called(conversation, client, name, {});
        continue;
      }
      for (const query of [text, tool.name.replaceAll("_", " ")]) {
        if (known.has(name)) break;
        const found = await called(conversation, client, "callmux_search_tools", { query });
        for (const one of found.matchAll(/\b([A-Za-z_0-9]+__[A-Za-z_0-9]+)/g)) known.add(one[1]);
      }
      if (!known.has(name)) missed += 1;
      await called(conversation, client, "callmux_call", { tool: name, arguments: {} });
    }
    conversation.turn("That is done.");
  }
  return { ...conversation, missed };
}

/** The same with the lists of all servers in each prompt, and their answers as they are. */
function directly(tools, task, answers) {
  const conversation = new Conversation(listTokens(tools.map((tool) => ({ ...tool, name: shown(tool) }))));
  for (const { text, wanted } of task) {
    conversation.add(text);
    for (const tool of wanted) {
      conversation.turn({ name: shown(tool), arguments: {} });
      conversation.add(answers(tool));
    }
    conversation.turn("That is done.");
  }
  return conversation;
}

/** The tools of a task and others, so that there are so many. */
function around(task, all, count) {
  const needed = new Set(task.flatMap((turn) => turn.wanted));
  const chosen = [...needed, ...all.filter((tool) => !needed.has(tool))].slice(0, count);
  return needed.size <= count ? chosen : null;
}

function byServer(tools) {
  const servers = {};
  for (const tool of tools) (servers[tool.server] ??= []).push(tool);
  return servers;
}

const row = (n) => ({ id: n, state: "open", title: `thing number ${n}`, url: `https://example.org/things/${n}` });
const answer = (tool) => JSON.stringify({ tool: tool.name, items: [row(1), row(2), row(3)] });

/** The cost of `tasks` with so many tools, for a client of this name; direct is 100 %. */
export async function cost(tasks, all, count, client) {
  const sum = { tasks: 0, direct: 0, cost: 0, read: 0, directRead: 0, turns: 0, directTurns: 0, missed: 0, worst: 0 };
  for (const task of tasks) {
    const tools = around(task, all, count);
    if (!tools) continue;
    const daemon = await Daemon.start(byServer(tools));
    const one = await daemon.client(client);
    const ours = await through(one, task);
    one.close();
    await daemon.stop();
    const theirs = directly(tools, task, answer);
    sum.tasks += 1;
    sum.direct += theirs.cost;
    sum.directRead += theirs.read;
    sum.directTurns += theirs.turns;
    sum.cost += ours.cost;
    sum.read += ours.read;
    sum.turns += ours.turns;
    sum.missed += ours.missed;
    sum.worst = Math.max(sum.worst, ours.cost / theirs.cost - 1);
  }
  return sum;
}

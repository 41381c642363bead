// What the drivers of both TypeScript SDKs share: commands come in as JSON lines on stdin, and one
// JSON line goes out for each. A driver holds any number of connections, so that one process can
// drive many clients at once.

import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const require = createRequire(join(process.env.CALLMUX_INTEROP_DIR, 'npm', 'driver.cjs'));
const undici = require('undici');

export const ROOTS = { roots: [] };
const ABLE_WITHOUT_ROOTS = { sampling: {}, elicitation: { form: {}, url: {} } };
const ABLE = { ...ABLE_WITHOUT_ROOTS, roots: {} };
export const sampled = (params) => ({
  role: 'assistant',
  model: 'interop',
  stopReason: 'endTurn',
  content: { type: 'text', text: `asked: ${JSON.stringify(params.messages)}` },
});
export const elicited = (conn, params) =>
  conn.elicit === 'decline'
    ? { action: 'decline' }
    : params.mode === 'url'
      ? { action: 'accept' }
      : { action: 'accept', content: { name: 'Ada', integer: 7 } };

/** The transport that `to` describes, from the SDK's own classes. */
export function transportFor(to, { Http, Stdio }) {
  if (to.command) {
    return new Stdio({ command: to.command, args: to.args, env: to.env, cwd: to.cwd, stderr: 'inherit' });
  }
  if (!to.socket) return new Http(new URL(to.url));
  const dispatcher = new undici.Agent({ connect: { socketPath: to.socket } });
  return new Http(new URL(to.url), { fetch: (url, init) => undici.fetch(url, { ...init, dispatcher }) });
}

/** Writes down what passes the transport: what an SDK makes of it may hide a difference. */
function tap(transport) {
  const log = [];
  let handler;
  const listen = (message, extra) => {
    log.push({ in: message });
    return handler?.(message, extra);
  };
  Object.defineProperty(transport, 'onmessage', {
    configurable: true,
    get: () => handler && listen,
    set: (next) => (handler = next === listen ? handler : next),
  });
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    for (const one of [message].flat()) log.push({ out: one });
    return send(message, options);
  };
  return log;
}

const isAnswer = (message) => message && !message.method && 'id' in message;
const wrong = (error) => ({
  name: error?.constructor?.name ?? 'Error',
  code: error?.code,
  message: String(error?.message ?? error),
  data: error?.data,
});

/** The responses to requests of `method` that were sent since `from`. */
function answersTo(log, method, from = 0) {
  const ids = log.slice(from).flatMap(({ out }) => (out?.method === method ? [out.id] : []));
  return log.slice(from).flatMap(({ in: message }) =>
    isAnswer(message) && ids.includes(message.id) ? [message] : []);
}

/** Everything that came in about the latest call since `from`, in order. */
function timeline(log, from) {
  const answers = answersTo(log, 'tools/call', from);
  return log.slice(from).flatMap(({ in: message }) => {
    if (!message || (isAnswer(message) && !answers.includes(message))) return [];
    if (message.method === 'notifications/progress') return [['progress', message.params.progress, message.params.total]];
    if (message.method?.startsWith('notifications/')) return [];
    if (message.method) return [['asked', message.method]];
    // The end of a round is how a modern client is asked.
    const questions = Object.values(message.result?.inputRequests ?? {});
    return questions.length ? questions.map(({ method }) => ['asked', method]) : [['answer']];
  });
}

/** Which requests of this connection got how many answers. */
function tally(log) {
  const sent = log.flatMap(({ out }) => (out?.method && 'id' in out ? [out] : []));
  const count = (id) => log.filter(({ in: m }) => isAnswer(m) && m.id === id).length;
  const with_ = (wanted) => sent.filter(({ id }) => wanted(count(id))).map(({ id, method }) => ({ id, method }));
  return { requests: sent.length, unanswered: with_((n) => n === 0), repeated: with_((n) => n > 1) };
}

const changes = (log) =>
  log.filter(({ in: message }) => message?.method === 'notifications/tools/list_changed').length;

async function until(condition, deadline = Date.now() + 20_000) {
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen');
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** Runs the driver. `sdk.open(to, era, conn, transport)` connects and returns the client. */
export function run(sdk) {
  const conns = new Map();
  const ops = {
    async open({ conn: name, to, era, listen, roots = true }) {
      const transport = transportFor(to, sdk);
      const conn = { transport, log: tap(transport), able: roots ? ABLE : ABLE_WITHOUT_ROOTS };
      conn.client = await sdk.open(era, conn);
      conns.set(name, conn);
      if (listen) conn.subscription = await sdk.listen(conn.client);
      return {
        ...sdk.greeting(conn.client),
        instructions: conn.client.getInstructions(),
        capabilities: conn.client.getServerCapabilities(),
      };
    },
    async list({ conn: name }) {
      const { client, log } = conns.get(name);
      const from = log.length;
      let cursor;
      do {
        // Asking for less than the wire has would compare a cache with itself.
        const page = await client.listTools(cursor && { cursor }, { cacheMode: 'refresh' });
        cursor = page.nextCursor;
      } while (cursor);
      return { pages: answersTo(log, 'tools/list', from).map(({ result }) => result) };
    },
    /** The names of everything, as the SDK's own methods give it; a text where the SDK refuses a list. */
    async lists({ conn: name }) {
      const { client } = conns.get(name);
      const lists = {};
      const ways = {
        tools: ['listTools', 'name'],
        prompts: ['listPrompts', 'name'],
        resources: ['listResources', 'uri'],
        resourceTemplates: ['listResourceTemplates', 'uriTemplate'],
      };
      for (const [list, [method, key]] of Object.entries(ways)) {
        try {
          let cursor;
          lists[list] = [];
          do {
            const page = await client[method](cursor && { cursor }, { cacheMode: 'refresh' });
            lists[list].push(...page[list].map((item) => item[key]));
            cursor = page.nextCursor;
          } while (cursor);
        } catch (error) {
          lists[list] = error.code === -32601 ? [] : String(error?.message ?? error);
        }
      }
      return { lists };
    },
    async call({ conn: name, name: tool, args, progress, cancel_after, elicit }) {
      const conn = conns.get(name);
      const from = conn.log.length;
      conn.elicit = elicit;
      const abort = new AbortController();
      let seen = 0;
      const onprogress = () => {
        seen += 1;
        if (seen === cancel_after) abort.abort('the test takes it back');
      };
      const options = { timeout: 60_000, signal: abort.signal, ...(progress || cancel_after ? { onprogress } : {}) };
      let outcome;
      try {
        outcome = { result: await sdk.call(conn.client, { name: tool, arguments: args }, options) };
      } catch (error) {
        outcome = { error: wrong(error) };
      }
      const raw = answersTo(conn.log, 'tools/call', from).at(-1);
      return {
        ...outcome,
        seen,
        timeline: timeline(conn.log, from),
        raw: raw ? { result: raw.result, error: raw.error } : null,
      };
    },
    async changed({ conn: name, more_than }) {
      const { log } = conns.get(name);
      await until(() => changes(log) > more_than);
      return { changes: changes(log) };
    },
    async close({ conn: name }) {
      const conn = conns.get(name);
      conns.delete(name);
      await conn.subscription?.close();
      if (sdk.greeting(conn.client).era === 'legacy') await conn.transport.terminateSession?.();
      await conn.client.close();
      return tally(conn.log);
    },
  };
  Object.assign(ops, sdk.ops);
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { n, op, ...rest } = JSON.parse(line);
    try {
      say({ n, ...(await ops[op](rest)) });
    } catch (error) {
      say({ n, failed: wrong(error) });
    }
  });
  lines.on('close', async () => {
    await Promise.allSettled([...conns.values()].map(({ client }) => client.close()));
    process.exit(0);
  });
  // A transport that breaks later than its call is no reason to lose every other connection.
  process.on('unhandledRejection', (error) => console.error('unhandled:', error));
}

// A daemon with servers of tools from files, clients of it, and the tokens of what they read.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// The packages lie where the suite was told to install them, and not beside this file.
const require = createRequire(join(process.env.CALLMUX_CONTEXT_DIR, "npm", "package.json"));
const { Tiktoken } = require("js-tiktoken/lite");
const encoder = new Tiktoken(require("js-tiktoken/ranks/o200k_base"));
const SERVER = fileURLToPath(new URL("server.mjs", import.meta.url));
const DEADLINE = 60_000;

const counted = new Map();

/** The tokens of a text by o200k. */
export function tokens(text) {
  if (!counted.has(text)) counted.set(text, encoder.encode(text, [], []).length);
  return counted.get(text);
}

/** What a model reads of a tool. */
export const toolTokens = ({ name, description, inputSchema }) =>
  tokens(JSON.stringify({ name, description, input_schema: inputSchema }));

export const listTokens = (tools) => tools.reduce((sum, tool) => sum + toolTokens(tool), 0);

/** What a model reads of a result; some clients show it the structured form alone. */
export function resultText(result, client) {
  if (client === "claude-code" && result.structuredContent) return JSON.stringify(result.structuredContent);
  return result.content.map((item) => item.text ?? item.resource?.text ?? "").join("\n");
}

function lines(child, onLine) {
  createInterface({ input: child.stdout }).on("line", (line) => onLine(JSON.parse(line)));
}

/** A daemon with these servers: name → tools, in a home of its own. */
export class Daemon {
  static async start(servers, top = "") {
    const daemon = new Daemon();
    daemon.home = mkdtempSync(join(tmpdir(), "callmux-context-"));
    const at = (path) => join(daemon.home, path);
    mkdirSync(at("run"), { mode: 0o700 });
    mkdirSync(at(".config/callmux"), { recursive: true });
    let config = `${top}\n`;
    for (const [name, tools] of Object.entries(servers)) {
      writeFileSync(at(`${name}.json`), JSON.stringify(tools));
      const args = JSON.stringify([SERVER, at(`${name}.json`)]);
      config += `[servers.${name}]\ncommand = ${JSON.stringify(process.execPath)}\nargs = ${args}\n`;
    }
    writeFileSync(at(".config/callmux/config.toml"), config);
    daemon.env = { HOME: daemon.home, XDG_RUNTIME_DIR: at("run"), PATH: process.env.PATH };
    daemon.child = spawn(process.env.CALLMUX_BIN, ["serve", "--log-format", "json"], {
      env: daemon.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const wanted = new Set(Object.keys(servers));
    await new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`not ready: ${[...wanted]}`)), DEADLINE);
      daemon.child.on("exit", (code) => fail(new Error(`the daemon ended with ${code}`)));
      createInterface({ input: daemon.child.stderr }).on("line", (line) => {
        let fact = {};
        try {
          fact = JSON.parse(line);
        } catch {
          console.error(line);
        }
        if (fact.fact === "server_ready") wanted.delete(fact.server);
        if (wanted.size === 0) {
          clearTimeout(late);
          done();
        }
      });
    });
    daemon.child.removeAllListeners("exit");
    return daemon;
  }

  async client(name) {
    const client = new Client(name, this);
    const about = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name, version: "1" } };
    client.instructions = (await client.request("initialize", about)).instructions ?? "";
    client.tell("notifications/initialized", {});
    client.tools = (await client.request("tools/list", {})).tools;
    return client;
  }

  async stop() {
    this.child.kill("SIGTERM");
    if (this.child.exitCode === null) await new Promise((done) => this.child.on("exit", done));
    rmSync(this.home, { recursive: true, force: true });
  }
}

class Client {
  constructor(name, daemon) {
    this.name = name;
    this.next = 1;
    this.waiting = new Map();
    this.child = spawn(process.env.CALLMUX_BIN, ["bridge"], { env: daemon.env, stdio: ["pipe", "pipe", "inherit"] });
    lines(this.child, (message) => {
      this.waiting.get(message.id)?.(message);
      this.waiting.delete(message.id);
    });
  }

  tell(method, params) {
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`);
  }

  async request(method, params) {
    const id = this.next++;
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    const answer = await new Promise((done, fail) => {
      this.waiting.set(id, done);
      setTimeout(() => fail(new Error(`no answer to ${method}`)), DEADLINE).unref();
    });
    if (answer.error) throw new Error(JSON.stringify(answer.error));
    return answer.result;
  }

  call(name, args) {
    return this.request("tools/call", { name, arguments: args });
  }

  close() {
    this.child.stdin.end();
  }
}

// A real daemon in a home of its own.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BIN = process.env.CALLMUX_BIN;

export async function vacant() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export class Home {
  constructor(port) {
    this.port = port;
    this.dir = mkdtempSync(join(tmpdir(), "callmux-pages-"));
    for (const part of ["config/callmux", "run", "state", "cache", "data"]) mkdirSync(join(this.dir, part), { recursive: true, mode: 0o700 });
    this.socket = join(this.dir, "run/mcp.sock");
    this.environment = {
      PATH: process.env.PATH, HOME: this.dir, XDG_CONFIG_HOME: join(this.dir, "config"), XDG_RUNTIME_DIR: join(this.dir, "run"),
      XDG_STATE_HOME: join(this.dir, "state"), XDG_CACHE_HOME: join(this.dir, "cache"), XDG_DATA_HOME: join(this.dir, "data"),
      CALLMUX_SOCKET: this.socket, CALLMUX_NO_SPAWN: "1",
    };
    this.log = "";
  }

  write(config) {
    writeFileSync(join(this.dir, "config/callmux/config.toml"), config);
  }

  // `is_there`: what an answer is like once it has started.
  async start(is_there = (answer) => answer.ok) {
    this.child = spawn(BIN, ["serve", "--log-format", "json", "--socket", this.socket, "--listen", `127.0.0.1:${this.port}`],
      { env: this.environment, stdio: ["ignore", "ignore", "pipe"] });
    this.child.stderr.on("data", (text) => { this.log += text; });
    this.ended = new Promise((done) => this.child.on("exit", done));
    await until("the daemon", async () => is_there(await fetch(`http://127.0.0.1:${this.port}/ready`)));
  }

  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  callmux(...words) {
    const { status, stdout, stderr } = spawnSync(BIN, words, { env: this.environment, encoding: "utf8" });
    return { status, stdout, stderr };
  }

  link() {
    const { status, stdout, stderr } = this.callmux("dashboard", "--print");
    if (status !== 0) throw new Error(`callmux dashboard: ${stderr}`);
    return stdout.trim();
  }

  async end() {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 10000);
    await this.ended;
    clearTimeout(late);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

// Waits until something holds. What hangs is given up after a minute.
export async function until(what, holds) {
  const end = Date.now() + 60000;
  for (;;) {
    try {
      const found = await holds();
      if (found) return found;
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: ${error.message}`);
    }
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

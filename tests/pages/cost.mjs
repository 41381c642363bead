// What the dashboard costs: figures of this machine at this moment, none of which fails anything.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { Home, until, vacant } from "./daemon.mjs";

const require = createRequire(join(process.env.CALLMUX_PAGES_DIR, "npm/node_modules/"));
const { chromium } = require("playwright-core");

const BIN = process.env.CALLMUX_BIN;
const CALLS = 6000, EACH_SECOND = 1000;
// Of each second of a process, as /proc/PID/stat counts it (proc(5): utime and stime, in hundredths).
const cpuMs = (pid) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((a, b) => a + Number(b), 0) * 10;
const rssKib = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
const percent = (ms, of) => `${((100 * ms) / of).toFixed(1)} %`;

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
function call(port) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "counter__increment", arguments: {},
    _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { name: "load", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {} } } });
  return new Promise((done, fail) => {
    const sent = request({ host: "127.0.0.1", port, agent, method: "POST", path: "/mcp", headers: { "Content-Type": "application/json",
      Accept: "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "counter__increment" } },
    (answer) => { answer.resume(); answer.on("end", () => done(answer.statusCode)); });
    sent.on("error", fail);
    sent.end(body);
  });
}
// That many calls, each when it is due or as soon after that as the machine can. How long they took, in ms.
async function load(port) {
  const began = performance.now(), open = [];
  for (let at = 0; at < CALLS; at += 10) {
    const due = began + (at * 1000) / EACH_SECOND - performance.now();
    if (due > 0) await new Promise((done) => setTimeout(done, due));
    for (let one = 0; one < 10; one += 1) open.push(call(port));
  }
  const statuses = new Set(await Promise.all(open));
  if (statuses.size !== 1 || !statuses.has(200)) throw new Error(`calls were answered with ${[...statuses]}`);
  return performance.now() - began;
}

const home = new Home(await vacant());
home.write(`[servers.counter]\ncommand = ${JSON.stringify(BIN)}\nargs = ["example-server", "counter"]\n`);
await home.start();
const pid = home.child.pid;
const browser = await chromium.launch({ executablePath: process.env.CALLMUX_CHROMIUM,
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"] });
// CPU and memory of the daemon under the load, and what `page` took meanwhile.
async function measured(title, page) {
  const cdp = page && await page.context().newCDPSession(page);
  await cdp?.send("Performance.enable");
  const busy = async () => (await cdp.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1000;
  const [daemon, tab] = [cpuMs(pid), cdp ? await busy() : 0];
  const took = await load(home.port);
  const rate = ((CALLS * 1000) / took).toFixed(0);
  const ofTab = cdp ? `, page ${percent(await busy() - tab, took)}` : "";
  console.log(`        ${title}: ${rate} calls/s: daemon ${percent(cpuMs(pid) - daemon, took)} of a core${ofTab}; daemon ${rssKib(pid)} KiB`);
}
try {
  await until("the server", () => JSON.parse(home.callmux("status", "--json").stdout).servers[0].phase === "ready");
  console.log(`        what the dashboard costs, with ${BIN}`);
  await load(home.port);
  await measured("no page");
  const page = await (await browser.newContext()).newPage();
  await page.goto(home.link());
  await page.locator("p.health").waitFor();
  const paints = await page.evaluate(() => performance.getEntriesByType("paint").map((one) => `${one.name} ${one.startTime.toFixed(0)} ms`));
  console.log(`        ${paints.join(", ")}`);
  await page.goto(`http://127.0.0.1:${home.port}/ui/#activity`);
  await page.getByRole("heading", { level: 1, name: "Activity" }).waitFor();
  await measured("one page, at Activity", page);
  await page.close();
  await measured("no page any more");
  console.log("ok      what the dashboard costs was measured");
} catch (error) {
  console.log(`FAILED  what the dashboard costs: ${error.stack}`);
  process.exitCode = 1;
} finally {
  agent.destroy();
  await browser.close();
  await home.end();
}

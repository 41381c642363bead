// The dashboard below a path of a proxy, with the configs that docs/dashboard.md shows.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request as plain } from "node:http";
import { request as secure } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checks, same } from "./checks.mjs";
import { Home, until, vacant } from "./daemon.mjs";

const require = createRequire(join(process.env.CALLMUX_PAGES_DIR, "npm/node_modules/"));
const { chromium } = require("playwright-core");

const BIN = process.env.CALLMUX_BIN;
const PAGE = readFileSync(fileURLToPath(new URL("../../docs/dashboard.md", import.meta.url)), "utf8");
const BASE = "https://mux.example/tools/callmux/";
process.env.PATH += ":/usr/sbin";

// The only block of this language after the heading.
function shown(language) {
  const blocks = PAGE.slice(PAGE.indexOf("## Behind a proxy")).split(`\`\`\`${language}\n`).slice(1);
  if (blocks.length !== 1) throw new Error(`docs/dashboard.md has ${blocks.length} blocks of ${language} there`);
  return blocks[0].split("```")[0];
}
// A config of the page with the ports and files of this run. Each is there, or the page says something else.
function filled(text, places) {
  for (const [there, here] of Object.entries(places)) {
    if (!text.includes(there)) throw new Error(`docs/dashboard.md does not say ${there}`);
    text = text.replaceAll(there, here);
  }
  return text;
}

const { check, failed, end } = checks();

const COMMON = (port, home, cert, key) => ({ "127.0.0.1:4860": `127.0.0.1:${home.port}`,
  "/etc/ssl/mux.example.pem": cert, "/etc/ssl/mux.example.key": key });
const PROXIES = {
  nginx(dir, port, places) {
    const main = join(dir, "nginx.conf");
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${dir}/${one};`).join("\n");
    writeFileSync(main, `daemon off; pid ${dir}/pid; error_log ${dir}/error.log; worker_processes 1;\nevents {}\nhttp {\naccess_log off;\n${temp}\n${
      filled(shown("nginx"), { ...places, "listen 443 ssl": `listen 127.0.0.1:${port} ssl` })}\n}\n`);
    return ["nginx", ["-p", dir, "-e", join(dir, "error.log"), "-c", main]];
  },
  caddy(dir, port, places) {
    const main = join(dir, "Caddyfile");
    writeFileSync(main, `{\nadmin off\nhttps_port ${port}\nauto_https disable_redirects\nskip_install_trust\n}\n${filled(shown("caddyfile"), places)}`);
    return ["caddy", ["run", "--config", main, "--adapter", "caddyfile"]];
  },
};

// An answer over the proxy, or with `plain` without one, for whoever is no browser.
function asked(port, method, path, headers, request = secure) {
  return new Promise((done, fail) => {
    const sent = request({ host: "127.0.0.1", port, servername: "mux.example", method, path, rejectUnauthorized: false,
      headers: { Host: "mux.example", ...headers } }, (answer) => {
      answer.resume();
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers }));
    });
    sent.on("error", fail);
    sent.end();
  });
}

async function through(name) {
  if (spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0) {
    console.log(`SKIPPED: the dashboard behind ${name}: it is not here`);
    return;
  }
  const home = new Home(await vacant());
  const port = await vacant();
  const dir = join(home.dir, name), cert = join(dir, "cert.pem"), key = join(dir, "key.pem");
  mkdirSync(dir);
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=mux.example", "-addext", "subjectAltName=DNS:mux.example", "-keyout", key, "-out", cert], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  mkdirSync(join(home.dir, "config/callmux/conf.d"));
  writeFileSync(join(home.dir, "config/callmux/conf.d/proxy.toml"), shown("toml"));
  home.write(["counter", "notes"].map((one) => `[servers.${one}]\ncommand = ${JSON.stringify(BIN)}\nargs = ["example-server", "${one}"]\n`).join("\n"));
  const token = home.callmux("token", "new", "somebody");
  if (token.status !== 0) throw new Error(token.stderr);
  const [command, words] = PROXIES[name](dir, port, COMMON(port, home, cert, key));
  let said = "";
  const proxy = spawn(command, words, { env: { PATH: process.env.PATH, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir }, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [proxy.stdout, proxy.stderr]) stream.on("data", (text) => { said += text; });
  const ended = new Promise((done) => proxy.on("exit", done));
  const browser = await chromium.launch({ executablePath: process.env.CALLMUX_CHROMIUM, args: ["--headless=new", "--no-sandbox",
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    `--host-resolver-rules=MAP mux.example:443 127.0.0.1:${port}, MAP evil.example:443 127.0.0.1:${port}`] });
  const errors = [];
  const opened = async (options) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => { if (message.text().includes("Content Security Policy")) errors.push(message.text()); });
    return page;
  };
  // As the page says: the address of the proxy in place of the daemon's.
  const link = () => `${BASE}ui/#code=${home.link().split("#code=")[1]}`;
  try {
    await home.start((answer) => answer.status > 0);
    await until(name, async () => (await asked(port, "GET", "/tools/callmux/health", {})).status > 0);
    await until("the servers", () => JSON.parse(home.callmux("status", "--json").stdout).servers.every((one) => one.phase === "ready"));
    // There is one from the first link on.
    const first = link();
    const page = await opened();

    await check(`${name}: a link opens the page below a path`, async () => {
      await page.goto(first);
      await page.locator("p.health").waitFor();
      same(page.url().split("#")[0], `${BASE}ui/`, "the address");
      const cookies = await page.context().cookies(BASE);
      same(cookies.map(({ httpOnly, sameSite, path, secure }) => [httpOnly, sameSite, path, secure]),
        [[true, "Strict", "/tools/callmux/", true]], "the cookie");
      same((await page.context().cookies("https://mux.example/")).length, 0, "what other paths of the host get");
    });

    await check(`${name}: its code is entered once`, async () => {
      const second = await opened();
      await second.goto(first);
      await second.getByRole("alert").filter({ hasText: "callmux dashboard" }).waitFor();
      await second.context().close();
      await page.reload();
      await page.locator("p.health").waitFor();
    });

    await check(`${name}: the path without its slash leads to the page`, async () => {
      await page.goto(`${BASE}ui`);
      await page.locator("p.health").waitFor();
      same(page.url().split("#")[0], `${BASE}ui/`, "the address");
    });

    await check(`${name}: what happens comes at once, over a stream that stays open`, async () => {
      let streams = 0;
      page.on("request", (one) => { streams += one.url() === `${BASE}api/v1/events` ? 1 : 0; });
      await page.reload();
      await page.goto(`${BASE}ui/#activity`);
      // The stream is there once it has told of anything; each of the next is alone on it.
      await until("a call", async () => {
        same(home.callmux("call", "counter__increment").status, 0, "a call");
        return page.getByText("counter__increment").count();
      });
      for (const tool of ["counter__value", "notes__list"]) {
        home.callmux("call", tool);
        await page.getByText(tool).first().waitFor();
      }
      same(streams, 1, "streams that were opened");
    });

    await check(`${name}: a server is stopped and started from the page`, async () => {
      await page.goto(`${BASE}ui/#servers`);
      const row = page.locator("tr").filter({ has: page.getByRole("rowheader", { name: "notes", exact: true }) });
      await row.getByRole("button", { name: "Stop notes" }).click();
      await row.getByText("stopped", { exact: true }).waitFor();
      await row.getByRole("button", { name: "Start notes" }).click();
      await row.getByText("ready", { exact: true }).waitFor();
    });

    await check(`${name}: another origin, another name and a page without TLS are refused`, async () => {
      const [{ name: of, value }] = await page.context().cookies(BASE);
      const own = { Cookie: `${of}=${value}`, "Sec-Fetch-Site": "same-origin" };
      const retry = async (headers) => (await asked(port, "POST", "/tools/callmux/api/v1/retry", headers)).status;
      same(await retry({ ...own, Origin: "https://mux.example" }), 200, "the page itself");
      same(await retry({ ...own, Origin: "http://mux.example" }), 403, "without TLS");
      same(await retry({ ...own, Origin: "https://evil.example" }), 403, "another origin");
      same(await retry({ ...own, Origin: "https://evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https" }), 403, "what is said to be forwarded");
      same(await retry({ Origin: "https://mux.example", "Sec-Fetch-Site": "same-origin" }), 401, "no cookie");
      const named = await asked(home.port, "GET", "/api/v1/status", { ...own, Host: "evil.example" }, plain);
      same(named.status, 403, "another name");
    });

    await check(`${name}: without a script there is a table`, async () => {
      const bare = await opened({ javaScriptEnabled: false });
      await bare.goto(`${BASE}ui/plain`);
      await bare.getByLabel("Code").fill(link().split("#code=")[1]);
      await bare.getByRole("button", { name: "Enter" }).click();
      await bare.getByRole("rowheader", { name: "counter" }).waitFor();
      const cookies = await bare.context().cookies(`${BASE}ui/plain`);
      same(cookies.map(({ path, secure }) => [path, secure]), [["/tools/callmux/ui", true]], "the cookie");
      await bare.getByRole("button", { name: "Leave" }).click();
      await bare.getByLabel("Code").waitFor();
      same((await bare.context().cookies(`${BASE}ui/plain`)).length, 0, "cookies of who left");
      await bare.context().close();
    });

    await check(`${name}: who leaves is out`, async () => {
      await page.getByRole("button", { name: "Leave" }).click();
      await page.getByRole("heading", { name: "You are out" }).waitFor();
      same((await page.context().cookies(BASE)).length, 0, "cookies");
      same(errors, [], "errors of the pages");
    });
  } catch (error) {
    failed.push(name);
    console.log(`FAILED  ${name}: ${error.stack}\n${said.split("\n").slice(-20).join("\n")}\n${home.log.split("\n").slice(-10).join("\n")}`);
  } finally {
    await browser.close();
    proxy.kill("SIGTERM");
    await ended;
    await home.end();
  }
}

for (const name of Object.keys(PROXIES)) await through(name);
end(" behind proxies");

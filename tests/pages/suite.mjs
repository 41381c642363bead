// What the dashboard shows in a browser, and what it does not let happen there.

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checks, holds, same } from "./checks.mjs";
import { Home, until, vacant } from "./daemon.mjs";

const require = createRequire(join(process.env.CALLMUX_PAGES_DIR, "npm/node_modules/"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const BIN = process.env.CALLMUX_BIN;
const SHOTS = join(process.env.CALLMUX_PAGES_DIR, "shots");
const PLANTED = fileURLToPath(new URL("planted.mjs", import.meta.url));
const PAGES = ["now", "servers", "tools", "activity", "context", "access"];
const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// What the page itself cuts reaches it whole.
const whole = (name) => name === "planted" ? 'max_result = "64KiB"\n' : "";
const config = (servers) => servers.map(([name, ...words]) =>
  `[servers.${name}]\ncommand = ${JSON.stringify(words[0])}\nargs = ${JSON.stringify(words.slice(1))}\n${whole(name)}`).join("\n");
const RULES = `
[history]
enabled = true

[[access.rules]]
id = "asked"
tools = ["counter__reset"]
effect = "ask"

[[access.rules]]
id = "mine"
principals = ["user:*"]
effect = "allow"
`;
const SERVERS = config([["counter", BIN, "example-server", "counter"], ["notes", BIN, "example-server", "notes"],
  ["planted", process.execPath, PLANTED], ["broken", "/no/such/program"]]) + RULES;

let browser;
// What every page showed at that moment.
const { check, failed, end } = checks(async () => {
  const open = browser.contexts().flatMap((context) => context.pages());
  for (const [at, page] of open.entries()) await page.screenshot({ path: join(SHOTS, `failed-${at}.png`) });
});

mkdirSync(SHOTS, { recursive: true });
const home = new Home(await vacant());
home.write(SERVERS);
await home.start();
browser = await chromium.launch({ executablePath: process.env.CALLMUX_CHROMIUM, args: FLAGS });
const violations = [], errors = [];

// A browser of its own, with what it complains of.
async function opened(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await context.exposeBinding("violated", (_, text) => violations.push(text));
  await context.addInitScript(() => addEventListener("securitypolicyviolation",
    (event) => window.violated(`${event.violatedDirective} ${event.blockedURI}`)));
  if (process.env.CALLMUX_PAGES_FILES) await context.route(/\/ui\/[a-z]*(\.\w+)?$/, fromFiles);
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML|TrustedScript/.test(message.text())) violations.push(message.text());
  });
  return page;
}
// The files of a checkout in place of those in the program, with what the daemon says of them.
async function fromFiles(route) {
  const name = new URL(route.request().url()).pathname.split("/").pop() || "index.html";
  const response = await route.fetch();
  if (!response.ok() || !/\.(js|css|html|svg)$/.test(name)) return route.fulfill({ response });
  return route.fulfill({ response, body: readFileSync(join(process.env.CALLMUX_PAGES_FILES, name)) });
}
async function entered(options) {
  const page = await opened(options);
  await page.goto(home.link());
  await page.locator("p.health").waitFor();
  return page;
}
const goTo = async (page, name) => {
  await page.goto(`http://127.0.0.1:${home.port}/ui/#${name}`);
  await page.locator("nav a[aria-current=page]").filter({ hasText: new RegExp(`^${name}$`, "i") }).waitFor();
};
const call = (...words) => home.callmux("call", ...words);

try {
  await until("the servers", async () => {
    const told = JSON.parse(home.callmux("status", "--json").stdout);
    return told.servers.filter((one) => one.phase === "ready").length === 3;
  });
  const page = await entered();

  await check("a link opens the page, and its code is gone from the address", async () => {
    same(new URL(page.url()).hash.includes("code"), false, "the code in the address");
    const cookies = await page.context().cookies();
    same(cookies.map(({ httpOnly, sameSite, path }) => [httpOnly, sameSite, path]), [[true, "Strict", "/"]], "the cookie");
    same(await page.evaluate(() => document.cookie), "", "what a script sees of it");
  });

  await check("a link that was used opens nothing, and says what to do", async () => {
    const link = home.link();
    const first = await opened(), second = await opened();
    await first.goto(link);
    await first.locator("p.health").waitFor();
    await second.goto(link);
    await second.getByRole("alert").filter({ hasText: "callmux dashboard" }).waitFor();
    same(new URL(second.url()).hash, "", "the address");
    await second.getByLabel("Code or link").fill(home.link());
    await second.getByRole("button", { name: "Enter" }).click();
    await second.locator("p.health").waitFor();
    await first.context().close();
    await second.context().close();
  });

  await check("Now says what is down, and what to do about it", async () => {
    await page.getByText("3 of 4 servers are as they should be; down: broken.").waitFor();
    holds((await page.locator("main").innerText()).includes("What to do:"), "a remedy");
  });

  await check("calls are shown as they end, and one in full", async () => {
    await goTo(page, "activity");
    await until("a call", async () => {
      same(call("counter__increment").status, 0, "a call");
      return page.getByText("counter__increment").count();
    });
    call("planted__planted_0", "x=1");
    await page.getByText("planted__planted_0").first().waitFor();
    await page.locator("tr").filter({ hasText: "counter__increment" }).first().getByRole("button", { name: "Show" }).click();
    const box = page.getByRole("dialog");
    await box.getByText("callmux call counter__increment").waitFor();
    await box.getByRole("button", { name: "Copy" }).click();
    same(await page.evaluate(() => navigator.clipboard.readText()), "callmux call counter__increment", "what is copied");
    await page.keyboard.press("Escape");
    await page.getByLabel("Server, tool, client, reason").fill("planted_0");
    await until("the filter", async () => !(await page.locator("tbody").innerText()).includes("counter__increment"));
    await page.getByLabel("Server, tool, client, reason").fill("");
  });

  await check("a server is stopped and started from the page", async () => {
    await goTo(page, "servers");
    const row = page.locator("tr").filter({ has: page.getByRole("rowheader", { name: "notes", exact: true }) });
    await row.getByRole("button", { name: "Stop notes" }).click();
    await row.getByText("stopped", { exact: true }).waitFor();
    await row.getByRole("button", { name: "Start notes" }).click();
    await row.getByText("ready", { exact: true }).waitFor();
  });

  await check("of one server it is told where it is written, what it has in memory, how its calls went and what it said", async () => {
    await goTo(page, "servers");
    const shown = async (name) => {
      await page.getByRole("button", { name: `Show ${name}`, exact: true }).click();
      return page.getByRole("dialog");
    };
    await until("the calls in the history", async () => {
      const box = await shown("counter");
      await box.getByText(/^ready (once|\d+ times) since the daemon began; [\d.]+ [KM]iB in (one process|\d+ processes)$/).waitFor();
      await box.getByText(/config\.toml:\d+$/).waitFor();
      const said = await box.locator("dd").filter({ hasText: /half of them within .*95 % within|none yet/ }).innerText();
      await page.keyboard.press("Escape");
      return !said.includes("none yet");
    });
    const box = await shown("planted");
    const words = box.locator("pre").filter({ hasText: "parent.planted=6" });
    await words.waitFor();
    holds((await words.innerText()).includes("\\u{202e}"), "what hides is shown");
    same(await box.locator("img, iframe, script, svg, a").count(), 0, "markup");
    same(await page.evaluate(() => window.planted), undefined, "what was planted");
    await page.screenshot({ path: join(SHOTS, "server.png") });
    const { violations: found } = await new AxeBuilder({ page }).analyze();
    same(found.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => one.id), [], "what axe finds");
    await page.keyboard.press("Escape");
    const none = { status: 404, contentType: "application/problem+json", body: JSON.stringify({ code: "no_history", detail: "there is none" }) };
    await page.route("**/api/v1/history?*", (route) => route.fulfill(none));
    await (await shown("counter")).getByText("[history] enabled = true").waitFor();
    await page.unroute("**/api/v1/history?*");
    await page.keyboard.press("Escape");
  });

  await check("who may what is shown and tried, and what servers changed with its diff", async () => {
    await goTo(page, "access");
    await page.getByRole("rowheader", { name: "asked", exact: true }).waitFor();
    await page.getByText("There are no tokens.").waitFor();
    const verdict = page.getByRole("status").filter({ hasText: / for user:\d+/ });
    for (const [tool, said] of [["counter__reset", "ask"], ["counter__increment", "allow"]]) {
      await page.getByLabel("Tool", { exact: true }).fill(tool);
      await page.getByRole("button", { name: "What comes of it?" }).click();
      await verdict.filter({ hasText: new RegExp(`^${said} for`) }).waitFor();
    }
    await page.getByLabel("Principal").fill("nobody");
    await page.getByRole("button", { name: "What comes of it?" }).click();
    await page.getByText("`principal` is given once, and is `user:UID`").waitFor();
    home.write(SERVERS.replace(JSON.stringify([PLANTED]), JSON.stringify([PLANTED, "--many", "2"])));
    same(home.callmux("reload", "--wait").status, 0, "a reload");
    const summary = page.locator("summary").filter({ hasText: "tool_1" });
    await summary.click();
    const diff = page.locator("details[open] pre");
    await diff.getByText(/What tool 1 does, in a few words/).waitFor();
    await page.locator("summary").filter({ hasText: "planted_0" }).waitFor();
    await page.screenshot({ path: join(SHOTS, "pins.png"), fullPage: true });
    const { violations: found } = await new AxeBuilder({ page }).analyze();
    same(found.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => one.id), [], "what axe finds");
    home.write(SERVERS);
    same(home.callmux("reload", "--wait").status, 0, "a reload");
    await page.getByText("Every server offers what was accepted of it.").waitFor();
  });

  await check("a reload shows its plan before it is done", async () => {
    await goTo(page, "servers");
    home.write(`description_max_chars = 200\n${SERVERS}`.replace("description_max_chars = 200\n", "") +
      config([["later", BIN, "example-server", "notes"]]).replace(/^/, "\n"));
    await page.getByRole("button", { name: "Reload the config" }).click();
    const box = page.getByRole("dialog");
    await until("the plan or its end", async () => /later|Nothing in the files differs/.test(await box.innerText()));
    await box.getByRole("button", { name: "Reload", exact: true }).click();
    await box.getByText("Done.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("rowheader", { name: "later", exact: true }).waitFor();
  });

  await check("a server is added with what that does told first, and taken back", async () => {
    await goTo(page, "servers");
    await page.getByRole("button", { name: "Add a server" }).click();
    const box = page.getByRole("dialog");
    await box.getByLabel("Name").fill("again");
    const keys = box.getByLabel(/^Keys/);
    await keys.fill("{ nonsense");
    await box.getByRole("button", { name: "Look what it does" }).click();
    await box.getByText("this is no JSON").waitFor();
    await keys.fill(JSON.stringify({ comand: BIN }));
    await box.getByRole("button", { name: "Look what it does" }).click();
    await box.getByText("did you mean").waitFor();
    await keys.fill(JSON.stringify({ command: BIN, args: ["example-server", "notes"] }));
    holds(await box.getByRole("button", { name: "Save" }).isDisabled(), "nothing is saved that nobody looked at");
    await box.getByRole("button", { name: "Look what it does" }).click();
    await box.getByText("is created").waitFor();
    await page.screenshot({ path: join(SHOTS, "edit.png") });
    const { violations: found } = await new AxeBuilder({ page }).analyze();
    same(found.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => one.id), [], "what axe finds");
    await box.getByRole("button", { name: "Save" }).click();
    await page.getByRole("rowheader", { name: "again" }).waitFor();
    await page.getByRole("button", { name: "Changes" }).click();
    await page.getByText("PUT servers.again").waitFor();
    await page.getByRole("button", { name: "Take back the last one" }).click();
    await page.getByText("nothing that it could take back").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await until("the end of it", async () => (await page.getByRole("rowheader", { name: "again" }).count()) === 0);
  });

  await check("of two tabs that edit a server the second is told, and nothing is lost", async () => {
    const other = await entered();
    for (const one of [page, other]) {
      await goTo(one, "servers");
      await one.getByRole("button", { name: "Edit counter" }).click();
      await until("its keys", async () => (await one.getByLabel(/^Keys/).inputValue()).includes("example-server"));
    }
    const with_ = async (one, more) => {
      const field = one.getByLabel(/^Keys/);
      await field.fill(JSON.stringify({ ...JSON.parse(await field.inputValue()), ...more }));
      await one.getByRole("button", { name: "Look what it does" }).click();
      await one.getByText(/patch\.d\/servers\.counter\.toml/).waitFor();
      await one.getByRole("button", { name: "Save" }).click();
    };
    await with_(other, { description: "theirs", call_timeout: "9m" });
    await other.getByRole("dialog").waitFor({ state: "detached" });
    await with_(page, { description: "mine", max_concurrency: 7 });
    await page.getByText("Somebody else changed it meanwhile.").waitFor();
    await page.getByRole("radio", { name: /Theirs/ }).check();
    await page.screenshot({ path: join(SHOTS, "merge.png") });
    await page.getByRole("button", { name: "Go on with this" }).click();
    await page.getByRole("button", { name: "Look what it does" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const shown = home.callmux("config", "show").stdout;
    holds(/max_concurrency = 7/.test(shown) && /call_timeout = "9m"/.test(shown) && /description = "theirs"/.test(shown), shown);
    for (const _ of [1, 2]) same(home.callmux("config", "undo").status, 0, "undo");
    await other.context().close();
  });

  await check("of a config that cannot be written to nothing is offered, and why is said", async () => {
    const dir = join(home.dir, "config/callmux");
    const restore = ["conf.d", "patch.d", "."].map((name) => join(dir, name)).filter(existsSync)
      .map((path) => [path, statSync(path).mode & 0o777]);
    try {
      for (const [path] of restore) chmodSync(path, 0o555);
      await goTo(page, "servers");
      await page.reload();
      await page.getByText("The config is not changed from here").waitFor();
      await page.getByText(/is read-only/).waitFor();
      for (const name of [/^Add a server/, "Edit counter"]) {
        await until(name, async () => await page.getByRole("button", { name }).isDisabled());
      }
      await page.getByRole("button", { name: "Changes" }).click();
      await page.getByRole("dialog").getByText(/is read-only/).waitFor();
      same(await page.getByRole("button", { name: "Take back" }).isDisabled(), true, "taking back");
      await page.keyboard.press("Escape");
      await page.screenshot({ path: join(SHOTS, "read-only.png") });
    } finally {
      for (const [path, mode] of restore.reverse()) chmodSync(path, mode);
    }
    await page.reload();
    await until("the way to change it", async () => !(await page.getByRole("button", { name: "Edit counter" }).isDisabled()));
  });

  await check("a question is denied from the page", async () => {
    await goTo(page, "access");
    const answer = fetch(`http://127.0.0.1:${home.port}/mcp`, { method: "POST", headers: {
      "Content-Type": "application/json", Accept: "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call", "Mcp-Name": "counter__reset" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "counter__reset", arguments: {},
      _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientInfo": { name: "<b>agent</b>", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {} } } }) }).then((reply) => reply.text());
    await page.getByRole("button", { name: /^Deny question/ }).waitFor();
    await page.screenshot({ path: join(SHOTS, "question.png") });
    await page.getByRole("button", { name: /^Deny question/ }).click();
    await page.getByText("No call waits for a person.").waitFor();
    holds(/den|approv/i.test(await answer), `the answer: ${await answer}`);
  });

  await check("text of servers is text, and what hides in it is shown", async () => {
    await goTo(page, "tools");
    await page.getByLabel("Search").fill("planted");
    const rows = page.locator("tbody tr");
    await until("the tools", async () => (await rows.count()) === 9);
    const shown = await page.locator("tbody").innerText();
    holds(shown.includes("<img src=x onerror=") && shown.includes("\\u{202e}"), shown);
    holds(!/[\u202e\u200b\u0007\u001b]/.test(await page.locator("body").evaluate((body) => body.textContent)), "a character that hides");
    for (let at = 0; at < 9; at += 1) {
      await rows.nth(at).getByRole("button", { name: "Show" }).click();
      await page.getByRole("dialog").getByText("(required)").waitFor();
      await page.keyboard.press("Escape");
    }
    same(await page.evaluate(() => window.planted), undefined, "what was planted");
    same(await page.locator("main img, main iframe, main script, main a[href^=javascript]").count(), 0, "markup");
  });

  const shownTool = async (on, name) => {
    await goTo(on, "tools");
    await on.getByLabel("Search").fill(name.replace("__", " "));
    const row = on.locator("tr").filter({ has: on.getByRole("rowheader", { name, exact: true }) });
    await row.getByRole("button", { name: "Show" }).click();
    await on.getByRole("button", { name: "Try it dry" }).waitFor();
    return on.getByRole("dialog");
  };
  const finished = (tool) => home.log.split("\n").filter((line) => line.includes('"call_finished"') && line.includes(`"${tool}"`)).length;

  await check("a tool is tried dry, called after a question, and its result seen", async () => {
    const before = finished("counter__increment");
    const box = await shownTool(page, "counter__increment");
    const by = box.getByLabel("by, a whole number");
    same(await by.inputValue(), "1", "its default");
    await by.fill("1.5");
    await box.getByRole("button", { name: "Try it dry" }).click();
    await box.getByText("has to be a whole number").waitFor();
    same(await by.evaluate((it) => [it === document.activeElement, it.getAttribute("aria-invalid")]), [true, "true"], "the field");
    await by.fill("12345678901234567");
    await box.getByText(`callmux call counter__increment '{"by":12345678901234567}'`).waitFor();
    await box.getByRole("button", { name: "Try it dry" }).click();
    await box.getByRole("heading", { name: "Nothing was called" }).waitFor();
    await by.fill("7");
    const value = JSON.parse(call("counter__value").stdout).value;
    await box.getByRole("button", { name: "Call", exact: true }).click();
    await box.getByText("Call the tool counter__increment of server counter?").waitFor();
    await box.getByRole("button", { name: "Not now" }).click();
    same(JSON.parse(call("counter__value").stdout).value, value, "what the counter says");
    await box.getByRole("button", { name: "Call", exact: true }).click();
    await page.screenshot({ path: join(SHOTS, "call-asked.png") });
    await box.getByRole("button", { name: "Call it now" }).click();
    await box.getByText("The call is done.").waitFor();
    holds((await box.innerText()).includes(`"value": ${value + 7}`), "its result");
    await until("the journal", () => finished("counter__increment") === before + 1);
    await page.screenshot({ path: join(SHOTS, "called.png") });
    const { violations: found } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    same(found.filter((one) => ["serious", "critical", "moderate"].includes(one.impact)).map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 120))]), [], "what axe finds");
    await page.keyboard.press("Escape");
  });

  await check("what does not fit is told, beside its field or as a problem", async () => {
    let box = await shownTool(page, "notes__add");
    await box.getByRole("button", { name: "Try it dry" }).click();
    await box.getByText("has to be given").waitFor();
    await box.getByLabel("as JSON", { exact: true }).check();
    const all = box.getByLabel("All arguments, a JSON object");
    await all.fill("{ nonsense");
    await box.getByRole("button", { name: "Try it dry" }).click();
    await box.getByText("this is no JSON").waitFor();
    await all.fill('{"text": ["a"], "tetx": 1}');
    await box.getByLabel("as JSON", { exact: true }).click();
    await box.getByText("there is no field for tetx").waitFor();
    await box.getByText(`callmux call notes__add '{"text": ["a"], "tetx": 1}'`).waitFor();
    await box.getByRole("button", { name: "Try it dry" }).click();
    await box.getByText("It was not called, and would not fit").waitFor();
    await box.getByRole("listitem").filter({ hasText: '"tetx" is not known' }).waitFor();
    await all.fill('{"text": "a \\"b\\"\\nc\'d"}');
    await box.getByLabel("as JSON", { exact: true }).uncheck();
    same(await box.getByLabel("text (required)").inputValue(), 'a "b"\nc\'d', "the text");
    await box.getByRole("button", { name: "Copy" }).click();
    same(await page.evaluate(() => navigator.clipboard.readText()), `callmux call notes__add '{"text":"a \\"b\\"\\nc'\\''d"}'`, "what is copied");
    await page.keyboard.press("Escape");
    box = await shownTool(page, "counter__reset");
    await box.getByRole("button", { name: "Call", exact: true }).click();
    await box.getByRole("button", { name: "Call it now" }).click();
    await box.getByText("A person has not approved this").waitFor();
    await box.getByText("What to do:").waitFor();
    home.callmux("approvals", "deny", JSON.parse(home.callmux("approvals", "--json").stdout)[0]?.id ?? "");
    await page.keyboard.press("Escape");
  });

  await check("what a server answers is text", async () => {
    let box = await shownTool(page, "planted__planted_1");
    await box.getByRole("combobox").selectOption({ index: 1 });
    await box.getByRole("button", { name: "Call", exact: true }).click();
    await box.getByRole("button", { name: "Call it now" }).click();
    await box.getByText("The call is done.").waitFor();
    await box.getByText(/^An image, .*3\.0 KiB, which is not loaded here\.$/).waitFor();
    await box.getByText(/^The first 20,000 of /).waitFor();
    holds((await box.innerText()).includes("\\u{202e}"), "what hides is shown");
    await box.getByRole("button", { name: "Show all" }).click();
    same(await box.locator("img, iframe, script, svg, a").count(), 0, "markup");
    holds(!/[\u202e\u200b\u0007\u001b]/.test(await box.evaluate((it) => it.textContent)), "a character that hides");
    await page.keyboard.press("Escape");
    box = await shownTool(page, "planted__planted_3");
    await box.getByRole("combobox").selectOption({ index: 2 });
    await box.getByRole("button", { name: "Call", exact: true }).click();
    await box.getByRole("button", { name: "Call it now" }).click();
    await box.getByText(/^This is its beginning: it has 1\d\d KiB\./).waitFor();
    await page.keyboard.press("Escape");
    box = await shownTool(page, "planted__planted_2");
    await box.getByRole("combobox").selectOption({ index: 2 });
    await box.getByRole("button", { name: "Call", exact: true }).click();
    await box.getByRole("button", { name: "Call it now" }).click();
    await box.getByText("The server answered with an error").waitFor();
    same(await page.evaluate(() => window.planted), undefined, "what was planted");
    await page.keyboard.press("Escape");
  });

  await check("a tool is called by the keyboard at 360 px", async () => {
    const other = await entered({ viewport: { width: 360, height: 740 } });
    const box = await shownTool(other, "counter__increment");
    await box.getByLabel("by, a whole number").focus();
    await other.keyboard.press("Control+A");
    await other.keyboard.type("2");
    for (const name of ["as JSON", "Try it dry", "Call"]) {
      await other.keyboard.press("Tab");
      same(await other.evaluate(() => document.activeElement.textContent || document.activeElement.labels[0].textContent), name, "the next stop");
    }
    await other.keyboard.press("Enter");
    same(await other.evaluate(() => document.activeElement.textContent), "Not now", "where the keyboard is");
    await other.keyboard.press("Shift+Tab");
    await other.keyboard.press("Enter");
    await box.getByText("The call is done.").waitFor();
    await other.screenshot({ path: join(SHOTS, "called-360.png") });
    const wide = await box.evaluate((it) => Math.max(it.scrollWidth - it.clientWidth, document.documentElement.scrollWidth - innerWidth));
    holds(wide <= 0, `it is ${wide} px too wide`);
    await other.context().close();
  });

  await check("the keyboard reaches everything, and is seen where it is", async () => {
    await goTo(page, "now");
    await page.reload();
    await page.locator("p.health").waitFor();
    await page.keyboard.press("Tab");
    same(await page.evaluate(() => document.activeElement.textContent), "Skip to the page", "the first stop");
    const reached = [];
    for (let at = 0; at < PAGES.length + 1; at += 1) {
      await page.keyboard.press("Tab");
      reached.push(await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return [document.activeElement.textContent, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
      }));
    }
    same(reached, ["Now", "Servers", "Tools", "Activity", "Context", "Access", "Leave"].map((name) => [name, true]), "the stops");
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { level: 1, name: "Servers" }).waitFor();
    same(await page.title(), "Servers – callmux", "the title");
    same(await page.evaluate(() => document.activeElement.tagName), "H1", "where the keyboard is");
    await page.keyboard.press("/");
    same(await page.evaluate(() => document.activeElement.id), "find", "the search");
    await page.keyboard.press("Shift+Tab");
    const more = page.getByRole("button", { name: "Show counter", exact: true });
    await more.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await until("the keyboard to be back", () => more.evaluate((it) => it === document.activeElement));
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const other = await entered({ colorScheme, viewport: { width, height: 860 } });
      call("counter__increment");
      for (const name of PAGES) {
        await check(`${name} is accessible at ${width} px, ${colorScheme}`, async () => {
          await goTo(other, name);
          await other.locator("main h1").waitFor();
          if (name === "tools") await other.locator("tbody tr").first().waitFor();
          await other.screenshot({ path: join(SHOTS, `${name}-${width}-${colorScheme}.png`), fullPage: true });
          const { violations: found } = await new AxeBuilder({ page: other }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
          const grave = found.filter((one) => ["serious", "critical", "moderate"].includes(one.impact));
          same(grave.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 120))]), [], "what axe finds");
          const wide = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          holds(wide <= 0, `it is ${wide} px too wide`);
        });
      }
      await other.context().close();
    }
  }

  await check("without a script there is a table", async () => {
    const bare = await opened({ javaScriptEnabled: false });
    await bare.goto(`http://127.0.0.1:${home.port}/ui/`);
    await bare.getByRole("link", { name: "one that does not" }).click();
    await bare.getByLabel("Code").fill(home.link().split("#code=")[1]);
    await bare.getByRole("button", { name: "Enter" }).click();
    await bare.getByRole("rowheader", { name: "counter" }).waitFor();
    await bare.screenshot({ path: join(SHOTS, "plain.png") });
    await bare.context().close();
  });

  await check("a page of another origin gets nothing", async () => {
    const { createServer } = await import("node:http");
    const server = createServer((_, reply) => reply.setHeader("Content-Type", "text/html").end("<!doctype html><title>x</title>"));
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    const foreign = await page.context().newPage();
    await foreign.goto(`http://127.0.0.1:${server.address().port}/`);
    const found = await foreign.evaluate(async (base) => {
      const tried = [];
      for (const [method, path] of [["GET", "status"], ["POST", "servers/counter/stop"], ["POST", "reload"]]) {
        try { tried.push((await fetch(`${base}/api/v1/${path}`, { method, credentials: "include", mode: "cors" })).status); } catch { tried.push("refused"); }
        try { await fetch(`${base}/api/v1/${path}`, { method, credentials: "include", mode: "no-cors" }); } catch { tried.push("refused"); }
      }
      return tried;
    }, `http://127.0.0.1:${home.port}`);
    holds(found.every((one) => one === "refused"), JSON.stringify(found));
    const counter = JSON.parse(home.callmux("status", "--json").stdout).servers.find((one) => one.name === "counter");
    same(counter.phase, "ready", "the server that was to be stopped");
    await foreign.close();
    server.close();
  });

  await check("a hidden page asks for nothing", async () => {
    await goTo(page, "now");
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    // What was on its way has come by the time that another page was told twice.
    const other = await entered();
    const before = asked.length;
    await other.waitForResponse(/status/);
    await other.waitForResponse(/status/);
    const late = asked.length - before;
    await other.context().close();
    same(late, 0, "requests while nobody looks");
    await page.evaluate(() => { delete document.hidden; document.dispatchEvent(new Event("visibilitychange")); });
    await page.waitForResponse(/status/);
  });

  await check("a daemon that is killed is missed, and a new link goes on", async () => {
    await goTo(page, "now");
    await home.kill();
    await page.getByText("The daemon does not answer. Trying again.").waitFor();
    await page.screenshot({ path: join(SHOTS, "cut.png") });
    await home.start();
    await page.getByRole("heading", { name: "You are out" }).waitFor();
    await page.screenshot({ path: join(SHOTS, "out.png") });
    await page.goto(home.link());
    await page.locator("p.health").waitFor();
  });

  await check("who leaves is out", async () => {
    await page.getByRole("button", { name: "Leave" }).click();
    await page.getByRole("heading", { name: "You are out" }).waitFor();
    same((await page.context().cookies()).filter((one) => one.value).map((one) => one.name).length <= 1, true, "cookies");
  });

  await check("500 servers and 5,000 tools are shown at once", async () => {
    const servers = Array.from({ length: 500 }, (_, at) => [`s${at}`, "/no/such/program"]);
    home.write(config([...servers, ["many", process.execPath, PLANTED, "--many", "5000"]]) + RULES);
    const other = await entered();
    await until("the servers", async () => JSON.parse(home.callmux("status", "--json").stdout).servers.length === 501);
    await until("the tools", async () => JSON.parse(home.callmux("status", "--json").stdout).tools >= 5000);
    await goTo(other, "servers");
    await other.getByText(/Servers – 501, the first 100 shown/).waitFor();
    await goTo(other, "tools");
    await other.getByText(/Tools – 5,0\d\d, the first 100 shown/).waitFor();
    const took = await other.evaluate(() => {
      const search = document.querySelector("input[type=search]");
      const began = performance.now();
      search.value = "tool 49";
      search.dispatchEvent(new Event("input"));
      document.body.getBoundingClientRect();
      return performance.now() - began;
    });
    console.log(`        a search among 5,000 tools took ${took.toFixed(0)} ms`);
    await other.context().close();
  });

  await check("no browser has seen a hole in the policy, or an error", async () => {
    same(violations, [], "violations");
    same(errors, [], "errors");
  });
} catch (error) {
  failed.push("the suite");
  console.log(`FAILED  the suite: ${error.stack}`);
  console.log(home.log.split("\n").slice(-20).join("\n"));
} finally {
  await browser.close();
  await home.end();
}
end();

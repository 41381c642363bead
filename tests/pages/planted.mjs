// An MCP server on stdio whose every text tries to be more than text. `--many`: it offers a great many tools.

import { createInterface } from "node:readline";

const MARKUP = [
  "<img src=x onerror=\"window.planted=1\">",
  "<script>window.planted=2</script>",
  "\"><svg onload=window.planted=3>",
  "javascript:window.planted=4",
  "{{constructor.constructor('window.planted=5')()}}",
  "</textarea><iframe srcdoc=\"<script>parent.planted=6</script>\">",
  "${window.planted=7}",
  "<a href=\"javascript:window.planted=8\" autofocus onfocus=window.planted=9>x</a>",
];
const HIDING = "right\u202eto left\u202c zero\u200bwidth \u001b[31mred\u001b[0m bell\u0007 \u2066isolate\u2069 \u{e0041}tag";

const planted = [...MARKUP, HIDING].map((text, at) => ({
  name: `planted_${at}`, description: `${text} ${HIDING}`,
  inputSchema: {
    type: "object", required: [text],
    properties: { [text]: { type: "string", description: text, enum: [text, "b"] } },
  },
}));
const given = {
  content: [
    ...[...MARKUP, HIDING].map((text) => ({ type: "text", text })),
    { type: "text", text: MARKUP[0].repeat(600) },
    { type: "image", mimeType: MARKUP[1], data: "A".repeat(4096) },
    { type: "resource_link", uri: "javascript:window.planted=10", name: MARKUP[0] },
    { type: "resource", resource: { uri: MARKUP[3], mimeType: "text/html", text: MARKUP[1] } },
    { type: MARKUP[2], other: MARKUP[7] },
  ],
  structuredContent: Object.fromEntries([...MARKUP, HIDING].map((text) => [text, text])),
};
const many = Array.from({ length: Number(process.argv[3] ?? 0) }, (_, at) => ({
  name: `tool_${at}`, description: `What tool ${at} does, in a few words`, inputSchema: { type: "object" },
}));

process.stderr.write([...MARKUP, HIDING].map((text) => `${text}\n`).join(""));
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === "initialize") {
    say({ id, result: {
      protocolVersion: params.protocolVersion, capabilities: { tools: {} },
      serverInfo: { name: MARKUP[0], version: HIDING }, instructions: MARKUP.join("\n"),
    } });
  } else if (method === "tools/list") say({ id, result: { tools: many.length ? many : planted } });
  else if (method === "tools/call" && params.name === "planted_1") say({ id, result: given });
  else if (method === "tools/call" && params.name === "planted_3") {
    say({ id, result: { content: [{ type: "text", text: MARKUP[0].repeat(4000) }] } });
  } else if (method === "tools/call") {
    say({ id, error: { code: -32000, message: MARKUP.join(" ") + HIDING } });
  } else if (method === "ping") say({ id, result: {} });
  else say({ id, error: { code: -32601, message: `${MARKUP[0]} is not known` } });
});

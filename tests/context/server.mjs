// A server with the tools of a file, which answer with the text of their `answer`, or a short one.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const own = JSON.parse(readFileSync(process.argv[2], "utf8"));
const tools = own.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
const row = (n) => ({ id: n, state: "open", title: `thing number ${n}`, url: `https://example.org/things/${n}` });

function answer({ name }) {
  const tool = own.find((one) => one.name === name);
  if (tool.structured) {
    return { content: [{ type: "text", text: JSON.stringify(tool.structured) }], structuredContent: tool.structured };
  }
  const text = tool.answer ?? JSON.stringify({ tool: name, items: [row(1), row(2), row(3)] });
  return { content: [{ type: "text", text }], isError: tool.isError ?? false };
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answers = {
    initialize: () => ({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "tools", version: "1" },
    }),
    ping: () => ({}),
    "tools/list": () => ({ tools }),
    "tools/call": () => answer(params),
  };
  const said = answers[method]
    ? { result: answers[method]() }
    : { error: { code: -32601, message: "no such method" } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...said })}\n`);
});

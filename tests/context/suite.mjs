// What tools cost a model, in tokens of o200k: of tasks through callmux and with direct connections, and of ten
// sessions beside what the ledger says of them.
//
//   suite.mjs TASKS TOOLS

import { readFileSync } from "node:fs";

import { sessions } from "./ledger.mjs";
import { cost } from "./tasks.mjs";

const TASKS = 20;

const [tasksFile, toolsFile] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const all = read(toolsFile).tools.map(({ server, tool, description, inputSchema, tool_id }) => ({
  id: tool_id,
  server,
  name: tool,
  description,
  inputSchema,
}));
const byId = new Map(all.map((tool) => [tool.id, tool]));
const tasks = read(tasksFile)
  .tasks.filter((task) => new Set(task.turns.flatMap((turn) => turn.tools)).size <= 10)
  .slice(0, TASKS)
  .map((task) => task.turns.map(({ text, tools }) => ({ text, wanted: tools.map((id) => byId.get(id)) })));

let failed = 0;
const check = (title, isRight, more = "") => {
  console.log(`${isRight ? "ok    " : "FAILED"} ${title}${more && `: ${more}`}`);
  failed += isRight ? 0 : 1;
};
const percent = (share) => `${share >= 0 ? "+" : ""}${(share * 100).toFixed(1)} %`;

for (const count of [10, 50, 100, 500]) {
  const sum = await cost(tasks, all, count, "an-agent");
  const share = sum.cost / sum.direct - 1;
  check(
    `${sum.tasks} tasks, ${count} tools: ${percent(share)} of what direct connections cost`,
    share <= 0,
    `worst task ${percent(sum.worst)}; tokens read ${percent(sum.read / sum.directRead - 1)}; ` +
      `turns ${sum.turns} for ${sum.directTurns}; tools not found ${sum.missed}`,
  );
}
for (const { title, saved, counted, error, isRight } of await sessions(all)) {
  check(`the ledger of ${title}`, isRight, `says ${saved} saved, ${counted} are; off by ${percent(error)}`);
}
console.log(failed ? `${failed} FAILED` : "all ok");
process.exitCode = failed ? 1 : 0;

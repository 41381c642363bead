// The npm callmux's own client of its management API: each line is what an answer had, or why there is none.

import { pathToFileURL } from 'node:url';

const [library, baseUrl, token, binary] = process.argv.slice(2);
const { ManagementClient } = await import(pathToFileURL(library));
const client = new ManagementClient({ baseUrl, token });
const config = { command: binary, args: ['example-server', 'notes'], callTimeoutMs: 90000 };
const told = [];
const say = async (answer, of) => told.push(await answer.then(of, (error) => `error: ${error.message}`));
const action = (body) => body.action;

await say(client.status(), (body) => body.management.path);
await say(client.addServer('extra', config, { dryRun: true }), action);
await say(client.addServer('extra', config), action);
await say(client.servers(), (body) => body.servers.map((server) => server.name).join());
await say(client.updateServer('extra', { tools: ['add'] }), action);
await say(client.effectiveConfig(), (body) => body.servers.extra.tools.join());
await say(client.restartServer('extra'), action);
await say(client.clearCache(), action);
await say(client.removeServer('extra', { dryRun: true }), action);
await say(client.removeServer('extra'), action);
await say(client.removeServer('extra'), action);
console.log(JSON.stringify(told));

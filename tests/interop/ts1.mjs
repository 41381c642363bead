// Driver: @modelcontextprotocol/sdk 1.x, which speaks the legacy revisions.

import { ROOTS, elicited, require, run, sampled } from './driver.mjs';

const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');
const schemas = require('@modelcontextprotocol/sdk/types.js');
const { AjvJsonSchemaValidator } = require('@modelcontextprotocol/sdk/validation/ajv');

const LISTS = {
  tools: schemas.ListToolsResultSchema,
  prompts: schemas.ListPromptsResultSchema,
  resources: schemas.ListResourcesResultSchema,
  resourceTemplates: schemas.ListResourceTemplatesResultSchema,
};

/** Whether a list with this item would be refused. */
function isRefused(list, text) {
  const item = JSON.parse(text);
  if (!LISTS[list].safeParse({ [list]: [item] }).success) return true;
  try {
    if (item.outputSchema) new AjvJsonSchemaValidator().getValidator(item.outputSchema);
    return false;
  } catch {
    return true;
  }
}

run({
  Http: StreamableHTTPClientTransport,
  Stdio: StdioClientTransport,
  async open(_era, conn) {
    const capabilities = conn.able;
    const client = new Client({ name: 'interop-ts1', version: '1.0.0' }, { capabilities });
    if (capabilities.roots) client.setRequestHandler(schemas.ListRootsRequestSchema, () => ROOTS);
    client.setRequestHandler(schemas.CreateMessageRequestSchema, ({ params }) => sampled(params));
    client.setRequestHandler(schemas.ElicitRequestSchema, ({ params }) => elicited(conn, params));
    await client.connect(conn.transport);
    // Only the transport is told which revision was settled on.
    client.revision = conn.log.find((entry) => entry.in?.result?.protocolVersion).in.result.protocolVersion;
    return client;
  },
  ops: {
    judge: async ({ list, items }) => ({ refused: items.map((item) => isRefused(list, item)) }),
  },
  greeting: (client) => ({ revision: client.revision, era: 'legacy', server: client.getServerVersion() }),
  // Not `callTool`: that one refuses on its own side what the server should refuse (tasks).
  call: (client, params, options) =>
    client.request({ method: 'tools/call', params }, schemas.CallToolResultSchema, options),
});

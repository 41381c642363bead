// Driver: @modelcontextprotocol/client 2.x, which speaks both eras.

import { ROOTS, elicited, require, run, sampled } from './driver.mjs';

const { Client, StreamableHTTPClientTransport } = require('@modelcontextprotocol/client');
const { StdioClientTransport } = require('@modelcontextprotocol/client/stdio');

const MODES = { legacy: undefined, auto: { mode: 'auto' }, modern: { mode: { pin: '2026-07-28' } } };

run({
  Http: StreamableHTTPClientTransport,
  Stdio: StdioClientTransport,
  async open(era, conn) {
    const capabilities = conn.able;
    const options = { capabilities, versionNegotiation: MODES[era] };
    const client = new Client({ name: 'interop-ts2', version: '1.0.0' }, options);
    if (capabilities.roots) client.setRequestHandler('roots/list', () => ROOTS);
    client.setRequestHandler('sampling/createMessage', ({ params }) => sampled(params));
    client.setRequestHandler('elicitation/create', ({ params }) => elicited(conn, params));
    await client.connect(conn.transport);
    return client;
  },
  greeting: (client) => ({
    revision: client.getNegotiatedProtocolVersion(),
    era: client.getProtocolEra(),
    server: client.getServerVersion(),
  }),
  listen: (client) => client.listen({ toolsListChanged: true }),
  call: (client, params, options) => client.callTool(params, options),
});

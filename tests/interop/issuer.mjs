// A real issuer: oidc-provider from npm, whose clients get access tokens (JWT) for one resource.
// Arguments: the directory it is installed in, the resource. It prints its address.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { once } from "node:events";
import { pathToFileURL } from "node:url";

const [where, resource] = process.argv.slice(2);
const entry = createRequire(`${where}/`).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(entry));

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(url, {
  clients: [{
    client_id: "robot", client_secret: "robot-secret", grant_types: ["client_credentials"],
    redirect_uris: [], response_types: [],
  }],
  scopes: ["notes.read", "notes.write"],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: "notes.read notes.write", audience: resource, accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
});
server.on("request", provider.callback());
console.log(url);

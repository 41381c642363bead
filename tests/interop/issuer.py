"""A real issuer (oidc-provider from npm): its tokens let in whom the rules name."""

import asyncio
import base64
import json
import urllib.error
import urllib.parse
import urllib.request

from rig import HERE

RESOURCE = "https://mcp.example.com/mcp"
CONFIG = """
[servers.notes]
command = {callmux}
args = ["example-server", "notes"]

[access.oidc]
issuer = {issuer}
audience = "{resource}"

[[access.rules]]
principals = ["scope:notes.write"]
effect = "allow"

[[access.rules]]
principals = ["oidc:robot"]
tools = ["notes__search"]
effect = "allow"
"""


def asked(url, headers, body):
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def token(issuer, scope):
    secret = base64.b64encode(b"robot:robot-secret").decode()
    form = {"grant_type": "client_credentials", "scope": scope, "resource": RESOURCE}
    headers = {"authorization": f"Basic {secret}", "content-type": "application/x-www-form-urlencoded"}
    return json.loads(asked(f"{issuer}/token", headers, urllib.parse.urlencode(form).encode())[2])["access_token"]


class Client:
    """A client of either era, which sends a token with each request."""

    def __init__(self, url, proof, is_modern):
        self.url, self.is_modern = url, is_modern
        self.headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        if proof:
            self.headers["authorization"] = f"Bearer {proof}"
        self.session = None

    def post(self, method, params, more=None):
        headers = {**self.headers, **({"mcp-session-id": self.session} if self.session else {}), **(more or {})}
        if self.is_modern:
            headers |= {"mcp-protocol-version": "2026-07-28", "mcp-method": method, "mcp-name": params.get("name", "")}
            meta = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}
            params = {**params, "_meta": {f"io.modelcontextprotocol/{key}": value for key, value in meta.items()}}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return asked(self.url, headers, json.dumps(body).encode())

    def begin(self):
        if not self.is_modern:
            hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            self.session = self.post("initialize", hello)[1].get("mcp-session-id")
        return self

    def may(self, tool, arguments):
        return '"content"' in self.post("tools/call", {"name": tool, "arguments": arguments})[2]


async def check(book, rig):
    process = await asyncio.create_subprocess_exec(
        "node", str(HERE / "issuer.mjs"), str(rig.scratch / "issuer"), RESOURCE,
        stdin=-3, stdout=-1, stderr=-3, env=rig.env, cwd=rig.home,
    )
    try:
        issuer = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        words = {"callmux": json.dumps(rig.binary), "issuer": json.dumps(issuer), "resource": RESOURCE}
        daemon = await rig.daemon("issuer", CONFIG.format(**words))
        await daemon.settled(1)
        await asyncio.to_thread(requests, book, issuer, daemon.way("tcp")["url"])
        await daemon.stop()
    finally:
        process.terminate()
        await process.wait()


def requests(book, issuer, url):
    for is_modern in (False, True):
        era = "modern" if is_modern else "legacy"
        for scope, writes in (("notes.read", False), ("notes.write", True)):
            client = Client(url, token(issuer, scope), is_modern).begin()
            may = [client.may("notes__search", {"query": "x"}), client.may("notes__add", {"text": "x"})]
            book.check(f"issuer, {era}: who was granted {scope} may do that and no more", may == [True, writes], str(may))
        status, headers, _ = Client(url, token(issuer, "notes.read")[:-8] + "AAAAAAAA", is_modern).post("tools/list", {})
        challenge = {name.lower(): value for name, value in headers.items()}.get("www-authenticate", "")
        good = status == 401 and "resource_metadata=" in challenge and 'scope="notes.write"' in challenge
        book.check(f"issuer, {era}: a forged token gets a challenge", good, f"{status} {challenge}")
    origin = url.removesuffix("/mcp")
    document = json.loads(asked(f"{origin}/.well-known/oauth-protected-resource/mcp", {}, None)[2])
    named = (document["resource"], document["authorization_servers"])
    book.check("issuer: the metadata lead to it", named == (RESOURCE, [issuer]), str(named))

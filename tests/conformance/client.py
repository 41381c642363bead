"""What the official suite runs as the client: an MCP client on stdio, with callmux between it and the
suite's server. In the scenarios about authorization it is also the person who logs in.

`client.py URL`, with MCP_CONFORMANCE_SCENARIO, _PROTOCOL_VERSION and _CONTEXT from the suite.
CALLMUX_CONFORMANCE_CLIENT says which callmux; unset, the stand-in takes its place, which proves
this file right. What goes wrong is said on stderr, one line each, after `client: `.
"""

import asyncio
import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
CAPABILITIES = {"elicitation": {"form": {}}, "sampling": {}, "roots": {}}
INFO = {"name": "conformance-client", "version": "1.0.0"}
DEADLINE = 20


class Refused(Exception):
    pass


class Client:
    """A client of one era on the pipes of a process."""

    def __init__(self, process, version):
        self.process, self.version, self.modern = process, version, version >= MODERN
        self.last, self.waiting = 0, {}
        self.reader = asyncio.create_task(self.read())

    def write(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def read(self):
        async for line in self.process.stdout:
            message = json.loads(line)
            if "method" in message:
                if "id" in message:
                    self.write({"id": message["id"], "result": answer(message["method"], message.get("params") or {})})
            elif (waiting := self.waiting.pop(message.get("id"), None)) and not waiting.done():
                waiting.set_result(message)
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(Refused("the other side has closed its end"))

    async def request(self, method, **params):
        self.last += 1
        if self.modern:
            named = {"protocolVersion": self.version, "clientInfo": INFO, "clientCapabilities": CAPABILITIES}
            params["_meta"] = {f"{META}{key}": value for key, value in named.items()}
        waiting = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        self.write({"id": self.last, "method": method, "params": params})
        try:
            message = await asyncio.wait_for(waiting, DEADLINE)
        except asyncio.TimeoutError:
            raise Refused(f"{method} had no answer within {DEADLINE} s") from None
        if "error" in message:
            raise Refused(f"{method}: {message['error'].get('code')} {message['error'].get('message')}")
        return message["result"]

    async def call(self, name, arguments=None, between=None, **more):
        """Calls a tool, and answers what it asks. `between` is called before each answer."""
        result = await self.request("tools/call", name=name, arguments=arguments or {}, **more)
        if result.get("resultType", "complete") != "input_required":
            return result
        if between:
            await between()
        asked = (result.get("inputRequests") or {}).items()
        more = {"inputResponses": {key: answer(one["method"], one.get("params") or {}) for key, one in asked}}
        if "requestState" in result:
            more["requestState"] = result["requestState"]
        return await self.call(name, arguments, between, **more)

    async def open(self):
        if self.modern:
            return await self.request("server/discover")
        params = {"protocolVersion": self.version, "capabilities": CAPABILITIES, "clientInfo": INFO}
        result = await self.request("initialize", **params)
        self.write({"method": "notifications/initialized"})
        return result

    async def close(self):
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), DEADLINE)
        except asyncio.TimeoutError:
            self.process.kill()
        await self.reader


def answer(method, params):
    """What the user, the model or the client itself says."""
    if method == "sampling/createMessage":
        content = {"type": "text", "text": "A model says so."}
        return {"role": "assistant", "content": content, "model": "none", "stopReason": "endTurn"}
    if method == "elicitation/create":
        fields = (params.get("requestedSchema") or {}).get("properties") or {}
        return {"action": "accept", "content": {name: field.get("default", example(field)) for name, field in fields.items()}}
    return {"roots": []} if method == "roots/list" else {}


def example(schema):
    kinds = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    return kinds.get(schema.get("type"))


async def every_tool(client, tools):
    """A model calls whatever it is shown."""
    for tool in tools:
        fields = tool["inputSchema"].get("properties", {})
        wanted = tool["inputSchema"].get("required", [])
        await client.call(tool["name"], {name: example(fields[name]) for name in wanted})


async def headers(client, tools):
    await every_tool(client, tools)
    for resource in (await client.request("resources/list"))["resources"]:
        await client.request("resources/read", uri=resource["uri"])
    for prompt in (await client.request("prompts/list"))["prompts"]:
        await client.request("prompts/get", name=prompt["name"])


async def custom_headers(client, _):
    for call in json.loads(os.environ["MCP_CONFORMANCE_CONTEXT"])["toolCalls"]:
        await client.call(call["name"], call["arguments"])


async def request_state(client, _):
    await client.call("test_mrtr_echo_state", between=lambda: client.call("test_mrtr_unrelated"))
    await client.call("test_mrtr_no_state")
    await client.call("test_mrtr_no_result_type")


async def preserved(client, tools):
    schemas = {tool["name"]: tool["inputSchema"] for tool in tools}
    await client.call("json_schema_echo", {"schema": schemas["json_schema_2020_12_tool"]})


async def nothing(*_):
    pass


# Scenarios where something else is to do than to call every tool.
DOES = {
    "http-standard-headers": headers,
    "http-custom-headers": custom_headers,
    "sep-2322-client-request-state": request_state,
    "json-schema-2020-12-preservation": preserved,
    # That server has a tool and no calls.
    "json-schema-ref-no-deref": nothing,
}


# The suite's client id metadata document.
DOCUMENT = "https://conformance-test.local/client-metadata.json"
# Scenarios in which a client has to refuse.
REFUSES = {
    "auth/scope-retry-limit",
    "auth/resource-mismatch",
    "auth/iss-supported-missing",
    "auth/iss-wrong-issuer",
    "auth/iss-unexpected",
    "auth/iss-normalized",
    "auth/metadata-issuer-mismatch",
}
# How often a person who is asked to logs in.
LOGINS = 4


def auth(scenario):
    """The config of what proves callmux to the suite's server."""
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    keys = {"type": "oauth", "client_metadata_url": DOCUMENT}
    keys |= {key: context[key] for key in ("client_id", "client_secret") if key in context}
    if scenario.startswith("auth/client-credentials"):
        keys["grant"] = "client_credentials"
    return "\n".join(["[servers.suite.auth]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]) + "\n"


class Person:
    """Who logs in when that is asked for."""

    def __init__(self, binary, socket, env):
        self.binary, self.socket, self.env, self.left = binary, str(socket), env, LOGINS

    async def login(self):
        """Opens the address and consents, which the suite's authorization server takes for granted."""
        words = ["login", "suite", "--no-browser", "--socket", self.socket]
        process = await asyncio.create_subprocess_exec(self.binary, *words, stdin=-3, stdout=-1, stderr=-1, env=self.env)
        visit = None
        async for line in process.stdout:
            if address := re.match(r"\s+(https?://\S+)$", line.decode()):
                visit = asyncio.create_task(asyncio.to_thread(open_address, address[1]))
        said = (await process.stderr.read()).decode().strip()
        if visit:
            await visit
        # The server may want another login at once.
        if await process.wait() and not await self.is_asked(said):
            raise Refused(f"the login failed: {said}")

    async def is_asked(self, text):
        """Logs in if this says so."""
        if "callmux login" not in text or not self.left:
            return False
        self.left -= 1
        await self.login()
        return True


def open_address(address):
    try:
        urllib.request.urlopen(address, timeout=DEADLINE).read()
    except urllib.error.HTTPError:
        pass  # A page that says what is wrong.


class Guided(Client):
    """A client whose user logs in where callmux says so."""

    person = None

    async def call(self, name, arguments=None, between=None, **more):
        while True:
            result = await super().call(name, arguments, between, **more)
            if not await self.person.is_asked(json.dumps(result)):
                return result


class Serve:
    """The daemon, whose log is read as it comes: a look at the whole file again and again, by each of
    the suite's many clients at once, would leave the suite itself no processor."""

    # Not needed for a list, which waits; but a server that fails is to be said as that.
    SETTLED = re.compile(rb'"fact":"(server_ready|server_failed|server_unusable)"')

    def __init__(self, process, log):
        self.process, self.log, self.settled = process, log, asyncio.Event()
        self.reader = asyncio.create_task(self.read())

    async def read(self):
        with open(self.log, "ab", buffering=0) as log:
            async for line in self.process.stderr:
                log.write(line)
                if self.SETTLED.search(line):
                    self.settled.set()
        self.settled.set()

    async def close(self):
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()
        await self.reader


async def daemon(binary, url, home, scenario):
    """callmux with the suite's server as its only one, and a bridge to it."""
    home.mkdir(parents=True)
    dirs = ("XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    env = {**os.environ, **{name: str(home) for name in dirs}}
    config, socket, log = home / "c.toml", home / "c.sock", Path(f"{home}.stderr")
    keys = auth(scenario) if scenario.startswith("auth/") else ""
    config.write_text(f'[servers.suite]\nurl = {json.dumps(url)}\nprefix = ""\n{keys}')
    words = ["serve", "--config", config, "--socket", socket, "--log-format", "json"]
    process = await asyncio.create_subprocess_exec(
        binary, *map(str, words), stdin=-3, stdout=-3, stderr=-1, env=env, limit=1 << 26
    )
    serve = Serve(process, log)
    await serve.settled.wait()
    with open(log, "ab") as stderr:
        words = ["bridge", "--socket", str(socket)]
        bridge = await asyncio.create_subprocess_exec(
            binary, *words, stdin=-1, stdout=-1, stderr=stderr, env=env, limit=1 << 26
        )
    return serve, bridge, Person(binary, socket, env), log.read_text()


async def run(client, scenario):
    await client.open()
    tools = (await client.request("tools/list"))["tools"]
    await DOES.get(scenario, every_tool)(client, tools)


async def main(url):
    scenario, version = os.environ["MCP_CONFORMANCE_SCENARIO"], os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"]
    serve, binary, kind = None, os.environ.get("CALLMUX_CONFORMANCE_CLIENT"), Client
    if binary:
        home = Path(os.environ["HOME"]) / f"client-{version}-{scenario.replace('/', '-')}"
        serve, process, person, log = await asyncio.wait_for(daemon(binary, url, home, scenario), DEADLINE)
        kind, Guided.person = Guided, person
    elif scenario.startswith("auth/"):
        return 0
    else:
        words = [sys.executable, str(HERE / "standin.py"), url]
        process = await asyncio.create_subprocess_exec(*words, stdin=-1, stdout=-1, limit=1 << 26)
    client = kind(process, version)
    try:
        if serve:
            await person.is_asked(log)
        await run(client, scenario)
        return 0
    except (Refused, KeyError) as why:
        if scenario in REFUSES:
            return 1
        print(f"client: {why!r}", file=sys.stderr)
        return 1
    finally:
        await client.close()
        if serve:
            await serve.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))

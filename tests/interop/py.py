"""Driver: the Python SDK `mcp` 2.x. It takes and gives the same JSON lines as driver.mjs."""

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CreateMessageResult, ElicitResult, Implementation, ListRootsResult, TextContent

PROGRESS = "notifications/progress"
CHANGED = "notifications/tools/list_changed"


class Tapped:
    """A stream that writes down what passes it: what the SDK makes of it may hide a difference."""

    def __init__(self, inner, log, key):
        self._inner, self._log, self._key = inner, log, key

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def note(self, item):
        if not isinstance(item, Exception):
            message = item.message.model_dump(by_alias=True, mode="json", exclude_unset=True)
            self._log.append({self._key: message})
        return item

    async def send(self, item):
        self.note(item)
        await self._inner.send(item)

    async def receive(self):
        return self.note(await self._inner.receive())

    def __aiter__(self):
        return self

    async def __anext__(self):
        return self.note(await self._inner.__anext__())

    async def __aenter__(self):
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *why):
        return await self._inner.__aexit__(*why)


@asynccontextmanager
async def tapped(to, log):
    async with plain(to) as (read, write):
        yield Tapped(read, log, "in"), Tapped(write, log, "out")


@asynccontextmanager
async def plain(to):
    if "command" in to:
        server = StdioServerParameters(**{key: to[key] for key in ("command", "args", "env", "cwd") if key in to})
        async with stdio_client(server) as streams:
            yield streams
    elif "socket" in to:
        transport = httpx2.AsyncHTTPTransport(uds=to["socket"])
        async with httpx2.AsyncClient(transport=transport, timeout=httpx2.Timeout(30, read=300)) as http:
            async with streamable_http_client(to["url"], http_client=http) as streams:
                yield streams
    elif to["url"].endswith("/sse"):
        async with sse_client(to["url"]) as streams:
            yield streams
    else:
        async with streamable_http_client(to["url"]) as streams:
            yield streams


def wrong(error):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    known = error.error if isinstance(error, MCPError) else None
    return {
        "name": type(error).__name__,
        "code": known.code if known else None,
        "message": known.message if known else str(error),
        "data": known.data if known else None,
    }


def is_answer(message):
    return message is not None and "method" not in message and "id" in message


class Conn:
    """One client. It lives in a task of its own, as its cancel scopes demand."""

    def __init__(self, op):
        self.op, self.log, self.elicit = op, [], None
        self.ready, self.leave = asyncio.get_running_loop().create_future(), asyncio.Event()
        self.task = asyncio.create_task(self.live())

    async def live(self):
        async def roots(_context):
            return ListRootsResult(roots=[])

        async def sampled(_context, params):
            messages = [message.model_dump(by_alias=True, mode="json", exclude_none=True) for message in params.messages]
            text = "asked: " + json.dumps(messages, separators=(",", ":"))
            content = TextContent(type="text", text=text)
            return CreateMessageResult(role="assistant", model="interop", stop_reason="endTurn", content=content)

        async def elicited(_context, params):
            if self.elicit == "decline":
                return ElicitResult(action="decline")
            content = None if params.mode == "url" else {"name": "Ada", "integer": 7}
            return ElicitResult(action="accept", content=content)

        client = Client(
            tapped(self.op["to"], self.log),
            mode="legacy" if self.op["era"] == "legacy" else "auto",
            client_info=Implementation(name="interop-py", version="1.0.0"),
            list_roots_callback=roots if self.op.get("roots", True) else None,
            sampling_callback=sampled,
            elicitation_callback=elicited,
        )
        try:
            async with client:
                if self.op.get("listen"):
                    async with client.listen(tools_list_changed=True):
                        await self.serve(client)
                else:
                    await self.serve(client)
        except BaseException as error:
            if self.ready.done():
                raise
            self.ready.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    async def serve(self, client):
        self.client = client
        self.ready.set_result(client)
        await self.leave.wait()

    def answers_to(self, method, since=0):
        log = self.log[since:]
        ids = [entry["out"].get("id") for entry in log if entry.get("out", {}).get("method") == method]
        return [e["in"] for e in log if is_answer(e.get("in")) and e["in"]["id"] in ids]

    def timeline(self, since):
        events = []
        answers = [answer["id"] for answer in self.answers_to("tools/call", since)]
        for message in (entry["in"] for entry in self.log[since:] if "in" in entry):
            method = message.get("method", "")
            if method == PROGRESS:
                events.append(["progress", message["params"]["progress"], message["params"].get("total")])
            elif method and not method.startswith("notifications/"):
                events.append(["asked", method])
            elif is_answer(message) and message["id"] in answers:
                # The end of a round is how a modern client is asked.
                questions = message.get("result", {}).get("inputRequests", {}).values()
                events += [["asked", q["method"]] for q in questions] or [["answer"]]
        return events

    def changes(self):
        return sum(entry.get("in", {}).get("method") == CHANGED for entry in self.log)

    def tally(self):
        sent = [e["out"] for e in self.log if "method" in e.get("out", {}) and "id" in e["out"]]
        count = lambda id: sum(is_answer(e.get("in")) and e["in"]["id"] == id for e in self.log)
        some = lambda wanted: [{"id": r["id"], "method": r["method"]} for r in sent if wanted(count(r["id"]))]
        return {"requests": len(sent), "unanswered": some(lambda n: n == 0), "repeated": some(lambda n: n > 1)}


CONNS = {}


async def op_open(conn, **op):
    opened = Conn(op)
    client = await opened.ready
    CONNS[conn] = opened
    dump = lambda model: model and model.model_dump(by_alias=True, mode="json", exclude_none=True)
    revision = client.protocol_version
    return {
        "revision": revision,
        "era": "modern" if revision >= "2026-07-28" else "legacy",
        "server": dump(client.server_info),
        "instructions": client.instructions,
        "capabilities": dump(client.server_capabilities),
    }


async def op_list(conn):
    conn = CONNS[conn]
    since, cursor = len(conn.log), None
    while True:
        # Asking for less than the wire has would compare a cache with itself.
        page = await conn.client.list_tools(cursor=cursor, cache_mode="refresh")
        cursor = page.next_cursor
        if cursor is None:
            return {"pages": [answer["result"] for answer in conn.answers_to("tools/list", since)]}


async def op_lists(conn):
    """The names of everything, as the SDK's own methods give it; a text where the SDK refuses a list."""
    client, lists = CONNS[conn].client, {}
    ways = {
        "tools": (client.list_tools, "tools", "name"),
        "prompts": (client.list_prompts, "prompts", "name"),
        "resources": (client.list_resources, "resources", "uri"),
        "resourceTemplates": (client.list_resource_templates, "resource_templates", "uri_template"),
    }
    for list_, (method, member, key) in ways.items():
        names, cursor = [], None
        try:
            while True:
                page = await method(cursor=cursor, cache_mode="refresh")
                names += [str(getattr(item, key)) for item in getattr(page, member)]
                cursor = page.next_cursor
                if cursor is None:
                    break
            lists[list_] = names
        except Exception as error:
            lists[list_] = wrong(error)["message"]
    return {"lists": lists}


async def op_call(conn, name, args, progress=False, cancel_after=None, elicit=None):
    conn = CONNS[conn]
    conn.elicit, since, seen = elicit, len(conn.log), 0
    outcome = {"error": {"name": "Cancelled", "code": None, "message": "", "data": None}}
    with anyio.CancelScope() as scope:

        async def on_progress(*_progress):
            nonlocal seen
            seen += 1
            if seen == cancel_after:
                scope.cancel()

        callback = on_progress if progress or cancel_after else None
        try:
            result = await conn.client.call_tool(name, args, read_timeout_seconds=60, progress_callback=callback)
            outcome = {"result": result.model_dump(by_alias=True, mode="json", exclude_none=True)}
        except Exception as error:
            outcome = {"error": wrong(error)}
    raw = conn.answers_to("tools/call", since)[-1:]
    raw = {key: raw[0].get(key) for key in ("result", "error")} if raw else None
    return {**outcome, "seen": seen, "timeline": conn.timeline(since), "raw": raw}


async def op_changed(conn, more_than):
    deadline = time.monotonic() + 20
    while CONNS[conn].changes() <= more_than:
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not happen")
        await asyncio.sleep(0.005)
    return {"changes": CONNS[conn].changes()}


async def op_close(conn):
    conn = CONNS.pop(conn)
    conn.leave.set()
    await conn.task
    return conn.tally()


async def serve(line):
    command = json.loads(line)
    n, op = command.pop("n"), command.pop("op")
    try:
        answer = await globals()[f"op_{op}"](**command)
    except BaseException as error:
        answer = {"failed": wrong(error)}
    print(json.dumps({"n": n, **answer}), flush=True)


async def main():
    running = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(serve(line))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    for conn in CONNS.values():
        conn.leave.set()
    await asyncio.gather(*(conn.task for conn in CONNS.values()), return_exceptions=True)


asyncio.run(main())

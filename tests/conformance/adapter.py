"""Streamable HTTP in front of `callmux bridge`: the official suite speaks HTTP only, a bridge stdio.

A legacy session has a bridge of its own; in the modern era, which knows no sessions, each connection
has one, so that ids need no rewriting. What HTTP itself asks of a server (Host, Origin, the headers
that repeat the body, sessions, which status an error has) is done here and says nothing about
callmux; `Mcp-Param-*` is not compared, for that is known only to whoever reads the tools.
"""

import asyncio
import base64
import json
import re
import uuid
from collections import deque
from urllib.parse import urlsplit

MODERN = "2026-07-28"
REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25", MODERN]
META = "io.modelcontextprotocol/"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
LOCAL = {"127.0.0.1", "localhost", "::1"}
# Errors that a modern server answers with a status of their own.
STATUS = {-32601: 404, -32020: 400, -32021: 400, -32022: 400}
HELD = 64


class Bridge:
    """One bridge process and who waits for what from it."""

    def __init__(self, process):
        self.process, self.waiting, self.standing = process, {}, None
        self.held, self.reader = deque(maxlen=HELD), asyncio.create_task(self.read())

    @classmethod
    async def start(cls, command, env, log):
        with open(log, "ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=-1, stdout=-1, stderr=stderr, env=env, cwd=env["HOME"], limit=1 << 26
            )
        return cls(process)

    def tell(self, message):
        self.process.stdin.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def ask(self, message):
        """Sends a request; the queue gets what belongs to it, the answer last."""
        token = ((message.get("params") or {}).get("_meta") or {}).get("progressToken")
        queue = asyncio.Queue()
        self.waiting[json.dumps(message["id"])] = (queue, token)
        self.tell(message)
        return queue

    async def read(self):
        async for line in self.process.stdout:
            self.route(json.loads(line))
        for queue, _ in self.waiting.values():
            queue.put_nowait(None)
        if self.standing:
            self.standing.put_nowait(None)

    def route(self, message):
        if "method" not in message:
            queue, _ = self.waiting.pop(json.dumps(message.get("id")), (None, None))
            if queue:
                queue.put_nowait(message)
            return
        queue = self.place(message)
        queue.put_nowait(message) if queue else self.held.append(message)

    def place(self, message):
        """The stream a message from the server goes out on."""
        params, open_streams = message.get("params") or {}, list(self.waiting.values())
        if message["method"] == "notifications/progress":
            return next((queue for queue, token in open_streams if token == params.get("progressToken")), self.standing)
        if (subscription := (params.get("_meta") or {}).get(f"{META}subscriptionId")) is not None:
            return self.waiting.get(json.dumps(subscription), (self.standing,))[0]
        if message["method"].endswith("/list_changed") and self.standing:
            return self.standing
        return open_streams[-1][0] if open_streams else self.standing

    def stand(self):
        """The stream for what belongs to no request."""
        self.standing = asyncio.Queue()
        while self.held:
            self.standing.put_nowait(self.held.popleft())
        return self.standing

    async def close(self):
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 20)
        except asyncio.TimeoutError:
            self.process.kill()
        await self.reader


class Connection:
    """One connection of a client, and its requests one after the other."""

    def __init__(self, adapter, reader, writer):
        self.adapter, self.reader, self.writer = adapter, reader, writer
        self.bridge, self.early, self.begun = None, b"", False

    async def serve(self):
        try:
            while head := await self.head():
                await self.answer(*head)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writer.close()
            if self.bridge:
                await self.bridge.close()

    async def head(self):
        head = await self.reader.readuntil(b"\r\n\r\n") if not self.reader.at_eof() else b""
        if not head:
            return None
        head, self.early = self.early + head, b""
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in rest if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        return method, path, headers, body

    async def answer(self, method, path, headers, body):
        hosts = [headers.get("host", "")] + ([urlsplit(headers["origin"]).netloc] if "origin" in headers else [])
        if any(urlsplit(f"//{host}").hostname not in LOCAL for host in hosts):
            return await self.plain(403, {"error": "this is a local server"})
        if path.partition("?")[0] != "/mcp":
            return await self.plain(404, {"error": "no such path"})
        session, modern = headers.get("mcp-session-id"), headers.get("mcp-protocol-version") == MODERN
        if method == "POST":
            return await self.post(headers, body, session)
        if modern or method not in ("GET", "DELETE"):
            return await self.plain(405, {"error": "only POST"})
        if not (bridge := self.adapter.sessions.get(session)):
            return await self.plain(404 if session else 400, {"error": "no such session"})
        if method == "DELETE":
            await self.adapter.sessions.pop(session).close()
            return await self.plain(200, {})
        if bridge.standing:
            return await self.plain(409, {"error": "the session has such a stream"})
        queue = bridge.stand()
        self.start_events()
        await self.writer.drain()
        await self.stream(queue, None)
        bridge.standing = None
        raise ConnectionResetError

    async def post(self, headers, body, session):
        try:
            message = json.loads(body)
            assert isinstance(message, dict)
        except (ValueError, AssertionError):
            return await self.plain(400, failure(None, -32700, "this is no JSON-RPC message"))
        version = headers.get("mcp-protocol-version")
        if not session and (version == MODERN or named_version(message)):
            return await self.modern(headers, message)
        if version and version not in REVISIONS:
            return await self.plain(400, failure(message.get("id"), -32600, "unsupported protocol version"))
        if message.get("method") == "initialize" and not session:
            session = uuid.uuid4().hex
            self.adapter.sessions[session] = await self.adapter.start()
            extra = {"Mcp-Session-Id": session}
        elif session not in self.adapter.sessions:
            return await self.plain(404 if session else 400, failure(message.get("id"), -32600, "no such session"))
        else:
            extra = {}
        bridge = self.adapter.sessions[session]
        if "method" in message and "id" in message:
            return await self.relay(bridge, message, extra, lambda _: 200)
        bridge.tell(message)
        await self.plain(202, None)

    async def modern(self, headers, message):
        if why := disagreement(headers, message):
            return await self.plain(400, failure(message.get("id"), -32020, why))
        if message.get("method") == "initialize":
            # The header says that this is no opening of a session; stdio has no such word.
            return await self.plain(404, failure(message.get("id"), -32601, "method not found: initialize"))
        if not self.bridge:
            self.bridge = await self.adapter.start()
        if "id" not in message:
            self.bridge.tell(message)
            return await self.plain(202, None)
        lacking = not {f"{META}protocolVersion", f"{META}clientCapabilities"} <= set(meta_of(message))

        def status(code):
            return 400 if code == -32602 and lacking else STATUS.get(code, 200)

        await self.relay(self.bridge, message, {}, status, cancels=True)

    async def relay(self, bridge, message, extra, status, cancels=False):
        queue = bridge.ask(message)
        first = await self.next(queue)
        if first is not None and "method" not in first:
            code = first.get("error", {}).get("code")
            return await self.plain(status(code) if code else 200, first, extra)
        if first is not None:
            self.start_events(extra)
            self.event(first)
            await self.writer.drain()
            if await self.stream(queue, message["id"]):
                return
        # Gone before the answer: in the modern era that is how a client cancels.
        if cancels:
            bridge.tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": message["id"]}})
            bridge.waiting.pop(json.dumps(message["id"]), None)
        raise ConnectionResetError

    async def next(self, queue):
        """The next message; None when the client or the bridge is gone."""
        got, gone = asyncio.create_task(queue.get()), asyncio.create_task(self.reader.read(1))
        await asyncio.wait([got, gone], return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            # An early next request is none of this one's business.
            self.early += gone.result()
            if gone.result():
                return await got
        else:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        if got.done():
            return got.result()
        got.cancel()
        return None

    async def stream(self, queue, until):
        """Passes messages on until the answer to `until`; whether it came to that before either end
        was gone."""
        while (message := await self.next(queue)) is not None:
            self.event(message)
            if "method" not in message and message.get("id") == until:
                self.writer.write(b"0\r\n\r\n")
                await self.writer.drain()
                return True
            await self.writer.drain()
        return False

    def start_events(self, extra=None):
        self.write_head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **(extra or {})})

    def event(self, message):
        data = f"event: message\ndata: {json.dumps(message, ensure_ascii=False)}\n\n".encode()
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def write_head(self, status, headers):
        lines = [f"HTTP/1.1 {status} -", *(f"{key}: {value}" for key, value in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())

    async def plain(self, status, message, extra=None):
        body = b"" if message is None else json.dumps(message, ensure_ascii=False).encode()
        kind = {} if message is None else {"Content-Type": "application/json"}
        self.write_head(status, {**kind, "Content-Length": len(body), **(extra or {})})
        self.writer.write(body)
        await self.writer.drain()


def failure(id, code, message):
    return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}


def meta_of(message):
    return (message.get("params") or {}).get("_meta") or {}


def named_version(message):
    return meta_of(message).get(f"{META}protocolVersion")


def disagreement(headers, message):
    """Where the headers do not say what the body says."""
    version, method = headers.get("mcp-protocol-version"), message.get("method")
    if named_version(message) not in (None, version):
        return "MCP-Protocol-Version is not that of the body"
    if headers.get("mcp-method") != method:
        return "Mcp-Method is not that of the body"
    if method in NAMED and decoded(headers.get("mcp-name")) != (message.get("params") or {}).get(NAMED[method]):
        return "Mcp-Name is not that of the body"
    return None


def decoded(value):
    if value and (wrapped := re.fullmatch(r"=\?base64\?(.*)\?=", value)):
        try:
            return base64.b64decode(wrapped[1], validate=True).decode()
        except ValueError:
            return None
    return value


class Adapter:
    """The listener; `async with` it."""

    def __init__(self, command, env, log):
        self.command, self.env, self.log, self.sessions, self.tasks = command, env, log, {}, set()

    async def start(self):
        return await Bridge.start(self.command, self.env, self.log)

    async def __aenter__(self):
        def serve(reader, writer):
            task = asyncio.ensure_future(Connection(self, reader, writer).serve())
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        self.listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 26)
        self.url = f"http://127.0.0.1:{self.listener.sockets[0].getsockname()[1]}/mcp"
        return self

    async def __aexit__(self, *_):
        self.listener.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(*(bridge.close() for bridge in self.sessions.values()))

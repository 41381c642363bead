"""A client's way in: a bridge on pipes, or streamable HTTP over TCP or the unix socket, in either era.

`request` gives the one answer to a request, or says that the wire was cut. Whatever comes that belongs
to no request, or a second time, is noted as wrong."""

import asyncio
import itertools
import json
import socket
import struct
import time

from rig import PATIENCE

LIMIT = 1 << 26
LEGACY, MODERN = "2025-11-25", "2026-07-28"


class Cut(Exception):
    """The wire was cut on purpose, with the request on it."""


class Wire:
    def __init__(self, rig, name, era):
        self.rig, self.book, self.name, self.era = rig, rig.book, name, era
        self.ids = itertools.count(1)
        # Nor is it open yet.
        self.is_cut = True

    def message(self, method, params):
        params = dict(params)
        if self.era == MODERN:
            prefix = "io.modelcontextprotocol/"
            params["_meta"] = {
                **params.get("_meta", {}), f"{prefix}protocolVersion": MODERN,
                f"{prefix}clientCapabilities": {}, f"{prefix}clientInfo": self.info(),
            }
        return {"jsonrpc": "2.0", "id": f"{self.name}-{next(self.ids)}", "method": method, "params": params}

    def info(self):
        return {"name": self.name, "version": "1"}

    def greeting(self):
        return {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": self.info()}

    async def request(self, method, params):
        """The answer, whole; `Cut` if the wire was cut meanwhile."""
        message = self.message(method, params)
        try:
            answer = await asyncio.wait_for(self.exchange(message), PATIENCE)
        except asyncio.TimeoutError:
            self.book.bad(f"{self.name}: {method} was never answered: {json.dumps(params)[:300]}")
            raise Cut from None
        if answer.get("id") != message["id"] or ("result" in answer) == ("error" in answer):
            self.book.bad(f"{self.name}: no answer to {message['id']}: {json.dumps(answer)[:300]}")
        return answer


class Bridge(Wire):
    async def open(self):
        self.process = await asyncio.create_subprocess_exec(
            self.rig.binary, "bridge", stdin=-1, stdout=-1, stderr=-3,
            env=self.rig.env, cwd=self.rig.home, limit=LIMIT,
        )
        self.waiting, self.answered, self.is_cut = {}, set(), False
        self.reads = asyncio.Event()
        self.reads.set()
        self.reader = asyncio.create_task(self.read(self.process, self.waiting, self.answered))
        if self.era == LEGACY:
            await self.request("initialize", self.greeting())
            self.process.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')

    async def read(self, process, waiting_here, answered):
        """Reads to the end of this process; the wire may have another one by then."""
        try:
            while line := await process.stdout.readline():
                # A slow reader leaves its pipe full for a while.
                await self.reads.wait()
                if self.is_cut and not line.endswith(b"\n"):
                    break
                message = json.loads(line)
                if "method" in message:
                    continue
                waiting = waiting_here.pop(message.get("id"), None)
                if waiting is None or waiting.done():
                    twice = message.get("id") in answered
                    self.book.bad(f"{self.name}: {'answered twice' if twice else 'unasked'}: {line[:300]}")
                else:
                    answered.add(message["id"])
                    waiting.set_result(message)
        except (ValueError, asyncio.IncompleteReadError) as error:
            self.book.bad(f"{self.name}: the bridge says what is no message: {error}")
        code = await process.wait()
        if self.process is process and not self.is_cut:
            self.book.bad(f"{self.name}: the bridge ended by itself: {code}")
        for waiting in waiting_here.values():
            if not waiting.done():
                waiting.set_exception(Cut())

    async def exchange(self, message):
        if self.is_cut:
            raise Cut
        waiting = self.waiting[message["id"]] = asyncio.get_running_loop().create_future()
        # Old ids are forgotten, so that the books of a long run stay small.
        if len(self.answered) > 10_000:
            self.answered.clear()
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            await self.process.stdin.drain()
        except (ConnectionError, BrokenPipeError):
            self.waiting.pop(message["id"], None)
            raise Cut from None
        return await waiting

    async def pause(self, seconds):
        """Reads nothing for a while."""
        self.reads.clear()
        await asyncio.sleep(seconds)
        self.reads.set()

    def cut(self):
        """Kills the bridge."""
        self.is_cut = True
        self.reads.set()
        self.book.killed.append(time.monotonic())
        self.process.kill()

    async def close(self):
        self.is_cut = True
        self.reads.set()
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        except asyncio.TimeoutError:
            self.process.kill()
            self.book.bad(f"{self.name}: the bridge outlives its input")
        await self.reader


class Http(Wire):
    """`over`: tcp or unix. One connection, kept, for each request at a time."""

    def __init__(self, rig, name, era, over):
        super().__init__(rig, name, era)
        self.over, self.session, self.idle, self.busy = over, None, [], set()

    async def open(self):
        self.is_cut = False
        if self.era == LEGACY and self.session is None:
            await self.request("initialize", self.greeting())
            await self.tell({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def connect(self):
        if self.over == "unix":
            return await asyncio.open_unix_connection(self.rig.socket, limit=LIMIT)
        return await asyncio.open_connection(*self.rig.address, limit=LIMIT)

    def head(self, verb, message, length):
        lines = [f"{verb} /mcp HTTP/1.1", "Host: localhost" if self.over == "unix" else "Host: %s:%d" % self.rig.address]
        lines += ["Accept: application/json, text/event-stream", f"Content-Length: {length}"]
        lines += ["Content-Type: application/json"]
        if self.session:
            lines += [f"Mcp-Session-Id: {self.session}", f"MCP-Protocol-Version: {LEGACY}"]
        if self.era == MODERN:
            lines += [f"MCP-Protocol-Version: {MODERN}", f"Mcp-Method: {message['method']}"]
            if name := message["params"].get("name"):
                lines.append(f"Mcp-Name: {name}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def exchange(self, message, verb="POST"):
        kept = bool(self.idle)
        reader, writer = self.idle.pop() if kept else await self.connect()
        self.busy.add(writer)
        try:
            body = json.dumps(message).encode() if message else b""
            writer.write(self.head(verb, message, len(body)) + body)
            await writer.drain()
            status, headers, data = await self.reply(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            if self.is_cut or writer not in self.busy:
                raise Cut from None
            self.book.bad(f"{self.name}: the connection broke")
            raise Cut from None
        finally:
            self.busy.discard(writer)
        if writer.is_closing():
            raise Cut
        self.idle.append((reader, writer))
        if "mcp-session-id" in headers:
            self.session = headers["mcp-session-id"]
        if message is None or "id" not in message:
            if status not in (202, 204):
                self.book.bad(f"{self.name}: status {status}: {data[:300]}")
            return {}
        answers = [one for one in self.messages(headers, data) if "method" not in one]
        if len(answers) != 1:
            self.book.bad(f"{self.name}: {len(answers)} answers, status {status}: {data[:300]}")
            raise Cut
        return answers[0]

    async def reply(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        if headers.get("transfer-encoding") == "chunked":
            data = b""
            while size := int((await reader.readuntil(b"\r\n")), 16):
                data += (await reader.readexactly(size + 2))[:size]
            await reader.readuntil(b"\r\n")
        else:
            data = await self.body(reader, int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, data

    async def body(self, reader, length):
        return await reader.readexactly(length)

    def messages(self, headers, data):
        if headers.get("content-type", "").startswith("text/event-stream"):
            lines = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: ")]
            return [json.loads(line) for line in lines if line]
        return [json.loads(data)] if data else []

    async def tell(self, message):
        await self.exchange(message)

    def cut(self):
        """Resets every connection, those with a request on them, too."""
        # Who is not at it notices nothing.
        self.is_cut = bool(self.busy)
        for writer in [*self.busy, *(writer for _, writer in self.idle)]:
            if self.over == "tcp":
                now = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            writer.transport.abort()
        self.busy.clear()
        self.idle.clear()

    async def close(self):
        if self.session:
            try:
                await asyncio.wait_for(self.exchange(None, "DELETE"), PATIENCE)
            except Cut:
                pass
        for _, writer in self.idle:
            writer.close()
        self.idle.clear()


class SlowHttp(Http):
    """Reads what is large in small pieces."""

    async def body(self, reader, length):
        data = b""
        while len(data) < length:
            piece = await reader.read(min(16 << 10, length - len(data)))
            if not piece:
                raise asyncio.IncompleteReadError(data, length)
            data += piece
            await asyncio.sleep(0.005)
        return data

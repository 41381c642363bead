"""Clients of the daemon: an MCP client behind `callmux bridge`, and plain HTTP."""

import http.client
import itertools
import json
import queue
import socket
import subprocess
import threading

from lib import SOCKET, Failed, expect

REVISION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": {"name": "checks", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Bridge:
    """An agent's MCP client: one `callmux bridge`, greeted once and never again. `under`: what it is run by."""

    alive = []

    def __init__(self, *args, cwd=None, under=()):
        self.process = subprocess.Popen(
            [*under, "callmux", "bridge", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd
        )
        Bridge.alive.append(self)
        self.ids = itertools.count(1)
        self.waiting = {}
        self.notes = queue.Queue()
        self.unexpected = []
        self.lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()
        hello = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "checks", "version": "1"},
        }
        self.request("initialize", hello)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "method" in message:
                self.notes.put(message)
                continue
            with self.lock:
                answer = self.waiting.pop(message.get("id"), None)
            # Every request gets exactly one answer.
            self.unexpected.append(message) if answer is None else answer.put(message)

    def _write(self, message):
        data = json.dumps(message).encode() + b"\n"
        with self.lock:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def send(self, method, params):
        """Sends a request; its answer will be in the queue that is returned."""
        number, answer = next(self.ids), queue.Queue()
        with self.lock:
            self.waiting[number] = answer
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return answer

    def request(self, method, params, timeout=60):
        return received(self.send(method, params), method, timeout)

    def start_call(self, tool, arguments=None, token=None):
        params = {"name": tool, "arguments": arguments or {}}
        if token is not None:
            params["_meta"] = {"progressToken": token}
        return self.send("tools/call", params)

    def call(self, tool, arguments=None, timeout=60):
        return received(self.start_call(tool, arguments), tool, timeout)

    def value(self, tool, arguments=None):
        """The structured content of a call that must succeed."""
        answer = self.call(tool, arguments)
        expect(outcome(answer) == "done", f"{tool} was answered {json.dumps(answer)}")
        return answer["result"]["structuredContent"]

    def await_progress(self, timeout=60):
        """Returns once a running call has reported progress: it has reached its server."""
        while self.notes.get(timeout=timeout)["method"] != "notifications/progress":
            pass

    def close(self):
        if self in Bridge.alive:
            Bridge.alive.remove(self)
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("the bridge did not end when its input ended") from None

    @classmethod
    def kill_all(cls):
        for bridge in cls.alive:
            bridge.process.kill()
            bridge.process.wait()
        cls.alive.clear()


def received(answer, what, timeout):
    try:
        return answer.get(timeout=timeout)
    except queue.Empty:
        raise Failed(f"{what} was not answered within {timeout} s") from None


def outcome(answer):
    """How a call ended, in the daemon's own words where it has some."""
    if "error" in answer:
        return f"error: {answer['error']['message']}"
    result = answer["result"]
    if not result.get("isError"):
        return "done"
    failure = result.get("_meta", {}).get("callmux/failure")
    return failure["outcome"] if failure else "tool_error"


class NoAnswer(Exception):
    """The connection was made and ended before the whole answer was there."""


class Connection(http.client.HTTPConnection):
    """To a unix socket's path, or to a host and port."""

    def __init__(self, address):
        super().__init__("localhost", timeout=60)
        self.address = address

    def connect(self):
        is_path = isinstance(self.address, str)
        self.sock = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.address)


def exchange(address, method, path, body=None, headers=None, on_line=None):
    """One request over a connection of its own; returns status and body."""
    connection = Connection(address)
    # Apart from the rest, so that a refused connection is told from a lost one.
    connection.connect()
    try:
        connection.request(method, path, body, {"Connection": "close"} | (headers or {}))
        answer = connection.getresponse()
        lines = []
        for line in answer:
            lines.append(line)
            if on_line:
                on_line(line)
        return answer.status, b"".join(lines)
    except (http.client.HTTPException, ConnectionError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def health(address=str(SOCKET)):
    return exchange(address, "GET", "/health")


def http_call(tool, arguments=None, address=str(SOCKET), on_progress=None):
    """A stateless tools/call; returns its JSON-RPC answer."""
    meta = META | ({"progressToken": "t"} if on_progress else {})
    params = {"name": tool, "arguments": arguments or {}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }

    def on_line(line):
        if on_progress and b"notifications/progress" in line:
            on_progress()

    status, answer = exchange(address, "POST", "/mcp", body, headers, on_line)
    # What takes longer comes as a stream of events, of which the last has the answer.
    found = [line for line in answer.splitlines() if b'"jsonrpc"' in line]
    expect(found, f"{tool} was answered with status {status} and {answer!r}")
    return json.loads(found[-1].removeprefix(b"data:"))

"""An MCP server that keeps a ledger: ledger_server.py NAME LEDGER [--deaf] [--helpers MARK]

Every call is answered after the time it asks for, with the nonce it brought and this process's
number. `mutate` first appends the nonce to the ledger, so whoever sends a call twice is found out. `shout`
writes a line to stderr as often as it is told; `attempt` evaluates a line of Python.

--deaf: goes on after the end of its input, as too many servers do.
--helpers MARK: starts two processes named MARK that leave its session and ignore SIGTERM.

Calls go on side by side. One thread and no asyncio: a start costs little, and many are started.
"""

import heapq
import json
import os
import select
import signal
import sys
import time

NONCE = {
    "type": "object",
    "properties": {"nonce": {"type": "string"}, "delay_ms": {"type": "integer"}},
    "required": ["nonce"],
}
NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
SHOUT = {
    "type": "object",
    "properties": {"line": {"type": "string"}, "times": {"type": "integer"}},
    "required": ["line"],
}
CODE = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
TOOLS = [
    {"name": "read", "inputSchema": NONCE, "annotations": {"readOnlyHint": True}},
    {"name": "mutate", "inputSchema": NONCE, "annotations": {"readOnlyHint": False}},
    {"name": "environ", "inputSchema": NAME, "annotations": {"readOnlyHint": True}},
    {"name": "shout", "inputSchema": SHOUT, "annotations": {"readOnlyHint": True}},
    {"name": "attempt", "inputSchema": CODE, "annotations": {"readOnlyHint": False}},
]


def helpers(mark):
    for twice in (False, True):
        if os.fork():
            continue
        os.setsid()
        if twice and os.fork():
            os._exit(0)
        # Ignored signals stay so across the exec.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        nothing = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        os.execv("/bin/sleep", [mark, "3600"])


def call(tool, arguments, ledger):
    """The structured content of the answer."""
    if tool == "environ":
        return {"value": os.environ.get(arguments["name"])}
    if tool == "attempt":
        try:
            return {"value": str(eval(arguments["code"], {"__builtins__": __builtins__}))}
        except BaseException as error:
            return {"error": f"{type(error).__name__}: {error}"}
    if tool == "shout":
        print("\n".join([arguments["line"]] * arguments.get("times", 1)), file=sys.stderr, flush=True)
        return {"pid": os.getpid()}
    if tool == "mutate":
        os.write(ledger, arguments["nonce"].encode() + b"\n")
    return {"nonce": arguments["nonce"], "pid": os.getpid()}


def answer(request, ledger):
    """The answer to one request, and the milliseconds it has to wait."""
    method, params = request["method"], request.get("params") or {}
    delay = 0
    if method == "initialize":
        result = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "ledger", "version": "1"},
        }
    elif method == "tools/list":
        result = {"tools": TOOLS}
    elif method == "ping":
        result = {}
    elif method == "tools/call":
        arguments = params.get("arguments", {})
        delay = arguments.get("delay_ms", 0)
        content = call(params["name"], arguments, ledger)
        text = [{"type": "text", "text": json.dumps(content)}]
        result = {"content": text, "structuredContent": content}
    else:
        error = {"code": -32601, "message": f"no method {method}"}
        return {"jsonrpc": "2.0", "id": request["id"], "error": error}, 0
    return {"jsonrpc": "2.0", "id": request["id"], "result": result}, delay


def serve(ledger, deaf):
    waiting, rest, is_open = [], b"", True
    poll = select.poll()
    poll.register(0, select.POLLIN)
    while True:
        now = time.monotonic()
        ready = []
        while waiting and waiting[0][0] <= now:
            ready.append(heapq.heappop(waiting)[1])
        if ready:
            say(b"".join(ready))
        patience = max(0, waiting[0][0] - time.monotonic()) * 1000 if waiting else None
        if not poll.poll(patience):
            continue
        data = os.read(0, 1 << 16)
        if not data:
            if not deaf:
                return
            poll.unregister(0)
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "id" not in request or "method" not in request:
                continue
            reply, delay = answer(request, ledger)
            data = json.dumps(reply).encode() + b"\n"
            heapq.heappush(waiting, (time.monotonic() + delay / 1000, data))


def say(data):
    """All of it: the pipe may be one that does not block."""
    while data:
        try:
            data = data[os.write(1, data) :]
        except BlockingIOError:
            select.select([], [1], [])
        except BrokenPipeError:
            return


def main(name, ledger, *flags):
    print(f"ledger server {name} is up as {os.getpid()}", file=sys.stderr, flush=True)
    if "--helpers" in flags:
        helpers(flags[flags.index("--helpers") + 1])
    serve(os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "--deaf" in flags)


main(*sys.argv[1:])

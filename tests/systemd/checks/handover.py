"""What outlives the daemon: a long call and a server's memory; and what must not outlive it."""

import os
import signal
import subprocess
import time

from clients import Bridge, http_call, outcome
from figures import Figures
from fleet import BINARY, entry, install_another_build, install_original, is_alive, marked
from fleet import stored_fds, units
from lib import EXAMPLES, SERVICE, ctl, drop_in, expect, given, is_active, main_pid, same, seen_by_root
from lib import servers, until

LONG = os.environ.get("CALLMUX_LONG") == "1"
LONG_CALL = 60 if LONG else 20
# How much later than asked for the long call may be answered.
LATE = 3
HELPERS = "callmux-checks-helper"


def ready():
    until("the daemon is ready", lambda: is_active() and main_pid() != 0)


def restart():
    ctl("restart", SERVICE)


def replace():
    install_another_build()
    ctl("restart", SERVICE)
    running, _ = seen_by_root(main_pid())
    same("the file that the daemon runs", running, BINARY.stat().st_ino)


def kill():
    pid = main_pid()
    os.kill(pid, signal.SIGKILL)
    until("another daemon", lambda: main_pid() not in (0, pid))
    ready()


def long_call():
    given()
    figures, bridge = Figures(), Bridge()
    try:
        began = time.monotonic()
        steps = {"seconds": LONG_CALL, "steps": LONG_CALL * 5}
        running = bridge.start_call("slow__wait", steps, token="t")
        bridge.await_progress()
        for change in (replace, kill):
            asked = time.monotonic()
            change()
            figures.see(f"{change.__name__} took", (time.monotonic() - asked) * 1000, "ms")
            expect(running.empty(), f"it was answered too early: {list(running.queue)}")
            bridge.notes.queue.clear()
            bridge.await_progress()
        answer = running.get(timeout=LONG_CALL + 30)
        took = time.monotonic() - began
        same("the call ended", outcome(answer), "done")
        figures.see("length of the call", LONG_CALL, "s")
        figures.see("answered after", took, "s", most=LONG_CALL + LATE, least=LONG_CALL)
        same("the next call", outcome(bridge.call("time__now")), "done")
        figures.none("answers to nothing", bridge.unexpected)
        figures.none("bridges ended", int(bridge.process.poll() is not None))
    finally:
        install_original()
    return figures.end()


# A remote server whose tool takes as many seconds as it is asked to.
REMOTE = '''
import http.server, json, sys, time
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self): self.reply(405, None)
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, tool = message.get("method"), {"name": "wait", "inputSchema": {"type": "object"}}
        if method == "initialize":
            info = {"name": "far", "version": "1"}
            result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        elif method == "tools/list":
            result = {"tools": [tool]}
        elif method == "tools/call":
            time.sleep(message["params"]["arguments"]["seconds"])
            result = {"content": [{"type": "text", "text": "waited"}]}
        elif "id" in message:
            return self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}})
        else:
            return self.reply(202, None)
        self.reply(200, {"jsonrpc": "2.0", "id": message["id"], "result": result})
    def reply(self, status, body):
        body = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
'''


def nobody_else_can_finish():
    """Its answer comes to the process that asked, and to no other: it is waited for."""
    server = subprocess.Popen(["/usr/bin/python3", "-c", REMOTE], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/mcp"
        given(EXAMPLES + f'[servers.far]\nurl = "{url}"\n')
        bridge = Bridge()
        same("a call to it", outcome(bridge.call("far__wait", {"seconds": 0})), "done")
        steps = {"tool": "slow__wait", "arguments": {"seconds": 2, "steps": 2}}
        for tool, arguments in (
            ("far__wait", {"seconds": 2}),
            ("callmux_parallel", {"calls": [steps, steps]}),
        ):
            running = bridge.start_call(tool, arguments)
            # A call that is answered later than this one was read before it.
            same("another call", outcome(bridge.call("time__now")), "done")
            restart()
            same(f"{tool}, over a restart", outcome(running.get(timeout=30)), "done")
        return "a call to a remote server, and one that makes two"
    finally:
        server.kill()


def counts_on():
    given()
    figures, bridge = Figures(), Bridge()
    wanted, counted = [1], [bridge.value("counter__increment")["value"]]
    until("all four servers run", lambda: len(servers()) == 4)
    before = servers()
    try:
        for change in (restart, kill, replace, kill, restart):
            change()
            counted.append(bridge.value("counter__increment")["value"])
            wanted.append(len(wanted) + 1)
    finally:
        install_original()
    same("the counter's values", counted, wanted)
    figures.see("restarts, kills and another binary", len(wanted) - 1)
    figures.see("counted at the end", counted[-1])
    figures.none("servers replaced", [before[key] for key in before.keys() - servers().keys()])
    figures.none("servers too many", [servers()[key] for key in servers().keys() - before.keys()])
    return figures.end()


def stop_leaves_nothing(*names):
    """Not even a server that ignores the end of its input, or its children that left its session
    and ignore SIGTERM."""
    flags = ("--deaf", "--helpers", HELPERS)
    given(EXAMPLES + entry("stubborn", *flags, keys='stop_timeout = "1s"\n'))
    figures = Figures()
    answer = http_call("stubborn__read", {"nonce": "1"})
    same("a call", outcome(answer), "done")
    until("all example servers run", lambda: len(servers()) == 4)
    until("the server's children run", lambda: len(marked(HELPERS)) == 3)
    began = time.monotonic()
    ctl("stop", *names)
    left = lambda: list(servers().values()) + list(marked(HELPERS).values())
    try:
        until("every process is gone", lambda: not left(), 5)
    finally:
        figures.none("processes left", left())
        figures.see("gone after", (time.monotonic() - began) * 1000, "ms")
        figures.none("units left", until_no_units())
        for pid, _ in marked(HELPERS):
            os.kill(pid, signal.SIGKILL)
    figures.none("descriptors left with systemd", stored_fds())
    return figures.end()


def until_no_units():
    """The units that are still there after a moment."""
    deadline = time.monotonic() + 2
    while (found := units()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def orphans():
    """systemd gives up the daemon and with it the pipes of the servers, but one does not care that
    its input has ended. The next daemon cannot use it and must not leave it there."""
    given(entry("stubborn", "--deaf"))
    figures = Figures()
    before = http_call("stubborn__read", {"nonce": "1"})["result"]["structuredContent"]["pid"]
    old = units("stubborn")
    same("the units of the server", len(old), 1)
    try:
        drop_in("no-restart", "[Service]\nRestart=no\n")
        os.kill(main_pid(), signal.SIGKILL)
        until("systemd has given it up", lambda: main_pid() == 0 and not is_active())
        until("systemd has closed what it kept", lambda: stored_fds() == 0)
        expect(is_alive(before), "the server ended by itself, so this check shows nothing")
    finally:
        drop_in("no-restart", None)
        ctl("reset-failed", SERVICE, check=False)
    began = time.monotonic()
    after = http_call("stubborn__read", {"nonce": "2"})["result"]["structuredContent"]["pid"]
    figures.see("the next call took", (time.monotonic() - began) * 1000, "ms")
    expect(after != before, "the call went to a server whose pipes are gone")
    until("the orphan is gone", lambda: not is_alive(before), 10)
    until("its unit is gone", lambda: len(units("stubborn")) == 1, 10)
    expect(not old.keys() & units("stubborn").keys(), "the orphan's unit is still there")
    figures.see("the orphan was gone after", (time.monotonic() - began) * 1000, "ms")
    return figures.end()


CHECKS = [
    ("a long call outlives another binary, a restart and kill -9", long_call),
    ("calls that nobody else can finish are finished before a restart", nobody_else_can_finish),
    ("a server's memory outlives restarts, kill -9 and another binary", counts_on),
    (
        "stopping socket and service leaves no process",
        lambda: stop_leaves_nothing("callmux.socket", SERVICE),
    ),
    ("stopping the service alone leaves no process", lambda: stop_leaves_nothing(SERVICE)),
    ("the next start stops servers that nobody holds", orphans),
]

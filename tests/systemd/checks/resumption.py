"""Calls over HTTP outlive the daemon: their clients come back for the rest of the stream."""

import http.client
import json
import queue
import subprocess
import threading

from clients import Connection, http_call
from figures import Figures
from handover import REMOTE
from lib import EXAMPLES, SOCKET, expect, facts, given, same, until
from sessions import Session, kill, restart

CALLS = 6
# No call is done before the last change, and each is long after it.
SECONDS = 25


class ResumedCall:
    """A call whose client comes back with the last id it saw whenever its stream ends too early."""

    def __init__(self, session, number, tool, arguments):
        self.session, self.number = session, number
        self.progress, self.answers, self.came_back, self.refused = queue.Queue(), [], 0, []
        params = {"name": tool, "arguments": arguments, "_meta": {"progressToken": number}}
        message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        self.request = ("POST", json.dumps(message), session.headers())
        self.last = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.answers and not self.refused:
            try:
                self.read()
            except (http.client.HTTPException, ConnectionError):
                pass
            if self.last is not None:
                self.request = ("GET", None, self.session.headers() | {"Last-Event-ID": self.last})
                self.came_back += 1

    def read(self):
        method, body, headers = self.request
        connection = Connection(str(SOCKET))
        try:
            connection.request(method, "/mcp", body, headers)
            response = connection.getresponse()
            if response.status != 200 or response.headers["Content-Type"] != "text/event-stream":
                self.refused.append((response.status, response.read()))
                return
            for line in response:
                if line.startswith(b"id:"):
                    self.last = line.removeprefix(b"id:").strip().decode()
                elif line.startswith(b"data:") and line.removeprefix(b"data:").strip():
                    self.take(json.loads(line.removeprefix(b"data:")))
        finally:
            connection.close()

    def take(self, message):
        if message.get("method") == "notifications/progress":
            same("the token", message["params"]["progressToken"], self.number)
            self.progress.put(message["params"]["progress"])
        elif message.get("id") == self.number:
            self.answers.append(message)

    def await_progress(self):
        """Progress that comes from now on."""
        while not self.progress.empty():
            self.progress.get()
        until(f"progress of call {self.number}", lambda: self.refused or not self.progress.empty())
        expect(not self.refused, f"call {self.number} was refused: {self.refused}")

    def result(self):
        self.thread.join(SECONDS + 30)
        expect(not self.refused, f"call {self.number} was refused: {self.refused}")
        expect(self.answers, f"call {self.number} was not answered")
        return self.answers[0]["result"]


def entries(tool, before):
    found = facts("call_finished", f"CALLMUX_TOOL={tool}")
    return [entry for entry in found if entry["CALLMUX_CALL_ID"] not in before]


def resumes():
    """Over a restart whose drain ends before the calls do, and over kill -9, twice."""
    given('drain_timeout = "1s"\n' + EXAMPLES)
    before = {entry["CALLMUX_CALL_ID"] for entry in facts("call_finished")}
    session, figures = Session("2025-11-25", {}), Figures()
    arguments = {"seconds": SECONDS, "steps": SECONDS * 5}
    calls = [ResumedCall(session, 100 + number, "slow__wait", arguments) for number in range(CALLS)]
    changes = (kill, restart, kill)
    for change in changes:
        for call in calls:
            call.await_progress()
        change()
    for call in calls:
        call.await_progress()
    results = [call.result() for call in calls]
    same("results that are errors", [result for result in results if result.get("isError")], [])
    figures.none("answered twice", [call.number for call in calls if len(call.answers) != 1])
    figures.see("calls over HTTP in flight", CALLS)
    figures.see("restarts and kills", len(changes))
    expect(all(call.came_back >= len(changes) for call in calls), "a client did not have to come back")
    until("an entry for each call", lambda: len(entries("slow__wait", before)) >= CALLS)
    found = [(entry["CALLMUX_OUTCOME"], entry["CALLMUX_CLIENT"]) for entry in entries("slow__wait", before)]
    same("their entries", found, [("done", "checks 1")] * CALLS)
    return figures.end()


def nobody_hangs():
    """What no other process can finish is answered to the client that comes back, as unknown."""
    server = subprocess.Popen(["/usr/bin/python3", "-c", REMOTE], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/mcp"
        given(EXAMPLES + f'[servers.far]\nurl = "{url}"\n')
        before = {entry["CALLMUX_CALL_ID"] for entry in facts("call_finished")}
        session = Session("2025-11-25", {})
        step = {"tool": "slow__wait", "arguments": {"seconds": SECONDS, "steps": 2}}
        tools = {"far__wait": {"seconds": SECONDS}, "callmux_parallel": {"calls": [step, step]}}
        calls = [ResumedCall(session, n, *tool) for n, tool in enumerate(tools.items(), 100)]
        for call in calls:
            until("the beginning of its stream", lambda: call.last is not None)
        kill()
        for call, tool in zip(calls, tools):
            text = json.dumps(call.result())
            expect("outcome_unknown" in text or "may have" in text, f"{tool}: {text}")
            until(f"the entry of {tool}", lambda: entries(tool, before))
            same(f"the entries of {tool}", [e["CALLMUX_OUTCOME"] for e in entries(tool, before)], ["outcome_unknown"])
    finally:
        server.kill()
    return "a call to a remote server, and one that makes two"


def keep_their_places():
    """Calls that go on after a restart or kill -9 still are among those that their user may have open."""
    given('drain_timeout = "1s"\n[access.limits]\nin_flight = 2\n' + EXAMPLES)
    session = Session("2025-11-25", {})
    arguments = {"seconds": SECONDS, "steps": SECONDS * 5}
    calls = [ResumedCall(session, 100 + number, "slow__wait", arguments) for number in range(2)]
    one_more = {"tool": "time__now", "arguments": {}, "timeoutMs": 200}
    refused = 0
    for change in (None, restart, kill):
        for call in calls:
            call.await_progress()
        if change:
            change()
            for call in calls:
                call.await_progress()
        told = json.dumps(http_call("callmux_call", one_more))
        expect("rate_limited" in told and "access.limits.in_flight" in told, f"one more was let in: {told}")
        refused += 1
    results = [call.result() for call in calls]
    same("results that are errors", [result for result in results if result.get("isError")], [])
    told = http_call("callmux_call", one_more)
    expect(not told["result"].get("isError"), f"their places are not free: {told}")
    return f"{refused} times a third call waited in vain, before and after a restart and kill -9"


CHECKS = [
    ("calls over HTTP outlive restarts and kill -9", resumes),
    ("calls over HTTP keep their places over restarts and kill -9", keep_their_places),
    ("a client over HTTP hears of calls that a killed daemon took with it", nobody_hangs),
]

"""A legacy HTTP session and what its client said outlive the daemon."""

import json
import os
import signal

from clients import Connection, exchange
from figures import Figures
from lib import SERVICE, SOCKET, ctl, expect, given, is_active, main_pid, same, until

# A legacy server that asks its client, and says what it was answered.
ASKER = '''
import json, sys
def say(message): print(json.dumps({"jsonrpc": "2.0"} | message), flush=True)
call = None
for line in sys.stdin:
    message = json.loads(line)
    method, number = message.get("method"), message.get("id")
    if method == "initialize":
        info = {"name": "asker", "version": "1"}
        say({"id": number, "result": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": info}})
    elif method == "tools/list":
        say({"id": number, "result": {"tools": [{"name": "ask", "inputSchema": {"type": "object"}}]}})
    elif method == "tools/call":
        call = number
        schema = {"type": "object", "properties": {}}
        say({"id": "q", "method": "elicitation/create", "params": {"message": "Well?", "requestedSchema": schema}})
    elif method is None and number == "q":
        text = message["result"]["action"] if "result" in message else json.dumps(message["error"])
        say({"id": call, "result": {"content": [{"type": "text", "text": text}]}})
    elif number is not None:
        say({"id": number, "error": {"code": -32601, "message": "no"}})
'''

# A legacy server that tells of its resource and logs, after it has answered.
NOTER = '''
import json, sys
def say(message): print(json.dumps({"jsonrpc": "2.0"} | message), flush=True)
def log(level, data): say({"method": "notifications/message", "params": {"level": level, "data": data}})
for line in sys.stdin:
    message = json.loads(line)
    method, number = message.get("method"), message.get("id")
    if method == "initialize":
        info, able = {"name": "noter", "version": "1"}, {"tools": {}, "logging": {}, "resources": {"subscribe": True}}
        say({"id": number, "result": {"protocolVersion": "2025-11-25", "capabilities": able, "serverInfo": info}})
    elif method == "tools/list":
        say({"id": number, "result": {"tools": [{"name": "touch", "inputSchema": {"type": "object"}}]}})
    elif method == "resources/list":
        say({"id": number, "result": {"resources": [{"uri": "note://a", "name": "a"}]}})
    elif method == "tools/call":
        say({"id": number, "result": {"content": []}})
        say({"method": "notifications/resources/updated", "params": {"uri": "note://a"}})
        log("info", "little")
        log("error", "end")
    elif number is not None:
        say({"id": number, "result": {}})
'''


class Session:
    """One client of streamable HTTP."""

    def __init__(self, revision, capabilities):
        self.id, self.last = None, 0
        params = {
            "protocolVersion": revision,
            "capabilities": capabilities,
            "clientInfo": {"name": "checks", "version": "1"},
        }
        answer, headers = self.request("initialize", params)
        same("the revision", answer["result"]["protocolVersion"], revision)
        self.id = headers["Mcp-Session-Id"]

    def headers(self):
        named = {"Mcp-Session-Id": self.id} if self.id else {}
        accept = "application/json, text/event-stream"
        return {"Content-Type": "application/json", "Accept": accept} | named

    def post(self, message, on_message=None):
        """Every message that comes back, and the headers."""
        connection = Connection(str(SOCKET))
        connection.request("POST", "/mcp", json.dumps(message), self.headers())
        answer, found = connection.getresponse(), []
        if answer.headers["Content-Type"] == "text/event-stream":
            for line in answer:
                data = line.removeprefix(b"data:").strip()
                if line.startswith(b"data:") and data:
                    found.append(json.loads(data))
                    if on_message:
                        on_message(found[-1])
        else:
            body = answer.read()
            found = [json.loads(body)] if body else []
        connection.close()
        return found, answer.headers

    def request(self, method, params, on_message=None):
        self.last += 1
        message = {"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}
        found, headers = self.post(message, on_message)
        expect(found, f"{method} was not answered")
        return found[-1], headers

    def is_asked(self):
        """Whether the server's question reaches the client and its answer the server."""

        def on_message(message):
            if message.get("method") == "elicitation/create":
                self.post({"jsonrpc": "2.0", "id": message["id"], "result": {"action": "decline"}})

        answer, _ = self.request("tools/call", {"name": "asker__ask"}, on_message)
        return answer["result"]["content"][0]["text"] == "decline"

    def has_batches(self):
        """Only sessions of 2025-03-26 have them."""
        self.last += 1
        found, _ = self.post([{"jsonrpc": "2.0", "id": self.last, "method": "ping"}])
        return isinstance(found[-1], list)

    def heard(self):
        """What the client hears unasked of a change and two lines of a log, up to the last of them."""
        connection = Connection(str(SOCKET))
        connection.request("GET", "/mcp", headers=self.headers())
        stream, found = connection.getresponse(), []
        self.request("tools/call", {"name": "noter__touch"})
        for line in stream:
            data = line.removeprefix(b"data:").strip()
            if not (line.startswith(b"data:") and data):
                continue
            message = json.loads(data)
            if message["method"] == "notifications/resources/updated":
                found.append(message["params"]["uri"])
            elif message["method"] == "notifications/message":
                found.append(message["params"]["data"])
                if found[-1] == "end":
                    break
        connection.close()
        return found

    def close(self):
        return exchange(str(SOCKET), "DELETE", "/mcp", headers=self.headers())[0]


def config(name, code):
    return f'[servers.{name}]\ncommand = "/usr/bin/python3"\nargs = ["-c", {json.dumps(code)}]\n'


def restart():
    ctl("restart", SERVICE)


def kill():
    pid = main_pid()
    os.kill(pid, signal.SIGKILL)
    until("another daemon", lambda: main_pid() not in (0, pid) and is_active())


def outlives():
    given(config("asker", ASKER))
    figures = Figures()
    able, unable = Session("2025-03-26", {"elicitation": {}}), Session("2025-06-18", {})
    closed = Session("2025-03-26", {"elicitation": {}})
    same("DELETE", closed.close(), 204)
    kept = lambda: (able.is_asked(), able.has_batches(), unable.is_asked(), unable.has_batches())
    expected = (True, True, False, False)
    same("what each can do, before", kept(), expected)
    changes = (restart, kill, kill, restart)
    for change in changes:
        change()
        same(f"what each can do, after {change.__name__}", kept(), expected)
    # It is taken up like any unknown one, and nothing of it was kept.
    same("whether the closed one has batches", closed.has_batches(), False)
    same("DELETE in the end", (able.close(), unable.close()), (204, 204))
    figures.see("restarts and kills", len(changes))
    return figures.end()


def wants_outlive():
    """Nobody tells a client over HTTP that it has to say again what it wants to hear."""
    given(config("noter", NOTER))
    picky, plain = Session("2025-06-18", {}), Session("2025-06-18", {})
    same("setLevel", picky.request("logging/setLevel", {"level": "error"})[0].get("result"), {})
    same("subscribe", picky.request("resources/subscribe", {"uri": "note://a"})[0].get("result"), {})
    both = lambda: (picky.heard(), plain.heard())
    expected = (["note://a", "end"], ["little", "end"])
    same("what each hears, before", both(), expected)
    changes = (restart, kill, restart, kill)
    for change in changes:
        change()
        # The server is asked again once the new daemon knows what it has.
        until(f"what each hears, after {change.__name__}", lambda: both() == expected)
    same("unsubscribe", picky.request("resources/unsubscribe", {"uri": "note://a"})[0].get("result"), {})
    restart()
    same("what it hears in the end", picky.heard(), ["end"])
    return f"over {len(changes)} restarts and kills"


CHECKS = [
    ("a legacy HTTP session outlives restarts and kill -9", outlives),
    ("what a client over HTTP wants to hear outlives restarts and kill -9", wants_outlive),
]

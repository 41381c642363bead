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
CONFIG = f'[servers.asker]\ncommand = "/usr/bin/python3"\nargs = ["-c", {json.dumps(ASKER)}]\n'


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

    def close(self):
        return exchange(str(SOCKET), "DELETE", "/mcp", headers=self.headers())[0]


def restart():
    ctl("restart", SERVICE)


def kill():
    pid = main_pid()
    os.kill(pid, signal.SIGKILL)
    until("another daemon", lambda: main_pid() not in (0, pid) and is_active())


def outlives():
    given(CONFIG)
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


CHECKS = [("a legacy HTTP session outlives restarts and kill -9", outlives)]

"""Stands where callmux would: passes stdio on to a streamable HTTP server, message by message.

`standin.py URL`. No more than what the suite's client scenarios need to pass, so that a scenario
that fails with callmux fails because of callmux and not of the client in front of it.
"""

import base64
import http.client
import json
import re
import sys
import threading
import time
from urllib.parse import urlsplit

MODERN = "2026-07-28"
VERSION = "io.modelcontextprotocol/protocolVersion"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

url, lock, running = urlsplit(sys.argv[1]), threading.Lock(), []
session, negotiated, mirrored = {}, {}, {}


def say(message):
    with lock:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def marked(schema):
    """The annotated arguments of a tool and their headers; None if the annotations are wrong."""
    found = {name: of for name, of in schema.get("properties", {}).items() if "x-mcp-header" in of}
    heads = [of["x-mcp-header"] for of in found.values()]
    kinds = all(of.get("type") in ("string", "integer", "boolean") for of in found.values())
    fine = kinds and all(TOKEN.fullmatch(head) for head in heads) and len({head.lower() for head in heads}) == len(heads)
    return {name: of["x-mcp-header"] for name, of in found.items()} if fine else None


def written(value):
    text = value if isinstance(value, str) else json.dumps(value)
    if re.fullmatch(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?|", text) and not re.fullmatch(r"=\?base64\?.*\?=", text):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def headers_of(message):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **session}
    method, params = message.get("method"), message.get("params") or {}
    version = (params.get("_meta") or {}).get(VERSION)
    if not version:
        return {**headers, **negotiated}
    headers |= {"MCP-Protocol-Version": version, "Mcp-Method": method}
    if method in NAMED:
        headers["Mcp-Name"] = written(params[NAMED[method]])
    if method == "tools/call":
        arguments = params.get("arguments") or {}
        for name, head in mirrored.get(params["name"], {}).items():
            if arguments.get(name) is not None:
                headers[f"Mcp-Param-{head}"] = written(arguments[name])
    return headers


def arrived(message, request):
    """Keeps what later requests need to know, and passes it on."""
    result = message.get("result") or {}
    if message.get("id") == request.get("id") and request.get("method") == "initialize":
        negotiated["MCP-Protocol-Version"] = result.get("protocolVersion", "")
    if message.get("id") == request.get("id") and request.get("method") == "tools/list" and "tools" in result:
        marks = {tool["name"]: marked(tool.get("inputSchema", {})) for tool in result["tools"]}
        mirrored.update({name: heads for name, heads in marks.items() if heads is not None})
        result["tools"] = [tool for tool in result["tools"] if marks[tool["name"]] is not None]
    say(message)


def events(answer, request):
    """Reads a stream to its end: whether the answer was in it, the last event's id, when to retry."""
    last, retry, data, done = None, 1.0, [], False
    for line in answer:
        key, _, value = line.decode().rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if key == "id":
            last = value
        elif key == "retry":
            retry = int(value) / 1000
        elif key == "data":
            data.append(value)
        elif not key and data:
            text, data = "\n".join(data), []
            if text.strip():
                message = json.loads(text)
                arrived(message, request)
                done = done or ("method" not in message and message.get("id") == request.get("id"))
                if done:
                    break
    return done, last, retry


def exchange(method, body, headers, timeout=20):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
    connection.request(method, url.path or "/", body, headers)
    return connection.getresponse()


def stand():
    """The stream for what belongs to no request, as long as the server keeps it."""
    answer = exchange("GET", None, {"Accept": "text/event-stream", **session, **negotiated}, None)
    if answer.status == 200:
        events(answer, {})


def post(message):
    answer = exchange("POST", json.dumps(message).encode(), headers_of(message))
    if found := answer.getheader("mcp-session-id"):
        if message.get("method") == "initialize":
            session["Mcp-Session-Id"] = found
    if (answer.getheader("content-type") or "").startswith("text/event-stream"):
        done, last, retry = events(answer, message)
        while not done and last and "id" in message:
            time.sleep(retry)
            headers = {"Accept": "text/event-stream", "Last-Event-ID": last, **session, **negotiated}
            done, last, retry = events(exchange("GET", None, headers), message)
        return
    body = answer.read()
    if "id" not in message or "method" not in message:
        return
    reply = json.loads(body)
    if reply.get("error", {}).get("code") == -32022 and MODERN in reply["error"]["data"]["supported"]:
        if not session.pop("again", None):
            return post(message)
    arrived(reply, message)


for line in sys.stdin:
    one = json.loads(line)
    if "method" in one and "id" in one:
        thread = threading.Thread(target=post, args=[one])
        thread.start()
        running.append(thread)
    else:
        post(one)
    if one.get("method") == "notifications/initialized" and session:
        threading.Thread(target=stand, daemon=True).start()
for thread in running:
    thread.join()

"""HTTP as an attacker or a plain client writes it: sockets and bytes."""

import json
import socket

PATIENCE = 120


def connect(address):
    """To a port of loopback, or to the path of a unix socket."""
    if isinstance(address, int):
        stream = socket.create_connection(("127.0.0.1", address), PATIENCE)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(PATIENCE)
        stream.connect(address)
    return stream


def head(method, path, length=None, **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if length is not None:
        lines += [f"Content-Length: {length}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Response:
    """Reads one response: the status, the headers, the whole body."""

    def __init__(self, reader):
        line = reader.readline()
        if not line:
            raise ConnectionError("closed before an answer")
        self.status, self.headers = int(line.split()[1]), {}
        while (line := reader.readline()) not in (b"\r\n", b""):
            name, value = line.decode("latin-1").split(":", 1)
            self.headers[name.lower()] = value.strip()
        if "chunked" in self.headers.get("transfer-encoding", ""):
            parts = []
            while size := int(reader.readline() or b"0", 16):
                parts.append(reader.read(size))
                reader.readline()
            reader.readline()
            self.body = b"".join(parts)
        else:
            self.body = reader.read(int(self.headers.get("content-length", 0)))

    def message(self):
        """The JSON-RPC response in it, be it plain or the last event of a stream."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            data = [line[5:] for line in self.body.split(b"\n") if line.startswith(b"data:")]
            return json.loads(data[-1])
        return json.loads(self.body)


class Session:
    """A client of 2025-06-18 over one connection."""

    def __init__(self, address):
        self.address, self.headers, self.last = address, {}, 0
        self.stream = connect(address)
        self.reader = self.stream.makefile("rb")

    def post(self, message):
        body = json.dumps(message).encode()
        accept = {"Accept": "application/json, text/event-stream", **self.headers}
        self.stream.sendall(head("POST", "/mcp", len(body), **accept) + body)
        return Response(self.reader)

    def open(self, name, **info):
        params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": name, "version": "1", **info}}
        response = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
        self.headers = {"Mcp_Session_Id": response.headers.get("mcp-session-id", "")}
        self.hello = response.message()
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def ask(self, method, **params):
        self.last += 1
        return self.post({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}).message()

    def call(self, name, **arguments):
        return self.ask("tools/call", name=name, arguments=arguments)

    def tools(self):
        """The names of all tools, over all pages, and how many bytes the pages had."""
        names, size, cursor = [], 0, {}
        while True:
            result = self.ask("tools/list", **cursor)["result"]
            names += [tool["name"] for tool in result["tools"]]
            size += len(json.dumps(result))
            if not result.get("nextCursor"):
                return names, size
            cursor = {"cursor": result["nextCursor"]}

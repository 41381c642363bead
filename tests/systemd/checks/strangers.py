"""What another user of the machine gets: nothing. Runs as that user."""

import http.client
import json
import os
import socket
import time

from clients import NoAnswer, health
from lib import Failed, expect, milliseconds

TCP = ("127.0.0.1", 4860)
SOCKET = os.environ["CALLMUX_FOREIGN_SOCKET"]


def unix_socket():
    try:
        answer = health(SOCKET)
    except PermissionError as error:
        return str(error)
    raise Failed(f"it was answered: {answer}")


def tcp():
    """The kernel lets anybody connect; the daemon hangs up without a word."""
    started = time.monotonic()
    try:
        answer = health(TCP)
    except NoAnswer as error:
        told = isinstance(error.__cause__, http.client.IncompleteRead)
        expect(not told, f"it was told something: {error}")
        took = time.monotonic() - started
        expect(took < 1, f"it took {took:.1f} s")
        return f"{error}, {milliseconds(started)}"
    raise Failed(f"it was answered: {answer}")


def tcp_and_gone():
    """Whoever is gone when the daemon looks has no owner any more, and must not be taken for root."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    call["params"] = {"name": "counter__increment", "arguments": {}}
    body = json.dumps(call)
    host = f"Host: {TCP[0]}:{TCP[1]}"
    head = f"POST /mcp HTTP/1.1\r\n{host}\r\nContent-Type: application/json\r\n"
    head += f"Mcp-Session-Id: {'5' * 32}\r\nContent-Length: {len(body)}\r\n\r\n"
    behind = f"GET /health HTTP/1.1\r\n{host}\r\n\r\n"
    for _ in range(200):
        with socket.create_connection(TCP, timeout=5) as stream:
            try:
                stream.sendall((head + body + behind).encode())
            except OSError:
                pass
    return "200 calls sent; what became of them is looked at next"


CHECKS = [
    ("another user cannot connect to the unix socket", unix_socket),
    ("another user is hung up on over TCP", tcp),
    ("another user sends calls and is gone", tcp_and_gone),
]

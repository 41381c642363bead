"""What another user of the machine gets: nothing. Runs as that user."""

import http.client
import os
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


CHECKS = [
    ("another user cannot connect to the unix socket", unix_socket),
    ("another user is hung up on over TCP", tcp),
]

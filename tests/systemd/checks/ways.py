"""Any subset of the sockets, and whoever may not come in."""

import re

from clients import Bridge, health, http_call, outcome
from lib import SERVICE, SOCKET, UNITS, ctl, expect, facts, given, is_active, journal, main_pid
from lib import pathlib, run, same, show, until

TCP = ("127.0.0.1", 4860)
# What the counter showed before other users came.
COUNTED = pathlib.Path.home() / ".cache/counted-before-strangers"


def addresses():
    """What the running daemon said it listens on."""
    entries = facts("listening", f"_PID={main_pid()}")
    return {entry["CALLMUX_ADDRESS"] for entry in entries}


def both():
    given()
    ctl("enable", "--now", "callmux-http.socket")
    expect(not is_active(), "the service runs before anybody connected")
    same("a call over TCP", outcome(http_call("counter__increment", address=TCP)), "done")
    same("a call over the unix socket", outcome(http_call("counter__increment")), "done")
    same("a bridge", Bridge().value("counter__increment"), {"value": 3})
    over_tcp = Bridge("--url", "http://127.0.0.1:4860")
    same("a bridge over TCP", over_tcp.value("counter__increment"), {"value": 4})
    wanted = {str(SOCKET), "http://127.0.0.1:4860"}
    until("both are in the journal", lambda: addresses() == wanted)
    return " and ".join(sorted(wanted))


def http_starts_it():
    """Only this one is enabled; the service brings the other because it requires it."""
    ctl("disable", "--now", "callmux.socket")
    try:
        given(sockets=("callmux-http.socket",))
        same("callmux.socket", show("ActiveState", "callmux.socket"), "inactive")
        same("a call over TCP", outcome(http_call("counter__increment", address=TCP)), "done")
        same("the status over TCP", health(TCP)[0], 200)
    finally:
        ctl("enable", "callmux.socket")
    return ", ".join(sorted(addresses()))


def http_alone():
    """With a service of the user's own that does not require the unix socket."""
    ours = run("systemctl", "--user", "cat", SERVICE).stdout
    own = UNITS / SERVICE
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(re.sub(r"(?m)^(Requires|After)=callmux.socket\n", "", ours))
    try:
        ctl("daemon-reload")
        given(sockets=("callmux-http.socket",))
        same("a call over TCP", outcome(http_call("counter__increment", address=TCP)), "done")
        until("it is in the journal", addresses)
        same("what it listens on", addresses(), {"http://127.0.0.1:4860"})
        expect(not SOCKET.exists(), "there is a unix socket all the same")
    finally:
        own.unlink()
        ctl("daemon-reload")


def not_loopback():
    """Nothing would ask other machines who they are, so the daemon does not serve such a socket."""
    own = UNITS / "callmux-http.socket.d/open.conf"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("[Socket]\nListenStream=\nListenStream=0.0.0.0:4860\n")
    try:
        ctl("daemon-reload")
        given(sockets=("callmux.socket", "callmux-http.socket"))
        same("the unix socket", outcome(http_call("counter__increment")), "done")
        entry = until("the refusal", lambda: facts("listener_refused", f"_PID={main_pid()}"))[0]
        same("its priority", entry["PRIORITY"], "3")
        same("its address", entry["CALLMUX_ADDRESS"], "0.0.0.0:4860")
    finally:
        own.unlink()
        ctl("daemon-reload")
    return entry["MESSAGE"]


def ready_for_strangers():
    """Leaves a running daemon with both sockets behind, for the checks of another user."""
    given(sockets=("callmux.socket", "callmux-http.socket"))
    answer = http_call("counter__increment", address=TCP)
    same("a call", outcome(answer), "done")
    COUNTED.write_text(str(answer["result"]["structuredContent"]["value"]))
    return f"as user {pathlib.Path.home().name}"


def strangers_called_nothing():
    counted = http_call("counter__value", address=TCP)["result"]["structuredContent"]["value"]
    same("what was counted", str(counted), COUNTED.read_text())
    return f"the counter is still at {counted}"


def strangers_are_in_the_journal():
    entries = until("the refusal is in the journal", lambda: facts("peer_refused"))
    same("the priority", {entry["PRIORITY"] for entry in entries}, {"4"})
    return f"{len(entries)} refused: {entries[-1]['MESSAGE']}"


CHECKS = [
    ("both sockets work", both),
    ("the HTTP socket alone starts it", http_starts_it),
    ("the HTTP socket alone is enough", http_alone),
    ("an address others can reach is not served", not_loopback),
    ("the daemon is up for another user's try", ready_for_strangers),
]

"""A config with a mistake: the daemon runs all the same, and everybody reads what is wrong."""

import re
import time

from clients import Bridge, http_call, outcome
from lib import CONFIG, EXAMPLES, SERVICE, ctl, expect, facts, given, is_active, main_pid
from lib import milliseconds, same, show, until

# The comma between the arguments is missing: line 3.
BROKEN = '[servers.time]\ncommand = "callmux"\nargs = ["example-server" "time"]\n'
PLACE = re.compile(rf"{re.escape(str(CONFIG))}:3:\d+: ")


def told_everywhere():
    given(BROKEN)
    started = time.monotonic()
    ctl("start", SERVICE)
    took = milliseconds(started)
    expect(is_active(), "the service is not active")
    status = show("StatusText")
    expect(PLACE.search(status), f"the status says {status!r}")
    entry = until("the complaint", lambda: facts("config_refused", f"_PID={main_pid()}"))[0]
    same("its priority", entry["PRIORITY"], "3")
    expect(PLACE.match(entry["CALLMUX_CONFIG_COMPLAINT"]), f"the journal says {entry['MESSAGE']!r}")
    for answer in (Bridge().call("time__now"), http_call("time__now")):
        told = outcome(answer)
        expect(PLACE.search(told), f"a call is answered {told!r}")
    return f"active after {took}; {entry['CALLMUX_CONFIG_COMPLAINT']}"


def repaired():
    given(BROKEN)
    bridge = Bridge()
    expect(outcome(bridge.call("counter__increment")) != "done", "a call worked without a config")
    CONFIG.write_text(EXAMPLES)
    ctl("restart", SERVICE)
    same("a call after the repair", bridge.value("counter__increment"), {"value": 1})
    until("the status is good", lambda: show("StatusText").startswith("4 of 4 servers ready"))


def broken_later():
    """A restart with a broken file: the session stays, and is told."""
    given()
    bridge = Bridge()
    bridge.value("time__now")
    CONFIG.write_text(BROKEN)
    ctl("restart", SERVICE)
    told = outcome(bridge.call("time__now"))
    expect(PLACE.search(told), f"a call is answered {told!r}")
    CONFIG.write_text(EXAMPLES)
    ctl("restart", SERVICE)
    bridge.value("time__now")


def server_without_command():
    given(EXAMPLES + '[servers.missing]\ncommand = "no-such-command"\n')
    bridge = Bridge()
    bridge.value("time__now")
    ours = ("CALLMUX_SERVER=missing", f"_PID={main_pid()}")
    entry = until("the failure is in the journal", lambda: facts("server_failed", *ours))[0]
    expect("no-such-command" in entry["CALLMUX_REASON"], f"the journal says {entry['MESSAGE']!r}")
    until("the status counts it", lambda: show("StatusText").startswith("4 of 5 servers ready"))
    return entry["CALLMUX_REASON"]


CHECKS = [
    ("a broken config is told everywhere", told_everywhere),
    ("a repaired config works after a restart", repaired),
    ("a config that breaks later ends no session", broken_later),
    ("a server that cannot start harms no other", server_without_command),
]

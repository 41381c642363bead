"""A config with a mistake: the daemon runs all the same, and everybody reads what is wrong."""

import re
import time

from clients import Bridge, http_call, outcome
from lib import CONFIG, EXAMPLES, SERVICE, ctl, expect, facts, given, is_active, main_pid
from lib import milliseconds, run, same, servers, show, until

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
    ctl("reload", SERVICE)
    same("a call after the repair", bridge.value("counter__increment"), {"value": 1})
    until("the status is good", lambda: show("StatusText").startswith("4 of 4 servers ready"))


def broken_later():
    """A restart with a broken file: the last good one is used, and everybody can see that."""
    given()
    bridge = Bridge()
    bridge.value("time__now")
    CONFIG.write_text(BROKEN)
    ctl("restart", SERVICE)
    bridge.value("time__now")
    status = show("StatusText")
    expect(PLACE.search(status) and "last good" in status, f"the status says {status!r}")
    same("callmux status", run("callmux", "status", check=False).returncode, 65)
    CONFIG.write_text(EXAMPLES)
    ctl("reload", SERVICE)
    bridge.value("time__now")
    same("callmux status", run("callmux", "status", check=False).returncode, 0)


def reloads():
    """`systemctl reload` returns when the config is in force, and fails when it is refused."""
    given()
    bridge = Bridge()
    bridge.value("counter__increment")
    before = main_pid(), servers()
    CONFIG.write_text(BROKEN)
    refused = ctl("reload", SERVICE, check=False)
    expect(refused.returncode != 0, "a refused config was reloaded")
    same("the daemon and its servers", (main_pid(), servers()), before)
    until("it is active again", is_active)
    more = '[servers.more]\ncommand = "callmux"\nargs = ["example-server", "counter"]\n'
    CONFIG.write_text(EXAMPLES + more)
    started = time.monotonic()
    ctl("reload", SERVICE)
    took = milliseconds(started)
    same("a call to the new server", bridge.value("more__increment"), {"value": 1})
    same("a call to an old one", bridge.value("counter__increment"), {"value": 2})
    expect(before[1].keys() <= servers().keys(), "an untouched server was restarted")
    ctl("kill", "--kill-whom=main", "--signal=HUP", SERVICE)
    bridge.value("more__value")
    until("it is active again", is_active)
    return f"Type={show('Type')}, reloaded within {took}"


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
    ("a config that breaks later is replaced by the last good one", broken_later),
    ("systemctl reload waits and fails when it must", reloads),
    ("a server that cannot start harms no other", server_without_command),
]

"""Rules about the process that asks: the unit of systemd that it is in, the program that started its bridge."""

import json

from clients import Bridge, outcome
from lib import EXAMPLES, ctl, expect, given, run, same
from sessions import kill, restart

UNITS = """
[[access.rules]]
id = "counting"
units = ["agent-one.scope"]
servers = ["counter"]
effect = "allow"

[[access.rules]]
id = "waiting"
units = ["agent-*.scope"]
servers = ["slow"]
effect = "allow"
"""
# These checks are a script that python runs, and start the bridges.
PROGRAM = """
[[access.rules]]
exe = ["checks"]
servers = ["slow"]
effect = "allow"
"""
SECONDS = 10


def servers_of(bridge):
    """The servers whose tools it is shown."""
    tools = bridge.request("tools/list", {})["result"]["tools"]
    names = [tool["name"].split("__") for tool in tools]
    return sorted({name[0] for name in names if len(name) == 2})


def units_narrow():
    """A scope is given to an agent by whoever starts it, and what it starts is in it, too."""
    given(EXAMPLES + UNITS)
    seen = {}
    for unit, expected in (("agent-one", ["counter", "slow"]), ("agent-two", ["slow"]), ("other", [])):
        scope = ("systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={unit}")
        bridge = Bridge(under=scope)
        same(f"the servers that {unit}.scope sees", servers_of(bridge), expected)
        denied = outcome(bridge.call("counter__value")) != "done"
        same(f"whether {unit}.scope is denied the counter", denied, "counter" not in expected)
        seen[unit] = expected
        bridge.close()
    bridge = Bridge()
    same("the servers that is seen without a scope", servers_of(bridge), [])
    test = run("callmux", "access", "test", "counter__value", "--unit", "agent-one.scope")
    expect("counting" in test.stdout, test.stdout)
    return json.dumps(seen)


def calls_go_on():
    """The process is known again once its bridge is back, and its answers wait for that."""
    given('drain_timeout = "1s"\n' + EXAMPLES + PROGRAM)
    bridge = Bridge()
    same("the servers that are seen", servers_of(bridge), ["slow"])
    waiting = bridge.start_call("slow__wait", {"seconds": SECONDS, "steps": SECONDS * 5}, token="t")
    for change in (restart, kill):
        bridge.await_progress()
        change()
    answer = waiting.get(timeout=SECONDS + 60)
    same("the call over a restart and a kill", outcome(answer), "done")
    same("the servers that are seen after that", servers_of(bridge), ["slow"])
    expect(ctl("is-active", "callmux.service").stdout.strip() == "active", "the daemon does not run")


CHECKS = [
    ("a rule about a unit is about what is in it", units_narrow),
    ("a call goes on under a rule about the program that makes it", calls_go_on),
]

"""A sandbox that cannot be had is no sandbox that is left out. Runs as a user whose manager may not
make user namespaces; see `guest`."""

import json

from clients import http_call, outcome
from lib import EXAMPLES, ctl, expect, given, run, same, until


def is_told():
    text = EXAMPLES
    for name in ("net", "strict"):
        args = json.dumps(["example-server", "counter"])
        text += f'[servers.caged-{name}]\ncommand = "callmux"\nargs = {args}\nsandbox = "{name}"\n'
    given(text)
    same("a call of its neighbour", outcome(http_call("counter__increment")), "done")
    told = lambda: json.loads(run("callmux", "status", "--json", check=False).stdout)
    servers = lambda: {s["name"]: s for s in told()["servers"] if s["name"].startswith("caged")}
    until("both were tried", lambda: all(s["reason"] for s in servers().values()))
    for name, server in servers().items():
        reason = server["reason"]
        expect("user namespaces" in reason and '"none"' in reason, f"{name} says {reason!r}")
        expect(not server["pid"], f"{name} runs")
    # Between two tries there is nothing to report.
    doctor = lambda: run("callmux", "doctor", check=False).stdout
    until("doctor says it", lambda: "user namespaces" in doctor())
    call = http_call("caged-net__increment")
    expect(outcome(call) != "done", f"a call was answered {call}")
    units = ctl("list-units", "--no-legend", "app-callmux-caged*", check=False).stdout
    expect("running" not in units, units)
    return servers()["caged-net"]["reason"]


CHECKS = [("a sandbox that cannot be had is told, and the server does not run", is_told)]

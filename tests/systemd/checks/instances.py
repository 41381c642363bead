"""A server for each directory of its clients: each a unit of its own that outlives the daemon."""

import os
import pathlib
import signal

from clients import Bridge, outcome
from figures import Figures
from fleet import entry, install_another_build, install_original, units
from lib import HOME, SERVICE, ctl, expect, given, is_active, main_pid, run, same, show, until

SCOPE = 'scope = "cwd"\nrequire_cwd = true\n'


def place(name):
    path = HOME / name
    path.mkdir(exist_ok=True)
    return str(path)


def told(bridge, tool, arguments):
    answer = bridge.call(f"alpha__{tool}", arguments)
    same(tool, outcome(answer), "done")
    return answer["result"]["structuredContent"]


def pid(bridge):
    return told(bridge, "read", {"nonce": "1"})["pid"]


def kill():
    before = main_pid()
    os.kill(before, signal.SIGKILL)
    until("another daemon", lambda: main_pid() not in (0, before) and is_active())


def upgrade():
    install_another_build()
    ctl("restart", SERVICE)


def outlive():
    given(entry("alpha", keys=SCOPE))
    places = [place("instance one"), place("instance-zwö%n")]
    bridges = [Bridge(cwd=path) for path in places]
    figures, pids = Figures(), [pid(bridge) for bridge in bridges]
    expect(len(set(pids)) == 2, f"both directories have the process {pids}")
    try:
        for bridge, path, number in zip(bridges, places, pids):
            same("its directory", os.readlink(f"/proc/{number}/cwd"), path)
            same("CALLMUX_CWD", told(bridge, "environ", {"name": "CALLMUX_CWD"})["value"], path)
        # The one that was asked what it offers is not needed any more.
        until("there are two units", lambda: sum(state == "active" for state in units("alpha").values()) == 2)
        for unit in units("alpha"):
            number = int(show("MainPID", unit))
            if number in pids:
                description = show("Description", unit)
                expect(" in " in description, f"{unit} is described as {description!r}")
        for change in (lambda: ctl("restart", SERVICE), kill, upgrade):
            change()
            same("the processes afterwards", [pid(bridge) for bridge in bridges], pids)
            shared = Bridge(cwd=places[1])
            same("who joins afterwards shares it", pid(shared), pids[1])
        shown = run("callmux", "status").stdout
        expect(f"alpha in {places[0]}" in shown, f"`callmux status` shows {shown}")
        figures.same("instances that outlived restart, kill -9 and upgrade", len(set(pids)), 2)
    finally:
        install_original()
    ctl("stop", "callmux.socket", SERVICE)
    until("they end with the daemon", lambda: not any(pathlib.Path(f"/proc/{number}").exists() for number in pids))
    return figures.end()


def a_call_in_flight():
    given(entry("alpha", keys=SCOPE))
    bridge = Bridge(cwd=place("instance one"))
    before = pid(bridge)
    running = bridge.start_call("alpha__mutate", {"nonce": "n", "delay_ms": 6000})
    until("the call is with its instance", lambda: "n" in (HOME / "ledger").read_text().split())
    kill()
    answer = running.get(timeout=60)
    same("the call", outcome(answer), "done")
    same("who answered it", answer["result"]["structuredContent"]["pid"], before)
    return "a call went on over kill -9 of the daemon"


CHECKS = [
    ("instances of a server outlive the daemon", outlive),
    ("a call at an instance outlives the daemon", a_call_in_flight),
]

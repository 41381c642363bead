"""Every mistake in a config is told everywhere in the same words, and ends nothing."""

import json
import os
import time

from clients import Bridge, http_call, outcome
from figures import Figures
from lib import CONFIG, EXAMPLES, SERVICE, ctl, facts, given, is_active, main_pid, run, same
from lib import servers, show, until
from mistakes import ALL
from reloads import clean, gate


def write(config):
    new = CONFIG.with_name(".new")
    new.write_bytes(config)
    os.replace(new, CONFIG)


def complaint():
    """What `callmux config check` says first."""
    done = run("callmux", "config", "check", check=False)
    same("the exit code of `callmux config check`", done.returncode, 65)
    return done.stderr.splitlines()[0].removeprefix("callmux: ")


def status_text():
    """As systemd has it: `systemctl show` escapes some characters."""
    systemd = "org.freedesktop.systemd1"
    path = f"/{systemd.replace('.', '/')}/unit/callmux_2eservice"
    wanted = (systemd, path, f"{systemd}.Service", "StatusText")
    answer = run("busctl", "--user", "--json=short", "get-property", *wanted)
    return json.loads(answer.stdout)["data"]


def missing(complaints, told):
    """The complaints that are not in the text that `told` has for them."""
    return [
        f"{said} (but {told[number]})"
        for number, said in complaints.items()
        if said not in told[number]
    ]


def reloaded():
    gate()
    clean()
    given(EXAMPLES)
    figures, bridge, began = Figures(), Bridge(), time.time()
    same("before", bridge.value("counter__increment"), {"value": 1})
    until("all servers run", lambda: len(servers()) == 4)
    before = main_pid(), servers()
    complaints, codes, statuses, shown, failed = {}, [], {}, {}, []
    for number, config in enumerate(ALL):
        write(config)
        complaints[number] = complaint()
        codes.append(ctl("reload", SERVICE, check=False).returncode)
        statuses[number] = status_text()
        shown[number] = run("callmux", "status", check=False).stdout
        ended = outcome(bridge.call("counter__increment"))
        if ended != "done":
            failed.append(ended)
    same("the daemon and its servers", (main_pid(), servers()), before)
    figures.see("mistakes", len(ALL))
    figures.none("calls that failed", failed)
    figures.none("reloads that claim success", [n for n, code in enumerate(codes) if code == 0])
    see_told(figures, complaints, statuses, began)
    figures.none("not in `callmux status`", missing(complaints, shown))
    write(EXAMPLES.encode())
    same("a reload after the repair", ctl("reload", SERVICE, check=False).returncode, 0)
    same("complaints after the repair", "refused" in show("StatusText"), False)
    clean()
    return figures.end()


def see_told(figures, complaints, statuses, began):
    figures.none("not in the status", missing(complaints, statuses))
    entries = facts("config_refused", f"--since=@{began:.6f}")
    told = "\n".join(entry["CALLMUX_CONFIG_COMPLAINT"] for entry in entries)
    figures.none("not in the journal", [said for said in complaints.values() if said not in told])


def started():
    gate()
    clean()
    given(EXAMPLES)
    figures, began = Figures(), time.time()
    complaints, statuses, down, silent = {}, {}, [], []
    for number, config in enumerate(ALL):
        write(config)
        complaints[number] = complaint()
        done = ctl("restart", SERVICE, check=False)
        if done.returncode or not is_active():
            down.append(complaints[number])
        statuses[number] = status_text()
        # Whatever it answers from, it answers.
        if "result" not in (answer := http_call("time__now")) and "error" not in answer:
            silent.append(answer)
    figures.see("mistakes", len(ALL))
    figures.none("starts that failed", down)
    figures.none("calls without an answer", silent)
    figures.same("starts by systemd itself", int(show("NRestarts")), 0)
    see_told(figures, complaints, statuses, began)
    clean()
    return figures.end()


CHECKS = [
    (f"{len(ALL)} mistakes, each reloaded, change nothing and are told", reloaded),
    (f"{len(ALL)} mistakes, each at a start, do not keep it down", started),
]

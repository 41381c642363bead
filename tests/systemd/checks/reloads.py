"""A config that is edited again and again, in every way, while calls are made."""

import os
import pathlib
import re
import shutil
import time

from clients import Bridge
from edits import DIR, STYLES
from figures import Figures
from fleet import config
from lib import Failed, Skipped, given, main_pid, run, same, show, until
from load import Load, quantile
from survival import see_outcomes, see_servers

EDITS = 1000 if os.environ.get("CALLMUX_LONG") == "1" else 200
# Every tenth edit is a mistake.
BROKEN_EVERY = 10
IN_FORCE_MS = 1000
# Edits before the memory is measured for the first time, and by how much it may then grow.
WARM_UP = 40
KIB_PER_EDIT = 1
KIB_OF_NOISE = 2048

SHOWN = re.compile(r"v(\d+)__now$")


def gate():
    """Skips where this callmux cannot reload."""
    if run("callmux", "reload", "--help", check=False).returncode:
        raise Skipped("there is no `callmux reload`")


def edited(number):
    """The config after an edit: one server shows its number in the name of its tool. The others
    are never touched."""
    marker = f'[servers.marker]\nprefix = "v{number}"\ncommand = "callmux"\n'
    return config() + marker + 'args = ["example-server", "time"]\n'


def broken(number):
    return edited(number) + f"[servers.marker{number}\n"


def shown(bridge):
    """The number that tools/list shows."""
    tools = bridge.request("tools/list", {})["result"]["tools"]
    return next((int(m[1]) for tool in tools if (m := SHOWN.search(tool["name"]))), None)


def memory():
    """What the daemon has in memory, in KiB."""
    status = pathlib.Path(f"/proc/{main_pid()}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def clean():
    """No trace of the styles that leave more than one file behind."""
    shutil.rmtree(DIR, ignore_errors=True)


def edits():
    gate()
    clean()
    given(edited(0))
    figures, bridge, good, lags, late, first_kib = Figures(), Bridge(), 0, [], [], 0
    styles = [style.__name__ for style in STYLES]
    with Load(bridges=5, slots=8) as load:
        pid = main_pid()
        for number in range(1, EDITS + 1):
            style = STYLES[number % len(STYLES)]
            is_broken = number % BROKEN_EVERY == 0
            style(broken(number) if is_broken else edited(number))
            began = time.monotonic()
            if is_broken:
                noticed = lambda: f"servers.marker{number}" in show("StatusText") or refused()
            else:
                good = number
                noticed = lambda: shown(bridge) == good and not refused()
            try:
                until(f"edit {number} is noticed", noticed, 5)
            except Failed:
                late.append(f"{number} ({style.__name__})")
            lags.append(time.monotonic() - began)
            if is_broken and shown(bridge) != good:
                late.append(f"{number} ({style.__name__}, broken): {shown(bridge)} is in force")
            if number == WARM_UP:
                first_kib = memory()
        grown = memory() - first_kib
        load.finish()
    figures.see(f"edits in {len(styles)} styles", EDITS)
    load.judge(figures)
    see_outcomes(figures, load, unknown=0, not_sent=0)
    see_servers(figures, load)
    figures.same("daemons", len({pid, main_pid()}), 1)
    figures.none("edits without effect, or with a wrong one", late)
    figures.see("in force after", quantile(lags, 0.5) * 1000, "ms")
    figures.see("at the longest", max(lags) * 1000, "ms", most=IN_FORCE_MS)
    allowed = KIB_OF_NOISE + KIB_PER_EDIT * (EDITS - WARM_UP)
    figures.see("the daemon's memory grew by", grown, "KiB", most=allowed)
    same("the state after all", shown(bridge), good)
    clean()
    return figures.end()


def refused():
    return "config refused" in show("StatusText")


CHECKS = [(f"{EDITS} edits of the config under load", edits)]

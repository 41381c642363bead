"""Runs groups of checks, each named by its module, and prints one line for each check.

CALLMUX_ONLY: a regular expression; other checks are left out. A group's name stands for all its
checks.
"""

import importlib
import os
import re
import sys
import time
import traceback

import figures
from clients import Bridge
from lib import SERVICE, Failed, Skipped, run

KNOWN = re.compile(r"callmux\.service:\d+: (Unknown key|Failed to parse service type)")
ONLY = re.compile(os.environ.get("CALLMUX_ONLY", ""), re.IGNORECASE)


def diagnose():
    """What one wants to see below a failed check."""
    status = run("systemctl", "--user", "status", "--no-pager", "-n0", SERVICE, check=False)
    # Calls are entries too, thousands of them.
    args = ("-o", "short-precise", "-n", "30", "-p", "6", "-t", "callmux", "-t", "systemd")
    log = run("journalctl", "--user", "--no-pager", *args, check=False)
    for line in status.stdout.splitlines()[:12] + log.stdout.splitlines():
        # Older systemds say that at each start.
        if not KNOWN.search(line):
            print(f"     | {line}")


def check(name, function):
    started = time.monotonic()
    try:
        detail = function()
        verdict = "ok  "
    except Skipped as reason:
        verdict, detail = "SKIPPED", str(reason)
    except Failed as failure:
        verdict, detail = "FAIL", str(failure)
    except Exception:  # A check that breaks has not shown anything.
        verdict, detail = "FAIL", traceback.format_exc()
    Bridge.kill_all()
    took = time.monotonic() - started
    figures.write(name, verdict.strip())
    print(f"{verdict} {name}{f': {detail}' if detail else ''} ({took:.1f} s)", flush=True)
    if verdict == "FAIL":
        diagnose()
        sys.stdout.flush()


for group in sys.argv[1:]:
    for name, function in importlib.import_module(group).CHECKS:
        if ONLY.search(group) or ONLY.search(name):
            check(name, function)

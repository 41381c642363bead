"""Runs groups of checks, each named by its module, and prints one line for each check."""

import importlib
import sys
import time
import traceback

from clients import Bridge
from lib import SERVICE, Failed, run


def diagnose():
    """What one wants to see below a failed check."""
    status = run("systemctl", "--user", "status", "--no-pager", "-n0", SERVICE, check=False)
    log = run("journalctl", "--user", "--no-pager", "-o", "short-precise", "-n", "15", check=False)
    for line in status.stdout.splitlines()[:12] + log.stdout.splitlines():
        print(f"     | {line}")


def check(name, function):
    started = time.monotonic()
    try:
        detail = function()
        verdict = "ok  "
    except Failed as failure:
        verdict, detail = "FAIL", str(failure)
    except Exception:  # A check that breaks has not shown anything.
        verdict, detail = "FAIL", traceback.format_exc()
    Bridge.kill_all()
    took = time.monotonic() - started
    print(f"{verdict} {name}{f': {detail}' if detail else ''} ({took:.1f} s)", flush=True)
    if verdict == "FAIL":
        diagnose()
        sys.stdout.flush()


for group in sys.argv[1:]:
    for name, function in importlib.import_module(group).CHECKS:
        check(name, function)

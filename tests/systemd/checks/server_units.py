"""Each server is a unit of its own: seen, limited, logged, and without its secrets shown."""

import pathlib
import secrets
import time

from clients import http_call, outcome
from figures import Figures
from fleet import entry, unit_of, units
from lib import CONFIG, Failed, ctl, expect, given, run, same, show, until

SECRET = "hush-" + secrets.token_hex(8)
FROM_FILE = "hush-" + secrets.token_hex(8)

# The config key to the unit's property, both as they are written.
LIMITS = {
    'memory_max = "64MiB"': ("MemoryMax", str(64 << 20)),
    "tasks_max = 16": ("TasksMax", "16"),
    "cpu_weight = 50": ("CPUWeight", "50"),
    'runtime_max = "1h"': ("RuntimeMaxUSec", "1h"),
}
NAMES = ("alpha", "beta")


def content(tool, arguments):
    answer = http_call(tool, arguments)
    same(f"{tool}", outcome(answer), "done")
    return answer["result"]["structuredContent"]


def own_units():
    given("".join(entry(name) for name in NAMES))
    figures, seen = Figures(), []
    for name in NAMES:
        pid = content(f"{name}__read", {"nonce": "1"})["pid"]
        unit = unit_of(name)
        same(f"the main process of {unit}", int(show("MainPID", unit)), pid)
        same(f"the slice of {unit}", show("Slice", unit), "app-callmux.slice")
        status = ctl("status", "--no-pager", unit).stdout
        expect(f"{pid} (python3)" in status, f"systemctl status {unit} shows {status}")
        seen.append(unit)
    figures.same("units for two servers", len(units()), len(NAMES))
    return f"{figures.end()}: {', '.join(seen)}"


def own_journals():
    given("".join(entry(name) for name in NAMES))
    for name in NAMES:
        pid = content(f"{name}__read", {"nonce": "1"})["pid"]
        unit = unit_of(name)
        line = f"ledger server {name} is up as {pid}"
        said = lambda: run("journalctl", "--user", "--no-pager", "-u", unit).stdout
        until(f"`journalctl --user -u {unit}` shows what it wrote", lambda: line in said(), 5)
        by_name = run("journalctl", "--user", "--no-pager", "-t", f"mcp-{name}").stdout
        expect(line in by_name, f"`journalctl --user -t mcp-{name}` does not show it")
        foreign = [other for other in NAMES if other != name and f"server {other} " in said()]
        expect(not foreign, f"{unit} has the lines of {foreign}")
    return f"what {' and '.join(NAMES)} write on stderr is in journals of their own"


def secrets_stay_secret():
    path = pathlib.Path(CONFIG.parent / "token")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FROM_FILE)
    path.chmod(0o600)
    env = f'[servers.alpha.env]\nTOKEN = "{SECRET}"\nFILED = "${{file:{path}}}"\n'
    began = time.time()
    given(entry("alpha") + env)
    # It must have them, or the rest shows nothing.
    same("the server's own TOKEN", content("alpha__environ", {"name": "TOKEN"})["value"], SECRET)
    same("the server's own FILED", content("alpha__environ", {"name": "FILED"})["value"], FROM_FILE)
    unit, figures = unit_of("alpha"), Figures()
    cat = run("systemctl", "--user", "cat", unit, check=False).stdout
    said = run("journalctl", "--user", "-o", "export", "--all", f"--since=@{began:.6f}").stdout
    places = {
        "systemctl show": ctl("show", "--all", unit).stdout,
        "systemctl cat": cat,
        "systemctl status": ctl("status", "--no-pager", unit).stdout,
        "the manager's environment": ctl("show-environment").stdout,
        "command lines": command_lines(),
        "the journal": said,
    }
    for place, text in places.items():
        found = sum(text.count(secret) for secret in (SECRET, FROM_FILE))
        figures.none(f"secrets in {place}", found)
    return figures.end()


def command_lines():
    lines = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes().decode(errors="replace"))
        except OSError:
            continue  # It ended while we looked.
    return "\n".join(lines)


def limits():
    given(entry("alpha", keys="\n".join(LIMITS) + "\n"))
    complaint = run("callmux", "config", "check", check=False)
    if complaint.returncode:
        raise Failed(f"the keys are refused: {complaint.stderr.strip()}")
    content("alpha__read", {"nonce": "1"})
    unit, found = unit_of("alpha"), {}
    for key, (name, expected) in LIMITS.items():
        found[name] = show(name, unit)
        same(f"{name}= for `{key}`", found[name], expected)
    return ", ".join(f"{name}={value}" for name, value in found.items())


CHECKS = [
    ("each server is a unit of its own", own_units),
    ("each server has a journal of its own", own_journals),
    ("a server's secrets are not shown", secrets_stay_secret),
    ("a server's limits are those of its unit", limits),
]

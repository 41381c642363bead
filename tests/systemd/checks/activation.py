"""From the package to the first answered call, and what systemd shows of the daemon."""

import json
import pathlib
import stat
import time

from clients import Bridge
from lib import CONFIG, EXAMPLES, SERVICE, SOCKET, ctl, expect, given, is_active, main_pid
from lib import milliseconds, run, same, show, until

VERSION = int(run("systemctl", "--version").stdout.split()[1])

# As systemd itself names them. What is not here may be as it likes.
PROPERTIES = {
    SERVICE: {
        # The newest that this systemd knows.
        "Type": "notify-reload" if VERSION >= 253 else "notify",
        "NotifyAccess": "main",
        "KillMode": "mixed",
        "OOMPolicy": "continue",
        "Restart": "on-failure",
        "RestartUSec": "200ms",
        "RestartForceExitStatus": "75",
        "SuccessExitStatus": "75",
        "StartLimitIntervalUSec": "0",
        "WatchdogUSec": "30s",
        "TimeoutStopUSec": "30s",
        "Slice": "app-callmux.slice",
        "LimitNOFILESoft": "16384",
        # Servers inherit all of these.
        "NoNewPrivileges": "no",
        "MemoryDenyWriteExecute": "no",
        "PrivateUsers": "no",
        "ProtectHome": "no",
        "NeedDaemonReload": "no",
    },
    "callmux.socket": {
        "StartLimitIntervalUSec": "0",
        "TriggerLimitIntervalUSec": "0",
        "SocketMode": "0600",
        "DirectoryMode": "0700",
        "RemoveOnStop": "yes",
        "FileDescriptorName": "mcp",
        "Accept": "no",
    },
}


def installed():
    """Debian's policy enables the socket for everyone; the TCP port nobody has asked for."""
    listed = ctl("list-unit-files", "--no-legend", "callmux*").stdout
    states = {line.split()[0]: line.split()[1] for line in listed.splitlines()}
    same("callmux.socket", states.get("callmux.socket"), "enabled")
    same("callmux-http.socket", states.get("callmux-http.socket"), "disabled")
    same("callmux.service", states.get(SERVICE), "indirect")
    expect(not is_active() and not is_active("callmux.socket"), "the package started something")
    return run("callmux", "--version").stdout.strip()


def units_are_clean():
    names = ["callmux.socket", SERVICE, "callmux-http.socket"]
    done = run("systemd-analyze", "--user", "verify", *names, check=False)
    known = ("'RestartSteps'", "'RestartMaxDelaySec'", "service type, ignoring: notify-reload")
    lines = done.stderr.splitlines()
    unexpected = [line for line in lines if not any(key in line for key in known)]
    expect(not unexpected, "\n".join(unexpected))
    return f"{len(lines)} known warnings: {', '.join(known)}" if lines else "no warnings"


def first_call():
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text(EXAMPLES)
    ctl("enable", "--now", "callmux.socket")
    expect(is_active("callmux.socket"), "the socket is not listening")
    expect(not is_active(), "the service runs before anybody connected")
    same("the socket's mode", oct(stat.S_IMODE(SOCKET.stat().st_mode)), "0o600")
    same("its directory's mode", oct(stat.S_IMODE(SOCKET.parent.stat().st_mode)), "0o700")
    started = time.monotonic()
    bridge = Bridge()
    same("the first increment", bridge.value("counter__increment"), {"value": 1})
    took = milliseconds(started)
    expect(is_active(), "the service is not active")
    again = time.monotonic()
    same("the second increment", bridge.value("counter__increment"), {"value": 2})
    return f"{took} with the start of bridge, daemon and servers; the next call {milliseconds(again)}"


def status_line():
    until("all servers are ready", lambda: "4 of 4 servers ready" in show("StatusText"))
    text = ctl("status", "callmux", "--no-pager").stdout
    line = next((line.strip() for line in text.splitlines() if "Status:" in line), None)
    expect(line and "4 of 4 servers ready" in line, f"`systemctl status` shows {line!r}")
    return line


def properties():
    wrong = [
        f"{unit} {name} is {found!r} instead of {expected!r}"
        for unit, wanted in PROPERTIES.items()
        for name, expected in wanted.items()
        if (found := show(name, unit)) != expected
    ]
    expect(not wrong, "; ".join(wrong))
    # Seccomp settings imply it, and servers inherit it.
    status = pathlib.Path(f"/proc/{main_pid()}/status").read_text()
    expect("NoNewPrivs:\t0" in status, "the daemon cannot start sudo and its like")
    return f"{sum(map(len, PROPERTIES.values()))} as expected"


def start_does_not_wait_for_servers():
    given(EXAMPLES + '[servers.hangs]\ncommand = "sleep"\nargs = ["1000"]\n')
    started = time.monotonic()
    ctl("start", SERVICE)
    took = milliseconds(started)
    expect(time.monotonic() - started < 2, f"`systemctl start` took {took}")
    until("the others are ready", lambda: "4 of 5 servers ready" in show("StatusText"))
    same("a call beside it", Bridge().value("counter__increment"), {"value": 1})
    return took


def list_survives_restart():
    """What a model reads is the same byte for byte, or its cache is lost at every restart."""
    given()
    bridge, lists = Bridge(), []
    for _ in range(2):
        until("all servers are ready", lambda: "4 of 4 servers ready" in show("StatusText"))
        lists.append(json.dumps(bridge.request("tools/list", {})["result"]))
        before = main_pid()
        ctl("restart", SERVICE)
        expect(main_pid() != before, "`systemctl restart` kept the process")
        until("the bridge is back", lambda: is_active() and bridge.value("time__now"))
    same("tools/list after a restart", lists[1], lists[0])
    return f"{len(lists[0])} bytes"


CHECKS = [
    ("the package enables the socket and starts nothing", installed),
    ("systemd-analyze verify has nothing to say", units_are_clean),
    ("the first call starts the daemon", first_call),
    ("systemctl status shows the state", status_line),
    ("the units are in force as written", properties),
    ("systemctl start waits for no server", start_does_not_wait_for_servers),
    ("tools/list is the same after a restart", list_survives_restart),
]

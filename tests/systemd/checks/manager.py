"""What the user manager tells the daemon and does for it: credentials, invocations, memory pressure,
presets; and a socket that it gave up."""

import os
import pathlib
import re
import secrets
import signal
import socket

from clients import Bridge, http_call, outcome
from fleet import entry, unit_of
from lib import CONFIG, HOME, SERVICE, SOCKET, Skipped, ctl, drop_in, expect, facts, given
from lib import is_active, journal, main_pid, run, same, show, until

VERSION = int(re.search(r"\d+", run("systemctl", "--version").stdout)[0])
SECRET = "hush-" + secrets.token_hex(8)
LEFT = "the process before this one left"


def environ(name):
    answer = http_call("alpha__environ", {"name": name})
    same("the call", outcome(answer), "done")
    return answer["result"]["structuredContent"]["value"]


def secret_file():
    path = HOME / "token"
    path.write_text(SECRET)
    path.chmod(0o600)
    return path


def shown_nowhere():
    places = {
        "the service": ctl("show", "--all", SERVICE).stdout,
        "the server's unit": ctl("show", "--all", unit_of("alpha")).stdout,
        "the manager's environment": ctl("show-environment").stdout,
        "the journal": run("journalctl", "--user", "-o", "export", "--all", "-n", "200").stdout,
    }
    found = [place for place, text in places.items() if SECRET in text]
    expect(not found, f"the secret is shown in {found}")


def credential():
    """`LoadCredential=` of the service, and `${cred:…}` in the config."""
    try:
        drop_in("credential", f"[Service]\nLoadCredential=forge:{secret_file()}\n")
        given(entry("alpha") + '[servers.alpha.env]\nTOKEN = "${cred:forge}"\n')
        same("what the server has", environ("TOKEN"), SECRET)
        same("its own CREDENTIALS_DIRECTORY", environ("CREDENTIALS_DIRECTORY"), None)
        shown_nowhere()
        pid = main_pid()
        CONFIG.write_text(entry("alpha") + '[servers.alpha.env]\nTOKEN = "${cred:other}"\n')
        ctl("reload", SERVICE)
        said = until("the other is missed", lambda: facts("server_unusable", f"_PID={pid}"))
        expect("LoadCredential=other:" in said[-1]["MESSAGE"], f"it is told {said[-1]['MESSAGE']!r}")
    finally:
        drop_in("credential", None)
    given(entry("alpha") + '[servers.alpha.env]\nTOKEN = "${cred:forge}"\n')
    ctl("start", SERVICE)
    said = until("it is missed", lambda: facts("server_unusable", f"_PID={main_pid()}"))
    expect("LoadCredential=forge:" in said[-1]["MESSAGE"], f"it is told {said[-1]['MESSAGE']!r}")
    return said[-1]["MESSAGE"]


def encrypted_by_unit():
    """`LoadCredentialEncrypted=`, which user managers before 258 refuse."""
    if VERSION < 256:
        raise Skipped(f"systemd {VERSION} encrypts nothing for users; that needs 256")
    path = HOME / "forge.cred"
    path.unlink(missing_ok=True)
    run("systemd-creds", "--user", "encrypt", "--name=forge", str(secret_file()), str(path))
    try:
        drop_in("credential", f"[Service]\nLoadCredentialEncrypted=forge:{path}\nRestart=no\n")
        given(entry("alpha") + '[servers.alpha.env]\nTOKEN = "${cred:forge}"\n')
        done = ctl("start", SERVICE, check=False)
        if VERSION < 258:
            expect(done.returncode != 0, f"systemd {VERSION} does start it: tell so in the README")
            same("how it failed", show("ExecMainStatus"), "243")
            return f"systemd {VERSION} refuses to start it: 243/CREDENTIALS"
        same("what the server has", environ("TOKEN"), SECRET)
        return f"systemd {VERSION} decrypts it"
    finally:
        drop_in("credential", None)
        ctl("reset-failed", SERVICE, check=False)


def encrypted_by_program():
    """The same file, decrypted where the config is read: from 256 on."""
    if VERSION < 256:
        raise Skipped(f"systemd {VERSION} encrypts nothing for users; that needs 256")
    path = HOME / "forge.cred"
    path.unlink(missing_ok=True)
    run("systemd-creds", "--user", "encrypt", "--name=forge", str(secret_file()), str(path))
    expect(SECRET not in path.read_text(), "it is not encrypted")
    command = f"systemd-creds --user decrypt --name=forge {path} -"
    given(entry("alpha") + f'[servers.alpha.env]\nTOKEN = "${{cmd:{command}}}"\n')
    same("what the server has", environ("TOKEN"), SECRET)
    shown_nowhere()
    return command


def invocations():
    """Entries are found by the run of the daemon that wrote them, and by no field of ours."""
    given(entry("alpha"))
    bridge, mark = Bridge(), secrets.token_hex(8)
    seen = []
    for _ in range(2):
        bridge.value("alpha__shout", {"line": mark})
        invocation = show("InvocationID")
        matches = (f"_SYSTEMD_INVOCATION_ID={invocation}", f"_PID={main_pid()}")
        of_daemon = lambda: journal("-t", "callmux", "CALLMUX_FACT=daemon_ready", *matches)
        until("the daemon's entries have its invocation", of_daemon)
        of_server = lambda: [e for e in journal("-t", "mcp-alpha", *matches) if mark in e["MESSAGE"]]
        until("the server's lines have it", of_server)
        seen.append(invocation)
        ctl("restart", SERVICE)
    expect(seen[0] != seen[1], "two runs have one invocation")
    return " and ".join(seen)


def debugged_after_a_crash():
    given(entry("alpha"))
    bridge = Bridge()
    pid = bridge.value("alpha__read", {"nonce": "1"})["pid"]
    daemon, before = main_pid(), show("InvocationID")
    os.kill(daemon, signal.SIGKILL)
    until("another daemon", lambda: main_pid() not in (0, daemon))
    same("the server", bridge.value("alpha__read", {"nonce": "2"})["pid"], pid)
    started = lambda: facts("daemon_started", f"_PID={main_pid()}")
    (said,) = until("its start is told", started)
    same("the run before it", said.get("CALLMUX_CUT_OFF"), before)
    left = lambda: [e["MESSAGE"] for e in journal("-t", "callmux", f"_PID={main_pid()}") if LEFT in e["MESSAGE"]]
    (line,) = until("it says what debuggers want to know", left)
    daemon = main_pid()
    ctl("restart", SERVICE)
    expect(main_pid() != daemon, "`systemctl restart` kept the process")
    bridge.value("alpha__read", {"nonce": "3"})
    (said,) = until("the start in order is told", started)
    same("the run before it", said.get("CALLMUX_CUT_OFF"), None)
    same("what debuggers want to know", left(), [])
    return line


def memory_pressure():
    """A FIFO stands in for the kernel, as systemd allows it."""
    fifo = HOME / "pressure"
    if not fifo.exists():
        os.mkfifo(fifo)
    text = f"[Service]\nMemoryPressureWatch=skip\nEnvironment=MEMORY_PRESSURE_WATCH={fifo}\n"
    keys = 'cache_ttl = "1h"\ncache_tools = ["read"]\n'
    try:
        drop_in("pressure", text)
        given(entry("alpha", keys=keys))
        bridge = Bridge()
        bridge.value("alpha__read", {"nonce": "1"})
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, b"x")
        os.close(descriptor)
        told = lambda: facts("memory_given_back", f"_PID={main_pid()}")
        (said,) = until("results are forgotten", told)
        same("how many", said["CALLMUX_RESULTS"], "1")
        bridge.value("alpha__read", {"nonce": "1"})
    finally:
        drop_in("pressure", None)
    return said["MESSAGE"]


def pressure_of_the_kernel():
    """Where the kernel has it, it is waited for without anybody setting anything up."""
    try:
        drop_in("pressure", "[Service]\nEnvironment=CALLMUX_LOG=callmux=debug\n")
        given()
        ctl("start", SERVICE)
        group = pathlib.Path("/sys/fs/cgroup" + show("ControlGroup")) / "memory.pressure"
        until("it is up", lambda: facts("daemon_ready", f"_PID={main_pid()}"))
        Bridge().value("counter__increment")
        lines = [e["MESSAGE"] for e in journal("-t", "callmux", f"_PID={main_pid()}")]
        refused = [line for line in lines if "memory pressure is not seen" in line]
    finally:
        drop_in("pressure", None)
    if not group.exists():
        raise Skipped("this kernel counts no memory pressure of control groups")
    if refused:
        raise Skipped(f"this kernel does not let a user wait for it: {refused[0]}")
    return str(group)


def preset_keeps_the_port_closed():
    """Whatever policy there is for what it does not name."""
    ctl("preset", "callmux-http.socket")
    same("the HTTP socket", ctl("is-enabled", "callmux-http.socket", check=False).stdout.strip(), "disabled")
    return "disabled"


def give_the_socket_up():
    """systemd does, after a few starts of a service that ends at once."""
    limit = "[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=2\n"
    program = "[Service]\nExecStart=\nExecStart=/bin/false\nRestart=no\n"
    try:
        drop_in("broken", limit + program)
        ctl("kill", "--signal=KILL", SERVICE, check=False)
        until("systemd gives the socket up", lambda: knock() or show("ActiveState", "callmux.socket") == "failed")
    finally:
        drop_in("broken", None)


def knock():
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(SOCKET))
        except OSError:
            pass  # Nobody listens any more.


def revived():
    """A socket that systemd gave up is started again by a new bridge, and by one that was there."""
    given()
    give_the_socket_up()
    same("how the socket failed", show("Result", "callmux.socket"), "service-start-limit-hit")
    bridge = Bridge()
    until("a call of a new bridge is answered", lambda: outcome(bridge.call("time__now")) == "done")
    expect(is_active("callmux.socket") and SOCKET.exists(), "the socket is not up")
    # This bridge may start the socket before it is mended.
    give_the_socket_up()
    until("a call of an old bridge is answered", lambda: outcome(bridge.call("time__now")) == "done")
    expect(is_active("callmux.socket") and SOCKET.exists(), "the socket is not up")


CHECKS = [
    ("LoadCredential= is a secret of a server and shown nowhere", credential),
    ("LoadCredentialEncrypted= works or is refused, as the README says", encrypted_by_unit),
    ("systemd-creds decrypts for the config", encrypted_by_program),
    ("entries are found by the daemon's invocation", invocations),
    ("after a crash the daemon says more, and whom it follows", debugged_after_a_crash),
    ("memory pressure empties the cache", memory_pressure),
    ("the kernel's memory pressure is waited for", pressure_of_the_kernel),
    ("the preset keeps the HTTP socket disabled", preset_keeps_the_port_closed),
    ("bridges revive a socket that systemd gave up", revived),
]

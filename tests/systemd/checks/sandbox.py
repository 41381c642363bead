"""What a sandboxed server cannot read, write and reach; limits that really kill.

Each attempt is made by a server without a sandbox, too, where it must succeed: else the check would
show nothing.
"""

import contextlib
import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import threading

from clients import http_call, outcome
from fleet import SCRIPT, unit_of
from lib import CONFIG, HOME, RUNTIME, SOCKET, Failed, Skipped, ctl, expect, given, main_pid, run
from lib import same, show, until
from ways import TCP

VERSION = int(run("systemctl", "--version").stdout.split()[1])
WORK = HOME / "sandbox-work"
SECRET = "hush-" + secrets.token_hex(8)
ABSTRACT = "callmux-check-" + secrets.token_hex(4)
STATE = HOME / ".local/state/callmux"


def entry(name, sandbox, keys=""):
    args = json.dumps([str(SCRIPT), name, "/dev/null"])
    return (
        f'[servers.{name}]\ncommand = "/usr/bin/python3"\nargs = {args}\ncwd = "{WORK}"\n'
        f'sandbox = "{sandbox}"\n{keys}'
    )


def attempt(server, code):
    """What the server got, or the error."""
    answer = http_call(f"{server}__attempt", {"code": code})
    same(f"the call of {server}", outcome(answer), "done")
    return answer["result"]["structuredContent"]


def os_call(code):
    return f"__import__('os').{code}"


def connect(family, address):
    return (
        f"(lambda s: (s.settimeout(5), s.connect({address!r}), 'connected'))"
        f"(__import__('socket').socket(__import__('socket').{family}))[2]"
    )


def shell(command):
    return f"__import__('subprocess').run({command!r}, shell=True, check=True, capture_output=True)"


def read(path):
    return f"open({str(path)!r}).read()[:100]"


def write(path):
    return f"open({str(path)!r}, 'w').write('x')"


@contextlib.contextmanager
def surroundings():
    """Everything that a sandbox must keep from its server, and a place where it works."""
    victim = subprocess.Popen(["sleep", "1000"], env=dict(os.environ, HUSH=SECRET))
    abstract, tcp = socket.socket(socket.AF_UNIX), socket.create_server(("127.0.0.1", 0))
    abstract.bind("\0" + ABSTRACT)
    abstract.listen()
    tcp.settimeout(None)
    paths = [HOME / ".ssh/id", HOME / "private", STATE / "check-token", CONFIG.parent / "check-token"]
    paths += [pathlib.Path("/tmp/of-alice"), pathlib.Path("/dev/shm/of-alice")]
    WORK.mkdir(exist_ok=True)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET)
    (WORK / "mine").write_text("mine")
    threading.Thread(target=accept_all, args=(tcp,), daemon=True).start()
    try:
        yield {"victim": victim.pid, "paths": paths, "port": tcp.getsockname()[1]}
    finally:
        victim.kill()
        victim.wait()
        abstract.close()
        tcp.close()
        for path in paths:
            path.unlink(missing_ok=True)
        shutil.rmtree(WORK)


def accept_all(listener):
    with contextlib.suppress(OSError):
        while True:
            listener.accept()


def attempts(place):
    """What no sandbox allows: its name to a line of Python."""
    victim = place["victim"]
    # Attaches, waits for the stop (__WALL) and detaches: nobody could wait for a traced victim.
    trace = (
        "(lambda c, os: (c.ptrace(16, {0}, 0, 0) == 0 or 1/0, os.waitpid({0}, 0x40000000), "
        "c.ptrace(17, {0}, 0, 0)))(__import__('ctypes').CDLL(None), __import__('os'))"
    )
    escape = f"systemd-run --user --wait --quiet touch {HOME}/private"
    logger = f"__import__('socket').socket(1, 2).sendto(b'MESSAGE=x', '/run/systemd/journal/socket')"
    all_ = {f"read {path}": read(path) for path in place["paths"]}
    all_ |= {
        "list home": f"[][0] if 'private' not in {os_call(f'listdir({str(HOME)!r})')} else 'seen'",
        "read the config": read(CONFIG),
        "the daemon's socket": connect("AF_UNIX", str(SOCKET)),
        "the bus": connect("AF_UNIX", str(RUNTIME / "bus")),
        "the user manager": connect("AF_UNIX", str(RUNTIME / "systemd/private")),
        "systemd-run --user": shell(escape),
        "the system bus": connect("AF_UNIX", "/run/dbus/system_bus_socket"),
        "an abstract socket": connect("AF_UNIX", "\0" + ABSTRACT),
        "the journal": logger,
        "environ of another process": read(f"/proc/{victim}/environ"),
        "memory of another process": f"open('/proc/{victim}/mem', 'rb').fileno()",
        "files of another process": os_call(f"listdir('/proc/{victim}/root')"),
    }
    all_["trace of another process"] = trace.format(victim)
    return all_


def since_private_pids(place):
    victim = place["victim"]
    return {
        "a signal to another process": os_call(f"kill({victim}, 0)"),
        "command lines of others": read(f"/proc/{victim}/cmdline"),
    }


def keeps(sandbox):
    """Everything that it must not get is kept from it, and what it needs is there."""
    with surroundings() as place:
        given(entry("free", "none") + entry("caged", sandbox))
        attempt("caged", "1")
        denied = attempts(place)
        pids = since_private_pids(place)
        if VERSION >= 257:
            denied |= pids
        if sandbox == "strict":
            denied["TCP to this machine"] = connect("AF_INET", ("127.0.0.1", place["port"]))
        got = {}
        for what, code in denied.items():
            found = attempt("caged", code)
            if "value" in found:
                got[what] = found["value"]
            # Otherwise the check shows nothing.
            free = attempt("free", code)
            expect("value" in free, f"{what} fails without a sandbox, too: {free}")
        expect(not got, f"it got {got}")
        revealed = attempt("caged", shell(f"unshare -Urm sh -c 'umount -l /home; cat {HOME}/private'"))
        expect("error" in revealed, f"behind its mounts it found {revealed}")
        allowed = {
            "read what it works on": read(WORK / "mine"),
            "write there": write(WORK / "made"),
            "write to /tmp": write("/tmp/made"),
            "write to /dev/shm": write("/dev/shm/made"),
            "read the system": read("/etc/passwd"),
            "start programs": shell("true | cat"),
            "a pair of sockets": "__import__('socket').socketpair()",
            "threads and their locks": "__import__('multiprocessing').Lock()",
        }
        if sandbox == "net":
            allowed["TCP to this machine"] = connect("AF_INET", ("127.0.0.1", place["port"]))
            allowed["names of machines"] = "__import__('socket').getaddrinfo('localhost', 80)"
        lost = {what: found for what, code in allowed.items() if "error" in (found := attempt("caged", code))}
        expect(not lost, f"it cannot do what it must: {lost}")
        expect((WORK / "made").exists(), "what it wrote is not where it works")
        expect(not pathlib.Path("/tmp/made").exists(), "its /tmp is everybody's")
        read_only = [f"/{place}x" for place in ("", "usr/", "etc/", "var/", "run/")]
        written = [path for path in read_only if "value" in attempt("caged", write(path))]
        expect(not written, f"it could write {written}")
        # Some systemds give it a home that is its own.
        for path in (HOME / "private", HOME / "new", CONFIG):
            before = path.read_text() if path.exists() else None
            attempt("caged", write(path))
            same(f"{path} for everybody else", path.read_text() if path.exists() else None, before)
        known = [what for what, code in pids.items() if "value" in attempt("caged", code)]
    gaps = f"; this systemd leaves it {', '.join(known)}" if known else ""
    return f"{len(denied)} attempts in vain, {len(allowed)} things it can do{gaps}"


def own_places_stay_hidden():
    """Even where a server works in a directory above ours, or its program lies in home itself."""
    program = HOME / "program"
    program.write_text(f"#!/bin/sh\nexec /usr/bin/python3 {SCRIPT} caged /dev/null\n")
    program.chmod(0o755)
    with surroundings() as place:
        above = entry("above", "net").replace(f'cwd = "{WORK}"', f'cwd = "{STATE.parent}"')
        inside = f'[servers.inside]\ncommand = "{program}"\nsandbox = "net"\n'
        given(entry("free", "none") + above + inside)
        (STATE.parent / "other").write_text("other")
        same("what it works on", attempt("above", read(STATE.parent / "other")), {"value": "other"})
        (STATE.parent / "other").unlink()
        for server in ("above", "inside"):
            for path in place["paths"][:4]:
                found = attempt(server, read(path))
                expect("error" in found, f"{server} read {path}: {found}")
    program.unlink()
    return "tokens, config and keys"


def door_is_closed():
    """A server that has the network does not reach others through our TCP port."""
    with surroundings():
        servers = entry("free", "none") + entry("other", "none") + entry("caged", "net")
        given(servers, ("callmux.socket", "callmux-http.socket"))
        client = (
            "import sys; sys.path.insert(0, '/share/checks'); import lib, clients;"
            f"print(clients.http_call('other__read', {{'nonce': 'x'}}, address={TCP!r}))"
        )
        command = f"XDG_RUNTIME_DIR=/tmp HOME=/tmp /usr/bin/python3 -c {json.dumps(client)}"
        try:
            free = attempt("free", shell(command))
            expect("value" in free, f"an unsandboxed server cannot, either: {free}")
            caged = attempt("caged", shell(command))
            expect("error" in caged, f"it called an unsandboxed server: {caged}")
        finally:
            ctl("stop", "callmux-http.socket")
    return caged["error"][-100:]


def controllers():
    path = pathlib.Path(f"/sys/fs/cgroup{show('ControlGroup', 'app.slice')}/cgroup.controllers")
    return path.read_text().split() if path.exists() else []


def memory_limit_kills():
    if "memory" not in controllers():
        raise Skipped(f"no memory controller here, only {controllers()}")
    WORK.mkdir(exist_ok=True)
    given(entry("free", "none") + entry("hungry", "none", 'memory_max = "64MiB"\n'))
    neighbour = attempt("free", os_call("getpid()"))
    before = attempt("hungry", os_call("getpid()"))["value"]
    answer = http_call("hungry__attempt", {"code": "len(bytearray(512 << 20))"})
    expect(outcome(answer) != "done", f"it got its memory: {answer}")
    expect("KILL" in str(answer), f"the answer does not say why: {answer}")
    same("its neighbour", attempt("free", os_call("getpid()")), neighbour)
    after = until("it is back", lambda: attempt("hungry", os_call("getpid()"))["value"])
    expect(after != before, "it goes on")
    return f"killed and started again; {outcome(answer)}"


def tasks_limit_holds():
    if "pids" not in controllers():
        raise Skipped(f"no pids controller here, only {controllers()}")
    WORK.mkdir(exist_ok=True)
    given(entry("free", "none") + entry("forks", "none", "tasks_max = 8\n"))
    many = shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; wait")
    found = attempt("forks", many)
    expect("error" in found, f"it started twelve processes: {found}")
    expect("value" in attempt("free", shell("for i in $(seq 12); do sleep 0.1 & done; wait")), "nor can its neighbour")
    return found["error"][-80:]


def runtime_limit_ends():
    WORK.mkdir(exist_ok=True)
    given(entry("free", "none") + entry("brief", "none", 'runtime_max = "2s"\n'))
    neighbour = attempt("free", os_call("getpid()"))
    before = attempt("brief", os_call("getpid()"))["value"]
    until("its unit has ended", lambda: not pathlib.Path(f"/proc/{before}").exists())
    call = lambda: http_call("brief__attempt", {"code": os_call("getpid()")})
    # One that was on its way when it ended may have no answer.
    answer = until("it answers again", lambda: (a := call()) and outcome(a) == "done" and a)
    after = answer["result"]["structuredContent"]["value"]
    expect(after != before, "it goes on")
    same("its neighbour", attempt("free", os_call("getpid()")), neighbour)
    return f"process {before}, then {after}"


def doctor_has_nothing_to_say_of_it():
    WORK.mkdir(exist_ok=True)
    given(entry("boxed", "strict"))
    said = run("callmux", "doctor", check=False).stdout
    expect("sandbox" not in said, said)


CHECKS = [
    ("doctor has nothing to say of a sandbox that can be had", doctor_has_nothing_to_say_of_it),
    ("a sandbox `net` keeps home, services and other processes from its server", lambda: keeps("net")),
    ("a sandbox `strict` keeps the network, too", lambda: keeps("strict")),
    ("no sandbox shows what is ours", own_places_stay_hidden),
    ("a sandboxed server reaches no other through our TCP port", door_is_closed),
    ("memory_max ends the server that exceeds it, and nobody else", memory_limit_kills),
    ("tasks_max holds", tasks_limit_holds),
    ("runtime_max ends the server, which starts again", runtime_limit_ends),
]

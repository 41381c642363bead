"""What all checks share: systemctl, the journal, processes, the config, and waiting on facts."""

import json
import os
import pathlib
import shutil
import subprocess
import time

HOME = pathlib.Path.home()
RUNTIME = pathlib.Path(os.environ["XDG_RUNTIME_DIR"])
SOCKET = RUNTIME / "callmux/mcp.sock"
CONFIG = HOME / ".config/callmux/config.toml"
UNITS = HOME / ".config/systemd/user"
LAST_GOOD = HOME / ".local/state/callmux/last-good"
SERVICE = "callmux.service"

# The example servers that the binary itself has.
EXAMPLES = "".join(
    f'[servers.{name}]\ncommand = "callmux"\nargs = ["example-server", "{name}"]\n'
    for name in ("time", "counter", "slow", "failing")
)


class Failed(Exception):
    """The check found something that is not as it must be."""


class Skipped(Exception):
    """The check cannot be made here, and says why."""


def expect(condition, message):
    if not condition:
        raise Failed(message)


def same(what, found, expected):
    expect(found == expected, f"{what} is {found!r} instead of {expected!r}")


def until(what, probe, seconds=30):
    """Polls `probe` until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def run(*argv, check=True, timeout=90):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failed(f"`{' '.join(argv)}` took longer than {timeout} s") from None
    if check and done.returncode != 0:
        raise Failed(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done


def ctl(*args, **options):
    return run("systemctl", "--user", *args, **options)


def show(name, unit=SERVICE):
    return ctl("show", "-P", name, unit).stdout.strip()


def main_pid():
    return int(show("MainPID"))


def is_active(unit=SERVICE):
    return show("ActiveState", unit) == "active"


def given(config=EXAMPLES, sockets=("callmux.socket",)):
    """A stopped daemon, exactly these sockets, and this config: where most checks begin."""
    ctl("stop", "callmux.socket", "callmux-http.socket", SERVICE)
    shutil.rmtree(LAST_GOOD, ignore_errors=True)
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text(config)
    ctl("start", *sockets)
    expect(not is_active(), "the service runs although nobody connected")


def drop_in(name, text):
    """Adds a drop-in to the service; with `None` for the text it is taken away again."""
    path = UNITS / f"{SERVICE}.d" / f"{name}.conf"
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ctl("daemon-reload")


def journal(*matches):
    """Entries of the user's journal, oldest first. What was just written may not be there yet."""
    lines = run("journalctl", "--user", "-o", "json", "--all", "--no-pager", *matches).stdout
    return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]


def facts(name, *matches):
    return journal("-t", "callmux", f"CALLMUX_FACT={name}", *matches)


def processes():
    """The user's processes of callmux: (pid, start time) to their arguments.

    By /proc, not by cgroup, so that whoever left the cgroup is seen too. The start time tells
    apart two processes with one number.
    """
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if entry.stat().st_uid != os.getuid():
                continue
            words = (entry / "cmdline").read_bytes().split(b"\0")[:-1]
            if not words or not words[0].endswith(b"callmux") or words[1] == b"bridge":
                continue
            start = (entry / "stat").read_text().rsplit(")", 1)[1].split()[19]
        except (OSError, IndexError):
            continue  # It ended while we looked.
        found[int(entry.name), start] = " ".join(word.decode() for word in words[1:])
    return found


def servers():
    return {key: words for key, words in processes().items() if words.startswith("example-server")}


def seen_by_root(pid):
    """Of a process that nobody may trace: the number of the file that it runs, and how many it has open."""
    number = f"{os.getpid()}-{time.monotonic_ns()}"
    pathlib.Path("/run/callmux-look").write_text(f"{pid} {number}\n")
    seen = pathlib.Path("/run/callmux-seen") / number
    until("root has looked", seen.exists)
    file, descriptors = seen.read_text().split()
    return int(file), int(descriptors)


def milliseconds(since):
    return f"{(time.monotonic() - since) * 1000:.0f} ms"

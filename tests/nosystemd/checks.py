"""What callmux does for an ordinary user where no systemd is. Runs in namespaces of its own."""

import json
import os
import queue
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

HOME = Path.home()
PLACE = Path(f"/tmp/callmux-{os.getuid()}")
CURSOR = HOME / ".cursor/mcp.json"
CONFIG = HOME / ".config/callmux/config.toml"
# Nothing takes longer unless it hangs.
PATIENCE = 120
failed = []


def check(what, is_so, why=""):
    print(f"{'ok' if is_so else 'FAILED'}: {what}{'' if is_so else f': {why}'}", flush=True)
    if not is_so:
        failed.append(what)


def until(what, look):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise TimeoutError(what)


def run(*words, env=None):
    done = subprocess.run(
        ["callmux", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        env={**os.environ, **(env or {})},
    )
    return done.returncode, done.stdout, done.stderr


def processes():
    """Every process of callmux and of its servers, by its number."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if entry.name.isdigit() and words[0].rsplit(b"/", 1)[-1] == b"callmux":
            found[int(entry.name)] = b" ".join(words).decode()
    return found


def daemons():
    """Those that run. What one has just started has its command line until execve(2), and is none."""
    found = [pid for pid, words in processes().items() if " serve " in words]
    return [pid for pid in found if parent(pid) not in [None, *found]]


def parent(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[1])
    except OSError:
        return None


def zombies():
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found += [path] if ") Z " in path.read_text() else []
        except OSError:
            continue
    return found


class Client:
    """A client that runs the entry in its file."""

    def __init__(self, entry):
        self.process = subprocess.Popen(
            [entry["command"], *entry.get("args", [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, **entry.get("env", {})},
        )
        self.lines, self.last = queue.Queue(), 0
        threading.Thread(target=self._read, daemon=True).start()
        self.ask(
            "initialize", protocolVersion="2025-06-18", capabilities={},
            clientInfo={"name": "cursor", "version": "1"},
        )
        self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def write(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def send(self, method, **params):
        self.last += 1
        self.write({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params})
        return self.last

    def answer(self, number):
        while True:
            message = self.lines.get(timeout=PATIENCE)
            if message.get("id") == number and "method" not in message:
                return message

    def ask(self, method, **params):
        return self.answer(self.send(method, **params))

    def call(self, tool, **arguments):
        return self.ask("tools/call", name=tool, arguments=arguments)

    def end(self):
        self.process.stdin.close()
        return self.process.wait(PATIENCE)


def entry():
    return json.loads(CURSOR.read_text())["mcpServers"]["callmux"]


def set_up():
    CURSOR.parent.mkdir()
    servers = {
        name: {"command": "callmux", "args": ["example-server", name]} for name in ("counter", "slow")
    }
    CURSOR.write_text(json.dumps({"mcpServers": servers}))
    code, out, err = run("setup", "--yes")
    check("setup starts a daemon and proves a call", code == 0 and "first call" in out, out + err)
    check("one daemon", len(daemons()) == 1, processes())
    found = PLACE.lstat()
    is_private = stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o700
    check("its directory is private", is_private and found.st_uid == os.getuid(), found)
    log = HOME / ".local/state/callmux/daemon.log"
    check("its log is private", stat.S_IMODE(log.stat().st_mode) == 0o600)
    code, out, _ = run("status")
    check("status says once what survives less", out.count("without systemd") == 1, out)
    code, out, _ = run("doctor")
    check("so does doctor", out.count("systemd does not run this daemon") == 1, out)


def first_list():
    """A client whose daemon has never run: no memory of one, and none there."""
    os.kill(daemons()[0], signal.SIGKILL)
    until("the daemon's end", lambda: not processes())
    (HOME / ".cache/callmux/bridge.json").unlink(missing_ok=True)
    client = Client(entry())
    tools = client.ask("tools/list")["result"]["tools"]
    check("the first list has the servers' tools", any(t["name"] == "counter__value" for t in tools), tools)
    check("the client ends its bridge", client.end() == 0)


def killed_under_a_call():
    client = Client(entry())
    client.call("counter__increment")
    held = client.send("tools/call", name="slow__wait", arguments={"seconds": 600})
    client.call("counter__value")
    before = daemons()
    os.kill(before[0], signal.SIGKILL)
    answer = json.dumps(client.answer(held))
    check("a call under kill -9 is answered", "outcome_unknown" in answer, answer)
    value = client.call("counter__value")["result"]
    check("and the session goes on", value["structuredContent"] == {"value": 0}, value)
    check("with another daemon", len(daemons()) == 1 and daemons() != before, processes())
    client.end()


def many_at_once():
    for pid in daemons():
        os.kill(pid, signal.SIGKILL)
    until("the daemon's end", lambda: not daemons())
    clients = []
    starts = [threading.Thread(target=lambda: clients.append(Client(entry()))) for _ in range(20)]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    for client in clients:
        client.call("counter__increment")
    value = clients[0].call("counter__value")["result"]["structuredContent"]
    check("20 bridges at once share one daemon", value == {"value": 20} and len(daemons()) == 1, value)
    for client in clients:
        client.end()


def left():
    text = CONFIG.read_text() if CONFIG.exists() else ""
    CONFIG.write_text(f'idle_exit = "300ms"\n{text}')
    until("the end of the daemon that nobody needs", lambda: not processes())
    check("idle exit leaves no socket and no lock", not list(PLACE.iterdir()), list(PLACE.iterdir()))
    # Process 1 waits for them in its own time.
    until("the end of every zombie", lambda: not zombies())
    code, _, err = run("call", "--no-spawn", "counter__value")
    check("--no-spawn says so", code == 69 and "--no-spawn" in err, err)
    code, _, err = run("call", "counter__value", env={"CALLMUX_NO_SPAWN": "1"})
    check("and so does its variable", code == 69 and "CALLMUX_NO_SPAWN" in err, err)
    code, out, err = run("call", "counter__value")
    check("a call from nothing is answered", code == 0, out + err)
    until("the end of that daemon", lambda: not processes())


def refused():
    elsewhere = HOME / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    PLACE.rmdir()
    for what, make, unmake in [
        ("a link", lambda: PLACE.symlink_to(elsewhere), PLACE.unlink),
        ("a directory for everybody", lambda: (PLACE.mkdir(), PLACE.chmod(0o777)), PLACE.rmdir),
    ]:
        make()
        for verb in (["call", "counter__value"], ["serve"], ["status"], ["bridge"]):
            code, _, err = run(*verb)
            check(f"{what} is refused by {verb[0]}", code == 69 and str(PLACE) in err, f"{code} {err}")
        unmake()
    check("and nothing was put there", not list(elsewhere.iterdir()) and not processes())


def main():
    has_manager = subprocess.run(["systemctl", "--user", "show-environment"], capture_output=True)
    check("there is no manager", has_manager.returncode != 0 and "XDG_RUNTIME_DIR" not in os.environ)
    for part in (set_up, first_list, killed_under_a_call, many_at_once, left, refused):
        try:
            part()
        except Exception as error:
            check(part.__name__, False, repr(error))
    print(f"nosystemd: {len(failed)} failed: {'ok' if not failed else 'FAILED'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The history under load and `kill -9`: see `run`, and the section about it in tests/README.md."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOOL = "tools__echo"
# Calls of one `callmux_batch`, and those who send them.
BATCH, CLIENTS = 100, 4
# What is kept, and what a kill may take away without a word: the facts in the two queues before the history
# (4,096 each) and those of one transaction.
MAX_ROWS, ON_THE_WAY = 100_000, 2 * 4096 + 256
PATIENCE = 120


def until(condition, what, progress=lambda: None):
    """Waits for a fact, for as long as there is progress."""
    end, before = time.monotonic() + PATIENCE, progress()
    while not (found := condition()):
        if (now := progress()) != before:
            end, before = time.monotonic() + PATIENCE, now
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE} s")
        time.sleep(0.01)
    return found


class Home:
    def __init__(self):
        # The number of each gap → how many events it says are lost.
        self.gaps = {}
        self.dir = Path(tempfile.mkdtemp(prefix="cmx-history-"))
        self.binary = str(shutil.copy2(os.environ["CALLMUX_BIN"], self.dir / "callmux"))
        (self.dir / "config/callmux").mkdir(parents=True, mode=0o700)
        for name in ("run", "state", "cache"):
            (self.dir / name).mkdir(mode=0o700)
        self.ledger, self.log = self.dir / "ledger", self.dir / "daemon.log"
        self.database = self.dir / "state/callmux/history.db"
        server = Path(os.environ["CALLMUX_EXAMPLES"]) / "tools-server"
        (self.dir / "config/callmux/config.toml").write_text(
            f'exposure = "full"\n[history]\nenabled = true\nmax_rows = {MAX_ROWS}\nmax_bytes = "256MiB"\n'
            f"[servers.tools]\ncommand = {json.dumps(str(server))}\nargs = {json.dumps(['--log', str(self.ledger)])}\n"
        )
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(self.dir), "CALLMUX_NO_SPAWN": "1",
            "XDG_CONFIG_HOME": str(self.dir / "config"), "XDG_RUNTIME_DIR": str(self.dir / "run"),
            "XDG_STATE_HOME": str(self.dir / "state"), "XDG_CACHE_HOME": str(self.dir / "cache"),
        }

    def facts(self, name):
        found = []
        for line in self.log.read_text(errors="replace").splitlines()[self.seen:]:
            if line.startswith("{") and line.endswith("}") and (fact := json.loads(line)).get("fact") == name:
                found.append(fact)
        return found

    def start(self):
        self.seen = len(self.log.read_text(errors="replace").splitlines()) if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "info"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=self.env, cwd=self.dir,
            )
        until(lambda: any(fact["server"] == "tools" for fact in self.facts("server_ready")), "the server")
        addresses = [fact["address"] for fact in self.facts("listening")]
        self.address = next(one for one in addresses if one.startswith("http://"))[7:].rstrip("/")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def open(self):
        return contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30))

    def read(self, query):
        with self.open() as database:
            return database.execute(query).fetchone()[0] or 0

    def done(self):
        """The calls of the tool that the history has counted as done, those whose rows have gone, too."""
        return self.read(f"SELECT sum(n) FROM hours WHERE tool = '{TOOL}' AND outcome = 'done'")

    def note_gaps(self):
        """Remembers what is said to be missing: it goes with the oldest rows as anything else."""
        query = "SELECT id, coalesce(json_extract(fields, '$.lost'), 0) FROM events WHERE kind = 'history.gap'"
        with self.open() as database:
            self.gaps.update(database.execute(query))
        return len(self.gaps)

    def executed(self):
        with open(self.ledger, "rb") as ledger:
            return sum(1 for line in ledger if b'"tool":"echo"' in line)


class Load:
    """Clients that call until they have had so many answers, and begin again where the daemon is away."""

    def __init__(self, home, wanted):
        self.home, self.wanted = home, wanted
        self.lock, self.answered, self.failed = threading.Lock(), 0, []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def body(self):
        meta = "io.modelcontextprotocol/"
        items = [{"arguments": {"n": at}} for at in range(BATCH)]
        return json.dumps({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "callmux_batch", "arguments": {"tool": TOOL, "items": items}, "_meta": {
                f"{meta}protocolVersion": "2026-07-28", f"{meta}clientInfo": {"name": "load", "version": "1"},
                f"{meta}clientCapabilities": {}}},
        })

    def run(self):
        body, connection = self.body(), None
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
                   "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "callmux_batch"}
        while self.answered < self.wanted:
            try:
                connection = connection or http.client.HTTPConnection(self.home.address, timeout=PATIENCE)
                connection.request("POST", "/mcp", body, headers)
                text = connection.getresponse().read().decode()
            except (OSError, http.client.HTTPException):
                # The daemon is away; another one comes at another address.
                connection = None
                time.sleep(0.05)
                continue
            line = next((one[6:] for one in text.splitlines() if one.startswith("data: ") and '"result"' in one), text)
            try:
                found = json.loads(json.loads(line)["result"]["content"][0]["text"])
                good = sum(1 for one in found["results"] if "result" in one and "error" not in one)
            except (KeyError, IndexError, TypeError, ValueError):
                self.failed.append(line[:300])
                good = 0
                time.sleep(0.05)
            with self.lock:
                self.answered += good


def check(home, load, kills):
    """What is wrong with what was counted."""
    gaps, lost = home.note_gaps(), sum(home.gaps.values())
    executed, done = home.executed(), home.done()
    rows, twice = home.read("SELECT count(*) FROM calls"), home.read("SELECT count(*) - count(DISTINCT call) FROM calls")
    missing = load.answered - done - lost
    print(f"  answered {load.answered}, carried out {executed}, in the history {done}, said to be lost {lost} "
          f"in {gaps} gaps of {kills} kills, missing without a number {missing}; rows {rows}")
    wrong = []
    if done > executed or twice:
        wrong.append("a call is in the history twice")
    if missing > kills * ON_THE_WAY:
        wrong.append(f"{missing} calls are missing, and at most {kills * ON_THE_WAY} were on their way")
    if gaps < kills:
        wrong.append(f"{kills} kills, and only {gaps} gaps are told of")
    if rows > MAX_ROWS:
        wrong.append(f"{rows} rows are kept, and {MAX_ROWS} are wanted")
    return wrong


def main():
    calls, kills = int(sys.argv[1]), 5
    home = Home()
    try:
        home.start()
        began = time.monotonic()
        load = Load(home, calls)
        for at in range(1, kills + 1):
            until(lambda: load.answered >= calls * at // (kills + 1), "answers", lambda: load.answered)
            home.note_gaps()
            home.kill()
            home.start()
            until(lambda: home.note_gaps() >= at, "the gap that the kill left")
        while any(map(threading.Thread.is_alive, load.threads)):
            home.note_gaps()
            time.sleep(0.5)
        took = time.monotonic() - began
        home.process.send_signal(signal.SIGTERM)
        home.process.wait(PATIENCE)
        print(f"history: {calls} calls, {calls / took:.0f} each second, kill -9 of the daemon {kills} times", flush=True)
        wrong = check(home, load, kills)
        # What fails because the daemon was killed has no answer; all else is one.
        wrong += [f"no answer of a batch: {one}" for one in load.failed[:3]]
        for one in wrong:
            print(f"WRONG: {one}")
        print(f"history: {'FAILED' if wrong else 'ok'}")
        return 1 if wrong else 0
    finally:
        home.process.kill()
        if keep := os.environ.get("CALLMUX_SOAK_KEEP"):
            shutil.copytree(home.dir, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run", "ledger", "callmux"))
        shutil.rmtree(home.dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

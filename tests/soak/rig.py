"""A temporary home with one daemon in it, its servers, and the book in which everything is counted."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

# Nothing takes longer unless it hangs, however busy the machine is.
PATIENCE = 120
# Within so many seconds after a server was ended on purpose, a call may say that it failed for that.
AFTERMATH = 15


class Book:
    """What was called, what came of it, and what was done on purpose."""

    def __init__(self):
        self.calls = self.failed = self.cuts = 0
        self.wrong = []
        self.wrongs = 0
        # Server → when it was last ended, or changed, on purpose.
        self.ended = {}
        # When bridges were killed.
        self.killed = []
        # What was sent, by its nonce → whether an answer says that it was carried out.
        self.sent = {}
        self.deeds = {}

    def bad(self, what):
        self.wrongs += 1
        # The first ones tell enough.
        if len(self.wrong) < 20:
            self.wrong.append(what[:600])
            print(f"WRONG: {what[:600]}", flush=True)

    def did(self, deed, *servers):
        self.deeds[deed] = self.deeds.get(deed, 0) + 1
        for server in servers:
            self.ended[server] = time.monotonic()

    def is_explained(self, server, began):
        """Whether a call that began then may have failed because of what was done to its server."""
        ended = self.ended.get(server)
        return ended is not None and ended + AFTERMATH >= began


class Rig:
    def __init__(self, book):
        self.book, self.process, self.address = book, None, None
        # Short, because a unix socket's path may have about 100 bytes.
        self.home = Path(tempfile.mkdtemp(prefix="cmx-soak-"))
        # A build in the same checkout must not change what is being tested.
        self.binary = str(shutil.copy2(os.environ["CALLMUX_BIN"], self.home / "callmux"))
        self.examples = Path(os.environ["CALLMUX_EXAMPLES"])
        self.env = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
        self.env["HOME"] = str(self.home)
        # A daemon that is away stays away until this starts another.
        self.env["CALLMUX_NO_SPAWN"] = "1"
        for variable, place in {"RUNTIME_DIR": "run", "CACHE_HOME": "cache", "CONFIG_HOME": "config"}.items():
            (self.home / place).mkdir(mode=0o700)
            self.env[f"XDG_{variable}"] = str(self.home / place)
        self.socket = self.home / "run/callmux/mcp.sock"
        self.log = self.home / "daemon.log"
        self.ledger = self.home / "ledger"
        (self.home / "config/callmux").mkdir()
        # What the config changes in: how often it was changed, and whether there is a further server.
        self.generation, self.has_extra = 0, False
        self.configure()

    def configure(self, broken=False):
        """Writes the config, all at once."""
        words = lambda *args: json.dumps(list(map(str, args)))
        examples = ["counter", "slow", "notes"] + (["time"] if self.has_extra else [])
        text = 'max_result = "0B"\ncall_timeout = "60s"\nexposure = "full"\n'
        # They are shown what is large in pages.
        text += '[clients."paged-*"]\nmax_result = "16KiB"\n'
        for name in examples:
            text += f'[servers.{name}]\ncommand = "{self.binary}"\nargs = {words("example-server", name)}\n'
            if name == "notes":
                text += f'env = {{ GENERATION = "{self.generation}" }}\n'
        text += f'[servers.tools]\ncommand = "{self.examples}/tools-server"\nargs = {words("--log", self.ledger)}\n'
        for era in ("legacy", "modern"):
            text += f'[servers.{era}]\ncommand = "{self.examples}/every-server"\nargs = {words("--" + era)}\n'
        if broken:
            text += "[servers.broken]\ncommand = 7\n"
        fresh = self.home / "config/fresh"
        fresh.write_text(text)
        fresh.rename(self.home / "config/callmux/config.toml")

    def facts(self, name):
        lines = self.log.read_text(errors="replace").splitlines()
        facts = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}"))
        return [fact for fact in facts if fact.get("fact") == name]

    async def start(self):
        with open(self.log, "ab") as stderr:
            self.process = await asyncio.create_subprocess_exec(
                self.binary, "serve", "--listen", "127.0.0.1:0", "--log-format", "json",
                stdin=-3, stdout=-3, stderr=stderr, env=self.env, cwd=self.home,
            )
        await until(lambda: self.process.returncode is not None or self.facts("daemon_ready"), "the daemon")
        if self.process.returncode is not None:
            raise RuntimeError(f"callmux serve ended: {self.log.read_text()}")
        addresses = [fact["address"] for fact in self.facts("listening")]
        host, port = next(one for one in addresses if one.startswith("http://"))[7:].rsplit(":", 1)
        self.address = (host, int(port))
        servers = {"counter", "slow", "notes", "tools", "legacy", "modern"}
        await until(lambda: servers <= {fact["server"] for fact in self.facts("server_ready")}, "its servers")

    async def callmux(self, *args):
        """Runs a verb: exit code, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            self.binary, *args, stdin=-3, stdout=-1, stderr=-1, env=self.env, cwd=self.home
        )
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
        return process.returncode, out.decode(), err.decode()

    async def status(self):
        code, out, err = await self.callmux("status", "--json")
        # 65: a config that is refused is told by it, too.
        if code not in (0, 1, 65):
            raise RuntimeError(f"callmux status: {code} {err}")
        return json.loads(out)

    async def stop(self):
        """Tells the daemon to stop, and looks whether anything is left."""
        if self.process is None or self.process.returncode is not None:
            self.book.bad(f"the daemon ended by itself: {self.process and self.process.returncode}")
            return
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        if code != 0:
            self.book.bad(f"the daemon ended with {code}")
        try:
            await until(lambda: not self.processes(), "the end of every process", 30)
        except TimeoutError:
            self.book.bad(f"processes are left: {self.processes()}")
        if "panicked at" in self.log.read_text(errors="replace"):
            self.book.bad("the daemon panicked, see its log")

    def processes(self):
        """Everything that runs with our home: pid → command line."""
        mark, found = f"HOME={self.home}\0".encode(), {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes() + b"\0":
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def clean(self):
        """Ends whatever runs here still, and takes the home away."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if keep := os.environ.get("CALLMUX_SOAK_KEEP"):
            Path(keep).mkdir(parents=True, exist_ok=True)
            for name in ("daemon.log", "figures.tsv"):
                if (self.home / name).exists():
                    shutil.copy(self.home / name, keep)
        shutil.rmtree(self.home, ignore_errors=True)


async def until(condition, what, patience=PATIENCE):
    """Waits for a fact, not for a time."""
    end = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {patience} s")
        await asyncio.sleep(0.01)
    return found

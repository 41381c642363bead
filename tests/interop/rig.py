"""What the checks stand on: a temporary home, callmux daemons, the drivers, and the book of results."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE = 60


class Book:
    """Counts the checks and prints one line for each."""

    def __init__(self):
        self.passed, self.failed, self.skipped, self.began = 0, [], [], time.monotonic()

    def check(self, what, good, detail=""):
        if good:
            self.passed += 1
            print(f"ok    {what}", flush=True)
        else:
            self.failed.append(what)
            print(f"FAIL  {what}" + (f"\n      {detail}" if detail else ""), flush=True)
        return good

    def skip(self, what, why):
        self.skipped.append(what)
        print(f"SKIPPED: {what}: {why}", flush=True)

    def close(self):
        took = time.monotonic() - self.began
        print(f"\n{self.passed} ok, {len(self.failed)} failed, {len(self.skipped)} skipped in {took:.0f} s")
        for what in self.failed:
            print(f"  failed: {what}")
        for what in self.skipped:
            print(f"  skipped: {what}")
        return 1 if self.failed else 0


def differ(expected, got, path=""):
    """Where two JSON values differ, for people; None if nowhere."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(expected.keys() | got.keys()):
            if (key in expected) != (key in got):
                side = "only direct has" if key in expected else "only callmux has"
                return f"{side} {path}.{key} = {short(expected.get(key, got.get(key)))}"
            if found := differ(expected[key], got[key], f"{path}.{key}"):
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        pairs = (differ(e, g, f"{path}[{i}]") for i, (e, g) in enumerate(zip(expected, got)))
        return next((found for found in pairs if found), None)
    # In Python `True == 1`; in JSON they differ.
    if expected == got and isinstance(expected, bool) == isinstance(got, bool):
        return None
    return f"{path or 'value'}: direct {short(expected)}, callmux {short(got)}"


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}…"


async def until(condition, what, deadline=DEADLINE):
    """Waits for a fact, not for a time."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {deadline} s")
        await asyncio.sleep(0.01)
    return found


class Rig:
    """The temporary home and everything that is started in it."""

    def __init__(self, scratch, binary):
        self.scratch = scratch
        # Short, because a unix socket's path may have about 100 bytes.
        self.home = Path(tempfile.mkdtemp(prefix="cmx-"))
        # A build in the same checkout must not change what is being tested.
        self.binary = str(shutil.copy2(binary, self.home / "callmux"))
        self.env = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
        places = {"XDG_RUNTIME_DIR": "run", "XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config"}
        for variable, place in places.items():
            (self.home / place).mkdir(mode=0o700)
            self.env[variable] = str(self.home / place)
        self.env["HOME"] = str(self.home)
        # A daemon that is away stays away until this starts another.
        self.env["CALLMUX_NO_SPAWN"] = "1"
        self.drivers, self.daemons = {}, []

    def program(self, args, command=None, env=None):
        """A client's stdio server: callmux, if no other command is named."""
        env = {**self.env, **(env or {})}
        return {"command": command or self.binary, "args": args, "env": env, "cwd": str(self.home)}

    async def driver(self, name):
        # Many ask at once, and one process is to serve them all.
        if name not in self.drivers:
            python = self.scratch / "venv/bin/python"
            command = [python, HERE / "py.py"] if name == "py" else ["node", HERE / f"{name}.mjs"]
            self.drivers[name] = asyncio.ensure_future(Driver(self, name, command).start())
        return await self.drivers[name]

    async def daemon(self, name, config):
        daemon = Daemon(self, name, config)
        self.daemons.append(daemon)
        await daemon.start()
        return daemon

    async def close(self, book):
        for driver in self.drivers.values():
            await (await driver).stop()
        for daemon in self.daemons:
            if daemon.process and daemon.process.returncode is None:
                await daemon.stop()
        try:
            await until(lambda: not self.processes(), "the end of every process", 15)
        except TimeoutError:
            pass
        left = self.processes()
        book.check("no process is left behind", not left, "; ".join(left.values()))
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for log in sorted(self.home.glob("*.stderr")):
            panics = re.findall(r".*panicked at.*", log.read_text(errors="replace"))
            book.check(f"no panic in {log.stem}", not panics, "; ".join(panics))
        if (keep := os.environ.get("CALLMUX_INTEROP_KEEP")):
            shutil.copytree(self.home, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock", "gate-*", "callmux", "run"))
        shutil.rmtree(self.home, ignore_errors=True)

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


class Driver:
    """One driver process. `driver(op, …)` gives one command and waits for its answer."""

    def __init__(self, rig, name, command):
        self.rig, self.name, self.command = rig, name, [str(word) for word in command]
        self.last, self.waiting = 0, {}

    async def start(self):
        env = {**self.rig.env, "CALLMUX_INTEROP_DIR": str(self.rig.scratch)}
        with open(self.rig.home / f"driver-{self.name}.stderr", "wb") as stderr:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdin=-1, stdout=-1, stderr=stderr, env=env, cwd=self.rig.home, limit=1 << 26
            )
        self.reader = asyncio.create_task(self.read())
        return self

    async def read(self):
        async for line in self.process.stdout:
            answer = json.loads(line)
            waiting = self.waiting.pop(answer.pop("n"))
            if not waiting.done():
                waiting.set_result(answer)
        for waiting in self.waiting.values():
            if not waiting.done():
                waiting.set_exception(RuntimeError(f"the driver {self.name} ended"))

    async def __call__(self, op, **arguments):
        self.last += 1
        answer = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        self.process.stdin.write(json.dumps({"n": self.last, "op": op, **arguments}).encode() + b"\n")
        answer = await asyncio.wait_for(answer, DEADLINE)
        if "failed" in answer:
            raise RuntimeError(f"{self.name} {op} {arguments.get('conn')}: {answer['failed']}")
        return answer

    async def stop(self):
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 20)
        except asyncio.TimeoutError:
            self.process.kill()


class Daemon:
    """One `callmux serve`, which can be ended and started again under the same addresses."""

    def __init__(self, rig, name, config):
        self.rig, self.name, self.process = rig, name, None
        self.config, self.log = rig.home / f"{name}.toml", rig.home / f"{name}.stderr"
        self.config.write_text(config)
        self.socket = rig.home / f"{name}.sock"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def facts(self, fact):
        """The facts of this kind that the running daemon has written down."""
        lines = self.log.read_text(errors="replace").splitlines()[self.seen:]
        facts = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}"))
        return [one for one in facts if one.get("fact") == fact]

    async def start(self):
        self.seen = len(self.log.read_text(errors="replace").splitlines()) if self.log.exists() else 0
        words = ["serve", "--config", self.config, "--socket", self.socket, "--listen", f"127.0.0.1:{self.port}"]
        with open(self.log, "ab") as stderr:
            self.process = await asyncio.create_subprocess_exec(
                self.rig.binary, *map(str, words), "--log-format", "json",
                stdin=-3, stdout=-3, stderr=stderr, env=self.rig.env, cwd=self.rig.home,
            )
        ended = lambda: self.process.returncode is not None
        await until(lambda: ended() or self.facts("daemon_ready"), "a daemon that is ready")
        if ended():
            raise RuntimeError(f"callmux serve ended: {self.log.read_text()}")

    async def settled(self, servers, deadline=DEADLINE):
        await until(lambda: len(self.facts("server_ready")) >= servers, "servers that are ready", deadline)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    async def stop(self):
        self.terminate()
        return await asyncio.wait_for(self.process.wait(), DEADLINE)

    def way(self, way):
        """How a client comes in."""
        return {
            "tcp": {"url": f"http://127.0.0.1:{self.port}/mcp"},
            "sse": {"url": f"http://127.0.0.1:{self.port}/sse"},
            "unix": {"url": "http://localhost/mcp", "socket": str(self.socket)},
            "bridge": self.rig.program(["bridge", "--socket", str(self.socket)]),
        }[way]

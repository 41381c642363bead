"""Runs every part. `run` installs what this needs and says what could not be installed."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "interop"))

import outgoing
from adapter import Adapter
from official import LEGACY, MODERN, REVISIONS, Suite, Table, judge
from rig import Book, Rig, until

PARTS = ["fixture", "stdio", "http", "bridge", "cross", "client"]
# What a server with a handshake, which asks by requests of its own, cannot do for a modern client:
# scenario → the check that fails, how it puts that, and why. Said otherwise, it is a failure.
ACROSS = {
    "input-required-result-basic-elicitation": (
        "sep-2322-elicitation-incomplete",
        r'inputRequests missing expected key "user_name"$',
        "the suite wants the question under a key that a legacy server has no place for",
    ),
    "input-required-result-multiple-input-requests": (
        "sep-2322-multiple-inputs-incomplete",
        r"Expected at least 3 inputRequests, got [12];",
        "a legacy server asks one question at a time and does not say how many will come",
    ),
}


class Stage:
    """What the parts have in common."""

    def __init__(self, book, rig):
        self.book, self.rig, self.table, self.alone = book, rig, Table(), {}
        self.suite = Suite(rig.scratch)
        self.server = os.environ["CALLMUX_CONFORMANCE_SERVER"]

    async def official(self, subject, url, revisions, impossible=()):
        for revision in revisions:
            out = self.rig.home / f"results-{subject}-{revision}"
            found, took = await self.suite.run("server", ["--url", url], revision, out, self.rig.env)
            if subject == "fixture":
                self.alone[revision] = found
            of_it = impossible if revision == MODERN else {}
            alone = self.alone.get(revision, {})
            required = self.suite.required(revision, "server")
            judge(self.book, self.table, subject, revision, required, found, took, of_it, alone)

    async def fixture(self, name, words):
        """The server by itself over HTTP: its process and its URL."""
        with open(self.rig.home / f"{name}.stderr", "wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                self.server, *words, "--http", "0", stdin=-3, stdout=-1, stderr=stderr, env=self.rig.env
            )
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        return process, url

    async def daemon(self, name, keys):
        daemon = await self.rig.daemon(name, config_of(keys))
        await daemon.settled(1)
        return daemon

    async def stop(self, daemon):
        code = await daemon.stop()
        self.book.check(f"the daemon {daemon.name} ends with 0 when it is told to stop", code == 0, str(code))

    async def knows_url(self):
        """Whether this callmux takes a server by its URL."""
        config = self.rig.home / "url.toml"
        config.write_text(config_of({"url": "http://127.0.0.1:9/mcp"}))
        words = ["config", "check", "--config", str(config)]
        process = await asyncio.create_subprocess_exec(self.rig.binary, *words, stdout=-3, stderr=-3, env=self.rig.env)
        return await process.wait() == 0


def config_of(keys):
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(["[servers.fixture]", 'prefix = ""', *lines]) + "\n"


async def alone(stage):
    """What stands around callmux in the other parts passes without it: the server, over HTTP and
    stdio, and the adapter."""
    process, url = await stage.fixture("fixture", [])
    await stage.official("fixture", url, REVISIONS)
    await end(process)
    # Here each connection has a server of its own, so it warns that none hears of another's changes.
    async with Adapter([stage.server], stage.rig.env, stage.rig.home / "adapter.stderr") as adapter:
        await stage.official("fixture-stdio", adapter.url, REVISIONS)


async def stdio(stage):
    daemon = await stage.daemon("stdio", {"command": stage.server})
    await stage.official("stdio", daemon.way("tcp")["url"], REVISIONS)
    await stage.stop(daemon)


async def http(stage):
    if not await stage.knows_url():
        return stage.book.skip("servers over HTTP", "this callmux has no servers by url")
    for subject, words, impossible in [("http", [], {}), ("http-legacy", ["--legacy"], ACROSS)]:
        process, url = await stage.fixture(f"behind-{subject}", words)
        daemon = await stage.daemon(subject, {"url": url})
        await stage.official(subject, daemon.way("tcp")["url"], REVISIONS, impossible)
        await stage.stop(daemon)
        await end(process)


async def bridge(stage):
    daemon = await stage.daemon("bridge", {"command": stage.server})
    way = daemon.way("bridge")
    log = stage.rig.home / "bridges.stderr"
    async with Adapter([way["command"], *way["args"]], way["env"], log) as adapter:
        await stage.official("bridge", adapter.url, REVISIONS)
    await stage.stop(daemon)


async def cross(stage):
    # With a server of both eras callmux speaks the modern one, so each era needs one of its own.
    for era, revisions, impossible in [("modern", [LEGACY], {}), ("legacy", REVISIONS, ACROSS)]:
        daemon = await stage.daemon(f"{era}-server", {"command": stage.server, "args": [f"--{era}"]})
        await stage.official(f"{era}-server", daemon.way("tcp")["url"], revisions, impossible)
        await stage.stop(daemon)


async def end(process):
    if process.returncode is None:
        process.kill()
        await process.wait()


async def checks(stage, parts):
    runs = {"fixture": alone, "stdio": stdio, "http": http, "bridge": bridge, "cross": cross, "client": outgoing.client}
    for part in parts:
        began = time.monotonic()
        try:
            await runs[part](stage)
        except Exception as error:
            stage.book.check(f"the part {part} runs to its end", False, repr(error))
        print(f"----  {part}: {time.monotonic() - began:.0f} s", flush=True)


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    book = Book()
    parts = os.environ["CALLMUX_CONFORMANCE_ONLY"].split() or PARTS
    rig = Rig(Path(os.environ["CALLMUX_CONFORMANCE_DIR"]), Path(os.environ["CALLMUX_BIN"]))
    stage = Stage(book, rig)
    try:
        await checks(stage, parts)
    except (Exception, asyncio.CancelledError) as error:
        book.check("the suite runs to its end", False, repr(error))
    finally:
        await rig.close(book)
    stage.table.close()
    return book.close()


sys.exit(asyncio.run(main()))

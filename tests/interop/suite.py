"""Runs every check. `run` installs what this needs and says what could not be installed."""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import agents
import behave
import inspector
import issuer
import listed
import management
import metrics
import ocsf
import odd
import older
import restart
import same
import told
from rig import Book, Rig
from servers import SERVERS

PARTS = ["same", "behave", "older", "inspector", "odd", "agents", "listed", "issuer", "management", "metrics", "ocsf", "told", "restart"]


def config_of(servers, log):
    # What passes is compared with what a direct client sees.
    lines = ['list_timeout = "30s"', 'exposure = "no-meta"', 'max_result = "0B"']
    for server in servers:
        command, args = server.command()
        if server.name == "everything":
            # What reaches a server is a fact that no client sees.
            command, args = "sh", ["-c", 'tee -a "$0" | "$@"', str(log), command, *args]
        env = ", ".join(f"{key} = {json.dumps(value)}" for key, value in server.env.items())
        lines += [f"[servers.{server.name}]", f"command = {json.dumps(command)}", f"args = {json.dumps(args)}"]
        lines += [f"cwd = {json.dumps(server.rig.env['HOME'])}", f"env = {{ {env} }}"]
    return "\n".join(lines) + "\n"


def servers_of(book, rig, has):
    servers = []
    for kind in SERVERS:
        if kind.needs not in has:
            continue
        if kind.name == "git" and not shutil.which("git"):
            book.skip("mcp-server-git", "there is no git")
            continue
        servers.append(kind(rig))
    return servers


async def checks(book, rig, has, parts):
    servers = servers_of(book, rig, has)
    clients = [client for client in same.CLIENTS if ("pypi" if client[0] == "py" else "npm") in has]
    if not clients:
        return book.skip("everything", "there are no clients")
    for server in servers:
        server.reset()
    log = rig.home / "everything.log"
    daemon = await rig.daemon("daemon", config_of(servers, log))
    await daemon.settled(len(servers))
    runs = {
        "same": lambda: asyncio.gather(*(same.check(book, rig, daemon, server, clients) for server in servers)),
        "behave": lambda: behave.check(book, rig, daemon, log, servers, clients),
        "older": lambda: older.check(book, rig, clients),
        "inspector": lambda: inspector.check(book, rig, daemon, servers, os.environ["CALLMUX_INTEROP_NODE"]),
        "odd": lambda: odd.check(book, rig, servers, clients),
        "agents": lambda: agents.check(book, rig),
        "listed": lambda: listed.check(book, rig, has),
        "issuer": lambda: issuer.check(book, rig),
        "management": lambda: management.check(book, rig),
        "metrics": lambda: metrics.check(book, rig, has),
        "ocsf": lambda: ocsf.check(book, rig, has),
        "told": lambda: told.check(book, rig),
        "restart": lambda: restart.check(book, rig, daemon, len(servers), log, clients),
    }
    if "npm" not in has:
        book.skip("progress, cancellation, questions, crowds and restarts", "they need server-everything")
        parts = [part for part in parts if part in ("same", "metrics", "ocsf")]
    for part in parts:
        needed = {"told": "agents"}.get(part, part)
        if needed in ("inspector", "older", "agents", "issuer") and needed not in has:
            continue
        began = time.monotonic()
        try:
            await runs[part]()
        except Exception as error:
            book.check(f"the part {part} runs to its end", False, repr(error))
        print(f"----  {part}: {time.monotonic() - began:.0f} s", flush=True)
    if daemon.process.returncode is None:
        code = await daemon.stop()
        book.check("the daemon ends with 0 when it is told to stop", code == 0, str(code))


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    book = Book()
    for what, _, why in (line.partition(": ") for line in os.environ["CALLMUX_INTEROP_SKIPS"].splitlines() if line):
        book.skip(what, why)
    has = os.environ["CALLMUX_INTEROP_HAS"].split()
    parts = os.environ.get("CALLMUX_INTEROP_ONLY", "").split() or PARTS
    rig = Rig(Path(os.environ["CALLMUX_INTEROP_DIR"]), Path(os.environ["CALLMUX_BIN"]))
    try:
        await checks(book, rig, has, parts)
    except (Exception, asyncio.CancelledError) as error:
        book.check("the suite runs to its end", False, repr(error))
    finally:
        await rig.close(book)
    return book.close()


sys.exit(asyncio.run(main()))

"""What is done to the daemon while it is used: one thing after the other, each with its reason noted."""

import asyncio
import os
import random
import signal
import time

from rig import until
from wires import Bridge

# Between two of them, in seconds.
PAUSE = 1.5


class Mischief:
    def __init__(self, rig, sessions, seed, spared):
        """From the time `spared` on, if any, no bridge is killed."""
        self.rig, self.book, self.sessions = rig, rig.book, sessions
        self.random, self.spared = random.Random(seed), spared
        self.goes = asyncio.Event()
        self.goes.set()
        self.rests = asyncio.Event()
        self.is_over = False

    async def run(self):
        deeds = [self.restart, self.kill, self.reload, self.broken, self.cut_bridge, self.cut_http]
        while not self.is_over:
            # Each comes equally often, in an order of its own.
            for deed in self.random.sample(deeds, len(deeds)):
                if not self.goes.is_set():
                    self.rests.set()
                    await self.goes.wait()
                    self.rests.clear()
                if self.is_over:
                    break
                await deed()
                await asyncio.sleep(PAUSE * (0.5 + self.random.random()))
        self.rests.set()

    def server(self):
        return self.random.choice(("tools", "counter", "slow", "legacy", "modern"))

    async def restart(self):
        server = self.server()
        self.book.did("restart", server)
        code, _, told = await self.rig.callmux("restart", server)
        self.book.did("restarted", server)
        if code != 0:
            self.book.bad(f"callmux restart {server}: {code} {told}")

    async def kill(self):
        """As if a server crashed."""
        server = self.server()
        found = next(one for one in (await self.rig.status())["servers"] if one["name"] == server)
        if pid := found["pid"]:
            self.book.did("server killed", server)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    async def reload(self):
        """A server more or less, and another process of a third one."""
        self.rig.generation += 1
        self.rig.has_extra = not self.rig.has_extra
        self.book.did("reload", "notes", "time")
        self.rig.configure()
        wanted = self.rig.has_extra

        async def is_there():
            servers = {one["name"] for one in (await self.rig.status())["servers"]}
            return ("time" in servers) == wanted

        for _ in range(200):
            if await is_there():
                return
            await asyncio.sleep(0.1)
        self.book.bad(f"a config took no effect: {wanted}")

    async def broken(self):
        """A config that must change nothing."""
        self.book.did("broken config")
        self.rig.configure(broken=True)
        code, _, _ = await self.rig.callmux("reload", "--wait")
        if code != 65:
            self.book.bad(f"a broken config was taken: {code}")
        self.rig.configure()
        code, _, told = await self.rig.callmux("reload", "--wait")
        if code != 0:
            self.book.bad(f"a good config was refused: {told}")

    async def cut(self, of_bridges):
        wires = [one.wire for one in self.sessions if isinstance(one.wire, Bridge) == of_bridges]
        wire = self.random.choice(wires)
        if not wire.is_cut:
            self.book.did("bridge killed" if of_bridges else "connection reset")
            wire.cut()
            # Whoever uses it notices with the next request.
            await until(lambda: not wire.is_cut, f"{wire.name} to come back")

    async def cut_bridge(self):
        if self.spared is None or time.monotonic() < self.spared:
            await self.cut(True)

    async def cut_http(self):
        await self.cut(False)

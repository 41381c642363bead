"""Load: many bridges, each with a strict client that has several calls in flight all the time.

One thread with one event loop drives them all. A client is greeted once and never again, and
complains about everything it did not ask for.
"""

import asyncio
import json
import random
import subprocess
import threading
import time

from audit import call_entries
from clients import outcome
from fleet import SERVERS, ledger, new_ledger
from lib import Failed, until

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "load", "version": "1"},
    },
}
GREETED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
# As the journal names it.
CLIENT = "load 1"
# So that a slot whose calls fail at once does not spin.
PAUSE_AFTER_FAILURE = 0.02


class Call:
    """One call; `outcome` stays None until it is answered."""

    __slots__ = ("server", "tool", "nonce", "delay", "sent", "answered", "outcome", "pid", "blamed")

    def __init__(self, server, tool, delay_ms):
        self.server, self.tool, self.delay = server, tool, delay_ms / 1000
        self.nonce = f"{random.getrandbits(64):016x}"
        self.sent = time.monotonic()
        self.answered = self.outcome = self.pid = self.blamed = None

    def __repr__(self):
        return f"{self.server}__{self.tool}: {self.outcome}"

    def took(self):
        return self.answered - self.sent

    def overhead(self):
        """Beyond the time that the server was asked to take."""
        return max(0.0, self.took() - self.delay)

    def was_in_flight(self, moment):
        return self.sent < moment and (self.answered is None or self.answered > moment)


class Client(asyncio.Protocol):
    """The client of one bridge: what the bridge writes arrives in `data_received`."""

    def __init__(self, load, process, slots):
        self.load, self.process, self.slots = load, process, slots
        self.rest, self.number = b"", 0
        self.pending = {}
        self.strange = []
        self.ended = False

    def write(self, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
        try:
            self.process.stdin.write(data)
        except OSError as error:
            self.strange.append(f"writing to the bridge: {error}")

    def connection_made(self, transport):
        self.write(HELLO)

    def data_received(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "method" in message:
                # Notices such as list_changed are fine; nobody has anything to ask this client.
                if "id" in message:
                    self.strange.append(f"asked for {message['method']}")
            elif message.get("id") == 0:
                self.greeted(message)
            else:
                self.take(message)

    def connection_lost(self, _):
        self.ended = True

    def is_lost(self):
        return self.ended or self.process.poll() is not None

    def greeted(self, message):
        if "result" not in message or self.number:
            self.strange.append(message)
            return
        self.write(GREETED)
        for slot in self.slots:
            self.send(slot)

    def send(self, slot):
        if not self.load.going or self.ended:
            return
        call = self.load.draw(slot)
        self.number += 1
        self.pending[self.number] = call, slot
        self.load.calls.append(call)
        self.write(
            b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s__%s","arguments":'
            b'{"nonce":"%s","delay_ms":%d}}}\n'
            % (
                self.number,
                call.server.encode(),
                call.tool.encode(),
                call.nonce.encode(),
                round(call.delay * 1000),
            )
        )

    def take(self, message):
        call, slot = self.pending.pop(message.get("id"), (None, None))
        if call is None:
            self.strange.append(f"an answer to nothing: {json.dumps(message)[:200]}")
            return
        call.answered = time.monotonic()
        call.outcome = outcome(message)
        if call.outcome == "done":
            content = message["result"]["structuredContent"]
            call.pid = content["pid"]
            if content["nonce"] != call.nonce:
                self.strange.append("an answer to another call")
            self.send(slot)
            return
        failure = message.get("result", {}).get("_meta", {}).get("callmux/failure", {})
        call.blamed = failure.get("server")
        asyncio.get_running_loop().call_later(PAUSE_AFTER_FAILURE, self.send, slot)


class Load:
    """`with Load() as load`: it is in full swing inside, and all its processes are gone after."""

    def __init__(self, bridges=20, slots=10, delay_ms=(50, 150), mutating=0.3, servers=SERVERS):
        self.bridges, self.slots, self.delay_ms = bridges, slots, delay_ms
        self.mutating, self.servers = mutating, servers
        self.going = True
        self.calls, self.clients, self.lost = [], [], []
        self.written_before = {entry["call_id"] for entry in call_entries()}

    def draw(self, slot):
        """The next call of a slot. Each slot keeps to one server, so one that hangs or is away
        takes nothing of the load on the others."""
        tool = "mutate" if random.random() < self.mutating else "read"
        return Call(self.servers[slot % len(self.servers)], tool, random.randint(*self.delay_ms))

    def __enter__(self):
        new_ledger()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        try:
            for number in range(self.bridges):
                slots = range(number * self.slots, (number + 1) * self.slots)
                asyncio.run_coroutine_threadsafe(self.start(slots), self.loop).result(30)
            until("every server has answered", self.is_steady, 60)
        except BaseException:
            self.__exit__()
            raise
        self.began = time.monotonic()
        return self

    async def start(self, slots):
        process = subprocess.Popen(
            ["callmux", "bridge"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        client = Client(self, process, slots)
        self.clients.append(client)
        await self.loop.connect_read_pipe(lambda: client, process.stdout)

    def is_steady(self):
        done = {call.server for call in self.calls if call.outcome == "done"}
        return done == set(self.servers) and len(self.calls) > 5 * self.bridges * self.slots

    def __exit__(self, *_):
        self.going = False
        for client in self.clients:
            client.process.kill()
            client.process.wait()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def goes_on(self, count=200):
        """Returns once so many further calls, sent from now on, are done on every server."""
        start = len(self.calls)

        def each_has():
            done = dict.fromkeys(self.servers, 0)
            for call in self.calls[start:]:
                if call.outcome == "done":
                    done[call.server] += 1
            return all(number >= count / len(self.servers) for number in done.values())

        until(f"{count} further calls are done", each_has, 60)

    def finish(self, seconds=30):
        """Sends nothing more and waits for what is in flight."""
        self.going = False
        self.ended = time.monotonic()
        try:
            until("every call is answered", lambda: not self.unanswered(), seconds)
        except Failed:
            pass  # They are counted as lost.
        self.lost = [client.process.pid for client in self.clients if client.is_lost()]

    def unanswered(self):
        return [call for client in self.clients for call, _ in list(client.pending.values())]

    def pids(self):
        """Who answered for each server."""
        found = {server: set() for server in self.servers}
        for call in self.calls:
            if call.pid:
                found[call.server].add(call.pid)
        return found

    def counted(self, what):
        return [call for call in self.calls if call.outcome == what]

    def judge_entries(self, figures):
        """What stands in the record of calls: each call once, with its client, whichever daemons it
        began and ended in. The journal takes no more of them than its limit."""
        wanted = len(self.calls)
        new = lambda: [e for e in call_entries() if e["call_id"] not in self.written_before]
        try:
            until(f"{wanted} entries", lambda: len(new()) >= wanted, 30)
        except Failed:
            pass  # They are counted as missing.
        entries = new()
        figures.same("entries of these calls", len(entries), wanted)
        ids = {entry["call_id"] for entry in entries}
        figures.same("different ones", len(ids), wanted)
        strangers = [entry["client"] for entry in entries if entry["client"] != CLIENT]
        figures.none("entries without their client", strangers)

    def judge(self, figures):
        """What holds under every fault: sessions live, answers come once, effects come once."""
        strange = [what for client in self.clients for what in client.strange]
        figures.see("calls", len(self.calls))
        figures.none("sessions lost", self.lost)
        figures.none("calls without an answer", self.unanswered())
        figures.none("answers to nothing or to another call", strange)
        entries = ledger()
        mutations = [call for call in self.calls if call.tool == "mutate"]
        count = lambda outcome: [
            entries[call.nonce] for call in mutations if call.outcome == outcome
        ]
        figures.none("doubled in the ledger", [n for n in entries.values() if n > 1])
        figures.none("successes not in the ledger", [n for n in count("done") if n != 1])
        figures.none("not_sent but in the ledger", [n for n in count("not_sent") if n != 0])


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def longest_gap(load):
    """The longest time, in seconds, in which nobody got a result."""
    answers = [call.answered for call in load.calls if call.outcome == "done"]
    moments = [load.began, *sorted(m for m in answers if load.began < m < load.ended)]
    return max(after - before for before, after in zip(moments, moments[1:] + [load.ended]))

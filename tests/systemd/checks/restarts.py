"""Clients that come and clients that stay, while the daemon is restarted again and again."""

import collections
import itertools
import threading
import time

from audit import call_entries
from clients import Bridge, NoAnswer, health, http_call, outcome
from lib import SERVICE, ctl, expect, given, main_pid, same, until

RESTARTS = 10
CONNECTS = 1000
COMERS = 4
BRIDGES = 4


class Load:
    """Threads that work until they are told to stop, and what they saw."""

    def __init__(self):
        self.lock = threading.Lock()
        self.going = True
        self.comers = collections.Counter()
        self.bridges = collections.Counter()
        self.longest = collections.Counter()
        # Calls of the tool that only bridges call.
        self.increments = 0
        self.gap, self.last = 0.0, time.monotonic()
        self.threads = []

    def spawn(self, work, *args):
        def body():
            for number in itertools.count():
                if not self.going:
                    return
                work(number, *args)

        self.threads.append(threading.Thread(target=body, daemon=True))
        self.threads[-1].start()

    def note(self, who, what, started):
        now = time.monotonic()
        with self.lock:
            getattr(self, who)[what] += 1
            self.longest[who] = max(self.longest[who], now - started)
            if who == "comers":
                self.gap, self.last = max(self.gap, now - self.last), now

    def connect(self, number):
        started = time.monotonic()
        try:
            if number % 2:
                status, body = health()
                what = "answered" if status == 200 else f"status {status}: {body!r}"
            else:
                ended = outcome(http_call("time__now"))
                what = "answered" if ended == "done" else ended
        except NoAnswer as error:
            what = f"no answer ({error})"
        except (ConnectionRefusedError, FileNotFoundError):
            what = "refused"
        except Exception as error:
            what = repr(error)
        self.note("comers", what, started)

    def use(self, number, bridge):
        started = time.monotonic()
        tool = "counter__increment" if number % 2 else "time__now"
        try:
            what = outcome(bridge.call(tool))
        except Exception as error:
            what = repr(error)
        with self.lock:
            self.increments += number % 2
        self.note("bridges", what, started)

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join(90)


load = Load()
bridges = []


def entries():
    """The entries of the calls that only bridges make, in the record of calls: it has them all,
    where journald takes no more than its limit."""
    found = call_entries('"counter__increment"')
    return [entry for entry in found if entry["call_id"] not in load.seen]


def newcomers():
    """Drives the load; the bridges' share of it is judged by the check that follows."""
    given()
    load.seen = set()
    load.seen = {entry["call_id"] for entry in entries()}
    started = time.monotonic()
    bridges.extend(Bridge() for _ in range(BRIDGES))
    bridges[0].value("time__now")
    load.last = time.monotonic()
    for _ in range(COMERS):
        load.spawn(load.connect)
    for bridge in bridges:
        load.spawn(load.use, bridge)
    answers = lambda: sum(load.comers.values())
    pids, restarting = {main_pid()}, 0.0
    try:
        for _ in range(RESTARTS):
            before = answers()
            until("new connections", lambda: answers() >= before + CONNECTS // RESTARTS, 60)
            begun = time.monotonic()
            ctl("restart", SERVICE)
            restarting += time.monotonic() - begun
            pids.add(main_pid())
        # After the last restart too.
        until("new connections", lambda: answers() >= CONNECTS + 100, 60)
        survivors = [outcome(bridge.call("counter__increment")) for bridge in bridges]
    finally:
        load.stop()
    load.survivors = survivors
    load.took = time.monotonic() - started
    expect(len(pids) == RESTARTS + 1, f"{len(pids) - 1} restarts instead of {RESTARTS}")
    figures = (
        f"{answers()} connections in {load.took:.1f} s; longest time without an answer to anybody "
        f"{load.gap * 1000:.0f} ms, longest wait {wait('comers')}; a restart took "
        f"{restarting / RESTARTS * 1000:.0f} ms"
    )
    bad = {what: count for what, count in load.comers.items() if what != "answered"}
    expect(not bad, f"{bad} ({figures})")
    return figures


def written_down():
    """Each call has one entry, whichever daemon it began and ended in."""
    expect(hasattr(load, "survivors"), "the check before did not get far enough")
    wanted = load.increments + BRIDGES
    until(f"{wanted} entries", lambda: len(entries()) >= wanted, 60)
    outcomes = collections.Counter(entry["outcome"] for entry in entries())
    known = outcomes["done"] + outcomes["outcome_unknown"]
    same(f"entries of {wanted} calls, of which {known} done or unknown", len(entries()), wanted)
    same(f"entries done or unknown of {dict(outcomes)}", known, wanted)
    return f"{wanted} calls of bridges, {dict(outcomes)}"


def wait(who):
    return f"{load.longest[who] * 1000:.0f} ms"


def stayers():
    expect(load.bridges, "the check before this one did not get far enough")
    unknown = load.bridges["outcome_unknown"]
    bad = {k: n for k, n in load.bridges.items() if k not in ("done", "outcome_unknown")}
    expect(not bad, f"of {sum(load.bridges.values())} calls: {bad}")
    twice = [message for bridge in bridges for message in bridge.unexpected]
    expect(not twice, f"answers to nothing: {twice[:3]}")
    # The sessions go on: the same bridges, never greeted again, have answered at the end.
    expect(load.survivors == ["done"] * BRIDGES, f"afterwards: {load.survivors}")
    return (
        f"{load.bridges['done']} calls done, {unknown} outcome_unknown, longest wait "
        f"{wait('bridges')}"
    )


CHECKS = [
    (f"{CONNECTS} connects during {RESTARTS} restarts, none lost", newcomers),
    (f"{BRIDGES} sessions live through the same restarts", stayers),
    ("each of their calls has one entry", written_down),
]

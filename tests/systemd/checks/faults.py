"""A server that is killed again and again, and a program that cannot run."""

import os
import signal
import time

from clients import Bridge, outcome
from figures import Figures
from fleet import SERVERS, config, install, install_original, stored_fds, units
from lib import HOME, Failed, expect, facts, given, main_pid, same, seen_by_root, show, until
from load import Call, Load, quantile
from prober import Prober
from survival import BASELINE, TRUSTED

KILLS = 100
PERIOD = 0.15
VICTIM = SERVERS[-1]
# How soon an interrupted call must be answered, and how much slower its neighbours may become.
ANSWERED_MS = 1000
SLOWER = 2

CRASHING = 30 if os.environ.get("CALLMUX_LONG") == "1" else 10
SERVED_MS = 2000


def census():
    """What must be the same before and after."""
    daemon = main_pid()
    return {
        "daemon": daemon,
        "descriptors": seen_by_root(daemon)[1],
        "units": len(units()),
        "descriptors kept by systemd": stored_fds(),
    }


def server_killed():
    given(config(keys=TRUSTED))
    kills, last = [], 0.0
    # Short calls: beside long ones their neighbours' delays would not be seen.
    with Load(slots=4, delay_ms=(5, 50)) as load:
        load.goes_on(BASELINE)
        before = census()
        while len(kills) < KILLS:
            pid = until("the server answers", lambda: fresh(load, last), 60)
            until("the calls of the last kill are answered", lambda: not open_since(load, last), 60)
            time.sleep(max(0.0, last + PERIOD - time.monotonic()))
            last = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            kills.append(last)
        until("the server answers", lambda: fresh(load, last), 60)
        load.finish()
        try:
            until("nothing is left over", lambda: census() == before, 5)
        except Failed:
            pass  # What is, is said below.
        after = census()
    figures = Figures()
    figures.see(f"kills of {VICTIM}", len(kills))
    figures.see("from the first to the last", kills[-1] - kills[0], "s")
    load.judge(figures)
    see_victim(figures, load, kills)
    see_neighbours(figures, load, kills[0])
    figures.see("ends of the server in the journal", ends_since(kills[0]))
    same("the daemon", after.pop("daemon"), before.pop("daemon"))
    for what, count in before.items():
        figures.none(f"{what} more than before", after[what] - count)
    return figures.end()


def fresh(load, moment):
    """The process that answered a call to the victim that was sent after `moment`."""
    for call in reversed(load.calls):
        if call.sent < moment:
            return None
        if call.server == VICTIM and call.pid:
            return call.pid
    return None


def open_since(load, moment):
    """Calls to the victim that are still open and were sent before `moment`."""
    return [call for call in load.unanswered() if call.server == VICTIM and call.sent < moment]


def ends_since(moment):
    since = time.time() - (time.monotonic() - moment)
    entries = facts("server_failed", f"CALLMUX_SERVER={VICTIM}", f"--since=@{since:.6f}")
    return len(entries)


def see_victim(figures, load, kills):
    calls = [call for call in load.calls if call.server == VICTIM]
    hit = {killed: [call for call in calls if call.was_in_flight(killed)] for killed in kills}
    interrupted = {call for found in hit.values() for call in found}
    bad = lambda tool: [
        call for call in interrupted if call.tool == tool and call.outcome != "done"
    ]
    figures.see("safe calls in flight", sum(call.tool == "read" for call in interrupted))
    figures.none("safe calls lost", [call.outcome for call in bad("read")])
    figures.see("other calls in flight", sum(call.tool == "mutate" for call in interrupted))
    figures.see("other calls lost", len(bad("mutate")))
    told = [call for call in interrupted if call.outcome == "outcome_unknown"]
    late = [
        call.answered - killed
        for killed, found in hit.items()
        for call in found
        if call.outcome == "outcome_unknown"
    ]
    figures.see("the last was told after", max(late, default=0) * 1000, "ms", ANSWERED_MS)
    figures.none("told without the server's name", [c for c in told if c.blamed != VICTIM])
    usual = ("done", "outcome_unknown", "not_sent")
    figures.none("other errors", [c.outcome for c in calls if c.outcome not in usual])
    figures.see("not_sent", sum(call.outcome == "not_sent" for call in calls))
    done = [call for call in calls if call.outcome == "done"]
    back = [
        min(call.answered for call in done if call.sent > killed) - killed for killed in kills
    ]
    figures.see("the server is back after", quantile(back, 0.5) * 1000, "ms")
    figures.see("at the longest", max(back) * 1000, "ms")


def see_neighbours(figures, load, first):
    calls = [call for call in load.calls if call.server != VICTIM and call.answered]
    figures.none("neighbours' errors", [call.outcome for call in calls if call.outcome != "done"])
    changed = [pids for server, pids in load.pids().items() if server != VICTIM and len(pids) > 1]
    figures.none("neighbours replaced", changed)
    before = [call for call in calls if call.answered < first]
    during = [call for call in calls if call.answered >= first]
    p99 = lambda calls, time: quantile([time(call) * 1000 for call in calls], 0.99)
    usual = p99(before, Call.took)
    figures.see("neighbours' p99 before", usual, "ms")
    figures.see("neighbours' p99 during", p99(during, Call.took), "ms", most=round(usual * SLOWER))
    figures.see("of it beyond the server's time before", p99(before, Call.overhead), "ms")
    figures.see("and during", p99(during, Call.overhead), "ms")


def crash_loop():
    """A program that ends at once, as after a bad upgrade, and a client that waits behind it."""
    given()
    broken = HOME / "broken-callmux"
    broken.write_text("#!/bin/sh\nexit 1\n")
    figures, bridge = Figures(), Bridge()
    same("the first call", bridge.value("counter__increment"), {"value": 1})
    restarts = int(show("NRestarts"))
    try:
        with Prober(asks=False) as prober:
            install(broken)
            os.kill(main_pid(), signal.SIGKILL)
            waiting = bridge.start_call("time__now")
            states, until_then = set(), time.monotonic() + CRASHING
            while time.monotonic() < until_then:
                states.add(show("ActiveState", "callmux.socket"))
                time.sleep(0.1)
            tries = int(show("NRestarts")) - restarts
            expect(waiting.empty(), f"the client was told {list(waiting.queue)}")
            install_original()
            repaired = time.monotonic()
            answer = waiting.get(timeout=60)
            took = time.monotonic() - repaired
            states.add(show("ActiveState", "callmux.socket"))
    finally:
        install_original()
    figures.see("in a crash loop for", CRASHING, "s")
    figures.see("starts that failed", tries, least=CRASHING // 3)
    figures.none("states of the socket but active", [s for s in states if s != "active"])
    figures.see("connects", len(prober.probes))
    figures.none("of them refused", prober.refused())
    figures.none("of them failed", prober.cut())
    same("the waiting call ended", outcome(answer), "done")
    figures.see("the client is served after the repair in", took * 1000, "ms", most=SERVED_MS)
    figures.none("answers to nothing", bridge.unexpected)
    return figures.end()


CHECKS = [
    (f"{KILLS} kill -9 of one of four servers", server_killed),
    ("a program that crashes at once, then repaired", crash_loop),
]

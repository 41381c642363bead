"""The daemon restarted and killed again and again under many calls: nobody notices.

20 bridges with 10 calls each in flight on four servers; 30 % of the calls have an effect, and a
ledger shows how often each effect came. See `load` for what its clients do not put up with.
"""

import os
import signal
import time

from figures import Figures
from fleet import config
from lib import ctl, given, main_pid, until
from load import Load, longest_gap, quantile
from prober import Prober

TIMES = 20
RESTART_PERIOD = 0.7
# So many calls before the first fault, for comparison.
BASELINE = 1500
# How long after the socket is served again the last call may be answered.
LAG_MS = 2000
# So many of the calls that a kill -9 of the daemon interrupts may end as outcome_unknown.
UNKNOWN_PERCENT = 1


# The servers say of `read` that it has no effect, and the operator believes them: a call that is
# cut off is sent again.
TRUSTED = "trusted = true\n"


def see_outcomes(figures, load, unknown, not_sent):
    """How calls ended; `unknown` and `not_sent` are the most of each, None stands for any."""
    figures.see("outcome_unknown", len(load.counted("outcome_unknown")), most=unknown)
    figures.see("not_sent", len(load.counted("not_sent")), most=not_sent)
    usual = ("done", "outcome_unknown", "not_sent", None)
    figures.none("other errors", [c.outcome for c in load.calls if c.outcome not in usual])


def see_servers(figures, load):
    changed = [f"{server}: {pids}" for server, pids in load.pids().items() if len(pids) > 1]
    figures.none("servers replaced", changed)


def see_times(figures, load, first_fault):
    """Times beyond what the server was asked to take."""
    done = load.counted("done")
    before = [call.overhead() * 1000 for call in done if call.answered < first_fault]
    after = [call.overhead() * 1000 for call in done if call.answered >= first_fault]
    figures.see("calls per second", len(load.calls) / (load.ended - load.began))
    figures.see("p99 beyond the server's time before", quantile(before, 0.99), "ms")
    figures.see("p99 during", quantile(after, 0.99), "ms")
    figures.see("worst", max(after, default=0), "ms")
    figures.see("longest time without any answer", longest_gap(load) * 1000, "ms")


def restarts():
    given(config())
    figures, pids, took = Figures(), [], []
    with Load() as load, Prober() as prober:
        load.goes_on(BASELINE)
        first = time.monotonic()
        pids.append(main_pid())
        for number in range(TIMES):
            # The pace is part of the check; what is waited for is the next turn.
            time.sleep(max(0.0, first + number * RESTART_PERIOD - time.monotonic()))
            began = time.monotonic()
            ctl("restart", "callmux.service")
            took.append(time.monotonic() - began)
            pids.append(main_pid())
        load.goes_on()
        load.finish()
    figures.same("restarts", len(set(pids)) - 1, TIMES)
    load.judge(figures)
    load.judge_entries(figures)
    see_outcomes(figures, load, unknown=0, not_sent=0)
    see_servers(figures, load)
    figures.see("probes of the socket", len(prober.probes))
    figures.none("connections refused", prober.refused())
    figures.none("connections cut", prober.cut())
    see_times(figures, load, first)
    figures.see("a restart took", sum(took) / len(took) * 1000, "ms")
    figures.see("the slowest", max(took) * 1000, "ms")
    return figures.end()


def kills():
    given(config(keys=TRUSTED))
    figures, away, lags, interrupted = Figures(), [], [], 0
    faults = []
    with Load() as load, Prober() as prober:
        load.goes_on(BASELINE)
        for _ in range(TIMES):
            pid = main_pid()
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            faults.append((killed, prober.served_again(killed)))
            until("another daemon", lambda: main_pid() not in (0, pid))
            load.goes_on()
        load.finish()
    for killed, served in faults:
        away.append(served - killed)
        hit = [call for call in load.calls if call.was_in_flight(killed)]
        interrupted += len(hit)
        # Also those that were sent while nobody was there.
        waited = [c for c in load.calls if c.sent < served and (c.answered or killed) > killed]
        lags.append(max(call.answered - served for call in waited) if waited else 0.0)
    figures.same("kills", len(faults), TIMES)
    load.judge(figures)
    load.judge_entries(figures)
    figures.see("calls in flight at a kill", interrupted)
    see_outcomes(figures, load, unknown=interrupted * UNKNOWN_PERCENT // 100, not_sent=None)
    safe = [call for call in load.calls if call.tool == "read" and call.outcome != "done"]
    figures.none("safe calls lost", [call.outcome for call in safe])
    see_servers(figures, load)
    figures.see("last answer after the socket is served again", max(lags) * 1000, "ms", LAG_MS)
    figures.see("longest time until it is served", max(away) * 1000, "ms")
    figures.see("probes of the socket", len(prober.probes))
    figures.none("connections refused", prober.refused())
    # One may be open at each kill.
    figures.see("connections cut", len(prober.cut()), most=TIMES)
    see_times(figures, load, faults[0][0])
    return figures.end()


CHECKS = [
    (f"{TIMES} restarts under 200 calls in flight", restarts),
    (f"{TIMES} kill -9 under 200 calls in flight", kills),
]

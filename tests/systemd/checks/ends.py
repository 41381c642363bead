"""The ways in which a daemon ends: killed, stopped, hung."""

import os
import signal
import threading
import time

from clients import Bridge, NoAnswer, http_call, outcome
from lib import CONFIG, EXAMPLES, SERVICE, ctl, drop_in, expect, facts, given, is_active, journal
from lib import main_pid, milliseconds, processes, run, same, servers, show, until


def all_servers():
    return until("all four servers run", lambda: len(servers()) == 4 and servers())


def gone(pid):
    """A call before this may have been given to the old daemon; nobody can know what became of it."""
    until("systemd notices the end", lambda: main_pid() != pid)


def killed():
    given()
    bridge, witness = Bridge(), Bridge()
    same("before", bridge.value("counter__increment"), {"value": 1})
    before = all_servers()
    running = witness.start_call("slow__wait", {"seconds": 2, "steps": 20}, token="t")
    witness.await_progress()
    pid, started = main_pid(), time.monotonic()
    os.kill(pid, signal.SIGKILL)
    gone(pid)
    same("the next call", bridge.value("counter__increment"), {"value": 2})
    took = milliseconds(started)
    expect(main_pid() not in (0, pid) and is_active(), "the service is not active again")
    same("the call that ran", outcome(running.get(timeout=60)), "done")
    same("the servers", all_servers(), before)
    return f"the next call was answered after {took}, by the same server as before"


def crash_loop():
    """Ten crashes in a row: neither the service nor the socket may give up."""
    given()
    bridge, started = Bridge(), time.monotonic()
    bridge.value("time__now")
    slowest = 0.0
    for _ in range(10):
        pid, begun = main_pid(), time.monotonic()
        os.kill(pid, signal.SIGKILL)
        gone(pid)
        bridge.value("time__now")
        slowest = max(slowest, time.monotonic() - begun)
    same("the socket", show("ActiveState", "callmux.socket"), "active")
    same("the service", show("ActiveState"), "active")
    return f"{time.monotonic() - started:.1f} s, slowest recovery {slowest * 1000:.0f} ms"


def drained():
    """The client is plain HTTP: a bridge would dial, and so start the daemon, at once again."""
    given()
    http_call("time__now")
    all_servers()
    before, answers, in_flight = processes(), [], threading.Event()
    calls = len(facts("call_finished", "CALLMUX_TOOL=slow__wait"))
    wait = {"seconds": 4, "steps": 40}
    call = lambda: answers.append(http_call("slow__wait", wait, on_progress=in_flight.set))
    caller = threading.Thread(target=call)
    caller.start()
    expect(in_flight.wait(30), "the call did not reach its server")
    started = time.monotonic()
    ctl("stop", SERVICE)
    took = time.monotonic() - started
    caller.join(10)
    expect(answers, "the call was not answered")
    same("the call in flight", outcome(answers[0]), "done")
    expect(1 < took < 10, f"`systemctl stop` took {took:.1f} s")
    same("Result", show("Result"), "success")
    same("ActiveState", show("ActiveState"), "inactive")
    left = before.keys() & processes().keys()
    expect(not left, f"left over: {[before[key] for key in left]}")
    cut = facts("daemon_stopped")[-1]["CALLMUX_CALLS"]
    same("calls that were cut off", cut, "0")
    until("the call has an entry", lambda: len(facts("call_finished", "CALLMUX_TOOL=slow__wait")) > calls)
    same("the socket", show("ActiveState", "callmux.socket"), "active")
    same("the next call", outcome(http_call("counter__increment")), "done")
    expect(is_active(), "the next connect did not start the service")
    return f"stopped after {took:.1f} s with the call answered"


def cut_off():
    """A call that is longer than the drain: the stop does not wait for it, and says the truth."""
    given(f'drain_timeout = "1s"\n{EXAMPLES}')
    bridge = Bridge()
    running = bridge.start_call("slow__wait", {"seconds": 300, "steps": 3000}, token="t")
    bridge.await_progress()
    started = time.monotonic()
    ctl("stop", SERVICE)
    took = time.monotonic() - started
    same("the call that ran", outcome(running.get(timeout=30)), "outcome_unknown")
    expect(took < 10, f"`systemctl stop` took {took:.1f} s with a drain of 1 s")
    same("Result", show("Result"), "success")
    # The bridge is still there, and its next call starts the next daemon.
    same("the next call", bridge.value("counter__increment"), {"value": 1})
    return f"stopped after {took:.1f} s"


def cut_off_by_restart():
    """Another daemon goes on, but not with what hangs on a connection to this one: plain HTTP gets
    its answer from this one, and so do calls that are made of others; calls of a bridge get theirs
    from the next and no other."""
    late = '[servers.late]\ncommand = "sh"\nargs = ["-c", "sleep 3; exec callmux example-server time"]\n'
    given(f'drain_timeout = "1s"\n{EXAMPLES}')
    bridge, answers, in_flight = Bridge(), {}, threading.Event()
    all_servers()
    CONFIG.write_text(f'drain_timeout = "1s"\n{EXAMPLES}{late}')
    ctl("reload", SERVICE)

    def call(tool, arguments=None, on_progress=None):
        def run():
            try:
                answers[tool] = outcome(http_call(tool, arguments, on_progress=on_progress))
            except NoAnswer as error:
                answers[tool] = str(error)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    threads = []
    call("slow__wait", {"seconds": 300, "steps": 3000}, in_flight.set)
    expect(in_flight.wait(30), "the call did not reach its server")
    call("late__now")
    waiting = bridge.start_call("late__now")
    running = bridge.start_call("slow__wait", {"seconds": 5, "steps": 50}, token="t")
    inner = [{"tool": "counter__increment"}, {"tool": "slow__wait", "arguments": {"seconds": 300, "steps": 1}}]
    several = bridge.start_call("callmux_parallel", {"calls": inner})
    bridge.await_progress()
    until("the first of several calls is done", lambda: bridge.value("counter__value") == {"value": 1})
    started = time.monotonic()
    ctl("restart", SERVICE)
    took = time.monotonic() - started
    for thread in threads:
        thread.join(10)
    done, cut = several.get(timeout=30)["result"]["structuredContent"]["results"]
    same("the first of several calls", done["result"], {"structuredContent": {"value": 1}})
    same("the second of several calls", cut["details"]["outcome"], "outcome_unknown")
    same("what they did, once", bridge.value("counter__value"), {"value": 1})
    same("plain HTTP", answers, {"slow__wait": "outcome_unknown", "late__now": "not_sent"})
    same("the bridge's call that ran", outcome(running.get(timeout=30)), "done")
    same("the bridge's call that waited", outcome(waiting.get(timeout=30)), "done")
    expect(not bridge.unexpected, f"answers to nothing: {bridge.unexpected}")
    expect(took < 8, f"`systemctl restart` took {took:.1f} s with a drain of 1 s")
    cut = facts("daemon_stopped")[-1]["CALLMUX_CALLS"]
    same("calls that were cut off", cut, "3")
    return f"restarted after {took:.1f} s"


def hung():
    given()
    try:
        drop_in("watchdog", "[Service]\nWatchdogSec=2s\n")
        bridge = Bridge()
        bridge.value("counter__increment")
        before = all_servers()
        pid, started = main_pid(), time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        gone(pid)
        same("the next call", bridge.value("counter__increment"), {"value": 2})
        took = milliseconds(started)
        expect(main_pid() not in (0, pid), "systemd did not start another daemon")
        said = journal("USER_UNIT=callmux.service", f"--since=@{time.time() - 30:.0f}")
        timeouts = [entry for entry in said if "Watchdog timeout" in entry["MESSAGE"]]
        expect(timeouts, "systemd does not say that it was the watchdog")
        same("the servers", all_servers(), before)
    finally:
        drop_in("watchdog", None)
    return f"with WatchdogSec=2s the next call was answered after {took}"


def busy_is_not_hung():
    """The watchdog must not take a daemon that works, or rests, for one that hangs."""
    given()
    try:
        drop_in("watchdog", "[Service]\nWatchdogSec=1s\n")
        bridge = Bridge()
        bridge.value("time__now")
        pid, until_then = main_pid(), time.monotonic() + 4
        calls = 0
        while time.monotonic() < until_then:
            bridge.value("time__now")
            calls += 1
        bridge.call("slow__wait", {"seconds": 2, "steps": 1})
        same("the main process", main_pid(), pid)
    finally:
        drop_in("watchdog", None)
    return f"{calls} calls, then 2 s of rest, with WatchdogSec=1s"


CHECKS = [
    ("after kill -9 the next call is answered", killed),
    ("ten kills in a row wear nothing out", crash_loop),
    ("a stop lets calls in flight finish", drained),
    ("a stop cuts off what takes too long", cut_off),
    ("a restart answers plain HTTP that takes too long", cut_off_by_restart),
    ("the watchdog ends a daemon that hangs", hung),
    ("the watchdog leaves alone one that works", busy_is_not_hung),
]

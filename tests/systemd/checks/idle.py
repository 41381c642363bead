"""A daemon with nothing to do ends, and the socket starts it again."""

import time

from clients import Bridge, http_call, outcome
from figures import Figures
from fleet import units
from lib import EXAMPLES, HOME, Skipped, ctl, expect, given, is_active, main_pid, run, same
from lib import servers, show, until

CYCLES = 50
IDLE = 2
TIME_ONLY = '[servers.time]\ncommand = "callmux"\nargs = ["example-server", "time"]\n'


def gate():
    """Skips where this callmux does not know the key."""
    path = HOME / "idle.toml"
    path.write_text('idle_exit = "2s"\n')
    done = run("callmux", "config", "check", "--config", str(path), check=False)
    if done.returncode:
        raise Skipped(f"there is no key idle_exit: {done.stderr.strip()}")


def ends_when_idle():
    gate()
    given(f'idle_exit = "{IDLE}s"\n{EXAMPLES}')
    figures = Figures()
    # A call and a session keep it, and take longer than it would stay without.
    wait = {"seconds": IDLE * 1.5, "steps": 2}
    same("a long call", outcome(http_call("slow__wait", wait)), "done")
    bridge, pid = Bridge(), main_pid()
    bridge.value("counter__increment")
    seen, until_then = {pid}, time.monotonic() + IDLE * 1.5
    while time.monotonic() < until_then:
        seen.add(main_pid())
        time.sleep(0.1)
    same("the daemons during a session", seen, {pid})
    bridge.close()
    left = time.monotonic()
    until("the daemon has ended", lambda: show("ActiveState") == "inactive", IDLE + 10)
    figures.see("ended after the session", time.monotonic() - left, "s", IDLE + 1, IDLE - 0.5)
    same("its result", (show("Result"), show("ExecMainStatus")), ("success", "0"))
    same("the socket", show("ActiveState", "callmux.socket"), "active")
    until("no server is left", lambda: not servers() and not units(), 10)
    began = time.monotonic()
    same("the next call", outcome(http_call("counter__increment")), "done")
    figures.see("the next call took", (time.monotonic() - began) * 1000, "ms")
    expect(is_active() and main_pid() != pid, "the next call did not start another daemon")
    return figures.end()


def on_and_off():
    """As quick as it goes: each call comes as soon as the last daemon begins to end."""
    gate()
    given(f'idle_exit = "50ms"\n{TIME_ONLY}')
    figures, pids, failed = Figures(), set(), []
    began = time.monotonic()
    for _ in range(CYCLES):
        ended = outcome(http_call("time__now"))
        if ended != "done":
            failed.append(ended)
        pids.add(main_pid())
        until("the daemon ends", lambda: show("ActiveState") != "active", 10)
    figures.see("cycles", CYCLES)
    figures.see("all of them took", time.monotonic() - began, "s")
    figures.see("daemons", len(pids - {0}), least=CYCLES * 9 // 10)
    figures.none("calls that failed", failed)
    same("the socket", show("ActiveState", "callmux.socket"), "active")
    same("a call after all", outcome(http_call("time__now")), "done")
    expect("failed" not in ctl("is-failed", "callmux.service", check=False).stdout, "it failed")
    return figures.end()


CHECKS = [
    ("a daemon with nothing to do ends and comes back", ends_when_idle),
    (f"{CYCLES} quick ends and starts wear nothing out", on_and_off),
]

"""Runs each attack against a daemon of its own and prints one line for each."""

import sys
import time

import attacks
from rig import Daemon, Gained, Neighbour

MEMORY_MAX = 100
MORE_MAX = 50


def measure(attack):
    daemon = Daemon(**attack.given)
    try:
        neighbour = Neighbour(daemon)
        time.sleep(2)
        quiet = neighbour.end()
        neighbour = Neighbour(daemon)
        daemon.forget_peak()
        began = time.monotonic()
        try:
            gained, said = None, attack(daemon)
        except (Gained, OSError) as error:
            gained, said = str(error), ""
        took = time.monotonic() - began
        # What an attack leaves behind counts, too.
        time.sleep(1)
        busy = neighbour.end()
        return quiet, busy, daemon.peak(), took, gained, said
    finally:
        daemon.close()


def main(names):
    if names == ["--list"]:
        print("\n".join(attacks.ALL))
        return 0
    failed, missed = [], 0
    print(f"{'attack':24} {'seconds':>7} {'calls':>6} {'p50':>6} {'p99':>7} {'worst':>7} {'more':>7} {'MiB':>5}")
    for name in names or attacks.ALL:
        attack = attacks.ALL[name]
        try:
            quiet, busy, peak, took, gained, said = measure(attack)
        except Gained as error:
            failed.append(f"{name}: {error}")
            print(f"{name:24} {error}", flush=True)
            continue
        more = busy["worst"] - quiet["worst"]
        hit = "hit" if more <= MORE_MAX else "MISSED"
        missed += more > MORE_MAX
        print(
            f"{name:24} {took:7.1f} {busy['calls']:6} {busy['p50']:6.2f} {busy['p99']:7.2f}"
            f" {busy['worst']:7.1f} {more:7.1f} {peak:5.0f} {hit}; {gained or said}",
            flush=True,
        )
        if gained:
            failed.append(f"{name}: {gained}")
        if busy["wrong"]:
            failed.append(f"{name}: {busy['wrong']} wrong answers to the neighbour")
        if peak > MEMORY_MAX:
            failed.append(f"{name}: the daemon came to {peak:.0f} MiB; the limit is {MEMORY_MAX}")
    print(f"\nmilliseconds of a neighbour's calls; goal: the worst at most {MORE_MAX} more than in quiet: {missed} missed")
    for what in failed:
        print(f"  FAILED: {what}")
    held = len(names or attacks.ALL) - len({what.split(":")[0] for what in failed})
    print(f"{held} attacks held off, {len(names or attacks.ALL) - held} not")
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))

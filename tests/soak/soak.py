"""The soak: see `run`, and the section about it in tests/README.md."""

import asyncio
import os
import random
import signal
import sys
import time

from measure import LONG, judge, look, warm_up
from mischief import Mischief
from rig import PATIENCE, Book, Rig, until
from sessions import Session
from wires import LEGACY, MODERN, Bridge, Http, SlowHttp

# Points of a run are at least so many, and at most a minute apart.
POINTS = 15
SHOWN = ("rss_kib", "heap_kib", "fds", "watches", "threads", "processes", "sessions", "sessions_extra")


def sessions(rig, seed):
    wires = [
        Bridge(rig, "whole-bridge", LEGACY),
        Bridge(rig, "paged-bridge", MODERN),
        Bridge(rig, "slow-bridge", LEGACY),
        Http(rig, "whole-tcp", LEGACY, "tcp"),
        Http(rig, "paged-tcp", MODERN, "tcp"),
        Http(rig, "paged-unix", LEGACY, "unix"),
        Http(rig, "whole-unix", MODERN, "unix"),
        SlowHttp(rig, "slow-tcp", LEGACY, "tcp"),
    ]
    return [Session(rig, wire, 2, seed + at) for at, wire in enumerate(wires)]


def ledger(rig):
    """What servers wrote down is what answers say: once if they say so, never twice."""
    path = rig.home / "ledger"
    if not path.exists():
        return
    # Whoever writes opens it anew each time.
    path.rename(rig.home / "ledger.read")
    done = {}
    for line in (rig.home / "ledger.read").read_text().splitlines():
        if '"tool":"mutate"' in line:
            nonce = line.split('"nonce":')[1].split('"')[1]
            done[nonce] = done.get(nonce, 0) + 1
    for nonce, is_answered in rig.book.sent.items():
        times = done.get(nonce, 0)
        if times > 1 or (is_answered and times != 1):
            rig.book.bad(f"{nonce} was carried out {times} times; answered: {is_answered}")
    rig.book.sent.clear()


async def rest(rig, all_sessions, mischief):
    """Everybody finishes what they are at."""
    mischief.goes.clear()
    await until(mischief.rests.is_set, "the end of the mischief")
    for one in all_sessions:
        one.goes.clear()
    await until(lambda: all(one.resting == one.lanes for one in all_sessions), "all sessions to rest", 2 * PATIENCE)
    end = time.monotonic() + PATIENCE
    ready = lambda status: all(one["phase"] == "ready" for one in status["servers"])
    while (status := await rig.status())["calls"] or not ready(status):
        if time.monotonic() > end:
            rig.book.bad(f"it does not come to rest: {status['calls']} calls, {status['servers']}")
            return
        await asyncio.sleep(0.05)


def wake(all_sessions, mischief):
    for one in [*all_sessions, mischief]:
        one.goes.set()


async def rounds(rig, all_sessions, mischief, minutes):
    """The figures at each point."""
    book, began, rows = rig.book, time.monotonic(), []
    pause = min(60, minutes * 60 / POINTS)
    print(" min    calls " + " ".join(f"{name:>14}" for name in SHOWN), flush=True)
    while (at := time.monotonic() - began) < minutes * 60:
        await asyncio.sleep(min(pause, minutes * 60 - at))
        await rest(rig, all_sessions, mischief)
        ledger(rig)
        # What only legacy clients and bridges have.
        live = sum(1 for one in all_sessions if isinstance(one.wire, Bridge) or one.wire.session)
        row = {"at": time.monotonic() - began, "calls": book.calls, **await look(rig, live)}
        rows.append(row)
        print(f"{row['at'] / 60:4.1f} {row['calls']:8} " + " ".join(f"{row[name]:14}" for name in SHOWN), flush=True)
        with open(rig.home / "figures.tsv", "a") as figures:
            if len(rows) == 1:
                print(*row, sep="\t", file=figures)
            print(*(round(value, 3) for value in row.values()), sep="\t", file=figures)
        if book.wrongs > 100:
            break
        wake(all_sessions, mischief)
    return rows


async def soak(rig, minutes, seed):
    await rig.start()
    all_sessions = sessions(rig, seed)
    spared = None if minutes >= LONG else time.monotonic() + warm_up(minutes)
    mischief = Mischief(rig, all_sessions, seed, spared)
    tasks = [asyncio.create_task(one.run()) for one in [*all_sessions, mischief]]
    figures = asyncio.create_task(rounds(rig, all_sessions, mischief, minutes))
    try:
        done, _ = await asyncio.wait([figures, *tasks], return_when=asyncio.FIRST_COMPLETED)
        if figures not in done:
            for task in done:
                task.result()
            raise RuntimeError("a client gave up")
        rows = figures.result()
        for one in [*all_sessions, mischief]:
            one.is_over = True
        wake(all_sessions, mischief)
        await asyncio.wait_for(asyncio.gather(*tasks), 2 * PATIENCE)
    finally:
        for task in [figures, *tasks]:
            task.cancel()
        await asyncio.gather(figures, *tasks, return_exceptions=True)
    await rig.stop()
    return rows


def close(book, rows, minutes):
    """The last words, and the exit code."""
    verdicts = judge(rows, minutes)
    for name, middle, low, floor, grows in verdicts:
        print(f"  {name:15} {middle:10.1f} an hour, surely {low:10.1f}, allowed {floor:7.0f}{': GROWS' if grows else ''}")
    print("  " + ", ".join(f"{deed} {times}" for deed, times in sorted(book.deeds.items())))
    growing = [verdict[0] for verdict in verdicts if verdict[-1]]
    slopes = f"slopes: {', '.join(growing)} GROW" if growing else "slopes: none above the noise"
    fine = verdicts and not growing and not book.wrongs
    print(f"soak: {book.calls} calls, {book.wrongs} wrong, {book.failed} failed for a known reason, "
          f"{book.cuts} cut, {slopes if verdicts else 'too few figures'}: {'ok' if fine else 'FAILED'}")
    return 0 if fine else 1


async def main():
    minutes = int(sys.argv[1])
    seed = int(os.environ.get("CALLMUX_SOAK_SEED") or random.randrange(1 << 30))
    print(f"soak: {minutes} min of 8 sessions, CALLMUX_SOAK_SEED={seed}", flush=True)
    book = Book()
    rig = Rig(book)
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        rows = await soak(rig, minutes, seed)
    except asyncio.CancelledError:
        print("soak: cut short", flush=True)
        return 130
    finally:
        rig.clean()
    return close(book, rows, minutes)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""What the daemon holds, and whether it grows.

A slope is that of Theil and Sen: the median of the slopes between each two points, which a few odd
points do not move. What of it is noise is told by its confidence interval (Sen 1968, by Kendall's
statistic): only if even its lower end, at 95 %, is above the floor does something grow. The floor is 0 for whatever is
counted. For memory it is 512 KiB an hour, and at least what comes to 1 MiB over the points that are
looked at: an allocator rounds and keeps."""

import math
import statistics
import time
from pathlib import Path

# For so long the daemon keeps the link of a bridge that was lost.
LOST_LINKS_ARE_KEPT = 600
# From so many minutes on a run is long enough for links that are lost to be forgotten again.
LONG = 30
MEMORY = ("rss_kib", "pss_kib", "heap_kib")
COUNTS = ("fds", "watches", "threads", "processes", "zombies", "sessions_extra", "state_files")


def below(pid):
    """The processes below, however deep."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += [int(child), *below(child)]
    return found


def is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].startswith("Z")
    except OSError:
        return False


async def look(rig, live):
    """The figures of this moment; `live`: sessions that are open."""
    status = await rig.status()
    proc = Path(f"/proc/{rig.process.pid}")
    memory = {}
    for row in (proc / "smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = row.partition(":")
        memory[name] = int(rest.split()[0])
    infos, watches = list((proc / "fdinfo").glob("*")), 0
    for info in infos:
        try:
            watches += info.read_text().count("inotify wd")
        except OSError:
            pass
    processes = below(rig.process.pid)
    now = time.monotonic()
    # It looks at times which of them are over.
    kept = sum(1 for at in rig.book.killed if at + LOST_LINKS_ARE_KEPT + 60 > now)
    state = rig.home / ".local/state/callmux"
    return {
        "rss_kib": memory["Rss"], "pss_kib": memory["Pss"], "heap_kib": memory["Anonymous"],
        "fds": len(infos), "watches": watches, "threads": len(list((proc / "task").glob("*"))),
        # A server more or less is there by the config.
        "processes": len(processes) - len(status["servers"]),
        "zombies": sum(map(is_zombie, processes)),
        "sessions": status["sessions"],
        "sessions_extra": max(0, status["sessions"] - live - kept),
        "calls_running": status["calls"],
        "state_files": sum(1 for path in state.rglob("*") if path.is_file() and "results" not in path.parts),
        "stored_results": status["traffic"]["stored_results"],
    }


def slope(points):
    """Theil and Sen's slope of (x, y), and the lower end of its confidence interval."""
    slopes = sorted(
        (there[1] - here[1]) / (there[0] - here[0])
        for at, here in enumerate(points) for there in points[at + 1:]
    )
    count = len(points)
    spread = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    lowest = max(0, math.floor((len(slopes) - spread) / 2))
    return statistics.median(slopes), slopes[lowest]


def warm_up(minutes):
    """Seconds at the beginning in which caches fill. With what was sent to lost links as much is kept as
    ever will be once the first are forgotten; in a short run no bridge is killed after this time."""
    third = minutes * 60 / 3
    return max(third, LOST_LINKS_ARE_KEPT + 120) if minutes >= LONG else third


def judge(rows, minutes):
    """For each figure: its slope an hour, what it is at the least, what is allowed, and whether it grows."""
    rows = [row for row in rows if row["at"] >= warm_up(minutes)]
    if len(rows) < 5:
        return []
    hours = (rows[-1]["at"] - rows[0]["at"]) / 3600
    verdicts = []
    for name in MEMORY + COUNTS:
        middle, low = slope([(row["at"] / 3600, row[name]) for row in rows])
        floor = max(512, 1024 / hours) if name in MEMORY else 0
        verdicts.append((name, middle, low, floor, low > floor))
    return verdicts

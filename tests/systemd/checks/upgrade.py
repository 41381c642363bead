"""From the last release to this one, under many calls: nobody notices."""

import pathlib
import time

from figures import Figures
from fleet import BINARY, config, install, install_original
from lib import Skipped, ctl, given, main_pid, same, seen_by_root, until
from load import Load
from prober import Prober
from sessions import NOTER, Session, config as server
from survival import BASELINE, see_outcomes, see_servers, see_times

# See `run`: the binary of the last release.
BEFORE = pathlib.Path("/share/before")


def upgraded():
    if not BEFORE.exists():
        raise Skipped("there is no binary of the last release; CALLMUX_BEFORE names one")
    install(BEFORE)
    try:
        given(config() + server("noter", NOTER))
        figures = Figures()
        with Load() as load, Prober() as prober:
            load.goes_on(BASELINE)
            client = Session("2025-06-18", {})
            first, pid = time.monotonic(), main_pid()
            install_original()
            ctl("restart", "callmux.service")
            running, _ = seen_by_root(main_pid())
            same("the file that the daemon runs", running, BINARY.stat().st_ino)
            figures.see("the upgrade took", (time.monotonic() - first) * 1000, "ms")
            load.goes_on()
            # And once more, with rows that this release wrote.
            ctl("restart", "callmux.service")
            load.goes_on()
            load.finish()
        until("another daemon", lambda: main_pid() not in (0, pid))
        load.judge(figures)
        see_outcomes(figures, load, unknown=0, not_sent=0)
        see_servers(figures, load)
        figures.none("connections refused", prober.refused())
        figures.none("connections cut", prober.cut())
        see_times(figures, load, first)
        same("what a session over HTTP hears", client.heard(), ["little", "end"])
    finally:
        install_original()
    return figures.end()


CHECKS = [("an upgrade from the last release under 200 calls in flight", upgraded)]

"""Somebody who connects to the unix socket again and again."""

import socket
import threading
import time

from clients import NoAnswer, health
from lib import SOCKET, until

PERIOD = 0.01


class Prober:
    """`with Prober() as prober`. Each probe asks for /health over a connection of its own; with
    `asks=False` it only connects, which works even with nobody there to answer."""

    def __init__(self, asks=True):
        self.asks, self.going = asks, True
        # What came of each probe, and when it began and ended.
        self.probes = []
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self.thread.start()
        until("the first probe", lambda: self.probes)
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join(10)

    def _work(self):
        while self.going:
            began = time.monotonic()
            self.probes.append((self._probe(), began, time.monotonic()))
            time.sleep(max(0.0, began + PERIOD - time.monotonic()))

    def _probe(self):
        try:
            if self.asks:
                status, body = health()
                return "answered" if status == 200 else f"status {status}: {body!r}"
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(SOCKET))
            return "connected"
        except (ConnectionRefusedError, FileNotFoundError) as error:
            return f"refused: {error}"
        except (NoAnswer, OSError) as error:
            return f"cut: {error!r}"

    def refused(self):
        return [what for what, _, _ in list(self.probes) if what.startswith("refused")]

    def cut(self):
        """Probes that connected and got no answer."""
        return [what for what, _, _ in list(self.probes) if what.startswith(("cut", "status"))]

    def served_again(self, moment):
        """Waits for the first answer to a probe that began after `moment`; returns when it came."""
        seen = len(self.probes)

        def answer():
            found = [probe for probe in self.probes[max(0, seen - 5) :] if probe[1] > moment]
            return next((ended for what, _, ended in found if what == "answered"), None)

        return until("the socket is served again", answer, 60)

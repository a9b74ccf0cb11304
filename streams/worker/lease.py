"""Ends a worker that stood still for so long that Kafka took it for dead: what it was about to write is out of date.

A process that was stopped, or a machine that was frozen, does not know of it, and would go on in the middle of a batch:
old state would be written over that of the worker which has taken over. A thread that wakes many times within the
session timeout knows.
"""

import math
import threading
from collections.abc import Callable
from time import monotonic


class Lease:
    """For how long this process may believe that its partitions are its own.

    `seconds` is Kafka's session timeout. A loop that is busy does not end the lease: heartbeats go on meanwhile.
    """

    def __init__(self, seconds: float, die: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._die = die
        self._stop = threading.Event()
        self._renewed = math.inf

    def check(self) -> None:
        """To be called before anything is written; `die` is called if the process stood still for too long."""
        stood = monotonic() - self._renewed
        if stood > self._seconds:
            self._die(f"the process stood still for {stood:.0f} s, its partitions are another's")

    def start(self) -> None:
        """Renew it until `stop`."""
        self._renewed = monotonic()
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def stop(self) -> None:
        """Renew it no longer; it does not end any more."""
        self._stop.set()
        self._renewed = math.inf

    def _renew(self) -> None:
        while not self._stop.wait(self._seconds / 20):
            self.check()
            self._renewed = monotonic()

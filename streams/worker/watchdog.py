"""Ends a worker that hangs: one that has something to do and gets no further, or whose event loop no longer turns.

A worker that is not ready has something to do: to become ready. It ends also where the reason is that Kafka is away:
one that starts waits for Kafka as long as it takes, so an outage costs a worker one end, and no more. (One that was
ready when Kafka went away, and has no records to take, does not end at all.)
"""

import logging
import threading
from collections.abc import Callable
from time import monotonic

log = logging.getLogger("stallwatch.watchdog")


class Watchdog:
    """Watches from a thread of its own, because a loop that hangs cannot watch itself.

    `turn` is called from the event loop every second or so; `die` is called if, for `limit` seconds, there was
    something to do and no progress, or no turn at all.
    """

    def __init__(self, limit: float, die: Callable[[str], None]) -> None:
        self._limit = limit
        self._die = die
        self._stop = threading.Event()
        self._turned = self._moved = monotonic()
        self._task: str | None = None
        self._progress = -1

    def turn(self, task: str | None, progress: int) -> None:
        """The loop turns; `task` is what there is to do, if anything, and `progress` differs if some of it was done."""
        self._turned = monotonic()
        self._task = task
        if task is None or progress != self._progress:
            self._moved = self._turned
            self._progress = progress

    @property
    def complaint(self) -> str | None:
        """What is wrong now, before the limit is reached; None if nothing is."""
        standing = monotonic() - min(self._turned, self._moved)
        if standing <= self._limit / 3:
            return None
        return f"{self._task or 'the event loop stood still'}: no progress for {standing:.0f} s"

    def start(self) -> None:
        """Watch until `stop`."""
        self._turned = self._moved = monotonic()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(self._limit / 20):
            now = monotonic()
            if now - self._turned > self._limit:
                self._die(f"the event loop has not turned for {now - self._turned:.0f} s")
            if now - self._moved > self._limit:
                self._die(f"{self._task}: no progress for {now - self._moved:.0f} s")

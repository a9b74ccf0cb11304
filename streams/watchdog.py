"""Ends a worker that hangs: one that lags and gets no further, or whose event loop no longer turns."""

import logging
import threading
from collections.abc import Callable
from time import monotonic

log = logging.getLogger("stallwatch.watchdog")


class Watchdog:
    """Watches from a thread of its own, because a loop that hangs cannot watch itself.

    `turn` is called from the event loop every second or so, with the records behind and a number that grows with
    progress; `die` is called if, for `limit` seconds, there was a lag and no progress, or no turn at all.
    """

    def __init__(self, limit: float, die: Callable[[str], None]) -> None:
        self._limit = limit
        self._die = die
        self._stop = threading.Event()
        self._turned = self._moved = monotonic()
        self._progress = -1

    def turn(self, lag: int, progress: int) -> None:
        """The loop turns; `progress` differs from last time if anything was finished."""
        self._turned = monotonic()
        if lag == 0 or progress != self._progress:
            self._moved = self._turned
            self._progress = progress

    @property
    def complaint(self) -> str | None:
        """What is wrong now, before the limit is reached; None if nothing is."""
        standing = monotonic() - min(self._turned, self._moved)
        return f"no progress for {standing:.0f} s" if standing > self._limit / 3 else None

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
                self._die(f"there are records to take, and none was finished for {now - self._moved:.0f} s")

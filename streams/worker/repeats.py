"""Keeps a log readable while Kafka is away: what its libraries say again and again stands there once, and then rarely.

aiokafka and Faust try again many times a second, and say so each time.
"""

import logging
import re
from collections.abc import Callable
from time import monotonic

EVERY_SECONDS = 60.0
# the same thing is said of node 0, of node 1, and of correlation id 4711
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")
# every group begins like this: its first member asks before Kafka has made the topic of the offsets. An error only if
# it lasts
_EARLY = "GroupCoordinatorNotAvailableError"


class Repeats(logging.Filter):
    """Lets a message pass once in `EVERY_SECONDS`, with how often it was said meanwhile; numbers make it no other."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._now = now
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is written; what is written is marked with the repeats that were not."""
        text = record.getMessage()
        what = record.name, _NUMBERS.sub("0", text)[:200]
        now = self._now()
        at, left_out = self._said.get(what, (None, 0))
        if at is None and _EARLY in text:
            self._said[what] = now, 1
            return False
        if at is not None and now - at < EVERY_SECONDS:
            self._said[what] = at, left_out + 1
            return False
        self._forget(now)
        self._said[what] = now, 0
        if left_out:
            record.msg, record.args = f"{text} (and {left_out:,} times more since it was last told)", ()
        return True

    def _forget(self, now: float) -> None:
        # what was not said for long is news again, and the memory stays small
        for what in [each for each, (at, _) in self._said.items() if now - at > 10 * EVERY_SECONDS]:
            del self._said[what]

"""Pauses a source most of whose events are refused: something is broken there, and more dead letters do not mend it.

Pure: what time it is, is an argument, in seconds of any clock that never goes back.
"""

from collections import deque

LAST = 1000
LEAST = 100
MOST_REFUSED = 0.5
PAUSE_SECONDS = 300.0
TRIALS = 10
# an owner or a stage that nobody has named here is not the source's fault
NOT_ITS_FAULT = "unmapped"
# names come from outside: beyond so many, the rest is one
MOST_SOURCES = 50
OTHER = "other"


class Breaker:
    """One source's.

    It opens when of the last `LAST` events, `LEAST` at least, more than the share `most_refused` was refused. Then the
    source is paused for `PAUSE_SECONDS`, and the next `TRIALS` events decide whether it is paused again.
    """

    def __init__(self, most_refused: float = MOST_REFUSED) -> None:
        self._most_refused = most_refused
        self._told: deque[bool] = deque()
        self._refused = 0
        self._paused_until: float | None = None

    def tell(self, refused: bool, now: float) -> None:
        """An event was taken or refused; what was still under way when the source was paused counts for nothing."""
        if self.paused_for(now) > 0:
            return
        on_trial = self._paused_until is not None
        self._told.append(refused)
        self._refused += refused
        if len(self._told) > LAST:
            self._refused -= self._told.popleft()
        if len(self._told) < (TRIALS if on_trial else LEAST):
            return
        if self._refused > self._most_refused * len(self._told):
            self._paused_until = now + PAUSE_SECONDS
            self._told.clear()
            self._refused = 0
        elif on_trial:
            self._paused_until = None

    def paused_for(self, now: float) -> float:
        """Seconds for which nothing more is to be taken; 0 if it is."""
        return max(0.0, (self._paused_until or now) - now)


class Breakers:
    """Those of all sources, each made when it is first heard of."""

    def __init__(self, most_refused: float = MOST_REFUSED) -> None:
        self._most_refused = most_refused
        self._of: dict[str, Breaker] = {}

    def tell(self, source: str, refused: bool, now: float) -> None:
        """An event of a source was taken or refused."""
        if source not in self._of and len(self._of) >= MOST_SOURCES:
            source = OTHER
        self._of.setdefault(source, Breaker(self._most_refused)).tell(refused, now)

    def paused_for(self, source: str, now: float) -> float:
        """Seconds for which nothing more is to be taken of a source; 0 if it is."""
        breaker = self._of.get(source) or (self._of.get(OTHER) if len(self._of) >= MOST_SOURCES else None)
        return breaker.paused_for(now) if breaker else 0.0

    def paused(self, now: float) -> dict[str, bool]:
        """Of each source that was heard of, whether it is paused."""
        return {source: breaker.paused_for(now) > 0 for source, breaker in self._of.items()}

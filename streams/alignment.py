"""The time of a partition that several streams feed: what the slowest of them has reached.

A clock record stands behind the events that its stream wrote before it, so once every stream's clock has passed a
moment, every event up to it is there. A backlog delays time instead of faking silence.
"""

from datetime import datetime

from .wire import Clock


class Alignment:
    """The newest clock of each stream, and the moment that all have reached."""

    def __init__(self) -> None:
        self._clocks: dict[int, datetime] = {}
        self.time: datetime | None = None

    def advance(self, clock: Clock) -> bool:
        """Take a clock record; whether time moved on. Time never goes back."""
        known = self._clocks.get(clock.origin)
        if known is None or clock.at > known:
            self._clocks[clock.origin] = clock.at
        if len(self._clocks) < clock.origins:
            return False
        slowest = min(self._clocks.values())
        if self.time is not None and slowest <= self.time:
            return False
        self.time = slowest
        return True

    def to_dict(self) -> dict[str, str]:
        """What must outlive a restart."""
        return {str(origin): at.isoformat() for origin, at in self._clocks.items()}

    @classmethod
    def of(cls, kept: dict[str, str], origins: int) -> "Alignment":
        """The alignment from what was kept."""
        alignment = cls()
        for origin, at in kept.items():
            alignment.advance(Clock(datetime.fromisoformat(at), int(origin), origins))
        return alignment

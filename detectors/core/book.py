"""A rep's book: all their deals side by side, as far as book detectors ask of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .calendar import Calendar


@dataclass(frozen=True, slots=True)
class Page:
    """One deal in a book.

    `began` and `event` are its first moment and event; `known` holds which of need, budget, deadline, executive and
    roles are known; `middle_since` is when it came to the middle of its pipeline; `stalled_since` when the first of its
    open warnings began; `progress_at` its last sign of progress; `ended` when, and by which event, it was won or lost.
    Until `paused_until`, the end of its pause, nothing of it counts against the owner.
    """

    deal_id: str
    name: str
    status: str
    amount: float | None
    currency: str | None
    began: datetime
    event: str
    progress_at: datetime
    progress_event: str
    known: frozenset[str] = frozenset()
    middle_since: datetime | None = None
    middle_event: str | None = None
    late_since: datetime | None = None
    stalled_since: datetime | None = None
    stalled_event: str | None = None
    ended: datetime | None = None
    ended_event: str | None = None
    paused_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.status == "open"

    def counts_from(self, moment: datetime) -> datetime:
        """When something that began at a moment counts against the owner: not before the end of the deal's pause."""
        return max(moment, self.paused_until) if self.paused_until else moment

    @property
    def took(self) -> timedelta | None:
        """How long it lived from its first event to its end."""
        return self.ended - self.began if self.ended else None


@dataclass(frozen=True, slots=True)
class Book:
    """All deals of an owner that are known, closed ones too; `calendar` holds the owner's working days."""

    owner: str
    calendar: Calendar
    pages: tuple[Page, ...]

    @property
    def open(self) -> tuple[Page, ...]:
        """The deals that are neither won nor lost."""
        return tuple(page for page in self.pages if page.is_open)

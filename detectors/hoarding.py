"""Hangs on to what should be let go: deals without any progress stay open, or lost ones live far longer than won ones.

Why it matters: a deal that is kept for the sake of a full list costs a look every week and a hope every quarter.
Winners are quick; who keeps losers for twice as long pays for each win with hours that a new deal would have needed.

What to do next: take the oldest three. Write one honest closing mail each: we assume that this is not the time, and
we close it. Whoever answers is a deal again, with a dated step; the others are closed as lost this week.

When it is wrong: these are long projects with steps that the CRM does not know. Put their milestones on the deals.
"""

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from pydantic import Field

from .core.book import Book, Page
from .core.breach import Breach, Evidence
from .core.detector import BookDetector
from .core.durations import Duration
from .core.words import ordinal

MOST_EVIDENCE = 7
_DAY = timedelta(days=1)


class Hoarding(BookDetector):
    """Two signs, one finding: it begins with the one that comes first, and is critical with the worse one.

    A deal that is paused is let go of already: it counts as one without progress only from the end of its pause on.
    """

    family = "book"

    deals: int = Field(3, ge=1, le=100, description="Open deals without progress. Higher: fewer, later alerts.")
    critical_deals: int = Field(
        6, ge=1, le=200, description="Open deals without progress that make it critical. Higher: fewer of them."
    )
    age: Duration = Field(
        timedelta(days=90),
        gt=timedelta(0),
        le=timedelta(days=1000),
        description="How long a deal may be without progress. Higher: fewer, later alerts.",
    )
    times: float = Field(
        2.0, ge=1, le=100, description="How many times as long lost deals live as won ones. Higher: fewer alerts."
    )
    critical_times: float = Field(
        3.0, ge=1, le=100, description="How many times as long makes it critical. Higher: fewer critical findings."
    )
    least_ended: int = Field(
        5, ge=1, le=1000, description="Won and lost deals, of each, that are needed to compare. Higher: fewer alerts."
    )

    def assess_book(self, book: Book) -> Iterator[tuple[str | None, Breach]]:
        signs = [sign for sign in (self._idle(book), self._outlived(book)) if sign is not None]
        if not signs:
            return
        since = min(sign.since for sign in signs)
        # a sign that lies ahead of all that is known of the book tells nothing yet, unless it is the only one
        known = max(since, *(_newest(page) for page in book.pages))
        telling = [sign for sign in signs if sign.since <= known]
        critical = [sign.critical_from for sign in signs if sign.critical_from is not None]
        yield (
            None,
            Breach(
                since=since,
                critical_from=max(since, min(critical)) if critical else None,
                evidence=tuple(fact for sign in telling for fact in sign.evidence),
                clears_when="the deals that have not moved are closed, or move: a stage, an earlier date, a milestone",
            ),
        )

    def _idle(self, book: Book) -> "_Sign | None":
        idle = sorted(((page.counts_from(page.progress_at + self.age), page) for page in book.open), key=_in_turn)
        if len(idle) < self.deals:
            return None
        enough = idle[self.deals - 1][0]
        critical = idle[self.critical_deals - 1][0] if len(idle) >= self.critical_deals else None
        known = max(enough, *(_newest(page) for page in book.pages))
        day_of = book.calendar.day_of
        facts = [
            Evidence(
                page.progress_event,
                page.progress_at,
                f"'{page.name}' has made no progress since {day_of(page.progress_at)},"
                f" the {ordinal(number)} such of {len(idle)} open deals",
            )
            for number, (since, page) in enumerate(idle, start=1)
            if since <= known
        ]
        return _Sign(enough, critical, tuple(facts[: max(self.deals, self.critical_deals)][-MOST_EVIDENCE:]))

    def _outlived(self, book: Book) -> "_Sign | None":
        """Since when lost deals have lived so much longer, told by their ends in order."""
        ended = sorted(
            ((page.ended, page.deal_id, page) for page in book.pages if page.ended is not None),
            key=lambda each: each[:2],
        )
        lost: list[float] = []
        won: list[float] = []
        since: datetime | None = None
        critical_from: datetime | None = None
        fact: Evidence | None = None
        for at, _, page in ended:
            insort(won if page.status == "won" else lost, (at - page.began) / _DAY)
            if min(len(won), len(lost)) < self.least_ended:
                continue
            lived, needed = median(lost), median(won)
            since = (since or at) if needed and lived >= self.times * needed else None
            critical_from = (critical_from or at) if needed and lived >= self.critical_times * needed else None
            text = f"{len(lost)} lost deals lived {lived:,.0f} days at the median, {len(won)} won ones {needed:,.0f}"
            fact = Evidence(page.ended_event or page.event, at, text)
        return _Sign(since, critical_from, (fact,)) if since and fact else None


def _in_turn(idle: tuple[datetime, Page]) -> tuple[datetime, datetime, str]:
    since, page = idle
    return since, page.progress_at, page.deal_id


def _newest(page: Page) -> datetime:
    return max(page.began, page.progress_at, page.ended or page.began)


@dataclass(frozen=True, slots=True)
class _Sign:
    """One way to hoard: since when, critical from when, and what shows it."""

    since: datetime
    critical_from: datetime | None
    evidence: tuple[Evidence, ...]

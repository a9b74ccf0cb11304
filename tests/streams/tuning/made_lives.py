"""Lives that are made up for tests, in days from a Monday at nine; nothing of them is told unless it is said."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.tuning.lives import Episode, Life

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REP = "rep@us.example"


def day(number: float) -> datetime:
    """So many days after the Monday, at nine."""
    return MONDAY + timedelta(days=number)


def episode(
    detector: str,
    since: float,
    until: float | None = None,
    critical: float | None = None,
    seen: float | None = None,
) -> Episode:
    """A warning from a day on; it could be told at once, unless a later day is given."""
    return Episode(
        detector=detector,
        since=day(since),
        critical_from=None if critical is None else day(critical),
        until=None if until is None else day(until),
        seen_at=day(since if seen is None else seen),
    )


def life(
    deal_id: str,
    *episodes: Episode,
    ended: float | None = None,
    status: str | None = None,
    began: float = 0,
    owner: str | None = REP,
    amount: float | None = None,
    currency: str | None = None,
    team: str | None = None,
    documents: frozenset[str] = frozenset(),
    facts: Mapping[str, Any] | None = None,
) -> Life:
    """A deal that is open, or was lost unless it is said that it was won."""
    how = status or ("open" if ended is None else "lost")
    return Life(
        deal_id=deal_id,
        began=day(began),
        ended=None if ended is None else day(ended),
        owner=owner,
        team=team,
        amount=amount,
        currency=currency,
        facts={"status": how, **({} if amount is None else {"amount": amount}), **(facts or {})},
        documents=documents,
        episodes=episodes,
    )

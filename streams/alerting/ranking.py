"""Which of an owner's stalled deals are to be told first.

Critical ones come before all others, and deals that only cannot be seen, because a source has failed, after all others.
Within that it is value at risk times severity times news: a critical finding
weighs three warnings, and what opened or turned worse in the last two days weighs twice what was found when it was old
already (an import is full of that). Values in different currencies cannot be compared without rates that nobody gave,
so a deal's value is how many times the median open deal of its currency in this book it is worth; a deal whose amount
is not known counts as that median.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median

from detectors.core.breach import Finding
from detectors.core.registry import catalogue

from ..answer import Answer

FRESH = timedelta(days=2)
CRITICAL_WEIGHS = 3.0
FRESH_WEIGHS = 2.0


def medians(answers: Iterable[Answer]) -> dict[str | None, float]:
    """The median amount of a book's open deals, by currency."""
    amounts: defaultdict[str | None, list[float]] = defaultdict(list)
    for told in answers:
        if told.is_open and told.amount is not None:
            amounts[told.currency].append(told.amount)
    return {currency: median(each) for currency, each in amounts.items()}


def ranked(news: Mapping[str, Collection[Finding]], book: Mapping[str, Answer], now: datetime) -> list[str]:
    """The deals that have news, by id, the most urgent first."""
    usual = medians(book.values())

    def urgency(deal_id: str) -> tuple[bool, bool, float, str]:
        told = book[deal_id]
        critical = told.stalls[0].severity == "critical"
        worth = _worth(told, usual.get(told.currency, 0.0))
        severity = CRITICAL_WEIGHS if critical else 1.0
        fresh = FRESH_WEIGHS if any(now - _turned(each) <= FRESH for each in news[deal_id]) else 1.0
        is_blind = all(is_of_a_source(each) for each in news[deal_id])
        return not critical, is_blind, -worth * severity * fresh, deal_id

    return sorted(news, key=urgency)


def is_of_a_source(finding: Finding) -> bool:
    """Whether it says that a source has failed, rather than the deal."""
    kind = catalogue().get(finding.detector)
    return kind is not None and kind.by_coverage


def _worth(told: Answer, usual: float) -> float:
    return 1.0 if told.amount is None or not usual else told.amount / usual


def _turned(finding: Finding) -> datetime:
    """When a finding became what it is now."""
    if finding.severity == "critical" and finding.critical_from is not None:
        return finding.critical_from
    return finding.since

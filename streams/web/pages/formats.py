"""Amounts, moments, people and links as the pages write them."""

import re
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote

from detectors.core.breach import Finding
from detectors.core.registry import catalogue
from detectors.core.words import count_of

# C0, C1, and what turns the direction of writing; tab and line break become the space that HTML makes of them anyway
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean(text: str) -> str:
    """A text from outside without the characters that no reader sees."""
    return _CONTROLS.sub(" ", text)


def amount(value: float | None, currency: str | None) -> str:
    """48,000 EUR; a dash where no amount is known."""
    if value is None:
        return "–"
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    return f"{number} {currency}" if currency else number


def moment(at: datetime) -> str:
    """2026-03-09 16:02, on the clock that `at` carries."""
    return f"{at:%Y-%m-%d %H:%M}"


def on_clock_of(at: datetime, other: datetime) -> datetime:
    """The same moment on the clock that another one carries."""
    return at.astimezone(other.tzinfo)


def day(at: datetime) -> str:
    """2026-03-09, on the clock that `at` carries."""
    return f"{at:%Y-%m-%d}"


def weekday(at: datetime) -> str:
    """Mon, Tue, …: dates ahead are met in weeks."""
    return "Mon Tue Wed Thu Fri Sat Sun".split()[at.weekday()]


def days(start: datetime, end: datetime) -> str:
    """How long from one moment to another, in whole days: 17 days; less is today's."""
    count = (end - start) // timedelta(days=1)
    return count_of(count, "day") if count > 0 else "less than a day"


def person(address: str | None) -> str:
    """The part of an address that names the person."""
    return (address or "").partition("@")[0] or "nobody"


def deal_path(deal_id: str) -> str:
    """Where a deal's page is, whatever its id is made of."""
    return "/deals/" + quote(deal_id, safe="")


def anchor(event: str) -> str:
    """The name of an event's place on its deal's page: safe in HTML and URLs."""
    return "e-" + blake2b(event.encode(), digest_size=8).hexdigest()


def short_title(detector: str) -> str:
    """A detector's situation in a few words; the name of one that is no longer there."""
    known = catalogue().get(detector)
    return known.headline() if known else detector


def longest_open(findings: tuple[Finding, ...]) -> Finding:
    """The one that has been open the longest."""
    return min(findings, key=lambda finding: finding.since.timestamp())

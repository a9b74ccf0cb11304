"""Stop investing, or qualify anew: it is badly stuck in more than one way, and nobody with power cares.

Why it matters: what a rep can sell is limited by hours. A deal that has been failing for a month on several sides,
without an executive and without a need that cannot wait, is lost; the question is how much more it costs.

What to do next: decide this week, with your manager. Either close it, kindly and with the door left open, or ask one
hard question of the person who could decide: is it worth solving, and will you meet us on it? No answer is an answer.

When it is wrong: there is a sponsor or a reason that the CRM does not know. Put the role on the person, or set the
need to critical with their own words.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from pydantic import Field

from .core.breach import Breach, Evidence
from .core.deal import Deal
from .core.detector import Verdict
from .core.registry import catalogue


class _Critical(NamedTuple):
    """A finding of another detector, and while it is critical."""

    start: datetime
    name: str
    family: str
    breach: Breach

    @property
    def end(self) -> datetime | None:
        return self.breach.until

    def holds_at(self, moment: datetime) -> bool:
        return self.start <= moment and (self.end is None or moment < self.end)

    def evidence(self, day_of: Callable[[datetime], date]) -> Evidence:
        newest = self.breach.evidence[-1]
        text = f"critical from {day_of(self.start)}: {catalogue()[self.name].headline()} ({newest.text})"
        return Evidence(newest.event, newest.at, text)


class LoseEarly(Verdict):
    """Of the times at which enough families are critical together, the first counts that is not over."""

    family = "verdicts"
    watches = ("activity.email", "activity.meeting", "activity.call")

    families: int = Field(
        2, ge=2, le=8, description="Families of which a finding is critical at the same time. Higher: fewer alerts."
    )
    warn_business_days: int = Field(
        20, ge=1, le=250, description="Business days for which they are. Higher: fewer, later alerts."
    )
    critical_business_days: int = Field(
        40, ge=1, le=500, description="Business days until it is critical. Higher: fewer critical findings."
    )

    def judge(self, deal: Deal, breaches: Mapping[str, Breach]) -> Breach | None:
        lacking = deal.lacking("need", "critical")
        if lacking is None or deal.power_met:
            return None
        kinds = catalogue()
        worst = [
            _Critical(breach.critical_from, name, kinds[name].family, breach)
            for name, breach in breaches.items()
            if breach.critical_from is not None and (breach.until is None or breach.critical_from < breach.until)
        ]
        if len({each.family for each in worst}) < self.families:
            return None
        worst.sort()
        add, day_of = deal.calendar.plus_business_days, deal.calendar.day_of
        for start, end in self._together(worst):
            since = max(add(start, self.warn_business_days), lacking.at)
            if end is not None and (end <= since or (deal.last_at is not None and end <= deal.last_at)):
                continue
            critical_from = max(since, add(start, self.critical_business_days))
            return Breach(
                since=since,
                critical_from=critical_from if end is None or critical_from < end else None,
                until=end,
                evidence=tuple(each.evidence(day_of) for each in _one_of_each_family(worst, start)),
                clears_when="somebody with power meets us or the need turns critical; else the deal is closed as lost",
            )
        return None

    def _together(self, worst: list[_Critical]) -> Iterator[tuple[datetime, datetime | None]]:
        """The times at which enough families are critical together, oldest first; the last may be open."""
        turns = [(each.start, True, each.family) for each in worst]
        turns += [(each.end, False, each.family) for each in worst if each.end is not None]
        critical: list[str] = []
        start: datetime | None = None
        for moment, together in groupby(sorted(turns), key=itemgetter(0)):
            for _, begins, family in together:
                (critical.append if begins else critical.remove)(family)
            enough = len(set(critical)) >= self.families
            if enough and start is None:
                start = moment
            elif not enough and start is not None:
                yield start, moment
                start = None
        if start is not None:
            yield start, None


def _one_of_each_family(worst: list[_Critical], moment: datetime) -> list[_Critical]:
    first: dict[str, _Critical] = {}
    for each in worst:
        if each.holds_at(moment):
            first.setdefault(each.family, each)
    return list(first.values())

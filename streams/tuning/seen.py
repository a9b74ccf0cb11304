"""A deal under watch, with when somebody who watched it would have seen each of its findings.

A finding begins when the deal began to stall in the world. That may be before anybody could know it: a title that is
corrected today may show that no executive was met for a month. What an alert is worth is measured from when it could be
told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar, Self

from detectors.core.assessment import Watched
from detectors.core.breach import Breach, Finding
from detectors.core.deal import Deal
from detectors.core.registry import catalogue


@dataclass(frozen=True, slots=True)
class Sight:
    """When a finding was first seen open, and first seen critical: not before the events that show it."""

    at: datetime
    critical_at: datetime | None = None


Over = Mapping[tuple[str, datetime], Sight]
"""The sights of findings that are over, by detector and end."""


@dataclass(frozen=True)
class Seen(Watched):
    """The same deal with its whole past; `going_on` holds, by detector, the sights of what was open already when its
    newest event came, and went on."""

    most_past: ClassVar[int] = sys.maxsize

    going_on: Mapping[str, Sight] = field(default_factory=dict, compare=False)
    over: Over = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, watched: Watched, beside: Mapping[str, Any] | None = None) -> Self:
        """A deal whose past, if it has any, was seen so."""
        return cls(**{each.name: getattr(watched, each.name) for each in fields(Watched)}, **(beside or {}))

    @property
    def beside(self) -> Mapping[str, Any]:
        """What is to be kept of a closed deal, beside what is kept of any that is watched."""
        return {"over": self.over}

    def sight_of(self, finding: Finding, as_of: datetime) -> Sight:
        """When a finding, open or over, of its answer at a moment was seen."""
        critical_from = finding.critical_from if finding.severity == "critical" else None
        end = finding.until if finding.until is not None and finding.state == "resolved" else as_of
        if known := self.over.get((finding.detector, end)):
            return known
        if finding in self.past:
            return Sight(finding.since, critical_from)
        return self._seen(finding.detector, finding.since, critical_from, end)

    def _then(self, deal: Deal, at: datetime) -> Watched:
        # first, for what the deal was found to answer until then is let go
        going_on, over = dict(self._open_before(at)), self.over
        then = super()._then(deal, at)
        if ended := then.past[len(self.past) :]:
            over = {**over, **{(each.detector, _end(each)): going_on.pop(each.detector) for each in ended}}
        # in place, for it is new: a copy would have to be judged again
        then.__dict__.update(going_on=going_on, over=over)
        return then

    def _retold(self, deal: Deal, moment: datetime) -> Watched:
        start = deal.before(moment).last_at
        over: Over = {}
        going_on: dict[str, Sight] = {}
        if start is not None:
            over = {key: sight for key, sight in self.over.items() if key[1] <= start}
            later = [(name, sight) for (name, until), sight in self.over.items() if until > start]
            going_on = {name: _by(start, sight) for name, sight in (*later, *self.going_on.items()) if sight.at < start}
        return super(Seen, replace(self, going_on=going_on, over=over))._retold(deal, moment)

    def _open_before(self, at: datetime) -> Iterator[tuple[str, Sight]]:
        """What was open before the events of a moment."""
        for name, breach in self.breaches_at(at).items():
            end = min(breach.until or at, at)
            if self._opened(breach) < end:
                critical_from = breach.critical_from
                reached = critical_from is not None and critical_from <= end
                yield name, self._seen(name, breach.since, critical_from if reached else None, end)

    def _seen(self, name: str, since: datetime, critical_from: datetime | None, end: datetime) -> Sight:
        sight = self.going_on.get(name) or Sight(self._first(name, since, end, lambda breach: breach.since))
        if sight.critical_at is None and critical_from is not None:
            return Sight(sight.at, self._first(name, critical_from, end, lambda breach: breach.critical_from))
        return sight

    def _first(
        self, name: str, moment: datetime, end: datetime, reached: Callable[[Breach], datetime | None]
    ) -> datetime:
        """The first moment from this one on, after the newest event, at which the baseline of that day showed it."""
        at = max(moment, self.deal.last_at or moment)
        if not catalogue()[name].by_baseline:
            return at
        while at < end:
            breach = self.breaches_at(at).get(name)
            if breach is not None and (begun := reached(breach)) is not None and breach.holds_at(max(at, begun)):
                if begun <= at:
                    return at
                at = min(begun, _next_day(at))
            else:
                at = _next_day(at)
        return end


def _next_day(moment: datetime) -> datetime:
    """When another baseline may come into force."""
    return datetime.combine(moment.astimezone(UTC).date() + timedelta(days=1), time.min, UTC)


def _end(finding: Finding) -> datetime:
    assert finding.until is not None  # what is past has ended
    return finding.until


def _by(moment: datetime, sight: Sight) -> Sight:
    """As far as it was seen by a moment."""
    return sight if sight.critical_at is None or sight.critical_at < moment else Sight(sight.at)

"""Judging a deal: breaches now, findings as people see them, and the episodes of its past.

Everything here is a function of the deal's history and a moment of event time. The past is what somebody who watched
the deal event by event would have seen; a late event rewrites it, so the same events in any order tell the same
past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Protocol

from .breach import Breach, Finding, State
from .deal import Deal
from .events import Event
from .log import entry_of
from .registry import catalogue
from .rules import Rules

MOST_PAST = 24

OnError = Callable[[str, Exception], None]


class Coverage(Protocol):
    """What is known of the sources: up to when those that watch an event type for an owner have reported."""

    def through(self, types: Iterable[str], owner: str | None) -> datetime | None:
        """The earliest of their watermarks; None if every source counts as complete."""


def assess(deal: Deal, on_error: OnError | None = None) -> dict[str, Breach]:
    """The breaches of an open deal by detector; empty for a closed one.

    A detector that fails is told to `on_error` (else it raises); the others go on.
    """
    if not deal.is_open or not deal.log:
        return {}
    found: dict[str, Breach] = {}
    for name, detector in deal.rules.detectors_for(deal).items():
        try:
            breach = detector.assess(deal)
        except Exception as error:
            if on_error is None:
                raise
            on_error(name, error)
            continue
        if breach is not None:
            found[name] = breach
    return found


@dataclass(frozen=True)
class Watched:
    """A deal under watch: its history, and the findings of its past that are over."""

    deal: Deal
    past: tuple[Finding, ...] = ()
    on_error: OnError | None = None

    @cached_property
    def breaches(self) -> Mapping[str, Breach]:
        """Its breaches now."""
        return assess(self.deal, self.on_error)

    def apply(self, event: Event) -> Watched:
        """The deal with this event; the very same if the event says nothing new of it."""
        entry = entry_of(event)
        deal = self.deal if entry is None else self.deal.plus(entry)
        if entry is None or deal is self.deal:
            return self
        if deal.log is self.deal.log:
            # older than what the log still holds: it adds to the summary, and the past stays as it was told
            return replace(self, deal=deal)
        last = self.deal.last_at
        replaced = [each.at for each in self.deal.log if each.event == entry.event]
        if not replaced and (last is None or entry.at > last):
            return self._then(Watched(deal, on_error=self.on_error), entry.at)
        return self._retold(deal, min([entry.at, *replaced]))

    def under(self, rules: Rules) -> Watched:
        """The same deal, judged by other rules from now on; its past stays as it was judged."""
        return replace(self, deal=self.deal.under(rules))

    def answer(self, as_of: datetime, coverage: Coverage | None = None) -> tuple[Finding, ...]:
        """Everything to say of the deal at a moment: what is over, what is open, what lies ahead; by start."""
        # what ended and goes on since the same moment, as after a deal was reopened, is one finding in its last state
        findings = {(each.detector, each.since.timestamp()): each for each in self.past}
        for name, breach in self.breaches.items():
            state = self._state(name, breach, as_of, coverage)
            if state is not None:
                over_at = breach.until if state == "resolved" else None
                found = _finding(self.deal, name, breach, state, over_at or as_of)
                findings[name, found.since.timestamp()] = found
        return tuple(sorted(findings.values(), key=lambda each: (each.since.timestamp(), each.detector)))

    def next_deadline(self, after: datetime) -> datetime | None:
        """When its answer changes by itself next, after a moment."""
        return min((at for breach in self.breaches.values() for at in breach.deadlines_after(after)), default=None)

    def _state(self, name: str, breach: Breach, as_of: datetime, coverage: Coverage | None) -> State | None:
        if breach.until is not None and breach.until <= as_of:
            # an interval that was over before the newest event is told in the past already
            return "resolved" if self._opened(breach) < breach.until else None
        if breach.since > as_of:
            return "pending"
        watched = self.deal.rules.detectors_for(self.deal)[name].watches
        through = coverage.through(watched, self.deal.owner) if coverage and watched else None
        return "unknown" if through is not None and through < breach.since else "open"

    def _opened(self, breach: Breach) -> datetime:
        """When a watcher would have seen this breach open: not before the event that made it so."""
        return max(breach.since, self.deal.last_at or breach.since)

    def _then(self, after: Watched, at: datetime) -> Watched:
        """What became of this deal with the events of one moment: its findings that they ended are past."""
        over = []
        for name, breach in self.breaches.items():
            end = min(breach.until or at, at)
            if self._opened(breach) >= end:
                continue
            now = after.breaches.get(name)
            goes_on = (breach.until is None or breach.until > at) and now is not None and now.holds_at(at)
            if not goes_on:
                over.append(_finding(self.deal, name, replace(breach, until=end), "resolved", end))
        past = (*self.past, *sorted(over, key=lambda each: (each.since.timestamp(), each.detector)))[-MOST_PAST:]
        told = Watched(after.deal, past, self.on_error)
        told.__dict__["breaches"] = after.breaches
        return told

    def _retold(self, deal: Deal, moment: datetime) -> Watched:
        """The deal with a late event: what came from that moment on is told anew."""
        start = deal.before(moment)
        until = start.last_at
        past = tuple(
            finding
            for finding in self.past
            if finding.until is not None and (finding.until <= until if until else finding.until < moment)
        )
        watched = Watched(start, past, self.on_error)
        for at, group in groupby(deal.log[len(start.log) :], key=lambda entry: entry.at):
            grown = replace(start, log=watched.deal.log + tuple(group))
            watched = watched._then(Watched(grown, on_error=self.on_error), at)
        return watched if watched.deal.log == deal.log else replace(watched, deal=deal)


def _finding(deal: Deal, name: str, breach: Breach, state: State, moment: datetime) -> Finding:
    """A breach as it stands at a moment, with its times on the owner's clock."""
    local = deal.calendar.local
    kind = catalogue()[name]
    critical = breach.critical_from is not None and breach.critical_from <= moment
    newest = breach.evidence[-1]
    return Finding(
        deal_id=deal.id,
        detector=name,
        state=state,
        severity="critical" if critical else kind.severity,
        since=local(breach.since),
        critical_from=local(breach.critical_from) if breach.critical_from else None,
        until=local(breach.until) if breach.until else None,
        evidence=tuple(replace(each, at=local(each.at)) for each in breach.evidence),
        summary=f"{kind.headline()} ({newest.text})",
        clears_when=breach.clears_when,
        owner=deal.owner,
        amount=deal.amount,
        currency=deal.currency,
        rules=deal.rules.hash,
    )

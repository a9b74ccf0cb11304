"""Judging a deal: breaches now, findings as people see them, and the episodes of its past.

Everything here is a function of the deal's history and a moment of event time. The past is what somebody who watched
the deal event by event would have seen; a late event rewrites it, so the same events in any order tell the same
past. What was over stays told: a finding that comes back is another one (see `returned`), and a detector's findings of
a deal never overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import ClassVar, NamedTuple, Self

from .baselines import Baseline, Baselines
from .book import Book, Page
from .breach import Breach, Evidence, Finding, State
from .calendar import Calendar
from .coverage import Coverage
from .deal import Deal
from .earlier import NOTHING
from .events import Event
from .log import entry_of
from .muting import is_muted_for_good, muted_since
from .registry import catalogue
from .returned import Return, ends, in_force, returned, taken_up
from .rules import Rules

MOST_PAST = 40

OnError = Callable[[str, str, Exception], None]
"""Told of a detector that failed: its name, on whose deal or book (id or owner), and how."""

BesidePast = Callable[[str, Breach], Breach | None]
"""A detector's breach as it is told beside the findings that are over; None where there is nothing left to tell."""


def assess(
    deal: Deal,
    on_error: OnError | None = None,
    beside_past: BesidePast | None = None,
    concerned: Collection[str] | None = None,
) -> dict[str, Breach]:
    """The breaches of an open deal by detector; empty for a closed one.

    A detector that fails is told to `on_error` (else it raises); the others go on. `beside_past` says how the breach of
    each detector that is `concerned` (None: of all) is told beside the findings that are over; verdicts see it so.
    """
    if not deal.is_open or not deal.log:
        return {}

    def failed(name: str, error: Exception) -> None:
        if on_error is None:
            raise error
        on_error(name, deal.id, error)

    found = _beside(deal.breaches(failed), beside_past, concerned)
    # what a person called noise is no sign of anything
    said = deal.verdicts
    alone = (
        {name: each for name, each in found.items() if not is_muted_for_good(each, said.get(name))} if said else found
    )
    found |= _beside(deal.judgements(alone, failed), beside_past, concerned)
    deal.settled()
    return found


def _beside(found: dict[str, Breach], past: BesidePast | None, concerned: Collection[str] | None) -> dict[str, Breach]:
    if past is not None:
        for name in sorted(found if concerned is None else found.keys() & concerned):
            told = past(name, found[name])
            if told is None:
                del found[name]
            else:
                found[name] = told
    return found


class _Stated(NamedTuple):
    """What was stated of the breaches of one subject: owner, amount and what else a finding says of its deal."""

    subject: tuple[object, ...]
    findings: dict[str, tuple[Breach, Finding]]


@dataclass(frozen=True)
class Watched:
    """A deal under watch: its history, the findings of its past that are over, and which of them came back when.

    Of both, the newest `most_past` are kept. The deal stands beside the baseline that it was last judged by.
    """

    most_past: ClassVar[int] = MOST_PAST

    deal: Deal
    past: tuple[Finding, ...] = ()
    on_error: OnError | None = field(default=None, compare=False)
    baselines: Baselines | None = field(default=None, compare=False)
    returns: tuple[Return, ...] = ()

    def breaches_at(self, moment: datetime) -> Mapping[str, Breach]:
        """Its breaches, by the baseline that is in force at a moment."""
        baseline = self._baseline_of(self.deal, moment)
        judged: tuple[Baseline | None, dict[str, Breach]] | None = self.__dict__.get("_judged")
        if judged is None or judged[0] is not baseline:
            self.__dict__["deal"] = deal = self.deal.given(baseline)
            judged = baseline, self._judge(deal, self._beside_past, self._ended.keys() | self._returned.keys())
            self.__dict__["_judged"] = judged
        return judged[1]

    def apply(self, event: Event) -> Watched:
        """The deal with this event; the very same if the event says nothing new of it."""
        entry = entry_of(event, self.deal.rules.phrases)
        if entry is None:
            return self
        last, known = self.deal.last_at, self.deal.entry(entry.event)
        is_newest = known is None and (last is None or entry.at > last)
        if is_newest:
            # what is found of the deal as it was is known to the grown one
            self.breaches_at(entry.at)
        deal = self.deal.plus(entry)
        if deal is self.deal:
            return self
        if deal.log is self.deal.log:
            # older than what the log still holds: it adds to the summary, and the past stays as it was told
            return replace(self, deal=deal)
        if is_newest:
            return self._then(deal, entry.at)
        eve: Watched | None = self.__dict__.get("_eve")
        if known is None and entry.at == last and eve is not None and eve.deal.earlier is deal.earlier:
            # one more event of the newest moment
            return eve._then(deal, entry.at)
        return self._retold(deal, min(entry.at, known.at) if known else entry.at)

    def under(self, rules: Rules) -> Watched:
        """The same deal, judged by other rules from now on; its past stays as it was judged."""
        return replace(self, deal=self.deal.under(rules))

    def retold(self, moment: datetime) -> Watched:
        """The same deal, with its past from a moment on judged by the baselines as they are known now.

        Of a deal whose log is no longer whole, only what hangs on baselines: the rest was told when more was known.
        """
        if not self.deal.log or self.deal.log[-1].at < moment:
            return self
        anew = self._retold(self.deal, moment)
        if self.deal.earlier == NOTHING:
            return anew
        kept = [each for each in self.past if not _is_by_baseline(each)]
        past = sorted([*kept, *filter(_is_by_baseline, anew.past)], key=_by_end)
        returns = sorted(
            [
                *(each for each in self.returns if not _is_by_baseline(each)),
                *filter(_is_by_baseline, anew.returns),
            ],
            key=lambda each: (each.at, each.detector),
        )
        return replace(self, past=tuple(past[-self.most_past :]), returns=tuple(returns[-self.most_past :]))

    def answer(self, as_of: datetime, coverage: Coverage | None = None) -> tuple[Finding, ...]:
        """Everything to say of the deal at a moment: what is over, what is open, what lies ahead; by start."""
        findings = list(self.past)
        for name, breach in self.breaches_at(as_of).items():
            found = self._told(name, breach, as_of, coverage)
            if found is not None:
                findings.append(found)
        for name, breach in self._by_coverage(coverage):
            # sources report all the time: what they may leave open some day is not foretold
            if breach.holds_at(as_of):
                findings.append(_finding(self.deal, name, breach, "open", as_of))
        return tuple(sorted(findings, key=lambda each: (each.since.timestamp(), each.detector)))

    def next_deadline(self, after: datetime, coverage: Coverage | None = None) -> datetime | None:
        """When its answer changes by itself next, after a moment."""
        breaches = [*self.breaches_at(after).values(), *(breach for _, breach in self._by_coverage(coverage))]
        return min((at for breach in breaches for at in breach.deadlines_after(after)), default=None)

    def _told(self, name: str, breach: Breach, as_of: datetime, coverage: Coverage | None) -> Finding | None:
        if breach.until is not None and breach.until <= as_of:
            # an interval that was over before the newest event is told in the past already
            over = self._opened(breach) < breach.until
            return _finding(self.deal, name, breach, "resolved", breach.until) if over else None
        if breach.since > as_of:
            return self._stated(name, breach, "pending", as_of)
        watched = self.deal.detectors.by_name[name].watches
        seen = coverage.through(watched, self.deal.owner) if coverage and watched else None
        if seen is None:
            return self._stated(name, breach, "open", as_of)
        # what was not seen may have ended it, and does not make it worse
        state: State = "unknown" if seen.through < breach.since else "open"
        return self._stated(name, breach, state, min(as_of, seen.through))

    def _stated(self, name: str, breach: Breach, state: State, moment: datetime) -> Finding:
        """The finding, which is the very same as long as nothing that it says is another."""
        deal = self.deal
        if name in deal.verdicts:
            return _finding(deal, name, breach, state, moment)
        subject = (deal.owner, deal.amount, deal.currency, deal.calendar, deal.rules)
        stated: _Stated | None = self.__dict__.get("_findings")
        if stated is None or stated.subject != subject:
            stated = self.__dict__["_findings"] = _Stated(subject, {})
        is_critical = breach.critical_from is not None and breach.critical_from <= moment
        severity = "critical" if is_critical else deal.detectors.by_name[name].severity
        was, found = stated.findings.get(name, (None, None))
        if found is None or was is not breach or (found.state, found.severity) != (state, severity):
            found = _finding(deal, name, breach, state, moment)
            stated.findings[name] = breach, found
        return found

    def _by_coverage(self, coverage: Coverage | None) -> Iterator[tuple[str, Breach]]:
        if coverage is None or not self.deal.is_open or not self.deal.log:
            return
        beside = self.deal.given(None, coverage)
        for name, detector in self.deal.detectors.by_coverage:
            if (breach := detector.assess(beside)) is not None:
                yield name, breach

    def _baseline_of(self, deal: Deal, moment: datetime) -> Baseline | None:
        return self.baselines.of(deal.pipeline, moment) if self.baselines else None

    def _judge(self, deal: Deal, beside_past: BesidePast, concerned: Collection[str]) -> dict[str, Breach]:
        again = deal.taken_up if deal.log else None
        if again is None:
            return assess(deal, self.on_error, beside_past, concerned)

        def begun(name: str, breach: Breach) -> Breach | None:
            since_then = taken_up(breach, again)
            return since_then and beside_past(name, since_then)

        return assess(deal, self.on_error, begun)

    @cached_property
    def _ended(self) -> dict[str, datetime]:
        return ends(self.past)

    @cached_property
    def _returned(self) -> dict[str, Return]:
        return in_force(self.returns, self._ended)

    def _beside_past(self, name: str, breach: Breach) -> Breach:
        """The breach as it is told beside the findings that are over: it begins after the last of its own."""
        if name in self._returned:
            return returned(breach, self._returned[name])
        end = self._ended.get(name)
        return returned(breach, Return(name, end, end)) if end is not None else breach

    def _opened(self, breach: Breach) -> datetime:
        """When a watcher would have seen this breach open: not before the event that made it so."""
        return max(breach.since, self.deal.last_at or breach.since)

    def _then(self, deal: Deal, at: datetime) -> Watched:
        """What became of this deal with the events of one moment: its findings that they ended are past."""
        last, ended, back_before = self.deal.last_at, self._ended, self._returned
        before = {
            name: breach
            for name, breach in self.breaches_at(at).items()
            if breach.since < at and (breach.until is None or self._opened(breach) < breach.until) and last != at
        }
        returns: list[Return] = []

        def beside_past(name: str, breach: Breach) -> Breach:
            if not breach.holds_at(at):
                return self._beside_past(name, breach)
            was, end = before.get(name), ended.get(name)
            if was is not None and not _goes_on(was, breach, at):
                # it was over by itself
                end, was = was.until, None
            back = back_before.get(name) if was is not None else None
            if back is None and end is not None and breach.since < end:
                back = Return(name, at, max(was.since, end)) if was else Return(name, at, at, deal.log[-1].event)
                returns.append(back)
            return returned(breach, back) if back is not None else breach

        baseline = self._baseline_of(deal, at)
        deal = deal.given(baseline)
        now_told = self._judge(deal, beside_past, before.keys() | ended.keys() | back_before.keys())
        over = []
        for name, breach in before.items():
            now = now_told.get(name)
            if now is breach and breach.until is None:
                continue
            end = min(breach.until or at, at)
            if now is None or not _goes_on(breach, now, at):
                over.append(_finding(self.deal, name, replace(breach, until=end), "resolved", end))
        past = self.past
        if over:
            past = (*past, *sorted(over, key=lambda each: (each.since.timestamp(), each.detector)))[-self.most_past :]
        told = self._with(deal=deal, past=past)
        if returns:
            told.__dict__["returns"] = (*self.returns, *returns)[-self.most_past :]
        told.__dict__["_judged"] = baseline, now_told
        if not over:
            told.__dict__["_ended"] = ended
            if not returns:
                told.__dict__["_returned"] = back_before
        # as it was before the newest moment, of which more may come; what was before that is let go
        self.__dict__.pop("_eve", None)
        self.deal.let_go()
        told.__dict__["_eve"] = self
        return told

    def _with(self, **other: object) -> Self:
        """The same with other fields, and nothing found yet."""
        then, mine = object.__new__(type(self)), self.__dict__
        then.__dict__.update({name: mine[name] for name in self.__dataclass_fields__ if name in mine}, **other)
        if "_findings" in mine:
            then.__dict__["_findings"] = mine["_findings"]
        return then

    def _retold(self, deal: Deal, moment: datetime) -> Watched:
        """The deal with a late event: what came from that moment on is told anew."""
        start = deal.before(moment)
        until = start.last_at
        past = tuple(
            finding
            for finding in self.past
            if finding.until is not None and (finding.until <= until if until else finding.until < moment)
        )
        returns = tuple(each for each in self.returns if until is not None and each.at <= until)
        watched = replace(self, deal=start, past=past, returns=returns)
        for at, group in groupby(deal.log[len(start.log) :], key=lambda entry: entry.at):
            watched = watched._then(watched.deal.with_newer(group), at)
        return watched if watched.deal.log == deal.log else replace(watched, deal=deal)


def _goes_on(was: Breach, now: Breach, at: datetime) -> bool:
    """Whether a breach that was seen before a moment is still there with its events, if only from its very end on."""
    lasted = was.until is None or was.until > at or (was.until == at and now.since < at)
    return lasted and now.holds_at(at)


def assess_book(book: Book, rules: Rules, team: str | None, on_error: OnError | None = None) -> list[Judged]:
    """The breaches of an owner's book, each with its detector and, unless it is of the whole book, its deal's page."""
    found: list[Judged] = []
    pages = {page.deal_id: page for page in book.pages}
    for name, detector in rules.book_detectors(book.owner, team).items():
        try:
            found += [
                Judged(name, pages[deal_id] if deal_id else None, breach)
                for deal_id, breach in detector.assess_book(book)
            ]
        except Exception as error:
            if on_error is None:
                raise
            on_error(name, book.owner, error)
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What a book detector found; `page` is None where it is the book as a whole."""

    detector: str
    page: Page | None
    breach: Breach

    def finding(self, book: Book, rules: Rules, as_of: datetime) -> Finding | None:
        """The finding at a moment; None where it is over. A book remembers nothing."""
        if self.breach.until is not None and self.breach.until <= as_of:
            return None
        state: State = "open" if self.breach.since <= as_of else "pending"
        page = self.page
        subject = _Subject(
            deal_id=page.deal_id if page else None,
            owner=book.owner,
            amount=page.amount if page else None,
            currency=page.currency if page else None,
            calendar=book.calendar,
            rules=rules,
        )
        return _stated(subject, self.detector, self.breach, state, as_of)


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a finding is about."""

    deal_id: str | None
    owner: str | None
    amount: float | None
    currency: str | None
    calendar: Calendar
    rules: Rules


def _finding(deal: Deal, name: str, breach: Breach, state: State, moment: datetime) -> Finding:
    subject = _Subject(deal.id, deal.owner, deal.amount, deal.currency, deal.calendar, deal.rules)
    told = _stated(subject, name, breach, state, moment)
    muted = muted_since(breach, deal.verdicts.get(name), moment)
    return told if muted is None else replace(told, severity="info", muted=deal.calendar.local(muted))


def _is_by_baseline(told: Finding | Return) -> bool:
    kind = catalogue().get(told.detector)
    return kind is not None and kind.by_baseline


def _by_end(finding: Finding) -> tuple[float, float, str]:
    assert finding.until is not None  # what is past has ended
    return finding.until.timestamp(), finding.since.timestamp(), finding.detector


def summary_of(detector: str, evidence: tuple[Evidence, ...]) -> str:
    """A finding in a sentence: the situation in a few words, and the newest fact."""
    kind = catalogue().get(detector)
    return f"{kind.headline() if kind else detector} ({evidence[-1].text})"


def _stated(subject: _Subject, name: str, breach: Breach, state: State, moment: datetime) -> Finding:
    """A breach as it stands at a moment, with its times on the owner's clock."""
    local = subject.calendar.local
    kind = catalogue()[name]
    critical = breach.critical_from is not None and breach.critical_from <= moment
    return Finding(
        deal_id=subject.deal_id,
        detector=name,
        state=state,
        severity="critical" if critical else kind.severity,
        since=local(breach.since),
        critical_from=local(breach.critical_from) if breach.critical_from else None,
        until=local(breach.until) if breach.until else None,
        evidence=tuple([Evidence(each.event, local(each.at), each.text) for each in breach.evidence]),
        summary=summary_of(name, breach.evidence),
        clears_when=breach.clears_when,
        owner=subject.owner,
        amount=subject.amount,
        currency=subject.currency,
        rules=subject.rules.hash,
    )

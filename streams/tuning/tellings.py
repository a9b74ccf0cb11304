"""What owners would really have been told: after their budget, their quiet hours and days off.

The functions that run live choose what is told, of each owner's book as it stood at each moment at which something may
be told. A book is put together from the episodes of lives, so it knows of a deal only its last owner and amount: where
a deal changed hands, its earlier alerts go to the later owner. Days without news cost nothing: what is done grows with
the episodes, and not with days times deals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum
from operator import itemgetter

from detectors.core.breach import Finding, Severity
from detectors.core.rules import Rules

from ..alerting.budget import CHOICE_OPEN, Told, news, told_at
from ..alerting.quiet import Hours
from ..answer import Answer
from .lives import Episode, Life


@dataclass(frozen=True, slots=True)
class Telling:
    """An owner was told of a deal at a moment: what was new of it then, by detector."""

    owner: str
    at: datetime
    deal_id: str
    new: Mapping[str, Severity]


def tellings(lives: Iterable[Life], rules: Rules, until: datetime) -> Iterator[Telling]:
    """What owners would have been told up to a moment, of each deal as often as it was told anew.

    Owners come in the order of their names, and what one was told in order of time. Deals that nobody owns disturb
    nobody.
    """
    if rules.file.alerts.per_owner_per_day > 0:
        for owner, book in books(lives).items():
            yield from _told(owner, _Book(book), hours_of(owner, book, rules), rules, until)


def books(lives: Iterable[Life]) -> dict[str, list[Life]]:
    """The deals of each owner, in the order of their names."""
    found: defaultdict[str, list[Life]] = defaultdict(list)
    for life in lives:
        if life.owner:
            found[life.owner].append(life)
    return dict(sorted(found.items()))


def hours_of(owner: str, book: Iterable[Life], rules: Rules) -> Hours:
    """When an owner may be disturbed; their team is what their deals say, else what the rules say."""
    return Hours.of(rules, owner, next((life.team for life in book if life.team), None) or rules.team_of(owner))


def _told(owner: str, book: _Book, hours: Hours, rules: Rules, until: datetime) -> Iterator[Telling]:
    most = rules.file.alerts.per_owner_per_day
    told: dict[str, Told] = {}
    turn = book.next_news
    at = hours.opening(turn) if turn is not None else None
    while at is not None and at <= until:
        today = hours.day_of(at)
        # what was told and is over is news if it comes back
        while (end := book.next_end) is not None and end < at:
            told = told_at(end, book.at(end), told, hours, most)
        told = told_at(at, book.at(at), told, hours, most)
        # what comes right after it may still be chosen in its place
        while (turn := book.next_news) is not None and _may_replace(turn, at, hours) and turn <= until:
            told = told_at(turn, book.at(turn), told, hours, most)
        anew = [(deal_id, each) for deal_id, each in told.items() if each.at == at]
        for deal_id, each in anew:
            new = {name: word.severity for name, word in each.words.items() if word.at == at}
            yield Telling(owner, at, deal_id, new)
        opens = None if turn is None else hours.opening(turn)
        # where there was room for more, there is no more
        waits = len(anew) == most and bool(news(book.deals, told))
        if waits or (anew and opens is not None and hours.day_of(opens) == today):
            opens = hours.next_day(at)
        at = opens


def _may_replace(turn: datetime, at: datetime, hours: Hours) -> bool:
    return turn - at < CHOICE_OPEN and hours.day_of(turn) == hours.day_of(at)


class _Turn(IntEnum):
    """What may happen to a book; of one moment in this order."""

    DEAL_BEGINS = 0
    FINDING_ENDS = 1
    FINDING_OPENS = 2
    FINDING_WORSENS = 3
    DEAL_ENDS = 4


_NEWS = (_Turn.FINDING_OPENS, _Turn.FINDING_WORSENS)


class _Moments:
    """Moments in their order, of which the first are over."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = list(moments)
        self._passed = 0

    @property
    def next(self) -> datetime | None:
        """The first that is not over."""
        return self._moments[self._passed] if self._passed < len(self._moments) else None

    def pass_over(self, now: datetime) -> None:
        """Those up to now are over."""
        while self._passed < len(self._moments) and self._moments[self._passed] <= now:
            self._passed += 1


class _Book:
    """An owner's book as it stood at a moment, which only moves on."""

    def __init__(self, lives: Sequence[Life]) -> None:
        self.deals: dict[str, Answer] = {}
        self._findings: dict[str, dict[str, Finding]] = {}
        self._turns = sorted((turn for life in lives for turn in _turns(life)), key=itemgetter(0, 1))
        self._passed = 0
        self._news = _Moments(at for at, kind, _, _ in self._turns if kind in _NEWS)
        self._ends = _Moments(sorted(at for life in lives for at in _ends_that_return(life)))

    @property
    def next_news(self) -> datetime | None:
        """When something of it opens or turns worse next; None if nothing does any more."""
        return self._news.next

    @property
    def next_end(self) -> datetime | None:
        """When something of it is over next that comes back later."""
        return self._ends.next

    def at(self, moment: datetime) -> Mapping[str, Answer]:
        """The open deals with what was found of them by then."""
        changed: dict[str, Life] = {}
        while self._passed < len(self._turns) and self._turns[self._passed][0] <= moment:
            _, kind, life, finding = self._turns[self._passed]
            self._passed += 1
            changed[life.deal_id] = life
            self._take(kind, life.deal_id, finding)
        for deal_id, life in changed.items():
            if deal_id in self._findings:
                self.deals[deal_id] = _answer(life, self._findings[deal_id].values(), moment)
            else:
                self.deals.pop(deal_id, None)
        self._news.pass_over(moment)
        self._ends.pass_over(moment)
        return self.deals

    def _take(self, kind: _Turn, deal_id: str, finding: Finding | None) -> None:
        if kind is _Turn.DEAL_ENDS:
            self._findings.pop(deal_id, None)
            return
        found = self._findings.setdefault(deal_id, {})
        if finding is not None and kind is _Turn.FINDING_ENDS:
            found.pop(finding.detector, None)
        elif finding is not None:
            found[finding.detector] = finding


def _turns(life: Life) -> Iterator[tuple[datetime, _Turn, Life, Finding | None]]:
    """What happened to a deal while it lived."""
    yield life.began.astimezone(UTC), _Turn.DEAL_BEGINS, life, None
    if life.ended is not None:
        yield life.ended.astimezone(UTC), _Turn.DEAL_ENDS, life, None
    for each in life.episodes:
        if life.ended is None or each.seen_at < life.ended:
            finding = _finding(life, each)
            worse = each.critical_from
            yield each.seen_at.astimezone(UTC), _Turn.FINDING_OPENS, life, finding
            if worse is not None:
                yield worse.astimezone(UTC), _Turn.FINDING_WORSENS, life, replace(finding, severity="critical")
            if each.until is not None:
                yield each.until.astimezone(UTC), _Turn.FINDING_ENDS, life, finding


def _ends_that_return(life: Life) -> Iterator[datetime]:
    """When findings ended of which the detector found another one later."""
    last = {each.detector: each for each in life.episodes}
    for each in life.episodes:
        if each.until is not None and each is not last[each.detector]:
            yield each.until.astimezone(UTC)


def _finding(life: Life, episode: Episode) -> Finding:
    """As it opens; of what a budget does not ask for, nothing."""
    return Finding(
        deal_id=life.deal_id,
        detector=episode.detector,
        state="open",
        severity="warning",
        since=episode.since,
        critical_from=episode.critical_from,
        until=None,
        evidence=(),
        summary="",
        clears_when="",
        owner=life.owner,
        amount=life.amount,
        currency=life.currency,
        rules="",
    )


def _answer(life: Life, findings: Iterable[Finding], moment: datetime) -> Answer:
    return Answer(
        deal_id=life.deal_id,
        as_of=moment,
        name=life.deal_id,
        status="open",
        pipeline="",
        stage=None,
        segment=None,
        owner=life.owner,
        team=life.team,
        amount=life.amount,
        currency=life.currency,
        close_date=None,
        rules="",
        findings=tuple(findings),
    )

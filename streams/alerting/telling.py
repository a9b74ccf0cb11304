"""What is told of a rep's book just now: to the rep, and to the manager of the rep's team."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from detectors.core.breach import Finding
from detectors.core.rules import Rules

from ..answer import Answer
from .budget import Told, news
from .escalation import Escalation, escalations
from .quiet import Hours


@dataclass(frozen=True, slots=True)
class ToldDeal:
    """A deal with those of its findings that its owner is told of; `is_new` if that was on their newest day.

    `since` is when they were first told of each, by detector: one that ended and began anew is told anew.
    """

    answer: Answer
    findings: tuple[Finding, ...]
    is_new: bool = True
    since: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BookFinding:
    """What is wrong with a book; `answer` is of the deal that it is about, if it is about one."""

    finding: Finding
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of a book.

    `waiting` counts the stalled deals that the owner is not told of yet, `withheld` all findings that they are not.
    The manager, if the rules name one, is told of what is wrong with the book and of what is left unanswered.
    """

    owner: str
    team: str | None = None
    deals: tuple[ToldDeal, ...] = ()
    waiting: int = 0
    withheld: int = 0
    manager: str | None = None
    of_book: tuple[BookFinding, ...] = ()
    unanswered: tuple[Escalation, ...] = ()
    hours: Hours | None = None

    def is_open(self, moment: datetime) -> bool:
        """Whether the owner may be disturbed then."""
        return self.hours is None or self.hours.is_open(moment)


def settled(told: Telling, until: datetime) -> Telling:
    """The same without what is told since a later moment: it is of a choice that may still be made anew."""
    deals = []
    for deal in told.deals:
        findings = tuple(each for each in deal.findings if deal.since.get(each.detector, until) <= until)
        if findings:
            deals.append(deal if len(findings) == len(deal.findings) else replace(deal, findings=findings))
    return replace(told, deals=tuple(deals))


def everything(owner: str, book: Mapping[str, Answer]) -> Telling:
    """A book in which nothing waits: deals that nobody owns disturb nobody."""
    deals = (ToldDeal(told, told.stalls) for told in book.values() if told.is_open and told.stalls)
    return Telling(owner, deals=tuple(deals))


def telling(
    owner: str,
    team: str | None,
    book: Mapping[str, Answer],
    told: Mapping[str, Told],
    of_book: tuple[Finding, ...],
    rules: Rules,
    now: datetime | None,
) -> tuple[Telling, datetime | None]:
    """What is told of a book at a moment, and when that changes by itself next; without a moment, what was told."""
    hours = Hours.of(rules, owner, team)
    shown = {deal_id: each.findings(book[deal_id]) for deal_id, each in told.items() if deal_id in book}
    shown = {deal_id: findings for deal_id, findings in shown.items() if findings and book[deal_id].is_open}
    newest = max((hours.day_of(told[deal_id].at) for deal_id in shown), default=None)
    deals = tuple(
        ToldDeal(
            book[deal_id],
            findings,
            hours.day_of(told[deal_id].at) == newest,
            {detector: word.at for detector, word in told[deal_id].words.items()},
        )
        for deal_id, findings in shown.items()
    )
    untold = news(book, told)
    deadlines = []
    if now is not None and (untold or any(not each.words for each in told.values())):
        deadlines.append(hours.next_day(now) if hours.is_open(now) else hours.opening(now))
    manager = manager_of(owner, team, rules)
    of_book_now: tuple[BookFinding, ...] = ()
    unanswered: tuple[Escalation, ...] = ()
    if manager is not None and now is not None:
        of_book_now, changes = _of_book(of_book, book, hours, now)
        unanswered, due = _unanswered(book, told, hours, now)
        deadlines += [*changes, *due]
    return (
        Telling(
            owner,
            team,
            deals,
            waiting=len(untold.keys() - shown.keys()),
            withheld=sum(len(findings) for findings in untold.values()),
            manager=manager,
            of_book=of_book_now,
            unanswered=unanswered,
            hours=hours,
        ),
        min(deadlines, default=None),
    )


def manager_of(owner: str, team: str | None, rules: Rules) -> str | None:
    """Whom the rules name for the owner's team; nobody manages themselves."""
    known = rules.file.teams.get(rules.team_of(owner) or team or "")
    return known.manager if known and known.manager != owner else None


def _of_book(
    found: tuple[Finding, ...], book: Mapping[str, Answer], hours: Hours, now: datetime
) -> tuple[tuple[BookFinding, ...], list[datetime]]:
    """What is wrong with the book as its manager is told by now, and the moments ahead at which that changes."""
    told, ahead = [], []
    for finding in found:
        if not finding.is_stall:
            continue
        opens = hours.opening(finding.since)
        worsens = hours.opening(finding.critical_from) if finding.critical_from else opens
        ahead += [at for at in (opens, worsens) if at > now]
        if opens <= now:
            is_worse = finding.severity == "critical" and worsens <= now
            about = book.get(finding.deal_id) if finding.deal_id else None
            told.append(BookFinding(finding if is_worse else replace(finding, severity="warning"), about))
    return tuple(told), ahead


def _unanswered(
    book: Mapping[str, Answer], told: Mapping[str, Told], hours: Hours, now: datetime
) -> tuple[tuple[Escalation, ...], list[datetime]]:
    """What the owner leaves unanswered for too long by now, and when more of it will be."""
    found = [
        each
        for deal_id, words in told.items()
        if deal_id in book and book[deal_id].is_open
        for each in escalations(book[deal_id], words, hours)
    ]
    return tuple(each for each in found if each.due <= now), [each.due for each in found if each.due > now]

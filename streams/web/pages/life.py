"""One deal's page: what is wrong, what lies ahead, what is over, and how it came to that."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from detectors.core.assessment import Watched
from detectors.core.breach import Evidence, Finding
from detectors.core.deal import Deal
from detectors.core.log import FeedbackEntry
from detectors.core.registry import catalogue
from streams.answer import Answer

from .board import Standing, standing
from .formats import anchor, deal_path, short_title
from .runbook import Runbook, runbook
from .strip import Strip, strip
from .timeline import Item, Month, months


@dataclass(frozen=True)
class Fact:
    """A piece of evidence, and its place on the page if the event is still listed there."""

    evidence: Evidence
    anchor: str | None


@dataclass(frozen=True)
class Problem:
    """A finding with what its runbook says, and the verdict on it that stands."""

    finding: Finding
    title: str
    runbook: Runbook | None
    facts: tuple[Fact, ...]
    verdict: FeedbackEntry | None = None


@dataclass(frozen=True)
class Noted:
    """A verdict that was just given."""

    detector: str
    verdict: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Noted | None":
        """What the address of the page says; None if it says nothing, or what nobody can give."""
        detector, verdict = query.get("on", ""), query.get("given", "")
        return cls(detector, verdict) if detector in catalogue() and verdict in _SAID else None

    def path(self, deal_id: str) -> str:
        """Where the deal's page says so."""
        return f"{deal_path(deal_id)}?{urlencode({'given': self.verdict, 'on': self.detector})}"

    @property
    def words(self) -> str:
        """What comes of it."""
        return f"{short_title(self.detector)}: {_SAID[self.verdict]}"


_SAID = {
    "useful": "noted as useful. Thank you.",
    "noise": "noted as noise. It is muted in a moment, until something new speaks for it.",
    "snooze": "nobody is alerted of this deal until then, or until something new happens on it.",
}


@dataclass(frozen=True)
class Life:
    """Everything on a deal's page. Findings are grouped by state, the worst or the nearest first."""

    told: Answer
    path: str
    as_of: datetime
    zone: str | None
    standing: Standing
    open: tuple[Problem, ...]
    ahead: tuple[Problem, ...]
    unknown: tuple[Problem, ...]
    over: tuple[Problem, ...]
    snoozed: FeedbackEntry | None
    strip: Strip | None
    months: tuple[Month, ...]
    summarised_through: datetime | None


def life(told: Answer, watched: Watched | None, as_of: datetime | None) -> Life:
    """The page of a deal at a moment; without its history, only what was found."""
    at = max(as_of, told.as_of) if as_of else told.as_of
    deal = watched.deal if watched and watched.deal.log else None
    quoted: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for finding in told.open_findings:
        for evidence in finding.evidence:
            quoted[evidence.event][short_title(finding.detector)] = None
    listed = months(deal, at, {event: tuple(titles) for event, titles in quoted.items()}) if deal else []
    known = {item.event for month in listed for item in month.items if isinstance(item, Item)}

    def problems(state: str) -> Iterator[Problem]:
        for finding in told.findings:
            if finding.state == state:
                yield _problem(finding, known, deal)

    through = deal.earlier.touched_through if deal else None
    return Life(
        told=told,
        path=deal_path(told.deal_id),
        as_of=deal.calendar.local(at) if deal else at,
        zone=deal.calendar.zone if deal else None,
        standing=standing(told),
        open=tuple(sorted(problems("open"), key=_worst_first)),
        ahead=tuple(problems("pending")),
        unknown=tuple(problems("unknown")),
        over=tuple(problems("resolved"))[::-1],
        snoozed=_snoozed(deal, at) if deal else None,
        strip=strip(deal, told.findings, at, quoted) if deal else None,
        months=tuple(listed),
        summarised_through=deal.calendar.local(through) if deal and through else None,
    )


def _problem(finding: Finding, known: set[str], deal: Deal | None) -> Problem:
    kind = catalogue().get(finding.detector)
    facts = tuple(Fact(each, anchor(each.event) if each.event in known else None) for each in finding.evidence)
    verdict = deal.verdicts.get(finding.detector) if deal else None
    if verdict is not None and verdict.at < finding.since:
        # it was on another finding
        verdict = None
    return Problem(finding, short_title(finding.detector), runbook(kind) if kind else None, facts, verdict)


def _snoozed(deal: Deal, at: datetime) -> FeedbackEntry | None:
    """The newest snooze, if it lasts still; news may have ended it before."""
    entries = (each for each in reversed(deal.log) if isinstance(each, FeedbackEntry) and each.verdict == "snooze")
    newest = next(entries, None)
    return newest if newest is not None and newest.until is not None and newest.until > at else None


def _worst_first(problem: Problem) -> tuple[bool, int, float]:
    finding = problem.finding
    worst = ("critical", "warning", "info").index(finding.severity)
    return finding.muted is not None, worst, finding.since.timestamp()

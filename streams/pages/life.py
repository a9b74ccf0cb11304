"""One deal's page: what is wrong, what lies ahead, what is over, and how it came to that."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from detectors.core.assessment import Watched
from detectors.core.breach import Evidence, Finding
from detectors.core.registry import catalogue
from streams.answer import Answer

from .board import Standing, standing
from .formats import anchor, short_title
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
    """A finding with what its runbook says."""

    finding: Finding
    title: str
    runbook: Runbook | None
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Life:
    """Everything on a deal's page. Findings are grouped by state, the worst or the nearest first."""

    told: Answer
    as_of: datetime
    zone: str | None
    standing: Standing
    open: tuple[Problem, ...]
    ahead: tuple[Problem, ...]
    unknown: tuple[Problem, ...]
    over: tuple[Problem, ...]
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
                yield _problem(finding, known)

    through = deal.earlier.touched_through if deal else None
    return Life(
        told=told,
        as_of=deal.calendar.local(at) if deal else at,
        zone=deal.calendar.zone if deal else None,
        standing=standing(told),
        open=tuple(sorted(problems("open"), key=_worst_first)),
        ahead=tuple(problems("pending")),
        unknown=tuple(problems("unknown")),
        over=tuple(problems("resolved"))[::-1],
        strip=strip(deal, told.findings, at) if deal else None,
        months=tuple(listed),
        summarised_through=deal.calendar.local(through) if deal and through else None,
    )


def _problem(finding: Finding, known: set[str]) -> Problem:
    kind = catalogue().get(finding.detector)
    facts = tuple(Fact(each, anchor(each.event) if each.event in known else None) for each in finding.evidence)
    return Problem(finding, short_title(finding.detector), runbook(kind) if kind else None, facts)


def _worst_first(problem: Problem) -> tuple[int, float]:
    return ("critical", "warning", "info").index(problem.finding.severity), problem.finding.since.timestamp()

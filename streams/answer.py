"""What is said of one deal: the whole answer each time, as the findings topic carries it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from pydantic import TypeAdapter

from detectors.core.assessment import Watched
from detectors.core.book import Page
from detectors.core.breach import Finding
from detectors.core.coverage import Coverage
from detectors.core.deal import Deal
from detectors.core.requirements import is_met


@dataclass(frozen=True)
class Answer:
    """A deal as it stands at `as_of`, with everything found: over, open, unknown and still ahead.

    `two_way_at` is when the buyer last took part by themselves, `step_at` when we last made a purposeful step.
    """

    deal_id: str
    as_of: datetime
    name: str
    status: str
    pipeline: str
    stage: str | None
    segment: str | None
    owner: str | None
    team: str | None
    amount: float | None
    currency: str | None
    close_date: str | None
    rules: str
    findings: tuple[Finding, ...] = ()
    page: Page | None = None
    two_way_at: datetime | None = None
    step_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.status == "open"

    @property
    def met_executive(self) -> bool:
        """Whether somebody who decides was met."""
        return self.page is not None and "executive" in self.page.known

    @property
    def ended(self) -> datetime | None:
        """When it was won or lost."""
        return self.page.ended if self.page else None

    @property
    def heard_at(self) -> datetime | None:
        """When the buyer last took part, else when the deal began."""
        return self.two_way_at or (self.page.began if self.page else None)

    @property
    def is_unknown(self) -> bool:
        """Whether anything of it is unknown, because a source has not reported."""
        return any(finding.state == "unknown" for finding in self.findings)

    def whole(self) -> "Answer":
        """Itself: where it is kept in short, that is to be asked for."""
        return self

    def still_at(self, moment: datetime) -> "Answer":
        """The same answer, where nothing has changed up to a later moment."""
        return replace(self, as_of=moment.astimezone(self.as_of.tzinfo)) if moment > self.as_of else self

    @cached_property
    def stalls(self) -> tuple[Finding, ...]:
        """The open findings that are worth telling: warnings and worse, the critical ones first."""
        worth = [finding for finding in self.findings if finding.is_stall]
        return tuple(sorted(worth, key=lambda each: (each.severity != "critical", each.since.timestamp())))

    @cached_property
    def courses(self) -> tuple[tuple[str, float, float | None], ...]:
        """When each warning or worse that is open or over began, and ended: detector and two Unix times."""
        return tuple(
            (each.detector, each.since.timestamp(), each.until.timestamp() if each.until and over else None)
            for each in self.findings
            if each.severity != "info" and ((over := each.state == "resolved") or each.state == "open")
        )

    @cached_property
    def deadlines(self) -> tuple[tuple[str, float], ...]:
        """When each warning or worse that lies ahead will begin, if nothing happens: detector and Unix time."""
        ahead = (each for each in self.findings if each.state == "pending" and each.severity != "info")
        return tuple((each.detector, each.since.timestamp()) for each in ahead)

    @cached_property
    def open_findings(self) -> tuple[Finding, ...]:
        """The open ones of any severity."""
        return tuple(finding for finding in self.findings if finding.state == "open")


def answer(watched: Watched, as_of: datetime, coverage: Coverage | None) -> Answer:
    """What there is to say of a deal at a moment of event time."""
    deal = watched.deal
    local = deal.calendar.local
    findings = watched.answer(as_of, coverage)
    return Answer(
        deal_id=deal.id,
        as_of=local(as_of),
        name=deal.name,
        status=deal.fact("status") or "open",
        pipeline=deal.pipeline,
        stage=deal.stage,
        segment=deal.fact("segment"),
        owner=deal.owner,
        team=deal.team,
        amount=deal.amount,
        currency=deal.currency,
        close_date=deal.fact("close_date"),
        rules=deal.rules.hash,
        findings=findings,
        page=page_of(deal, findings),
        two_way_at=deal.last_two_way.at if deal.last_two_way else None,
        step_at=deal.last_step.at if deal.last_step else None,
    )


def page_of(deal: Deal, findings: Iterable[Finding]) -> Page:
    """The deal as a page of its owner's book."""
    status = deal.current("status")
    ended = status if status and status.value in ("won", "lost") else None
    progress = deal.last_progress
    if progress is not None and progress.at < deal.created.at:
        progress = None  # a role may be known before the deal is
    middle, late = deal.middle_stage, deal.late_stage
    stalls = [finding for finding in findings if finding.is_stall]
    first = min(stalls, key=lambda each: each.since.timestamp(), default=None)
    return Page(
        deal_id=deal.id,
        name=deal.name,
        status=ended.value if ended else "open",
        amount=deal.amount,
        currency=deal.currency,
        began=deal.created.at,
        event=deal.created.event,
        progress_at=progress.at if progress else deal.created.at,
        progress_event=progress.event if progress else deal.created.event,
        known=frozenset(name for name, known in _known(deal) if known),
        middle_since=middle.at if middle else None,
        middle_event=middle.event if middle else None,
        late_since=late.at if late else None,
        stalled_since=first.since if first else None,
        stalled_event=first.evidence[-1].event if first else None,
        ended=ended.at if ended else None,
        ended_event=ended.event if ended else None,
        paused_until=deal.paused_until,
    )


def _known(deal: Deal) -> Iterator[tuple[str, bool]]:
    yield "need", is_met(deal, "need")
    # that there is none is known, too
    yield "budget", deal.fact("budget") not in (None, "unknown")
    yield "deadline", is_met(deal, "deadline")
    yield "executive", is_met(deal, "executive")
    yield "roles", any(told.get("roles") for told in deal.contacts.values())


_ANSWER = TypeAdapter(Answer)
_FINDING = TypeAdapter(Finding)


def to_json(told: Answer) -> bytes:
    """The record's value."""
    return _ANSWER.dump_json(told)


def of_json(raw: bytes) -> Answer:
    """The answer in a record's value; pydantic's `ValidationError` if there is none."""
    return _ANSWER.validate_json(raw)


def finding_line(finding: Finding) -> str:
    """A finding as a line of JSON, in the contract's form."""
    return _FINDING.dump_json(finding).decode()

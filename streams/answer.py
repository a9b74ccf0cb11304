"""What is said of one deal: the whole answer each time, as the findings topic carries it."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from pydantic import TypeAdapter

from detectors.core.assessment import Watched
from detectors.core.breach import Finding
from detectors.core.coverage import Coverage


@dataclass(frozen=True)
class Answer:
    """A deal as it stands at `as_of`, with everything found: over, open, unknown and still ahead."""

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

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.status == "open"

    def still_at(self, moment: datetime) -> "Answer":
        """The same answer, where nothing has changed up to a later moment."""
        return replace(self, as_of=moment.astimezone(self.as_of.tzinfo)) if moment > self.as_of else self

    @cached_property
    def stalls(self) -> tuple[Finding, ...]:
        """The open findings that are worth telling: warnings and worse, the critical ones first."""
        worth = [finding for finding in self.findings if finding.is_stall]
        return tuple(sorted(worth, key=lambda each: (each.severity != "critical", each.since.timestamp())))

    @cached_property
    def open_findings(self) -> tuple[Finding, ...]:
        """The open ones of any severity."""
        return tuple(finding for finding in self.findings if finding.state == "open")


def answer(watched: Watched, as_of: datetime, coverage: Coverage | None) -> Answer:
    """What there is to say of a deal at a moment of event time."""
    deal = watched.deal
    local = deal.calendar.local
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
        findings=watched.answer(as_of, coverage),
    )


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

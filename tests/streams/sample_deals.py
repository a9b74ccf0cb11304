"""Small deals in the words of sales, days counted from one fixed Monday, and the views that show them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from detectors.core import events
from detectors.core.assessment import Watched
from detectors.core.coverage import Coverage
from detectors.core.deal import Deal
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from streams.answer import Answer, answer

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# the stream is tested with six detectors, so that what more of them would say does not matter here
SIX = {"close_date_overdue", "close_date_slipping", "ghosted", "gone_quiet", "no_executive_contact", "reply_only"}
RULES = Rules.of(
    {
        "overrides": [{"when": {}, "disable": sorted(set(catalogue()) - SIX)}],
        "organization": {"domains": ["us.example"], "time_zone": "Europe/Berlin"},
        "owners": {"rep@us.example": {"team": "emea"}},
        "teams": {"emea": {"manager": "boss@us.example"}},
        "pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal", "Negotiation"]}},
    }
)


def day(number: float) -> datetime:
    """So many days after the Monday, at nine."""
    return MONDAY + timedelta(days=number)


def event(kind: str, at: datetime, **fields: Any) -> dict[str, Any]:
    """An event without a deal; `id` follows from its kind and time."""
    told = fields.pop("id", f"{kind.rpartition('.')[2]}-{at:%m%dT%H%M}")
    return {
        "specversion": "1.0",
        "id": told,
        "source": "test",
        "type": kind,
        "time": at.isoformat(),
        "data": fields,
    }


A_WEEK_ON = day(7)


def crm(at: float = 0, **fields: Any) -> dict[str, Any]:
    """The CRM changed the deal."""
    return event("crm.deal.changed", day(at), **fields)


def inbound(at: float, message_id: str, subject: str = "Pricing", **fields: Any) -> dict[str, Any]:
    """The buyer wrote."""
    people = {"from": "cfo@buyer.example", "to": ["rep@us.example"]}
    return event("activity.email", day(at), id=message_id, message_id=message_id, subject=subject, **people | fields)


def outbound(at: float, message_id: str, subject: str = "Pricing", **fields: Any) -> dict[str, Any]:
    """We wrote; `in_reply_to` makes it an answer."""
    people = {"from": "rep@us.example", "to": ["cfo@buyer.example"]}
    return event("activity.email", day(at), id=message_id, message_id=message_id, subject=subject, **people | fields)


def meeting(at: float, status: str = "held", **fields: Any) -> dict[str, Any]:
    """A meeting with the buyer."""
    people = {"organizer": "rep@us.example", "attendees": ["rep@us.example", "cfo@buyer.example"]}
    return event("activity.meeting", day(at), meeting_id="M-1", status=status, **people | fields)


def verdict(at: float, said: str = "noise", detector: str = "reply_only", **fields: Any) -> dict[str, Any]:
    """Somebody judged a finding."""
    return event("finding.feedback", day(at), id=f"f-{at}", detector=detector, verdict=said, **fields)


def ping_pong(rounds: int, first_day: int = 1) -> list[dict[str, Any]]:
    """The buyer asks and we answer, day by day."""
    told = []
    for number in range(first_day, first_day + rounds):
        told += [
            inbound(number, f"in-{number}", "Question"),
            outbound(number + 0.1, f"out-{number}", "Re: Question", in_reply_to=f"in-{number}"),
        ]
    return told


def watched(told: Iterable[dict[str, Any]], deal_id: str = "D-1", rules: Rules = RULES) -> Watched:
    """The deal with these events."""
    deal = Watched(Deal(deal_id, rules))
    for each in told:
        deal = deal.apply(events.parse(orjson.dumps(each | {"subject": deal_id})))
    return deal


class Shelf:
    """Views of some deals, as a worker would give them."""

    def __init__(self, as_of: datetime = A_WEEK_ON, coverage: Coverage | None = None) -> None:
        self.deals: dict[str, Watched] = {}
        self.told: dict[str, Answer] = {}
        self.as_of = as_of
        self.coverage = coverage
        self.complaint: str | None = None
        self.unready: str | None = None
        self.problem: str | None = None
        self.reloads = 0
        self.other: str | None = None
        self.workers: list[str] = []

    def add(self, deal_id: str, *told: dict[str, Any]) -> Answer:
        """Put a deal on it."""
        self.deals[deal_id] = watched(told, deal_id)
        return self.renew(deal_id)

    def renew(self, deal_id: str) -> Answer:
        """Judge a deal anew."""
        self.told[deal_id] = answer(self.deals[deal_id], self.as_of, self.coverage)
        return self.told[deal_id]

    def answers(self) -> Iterable[Answer]:
        return self.told.values()

    def now(self) -> datetime | None:
        return self.as_of

    def answer(self, deal_id: str) -> Answer | None:
        return self.told.get(deal_id)

    def watched(self, deal_id: str) -> Watched | None:
        return self.deals.get(deal_id)

    def elsewhere(self, deal_id: str) -> str | None:
        return self.other

    def others(self) -> list[str]:
        return self.workers

    def metrics(self) -> bytes:
        return b"# HELP up 1\n"

    def health(self) -> str | None:
        return self.complaint

    def readiness(self) -> str | None:
        return self.unready

    def rules(self) -> Rules:
        return RULES

    async def reload(self) -> str | None:
        self.reloads += 1
        return self.problem

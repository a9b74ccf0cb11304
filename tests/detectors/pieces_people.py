"""What happens with the people of a deal and with its dates, for lives: they come, take part, change and leave."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.detectors.builders import MONDAY, REP, on

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

PEOPLE = ["buyer@them.example", "user@them.example", "boss@them.example", "newcomer@them.example"]
LAST_DAY = 100


def _moments() -> st.SearchStrategy[datetime]:
    return st.integers(0, LAST_DAY * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


@st.composite
def _departure(draw: st.DrawFn) -> Piece:
    """Somebody has a part, writes perhaps, and leaves; another follows, or they were not gone after all."""
    known, gap = draw(_moments()), timedelta(hours=draw(st.integers(0, 400)))
    who, next_one = draw(st.permutations(PEOPLE))[:2]
    parts: list[dict[str, Any]] = [
        {"roles": ["champion"]},
        {"roles": ["economic_buyer", "legal"]},
        {"title": "CEO"},
        {},
    ]
    part, writes = draw(st.sampled_from(parts)), draw(st.booleans())
    after = draw(st.sampled_from(["is met", "has the roles", "comes back", None, None, None]))

    def tell(life: _Life) -> None:
        life.tell("crm.contact.changed", known, email=who, **part)
        if writes:
            life.mail(known + gap / 2, who, REP)
        life.tell("crm.contact.changed", known + gap, email=who, left=True)
        if after == "is met":
            life.mail(known + 2 * gap, next_one, REP)
        elif after == "has the roles":
            life.tell("crm.contact.changed", known + 2 * gap, email=next_one, **part)
        elif after == "comes back":
            life.tell("crm.contact.changed", known + 2 * gap, email=who, left=False)

    return tell


@st.composite
def _newcomer(draw: st.DrawFn) -> Piece:
    """Somebody with power joins; we learn it sooner or later, and meet them or don't."""
    joined, learned = draw(st.integers(-60, LAST_DAY)), draw(_moments())
    powers: list[dict[str, Any]] = [{"title": "CFO"}, {"executive": True}]
    who, power = draw(st.sampled_from(PEOPLE[2:])), draw(st.sampled_from(powers))
    gap, meets = timedelta(hours=draw(st.integers(0, 800))), draw(st.sampled_from(["writes", "meeting", None]))

    def tell(life: _Life) -> None:
        life.tell("crm.contact.changed", learned, email=who, joined_on=on(joined), **power)
        if meets == "writes":
            life.mail(learned + gap, who, REP)
        elif meets == "meeting":
            meeting: dict[str, Any] = {"meeting_id": f"meet-{who}", "attendees": [REP, who], "organizer": REP}
            starts = (learned + gap).isoformat()
            life.tell("activity.meeting", learned, status="booked", starts_at=starts, **meeting)

    return tell


@st.composite
def _workshop(draw: st.DrawFn) -> Piece:
    """Some of them meet us, once or a few times; the CRM knows them as users or as buyers."""
    start, times = draw(_moments()), draw(st.integers(1, 3))
    gap = timedelta(hours=draw(st.integers(1, 1_500)))
    people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True))
    roles = draw(st.sampled_from([["end_user"], ["procurement"], ["decision_maker"], None]))
    stage = draw(st.sampled_from(["Proposal", "Negotiation", None]))

    def tell(life: _Life) -> None:
        if roles is not None:
            life.tell("crm.contact.changed", start, email=people[0], roles=roles)
        for number in range(times):
            life.tell(
                "activity.meeting",
                start + number * gap,
                meeting_id=f"workshop-{len(life.events)}",
                status="held",
                organizer=REP,
                attendees=[REP, *people],
            )
        if stage is not None:
            life.tell("crm.deal.changed", start + gap, stage=stage)

    return tell


@st.composite
def _quarters(draw: st.DrawFn) -> Piece:
    """The close date leaves its quarter, and comes back or goes on."""
    start, close = draw(_moments()), draw(st.integers(1, LAST_DAY))
    moves = draw(st.lists(st.sampled_from([-95, 40, 95, 190]), min_size=1, max_size=4))
    gap = timedelta(hours=draw(st.integers(0, 500)))

    def tell(life: _Life) -> None:
        day = close
        life.tell("crm.deal.changed", start, close_date=on(day))
        for number, move in enumerate(moves, start=1):
            day += move
            life.tell("crm.deal.changed", start + number * gap, close_date=on(day))

    return tell


@st.composite
def _filled_in(draw: st.DrawFn) -> Piece:
    """What the deal lacked is filled in, and perhaps taken away again."""
    moment, gap = draw(_moments()), timedelta(hours=draw(st.integers(1, 400)))
    taken_away = draw(st.sampled_from([None, "amount", "close_date"]))

    def tell(life: _Life) -> None:
        life.tell("crm.deal.changed", moment, amount=50_000, currency="EUR", close_date=on(LAST_DAY))
        life.tell("crm.contact.changed", moment, email=PEOPLE[0], name="Eva Lund", roles=["champion", "economic_buyer"])
        if taken_away is not None:
            life.tell("crm.deal.changed", moment + gap, **{taken_away: None})

    return tell


PIECES = [_departure(), _newcomer(), _workshop(), _quarters(), _filled_in()]

"""Pieces of lives that are told in parts: meetings, calls and milestones of which each event says only what changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.detectors.builders import COLLEAGUE, MONDAY, REP, on

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

USER, BOSS = "user@them.example", "boss@them.example"
DAYS = 100


def _moments() -> st.SearchStrategy[datetime]:
    """Hours of a hundred days, so that some coincide."""
    return st.integers(0, DAYS * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


@st.composite
def _words(draw: st.DrawFn, kind: str, name: str, sure: dict[str, Any], perhaps: dict[str, Any]) -> Piece:
    """A few words on the same thing, in any order, each with some of its fields."""
    words = draw(st.lists(st.tuples(_moments(), st.fixed_dictionaries(sure, optional=perhaps)), min_size=1, max_size=4))
    named = {name: draw(st.sampled_from(["one", "two"]))}

    def tell(life: _Life) -> None:
        for moment, fields in words:
            life.tell(kind, moment, **named, **fields)

    return tell


def _people() -> st.SearchStrategy[list[str] | None]:
    return st.sampled_from([None, [], [REP, COLLEAGUE], [REP, USER], [REP, BOSS]])


def _days() -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), st.integers(0, 150).map(on))


PIECES = [
    _words(
        "activity.meeting",
        "meeting_id",
        {"status": st.sampled_from(["booked", "booked", "held", "held", "cancelled", "no_show"])},
        {
            "starts_at": _days().map(lambda day: day and f"{day}T09:00:00Z"),
            "organizer": st.sampled_from([REP, USER, None]),
            "attendees": _people(),
            "kind": st.sampled_from(["demo", "discovery", None]),
        },
    ),
    _words(
        "activity.call",
        "call_id",
        {"direction": st.sampled_from(["inbound", "outbound", "outbound"])},
        {"with": _people(), "connected": st.sampled_from([True, False, None])},
    ),
    _words(
        "crm.milestone.changed",
        "milestone_id",
        {},
        {"due": _days(), "done": st.booleans(), "title": st.sampled_from(["pilot", None])},
    ),
]

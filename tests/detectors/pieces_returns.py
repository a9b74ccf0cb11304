"""Pieces of lives in which something is so, is not, and is so again: what was over comes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.detectors.builders import MONDAY, REP, on

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

BOSS = "boss@them.example"
LAST_DAY = 100


def _moments(first: int = 0) -> st.SearchStrategy[datetime]:
    return st.integers(first * 24, LAST_DAY * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


def _gaps() -> st.SearchStrategy[list[timedelta]]:
    """Between one turn and the next; some turns fall into one moment."""
    hours = st.one_of(st.integers(0, 48), st.integers(0, 1_000))
    return st.lists(hours.map(lambda each: timedelta(hours=each)), min_size=1, max_size=4)


@st.composite
def _undone(draw: st.DrawFn) -> Piece:
    """A milestone is done and undone, or dated there and back."""
    start, gaps, name = draw(_moments()), draw(_gaps()), draw(st.sampled_from(["pilot", "review"]))
    due = on((start - MONDAY).days + draw(st.integers(-5, 20)))
    there, back = draw(
        st.sampled_from(
            [
                ({"done": True}, {"done": False}),
                ({"due": on(LAST_DAY + 50)}, {"due": due}),
                ({"due": None}, {"due": due}),
            ]
        )
    )

    def tell(life: _Life) -> None:
        life.tell("crm.milestone.changed", start, milestone_id=name, due=due, done=False)
        at = start
        for turn, gap in enumerate(gaps):
            at += gap
            life.tell("crm.milestone.changed", at, milestone_id=name, **(back if turn % 2 else there))

    return tell


@st.composite
def _power(draw: st.DrawFn) -> Piece:
    """Somebody is met, and is an executive, no executive, and one again."""
    start, gaps, met = draw(_moments()), draw(_gaps()), draw(_moments())
    power, none = draw(
        st.sampled_from(
            [
                ({"title": "CEO"}, {"title": "Clerk"}),
                ({"executive": True}, {"executive": False}),
                ({"roles": ["champion", "decision_maker"]}, {"roles": []}),
            ]
        )
    )

    def tell(life: _Life) -> None:
        life.mail(met, BOSS, REP)
        at = start
        for turn, gap in enumerate(gaps):
            at += gap
            life.tell("crm.contact.changed", at, email=BOSS, **(none if turn % 2 else power))

    return tell


@st.composite
def _to_and_fro(draw: st.DrawFn) -> Piece:
    """A field of the deal takes one value and the other, in turn."""
    start, gaps = draw(_moments()), draw(_gaps())
    close, step = draw(st.integers(0, LAST_DAY)), draw(st.integers(1, 60))
    turns: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"close_date": on(close)}, {"close_date": on(close + step)}),
        ({"close_date": on(close)}, {"close_date": None}),
        ({"status": "lost"}, {"status": "open"}),
        ({"status": "won"}, {"status": None}),
        ({"budget": "confirmed", "need": "critical"}, {"budget": "none", "need": "important"}),
        ({"stage": "Negotiation"}, {"stage": "Demo"}),
        ({"amount": 50_000}, {"amount": None}),
        ({"amount": 50_000}, {"amount": 20_000}),
        ({"deadline": on(close)}, {"deadline": None}),
        ({"next_step_date": on(close)}, {"next_step_date": on(close + step)}),
        ({"forecast_category": "commit"}, {"forecast_category": "pipeline"}),
        ({"account": {"fit": "good"}}, {"account": {"fit": "poor"}}),
        ({"owner": REP}, {"owner": None}),
    ]
    one, other = draw(st.sampled_from(turns))

    def tell(life: _Life) -> None:
        at = start
        for turn, gap in enumerate(gaps):
            life.tell("crm.deal.changed", at, **(other if turn % 2 else one))
            at += gap

    return tell


PIECES = [_undone(), _power(), _to_and_fro()]

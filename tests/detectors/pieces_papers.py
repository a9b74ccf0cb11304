"""Pieces of lives about money, need and papers: what is qualified, offered, forecast, cut, and said in passing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.detectors.builders import MONDAY, REP, on

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

BUYER = "buyer@them.example"
LAST_DAY = 100


def moments() -> st.SearchStrategy[datetime]:
    """Hours of a hundred days, so that some coincide."""
    return st.integers(0, LAST_DAY * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


@st.composite
def _qualified(draw: st.DrawFn) -> Piece:
    """Money, need, date and fit are told, each a few times, mostly better than before."""
    field, values = draw(
        st.sampled_from(
            [
                ("budget", ["unknown", "none", "confirmed", None]),
                ("need", ["unknown", "interesting", "important", "critical", "critical"]),
                ("deadline", [on(20), on(60), on(200), None]),
                ("account", [{"fit": "poor"}, {"fit": "poor"}, {"fit": "good"}, {"fit": "unknown"}, None]),
            ]
        )
    )
    told = draw(st.lists(st.tuples(moments(), st.sampled_from(values)), min_size=2, max_size=4))

    def tell(life: _Life) -> None:
        for moment, value in told:
            life.tell("crm.deal.changed", moment, **{field: value})

    return tell


@st.composite
def _offer(draw: st.DrawFn) -> Piece:
    """A paper is sent, perhaps again, and perhaps looked at after some days."""
    start, again = draw(moments()), draw(st.booleans())
    kind = draw(st.sampled_from(["proposal", "quote"]))
    end = draw(st.sampled_from(["viewed", "signed", "declined", None]))
    gap = timedelta(hours=draw(st.integers(0, 400)))

    def tell(life: _Life) -> None:
        paper = {"document_id": f"paper{len(life.events)}", "kind": kind, "to": [BUYER]}
        life.tell("activity.document", start, status="sent", **paper)
        if again:
            life.tell("activity.document", start + gap / 2, status="sent", **paper)
        if end is not None:
            life.tell("activity.document", start + gap, status=end, **paper)

    return tell


@st.composite
def _forecast(draw: st.DrawFn) -> Piece:
    """The forecast goes up, and sometimes down again."""
    told = draw(
        st.lists(
            st.tuples(moments(), st.sampled_from(["commit", "commit", "best_case", "pipeline", None])),
            min_size=1,
            max_size=3,
        )
    )

    def tell(life: _Life) -> None:
        for moment, category in told:
            life.tell("crm.deal.changed", moment, forecast_category=category)

    return tell


@st.composite
def _cuts(draw: st.DrawFn) -> Piece:
    """The amount falls again and again, and sometimes comes back."""
    start, peak = draw(moments()), draw(st.integers(1, 10**6))
    percents = draw(st.lists(st.sampled_from([30, 50, 75, 80, 95, 99, 100, 120]), min_size=1, max_size=4))
    gap = timedelta(hours=draw(st.integers(0, 400)))
    currency = draw(st.sampled_from([{}, {}, {"currency": "EUR"}, {"currency": "USD"}]))

    def tell(life: _Life) -> None:
        life.tell("crm.deal.changed", start, amount=peak)
        for number, percent in enumerate(percents, start=1):
            life.tell("crm.deal.changed", start + number * gap, amount=peak * percent / 100, **currency)

    return tell


@st.composite
def _flags(draw: st.DrawFn) -> Piece:
    """They say it in passing; sometimes it is we who do, or a machine."""
    start, gap = draw(moments()), timedelta(hours=draw(st.integers(0, 500)))
    words = draw(
        st.lists(
            st.sampled_from(["It is on hold.", "Our lawyers ask.", "A budget freeze.", "Other vendors too.", "Fine."]),
            min_size=1,
            max_size=3,
        )
    )
    sender, to = draw(st.sampled_from([(BUYER, REP), (BUYER, REP), (REP, BUYER)]))
    automatic = draw(st.integers(0, 4)) == 0

    def tell(life: _Life) -> None:
        for number, snippet in enumerate(words):
            life.mail(start + number * gap, sender, to, snippet=snippet, automatic=automatic)

    return tell


@st.composite
def _doomed(draw: st.DrawFn) -> Piece:
    """It comes to the later stages and nothing is known; the need may turn critical at last, or an end be made."""
    start = draw(moments())
    later = timedelta(days=draw(st.integers(1, 120)))
    end = draw(
        st.sampled_from([{"need": "critical"}, {"status": "lost"}, {"stage": "Discovery"}, {"need": "important"}])
    )

    def tell(life: _Life) -> None:
        life.tell("crm.deal.changed", start, stage="Negotiation", close_date=on(LAST_DAY), need="interesting")
        life.tell("crm.deal.changed", start + later, **end)

    return tell


PIECES = [_qualified(), _offer(), _forecast(), _cuts(), _flags(), _doomed()]

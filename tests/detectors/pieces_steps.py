"""Pieces of lives about plans and stages, and about what was known when it was shown and offered."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.detectors.builders import BUYER, MONDAY, REP, STAGES, on

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

DAYS = 100


def moments() -> st.SearchStrategy[datetime]:
    """Hours of a hundred days, so that some coincide."""
    return st.integers(0, DAYS * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


def _day_of(moment: datetime, ahead: int) -> str:
    return on((moment - MONDAY).days + ahead)


@st.composite
def _same_step(draw: st.DrawFn) -> "Piece":
    """A next step is named and dated, and dated anew; sometimes it is another one in between, or none."""
    start, times = draw(moments()), draw(st.integers(1, 6))
    gap, ahead = draw(st.integers(0, 300)), draw(st.integers(-2, 12))
    others = draw(st.sampled_from([[], [], [2], [3], [4]]))
    other = draw(st.sampled_from(["call the CFO", "SEND  pricing", "", None]))
    steps = draw(st.sampled_from([-3, 0, 4, 7]))

    def tell(life: "_Life") -> None:
        for number in range(times):
            moment = start + number * timedelta(hours=gap)
            words = {"next_step": "Send pricing"} if number == 0 else {"next_step": other} if number in others else {}
            life.tell(
                "crm.deal.changed", moment, next_step_date=on((start - MONDAY).days + ahead + number * steps), **words
            )

    return tell


@st.composite
def _plan(draw: st.DrawFn) -> "Piece":
    """A close plan of a few milestones; some are done in time, some late, some moved, some never."""
    start, count = draw(moments()), draw(st.integers(1, 3))
    dues = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    ends = draw(st.lists(st.sampled_from(["done", "moved", "undated", None]), min_size=count, max_size=count))
    late = draw(st.integers(-200, 400))
    close = draw(st.one_of(st.none(), st.integers(0, 60)))

    def tell(life: "_Life") -> None:
        if close is not None:
            life.tell("crm.deal.changed", start, close_date=_day_of(start, close))
        for number, (due, end) in enumerate(zip(dues, ends, strict=True)):
            name = f"step {number}"
            life.tell("crm.milestone.changed", start, milestone_id=name, due=_day_of(start, due), side="buyer")
            over = max(start, start + timedelta(days=due, hours=late))
            if end is not None:
                news = {"done": {"done": True}, "moved": {"due": _day_of(over, 9)}, "undated": {"due": None}}[end]
                life.tell("crm.milestone.changed", over, milestone_id=name, **news)

    return tell


@st.composite
def _stages(draw: st.DrawFn) -> "Piece":
    """The deal goes through stages, forward and back, some that the rules do not know."""
    start, gap = draw(moments()), draw(st.integers(0, 400))
    path = draw(st.lists(st.sampled_from([*STAGES, STAGES[2].upper(), "Legal"]), min_size=2, max_size=5))

    def tell(life: "_Life") -> None:
        for number, stage in enumerate(path):
            life.tell("crm.deal.changed", start + number * timedelta(hours=gap), stage=stage)

    return tell


@st.composite
def _shown_and_offered(draw: st.DrawFn) -> "Piece":
    """A demo and a proposal; what must be known for them is learned before, after, or never."""
    start, gap = draw(moments()), draw(st.integers(0, 200))
    order = draw(
        st.lists(
            st.sampled_from(["discovery", "demo", "need", "budget", "boss", "proposal", "proposal", "nothing"]),
            min_size=2,
            max_size=6,
        )
    )

    def tell(life: "_Life") -> None:
        for number, what in enumerate(order):
            moment = start + number * timedelta(hours=gap)
            match what:
                case "discovery" | "demo":
                    life.tell(
                        "activity.meeting",
                        moment,
                        meeting_id=f"{what}{number}",
                        status="held",
                        kind=what,
                        organizer=REP,
                        attendees=[REP, BUYER],
                    )
                case "need":
                    life.tell("crm.deal.changed", moment, need="important")
                case "budget":
                    life.tell("crm.deal.changed", moment, budget="confirmed")
                case "boss":
                    life.tell("crm.contact.changed", moment, email="boss@them.example", title="CFO")
                    life.mail(moment, "boss@them.example", REP)
                case "proposal":
                    life.tell(
                        "activity.document", moment, document_id="offer", kind="proposal", status="sent", to=[BUYER]
                    )
                case _:
                    life.tell("crm.deal.changed", moment, need="unknown", budget=None)

    return tell


@st.composite
def _grows_old(draw: st.DrawFn) -> "Piece":
    """A deal that drags on, and is closed at last or moves on once more."""
    end = MONDAY + timedelta(days=draw(st.integers(25, 200)))
    fields = draw(
        st.sampled_from([{"status": "won"}, {"status": "lost"}, *({"stage": stage} for stage in STAGES), {"amount": 9}])
    )
    return lambda life: life.tell("crm.deal.changed", end, **fields)


PIECES = [_same_step(), _plan(), _stages(), _shown_and_offered(), _grows_old()]

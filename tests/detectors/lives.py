"""Whole deal lives for Hypothesis, made of pieces that happen in sales: a thread, a chase, a push, a meeting, a pause.

A life is a list of events of one deal, in order of time, with ids that tell them apart; sometimes an event is told anew
with another content under the same id.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from detectors.core.deal import MOST_TOUCHES
from detectors.core.events import DealChanged, Event
from tests.detectors import pieces_returns
from tests.detectors.builders import COLLEAGUE, MONDAY, REP, STAGES, event, on

BUYERS = ["buyer@them.example", "user@them.example", "boss@them.example"]
LAST_DAY = 100


@dataclass
class _Life:
    """What has been told so far, and in which thread."""

    events: list[Event] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    def tell(self, kind: str, moment: datetime, /, **fields: Any) -> None:
        self.events.append(event("life", f"e{len(self.events)}", kind, moment, "D-1", **fields))

    def mail(self, moment: datetime, sender: str, to: str, answers: str | None = None, **fields: Any) -> str:
        message_id = f"<m{len(self.mails)}@mail.example>"
        self.mails.append(message_id)
        thread = {} if answers is None else {"in_reply_to": answers}
        self.tell(
            "activity.email",
            moment,
            message_id=message_id,
            **{"from": sender},
            to=[to],
            **{"subject": "talk", **thread, **fields},
        )
        return message_id


Piece = Callable[[_Life], None]


def moments() -> st.SearchStrategy[datetime]:
    """Hours of a hundred days, so that some coincide."""
    return st.integers(0, LAST_DAY * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


@st.composite
def _thread(draw: st.DrawFn) -> Piece:
    """They ask and we answer, a few times; or the other way round."""
    start, turns = draw(moments()), draw(st.integers(1, 5))
    gap = timedelta(hours=draw(st.integers(1, 60)))
    buyer, they_open, automatic = draw(st.sampled_from(BUYERS)), draw(st.booleans()), draw(st.booleans())

    def tell(life: _Life) -> None:
        at, before = start, None
        for turn in range(2 * turns):
            inbound = (turn % 2 == 0) == they_open
            sender, to = (buyer, REP) if inbound else (REP, buyer)
            before = life.mail(at, sender, to, before, **({"automatic": True} if automatic and turn == 1 else {}))
            at += gap

    return tell


@st.composite
def _chase(draw: st.DrawFn) -> Piece:
    """We write or call again and again."""
    start, times = draw(moments()), draw(st.integers(1, 5))
    gap = timedelta(hours=draw(st.integers(0, 100)))
    buyer, by_phone = draw(st.sampled_from(BUYERS)), draw(st.booleans())

    def tell(life: _Life) -> None:
        for number in range(times):
            if by_phone:
                life.tell(
                    "activity.call",
                    start + number * gap,
                    call_id=f"c{len(life.events)}",
                    direction="outbound",
                    **{"with": [buyer]},
                )
            else:
                life.mail(start + number * gap, REP, buyer)

    return tell


@st.composite
def _pushes(draw: st.DrawFn) -> Piece:
    """The close date moves, mostly later."""
    start, times = draw(moments()), draw(st.integers(1, 4))
    # with a quarter in between, the third comes as the first ages out
    gap, close = draw(st.one_of(st.integers(0, 500), st.just(90 * 24))), draw(st.integers(1, LAST_DAY))
    step = draw(st.sampled_from([-10, 0, 10, 20, 35]))
    cleared = draw(st.integers(0, 9)) == 0

    def tell(life: _Life) -> None:
        for number in range(times):
            day = None if cleared and number == 1 else on(close + number * step)
            life.tell("crm.deal.changed", start + number * timedelta(hours=gap), close_date=day)

    return tell


@st.composite
def _meeting(draw: st.DrawFn) -> Piece:
    """A meeting is booked and held, missed, moved, called off, or nothing more is heard of it."""
    start = draw(moments())
    ahead, later = draw(st.integers(0, 400)), draw(st.integers(0, 500))
    end = draw(st.sampled_from(["held", "cancelled", "no_show", "booked", None]))
    people = draw(st.sampled_from([[], [REP, COLLEAGUE], [REP, BUYERS[0]], [REP, BUYERS[2]]]))
    organizer = draw(st.sampled_from([REP, BUYERS[0], None]))

    def tell(life: _Life) -> None:
        fields: dict[str, Any] = {"meeting_id": f"m{len(life.events)}", "attendees": people, "organizer": organizer}
        starts = (start + timedelta(hours=ahead)).isoformat()
        life.tell("activity.meeting", start, status="booked", starts_at=starts, **fields)
        if end is not None:
            life.tell("activity.meeting", start + timedelta(hours=later), status=end, starts_at=starts, **fields)

    return tell


@st.composite
def _boss(draw: st.DrawFn) -> Piece:
    """Somebody with power is named, and writes."""
    known, writes = draw(moments()), draw(moments())
    power = draw(st.sampled_from([{"title": "CEO"}, {"executive": True}, {"roles": ["decision_maker"]}]))

    def tell(life: _Life) -> None:
        life.tell("crm.contact.changed", known, email=BUYERS[2], **power)
        life.mail(writes, BUYERS[2], REP)

    return tell


@st.composite
def _word(draw: st.DrawFn) -> Piece:
    """The CRM's word on the deal, a person, a milestone; a document; a verdict."""
    moment = draw(moments())
    day = st.one_of(st.none(), st.integers(-10, LAST_DAY).map(on))
    deal_fields: dict[str, st.SearchStrategy[Any]] = {
        "stage": st.sampled_from([*STAGES, "Legal", None]),
        "status": st.sampled_from(["open", "open", "won", "lost", None]),
        "amount": st.one_of(st.none(), st.integers(0, 10**6)),
        "owner": st.sampled_from([REP, COLLEAGUE]),
        "next_step_date": day,
        "paused_until": day,
        "close_date": day,
    }
    kind, fields = draw(
        st.one_of(
            st.tuples(st.just("crm.deal.changed"), st.fixed_dictionaries({}, optional=deal_fields)),
            st.tuples(
                st.just("crm.contact.changed"),
                st.fixed_dictionaries(
                    {"email": st.sampled_from(BUYERS)},
                    optional={
                        "title": st.sampled_from(["CEO", "Clerk", None]),
                        "executive": st.sampled_from([True, False, None]),
                        "roles": st.sampled_from([["economic_buyer"], ["end_user"], [], None]),
                    },
                ),
            ),
            st.tuples(
                st.just("crm.milestone.changed"),
                st.fixed_dictionaries(
                    {"milestone_id": st.sampled_from(["pilot", "review"])}, optional={"due": day, "done": st.booleans()}
                ),
            ),
            st.tuples(
                st.just("activity.document"),
                st.fixed_dictionaries(
                    {
                        "document_id": st.sampled_from(["one", "two"]),
                        "kind": st.sampled_from(["proposal", "contract"]),
                        "status": st.sampled_from(["sent", "viewed", "signed"]),
                    }
                ),
            ),
            st.tuples(
                st.just("activity.call"),
                st.fixed_dictionaries(
                    {
                        "call_id": st.just("call"),
                        "direction": st.sampled_from(["inbound", "outbound"]),
                        "with": st.lists(st.sampled_from([*BUYERS, COLLEAGUE]), max_size=2),
                    },
                    optional={"connected": st.booleans()},
                ),
            ),
            st.tuples(
                st.just("activity.email"),
                st.fixed_dictionaries(
                    {
                        "message_id": st.sampled_from(
                            ["<m0@mail.example>", "<m1@mail.example>", "<other@mail.example>"]
                        ),
                        "in_reply_to": st.sampled_from(
                            ["<m0@mail.example>", "<m1@mail.example>", "<unseen@mail.example>", ""]
                        ),
                        "from": st.sampled_from([*BUYERS, REP]),
                        "to": st.lists(st.sampled_from([*BUYERS, REP, COLLEAGUE]), max_size=3),
                        "automatic": st.booleans(),
                    },
                    optional={"returns_on": day},
                ),
            ),
            st.tuples(st.just("finding.feedback"), st.just({"detector": "ghosted", "verdict": "noise"})),
        )
    )
    return lambda life: life.tell(kind, moment, **fields)


@cache
def _pieces() -> list[st.SearchStrategy[Piece]]:
    """Those above, and those of each family of detectors in the files beside this one."""
    found: list[st.SearchStrategy[Piece]] = [_thread(), _thread(), _chase(), _pushes(), _meeting(), _boss(), _word()]
    for file in sorted(Path(__file__).parent.glob("pieces_*.py")):
        found += import_module(f"tests.detectors.{file.stem}").PIECES
    return found


@st.composite
def lives(draw: st.DrawFn, corrections: bool = True, most: int = 6, returns: bool = False) -> list[Event]:
    """Events of one deal, in order of time; with `corrections`, some are told anew under the same id.

    Some of the CRM's words on the deal are written in bulk. With `returns`, something surely is so, is not, and is so
    again.
    """
    life = _Life()
    life.tell(
        "crm.deal.changed",
        MONDAY,
        owner=REP,
        stage=draw(st.sampled_from(STAGES)),
        close_date=on(draw(st.integers(1, 90))),
    )
    pieces = draw(st.lists(st.one_of(_pieces()), min_size=1, max_size=most))
    if returns:
        pieces.append(draw(st.one_of(pieces_returns.PIECES)))
    for piece in pieces:
        told = list(life.events)
        piece(life)
        # a deal remembers so many touches exactly, and the laws hold within that
        if sum(each.type.startswith("activity.") for each in life.events) > MOST_TOUCHES:
            life.events[:] = told
    for number in draw(st.sets(st.integers(0, 30), max_size=4)):
        if number < len(life.events) and isinstance(life.events[number], DealChanged):
            life.events[number] = life.events[number].model_copy(update={"bulk": True})
    if corrections and draw(st.integers(0, 3)) == 0:
        old, new = draw(st.sampled_from(life.events)), draw(st.sampled_from(life.events))
        life.events.append(new.model_copy(update={"id": old.id}))
    return sorted(life.events, key=lambda each: (each.time, each.ref))


def shuffled(events: list[Event], seed: int) -> list[Event]:
    """The same in another order, and some of them two or three times."""
    order = random.Random(seed)
    more = events + order.choices(events, k=order.randint(0, len(events)))
    order.shuffle(more)
    return more

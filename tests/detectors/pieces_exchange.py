"""Pieces of lives in which the exchange itself stalls: slow, cooling, owed, stormy, one-sided, busy without a move."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.detectors.builders import MONDAY, REP

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

USERS = ["buyer@them.example", "user@them.example"]
CHAMPION = "fan@them.example"
DAYS = 60
# a deal remembers 48 touches exactly, and the laws hold of what it remembers: leave room for the other pieces
MOST_TOUCHES = 30


def _has_room(life: _Life, touches: int) -> bool:
    told = sum(each.type in ("activity.email", "activity.call", "activity.meeting") for each in life.events)
    return told + touches <= MOST_TOUCHES


def _moments() -> st.SearchStrategy[datetime]:
    """Hours of the first weeks, so that some coincide and there is time left to stall."""
    return st.integers(0, DAYS * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


@st.composite
def _slower(draw: st.DrawFn) -> Piece:
    """They answer a few mails of ours, each in its time, and the last one not, or late."""
    start, turns = draw(_moments()), draw(st.integers(4, 5))
    pace, gap = timedelta(hours=draw(st.integers(0, 20))), timedelta(hours=draw(st.integers(21, 60)))
    last = draw(st.sampled_from([None, timedelta(days=2), timedelta(days=9)]))

    def tell(life: _Life) -> None:
        if not _has_room(life, 2 * turns + 2):
            return
        for turn in range(turns):
            ours = life.mail(start + turn * gap, REP, USERS[0])
            life.mail(start + turn * gap + pace, USERS[0], REP, ours)
        ours = life.mail(start + turns * gap, REP, USERS[0])
        if last is not None:
            life.mail(start + turns * gap + last, USERS[0], REP, ours)

    return tell


@st.composite
def _cooler(draw: st.DrawFn) -> Piece:
    """They write every day or so, and then hardly any more, or again after a while."""
    start, times = draw(_moments()), draw(st.integers(6, 8))
    gap = timedelta(hours=draw(st.integers(4, 60)))
    later = draw(st.lists(st.integers(1, 40), max_size=4))

    def tell(life: _Life) -> None:
        if not _has_room(life, times + len(later)):
            return
        for turn in range(times):
            life.mail(start + turn * gap, USERS[turn % 2], REP)
        for days in later:
            life.mail(start + (times - 1) * gap + timedelta(days=days), USERS[0], REP)

    return tell


@st.composite
def _champion(draw: st.DrawFn) -> Piece:
    """A champion is named, writes or meets us, and may be champion no more."""
    named, writes, ends = draw(_moments()), draw(st.one_of(st.none(), _moments())), draw(_moments())
    end = draw(st.sampled_from([None, None, {"roles": []}, {"left": True}]))
    noted = draw(st.booleans())

    def tell(life: _Life) -> None:
        life.tell("crm.contact.changed", named, email=CHAMPION, roles=["champion"], name="Fan")
        if writes is not None and noted:
            life.mail(writes, CHAMPION, REP)
        elif writes is not None:
            life.tell("activity.meeting", writes, meeting_id=f"m{len(life.events)}", status="held")
        if end is not None:
            life.tell("crm.contact.changed", ends, email=CHAMPION, **end)

    return tell


@st.composite
def _owed(draw: st.DrawFn) -> Piece:
    """They write once or twice; we answer by mail, with a document or with a date, or not at all."""
    start, times = draw(_moments()), draw(st.integers(1, 3))
    gap, later = timedelta(hours=draw(st.integers(1, 60))), timedelta(hours=draw(st.integers(0, 200)))
    how = draw(st.sampled_from([None, "mail", "document", "meeting"]))

    def tell(life: _Life) -> None:
        theirs = ""
        for turn in range(times):
            theirs = life.mail(start + turn * gap, USERS[1], REP)
        at = start + later
        if how == "mail":
            life.mail(at, REP, USERS[1], theirs)
        elif how == "document":
            name = f"d{len(life.events)}"
            life.tell("activity.document", at, document_id=name, kind="quote", status="sent")
        elif how == "meeting":
            starts = (at + timedelta(days=2)).isoformat()
            name = f"m{len(life.events)}"
            life.tell("activity.meeting", at, meeting_id=name, status="booked", starts_at=starts, organizer=REP)

    return tell


@st.composite
def _storm(draw: st.DrawFn) -> Piece:
    """They open one thread after another, and we answer some of them; a stage may be left in between."""
    start, threads = draw(_moments()), draw(st.integers(4, 6))
    # with a week in between, the fourth comes as the first ages out
    gap = timedelta(hours=draw(st.one_of(st.integers(0, 90), st.sampled_from([126, 168]))))
    answered = draw(st.booleans())
    stage = draw(st.sampled_from([None, None, "Proposal"]))

    def tell(life: _Life) -> None:
        if not _has_room(life, 2 * threads):
            return
        for turn in range(threads):
            theirs = life.mail(start + turn * gap, USERS[turn % 2], REP)
            if answered and turn % 2:
                life.mail(start + turn * gap, REP, USERS[turn % 2], theirs)
        if stage is not None:
            life.tell("crm.deal.changed", start + 2 * gap, stage=stage)

    return tell


@st.composite
def _push(draw: st.DrawFn) -> Piece:
    """We write again and again, in threads old and new, and they say little."""
    start, times = draw(_moments()), draw(st.integers(6, 10))
    gap = timedelta(hours=draw(st.integers(1, 100)))
    words = draw(st.lists(st.integers(0, 12), max_size=3))

    def tell(life: _Life) -> None:
        if not _has_room(life, times + len(words)):
            return
        before = None
        for turn in range(times):
            ours = life.mail(start + turn * gap, REP, USERS[0], before if turn % 2 else None)
            before = ours
        for turn in words:
            life.mail(start + turn * gap, USERS[0], REP)

    return tell


@st.composite
def _busy(draw: st.DrawFn) -> Piece:
    """A talk every few days for weeks, in one stage, and perhaps a move at its end."""
    start, times = draw(_moments()), draw(st.integers(7, 9))
    gap = timedelta(hours=draw(st.integers(60, 160)))
    move = draw(
        st.sampled_from(
            [
                None,
                ("crm.deal.changed", {"stage": "Negotiation"}),
                ("crm.milestone.changed", {"milestone_id": "trial", "done": True}),
                ("crm.contact.changed", {"email": USERS[0], "roles": ["influencer"]}),
            ]
        )
    )
    later = draw(st.integers(0, 20))

    def tell(life: _Life) -> None:
        if not _has_room(life, times):
            return
        for turn in range(times):
            life.tell(
                "activity.call",
                start + turn * gap,
                call_id=f"c{len(life.events)}",
                direction="outbound",
                **{"with": [USERS[0]]},
                connected=turn % 3 > 0,
            )
        if move is not None:
            kind, fields = move
            life.tell(kind, start + times * gap + timedelta(days=later), **fields)

    return tell


PIECES = [_slower(), _cooler(), _champion(), _owed(), _storm(), _push(), _busy()]

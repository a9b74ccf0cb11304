"""Pieces of lives in which mail comes as it does: in a copy for each mailbox, and with its reply headers lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.detectors.builders import COLLEAGUE, MONDAY, REP

if TYPE_CHECKING:
    from tests.detectors.lives import Piece, _Life

BUYERS = ["buyer@them.example", "user@them.example"]
DAYS = 60


def _moments() -> st.SearchStrategy[datetime]:
    return st.integers(0, DAYS * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


@st.composite
def _copies(draw: st.DrawFn) -> Piece:
    """One mail from a few mailboxes, each copy with an id of its own; somebody answers one of them."""
    at, copies = draw(_moments()), draw(st.integers(2, 3))
    inbound, buyer = draw(st.booleans()), draw(st.sampled_from(BUYERS))
    sender, to = (buyer, REP) if inbound else (REP, buyer)
    others = draw(st.lists(st.sampled_from([to, to, to, COLLEAGUE, BUYERS[1]]), min_size=copies, max_size=copies))
    prefixes = draw(st.lists(st.sampled_from(["", "", "RE: ", "Fwd: "]), min_size=copies, max_size=copies))
    answered = draw(st.one_of(st.none(), st.integers(0, copies - 1)))
    gap = timedelta(hours=draw(st.integers(0, 200)), milliseconds=draw(st.sampled_from([0, 0, 400])))
    on_a_thread = draw(st.booleans())

    def tell(life: _Life) -> None:
        before = life.mail(at - timedelta(hours=1), to, sender) if on_a_thread else None
        ids = [
            life.mail(at, sender, other, before, subject=f"{prefix}talk")
            for other, prefix in zip(others, prefixes, strict=True)
        ]
        if answered is not None:
            life.mail(at + gap, to, sender, ids[answered])

    return tell


@st.composite
def _without_headers(draw: st.DrawFn) -> Piece:
    """They ask and we answer, or the other way round, and only the subjects tell."""
    start, turns = draw(_moments()), draw(st.integers(1, 5))
    gap = timedelta(hours=draw(st.one_of(st.integers(0, 60), st.sampled_from([719, 720, 721]))))
    buyers = draw(st.lists(st.sampled_from(BUYERS), min_size=2 * turns, max_size=2 * turns))
    words = draw(st.sampled_from(["talk", "terms"]))
    prefix = draw(st.sampled_from(["Re: ", "AW: RE: ", "Re: Fwd: ", "Fwd: "]))
    they_open = draw(st.booleans())
    with_headers = draw(st.sets(st.integers(1, 2 * turns), max_size=2))

    def tell(life: _Life) -> None:
        at, before = start, None
        for turn, buyer in enumerate(buyers):
            sender, to = (buyer, REP) if (turn % 2 == 0) == they_open else (REP, buyer)
            subject = f"{prefix if turn else ''}{words}"
            before = life.mail(at, sender, to, before if turn in with_headers else None, subject=subject)
            at += gap

    return tell


PIECES = [_copies(), _without_headers()]

"""What is told of deals, made up for tests: answers with findings, and the books that they stand in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from detectors.core.breach import Evidence, Finding
from detectors.core.rules import Rules
from streams.alerting.telling import Telling, ToldDeal
from streams.answer import Answer, to_json
from streams.books import SEPARATOR, Books
from streams.wire import Record

MONDAY = datetime(2026, 3, 9, 16, 2, tzinfo=UTC)
ANN, BOB = "ann@us.example", "bob@us.example"
PLENTY = Rules.of({"alerts": {"per_owner_per_day": 10_000}})


def facts(*texts: str) -> tuple[Evidence, ...]:
    """A fact a day."""
    return tuple(
        Evidence(f"gmail/{number}", MONDAY + timedelta(days=number), text) for number, text in enumerate(texts)
    )


def finding(detector: str = "reply_only", **other: Any) -> Finding:
    """An open warning, unless told otherwise."""
    plain = Finding(
        deal_id="",
        detector=detector,
        state="open",
        severity="warning",
        since=MONDAY,
        critical_from=None,
        until=None,
        evidence=facts("our third reply in a row on 'Re: pricing'"),
        summary="Every touch of ours is a reply",
        clears_when="we make a step of our own",
        owner=None,
        amount=None,
        currency=None,
        rules="",
    )
    return replace(plain, **other)


def answer(deal_id: str, *findings: Finding, owner: str | None = ANN, **other: Any) -> Answer:
    """What is told of an open deal of Ann's, unless told otherwise."""
    plain = Answer(
        deal_id=deal_id,
        as_of=MONDAY,
        name=f"Deal {deal_id}",
        status="open",
        pipeline="default",
        stage="Proposal",
        segment=None,
        owner=owner,
        team="emea",
        amount=48000.0,
        currency="EUR",
        close_date=None,
        rules="",
        findings=findings,
    )
    return replace(plain, **other)


def a_shelf(partition: int = 0, rules: Rules | None = None) -> Books:
    """The books of a partition, nothing in them."""

    def failed(_detector: str, _owner: str, error: Exception) -> None:
        raise error

    in_force = rules or Rules()
    return Books(partition, 1, lambda: in_force, failed)


def told_of(*answers: Answer, **other: Any) -> Telling:
    """Ann is told of all of it, unless told otherwise."""
    return Telling(ANN, deals=tuple(ToldDeal(each, each.stalls) for each in answers if each.is_open), **other)


class Shelf:
    """The books of a worker: each owner's in the partition that the test says. As much is told as there is.

    `time` is the time of events; who sets it later lets another day come.
    """

    def __init__(self, rules: Rules = PLENTY) -> None:
        self.time = MONDAY
        self._rules = rules
        self._books: dict[int, Books] = {}

    def __iter__(self) -> Iterator[Books]:
        return iter(list(self._books.values()))

    def put(self, *answers: Answer, partition: int = 0) -> None:
        """Answers arrive in their owners' books."""
        for told in answers:
            self._record(partition, f"{told.owner}{SEPARATOR}{told.deal_id}", to_json(told))

    def withdraw(self, owner: str, deal_id: str, partition: int = 0) -> None:
        """A deal is taken out of an owner's book."""
        self._record(partition, f"{owner}{SEPARATOR}{deal_id}", None)

    def lose(self, partition: int) -> None:
        """Another worker takes a partition over."""
        del self._books[partition]

    def _record(self, partition: int, key: str, value: bytes | None) -> None:
        book = self._books.setdefault(partition, a_shelf(partition, self._rules))
        book.advance([Record(partition, key.encode(), value)], self.time)

"""Rounds of polling against the inbox of a real Kafka."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from detectors.core.events import Refused
from streams import topics
from streams.publish import Publisher
from streams.settings import Settings
from streams.sources.bookmarks import Bookmarks
from streams.sources.breaker import LEAST
from streams.sources.connection import Batch, Bookmark, Complete, SourceUnavailable
from streams.sources.item import Item, event
from streams.sources.poll import Poll, Round
from tests.conftest import RunningBroker
from tests.streams.kafka_records import read, settings_on

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


@dataclass
class Crm:
    """A source of numbered changes, two a batch; it breaks off where the test says."""

    changes: int
    name: str = "crm"
    source: str = "acme"
    breaks_after: int | None = None
    asked_from: list[int] = field(default_factory=list)

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        first = bookmark.get("next", 0)
        self.asked_from.append(first)
        for number in range(first, self.changes, 2):
            if self.breaks_after is not None and number >= self.breaks_after:
                raise SourceUnavailable("it hung up")
            numbers = range(number, min(number + 2, self.changes))
            yield Batch(tuple(map(self.change, numbers)), {"next": numbers[-1] + 1}, self.changes - first)
        yield Complete(("crm.deal.changed",), now)

    def change(self, number: int) -> Item:
        at = NOW - timedelta(days=1) + timedelta(minutes=number)
        told = event(self.source, f"c-{number}", "crm.deal.changed", at, {"amount": number}, "D-1")
        return Item(f"crm {number}", b"", "change", events=(told,))


def inbox(settings: Settings) -> list[dict[str, Any]]:
    told = [orjson.loads(record.value or b"") for record in read(settings, topics.names(settings)["inbox"])]
    return sorted(told, key=lambda each: str(each["time"]))


def a_round(settings: Settings, folder: Path, *connections: Any) -> list[Round]:
    return Poll(connections, Publisher(settings), Bookmarks(folder)).round(NOW)


def test_a_round_sends_what_is_new_keeps_the_bookmark_and_tells_that_it_is_complete(
    settings: Settings, tmp_path: Path
) -> None:
    crm = Crm(5)
    assert [(each.sent, each.problem) for each in a_round(settings, tmp_path, crm)] == [(5, None)]
    told = inbox(settings)
    assert [each["id"] for each in told[:5]] == [f"c-{n}" for n in range(5)]
    assert (told[5]["type"], told[5]["data"]) == (
        "source.heartbeat",
        {"covers": ["crm.deal.changed"], "through": "2026-03-02T09:00:00Z"},
    )
    crm.changes = 6
    assert [each.sent for each in a_round(settings, tmp_path, crm)] == [1]
    assert [each.sent for each in a_round(settings, tmp_path, crm)] == [0]
    assert crm.asked_from == [0, 5, 6]


def test_a_source_that_breaks_off_is_not_complete_and_goes_on_where_it_was(settings: Settings, tmp_path: Path) -> None:
    crm, other = Crm(6, breaks_after=4), Crm(1, "other", "other")
    first, second = a_round(settings, tmp_path, crm, other)
    assert (first.sent, str(first.problem)) == (4, "it hung up")
    assert (second.sent, second.problem) == (1, None)
    assert {each["source"] for each in inbox(settings) if each["type"] == "source.heartbeat"} == {"other"}
    crm.breaks_after = None
    a_round(settings, tmp_path, crm)
    assert crm.asked_from == [0, 4]
    assert [each["id"] for each in inbox(settings) if each["source"] == "acme"][:6] == [f"c-{n}" for n in range(6)]


class Broken(Crm):
    def change(self, number: int) -> Item:
        return Item(f"crm {number}", b"<html>", "nothing", refusal=Refused("unreadable", "not JSON"))


def test_what_could_not_be_read_is_a_dead_letter_with_its_bytes_and_place(settings: Settings, tmp_path: Path) -> None:
    assert [(each.sent, each.refused) for each in a_round(settings, tmp_path, Broken(1))] == [(0, 1)]
    (letter,) = read(settings, topics.names(settings)["dead_letters"])
    told = {name.removeprefix("stallwatch.errors."): value.decode() for name, value in letter.headers}
    assert (letter.value, told["reason"], told["message"]) == (b"<html>", "unreadable", "crm 0: not JSON")


def test_a_source_of_which_most_is_refused_is_paused_and_not_complete(settings: Settings, tmp_path: Path) -> None:
    broken = Broken(400)
    run = Poll([broken], Publisher(settings), Bookmarks(tmp_path))
    first, second = run.round(NOW)[0], run.round(NOW)[0]
    assert (first.sent, first.refused) == (0, LEAST)
    assert "most of what it gave was refused; it is asked again in 300 s" in str(first.problem)
    assert (second.sent, second.refused) == (0, 0)
    assert broken.asked_from == [0]
    assert Bookmarks(tmp_path).of("crm") == {"next": LEAST}  # what was refused is kept, and not asked for again


def test_a_bookmark_that_cannot_be_read_is_its_own_sources_problem(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "crm.json").write_text("{broken")
    first, second = a_round(settings, tmp_path, Crm(1), Crm(1, "other", "other"))
    assert "crm.json" in str(first.problem)
    assert (second.sent, second.problem) == (1, None)


class Unforeseen(Crm):
    def change(self, number: int) -> Item:
        raise ZeroDivisionError("nobody thought of this")


def test_what_nobody_thought_of_in_one_source_keeps_no_other_from_its_turn(settings: Settings, tmp_path: Path) -> None:
    first, second = a_round(settings, tmp_path, Unforeseen(1), Crm(1, "other", "other"))
    assert str(first.problem) == "ZeroDivisionError: nobody thought of this"
    assert (second.sent, second.problem) == (1, None)

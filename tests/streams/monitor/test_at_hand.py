"""Which deals are at hand, and that nothing said hangs on it."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events, state
from detectors.core.assessment import Watched
from detectors.core.deal import Deal
from detectors.core.rules import Rules
from streams.demo.company import Company
from streams.forgetting import Tombstone, hash_of, pseudonym_of
from streams.ingest import ingest
from streams.join.directory import Directory
from streams.monitor.at_hand import Deals
from streams.monitor.partition import Advanced, Partition
from streams.wire import FORGOTTEN_HEADERS, Clock, Record, Send
from tests.streams.monitor.test_partition import clock, keep, record
from tests.streams.sample_deals import RULES, crm, day, inbound
from tests.streams.test_whatever_is_accepted import EVENTS
from tests.streams.test_whatever_is_accepted import RULES as ANYWHERE


def watched(deal_id: str = "D-1", stage: str = "Demo") -> Watched:
    told = record(crm(0, stage=stage), deal_id).value or b""
    return Watched(Deal(deal_id, RULES)).apply(events.parse(told))


def deals(most: int = 2) -> tuple[Deals, list[str]]:
    """Deals of which so many are at hand, and which of them were let go."""
    gone: list[str] = []
    return Deals(lambda row: state.unpack(row, RULES), gone.append, most), gone


# -- the deals


def test_those_that_were_touched_last_are_at_hand() -> None:
    some, gone = deals(most=2)
    for deal_id in ("D-1", "D-2", "D-3"):
        some[deal_id] = watched(deal_id)
    assert gone == ["D-1"]
    kept = some["D-2"]
    some["D-4"] = watched("D-4")

    assert gone == ["D-1", "D-3"]
    assert some["D-2"] is kept


def test_one_that_is_packed_comes_back_as_it_was() -> None:
    some, gone = deals(most=1)
    some["D-1"] = watched()
    some["D-2"] = watched("D-2")

    assert gone == ["D-1"]
    assert some["D-1"] == watched()


def test_they_stand_in_the_order_in_which_they_came_whichever_are_at_hand() -> None:
    some, _ = deals(most=2)
    for deal_id in ("D-1", "D-2", "D-3"):
        some[deal_id] = watched(deal_id)
    assert some["D-1"].deal.id == "D-1"
    some["D-2"] = watched("D-2", "Proposal")

    assert (list(some), len(some)) == (["D-1", "D-2", "D-3"], 3)
    assert [each.deal.id for each in some.values()] == ["D-1", "D-2", "D-3"]


def test_the_row_of_one_that_was_not_touched_is_the_very_bytes_that_the_table_holds() -> None:
    some, _ = deals(most=1)
    row = state.pack(watched())
    some.restore("D-1", row)
    some["D-2"] = watched("D-2")
    assert some["D-1"] == watched()
    some["D-2"] = watched("D-2", "Proposal")

    assert some.row("D-1") is row


def test_one_that_changed_has_another_row_and_it_is_packed_once() -> None:
    some, gone = deals(most=1)
    some.restore("D-1", state.pack(watched()))
    some["D-1"] = watched(stage="Proposal")
    row = some.row("D-1")
    some["D-2"] = watched("D-2")

    assert row == state.pack(watched(stage="Proposal"))
    assert (gone, some.row("D-1")) == (["D-1"], row)
    assert some.row("D-1") is row


def test_one_that_changed_and_was_let_go_is_kept_as_it_changed() -> None:
    some, _ = deals(most=1)
    some.restore("D-1", state.pack(watched()))
    some["D-1"] = watched(stage="Proposal")
    some["D-2"] = watched("D-2")

    assert some["D-1"].deal.stage == "Proposal"


def test_other_rules_are_no_other_row() -> None:
    some, _ = deals(most=1)
    row = state.pack(watched())
    some.restore("D-1", row)
    some["D-1"] = some["D-1"].under(Rules())

    assert some.row("D-1") is row


def test_one_that_is_deleted_is_gone() -> None:
    some, _ = deals(most=1)
    some["D-1"] = watched()
    some["D-2"] = watched("D-2")
    for deal_id in ("D-1", "D-2"):
        del some[deal_id]

    assert (list(some), "D-1" in some, some.get("D-2")) == ([], False, None)
    with pytest.raises(KeyError, match="D-1"):
        del some["D-1"]


# -- a partition says the same, however few of its deals are at hand

NOW = datetime(2026, 12, 1, tzinfo=UTC)
STRICTER: dict[str, Any] = {"detectors": {"gone_quiet": {"warn_business_days": 1, "critical_business_days": 2}}}


def outcomes(batches: Sequence[list[Record]], rules: Rules, other_rules: Rules, at_hand: int) -> Iterator[Advanced]:
    """What batches come to; when half are done, other rules come into force, and then somebody takes it all over."""
    partition, rows = Partition(0, 1, rules, timedelta(days=60), at_hand), dict[str, bytes]()
    for number, batch in enumerate(batches):
        if number == len(batches) // 2:
            yield partition.reload(other_rules)
            partition = Partition(0, 1, other_rules, timedelta(days=60), at_hand)
            for row, value in rows.items():
                partition.restore(row, value)
            partition.resume()
        out = partition.advance(batch)
        keep(rows, out)
        yield out
    assert not partition.errors
    yield Advanced(answers=list(partition.standing()))


def records_of(sends: Iterable[Send], topic: str) -> list[Record]:
    return [Record(0, send.key, send.value, send.headers) for send in sends if send.topic == topic]


def batches_of(lines: Iterable[bytes], rules: Rules, most: int) -> Iterator[list[Record]]:
    """The records that become of so many lines at a time, the time behind each."""
    directory, rest, newest = Directory(0, 1), iter(lines), events.EARLIEST
    while some := list(islice(rest, most)):
        told = ingest([Record(0, None, line) for line in some], rules, 1, NOW)
        newest = max(newest, told.newest or newest)
        sends = [*told.sends, *told.marks, *Clock(newest, 0, 1).send("mail", [0])]
        joined = directory.advance(records_of(sends, "mail"))
        yield records_of([*sends, *joined.sends, *joined.marks], "deal_events")


def test_a_company_is_told_the_same_with_three_deals_at_hand_as_with_all() -> None:
    company = Company(reps=5, deals=40, start=date(2025, 1, 6), weeks=40)
    rules, other_rules = Rules.of(company.rules()), Rules.of(company.rules() | STRICTER)
    batches = list(batches_of(islice(company.lines(), 2500), rules, 40))
    few, all_of_them = (list(outcomes(batches, rules, other_rules, at_hand)) for at_hand in (3, 10**6))

    assert sum(len(each.answers) for each in few) > 500
    assert few == all_of_them


@given(st.lists(EVENTS, max_size=20), st.integers(1, 4))
def test_whatever_is_accepted_is_told_the_same_with_one_deal_at_hand_as_with_all(
    told: list[dict[str, Any]], most: int
) -> None:
    batches = list(batches_of(map(orjson.dumps, told), ANYWHERE, most))
    few, all_of_them = (list(outcomes(batches, ANYWHERE, Rules.of(STRICTER), at_hand)) for at_hand in (1, 10**6))

    assert few == all_of_them


def test_who_is_forgotten_is_forgotten_in_deals_that_are_packed() -> None:
    partition, rows = Partition(0, 1, RULES, at_hand=1), dict[str, bytes]()
    word = Tombstone(hash_of("cfo@buyer.example"), pseudonym_of("cfo@buyer.example", 1), day(0))
    for deal_id in ("D-1", "D-2", "D-3"):
        told = [clock(2), record(crm(0), deal_id), record(inbound(1, f"m-{deal_id}"), deal_id)]
        keep(rows, partition.advance(told))
        assert b"cfo@buyer" in zlib.decompress(rows[deal_id])
    keep(rows, partition.advance([Record(0, None, word.to_json(), FORGOTTEN_HEADERS)]))

    assert not any(b"cfo@buyer" in state.to_json(each) for each in partition.deals.values())
    assert not any(b"cfo@buyer" in zlib.decompress(rows[deal_id]) for deal_id in ("D-1", "D-2", "D-3"))

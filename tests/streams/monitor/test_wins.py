"""What is won in one partition is known in all of them."""

from typing import Any

import pytest

from detectors.core.baselines import LEAST_WINS
from detectors.core.rules import Rules
from streams.monitor import partition as partition_module
from streams.monitor.partition import Advanced, Partition, partition_of_row
from streams.monitor.wins import HEADERS, WIN_KEY
from streams.wire import Clock, Record, partition_of
from tests.streams.monitor.test_partition import keep, record, restored
from tests.streams.sample_deals import RULES, crm, day

COUNT = 2
Rows = dict[str, bytes]
HERE = [f"W-{number}" for number in range(100) if partition_of(f"W-{number}".encode(), COUNT) == 0]


def sold(deal: str, began: float = 0, took: float = 10) -> list[Record]:
    return [
        record(crm(began, id=f"{deal}-1", stage="Demo", owner="rep@us.example"), deal),
        record(crm(began + took, id=f"{deal}-2", status="won"), deal),
    ]


def clocks(at: float, origins: int = COUNT) -> list[Record]:
    return [Record(0, None, Clock(day(at), origin, origins).to_json(), Clock.HEADERS) for origin in range(origins)]


def marks_of(out: Any) -> list[Record]:
    return [Record(send.partition, send.key, send.value, send.headers) for send in out.sends if send.headers == HEADERS]


def test_a_win_is_kept_and_the_other_partitions_are_told() -> None:
    partition, other = Partition(0, COUNT, RULES), Partition(1, COUNT, RULES)
    rows: dict[str, bytes] = {}
    out = partition.advance([*sold(HERE[0]), *clocks(20)])
    (mark,) = marks_of(out)
    assert (mark.partition, mark.key) == (1, HERE[0].encode())
    keep(rows, out)
    assert f"{WIN_KEY}0\x00{HERE[0]}" in rows

    heard = other.advance([mark])
    assert next(iter(heard.ledger)) == f"{WIN_KEY}1\x00{HERE[0]}"
    assert partition_of_row(f"{WIN_KEY}1\x00{HERE[0]}", COUNT) == 1
    again = restored({row: value for row, value in heard.ledger.items() if value}, partition=1, partitions=COUNT)
    assert [win.deal_id for win in again._wins.baselines] == [HERE[0]]


def test_to_say_it_again_is_no_news() -> None:
    partition, other = Partition(0, COUNT, RULES), Partition(1, COUNT, RULES)
    told = sold(HERE[0])
    (mark,) = marks_of(partition.advance([*told, *clocks(20)]))
    assert marks_of(partition.advance(told)) == []
    other.advance([mark])
    assert other.advance([mark]).ledger == {}


def test_who_takes_over_before_the_mark_was_kept_says_it_again() -> None:
    """The deal's row may be there already, the win's is written last."""
    told = sold(HERE[0])
    out = Partition(0, COUNT, RULES).advance([*told, *clocks(20)])
    half = {row: value for row, value in out.rows.items() if value}
    again = restored(half, partition=0, partitions=COUNT).advance([*told, *clocks(20)])
    assert marks_of(again) == marks_of(out)


def test_a_win_that_is_taken_back_is_taken_back_everywhere() -> None:
    partition, other = Partition(0, COUNT, RULES), Partition(1, COUNT, RULES)
    (mark,) = marks_of(partition.advance([*sold(HERE[0]), *clocks(20)]))
    other.advance([mark])
    (taken_back,) = marks_of(partition.advance([record(crm(19, status="open"), HERE[0])]))
    assert other.advance([taken_back]).ledger == {f"{WIN_KEY}1\x00{HERE[0]}": None}
    assert list(other._wins.baselines) == []


@pytest.mark.parametrize("value", [b"nonsense", b"{}", b"\xff"])
def test_a_mark_that_cannot_be_read_is_a_dead_letter(value: bytes) -> None:
    out = Partition(1, COUNT, RULES).advance([Record(1, b"W-1", value, HEADERS)])
    assert [send.topic for send in out.sends] == ["dead_letters"]
    assert out.refused == {("unknown", "not_json"): 1}


def test_a_baseline_comes_into_force_with_the_day_after() -> None:
    partition = Partition(0, 1, RULES)
    partition.advance([each for deal in HERE[:LEAST_WINS] for each in sold(deal)])
    partition.advance(clocks(10.5, 1))
    assert partition._wins.baselines.of("default", day(10.5)) is None
    assert partition._wins.come_into_force(day(11)) == {"default"}
    assert partition._wins.come_into_force(day(12)) == set()


def open_deals(count: int) -> list[Record]:
    ids = [f"D-{number}" for number in range(count)]
    return [record(crm(8.2, id=f"{deal}-1", stage="Demo", owner="rep@us.example"), deal) for deal in ids]


def judged_by_wins(monkeypatch: pytest.MonkeyPatch, deals: int, at_once: int, rows: Rows | None = None) -> Partition:
    """A partition in which a baseline comes into force on day 11, by which so many open deals are told otherwise."""
    monkeypatch.setattr(partition_module, "ANEW_AT_ONCE", at_once)
    partition = Partition(0, 1, Rules())
    won = [each for deal in HERE[:LEAST_WINS] for each in sold(deal)]
    keep({} if rows is None else rows, partition.advance([*clocks(10.5, 1), *open_deals(deals), *won]))
    return partition


def told(out: Advanced) -> list[str]:
    return [each.deal_id for each in out.answers if each.is_open]


def test_another_baseline_is_told_of_some_deals_with_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = judged_by_wins(monkeypatch, deals=5, at_once=2)

    bits = [told(partition.advance(clocks(11 + number / 100, 1))) for number in range(4)]
    assert [len(bit) for bit in bits] == [2, 2, 1, 0]
    assert {deal_id for bit in bits for deal_id in bit} == {f"D-{number}" for number in range(5)}


def test_in_the_end_they_are_told_as_if_all_had_been_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, bit_by_bit = judged_by_wins(monkeypatch, 5, at_once=500), judged_by_wins(monkeypatch, 5, at_once=1)
    for number in range(6):
        bit_by_bit.advance(clocks(11 + number / 100, 1))
    monkeypatch.setattr(partition_module, "ANEW_AT_ONCE", 500)
    at_once.advance(clocks(11, 1))

    assert [each.findings for each in bit_by_bit.answers.values()] == [
        each.findings for each in at_once.answers.values()
    ]


def test_one_that_an_event_has_told_meanwhile_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = judged_by_wins(monkeypatch, deals=4, at_once=1)
    first = told(partition.advance(clocks(11, 1)))
    *_, touched = sorted({f"D-{number}" for number in range(4)}.difference(first))
    second = told(partition.advance([record(crm(11, id="2", stage="Proposal"), touched)]))
    more = [told(partition.advance(clocks(11 + number / 100, 1))) for number in (1, 2)]

    assert touched in second
    assert sorted(first + second + more[0]) == [f"D-{number}" for number in range(4)]
    assert more[1] == []


def test_who_takes_over_meanwhile_tells_those_that_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Rows = {}
    partition = judged_by_wins(monkeypatch, 3, at_once=1, rows=rows)
    keep(rows, partition.advance(clocks(11, 1)))
    monkeypatch.setattr(partition_module, "ANEW_AT_ONCE", 500)
    again = restored(rows, Rules())

    assert set(told(again.advance(clocks(11.1, 1)))) == {"D-0", "D-1", "D-2"}
    assert told(again.advance(clocks(11.15, 1))) == []


def test_no_further_clock_is_needed_for_those_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Rows = {}
    partition = judged_by_wins(monkeypatch, deals=5, at_once=2, rows=rows)
    bits = [told(partition.advance(clocks(11, 1)))]
    while partition.has_more_to_tell:
        out = partition.tell_more()
        keep(rows, out)
        bits.append(told(out))

    assert [len(bit) for bit in bits] == [2, 2, 1]
    assert told(restored(rows, Rules()).advance(clocks(11.1, 1))) == []

"""What is won in one partition is known in all of them."""

from typing import Any

import pytest

from detectors.core.baselines import LEAST_WINS
from streams.monitor.partition import Partition, partition_of_row
from streams.monitor.wins import HEADERS, WIN_KEY
from streams.wire import Clock, Record, partition_of
from tests.streams.monitor.test_partition import keep, record, restored
from tests.streams.sample_deals import RULES, crm, day

COUNT = 2
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

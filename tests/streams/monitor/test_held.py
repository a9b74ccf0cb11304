"""Events far ahead of their partition's time wait for it; what is near does not."""

from datetime import datetime, timedelta

import orjson

from streams.monitor.held import AHEAD
from streams.monitor.partition import Partition, partition_of_row
from streams.wire import Clock, Record
from tests.streams.sample_deals import RULES, crm, day, inbound

NOON = day(0.125)


def record(event: dict[str, object]) -> Record:
    return Record(0, b"D-1", orjson.dumps(dict(event, subject="D-1")))


def clock(at: datetime) -> Record:
    return Record(0, None, Clock(at, 0, 1).to_json(), Clock.HEADERS)


def known(partition: Partition) -> list[str]:
    return [entry.event for entry in partition.deals["D-1"].deal.log]


def test_what_is_near_does_not_wait() -> None:
    partition = Partition(0, 1, RULES)

    out = partition.advance([clock(NOON - AHEAD), record(crm(0.125, id="near"))])

    assert known(partition) == ["test/near"]
    assert [send.topic for send in out.sends] == ["findings", "books"]


def test_what_is_far_ahead_waits_for_the_time_and_survives_a_restart() -> None:
    partition = Partition(0, 1, RULES)
    out = partition.advance([clock(NOON - AHEAD - timedelta(microseconds=1)), record(crm(0.125, id="far"))])
    rows = out.rows | out.ledger

    assert (partition.deals, out.sends) == ({}, [])

    another = Partition(0, 1, RULES)
    for row, value in rows.items():
        assert value is not None
        assert partition_of_row(row, 1) == 0
        another.restore(row, value)
    another.resume()
    out = another.advance([clock(NOON - AHEAD)])

    assert known(another) == ["test/far"]
    assert out.sends
    # it is let go behind all that it led to
    assert next(iter(out.ledger.items())) == (next(row for row in rows if "held" in row), None)


def test_it_is_taken_in_order_of_time_whatever_came_first() -> None:
    partition = Partition(0, 1, RULES)
    partition.advance([clock(day(0)), record(crm(9, id="third")), record(crm(3, id="first"))])

    partition.advance([record(inbound(6, "second")), clock(day(9))])

    assert known(partition) == ["test/first", "test/second", "test/third"]


def test_the_same_record_twice_is_held_once() -> None:
    partition = Partition(0, 1, RULES)
    first = partition.advance([clock(day(0)), record(crm(9))])
    again = partition.advance([record(crm(9))])

    assert len(first.rows) == 1
    assert again.rows == {}


def test_before_the_first_clock_everything_waits() -> None:
    """Its mails may be on their way yet, and older than all that the CRM told."""
    partition = Partition(0, 1, RULES)
    out = partition.advance([record(crm(9, id="later"))])

    assert (partition.deals, out.sends) == ({}, [])

    partition.advance([record(inbound(6, "earlier")), clock(day(9))])

    assert known(partition) == ["test/earlier", "test/later"]

"""Records, marks and partitions."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.wire import HEARTBEAT_HEADERS, Clock, Record, Send, partition_of

AT = datetime(2026, 3, 2, 9, 15, tzinfo=timezone(timedelta(hours=1)))
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-12))])


def test_a_mark_is_told_by_its_header_whatever_stands_beside_it() -> None:
    assert Record(0, None, b"", (("traceparent", b"x"), *Clock.HEADERS)).mark == b"clock"
    assert Record(0, None, b"", HEARTBEAT_HEADERS).mark == b"heartbeat"
    assert Record(0, b"D-1", b"{}", (("traceparent", b"x"),)).mark is None
    assert Record(0, b"D-1", b"{}").mark is None


@given(
    at=st.datetimes(datetime(1901, 1, 2), datetime(2199, 12, 30), timezones=ZONES),
    origins=st.integers(1, 1024),
    number=st.integers(0),
)
def test_a_clock_is_read_as_it_was_written(at: datetime, origins: int, number: int) -> None:
    clock = Clock(at, number % origins, origins)
    assert Clock.of(clock.to_json()) == clock


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b'{"at":"2026-03-02T09:15:00Z"}',
        b'{"at":1767225600,"origin":0,"origins":1}',
        b'{"at":"2026-03-02T09:15:00","origin":0,"origins":1}',
        b'{"at":"2026-03-02T09:15:00Z","origin":1,"origins":1}',
        b'{"at":"2026-03-02T09:15:00Z","origin":-1,"origins":1}',
        b'{"at":"2026-03-02T09:15:00Z","origin":null,"origins":1}',
        b'{"at":"0001-01-01T00:00:00+14:00","origin":0,"origins":1}',
        b'{"at":"9999-12-31T23:59:59-14:00","origin":0,"origins":1}',
        b'{"at":"2026-03-02T09:15:00Z","origin":1e400,"origins":1}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_clock_is_a_value_error(value: bytes) -> None:
    with pytest.raises(ValueError, match="no clock record"):
        Clock.of(value)


def test_a_clock_goes_to_each_partition_that_is_asked_for_and_has_no_key() -> None:
    clock = Clock(AT, 2, 4)
    sends = clock.send("mail", range(3))
    assert sends == [Send("mail", number, None, clock.to_json(), Clock.HEADERS) for number in range(3)]


def test_the_partition_of_a_key_is_the_one_that_kafkas_own_clients_choose() -> None:
    # from Java's client: Utils.toPositive(Utils.murmur2(key)) % 8
    assert [partition_of(key, 8) for key in (b"21", b"foobar", b"a-little-bit-long-string")] == [
        (hash_ & 0x7FFFFFFF) % 8 for hash_ in (-973932308, -790332482, -985981536)
    ]


@given(st.text(max_size=80), st.integers(1, 1024))
def test_the_partition_of_a_key_is_the_one_that_faust_chooses(key: str, partitions: int) -> None:
    raw = key.encode()
    assert partition_of(raw, partitions) == (aiokafka_murmur2(raw) & 0x7FFFFFFF) % partitions


def test_a_clocks_offset_is_kept() -> None:
    assert Clock.of(Clock(AT, 0, 1).to_json()).at.astimezone(UTC) == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)

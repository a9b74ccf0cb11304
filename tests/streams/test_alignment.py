"""Time is where the slowest stream is."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.alignment import Alignment
from streams.wire import Clock
from tests.streams.sample_deals import MONDAY

CLOCKS = st.lists(
    st.builds(
        lambda minute, origin: Clock(MONDAY + timedelta(minutes=minute), origin, 3),
        st.integers(0, 9),
        st.integers(0, 2),
    )
)


def at(minute: int, origin: int = 0, origins: int = 2) -> Clock:
    return Clock(MONDAY + timedelta(minutes=minute), origin, origins)


def times(clocks: list[Clock], alignment: Alignment) -> list[datetime | None]:
    told = []
    for clock in clocks:
        alignment.advance(clock)
        told.append(alignment.time)
    return told


def test_there_is_no_time_before_every_stream_has_told_its_own() -> None:
    alignment = Alignment()
    assert not alignment.advance(at(5, 0))
    assert alignment.time is None
    assert alignment.advance(at(3, 1))
    assert alignment.time == at(3).at


def test_time_moves_only_when_the_slowest_stream_does() -> None:
    alignment = Alignment()
    assert times([at(5, 0), at(3, 1), at(9, 0), at(4, 1), at(20, 1)], alignment) == [
        None,
        at(3).at,
        at(3).at,
        at(4).at,
        at(9).at,
    ]
    assert not alignment.advance(at(30, 1))


def test_a_clock_that_was_heard_before_moves_nothing() -> None:
    alignment = Alignment()
    assert alignment.advance(at(5, 0, 1))
    assert not alignment.advance(at(5, 0, 1))
    assert not alignment.advance(at(4, 0, 1))
    assert alignment.time == at(5).at


@given(CLOCKS)
def test_time_never_goes_back_and_is_the_minimum_of_what_each_stream_has_told(clocks: list[Clock]) -> None:
    alignment = Alignment()
    last = None
    for number, clock in enumerate(clocks, start=1):
        moved = alignment.advance(clock)
        newest = {
            origin: max(c.at for c in clocks[:number] if c.origin == origin)
            for origin in {c.origin for c in clocks[:number]}
        }
        assert alignment.time == (min(newest.values()) if len(newest) == 3 else None)
        assert moved == (alignment.time != last)
        last = alignment.time


@given(CLOCKS, st.data())
def test_a_restart_at_any_point_changes_nothing(clocks: list[Clock], choose: st.DataObject) -> None:
    cut = choose.draw(st.integers(0, len(clocks)))
    first, whole = Alignment(), Alignment()
    times(clocks[:cut], first)
    again = Alignment.of(first.to_dict(), 3)
    assert again.time == first.time
    assert times(clocks[cut:], again) == times(clocks, whole)[cut:]
    assert again.to_dict() == whole.to_dict()

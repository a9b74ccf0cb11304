"""The state of each assigned partition, as its rows have it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streams.settings import Settings
from streams.worker.app import make_app
from streams.worker.shelves import TURN, Shelves

FAULTY = "1:faulty"


class Noted:
    """State that is nothing but its rows."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.rows: dict[str, bytes] = {}
        self.resumed = False

    def restore(self, row: str, value: bytes) -> None:
        assert not self.resumed
        if row == FAULTY:
            raise ValueError(row)
        self.rows[row] = value

    def resume(self) -> None:
        self.resumed = True


class Bit(Noted):
    """State that resumes a row at a time."""

    def resuming(self) -> Iterator[str]:
        yield from self.rows
        self.resume()


class Worker:
    """A worker's table, its assignment, and its shelves. A row begins with the number of its partition."""

    def __init__(self, make: Callable[[int], Noted] = Noted) -> None:
        self.table: Any = make_app(Settings(app_id="shelves")).Table("noted", key_type=bytes, value_type=bytes)
        self.assigned: set[int] = set()
        self.shelves = Shelves(self.table, make, lambda row: int(row[0]), lambda: self.assigned)

    async def recover(
        self, assigned: set[int], still: Callable[[], bool] = lambda: True, **changelog: bytes | None
    ) -> bool:
        """A rebalance: the table holds what the changelog says, and what is left over from before."""
        self.assigned = assigned
        for row, value in changelog.items():
            key = row.replace("_", ":").removeprefix("p").encode()
            if value is None:
                self.table.data.pop(key, None)
            else:
                self.table.data[key] = value
        return await self.shelves.recovered(still)


async def test_each_assigned_partition_is_built_from_its_rows() -> None:
    worker = Worker()
    await worker.recover({0, 1, 2}, p0_a=b"x", p1_a=b"y", p1_b=b"z")
    assert [state.partition for state in worker.shelves] == [0, 1, 2]
    assert worker.shelves.of(1).rows == {"1:a": b"y", "1:b": b"z"}
    assert worker.shelves.of(2).rows == {}
    assert all(state.resumed for state in worker.shelves)
    assert len(worker.shelves) == 3


async def test_a_partition_whose_rows_are_the_same_keeps_its_state() -> None:
    worker = Worker()
    await worker.recover({0, 1}, p0_a=b"x", p1_a=b"y")
    before = list(worker.shelves)
    worker.shelves.put(0, {"0:b": b"new"})
    await worker.recover({0, 1})
    assert list(worker.shelves) == before


async def test_a_partition_whose_rows_another_has_changed_is_built_anew_and_only_that_one() -> None:
    worker = Worker()
    await worker.recover({0, 1}, p0_a=b"x", p1_a=b"y")
    zero, one = worker.shelves
    await worker.recover({0, 1}, p1_a=b"changed")
    assert worker.shelves.of(0) is zero
    assert worker.shelves.of(1) is not one
    assert worker.shelves.of(1).rows == {"1:a": b"changed"}
    await worker.recover({0, 1}, p0_a=None)
    assert worker.shelves.of(0) is not zero
    assert worker.shelves.of(0).rows == {}


async def test_rows_of_partitions_that_moved_away_are_swept_out() -> None:
    worker = Worker()
    await worker.recover({0, 1}, p0_a=b"x", p1_a=b"y")
    await worker.recover({1})
    assert list(worker.table.data) == [b"1:a"]
    assert [state.partition for state in worker.shelves] == [1]
    with pytest.raises(LookupError):
        worker.shelves.of(0)


async def test_a_partition_that_comes_back_is_built_from_what_its_changelog_says_now() -> None:
    worker = Worker()
    await worker.recover({0}, p0_a=b"x")
    first = worker.shelves.of(0)
    await worker.recover(set())
    assert len(worker.shelves) == 0
    await worker.recover({0}, p0_a=b"x")
    assert worker.shelves.of(0) is not first
    assert worker.shelves.of(0).rows == {"0:a": b"x"}


async def test_an_empty_partition_that_stays_keeps_its_state() -> None:
    worker = Worker()
    await worker.recover({0})
    first = worker.shelves.of(0)
    await worker.recover({0, 1})
    assert worker.shelves.of(0) is first


async def test_rows_are_put_into_the_table_and_taken_out_of_it() -> None:
    worker = Worker()
    await worker.recover({0}, p0_a=b"x")
    worker.shelves.put(0, {"0:a": None, "0:b": b"y", "0:never there": None})
    assert dict(worker.table.data.items()) == {b"0:b": b"y"}


async def test_what_is_put_for_a_partition_that_is_not_here_is_an_error() -> None:
    worker = Worker()
    await worker.recover({0})
    with pytest.raises(LookupError):
        worker.shelves.put(3, {"3:a": b"x"})
    assert list(worker.table.data) == []


async def test_rows_that_cannot_be_read_are_told_and_leave_no_half_of_a_state() -> None:
    worker = Worker()
    await worker.recover({0}, p0_a=b"x")
    before = list(worker.shelves)
    with pytest.raises(ValueError, match="faulty"):
        await worker.recover({0, 1}, p0_a=b"changed", p1_faulty=b"?")
    assert list(worker.shelves) == before
    await worker.recover({0, 1}, p1_faulty=None)
    assert worker.shelves.of(0).rows == {"0:a": b"changed"}


async def test_a_scrape_may_go_on_while_partitions_move() -> None:
    worker = Worker()
    await worker.recover({0, 1})
    seen = iter(worker.shelves)
    next(seen)
    await worker.recover({1})
    assert [state.partition for state in seen] == [1]


async def test_many_rows_are_built_in_turns_and_one_sees_how_far_it_is() -> None:
    worker, seen = Worker(), set()

    def look() -> bool:
        seen.add((worker.shelves.done, worker.shelves.steps))
        return True

    rows = {f"p0_{number}": b"x" for number in range(3 * TURN + 1)}
    assert await worker.recover({0}, look, **rows)
    assert seen == {(turn * TURN, len(rows)) for turn in (1, 2, 3)}
    assert (worker.shelves.done, len(worker.shelves.of(0).rows)) == (len(rows), len(rows))


async def test_state_that_resumes_bit_by_bit_lets_others_have_their_turn_there_too() -> None:
    worker, seen = Worker(Bit), []

    def look() -> bool:
        seen.append((worker.shelves.done, worker.shelves.steps))
        return True

    await worker.recover({0}, look, **{f"p0_{number}": b"x" for number in range(TURN)})
    assert seen == [(TURN, 2 * TURN), (2 * TURN, 2 * TURN)]
    assert worker.shelves.of(0).resumed


async def test_rows_of_a_partition_that_stays_as_it_was_are_not_built() -> None:
    worker = Worker()
    await worker.recover({0, 1}, p0_a=b"x", p1_a=b"y", p1_b=b"z")
    assert (worker.shelves.done, worker.shelves.steps) == (3, 3)
    await worker.recover({0, 1}, p0_a=b"changed")
    assert (worker.shelves.done, worker.shelves.steps) == (1, 1)


async def test_what_was_built_while_partitions_moved_again_does_not_count() -> None:
    worker = Worker()
    await worker.recover({0}, p0_a=b"x")
    before = worker.shelves.of(0)
    assert not await worker.recover({0, 1}, lambda: False, **{f"p1_{number}": b"y" for number in range(TURN)})
    assert list(worker.shelves) == [before]
    assert await worker.recover({0, 1})
    assert (worker.shelves.of(0), len(worker.shelves.of(1).rows)) == (before, TURN)

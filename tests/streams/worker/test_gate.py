"""No batch while partitions move."""

import asyncio

import pytest

from streams.worker.gate import Gate


class Batches:
    """Batches that go on until they are told to end."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may_end = asyncio.Event()

    async def run(self, name: str) -> None:
        async with self.gate.batch():
            self.begun.append(name)
            await self.may_end.wait()
        self.ended.append(name)


async def settled() -> None:
    """Everything that can run without anything else happening has run."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_batch_begins_before_the_gate_is_opened() -> None:
    gate = Gate()
    batches = Batches(gate)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batches.run("a"))
        await settled()
        assert (gate.is_open, batches.begun) == (False, [])
        gate.open()
        await settled()
        assert (gate.is_open, batches.begun) == (True, ["a"])
        batches.may_end.set()


async def test_closing_waits_for_the_batches_under_way_and_lets_none_begin() -> None:
    gate = Gate()
    gate.open()
    batches = Batches(gate)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batches.run("a"))
        tasks.create_task(batches.run("b"))
        await settled()
        closing = tasks.create_task(gate.close())
        await settled()
        tasks.create_task(batches.run("late"))
        await settled()
        assert (closing.done(), batches.begun) == (False, ["a", "b"])
        batches.may_end.set()
        await closing
        assert batches.ended == ["a", "b"]
        assert batches.begun == ["a", "b"]
        gate.open()
    assert batches.ended == ["a", "b", "late"]


async def test_a_batch_that_waited_does_not_begin_if_the_gate_is_closed_again_at_once() -> None:
    gate = Gate()
    batches = Batches(gate)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batches.run("a"))
        await settled()
        gate.open()
        await gate.close()
        await settled()
        assert batches.begun == []
        gate.open()
        batches.may_end.set()
    assert batches.ended == ["a"]


async def test_a_batch_that_fails_is_no_longer_under_way() -> None:
    gate = Gate()
    gate.open()
    with pytest.raises(ZeroDivisionError):
        async with gate.batch():
            raise ZeroDivisionError
    await asyncio.wait_for(gate.close(), 5)


async def test_a_batch_that_is_cancelled_while_it_waits_was_never_under_way() -> None:
    gate = Gate()
    waiting = asyncio.create_task(Batches(gate).run("a"))
    await settled()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(gate.close(), 5)

"""Keeps batches and rebalances apart: while partitions move, no batch is under way and none begins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Closed at first, and from a revocation of partitions to the recovery after it."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0

    @property
    def is_open(self) -> bool:
        """Whether batches may begin."""
        return self._open.is_set()

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[None]:
        """A batch: begins when the gate is open."""
        # it may be closed again before who waited for it runs
        while not self.is_open:
            await self._open.wait()
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def close(self) -> None:
        """Let no further batch begin, and wait for those under way."""
        self._open.clear()
        await self._idle.wait()

    def open(self) -> None:
        """Let batches begin."""
        self._open.set()

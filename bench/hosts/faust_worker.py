"""Our worker, as streams.worker.run starts it, without its server and notifier, which have nothing to do here.

Its settings decide by which way records come to it.
"""

import os
import signal
from collections import defaultdict
from contextlib import suppress
from time import monotonic

import faust
import uvloop
from mode import Service

from streams.wire import Record, Send
from streams.worker.worker import TOPICS, Worker

from . import plumbing as work
from .job import Job

LOOK_SECONDS = 0.02
# after so long without progress it is asked whether anything is left
QUIET_SECONDS = 1.0


def pipeline(job: Job) -> None:
    """The worker as it is."""
    _run(job, Timed(job))


def plumbing(job: Job) -> None:
    """The worker with another function for what comes in."""
    _run(job, Plumber(job))


class Timed(Worker):
    """A worker whose batches start a stopwatch."""

    def __init__(self, job: Job) -> None:
        self._stopwatch = job.stopwatch
        super().__init__(job.settings, job.rules)

    async def _take_inbox(self, number: int, records: list[Record]) -> None:
        self._stopwatch.begin()
        await super()._take_inbox(number, records)


class Plumber(Worker):
    """A worker that keeps a row of each deal in the table of the deals, and tells as findings what is told."""

    def __init__(self, job: Job) -> None:
        self._stopwatch = job.stopwatch
        self._known: defaultdict[int, dict[str, work.Known]] = defaultdict(dict)
        super().__init__(job.settings, job.rules)

    async def _take_inbox(self, number: int, records: list[Record]) -> None:
        self._stopwatch.begin()
        moved = work.advance(self._known[number], [record.value or b"" for record in records])
        rows: dict[str, bytes | None] = {**moved.rows}
        alerts = [Send("findings", number, key, value) for key, value in moved.alerts]
        await self._write([*self._kept(self.deals, "deals", number, rows), *self._named(alerts)])


class Watch(Service):
    """Ends the worker when it has done all records of its topics."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self._worker = worker
        self._job = job
        super().__init__()

    @Service.task
    async def _watch(self) -> None:
        done, since = 0, monotonic()
        while True:
            await self.sleep(LOOK_SECONDS)
            if self._worker.progress != done:
                done, since = self._worker.progress, monotonic()
                self._job.stopwatch.lap()
            elif done and monotonic() - since > QUIET_SECONDS:
                if self._job.records_in(*TOPICS) == done:
                    break
                since = monotonic()
        os.kill(os.getpid(), signal.SIGTERM)


def _run(job: Job, worker: Worker) -> None:
    uvloop.install()
    host = faust.Worker(worker.app, Watch(worker, job), loglevel="WARN", quiet=True, override_logging=False)
    host.spinner = None
    with suppress(SystemExit):
        host.execute_from_commandline()

"""A process that works a history off Kafka, as a Faust worker or as the hand-written loop, and says what it took.

`python -m bench.engine worker|loop UNTIL OUTCOME`; settings come from the environment, as a worker's do. UNTIL is the
time at which the history ends, OUTCOME the file to write to. Once the engine runs and knows what time it is, it makes a
file of that name that ends in .ready; what comes from then on is measured.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import faust
import orjson
import uvloop
from kafka import KafkaConsumer, TopicPartition
from mode import Service

from detectors.core.rules import Rules
from streams import rules_file, topics
from streams.answer import finding_line
from streams.monitor.partition import Partition
from streams.settings import Settings, load
from streams.wire import Record
from streams.worker.worker import TOPICS, Worker

from .hand_written_loop import Loop
from .rounds import cpu_seconds

LOOK_SECONDS = 0.02
# after so long without progress it is asked whether anything is left
QUIET_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    """Seconds from the first record to the last, records of all topics that were done, and what was found."""

    wall: float
    cpu: float
    records: int
    findings: list[str]


class Stopwatch:
    """Runs from the first batch of the history until the last that was done; waiting for more is not counted."""

    def __init__(self, settings: Settings, until: datetime, outcome: Path) -> None:
        self._settings = settings
        self._until = until
        self._outcome = outcome
        self._is_ready = False
        self._began: tuple[float, float] | None = None
        self._last = (0.0, 0.0)

    def begin(self) -> None:
        """A batch begins."""
        if self._is_ready and self._began is None:
            self._began = (perf_counter(), cpu_seconds())

    async def watch(self, progress: Callable[[], int], partitions: Callable[[], Iterable[Partition]]) -> None:
        """Say when the engine is ready, wait until it has done all records of the history, and write what it took."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if (times := [each.time for each in partitions()]) and all(times):
                break
        before = done = progress()
        self._is_ready = True
        ready_file(self._outcome).touch()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if progress() != done:
                done, self._last = progress(), (perf_counter(), cpu_seconds())
            elif self._is_quiet() and all(each.time and each.time >= self._until for each in partitions()):
                if await asyncio.to_thread(records_there, self._settings) == done:
                    break
                await asyncio.sleep(QUIET_SECONDS)
        wall, cpu = (last - first for last, first in zip(self._last, self._began or self._last, strict=True))
        # whole or not at all: somebody waits for this file
        part = self._outcome.with_suffix(".part")
        part.write_bytes(orjson.dumps(Outcome(wall, cpu, done - before, findings_of(partitions()))))
        part.rename(self._outcome)

    def _is_quiet(self) -> bool:
        return self._began is not None and perf_counter() - self._last[0] > QUIET_SECONDS


def ready_file(outcome: Path) -> Path:
    """The file that says that an engine runs."""
    return outcome.with_suffix(".ready")


def records_there(settings: Settings) -> int:
    """How many records there are in the topics that a worker consumes."""
    names = topics.names(settings)
    numbers = range(settings.topics.partitions)
    places = [TopicPartition(names[topic], number) for topic in TOPICS for number in numbers]
    with KafkaConsumer(**settings.kafka.client(), group_id=None) as consumer:
        return sum(consumer.end_offsets(places).values())


def findings_of(partitions: Iterable[Partition]) -> list[str]:
    """Every finding as a line, in an order that does not depend on partitions."""
    answers = (told for partition in partitions for told in partition.answers.values())
    return sorted(finding_line(finding) for told in answers for finding in told.findings)


class TimedWorker(Worker):
    """A worker whose batches start a stopwatch."""

    def __init__(self, settings: Settings, rules: Rules, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        super().__init__(settings, rules)

    async def _take_inbox(self, number: int, records: list[Record]) -> None:
        self._stopwatch.begin()
        await super()._take_inbox(number, records)


class Watch(Service):
    """Ends the worker when it is done."""

    def __init__(self, worker: Worker, stopwatch: Stopwatch) -> None:
        self._worker = worker
        self._stopwatch = stopwatch
        super().__init__()

    @Service.task
    async def _watch(self) -> None:
        await self._stopwatch.watch(lambda: self._worker.progress, lambda: self._worker.deals)
        os.kill(os.getpid(), signal.SIGTERM)


def run_worker(settings: Settings, rules: Rules, stopwatch: Stopwatch) -> None:
    """A worker as streams.worker.run starts it, without its server and notifier, which have nothing to do here."""
    worker = TimedWorker(settings, rules, stopwatch)
    host = faust.Worker(worker.app, Watch(worker, stopwatch), loglevel="WARN", quiet=True, override_logging=False)
    host.spinner = None
    with suppress(SystemExit):
        host.execute_from_commandline()


async def run_loop(settings: Settings, rules: Rules, stopwatch: Stopwatch) -> None:
    """The loop until it is done."""
    loop = Loop(settings, rules, stopwatch.begin)
    running = asyncio.create_task(loop.run())
    watching = asyncio.create_task(stopwatch.watch(lambda: loop.progress, lambda: loop.partitions))
    done, _ = await asyncio.wait((running, watching), return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def main(engine: str, until: str, outcome: str) -> None:
    """Run an engine until it is done."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    settings = load()
    rules = rules_file.read(settings.rules)
    stopwatch = Stopwatch(settings, datetime.fromisoformat(until), Path(outcome))
    uvloop.install()
    if engine == "worker":
        run_worker(settings, rules, stopwatch)
    else:
        asyncio.run(run_loop(settings, rules, stopwatch))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How long a worker takes to rebuild its state from changelogs, and to carry records that nothing is thought about.

`python -m bench.recovery_speed [ROWS] [RECORDS] [ROUNDS]`: both ways of taking records in turns, on a Kafka of its own.
What is recovered are rows of one deal each, of a size that deals have; the tables are filled and nothing is built of
them. What is carried goes through the same lanes or streams as events, and is written as one record and one row each.
"""

import asyncio
import logging
import os
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Literal

import faust
import orjson
import uvloop
from kafka import KafkaProducer
from mode import Service

from detectors.core.rules import Rules
from streams import topics
from streams.demo.broker import Broker
from streams.demo.processes import Child
from streams.settings import Kafka, Settings, Topics
from streams.wire import Record, Send
from streams.worker.worker import Worker

from .figures import Figure
from .rounds import cpu_seconds

PARTITIONS = 4
VALUE = orjson.dumps({"deal": "x" * 240})
PATIENCE_SECONDS = 600
LOOK_SECONDS = 0.005
Way = Literal["batches", "plain"]
Told = dict[str, tuple[float, float]]


class Carrying(Worker):
    """A worker that thinks nothing: each record of the deals becomes a row and an answer."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, Rules())
        self.began: tuple[float, float] | None = None
        self.done = 0

    async def _take_deal_events(self, number: int, records: list[Record]) -> None:
        self.began = self.began or (perf_counter(), cpu_seconds())
        changelog = topics.changelog(self.settings, "deals")
        await self._write(
            [
                sent
                for each in records
                for sent in (
                    (changelog, Send("deal_events", number, each.key, each.value)),
                    (self.names["findings"], Send("findings", number, each.key, each.value)),
                )
            ]
        )
        self.done += len(records)


class Timed(Service):
    """Says how long the recovery took, then how long the carrying, and ends the worker."""

    def __init__(self, worker: Carrying, rows: int, records: int, told: Path) -> None:
        self._worker = worker
        self._rows = rows
        self._records = records
        self._told = told
        super().__init__()

    @Service.task
    async def _watch(self) -> None:
        worker, told = self._worker, {}
        await until(lambda: worker.app.started and worker.app.tables.recovery.in_recovery)
        wall, cpu = perf_counter(), cpu_seconds()
        await until(lambda: not worker.app.tables.recovery.in_recovery)
        told["recovery"] = perf_counter() - wall, cpu_seconds() - cpu
        kept = len(list(worker.app.tables["deals"].data))
        assert kept == self._rows, f"{kept} of {self._rows} rows were recovered"
        await until(lambda: worker.done >= self._records)
        assert worker.began
        told["carrying"] = perf_counter() - worker.began[0], cpu_seconds() - worker.began[1]
        self._told.write_bytes(orjson.dumps(told))
        os.kill(os.getpid(), signal.SIGTERM)


async def nothing_is_built(_: object) -> bool:
    """In the place of what builds state of rows."""
    return True


async def until(condition: Callable[[], bool]) -> None:
    """Returns once it holds."""
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(LOOK_SECONDS)


def settings_of(way: Way, prefix: str, bootstrap: str) -> Settings:
    """Settings of a worker that takes records this way."""
    return Settings(
        app_id=prefix,
        clock="events",
        kafka=Kafka(bootstrap_servers=bootstrap, consumer=way, session_timeout_seconds=60),
        topics=Topics(prefix=prefix, partitions=PARTITIONS),
    )


def fill(settings: Settings, rows: int, records: int) -> None:
    """Write rows into the changelog of the deals, and records into their topic."""
    topics.ensure(settings)
    with KafkaProducer(**settings.kafka.client(), linger_ms=20, batch_size=262_144) as producer:
        for topic, count in (
            (topics.changelog(settings, "deals"), rows),
            (topics.names(settings)["deal_events"], records),
        ):
            for number in range(count):
                producer.send(topic, key=f"{number}".encode(), value=VALUE, partition=number % PARTITIONS)
        producer.flush()


def measure(rows: int, records: int, rounds: int) -> Iterator[Figure]:
    """Seconds of a recovery, and records carried in a second, by either way, in turns."""
    told: dict[str, list[Told]] = {"batches": [], "plain": []}
    ways: tuple[Way, Way] = ("batches", "plain")
    with TemporaryDirectory(prefix="stallwatch-bench-") as folder, Broker(Path(folder) / "kafka", java=()) as broker:
        for number in range(rounds):
            for way in ways[::-1] if number % 2 else ways:
                prefix = f"{way}-{uuid.uuid4().hex[:8]}"
                fill(settings_of(way, prefix, broker.bootstrap), rows, records)
                file = Path(folder) / f"{prefix}.json"
                command = [sys.executable, "-m", "bench.recovery_speed", "run", way, prefix, broker.bootstrap]
                command += [str(rows), str(records), str(file)]
                with Child(f"the {way} worker", command, Path(folder) / f"{prefix}.log", dict(os.environ)) as child:
                    child.wait_until(file.exists, within=PATIENCE_SECONDS)
                    child.wait(within=60)
                told[way].append(orjson.loads(file.read_bytes()))
    for way in ways:
        walls = tuple(each["recovery"][0] for each in told[way])
        yield Figure(f"recovery of {rows:,} rows", f"{way}, time", "s", walls)
        yield Figure(f"recovery of {rows:,} rows", f"{way}, CPU", "s", tuple(each["recovery"][1] for each in told[way]))
        speeds = tuple(records / each["carrying"][0] for each in told[way])
        cpus = tuple(each["carrying"][1] / records * 1e5 for each in told[way])
        yield Figure(f"carrying {records:,} records", f"{way}, speed", "records/s", speeds)
        yield Figure(f"carrying {records:,} records", f"{way}, CPU for 100,000", "s", cpus)


def run(way: Way, prefix: str, bootstrap: str, rows: int, records: int, told: Path) -> None:
    """Be the worker."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    uvloop.install()
    worker: Any = Carrying(settings_of(way, prefix, bootstrap))
    # rows of nothing but text: they are kept, and nothing is built of them
    for shelves in (worker.deals, worker.directories, worker.books):
        shelves.recovered = nothing_is_built
    host = faust.Worker(
        worker.app, Timed(worker, rows, records, told), loglevel="WARN", quiet=True, override_logging=False
    )
    host.spinner = None
    with suppress(SystemExit):
        host.execute_from_commandline()


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), Path(sys.argv[7]))  # type: ignore[arg-type]
    else:
        rows, records, rounds = (*map(int, sys.argv[1:]), *(200_000, 100_000, 3)[len(sys.argv) - 1 :])
        for figure in measure(rows, records, rounds):
            spread = f"{figure.lowest:,.2f} to {figure.highest:,.2f}"
            print(f"{figure.topic}: {figure.what}: {figure.median:,.2f} {figure.unit} ({spread})")

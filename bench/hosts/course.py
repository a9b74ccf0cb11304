"""The course that every host runs: a full inbox, a process of its own, and a look at what it told.

A host that writes to topics that it reads itself gets new ones; else all read the same inbox.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml
from kafka import KafkaConsumer, TopicPartition

from streams import topics
from streams.demo.processes import Child
from streams.settings import Kafka, Settings, Topics

from .job import ends
from .stopwatch import Outcome
from .workloads import Workload

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 3600
# so long that no host is given up, and its work done again, because the machine is busy
SESSION_SECONDS = 60.0


class WrongOutcome(RuntimeError):
    """A host did not tell what must be told: its speed means nothing."""


@dataclass(frozen=True)
class Host:
    """A module of this package, and settings for it, as the environment names them."""

    name: str
    module: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """What a host took for a workload, once; `rows` are the records that its changelogs have."""

    workload: str
    events: int
    host: str
    wall: float
    cpu: float
    peak: float
    rows: int


class Course:
    """A workload that hosts run, on a Kafka and with a Python."""

    def __init__(self, workload: Workload, bootstrap: str, folder: Path, python: Path) -> None:
        self._workload = workload
        self._bootstrap = bootstrap
        self._folder = folder
        self._python = python
        self._rules = folder / f"rules-{uuid.uuid4().hex[:8]}.yaml"
        self._rules.write_text(yaml.safe_dump(workload.rules.file.model_dump(mode="json", exclude_unset=True)))
        self._expected = workload.expected()
        self._full: Settings | None = None

    def run(self, host: Host) -> Run:
        """Have a host work off the workload; `WrongOutcome` if it tells something else than what is expected."""
        settings = self._settings(host)
        findings = topics.names(settings)["findings"]
        before = ends(settings, [findings])
        folder = self._folder / settings.app_id
        folder.mkdir()
        command: list[str | Path] = [self._python, "-m", "bench.hosts", host.module, self._workload.function, folder]
        environment = {**_environment(settings), **host.environment}
        with Child(f"host {host.name}", command, folder / "log", environment) as child:
            outcome = folder / "outcome.json"
            child.wait_until(outcome.exists, within=PATIENCE_SECONDS)
            child.wait(within=60)
        took = Outcome(**orjson.loads(outcome.read_bytes()))
        if host.module != "alone":  # it writes nothing
            hold_against(self._workload.told(_records(settings, before)), host.name, self._expected)
        of_this = self._workload
        return Run(of_this.name, of_this.events, host.name, took.wall, took.cpu, took.peak, _rows(settings))

    def _settings(self, host: Host) -> Settings:
        name = f"{host.module.replace('_', '-')}-{uuid.uuid4().hex[:8]}"
        settings = Settings(
            app_id=name,
            rules=self._rules,
            clock="events",
            kafka=Kafka(bootstrap_servers=self._bootstrap, session_timeout_seconds=SESSION_SECONDS),
            topics=self._full.topics if self._full else Topics(prefix=name, partitions=self._workload.partitions),
        )
        topics.ensure(settings)
        if not self._full:
            self._workload.fill(settings)
            self._full = settings if self._workload.inbox_lasts else None
        return settings


def hold_against(told: list[str], host: str, expected: list[str]) -> None:
    """`WrongOutcome` unless a host told what was expected."""
    if told != expected:
        wrong = len(set(told) - set(expected))
        raise WrongOutcome(
            f"{host} told {len(told):,} things of which {wrong:,} are wrong; {len(expected):,} were expected: "
            "its speed means nothing"
        )


def _rows(settings: Settings) -> int:
    """How many records the changelogs of a host have."""
    with KafkaConsumer(**settings.kafka.client(), group_id=None) as consumer:
        names = [each for each in consumer.topics() if "changelog" in each and settings.app_id in each]
    return sum(ends(settings, names).values())


def _records(settings: Settings, since: Mapping[TopicPartition, int]) -> Iterator[Any]:
    """All records of some partitions since these offsets."""
    with KafkaConsumer(**settings.kafka.client(), group_id=None) as consumer:
        consumer.assign(list(since))
        for place, offset in since.items():
            consumer.seek(place, offset)
        end = consumer.end_offsets(list(since))
        while any(consumer.position(place) < end[place] for place in since):
            for batch in consumer.poll(timeout_ms=500).values():
                yield from batch


def _environment(settings: Settings) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("STALLWATCH_")}
    return env | {
        "PYTHONPATH": str(ROOT),
        "STALLWATCH_APP_ID": settings.app_id,
        "STALLWATCH_RULES": str(settings.rules),
        "STALLWATCH_CLOCK": settings.clock,
        "STALLWATCH_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "STALLWATCH_KAFKA__SESSION_TIMEOUT_SECONDS": str(settings.kafka.session_timeout_seconds),
        "STALLWATCH_TOPICS__PREFIX": settings.topics.prefix,
        "STALLWATCH_TOPICS__PARTITIONS": str(settings.topics.partitions),
    }

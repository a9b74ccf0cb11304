"""One, two and four workers on the eight partitions of a real Kafka: what they cost together, and how they share it.

Told is CPU time, not time on the clock: where the cores are fewer than the workers and the broker, more workers are
not faster. That the sum stays the same, and the shares are alike, is what lets more machines take more events.
"""

import os
import signal
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from resource import getpagesize
from tempfile import TemporaryDirectory
from time import monotonic
from urllib.request import urlopen

import yaml
from kafka import KafkaConsumer, TopicPartition

from detectors.core import events
from streams import topics
from streams.answer import Answer, finding_line
from streams.answers import answers
from streams.demo.broker import Broker
from streams.demo.processes import Child, free_port
from streams.publish import Publisher
from streams.settings import Kafka, Settings, Topics
from streams.worker.worker import TOPICS

from .figures import Figure
from .histories import History
from .replay_speed import replay

PARTITIONS = 8
WORKERS = (1, 2, 4)
PATIENCE_SECONDS = 900.0
# longer than it takes to share the partitions anew when somebody joins
CALM_SECONDS = 3.0
# so long that nobody is given up because the machine is busy
SESSION_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


class WrongOutcome(RuntimeError):
    """The workers did not tell what replay tells: what they took means nothing."""


@dataclass(frozen=True)
class Run:
    """Seconds of CPU and bytes of memory of each worker."""

    cpu: list[float]
    memory: list[int]


def measure(history: History, rounds: int) -> Iterator[Figure]:
    """What workers take for a history; `WrongOutcome` unless they tell what replay tells."""
    expected = _findings(replay(history).partition.answers.values())
    runs: dict[int, list[Run]] = {workers: [] for workers in WORKERS}
    with TemporaryDirectory(prefix="stallwatch-bench-") as folder, Broker(Path(folder) / "kafka", java=()) as broker:
        for round_ in range(rounds):
            for workers in WORKERS[::-1] if round_ % 2 else WORKERS:
                runs[workers].append(_run(history, workers, broker.bootstrap, Path(folder), expected))
    count = len(history.lines)
    topic = f"workers on {PARTITIONS} partitions, {history.name}, {count:,} events"
    for workers, took in runs.items():
        name = "one worker" if workers == 1 else f"{workers} workers"
        spent = tuple(sum(run.cpu) / count * 100_000 for run in took)
        yield Figure(topic, f"{name}, CPU of all for 100,000 events", "s", spent)
        if workers > 1:
            most = tuple(max(run.cpu) / sum(run.cpu) * 100 for run in took)
            yield Figure(topic, f"{name}, what the busiest one has of it", "%", most)
        yield Figure(topic, f"{name}, memory of each", "MB", tuple(max(run.memory) / 1e6 for run in took))
    for workers in WORKERS[1:]:
        more = tuple(sum(many.cpu) / sum(one.cpu) for many, one in zip(runs[workers], runs[1], strict=True))
        yield Figure(topic, f"CPU of {workers} workers, to one's", "×", more)


def _run(history: History, workers: int, bootstrap: str, folder: Path, expected: list[str]) -> Run:
    name = f"workers-{uuid.uuid4().hex[:8]}"
    rules = folder / f"{name}.yaml"
    rules.write_text(yaml.safe_dump(history.rules.file.model_dump(mode="json", exclude_unset=True)))
    settings = Settings(
        app_id=name,
        rules=rules,
        clock="events",
        kafka=Kafka(bootstrap_servers=bootstrap, session_timeout_seconds=SESSION_SECONDS),
        topics=Topics(prefix=name, partitions=PARTITIONS),
    )
    topics.ensure(settings)
    publisher = Publisher(settings)
    publisher.tell_time(events.parse(history.lines[0].raw).time)
    publisher.flush()
    with ExitStack() as running:
        crew = [running.enter_context(_Worker(settings, folder / f"{name}-{n}.log")) for n in range(workers)]
        _wait_until_calm(crew)
        before = [each.cpu for each in crew]
        # stopped, they find the whole history at once, and do not share the machine with who writes it
        for each in crew:
            each.send(signal.SIGSTOP)
        for _ in publisher.send(history.lines):
            pass
        publisher.finish()
        for each in crew:
            each.send(signal.SIGCONT)
        # who joins no group may see what it has committed
        with closing(KafkaConsumer(**settings.kafka.client(), group_id=settings.app_id)) as consumer:
            crew[0].wait_until(partial(_is_done, consumer, settings), within=PATIENCE_SECONDS)
        run = Run([each.cpu - spent for each, spent in zip(crew, before, strict=True)], [each.memory for each in crew])
    told = _findings(answers(settings))
    if told != expected:
        raise WrongOutcome(f"{workers} workers told {len(told)}, replay {len(expected)} findings, not the same")
    return run


def _findings(told: Iterable[Answer]) -> list[str]:
    return sorted(finding_line(finding) for each in told for finding in each.findings)


class _Worker(Child):
    """One worker process, as an operator starts it."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._port = free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith("STALLWATCH_")} | {
            "STALLWATCH_APP_ID": settings.app_id,
            "STALLWATCH_RULES": str(settings.rules),
            "STALLWATCH_CLOCK": settings.clock,
            "STALLWATCH_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
            "STALLWATCH_KAFKA__SESSION_TIMEOUT_SECONDS": str(settings.kafka.session_timeout_seconds),
            "STALLWATCH_TOPICS__PREFIX": settings.topics.prefix,
            "STALLWATCH_TOPICS__PARTITIONS": str(settings.topics.partitions),
            "STALLWATCH_HTTP__PORT": str(self._port),
        }
        super().__init__("a worker", [sys.executable, "-m", "streams", "worker"], log, env)

    @property
    def is_ready(self) -> bool:
        """Whether it takes events."""
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has taken."""
        # behind its name, which is in parentheses; the fields are counted in proc(5)
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory(self) -> int:
        """Bytes of memory that it uses."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * getpagesize()

    def send(self, number: signal.Signals) -> None:
        """Stop it for a while, or let it go on."""
        assert self.pid
        os.kill(self.pid, number)


def _wait_until_calm(workers: list[_Worker]) -> None:
    """Until all of them take events, and have for a while: nobody is about to get another's partitions."""
    calm_since: float | None = None

    def is_calm() -> bool:
        nonlocal calm_since
        if not all(each.is_ready for each in workers):
            calm_since = None
        elif calm_since is None:
            calm_since = monotonic()
        return calm_since is not None and monotonic() - calm_since > CALM_SECONDS

    workers[0].wait_until(is_calm, within=PATIENCE_SECONDS)


def _is_done(consumer: KafkaConsumer, settings: Settings) -> bool:
    """Whether all that workers consume is consumed; what is written meanwhile counts, too."""
    names = topics.names(settings)
    places = [TopicPartition(names[topic], number) for topic in TOPICS for number in range(PARTITIONS)]
    ends = consumer.end_offsets(places)
    return all((consumer.committed(place) or 0) >= end for place, end in ends.items())

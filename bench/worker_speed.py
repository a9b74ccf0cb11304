"""A Faust worker's events per second, beside a loop written by hand and beside replay: same events, same functions."""

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import yaml

from detectors.core import events
from streams import topics
from streams.demo.broker import Broker
from streams.demo.processes import Child
from streams.publish import Publisher
from streams.settings import Kafka, Settings, Topics

from .engine import Outcome, findings_of, ready_file
from .figures import Figure
from .histories import History
from .replay_speed import replay
from .rounds import Cost, cost_of, interleaved, ratios

PARTITIONS = 4
PATIENCE_SECONDS = 1800
# so long that no engine is given up, and its work done again, because the machine is busy
SESSION_SECONDS = 60.0


class WrongOutcome(RuntimeError):
    """An engine did not come to what replay comes to: its speed means nothing."""


def measure(history: History, rounds: int) -> Iterator[Figure]:
    """Events per second through a real Kafka; `WrongOutcome` unless all three find the very same."""
    expected = findings_of([replay(history).partition])
    count = len(history.lines)
    with TemporaryDirectory(prefix="stallwatch-bench-") as folder, Broker(Path(folder) / "kafka", java=()) as broker:
        track = _Track(history, broker.bootstrap, Path(folder), expected)
        costs = interleaved(
            {
                "replay": lambda: cost_of(lambda: replay(history)),
                "loop": lambda: track.run("loop"),
                "worker": lambda: track.run("worker"),
            },
            rounds,
        )
    topic = f"through Kafka, {history.name}, {count:,} events, {len(expected):,} findings, all three the same"
    for name in ("worker", "loop", "replay"):
        yield Figure(topic, f"{name}, speed", "events/s", tuple(count / cost.wall for cost in costs[name]))
        yield Figure(topic, f"{name}, CPU for an event", "µs", tuple(cost.cpu / count * 1e6 for cost in costs[name]))
    records = track.records
    yield Figure(topic, "records that a worker takes for an event", "records", (records / count,))
    yield Figure(topic, "worker's speed, to the loop's", "×", ratios(costs["loop"], costs["worker"], "wall"))
    yield Figure(topic, "worker's CPU, to the loop's", "×", ratios(costs["worker"], costs["loop"]))
    yield Figure(topic, "worker's speed, to replay's", "×", ratios(costs["replay"], costs["worker"], "wall"))
    yield Figure(topic, "worker's CPU, to replay's", "×", ratios(costs["worker"], costs["replay"]))
    yield Figure(topic, "loop's CPU, to replay's", "×", ratios(costs["loop"], costs["replay"]))


class _Track:
    """The course that both engines run: on new topics, with the whole history at once in the inbox of a running engine.

    An engine that starts with a full inbox knows no time at first; how much it has to tell anew then is luck.
    """

    def __init__(self, history: History, bootstrap: str, folder: Path, expected: list[str]) -> None:
        self._history = history
        self._bootstrap = bootstrap
        self._folder = folder
        self._expected = expected
        self._rules = folder / "rules.yaml"
        self._rules.write_text(yaml.safe_dump(history.rules.file.model_dump(mode="json", exclude_unset=True)))
        self._times = [events.parse(line.raw).time for line in history.lines]
        self.records = 0

    def run(self, engine: str) -> Cost:
        """What an engine took for the history."""
        name = f"{engine}-{uuid.uuid4().hex[:8]}"
        settings = Settings(
            app_id=name,
            rules=self._rules,
            clock="events",
            kafka=Kafka(bootstrap_servers=self._bootstrap, session_timeout_seconds=SESSION_SECONDS),
            topics=Topics(prefix=name, partitions=PARTITIONS),
        )
        topics.ensure(settings)
        publisher = Publisher(settings)
        publisher.tell_time(self._times[0])
        publisher.flush()
        outcome = self._folder / f"{name}.json"
        command = [sys.executable, "-m", "bench.engine", engine, max(self._times).isoformat(), str(outcome)]
        with Child(f"the {engine}", command, self._folder / f"{name}.log", _environment(settings)) as child:
            child.wait_until(ready_file(outcome).exists, within=PATIENCE_SECONDS)
            assert child.pid
            # a stopped engine finds the whole history at once, and does not share the machine with who writes it
            os.kill(child.pid, signal.SIGSTOP)
            for _ in publisher.send(self._history.lines):
                pass
            publisher.finish()
            os.kill(child.pid, signal.SIGCONT)
            child.wait_until(outcome.exists, within=PATIENCE_SECONDS)
            child.wait(within=60)
        told = Outcome(**orjson.loads(outcome.read_bytes()))
        hold_against(told, engine, self._expected)
        self.records = told.records
        return Cost(told.wall, told.cpu)


def hold_against(told: Outcome, engine: str, expected: list[str]) -> None:
    """`WrongOutcome` unless an engine found what was expected."""
    if told.findings != expected:
        raise WrongOutcome(f"the {engine} found {len(told.findings)}, replay {len(expected)} findings, not the same")


def _environment(settings: Settings) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("STALLWATCH_")}
    return env | {
        "STALLWATCH_APP_ID": settings.app_id,
        "STALLWATCH_RULES": str(settings.rules),
        "STALLWATCH_CLOCK": settings.clock,
        "STALLWATCH_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "STALLWATCH_KAFKA__SESSION_TIMEOUT_SECONDS": str(settings.kafka.session_timeout_seconds),
        "STALLWATCH_TOPICS__PREFIX": settings.topics.prefix,
        "STALLWATCH_TOPICS__PARTITIONS": str(settings.topics.partitions),
    }

"""A whole running system on a real Kafka: topics, workers, what goes in, and what came out."""

import http.client
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pytest
import yaml
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from streams import rules_file, topics
from streams.answer import finding_line
from streams.demo.processes import Child, free_port
from streams.history import Line
from streams.publish import Publisher
from streams.replay import Replay
from streams.settings import Kafka, Settings, Topics
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import Topic

# both ways in which a worker can take records; what may be lost while partitions move is tried on either
BOTH_WAYS = pytest.mark.parametrize("consumer", ["batches", "plain"])
PARTITIONS = 4
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1
# so soon is a dead worker missed, where a test waits for it; it holds also on a machine that does other things
SHORT_SESSION_SECONDS = "4"
# the join sends some replies on to itself
WAY: tuple[Topic, ...] = ("inbox", "mail", "mail", "deal_events", "books")


def until(condition: Callable[[], Any], what: str, within: float = PATIENCE_SECONDS) -> Any:
    """The first true value of `condition`; fails, saying `what` did not happen, after `within` seconds."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(POLL_SECONDS)
    return value


@dataclass(frozen=True)
class Read:
    """A record as a consumer got it."""

    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]
    partition: int
    offset: int


class RunningWorker(Child):
    """One worker process with its server."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self.port = free_port()
        settings = dict(env, STALLWATCH_HTTP__PORT=str(self.port))
        super().__init__(name, [sys.executable, "-m", "streams", "worker"], folder / f"{name}.log", settings)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Status and text of its answer; (0, "") if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    @property
    def ready(self) -> bool:
        """Whether it says that it takes events."""
        return self.ask("/readyz")[0] == 200

    def wait_ready(self, within: float = PATIENCE_SECONDS) -> Self:
        """Returns once it is ready."""
        self.wait_until(lambda: self.ready, within)
        return self

    def metrics(self, name: str) -> dict[tuple[str, ...], float]:
        """The value of each series of a metric, by the values of its labels in the order of their names."""
        status, text = self.ask("/metrics")
        if status != 200:
            return {}
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    def log_text(self) -> str:
        """All that it has said, over all of its starts."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


class System:
    """Workers that share one set of topics, under a name of their own. As a context: everything is ended."""

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        folder: Path,
        rules: Mapping[str, Any] | None = None,
        app_id: str | None = None,
        **variables: str,
    ) -> None:
        self.folder = folder
        self.rules_file = folder / "rules.yaml"
        self.write_rules(rules or {})
        self.env = {
            "STALLWATCH_KAFKA__BOOTSTRAP_SERVERS": bootstrap,
            "STALLWATCH_TOPICS__PREFIX": prefix,
            "STALLWATCH_TOPICS__PARTITIONS": str(PARTITIONS),
            "STALLWATCH_APP_ID": app_id or prefix,
            "STALLWATCH_CLOCK": "events",
            "STALLWATCH_RULES": str(self.rules_file),
        } | {f"STALLWATCH_{name.upper()}": value for name, value in variables.items()}
        self.settings = Settings(
            app_id=app_id or prefix,
            clock="events" if self.env["STALLWATCH_CLOCK"] == "events" else "wall",
            rules=self.rules_file,
            kafka=Kafka(bootstrap_servers=bootstrap),
            topics=Topics(prefix=prefix, partitions=PARTITIONS),
        )
        self.topics = topics.names(self.settings)
        self.workers: list[RunningWorker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()

    def write_rules(self, rules: Mapping[str, Any]) -> None:
        """Put other rules into the file that the workers read."""
        self.rules_file.parent.mkdir(parents=True, exist_ok=True)
        self.rules_file.write_text(yaml.safe_dump(dict(rules), allow_unicode=True))

    def start(self, workers: int = 1) -> Self:
        """Make the topics and start workers; returns when all of them take events."""
        topics.ensure(self.settings)
        for _ in range(workers):
            self.add_worker()
        for worker in self.workers:
            worker.wait_ready()
        return self

    def add_worker(self) -> RunningWorker:
        """One more worker, started but not waited for."""
        worker = RunningWorker(f"worker-{len(self.workers) + 1}", self.folder, self.environment())
        self.workers.append(worker)
        worker.start()
        return worker

    def environment(self) -> dict[str, str]:
        """The environment of a command of this system."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("STALLWATCH_")}
        return own | self.env

    @property
    def worker(self) -> RunningWorker:
        """The first worker."""
        return self.workers[0]

    # -- in

    def publish(self, lines: Iterable[bytes], at: datetime | None = None) -> None:
        """Publish events and the time after them (`at`, else the newest event's); returns when Kafka has them."""
        publisher = Publisher(self.settings)
        for _ in publisher.send(Line(Path("test"), number, line) for number, line in enumerate(lines, start=1)):
            pass
        if at is not None:
            publisher.tell_time(at)
        publisher.finish()

    def put(self, *values: bytes | None, partition: int = 0, key: bytes | None = b"any") -> list[int]:
        """Put raw records into one partition of the inbox, as any producer could; their offsets."""
        with KafkaProducer(
            **self.settings.kafka.client(), max_request_size=64 * MAX_MESSAGE_BYTES, compression_type=None
        ) as producer:
            sent = [producer.send(self.topics["inbox"], value=each, key=key, partition=partition) for each in values]
            return [each.get(timeout=PATIENCE_SECONDS).offset for each in sent]

    # -- out

    def wait_until_done(self, within: float = PATIENCE_SECONDS) -> None:
        """Returns when all that was published has gone the whole way: the offsets behind it are committed.

        Each stage commits only when its output is written, so they are done one after the other.
        """
        client = self.settings.kafka.client()
        with KafkaConsumer(**client, group_id=None) as consumer, KafkaAdminClient(**client) as admin:
            for topic in WAY:
                places = [TopicPartition(self.topics[topic], number) for number in range(PARTITIONS)]
                ends = {place: end for place, end in consumer.end_offsets(places).items() if end}

                def is_done(ends: Mapping[TopicPartition, int] = ends) -> bool:
                    committed = admin.list_group_offsets(self.settings.app_id)[self.settings.app_id]
                    return all(place in committed and committed[place].offset >= end for place, end in ends.items())

                until(is_done, f"all of {topic} done", within)

    def answers(self) -> dict[str, Any]:
        """The newest answer on each deal, as JSON."""
        return {key: told for key, told in self._told().items() if told["deal_id"] is not None}

    def findings(self) -> list[Any]:
        """All that is said in the newest answers, on deals and on books, in one order."""
        return in_order(finding for told in self._told().values() for finding in told["findings"])

    def _told(self) -> dict[str, Any]:
        newest = {record.key: record.value for record in self.read(self.topics["findings"])}
        return {(key or b"").decode(): json.loads(value) for key, value in newest.items() if value}

    def dead_letters(self) -> list[Read]:
        """The dead letters in order of arrival in each partition."""
        return self.read(self.topics["dead_letters"])

    def read(self, topic: str) -> list[Read]:
        """Everything on a topic up to its end now; in order within each partition."""
        with KafkaConsumer(**self.settings.kafka.client(), group_id=None) as consumer:
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found: list[Read] = []
            while any(consumer.position(place) < ends[place] for place in places):
                for place, records in consumer.poll(timeout_ms=500).items():
                    found += [
                        Read(each.key, each.value, dict(each.headers), place.partition, each.offset) for each in records
                    ]
        return sorted(found, key=lambda each: (each.partition, each.offset))


def replayed(rules: Path, lines: Iterable[bytes], until_time: datetime | None = None) -> list[Any]:
    """The findings that `replay` prints for a history, in the order of `System.findings`."""
    replay = Replay(rules_file.read(rules), until_time)
    for _ in replay.run(Line(Path("test"), number, line) for number, line in enumerate(lines, start=1)):
        pass
    assert not replay.errors
    return in_order(json.loads(finding_line(finding)) for finding in replay.findings())


def in_order(findings: Iterable[Any]) -> list[Any]:
    """Findings in one order, whatever order they came in."""
    return sorted(findings, key=lambda each: json.dumps(each, sort_keys=True))


def difference(found: Iterable[Any], expected: Iterable[Any]) -> dict[str, Any]:
    """By deal, what was found but not expected, and the other way round: empty if they are the same."""
    sides: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {"found": [], "expected": []})
    here = {json.dumps(each, sort_keys=True): each for each in found}
    there = {json.dumps(each, sort_keys=True): each for each in expected}
    for text in here.keys() - there.keys():
        sides[here[text]["deal_id"]]["found"].append(here[text])
    for text in there.keys() - here.keys():
        sides[there[text]["deal_id"]]["expected"].append(there[text])
    return dict(sides)

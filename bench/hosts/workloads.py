"""What is hosted: a full inbox, and what a host must have told in the end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from kafka import KafkaProducer

from detectors.core import events
from detectors.core.rules import Rules
from streams import topics
from streams.answer import finding_line, of_json
from streams.publish import Publisher
from streams.settings import Settings
from streams.wire import partition_of

from ..histories import History
from ..replay_speed import findings_of, replay
from . import plumbing


@dataclass(frozen=True)
class Workload:
    """So many events, of a house with these rules, for an inbox of so many partitions.

    `function` is the hosts' function that works them off, `fill` writes them to the inbox, `told` reads off the records
    of the findings topic what a host told, in order, and `expected` is what it must be. The inbox lasts where no host
    writes to what it reads: the next one can read it, too.
    """

    name: str
    events: int
    partitions: int
    rules: Rules
    function: Literal["plumbing", "pipeline"]
    inbox_lasts: bool
    fill: Callable[[Settings], None]
    expected: Callable[[], list[str]]
    told: Callable[[Iterable[Any]], list[str]]

    @property
    def is_one_pipeline(self) -> bool:
        """Whether it can be hosted as one call, from the inbox to the findings."""
        return self.function == "plumbing" or self.partitions == 1


def plumbed(count: int, partitions: int) -> Workload:
    """Events about which hardly a thought is spent."""

    def fill(settings: Settings) -> None:
        producer = KafkaProducer(**settings.kafka.client(), linger_ms=20, batch_size=262_144)
        inbox = topics.names(settings)["inbox"]
        for key, value in plumbing.events(count):
            producer.send(inbox, value, key, partition=partition_of(key, partitions))
        producer.flush()
        producer.close()

    def expected() -> list[str]:
        moved = plumbing.advance({}, (value for _, value in plumbing.events(count)))
        return sorted(value.decode() for _, value in moved.alerts)

    def told(records: Iterable[Any]) -> list[str]:
        return sorted(record.value.decode() for record in records)

    name = f"plumbing alone, {count:,} events"
    return Workload(name, count, partitions, Rules(), "plumbing", True, fill, expected, told)


def judged(history: History, partitions: int) -> Workload:
    """A history, and all that a worker does with it."""

    def fill(settings: Settings) -> None:
        publisher = Publisher(settings)
        # without a time nothing is told; and what must be told anew once there is one would be luck
        publisher.tell_time(events.parse(history.lines[0].raw).time)
        for _ in publisher.send(history.lines):
            pass
        publisher.finish()

    def expected() -> list[str]:
        return findings_of([replay(history).partition])

    def told(records: Iterable[Any]) -> list[str]:
        # a deal's last answer holds; what is found in books has headers
        last = {record.key: record.value for record in records if not record.headers}
        answers = (of_json(value) for value in last.values() if value is not None)
        return sorted(finding_line(finding) for answer in answers for finding in answer.findings)

    count = len(history.lines)
    of_many = f", {partitions} partitions" if partitions > 1 else ""
    name = f"all detectors, {history.name}, {count:,} events{of_many}"
    return Workload(name, count, partitions, history.rules, "pipeline", False, fill, expected, told)

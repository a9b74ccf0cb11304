"""What a host is given to do."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from detectors.core.rules import Rules
from streams import topics
from streams.settings import Settings
from streams.wire import Topic

from .stopwatch import Stopwatch


@dataclass
class Job:
    """A full inbox to be worked off, and a folder of its own for what the host keeps on disk."""

    settings: Settings
    rules: Rules
    folder: Path
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @cached_property
    def names(self) -> dict[Topic, str]:
        """The name of each topic."""
        return topics.names(self.settings)

    @property
    def partitions(self) -> int:
        """Of every topic."""
        return self.settings.topics.partitions

    def records_in(self, *names: Topic) -> int:
        """How many records were ever written to these topics."""
        return sum(ends(self.settings, [self.names[each] for each in names]).values())


def ends(settings: Settings, names: list[str]) -> dict[TopicPartition, int]:
    """Where the partitions of these topics end."""
    places = [TopicPartition(name, number) for name in names for number in range(settings.topics.partitions)]
    with KafkaConsumer(**settings.kafka.client(), group_id=None) as consumer:
        told: dict[TopicPartition, int] = consumer.end_offsets(places)
    return told

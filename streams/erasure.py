"""What is on Kafka's topics and names a person goes before its time.

Records cannot be changed, so of the topics that keep events everything up to the last record that names the person is
deleted: no worker needs what it has done, for its state is in the tables. Only what a worker has committed is deleted.
Dead letters are nobody's state: those of others are first written again behind, with the time that they had.

Topics that are compacted keep what is in force, and drop the rest when Kafka compacts them: it is told to do so at
once, and afterwards as before.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec

from . import topics
from .books import SEPARATOR
from .dead_letters import letter_of, retried_in
from .settings import Settings
from .topics import MAX_MESSAGE_BYTES, KafkaUnavailable
from .traces import Finder, Person, Reader, Traces, compacted, kafka_errors
from .wire import Record

PATIENCE_SECONDS = 300.0
ROUND_SECONDS = 5.0
# segments close after so long, and are compacted whatever else is in them
AT_ONCE = {
    "segment.ms": "4000",
    "max.compaction.lag.ms": "4000",
    "min.cleanable.dirty.ratio": "0.0",
    "delete.retention.ms": "0",
}
OnWait = Callable[[str], None]


def wait_for_workers(settings: Settings, name: str, on_wait: OnWait = lambda _: None) -> None:
    """Returns when the workers have done what a topic holds now; `KafkaUnavailable` if they do not."""
    with kafka_errors(settings), _admin(settings) as admin:
        places = [TopicPartition(name, number) for number in range(settings.topics.partitions)]
        ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        _wait_for_workers(settings, admin, {place: end.offset for place, end in ends.items() if end.offset}, on_wait)


def truncate(settings: Settings, traces: Traces, person: Person, on_wait: OnWait) -> dict[str, int]:
    """Delete what names a person from the topics that keep events; by topic, how many records that takes with it.

    `KafkaUnavailable` if the workers do not get past it.
    """
    told = topics.names(settings)
    gone: dict[str, int] = {}
    with kafka_errors(settings), _admin(settings) as admin:
        for name in told.values():
            cuts = {TopicPartition(name, number): max(found) + 1 for number, found in traces.of(name).items()}
            if not cuts or name in traces.compacted:
                continue
            if name == told["dead_letters"]:
                _copy_others(settings, name, person, cuts)
            else:
                _wait_for_workers(settings, admin, cuts, on_wait)
            begins = admin.list_partition_offsets(dict.fromkeys(cuts, OffsetSpec.EARLIEST))
            gone[name] = sum(cut - begins[place].offset for place, cut in cuts.items())
            admin.delete_records(cuts)
    return gone


def compact(settings: Settings, traces: Traces, on_wait: OnWait) -> bool:
    """Have the compacted topics on which a person stood compacted; whether no record names them any more."""
    names = sorted(name for name in compacted(settings) if traces.of(name))
    if not names:
        return True
    with kafka_errors(settings), _admin(settings) as admin, _compacting(admin, names):
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            # Kafka closes a segment when it is written to, and drops what a key that is no more left in a later round
            _write_to_all(settings, names)
            sleep(ROUND_SECONDS)
            left = _left(settings, traces, names)
            if not left:
                return True
            on_wait(f"{left:,} records to be compacted")
    return False


def _left(settings: Settings, traces: Traces, names: list[str]) -> int:
    reader = Reader(settings, names)
    try:
        found = Traces(traces.finder, traces.compacted)
        for read in reader.to_the_end():
            found.see(read)
    finally:
        reader.close()
    return sum(len(each) for each in found.records.values())


def _write_to_all(settings: Settings, names: list[str]) -> None:
    """To each partition that there is nothing under a key that nobody has: no deal, no row, no owner's."""
    with KafkaProducer(**settings.kafka.client(), client_id=f"{settings.app_id}-forget") as producer:
        under_way = [
            producer.send(name, key=SEPARATOR.encode(), value=None, partition=number)
            for name in names
            for number in range(settings.topics.partitions)
        ]
        producer.flush()
        for each in under_way:
            each.get(timeout=30)


@contextmanager
def _compacting(admin: Any, names: list[str]) -> Iterator[None]:
    """Topics that are compacted as soon as may be, for as long as the context."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    told = admin.describe_configs(resources, config_filter="modified")["topic"]
    before = {name: {key: told[name][key]["value"] for key in AT_ONCE if key in told[name]} for name in names}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(AT_ONCE)) for name in names])
    try:
        yield
    finally:
        changes = {
            name: {key: ("SET", kept[key]) if key in kept else ("DELETE", None) for key in AT_ONCE}
            for name, kept in before.items()
        }
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, configs=each) for name, each in changes.items()]
        )


def _wait_for_workers(settings: Settings, admin: Any, cuts: Mapping[TopicPartition, int], on_wait: OnWait) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        done = admin.list_group_offsets(settings.app_id)[settings.app_id]
        behind = [place for place, cut in cuts.items() if place not in done or done[place].offset < cut]
        if not behind:
            return
        if monotonic() > deadline:
            raise KafkaUnavailable(f"{behind[0].topic}: no worker has got to the end of it; is one running?")
        on_wait(f"workers are behind on {behind[0].topic}")
        sleep(0.5)


def _copy_others(settings: Settings, name: str, person: Person, cuts: Mapping[TopicPartition, int]) -> None:
    """Write the letters of others again that would be deleted; not those that were sent to the inbox again."""
    finder, sent, letters = Finder(person), set(), []
    reader = Reader(settings, [name])
    try:
        for read in reader.to_the_end():
            record = Record(read.partition, read.key, read.value, read.headers, read.offset)
            if (letter := retried_in(record)) is not None:
                sent.add(letter)
            elif read.offset >= cuts.get(TopicPartition(name, read.partition), 0) or finder.finds_in(read):
                continue
            elif letter_of(record, read.at) is not None:
                letters.append(read)
    finally:
        reader.close()
    client = settings.kafka.client()
    with KafkaProducer(**client, client_id=f"{settings.app_id}-forget", max_request_size=MAX_MESSAGE_BYTES) as producer:
        under_way = [
            producer.send(
                name,
                value=each.value,
                key=each.key,
                headers=list(each.headers),
                partition=each.partition,
                timestamp_ms=round(each.at.timestamp() * 1000),
            )
            for each in letters
            if f"{each.partition}/{each.offset}" not in sent
        ]
        producer.flush()
        for one in under_way:
            one.get(timeout=30)


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    admin = KafkaAdminClient(**settings.kafka.client(), client_id=f"{settings.app_id}-forget")
    try:
        yield admin
    finally:
        admin.close()

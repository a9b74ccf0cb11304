"""The dead letters in Kafka: found, and sent to the inbox again.

Sent again, they are late events under the same ids: what came through in the meantime is not changed by them.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from time import monotonic
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from detectors.core import events
from detectors.core.events import Refused

from . import topics
from .dead_letters import Letter, again, letter_of, retried, retried_in
from .settings import Settings
from .topics import MAX_MESSAGE_BYTES, KafkaUnavailable, TopicsError
from .web.inbox import key_of
from .wire import Record, Send, partition_of

MOST_ATTEMPTS = 5
AT_ONCE = 500
PATIENCE_SECONDS = 30.0
OnRead = Callable[[int], None]


@dataclass(frozen=True)
class Wanted:
    """Which letters; what is None or empty does not matter. Those that were sent again already only with `sent_too`."""

    names: Collection[str] = ()
    reason: str | None = None
    source: str | None = None
    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sent_too: bool = False

    def has(self, letter: Letter) -> bool:
        """Whether it is one of them."""
        return (
            (not self.names or letter.name in self.names)
            and self.reason in (None, letter.reason)
            and self.source in (None, letter.source)
            and self.topic in (None, letter.topic)
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at <= self.until)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A letter without its bytes, and whether it was sent again already."""

    letter: Letter
    was_sent: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a letter that was to be sent again: nothing, if there is a problem."""

    letter: Letter
    problem: str | None = None


def find(settings: Settings, wanted: Wanted, on_read: OnRead = lambda _: None) -> list[Found]:
    """The letters, oldest first. `KafkaUnavailable` or `TopicsError` if they cannot be read."""
    letters: list[Letter] = []
    sent: set[str] = set()
    for number, (record, at) in enumerate(_records(settings), start=1):
        on_read(number)
        if (name := retried_in(record)) is not None:
            sent.add(name)
        elif (letter := letter_of(record, at)) is not None and wanted.has(letter):
            letters.append(replace(letter, value=b"", headers=(), key=None))
    letters.sort(key=lambda each: (each.at, each.partition, each.offset))
    found = [Found(letter, letter.name in sent) for letter in letters]
    return [each for each in found if wanted.sent_too or not each.was_sent]


def letter(settings: Settings, name: str) -> Letter | None:
    """One letter with all that is in it; None if there is none of this name (any more)."""
    partition, offset = _place(name)
    for record, at in _records(settings, {partition: offset}):
        return letter_of(record, at) if record.offset == offset else None
    return None


def retry(
    settings: Settings, chosen: Iterable[Letter], now: datetime, *, force: bool = False, dry_run: bool = False
) -> Generator[Fate, None, None]:
    """Send letters to the inbox again, and tell of each what became of it once Kafka has it.

    `force` sends also what was tried often, and what would be refused again as things are.
    """
    names = {each.name for each in chosen}
    first: dict[int, int] = {}
    for name in names:
        partition, offset = _place(name)
        first[partition] = min(offset, first.get(partition, offset))
    read = (letter_of(record, at) for record, at in _records(settings, first))
    wanted = (each for each in read if each is not None and each.name in names)
    fates = (Fate(each, _problem(each, now, force)) for each in wanted)
    if dry_run:
        yield from fates
        return
    with _kafka_errors(settings), _producer(settings) as producer:
        while batch := list(islice(fates, AT_ONCE)):
            letters = [each.letter for each in batch if each.problem is None]
            _write(settings, producer, [_to_inbox(each, settings.topics.partitions) for each in letters])
            # a mark says that it was sent: so it must have been
            _write(settings, producer, [retried(each) for each in letters])
            yield from batch


def _problem(letter: Letter, now: datetime, force: bool) -> str | None:
    """Why a letter is not sent again; None if it is."""
    if not letter.is_event:
        what = "a mark of stallwatch's own" if letter.is_mark else f"what was given to {letter.topic}"
        return f"it is no event, but {what}: have it read again from its source"
    if letter.cut:
        return "a part of it was cut off: have it sent again by its source"
    if force:
        return None
    if letter.attempts >= MOST_ATTEMPTS:
        return f"it was sent again {letter.attempts} times already, and refused each time"
    try:
        events.clamp(events.parse(letter.value), now)
    except Refused as refusal:
        return f"it would be refused again, {refusal.reason}: {refusal}"
    return None


def _to_inbox(letter: Letter, partitions: int) -> Send:
    try:
        key = key_of(events.parse(letter.value))
    except Refused:
        key = b"refused"
    return again(letter, partition_of(key, partitions), key)


def _place(name: str) -> tuple[int, int]:
    partition, _, offset = name.partition("/")
    return int(partition), int(offset)


# -- Kafka


def _producer(settings: Settings) -> Any:
    client = settings.kafka.client()
    return KafkaProducer(**client, client_id=f"{settings.app_id}-retry", max_request_size=MAX_MESSAGE_BYTES)


def _write(settings: Settings, producer: Any, sends: list[Send]) -> None:
    """Write records, and wait until Kafka has them."""
    names = topics.names(settings)
    under_way = [
        producer.send(names[each.topic], each.value, each.key, list(each.headers), each.partition) for each in sends
    ]
    producer.flush()
    for each in under_way:
        each.get(timeout=PATIENCE_SECONDS)


def _records(settings: Settings, first: Mapping[int, int] | None = None) -> Iterator[tuple[Record, datetime]]:
    """Every record up to the end as it is now, with when it was written; of `first`'s partitions only, if given, from
    those offsets."""
    name = topics.names(settings)["dead_letters"]
    with _kafka_errors(settings):
        # below what is kept, from the oldest that is
        consumer = KafkaConsumer(
            **settings.kafka.client(),
            client_id=f"{settings.app_id}-dead-letters",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            # asked beforehand: of a partition that is not there a consumer asks for half a minute
            there = consumer.partitions_for_topic(name) or set()
            if not there:
                raise TopicsError(f"{name} is missing: run `stallwatch topics`")
            places = [TopicPartition(name, number) for number in (there if first is None else there & first.keys())]
            if not places:
                return
            consumer.assign(places)
            ends, begins = consumer.end_offsets(places), consumer.beginning_offsets(places)
            for place in places:
                consumer.seek(place, max(begins[place], (first or {}).get(place.partition, 0)))
            heard = monotonic()
            while any(consumer.position(place) < ends[place] for place in places):
                polled = consumer.poll(timeout_ms=500)
                if polled:
                    heard = monotonic()
                elif monotonic() - heard > PATIENCE_SECONDS:
                    raise KafkaUnavailable(f"Kafka at {settings.kafka.bootstrap_servers} gives nothing of {name}")
                for place, records in polled.items():
                    for each in records:
                        record = Record(place.partition, each.key, each.value, tuple(each.headers), each.offset)
                        if each.offset < ends[place]:
                            yield record, datetime.fromtimestamp(each.timestamp / 1000, UTC)
        finally:
            consumer.close()


@contextmanager
def _kafka_errors(settings: Settings) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise KafkaUnavailable(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None

"""Where a person stands in Kafka: on every topic of ours, record by record, so that what is said of it is true.

Of a topic that is compacted, only the newest record of a key is in force; older ones stay until the compaction. Of any
other, all that is not older than its retention is there.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from . import topics
from .forgetting import Forgotten, Tombstone, hash_of, hash_of_name, pseudonym_of
from .settings import Settings
from .topics import KafkaUnavailable, TopicsError

PATIENCE_SECONDS = 30.0
OnRead = Callable[[int], None]
Place = tuple[str, int]


@dataclass(frozen=True)
class Person:
    """Somebody, by their address in its normal form and by what they are called."""

    address: str
    names: tuple[str, ...] = ()

    def tombstone(self, partitions: int, at: datetime) -> Tombstone:
        """What is left of them."""
        hashes = sorted({told for name in self.names if (told := hash_of_name(name))})
        return Tombstone(hash_of(self.address), pseudonym_of(self.address, partitions), at, tuple(hashes))


@dataclass(frozen=True, slots=True)
class Read:
    """A record of some topic, as it lies in Kafka."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def parts(self) -> tuple[bytes, ...]:
        """All of it that may name somebody, as it was before it was deflated."""
        return tuple(inflated(part) for part in (self.key, self.value, *(value for _, value in self.headers)) if part)


class Finder:
    """Tells whether a record names a person: by their address, or by what a worker would put the pseudonym for."""

    def __init__(self, person: Person) -> None:
        self._address = person.address
        self._forgotten = Forgotten([person.tombstone(1, datetime.now(UTC))])

    def finds_address(self, read: Read) -> bool:
        """Whether a record names them by their address."""
        return any(self._address in part.decode(errors="replace").casefold() for part in read.parts)

    def finds_in(self, read: Read) -> bool:
        """Whether a record names them in any way."""
        return self.finds_address(read) or any(self._forgotten.event(part) != part for part in read.parts)


@dataclass
class Traces:
    """Where a person stands: the records of each partition, and of compacted topics the keys whose newest one it is."""

    finder: Finder
    compacted: frozenset[str]
    records: dict[Place, dict[int, datetime]] = field(default_factory=dict)
    in_force: dict[Place, dict[bytes | None, bool]] = field(default_factory=dict)

    def see(self, read: Read) -> None:
        """Take the next record of its partition."""
        place, is_named = (read.topic, read.partition), self.finder.finds_in(read)
        if is_named:
            self.records.setdefault(place, {})[read.offset] = read.at
        if read.topic in self.compacted:
            # a key that names somebody is gone when nothing is said under it
            if is_named and read.value is not None:
                self.in_force.setdefault(place, {})[read.key] = self.finder.finds_address(read)
            else:
                self.in_force.get(place, {}).pop(read.key, None)

    def of(self, topic: str) -> dict[int, dict[int, datetime]]:
        """The records of a topic that name the person, by partition and offset, with when each was written."""
        return {number: found for (name, number), found in self.records.items() if name == topic and found}

    def keys_in_force(self, topic: str) -> int:
        """How many keys of a compacted topic name the person by their newest record."""
        return sum(len(keys) for (name, _), keys in self.in_force.items() if name == topic)

    @property
    def has_address_in_force(self) -> bool:
        """Whether what is kept has the address, apart from what waits for the compaction."""
        return any(has_address for keys in self.in_force.values() for has_address in keys.values())


def names_in(read: Read, address: str) -> Iterator[str]:
    """What a CRM called a person, as far as a record says."""
    if read.value is None or address.encode() not in (raw := inflated(read.value)).lower():
        return
    # a record that the join keeps has a line before it
    for part in (raw, raw.partition(b"\n")[2]):
        try:
            yield from _names(orjson.loads(part), address)
        except orjson.JSONDecodeError:
            continue
        return


def _names(told: Any, address: str) -> Iterator[str]:
    if isinstance(told, list):
        for each in told:
            yield from _names(each, address)
    elif isinstance(told, dict):
        if str(told.get("email")).casefold() == address:
            fields = told.get("fields")
            yield from _name((fields if isinstance(fields, dict) else told).get("name"))
        for key, value in told.items():
            if key.casefold() == address and isinstance(value, dict) and isinstance(value.get("name"), dict):
                yield from _name(value["name"].get("value"))
            yield from _names(value, address)


def _name(told: object) -> Iterator[str]:
    if isinstance(told, str) and told.strip():
        yield " ".join(told.split())


def inflated(raw: bytes) -> bytes:
    """A value as it was before it was deflated, if it was."""
    if raw[:1] != b"\x78":
        return raw
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return raw


# -- Kafka


class Reader:
    """Reads topics from their beginning to their end, and from there on to where it is then.

    `TopicsError` if one is missing, `KafkaUnavailable` if Kafka cannot be asked.
    """

    def __init__(self, settings: Settings, wanted: list[str]) -> None:
        self._settings = settings
        with kafka_errors(settings):
            self._consumer = KafkaConsumer(
                **settings.kafka.client(),
                client_id=f"{settings.app_id}-forget",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
            )
            self._places: list[TopicPartition] = []
            for name in wanted:
                # asked beforehand: of a partition that is not there a consumer asks for half a minute
                there = self._consumer.partitions_for_topic(name) or set()
                if not there:
                    raise TopicsError(f"{name} is missing: run `stallwatch topics`")
                self._places += [TopicPartition(name, number) for number in sorted(there)]
            self._consumer.assign(self._places)
            self._consumer.seek_to_beginning(*self._places)

    def close(self) -> None:
        """Read no more."""
        self._consumer.close()

    def to_the_end(self, on_read: OnRead = lambda _: None) -> Iterator[Read]:
        """What was not read yet, up to where each topic ends now."""
        number = 0
        with kafka_errors(self._settings):
            ends = self._consumer.end_offsets(self._places)
            heard = monotonic()
            while any(self._consumer.position(place) < ends[place] for place in self._places):
                polled = self._consumer.poll(timeout_ms=500)
                if polled:
                    heard = monotonic()
                elif monotonic() - heard > PATIENCE_SECONDS:
                    raise KafkaUnavailable(f"Kafka at {self._settings.kafka.bootstrap_servers} gives nothing more")
                for place, records in polled.items():
                    for each in records:
                        number += 1
                        at = datetime.fromtimestamp(each.timestamp / 1000, UTC)
                        headers = tuple(each.headers)
                        yield Read(place.topic, place.partition, each.offset, at, each.key, each.value, headers)
                on_read(number)


@contextmanager
def kafka_errors(settings: Settings) -> Iterator[None]:
    """An error of Kafka's is `KafkaUnavailable`."""
    try:
        yield
    except KafkaError as error:
        raise KafkaUnavailable(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None


def compacted(settings: Settings) -> frozenset[str]:
    """The topics that keep the newest record of each key."""
    wanted = topics.wanted(settings)
    return frozenset(each.name for each in wanted if each.configs["cleanup.policy"] == "compact")

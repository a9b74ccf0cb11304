"""Forgets a person: finds where they stand, says the word, and sees that nothing that is kept names them any more.

See `forgetting` for what the word does. It is done when every partition of the join and of the deals has the tombstone,
what followed from it is in the books, and no newest record of a compacted topic has the address: that is looked at, not
believed. A name may stand there still: somebody else has the same, or a deal's id is one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from time import monotonic, sleep
from typing import Any, Self

import orjson
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from detectors.core.addresses import domain_of, normalise

from . import erasure, rules_file, topics
from .books import SEPARATOR
from .erasure import OnWait
from .forgetting import MOST_NAMES, Tombstone, hash_of_name
from .join.companies import are_ours
from .monitor.partition import FORGOTTEN_KEY
from .settings import Settings
from .traces import Finder, OnRead, Person, Reader, Traces, compacted, kafka_errors, names_in
from .wire import partition_of

SOURCE = "stallwatch/forget"
PATIENCE_SECONDS = 120.0
ROUND_SECONDS = 0.5
LONGEST_MS = 100 * 365 * 24 * 60 * 60 * 1000


class ForgetError(ValueError):
    """Who cannot be forgotten, or was not yet."""


@dataclass(frozen=True)
class Standing:
    """On how many records of a topic a person stands, on how many in force, and when all are gone at the latest."""

    topic: str
    is_compacted: bool
    records: int
    in_force: int
    gone_by: datetime | None


class Erasure:
    """Of one person. As a context: it reads no more afterwards."""

    def __init__(self, settings: Settings, person: Person) -> None:
        self.person = person
        self._settings = settings
        self._tombstone = person.tombstone(settings.topics.partitions, datetime.now(UTC))
        self._reader: Reader | None = None
        self._configs = _configs(settings)
        self._begin()

    @classmethod
    def of(cls, settings: Settings, contact: str, names: Iterable[str], on_read: OnRead = lambda _: None) -> Self:
        """Looks for a person everywhere; `ForgetError` says who is none of the buyer's."""
        try:
            address = normalise(contact)
        except ValueError as error:
            raise ForgetError(f"{contact}: {error}") from None
        if are_ours(domain_of(address), rules_file.read(settings.rules).organization.domains):
            raise ForgetError(f"{address} is one of our own: deals, rules and alerts know them by their address")
        told = {" ".join(name.split()) for name in names if hash_of_name(name)}
        reader = Reader(settings, topics.every(settings))
        try:
            for read in reader.to_the_end(on_read):
                # a single word may be any word: it is looked for if somebody says so
                told.update(name for name in names_in(read, address) if len(name.split()) > 1 and hash_of_name(name))
        finally:
            reader.close()
        found = cls(settings, Person(address, tuple(sorted(told)[:MOST_NAMES])))
        found.look(on_read)
        if found._owns:
            found.__exit__()
            raise ForgetError(f"{address} owns deals: these, rules and alerts know owners by their address")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._reader is not None:
            self._reader.close()

    @property
    def pseudonym(self) -> str:
        """What the person is called from now on."""
        return self._tombstone.pseudonym

    def look(self, on_read: OnRead = lambda _: None) -> None:
        """Look for the person anew, on all topics from their beginning."""
        self.__exit__()
        self._begin()
        self._reader = Reader(self._settings, topics.every(self._settings))
        self._go_on(on_read)

    def standing(self) -> list[Standing]:
        """Where the person stands, topic by topic."""
        return [self._standing(name) for name in topics.every(self._settings)]

    def forget(self, at: datetime, on_read: OnRead = lambda _: None) -> bool:
        """Say the word, and whether it is done within two minutes. Said again, it changes nothing."""
        key = self._tombstone.pseudonym.encode()
        name = topics.names(self._settings)["inbox"]
        with kafka_errors(self._settings):
            producer = KafkaProducer(**self._settings.kafka.client(), client_id=f"{self._settings.app_id}-forget")
            try:
                number = partition_of(key, self._settings.topics.partitions)
                producer.send(name, value=event_of(self._tombstone, at), key=key, partition=number).get(timeout=30)
            finally:
                producer.close()
        deadline = monotonic() + PATIENCE_SECONDS
        while not self._has_tombstones:
            if monotonic() > deadline:
                return False
            sleep(ROUND_SECONDS)
            self._go_on(on_read)
        # what is told of the deals is written before their tombstone is
        erasure.wait_for_workers(self._settings, topics.names(self._settings)["books"])
        self._go_on(on_read)
        return not self._traces.has_address_in_force

    def delete(self, on_wait: OnWait = lambda _: None) -> bool:
        """Delete what Kafka still holds; whether all of it is gone now. Of a person who was forgotten before."""
        erasure.truncate(self._settings, self._traces, self.person, on_wait)
        return erasure.compact(self._settings, self._traces, on_wait)

    @property
    def _has_tombstones(self) -> bool:
        tables = [topics.changelog(self._settings, table) for table in ("deals", "joins")]
        places = {(table, number) for table in tables for number in range(self._settings.topics.partitions)}
        return places <= self._known

    def _begin(self) -> None:
        self._traces = Traces(Finder(self.person), compacted(self._settings))
        self._known: set[tuple[str, int]] = set()
        self._owns = False

    def _go_on(self, on_read: OnRead) -> None:
        assert self._reader is not None  # it looks before it goes on
        books, owner = topics.names(self._settings)["books"], f"{self.person.address}{SEPARATOR}".encode()
        for read in self._reader.to_the_end(on_read):
            self._traces.see(read)
            key = read.key or b""
            if read.topic == books and key.startswith(owner) and read.value:
                self._owns = True
            if key.endswith(self._tombstone.address.encode()) and self._is_told_in(read.value):
                self._known.add((read.topic, read.partition))

    def _is_told_in(self, row: bytes | None) -> bool:
        return row is not None and {*self._tombstone.names} <= {*Tombstone.of(row).names}

    def _standing(self, name: str) -> Standing:
        found = self._traces.of(name)
        is_compacted, configs = name in self._traces.compacted, self._configs[name]
        gone_by = None
        if found:
            if is_compacted:
                last, kept = datetime.now(UTC), configs["max.compaction.lag.ms"] + configs["delete.retention.ms"]
            else:
                last = max(at for records in found.values() for at in records.values())
                kept = configs["retention.ms"] + configs["segment.ms"]
            gone_by = last + timedelta(milliseconds=kept) if 0 <= kept < LONGEST_MS else None
        in_force = self._traces.keys_in_force(name)
        return Standing(name, is_compacted, sum(map(len, found.values())), in_force, gone_by)


def event_of(tombstone: Tombstone, at: datetime) -> bytes:
    """The word that somebody is to be forgotten."""
    told = orjson.dumps([tombstone.address, tombstone.names])
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": blake2b(told, digest_size=12).hexdigest(),
            "source": SOURCE,
            "type": "privacy.contact.forgotten",
            "time": at.isoformat(),
            "data": {
                "address": tombstone.address,
                "pseudonym": tombstone.pseudonym,
                "names": tombstone.names,
            },
        }
    )


def forgotten(settings: Settings) -> Iterator[bytes]:
    """The words on everybody who is forgotten here: a system that is built anew has to be told of them as well."""
    reader = Reader(settings, [topics.changelog(settings, "deals")])
    known: dict[str, Tombstone] = {}
    try:
        for read in reader.to_the_end():
            if read.key and read.key.startswith(FORGOTTEN_KEY.encode()) and read.value:
                tombstone = Tombstone.of(read.value)
                known[tombstone.address] = known.get(tombstone.address, tombstone).plus(tombstone)
    finally:
        reader.close()
    for each in sorted(known.values(), key=lambda each: (each.at, each.address)):
        yield event_of(each, each.at)


def _configs(settings: Settings) -> dict[str, dict[str, int]]:
    """The numbers among the topics' configurations, as they are in force."""
    names: Sequence[str] = topics.every(settings)
    with kafka_errors(settings):
        admin: Any = KafkaAdminClient(**settings.kafka.client(), client_id=f"{settings.app_id}-forget")
        try:
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
            told = admin.describe_configs(resources, config_filter="all")["topic"]
        finally:
            admin.close()
    wanted = ("retention.ms", "segment.ms", "max.compaction.lag.ms", "delete.retention.ms")
    return {name: {key: int(told[name][key]["value"]) for key in wanted} for name in names}

"""Kafka records as plain values, so that what is done with them can be a pure function.

Besides events, topics carry marks, told by a header: clock records, which move time, and heartbeats, which say up to
when a source has reported. Both travel behind the events that they speak of. A third one says who is to be forgotten.
On the way to the join there are more: what was said of a deal that matters to its mails; that a mail was sent to
several companies, of which another may know its deal (it is counted at the first of them if it is given up); that it
answers a mail that was sent to this company; or that this is a further word on a meeting, a call or a document that
names nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import ClassVar, Literal

import orjson
from kafka.partitioner.default import murmur2

from detectors.core.events import Event, parse
from detectors.core.values import value

MARK = "stallwatch-mark"
# all companies that a mail was sent to, if it was to several: a JSON list
COMPANIES = "stallwatch-companies"
# events after which a publisher of a history says what time it is
CLOCK_EVERY = 500
Topic = Literal["inbox", "mail", "deal_events", "findings", "books", "dead_letters"]
Headers = tuple[tuple[str, bytes], ...]


@value(frozen=True, slots=True)
class Record:
    """A record as it was read; `partition` is the one that it was read from.

    Its `event` is known where no wire lies between who wrote the record and who reads it.
    """

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    offset: int = -1
    event: Event | None = field(default=None, compare=False, repr=False)

    @property
    def mark(self) -> bytes | None:
        """Which mark this is, if it is one."""
        return self.header(MARK) if self.headers else None

    def read(self) -> Event:
        """The event in it; `Refused` if there is none."""
        return self.event or parse(self.value or b"")

    def header(self, name: str) -> bytes | None:
        """The first header of this name."""
        return next((value for each, value in self.headers if each == name), None)


@value(frozen=True, slots=True)
class Send:
    """A record to write, and the `event` in it."""

    topic: Topic
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    event: Event | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Clock:
    """One of `origins` streams that feed a partition has come to `at`."""

    at: datetime
    origin: int
    origins: int

    HEADERS: ClassVar[Headers] = ((MARK, b"clock"),)

    def to_json(self) -> bytes:
        """The record's value."""
        return orjson.dumps({"at": self.at, "origin": self.origin, "origins": self.origins})

    @classmethod
    def of(cls, value: bytes) -> "Clock":
        """The clock in a record's value; `ValueError` if there is none."""
        try:
            told = orjson.loads(value)
            at = datetime.fromisoformat(told["at"])
            origin, origins = int(told["origin"]), int(told["origins"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no clock record: {error}") from None
        if at.tzinfo is None or not 1900 < at.year < 2200 or not 0 <= origin < origins:
            raise ValueError(f"no clock record: {told}")
        return cls(at, origin, origins)

    def send(self, topic: Topic, partitions: Iterable[int]) -> list[Send]:
        """This clock for each of these partitions."""
        value = self.to_json()
        return [Send(topic, partition, None, value, self.HEADERS) for partition in partitions]


HEARTBEAT_HEADERS: Headers = ((MARK, b"heartbeat"),)
DEAL_HEADERS: Headers = ((MARK, b"deal"),)
FIRST_HEADERS: Headers = ((MARK, b"first"),)
SHARED_HEADERS: Headers = ((MARK, b"shared"),)
REPLY_HEADERS: Headers = ((MARK, b"reply"),)
FURTHER_HEADERS: Headers = ((MARK, b"further"),)
FORGOTTEN_MARK = b"forgotten"
FORGOTTEN_HEADERS: Headers = ((MARK, FORGOTTEN_MARK),)
# the attribute of an event that several deals were given: how many
SHARED_DEALS = "shareddeals"


@lru_cache(maxsize=262_144)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key, as Kafka's own clients choose it."""
    number: int = murmur2(key)
    return (number & 0x7FFFFFFF) % partitions

"""Sends a history to the inbox.

Where the workers' clock is `events`, the publisher says what time it is: behind the events that it has sent, it
writes how far they go into every partition of the inbox.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from detectors.core import events

from . import topics
from .breaker import LAST, NOT_ITS_FAULT, Breaker
from .dead_letters import dead_letter
from .history import Input
from .settings import Settings
from .topics import MAX_MESSAGE_BYTES
from .wire import CLOCK_EVERY, Clock, Record, partition_of

IN_FLIGHT = 5000


class PublishError(RuntimeError):
    """Kafka did not take what was sent, or most of it was not worth sending."""


@dataclass
class Published:
    """What was sent, and what was refused: (place, reason, what and where).

    What is refused is sent as well, for the worker to keep, except for `unsent` of them: no topic would take those.
    """

    sent: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    unsent: int = 0
    newest: datetime | None = None


class Publisher:
    """Sends events, in order for each deal, and waits until Kafka has them.

    `PublishError` if the inbox is not as it must be, `KafkaUnavailable` if Kafka cannot be asked.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topics = topics.names(settings)
        self._inbox = self._topics["inbox"]
        self._partitions = settings.topics.partitions
        self._under_way: list[Any] = []
        self.result = Published()
        # asked beforehand: for a topic that is not there a producer waits a minute, and does not say why
        inbox = next(each for each in topics.ensure(settings, create=False) if each.name == self._inbox)
        if inbox.state != "there":
            raise PublishError(f"{inbox.name} is {inbox.state}: {inbox.problem}")
        try:
            self._producer = KafkaProducer(
                **settings.kafka.client(), client_id=f"{settings.app_id}-publish", max_request_size=MAX_MESSAGE_BYTES
            )
        except KafkaError as error:
            raise PublishError(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None

    def send(self, told: Iterable[Input], breaker: Breaker | None = None) -> Iterator[Input]:
        """Send everything, and hand it on. What is refused goes too, for the worker keeps it as a dead letter: unless
        it is larger than Kafka takes. What a reader made no event of is a dead letter at once.

        `PublishError` once the breaker has opened: then something is wrong with all of it.
        """
        for number, line in enumerate(told, start=1):
            refused = len(self.result.refused)
            self._send(line)
            if number % CLOCK_EVERY == 0:
                self._tell_time()
            if breaker is not None:
                breaker.tell(any(reason != NOT_ITS_FAULT for _, reason, _ in self.result.refused[refused:]), 0.0)
                if breaker.paused_for(0.0) > 0:
                    self.flush()
                    raise PublishError(
                        f"{line.place}: most of the last {LAST:,} were refused, so nothing more is sent; "
                        "--keep-going sends all the same"
                    )
            yield line

    def _send(self, line: Input) -> None:
        if line.refusal is not None:
            self._bury(line, line.refusal)
            return
        key = self._key(line)
        if len(line.raw) < MAX_MESSAGE_BYTES - 1024:
            self._put(partition_of(key, self._partitions), key, line.raw)
        else:
            self.result.unsent += 1

    def tell_time(self, at: datetime) -> None:
        """Write a clock record into every partition of the inbox."""
        value = Clock(at, 0, 1).to_json()
        for number in range(self._partitions):
            self._put(number, None, value, list(Clock.HEADERS))

    def flush(self) -> None:
        """Wait until Kafka has what was sent so far."""
        self._wait(0)

    def finish(self) -> Published:
        """Wait until Kafka has everything; `PublishError` if it has not."""
        self._tell_time()
        self.flush()
        self._producer.close()
        return self.result

    def _bury(self, line: Input, refusal: events.Refused) -> None:
        self.result.refused.append((line.place, refusal.reason, str(refusal)))
        where = partition_of(line.raw, self._partitions)
        message = f"{line.place}: {refusal}"
        letter = dead_letter(Record(where, None, line.raw), refusal.reason, message, "publish", self._partitions)
        self._put(letter.partition, None, letter.value or b"", list(letter.headers), self._topics["dead_letters"])

    def _key(self, line: Input) -> bytes:
        try:
            event, was_clamped = events.clamp(events.parse(line.raw), datetime.now(UTC))
        except events.Refused as refusal:
            self.result.refused.append((line.place, refusal.reason, str(refusal)))
            return b"refused"
        self.result.sent += 1
        if not was_clamped:
            self.result.newest = max(self.result.newest or event.time, event.time)
        return (event.subject or event.ref).encode()

    def _tell_time(self) -> None:
        if self._settings.clock == "events" and self.result.newest is not None:
            self.tell_time(self.result.newest)

    def _put(
        self, partition: int, key: bytes | None, value: bytes, headers: Any = None, topic: str | None = None
    ) -> None:
        self._under_way.append(
            self._producer.send(topic or self._inbox, value=value, key=key, partition=partition, headers=headers or [])
        )
        if len(self._under_way) >= IN_FLIGHT:
            self._wait(IN_FLIGHT // 2)

    def _wait(self, leave: int) -> None:
        cut = len(self._under_way) - leave
        done, self._under_way = self._under_way[:cut], self._under_way[cut:]
        try:
            if not leave:
                self._producer.flush()
            for each in done:
                each.get(timeout=120)
        except KafkaError as error:
            raise PublishError(f"Kafka at {self._settings.kafka.bootstrap_servers}: {error}") from None

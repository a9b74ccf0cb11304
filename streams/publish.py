"""Sends a history to the inbox.

Where the workers' clock is `events`, the publisher says what time it is: behind the events that it has sent, it
writes how far they go into every partition of the inbox.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from detectors.core import events
from detectors.core.words import count_of

from . import topics
from .dead_letters import dead_letter
from .history import Input
from .settings import Settings
from .sources.breaker import LAST, NOT_ITS_FAULT, Breaker
from .topics import MAX_MESSAGE_BYTES
from .wire import CLOCK_EVERY, Clock, Record, partition_of

log = logging.getLogger("stallwatch.publish")

IN_FLIGHT = 5000
# without any answer: then it is said, and then it is over
TELL_SECONDS = 10.0
MOST_SECONDS = 120.0


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
        self._under_way: deque[tuple[Any, bool]] = deque()
        self._taken = 0
        self.result = Published()
        # asked beforehand: for a topic that is not there a producer waits a minute, and does not say why
        inbox = next(each for each in topics.ensure(settings, create=False) if each.name == self._inbox)
        if inbox.state != "there":
            raise PublishError(f"{inbox.name} is {inbox.state}: {inbox.problem}")
        try:
            self._producer = KafkaProducer(
                **settings.kafka.client(),
                client_id=f"{settings.app_id}-publish",
                max_request_size=MAX_MESSAGE_BYTES,
                max_block_ms=2000,  # tried again: see `_Patience`
            )
        except KafkaError as error:
            raise PublishError(f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None

    @property
    def taken(self) -> int:
        """How many events Kafka has for certain."""
        return self._taken + sum(1 for each, is_event in self._under_way if is_event and each.succeeded())

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
        before = self.result.sent
        key = self._key(line)
        if len(line.raw) < MAX_MESSAGE_BYTES - 1024:
            self._put(partition_of(key, self._partitions), key, line.raw, is_event=self.result.sent > before)
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

    def abandon(self) -> None:
        """Send no more, and wait for nothing."""
        # `close` alone would wait for what is under way, and fail with it, now and again when the process ends
        self._producer._sender.force_close()
        with suppress(KafkaError):
            self._producer.close(timeout=2.0)

    def _bury(self, line: Input, refusal: events.Refused) -> None:
        self.result.refused.append((line.place, refusal.reason, str(refusal)))
        where = partition_of(line.raw, self._partitions)
        message = f"{line.place}: {refusal}"
        letter = dead_letter(
            Record(where, None, line.raw), refusal.reason, message, "publish", self._partitions, line.source
        )
        self._put(letter.partition, None, letter.value or b"", list(letter.headers), self._topics["dead_letters"])

    def _key(self, line: Input) -> bytes:
        try:
            event, was_clamped = events.clamp(events.parse(line.raw), datetime.now(UTC))
        except events.Refused as refusal:
            self.result.refused.append((line.place, refusal.reason, str(refusal)))
            return b"refused"
        self.result.sent += 1
        # who is forgotten is told now, whatever the history is of
        if not was_clamped and not isinstance(event, events.Forgotten):
            self.result.newest = max(self.result.newest or event.time, event.time)
        return (event.subject or event.ref).encode()

    def _tell_time(self) -> None:
        if self._settings.clock == "events" and self.result.newest is not None:
            self.tell_time(self.result.newest)

    def _put(
        self,
        partition: int,
        key: bytes | None,
        value: bytes,
        headers: Any = None,
        topic: str | None = None,
        *,
        is_event: bool = False,
    ) -> None:
        patience = _Patience(self._settings.kafka.bootstrap_servers)
        while True:
            try:
                under_way = self._producer.send(
                    topic or self._inbox, value=value, key=key, partition=partition, headers=headers or []
                )
                break
            except KafkaTimeoutError as error:
                # nothing was sent: no room is left for what Kafka has not taken yet
                if not patience.goes_on():
                    raise self._given_up(error) from None
            except KafkaError as error:
                raise self._given_up(error) from None
        self._under_way.append((under_way, is_event))
        if len(self._under_way) >= IN_FLIGHT:
            self._wait(IN_FLIGHT // 2)

    def _wait(self, leave: int) -> None:
        patience = _Patience(self._settings.kafka.bootstrap_servers)
        while len(self._under_way) > leave:
            first, is_event = self._under_way[0]
            try:
                first.get(timeout=1.0)
            except KafkaError as error:
                if first.is_done or not patience.goes_on():
                    raise self._given_up(error) from None
                continue
            patience.renew()
            self._under_way.popleft()
            self._taken += is_event

    def _given_up(self, error: KafkaError) -> PublishError:
        has = f"it has {count_of(self.taken, 'event')} for certain, and publishing all again does no harm"
        self.abandon()
        return PublishError(f"Kafka at {self._settings.kafka.bootstrap_servers}: {error}; {has}")


class _Patience:
    """With a Kafka that does not answer: how long it lasts since the last answer."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self._told = False
        self.renew()

    def renew(self) -> None:
        """Kafka has answered."""
        self._answered = monotonic()

    def goes_on(self) -> bool:
        """Whether to try on; that Kafka does not answer is said once."""
        silent = monotonic() - self._answered
        if silent >= TELL_SECONDS and not self._told:
            self._told = True
            log.warning("Kafka at %s does not answer; trying on for %.0f s", self._servers, MOST_SECONDS - silent)
        return silent < MOST_SECONDS

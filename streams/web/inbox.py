"""Writes into Kafka what is pushed, and says within seconds whether Kafka has it.

By a producer of its own, whose patience is short: whoever pushes waits for the answer and can send again. The agents'
producer tries for as long as it takes, and what it cannot write ends the worker. Neither may happen to a push.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from detectors.core.events import Event

from .. import topics
from ..settings import Kafka, Settings
from ..topics import MAX_MESSAGE_BYTES
from ..wire import Send

log = logging.getLogger("stallwatch.inbox")

# CRMs wait five seconds for an answer
SECONDS = 4.0
KAFKA_SECONDS = 3.0


class InboxUnavailable(RuntimeError):
    """Kafka does not take what was pushed, or not in time; some of it may be there all the same."""


class Inbox:
    """Where pushes go. Connected with the first of them, and anew after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = topics.names(settings)
        self._producer: Any = None
        self._connecting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def write(self, sends: Sequence[Send]) -> None:
        """Returns when all replicas in sync have all of it; else `InboxUnavailable`, after `SECONDS` at the latest."""
        producer = None
        try:
            async with asyncio.timeout(SECONDS):
                producer = await self._connected()
                under_way = [await self._put(producer, send) for send in sends]
                for failure in await asyncio.gather(*under_way, return_exceptions=True):
                    if isinstance(failure, BaseException):
                        raise failure
        except TimeoutError:
            log.warning("what was pushed was not written within %.0f s", SECONDS)
            raise InboxUnavailable(f"Kafka has not taken it within {SECONDS:.0f} s") from None
        except (KafkaError, OSError) as error:
            log.warning("what was pushed was not written: %r", error)
            if producer is not None:
                self._give_up(producer)
            raise InboxUnavailable("Kafka does not take it now") from None

    async def stop(self) -> None:
        """Close the connection."""
        if self._producer is not None:
            self._give_up(self._producer)
        await asyncio.gather(*self._closing)

    async def _put(self, producer: Any, send: Send) -> Any:
        headers = list(send.headers)
        return await producer.send(self._names[send.topic], send.value, send.key, send.partition, headers=headers)

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **_client(self._settings.kafka),
                    client_id=f"{self._settings.app_id}-pushes",
                    acks="all",
                    linger_ms=5,
                    max_request_size=MAX_MESSAGE_BYTES,
                    request_timeout_ms=int(KAFKA_SECONDS * 1000),
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    def _give_up(self, producer: Any) -> None:
        """A producer that failed may have lost its sender for good: the next push makes another."""
        if self._producer is producer:
            self._producer = None
            closing = asyncio.create_task(_close(producer))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


async def _close(producer: Any) -> None:
    # what others have under way with it is waited for
    with suppress(KafkaError, OSError):
        await producer.stop()


def key_of(event: Event) -> bytes:
    """By what an event stands in the inbox: by its deal, else by itself."""
    return (event.subject or event.ref).encode()


def _client(kafka: Kafka) -> dict[str, Any]:
    """Arguments for aiokafka's clients: kafka-python's without those that it has other ways for.

    The context alone says whether names are checked, and the request's time how long a broker is looked for.
    """
    others = ("ssl_check_hostname", "bootstrap_timeout_ms")
    return {name: value for name, value in kafka.client().items() if name not in others}

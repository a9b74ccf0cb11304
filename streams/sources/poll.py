"""Polls sources, round after round: sends what is new, keeps the bookmark once Kafka has it, and tells completeness.

One source's trouble is not another's: whoever does not answer, or gives mostly what is refused, is asked again later,
and meanwhile gives no heartbeat, so that nobody takes the missing events for silence.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from detectors.core import events

from ..history import Told
from ..publish import Published, Publisher, PublishError
from .bookmarks import BookmarkError, Bookmarks
from .breaker import NOT_ITS_FAULT, Breakers
from .connection import Batch, Complete, Connection, SourceError, SourceUnavailable
from .in_order import in_order
from .item import event

log = logging.getLogger("stallwatch.poll")
OnBatch = Callable[[Connection, Batch], None]


@dataclass
class Round:
    """What a round of one connection came to; `sent` are events of the source, without our word that it is complete."""

    name: str
    sent: int = 0
    refused: int = 0
    problem: SourceError | BookmarkError | None = None


class Poll:
    """Some connections, and where what they give goes."""

    def __init__(
        self,
        connections: Sequence[Connection],
        publisher: Publisher,
        bookmarks: Bookmarks,
        on_batch: OnBatch = lambda _connection, _batch: None,
    ) -> None:
        self._connections = connections
        self._publisher = publisher
        self._bookmarks = bookmarks
        self._on_batch = on_batch
        self._breakers = Breakers()
        self._heartbeats = 0

    def round(self, now: datetime) -> list[Round]:
        """One round of each connection. `PublishError` if Kafka does not take what they give; nothing is lost by it."""
        return [self._round(connection, now) for connection in self._connections]

    def _round(self, connection: Connection, now: datetime) -> Round:
        publisher = self._publisher
        publisher.result = Published(newest=publisher.result.newest)
        self._heartbeats = 0
        problem = None
        try:
            with self._bookmarks.held(connection.name):
                self._ask(connection, now)
        except (SourceError, BookmarkError) as error:
            problem = error
        except PublishError:
            raise
        except Exception as error:
            # whatever one source can still bring about, the others go on
            log.exception("%s: the round broke off", connection.name)
            problem = SourceUnavailable(f"{type(error).__name__}: {error}")
        return Round(connection.name, publisher.result.sent - self._heartbeats, len(publisher.result.refused), problem)

    def _ask(self, connection: Connection, now: datetime) -> None:
        self._refuse_paused(connection)
        for told in connection.round(self._bookmarks.of(connection.name), now):
            if isinstance(told, Complete):
                before = self._publisher.result.sent
                self._send(connection, [Told(connection.name, events.to_json(heartbeat(connection.source, told)))])
                self._heartbeats += self._publisher.result.sent - before
                continue
            self._send(connection, in_order(told.items))
            self._bookmarks.keep(connection.name, told.bookmark)
            self._on_batch(connection, told)
            self._refuse_paused(connection)

    def _send(self, connection: Connection, told: Iterable[Told]) -> None:
        refused = self._publisher.result.refused
        before = len(refused)
        for _ in self._publisher.send(told):
            news, before = refused[before:], len(refused)
            for place, reason, text in news:
                log.warning("%s: refused, %s: %s", place, reason, text)
            self._breakers.tell(connection.name, any(reason != NOT_ITS_FAULT for _, reason, _ in news), monotonic())
        self._publisher.flush()

    def _refuse_paused(self, connection: Connection) -> None:
        seconds = self._breakers.paused_for(connection.name, monotonic())
        if seconds > 0:
            raise SourceUnavailable(f"most of what it gave was refused; it is asked again in {seconds:.0f} s")


def heartbeat(source: str, told: Complete) -> events.Event:
    """The event that tells that a source is complete; the same word twice is one event."""
    id = "/".join(filter(None, ("complete", told.mailbox, told.through.isoformat())))
    data = {"covers": told.covers, "through": told.through, **({"mailbox": told.mailbox} if told.mailbox else {})}
    return event(source, id, "source.heartbeat", told.through, data)

"""Polls sources, round after round: sends what is new, keeps the bookmark once Kafka has it, and tells completeness.

One source's trouble is not another's: whoever does not answer is asked again in the next round, and meanwhile gives no
heartbeat, so that nobody takes the missing events for silence.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from detectors.core import events

from .bookmarks import Bookmarks
from .history import Told
from .publish import Publisher
from .sources.connection import Batch, Complete, Connection, SourceError
from .sources.in_order import in_order
from .sources.item import event

log = logging.getLogger("stallwatch.poll")


@dataclass
class Round:
    """What a round of one connection came to."""

    name: str
    sent: int = 0
    refused: int = 0
    problem: SourceError | None = None


def poll(
    connections: Iterable[Connection],
    publisher: Publisher,
    bookmarks: Bookmarks,
    now: datetime,
    on_batch: Callable[[Connection, Batch], None] = lambda _connection, _batch: None,
) -> list[Round]:
    """One round of each connection. `PublishError` if Kafka does not take what they gave; nothing is lost by it."""
    return [_round(connection, publisher, bookmarks, now, on_batch) for connection in connections]


def _round(
    connection: Connection,
    publisher: Publisher,
    bookmarks: Bookmarks,
    now: datetime,
    on_batch: Callable[[Connection, Batch], None],
) -> Round:
    out = Round(connection.name)
    sent, refused = publisher.result.sent, len(publisher.result.refused)
    try:
        for told in connection.round(bookmarks.of(connection.name), now):
            if isinstance(told, Complete):
                _send(publisher, [Told(connection.name, events.to_json(heartbeat(connection.source, told)))])
                continue
            _send(publisher, in_order(told.items))
            bookmarks.keep(connection.name, told.bookmark)
            on_batch(connection, told)
    except SourceError as error:
        log.error("%s: %s", connection.name, error)
        out.problem = error
    out.sent, out.refused = publisher.result.sent - sent, len(publisher.result.refused) - refused
    return out


def heartbeat(source: str, told: Complete) -> events.Event:
    """The event that tells that a source is complete; the same word twice is one event."""
    id = "/".join(filter(None, ("complete", told.mailbox, told.through.isoformat())))
    data = {"covers": told.covers, "through": told.through, **({"mailbox": told.mailbox} if told.mailbox else {})}
    return event(source, id, "source.heartbeat", told.through, data)


def _send(publisher: Publisher, told: Iterable[Told]) -> None:
    for _ in publisher.send(told):
        pass
    publisher.flush()

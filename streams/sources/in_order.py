"""A history in the order of its times, however its files lie, in bounded memory; mass changes are marked on the way.

The join and the deals take any order, but what is bounded there is bounded best when time goes forward. And only with
the whole at hand can be seen that a field changed on many deals in the same second: an import did that, not a seller.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing

import orjson

from detectors.core import events

from ..history import Told
from .item import Item

# changes of one field in one second, on as many deals: no person's hand
MASS = 10


def in_order(items: Iterable[Item]) -> Iterator[Told]:
    """What is to be sent for these items: what was refused at once, then the events by time."""
    # an empty name is a file that SQLite deletes when it is closed, and keeps in memory while it is small
    # whoever lets go of this halfway may do so in another thread
    with closing(sqlite3.connect("", check_same_thread=False)) as store:
        store.execute("CREATE TABLE told (at REAL, place TEXT, raw BLOB)")
        store.execute("CREATE TABLE moved (source TEXT, second INTEGER, field TEXT, deal TEXT)")
        for item in items:
            for event in item.events:
                _keep(store, item, event)
            if item.refusal is not None:
                yield Told(item.place, item.raw, item.refusal, item.source)
        mass = _mass(store)
        for place, raw in store.execute("SELECT place, raw FROM told ORDER BY at, rowid"):
            yield Told(place, _marked(raw, mass) if mass else raw)


def _keep(store: sqlite3.Connection, item: Item, event: events.Event) -> None:
    at = event.time.timestamp()
    store.execute("INSERT INTO told VALUES (?, ?, ?)", (at, item.place, events.to_json(event)))
    if isinstance(event, events.DealChanged):
        changed = ((event.source, int(at), field, event.subject) for field in event.data.model_fields_set)
        store.executemany("INSERT INTO moved VALUES (?, ?, ?, ?)", changed)


def _mass(store: sqlite3.Connection) -> set[tuple[str, int, str]]:
    return set(
        store.execute(
            "SELECT source, second, field FROM moved GROUP BY source, second, field HAVING count(DISTINCT deal) >= ?",
            (MASS,),
        )
    )


def _marked(raw: bytes, mass: set[tuple[str, int, str]]) -> bytes:
    event = events.parse(raw)
    if not isinstance(event, events.DealChanged):
        return raw
    second = int(event.time.timestamp())
    if not any((event.source, second, field) in mass for field in event.data.model_fields_set):
        return raw
    return orjson.dumps({**orjson.loads(raw), "bulk": True})

"""What was modified since a moment, in the order of its modification, however much it is.

HubSpot's search gives at most 10,000 results, and pages of it shift when a record is modified between two of them. So
no second page is ever asked for: each search begins at the newest moment that the one before it gave. Where one moment
has more records than a search gives, as after an import, they are asked for in the order of their ids.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from detectors.core.events import Refused

from ..connection import SourceUnavailable
from .client import Client, Thing, results
from .settings import HubSpot
from .values import milliseconds, moment

PAGE = 100
_MILLISECOND = timedelta(milliseconds=1)


def modified_by(kind: str) -> str:
    """The property that says when a record of this kind was modified."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def modified(
    client: Client,
    kind: str,
    since: datetime,
    until: datetime,
    properties: Sequence[str],
    filters: Sequence[Thing] = (),
    by: str | None = None,
) -> Iterator[tuple[list[Thing], datetime]]:
    """Records modified from `since` up to and without `until`, each once, and up to when that is all.

    `by` is another property of theirs that is a moment, by which they are asked for.
    """
    by = by or modified_by(kind)
    seen: set[tuple[str, datetime]] = set()
    while since < until:
        between = _between(by, since, until - _MILLISECOND)
        page = _search(client, kind, (between, *filters), by, properties)
        told = [((_id(record), _moment(record, kind, by)), record) for record in page]
        news = [record for key, record in told if key not in seen]
        if len(page) < PAGE:
            yield news, until
            return
        newest = max(at for (_, at), _ in told)
        if newest < since:
            raise SourceUnavailable(f"hubspot: the search for {kind} gives what was modified before it was asked for")
        if newest > since:
            yield news, newest
            seen = {key for key, _ in told if key[1] == newest}
            since = newest
            continue
        for together in found(client, kind, (_between(by, since, since), *filters), properties):
            yield [record for record in together if (_id(record), since) not in seen], since
        seen, since = set(), since + _MILLISECOND


def found(client: Client, kind: str, filters: Sequence[Thing], properties: Sequence[str]) -> Iterator[list[Thing]]:
    """Every record that these filters let through, in the order of ids."""
    last = 0
    while True:
        beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)}
        page = _search(client, kind, (*filters, beyond), "hs_object_id", properties)
        yield page
        if len(page) < PAGE:
            return
        newest = max(int(_id(record)) for record in page)
        if newest <= last:
            raise SourceUnavailable(f"hubspot: the search for {kind} gives the same again")
        last = newest


def _between(name: str, since: datetime, through: datetime) -> Thing:
    return {
        "propertyName": name,
        "operator": "BETWEEN",
        "value": str(milliseconds(since)),
        "highValue": str(milliseconds(through)),
    }


def _search(client: Client, kind: str, filters: Sequence[Thing], by: str, properties: Sequence[str]) -> list[Thing]:
    path = f"/crm/v3/objects/{kind}/search"
    body: dict[str, Any] = {
        "filterGroups": [{"filters": list(filters)}],
        "sorts": [{"propertyName": by, "direction": "ASCENDING"}],
        "properties": [*properties, by],
        "limit": PAGE,
    }
    return results(client.post(path, body), path)


def _id(record: Thing) -> str:
    id = record.get("id")
    if not isinstance(id, str) or not id.isdecimal():
        raise SourceUnavailable("hubspot: a search gives a record without an id")
    return id


def _moment(record: Thing, kind: str, name: str) -> datetime:
    told = record.get("properties")
    try:
        return moment(told.get(name) if isinstance(told, dict) else None, HubSpot())
    except Refused:
        raise SourceUnavailable(f"hubspot: the search for {kind} does not say the {name} of {_id(record)}") from None

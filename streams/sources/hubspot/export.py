"""What people export from HubSpot: tables with a record or a change a row, and dumps of the API as JSON.

A table of deals says how things stand when it was exported (`Last Modified Date` says as of when, and should be among
its columns); the export of a property's history, and a dump with `propertiesWithHistory`, say how they came to be so.
HubSpot writes the times of a table in whole minutes of the account's time zone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import islice

from detectors.core.events import Event, Refused

from ..item import Item, Row
from . import activities, emails, history_table, people
from .around import Around
from .legacy import engagement_of
from .people import Company, Person
from .portal import Portal
from .records import ACTIVITIES, Link, Record, kind_of, record_of, record_of_row, table_kind, without_words
from .settings import HubSpot
from .told import deal_item, one_of
from .values import raw_of

HISTORY = "property history"
_LOOKED_AT = 100


def table_of(columns: Collection[str]) -> str | None:
    """Which of HubSpot's tables has these columns; None if it is none of them."""
    return HISTORY if history_table.has(columns) else table_kind(columns)


def objects_of(content: object) -> str | None:
    """What a dump of the API holds; None if it is none of HubSpot's."""
    told = content.get("results", content) if isinstance(content, dict) else content
    each = told if isinstance(told, list) else [told]
    return next(filter(None, map(kind_of, islice(each, _LOOKED_AT))), None)


def read(tables: Mapping[str, Iterable[Row]], settings: HubSpot) -> Iterator[Item]:
    """The items of all tables of one account: they explain each other."""
    portal, named = _named(tables, Portal.of(settings))
    yield from named
    known = _Known(portal)
    yield from _contacts(tables, known)
    yield from _companies(tables, known)
    yield from _deals(tables, known)
    yield from history_table.read(tables.get(HISTORY, ()), known.labelled)
    yield from _on_other_deals(known)
    yield from _activities(tables, known)


@dataclass
class _Known:
    """What some tables say of others."""

    portal: Portal
    persons: dict[str, Person] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    companies: dict[str, Company] = field(default_factory=dict)
    # the contacts of each deal, as far as the contacts name it
    on_deals: dict[str, list[Link]] = field(default_factory=dict)
    # the newest modification of any record
    as_of: datetime | None = None

    @cached_property
    def labelled(self) -> Portal:
        """How tables are read: labels stand there in place of ids."""
        return replace(self.portal, labels=True)

    def saw(self, record: Record) -> None:
        """Something of a record shows up to when all of them are known."""
        with suppress(Refused):
            at = record.changed(self.portal.settings)
            self.as_of = max(filter(None, (at, self.as_of)), default=None)

    def read_by(self, record: Record) -> Portal:
        """How a record is read."""
        return self.labelled if record.labelled else self.portal


def _named(tables: Mapping[str, Iterable[Row]], portal: Portal) -> tuple[Portal, list[Item]]:
    """The account with the names that are in these tables."""
    owners, pipelines = list(tables.get("owners", ())), list(tables.get("pipelines", ()))
    portal = portal.with_owners(row.fields for row in owners)
    for row in pipelines:
        portal = portal.with_pipeline(row.fields)
    rows = [(row, "owner") for row in owners] + [(row, "pipeline") for row in pipelines]
    return portal, [Item(row.place, raw_of(row.fields), kind, "named by HubSpot") for row, kind in rows]


def _records(kind: str, rows: Iterable[Row]) -> Iterator[Record | Item]:
    for row in rows:
        try:
            yield _record(kind, row)
        except Refused as refused:
            yield Item(row.place, raw_of(without_words(row.fields)), kind.removesuffix("s"), refusal=refused)


def _record(kind: str, row: Row) -> Record:
    told = row.fields
    if isinstance(told.get("engagement"), dict):
        return engagement_of(told, row.place)
    if kind == "engagements":
        raise Refused("unreadable", "engagement is missing")
    if not isinstance(told.get("properties"), dict) and not isinstance(told.get("propertiesWithHistory"), dict):
        return record_of_row(kind, row)
    own = kind_of(told) or kind
    if own != kind and not {own, kind} <= set(ACTIVITIES):
        raise Refused("unreadable", f"one of the {own} among the {kind}: give them in a file of their own")
    return record_of(own, told, row.place)


def _contacts(tables: Mapping[str, Iterable[Row]], known: _Known) -> Iterator[Item]:
    for record in _records("contacts", tables.get("contacts", ())):
        if isinstance(record, Item):
            yield record
            continue
        try:
            person = people.person_of(record, known.read_by(record))
        except Refused as refused:
            yield Item(record.place, record.raw, "contact", refusal=refused)
            continue
        known.persons[person.id] = person
        known.places[person.id] = record.place
        for link in person.deals:
            known.on_deals.setdefault(link.id, []).append(Link(person.id, link.labels))
        yield Item(record.place, record.raw, "contact", "told on its deals" if person.email else "no mail address")


def _companies(tables: Mapping[str, Iterable[Row]], known: _Known) -> Iterator[Item]:
    for record in _records("companies", tables.get("companies", ())):
        if isinstance(record, Item):
            yield record
            continue
        try:
            known.companies[record.id] = people.company_of(record, known.read_by(record))
            yield Item(record.place, record.raw, "company", "told on its deals")
        except Refused as refused:
            yield Item(record.place, record.raw, "company", refusal=refused)


def _deals(tables: Mapping[str, Iterable[Row]], known: _Known) -> Iterator[Item]:
    for record in _records("deals", tables.get("deals", ())):
        if isinstance(record, Item):
            yield record
            continue
        known.saw(record)
        contacts = known.on_deals.pop(record.id, [])
        yield deal_item(
            record, contacts, known.persons, known.companies, known.read_by(record), standing=HISTORY not in tables
        )


def _on_other_deals(known: _Known) -> Iterator[Item]:
    """Contacts of deals that are in none of these tables."""
    for deal, contacts in known.on_deals.items():
        for link in contacts:
            told: list[Event] = []
            problems: list[Refused] = []
            try:
                told += people.on_deal(known.persons[link.id], deal, link.labels, None, known.portal)
            except Refused as refused:
                problems.append(refused)
            raw = raw_of({"contact": link.id, "deal": deal})
            yield Item(known.places[link.id], raw, "contact", f"on deal {deal}", tuple(told), one_of(problems))


def _activities(tables: Mapping[str, Iterable[Row]], known: _Known) -> Iterator[Item]:
    addresses = {id: person.email for id, person in known.persons.items() if person.email}
    held: list[Record] = []
    for kind in (*ACTIVITIES, "engagements"):
        for record in _records(kind, tables.get(kind, ())):
            if isinstance(record, Item):
                yield record
                continue
            known.saw(record)
            if record.kind in ("emails", "meetings"):
                # which mail answers which, and which meetings are over, shows only among all
                held.append(record)
            else:
                yield activities.item_of(record, Around(addresses), known.read_by(record))
    sent = (emails.sent(record, known.read_by(record)) for record in held)
    around = Around(addresses, emails.answered(each for each in sent if each is not None), known.as_of)
    for record in held:
        yield activities.item_of(record, around, known.read_by(record))

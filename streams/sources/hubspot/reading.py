"""What HubSpot says of a page of records: each with all that goes with it, asked for page by page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TypeVar

from detectors.core.events import Event, Refused

from ..item import Item
from . import activities, deals, emails, people
from .around import Around, listed
from .client import Client, Thing
from .modified import found
from .people import Company, Person
from .portal import Portal
from .records import Link, Record, links_of, record_of, without_words
from .told import deal_item
from .values import moment, raw_of

Known = TypeVar("Known")

_MOST_VALUES = 100


class Reading:
    """One account, read; what happened before `after` has been told, where that is given."""

    def __init__(self, client: Client, portal: Portal, as_of: datetime) -> None:
        self._client, self._portal, self._as_of = client, portal, as_of

    def deals(self, page: list[Thing], after: datetime | None) -> Iterator[Item]:
        """Deals that were modified, with their people and company."""
        ids = _ids(page)
        contacts = self._client.associated("deals", "contacts", ids)
        companies = self._client.associated("deals", "companies", ids)
        persons, refused = self._persons(_others(contacts))
        behind, refused_too = self._companies_of(_others(companies))
        if after is None:
            yield from (*refused, *refused_too)  # later on they are told when they are modified
        names = tuple(self._portal.properties)
        for deal in self._client.read("deals", ids, (*deals.TIMES, *names), (*names, deals.MERGED)):
            id = str(deal.get("id"))
            record = _record("deals", deal, contacts=contacts.get(id), companies=companies.get(id))
            if isinstance(record, Item):
                yield record
            else:
                yield deal_item(record, (), persons, behind, self._portal, after=after)

    def deleted(self, deal: Thing, after: datetime) -> Iterator[Item]:
        """A deal in the recycling bin, if it came there since `after`."""
        raw, place = raw_of(deal), f"hubspot:deals/{deal.get('id')}"
        try:
            at = moment(deal.get("archivedAt"), self._portal.settings)
            if at >= after:
                yield Item(place, raw, "a deleted deal", events=(deals.deleted(str(deal.get("id")), at, self._portal),))
        except Refused as refused:
            yield Item(place, raw, "a deleted deal", refusal=refused)

    def _persons(self, ids: Sequence[str]) -> tuple[dict[str, Person], list[Item]]:
        names = people.contact_properties(self._portal)
        read = self._client.read("contacts", ids, ("createdate", "lastmodifieddate", *names), names)
        return self._known("contacts", read, people.person_of)

    def _companies_of(self, ids: Sequence[str]) -> tuple[dict[str, Company], list[Item]]:
        names = people.COMPANY
        read = self._client.read("companies", ids, ("createdate", "hs_lastmodifieddate", *names), names)
        return self._known("companies", read, people.company_of)

    def _known(
        self, kind: str, told: Iterable[Thing], known_by: Callable[[Record, Portal], Known]
    ) -> tuple[dict[str, Known], list[Item]]:
        """By their ids, and what cannot be read of them."""
        known: dict[str, Known] = {}
        refused: list[Item] = []
        for each in told:
            record = _record(kind, each)
            if isinstance(record, Item):
                refused.append(record)
                continue
            try:
                known[record.id] = known_by(record, self._portal)
            except Refused as problem:
                refused.append(Item(record.place, record.raw, kind.removesuffix("s"), refusal=problem))
        return known, refused

    def contacts(self, page: list[Thing], after: datetime | None) -> Iterator[Item]:
        """Contacts that were modified, on each of their deals."""
        persons, refused = self._persons(_ids(page))
        yield from refused
        news = [id for id, person in persons.items() if any(after is None or at >= after for at, _ in person.known)]
        on = _linked(self._client.associated("contacts", "deals", news))
        # an association may be called differently from its other end
        labels = _linked(self._client.associated("deals", "contacts", _each(on)))
        began = self._began(_each(on))
        for id in news:
            for link in on[id]:
                called = next((each.labels for each in labels[link.id] if each.id == id), ())
                yield self._told(
                    "contacts",
                    id,
                    link.id,
                    people.on_deal(persons[id], link.id, called, began.get(link.id), self._portal),
                    after,
                )

    def companies(self, page: list[Thing], after: datetime | None) -> Iterator[Item]:
        """Companies that were modified, on each of the deals that are mainly with them."""
        companies, refused = self._companies_of(_ids(page))
        yield from refused
        news = [id for id, company in companies.items() if after is None or company.since >= after]
        on = _linked(self._client.associated("companies", "deals", news))
        behind = _linked(self._client.associated("deals", "companies", _each(on)))
        began = self._began(_each(on))
        for id in news:
            for link in on[id]:
                main = people.primary(behind[link.id])
                if main is not None and main.id == id:
                    told = people.accounts(companies[id], link.id, began.get(link.id), self._portal)
                    yield self._told("companies", id, link.id, told, after)

    def _told(self, kind: str, id: str, deal: str, told: Iterator[Event], after: datetime | None) -> Item:
        place, raw = f"hubspot:{kind}/{id}", raw_of({"id": id, "deal": deal})
        try:
            events = tuple(event for event in told if after is None or event.time >= after)
        except Refused as refused:
            return Item(place, raw, kind, f"on deal {deal}", refusal=refused)
        return Item(place, raw, kind, f"on deal {deal}", events)

    def _began(self, ids: Sequence[str]) -> dict[str, datetime | None]:
        known, _ = self._known("deals", self._client.read("deals", ids, ("createdate",)), _created)
        return known

    def touches(self, kind: str) -> Callable[[list[Thing], datetime | None], Iterator[Item]]:
        """Reads calls, meetings or mails that were modified."""

        def read(page: list[Thing], _after: datetime | None) -> Iterator[Item]:
            ids = _ids(page)
            on = self._client.associated(kind, "deals", ids)
            contacts = self._client.associated(kind, "contacts", ids)
            if history := activities.HISTORIES[kind]:
                page = self._client.read(kind, ids, (*activities.COMMON, *activities.PROPERTIES[kind]), history)
            records = []
            for each in page:
                id = str(each.get("id"))
                record = _record(kind, each, deals=on.get(id), contacts=contacts.get(id))
                if isinstance(record, Item):
                    yield record
                else:
                    records.append(record)
            around = Around(self._addresses(_others(contacts)), self._answered(records), self._as_of)
            for record in records:
                yield activities.item_of(record, around, self._portal)

        return read

    def _addresses(self, ids: Sequence[str]) -> dict[str, str]:
        known, _ = self._known("contacts", self._client.read("contacts", ids, ("email",)), _address)
        return {id: address for id, address in known.items() if address}

    def _answered(self, records: Iterable[Record]) -> dict[tuple[str, str], tuple[str, str]]:
        """What these mails answer, told from all mails of their threads."""
        known = [told for record in records if (told := emails.sent(record, self._portal)) is not None]
        threads = sorted({thread for thread, _ in known})
        properties = (*activities.COMMON, *emails.PROPERTIES)
        for start in range(0, len(threads), _MOST_VALUES):
            some = threads[start : start + _MOST_VALUES]
            # HubSpot compares texts in small letters
            values = sorted({thread.lower() for thread in some})
            in_them = {"propertyName": "hs_email_thread_id", "operator": "IN", "values": values}
            for each in chain.from_iterable(found(self._client, "emails", (in_them,), properties)):
                record = _record("emails", each)
                told = emails.sent(record, self._portal) if isinstance(record, Record) else None
                if told is not None and told[0] in some:
                    known.append(told)
        return emails.answered(known)


def _record(kind: str, told: Thing, **links: list[Thing] | None) -> Record | Item:
    id = told.get("id")
    place = f"hubspot:{kind}/{id if isinstance(id, str | int) else ''}"
    try:
        return record_of(kind, {**told, "associations": links}, place)
    except Refused as refused:
        return Item(place, raw_of(without_words(told)), kind.removesuffix("s"), refusal=refused)


def _address(contact: Record, _portal: Portal) -> str | None:
    return next(iter(listed(contact.text("email"))), None)


def _created(record: Record, portal: Portal) -> datetime | None:
    return record.created(portal.settings)


def _ids(page: Iterable[Thing]) -> list[str]:
    return [str(each.get("id")) for each in page]


def _linked(told: Mapping[str, list[Thing]]) -> dict[str, tuple[Link, ...]]:
    return {id: links_of(each) for id, each in told.items()}


def _others(told: Mapping[str, list[Thing]]) -> list[str]:
    return _each(_linked(told))


def _each(links: Mapping[str, tuple[Link, ...]]) -> list[str]:
    """The ids at the other ends, each once."""
    return list(dict.fromkeys(link.id for each in links.values() for link in each))

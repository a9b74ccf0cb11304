"""Polls Salesforce's REST API: the tables of an export, as far as they were modified since the last round.

What was modified is asked by `SystemModstamp`, in its order, and from a little before the newest that was seen, because
a long transaction shows its rows late; which rows of this overlap were read is kept. A deal that was modified is read
whole, with both of its histories; what it tells of the time before the last round was told then. So a poll's events are
those of an export, under the same names.

Users, accounts, contacts, record types and stages are asked for as they are needed, anew in each round.

The bookmark has, for each object, `at`: the newest modification that was read, `since`: what that was when the object
had been read to its end last (none before the first time), `read`: the rows of the overlap, and `told`: its events.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import requests

from detectors.core.events import EARLIEST, Event, Refused

from ..connection import Batch, Bookmark, Complete, SourceRefused, SourceUnavailable
from ..item import Item, Row
from . import export
from .change_events import EVERY
from .fields import Fields
from .known import CONTACT, USER, Known
from .org import MOST_IDS, Org, literal
from .settings import Salesforce
from .values import moment, record_id

OVERLAP = timedelta(minutes=5)
# what more than this was modified within the overlap is read twice, which changes nothing
MOST_READ = 20_000
_TIMES = ("Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp")
_ACTIVITY = (*_TIMES, "WhoId", "WhatId", "OwnerId", "Subject", "Type")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Opportunity": (*_TIMES, "IsClosed", "IsWon", "LastStageChangeDate"),
    "OpportunityHistory": (
        *("Id", "OpportunityId", "CreatedDate", "StageName", "Amount", "CloseDate", "ForecastCategory"),
        *("SystemModstamp",),
    ),
    "OpportunityFieldHistory": ("Id", "OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"),
    "OpportunityContactRole": (*_TIMES, "OpportunityId", "ContactId", "Role"),
    "Contact": (*_TIMES, "Name", "FirstName", "LastName", "Email", "Title", "AccountId"),
    "Account": (*_TIMES, "Name", "Website"),
    "User": ("Id", "Name", "Email"),
    "RecordType": ("Id", "Name", "DeveloperName"),
    "OpportunityStage": ("MasterLabel", "IsClosed", "IsWon"),
    "Task": (
        *(*_ACTIVITY, "IsClosed", "Status", "ActivityDate", "TaskSubtype", "CallType", "CallDisposition"),
        *("CompletedDateTime",),
    ),
    "Event": (
        *(*_ACTIVITY, "StartDateTime", "EndDateTime", "ActivityDateTime", "DurationInMinutes", "IsAllDayEvent"),
        *("IsChild", "IsRecurrence"),
    ),
    "EmailMessage": (
        *(*_TIMES, "RelatedToId", "FromAddress", "ToAddress", "CcAddress", "Subject", "MessageDate"),
        *("MessageIdentifier", "ThreadIdentifier"),
    ),
}


@dataclass
class _Pass:
    """How far an object was read, by the time of its rows' modification."""

    at: datetime | None
    since: datetime | None
    read: dict[str, datetime] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> "_Pass":
        kept = kept or {}
        times = {name: datetime.fromisoformat(kept[name]) for name in ("at", "since") if kept.get(name)}
        read, told = (
            {id: datetime.fromisoformat(at) for id, at in kept.get(name, {}).items()} for name in ("read", "told")
        )
        return cls(times.get("at"), times.get("since"), read, told)

    def kept(self) -> dict[str, Any]:
        times = {name: at.isoformat() for name, at in (("at", self.at), ("since", self.since)) if at}
        lately = {"read": self.read, "told": self.told}
        return times | {name: {id: at.isoformat() for id, at in found.items()} for name, found in lately.items()}

    @property
    def begins(self) -> datetime | None:
        """From which modification on it reads."""
        return self.at - OVERLAP if self.at else None

    @property
    def news(self) -> datetime | None:
        """What happened before was told by earlier passes; None if there was none."""
        return self.since - OVERLAP if self.since else None

    def new(self, rows: Iterable[Row], key: str) -> list[Row]:
        """Those that were not read as they are now."""
        return [row for row in rows if self.read.get(str(row.fields.get("Id"))) != _at(row, key)]

    def take(self, rows: Iterable[Row], key: str, events: Iterable[Event]) -> None:
        """These are read, in the order of their times, and told."""
        for row in rows:
            at = _at(row, key)
            self.at = max(self.at or at, at)
            self.read[str(row.fields.get("Id"))] = at
        self.told.update((event.id, event.time) for event in events)
        assert self.at is not None
        overlap = self.at - OVERLAP
        self.read, self.told = (
            dict([(id, at) for id, at in found.items() if at >= overlap][-MOST_READ:])
            for found in (self.read, self.told)
        )


class SalesforceConnection:
    """The section `salesforce` of the connections file, polled. `http` is the session to ask with, if not the usual."""

    name = "salesforce"

    def __init__(self, settings: Salesforce, http: requests.Session | None = None) -> None:
        self.settings = settings
        self.source = settings.source
        self._org = Org(settings, http)

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """What was modified since the bookmark, object by object; `Complete` for what the org has of them."""
        passes = {name: _Pass.of(bookmark.get(name)) for name in (*_PASSES, "Contact", "Account", "EventEnd")}
        reading = _Reading(self._org, self.settings, now)
        if not self._org.columns("Opportunity"):
            raise SourceRefused("salesforce: whoever we are logged in as may not see opportunities")
        self._begin(passes, now)
        for name in _PASSES:
            if name == "EmailMessage" and not self.settings.mails:
                continue
            for items, total in reading.modified(name, passes[name]):
                yield Batch(items, _kept(passes), total)
            passes[name].since = passes[name].at
        for name in ("Contact", "Account", "EventEnd"):
            for items, total in reading.related(name, passes[name]):
                yield Batch(items, _kept(passes), total)
            passes[name].since = passes[name].at
        # what was read whole is told last, so that a round that found nothing keeps it, too
        yield Batch((), _kept(passes))
        yield Complete(self._covers(), now)

    def refetch(self, table: str, ids: Mapping[str, datetime], now: datetime) -> Iterator[tuple[tuple[Item, ...], int]]:
        """Records as they are now, for changes that got lost on their way, with the time since when something was.

        Deals are told with all of their past; of EVERY record that was modified since, what happened since.
        """
        reading = _Reading(self._org, self.settings, now)
        columns = reading.columns(table)
        if named := [id for id in ids if id != EVERY]:
            for some in _some(named):
                rows = self._org.rows_of(table, columns, "Id", some)
                yield tuple(reading.refetched(table, rows, None)), len(named)
        if (begin := ids.get(EVERY)) is not None:
            is_whole = begin < EARLIEST
            where = "" if is_whole else f"SystemModstamp >= {literal(begin - OVERLAP)}"
            for page, total in self._org.pages(table, columns, where, "SystemModstamp, Id"):
                for some in _some(page):
                    yield tuple(reading.refetched(table, some, None if is_whole else begin - OVERLAP)), total

    def ended(self, since: datetime, now: datetime) -> tuple[Item, ...]:
        """The meetings that are over since a time: nothing in Salesforce changes when they are."""
        reading = _Reading(self._org, self.settings, now)
        if "EndDateTime" not in self._org.columns("Event"):
            return ()
        where = f"EndDateTime >= {literal(since)} AND EndDateTime <= {literal(now)}"
        rows = self._org.rows("Event", reading.columns("Event"), where, "EndDateTime, Id")
        return tuple(reading.refetched("Event", rows, since))

    def has(self, table: str) -> bool:
        """Whether there is an object that we may see."""
        return bool(self._org.columns(table))

    def newest(self, table: str) -> datetime | None:
        """When a record of an object was modified last; None if there is none that we may see."""
        if "SystemModstamp" not in self._org.columns(table):
            return None
        soql = f"SELECT SystemModstamp FROM {table} ORDER BY SystemModstamp DESC LIMIT 1"  # noqa: S608 - of our names
        found = [each for each in self._org.query(table, soql)["records"] if isinstance(each, dict)]
        return _at(Row(table, found[0]), "SystemModstamp") if found else None

    def lookups(self) -> "Lookups":
        """What other records are looked up for, asked for as it is needed."""
        return Lookups(self._org, self.settings)

    def _begin(self, passes: Mapping[str, _Pass], now: datetime) -> None:
        """At first, contacts and accounts are read with their deals: of interest is what will be modified."""
        for name in ("Contact", "Account"):
            at = passes[name]
            if at.at is None:
                at.at = self.newest(name) or now
                where = f"SystemModstamp >= {literal(at.at - OVERLAP)}"
                lately = self._org.rows(name, ("Id", "SystemModstamp"), where, "SystemModstamp, Id")
                at.take(lately, "SystemModstamp", ())
                at.since = at.at
        if passes["EventEnd"].at is None:
            passes["EventEnd"].at = passes["EventEnd"].since = now

    def _covers(self) -> tuple[str, ...]:
        of = {
            "Opportunity": "crm.deal.changed",
            "OpportunityContactRole": "crm.contact.changed",
            "Task": "activity.call",
            "Event": "activity.meeting",
        }
        if self.settings.mails:
            of["EmailMessage"] = "activity.email"
        return tuple(type for name, type in of.items() if self._org.columns(name))


_PASSES = ("Opportunity", "OpportunityContactRole", "Task", "Event", "EmailMessage")


class Lookups:
    """People, accounts, record types and stages of an org, asked for as they are needed and then known."""

    def __init__(self, org: Org, settings: Salesforce) -> None:
        self._org = org
        self._settings = settings
        self._asked: set[str] = set()
        self.known = Known(settings)

    def stages_and_types(self) -> None:
        """The stages and the record types: an org has few of them."""
        for name in ("OpportunityStage", "RecordType"):
            if name not in self._asked:
                where = "SobjectType = 'Opportunity'" if name == "RecordType" else ""
                self.known.learn(name, self._org.rows(name, COLUMNS[name], where))
                self._asked.add(name)

    def fetch(self, ids: Iterable[object]) -> None:
        """The users, contacts and accounts among these ids."""
        new = {id for each in ids if (id := record_id(each)) is not None} - self._asked
        own = {"Contact": self._settings.contact_fields, "Account": self._settings.account_fields}
        for name, prefix in (("User", USER), ("Contact", CONTACT), ("Account", "001")):
            some = sorted(id for id in new if id.startswith(prefix))
            self.known.learn(name, self._org.rows_of(name, (*COLUMNS[name], *own.get(name, ())), "Id", some))
            self._asked.update(some)


class _Reading:
    """One round's reading."""

    def __init__(self, org: Org, settings: Salesforce, now: datetime) -> None:
        self._org = org
        self._settings = settings
        self._now = now
        self._lookups = Lookups(org, settings)
        self._fields = Fields(settings, self._lookups.known)
        self._tracked: frozenset[str] | None = None
        self._told: set[str] = set()

    def columns(self, name: str) -> set[str]:
        """The fields of an object that are asked for."""
        found = set(COLUMNS[name])
        if name == "Opportunity":
            found.update(self._fields.names)
            own = set(self._settings.fields) - self._org.columns(name)
            if own and self._org.columns(name):
                raise SourceRefused(f"salesforce.fields: Opportunity has no field {sorted(own)[0]} that we may see")
        elif name == "Contact":
            found.update(self._settings.contact_fields)
        elif name == "Account":
            found.update(self._settings.account_fields)
        elif name == "Event" and self._settings.meeting_status:
            found.add(self._settings.meeting_status)
        return found

    def modified(self, name: str, at: _Pass) -> Iterator[tuple[tuple[Item, ...], int]]:
        """What was modified of an object, in the order of its modification."""
        where = f"SystemModstamp >= {literal(at.begins)}" if at.begins else ""
        if not where and name in ("Task", "Event", "EmailMessage"):
            where = f"CreatedDate >= {literal(self._now - timedelta(days=self._settings.activity_days))}"
        for page, total in self._org.pages(name, self.columns(name), where, "SystemModstamp, Id"):
            for rows in _some(page):
                items = tuple(self._untold(self.items(name, at.new(rows, "SystemModstamp"), at.news), at))
                at.take(rows, "SystemModstamp", (event for item in items for event in item.events))
                yield items, total

    def related(self, name: str, at: _Pass) -> Iterator[tuple[tuple[Item, ...], int]]:
        """What was modified of that which deals refer to; and meetings that are over by now."""
        table, key = ("Event", "EndDateTime") if name == "EventEnd" else (name, "SystemModstamp")
        assert at.begins is not None
        where = f"{key} >= {literal(at.begins)}"
        if name == "EventEnd":
            where += f" AND {key} <= {literal(self._now)}"
        for page, total in self._org.pages(table, self.columns(table), where, f"{key}, Id"):
            for rows in _some(page):
                items = tuple(self._untold(self.refetched(table, at.new(rows, key), at.news), at))
                at.take(rows, key, (event for item in items for event in item.events))
                yield items, total
        if name == "EventEnd":
            at.at = self._now

    def _untold(self, items: Iterable[Item], at: _Pass) -> Iterator[Item]:
        """What was not told yet, in this round by whatever way; items that tell nothing are left out."""
        for item in items:
            events = tuple(each for each in item.events if each.id not in self._told and each.id not in at.told)
            if at.since is not None:
                # of a first pass this would be the whole org
                self._told.update(each.id for each in events)
            if events or item.refusal:
                yield replace(item, events=events)

    def items(self, name: str, rows: list[Row], since: datetime | None) -> Iterator[Item]:
        """The items of some rows of an object, with all that belongs to them."""
        if not rows:
            return
        tables: dict[str, list[Row]] = {name: rows}
        refers = [each for row in rows for each in _references(row)]
        if name == "Opportunity":
            self._lookups.stages_and_types()
            ids = [str(row.fields["Id"]) for row in rows if record_id(row.fields.get("Id"))]
            for table in ("OpportunityHistory", "OpportunityFieldHistory"):
                tables[table] = self._org.rows_of(table, COLUMNS[table], "OpportunityId", ids, "CreatedDate, Id")
            refers += [
                row.fields.get(end) for row in tables["OpportunityFieldHistory"] for end in ("OldValue", "NewValue")
            ]
        self._lookups.fetch(refers)
        known = self._lookups.known
        tracked = self._kept_histories() if name == "Opportunity" else ()
        yield from export.read(tables, self._settings, known=known, as_of=self._now, since=since, tracked=tracked)

    def refetched(self, name: str, rows: list[Row], since: datetime | None) -> Iterator[Item]:
        """The items of rows, or of the deals that refer to them; those that tell nothing are left out."""
        if name in ("Contact", "Account") and rows:
            self._lookups.known.learn(name, rows)
            # of what the deals were told before, nothing has changed by it
            since = min(_at(row, "SystemModstamp") for row in rows)
            ids = [str(row.fields["Id"]) for row in rows if record_id(row.fields.get("Id"))]
            name, key = ("OpportunityContactRole", "ContactId") if name == "Contact" else ("Opportunity", "AccountId")
            rows = self._org.rows_of(name, self.columns(name), key, ids)
        for some in _some(rows):
            yield from (item for item in self.items(name, some, since) if item.events or item.refusal)

    def _kept_histories(self) -> frozenset[str]:
        """The fields of which the org keeps a history, as far as it has one of any deal."""
        if self._tracked is None:
            names = self._org.values("OpportunityFieldHistory", "Field")
            found = (self._fields.named(name) for name in names if isinstance(name, str))
            self._tracked = frozenset(name for name in found if name)
        return self._tracked


def _references(row: Row) -> Iterator[object]:
    return (row.fields.get(name) for name in ("OwnerId", "AccountId", "ContactId", "WhoId"))


def _some(things: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while some := list(islice(rest, MOST_IDS)):
        yield some


def _at(row: Row, key: str) -> datetime:
    try:
        return moment(row.fields.get(key), key, _UTC)
    except Refused as refusal:
        raise SourceUnavailable(f"{row.place}: without the time by which it was asked for: {refusal}") from None


_UTC = Salesforce()


def _kept(passes: Mapping[str, _Pass]) -> dict[str, Any]:
    return {name: each.kept() for name, each in passes.items() if each.at is not None}

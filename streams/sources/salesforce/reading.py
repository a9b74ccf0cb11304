"""One round's reading of an org: rows, and with them all that they need to be told.

A deal is read whole, with both of its histories. Users, accounts, contacts, record types and stages are asked for as
they are needed, anew in each round.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from ..connection import SourceRefused
from ..item import Item, Row
from . import export
from .fields import Fields
from .known import CONTACT, USER, Known
from .org import MOST_IDS, Org, literal
from .passes import Pass, dated
from .settings import Salesforce
from .values import record_id

_RECORD = "Id IsDeleted CreatedDate LastModifiedDate SystemModstamp"
_ACTIVITY = f"{_RECORD} WhoId WhatId OwnerId Subject Type"
_ASKED = {
    "Opportunity": f"{_RECORD} IsClosed IsWon LastStageChangeDate",
    "OpportunityHistory": "Id OpportunityId CreatedDate StageName Amount CloseDate ForecastCategory",
    "OpportunityFieldHistory": "Id OpportunityId CreatedDate Field OldValue NewValue",
    "OpportunityContactRole": f"{_RECORD} OpportunityId ContactId Role",
    "Contact": f"{_RECORD} Name FirstName LastName Email Title AccountId",
    "Account": f"{_RECORD} Name Website",
    "User": "Id Name Email",
    "RecordType": "Id Name DeveloperName",
    "OpportunityStage": "MasterLabel IsClosed IsWon",
    "Task": f"{_ACTIVITY} IsClosed Status ActivityDate CompletedDateTime TaskSubtype CallType CallDisposition",
    "Event": (
        f"{_ACTIVITY} StartDateTime EndDateTime ActivityDateTime DurationInMinutes IsAllDayEvent IsChild IsRecurrence"
    ),
    "EmailMessage": (
        f"{_RECORD} RelatedToId FromAddress ToAddress CcAddress Subject MessageDate MessageIdentifier ThreadIdentifier"
    ),
}
# of each object; own fields come besides, and what the org does not have is left out
COLUMNS: Mapping[str, tuple[str, ...]] = {name: tuple(columns.split()) for name, columns in _ASKED.items()}


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


class Reading:
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
        """The fields of an object that are asked for; `SourceRefused` names an own field that the org does not have."""
        settings = self._settings
        own = {
            "Opportunity": settings.fields,
            "Contact": settings.contact_fields,
            "Account": settings.account_fields,
            "Event": [settings.meeting_status] if settings.meeting_status else [],
        }.get(name, ())
        there = self._org.columns(name)
        if there and (missing := sorted(set(own) - there)):
            raise SourceRefused(f"salesforce: {name} has no field {missing[0]} that we may see; the settings name it")
        standard = self._fields.names if name == "Opportunity" else ()
        return {*COLUMNS[name], *standard, *own}

    def modified(self, name: str, at: Pass) -> Iterator[tuple[tuple[Item, ...], int]]:
        """What was modified of an object, in the order of its modification."""
        where = f"SystemModstamp >= {literal(at.begins)}" if at.begins else ""
        if not where and name in ("Task", "Event", "EmailMessage"):
            where = f"CreatedDate >= {literal(self._now - timedelta(days=self._settings.activity_days))}"
        for page, total in self._org.pages(name, self.columns(name), where, "SystemModstamp, Id"):
            for rows in some_of(page):
                items = tuple(self._untold(self.items(name, at.new(rows, "SystemModstamp"), at.news), at))
                at.take(rows, "SystemModstamp", (event for item in items for event in item.events))
                yield items, total

    def related(self, name: str, at: Pass) -> Iterator[tuple[tuple[Item, ...], int]]:
        """What was modified of that which deals refer to; and meetings that are over by now."""
        table, key = ("Event", "EndDateTime") if name == "EventEnd" else (name, "SystemModstamp")
        assert at.begins is not None
        where = f"{key} >= {literal(at.begins)}"
        if name == "EventEnd":
            where += f" AND {key} <= {literal(self._now)}"
        for page, total in self._org.pages(table, self.columns(table), where, f"{key}, Id"):
            for rows in some_of(page):
                items = tuple(self._untold(self.refetched(table, at.new(rows, key), at.news), at))
                at.take(rows, key, (event for item in items for event in item.events))
                yield items, total
        if name == "EventEnd":
            at.at = self._now

    def _untold(self, items: Iterable[Item], at: Pass) -> Iterator[Item]:
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
            since = min(dated(row, "SystemModstamp") for row in rows)
            ids = [str(row.fields["Id"]) for row in rows if record_id(row.fields.get("Id"))]
            name, key = ("OpportunityContactRole", "ContactId") if name == "Contact" else ("Opportunity", "AccountId")
            rows = self._org.rows_of(name, self.columns(name), key, ids)
        for some in some_of(rows):
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


def some_of(things: Iterable[Any]) -> Iterator[list[Any]]:
    """A few of them at a time, as many as one query can name."""
    rest = iter(things)
    while some := list(islice(rest, MOST_IDS)):
        yield some

"""Salesforce's tables as events: what Data Loader, Workbench and reports export, and what its API gives.

Rows of one opportunity lie anywhere in their files. So the opportunities, their histories and the meetings are put
into a file of their own on the way, which is deleted when it is closed; in memory are only the people, accounts, record
types and stages that others refer to.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import orjson

from detectors.core.events import Refused

from ..item import Item, Row
from . import activities, life, people
from .fields import Fields
from .known import Known
from .settings import Salesforce
from .telling import Draft
from .values import an_id, moment

LOOKED_UP = ("OpportunityStage", "RecordType", "User", "Account", "Contact")
# with the column that names the opportunity
KEPT = {"Opportunity": "Id", "OpportunityHistory": "OpportunityId", "OpportunityFieldHistory": "OpportunityId"}
# what a table has that no other has; the first that fits is it
_SIGNS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("OpportunityFieldHistory", ("OpportunityId", "Field", "NewValue", "CreatedDate"), ()),
    ("OpportunityHistory", ("OpportunityId", "StageName", "CreatedDate"), ()),
    ("OpportunityContactRole", ("Id", "OpportunityId", "ContactId"), ()),
    ("Opportunity", ("Id", "StageName", "CloseDate"), ()),
    ("EmailMessage", ("Id", "FromAddress", "ToAddress"), ()),
    ("Event", ("Id", "Subject"), ("StartDateTime", "ActivityDateTime")),
    ("Task", ("Id", "Status", "Subject"), ("WhatId", "WhoId")),
    ("OpportunityStage", ("IsClosed", "IsWon", "MasterLabel"), ()),
    ("RecordType", ("Id", "Name", "SobjectType"), ()),
    ("User", ("Id", "Email", "Username"), ()),
    ("User", ("Id", "Email", "IsActive"), ("Name", "LastName")),
    ("Contact", ("Id", "Email", "AccountId"), ("Name", "LastName")),
    ("User", ("Id", "Email", "Name"), ()),
    ("Account", ("Id", "Name"), ("Website", "Industry", "ParentId", "BillingCountry")),
)
# in these letters; other vendors write `id`
_IDS = frozenset({"Id", "ID", "OpportunityId", "OPPORTUNITYID", "Opportunity ID"})
_NAMES = {
    name.casefold(): name
    for name in (
        *(name for _, all_of, one_of in _SIGNS for name in (*all_of, *one_of)),
        *("Amount", "CurrencyIsoCode", "OwnerId", "AccountId", "ForecastCategory", "ForecastCategoryName", "NextStep"),
        *(
            "RecordTypeId",
            "IsClosed",
            "IsWon",
            "IsDeleted",
            "SystemModstamp",
            "LastModifiedDate",
            "LastStageChangeDate",
        ),
        *(
            "OldValue",
            "Role",
            "FirstName",
            "LastName",
            "Title",
            "MasterLabel",
            "ApiName",
            "DeveloperName",
            "Probability",
        ),
        *("ActivityDate", "TaskSubtype", "Type", "CallType", "CallDisposition", "CompletedDateTime", "EndDateTime"),
        *("DurationInMinutes", "IsAllDayEvent", "IsChild", "IsRecurrence", "MessageDate", "MessageIdentifier"),
        *(
            "ThreadIdentifier",
            "RelatedToId",
            "CcAddress",
            "Contact.Email",
            "Contact.Name",
            "Contact.Title",
            "Who.Email",
        ),
    )
}


# what reports call them: of an opportunity, and of the history of its fields
_REPORT = {
    "Opportunity ID": "Id",
    "Opportunity Name": "Name",
    "Stage": "StageName",
    "Close Date": "CloseDate",
    "Created Date": "CreatedDate",
    "Last Modified Date": "LastModifiedDate",
    "Next Step": "NextStep",
    "Forecast Category": "ForecastCategoryName",
    "Opportunity Owner": "OwnerId",
    "Account ID": "AccountId",
    "Account Name": "Account.Name",
    "Amount Currency": "CurrencyIsoCode",
    "Closed": "IsClosed",
    "Won": "IsWon",
}
_REPORTED_HISTORY = {
    "Opportunity ID": "OpportunityId",
    "Field / Event": "Field",
    "Old Value": "OldValue",
    "New Value": "NewValue",
    "Edit Date": "CreatedDate",
}


def table_of(columns: Collection[str]) -> str | None:
    """Which of Salesforce's tables has these columns; None if none of them has.

    Data Loader writes their names in capitals, and reports in words; a report without the ids of its opportunities
    is none: two of them may have one name.
    """
    if _IDS.isdisjoint(columns) and not set(columns) >= {"IsClosed", "IsWon", "MasterLabel"}:
        # a table of stages has no need of ids
        return None
    named = {_own_name(name, columns, _NAMES) for name in columns}
    return next(
        (
            table
            for table, all_of, one_of in _SIGNS
            if named.issuperset(all_of) and (not one_of or named.intersection(one_of))
        ),
        None,
    )


def read(
    tables: Mapping[str, Iterable[Row]],
    settings: Salesforce,
    *,
    known: Known | None = None,
    as_of: datetime | None = None,
    since: datetime | None = None,
    tracked: Collection[str] = (),
) -> Iterator[Item]:
    """The items of these tables, by the names that `table_of` gives them.

    A poll says besides what is `known` already, the time `as_of` which the rows are true (else it is their newest
    modification), `since` when its events are new, and for which fields the org keeps a history (`tracked`).
    """
    known = known or Known(settings)
    polled = as_of is not None
    rows = {name: _named(each, settings) for name, each in tables.items()}
    for name in LOOKED_UP:
        known.learn(name, rows.get(name, ()))
    with closing(sqlite3.connect("")) as store:
        store.execute("CREATE TABLE kept (name TEXT, deal TEXT, at REAL, id TEXT, place TEXT, fields BLOB)")
        yield from _keep(store, rows, known)
        store.execute("CREATE INDEX by_deal ON kept (deal)")
        fields = Fields(settings, known)
        kept_histories = {*tracked, *_tracked(store, fields)}
        for records in _records(store):
            yield from life.told(records, fields, kept_histories, since, polled)
        for row in rows.get("OpportunityContactRole", ()):
            yield people.contact_role(row, known, since)
        for row in rows.get("EmailMessage", ()):
            yield activities.mail(row, known)
        for row in rows.get("Task", ()):
            yield activities.task(row, known)
        as_of = as_of or _newest(store)
        for row in _kept(store, "Event"):
            yield activities.meeting(row, known, as_of, since)


def _keep(store: sqlite3.Connection, rows: Mapping[str, Iterable[Row]], known: Known) -> Iterator[Item]:
    for row in rows.get("Event", ()):
        _put(store, "Event", "", row, known)
    for name, key in KEPT.items():
        for row in rows.get(name, ()):
            if name == "Opportunity":
                known.learn_beside(row)
                known.stage_is(row.fields.get("StageName"), row.fields)
            try:
                _put(store, name, an_id(row.fields.get(key), key), row, known)
            except Refused as refusal:
                yield Draft(known.settings.source, problems=[refusal]).item(row.place, row.raw, name)


def _put(store: sqlite3.Connection, name: str, deal: str, row: Row, known: Known) -> None:
    at = _touched(row, known.settings)
    id = str(row.fields.get("Id") or "")
    store.execute("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?)", (name, deal, at, id, row.place, row.raw))


def _touched(row: Row, settings: Salesforce) -> float:
    for name in ("SystemModstamp", "LastModifiedDate", "CreatedDate"):
        try:
            if row.fields.get(name):
                return moment(row.fields[name], name, settings).timestamp()
        except Refused:
            continue
    return 0.0


def _newest(store: sqlite3.Connection) -> datetime:
    (at,) = store.execute("SELECT max(at) FROM kept").fetchone()
    return datetime.fromtimestamp(at or 0, UTC)


def _tracked(store: sqlite3.Connection, fields: Fields) -> Iterator[str]:
    told: set[Any] = set()
    for row in _kept(store, "OpportunityFieldHistory"):
        if (name := row.fields.get("Field")) not in told and isinstance(name, str):
            told.add(name)
            if (field := life.field_of(row, fields)) is not None:
                yield field


def _kept(store: sqlite3.Connection, name: str) -> Iterator[Row]:
    told = store.execute("SELECT place, fields FROM kept WHERE name = ? ORDER BY rowid", (name,))
    return (Row(place, orjson.loads(fields)) for place, fields in told)


def _records(store: sqlite3.Connection) -> Iterator[life.Records]:
    records: life.Records | None = None
    told = store.execute(
        "SELECT name, deal, place, fields FROM kept WHERE name != 'Event'"
        " ORDER BY deal, name = 'Opportunity' DESC, at, id, rowid"
    )
    for name, deal, place, fields in told:
        if records is None or records.id != deal:
            if records is not None:
                yield records
            records = life.Records(deal)
        row = Row(place, orjson.loads(fields))
        if name == "Opportunity":
            records.rows.append(row)
        elif name == "OpportunityHistory":
            records.states.append(row)
        else:
            records.changes.append(row)
    if records is not None:
        yield records


def _own_name(name: str, columns: Collection[str], known: Mapping[str, str]) -> str:
    """Salesforce's own name of a column among these."""
    if "Opportunity ID" in columns:
        return (_REPORTED_HISTORY if "Field / Event" in columns else _REPORT).get(name, name)
    return known.get(name.casefold(), name)


def _named(rows: Iterable[Row], settings: Salesforce) -> Iterator[Row]:
    """The rows by Salesforce's own names of their columns."""
    own = [*settings.fields, *settings.contact_fields, *settings.account_fields]
    if settings.meeting_status:
        own.append(settings.meeting_status)
    known = _NAMES | {name.casefold(): name for name in own}
    for row in rows:
        yield Row(row.place, {_own_name(name, row.fields, known): each for name, each in row.fields.items()})

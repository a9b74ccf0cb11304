"""Some days in an org, save by save: as its tables are at any moment, and as the change events that it sends."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from streams.sources.item import Row
from streams.sources.salesforce.values import milliseconds, record_id

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STAGES = [
    {"MasterLabel": "Discovery", "IsClosed": False, "IsWon": False},
    {"MasterLabel": "Demo", "IsClosed": False, "IsWon": False},
    {"MasterLabel": "Proposal", "IsClosed": False, "IsWon": False},
    {"MasterLabel": "Signed", "IsClosed": True, "IsWon": True},
    {"MasterLabel": "Dead", "IsClosed": True, "IsWon": False},
]
FLAGS = {stage["MasterLabel"]: {name: stage[name] for name in ("IsClosed", "IsWon")} for stage in STAGES}
IN_HISTORY = ("StageName", "Amount", "CloseDate")
TRACKED = ("StageName", "OwnerId", "NextStep")
PREFIXES = {
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Contact": "003",
    "Account": "001",
    "User": "005",
    "Task": "00T",
    "Event": "00U",
}


def day(number: float) -> datetime:
    """So many days after the Monday, at nine, to the second as Salesforce has it."""
    return (MONDAY + timedelta(days=number)).replace(microsecond=0)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def id_of(table: str, number: int) -> str:
    id = record_id(f"{PREFIXES[table]}Dn{number:010d}")
    assert id is not None
    return id


@dataclass
class Save:
    """One transaction on one record."""

    at: datetime
    kind: str
    table: str
    id: str
    fields: dict[str, Any]


@dataclass
class Week:
    saves: list[Save] = field(default_factory=list)

    def create(self, at: float, table: str, number: int, **fields: Any) -> str:
        id = id_of(table, number)
        self.saves.append(Save(day(at), "CREATE", table, id, fields))
        return id

    def update(self, at: float, id: str, **fields: Any) -> None:
        self.saves.append(Save(day(at), "UPDATE", self._table(id), id, fields))

    def delete(self, at: float, id: str) -> None:
        self.saves.append(Save(day(at), "DELETE", self._table(id), id, {"IsDeleted": True}))

    def undelete(self, at: float, id: str) -> None:
        self.saves.append(Save(day(at), "UNDELETE", self._table(id), id, {"IsDeleted": False}))

    def _table(self, id: str) -> str:
        return next(table for table, prefix in PREFIXES.items() if id.startswith(prefix))

    def tables(self, until: float = 1e6) -> dict[str, list[dict[str, Any]]]:
        """All tables as the API has them at a moment."""
        rows: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        states: list[dict[str, Any]] = []
        changes: list[dict[str, Any]] = []
        for save in sorted(self.saves, key=lambda save: save.at):
            if save.at > day(until):
                break
            at = text(save.at)
            before = rows[save.table].get(save.id, {})
            new = before | save.fields | {"Id": save.id, "SystemModstamp": at, "LastModifiedDate": at}
            new = {"IsDeleted": False, "CreatedDate": at} | new
            if save.table == "Opportunity":
                new |= FLAGS[new["StageName"]]
                if not before or any(before.get(name) != new.get(name) for name in IN_HISTORY):
                    number = f"008Dn{len(states):010d}"
                    state = {name: new.get(name) for name in IN_HISTORY}
                    states.append(state | {"Id": number, "OpportunityId": save.id, "CreatedDate": at})
                for name in TRACKED:
                    if before and before.get(name) != new.get(name):
                        told = {"OldValue": before.get(name), "NewValue": new.get(name)}
                        called = {"OwnerId": "Owner"}.get(name, name)
                        known = {"Id": f"017Dn{len(changes):010d}", "OpportunityId": save.id, "CreatedDate": at}
                        changes.append(known | told | {"Field": called})
            rows[save.table][save.id] = new
        tables = {table: list(found.values()) for table, found in rows.items()}
        return tables | {
            "OpportunityHistory": states,
            "OpportunityFieldHistory": changes,
            "OpportunityStage": STAGES,
            "RecordType": [],
        }

    def exported(self) -> dict[str, list[Row]]:
        """All tables as CSV files have them: text, and what is empty left out."""
        return {
            table: [Row(f"{table}.csv:{n}", _as_text(row)) for n, row in enumerate(rows, start=2)]
            for table, rows in self.tables().items()
        }

    def changes(self, *tables: str) -> list[bytes]:
        """The change events of all saves in these tables, as the connector writes them."""
        told: dict[str, dict[str, Any]] = defaultdict(dict)
        changes = []
        for number, save in enumerate(sorted(self.saves, key=lambda save: save.at)):
            told[save.id] |= save.fields
            if save.table in tables:
                # an undeletion tells the whole record, as a creation does
                whole = replace(save, fields=dict(told[save.id])) if save.kind == "UNDELETE" else save
                changes.append(change(whole, number))
        return changes


def change(save: Save, number: int, ids: list[str] | None = None) -> bytes:
    """One change event: of an update only what changed, all else null."""
    cleared = [name for name, value in save.fields.items() if value is None]
    header = {
        "entityName": save.table,
        "recordIds": ids or [save.id],
        "changeType": save.kind,
        "changeOrigin": "",
        "transactionKey": f"0000a5{number:02d}-0000-0000-0000-000000000000",
        "sequenceNumber": 1,
        "commitTimestamp": milliseconds(save.at),
        "commitNumber": 10_000_000_000 + number,
        "commitUser": id_of("User", 1),
        "nulledFields": cleared if save.kind == "UPDATE" else [],
        "diffFields": [],
        "changedFields": [*save.fields, "LastModifiedDate"] if save.kind == "UPDATE" else [],
    }
    fields = (
        {} if save.kind == "DELETE" else {name: value for name, value in save.fields.items() if name != "IsDeleted"}
    )
    untold = {"Description": None, "LeadSource": None}
    return orjson.dumps({"ReplayId": str(number), "ChangeEventHeader": header} | untold | fields)


def _as_text(row: dict[str, Any]) -> dict[str, str]:
    return {
        name: str(value).upper() if isinstance(value, bool) else str(value)
        for name, value in row.items()
        if value not in (None, "")
    }


def a_week() -> Week:
    """A deal that moves, slips, changes hands and talks; one that is won; one that is deleted; one that comes back."""
    week = Week()
    rita = week.create(-30, "User", 1, Name="Rita Example", Email="rita@us.example")
    sam = week.create(-30, "User", 2, Name="Sam Example", Email="sam@us.example")
    acme = week.create(-30, "Account", 1, Name="Acme", Website="https://www.customer.example")
    anna = week.create(
        -20,
        "Contact",
        1,
        FirstName="Anna",
        LastName="Customer",
        Email="anna@customer.example",
        Title="CFO",
        AccountId=acme,
    )
    bo = week.create(
        -20,
        "Contact",
        2,
        FirstName="Bo",
        LastName="Customer",
        Email="bo@customer.example",
        Title="Clerk",
        AccountId=acme,
    )
    start: dict[str, Any] = {
        "AccountId": acme,
        "OwnerId": rita,
        "StageName": "Discovery",
        "CloseDate": "2026-04-30",
        "NextStep": None,
    }
    deal = week.create(0, "Opportunity", 1, Name="Acme rollout", Amount=40000.0, **start)
    won = week.create(0.1, "Opportunity", 2, Name="Acme pilot", Amount=9000.0, **start)
    gone = week.create(0.2, "Opportunity", 3, Name="Acme, twice", Amount=None, **start)
    back = week.create(0.3, "Opportunity", 4, Name="Acme abroad", Amount=20000.0, **start)
    week.create(0.4, "OpportunityContactRole", 1, OpportunityId=deal, ContactId=anna, Role="Economic Buyer")
    week.create(0.5, "OpportunityContactRole", 2, OpportunityId=deal, ContactId=bo, Role="Champion")
    week.create(
        1,
        "Task",
        1,
        WhoId=anna,
        WhatId=deal,
        OwnerId=rita,
        Subject="Call",
        Status="Completed",
        IsClosed=True,
        TaskSubtype="Call",
        CallType="Outbound",
        CallDisposition="Connected",
        CompletedDateTime=text(day(1)),
    )
    week.create(
        1.1,
        "Event",
        1,
        WhoId=bo,
        WhatId=deal,
        OwnerId=rita,
        Subject="Demo",
        StartDateTime=text(day(2)),
        EndDateTime=text(day(2.05)),
        IsAllDayEvent=False,
    )
    week.update(1.2, deal, NextStep="Show the product")
    week.delete(1.5, gone)
    week.delete(1.6, back)
    week.update(2.1, deal, StageName="Demo", CloseDate="2026-05-29")
    week.update(2.2, deal, NextStep=None)
    week.undelete(3, back)
    week.update(3.1, won, StageName="Signed", CloseDate="2026-03-05")
    week.update(3.2, deal, OwnerId=sam)
    week.update(4, deal, StageName="Proposal", Amount=48000.0, CloseDate="2026-06-30", NextStep="Send the offer")
    return week

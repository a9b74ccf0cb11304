"""Salesforce's change events tell what changed, and what must be fetched."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from streams.sources.item import Item, Row
from streams.sources.salesforce.change_events import EVERY, changes, parse
from streams.sources.salesforce.known import Known
from streams.sources.salesforce.settings import Salesforce
from tests.streams.sources.salesforce.readings import ACME, BETA, GOLDEN, deal

SETTINGS = Salesforce(
    currency="EUR", owners={"005Dn00000RePaa": "rita@us.example"}, closed={"Signed": "won"}, fields={"Need__c": "need"}
)
NO_VALUES: dict[str, Any] = {"Description": None, "Amount": None, "NextStep": None}


def raw(kind: str, *ids: str, fields: dict[str, Any] | None = None, **header: Any) -> bytes:
    told = {
        "entityName": "Opportunity",
        "recordIds": ids or [ACME],
        "changeType": kind,
        "transactionKey": "0000a500-1b2c",
        "sequenceNumber": 1,
        "commitTimestamp": 1772442000000,
        "commitNumber": 42,
        "nulledFields": [],
        "changedFields": [*(fields or {})] if kind == "UPDATE" else [],
    }
    return orjson.dumps({"ChangeEventHeader": told | header} | NO_VALUES | (fields or {}))


def read(value: bytes) -> Item:
    return changes(value, "salesforce.Opportunity/0@7", SETTINGS)


def data(value: bytes) -> dict[str, Any]:
    item = read(value)
    assert item.refusal is None
    (event,) = item.events
    told: dict[str, Any] = orjson.loads(event.model_dump_json(by_alias=True, exclude_unset=True))["data"]
    return told


def test_a_creation_tells_all_its_fields() -> None:
    fields = {
        "Name": "Acme",
        "StageName": "Demo",
        "CloseDate": 1774483200000,
        "OwnerId": "005Dn00000RePaa",
        "Amount": 9.0,
    }
    item = read(raw("CREATE", fields=fields))
    (event,) = item.events
    assert (event.subject, event.time) == (ACME, datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert event.id == f"00000000000000000042-0000a500-1b2c-00001/{ACME}"
    told = {"name": "Acme", "stage": "Demo", "status": "open", "close_date": "2026-03-26", "amount": 9.0}
    assert data(raw("CREATE", fields=fields)) == told | {"owner": "rita@us.example", "currency": "EUR"}


def test_an_update_tells_what_changed_and_nothing_of_the_rest() -> None:
    assert data(raw("UPDATE", fields={"StageName": "Signed"})) == {"stage": "Signed", "status": "won"}


def test_what_was_nulled_is_cleared_however_that_is_said() -> None:
    assert data(raw("UPDATE", nulledFields=["NextStep"])) == {"next_step": None}
    assert data(raw("UPDATE", changedFields=["NextStep"], nulledFields=None)) == {"next_step": None}


def test_what_the_change_says_of_being_closed_counts_more_than_the_stage() -> None:
    fields = {"StageName": "Done", "IsClosed": True, "IsWon": False}
    assert data(raw("UPDATE", fields=fields)) == {"stage": "Done", "status": "lost"}


def test_one_event_of_many_records_is_told_to_each() -> None:
    item = read(raw("UPDATE", ACME, BETA[:15], fields={"NextStep": "Call"}))
    assert [event.subject for event in item.events] == [ACME, BETA]
    assert len({event.id for event in item.events}) == 2


def test_changes_of_one_moment_stand_in_the_order_of_their_commits() -> None:
    first = read(raw("UPDATE", fields={"StageName": "Demo"}, commitNumber=99, transactionKey="b"))
    second = read(raw("UPDATE", fields={"StageName": "Proposal"}, commitNumber=100, transactionKey="a"))
    later = read(raw("UPDATE", fields={"StageName": "Signed"}, commitNumber=100, transactionKey="a", sequenceNumber=12))
    told = deal([later, second, first], ACME).changes("stage")
    assert [change.value for change in told] == ["Demo", "Proposal", "Signed"]


def test_a_deal_that_is_deleted_is_lost_and_one_that_is_undeleted_has_its_stage_again() -> None:
    gone = read(raw("DELETE"))
    back = read(raw("UNDELETE", fields={"StageName": "Demo"}, commitNumber=43))
    assert deal([gone], ACME).fact("lost_reason") == "deleted in Salesforce"
    again = deal([gone, back], ACME)
    assert (again.is_open, again.stage, again.fact("lost_reason")) == (True, "Demo", None)


@pytest.mark.parametrize("kind", ["GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE", "GAP_OVERFLOW"])
def test_a_gap_tells_nothing_and_is_no_nothing(kind: str) -> None:
    value = raw(kind, ACME[:15])
    item = read(value)
    assert (item.events, item.refusal) == ((), None)
    assert item.why == f"{kind} of Opportunity, of which more must be fetched"
    assert parse(value, SETTINGS).to_fetch == ((EVERY,) if kind == "GAP_OVERFLOW" else (ACME,))


@pytest.mark.parametrize(
    ("value", "fetch"),
    [
        (raw("UPDATE", "006*", fields={"Need__c": "critical"}), (EVERY,)),
        (raw("UPDATE", ACME, recordIds=[]), (EVERY,)),
        (raw("UPDATE", nulledFields=["0x08"]), (ACME,)),
        (raw("UPDATE", fields={"Name": "@@ -1 +1 @@"}, diffFields=["Name"]), (ACME,)),
        (raw("UNDELETE"), (ACME,)),
        (raw("UPDATE", fields={"StageName": "Demo"}, changedFields=None, nulledFields=None), (ACME,)),
        (raw("UPDATE", id := "00TDn00000CaLl1MAF", entityName="Task"), (id,)),
        (raw("CREATE", entityName="Task"), ()),
        (raw("UPDATE", entityName="Case"), ()),
        (raw("UPDATE", fields={"StageName": "Demo"}), ()),
    ],
)
def test_what_an_event_does_not_tell_must_be_fetched(value: bytes, fetch: tuple[str, ...]) -> None:
    assert parse(value, SETTINGS).to_fetch == fetch


def test_a_difference_is_not_taken_for_a_value() -> None:
    assert read(raw("UPDATE", fields={"Name": "@@ -1 +1 @@"}, diffFields=["Name"])).events == ()


def test_bitmaps_of_changed_fields_are_not_needed_where_the_values_are_there() -> None:
    assert data(raw("UPDATE", fields={"StageName": "Demo"}, changedFields=["0x400002"]))["stage"] == "Demo"


@pytest.mark.parametrize(("judged", "fit"), [("2026-03-01T08:00:00Z", "poor"), ("2026-03-09T08:00:00Z", None)])
def test_a_judgement_that_came_later_was_not_known_when_the_deal_was_created(judged: str, fit: str | None) -> None:
    settings = Salesforce(account_fields={"Fit__c": "fit"})
    known = Known(settings)
    account = {"Id": "001Dn00000AcMeX", "Name": "Acme", "Fit__c": "poor", "SystemModstamp": judged}
    known.learn("Account", [Row("Account.csv:2", account)])
    item = changes(raw("CREATE", fields={"AccountId": "001Dn00000AcMeX"}), "x", settings, known)
    assert deal([item], ACME).fact("account.fit") == fit


def test_a_call_and_a_contact_have_the_same_ids_as_in_an_export() -> None:
    fields = {
        "WhatId": ACME,
        "WhoId": "003Dn00000CfoAnIAJ",
        "IsClosed": True,
        "TaskSubtype": "Call",
        "CallType": "Inbound",
    }
    call = read(raw("CREATE", "00TDn00000CaLl1", fields=fields | {"CreatedDate": 1772442000000}, entityName="Task"))
    assert [(event.id, event.subject) for event in call.events] == [("00TDn00000CaLl1MAF", ACME)]


def test_an_owner_and_a_contact_whom_nobody_knows_are_refused() -> None:
    item = read(raw("UPDATE", fields={"OwnerId": "005Dn00000RePbb", "NextStep": "Call"}))
    assert item.refusal is not None
    assert (item.refusal.reason, len(item.events)) == ("unmapped", 1)
    fields = {"OpportunityId": ACME, "ContactId": "003Dn00000CfoAnIAJ", "Role": "Champion"}
    item = changes(
        raw("CREATE", "00KDn00000RoLe1", fields=fields, entityName="OpportunityContactRole"),
        "x",
        SETTINGS,
        Known(SETTINGS),
    )
    assert item.refusal is not None
    assert item.refusal.reason == "unmapped"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"null", "unreadable"),
        (b'{"payload": {"payload": {"payload": {}}}}', "unreadable"),
        (b'{"ChangeEventHeader": {}}', "unreadable"),
        (raw("UPDATE", commitTimestamp="soon"), "unreadable"),
        (raw("UPDATE", commitTimestamp=2**53), "unreadable"),
        (raw("UPDATE", recordIds="006"), "unreadable"),
        (raw("CREATE", commitTimestamp=0), "time"),
    ],
)
def test_what_is_no_change_event_is_refused(value: bytes, problem: str) -> None:
    item = read(value)
    assert item.events == ()
    assert item.refusal is not None
    assert item.refusal.reason == problem


@pytest.mark.parametrize("shape", sorted((GOLDEN / "change_events").glob("*.json")), ids=lambda path: path.stem)
def test_each_connectors_form_is_read(shape: Any) -> None:
    item = changes(shape.read_bytes(), shape.name, SETTINGS)
    told = [orjson.loads(event.model_dump_json(by_alias=True, exclude_unset=True)) for event in item.events]
    assert item.refusal is None
    assert told == [orjson.loads(line) for line in shape.with_suffix(".expected.jsonl").read_bytes().splitlines()]

"""Exports of Salesforce's tables become the past of its deals."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.sources import table
from streams.sources.item import Row
from streams.sources.salesforce import export
from streams.sources.salesforce.settings import Salesforce
from tests.streams.sources.salesforce.readings import ACME, BETA, GOLDEN, GONE, deal, deals, events_of, read, tables

REAL = Path(__file__).parents[5] / "shared" / "data" / "crm"
SETTINGS = {
    "data_loader": Salesforce(
        currency="EUR",
        fields={"Need__c": "need"},
        account_fields={"Fit__c": "fit"},
        values={"Need__c": {"Must have": "critical"}, "Fit__c": {"A": "good"}},
    ),
    "report": Salesforce(
        time_zone="America/New_York",
        currency="USD",
        owners={"Rita Example": "rita@us.example"},
        closed={"Signed": "won"},
    ),
    "workbench": Salesforce(owners={"005Dn00000RePaa": "rita@us.example"}),
}


@pytest.mark.parametrize("shape", SETTINGS)
def test_what_each_tool_exports_is_read_as_it_was(shape: str) -> None:
    items = list(export.read(tables(GOLDEN / shape), SETTINGS[shape]))
    told = [orjson.loads(raw) for raw in events_of(items)]
    told += [
        {"refused": str(item.refusal), "reason": item.refusal.reason, "place": item.place}
        for item in items
        if item.refusal
    ]
    expected = GOLDEN / shape / "expected.jsonl"
    assert told == [orjson.loads(line) for line in expected.read_bytes().splitlines()]


def row(number: int, **fields: Any) -> Row:
    return Row(f"table.csv:{number}", fields)


def opportunity(**fields: Any) -> Row:
    known = {"Id": ACME, "Name": "Acme", "StageName": "Proposal", "CreatedDate": "2026-03-02T08:00:00Z"}
    return row(2, **known | {"LastModifiedDate": "2026-03-16T10:00:00Z"} | fields)


def change(at: str, field: str, old: str, new: str, **fields: Any) -> Row:
    told = {"OpportunityId": ACME, "Field": field, "OldValue": old, "NewValue": new, "CreatedDate": at}
    return row(3, **{name: each for name, each in told.items() if each} | fields)


def state(at: str, stage: str, **fields: Any) -> Row:
    return row(4, OpportunityId=ACME, StageName=stage, CreatedDate=at, **fields)


def test_an_id_of_fifteen_characters_is_the_same_record() -> None:
    long = read(Salesforce(), Opportunity=[opportunity(Id=ACME)])
    assert events_of(read(Salesforce(), Opportunity=[opportunity(Id=ACME[:15])])) == events_of(long)


def test_a_damaged_id_is_refused_and_names_the_row() -> None:
    (item,) = read(Salesforce(), Opportunity=[opportunity(Id=ACME.lower())])
    assert (item.place, item.events) == ("table.csv:2", ())
    assert str(item.refusal) == f"Id: {ACME.lower()!r} is no id of Salesforce"


def test_todays_value_is_never_dated_back_where_a_history_shows_another() -> None:
    items = read(
        Salesforce(),
        Opportunity=[opportunity(CloseDate="2026-06-30", NextStep="Call")],
        OpportunityFieldHistory=[
            change("2026-03-09T10:00:00Z", "CloseDate", "2026-03-31", "2026-05-29"),
            change("2026-03-16T10:00:00Z", "CloseDate", "2026-05-29", "2026-06-30"),
        ],
    )
    told = deal(items, ACME)
    dates = [(change.at.day, change.value) for change in told.changes("close_date")]
    assert dates == [(2, "2026-03-31"), (9, "2026-05-29"), (16, "2026-06-30")]
    # of these no history tells when they came: at the latest when the row was touched last
    assert [change.at.day for change in told.changes("next_step")] == [16]
    assert [change.at.day for change in told.changes("stage")] == [16]


def test_a_later_export_tells_who_owns_the_deal_now_though_no_history_does() -> None:
    settings = Salesforce(owners={"005Dn00000RePaa": "rita@us.example", "005Dn00000RePbb": "sam@us.example"})
    for first, second in (("005Dn00000RePaa", "005Dn00000RePbb"), ("005Dn00000RePbb", "005Dn00000RePaa")):
        before = read(settings, Opportunity=[opportunity(OwnerId=first)])
        after = read(settings, Opportunity=[opportunity(OwnerId=second, LastModifiedDate="2026-03-20T10:00:00Z")])
        assert deal(before + after, ACME).owner == settings.owners[f"{second}IAF"]
        assert deal(after + before, ACME).owner == settings.owners[f"{second}IAF"]


def test_a_field_whose_history_is_kept_and_that_never_changed_was_so_from_the_beginning() -> None:
    other = change("2026-03-09T10:00:00Z", "NextStep", "Call", "Meet").fields | {"OpportunityId": BETA}
    items = read(Salesforce(), Opportunity=[opportunity(NextStep="Call")], OpportunityFieldHistory=[row(9, **other)])
    assert [change.at.day for change in deal(items, ACME).changes("next_step")] == [2]


def test_both_histories_together_tell_each_move_once_and_under_one_name() -> None:
    states = [
        state("2026-03-02T08:00:00Z", "Discovery", Id="008Dn0000000001"),
        state("2026-03-09T10:00:00Z", "Demo", Id="008Dn0000000002"),
        state("2026-03-09T10:00:00Z", "Proposal", Id="008Dn0000000003"),
    ]
    changes = [
        change("2026-03-09T10:00:00Z", "StageName", "Discovery", "Demo", Id="017Dn0000000001"),
        change("2026-03-09T10:00:00Z", "StageName", "Demo", "Proposal", Id="017Dn0000000002"),
    ]
    both = read(Salesforce(), Opportunity=[opportunity()], OpportunityHistory=states, OpportunityFieldHistory=changes)
    assert [change.value for change in deal(both, ACME).changes("stage")] == ["Discovery", "Proposal"]
    alone = read(Salesforce(), Opportunity=[opportunity()], OpportunityFieldHistory=changes)
    assert events_of(both) == events_of(alone)


def test_a_name_that_is_unknown_leaves_its_id_its_meaning() -> None:
    owners = Salesforce(owners={"005Dn00000RePaa": "rita@us.example", "005Dn00000RePbb": "sam@us.example"})
    pair = [
        change("2026-03-09T10:00:00Z", "Owner", "005Dn00000RePaa", "005Dn00000RePbb"),
        change("2026-03-09T10:00:00Z", "Owner", "Rita Example", "Sam Example"),
    ]
    items = read(owners, Opportunity=[opportunity(OwnerId="005Dn00000RePbb")], OpportunityFieldHistory=pair)
    assert [each.value for each in deal(items, ACME).changes("owner")] == ["rita@us.example", "sam@us.example"]
    assert not [item.refusal for item in items if item.refusal]


def test_what_was_cleared_is_empty_afterwards() -> None:
    changes = [change("2026-03-09T10:00:00Z", "NextStep", "Call", "")]
    items = read(Salesforce(), Opportunity=[opportunity()], OpportunityFieldHistory=changes)
    assert [each.value for each in deal(items, ACME).changes("next_step")] == ["Call", None]


def test_a_deleted_deal_is_lost_for_a_reason_that_says_so_and_raises_no_alert() -> None:
    items = list(export.read(tables(GOLDEN / "data_loader"), SETTINGS["data_loader"]))
    gone = deal(items, GONE)
    assert (gone.is_open, gone.fact("lost_reason")) == (False, "deleted in Salesforce")
    assert not [each for each in deals(items).findings() if each.deal_id == GONE and each.state in ("open", "pending")]


def test_a_deal_that_a_later_export_no_longer_calls_deleted_is_open_again() -> None:
    gone = read(Salesforce(), Opportunity=[opportunity(IsDeleted="true")])
    back = read(Salesforce(), Opportunity=[opportunity(IsDeleted="false", LastModifiedDate="2026-03-20T10:00:00Z")])
    again = deal(gone + back, ACME)
    assert (again.is_open, again.stage, again.fact("lost_reason")) == (True, "Proposal", None)


def test_an_owner_that_nobody_named_is_refused_and_nothing_else_is_lost() -> None:
    (item,) = read(Salesforce(), Opportunity=[opportunity(OwnerId="005Dn00000RePaa")])
    assert item.refusal is not None
    assert item.refusal.reason == "unmapped"
    assert deal([item], ACME).name == "Acme"
    assert deal([item], ACME).owner is None


def test_a_row_without_any_time_is_refused() -> None:
    (item,) = read(Salesforce(), Opportunity=[row(2, Id=ACME, Name="Acme", StageName="Demo")])
    assert item.refusal is not None
    assert "CreatedDate" in str(item.refusal)


def test_a_second_import_is_the_same_to_the_last_byte() -> None:
    first, second = (list(export.read(tables(GOLDEN / "data_loader"), SETTINGS["data_loader"])) for _ in range(2))
    assert events_of(first) == events_of(second)


def test_the_order_of_the_rows_does_not_matter() -> None:
    found = tables(GOLDEN / "data_loader")
    there = list(export.read(found, SETTINGS["data_loader"]))
    back = list(export.read({name: rows[::-1] for name, rows in found.items()}, SETTINGS["data_loader"]))
    assert set(events_of(there)) == set(events_of(back))


def test_several_exports_given_together_are_a_history_in_whatever_order() -> None:
    owners = Salesforce(owners={"005Dn00000RePaa": "rita@us.example", "005Dn00000RePbb": "sam@us.example"})
    weeks = [
        {"StageName": "Discovery", "CloseDate": "2026-03-31", "OwnerId": "005Dn00000RePaa"},
        {"StageName": "Demo", "CloseDate": "2026-03-31", "OwnerId": "005Dn00000RePaa"},
        {"StageName": "Demo", "CloseDate": "2026-05-29", "OwnerId": "005Dn00000RePbb"},
    ]
    rows = [opportunity(LastModifiedDate=f"2026-03-{9 + 7 * n:02d}T10:00:00Z", **week) for n, week in enumerate(weeks)]
    for given in (rows, rows[::-1], rows * 2):
        told = deal(read(owners, Opportunity=given), ACME)
        assert [(each.at.day, each.value) for each in told.changes("stage")] == [(9, "Discovery"), (16, "Demo")]
        assert [(each.at.day, each.value) for each in told.changes("close_date")] == [
            (9, "2026-03-31"),
            (23, "2026-05-29"),
        ]
        assert [(each.at.day, each.value) for each in told.changes("owner")] == [
            (2, "rita@us.example"),
            (23, "sam@us.example"),
        ]


def test_a_contact_role_can_bring_along_its_contact() -> None:
    role = {"Id": "00KDn00000RoLe1", "OpportunityId": ACME, "ContactId": "003Dn00000CfoAn", "Role": "Champion"}
    beside = {"Contact.Email": "anna@customer.example", "Contact.Name": "Anna Customer", "Contact.Title": "CFO"}
    whole = row(2, **role, **beside, CreatedDate="2026-03-02T08:00:00Z")
    (told,) = (orjson.loads(raw)["data"] for raw in events_of(read(Salesforce(), OpportunityContactRole=[whole])))
    assert told == {"email": "anna@customer.example", "name": "Anna Customer", "title": "CFO", "roles": ["champion"]}


def test_a_contact_that_is_unknown_is_refused_and_one_without_an_address_is_said_to_have_none() -> None:
    role = {"Id": "00KDn00000RoLe1", "OpportunityId": ACME, "ContactId": "003Dn00000CfoAn", "Role": "Champion"}
    dated = row(2, **role, CreatedDate="2026-03-02T08:00:00Z")
    (unknown,) = read(Salesforce(), OpportunityContactRole=[dated])
    assert unknown.refusal is not None
    assert unknown.refusal.reason == "unmapped"
    nobody = row(3, Id="003Dn00000CfoAn", LastName="Customer")
    (silent,) = read(Salesforce(), OpportunityContactRole=[dated], Contact=[nobody])
    assert (silent.events, silent.refusal) == ((), None)
    assert "without a mail address" in silent.why


def test_an_own_field_says_that_a_contact_left_and_not_since_it_was_first_known() -> None:
    role = {"Id": "00KDn00000RoLe1", "OpportunityId": ACME, "ContactId": "003Dn00000CfoAn"}
    contact = {"Id": "003Dn00000CfoAn", "Email": "anna@customer.example", "LastName": "Customer", "Gone__c": "true"}
    times = {"CreatedDate": "2026-03-02T08:00:00Z", "SystemModstamp": "2026-03-02T08:00:00Z"}
    changed = {"SystemModstamp": "2026-03-20T08:00:00Z"}
    items = read(
        Salesforce(contact_fields={"Gone__c": "left"}),
        OpportunityContactRole=[row(2, **role, **times)],
        Contact=[row(3, **contact, **changed)],
    )
    (left,) = deal(items, ACME).contact_changes["anna@customer.example"]["left"]
    assert (left.at, left.value) == (datetime(2026, 3, 20, 8, tzinfo=UTC), True)


def test_deals_that_were_imported_in_one_second_are_marked() -> None:
    imported = [
        opportunity(Id=f"006Dn00000Mass{letter}", LastModifiedDate="2026-03-02T08:00:00Z") for letter in "ABCDEFGHIJK"
    ]
    marked = [orjson.loads(raw) for raw in events_of(read(Salesforce(), Opportunity=imported))]
    assert len(marked) == 11
    assert all(event["bulk"] for event in marked)
    assert not any("bulk" in orjson.loads(raw) for raw in events_of(read(Salesforce(), Opportunity=imported[:9])))


def test_a_meeting_that_an_own_field_calls_a_no_show_was_not_held() -> None:
    meeting = {
        "Id": "00UDn00000MeEt1",
        "WhatId": ACME,
        "Subject": "Demo",
        "StartDateTime": "2026-03-11T09:00:00Z",
        "EndDateTime": "2026-03-11T10:00:00Z",
        "CreatedDate": "2026-03-04T13:05:00Z",
        "SystemModstamp": "2026-03-12T12:00:00Z",
        "Outcome__c": "Nobody came",
    }
    settings = Salesforce(meeting_status="Outcome__c", values={"Outcome__c": {"Nobody came": "no_show"}})
    statuses = [event.data.status for item in read(settings, Event=[row(2, **meeting)]) for event in item.events]  # type: ignore[union-attr]
    assert statuses == ["booked", "no_show"]


def test_what_is_on_no_deal_and_with_nobody_is_not_told() -> None:
    call = {"Id": "00TDn00000CaLl1", "TaskSubtype": "Call", "IsClosed": "true", "CreatedDate": "2026-03-04T13:00:00Z"}
    (item,) = read(Salesforce(), Task=[row(2, **call, WhoId="00QDn00000LeAd1")])
    assert (item.events, item.refusal) == ((), None)
    assert "on no opportunity" in item.why


def test_a_call_by_its_type_is_one_as_well_and_one_of_ours_among_us_is_none() -> None:
    call = {"Id": "00TDn00000CaLl1", "TaskSubtype": "Task", "Type": "Call", "Status": "Completed", "WhatId": ACME}
    logged = row(2, **call, CreatedDate="2026-03-04T13:00:00Z")
    (told,) = (orjson.loads(raw) for raw in events_of(read(Salesforce(), Task=[logged])))
    assert (told["type"], told["data"]["direction"]) == ("activity.call", "outbound")
    among_us = row(2, **logged.fields, CallType="Internal")
    assert not events_of(read(Salesforce(), Task=[among_us]))


def test_mails_are_told_only_where_they_are_asked_for() -> None:
    mail = row(
        2,
        Id="02sDn00000MaIl1",
        FromAddress="anna@customer.example",
        ToAddress="rita@us.example; sam@us.example",
        MessageDate="2026-03-04T13:00:00Z",
        MessageIdentifier="<a1@customer.example>",
        RelatedToId=ACME,
        Subject="Re: offer",
    )
    assert not events_of(read(Salesforce(), EmailMessage=[mail]))
    (raw,) = events_of(read(Salesforce(mails=True), EmailMessage=[mail]))
    told = orjson.loads(raw)
    assert (told["subject"], told["data"]["to"]) == (ACME, ["rita@us.example", "sam@us.example"])
    assert told["data"]["message_id"] == "<a1@customer.example>"


def test_a_report_is_read_by_the_words_above_its_columns() -> None:
    opportunities = {
        "Opportunity ID": ACME[:15],
        "Opportunity Name": "Acme",
        "Stage": "Proposal",
        "Close Date": "6/30/2026",
        "Opportunity Owner": "Rita Example",
        "Account ID": "001Dn00000AcMeX",
        "Account Name": "Acme Inc.",
        "Created Date": "3/2/2026",
        "Last Modified Date": "3/16/2026",
    }
    history = {
        "Opportunity ID": ACME[:15],
        "Field / Event": "Close Date",
        "Old Value": "5/29/2026",
        "New Value": "6/30/2026",
        "Edit Date": "3/12/2026, 9:30 AM",
    }
    assert (export.table_of(opportunities), export.table_of(history)) == ("Opportunity", "OpportunityFieldHistory")
    settings = Salesforce(owners={"Rita Example": "rita@us.example"})
    items = read(settings, Opportunity=[row(2, **opportunities)], OpportunityFieldHistory=[row(2, **history)])
    told = deal(items, ACME)
    assert [change.value for change in told.changes("close_date")] == ["2026-05-29", "2026-06-30"]
    assert (told.owner, told.fact("account.name"), told.stage) == ("rita@us.example", "Acme Inc.", "Proposal")


def test_a_row_can_bring_along_what_it_refers_to() -> None:
    beside = {"OwnerId": "005Dn00000RePaa", "Owner.Email": "rita@us.example", "AccountId": "001Dn00000AcMeX"}
    kind = {"RecordTypeId": "012Dn00000NewBz", "RecordType.Name": "New business"}
    account = {"Account.Name": "Acme", "Account.Website": "customer.example"}
    items = read(Salesforce(), Opportunity=[opportunity(**beside, **kind, **account)])
    told = deal(items, ACME)
    assert (told.owner, told.pipeline, told.fact("account.domains")) == (
        "rita@us.example",
        "New business",
        ["customer.example"],
    )
    assert deal(read(Salesforce(), Opportunity=[opportunity(**{"Owner.Email": "rita@us.example"})]), ACME).owner


@pytest.mark.parametrize(
    "columns",
    [
        ["Record ID", "Deal Name", "Deal Stage", "Close Date", "Amount"],
        ["id", "title", "stage_id", "pipeline_id", "add_time"],
        ["Deal - ID", "Deal - Title", "Deal - Stage"],
        ["id", "email", "name"],
        ["id", "subject", "status", "whoid"],
        ["Id", "Subject"],
    ],
)
def test_tables_of_others_are_not_claimed(columns: list[str]) -> None:
    assert export.table_of(columns) is None


def test_the_developer_orgs_deals_come_out_as_they_were() -> None:
    files = sorted(REAL.glob("salesforce-opportunity*.csv"))
    if not files:
        pytest.skip("the export of a developer org is not at hand (shared/data/crm)")
    found = {export.table_of(table.columns(path)): list(table.rows(path, pytest.fail)) for path in files}
    items = list(export.read({name: rows for name, rows in found.items() if name}, Salesforce()))
    assert not [item.refusal for item in items if item.refusal]
    replay = deals(items)
    lost = deal(items, "006bm00000LKJNTAA5")
    assert [(each.at, each.value) for each in lost.changes("stage")] == [
        (datetime(2026, 2, 23, 20, 55, tzinfo=UTC), "Closed Won"),
        (datetime(2026, 3, 7, 21, 0, tzinfo=UTC), "Closed Lost"),
    ]
    first = [orjson.loads(raw) for raw in events_of(items) if b"2026-02-23T20:55:00Z" in raw]
    assert len({event["subject"] for event in first}) == 31
    assert all(event["bulk"] for event in first)
    assert {each.detector for each in replay.findings() if each.state == "open"} >= {"close_date_overdue"}

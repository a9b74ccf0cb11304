"""What people export from HubSpot."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.deal import Deal
from detectors.core.rules import Rules
from streams.sources.hubspot import export
from streams.sources.hubspot.settings import HubSpot
from streams.sources.hubspot.webhook import pushed
from streams.sources.item import Item, Row
from tests.streams.sources.hubspot.account import GOLDEN, SETTINGS, dump, tables, told

CRM = Path(__file__).parents[5] / "shared" / "data" / "crm"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def read(tables: Mapping[str, list[Row]], settings: HubSpot = SETTINGS) -> list[Item]:
    return list(export.read(tables, settings))


def rows(*fields: dict[str, Any]) -> list[Row]:
    return [Row(f"[{number}]", each) for number, each in enumerate(fields)]


def deal_of(items: list[Item], id: str = "17") -> Deal:
    deal = Deal(id=id, rules=Rules.of({}))
    for item in items:
        for event in item.events:
            if event.subject == id:
                deal = deal.apply(event)
    return deal


@pytest.mark.parametrize("folder", sorted(GOLDEN.iterdir()), ids=lambda folder: folder.name)
def test_what_is_read_is_what_stands_beside_it(folder: Path) -> None:
    if folder.name == "pushes":
        items = list(pushed((folder / "pushes.json").read_bytes(), SETTINGS, "pushes.json"))
    else:
        items = read(tables(folder))
    expected = (folder / "expected.jsonl").read_bytes().splitlines()
    assert list(told(items)) == list(map(orjson.loads, expected))


@pytest.mark.parametrize("folder", sorted(GOLDEN.iterdir()), ids=lambda folder: folder.name)
def test_a_second_import_tells_the_same_events(folder: Path) -> None:
    if folder.name != "pushes":
        assert list(told(read(tables(folder)))) == list(told(read(tables(folder))))


# -- what is whose


@pytest.mark.parametrize(
    ("columns", "table"),
    [
        ("Record ID,Deal Name,Deal Stage,Close Date,Amount,Deal owner,Create Date", "deals"),
        ("Record ID,dealname,dealstage", "deals"),
        ("Record ID,First Name,Last Name,Email", "contacts"),
        ("Record ID,Company name,Company Domain Name", "companies"),
        ("Record ID,Activity date,Call direction,Call outcome", "calls"),
        ("Record ID,Meeting name,Meeting outcome,Meeting start time", "meetings"),
        ("Record ID,Property,Value,Change date,Source", "property history"),
        ("Object ID,Property name,Property value,Timestamp", "property history"),
        ("hs_object_id,property_name,value,timestamp,source_type", "property history"),
        ("Opportunity ID,Opportunity Name,Stage,Amount,Close Date", None),
        ("OpportunityId,Field,OldValue,NewValue,CreatedDate", None),
        ("Id,Name,StageName,Amount,CloseDate,OwnerId", None),
        ("Deal - ID,Deal - Title,Deal - Stage,Deal - Value", None),
        ("ID,Title,Stage,Email", None),
        ("deal,stage,value", None),
        ("", None),
    ],
)
def test_a_table_is_known_by_its_columns(columns: str, table: str | None) -> None:
    assert export.table_of(columns.split(",")) == table


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"results": [{"id": "1", "properties": {"dealname": "x"}}]}, "deals"),
        ([{"id": "1", "properties": {"createdate": None}, "propertiesWithHistory": {"dealstage": []}}], "deals"),
        ({"id": "1", "properties": {"email": "a@b.example"}}, "contacts"),
        ({"id": "1", "properties": {"domain": "b.example", "name": "B"}}, "companies"),
        ({"results": [{"id": "1", "properties": {"hs_note_body": "x"}}]}, "notes"),
        ({"results": [{"engagement": {"id": 1, "type": "NOTE"}}]}, "engagements"),
        ({"results": [{"id": "1", "email": "a@b.example", "firstName": "A", "lastName": "B"}]}, "owners"),
        ({"results": [{"id": "default", "label": "Sales", "stages": []}]}, "pipelines"),
        ({"data": [{"id": 1, "title": "x", "stage_id": 3}]}, None),
        ({"data": [{"id": 1, "name": "x", "email": "a@b.example"}]}, None),
        ({"records": [{"attributes": {"type": "Opportunity"}, "Id": "006"}]}, None),
        ([], None),
        (None, None),
        ("deals", None),
    ],
)
def test_a_dump_is_known_by_its_objects(content: object, kind: str | None) -> None:
    assert export.objects_of(content) == kind


# -- what a table of deals can say


def test_a_table_without_the_date_of_its_last_change_says_what_is_missing() -> None:
    (item,) = read({"deals": rows({"Record ID": "17", "Deal Name": "One", "Deal Stage": "Contract Sent"})})
    assert item.refusal is not None
    assert "Last Modified Date" in str(item.refusal)


def test_a_new_owner_is_told_by_the_next_export() -> None:
    row = {"Record ID": "17", "Deal Name": "One", "Create Date": "2026-03-02 10:00"}
    first = read({"deals": rows({**row, "Deal owner": "a@us.example", "Last Modified Date": "2026-03-03 10:00"})})
    second = read({"deals": rows({**row, "Deal owner": "b@us.example", "Last Modified Date": "2026-03-09 10:00"})})
    assert deal_of(first).owner == "a@us.example"
    assert deal_of([*first, *second]).owner == deal_of([*second, *first]).owner == "b@us.example"


def test_beside_a_history_a_table_of_deals_says_nothing_of_their_beginning() -> None:
    deals = rows(
        {
            "Record ID": "17",
            "Deal Name": "One",
            "Deal owner": "b@us.example",
            "Create Date": "2026-03-02 10:00",
            "Last Modified Date": "2026-03-09 10:00",
        }
    )
    change = {"Record ID": "17", "Property": "Deal owner", "Source": "CRM UI"}
    history = rows(
        {**change, "Value": "b@us.example", "Change date": "2026-03-09 10:00"},
        {**change, "Value": "a@us.example", "Change date": "2026-03-02 10:00"},
    )
    deal = deal_of(read({"deals": deals, "property history": history}))
    assert [change.value for change in deal.changes("owner")] == ["a@us.example", "b@us.example"]


@pytest.mark.parametrize("newest_first", [True, False])
def test_changes_within_one_minute_keep_their_order(newest_first: bool) -> None:
    change = {"Record ID": "17", "Property": "Deal Stage"}
    history = [
        {**change, "Value": "Appointment Scheduled", "Change date": "2026-03-02 10:00"},
        {**change, "Value": "Qualified To Buy", "Change date": "2026-03-02 10:00"},
        {**change, "Value": "Contract Sent", "Change date": "2026-03-03 10:00"},
        {**change, "Value": "Closed Won", "Change date": "2026-03-03 10:00"},
    ]
    told = read({"property history": rows(*(reversed(history) if newest_first else history))})
    assert [change.value for change in deal_of(told).changes("stage")] == [each["Value"] for each in history]


def test_the_order_of_day_and_month_is_a_setting() -> None:
    row = {"Record ID": "17", "Deal Name": "x", "Close Date": "3/4/2026", "Last Modified Date": "1/2/2026 3:30 PM"}
    american, european = (
        read({"deals": rows(row)}, HubSpot.model_validate({"date_order": order}))[0].events[-1]
        for order in ("mdy", "dmy")
    )
    assert (american.time.isoformat(), european.time.isoformat()) == (
        "2026-01-02T15:30:00+00:00",
        "2026-02-01T15:30:00+00:00",
    )
    assert isinstance(american, events.DealChanged)
    assert isinstance(european, events.DealChanged)
    assert (str(american.data.close_date), str(european.data.close_date)) == ("2026-03-04", "2026-04-03")


def test_one_value_that_cannot_be_read_takes_nothing_else_with_it() -> None:
    row = {"Record ID": "17", "Deal Name": "x", "Amount": "-5", "Close Date": "soon", "Create Date": "2026-03-02"}
    (item,) = read({"deals": rows({**row, "Deal Stage": "Contract Sent", "Last Modified Date": "2026-03-03"})})
    assert "amount" in str(item.refusal)
    assert "closedate" in str(item.refusal)
    deal = deal_of([item])
    assert (deal.name, deal.stage, deal.amount, deal.close_date) == ("x", "Contract Sent", None, None)


@pytest.mark.parametrize("created", ["soon", "1970-01-01 10:00"])
def test_a_beginning_that_cannot_be_read_takes_nothing_else_with_it(created: str) -> None:
    row = {"Record ID": "17", "Deal Name": "x", "Create Date": created, "Last Modified Date": "2026-03-03 10:00"}
    (item,) = read({"deals": rows({**row, "Deal Stage": "Contract Sent", "Is Deal Closed?": "false"})})
    assert item.refusal is not None
    assert item.refusal.reason == "time"
    assert deal_of([item]).stage == "Contract Sent"


def test_contacts_of_deals_that_are_in_no_table_are_told_too() -> None:
    contact = {"Record ID": "7", "Email": "cfo@customer.example", "First Name": "C", "Create Date": "2026-03-02"}
    items = read({"contacts": rows({**contact, "Associated Deal IDs": "17; 18"})})
    assert [event.subject for item in items for event in item.events] == ["17", "18"]


def test_a_contact_with_a_bad_address_is_refused_by_itself() -> None:
    contact = {"Record ID": "7", "Email": "cfo at customer", "First Name": "C", "Create Date": "2026-03-02"}
    (item,) = read({"contacts": rows(contact)})
    assert item.refusal is not None
    assert item.refusal.reason == "invalid"


# -- what a deal comes to


def test_the_deal_of_a_dump_has_its_whole_history() -> None:
    deal = deal_of(read(tables(GOLDEN / "dump-with-history")))
    assert deal.stage == "Security Review"
    assert [change.value for change in deal.changes("amount")] == [48000.0, 40000.0]
    assert [push.days for push in deal.pushes] == [61]
    assert deal.owner == "rep@us.example"
    assert deal.with_role("champion") == ["ops@customer.example"]
    assert [touch.answers is not None for touch in deal.touches if touch.kind == "mail"] == [False, True, True]
    assert [touch.opens for touch in deal.touches if touch.kind == "mail"] == [True, False, False]


def test_a_deal_that_is_closed_and_not_won_is_lost() -> None:
    assert deal_of(read(tables(GOLDEN / "dump-with-history")), "18").fact("status") == "lost"


@pytest.mark.parametrize("won_after", ["2026-03-02T10:00:00.100Z", "2026-03-02T10:00:01Z"])
def test_a_deal_that_is_won_was_never_lost(won_after: str) -> None:
    record = {
        "id": "17",
        "properties": {"dealname": "x"},
        "propertiesWithHistory": {
            "hs_is_closed": [{"value": "true", "timestamp": "2026-03-02T10:00:00.200Z"}],
            "hs_is_closed_won": [
                {"value": "true", "timestamp": won_after},
                {"value": "false", "timestamp": "2026-03-01T10:00:00Z"},
            ],
        },
    }
    deal = deal_of(read({"deals": rows(record)}))
    assert [change.value for change in deal.changes("status")] == ["won"]


def test_an_archived_deal_is_lost() -> None:
    record = {
        "id": "17",
        "properties": {"dealname": "x"},
        "archived": True,
        "archivedAt": "2026-03-03T10:00:00Z",
        "updatedAt": "2026-03-03T10:00:00Z",
    }
    deal = deal_of(read({"deals": rows(record)}))
    assert (deal.fact("status"), deal.fact("lost_reason")) == ("lost", "deleted in HubSpot")


@pytest.mark.parametrize(
    ("told", "connected"),
    [
        ({"hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7"}, True),
        ({"hs_call_disposition": "a4c4c377-d246-4b32-a13b-75a56a4cd0ff"}, True),
        ({"hs_call_disposition": "9d9162e7-6cf3-4944-bf63-4dff82258764"}, False),
        ({"hs_call_disposition": "73a0d17f-1163-4015-bdd5-ec830791da20"}, False),
        ({"hs_call_disposition": "b2cf5968-551e-4856-9783-52b3da59a7d0"}, False),
        ({"hs_call_disposition": "17b47fee-58de-441e-a44c-c6300d46f273"}, False),
        ({"hs_call_disposition": "Left voicemail"}, False),
        ({"hs_call_disposition": "our-own"}, True),
        ({"hs_call_disposition": "nobody-knows"}, None),
        ({"hs_call_status": "NO_ANSWER"}, False),
        ({"hs_call_status": "COMPLETED"}, None),
        ({}, None),
    ],
)
def test_what_shows_whether_a_call_was_answered(told: dict[str, str], connected: bool | None) -> None:
    settings = HubSpot.model_validate({"values": {"hs_call_disposition": {"our-own": "Connected"}}})
    call = {"id": "1", "properties": {"hs_call_title": "x", "hs_timestamp": "2026-03-02T10:00:00Z", **told}}
    ((event,),) = (item.events for item in read({"calls": rows(call)}, settings))
    assert isinstance(event, events.Call)
    assert event.data.connected is connected


@pytest.mark.parametrize(
    ("outcome", "made", "told"),
    [
        ("SCHEDULED", "2026-03-02", ["booked", "held"]),
        ("", "2026-03-02", ["booked", "held"]),
        ("RESCHEDULED", "2026-03-02", ["booked", "held"]),
        ("COMPLETED", "2026-03-02", ["booked", "held"]),
        ("NO_SHOW", "2026-03-02", ["booked", "no_show"]),
        ("CANCELED", "2026-03-02", ["booked", "cancelled"]),
        ("COMPLETED", "2026-03-05", ["held"]),
        ("", "2026-03-05", ["held"]),
        ("Ours", "2026-03-02", ["booked", "held"]),
    ],
)
def test_what_became_of_a_meeting(outcome: str, made: str, told: list[str]) -> None:
    settings = HubSpot.model_validate({"values": {"hs_meeting_outcome": {"Ours": "held"}}})
    meeting = {
        "id": "1",
        "properties": {
            "hs_meeting_outcome": outcome,
            "hs_meeting_start_time": "2026-03-04T10:00:00Z",
            "hs_createdate": f"{made}T10:00:00Z",
            "hs_lastmodifieddate": "2026-03-06T10:00:00Z",
        },
    }
    (item,) = read({"meetings": rows(meeting)}, settings)
    assert [event.data.status for event in item.events if isinstance(event, events.Meeting)] == told


@pytest.mark.parametrize(
    ("as_of", "settings", "told"),
    [
        ("2026-03-05T09:59:59Z", {}, ["booked"]),
        ("2026-03-05T10:00:00Z", {}, ["booked", "held"]),
        ("2026-03-05T10:00:00Z", {"meetings_are_held": False}, ["booked"]),
    ],
)
def test_a_meeting_whose_outcome_nobody_set_was_held_a_day_after_it_began(
    as_of: str, settings: dict[str, Any], told: list[str]
) -> None:
    meeting = {
        "hs_meeting_outcome": "SCHEDULED",
        "hs_meeting_start_time": "2026-03-04T10:00:00Z",
        "hs_createdate": "2026-03-02T10:00:00Z",
        "hs_lastmodifieddate": "2026-03-02T10:00:00Z",
    }
    deal = {"id": "17", "properties": {"dealname": "x", "hs_lastmodifieddate": as_of}}
    items = read({"meetings": rows({"id": "1", "properties": meeting}), "deals": rows(deal)}, HubSpot(**settings))
    meetings = [event for item in items for event in item.events if isinstance(event, events.Meeting)]
    assert [event.data.status for event in meetings] == told
    assert all(event.time <= datetime.fromisoformat("2026-03-04T10:00:00Z") for event in meetings)


def test_an_outcome_that_nobody_knows_is_refused_with_what_to_do() -> None:
    meeting = {"id": "1", "properties": {"hs_meeting_outcome": "Ours", "hs_timestamp": "2026-03-04T10:00:00Z"}}
    (item,) = read({"meetings": rows(meeting)})
    assert item.refusal is not None
    assert item.refusal.reason == "unmapped"
    assert "hubspot.values" in str(item.refusal)


def test_of_what_people_wrote_only_a_snippet_is_kept() -> None:
    secret, quoted = "a secret between the two", "what was said before"
    text = f"We need legal to look at it.\n\n{'x' * 600}\n{secret}\n\nOn Monday Rita wrote:\n> {quoted}"
    mail = {"hs_email_direction": "EMAIL", "hs_email_from_email": "a@b.example", "hs_timestamp": "2026-03-02T10:00:00Z"}
    dumped = [
        {"id": "1", "properties": {**mail, "hs_email_text": text, "hs_email_html": f"<p>{text}</p>"}},
        {"id": "2", "properties": {"hs_note_body": secret, "hs_body_preview": secret}},
        {"engagement": {"id": 3, "type": "EMAIL"}, "metadata": {"text": text, "html": text}},
        {"engagement": {"id": 4, "type": "PIGEON"}, "metadata": {"body": secret}},
    ]
    items = read({"emails": rows(dumped[0]), "notes": rows(dumped[1]), "engagements": rows(*dumped[2:])})
    assert len(items) == 4
    assert secret not in repr(items)
    assert quoted not in repr(items)
    (event,) = (event for item in items for event in item.events)
    assert isinstance(event, events.Email)
    assert (event.data.snippet or "").startswith("We need legal to look at it.")


def test_a_mail_that_two_of_us_logged_does_not_answer_itself() -> None:
    mail = {"hs_email_direction": "EMAIL", "hs_email_thread_id": "t", "hs_timestamp": "2026-03-02T10:00:00Z"}
    first = {**mail, "hs_email_from_email": "rep@us.example", "hs_email_message_id": "<one@us.example>"}
    reply = {
        **mail,
        "hs_email_from_email": "cfo@customer.example",
        "hs_email_message_id": "<two@customer.example>",
        "hs_timestamp": "2026-03-03T10:00:00Z",
    }
    mails = [{"id": str(number), "properties": each} for number, each in enumerate((first, first, reply, reply), 1)]
    told = [event for item in read({"emails": rows(*mails)}) for event in item.events]
    answered = [event.data.in_reply_to for event in told if isinstance(event, events.Email)]
    assert answered == [None, None, "<one@us.example>", "<one@us.example>"]


@given(st.text(), st.text(), st.text(), st.sampled_from(["hs_email_text", "hs_email_html"]))
def test_whatever_stands_in_a_mail_it_is_told(subject: str, words: str, name: str, part: str) -> None:
    mail = {
        "hs_email_direction": "EMAIL",
        "hs_email_from_email": "rep@us.example",
        "hs_email_subject": subject,
        "hs_timestamp": "2026-03-02T10:00:00Z",
        part: words,
        "hs_email_headers": name,
    }
    (item,) = read({"emails": rows({"id": "1", "properties": mail})})
    assert item.refusal is None
    assert [event.id for event in item.events] == ["email-1"]


def test_an_absence_that_is_logged_as_a_mail_says_until_when() -> None:
    mail = {
        "hs_email_direction": "INCOMING_EMAIL",
        "hs_email_from_email": "cfo@customer.example",
        "hs_email_subject": "Automatic reply: Your offer",
        "hs_email_text": "I am out of the office until 16 March 2026.",
        "hs_timestamp": "2026-03-02T10:00:00Z",
    }
    ((event,),) = (item.events for item in read({"emails": rows({"id": "1", "properties": mail})}))
    assert isinstance(event, events.Email)
    assert (event.data.automatic, str(event.data.returns_on)) == (True, "2026-03-17")


# -- what nobody wrote for us


@pytest.mark.skipif(not CRM.is_dir(), reason="HubSpot's own objects are not at ../shared/data/crm")
@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("deal_search_item.activepieces.json", "deals", ["18011922225"] * 4),
        ("engagement.activepieces.json", "engagements", []),
    ],
)
def test_what_hubspot_itself_gave_is_read(name: str, kind: str, told: list[str]) -> None:
    content = orjson.loads((CRM / name).read_bytes())
    assert export.objects_of(content) == kind
    (item,) = read({kind: dump(content, name)}, HubSpot())
    assert item.refusal is None
    assert [event.subject for event in item.events] == told


@given(JSON)
def test_any_json_is_somebodys_or_nobodys(content: Any) -> None:
    export.objects_of(content)


KINDS = [*export.ACTIVITIES, "deals", "contacts", "companies", "owners", "pipelines", "engagements", "property history"]
NAMES = st.sampled_from(
    "id properties propertiesWithHistory associations archived archivedAt updatedAt createdAt engagement metadata "
    "dealstage dealname amount closedate hubspot_owner_id hs_is_closed createdate hs_lastmodifieddate email firstname "
    "hs_timestamp hs_meeting_start_time hs_meeting_outcome hs_email_headers hs_email_direction hs_email_from_email "
    "hs_call_direction contacts deals companies results label stages type timestamp value from to".split()
)
VALUES = st.sampled_from(["17", "2026-03-02T10:00:00Z", "1772442000000", "a@b.example", "true", "CALL", "EMAIL"])
OBJECTS = st.recursive(
    JSON | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)


@given(st.sampled_from(KINDS), st.lists(st.dictionaries(NAMES, OBJECTS, max_size=6), max_size=3))
def test_any_object_is_read_or_refused(kind: str, each: list[dict[str, Any]]) -> None:
    assert all(isinstance(item, Item) for item in read({kind: rows(*each)}))


COLUMNS = st.sampled_from(
    "Record ID,Deal Name,Deal Stage,Pipeline,Close Date,Amount,Deal owner,Create Date,Last Modified Date,Email,"
    "First Name,Property,Value,Change date,Source,Associated Contact IDs,Associated Deal IDs,Activity date,"
    "Call outcome,Meeting outcome,Meeting start time,Email from address".split(",")
)
CELLS = (
    st.text(max_size=20) | VALUES | st.sampled_from(["2026-03-02 10:00", "3/4/2026", "Deal Stage", "99/99/9999 1:00"])
)


@given(st.sampled_from(KINDS), st.lists(st.dictionaries(COLUMNS, CELLS, max_size=8), max_size=4))
def test_any_row_is_read_or_refused(kind: str, each: list[dict[str, str]]) -> None:
    assert all(isinstance(item, Item) for item in read({kind: rows(*each)}))


def test_an_object_that_is_nested_ever_deeper_is_refused_not_followed() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    items = read({kind: rows({"id": "1", "properties": {"dealname": deep, "hs_timestamp": deep}}) for kind in KINDS})
    assert all(isinstance(item, Item) for item in items)

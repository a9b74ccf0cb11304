"""Pipedrive's exports and saved answers of its API, read as events."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sources import table
from streams.sources.item import Item, Row
from streams.sources.pipedrive.export import objects_of, read, table_of
from streams.sources.pipedrive.settings import Pipedrive

from .company import FIELDS, PIPELINES, STAGES, USERS, a_quarter
from .reading import GOLDEN, OURS, SEGMENT, expected, told
from .test_webhook import JSON, THINGS, VALUES, WORDS

REAL = Path(__file__).parents[5] / "shared" / "data" / "crm"


def csv_items(folder: Path, settings: Pipedrive = OURS) -> list[Item]:
    """What the CSV files of a folder tell together."""
    refused: list[Item] = []
    tables = {}
    for file in sorted(folder.glob("*.csv")):
        name = table_of(table.columns(file))
        assert name == file.stem
        tables[name] = table.rows(file, refused.append)
    found = list(read(tables, settings))
    assert refused == []
    return found


def json_items(folder: Path, settings: Pipedrive = OURS) -> list[Item]:
    """What the saved answers in a folder tell together."""
    tables = {}
    for file in sorted(folder.glob("*.json")):
        content = orjson.loads(file.read_bytes())
        name = objects_of(content)
        assert name == file.stem
        tables[name] = [Row(f"{file.name}[{number}]", each) for number, each in enumerate(content["data"])]
    return list(read(tables, settings))


def deal(**fields: Any) -> list[dict[str, Any]]:
    """What a saved deal tells."""
    times = {"add_time": "2026-03-02 09:00:00", "update_time": "2026-03-05 09:00:00"}
    return told(read({"deals": [Row("deals.json[0]", {"id": 8, **times, **fields})]}, OURS))


def activity(settings: Pipedrive = OURS, **fields: Any) -> list[dict[str, Any]]:
    """What a saved activity tells."""
    times = {"add_time": "2026-03-02 09:00:00", "update_time": "2026-03-02 09:00:00"}
    people = [{"id": 31, "name": "Bo Boss", "first_name": "Bo", "emails": [{"value": "boss@customer.example"}]}]
    tables = {"activities": [{"id": 1, "deal_id": 8, "user_id": 7, **times, **fields}], "persons": people}
    return told(read({name: [Row(name, each) for each in things] for name, things in tables.items()}, settings))


def test_exported_lists_are_told_as_expected() -> None:
    assert told(csv_items(GOLDEN / "exported")) == expected("exported")


def test_saved_answers_are_told_as_expected() -> None:
    assert told(json_items(GOLDEN / "saved-v1")) == expected("saved-v1")


def test_the_places_are_those_of_the_rows() -> None:
    places = [Path(item.place).name for item in csv_items(GOLDEN / "exported")]
    assert places[:3] == ["deals.csv:2", "deals.csv:3", "deals.csv:4"]
    assert "activities.csv:2" in places


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ("Deal - ID,Deal - Title,Person - Name,Person - Email - Work,Organization - Name", "deals"),
        ("Deal - Title,Deal - Value", "deals"),
        ("Activity - Subject,Activity - Done,Deal - ID,Deal - Title,Person - Name", "activities"),
        ("Person - Name,Person - ID,Organization - Name,Organization - ID", "persons"),
        ("Organization - Name,Organization - Pipedrive System ID", "organizations"),
        ("Deal - Name,Deal - Amount", None),
        ("Deal Name,Deal Stage,Amount,Close Date,Deal owner", None),
        ("Id,StageName,Amount,CloseDate", None),
        ("Deal - Title", None),
        ("", None),
    ],
)
def test_only_what_is_pipedrive_s_is_claimed(columns: str, name: str | None) -> None:
    assert table_of(columns.split(",")) == name


def test_every_kind_of_answer_is_known_by_its_objects() -> None:
    us = a_quarter()
    for name, things in {
        "deals": us.deals.values(),
        "flow": us.flow(8),
        "activities": us.activities.values(),
        "persons": us.persons.values(),
        "organizations": [{"id": 5, "name": "Customer", "address": None, "owner_id": 7}],
        "users": USERS,
        "stages": STAGES,
        "pipelines": PIPELINES,
        "deal_fields": FIELDS,
    }.items():
        for content in ({"success": True, "data": list(things)}, list(things), next(iter(things))):
            assert objects_of(content) == name


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        "deals",
        {"data": None},
        {"results": [{"id": "1", "properties": {"dealname": "x"}}]},
        {"specversion": "1.0", "id": "1", "source": "x", "type": "crm.deal.changed", "data": {"title": "x"}},
        [{"objectId": 1, "subscriptionType": "deal.propertyChange"}],
    ],
)
def test_what_others_gave_is_not_claimed(content: object) -> None:
    assert objects_of(content) is None


def test_a_list_without_ids_or_times_says_which_columns_it_needs() -> None:
    rows = [
        {"Deal - Title": "x", "Deal - Value": "1"},
        {"Deal - ID": "1", "Deal - Deal created": "2026-03-02 09:00:00"},
    ]
    found = told(read({"deals": [Row(f"deals.csv:{n}", row) for n, row in enumerate(rows, 2)]}, OURS))
    assert found == [
        {"refused": "no_deal", "because": "a deal without an id: give the export the column 'ID'"},
        {"refused": "unreadable", "because": "as of when is this? Give the export 'Deal created' and 'Update time'"},
    ]


def test_an_owner_that_nobody_knows_is_said_and_the_rest_is_told() -> None:
    *events, refusal = deal(title="Shelves", owner_id=99, status="open")
    assert refusal == {"refused": "unmapped", "because": "owner_id: nobody said whose address the owner 99 has"}
    assert events[-1]["data"] == {"name": "Shelves", "status": "open"}


def test_an_owner_in_the_settings_counts_more_than_what_pipedrive_has() -> None:
    told_of = deal(user_id={"id": 7, "email": "rae.private@mail.example", "value": 7})
    assert told_of[-1]["data"]["owner"] == "rep@us.example"


SETS = Pipedrive(fields={SEGMENT: "segment", "b" * 40: "account.domains", "c" * 40: "deadline", "d" * 40: "amount"})


@pytest.mark.parametrize(
    ("fields", "told_of_it"),
    [
        ({SEGMENT: None}, {"segment": None}),
        ({SEGMENT: 41}, {"segment": "Enterprise"}),
        ({SEGMENT: "41"}, {"segment": "Enterprise"}),
        ({SEGMENT: [41, 42]}, {"segment": "Enterprise, Public"}),
        ({SEGMENT: {"type": "enum", "id": 41}}, {"segment": "Enterprise"}),
        ({SEGMENT: {"id": 41, "label": "Enterprise"}}, {"segment": "Enterprise"}),
        ({SEGMENT: {"type": "set", "values": [{"id": 41}, {"id": 42}]}}, {"segment": "Enterprise, Public"}),
        ({SEGMENT: {"type": "varchar", "value": "Large"}}, {"segment": "Large"}),
        ({"b" * 40: "https://www.a.example/x, b.example"}, {"account": {"domains": ["a.example", "b.example"]}}),
        ({"c" * 40: {"type": "date", "value": "2026-06-27"}}, {"deadline": "2026-06-27"}),
        ({"d" * 40: {"type": "monetary", "value": 200, "currency": "EUR"}}, {"amount": 200}),
    ],
)  # fmt: skip
def test_a_company_s_own_fields_are_read_in_every_shape(fields: dict[str, Any], told_of_it: dict[str, Any]) -> None:
    options = [{"id": 41, "label": "Enterprise"}, {"id": 42, "label": "Public"}]
    names = [Row("fields", {"field_code": SEGMENT, "options": options})]
    for shape in (fields, {"custom_fields": fields}):
        times = {"add_time": "2026-03-02 09:00:00", "update_time": "2026-03-05 09:00:00"}
        rows = {"deals": [Row("deals", {"id": 8, **times, **shape})], "deal_fields": names}
        assert told(read(rows, SETS))[-1]["data"] == told_of_it


def test_an_option_that_nobody_named_is_said() -> None:
    *_, refusal = deal(custom_fields={SEGMENT: {"type": "enum", "id": 77}})
    assert refusal == {"refused": "unmapped", "because": f"{SEGMENT}: nobody named the option 77"}


def test_a_deal_of_many_stages_names_a_stage_that_was_done_away_with() -> None:
    first = next(each for each in expected("saved-v1") if each.get("id") == "deal-8-add_time-20260302T090000Z")
    assert first["data"]["stage"] == "Qualified"  # type: ignore[index]


def test_a_meeting_of_ours_that_is_deleted_is_cancelled() -> None:
    times = {"due_date": "2026-03-09", "due_time": "10:00", "update_time": "2026-03-04 08:00:00"}
    (event,) = activity(type="meeting", done=False, active_flag=False, person_id=31, **times)
    assert (event["time"], event["data"]["status"]) == ("2026-03-04T08:00:00Z", "cancelled")


def test_a_done_mail_counts_only_where_no_mailbox_is_read() -> None:
    done = {
        "type": "email",
        "done": True,
        "marked_as_done_time": "2026-03-04 08:00:00",
        "person_id": 31,
        "subject": "Hi",
    }
    assert activity(**done) == []
    (event,) = activity(OURS.model_copy(update={"mails": True}), **done)
    assert event["type"] == "activity.email"
    assert event["data"] == {
        "message_id": "<pipedrive-activity-1>",
        "from": "rep@us.example",
        "to": ["boss@customer.example"],
        "subject": "Hi",
    }


def test_a_call_that_was_put_off_took_place_when_it_was_called_done() -> None:
    due = {"type": "call", "due_date": "2026-03-09", "due_time": "10:00", "done": 1, "person_id": 31}
    early, *_ = activity(**due, marked_as_done_time="2026-03-04 08:00:00")
    late, *_ = activity(**due, marked_as_done_time="2026-03-09 11:00:00")
    assert early["type"] == late["type"] == "activity.call"
    assert (early["time"], late["time"]) == ("2026-03-04T08:00:00Z", "2026-03-09T10:00:00Z")


def test_a_deadline_was_planned_before_it_was_kept() -> None:
    kept = {"done": True, "marked_as_done_time": "2026-03-08 10:00:00", "update_time": "2026-03-08 10:00:00"}
    found = activity(type="deadline", subject="Papers", due_date="2026-03-09", **kept)
    assert [(each["time"], each["data"]["due"], each["data"]["done"]) for each in found] == [
        ("2026-03-02T09:00:00Z", "2026-03-09", False),
        ("2026-03-08T10:00:00Z", "2026-03-09", True),
    ]


def test_a_deadline_that_was_taken_off_is_neither_open_nor_done() -> None:
    *_, last = activity(type="deadline", due_date="2026-03-09", is_deleted=True, update_time="2026-03-08 10:00:00")
    assert (last["time"], last["data"]["due"], last["data"]["done"]) == ("2026-03-08T10:00:00Z", None, False)


def test_the_next_step_is_whichever_open_activity_is_due_first() -> None:
    plans = [
        {"id": 1, "subject": "later", "due_date": "2026-03-20", "add_time": "2026-03-02 09:00:00"},
        {"id": 2, "subject": "sooner", "due_date": "2026-03-10", "add_time": "2026-03-03 09:00:00", "done": True,
         "marked_as_done_time": "2026-03-05 09:00:00"},
        {"id": 3, "subject": "no date", "add_time": "2026-03-04 09:00:00"},
    ]  # fmt: skip
    rows = [Row(f"a[{n}]", {"type": "task", "deal_id": 8, "done": False, **plan}) for n, plan in enumerate(plans)]
    found = told(read({"activities": rows}, OURS))
    assert [(each["time"], each["data"]["next_step"], each["data"]["next_step_date"]) for each in found] == [
        ("2026-03-02T09:00:00Z", "later", "2026-03-20"),
        ("2026-03-03T09:00:00Z", "sooner", "2026-03-10"),
        ("2026-03-05T09:00:00Z", "later", "2026-03-20"),
    ]


@pytest.mark.skipif(not REAL.exists(), reason="no real shapes of CRMs beside this checkout (../shared/data/crm)")
@pytest.mark.parametrize("name", ["new-deal", "updated-deal", "new-activity"])
def test_real_objects_are_told(name: str) -> None:
    content = orjson.loads((REAL / f"pipedrive_v1_{name}.activepieces.json").read_bytes())
    kind = objects_of(content)
    assert kind == ("activities" if "activity" in name else "deals")
    (item,) = read({kind: [Row(name, content)]}, Pipedrive(stages={"2": "Demo"}))
    assert item.refusal is None
    assert item.events


TABLES = "users stages pipelines deal_fields organizations persons flow deals activities".split()
COLUMNS = st.sampled_from(
    [f"Deal - {name}" for name in "ID,Title,Value,Stage,Status,Owner,Deal created,Update time,Segment".split(",")]
    + [f"Activity - {name}" for name in "ID,Type,Due date,Due time,Done,Add time,Deal".split(",")]
    + ["Deal - Contact person", "Person - Email - Work", "Person - Name"]
)
CHANGES = st.fixed_dictionaries(
    {"item_id": VALUES, "field_key": WORDS, "log_time": VALUES},
    optional={"old_value": VALUES, "new_value": VALUES, "additional_data": JSON, "object": JSON, "data": THINGS},
)
NAMES = st.dictionaries(
    st.sampled_from("id name email emails website key field_code options data label".split()), VALUES, max_size=6
)
ROWS = THINGS | CHANGES | NAMES | st.dictionaries(COLUMNS, st.text(max_size=12) | VALUES, max_size=10)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(TABLES), st.lists(ROWS, max_size=4), max_size=5))
def test_whatever_tables_hold_there_are_only_items(tables: dict[str, list[dict[str, Any]]]) -> None:
    rows = {name: [Row(f"{name}:{n}", each) for n, each in enumerate(things)] for name, things in tables.items()}
    for item in read(rows, OURS):
        assert isinstance(item.raw, bytes)
        list(item.told())


@settings(deadline=None)
@given(JSON | ROWS | st.lists(ROWS))
def test_whatever_json_is_given_it_is_claimed_or_not(content: object) -> None:
    assert objects_of(content) in (*TABLES, None)

"""What Pipedrive pushes, read as events; and that only Pipedrive can push."""

from base64 import b64encode
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.sources.pipedrive.settings import Pipedrive
from streams.sources.pipedrive.webhook import Unverified, pushed, verify

from .reading import GOLDEN, OURS, expected, told


def push(content: Any, settings: Pipedrive = OURS) -> list[dict[str, Any]]:
    """What is told of one push."""
    return told(pushed(orjson.dumps(content), settings, "push"))


def change(before: dict[str, Any], after: dict[str, Any], **meta: Any) -> dict[str, Any]:
    """A push that says that deal 8 was changed."""
    at = {"action": "change", "entity": "deal", "entity_id": "8", "timestamp": "2026-03-04T10:30:00.100Z"}
    return {"meta": at | meta, "data": {"id": 8, "update_time": "2026-03-04T10:30:00Z"} | after, "previous": before}


@pytest.mark.parametrize("name", ["pushed-v1", "pushed-v2"])
def test_pushes_are_told_as_expected(name: str) -> None:
    lines = (GOLDEN / f"{name}.jsonl").read_bytes().splitlines()
    assert told(item for line in lines for item in pushed(line, OURS, "push")) == expected(name)


def test_the_same_change_pushed_in_either_version_is_the_same_event() -> None:
    one, two = ({str(each.get("id")): each for each in expected(f"pushed-v{version}")} for version in (1, 2))
    both = one.keys() & two.keys()
    assert len(both) == 3
    assert all(one[id] == two[id] for id in both)


def test_a_push_that_comes_again_is_the_same_event() -> None:
    first = push(change({"stage_id": 1}, {"stage_id": 2, "stage_change_time": "2026-03-04T10:30:00Z"}, attempt=1))
    again = push(change({"stage_id": 1}, {"stage_id": 2, "stage_change_time": "2026-03-04T10:30:00Z"}, attempt=4))
    assert first == again != []


def test_what_did_not_change_is_not_told() -> None:
    assert push(change({"title": "Shelves", "probability": 10}, {"title": "Shelves", "probability": 20})) == []


def test_a_deal_that_is_opened_again_is_open_from_then_on() -> None:
    (event,) = push(change({"status": "won"}, {"status": "open", "won_time": "2026-03-01T08:00:00Z"}))
    assert (event["time"], event["data"]) == ("2026-03-04T10:30:00Z", {"status": "open"})


def test_a_value_that_cannot_be_told_takes_nothing_else_with_it() -> None:
    event, refusal = push(change({"value": 1, "title": "a"}, {"value": -5, "title": "b"}))
    assert event["data"] == {"name": "b"}
    assert refusal == {"refused": "invalid", "because": "amount: Input should be greater than or equal to 0"}


def test_a_stage_that_nobody_named_is_said() -> None:
    (refusal,) = push(change({"stage_id": 1}, {"stage_id": 77}))
    assert refusal == {"refused": "unmapped", "because": "stage_id: nobody named the stage 77"}


def test_a_meeting_that_was_taken_off_is_cancelled_and_one_that_was_held_is_not() -> None:
    meeting = {"id": 2, "type": "meeting", "add_time": "2026-03-02T09:00:00Z", "due_date": "2026-03-09", "deal_id": 8}
    meta = {"action": "delete", "entity": "activity", "entity_id": "2", "timestamp": "2026-03-04T10:30:00Z"}
    (cancelled,) = push({"meta": meta, "data": None, "previous": {**meeting, "done": False}})
    assert (cancelled["time"], cancelled["data"]["status"]) == ("2026-03-04T10:30:00Z", "cancelled")
    done = {"done": True, "marked_as_done_time": "2026-03-03T10:00:00Z"}
    assert [each["data"]["status"] for each in push({"meta": meta, "data": None, "previous": {**meeting, **done}})] == [
        "booked",
        "held",
    ]


def test_a_deadline_is_a_step_of_the_close_plan() -> None:
    meta = {"action": "create", "entity": "activity", "entity_id": "4", "timestamp": "2026-03-02T09:00:00Z"}
    deadline = {"id": 4, "type": "deadline", "add_time": "2026-03-02 09:00:00", "due_date": "2026-03-09", "deal_id": 8}
    (event,) = push({"meta": meta, "data": {**deadline, "subject": "Papers signed", "done": 0}, "previous": None})
    assert (event["type"], event["data"]) == (
        "crm.milestone.changed",
        {
            "milestone_id": "pipedrive-activity-4",
            "title": "Papers signed",
            "side": "seller",
            "due": "2026-03-09",
            "done": False,
        },
    )


@pytest.mark.parametrize(
    ("body", "told_of_it"),
    [
        (b"", ("not_json", "Input is a zero-length, empty document")),
        (b"[]", ("unreadable", "is no object")),
        (b"{}", ("unreadable", "meta: missing, so that this is no push of Pipedrive's")),
        (b'{"meta":{"entity":"deal","action":"change"}}', ("unreadable", "meta.timestamp: missing")),
        (b'{"meta":{"timestamp":"soon"}}', ("unreadable", "'soon' is no moment")),
        (b'{"meta":{"timestamp":1,"entity":"deal","action":"eat"}}', ("unreadable", "meta.action: 'eat' is unknown")),
        (b'{"meta":{"timestamp":1},"data":[1]}', ("unreadable", "data: is no object")),
        (
            b'{"meta":{"timestamp":1,"entity":"deal","action":"change"},"data":{"title":"x"}}',
            ("no_deal", "meta.entity_id: a deal without an id"),
        ),
    ],
)
def test_what_is_no_push_is_refused_and_kept(body: bytes, told_of_it: tuple[str, str]) -> None:
    (item,) = pushed(body, OURS, "push")
    assert item.refusal is not None
    assert (item.refusal.reason, str(item.refusal).partition(": line")[0]) == told_of_it
    assert item.raw == body


def authorization(text: str, scheme: str = "Basic") -> str:
    return f"{scheme} {b64encode(text.encode()).decode()}"


def test_a_push_with_the_password_is_accepted() -> None:
    verify("pipedrive", "sésame:open", authorization("pipedrive:sésame:open"))
    verify("pipedrive", "secret", authorization("pipedrive:secret", "basic"))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic *",
        "Basic sécret",
        authorization("pipedrive:Secret"),
        authorization("pipedrive:secret "),
        authorization("other:secret"),
        authorization("pipedrive"),
        authorization("pipedrive:secret", "Bearer"),
        authorization("pipedrive:secret") + " x",
    ],
)
def test_a_push_without_it_is_not_and_the_secret_is_not_said(header: str | None) -> None:
    with pytest.raises(Unverified) as said:
        verify("pipedrive", "secret", header)
    assert "secret" not in str(said.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    "id title value currency status stage_id pipeline_id owner_id user_id org_id add_time update_time deleted done "
    "type due_date due_time attendees participants person_id deal_id custom_fields marked_as_done_time "
    "stage_change_time next_activity_date lost_reason subject".split()
)
VALUES = JSON | st.sampled_from(
    [
        8,
        "8",
        "open",
        "won",
        "meeting",
        "call",
        "deadline",
        "2026-03-02",
        "2026-03-02 09:00:00",
        "9999-12-31T23:59:59-14:00",
        {"value": 5},
    ]
)
THINGS = st.dictionaries(WORDS, VALUES, max_size=14)
PUSHES = st.fixed_dictionaries(
    {
        "meta": st.fixed_dictionaries(
            {
                "action": st.sampled_from(["create", "change", "delete", "added", "updated", "deleted", "merged"])
                | JSON,
                "entity": st.sampled_from(["deal", "activity", "person"]) | JSON,
                "timestamp": st.sampled_from(["2026-03-02T09:00:00.1Z", 1772442000]) | JSON,
            },
            optional={"entity_id": VALUES, "id": VALUES, "merged_to_id": VALUES, "is_bulk_edit": JSON},
        ),
    },
    optional={"data": THINGS | JSON, "current": THINGS, "previous": THINGS | JSON},
)


@settings(deadline=None)
@given(PUSHES | JSON)
def test_whatever_is_pushed_is_one_item(content: Any) -> None:
    body = orjson.dumps(content)
    (item,) = pushed(body, OURS, "push")
    assert item.raw == body


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_whatever_bytes_are_pushed_they_are_one_item(body: bytes) -> None:
    (item,) = pushed(body, OURS, "push")
    assert item.refusal is not None or item.kind

"""What is taken as an event, and what is refused with which reason."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.events import MAX_BYTES, Refused, clamp, parse, people_on, to_json
from detectors.core.log import MailEntry, entry_of
from tests.detectors.builders import BUYER, REP, at, call, created, deal, document, held, inbound, milestone, person


def raw(told: object = None, /, without: str = "", **envelope: object) -> bytes:
    """A deal event as bytes; `told` is its data."""
    whole: dict[str, object] = {
        "specversion": "1.0",
        "id": "1",
        "source": "crm",
        "type": "crm.deal.changed",
        "subject": "D-1",
        "time": "2026-03-02T09:00:00+01:00",
        "data": told if told is not None else {},
    } | envelope
    whole.pop(without, None)
    return json.dumps(whole).encode()


def refusal(value: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        parse(value)
    return refused.value.reason, str(refused.value)


# -- what is no event at all

POISON = {
    "empty": (b"", "not_json"),
    "white space": (b" \n", "not_json"),
    "no JSON": (b"hello", "not_json"),
    "truncated": (raw()[:-9], "not_json"),
    "two events in one": (raw() + raw(), "not_json"),
    "binary": (bytes(range(256)), "not_json"),
    "not UTF-8": (raw().replace(b'"crm"', b'"\xff\xfe"'), "not_json"),
    "half a surrogate": (raw({"name": "x"}).replace(b'"x"', b'"\\ud800"'), "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + raw(), "not_json"),
    "depth of 100,000": (b"[" * 100_000, "not_json"),
    "depth of 100,000 inside": (raw()[:-3] + b'{"x":' * 100_000, "not_json"),
    "null": (b"null", "invalid"),
    "a list": (b"[]", "invalid"),
    "a text": (b'"event"', "invalid"),
    "a number": (b"17", "invalid"),
    "an empty object": (b"{}", "invalid"),
    "no type": (raw(without="type"), "invalid"),
    "an unknown type": (raw(type="crm.deal.exploded"), "unknown_type"),
    "a type that is a number": (raw(type=1), "unknown_type"),
    "another version of CloudEvents": (raw(specversion="2.0"), "invalid"),
    "no id": (raw(without="id"), "invalid"),
    "an empty id": (raw(id=""), "invalid"),
    "an id that is a number": (raw(id=1), "invalid"),
    "an id of 1,025 characters": (raw(id="x" * 1025), "invalid"),
    "a line break in the id": (raw(id="1\n"), "invalid"),
    "NUL in the deal id": (raw(subject="D\x00"), "invalid"),
    "no source": (raw(without="source"), "invalid"),
    "no deal": (raw(without="subject"), "no_deal"),
    "no data": (raw(without="data"), "invalid"),
    "data that is a list": (raw([1]), "invalid"),
}


@pytest.mark.parametrize(("value", "reason"), POISON.values(), ids=POISON)
def test_poison_is_refused_with_a_reason_and_never_crashes(value, reason):
    told, message = refusal(value)
    assert told == reason
    assert message


def test_a_mebibyte_is_taken_and_one_byte_more_is_not():
    padding = MAX_BYTES - len(raw({"next_step": ""}))
    assert parse(raw({"next_step": "x" * padding}))
    assert refusal(raw({"next_step": "x" * (padding + 1)})) == (
        "too_large",
        "1,048,577 bytes, at most 1,048,576 are taken",
    )


def test_size_is_looked_at_before_anything_else():
    assert refusal(b"[" * (MAX_BYTES + 1))[0] == "too_large"


def test_a_refusal_says_where_and_how_much_more_is_wrong():
    _, message = refusal(raw({"status": "great", "amount": -1, "close_date": "soon"}))
    assert message == "data.status: Input should be 'open', 'won' or 'lost' (and 2 more)"


def test_what_is_missing_and_how_a_date_is_written_is_said_in_plain_words():
    assert refusal(raw(without="type")) == ("invalid", "type: is missing")
    assert refusal(raw({"close_date": "1 Jan 2026"})) == ("invalid", "data.close_date: write it like 2026-01-01")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused(value):
    assert outcome(value) in {None, *get_args(events.Reason)}


def outcome(value: bytes) -> str | None:
    try:
        parse(value)
    except Refused as refused:
        return refused.reason
    return None


# -- numbers and names


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "-1", "-0.01", "1.1e15", '"5"', "true"]
)
def test_amounts_are_finite_numbers_that_are_not_negative(amount):
    reason, message = refusal(raw({"amount": 0}).replace(b'"amount": 0', f'"amount": {amount}'.encode()))
    assert (reason, message.partition(":")[0]) == ("invalid", "data.amount")


@pytest.mark.parametrize("amount", [0, 0.01, 48_000, 1e15])
def test_amounts_of_this_world_are_taken(amount):
    assert parse(raw({"amount": amount})).data.amount == amount


@pytest.mark.parametrize("currency", ["eur", "EURO", "€", "", "E1R", "EUR "])
def test_a_currency_is_three_capital_letters(currency):
    assert refusal(raw({"currency": currency}))[0] == "invalid"


def test_a_currency_that_nobody_knows_is_taken_for_it_is_only_a_label():
    assert parse(raw({"currency": "XYZ"})).data.currency == "XYZ"


def test_of_duplicate_keys_the_last_one_counts():
    twice = raw({"amount": 1}).replace(b'"amount": 1', b'"amount": 1, "amount": 2')
    assert parse(twice).data.amount == 2


@pytest.mark.parametrize(
    "owner", ["", "rep", "a@us.example, b@us.example", "Rep <rep@us.example>", "rep@us.example\r\nBcc: x@y.example"]
)
def test_an_owner_is_exactly_one_address(owner):
    reason, message = refusal(raw({"owner": owner}))
    assert (reason, message.partition(":")[0]) == ("invalid", "data.owner")


# -- times


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-02T09:00:00",
        "2026-03-02",
        "",
        "yesterday",
        "2026-02-30T09:00:00Z",
        "1767344400",
        "1767344400.5",
        "-1",
        "２０２６",
        1767344400,
        20000000001,
        1767344400.5,
        None,
        True,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1989-12-31T23:59:59Z",
        "1990-01-01T00:00:00+14:00",
        "2500-01-01T00:00:00Z",
    ],
)
def test_times_that_are_naive_numeric_or_out_of_range_are_refused_as_times(time):
    reason, message = refusal(raw(time=time))
    assert (reason, message.partition(":")[0]) == ("time", "time")


def test_an_event_without_a_time_is_refused():
    assert refusal(raw(without="time"))[0] == "time"


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T09:00:00+14:00", datetime(2026, 3, 1, 19, tzinfo=UTC)),
        ("2026-03-02T09:00:00-14:00", datetime(2026, 3, 2, 23, tzinfo=UTC)),
        ("2026-03-02T09:00:00.123456+05:45", datetime(2026, 3, 2, 3, 15, 0, 123456, tzinfo=UTC)),
        ("1990-01-01T00:00:00Z", datetime(1990, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_with_an_offset_are_taken_in_utc(time, utc):
    event = parse(raw(time=time))
    assert event.time == utc
    assert event.time.tzinfo is UTC


@pytest.mark.parametrize(
    "day",
    ["2024-02-30", "", "31.12.2026", "2026-3-2", "20260302", "1767344400", 1767344400, "0001-01-01", "9999-12-31"],
)
def test_a_date_is_a_day_that_exists(day):
    reason, message = refusal(raw({"close_date": day}))
    assert (reason, message.partition(":")[0]) == ("invalid", "data.close_date")


def test_a_date_in_the_past_is_a_date():
    assert parse(raw({"close_date": "2020-02-29"})).data.close_date == date(2020, 2, 29)


def test_times_inside_the_data_follow_the_same_rules():
    meeting = {"meeting_id": "m", "status": "booked", "starts_at": "2026-03-09T09:00:00"}
    assert refusal(raw(meeting, type="activity.meeting"))[0] == "invalid"


NOW = at(10)


def test_a_clock_that_is_ahead_is_set_back_and_counted():
    event = created(0)
    assert clamp(event, NOW) == (event, False)
    assert clamp(event, event.time) == (event, False)
    early = event.time - timedelta(seconds=2)
    clamped, was = clamp(event, early)
    assert (clamped.time, was) == (early + timedelta(milliseconds=2), True)
    assert clamped.data == event.data
    early = event.time - timedelta(days=1)
    assert clamp(event, early)[0].time == early + timedelta(seconds=86.4)


HOUR = 3600 * 10**6


@given(st.integers(-HOUR, 23 * HOUR), st.integers(1, HOUR), st.integers(0, 99 * HOUR))
def test_what_a_clock_tells_in_order_stays_in_order_however_far_ahead_it_is(ahead, later_by, wait):
    first = created(0)
    second = first.model_copy(update={"time": first.time + timedelta(microseconds=later_by)})
    receipt = first.time - timedelta(microseconds=ahead)
    one, _ = clamp(first, receipt)
    other, _ = clamp(second, receipt + timedelta(microseconds=wait))
    assert one.time < other.time or (later_by < 1000 and one.time == other.time)
    assert one.time <= first.time


def test_more_than_a_day_ahead_is_refused():
    event = created(0)
    with pytest.raises(Refused, match="more than a day ahead") as refused:
        clamp(event, event.time - timedelta(days=1, microseconds=1))
    assert refused.value.reason == "time"


# -- what is kept


def test_fields_that_are_absent_stay_absent_null_stays_null_and_unknown_ones_are_kept():
    whole = {"close_date": None, "amount": 5, "invented": {"by": ["a", "vendor"]}}
    event = parse(raw(whole, traceparent="00-abc"))
    again = json.loads(to_json(event))
    assert again["data"] == whole
    assert again["traceparent"] == "00-abc"
    assert parse(to_json(event)) == event


def test_null_clears_and_absence_does_not():
    told = created(0, close_date="2026-03-31", amount=5)
    cleared = parse(raw({"close_date": None}, id="2", time=at(1).isoformat()))
    other = parse(raw({"stage": "Demo"}, id="3", time=at(2).isoformat()))
    found = deal(told, cleared, other)
    assert (found.close_date, found.amount, found.stage) == (None, 5, "Demo")


def test_a_nested_account_merges_field_by_field_and_null_clears_it_whole():
    first = created(0, account={"id": "A-1", "name": "Them", "domains": ["them.example"]})
    second = parse(raw({"account": {"fit": "poor", "name": None}}, id="2", time=at(1).isoformat()))
    merged = deal(first, second)
    assert merged.fact("account.id") == "A-1"
    assert merged.fact("account.name") is None
    assert merged.fact("account.fit") == "poor"
    assert merged.fact("account.domains") == ["them.example"]
    gone = deal(first, second, parse(raw({"account": None}, id="3", time=at(2).isoformat())))
    assert [gone.fact(f"account.{name}") for name in ("id", "name", "domains", "fit")] == [None] * 4


def test_an_event_is_identified_by_its_source_and_id():
    assert parse(raw(id="sf-0061-17", source="salesforce")).ref == "salesforce/sf-0061-17"


def test_a_mail_needs_no_deal_and_other_activities_neither():
    assert inbound(1, deal_id=None).subject is None
    for kind, fields in (
        ("activity.meeting", {"meeting_id": "m", "status": "held"}),
        ("activity.call", {"call_id": "c", "direction": "inbound"}),
        ("activity.document", {"document_id": "d", "kind": "quote", "status": "sent"}),
        ("source.heartbeat", {"covers": ["activity.email"], "through": "2026-03-02T09:00:00Z"}),
    ):
        assert parse(raw(fields, without="subject", type=kind)).subject is None


@pytest.mark.parametrize("kind", ["crm.contact.changed", "crm.milestone.changed", "finding.feedback"])
def test_what_says_nothing_without_a_deal_must_name_it(kind):
    fields = {"email": BUYER, "milestone_id": "m", "detector": "ghosted", "verdict": "noise"}
    assert refusal(raw(fields, without="subject", type=kind))[0] == "no_deal"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("crm.contact.changed", {}),
        ("crm.contact.changed", {"email": BUYER, "roles": ["king"]}),
        ("crm.milestone.changed", {"milestone_id": ""}),
        ("activity.email", {"message_id": "<1>"}),
        ("activity.email", {"message_id": "<1>", "from": "two@a.example two@b.example"}),
        ("activity.email", {"message_id": "<1>", "from": BUYER, "snippet": "x" * 501}),
        ("activity.email", {"message_id": "<1>", "from": BUYER, "automatic": "no"}),
        ("activity.meeting", {"meeting_id": "m", "status": "maybe"}),
        ("activity.call", {"call_id": "c"}),
        ("activity.document", {"document_id": "d", "kind": "poem", "status": "sent"}),
        ("source.heartbeat", {"covers": ["activity.email"]}),
        ("finding.feedback", {"detector": "ghosted", "verdict": "bad"}),
    ],
)
def test_what_the_contract_asks_of_each_type_is_asked(kind, fields):
    assert refusal(raw(fields, type=kind))[0] == "invalid"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("crm.deal.changed", {}),
        ("crm.contact.changed", {"email": BUYER}),
        ("crm.milestone.changed", {"milestone_id": "m"}),
        ("activity.email", {"message_id": "<1>", "from": BUYER}),
        ("activity.meeting", {"meeting_id": "m", "status": "held"}),
        ("activity.call", {"call_id": "c", "direction": "inbound"}),
        ("activity.document", {"document_id": "d", "kind": "quote", "status": "sent"}),
        ("source.heartbeat", {"covers": [], "through": "2026-03-02T09:00:00Z"}),
        ("finding.feedback", {"detector": "ghosted", "verdict": "noise"}),
        ("privacy.contact.forgotten", {"address": "0" * 32, "pseudonym": "forgotten-1f@them.example"}),
    ],
)
def test_an_event_of_each_type_needs_no_more_than_the_contract_asks(kind, fields):
    event = parse(raw(fields, type=kind))
    assert json.loads(to_json(event))["data"] == fields | {
        name: "2026-03-02T09:00:00Z" for name in fields if name == "through"
    }
    assert deal(event).id == "D-1"


def test_everybody_on_an_activity_is_told():
    copied = inbound(1, cc=["boss@them.example"])
    assert set(people_on(copied)) == {BUYER, REP, "boss@them.example"}
    assert set(people_on(held(1))) == {BUYER, REP}
    assert set(people_on(call(1))) == set(people_on(document(1))) == {BUYER}
    assert set(people_on(created(0))) == set(people_on(milestone(1))) == set(people_on(person(BUYER))) == set()


def test_the_contract_of_types_is_complete():
    assert set(events.TYPES) == {
        "crm.deal.changed",
        "crm.contact.changed",
        "crm.milestone.changed",
        "activity.email",
        "activity.meeting",
        "activity.call",
        "activity.document",
        "source.heartbeat",
        "finding.feedback",
        "privacy.contact.forgotten",
    }


# -- what a deal keeps of it


def test_a_deal_keeps_short_texts_and_few_people():
    crowd = [f"p{number}@them.example" for number in range(1000)]
    kept = entry_of(inbound(1, to=crowd, subject="x" * 1000))  # type: ignore[arg-type]
    assert isinstance(kept, MailEntry)
    assert kept.subject == "x" * 120
    assert 100 < len(kept.to) < 200


def test_a_hundred_people_are_kept_in_their_order():
    crowd = [f"person.number.{number}@them.example" for number in range(80)]
    kept = entry_of(inbound(1, to=crowd))  # type: ignore[arg-type]
    assert isinstance(kept, MailEntry)
    assert list(kept.to) == crowd


def test_a_crowd_of_ours_does_not_hide_theirs():
    ours, boss = [f"p{number}@us.example" for number in range(500)], "ceo@them.example"
    kept = entry_of(inbound(1, to=[*ours, boss]))  # type: ignore[arg-type]
    assert isinstance(kept, MailEntry)
    assert boss in kept.to
    assert len(kept.to) > 100


def test_two_events_are_told_apart_wherever_a_slash_is():
    one, other = parse(raw(id="b/c", source="a")), parse(raw(id="c", source="a/b"))
    assert (one.ref, other.ref) == ("a/b%2Fc", "a/b/c")
    assert parse(raw(id="b%2Fc", source="a")).ref == "a/b%252Fc"


def test_a_heartbeat_says_nothing_of_a_deal():
    beat = parse(raw({"covers": ["activity.email"], "through": "2026-03-02T09:00:00Z"}, type="source.heartbeat"))
    assert entry_of(beat) is None
    assert deal(created(0), beat) == deal(created(0))


def test_null_where_a_list_is_expected_is_nobody():
    mail = {
        "message_id": "<a>",
        "from": "b@them.example",
        "to": None,
        "cc": None,
        "references": None,
        "automatic": None,
    }
    envelope = {"specversion": "1.0", "id": "1", "source": "gmail", "time": "2026-03-02T09:15:00Z"}
    event = parse(json.dumps({**envelope, "type": "activity.email", "data": mail}).encode())
    assert list(people_on(event)) == ["b@them.example"]

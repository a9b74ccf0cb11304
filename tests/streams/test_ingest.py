"""The inbox: accepted, refused with a reason, or a mark."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.deal import Deal
from detectors.core.rules import Rules
from streams.dead_letters import refusal_of
from streams.ingest import Ingested, ingest
from streams.join.companies import MOST_COMPANIES
from streams.join.deal_words import DealWord
from streams.monitor.coverage import Key, Report
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import (
    COMPANIES,
    DEAL_HEADERS,
    FIRST_HEADERS,
    FURTHER_HEADERS,
    HEARTBEAT_HEADERS,
    SHARED_HEADERS,
    Clock,
    Record,
    Send,
    partition_of,
)
from tests.streams.sample_deals import RULES, crm, day, event, inbound, meeting, outbound

PARTITIONS = 8
NOW = day(30)
DOCUMENT = event("activity.document", day(0), document_id="P", status="sent")
DOCUMENT["data"]["kind"] = "quote"


def record(told: dict[str, Any] | bytes | None, offset: int = 0, partition: int = 3) -> Record:
    value = orjson.dumps(told) if isinstance(told, dict) else told
    return Record(partition, b"any", value, offset=offset)


def clock(at: datetime, partition: int) -> Record:
    return Record(partition, None, Clock(at, 0, 1).to_json(), Clock.HEADERS)


def taken(*told: dict[str, Any] | bytes | None, rules: Rules = RULES) -> Ingested:
    return ingest([record(each, offset) for offset, each in enumerate(told)], rules, PARTITIONS, NOW)


def ways(out: Ingested) -> list[tuple[str, bytes | None]]:
    """Where the events went: topic and key."""
    return [(send.topic, send.key) for send in out.sends]


def reports(out: Ingested) -> list[Report]:
    return [Report.of(mark.value or b"") for mark in out.marks if mark.headers == HEARTBEAT_HEADERS]


def contact(email: str, subject: str = "D-1") -> dict[str, Any]:
    return event("crm.contact.changed", day(0), email=email) | {"subject": subject}


def heartbeat(through: datetime, at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    return event("source.heartbeat", at, covers=["activity.email"], through=through.isoformat(), **fields)


# -- what is refused

GOOD = crm(stage="Demo") | {"subject": "D-1"}


def with_more(fields: bytes) -> bytes:
    return orjson.dumps(GOOD).replace(b'"Demo"', b'"Demo",' + fields)


REFUSALS: dict[str, tuple[bytes | None, str]] = {
    "nothing": (b"", "not_json"),
    "a tombstone": (None, "not_json"),
    "binary": (b"\x00\xff\xfe", "not_json"),
    "cut off": (orjson.dumps(GOOD)[:-9], "not_json"),
    "a number": (b"17", "invalid"),
    "a list": (b"[1]", "invalid"),
    "null": (b"null", "invalid"),
    "depth": (b"[" * 100_000, "not_json"),
    "too large": (b'{"x":"' + b"x" * events.MAX_BYTES + b'"}', "too_large"),
    "large once it is written out": (
        with_more(b'"x":[' + b",".join([b"1e9"] * 200_000) + b"]"),
        "too_large",
    ),
    "another type": (orjson.dumps(GOOD | {"type": "crm.deal.dreamt"}), "unknown_type"),
    "another version": (orjson.dumps(GOOD | {"specversion": "2.0"}), "invalid"),
    "no deal": (orjson.dumps(crm(stage="Demo")), "no_deal"),
    "a naive time": (orjson.dumps(GOOD | {"time": "2026-03-02T09:00:00"}), "time"),
    "a number for a time": (orjson.dumps(GOOD | {"time": 1772442000}), "time"),
    "the year 1": (orjson.dumps(GOOD | {"time": "0001-01-01T00:00:00+14:00"}), "time"),
    "the year 9999": (orjson.dumps(GOOD | {"time": "9999-12-31T23:59:59-14:00"}), "time"),
    "far ahead": (orjson.dumps(GOOD | {"time": (NOW + timedelta(days=1, seconds=1)).isoformat()}), "time"),
    "not a number": (with_more(b'"amount":NaN'), "invalid"),
    "infinite": (with_more(b'"amount":1e400'), "invalid"),
    "negative": (orjson.dumps(crm(amount=-1) | {"subject": "D-1"}), "invalid"),
    "two recipients in one": (orjson.dumps(crm(owner="a@us.example, b@us.example") | {"subject": "D-1"}), "invalid"),
    "no such day": (orjson.dumps(crm(close_date="2026-02-30") | {"subject": "D-1"}), "invalid"),
}


@pytest.mark.parametrize(("value", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_is_one_dead_letter_with_its_bytes_and_the_next_event_is_taken(
    value: bytes | None, reason: str
) -> None:
    out = ingest([record(value, 17), record(GOOD, 18)], RULES, PARTITIONS, NOW)
    letter, good = out.sends
    assert (letter.topic, letter.partition, letter.key) == ("dead_letters", 3, b"any")
    assert letter.value == (value or b"")[: 256 * 1024]
    offset, told, message = refusal_of(letter.headers)
    assert (offset, told, bool(message)) == (17, reason, True)
    assert (good.topic, good.key) == ("deal_events", b"D-1")
    assert sum(out.refused.values()) == sum(out.accepted.values()) == 1
    assert {why for _, why in out.refused} == {reason}


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("gmail", "gmail"),
        ("", "unknown"),
        (17, "unknown"),
        (None, "unknown"),
        (["a"], "unknown"),
        ({"a": "b"}, "unknown"),
        ('x"} 1\nup 0', 'x"} 1\nup 0'),
    ],
)
def test_a_dead_letter_is_counted_for_the_source_that_it_claims(source: Any, counted: str) -> None:
    assert taken({"source": source}).refused == Counter({(counted, "invalid"): 1})


@given(st.lists(st.binary(max_size=60) | st.just(orjson.dumps(GOOD)), max_size=8))
def test_each_record_is_accepted_or_one_dead_letter_whatever_its_bytes(values: list[bytes]) -> None:
    out = taken(*values)
    letters = [send for send in out.sends if send.topic == "dead_letters"]
    assert len(letters) == sum(out.refused.values())
    assert len(values) == len(letters) + sum(out.accepted.values())
    assert bool(out.marks) == bool(out.accepted)


def test_whatever_is_accepted_can_be_written_and_is_read_as_it_was() -> None:
    for told in (GOOD, inbound(1, "m-1"), crm(amount=1e15, name="\u2028ü" * 400) | {"subject": "D-1"}):
        for send in taken(told).sends:
            assert len(send.value or b"") < MAX_MESSAGE_BYTES
            assert events.parse(send.value or b"") == events.parse(orjson.dumps(told))


def test_numbers_that_are_none_in_fields_that_nobody_knows_are_written_as_json() -> None:
    (send,) = taken(with_more(b'"x":[NaN,Infinity,1e400]')).sends
    assert orjson.loads(send.value or b"")["data"] == {"stage": "Demo", "x": [None, None, None]}


# -- times ahead


def test_an_event_a_little_ahead_is_set_back_and_counted_and_its_source_has_come_no_further_than_now() -> None:
    ahead = GOOD | {"time": (NOW + timedelta(hours=2)).isoformat()}
    out = taken(GOOD, ahead)
    assert [events.parse(send.value or b"").time for send in out.sends] == [day(0), NOW + timedelta(seconds=7.2)]
    assert out.clamped["test"] == 1
    assert out.watermarks == {"test": NOW}
    assert out.newest == day(0)


def test_of_a_crm_whose_clock_is_ahead_the_later_change_counts_whatever_the_ids() -> None:
    def stage(event_id: str, seconds: int, name: str) -> dict[str, Any]:
        told = event("crm.deal.changed", NOW + timedelta(minutes=2, seconds=seconds), id=event_id, stage=name)
        return told | {"subject": "D-1"}

    # as texts "9" stands behind "10"
    told = [record(stage("9", 0, "Demo")), record(stage("10", 30, "Proposal"))]
    at_once = ingest(told, RULES, PARTITIONS, NOW)
    one_by_one = [ingest([each], RULES, PARTITIONS, NOW + timedelta(seconds=n)) for n, each in enumerate(told)]
    for sends in (at_once.sends, joined(part.sends for part in one_by_one)):
        deal = Deal("D-1", RULES)
        for send in sends:
            deal = deal.apply(events.parse(send.value or b""))
        assert deal.stage == "Proposal"


def test_a_source_is_as_far_as_its_newest_event_or_what_its_heartbeat_says() -> None:
    out = taken(GOOD, inbound(9, "m-1") | {"source": "gmail"}, inbound(4, "m-2") | {"source": "gmail"})
    assert out.watermarks == {"test": day(0), "gmail": day(9)}
    assert out.newest == day(9)
    stuck = taken(heartbeat(through=day(2)))
    assert stuck.watermarks == {"test": day(2)}


def test_no_heartbeat_reports_what_has_not_happened_yet() -> None:
    out = taken(heartbeat(through=NOW + timedelta(days=900)))
    assert out.watermarks == {"test": NOW}
    assert [report.through for report in reports(out)] == [NOW]


# -- marks


def test_a_heartbeat_goes_on_within_its_partition_as_a_report() -> None:
    out = taken(heartbeat(through=day(2), mailbox="ann@us.example"))
    assert out.sends == []
    assert [(mark.topic, mark.partition, mark.key, mark.headers) for mark in out.marks] == [
        ("mail", 3, None, HEARTBEAT_HEADERS)
    ]
    assert reports(out) == [
        Report("test", "ann@us.example", False, ("activity.email",), day(2), "test/heartbeat-0401T0900")
    ]
    assert out.accepted == Counter({("test", "source.heartbeat"): 1})


def test_of_many_events_of_a_source_one_report_goes_on() -> None:
    mails = [inbound(at, f"m-{at}") for at in (1, 5, 3)]
    assert reports(taken(*mails, GOOD, meeting(2) | {"source": "calendar"}, b"")) == [
        Report("test", None, True, ("activity.email", "crm.deal.changed"), day(5), "test/m-5"),
        Report("calendar", None, True, ("activity.meeting",), day(2), "calendar/meeting-0304T0900"),
    ]


def test_of_the_clocks_of_a_batch_each_partitions_newest_goes_on_under_its_number() -> None:
    records = [clock(day(at), partition) for at, partition in ((1, 3), (5, 3), (2, 3), (4, 6))]
    out = ingest(records, RULES, PARTITIONS, NOW)
    assert out.sends == []
    told = [(mark.partition, Clock.of(mark.value or b"")) for mark in out.marks]
    expected = [Clock(day(5), 3, PARTITIONS), Clock(day(4), 6, PARTITIONS)]
    assert told == [(number, each) for each in expected for number in range(PARTITIONS)]
    assert all(mark.topic == "mail" and mark.headers == Clock.HEADERS for mark in out.marks)


def test_a_report_stands_before_the_clock_behind_it_and_after_the_one_before_it() -> None:
    before, after = (record(heartbeat(day(at), id=f"beat-{at}")) for at in (1, 2))
    out = ingest([clock(day(1), 3), before, record(b""), clock(day(2), 3), after], RULES, PARTITIONS, NOW)
    assert ways(out) == [("dead_letters", b"any")]
    first, *clocks, second = out.marks
    assert [mark.headers for mark in clocks] == [Clock.HEADERS] * PARTITIONS
    assert [Report.of(mark.value or b"").through for mark in (first, second)] == [day(1), day(2)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not_json"),
        (b"", "not_json"),
        (b"{}", "not_json"),
        (orjson.dumps(GOOD), "not_json"),
        (Clock(NOW + timedelta(days=1, seconds=1), 0, 1).to_json(), "time"),
    ],
)
def test_a_clock_that_is_none_or_far_ahead_moves_nothing(value: bytes | None, reason: str) -> None:
    hostile = Record(3, None, value, Clock.HEADERS, offset=5)
    out = ingest([hostile, clock(day(1), 3)], RULES, PARTITIONS, NOW)
    assert refusal_of(out.sends[0].headers)[:2] == (5, reason)
    assert out.refused == Counter({("unknown", reason): 1})
    assert {Clock.of(mark.value or b"").at for mark in out.marks} == {day(1)}


def test_a_mark_that_the_inbox_does_not_know_is_read_as_an_event() -> None:
    out = ingest([Record(0, None, b"x", HEARTBEAT_HEADERS)], RULES, PARTITIONS, NOW)
    assert ways(out) == [("dead_letters", None)]


# -- which way


@pytest.mark.parametrize(
    "told",
    [
        crm(stage="Demo"),
        event("crm.milestone.changed", day(0), milestone_id="M"),
        event("finding.feedback", day(0), detector="ghosted", verdict="noise"),
        meeting(0),
        event("activity.call", day(0), call_id="C", direction="inbound", **{"with": ["cfo@buyer.example"]}),
        DOCUMENT,
    ],
    ids=lambda told: str(told["type"]),
)
def test_what_names_its_deal_goes_to_the_deals_partition(told: dict[str, Any]) -> None:
    (send,) = taken(told | {"subject": "D-ü"}).sends
    key = "D-ü".encode()
    assert (send.topic, send.key, send.partition) == ("deal_events", key, partition_of(key, PARTITIONS))


@pytest.mark.parametrize(
    "domain",
    [
        "u\u0455.example",  # a Cyrillic s
        "xn--u-dvb.example",  # the same, as mail programs send it
        "us.example.evil.example",
        "us-example.example",
        "usexample.example",
        "vus.example",
    ],
)
def test_a_domain_that_looks_like_ours_is_not_ours(domain: str) -> None:
    out = taken(outbound(1, "m-1", to=[f"boss@{domain}"]))
    ((topic, key),) = ways(out)
    assert (topic, out.unjoined) == ("mail", Counter())
    assert (key or b"").isascii()
    assert key != b"us.example"


def test_our_domain_in_other_letters_of_the_same_meaning_is_ours() -> None:
    out = taken(outbound(1, "m-1", to=["boss@US.Example", "boss@\uff55\uff53.example", "boss@mail.us.example"]))
    assert (ways(out), out.unjoined) == ([], Counter(internal=1))


def test_whoever_is_below_one_registered_domain_is_of_one_company() -> None:
    mail = inbound(1, "m-1", cc=["a@emea.buyer.example", "b@x.other.co.uk", "c@other.co.uk", "d@third.co.uk"])
    assert ways(taken(mail)) == [("mail", key) for key in (b"buyer.example", b"other.co.uk", b"third.co.uk")]


def test_at_a_public_mail_provider_everybody_is_a_company_of_their_own() -> None:
    mail = inbound(1, "m-1", **{"from": "ann@gmail.com", "cc": ["bob@gmail.com"]})
    assert ways(taken(mail)) == [("mail", b"ann@gmail.com"), ("mail", b"bob@gmail.com")]
    assert ways(taken(contact("ann@gmail.com"))) == [("deal_events", b"D-1"), ("mail", b"ann@gmail.com")]


def test_a_mail_goes_to_where_its_buyers_domain_is_joined() -> None:
    (send,) = taken(inbound(1, "m-1")).sends
    key = b"buyer.example"
    assert (send.topic, send.key, send.partition) == ("mail", key, partition_of(key, PARTITIONS))


@pytest.mark.parametrize("key", [None, b"", b"D-2", b"\xff\xfe"])
def test_whatever_key_and_partition_it_has_in_the_inbox_it_goes_where_it_belongs(key: bytes | None) -> None:
    for told in (crm(stage="Demo") | {"subject": "D-1"}, inbound(1, "m-1"), contact("cfo@buyer.example")):
        right = taken(told).sends
        assert {send.partition == partition_of(send.key or b"", PARTITIONS) for send in right} == {True}
        for partition in range(PARTITIONS):
            record = Record(partition, key, orjson.dumps(told))
            assert ingest([record], RULES, PARTITIONS, NOW).sends == right


def test_a_mail_that_names_its_deal_takes_the_way_of_the_others_so_that_no_reply_overtakes_it() -> None:
    assert ways(taken(outbound(1, "m-1") | {"subject": "D-1"})) == [("mail", b"buyer.example")]


def test_a_mail_that_names_its_deal_and_no_buyer_goes_to_the_deal() -> None:
    out = taken(outbound(1, "m-1", to=["boss@us.example"]) | {"subject": "D-1"})
    assert ways(out) == [("deal_events", b"D-1")]
    assert not out.unjoined


def test_a_contact_goes_to_its_deal_and_to_where_its_mails_are_joined() -> None:
    assert ways(taken(contact("CFO@Buyer.Example"))) == [("deal_events", b"D-1"), ("mail", b"buyer.example")]
    assert ways(taken(contact("boss@us.example"))) == [("deal_events", b"D-1")]


def test_people_of_several_companies_are_looked_for_at_each() -> None:
    mail = inbound(1, "m-1", cc=["law@counsel.example", "ceo@buyer.example"])
    assert ways(taken(mail)) == [("mail", b"buyer.example"), ("mail", b"counsel.example")]


def test_of_very_many_companies_who_writes_and_is_written_to_come_first_and_what_is_cut_is_counted() -> None:
    copied = [f"a@c{number:02}.example" for number in range(40)]
    to = ["rep@us.example", "law@yonder.example"]
    out = taken(inbound(1, "m-1", **{"from": "zoe@zeta.example", "to": to, "cc": copied}))
    expected = ["zeta.example", "yonder.example", *(f"c{number:02}.example" for number in range(8))]
    assert [(send.key or b"").decode() for send in out.sends] == expected
    assert (len(expected), out.unjoined) == (MOST_COMPANIES, Counter(too_many_companies=1))
    just_as_many = taken(inbound(1, "m-2", cc=copied[: MOST_COMPANIES - 1]))
    assert (len(just_as_many.sends), just_as_many.unjoined) == (MOST_COMPANIES, Counter())


def test_only_a_mail_that_is_looked_for_at_several_companies_says_so_and_at_which_it_counts() -> None:
    mail = inbound(1, "m-1", cc=["boss@us.example", "law@counsel.example", "ceo@buyer.example", "x@third.example"])
    all_of_them = ((COMPANIES, b'["buyer.example","counsel.example","third.example"]'),)
    marks = [FIRST_HEADERS, SHARED_HEADERS, SHARED_HEADERS]
    assert [send.headers for send in taken(mail).sends] == [(*mark, *all_of_them) for mark in marks]
    assert [send.headers for send in taken(inbound(1, "m-2", cc=["ceo@buyer.example"])).sends] == [()]


@pytest.mark.parametrize(("status", "is_closed"), [("won", True), ("lost", True), ("open", False), (None, False)])
def test_whether_a_deal_is_open_is_told_wherever_mails_are_joined(status: str | None, is_closed: bool) -> None:
    own, *told = taken(crm(1, status=status) | {"subject": "D-ü"}).sends
    assert (own.topic, own.key) == ("deal_events", "D-ü".encode())
    assert [(send.topic, send.partition) for send in told] == [("mail", number) for number in range(PARTITIONS)]
    assert {(send.key, send.headers) for send in told} == {("D-ü".encode(), DEAL_HEADERS)}
    (word,) = {DealWord.of(send.value or b"") for send in told}
    assert word == DealWord("D-ü", day(1), f"test/{crm(1)['id']}", is_closed, None)


def companies_told(told: dict[str, Any]) -> set[tuple[str, ...] | None]:
    """The companies that an account is said to be, wherever it is said."""
    words = [send for send in taken(told | {"subject": "D-1"}).sends if send.headers == DEAL_HEADERS]
    return {DealWord.of(send.value or b"").companies for send in words}


@pytest.mark.parametrize(
    ("account", "companies"),
    [
        ({"domains": ["Buyer.Example", "@emea.buyer.example", " www.other.co.uk"]}, {("buyer.example", "other.co.uk")}),
        ({"domains": ["bücher.example"]}, {("xn--bcher-kva.example",)}),
        ({"domains": ["gmail.com", "web.de", "tuta.com", "mail.us.example", "no domain", ""]}, {()}),
        ({"domains": []}, {()}),
        ({"domains": None}, {()}),
        (None, {()}),
        ({"name": "Buyer plc"}, set()),
    ],
)
def test_which_companies_an_account_is_is_told_wherever_mails_are_joined(
    account: Any, companies: set[tuple[str, ...]]
) -> None:
    assert companies_told(crm(1, account=account)) == companies


def test_what_does_not_matter_to_the_join_is_told_the_deal_alone() -> None:
    assert ways(taken(crm(1, stage="Demo") | {"subject": "D-1"})) == [("deal_events", b"D-1")]


def test_a_mail_among_ourselves_is_counted_and_goes_nowhere() -> None:
    among_us = outbound(1, "m-1", to=["boss@us.example"])
    below_us = outbound(1, "m-2", to=["bot@mail.us.example"])
    out = taken(among_us, below_us, meeting(1, organizer="rep@us.example", attendees=[]))
    assert out.sends == []
    assert out.unjoined == Counter(internal=3)
    assert sum(out.accepted.values()) == 3


def test_a_domain_that_only_ends_like_ours_is_not_ours() -> None:
    assert ways(taken(outbound(1, "m-1", to=["x@notus.example"]))) == [("mail", b"notus.example")]


def test_an_activity_with_nobody_on_it_is_counted_and_goes_nowhere() -> None:
    out = taken(
        meeting(1, organizer=None, attendees=[]),
        DOCUMENT | {"data": DOCUMENT["data"] | {"to": None}},
    )
    assert out.sends == []
    assert out.unjoined == Counter(nobody=2)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (meeting(1, "cancelled"), ("attendees", "organizer")),
        (meeting(1, "cancelled"), ("attendees",)),
        (event("activity.call", day(1), call_id="C", direction="inbound", connected=True), ()),
        (DOCUMENT, ()),
    ],
)
def test_what_leaves_out_with_whom_it_is_goes_wherever_an_earlier_word_may_have_gone_and_is_counted(
    told: dict[str, Any], names: tuple[str, ...]
) -> None:
    further = told | {"data": {name: value for name, value in told["data"].items() if name not in names}}
    out = taken(further)
    assert [(send.topic, send.partition, send.headers) for send in out.sends] == [
        ("mail", number, FURTHER_HEADERS) for number in range(PARTITIONS)
    ]
    assert out.unjoined == Counter(nobody=1)
    assert ways(taken(further | {"subject": "D-1"})) == [("deal_events", b"D-1")]


def test_while_no_domain_is_known_to_be_ours_a_mail_is_looked_for_at_both_ends() -> None:
    assert ways(taken(inbound(1, "m-1"), rules=Rules())) == [("mail", b"buyer.example"), ("mail", b"us.example")]


SOME: list[dict[str, Any] | bytes] = [
    GOOD,
    inbound(1, "m-1"),
    inbound(2, "m-2") | {"subject": "D-2"},
    contact("cfo@buyer.example"),
    heartbeat(day(3)),
    meeting(4),
    b"",
]


@given(st.lists(st.sampled_from(SOME), max_size=8), st.data())
def test_how_the_inbox_is_cut_into_batches_makes_no_difference(
    told: list[dict[str, Any] | bytes], choose: st.DataObject
) -> None:
    cut = choose.draw(st.integers(0, len(told)))
    records = [record(each, offset) for offset, each in enumerate(told)]
    whole, *parts = (ingest(each, RULES, PARTITIONS, NOW) for each in (records, records[:cut], records[cut:]))
    assert whole.sends == joined(part.sends for part in parts)
    assert newest(reports(whole)) == newest(each for part in parts for each in reports(part))
    assert +whole.accepted == parts[0].accepted + parts[1].accepted
    assert +whole.refused == parts[0].refused + parts[1].refused


def joined(parts: Iterable[list[Send]]) -> list[Send]:
    return [send for part in parts for send in part]


def newest(told: Iterable[Report]) -> dict[Key, Report]:
    """What reports come to where they are taken."""
    found: dict[Key, Report] = {}
    for report in told:
        found[report.key] = found.get(report.key, report).plus(report)
    return found

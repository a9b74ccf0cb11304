"""The heart: deals, deadlines, time and what is told, batch by batch."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import registry
from detectors.core.deal import Deal
from detectors.core.rules import Rules
from detectors.ghosted import Ghosted
from streams.answer import Answer, of_json
from streams.dead_letters import refusal_of
from streams.monitor.coverage import Report
from streams.monitor.partition import Advanced, Partition, partition_of_row
from streams.wire import HEARTBEAT_HEADERS, Clock, Record, Send, partition_of
from tests.streams.sample_deals import MONDAY, RULES, crm, day, event, inbound, meeting, outbound

Told = dict[str, Any]
REP, OTHER = "rep@us.example", "other@us.example"


def record(told: Told, deal: str = "D-1", partition: int = 0) -> Record:
    return Record(partition, deal.encode(), orjson.dumps({"subject": deal, **told}))


def clock(at: float, origin: int = 0, origins: int = 1) -> Record:
    return Record(0, None, Clock(day(at), origin, origins).to_json(), Clock.HEADERS)


def clocks(at: float, origins: int) -> list[Record]:
    return [clock(at, origin, origins) for origin in range(origins)]


def heartbeat(
    through: float, source: str = "gmail", mailbox: str | None = None, *, seen: bool = False, due: float = -9999
) -> Record:
    report = Report(source, mailbox, seen, ("activity.email",), day(through), f"{source}/beat-{through}", day(due))
    return Record(0, None, report.to_json(), HEARTBEAT_HEADERS)


def one(rules: Rules = RULES) -> Partition:
    return Partition(0, 1, rules)


def ghosted_deal(deal: str = "D-1", **fields: Any) -> list[Record]:
    """We wrote twice on the first two days and nobody answered: ghosted from the fourth day (day 4) on."""
    return [
        record(crm(0, stage="Demo", owner=REP, **fields), deal),
        record(outbound(0.1, "m-1"), deal),
        record(outbound(1, "m-2"), deal),
    ]


def state_of(told: Answer, detector: str = "ghosted") -> str | None:
    return next((each.state for each in told.findings if each.detector == detector), None)


def restored(rows: dict[str, bytes], rules: Rules = RULES, partition: int = 0, partitions: int = 1) -> Partition:
    """Who takes the partition over."""
    again = Partition(partition, partitions, rules)
    for row, value in rows.items():
        again.restore(row, value)
    again.resume()
    return again


def keep(rows: dict[str, bytes], out: Advanced) -> None:
    for row, value in [*out.rows.items(), *out.ledger.items()]:
        if value is None:
            rows.pop(row, None)
        else:
            rows[row] = value


def published(sends: Iterable[Send]) -> dict[tuple[str, bytes | None], Any]:
    """What stands on the compacted topics, apart from when it was said."""
    newest = {(send.topic, send.key): send.value for send in sends if send.topic in ("findings", "books")}
    return {place: orjson.loads(value) | {"as_of": None} for place, value in newest.items() if value}


def standing(partition: Partition) -> dict[str, Answer]:
    return {deal_id: replace(told, as_of=MONDAY) for deal_id, told in partition.answers.items()}


# -- deadlines


def test_a_deadline_opens_when_the_time_has_come_to_it_and_not_an_instant_before() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(1)])
    since = next(each.since for each in partition.answers["D-1"].findings if each.detector == "ghosted")
    before = Record(
        0, None, Clock(since.replace(microsecond=0) - (day(1) - day(0)) / 86400, 0, 1).to_json(), Clock.HEADERS
    )
    assert partition.advance([before]).answers == []
    assert state_of(partition.answers["D-1"]) == "pending"
    out = partition.advance([Record(0, None, Clock(since, 0, 1).to_json(), Clock.HEADERS)])
    assert [told.deal_id for told in out.answers] == ["D-1"]
    assert state_of(partition.answers["D-1"]) == "open"


def test_time_that_passes_touches_only_the_deals_that_are_due() -> None:
    partition = one()
    partition.advance(
        [*ghosted_deal("D-1"), record(crm(0, stage="Demo"), "D-2"), record(inbound(5, "m"), "D-3"), clock(3)]
    )
    out = partition.advance([clock(4.5)])
    assert [told.deal_id for told in out.answers] == ["D-1"]
    assert out.rows == {}
    assert {send.key for send in out.sends} == {b"D-1", f"{REP}\tD-1".encode()}


def test_without_anything_new_nothing_is_told_or_kept() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(2)])
    out = partition.advance([])
    assert (out.answers, out.sends, out.rows, out.ledger) == ([], [], {}, {})


def test_a_deal_of_which_only_a_machine_wrote_is_none_yet() -> None:
    partition = one()
    out = partition.advance([record(inbound(1, "news", automatic=True)), clock(2)])
    assert (out.answers, out.rows, partition.deals) == ([], {}, {})
    partition.advance([record(inbound(3, "m")), clock(4)])
    assert list(partition.deals) == ["D-1"]


def test_a_deal_of_many_events_in_a_batch_is_kept_and_told_once() -> None:
    out = one().advance([*ghosted_deal(), clock(30)])
    assert [told.deal_id for told in out.answers] == ["D-1"]
    assert list(out.rows) == ["D-1"]
    assert [send.topic for send in out.sends] == ["findings", "books"]
    assert len(out.applied_at) == 3


def test_a_late_reply_retracts_what_was_open() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(6)])
    assert state_of(partition.answers["D-1"]) == "open"
    partition.advance([record(inbound(2, "reply", in_reply_to="m-2"))])
    assert state_of(partition.answers["D-1"]) is None


def test_time_never_goes_back() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(6)])
    out = partition.advance([clock(2)])
    assert (partition.time, out.answers) == (day(6), [])


def test_a_clock_that_moves_nothing_is_remembered_over_a_restart_because_it_is_not_read_again() -> None:
    partition, rows = Partition(0, 2, RULES), dict[str, bytes]()
    keep(rows, partition.advance([clock(9, 0, 2)]))
    again = restored(rows, RULES, 0, 2)
    assert again.time is None
    again.advance([clock(8, 1, 2)])
    assert again.time == day(8)


# -- what is told to whom


def test_an_answer_goes_to_its_deals_key_and_into_its_owners_book() -> None:
    partition = Partition(partition_of(b"D-1", 8), 8, RULES)
    findings, book = partition.advance([*ghosted_deal(), *clocks(1, origins=8)]).sends
    assert (findings.topic, findings.key, findings.partition) == ("findings", b"D-1", partition_of(b"D-1", 8))
    assert (book.topic, book.key, book.partition) == ("books", f"{REP}\tD-1".encode(), partition_of(REP.encode(), 8))
    assert findings.value == book.value
    assert of_json(findings.value or b"") == partition.answers["D-1"]


def test_a_deal_that_nobody_owns_is_in_a_book_of_its_own() -> None:
    _, book = one().advance([record(crm(0, stage="Demo")), clock(0)]).sends
    assert (book.key, bool(book.value)) == (b"\tD-1", True)


@pytest.mark.parametrize("status", ["won", "lost"])
def test_a_closed_deal_is_over_in_the_book_and_comes_back_when_it_is_opened_again(status: str) -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(6)])
    findings, book = partition.advance([record(crm(7, status=status, id="closed")), clock(7)]).sends
    assert book.key == f"{REP}\tD-1".encode()
    assert (of_json(book.value or b"").is_open, of_json(book.value or b"").findings) == (False, ())
    assert of_json(findings.value or b"").status == status
    assert partition.advance([clock(400)]).answers == []
    _, book = partition.advance([record(crm(400, status="open", id="opened"))]).sends
    assert of_json(book.value or b"").is_open


@pytest.mark.parametrize("restart", [False, True])
def test_a_deal_that_changes_hands_is_withdrawn_from_the_old_book_also_after_a_restart(restart: bool) -> None:
    partition, rows = one(), dict[str, bytes]()
    keep(rows, partition.advance([*ghosted_deal(), clock(2)]))
    if restart:
        partition = restored(rows)
    out = partition.advance([record(crm(3, owner=OTHER, id="handed-over")), clock(3)])
    books = {send.key: send.value for send in out.sends if send.topic == "books"}
    assert books[f"{REP}\tD-1".encode()] is None
    assert books[f"{OTHER}\tD-1".encode()] is not None
    nobody = partition.advance([record(crm(4, owner=None, id="given-up")), clock(4)])
    books = {send.key: send.value for send in nobody.sends if send.topic == "books"}
    assert {key for key, value in books.items() if value} == {b"\tD-1"}


def test_a_deal_that_comes_back_is_not_withdrawn_from_its_owners_book() -> None:
    partition = one()
    out = partition.advance(
        [*ghosted_deal(), record(crm(3, owner=OTHER, id="away")), record(crm(4, owner=REP, id="back")), clock(4)]
    )
    books = {send.key: bool(send.value) for send in out.sends if send.topic == "books"}
    assert books == {f"{REP}\tD-1".encode(): True, f"{OTHER}\tD-1".encode(): False}


def test_who_owned_it_when_the_worker_died_halfway_is_withdrawn_when_the_batch_is_read_again() -> None:
    partition, rows = one(), dict[str, bytes]()
    keep(rows, partition.advance([*ghosted_deal(), clock(2)]))
    handed_over = [record(crm(3, owner=OTHER, id="handed-over")), clock(3)]
    keep(rows, partition.advance(handed_over))  # kept, but not one of its sends went out
    out = restored(rows).advance(handed_over)
    assert (f"{REP}\tD-1".encode(), None) in [(send.key, send.value) for send in out.sends]


# -- sources


def test_while_a_source_has_not_reported_up_to_the_deadline_nobody_is_accused() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), heartbeat(2), clock(6)])
    assert state_of(partition.answers["D-1"]) == "unknown"
    out = partition.advance([heartbeat(6)])
    assert (state_of(out.answers[0]), partition.time) == ("open", day(6))


def test_a_heartbeat_that_does_not_reach_the_deadline_leaves_it_unknown_and_is_no_news_of_any_deal() -> None:
    partition = one()
    partition.advance([*ghosted_deal("D-1"), record(crm(0), "D-2"), heartbeat(2), clock(6)])
    assert partition.advance([heartbeat(3)]).answers == []
    assert state_of(partition.answers["D-1"]) == "unknown"


def test_a_source_that_reports_for_the_first_time_makes_unknown_what_counted_as_complete() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(6)])
    assert state_of(partition.answers["D-1"]) == "open"
    out = partition.advance([heartbeat(2)])
    assert [state_of(told) for told in out.answers] == ["unknown"]
    assert [state_of(told) for told in partition.advance([heartbeat(9)]).answers] == ["open"]
    mailbox = partition.advance([heartbeat(1, "exchange", mailbox=REP)])
    assert [state_of(told) for told in mailbox.answers] == ["unknown"]


def severity_of(told: Answer) -> str | None:
    return next((each.severity for each in told.findings if each.detector == "ghosted"), None)


def test_what_a_source_did_not_see_makes_no_finding_critical() -> None:
    partition = one()
    critical_from = next(
        each.critical_from
        for told in one().advance([*ghosted_deal(), clock(1)]).answers
        for each in told.findings
        if each.detector == "ghosted"
    )
    assert critical_from is not None
    days = (critical_from - day(0)) / (day(1) - day(0))
    partition.advance([*ghosted_deal(), heartbeat(days - 0.01), clock(days + 30)])
    told = partition.answers["D-1"]
    assert (state_of(told), severity_of(told)) == ("open", "warning")
    (told,) = partition.advance([heartbeat(days)]).answers
    assert (state_of(told), severity_of(told)) == ("open", "critical")


def test_after_one_heartbeat_events_say_as_well_how_far_a_source_is() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), heartbeat(2), clock(6)])
    assert state_of(partition.answers["D-1"]) == "unknown"
    assert [state_of(told) for told in partition.advance([heartbeat(6, seen=True)]).answers] == ["open"]


WATCHED = Rules.of({"organization": {"domains": ["us.example"]}, "sources": {"gmail": {"max_silence": "4h"}}})


def test_a_source_of_the_rules_that_falls_silent_without_a_heartbeat_is_believed_for_so_long_and_no_longer() -> None:
    partition = one(WATCHED)
    partition.advance([*ghosted_deal(), heartbeat(3.8, seen=True), clock(60)])
    assert state_of(partition.answers["D-1"]) == "unknown"
    assert state_of(partition.reload(RULES).answers[0]) == "open"
    assert state_of(partition.reload(WATCHED).answers[0]) == "unknown"
    trusted = one(WATCHED)
    trusted.advance([*ghosted_deal(), heartbeat(3.9, seen=True), clock(60)])
    assert state_of(trusted.answers["D-1"]) == "open"


def test_what_a_source_says_does_not_overtake_what_it_sent_before() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), heartbeat(2), clock(6)])
    assert partition.advance([heartbeat(6, due=7)]).answers == []
    reply = record(inbound(2, "reply", in_reply_to="m-2"))
    out = partition.advance([reply, clock(7)])
    assert [state_of(told) for told in out.answers] == [None]


ALL_DETECTORS = Rules.of({"organization": {"domains": ["us.example"]}})


def test_a_deal_is_seen_again_when_its_source_reports() -> None:
    partition = one(ALL_DETECTORS)
    partition.advance([record(crm(0, stage="Demo", owner=REP)), heartbeat(1), clock(5)])
    assert state_of(partition.answers["D-1"], "blind_deal") == "open"
    assert [state_of(told, "blind_deal") for told in partition.advance([heartbeat(5)]).answers] == [None]


def test_a_source_that_reports_for_the_first_time_may_leave_any_deal_in_the_dark() -> None:
    partition = one(ALL_DETECTORS)
    partition.advance([record(crm(0, stage="Demo", owner=REP)), clock(1)])
    assert partition.advance([heartbeat(1)]).answers == []
    partition.advance([clock(5)])
    assert state_of(partition.answers["D-1"], "blind_deal") == "open"


def test_heartbeats_and_what_is_unknown_survive_a_restart() -> None:
    partition, rows = one(), dict[str, bytes]()
    keep(rows, partition.advance([*ghosted_deal(), heartbeat(2), clock(6)]))
    again = restored(rows)
    assert state_of(again.answers["D-1"]) == "unknown"
    assert [state_of(told) for told in again.advance([heartbeat(6)]).answers] == ["open"]


# -- rules


STRICT = Rules.of(
    {
        "organization": {"domains": ["us.example"], "time_zone": "Europe/Berlin"},
        "detectors": {"gone_quiet": {"warn_business_days": 1, "critical_business_days": 2}},
    }
)


def test_other_rules_judge_every_open_deal_anew_and_no_closed_one() -> None:
    partition, rows = one(), dict[str, bytes]()
    keep(rows, partition.advance([*ghosted_deal(), record(crm(0, status="won"), "D-2"), clock(3)]))
    out = partition.reload(STRICT)
    assert [told.deal_id for told in out.answers] == ["D-1"]
    assert (out.answers[0].rules, state_of(out.answers[0], "gone_quiet")) == (STRICT.hash, "open")
    assert published(out.sends).keys() == {("findings", b"D-1"), ("books", f"{REP}\tD-1".encode())}
    assert out.rows == {}
    new = partition.advance([record(crm(3), "D-3")])
    assert new.answers[0].rules == STRICT.hash


def test_a_worker_that_starts_with_other_rules_tells_every_open_deal_anew_and_once() -> None:
    partition, rows = one(), dict[str, bytes]()
    keep(rows, partition.advance([*ghosted_deal(), record(crm(0, status="won"), "D-2"), clock(3)]))
    again = restored(rows, STRICT)
    out = again.advance([clock(3)])
    assert [(told.deal_id, told.rules) for told in out.answers] == [("D-1", STRICT.hash)]
    keep(rows, out)
    assert restored(rows, STRICT).advance([clock(3)]).answers == []


def test_a_worker_that_died_while_it_took_other_rules_goes_on_with_them_after_its_restart() -> None:
    partition, rows = one(), dict[str, bytes]()
    keep(rows, partition.advance([*ghosted_deal(), clock(3)]))
    partition.reload(STRICT)  # nothing of it was written
    assert [told.rules for told in restored(rows, STRICT).advance([clock(3)]).answers] == [STRICT.hash]


class Failing(Ghosted):
    """A detector with a fault."""

    def assess(self, deal: Deal) -> None:
        raise ZeroDivisionError(deal.id)


def test_a_detector_that_fails_is_counted_and_told_once_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(registry.catalogue(), "ghosted", Failing)
    partition = one(Rules.of({"organization": {"domains": ["us.example"]}}))
    out = partition.advance([*ghosted_deal(), clock(40)])
    assert [told.deal_id for told in out.answers] == ["D-1"]
    assert state_of(out.answers[0]) is None
    assert state_of(out.answers[0], "gone_quiet") == "open"
    assert partition.errors["ghosted"] > 0
    assert set(partition.errors) == {"ghosted"}
    (first, *_) = caplog.records
    assert first.getMessage() == "ghosted failed on deal D-1"
    assert first.exc_info


# -- what does not belong here

ELSEWHERE = next(f"D-{n}" for n in range(99) if partition_of(f"D-{n}".encode(), 8) != 0)
HERE = next(f"D-{n}" for n in range(99) if partition_of(f"D-{n}".encode(), 8) == 0)


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (Record(0, b"k", b"\xff", offset=5), "not_json"),
        (Record(0, b"k", None, offset=5), "not_json"),
        (Record(0, b"k", orjson.dumps(crm(0)), offset=5), "no_deal"),
        (Record(0, b"k", orjson.dumps(inbound(0, "m")), offset=5), "no_deal"),
        (replace(record(crm(0), ELSEWHERE), offset=5), "misrouted"),
        (Record(0, None, b"{}", HEARTBEAT_HEADERS, offset=5), "invalid"),
        (Record(0, None, b"", Clock.HEADERS, offset=5), "not_json"),
        (Record(0, None, b"{}", Clock.HEADERS, offset=5), "not_json"),
        (Record(0, None, Clock(day(1), 0, 3).to_json(), Clock.HEADERS, offset=5), "invalid"),
    ],
)
def test_poison_is_a_dead_letter_and_the_rest_of_the_batch_goes_on(poison: Record, reason: str) -> None:
    partition = Partition(0, 8, RULES)
    clocks = [clock(1, origin, 8) for origin in range(8)]
    out = partition.advance([poison, record(crm(0), HERE), *clocks])
    letter = out.sends[0]
    assert (letter.topic, letter.value) == ("dead_letters", poison.value or b"")
    assert refusal_of(letter.headers)[:2] == (5, reason)
    assert dict(letter.headers)["stallwatch.errors.topic"] == b"deal-events"
    assert out.refused == Counter({("unknown", reason): 1})
    assert [told.deal_id for told in out.answers] == [HERE]
    assert (list(partition.deals), partition.time) == ([HERE], day(1))


def test_a_mail_that_was_given_a_deal_is_taken_whatever_its_key() -> None:
    partition = one()
    partition.advance([replace(record(inbound(1, "m")), key=b"something else"), clock(1)])
    assert list(partition.deals) == ["D-1"]


@pytest.mark.parametrize("restart", [True, False])
def test_what_comes_again_is_counted_and_so_is_another_content_under_its_identity(restart: bool) -> None:
    first, later = crm(1, stage="Demo", amount=1.5, id="c-1"), crm(2, stage="Proposal", id="c-1")
    partition, rows = one(), dict[str, bytes]()
    out = partition.advance([record(crm(0)), record(first), record(inbound(1, "m-1")), clock(3)])
    assert not out.repeated
    keep(rows, out)
    if restart:
        partition = restored(rows)
    same = partition.advance([record(first), record(inbound(1, "m-1")), record(crm(4, id="news")), clock(5)])
    assert same.repeated == {("test", "same"): 2}
    assert partition.advance([record(later)]).repeated == {("test", "other"): 1}
    assert partition.advance([record(first)]).repeated == {("test", "other"): 1}
    assert partition.answers["D-1"].stage == "Proposal"


def test_of_very_many_events_none_counts_as_one_that_came_again() -> None:
    partition = one()
    told = [inbound(number / 10, f"m-{number}") for number in range(300)]
    assert not partition.advance([*(record(each) for each in told), clock(40)]).repeated


def test_verdicts_are_counted_once() -> None:
    verdict = record(event("finding.feedback", day(1), detector="ghosted", verdict="noise"))
    partition = one()
    assert partition.advance([verdict, verdict, clock(1)]).verdicts == Counter({("ghosted", "noise"): 1})
    assert partition.advance([verdict]).verdicts == Counter()


def test_rows_belong_to_the_partition_of_their_deal_and_the_ledger_to_its_own() -> None:
    number = partition_of(b"D-1", 8)
    partition = Partition(number, 8, RULES)
    rows: dict[str, bytes] = {}
    keep(rows, partition.advance([record(crm(0)), clock(0, 3, 8)]))
    assert len(rows) == 2
    assert {partition_of_row(row, 8) for row in rows} == {number}


def test_the_ledger_is_apart_from_the_rows_so_that_it_can_be_written_last() -> None:
    out = one().advance([*ghosted_deal(), heartbeat(1), clock(2)])
    assert list(out.rows) == ["D-1"]
    assert [row for row in out.ledger if row.startswith("\0ledger")] == ["\0ledger0"]


def test_as_long_as_an_answer_holds_it_is_as_of_now() -> None:
    partition = one()
    partition.advance([*ghosted_deal(), clock(1.5)])
    partition.advance([clock(3)])
    assert partition.answers["D-1"].as_of == day(1.5)
    assert [told.as_of for told in partition.standing()] == [day(3)]
    assert partition.standing_of("D-1") == next(iter(partition.standing()))
    assert partition.standing_of("D-9") is None


# -- laws

DEALS = ["D-1", "D-2"]
NOTES: list[Told] = [
    *(
        crm(at, stage=stage, owner=owner, id=f"crm-{at}")
        for at, stage, owner in ((0, "Demo", REP), (8, "Proposal", OTHER))
    ),
    crm(20, status="lost", id="lost"),
    crm(26, status="open", close_date="2026-03-20", id="again"),
    *(outbound(at, f"out-{at}") for at in (1, 2, 3, 9, 10, 15)),
    *(inbound(at, f"in-{at}", in_reply_to=f"out-{at - 1}") for at in (4, 11, 16)),
    meeting(12),
]
END = [clock(60)]


@st.composite
def lives(draw: st.DrawFn) -> list[Record]:
    """Events of two deals, in any order, with clocks and heartbeats among them, and the time after all at the end."""
    told = [record(draw(st.sampled_from(NOTES)), draw(st.sampled_from(DEALS))) for _ in range(draw(st.integers(1, 12)))]
    told += [clock(draw(st.integers(0, 50))) for _ in range(draw(st.integers(0, 5)))]
    told += [
        heartbeat(
            draw(st.integers(0, 50)),
            draw(st.sampled_from(["gmail", "exchange"])),
            seen=draw(st.booleans()),
            due=draw(st.integers(0, 50)),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    return [*draw(st.permutations(told)), *END]


def batches(draw: Any, records: list[Record]) -> list[list[Record]]:
    cuts = sorted({0, *draw(st.lists(st.integers(0, len(records)), max_size=5)), len(records)})
    return [records[start:end] for start, end in pairwise(cuts)]


@given(lives(), st.data())
def test_however_the_records_are_cut_into_batches_the_same_stands_at_the_end(
    records: list[Record], choose: st.DataObject
) -> None:
    whole, cut = one(), one()
    at_once = whole.advance(records)
    sends: list[Send] = []
    last: datetime | None = None
    for batch in batches(choose.draw, records):
        sends += cut.advance(batch).sends
        assert last is None or (cut.time is not None and cut.time >= last)
        last = cut.time
    assert standing(cut) == standing(whole)
    assert published(sends) == published(at_once.sends)


@given(lives(), st.data())
def test_a_restart_between_any_batches_changes_nothing(records: list[Record], choose: st.DataObject) -> None:
    steady, again = one(), one()
    rows: dict[str, bytes] = {}
    for batch in batches(choose.draw, records):
        if choose.draw(st.booleans()):
            again = restored(rows)
        expected, out = steady.advance(batch), again.advance(batch)
        assert (out.sends, out.rows, out.ledger) == (expected.sends, expected.rows, expected.ledger)
        keep(rows, out)
    assert standing(restored(rows)) == standing(steady)


@given(lives(), st.data())
def test_whatever_was_read_before_may_be_read_again_by_who_takes_over(
    records: list[Record], choose: st.DataObject
) -> None:
    expected = published(one().advance(records).sends)
    partition, rows, sends = one(), dict[str, bytes](), list[Send]()
    position = 0
    for batch in batches(choose.draw, records):
        back = choose.draw(st.integers(0, position))
        for part in (records[back:position], batch):
            out = partition.advance(part)
            keep(rows, out)
            sends += out.sends
        position += len(batch)
        if choose.draw(st.booleans()):
            partition = restored(rows)
    assert published(sends) == expected
    verdict = partition.advance(records)
    assert verdict.rows == {}
    assert published([*sends, *verdict.sends]) == expected

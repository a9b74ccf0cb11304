"""Up to when each source has reported, and what that means for whom it watches."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.coverage import Watermark
from detectors.core.events import EARLIEST
from detectors.core.rules import Rules
from streams.monitor import coverage
from streams.monitor.coverage import MOST_COMING, Asked, Heartbeats, Report, partition_of_row
from tests.streams.sample_deals import day, event

MAIL, CALL = "activity.email", "activity.call"
ANN, BOB = "ann@us.example", "bob@us.example"
FOUR_HOURS = Rules.of({"sources": {"gmail": {"max_silence": "4h"}}})
AN_HOUR = timedelta(hours=1)


def beat(source: str, through: float, *covers: str, mailbox: str | None = None, due: float | None = None) -> Report:
    told = Report(source, mailbox, False, tuple(sorted(covers or (MAIL,))), day(through), f"{source}/beat-{through}")
    return told if due is None else coming(told, due)


def seen(source: str, at: float, kind: str = MAIL, due: float | None = None) -> Report:
    told = Report(source, None, True, (kind,), day(at), f"{source}/event-{at}")
    return told if due is None else coming(told, due)


def coming(report: Report, due: float) -> Report:
    return Report(report.source, report.mailbox, report.seen, report.types, report.through, report.event, day(due))


def told(*reports: Report, rules: Rules = FOUR_HOURS, until: float = 999) -> Heartbeats:
    beats = Heartbeats(3, rules)
    for each in reports:
        beats.take(each)
    beats.settle(day(until))
    return beats


def through(beats: Heartbeats, *types: str, owner: str | None = ANN) -> datetime | None:
    mark = beats.through(types or (MAIL,), owner)
    return mark and mark.through


# -- by heartbeats


def test_a_type_that_nobody_reports_on_counts_as_complete() -> None:
    assert told().through([MAIL], ANN) is None
    assert told(beat("crm", 1, "crm.deal.changed")).through([MAIL], ANN) is None


def test_a_watermark_names_its_source_and_the_heartbeat_that_it_is_from() -> None:
    assert told(beat("gmail", 3)).through([MAIL], ANN) == Watermark(day(3), "gmail", "gmail/beat-3")


def test_of_several_sources_the_slowest_counts() -> None:
    beats = told(beat("gmail", 3, MAIL), beat("dialer", 1, CALL))
    assert through(beats, MAIL) == day(3)
    assert through(beats, MAIL, CALL) == day(1)


def test_a_watermark_never_goes_back() -> None:
    beats = told(beat("gmail", 3))
    beats.take(beat("gmail", 2))
    assert beats.settle(day(999)) == (False, False)
    assert through(beats) == day(3)


# -- by mailboxes


def test_a_mailbox_counts_for_its_owner_only() -> None:
    beats = told(beat("gmail", 3, mailbox=ANN), beat("gmail", 1, mailbox=BOB))
    assert (through(beats, owner=ANN), through(beats, owner=BOB)) == (day(3), day(1))


@pytest.mark.parametrize("owner", ["cleo@us.example", None])
def test_whose_mailbox_does_not_report_while_others_do_was_never_watched(owner: str | None) -> None:
    beats = told(beat("gmail", 3, mailbox=ANN), beat("crm", 9, CALL))
    assert beats.through([MAIL, CALL], owner) == Watermark(EARLIEST, "gmail", None)
    assert through(beats, CALL, owner=owner) == day(9)


def test_who_is_watched_by_one_source_needs_no_mailbox_at_another() -> None:
    assert through(told(beat("gmail", 3, mailbox=ANN), beat("exchange", 2, mailbox=BOB)), owner=BOB) == day(2)
    assert through(told(beat("gmail", 3, mailbox=ANN), beat("exchange", 2)), owner=BOB) == day(2)


def test_an_event_says_nothing_of_the_mailbox_that_it_was_read_from() -> None:
    beats = told(beat("gmail", 3, mailbox=ANN), seen("gmail", 9))
    assert (through(beats, owner=ANN), through(beats, owner=BOB)) == (day(3), EARLIEST)


# -- by events


def test_an_event_after_the_last_heartbeat_moves_the_watermark_on() -> None:
    beats = told(beat("gmail", 3), seen("gmail", 5, CALL), seen("gmail", 4))
    assert beats.through([MAIL], ANN) == Watermark(day(5), "gmail", "gmail/event-5")
    assert through(told(seen("gmail", 5), beat("gmail", 6))) == day(6)


def test_a_source_that_sends_no_heartbeats_is_trusted_as_long_as_the_rules_say() -> None:
    beats = told(seen("gmail", 5))
    assert beats.through([MAIL], ANN) == Watermark(day(5) + 4 * AN_HOUR, "gmail", "gmail/event-5")


def test_of_such_a_source_only_the_types_that_it_has_sent_are_expected() -> None:
    beats = told(seen("gmail", 5), seen("gmail", 1, CALL))
    assert through(beats, CALL) == day(5) + 4 * AN_HOUR
    assert through(beats, "activity.meeting") is None


def test_without_heartbeats_and_without_a_rule_a_source_counts_as_complete() -> None:
    assert through(told(seen("gmail", 5), rules=Rules())) is None
    assert through(told(seen("exchange", 5))) is None


def test_heartbeats_need_no_rule_and_no_trust() -> None:
    for rules in (Rules(), FOUR_HOURS):
        assert through(told(beat("gmail", 5), seen("gmail", 2), rules=rules)) == day(5)


def test_other_rules_trust_for_another_time() -> None:
    beats = told(seen("gmail", 5))
    assert through(beats) == day(5) + 4 * AN_HOUR
    beats.under(Rules.of({"sources": {"gmail": {"max_silence": "1h"}}}))
    assert through(beats) == day(5) + AN_HOUR
    beats.under(Rules())
    assert through(beats) is None


# -- what an event reports


def report_of(kind: str, at: datetime, **fields: Any) -> Report:
    return Report.by(events.parse(orjson.dumps(event(kind, at, id="x", **fields) | {"subject": "D-1"})), day(9))


def test_every_event_reports_that_its_source_has_come_so_far() -> None:
    assert report_of("crm.deal.changed", day(1)) == Report("test", None, True, ("crm.deal.changed",), day(1), "test/x")


def test_a_heartbeat_reports_on_the_known_types_that_it_covers() -> None:
    report = report_of("source.heartbeat", day(3), covers=[MAIL, CALL, "x" * 9999], through=day(2), mailbox=ANN)
    assert report == Report("test", ANN, False, (CALL, MAIL), day(2), "test/x")


def test_nothing_reports_what_has_not_happened_yet() -> None:
    assert report_of("crm.deal.changed", day(9.5)).through == day(9)
    assert report_of("source.heartbeat", day(9), covers=[MAIL], through=day(99)).through == day(9)


def test_a_report_is_written_and_read_as_it_is() -> None:
    for report in (beat("ü", 1, MAIL, CALL, mailbox=ANN, due=2), seen("gmail", 1)):
        assert Report.of(report.to_json()) == report


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"null", b'{"source":1}', b"\xff"])
def test_what_is_no_report_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="Report"):
        Report.of(value)


# -- when it comes into force


def test_a_report_counts_when_the_time_has_come_to_the_clock_behind_it_and_not_an_instant_before() -> None:
    beats = told(beat("gmail", 1))
    beats.take(beat("gmail", 5, due=6))
    assert beats.settle(day(6) - timedelta(microseconds=1)) == (False, False)
    assert through(beats) == day(1)
    assert beats.settle(day(6)) == (True, False)
    assert through(beats) == day(5)


def test_before_any_time_is_known_only_what_waits_for_no_clock_counts() -> None:
    beats = Heartbeats(3, Rules())
    beats.take(beat("gmail", 5, due=6))
    beats.take(beat("dialer", 5, CALL))
    assert beats.settle(None) == (True, True)
    assert (through(beats, MAIL), through(beats, CALL)) == (None, day(5))


def test_however_many_are_coming_few_are_kept_and_none_is_put_off_for_ever() -> None:
    beats = told(beat("gmail", 0))
    for n in range(1, 100):
        beats.take(beat("gmail", n, due=n + 0.5))
    (row,) = beats.rows().values()
    assert len(orjson.loads(row or b"")) == MOST_COMING + 1
    beats.settle(day(1.5))
    assert through(beats) == day(1)
    beats.settle(day(99.5))
    assert through(beats) == day(99)


def test_it_says_whether_there_is_a_limit_now_where_there_was_none() -> None:
    for first, then, limits in (
        (beat("gmail", 1, MAIL, CALL), beat("gmail", 2, MAIL), False),
        (beat("gmail", 1, MAIL), beat("gmail", 2, MAIL, CALL), True),
        (beat("gmail", 1), beat("gmail", 1, mailbox=ANN), True),
        (beat("gmail", 1), beat("exchange", 2), True),
        (seen("gmail", 1), seen("gmail", 2), False),
        (seen("gmail", 1), seen("gmail", 2, CALL), True),
        (seen("exchange", 1), seen("exchange", 2, CALL), False),
        (seen("exchange", 1), beat("exchange", 2), True),
    ):
        beats = told(first)
        beats.take(then)
        assert beats.settle(day(999)) == (True, limits)


def test_an_answer_is_outdated_when_the_sources_say_something_else() -> None:
    beats = told(beat("gmail", 1), beat("dialer", 5, CALL))
    asked = Asked(beats)
    assert asked.through([MAIL, CALL], ANN) == beats.through([MAIL, CALL], ANN)
    for report, outdated in ((beat("dialer", 6, CALL), False), (beat("gmail", 2), True)):
        beats.take(report)
        beats.settle(day(999))
        assert asked.is_outdated == outdated


# -- what is kept


def restored(rows: Iterable[bytes | None], rules: Rules = FOUR_HOURS) -> Heartbeats:
    beats = Heartbeats(3, rules)
    for value in rows:
        beats.restore(value or b"")
    return beats


def test_rows_belong_to_their_partition_and_only_what_changed_is_written_again() -> None:
    beats = told(beat("gmail", 1), beat("gmail", 1, mailbox=ANN), seen("gmail", 2))
    rows = beats.rows()
    assert len(rows) == 3
    assert {partition_of_row(row) for row in rows} == {3}
    assert beats.rows() == {}
    beats.take(beat("gmail", 2))
    beats.settle(day(999))
    assert len(beats.rows()) == 1


def test_a_flood_of_names_is_not_taken_up_beyond_a_bound_but_what_the_rules_name_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coverage, "MOST_SOURCES", 5)
    beats = told(*(seen(f"made-up-{n}", 1) for n in range(50)), beat("late", 1), seen("gmail", 2))
    assert len(beats.rows()) == 6
    assert through(beats) == day(2) + 4 * AN_HOUR
    monkeypatch.setattr(coverage, "MOST_MAILBOXES", 5)
    many = told(*(beat("gmail", 1, mailbox=f"rep-{n}@us.example") for n in range(5)))
    many.take(beat("gmail", 9, mailbox="rep-0@us.example"))
    many.settle(day(999))
    assert through(many, owner="rep-0@us.example") == day(9)


REPORTS = st.lists(
    st.builds(
        lambda source, at, types, mailbox, is_seen, due: (
            seen(source, at, min(types), due) if is_seen else beat(source, at, *types, mailbox=mailbox, due=due)
        ),
        st.sampled_from(["gmail", "dialer"]),
        st.integers(0, 5),
        st.sets(st.sampled_from([MAIL, CALL]), min_size=1),
        st.sampled_from([None, ANN]),
        st.booleans(),
        st.integers(0, 5),
    ),
    max_size=8,
)
QUESTIONS = [(types, owner) for types in ((MAIL,), (CALL,), (MAIL, CALL)) for owner in (ANN, BOB, None)]


@given(REPORTS, st.integers(0, 5), st.data())
def test_in_any_order_told_twice_and_kept_over_restarts_reports_say_the_same(
    reports: list[Report], until: int, choose: st.DataObject
) -> None:
    once = told(*reports, until=until)
    again, rows = Heartbeats(3, FOUR_HOURS), dict[str, bytes | None]()
    for each in choose.draw(st.permutations([*reports, *reports])):
        again.take(each)
        again.settle(day(choose.draw(st.integers(0, until))))
        rows |= again.rows()
        again = restored(rows.values())
    again.settle(day(until))
    for types, owner in QUESTIONS:
        assert again.through(types, owner) == once.through(types, owner)

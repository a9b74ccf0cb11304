"""The deal slides from quarter to quarter. Day 29 is the last of March, day 120 of June, day 212 of September."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    changed,
    created,
    dated,
    findings,
    inbound,
    lost,
    on,
    reopened,
    rules_for,
)


def rollover(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("quarter_rollover", *parts, rules=rules)
    assert found is not None
    return found


IN_MARCH = created(0, close_date=on(29))
TO_JUNE = (IN_MARCH, dated(120, day=20))


def test_a_push_out_of_the_quarter_is_a_rollover():
    assert rollover(*TO_JUNE) == Breach(
        since=at(20),
        critical_from=None,
        until=None,
        evidence=(
            Evidence(
                "crm/date-20",
                at(20),
                "pushed from 2026-03-31 (fiscal Q1) to 2026-06-30 (fiscal Q2): 1 quarter lost",
            ),
        ),
        clears_when="the buyer agrees on a date back in the quarter that was lost, or the deal is closed",
    )


def test_it_opens_with_the_push_and_not_an_instant_before():
    found = rollover(*TO_JUNE)
    assert not found.holds_at(at(20) - TICK)
    assert found.holds_at(at(20))


def test_the_last_day_of_a_quarter_belongs_to_it():
    assert breach("quarter_rollover", created(0, close_date=on(10)), dated(29, day=5)) is None
    assert rollover(created(0, close_date=on(10)), dated(30, day=5)).since == at(5)


@pytest.mark.parametrize(
    "no_push",
    [dated(20, day=5), dated(29, day=5), dated(None, day=5), changed(5, amount=5), inbound(5)],
    ids=["pulled in", "the same date told again", "taken away", "another field", "a mail"],
)
def test_what_leaves_no_quarter_is_no_rollover(no_push):
    assert breach("quarter_rollover", IN_MARCH, no_push) is None


def test_the_first_date_leaves_no_quarter_however_late_it_comes():
    assert breach("quarter_rollover", created(0), dated(120, day=60)) is None


def test_pushes_within_a_quarter_are_none_however_many():
    within = (dated(50, day=5), dated(80, day=6), dated(120, day=7))
    assert breach("quarter_rollover", created(0, close_date=on(40)), *within) is None


def test_the_second_quarter_is_critical():
    found = rollover(*TO_JUNE, dated(212, day=100))
    assert (found.since, found.critical_from) == (at(20), at(100))
    assert [each.text.partition(": ")[2] for each in found.evidence] == ["1 quarter lost", "2 quarters lost"]


def test_a_push_over_a_whole_quarter_loses_two_at_once():
    found = rollover(IN_MARCH, dated(130, day=20))
    assert (found.since, found.critical_from) == (at(20), at(20))
    assert found.evidence[0].text.endswith("2 quarters lost")


def test_a_push_within_the_new_quarter_adds_nothing():
    assert rollover(*TO_JUNE, dated(110, day=21), dated(119, day=22)) == rollover(*TO_JUNE)


def test_a_date_that_comes_back_into_its_quarter_clears_it():
    back = (*TO_JUNE, dated(28, day=22))
    assert breach("quarter_rollover", *back) is None
    (past,) = findings("quarter_rollover", *back, day=25)
    assert (past.state, past.since, past.until) == ("resolved", at(20), at(22))


def test_a_date_that_comes_half_the_way_back_keeps_the_first_quarter_lost():
    found = rollover(IN_MARCH, dated(130, day=20), dated(120, day=22))
    assert (found.since, found.critical_from) == (at(20), None)


def test_a_quarter_that_is_lost_again_counts_from_then():
    found = rollover(*TO_JUNE, dated(28, day=22), dated(120, day=24))
    assert (found.since, found.critical_from) == (at(24), None)


def test_a_pull_in_below_it_and_a_push_out_again_is_one_rollover():
    found = rollover(*TO_JUNE, dated(212, day=30), dated(29, day=31), dated(120, day=32))
    assert (found.since, found.critical_from) == (at(32), None)
    assert [each.event for each in found.evidence] == ["crm/date-32"]


def test_a_date_that_is_taken_away_does_not_regain_the_quarter():
    assert rollover(*TO_JUNE, dated(None, day=22)) == rollover(*TO_JUNE)
    over_nothing = (IN_MARCH, dated(None, day=10), dated(120, day=22))
    assert rollover(*over_nothing).since == at(22)


def test_quarters_are_those_of_the_fiscal_year():
    fiscal = rules_for(fiscal_year_starts=2)
    # Q1 from February to April: the end of March and of April lie in one quarter
    assert breach("quarter_rollover", IN_MARCH, dated(59, day=20), rules=fiscal) is None
    assert rollover(IN_MARCH, dated(59, day=20)).since == at(20)
    found = rollover(IN_MARCH, dated(60, day=20), rules=fiscal)
    assert found.evidence[0].text.startswith("pushed from 2026-03-31 (fiscal Q1) to 2026-05-01 (fiscal Q2)")


def test_weekends_do_not_matter():
    assert rollover(IN_MARCH, dated(120, day=5)).since == at(5)


def test_pushes_told_in_any_order_and_twice_count_once_each():
    first, second = TO_JUNE
    third = dated(212, day=100)
    assert rollover(third, second, first, second) == rollover(first, second, third)


def test_a_pull_in_that_is_told_late_ends_it_when_it_was_made():
    late = (*TO_JUNE, dated(120, day=40), dated(29, day=30))
    past, now = findings("quarter_rollover", *late, day=50)
    assert (past.state, past.since, past.until) == ("resolved", at(20), at(30))
    assert (now.state, now.since, now.severity) == ("open", at(40), "warning")


def test_evidence_names_the_newest_pushes_only():
    many = [dated(29 + 91 * number, day=20 + number) for number in range(1, 12)]
    found = rollover(IN_MARCH, *many)
    assert (found.since, found.critical_from) == (at(21), at(22))
    assert len(found.evidence) == 8
    assert found.evidence[-1].event == "crm/date-31"


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"quarter_rollover": {"quarters": 2, "critical_quarters": 3}}})
    assert breach("quarter_rollover", *TO_JUNE, rules=rules) is None
    twice = (*TO_JUNE, dated(212, day=100))
    assert (rollover(*twice, rules=rules).since, rollover(*twice, rules=rules).critical_from) == (at(100), None)
    assert rollover(*twice, dated(220, day=110), rules=rules).critical_from == at(110)


def test_it_is_never_critical_before_it_is_a_finding():
    rules = Rules.of({"detectors": {"quarter_rollover": {"quarters": 2, "critical_quarters": 1}}})
    found = rollover(*TO_JUNE, dated(212, day=100), rules=rules)
    assert (found.since, found.critical_from) == (at(100), at(100))


def test_a_closed_deal_has_no_quarter_to_lose_and_a_reopened_one_has():
    assert breach("quarter_rollover", *TO_JUNE, lost(25)) is None
    assert rollover(*TO_JUNE, lost(25), reopened(40)).since == at(20)

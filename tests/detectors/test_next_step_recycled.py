"""The same step is dated anew."""

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
    findings,
    held,
    inbound,
    lost,
    next_step,
    on,
)


def recycled(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("next_step_recycled", *parts, rules=rules)
    assert found is not None
    return found


def step(words: str | None, planned: int, day: float, hour: int = 9) -> Event:
    return changed(day, hour, f"step-{day:g}", next_step=words, next_step_date=on(planned))


TWICE = (created(0), step("Send pricing", 7, day=1), next_step(14, day=7), next_step(21, day=14))


def test_the_second_re_dating_of_a_step_recycles_it():
    assert recycled(*TWICE) == Breach(
        since=at(14),
        critical_from=None,
        evidence=(
            Evidence("crm/step-1", at(1), "the next step: Send pricing"),
            Evidence("crm/next-step-7", at(7), f"first re-dating: from {on(7)} to {on(14)}"),
            Evidence("crm/next-step-14", at(14), f"second re-dating: from {on(14)} to {on(21)}"),
        ),
        clears_when="the step is taken or given up, and another one is named and dated",
    )


def test_it_opens_with_the_second_and_not_an_instant_before():
    found = recycled(*TWICE)
    assert not found.holds_at(at(14) - TICK)
    assert found.holds_at(at(14))


def test_one_re_dating_is_life():
    assert breach("next_step_recycled", *TWICE[:-1]) is None


def test_the_third_is_critical_and_does_not_move_the_start():
    found = recycled(*TWICE, next_step(28, day=21))
    assert (found.since, found.critical_from) == (at(14), at(21))
    again = recycled(*TWICE, next_step(28, day=21), next_step(35, day=28))
    assert (again.since, again.critical_from) == (at(14), at(21))


@pytest.mark.parametrize(
    "same",
    [step("Send pricing", 21, day=14), step("  send  PRICING ", 21, day=14)],
    ids=["the same words", "in another spelling"],
)
def test_words_that_are_told_again_name_the_same_step(same):
    assert recycled(*TWICE[:-1], same).since == at(14)


def test_another_step_is_a_new_beginning():
    assert breach("next_step_recycled", *TWICE[:-1], step("Call the CFO", 21, day=14)) is None
    assert breach("next_step_recycled", *TWICE, step("Call the CFO", 28, day=21)) is None
    assert breach("next_step_recycled", *TWICE, step("Call the CFO", 28, day=21), next_step(35, day=28)) is None
    anew = (step("Call the CFO", 28, day=21), next_step(35, day=28), next_step(42, day=35))
    assert recycled(*TWICE, *anew).since == at(35)


def test_a_step_that_comes_back_after_another_one_begins_anew():
    back = (step("Call the CFO", 21, day=14), step("Send pricing", 28, day=21), next_step(35, day=28))
    assert breach("next_step_recycled", *TWICE[:-1], *back) is None
    assert recycled(*TWICE[:-1], *back, next_step(42, day=35)).since == at(35)


def test_a_new_step_that_is_dated_a_moment_later_was_not_moved():
    named = (changed(14, next_step="Call the CFO"), next_step(21, day=14, hour=10), next_step(28, day=21))
    assert breach("next_step_recycled", *TWICE[:-1], *named) is None


@pytest.mark.parametrize(
    "no_move",
    [next_step(14, day=14), next_step(10, day=14), next_step(None, day=14), changed(14, amount=5), inbound(14)],
    ids=["the same date told again", "pulled in", "taken away", "another field", "a mail"],
)
def test_what_is_no_move_later_does_not_count(no_move):
    assert breach("next_step_recycled", *TWICE[:-1], no_move) is None


def test_a_date_that_is_taken_away_and_set_later_was_moved():
    found = recycled(*TWICE[:-1], next_step(None, day=10), next_step(21, day=14))
    assert found.since == at(14)
    assert found.evidence[-1].text == f"second re-dating: from {on(14)} to {on(21)}"


def test_steps_without_words_are_not_held_to_be_the_same():
    assert breach("next_step_recycled", created(0), next_step(7, 1), next_step(14, 7), next_step(21, 14)) is None
    assert breach("next_step_recycled", *TWICE, changed(20, next_step=None)) is None
    assert breach("next_step_recycled", *TWICE, changed(20, next_step=" ")) is None


def test_a_meeting_that_was_held_is_no_other_step():
    assert recycled(*TWICE, held(15)).since == at(14)


def test_evidence_names_the_newest_when_there_are_many():
    many = [next_step(day + 7, day=day) for day in range(7, 84, 7)]
    found = recycled(created(0), step("Send pricing", 7, day=1), *many)
    assert (found.since, found.critical_from) == (at(14), at(21))
    assert [each.event for each in found.evidence] == [
        "crm/step-1",
        *(f"crm/next-step-{day}" for day in range(35, 84, 7)),
    ]
    assert found.evidence[-1].text == f"11th re-dating: from {on(77)} to {on(84)}"


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"next_step_recycled": {"redatings": 1, "critical_redatings": 2}}})
    found = recycled(*TWICE, rules=rules)
    assert (found.since, found.critical_from) == (at(7), at(14))


def test_it_is_never_critical_before_it_is_a_finding():
    rules = Rules.of({"detectors": {"next_step_recycled": {"redatings": 2, "critical_redatings": 1}}})
    found = recycled(*TWICE, rules=rules)
    assert found.since == found.critical_from == at(14)


def test_a_closed_deal_recycles_nothing():
    assert breach("next_step_recycled", *TWICE, lost(20)) is None


def test_a_re_dating_that_is_told_late_moves_the_start():
    (now,) = findings("next_step_recycled", *TWICE, next_step(16, day=10), day=30)
    assert (now.since, now.critical_from) == (at(10), at(14))


def test_what_was_open_before_another_step_stays_told():
    (past,) = findings("next_step_recycled", *TWICE, step("Call the CFO", 28, day=21), day=30)
    assert (past.state, past.since, past.until) == ("resolved", at(14), at(21))

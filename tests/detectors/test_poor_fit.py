"""The wrong company."""

from datetime import timedelta

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
    inbound,
    lost,
    watched,
)


def poor_fit(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("poor_fit", *parts, rules=rules)
    assert found is not None
    return found


def fit(told: str | None, day: float, **account: str) -> Event:
    return changed(day, account={"fit": told, **account})


def test_the_fit_turning_poor_is_a_stall_at_once_and_never_critical():
    assert poor_fit(created(0), fit("good", 1), fit("poor", 5, name="Tiny Tools")) == Breach(
        since=at(5),
        evidence=(Evidence("crm/change-5", at(5), "Tiny Tools is a poor fit"),),
        clears_when="the deal is closed, or the account turns out to be a good fit after all",
    )


def test_it_opens_with_the_word_and_not_an_instant_before():
    assert not poor_fit(created(0), fit("poor", 5)).holds_at(at(5) - TICK)
    assert poor_fit(created(0), fit("poor", 5)).holds_at(at(5))


@pytest.mark.parametrize("told", ["good", "unknown", None])
def test_no_other_fit_is_held_against_it(told):
    assert breach("poor_fit", created(0), fit(told, 5)) is None
    assert breach("poor_fit", created(0), fit("poor", 4), fit(told, 5)) is None


def test_a_fit_that_nobody_told_is_not_poor():
    assert breach("poor_fit", created(0), inbound(50)) is None


def test_a_poor_fit_from_the_first_day_on_is_one():
    found = poor_fit(created(0, account={"fit": "poor"}))
    assert (found.since, found.evidence[0].text) == (at(0), "the account is a poor fit")


def test_to_say_it_again_or_to_rename_the_account_does_not_move_it():
    found = poor_fit(created(0), fit("poor", 5), fit("poor", 9), changed(10, account={"name": "Tiny Tools Ltd"}))
    assert (found.since, found.evidence[0].text) == (at(5), "Tiny Tools Ltd is a poor fit")


def test_another_account_clears_it():
    assert breach("poor_fit", created(0), fit("poor", 5), changed(6, account=None)) is None


def test_poor_again_is_a_new_start():
    assert poor_fit(created(0), fit("poor", 5), fit("good", 6), fit("poor", 12)).since == at(12)


def test_weekends_do_not_matter():
    assert poor_fit(created(0), fit("poor", 6)).since == at(6)


def test_the_threshold_is_that_of_the_rules():
    rules = Rules.of({"detectors": {"poor_fit": {"grace": "7d"}}})
    assert poor_fit(created(0), fit("poor", 5), rules=rules).since == at(5) + timedelta(days=7)


def test_a_closed_deal_has_let_go():
    assert breach("poor_fit", created(0), fit("poor", 5), lost(6)) is None


def test_a_correction_under_the_same_identity_takes_it_back():
    told = (created(0), changed(5, event_id="score", account={"fit": "poor"}))
    corrected = changed(6, event_id="score", account={"fit": "good"})
    assert [each.state for each in findings("poor_fit", *told, day=7)] == ["open"]
    grown = watched(*told).apply(corrected)
    assert [each for each in grown.answer(at(7)) if each.detector == "poor_fit"] == []


def test_a_word_that_comes_late_counts_from_its_own_day():
    (now,) = findings("poor_fit", created(0), inbound(20), fit("poor", 5), day=21)
    assert (now.state, now.since) == ("open", at(5))

"""The deal melts."""

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
    reopened,
)


def shrinking(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("amount_shrinking", *parts, rules=rules)
    assert found is not None
    return found


def worth(amount: float | None, day: float, **fields: object) -> Event:
    return changed(day, amount=amount, **fields)


BIG = created(0, amount=100_000, currency="EUR")


def test_a_fifth_under_its_peak_is_melting():
    assert shrinking(BIG, worth(80_000, 5)) == Breach(
        since=at(5),
        critical_from=None,
        evidence=(
            Evidence("crm/created-0", at(0), "its peak was 100,000 EUR"),
            Evidence("crm/change-5", at(5), "first cut, 20 % under its peak: from 100,000 to 80,000 EUR"),
        ),
        clears_when="what was cut comes back, or the smaller deal is confirmed by somebody with power and closed",
    )


def test_it_opens_with_the_cut_and_not_an_instant_before():
    assert not shrinking(BIG, worth(80_000, 5)).holds_at(at(5) - TICK)
    assert shrinking(BIG, worth(80_000, 5)).holds_at(at(5))


def test_a_smaller_cut_is_none_yet():
    assert breach("amount_shrinking", BIG, worth(80_001, 5)) is None


def test_the_second_cut_counts_however_small():
    found = shrinking(BIG, worth(99_000, 5), worth(98_000, 9))
    assert (found.since, found.critical_from) == (at(9), None)
    assert found.evidence[-1].text == "second cut, 2 % under its peak: from 99,000 to 98,000 EUR"


def test_further_cuts_do_not_move_it():
    assert shrinking(BIG, worth(80_000, 5), worth(70_000, 9), worth(60_000, 12)).since == at(5)


def test_half_of_its_peak_is_critical():
    assert shrinking(BIG, worth(50_001, 5)).critical_from is None
    assert shrinking(BIG, worth(50_000, 5)).critical_from == at(5)
    assert shrinking(BIG, worth(80_000, 5), worth(50_000, 9)).critical_from == at(9)
    assert shrinking(BIG, worth(80_000, 5), worth(40_000, 9), worth(60_000, 12)).critical_from is None


def test_nothing_at_all_is_a_hundred_per_cent_less():
    assert shrinking(BIG, worth(0, 5)).evidence[-1].text == ("first cut, 100 % under its peak: from 100,000 to 0 EUR")
    assert breach("amount_shrinking", created(0, amount=0), worth(0, 5), worth(10, 6)) is None


@pytest.mark.parametrize(
    "no_cut",
    [worth(120_000, 5), worth(100_000, 5), worth(None, 5), changed(5, stage="Demo"), inbound(5)],
    ids=["more", "the same told again", "taken away", "another field", "a mail"],
)
def test_what_is_no_cut_does_not_count(no_cut):
    assert breach("amount_shrinking", BIG, no_cut) is None
    assert breach("amount_shrinking", BIG, no_cut, worth(99_000, 6)) is None


def test_the_first_amount_is_no_cut():
    assert breach("amount_shrinking", created(0), worth(10_000, 5)) is None


def test_the_peak_is_the_highest_that_was_ever_told():
    found = shrinking(BIG, worth(200_000, 2), worth(150_000, 5))
    assert found.since == at(5)
    assert found.evidence[0].text == "its peak was 200,000 EUR"


def test_an_amount_that_comes_back_a_little_clears_a_single_cut():
    assert breach("amount_shrinking", BIG, worth(70_000, 5), worth(90_000, 9)) is None
    assert shrinking(BIG, worth(70_000, 5), worth(90_000, 9), worth(85_000, 12)).since == at(12)


def test_two_cuts_are_forgotten_when_it_is_back_at_its_peak():
    melted = (BIG, worth(99_000, 5), worth(98_000, 9))
    assert shrinking(*melted, worth(99_500, 12)).since == at(9)
    assert breach("amount_shrinking", *melted, worth(100_000, 12)) is None
    assert breach("amount_shrinking", *melted, worth(100_000, 12), worth(99_000, 14)) is None


def test_an_amount_that_was_taken_away_and_told_anew_is_compared_with_what_it_was():
    assert shrinking(BIG, worth(None, 5), worth(70_000, 9)).since == at(9)


def test_another_currency_is_a_new_start():
    assert breach("amount_shrinking", BIG, worth(50_000, 5, currency="USD")) is None
    assert breach("amount_shrinking", BIG, worth(99_000, 3), worth(50_000, 5, currency="USD")) is None
    found = shrinking(BIG, changed(4, currency="USD"), worth(70_000, 5))
    assert (found.since, found.evidence[0].text) == (at(5), "its peak was 100,000 USD")


def test_a_currency_that_is_told_later_is_no_other():
    assert shrinking(created(0, amount=100_000), changed(2, currency="EUR"), worth(70_000, 5)).since == at(5)


def test_weekends_do_not_matter():
    assert shrinking(BIG, worth(70_000, 6)).since == at(6)


def test_evidence_names_the_peak_and_the_newest_seven_cuts():
    found = shrinking(BIG, *(worth(100_000 - day, day) for day in range(1, 12)))
    assert found.since == at(2)
    assert [each.event for each in found.evidence] == ["crm/created-0", *(f"crm/change-{day}" for day in range(5, 12))]


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"amount_shrinking": {"cuts": 3, "percent": 30, "critical_percent": 40}}})
    assert breach("amount_shrinking", BIG, worth(90_000, 3), worth(80_000, 5), rules=rules) is None
    found = shrinking(BIG, worth(70_000, 5), worth(60_000, 9), rules=rules)
    assert (found.since, found.critical_from) == (at(5), at(9))


def test_a_closed_deal_does_not_melt_and_a_reopened_one_still_does():
    assert breach("amount_shrinking", BIG, worth(70_000, 5), lost(6)) is None
    assert shrinking(BIG, worth(70_000, 5), lost(6), reopened(9)).since == at(5)


def test_a_cut_that_is_told_late_makes_the_next_one_the_second():
    assert findings("amount_shrinking", BIG, worth(90_000, 9), day=10) == []
    (now,) = findings("amount_shrinking", BIG, worth(90_000, 9), worth(95_000, 5), day=10)
    assert (now.state, now.since) == ("open", at(9))


def test_what_was_open_before_it_came_back_stays_told():
    (past,) = findings("amount_shrinking", BIG, worth(70_000, 5), worth(110_000, 9), day=10)
    assert (past.state, past.since, past.until) == ("resolved", at(5), at(9))

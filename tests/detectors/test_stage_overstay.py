"""Longer in the stage than won deals were."""

from datetime import timedelta

import pytest

from detectors.core.assessment import assess
from detectors.core.baselines import Baseline
from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    at,
    changed,
    created,
    deal,
    entered,
    findings,
    held,
    inbound,
    lost,
    on,
    reply,
)

# won deals were twenty days in Proposal, and too few of them in Demo to say how long
WON = Baseline(wins=12, cycle=timedelta(days=60), stages={"proposal": timedelta(days=20)})


def overstay_or_none(*parts: Event | Answer, rules: Rules = RULES, baseline: Baseline | None = WON) -> Breach | None:
    return assess(deal(*parts, rules=rules).given(baseline)).get("stage_overstay")


def overstay(*parts: Event | Answer, rules: Rules = RULES, baseline: Baseline | None = WON) -> Breach:
    found = overstay_or_none(*parts, rules=rules, baseline=baseline)
    assert found is not None
    return found


def test_it_may_stay_half_as_long_again_as_won_deals_did():
    assert overstay(entered("Demo", 0), entered("Proposal", 7)) == Breach(
        since=at(37),
        critical_from=at(47),
        evidence=(
            Evidence("crm/stage-7", at(7), f"in Proposal since {on(7)}; 12 won deals took 20.0 days there (median)"),
        ),
        clears_when="the deal leaves Proposal: forward, back to where it belongs, or closed",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = overstay(entered("Proposal", 7))
    assert not found.holds_at(at(37) - TICK)
    assert found.holds_at(at(37))


@pytest.mark.parametrize("stage", ["PROPOSAL", " proposal "])
def test_stages_are_the_same_whatever_their_case(stage):
    assert overstay(entered(stage, 7)).since == at(37)


@pytest.mark.parametrize(
    ("stage", "baseline"), [("Proposal", None), ("Demo", WON), ("Legal", WON)], ids=["no wins", "too few", "unknown"]
)
def test_without_a_median_thirty_days_are_allowed(stage, baseline):
    found = overstay(entered(stage, 7), baseline=baseline)
    assert (found.since, found.critical_from) == (at(37), at(67))
    assert found.evidence[0].text == f"in {stage} since {on(7)}; 30 days are allowed there"


def test_a_stage_that_winners_leave_in_hours_is_measured_in_hours():
    quick = Baseline(wins=10, cycle=timedelta(days=9), stages={"demo": timedelta(hours=8)})
    found = overstay(entered("Demo", 0), baseline=quick)
    assert (found.since, found.critical_from) == (at(0, hour=21), at(1, hour=1))
    assert found.evidence[0].text.endswith("10 won deals took 0.3 days there (median)")


def test_without_a_stage_nothing_is_overstayed():
    assert overstay_or_none(created(0)) is None
    assert overstay_or_none(entered("Proposal", 0), entered(None, 5)) is None


def test_another_stage_is_another_clock():
    assert overstay(entered("Demo", 0), entered("Proposal", 50)).since == at(80)
    assert overstay(entered("Proposal", 0), entered("Demo", 25), entered("Proposal", 28)).since == at(58)


def test_a_stage_that_is_told_again_was_entered_once():
    assert overstay(entered("Proposal", 7), changed(20, stage="Proposal", amount=5)).since == at(37)


def test_traffic_does_not_move_it():
    assert overstay(entered("Proposal", 7), inbound(30), reply(31), held(32)).since == at(37)


def test_weekends_count():
    assert overstay(entered("Proposal", 5)).since == at(35)


def test_the_thresholds_are_those_of_the_rules():
    thresholds = {"factor": 2, "critical_factor": 3, "without_baseline": "10d"}
    rules = Rules.of({"detectors": {"stage_overstay": thresholds}})
    found = overstay(entered("Proposal", 0), rules=rules)
    assert (found.since, found.critical_from) == (at(40), at(60))
    found = overstay(entered("Proposal", 0), rules=rules, baseline=None)
    assert (found.since, found.critical_from) == (at(10), at(30))


def test_it_is_never_critical_before_it_is_a_finding():
    rules = Rules.of({"detectors": {"stage_overstay": {"factor": 4}}})
    found = overstay(entered("Proposal", 0), rules=rules)
    assert found.since == found.critical_from == at(80)


def test_a_closed_deal_overstays_nothing():
    assert overstay_or_none(entered("Proposal", 0), lost(50)) is None


def test_a_stage_that_was_left_in_time_and_told_late_was_not_overstayed():
    stays = (entered("Proposal", 0), inbound(40))
    assert [each.state for each in findings("stage_overstay", *stays, day=41)] == ["open"]
    (ahead,) = findings("stage_overstay", *stays, entered("Negotiation", 29), day=41)
    assert (ahead.state, ahead.since) == ("pending", at(59))


def test_what_was_open_before_it_moved_on_stays_told():
    past, ahead = findings("stage_overstay", entered("Proposal", 0), entered("Negotiation", 40), day=41)
    assert (past.state, past.since, past.until) == ("resolved", at(30), at(40))
    assert (ahead.state, ahead.since) == ("pending", at(70))

"""Too little time for the stages left. Won deals took ten days in each stage, twenty in the last."""

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
    breach,
    changed,
    created,
    dated,
    deal,
    end_of,
    entered,
    inbound,
    lost,
    on,
    rules_for,
)

TEN, TWENTY = timedelta(days=10), timedelta(days=20)
WON = Baseline(12, timedelta(days=50), {"discovery": TEN, "demo": TEN, "proposal": TEN, "negotiation": TWENTY})


def judged(*parts: Event | Answer, baseline: Baseline | None = WON, rules: Rules = RULES) -> Breach | None:
    return assess(deal(*parts, rules=rules).given(baseline)).get("close_date_unrealistic")


def unrealistic(*parts: Event | Answer, baseline: Baseline = WON, rules: Rules = RULES) -> Breach:
    found = judged(*parts, baseline=baseline, rules=rules)
    assert found is not None
    return found


IN_DEMO = entered("Demo", 0, close_date=on(60))


def test_it_is_the_close_date_less_what_won_deals_took_for_the_stages_left():
    assert unrealistic(entered("Demo", 0), dated(60, day=3)) == Breach(
        since=end_of(30),
        critical_from=end_of(45),
        until=None,
        evidence=(
            Evidence("crm/stage-0", at(0), "it came to Demo: won deals took 30 days for the 2 stages left"),
            Evidence("crm/date-3", at(3), f"to close by {on(60)}: won deals took 30 days for the 2 stages left"),
        ),
        clears_when="the close date is one that leaves time for the stages left, or the deal gets through them",
    )


def test_it_opens_at_that_moment_and_not_an_instant_before():
    found = unrealistic(IN_DEMO)
    assert not found.holds_at(end_of(30) - TICK)
    assert found.holds_at(end_of(30))


def test_without_a_baseline_it_is_silent():
    assert judged(IN_DEMO, baseline=None) is None
    assert breach("close_date_unrealistic", IN_DEMO) is None


def test_it_is_silent_where_the_baseline_lacks_one_of_the_stages_left():
    half = Baseline(12, timedelta(days=50), {"demo": TEN, "negotiation": TWENTY})
    assert judged(IN_DEMO, baseline=half) is None
    assert unrealistic(entered("Proposal", 0, close_date=on(60)), baseline=half).since == end_of(40)


@pytest.mark.parametrize(
    "unknown",
    [
        entered("Demo", 0),
        created(0, close_date=on(60)),
        entered("Parked", 0, close_date=on(60)),
        entered("Negotiation", 0, close_date=on(60)),
    ],
    ids=["no close date", "no stage", "a stage that the rules do not know", "no stage is left"],
)
def test_where_nothing_is_known_or_left_it_is_silent(unknown):
    assert judged(unknown) is None


def test_a_stage_advanced_leaves_more_time():
    assert unrealistic(IN_DEMO, entered("Proposal", 25)).since == end_of(40)
    assert judged(IN_DEMO, entered("Negotiation", 25)) is None


def test_a_stage_lost_leaves_less():
    found = unrealistic(IN_DEMO, entered("Discovery", 25))
    # forty days would have been needed from day 20 on, but it came there on day 25
    assert (found.since, found.critical_from) == (at(25), end_of(40))


def test_a_date_that_is_pulled_in_too_far_makes_it_so():
    found = unrealistic(IN_DEMO, dated(20, day=8))
    assert (found.since, found.critical_from) == (at(8), at(8))


def test_a_push_that_is_far_enough_clears_it():
    assert unrealistic(IN_DEMO, dated(90, day=40)).since == end_of(60)


def test_a_push_that_is_not_far_enough_keeps_the_start():
    pushed = unrealistic(IN_DEMO, dated(65, day=40))
    assert (pushed.since, pushed.critical_from) == (end_of(30), end_of(50))
    assert unrealistic(IN_DEMO, dated(65, day=40), dated(62, day=48)).since == end_of(30)


def test_what_was_realistic_in_between_begins_anew():
    found = unrealistic(IN_DEMO, dated(90, day=40), dated(60, day=45))
    assert found.since == at(45)


def test_a_date_that_was_taken_away_in_between_begins_anew():
    assert unrealistic(IN_DEMO, dated(None, day=40), dated(60, day=45)).since == at(45)


def test_a_new_deal_has_a_day_to_get_a_real_date():
    hasty = unrealistic(entered("Demo", 0, close_date=on(2)))
    assert (hasty.since, hasty.critical_from) == (at(1), at(1))
    # a Saturday: Monday's first moment and a day
    assert unrealistic(entered("Demo", 5, close_date=on(7))).since == at(8, hour=0)


def test_the_close_date_ends_in_the_owners_zone():
    found = unrealistic(IN_DEMO, rules=rules_for(time_zone="Europe/Berlin"))
    # summer time since day 27: the last moment of May 1st is two hours earlier in UTC
    assert found.since == end_of(30) - timedelta(hours=2)


def test_the_newest_of_date_and_stage_is_told_last():
    found = unrealistic(IN_DEMO, entered("Proposal", 25))
    assert [each.event for each in found.evidence] == ["crm/stage-0", "crm/stage-25"]
    assert found.evidence[-1].text == "it came to Proposal: won deals took 20 days for the stage left"


def test_a_late_word_of_the_date_changes_it():
    assert judged(IN_DEMO, inbound(35), dated(90, day=20)) == unrealistic(IN_DEMO, dated(90, day=20), inbound(35))


def test_other_words_do_not_move_it():
    assert unrealistic(IN_DEMO, changed(40, amount=5), dated(60, day=41), inbound(42)).since == end_of(30)


def test_the_thresholds_are_those_of_the_rules():
    own = {"share": 1.5, "critical_share": 1.0, "new_deal_business_days": 20}
    rules = Rules.of({**RULES.file.model_dump(exclude_unset=True), "detectors": {"close_date_unrealistic": own}})
    found = unrealistic(IN_DEMO, rules=rules)
    # fifteen days before it would be so: the new deal's time is not over
    assert (found.since, found.critical_from) == (at(28), end_of(30))


def test_it_is_never_critical_before_it_is_a_finding():
    own = {"share": 0.5, "critical_share": 1.0}
    rules = Rules.of({**RULES.file.model_dump(exclude_unset=True), "detectors": {"close_date_unrealistic": own}})
    found = unrealistic(IN_DEMO, rules=rules)
    assert (found.since, found.critical_from) == (end_of(45), end_of(45))


def test_a_closed_deal_needs_no_time():
    assert judged(IN_DEMO, lost(40)) is None

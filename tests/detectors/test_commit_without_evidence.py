"""Forecast as sure, with the evidence missing."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    at,
    booked,
    breach,
    changed,
    created,
    dated,
    end_of,
    entered,
    findings,
    held,
    inbound,
    on,
    outbound,
    person,
    rules_for,
    won,
)

BOSS = "boss@them.example"
# an executive was met; their last sign is on day 2, a Wednesday
MET = (created(0), person(BOSS, 0, title="CFO"), inbound(2, sender=BOSS))


def no_evidence(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("commit_without_evidence", *parts, rules=rules)
    assert found is not None
    return found


def sure(category: str | None, day: float) -> Event:
    return changed(day, event_id=f"forecast-{day:g}", forecast_category=category)


def test_a_commit_without_an_executive_from_the_moment_it_is_told():
    assert no_evidence(created(0), inbound(2), sure("commit", 7)) == Breach(
        since=at(7),
        critical_from=at(16),
        evidence=(
            Evidence("crm/created-0", at(0), "the deal began, and nobody with power was ever met"),
            Evidence("gmail/inbound-2", at(2), "the buyer's last sign: their mail 'pricing'"),
            Evidence(
                "crm/forecast-7",
                at(7),
                f"forecast as commit without an executive met (from {on(1)}), a sign of the buyer (from {on(16)})",
            ),
        ),
        clears_when="there is an executive met and a sign of the buyer, or the forecast goes down to pipeline",
    )


def test_it_opens_at_that_moment_and_not_an_instant_before():
    found = no_evidence(created(0), sure("commit", 7))
    assert not found.holds_at(at(7) - TICK)
    assert found.holds_at(at(7))


@pytest.mark.parametrize("category", ["omitted", "pipeline", "closed", None])
def test_what_is_not_called_sure_needs_no_evidence(category):
    assert breach("commit_without_evidence", created(0), sure(category, 7)) is None
    assert breach("commit_without_evidence", created(0), sure("commit", 7), sure(category, 8)) is None
    assert breach("commit_without_evidence", created(0), outbound(20)) is None


def test_a_new_deal_has_a_business_day_to_meet_an_executive():
    assert no_evidence(created(0, forecast_category="commit")).since == at(1)
    assert no_evidence(created(4, forecast_category="commit")).since == at(7)


def test_with_all_the_evidence_it_waits_for_the_buyer_to_fall_silent():
    found = no_evidence(*MET, sure("commit", 7))
    assert (found.since, found.critical_from) == (at(16), None)
    assert [each.state for each in findings("commit_without_evidence", *MET, sure("commit", 7), day=15)] == ["pending"]


def test_every_two_way_touch_moves_the_silence_and_our_own_chasing_does_not():
    assert no_evidence(*MET, sure("commit", 7), held(9)).since == at(23)
    assert no_evidence(*MET, sure("commit", 7), outbound(9)).since == at(16)


def test_a_step_that_was_agreed_holds_the_silence():
    assert no_evidence(*MET, sure("commit", 7), booked(8, starts=28)).since == at(29)


def test_past_its_date():
    found = no_evidence(*MET, dated(10, day=3), sure("commit", 7))
    assert (found.since, found.critical_from) == (end_of(10), at(16))
    assert no_evidence(
        *MET,
        dated(10, day=3),
        dated(40, day=9),
        sure(
            "commit",
            9,
        ),
    ).since == at(16)


def test_called_sure_when_it_was_past_its_date_already():
    assert no_evidence(*MET, dated(3, day=1), sure("best_case", 7)).since == at(7)


def test_without_a_date_none_is_past():
    assert "close date" not in no_evidence(*MET, sure("commit", 7)).clears_when


def test_a_commit_with_two_pieces_missing_is_critical_and_a_best_case_is_not():
    missing = (created(0), dated(3, day=0))
    assert no_evidence(*missing, sure("commit", 7)).critical_from == at(7)
    assert no_evidence(*missing, sure("best_case", 7)).critical_from is None


def test_best_case_that_becomes_commit_keeps_its_start_and_turns_critical():
    found = no_evidence(created(0), dated(3, day=0), sure("best_case", 7), sure("commit", 9))
    assert (found.since, found.critical_from) == (at(7), at(9))
    back = no_evidence(created(0), dated(3, day=0), sure("commit", 7), sure("best_case", 9))
    assert (back.since, back.critical_from) == (at(7), None)
    assert back.evidence[-1].text.startswith("forecast as best case without")


def test_called_sure_anew_is_a_new_start():
    assert no_evidence(created(0), sure("commit", 7), sure("pipeline", 8), sure("commit", 11)).since == at(11)


def test_an_executive_who_is_met_clears_it():
    missing = (created(0), sure("commit", 7), person(BOSS, 7, title="CFO"))
    assert no_evidence(*missing, inbound(8, sender=BOSS)).since == at(22)
    (past, ahead) = findings("commit_without_evidence", *missing, inbound(8, sender=BOSS), day=9)
    assert (past.state, past.since, past.until) == ("resolved", at(7), at(8))
    assert ahead.state == "pending"


def test_weekends_and_holidays_do_not_count():
    easter = (created(0), person(BOSS, 0, title="CFO"), inbound(28, sender=BOSS), sure("commit", 29))
    assert no_evidence(*easter).since == at(42)
    # Good Friday and Easter Monday
    assert no_evidence(*easter, rules=rules_for(holidays="DE")).since == at(44)


def test_the_thresholds_are_those_of_the_rules():
    settings = {"silent_business_days": 5, "executive_business_days": 10, "critical_missing": 1}
    rules = Rules.of({"organization": {"domains": ["us.example"]}, "detectors": {"commit_without_evidence": settings}})
    found = no_evidence(created(0), sure("commit", 1), rules=rules)
    assert (found.since, found.critical_from) == (at(7), at(7))
    assert no_evidence(created(0), inbound(8), sure("commit", 1), rules=rules).since == at(14)


def test_three_pieces_may_be_asked_for():
    rules = Rules.of({"detectors": {"commit_without_evidence": {"critical_missing": 3}}})
    assert no_evidence(created(0), sure("commit", 7), rules=rules).critical_from is None
    assert no_evidence(created(0), dated(3, day=0), sure("commit", 7), rules=rules).critical_from == at(14)


def test_a_won_deal_needs_no_evidence():
    assert breach("commit_without_evidence", created(0), sure("commit", 7), won(8)) is None


def test_a_talk_that_is_told_late_takes_it_back():
    told = (created(0), person(BOSS, 0, title="CFO"), sure("commit", 7), entered("Demo", 9))
    assert [each.state for each in findings("commit_without_evidence", *told, day=9)] == ["open"]
    late = findings("commit_without_evidence", *told, inbound(2, sender=BOSS), day=9)
    assert [each.state for each in late] == ["pending"]

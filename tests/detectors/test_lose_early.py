"""Stop investing, or qualify anew."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from detectors.lose_early import LoseEarly
from tests.detectors.builders import (
    RULES,
    STAGES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    changed,
    created,
    deal,
    entered,
    findings,
    inbound,
    lost,
    on,
    person,
    rules_for,
)

BOSS = "boss@them.example"


def critical(day: float, since: float = 0, until: float | None = None, text: str = "a fact") -> Breach:
    return Breach(
        since=at(since),
        critical_from=at(day),
        until=None if until is None else at(until),
        evidence=(Evidence("crm/fact", at(since), text),),
        clears_when="somebody acts",
    )


def judged(*parts: Event | Answer, verdict: LoseEarly | None = None, **breaches: Breach) -> Breach | None:
    return (verdict or LoseEarly()).judge(deal(*parts or (created(0),)), breaches)


def test_two_families_critical_for_twenty_business_days():
    assert judged(gone_quiet=critical(2, text="silent"), no_budget=critical(7, since=1, text="no money")) == Breach(
        since=at(35),
        critical_from=at(63),
        evidence=(
            Evidence("crm/fact", at(0), f"critical from {on(2)}: The buyer has gone quiet (silent)"),
            Evidence("crm/fact", at(1), f"critical from {on(7)}: Nobody said there is money (no money)"),
        ),
        clears_when="somebody with power meets us or the need turns critical; else the deal is closed as lost",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = judged(gone_quiet=critical(2), no_budget=critical(7))
    assert found is not None
    assert not found.holds_at(at(35) - TICK)
    assert found.holds_at(at(35))


def test_one_family_alone_is_no_verdict():
    assert judged(gone_quiet=critical(2)) is None
    assert judged(no_budget=critical(2), no_compelling_need=critical(2), no_deadline=critical(2)) is None


def test_what_never_turns_critical_does_not_count():
    mild = Breach(at(0), (Evidence("crm/fact", at(0), "a fact"),), "somebody acts")
    assert judged(gone_quiet=critical(2), poor_fit=mild) is None


def test_the_first_of_each_family_is_named_and_a_third_does_not_move_it():
    breaches = {"no_deadline": critical(7), "no_budget": critical(6), "gone_quiet": critical(2)}
    found, more = judged(**breaches), judged(**breaches, stage_regression=critical(9))
    assert found is not None
    assert [each.text.partition(": ")[2].partition(" (")[0] for each in found.evidence] == [
        "The buyer has gone quiet",
        "Nobody said there is money",
    ]
    assert more == found


def test_it_ends_when_one_of_the_two_does():
    found = judged(gone_quiet=critical(0, until=50), no_budget=critical(0))
    assert found is not None
    assert (found.since, found.critical_from, found.until) == (at(28), None, at(50))


def test_two_that_meet_too_briefly_are_no_verdict():
    assert judged(gone_quiet=critical(0, until=28), no_budget=critical(0)) is None
    assert judged(gone_quiet=critical(0, until=30), no_budget=critical(30)) is None


def test_families_that_take_turns_count_as_one_time():
    found = judged(gone_quiet=critical(0, until=20), no_budget=critical(0), reply_only=critical(15))
    assert found is not None
    assert (found.since, found.until) == (at(28), None)


def test_a_time_that_is_over_gives_way_to_the_next():
    breaches = {
        "gone_quiet": critical(0, until=30),
        "no_budget": critical(0),
        "reply_only": critical(50),
    }
    early, later = judged(**breaches), judged(created(0), inbound(40), **breaches)
    assert early is not None
    assert later is not None
    assert (early.since, early.until) == (at(28), at(30))
    assert (later.since, later.until) == (at(78), None)


def test_who_met_an_executive_or_has_a_critical_need_goes_on():
    breaches = {"gone_quiet": critical(2), "no_budget": critical(7)}
    met = (created(0), person(BOSS, 0, title="CEO"), inbound(1, sender=BOSS))
    assert judged(*met, **breaches) is None
    assert judged(*met[:2], **breaches) is not None
    assert judged(created(0), changed(1, need="critical"), **breaches) is None
    assert judged(created(0), changed(1, need="important"), **breaches) is not None


def test_a_need_that_grew_cold_counts_from_that_day_on():
    cold = (created(0), changed(1, need="critical"), changed(45, need="important"))
    found = judged(*cold, gone_quiet=critical(2), no_budget=critical(7))
    assert found is not None
    assert (found.since, found.critical_from) == (at(45), at(63))


def test_weekends_and_holidays_do_not_count():
    # both from a Saturday on, which counts from Monday's first moment; behind it Good Friday and Easter Monday
    breaches = {"gone_quiet": critical(5), "no_budget": critical(5)}
    everywhere = LoseEarly().judge(deal(created(0)), breaches)
    in_germany = LoseEarly().judge(deal(created(0), rules=rules_for(holidays="DE")), breaches)
    assert everywhere is not None
    assert in_germany is not None
    assert (everywhere.since, in_germany.since) == (at(35, hour=0), at(37, hour=0))


def test_the_thresholds_are_those_of_the_rules():
    strict = LoseEarly(families=3, warn_business_days=5, critical_business_days=10)
    two = {"gone_quiet": critical(0), "no_budget": critical(0)}
    assert judged(verdict=strict, **two) is None
    found = judged(verdict=strict, **two, reply_only=critical(0))
    assert found is not None
    assert (found.since, found.critical_from) == (at(7), at(14))


# -- with what the other detectors really find

LATE = entered("Proposal", 0, close_date=on(30))


def test_a_late_deal_without_need_or_executive_is_better_lost_early():
    # both turn critical on day 7: the need can wait, and the close date is near with nobody of power met
    found = breach("lose_early", LATE)
    assert found is not None
    assert (found.since, found.critical_from) == (at(35), at(63))
    assert [each.text.partition(" (")[0] for each in found.evidence] == [
        f"critical from {on(7)}: No compelling need",
        f"critical from {on(7)}: Nobody with power was met",
    ]


def test_rules_that_silence_one_of_the_two_leave_the_other():
    silence = {
        "organization": {"domains": ["us.example"]},
        "pipelines": {"default": {"stages": STAGES}},
        "overrides": [{"when": {}, "disable": ["no_executive_contact"]}],
    }
    found = breach("lose_early", LATE, rules=Rules.of(silence))
    assert found is None or found.since > at(35)


@pytest.mark.parametrize("day", [20, 34])
def test_a_need_that_turns_critical_in_time_saves_it(day):
    assert findings("lose_early", LATE, changed(day, need="critical"), day=90) == []


def test_one_that_does_so_later_leaves_the_past_told():
    (past,) = findings("lose_early", LATE, changed(40, need="critical"), day=90)
    assert (past.state, past.severity, past.since, past.until) == ("resolved", "warning", at(35), at(40))


def test_a_closed_deal_is_lost_already():
    assert breach("lose_early", LATE, lost(10), rules=RULES) is None

"""Older than won deals get."""

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
    booked,
    created,
    dated,
    deal,
    entered,
    findings,
    held,
    inbound,
    lost,
    next_step,
    on,
    reopened,
    reply,
    won,
)

WON = Baseline(wins=14, cycle=timedelta(days=60), stages={})


def overrun_or_none(*parts: Event | Answer, rules: Rules = RULES, baseline: Baseline | None = WON) -> Breach | None:
    return assess(deal(*parts, rules=rules).given(baseline)).get("cycle_overrun")


def overrun(*parts: Event | Answer, rules: Rules = RULES, baseline: Baseline | None = WON) -> Breach:
    found = overrun_or_none(*parts, rules=rules, baseline=baseline)
    assert found is not None
    return found


def test_it_may_get_half_as_old_again_as_won_deals_did():
    assert overrun(created(0)) == Breach(
        since=at(90),
        critical_from=at(120),
        evidence=(
            Evidence("crm/created-0", at(0), f"the deal began on {on(0)}; 14 won deals took 60.0 days (median)"),
        ),
        clears_when="the deal is won, or given up as lost",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = overrun(created(0))
    assert not found.holds_at(at(90) - TICK)
    assert found.holds_at(at(90))


def test_without_a_baseline_a_hundred_and_twenty_days_are_allowed():
    found = overrun(created(0), baseline=None)
    assert (found.since, found.critical_from) == (at(120), at(240))
    assert found.evidence[0].text == f"the deal began on {on(0)}; 120 days are allowed"


def test_a_deal_begins_with_the_crms_first_word_of_it():
    assert overrun(inbound(0), created(3)).since == at(93)
    assert overrun(inbound(0), inbound(3)).since == at(90)


@pytest.mark.parametrize(
    "something",
    [
        (inbound(80), reply(81)),
        (held(80),),
        (booked(80, starts=99),),
        (next_step(99, day=80),),
        (dated(99, day=80),),
        (entered("Negotiation", 80),),
        (lost(50), reopened(70)),
    ],
    ids=["mails", "meeting", "meeting ahead", "next step", "close date", "stage", "lost and reopened"],
)
def test_nothing_makes_it_younger(something):
    assert overrun(created(0), *something).since == at(90)


def test_a_closed_deal_has_no_age():
    assert overrun_or_none(created(0), won(95)) is None
    assert overrun_or_none(created(0), lost(95)) is None


def test_the_thresholds_are_those_of_the_rules():
    thresholds = {"factor": 2, "critical_factor": 3, "without_baseline": "100d"}
    rules = Rules.of({"detectors": {"cycle_overrun": thresholds}})
    found = overrun(created(0), rules=rules)
    assert (found.since, found.critical_from) == (at(120), at(180))
    found = overrun(created(0), rules=rules, baseline=None)
    assert (found.since, found.critical_from) == (at(100), at(300))


def test_it_is_never_critical_before_it_is_a_finding():
    rules = Rules.of({"detectors": {"cycle_overrun": {"factor": 3}}})
    found = overrun(created(0), rules=rules)
    assert found.since == found.critical_from == at(180)


def test_a_creation_that_is_told_late_makes_it_older():
    (now,) = findings("cycle_overrun", created(30), inbound(140), day=141)
    assert (now.state, now.since) == ("pending", at(150))
    (now,) = findings("cycle_overrun", created(30), inbound(140), created(10), day=141)
    assert (now.state, now.since) == ("open", at(130))


def test_what_was_open_before_it_was_won_stays_told():
    (past,) = findings("cycle_overrun", created(0), won(130), day=131)
    assert (past.state, past.since, past.until) == ("resolved", at(120), at(130))

"""Nobody with power was met."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    COLLEAGUE,
    REP,
    RULES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    call,
    created,
    dated,
    end_of,
    entered,
    findings,
    held,
    inbound,
    lost,
    no_show,
    on,
    outbound,
    person,
    reopened,
    rules_for,
    won,
    word,
)

BOSS = "boss@them.example"
POWER = {
    "economic buyer": {"roles": ["economic_buyer"]},
    "decision maker": {"roles": ["influencer", "decision_maker"]},
    "executive sponsor": {"roles": ["executive_sponsor"]},
    "the CRM says executive": {"executive": True},
    "by title": {"title": "Chief Financial Officer"},
    "by a German title": {"title": "Geschäftsführerin"},
    "role before the CRM's field": {"roles": ["economic_buyer"], "executive": False},
    "the CRM's field before the title": {"title": "Clerk", "executive": True},
}
NO_POWER = {
    "unknown": {},
    "champion": {"roles": ["champion", "end_user", "procurement", "legal", "influencer", "other"]},
    "the CRM says no executive": {"executive": False},
    "the CRM's field before the title": {"title": "Chief Financial Officer", "executive": False},
    "by title": {"title": "Purchasing Clerk"},
    "works for power": {"title": "Executive Assistant to the CEO"},
}


def nobody_met(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("no_executive_contact", *parts, rules=rules)
    assert found is not None
    return found


def test_a_month_without_anybody_of_power_is_a_finding():
    # day 30 is a Wednesday, so is day 51
    assert nobody_met(created(0), inbound(3)) == Breach(
        since=at(30),
        critical_from=at(51),
        until=None,
        evidence=(
            Evidence("gmail/inbound-3", at(3), "1 person met, none with power to decide"),
            Evidence("crm/created-0", at(0), f"the deal is 30 days old on {on(30)}"),
        ),
        clears_when="someone who decides writes, meets us or takes a call: an executive, economic buyer or sponsor",
    )


def test_it_opens_at_the_age_and_not_an_instant_before():
    found = nobody_met(created(0))
    assert not found.holds_at(at(30) - TICK)
    assert found.holds_at(at(30))


def test_five_business_days_in_the_later_stages_come_before_that():
    found = nobody_met(entered("Discovery", 0), inbound(1), entered("Proposal", 3))
    assert (found.since, found.critical_from) == (at(10), at(24))
    assert found.evidence[-1] == Evidence("crm/stage-3", at(3), "it came to the later stages: Proposal")


def test_a_late_stage_after_a_month_does_not_put_it_off():
    assert nobody_met(entered("Discovery", 0), entered("Proposal", 40)).since == at(30)


def test_the_later_stages_count_from_the_first_of_them():
    on_and_on = (entered("Discovery", 0), entered("Proposal", 3), entered("Negotiation", 8))
    assert nobody_met(*on_and_on).since == at(10)


def test_who_falls_back_and_returns_counts_from_the_return():
    there_again = (entered("Proposal", 0), entered("Demo", 2), entered("Negotiation", 14))
    assert nobody_met(*there_again).since == at(21)
    assert nobody_met(entered("Proposal", 0), entered("Demo", 2)).since == at(30)


@pytest.mark.parametrize(
    ("stages", "late"),
    [
        (["a", "b", "c", "d"], {"c", "d"}),
        (["a", "b", "c", "d", "e"], {"d", "e"}),
        (["a", "b"], {"b"}),
        (["a", "b", "c"], {"c"}),
        (["a"], set()),
    ],
)
def test_late_is_from_half_of_the_stages_on_rounded_up(stages, late):
    rules = Rules.of({"organization": {"domains": ["us.example"]}, "pipelines": {"default": {"stages": stages}}})
    for stage in stages:
        expected = at(7) if stage in late else at(30)
        assert nobody_met(entered(stage, 0), rules=rules).since == expected, stage


def test_stages_are_those_of_the_deals_own_pipeline_whatever_their_case():
    rules = Rules.of({"pipelines": {"default": {"stages": ["x", "y"]}, "renewals": {"stages": ["Talk", "Sign"]}}})
    assert nobody_met(entered(" SIGN ", 0, pipeline="renewals"), rules=rules).since == at(7)
    assert nobody_met(entered("y", 0, pipeline="unheard of"), rules=rules).since == at(7)


def test_a_stage_that_the_rules_do_not_know_is_not_late():
    assert nobody_met(entered("Parked", 0)).since == at(30)
    assert nobody_met(entered("Proposal", 0), rules=Rules()).since == at(30)


def test_a_stage_that_was_entered_on_a_sunday_counts_from_monday():
    assert nobody_met(entered("Proposal", 6, hour=15)).since == at(14, hour=0)


def test_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    assert nobody_met(entered("Proposal", 31)).since == at(38)
    assert nobody_met(entered("Proposal", 31), rules=rules_for(holidays="DE")).since == at(42)


def test_it_is_critical_thirty_days_before_the_close_date():
    found = nobody_met(created(0), dated(70, day=1))
    assert (found.since, found.critical_from) == (at(30), end_of(40))


def test_it_is_critical_from_the_start_where_the_close_date_is_near():
    found = nobody_met(created(0), dated(45, day=1))
    assert (found.since, found.critical_from) == (at(30), at(30))


def test_a_far_close_date_does_not_put_off_what_is_critical_by_itself():
    assert nobody_met(created(0), dated(300, day=1)).critical_from == at(51)


MEETINGS = {
    "they write": inbound(5, sender=BOSS),
    "they meet us": held(5, attendees=[REP, BOSS]),
    "they invite us": held(5, organizer=BOSS, attendees=[REP]),
    "they take our call": call(5, to=BOSS, connected=True),
    "they call": call(5, to=BOSS, direction="inbound", connected=True),
}


@pytest.mark.parametrize("met", MEETINGS.values(), ids=MEETINGS)
def test_every_way_to_meet_power_clears_it(met):
    assert breach("no_executive_contact", created(0), person(BOSS, title="CEO"), met) is None


NOT_MET = {
    "only written to": outbound(5, to=BOSS),
    "only copied by a user": inbound(5, cc=[BOSS]),
    "did not come": no_show(5, attendees=[REP, BOSS]),
    "did not take our call": call(5, to=BOSS, connected=False),
    "answered by a machine": inbound(5, sender=BOSS, automatic=True),
    "never mentioned": inbound(5),
}


@pytest.mark.parametrize("not_met", NOT_MET.values(), ids=NOT_MET)
def test_power_that_was_not_met_does_not(not_met):
    assert nobody_met(created(0), person(BOSS, title="CEO"), not_met).since == at(30)


@pytest.mark.parametrize("fields", POWER.values(), ids=POWER)
def test_power_is_told_by_role_by_the_crm_or_by_title(fields):
    assert breach("no_executive_contact", created(0), inbound(1), person(BUYER, **fields)) is None


@pytest.mark.parametrize("fields", NO_POWER.values(), ids=NO_POWER)
def test_others_have_no_power(fields):
    assert nobody_met(created(0), inbound(1), person(BUYER, **fields)).since == at(30)


def test_what_the_crm_takes_back_counts_no_longer():
    said = (created(0), inbound(1), person(BUYER, 2, executive=True))
    assert breach("no_executive_contact", *said) is None
    assert nobody_met(*said, person(BUYER, 3, executive=False)).since == at(30)
    assert nobody_met(*said, person(BUYER, 3, executive=None)).since == at(30)


def test_our_own_executives_do_not_count():
    ours = (person(COLLEAGUE, title="CEO"), held(5, attendees=[REP, COLLEAGUE, BUYER]))
    assert nobody_met(created(0), *ours).since == at(30)


def test_people_are_counted_in_the_evidence_with_the_newest_of_them():
    met = (inbound(1), held(3, attendees=[REP, BUYER, "user@them.example"]))
    assert nobody_met(created(0), *met).evidence[0] == Evidence(
        "calendar/held-3", at(3), "2 people met, none with power to decide"
    )


def test_the_summary_says_why_it_is_time():
    (young,) = findings("no_executive_contact", created(0), inbound(1), day=2)
    assert young.summary == f"Nobody with power was met (the deal is 30 days old on {on(30)})"
    (late,) = findings("no_executive_contact", entered("Proposal", 0), inbound(1), day=2)
    assert late.summary == "Nobody with power was met (it came to the later stages: Proposal)"


def test_power_that_was_invited_was_met_where_nobody_says_who_came():
    invited = (word("booked", 1, attendees=[REP, BOSS]), word("held", 9))
    assert breach("no_executive_contact", created(0), person(BOSS, title="CEO"), *invited) is None


def test_the_thresholds_are_those_of_the_rules():
    own = {"late_stage_business_days": 0, "age": "10d", "critical_business_days": 1, "critical_before_close": "0s"}
    rules = Rules.of({"detectors": {"no_executive_contact": own}, "pipelines": {"default": {"stages": ["a", "b"]}}})
    assert nobody_met(entered("b", 0), rules=rules).since == at(0)
    found = nobody_met(entered("a", 0), dated(20, day=1), rules=rules)
    assert (found.since, found.critical_from) == (at(10), at(11))


def test_a_closed_deal_needs_nobody():
    assert breach("no_executive_contact", created(0), won(40)) is None


def test_meeting_power_ends_the_finding():
    (past,) = findings("no_executive_contact", created(0), person(BOSS, title="CEO"), inbound(37, sender=BOSS), day=40)
    assert (past.state, past.since, past.until) == ("resolved", at(30), at(37))


def test_learning_late_that_the_person_has_power_ends_it_when_it_was_said():
    (past,) = findings("no_executive_contact", created(0), inbound(1), person(BUYER, 37, title="CEO"), day=40)
    assert (past.state, past.until) == ("resolved", at(37))


def test_the_time_that_a_deal_was_closed_does_not_count():
    life = (created(0), lost(20), reopened(50))
    found = nobody_met(*life)
    assert (found.since, found.critical_from) == (at(80), at(80) + (at(101) - at(80)))
    assert found.evidence == (Evidence("crm/reopened-50", at(50), f"it was taken up 30 days before {on(80)}"),)
    late = nobody_met(entered("Proposal", 0), lost(20), reopened(51))
    assert (late.since, late.critical_from) == (at(58), at(72))

"""Friendly users, no buyers."""

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
    created,
    entered,
    findings,
    held,
    inbound,
    no_show,
    outbound,
    person,
    rules_for,
    won,
)

BOSS = "boss@them.example"
USERS = (created(0), person(BUYER, name="Nina Hart", roles=["end_user"]), inbound(1))


def users(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("users_only", *parts, rules=rules)
    assert found is not None
    return found


def test_five_business_days_in_the_later_stages_with_users_only_are_a_finding():
    assert users(*USERS, entered("Proposal", 3)) == Breach(
        since=at(10),
        critical_from=at(24),
        until=None,
        evidence=(
            Evidence("crm/stage-3", at(3), "it came to the later stages: Proposal"),
            Evidence("gmail/inbound-1", at(1), "met Nina Hart, and nobody who buys"),
        ),
        clears_when="somebody who buys takes part: an executive, who decides, pays or sponsors, or procurement",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = users(*USERS, entered("Proposal", 3))
    assert not found.holds_at(at(10) - TICK)
    assert found.holds_at(at(10))


def test_in_the_earlier_stages_users_are_welcome():
    assert breach("users_only", *USERS, entered("Demo", 3)) is None
    assert breach("users_only", *USERS) is None


def test_without_anybody_met_there_are_no_users():
    assert breach("users_only", created(0), outbound(1), entered("Proposal", 3)) is None


BUYERS = {
    "economic buyer": {"roles": ["economic_buyer"]},
    "decision maker": {"roles": ["end_user", "decision_maker"]},
    "executive sponsor": {"roles": ["executive_sponsor"]},
    "procurement": {"roles": ["procurement"]},
    "procurement by title": {"title": "Leiter Einkauf"},
    "an executive": {"title": "CFO"},
    "the CRM says executive": {"executive": True},
}
NO_BUYERS = {
    "unknown": {},
    "other roles": {"roles": ["champion", "influencer", "end_user", "legal", "other"]},
    "a role that says otherwise": {"title": "Leiter Einkauf", "roles": ["end_user"]},
    "a title without power": {"title": "Nurse"},
    "the CRM says no executive": {"title": "CFO", "executive": False},
}


@pytest.mark.parametrize("fields", BUYERS.values(), ids=BUYERS)
def test_a_buyer_who_was_ever_met_is_enough(fields):
    buyer = (person(BOSS, **fields), inbound(2, sender=BOSS))
    assert breach("users_only", *USERS, *buyer, entered("Proposal", 90)) is None


@pytest.mark.parametrize("fields", NO_BUYERS.values(), ids=NO_BUYERS)
def test_others_are_no_buyers(fields):
    assert users(*USERS, person(BOSS, **fields), inbound(2, sender=BOSS), entered("Proposal", 3)).since == at(10)


@pytest.mark.parametrize(
    "not_met",
    [outbound(5, to=BOSS), inbound(5, cc=[BOSS]), no_show(5, attendees=[REP, BOSS])],
    ids=["only written to", "only copied", "did not come"],
)
def test_a_buyer_who_was_not_met_is_not(not_met):
    assert users(*USERS, person(BOSS, title="CEO"), entered("Proposal", 3), not_met).since == at(10)


def test_our_own_buyers_do_not_count():
    ours = (person(COLLEAGUE, title="CEO"), held(2, attendees=[REP, COLLEAGUE, BUYER]))
    assert users(*USERS, *ours, entered("Proposal", 3)).since == at(10)


def test_people_are_counted_with_the_newest_of_them():
    met = held(5, attendees=[REP, "user@them.example", "other@them.example"])
    found = users(*USERS, entered("Proposal", 3), met)
    assert found.evidence[-1].text == "met user and 2 others, and nobody who buys"


def test_the_later_stages_count_from_the_first_of_them_and_from_a_return():
    assert users(*USERS, entered("Proposal", 3), entered("Negotiation", 8)).since == at(10)
    assert users(*USERS, entered("Proposal", 3), entered("Demo", 4), entered("Proposal", 14)).since == at(21)


def test_weekends_and_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    assert users(*USERS, entered("Proposal", 31)).since == at(38)
    assert users(*USERS, entered("Proposal", 31), rules=rules_for(holidays="DE")).since == at(42)
    assert users(*USERS, entered("Proposal", 6)).since == at(14, hour=0)


def test_meeting_a_buyer_ends_the_finding():
    met = (person(BOSS, title="CEO"), entered("Proposal", 3), inbound(15, sender=BOSS))
    (past,) = findings("users_only", *USERS, *met, day=20)
    assert (past.state, past.since, past.until) == ("resolved", at(10), at(15))


def test_a_buyer_of_whom_we_learn_late_retracts_it():
    late = (person(BOSS, title="CEO"), entered("Proposal", 3), inbound(15), inbound(5, sender=BOSS))
    assert findings("users_only", *USERS, *late, day=20) == []


def test_the_thresholds_are_those_of_the_rules():
    own = {"warn_business_days": 2, "critical_business_days": 1}
    rules = Rules.of({**RULES.file.model_dump(exclude_unset=True), "detectors": {"users_only": own}})
    found = users(*USERS, entered("Proposal", 7), rules=rules)
    assert (found.since, found.critical_from) == (at(9), at(9))


def test_a_closed_deal_needs_nobody():
    assert breach("users_only", *USERS, entered("Proposal", 3), won(40)) is None

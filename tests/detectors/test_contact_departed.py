"""A key person left."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    REP,
    RULES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    call,
    created,
    findings,
    held,
    inbound,
    lost,
    no_show,
    outbound,
    person,
    reopened,
)

BOSS, NEXT, USER = "boss@them.example", "next@them.example", "user@them.example"


def departed(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("contact_departed", *parts, rules=rules)
    assert found is not None
    return found


# a champion and a user were met, and the champion leaves
CHAMPION = (
    created(0),
    person(BUYER, 1, name="Nina Hart", title="Head of IT", roles=["champion"]),
    inbound(1, hour=10),
    inbound(2, sender=USER),
)
GONE = (*CHAMPION, person(BUYER, 10, left=True))


def test_a_champion_who_leaves_is_a_finding_at_once():
    assert departed(*GONE) == Breach(
        since=at(10),
        critical_from=None,
        until=None,
        evidence=(Evidence("crm/person-buyer-10", at(10), "Nina Hart (Head of IT) left: the champion"),),
        clears_when="somebody new on their side writes, meets us or takes a call, or another takes over as champion",
    )


def test_it_opens_with_the_change_and_not_an_instant_before():
    found = departed(*GONE)
    assert not found.holds_at(at(10) - TICK)
    assert found.holds_at(at(10))


def test_those_who_are_there_are_no_finding():
    assert breach("contact_departed", *CHAMPION) is None
    assert breach("contact_departed", *CHAMPION, person(BUYER, 10, left=False)) is None


KEY = {
    "economic buyer": {"roles": ["economic_buyer"]},
    "decision maker": {"roles": ["end_user", "decision_maker"]},
    "executive sponsor": {"roles": ["executive_sponsor"]},
    "an executive": {"title": "CEO"},
    "the CRM says executive": {"executive": True},
}


@pytest.mark.parametrize("fields", KEY.values(), ids=KEY)
def test_who_has_power_or_a_role_that_matters_is_a_key_person(fields):
    found = departed(created(0), inbound(2, sender=USER), person(BOSS, 3, **fields), person(BOSS, 10, left=True))
    assert (found.since, found.critical_from) == (at(10), None)


@pytest.mark.parametrize(
    "fields",
    [{}, {"roles": ["influencer", "end_user", "procurement", "legal", "other"]}, {"title": "Nurse"}],
    ids=["unknown", "other roles", "a title without power"],
)
def test_others_may_leave(fields):
    both = (inbound(2, sender=USER), inbound(3, sender=BOSS))
    assert breach("contact_departed", created(0), *both, person(BOSS, 4, **fields), person(BOSS, 10, left=True)) is None


def test_the_only_one_whom_we_met_is_critical_whoever_it_is():
    found = departed(created(0), inbound(1), outbound(2, to=USER), person(BUYER, 10, left=True))
    assert (found.since, found.critical_from) == (at(10), at(10))
    assert found.evidence[0].text == "buyer left: the last one there whom we had met"
    assert found.clears_when == "somebody new on their side writes, meets us or takes a call"


def test_of_several_whom_we_met_the_last_to_leave_makes_it_critical():
    found = departed(*GONE, person(USER, 14, left=True))
    assert (found.since, found.critical_from) == (at(10), at(14))
    assert [each.event for each in found.evidence] == ["crm/person-buyer-10", "crm/person-user-14"]


def test_users_who_leave_one_after_the_other_count_with_the_last():
    two = (created(0), inbound(1), inbound(2, sender=USER), person(BUYER, 10, left=True), person(USER, 14, left=True))
    assert breach("contact_departed", *two[:-1]) is None
    assert (departed(*two).since, departed(*two).critical_from) == (at(14), at(14))


def test_several_key_people_count_from_the_first():
    boss = (person(BOSS, 3, title="CEO"), person(BOSS, 20, left=True))
    assert departed(*GONE, *boss).since == at(10)
    assert [each.event for each in departed(*GONE, *boss).evidence] == ["crm/person-buyer-10", "crm/person-boss-20"]


@pytest.mark.parametrize(
    "met",
    [inbound(12, sender=NEXT), held(12, attendees=[REP, USER, NEXT]), call(12, to=NEXT, connected=True)],
    ids=["they write", "they meet us", "they take our call"],
)
def test_somebody_new_whom_we_meet_clears_it(met):
    assert breach("contact_departed", *GONE, met) is None


def test_somebody_new_to_whom_we_had_written_before_is_new():
    assert breach("contact_departed", *CHAMPION, outbound(5, to=NEXT), *GONE[-1:], inbound(12, sender=NEXT)) is None


@pytest.mark.parametrize(
    "not_new",
    [
        inbound(12, sender=USER),
        outbound(12, to=NEXT),
        no_show(12, attendees=[REP, NEXT]),
        inbound(12),
        person(NEXT, 12, title="CEO"),
    ],
    ids=["the user writes again", "we write", "they do not come", "the one who left writes", "a contact is told"],
)
def test_who_is_not_new_or_not_met_does_not(not_new):
    assert departed(*GONE, not_new).since == at(10)


def test_another_who_takes_the_role_clears_it():
    assert breach("contact_departed", *GONE, person(USER, 12, roles=["champion"])) is None
    assert departed(*GONE, person(USER, 12, roles=["legal"])).since == at(10)
    assert departed(*GONE, person(USER, 12, roles=["champion"]), person(USER, 15, left=True)).since == at(10)


def test_another_who_had_the_role_all_along_is_no_loss():
    assert breach("contact_departed", *CHAMPION, person(USER, 3, roles=["champion"]), *GONE[-1:]) is None


def test_each_of_the_roles_must_be_filled():
    both = (created(0), inbound(2, sender=USER), person(BOSS, 3, roles=["champion", "economic_buyer", "end_user"]))
    gone = (*both, person(BOSS, 10, left=True))
    found = departed(*gone, person(USER, 12, roles=["champion"]))
    assert found.evidence[0].text == "boss left: the champion and economic buyer"
    assert breach("contact_departed", *gone, person(USER, 12, roles=["champion", "economic_buyer"])) is None


@pytest.mark.parametrize("told", [{"left": True, "roles": []}, {"left": True, "roles": None}])
def test_a_role_that_is_taken_from_those_who_left_was_theirs(told):
    assert departed(*CHAMPION, person(BUYER, 10, **told)).evidence[0].text.endswith("left: the champion")
    assert departed(*GONE, person(BUYER, 12, roles=[])).since == at(10)


def test_a_role_that_was_somebodys_long_ago_is_not_theirs():
    demoted = (*CHAMPION, person(BUYER, 5, roles=["end_user"]), person(BUYER, 10, left=True))
    assert breach("contact_departed", *demoted) is None


def test_somebody_of_whom_we_only_hear_that_they_left_is_none():
    assert breach("contact_departed", *CHAMPION, person(BOSS, 10, title="CEO", left=True)) is None
    met = inbound(3, sender=BOSS)
    assert departed(*CHAMPION, met, person(BOSS, 10, title="CEO", left=True)).since == at(10)


def test_who_comes_back_ends_the_finding():
    (past,) = findings("contact_departed", *GONE, person(BUYER, 12, left=False), day=15)
    assert (past.state, past.since, past.until) == ("resolved", at(10), at(12))


def test_a_departure_on_a_sunday_counts_from_that_sunday():
    assert departed(*CHAMPION, person(BUYER, 6, left=True)).since == at(6)


def test_somebody_new_of_whom_we_learn_late_ends_it_when_they_were_met():
    (past,) = findings("contact_departed", *GONE, inbound(20), inbound(12, sender=NEXT), day=25)
    assert (past.state, past.since, past.until) == ("resolved", at(10), at(12))


def test_told_in_any_order_and_twice_it_is_the_same():
    assert departed(GONE[-1], *reversed(CHAMPION), *GONE) == departed(*GONE)


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of(
        {**RULES.file.model_dump(exclude_unset=True), "detectors": {"contact_departed": {"critical_met": 1}}}
    )
    assert departed(*GONE, rules=rules).critical_from == at(10)


def test_a_closed_deal_loses_nobody_and_a_reopened_one_has():
    assert breach("contact_departed", *GONE, lost(20)) is None
    assert departed(*GONE, lost(20), reopened(30)).since == at(10)

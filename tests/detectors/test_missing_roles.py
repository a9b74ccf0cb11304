"""A role that is needed by now is nobody's."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    REP,
    RULES,
    STAGES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    created,
    entered,
    findings,
    inbound,
    lost,
    person,
)

BOSS = "boss@them.example"
ROLES = {"Demo": ["champion"], "Proposal": ["economic_buyer", "champion"]}


def asking(**more: object) -> Rules:
    organization = {"domains": ["us.example"], **more.pop("organization", {})}  # type: ignore[dict-item]
    return Rules.of(
        {"organization": organization, "pipelines": {"default": {"stages": STAGES, "roles": ROLES}}, **more}
    )


ASKING = asking()


def missing(*parts: Event | Answer, rules: Rules = ASKING) -> Breach:
    found = breach("missing_roles", *parts, rules=rules)
    assert found is not None
    return found


def test_a_role_that_nobody_has_five_business_days_into_the_stage_is_a_finding():
    assert missing(created(0), entered("Demo", 3)) == Breach(
        since=at(10),
        critical_from=at(24),
        until=None,
        evidence=(Evidence("crm/stage-3", at(3), "it came to Demo, and nobody is the champion"),),
        clears_when="a contact who is there has the role of champion",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = missing(created(0), entered("Demo", 3))
    assert not found.holds_at(at(10) - TICK)
    assert found.holds_at(at(10))


def test_before_the_stage_that_asks_for_it_nothing_is_missing():
    assert breach("missing_roles", entered("Discovery", 0), rules=ASKING) is None
    assert breach("missing_roles", created(0), rules=ASKING) is None
    assert breach("missing_roles", entered("Parked", 0), rules=ASKING) is None


def test_where_the_rules_ask_for_nobody_nothing_is_missing():
    assert breach("missing_roles", entered("Negotiation", 0), rules=RULES) is None


def test_whoever_has_the_role_fills_it():
    assert breach("missing_roles", entered("Demo", 0), person(BUYER, 1, roles=["champion"]), rules=ASKING) is None


@pytest.mark.parametrize(
    "other",
    [
        person(BUYER, 1, roles=["end_user"]),
        person(BUYER, 1, title="CEO"),
        person(BUYER, 1, roles=["champion"], left=True),
        inbound(1),
    ],
    ids=["another role", "a title", "somebody who has left", "somebody without a role"],
)
def test_who_does_not_have_it_does_not(other):
    assert missing(created(0), other, entered("Demo", 3)).since == at(10)


def test_a_stage_that_was_jumped_over_asks_too():
    found = missing(entered("Discovery", 0), entered("Negotiation", 3))
    assert found.since == at(10)
    assert found.evidence == (
        Evidence("crm/stage-3", at(3), "it came to Negotiation, and nobody is the champion"),
        Evidence("crm/stage-3", at(3), "it came to Negotiation, and nobody is the economic buyer"),
    )
    assert found.clears_when == "a contact who is there has the role of champion and of economic buyer"


def test_the_role_that_has_been_missing_longest_sets_the_start():
    found = missing(entered("Demo", 3), entered("Proposal", 20))
    assert found.since == at(10)
    assert [each.text for each in found.evidence] == [
        "it came to Demo, and nobody is the champion",
        "it came to Proposal, and nobody is the economic buyer",
    ]
    filled = missing(entered("Demo", 3), entered("Proposal", 21), person(BUYER, 22, roles=["champion"]))
    assert (filled.since, len(filled.evidence)) == (at(28), 1)


def test_who_falls_back_and_returns_counts_from_the_return():
    assert missing(entered("Demo", 0), entered("Discovery", 2), entered("Demo", 14)).since == at(21)


def test_a_role_that_was_lost_counts_from_its_loss():
    named = (entered("Demo", 0), person(BUYER, 1, name="Nina Hart", roles=["champion"]))
    gone = missing(*named, person(BUYER, 28, left=True))
    assert (gone.since, gone.critical_from) == (at(35), at(49))
    assert gone.evidence == (
        Evidence("crm/person-buyer-28", at(28), "Nina Hart is no longer the champion, and nobody else is"),
    )
    assert missing(*named, person(BUYER, 28, roles=["legal"])).since == at(35)
    assert missing(*named, person(BUYER, 28, roles=None)).since == at(35)


def test_a_role_that_was_lost_before_the_stage_asked_for_it_counts_from_the_stage():
    early = (created(0), person(BUYER, 1, roles=["champion"]), person(BUYER, 2, left=True))
    found = missing(*early, entered("Demo", 7))
    assert (found.since, found.evidence[0].event) == (at(14), "crm/stage-7")


def test_of_several_who_had_it_the_last_one_counts():
    two = (
        entered("Demo", 0),
        person(BUYER, 1, roles=["champion"]),
        person(BOSS, 2, roles=["champion"]),
        person(BOSS, 21, left=True),
    )
    assert breach("missing_roles", *two, rules=ASKING) is None
    assert missing(*two, person(BUYER, 28, left=True)).since == at(35)


def test_who_comes_back_has_it_again():
    back = (person(BUYER, 1, roles=["champion"]), person(BUYER, 7, left=True), person(BUYER, 8, left=False))
    assert breach("missing_roles", entered("Demo", 0), *back, rules=ASKING) is None


def test_weekends_and_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    german = asking(organization={"holidays": "DE"})
    assert missing(entered("Demo", 31)).since == at(38)
    assert missing(entered("Demo", 31), rules=german).since == at(42)
    assert missing(entered("Demo", 6)).since == at(14, hour=0)


def test_naming_somebody_ends_the_finding():
    (past,) = findings("missing_roles", entered("Demo", 0), person(BUYER, 9, roles=["champion"]), day=12, rules=ASKING)
    assert (past.state, past.since, past.until) == ("resolved", at(7), at(9))


def test_a_role_of_which_we_learn_late_retracts_it():
    late = (entered("Demo", 0), inbound(10, to=REP), person(BUYER, 3, roles=["champion"]))
    assert findings("missing_roles", *late, day=12, rules=ASKING) == []


def test_the_thresholds_are_those_of_the_rules():
    own = {"warn_business_days": 2, "critical_business_days": 1}
    found = missing(entered("Demo", 0), rules=asking(detectors={"missing_roles": own}))
    assert (found.since, found.critical_from) == (at(2), at(2))


def test_a_closed_deal_misses_nobody():
    assert breach("missing_roles", entered("Demo", 0), lost(20), rules=ASKING) is None

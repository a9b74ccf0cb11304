"""Offered before an executive, need and budget were known."""

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    RULES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    call,
    changed,
    created,
    document,
    findings,
    held,
    inbound,
    lost,
    outbound,
    person,
)

NEED = changed(1, event_id="need", need="important")
BUDGET = changed(1, event_id="budget", budget="confirmed")
BOSS = (person(BUYER, 1, title="CFO"), inbound(2))


def premature(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("premature_proposal", *parts, rules=rules)
    assert found is not None
    return found


def test_a_proposal_that_goes_out_before_the_budget_is_confirmed_is_premature():
    assert premature(created(0), NEED, *BOSS, document(5)) == Breach(
        since=at(5),
        critical_from=None,
        evidence=(Evidence("docs/proposal-sent-5", at(5), "proposal sent with no budget confirmed"),),
        clears_when="the budget is confirmed",
    )


def test_with_all_three_missing_it_is_critical():
    found = premature(created(0), document(5))
    assert found.since == found.critical_from == at(5)
    assert found.evidence[0].text == "proposal sent with no executive met, the need unknown, no budget confirmed"
    assert found.clears_when == "an executive is met, the need is known, the budget is confirmed"


def test_it_opens_with_the_sending_and_not_an_instant_before():
    found = premature(created(0), document(5))
    assert not found.holds_at(at(5) - TICK)
    assert found.holds_at(at(5))


def test_with_all_three_known_it_is_timely():
    assert breach("premature_proposal", created(0), NEED, BUDGET, *BOSS, document(5)) is None


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ((NEED, BUDGET), "no executive met"),
        ((BUDGET, *BOSS), "the need unknown"),
        ((NEED,), "no executive met, no budget confirmed"),
        (BOSS, "the need unknown, no budget confirmed"),
    ],
)
def test_it_names_what_is_missing(known, missing):
    found = premature(created(0), *known, document(5))
    assert found.evidence[0].text == f"proposal sent with {missing}"
    assert found.critical_from is None


@pytest.mark.parametrize(
    "not_known",
    [
        (changed(2, need="unknown"),),
        (changed(2, budget="none"),),
        (changed(2, budget="unknown"),),
        (person(BUYER, 2, title="CFO"), outbound(3)),
        (person(BUYER, 2, title="CFO"), call(3, connected=False)),
        (inbound(2),),
    ],
    ids=["need unknown", "no budget", "budget unknown", "executive written to", "executive missed", "clerk writes"],
)
def test_what_is_not_enough(not_known):
    assert premature(created(0), *not_known, document(5)).critical_from == at(5)


@pytest.mark.parametrize("meets", [inbound(2), held(2), call(2, connected=True)], ids=["writes", "meets", "talks"])
@pytest.mark.parametrize("power", [{"title": "CFO"}, {"roles": ["economic_buyer"]}, {"executive": True}])
def test_one_who_decides_and_was_met_is_an_executive(power, meets):
    assert breach("premature_proposal", created(0), NEED, BUDGET, person(BUYER, 1, **power), meets, document(5)) is None


def test_what_is_learned_afterwards_makes_up_for_it_when_it_is_all():
    late_need, late_budget = changed(8, need="critical"), changed(9, budget="confirmed")
    part = premature(created(0), *BOSS, document(5), late_need)
    assert (part.since, part.clears_when) == (at(5), "the budget is confirmed")
    (past,) = findings("premature_proposal", created(0), *BOSS, document(5), late_need, late_budget, day=10)
    assert (past.state, past.since, past.until) == ("resolved", at(5), at(9))


def test_an_executive_who_is_met_afterwards_makes_it_less_than_critical():
    found = premature(created(0), document(5), person(BUYER, 6, title="CFO"), inbound(7))
    assert (found.since, found.critical_from) == (at(5), None)


def test_what_was_known_when_it_was_sent_and_is_forgotten_does_not_count():
    forgotten = (changed(9, budget="unknown"), changed(10, need=None))
    assert breach("premature_proposal", created(0), NEED, BUDGET, *BOSS, document(5), *forgotten) is None


def test_what_was_learned_afterwards_and_is_forgotten_does_not_count_either():
    learned = (changed(8, budget="confirmed"), changed(10, budget="unknown"))
    assert breach("premature_proposal", created(0), NEED, *BOSS, document(5), *learned) is None
    assert premature(document(1), created(3)).critical_from == at(1)


def test_what_is_noted_with_the_sending_was_known():
    with_it = changed(5, need="important", budget="confirmed")
    assert breach("premature_proposal", created(0), *BOSS, with_it, document(5)) is None


def test_sending_it_again_does_not_move_it():
    assert premature(created(0), document(5), document(9)).since == at(5)
    assert premature(created(0), document(5), document(9, name="offer 2")).since == at(5)


def test_a_sending_for_which_all_was_made_up_counts_no_more():
    known, unknown = changed(6, budget="confirmed"), changed(8, budget="unknown")
    again = premature(created(0), NEED, *BOSS, BUDGET, document(5), unknown, document(9, name="offer 2"))
    assert again.since == at(9)
    assert breach("premature_proposal", created(0), NEED, *BOSS, document(5), known) is None


def test_a_quote_is_a_proposal():
    assert premature(created(0), document(5, kind="quote")).evidence[0].text.startswith("quote sent with")


@pytest.mark.parametrize(
    "other",
    [document(5, kind="contract"), document(5, kind="other"), document(5, "viewed"), outbound(5)],
    ids=["contract", "other", "viewed", "mail"],
)
def test_nothing_else_is_an_offer(other):
    assert breach("premature_proposal", created(0), other) is None


def test_weekends_do_not_matter():
    assert premature(created(0), document(6)).since == at(6)


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"premature_proposal": {"missing": 2, "critical_missing": 2}}})
    assert breach("premature_proposal", created(0), NEED, *BOSS, document(5), rules=rules) is None
    assert premature(created(0), NEED, document(5), rules=rules).critical_from == at(5)


def test_a_closed_deal_is_not_premature():
    assert breach("premature_proposal", created(0), document(5), lost(9)) is None


def test_what_is_told_late_takes_it_back():
    sent = (created(0), *BOSS, NEED, document(5))
    assert [each.state for each in findings("premature_proposal", *sent, day=9)] == ["open"]
    assert findings("premature_proposal", *sent, BUDGET, day=9) == []

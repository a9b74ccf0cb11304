"""The deal has no close date, no amount or no contact."""

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
    changed,
    created,
    dated,
    findings,
    held,
    inbound,
    on,
    outbound,
    person,
    rules_for,
    won,
)


def missing(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("missing_fields", *parts, rules=rules)
    assert found is not None
    return found


COMPLETE = (created(0, close_date=on(60), amount=50_000), person(BUYER, 1))


def test_a_deal_without_anything_is_a_finding_after_a_week():
    assert missing(created(0)) == Breach(
        since=at(7),
        critical_from=at(21),
        until=None,
        evidence=(Evidence("crm/created-0", at(0), "no close date, no amount, no contact since the deal began"),),
        clears_when="the deal has what it lacks: close date, amount, contact",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = missing(created(0))
    assert not found.holds_at(at(7) - TICK)
    assert found.holds_at(at(7))


def test_a_complete_deal_lacks_nothing():
    assert breach("missing_fields", *COMPLETE) is None


@pytest.mark.parametrize(
    ("parts", "lacks"),
    [
        ((created(0, amount=5), person(BUYER, 1)), "close date"),
        ((created(0, close_date=on(60)), person(BUYER, 1)), "amount"),
        ((created(0, close_date=on(60), amount=5),), "contact"),
        ((created(0, close_date=None, amount=5), person(BUYER, 1)), "close date"),
    ],
    ids=["no close date", "no amount", "no contact", "an empty close date"],
)
def test_one_of_them_is_enough(parts, lacks):
    found = missing(*parts)
    assert found.since == at(7)
    assert found.evidence == (Evidence("crm/created-0", at(0), f"no {lacks} since the deal began"),)
    assert found.clears_when == f"the deal has what it lacks: {lacks}"


def test_it_says_nothing_of_what_is_filled_in_in_the_meantime():
    filled = missing(created(0), changed(3, amount=5), person(BUYER, 4))
    assert (filled.since, filled.evidence[0].text) == (at(7), "no close date since the deal began")


@pytest.mark.parametrize("known", [person(BUYER, 2), inbound(2), outbound(2), held(2)])
def test_whom_the_crm_names_or_a_touch_shows_is_a_contact(known):
    assert breach("missing_fields", created(0, close_date=on(60), amount=5), known) is None


def test_our_own_people_are_no_contacts():
    ours = held(2, attendees=[REP, COLLEAGUE])
    assert missing(created(0, close_date=on(60), amount=5), ours).clears_when.endswith(": contact")


def test_an_amount_of_nothing_is_an_amount():
    assert breach("missing_fields", created(0, close_date=on(60), amount=0), person(BUYER, 1)) is None


def test_what_is_taken_away_counts_from_that_day():
    found = missing(*COMPLETE, dated(None, day=30))
    assert (found.since, found.critical_from) == (at(37), at(51))
    assert found.evidence == (Evidence("crm/date-30", at(30), "no close date any more: taken away"),)


def test_what_was_missing_first_sets_the_start():
    found = missing(created(0, close_date=on(60)), person(BUYER, 1), dated(None, day=30))
    assert found.since == at(7)
    assert [each.text for each in found.evidence] == [
        "no amount since the deal began",
        "no close date any more: taken away",
    ]


def test_weekends_and_holidays_are_no_days_to_fill_it_in():
    # Good Friday is day 32, Easter Monday day 35
    assert missing(created(5)).since == at(14, hour=0)
    assert missing(created(31), rules=rules_for(holidays="DE")).since == at(42)


def test_filling_it_in_ends_the_finding():
    filled = (created(0), changed(9, amount=5, close_date=on(60)), person(BUYER, 10))
    (past,) = findings("missing_fields", *filled, day=12)
    assert (past.state, past.since, past.until) == ("resolved", at(7), at(10))


def test_what_was_filled_in_in_time_and_told_late_retracts_it():
    late = (created(0), person(BUYER, 1), inbound(20), changed(3, amount=5, close_date=on(60)))
    assert findings("missing_fields", *late, day=25) == []


def test_the_thresholds_are_those_of_the_rules():
    own = {"warn_business_days": 2, "critical_business_days": 1}
    rules = Rules.of({"detectors": {"missing_fields": own}})
    found = missing(created(0), rules=rules)
    assert (found.since, found.critical_from) == (at(2), at(2))


def test_a_closed_deal_lacks_nothing():
    assert breach("missing_fields", created(0), won(20)) is None

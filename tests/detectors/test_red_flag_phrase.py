"""A mail of the buyer has a phrase that deals end with."""

from datetime import timedelta

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
    findings,
    inbound,
    lost,
    mail,
    outbound,
    reply,
)

TWO_WEEKS = timedelta(days=14)


def red_flag(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("red_flag_phrase", *parts, rules=rules)
    assert found is not None
    return found


DELAY = inbound(1, snippet="I am afraid this must be put on hold.")


def test_a_phrase_in_a_mail_of_theirs_counts_for_two_weeks():
    assert red_flag(created(0), DELAY) == Breach(
        since=at(1),
        critical_from=None,
        until=at(15),
        evidence=(Evidence("gmail/inbound-1", at(1), "'on hold' (delay) in their mail 'pricing'"),),
        clears_when="what was meant is settled with them, and nothing like it comes for 14 days",
    )


def test_it_opens_with_the_mail_and_ends_when_it_has_aged():
    found = red_flag(created(0), DELAY)
    assert not found.holds_at(at(1) - TICK)
    assert found.holds_at(at(1))
    assert found.holds_at(at(15) - TICK)
    assert not found.holds_at(at(15))


def test_the_subject_is_read_as_well_in_any_case_and_language():
    found = red_flag(created(0), inbound(1, subject="AW: BUDGETSTOPP bis Herbst"))
    assert found.evidence[0].text == "'budgetstopp' (freeze) in their mail 'AW: BUDGETSTOPP bis Herbst'"


def test_mail_without_such_a_phrase_says_nothing():
    assert breach("red_flag_phrase", created(0), inbound(1, snippet="Please hold the line."), outbound(2)) is None


@pytest.mark.parametrize(
    "other",
    [
        outbound(1, snippet="shall we put it on hold?"),
        mail(BUYER, REP, 1, snippet="on hold", automatic=True),
        mail(COLLEAGUE, REP, 1, snippet="on hold"),
    ],
    ids=["we said it", "a machine said it", "a colleague said it"],
)
def test_who_else_says_so_does_not_count(other):
    assert breach("red_flag_phrase", created(0), other) is None


def test_two_lists_are_critical_from_the_second_on():
    found = red_flag(created(0), DELAY, inbound(8, snippet="We also talk to other vendors."))
    assert (found.since, found.critical_from, found.until) == (at(1), at(8), at(8) + TWO_WEEKS)
    assert [each.event for each in found.evidence] == ["gmail/inbound-1", "gmail/inbound-8"]


def test_two_lists_in_one_mail_are_critical_at_once():
    found = red_flag(created(0), inbound(1, snippet="There is a budget freeze, let us revisit next quarter."))
    assert found.critical_from == at(1)
    assert found.evidence[0].text == (
        "'budget freeze' (freeze) and 'revisit next quarter' (delay) in their mail 'pricing'"
    )


def test_the_same_list_twice_goes_on_and_is_not_critical():
    found = red_flag(created(0), DELAY, inbound(8, snippet="Not a priority now."))
    assert (found.since, found.critical_from, found.until) == (at(1), None, at(22))


def test_the_second_list_after_the_first_has_aged_is_a_new_episode():
    row = (created(0), DELAY)
    just_before = inbound(15, hour=8, snippet="our lawyers")
    assert (red_flag(*row, just_before).since, red_flag(*row, just_before).critical_from) == (at(1), at(15, hour=8))
    aged = red_flag(*row, inbound(15, snippet="our lawyers"))
    assert (aged.since, aged.critical_from, aged.until) == (at(15), None, at(29))
    past, now = findings("red_flag_phrase", *row, inbound(15, snippet="our lawyers"), day=16)
    assert (past.state, past.since, past.until) == ("resolved", at(1), at(15))
    assert (now.state, now.since) == ("open", at(15))


def test_nothing_that_we_or_they_write_after_it_takes_it_away():
    assert red_flag(created(0), DELAY, reply(2), inbound(3)).until == at(15)


def test_a_copy_of_the_same_mail_counts_once():
    copy = mail(BUYER, REP, 1, event_id="copy", message_id="<inbound-1@mail.example>", snippet="on hold")
    assert len(red_flag(created(0), DELAY, copy).evidence) == 1


def test_weekends_count_like_other_days():
    assert red_flag(created(0), inbound(5, snippet="on hold")).until == at(19)


def test_evidence_names_the_newest_eight():
    found = red_flag(created(0), *(inbound(day, snippet="on hold") for day in range(1, 12)))
    assert found.since == at(1)
    assert [each.event for each in found.evidence] == [f"gmail/inbound-{day}" for day in range(4, 12)]


def test_the_lists_and_thresholds_are_those_of_the_rules():
    rules = Rules.of(
        {
            "organization": {"domains": ["us.example"]},
            "phrases": {"weather": ["heavy rain"]},
            "detectors": {"red_flag_phrase": {"critical_lists": 1, "window": "7d"}},
        }
    )
    found = red_flag(created(0), inbound(1, snippet="Heavy rain again."), rules=rules)
    assert (found.critical_from, found.until) == (at(1), at(8))
    assert breach("red_flag_phrase", created(0), inbound(1, snippet="Heavy rain again.")) is None


def test_a_closed_deal_hears_nothing():
    assert breach("red_flag_phrase", created(0), DELAY, lost(2)) is None


def test_a_mail_that_comes_late_counts_from_its_own_day():
    later = inbound(20, snippet="our lawyers")
    assert findings("red_flag_phrase", created(0), later, day=21)[0].since == at(20)
    told = findings("red_flag_phrase", created(0), later, inbound(10, snippet="on hold"), day=21)
    assert [(each.since, each.critical_from) for each in told] == [(at(10), at(20))]


def test_a_hostile_subject_is_read_as_quickly_as_any():
    """Accents out of order are sorted in time with the square of their number: this many would take half a minute."""
    hostile = inbound(1, subject="\u0327\u0301" * 80_000, snippet="There is a budget freeze.")
    assert red_flag(created(0), hostile).evidence[0].event == "gmail/inbound-1"

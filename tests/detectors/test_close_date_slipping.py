"""The close date moves later again and again."""

from datetime import timedelta

import pytest

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
    RULES,
    TICK,
    Answer,
    Event,
    at,
    breach,
    changed,
    created,
    dated,
    event,
    findings,
    inbound,
    lost,
    on,
    reopened,
)

HALF_A_YEAR = timedelta(days=180)


def slipping(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("close_date_slipping", *parts, rules=rules)
    assert found is not None
    return found


TWICE = (created(0, close_date=on(30)), dated(40, day=10), dated(50, day=20))


def test_the_second_push_within_half_a_year_is_slipping():
    assert slipping(*TWICE) == Breach(
        since=at(20),
        critical_from=None,
        until=at(10) + HALF_A_YEAR,
        evidence=(
            Evidence("crm/date-10", at(10), f"first push: from {on(30)} to {on(40)}, 10 days later"),
            Evidence("crm/date-20", at(20), f"second push: from {on(40)} to {on(50)}, 10 days later"),
        ),
        clears_when="the date holds: fewer than 2 pushes within 180 days",
    )


def test_it_opens_with_the_second_push_and_ends_when_the_first_has_aged():
    found = slipping(*TWICE)
    assert not found.holds_at(at(20) - TICK)
    assert found.holds_at(at(20))
    assert found.holds_at(at(190) - TICK)
    assert not found.holds_at(at(190))


def test_one_push_is_news_and_no_pattern_however_far_it_goes():
    assert breach("close_date_slipping", created(0, close_date=on(30)), dated(300, day=10)) is None


@pytest.mark.parametrize(
    "no_push",
    [dated(20, day=20), dated(40, day=20), dated(None, day=20), changed(20, amount=5), inbound(20)],
    ids=["pulled in", "the same date told again", "taken away", "another field", "a mail"],
)
def test_what_is_no_push_does_not_count(no_push):
    assert breach("close_date_slipping", created(0, close_date=on(30)), dated(40, day=10), no_push) is None


def test_the_first_date_is_no_push():
    assert breach("close_date_slipping", created(0), dated(30, day=5), dated(40, day=10)) is None


def test_a_date_that_is_taken_away_and_set_later_is_a_push():
    found = slipping(created(0, close_date=on(30)), dated(40, day=10), dated(None, day=15), dated(50, day=20))
    assert found.since == at(20)
    assert found.evidence[1].text == f"second push: from {on(40)} to {on(50)}, 10 days later"


def test_a_date_that_is_taken_away_and_set_again_is_none():
    cleared = (created(0, close_date=on(30)), dated(40, day=10), dated(None, day=15), dated(40, day=20))
    assert breach("close_date_slipping", *cleared) is None


def test_a_pull_in_between_two_pushes_clears_neither():
    found = slipping(created(0, close_date=on(30)), dated(40, day=10), dated(35, day=12), dated(50, day=20))
    assert found.since == at(20)
    assert found.evidence[1].text == f"second push: from {on(35)} to {on(50)}, 15 days later"


def test_the_third_push_is_critical():
    found = slipping(*TWICE, dated(55, day=30))
    assert (found.since, found.critical_from, found.until) == (at(20), at(30), at(20) + HALF_A_YEAR)
    assert [each.event for each in found.evidence] == ["crm/date-10", "crm/date-20", "crm/date-30"]


def test_sixty_days_in_all_are_critical_and_fifty_nine_are_not():
    once = (created(0, close_date=on(30)), dated(60, day=10))
    assert slipping(*once, dated(89, day=20)).critical_from is None
    assert slipping(*once, dated(90, day=20)).critical_from == at(20)


def test_pull_ins_do_not_make_up_for_pushes():
    there_and_back = (created(0, close_date=on(30)), dated(60, day=10), dated(30, day=11), dated(60, day=20))
    assert slipping(*there_and_back).critical_from == at(20)


def test_two_pushes_half_a_year_apart_are_no_pattern():
    first = (created(0, close_date=on(30)), dated(40, day=10))
    assert breach("close_date_slipping", *first, dated(300, day=190)) is None
    assert slipping(*first, dated(300, day=189)).since == at(189)


def test_after_the_window_a_new_episode_begins():
    life = (*TWICE, dated(300, day=200), dated(310, day=210))
    past, now = findings("close_date_slipping", *life, day=220)
    assert (past.state, past.since, past.until) == ("resolved", at(20), at(190))
    # on day 200 the push of day 20 has just aged; on day 210 there are two again
    assert (now.state, now.since, now.until) == ("open", at(210), at(200) + HALF_A_YEAR)


def test_a_push_at_the_very_instant_at_which_the_oldest_ages_out_lets_it_go_on():
    (now,) = findings("close_date_slipping", *TWICE, dated(60, day=190), day=191)
    assert (now.state, now.since, now.until) == ("open", at(20), at(20) + HALF_A_YEAR)
    past, ahead = findings("close_date_slipping", *TWICE, dated(60, day=190, hour=10), day=191)
    assert (past.until, ahead.since) == (at(190), at(190, hour=10))


def test_an_episode_that_goes_on_keeps_its_start():
    life = (*TWICE, dated(60, day=180), dated(70, day=195))
    (now,) = findings("close_date_slipping", *life, day=200)
    assert (now.state, now.since, now.until) == ("open", at(20), at(180) + HALF_A_YEAR)
    assert [each.event for each in now.evidence] == ["crm/date-20", "crm/date-180", "crm/date-195"]


def test_weekends_and_holidays_do_not_matter():
    assert slipping(created(0, close_date=on(30)), dated(40, day=5), dated(50, day=6)).since == at(6)


def test_pushes_told_in_any_order_and_twice_count_once_each():
    first, second, third = TWICE
    assert slipping(third, first, second, first, third) == slipping(*TWICE)


def test_a_move_that_is_told_by_two_sources_is_one_push():
    again = event("sheet", "row-7", "crm.deal.changed", at(10, hour=11), close_date=on(40))
    once = (created(0, close_date=on(30)), dated(40, day=10), again)
    assert breach("close_date_slipping", *once) is None
    assert slipping(*once, dated(50, day=20)) == slipping(*TWICE)


def test_a_push_that_arrives_late_moves_the_start():
    (now,) = findings("close_date_slipping", *TWICE, dated(45, day=15), day=30)
    assert (now.since, now.critical_from) == (at(15), at(20))


def test_the_thresholds_are_those_of_the_rules():
    rules = Rules.of({"detectors": {"close_date_slipping": {"pushes": 1, "critical_pushes": 2, "window": "30d"}}})
    found = slipping(*TWICE, rules=rules)
    assert (found.since, found.critical_from, found.until) == (at(10), at(20), at(50))
    assert found.clears_when == "the date holds: fewer than 1 pushes within 30 days"


def test_a_closed_deal_does_not_slip_and_a_reopened_one_still_does():
    assert breach("close_date_slipping", *TWICE, lost(25)) is None
    assert slipping(*TWICE, lost(25), reopened(40)).since == at(20)

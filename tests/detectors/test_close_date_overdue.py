"""Open past its close date."""

from detectors.core.breach import Breach, Evidence
from detectors.core.rules import Rules
from tests.detectors.builders import (
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
    end_of,
    findings,
    inbound,
    lost,
    on,
    reopened,
    rules_for,
    won,
)


def overdue(*parts: Event | Answer, rules: Rules = RULES) -> Breach:
    found = breach("close_date_overdue", *parts, rules=rules)
    assert found is not None
    return found


def test_a_deal_is_overdue_at_the_end_of_its_close_date():
    assert overdue(created(0, close_date=on(9))) == Breach(
        since=end_of(9),
        critical_from=end_of(16),
        until=None,
        evidence=(Evidence("crm/created-0", at(0), f"close date set to {on(9)}"),),
        clears_when="the close date is set to a day ahead, or the deal is closed",
    )


def test_it_opens_with_the_last_moment_of_the_day_and_not_an_instant_before():
    found = overdue(created(0, close_date=on(9)))
    assert not found.holds_at(end_of(9) - TICK)
    assert found.holds_at(end_of(9))


def test_the_day_ends_with_the_owner():
    in_new_york = overdue(created(0, close_date=on(9)), rules=rules_for(time_zone="America/New_York"))
    assert in_new_york.since == at(10, hour=4) - TICK
    in_auckland = overdue(created(0, close_date=on(9)), rules=rules_for(time_zone="Pacific/Auckland"))
    assert in_auckland.since == at(9, hour=11) - TICK


def test_the_day_moves_with_a_new_owner():
    rules = Rules.of({"owners": {REP: {"time_zone": "UTC"}, "ann@us.example": {"time_zone": "Asia/Tokyo"}}})
    handed_over = (created(0, close_date=on(9)), changed(1, owner="ann@us.example"))
    assert overdue(*handed_over, rules=rules).since == at(9, hour=15) - TICK


def test_after_a_date_on_a_saturday_five_business_days_count_from_monday():
    found = overdue(created(0, close_date=on(12)))
    assert (found.since, found.critical_from) == (end_of(12), at(21, hour=0))


def test_holidays_do_not_count():
    # Good Friday is day 32, Easter Monday day 35
    found = overdue(created(0, close_date=on(31)), rules=rules_for(holidays="DE"))
    assert (found.since, found.critical_from) == (end_of(31), end_of(42))


def test_without_a_close_date_nothing_is_overdue():
    assert breach("close_date_overdue", created(0)) is None
    assert breach("close_date_overdue", created(0, close_date=on(9)), dated(None, day=3)) is None


def test_a_new_date_is_a_new_deadline_and_its_evidence():
    found = overdue(created(0, close_date=on(9)), dated(30, day=8))
    assert (found.since, found.evidence) == (
        end_of(30),
        (Evidence("crm/date-8", at(8), f"close date set to {on(30)}"),),
    )


def test_telling_the_same_date_again_is_no_news():
    found = overdue(created(0, close_date=on(9)), dated(9, day=3))
    assert found.evidence[0].event == "crm/created-0"


def test_a_date_that_was_past_when_it_was_set_counts_from_that_date():
    found = overdue(created(0), dated(9, day=20))
    assert found.since == end_of(9)
    (told,) = findings("close_date_overdue", created(0), dated(9, day=20), day=20)
    assert (told.state, told.severity) == ("open", "critical")


def test_closing_in_time_and_closing_late():
    assert findings("close_date_overdue", created(0, close_date=on(9)), won(9), day=30) == []
    (past,) = findings("close_date_overdue", created(0, close_date=on(9)), lost(11), day=30)
    assert (past.state, past.since, past.until, past.severity) == ("resolved", end_of(9), at(11), "warning")


def test_a_reopened_deal_is_overdue_by_its_old_date_since_it_is_open_again():
    life = (created(0, close_date=on(9)), won(8), reopened(20))
    (told,) = findings("close_date_overdue", *life, day=21)
    assert (told.state, told.since) == ("open", at(20))
    assert [each.text for each in told.evidence] == ["the deal was taken up again", f"close date set to {on(9)}"]


def test_moving_the_date_ends_the_finding():
    past, ahead = findings("close_date_overdue", created(0, close_date=on(9)), dated(30, day=14), day=15)
    assert (past.state, past.since, past.until) == ("resolved", end_of(9), at(14))
    assert (ahead.state, ahead.since) == ("pending", end_of(30))


def test_mail_changes_nothing():
    assert overdue(created(0, close_date=on(9)), inbound(10)).since == end_of(9)


def test_the_threshold_is_that_of_the_rules():
    rules = Rules.of({"detectors": {"close_date_overdue": {"critical_business_days": 0}}})
    found = overdue(created(0, close_date=on(9)), rules=rules)
    assert found.critical_from == found.since

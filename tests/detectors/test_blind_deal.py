"""We cannot see this deal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from detectors.blind_deal import BlindDeal
from detectors.core.breach import Breach, Evidence
from detectors.core.coverage import Watermark
from tests.detectors.builders import (
    REP,
    TICK,
    Event,
    at,
    created,
    deal,
    inbound,
    lost,
    on,
    reopened,
    rules_for,
    watched,
)

BEFORE_ANY_DEAL = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Reported:
    """Sources that have reported so far, for any owner but those that no mailbox covers."""

    up_to: datetime | None
    uncovered: tuple[str, ...] = ()

    def through(self, types: Iterable[str], owner: str | None) -> Watermark | None:
        assert all(each.startswith("activity.") for each in types)
        if owner in self.uncovered:
            return Watermark(BEFORE_ANY_DEAL, "gmail", None)
        return self.up_to and Watermark(self.up_to, "gmail", "gmail/beat-7")


def blind(coverage: Reported | None, *parts: Event) -> Breach | None:
    return BlindDeal().assess(deal(*parts or (created(0),)).given(None, coverage))


def test_a_business_day_after_the_last_that_a_source_reported():
    assert blind(Reported(at(7)), created(0), inbound(2)) == Breach(
        since=at(8),
        evidence=(Evidence("gmail/beat-7", at(7), f"gmail has reported up to {on(7)} 09:00"),),
        clears_when="gmail reports again",
    )


def test_it_opens_at_the_deadline_and_not_an_instant_before():
    found = blind(Reported(at(7)))
    assert found is not None
    assert not found.holds_at(at(8) - TICK)
    assert found.holds_at(at(8))


def test_where_all_sources_count_as_complete_nothing_is_blind():
    assert blind(None) is None
    assert blind(Reported(None)) is None


def test_a_mailbox_that_nobody_connected_is_missed_a_business_day_after_the_deal_began():
    assert blind(Reported(at(40), uncovered=(REP,)), created(4), inbound(7)) == Breach(
        since=at(7),
        evidence=(Evidence("crm/created-4", at(4), f"no mailbox of {REP} reports to gmail"),),
        clears_when=f"the mailbox of {REP} is connected to gmail",
    )


def test_a_deal_that_began_while_a_source_was_stale_has_a_day_as_well():
    found = blind(Reported(at(0)), created(14))
    assert found is not None
    assert (found.since, found.evidence[0].at) == (at(15), at(0))


def test_so_has_a_deal_that_is_taken_up_again_while_it_is():
    found = blind(Reported(at(7)), created(0), lost(2), reopened(14))
    assert found is not None
    assert found.since == at(15)


def test_weekends_and_holidays_do_not_count():
    found = blind(Reported(at(4)))
    assert found is not None
    assert found.since == at(7)
    easter = deal(created(0), rules=rules_for(holidays="DE")).given(None, Reported(at(31)))
    german = BlindDeal().assess(easter)
    assert german is not None
    # Thursday, and behind it Good Friday, the weekend and Easter Monday
    assert german.since == at(36)


def test_times_are_told_on_the_owners_clock():
    berlin = deal(created(0), rules=rules_for(time_zone="Europe/Berlin")).given(None, Reported(at(7)))
    found = BlindDeal().assess(berlin)
    assert found is not None
    assert found.evidence[0].text == f"gmail has reported up to {on(7)} 10:00"


def test_the_threshold_is_that_of_the_rules():
    found = BlindDeal(warn_business_days=3).assess(deal(created(0)).given(None, Reported(at(7))))
    assert found is not None
    assert found.since == at(10)


@pytest.mark.parametrize(("day", "states"), [(7, []), (8, ["open"])])
def test_it_is_told_only_while_it_holds(day, states):
    answered = watched(created(0), inbound(2)).answer(at(day), Reported(at(7)))
    assert [each.state for each in answered if each.detector == "blind_deal"] == states


def test_a_source_that_reports_again_clears_it():
    answered = watched(created(0), inbound(2)).answer(at(9), Reported(at(9)))
    assert [each for each in answered if each.detector == "blind_deal"] == []


def test_a_closed_deal_need_not_be_seen():
    answered = watched(created(0), lost(2)).answer(at(30), Reported(at(7)))
    assert [each for each in answered if each.detector == "blind_deal"] == []

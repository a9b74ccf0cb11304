"""Findings as people see them: over, open, unknown, ahead; and what a late event does to them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detectors.core.assessment import MOST_PAST, Watched, assess
from detectors.core.breach import Breach, Evidence, Finding
from detectors.core.coverage import Watermark
from detectors.core.deal import Deal
from detectors.core.events import Event
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    DEAL,
    REP,
    RULES,
    TICK,
    at,
    call,
    changed,
    created,
    dated,
    findings,
    held,
    inbound,
    lost,
    on,
    only,
    outbound,
    person,
    rules_for,
    watched,
)


@dataclass
class Reported:
    """Sources that have reported up to a moment; None: all are complete."""

    up_to: datetime | None
    asked: set[tuple[tuple[str, ...], str | None]]

    def through(self, types: Iterable[str], owner: str | None) -> Watermark | None:
        self.asked.add((tuple(types), owner))
        return self.up_to and Watermark(self.up_to, "gmail", "gmail/beat")


def state_of(detector: str, found: Watched, as_of: datetime, up_to: datetime | None) -> str:
    answered = found.answer(as_of, Reported(up_to, set()))
    (state,) = [finding.state for finding in answered if finding.detector == detector]
    return state


QUIET = (created(0, amount=48_000, currency="EUR"), inbound(1))


def test_a_finding_says_everything_that_people_and_tools_need():
    rules = rules_for(time_zone="Europe/Berlin")
    (finding,) = findings("gone_quiet", *QUIET, day=16, rules=rules)
    zone = ZoneInfo("Europe/Berlin")
    assert finding == Finding(
        deal_id=DEAL,
        detector="gone_quiet",
        state="open",
        severity="warning",
        since=at(15).astimezone(zone),
        critical_from=at(29, hour=8).astimezone(zone),
        until=None,
        evidence=(Evidence("gmail/inbound-1", at(1), "the buyer's last sign: their mail 'pricing'"),),
        summary="The buyer has gone quiet (the buyer's last sign: their mail 'pricing')",
        clears_when="the buyer writes, meets or takes a call, or a next step is agreed and dated",
        owner=REP,
        amount=48_000,
        currency="EUR",
        rules=rules.hash,
    )
    assert finding.since.isoformat() == "2026-03-17T10:00:00+01:00"
    assert finding.evidence[0].at.isoformat() == "2026-03-03T10:00:00+01:00"


def test_a_finding_is_ahead_then_open_then_critical():
    found = watched(*QUIET)
    states = [
        next((each.state, each.severity) for each in found.answer(moment) if each.detector == "gone_quiet")
        for moment in (at(1), at(15) - TICK, at(15), at(29) - TICK, at(29), at(999))
    ]
    assert states == [
        ("pending", "warning"),
        ("pending", "warning"),
        ("open", "warning"),
        ("open", "warning"),
        ("open", "critical"),
        ("open", "critical"),
    ]


def test_findings_come_in_the_order_of_their_start():
    answered = watched(*QUIET, dated(20, day=2), outbound(3), outbound(4)).answer(at(40))
    assert [each.since for each in answered] == sorted(each.since for each in answered)
    assert {each.detector for each in answered} >= {"gone_quiet", "ghosted", "close_date_overdue"}


# -- unknown is not silent


def test_silence_is_unknown_until_the_sources_have_reported_up_to_it():
    found = watched(*QUIET)
    assert state_of("gone_quiet", found, at(20), None) == "open"
    assert state_of("gone_quiet", found, at(20), at(15)) == "open"
    assert state_of("gone_quiet", found, at(20), at(15) - TICK) == "unknown"
    assert state_of("gone_quiet", found, at(14), at(1)) == "pending"


def test_what_needs_no_silence_is_known_whatever_the_sources_say():
    found = watched(created(0, close_date=on(9)))
    assert state_of("close_date_overdue", found, at(20), at(1)) == "open"


def test_the_sources_are_asked_for_what_the_detector_watches_and_for_the_owner():
    asked = Reported(None, set())
    watched(*QUIET, rules=only("gone_quiet")).answer(at(20), asked)
    assert asked.asked == {(("activity.email", "activity.meeting", "activity.call"), REP)}


def test_only_open_findings_of_weight_are_stalls():
    (finding,) = findings("gone_quiet", *QUIET, day=16)
    assert finding.is_stall
    assert not replace(finding, severity="info").is_stall
    for state in ("pending", "resolved", "unknown"):
        assert not replace(finding, state=state).is_stall


# -- deadlines


def test_the_next_deadline_is_the_first_moment_at_which_the_answer_changes_by_itself():
    found = watched(created(0, close_date=on(100)), inbound(1), rules=only("close_date_overdue", "gone_quiet"))
    assert found.next_deadline(at(1)) == at(15)
    assert found.next_deadline(at(15) - TICK) == at(15)
    assert found.next_deadline(at(15)) == at(29)
    assert watched(created(0), lost(1)).next_deadline(at(1)) is None


def test_a_breach_holds_from_its_start_to_its_end():
    breach = Breach(since=at(1), evidence=(), clears_when="", critical_from=at(2), until=at(3))
    assert [breach.holds_at(moment) for moment in (at(1) - TICK, at(1), at(3) - TICK, at(3))] == [
        False,
        True,
        True,
        False,
    ]
    assert breach.deadlines_after(at(1)) == [at(2), at(3)]


# -- the past


def test_an_interval_that_ends_by_itself_is_over_at_its_end_however_late_somebody_looks():
    slipped = (created(0, close_date=on(300)), dated(310, day=10), dated(320, day=20))
    for later in ((), (changed(250, amount=5),)):
        (finding,) = findings("close_date_slipping", *slipped, *later, day=260)
        assert (finding.state, finding.since, finding.until, finding.severity) == (
            "resolved",
            at(20),
            at(190),
            "warning",
        )


def test_an_event_before_the_deadline_leaves_no_trace_of_it():
    assert [each.state for each in findings("gone_quiet", *QUIET, held(14), day=20)] == ["pending"]


def test_a_breach_that_goes_on_is_told_once():
    states = [each.state for each in findings("gone_quiet", *QUIET, outbound(16), changed(17, amount=1), day=20)]
    assert states == ["open"]


def test_several_silences_are_several_findings():
    life = (created(0), inbound(1), inbound(16), inbound(35), call(37, connected=True))
    told = [(each.state, each.since, each.until) for each in findings("gone_quiet", *life, day=38)]
    assert told == [
        ("resolved", at(15), at(16)),
        ("resolved", at(30), at(35)),
        ("pending", at(51), None),
    ]


def test_a_late_event_rewrites_the_past_as_if_it_had_come_in_time():
    life = (created(0), inbound(1), inbound(16), inbound(35))
    late = inbound(10)
    in_time = watched(created(0), inbound(1), late, inbound(16), inbound(35))
    assert watched(*life, late) == in_time
    assert [each.since for each in watched(*life, late).past] == [at(30)]


def test_one_identity_told_twice_rewrites_the_past_of_both_moments():
    first = changed(1, event_id="twice", close_date=on(2))
    second = changed(9, event_id="twice", close_date=on(60))
    in_between = inbound(5)
    orders = [(first, in_between, second), (second, in_between, first), (second, first, in_between)]
    one, *others = [grown(*order) for order in orders]
    assert all(other == one for other in others)
    assert one.past == ()
    assert state_of("close_date_overdue", one, at(10), None) == "pending"


def grown(*parts: Event) -> Watched:
    found = watched(created(0))
    for each in parts:
        found = found.apply(each)
    return found


def test_events_of_one_moment_are_seen_together():
    # answered and asked again within the same second: nobody saw the silence end and begin
    life = (created(0), outbound(0, hour=10), outbound(1))
    both = (inbound(8), outbound(8, event_id="again"), outbound(8, event_id="and again"))
    assert watched(*life, *both) == watched(*life, *reversed(both))


def test_the_past_is_bounded_and_keeps_the_newest():
    found = watched(created(0), rules=only("gone_quiet"))
    for number in range(MOST_PAST + 4):
        found = found.apply(inbound(20 + 30 * number))
    assert len(found.past) == MOST_PAST
    assert found.past[-1].until == at(20 + 30 * (MOST_PAST + 3))


def test_other_rules_judge_the_present_and_leave_the_past():
    stricter = Rules.of(
        {"organization": {"domains": ["us.example"]}, "detectors": {"gone_quiet": {"warn_business_days": 1}}}
    )
    before = watched(created(0), inbound(1), inbound(16))
    after = before.under(stricter)
    assert after.past == before.past
    (ahead,) = [each for each in after.answer(at(16)) if each.detector == "gone_quiet" and each.state != "resolved"]
    assert (ahead.since, ahead.rules) == (at(17), stricter.hash)
    assert before.deal.under(RULES) is before.deal


# -- failures


@pytest.fixture
def broken(monkeypatch):
    def assess(self, deal):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(catalogue()["ghosted"], "assess", assess)


@pytest.mark.usefixtures("broken")
def test_a_detector_that_fails_is_told_and_the_others_go_on():
    failures = []
    found = Watched(Deal(DEAL, RULES), on_error=lambda name, deal, error: failures.append((name, deal, str(error))))
    found = found.apply(created(0)).apply(inbound(1))
    assert "gone_quiet" in {each.detector for each in found.answer(at(20))}
    assert ("ghosted", DEAL, "a bug") in failures


@pytest.mark.usefixtures("broken")
def test_without_anybody_to_tell_a_failure_is_raised():
    with pytest.raises(ZeroDivisionError):
        assess(Deal(DEAL, RULES).apply(created(0)))


def test_a_deal_without_events_has_nothing_to_say():
    assert assess(Deal(DEAL, RULES)) == {}
    assert Watched(Deal(DEAL, RULES)).answer(at(0)) == ()


def test_people_are_named_but_their_addresses_are_not():
    champion = person(BUYER, roles=["champion"], left=False)
    told = watched(created(0), champion, inbound(1), held(2), call(3), outbound(4), outbound(6))
    for finding in told.answer(at(60) + timedelta(days=1)):
        assert BUYER not in finding.summary + finding.clears_when + "".join(each.text for each in finding.evidence)

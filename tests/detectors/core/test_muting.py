"""What a verdict of noise does: the finding is shown and not told, until there is another reason to tell it."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.core import state
from detectors.core.assessment import Watched
from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.core.detector import Verdict
from detectors.core.events import Event
from detectors.core.registry import catalogue
from tests.detectors.builders import event as event_of_life
from tests.detectors.lives import lives, moments
from tests.detectors.test_contract import LOCAL
from tests.streams.sample_deals import RULES, crm, day, inbound, meeting, outbound, ping_pong, verdict, watched

A_MINUTE = timedelta(minutes=1)


def found(deal: Watched, at: datetime, detector: str = "reply_only") -> Finding | None:
    """The newest finding of a detector at a moment."""
    return next((each for each in reversed(deal.answer(at)) if each.detector == detector), None)


def told(deal: Watched, at: float, detector: str = "reply_only") -> tuple[str, str, bool]:
    finding = found(deal, day(at), detector)
    assert finding is not None
    return finding.state, finding.severity, finding.muted is not None


def test_what_is_called_noise_is_shown_and_no_stall() -> None:
    deal = watched([crm(), *ping_pong(3), verdict(5)])

    finding = found(deal, day(6))

    assert finding is not None
    assert (finding.state, finding.severity, finding.muted) == ("open", "info", day(5))
    assert not finding.is_stall
    assert not finding.waits_for_a_source(day(6))


@pytest.mark.parametrize("said", ["useful", "snooze"])
def test_other_verdicts_mute_nothing(said: str) -> None:
    assert told(watched([crm(), *ping_pong(3), verdict(5, said)]), 6) == ("open", "warning", False)


def test_the_newest_verdict_counts_and_a_snooze_is_none() -> None:
    history = [crm(), *ping_pong(3), verdict(5), verdict(6, "snooze")]
    assert told(watched(history), 7) == ("open", "info", True)
    assert told(watched([*history, verdict(7, "useful")]), 8) == ("open", "warning", False)


def test_another_event_in_the_evidence_is_another_reason() -> None:
    deal = watched([crm(), *ping_pong(3), verdict(4, "noise"), *ping_pong(1, first_day=5)])

    assert told(deal, 6) == ("open", "warning", False)
    assert told(watched([crm(), *ping_pong(3), verdict(4), crm(5, amount=1)]), 6) == ("open", "info", True)


def test_what_turns_critical_is_told_again() -> None:
    deal = watched([crm(close_date="2026-03-04"), verdict(4, detector="close_date_overdue")])
    finding = found(deal, day(4), "close_date_overdue")
    assert finding is not None
    assert finding.critical_from is not None

    before = found(deal, finding.critical_from - A_MINUTE, "close_date_overdue")
    after = found(deal, finding.critical_from, "close_date_overdue")

    assert before is not None
    assert after is not None
    assert (before.severity, after.severity, after.muted) == ("info", "critical", None)
    assert deal.next_deadline(day(4)) is not None


def test_what_was_critical_when_it_was_called_noise_stays_so() -> None:
    assert told(watched([crm(), *ping_pong(5), verdict(7)]), 60) == ("open", "info", True)


def test_a_verdict_before_the_finding_says_nothing_of_it() -> None:
    assert told(watched([crm(), *ping_pong(1), verdict(2), *ping_pong(3, first_day=3)]), 7) == (
        "open",
        "warning",
        False,
    )


def test_a_finding_that_comes_back_is_another_one() -> None:
    deal = watched([crm(), *ping_pong(3), verdict(4), meeting(5), *ping_pong(3, first_day=6)])

    first, second = [each for each in deal.answer(day(9)) if each.detector == "reply_only"]

    assert (first.state, first.severity, first.muted) == ("resolved", "info", day(4))
    assert (second.state, second.severity, second.muted) == ("open", "warning", None)


def test_it_holds_for_one_detector_on_one_deal() -> None:
    history = [crm(close_date="2026-03-04"), *ping_pong(3), verdict(5)]
    assert told(watched(history), 6, "close_date_overdue") == ("open", "warning", False)
    assert told(watched(history, "D-2"), 6) == ("open", "info", True)
    assert told(watched(history[:-1], "D-2"), 6) == ("open", "warning", False)


def test_chasing_on_is_a_new_reason_to_say_that_nobody_answers() -> None:
    history = [crm(), inbound(0.5, "in"), outbound(1, "one"), outbound(2, "two"), verdict(10, detector="ghosted")]
    assert told(watched(history), 10.5, "ghosted") == ("open", "info", True)
    assert told(watched([*history, outbound(11, "three")]), 11.5, "ghosted") == ("open", "warning", False)


def test_the_order_of_arrival_and_a_round_trip_change_nothing() -> None:
    history = [crm(), *ping_pong(3), verdict(5)]
    expected = watched(history).answer(day(9))
    for order in permutations(range(4)):
        shuffled = [*history[:4], *(history[4:][each] for each in order)]
        assert watched(shuffled).answer(day(9)) == expected
    kept = state.unpack(state.pack(watched(history)), RULES)
    assert kept.answer(day(9)) == expected


def test_a_verdict_is_remembered_whatever_else_happens() -> None:
    later = [crm(5 + number / 10, amount=number) for number in range(1, 300)]

    assert told(watched([crm(), *ping_pong(3), verdict(5), *later]), 36) == ("open", "info", True)


@given(lives(corrections=False), moments(), st.data())
@settings(max_examples=150, deadline=None)
def test_it_changes_how_loud_a_finding_is_and_nothing_else(
    events: list[Event], moment: datetime, data: st.DataObject
) -> None:
    without, judged = Watched(Deal("D-1", LOCAL)), Watched(Deal("D-1", LOCAL))
    for each in events:
        without = without.apply(each)
    wrong = sorted(open_at(without, max(moment, *(each.time for each in events))))
    assume(wrong)
    name = data.draw(st.sampled_from(wrong))
    said = event_of_life("app", "noise", "finding.feedback", moment, "D-1", detector=name, verdict="noise")
    for each in [*events, said]:
        judged = judged.apply(each)
    for later in (timedelta(), timedelta(days=9), timedelta(days=100)):
        at = max(moment, *(each.time for each in events)) + later
        loud, now = open_at(without, at), open_at(judged, at)
        assert loud.keys() == now.keys()
        for detector, finding in now.items():
            if finding.muted is None:
                assert finding == loud[detector]
                continue
            assert (detector, finding.severity) == (name, "info")
            assert finding.since <= moment == finding.muted
            assert all(fact.at <= moment for fact in finding.evidence)
            assert replace(finding, muted=None, severity=loud[detector].severity) == loud[detector]


def open_at(deal: Watched, at: datetime) -> dict[str, Finding]:
    """What is open at a moment, but for what is judged by other findings."""
    found = {each.detector: each for each in deal.answer(at) if each.state == "open"}
    return {name: each for name, each in found.items() if not issubclass(catalogue()[name], Verdict)}


def test_who_said_it_and_why_is_kept_in_short() -> None:
    deal = watched([crm(), verdict(1, reason="x" * 500, by="ann@us.example")]).deal

    assert deal.verdicts["reply_only"].by == "ann@us.example"
    assert deal.verdicts["reply_only"].reason == "x" * 120

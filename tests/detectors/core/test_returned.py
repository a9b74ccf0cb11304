"""What was over and is so again: it begins anew, and what was told of it stays told."""

import json

from detectors.core import state
from detectors.core.breach import Finding
from tests.detectors.builders import (
    RULES,
    at,
    changed,
    created,
    dated,
    end_of,
    findings,
    inbound,
    lost,
    milestone,
    on,
    only,
    outbound,
    person,
    reopened,
    watched,
)

BOSS = "boss@them.example"


def told(found: list[Finding]) -> list[tuple[object, ...]]:
    return [(each.state, each.severity, each.since, each.until) for each in found]


def test_an_executive_whose_title_is_taken_back_leaves_the_deal_without_one_from_then_on():
    life = (created(0), person(BOSS, 1, title="CEO"), inbound(40, sender=BOSS))
    assert told(findings("no_executive_contact", *life, day=60)) == [("resolved", "warning", at(30), at(40))]
    (over, again) = findings("no_executive_contact", *life, person(BOSS, 50, title="Clerk"), day=60)
    assert told([over, again]) == [("resolved", "warning", at(30), at(40)), ("open", "critical", at(50), None)]
    assert (again.evidence[0].event, again.evidence[0].at) == ("crm/person-boss-50", at(50))
    assert again.evidence[0].text == "it had been over, and is so again"
    assert again.summary == over.summary


def test_a_milestone_that_is_undone_is_missed_anew():
    life = (milestone(0, due=on(9), done=False), milestone(12, done=True), milestone(20, done=False))
    assert told(findings("milestone_missed", *life, day=21)) == [
        ("resolved", "warning", end_of(9), at(12)),
        ("open", "critical", at(20), None),
    ]


def test_a_date_that_is_set_back_into_what_is_over_is_overdue_from_then_on():
    life = (created(0, close_date=on(9)), dated(60, day=12), dated(11, day=20))
    assert told(findings("close_date_overdue", *life, day=21)) == [
        ("resolved", "warning", end_of(9), at(12)),
        ("open", "critical", at(20), None),
    ]


def test_a_date_that_is_set_back_no_further_than_the_end_of_the_last_keeps_its_own_beginning():
    life = (created(0, close_date=on(9)), dated(60, day=12), dated(13, day=15))
    assert told(findings("close_date_overdue", *life, day=16)) == [
        ("resolved", "warning", end_of(9), at(12)),
        ("open", "warning", end_of(13), None),
    ]


def test_a_deal_that_is_taken_up_again_is_overdue_from_then_on():
    life = (created(0, close_date=on(9)), lost(12), reopened(20))
    assert told(findings("close_date_overdue", *life, day=21)) == [
        ("resolved", "warning", end_of(9), at(12)),
        ("open", "critical", at(20), None),
    ]


def test_what_has_not_ceased_for_another_reason_goes_on_since_that_one():
    # the second is missed when the first is undone: there was no time in between
    life = (
        milestone(0, "first", due=on(9), done=False),
        milestone(0, "second", hour=10, due=on(14), done=False),
        milestone(12, "first", done=True),
        milestone(20, "first", done=False),
    )
    assert told(findings("milestone_missed", *life, day=21)) == [
        ("resolved", "warning", end_of(9), at(12)),
        ("open", "critical", end_of(14), None),
    ]


def test_what_returned_and_ended_and_returns_once_more_is_a_third_finding():
    life = [created(0), milestone(0, due=on(9), done=False)]
    life += [milestone(12 + number, done=number % 2 == 0) for number in range(4)]
    assert told(findings("milestone_missed", *life, day=15)) == [
        ("resolved", "warning", end_of(9), at(12)),
        ("resolved", "warning", at(13), at(14)),
        ("open", "warning", at(15), None),
    ]


def test_it_stays_where_it_began_whatever_happens_after_and_after_a_restart():
    life = (milestone(0, due=on(9), done=False), milestone(12, done=True), milestone(20, done=False))
    before = watched(*life, rules=only("milestone_missed"))
    after = state.from_json(state.to_json(before), before.deal.rules)
    assert after == before
    for each in (outbound(30), inbound(31)):
        after = after.apply(each)
    assert [each.since for each in after.answer(at(40))] == [end_of(9), at(20)]


def test_a_late_event_finds_the_beginning_that_it_had_then():
    life = (milestone(0, due=on(9), done=False), milestone(12, done=True), milestone(20, done=False))
    more = (milestone(25, done=True), milestone(30, done=False))
    for late in (changed(21, amount=1), changed(26, amount=1), milestone(5, hour=8, title="pilot")):
        assert watched(*life, *more, late) == watched(*sorted((*life, *more, late), key=lambda each: each.time))


def test_a_row_that_was_written_before_returns_were_kept_has_none():
    kept = json.loads(state.to_json(watched(created(0), inbound(1))))
    del kept["returns"]
    assert state.from_json(json.dumps(kept).encode(), RULES).returns == ()

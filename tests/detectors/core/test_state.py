"""A watched deal as it is kept in Kafka, and back."""

import json
from random import Random

import pytest
from pydantic import ValidationError

from detectors.core import state
from detectors.core.assessment import MOST_PAST, Watched
from detectors.core.deal import Deal
from tests.detectors.builders import (
    BUYER,
    DEAL,
    REP,
    RULES,
    answer,
    at,
    away,
    booked,
    call,
    changed,
    created,
    dated,
    document,
    entered,
    event,
    held,
    inbound,
    mail,
    milestone,
    next_step,
    on,
    outbound,
    paused,
    person,
    reply,
    rules_for,
    watched,
)

EVERYTHING = (
    created(
        0,
        amount=48_000,
        currency="EUR",
        name="Größe — 大",
        close_date=on(9),
        account={"id": "A", "domains": ["them.example"]},
    ),
    entered("Proposal", 1),
    person(BUYER, 1, title="CFO", roles=["economic_buyer"], executive=None, joined_on=on(0), left=False),
    inbound(1),
    reply(2),
    outbound(3),
    answer(20),
    away(21, until=25),
    booked(2, starts=9),
    held(9),
    call(10, connected=True),
    document(11),
    milestone(12, due=on(40), done=False, side="buyer"),
    next_step(30, 13),
    paused(None, 14),
    dated(60, 15),
    event("app", "f", "finding.feedback", at(16), detector="ghosted", verdict="snooze", until=at(30).isoformat()),
)


def test_nothing_is_lost_on_the_way():
    before = watched(*EVERYTHING, rules=rules_for(time_zone="Europe/Berlin"))
    after = state.from_json(state.to_json(before), before.deal.rules)
    assert after.deal == before.deal
    assert after.past == before.past
    assert before.past
    assert after.answer(at(100)) == before.answer(at(100))
    assert state.to_json(after) == state.to_json(before)


def test_a_deal_that_is_taken_back_goes_on_as_if_nothing_had_been():
    whole = watched(*EVERYTHING, inbound(30), lost := created(50, status="lost"))
    half = state.from_json(state.to_json(watched(*EVERYTHING)), RULES)
    assert half.apply(inbound(30)).apply(lost) == whole


@pytest.mark.parametrize("first", [1, 2])
def test_of_two_contents_under_one_identity_the_same_counts_after_a_restart(first):
    parts = [changed(1, event_id="twice", amount=amount) for amount in (first, 3 - first)]
    before = watched(parts[0])
    after = state.from_json(state.to_json(before), RULES)
    assert after.apply(parts[1]).deal == before.apply(parts[1]).deal
    assert after.apply(parts[0]) is after


def test_what_was_summarised_is_kept_too():
    busy = Watched(Deal(DEAL, RULES)).apply(created(0))
    for number in range(200):
        busy = busy.apply(inbound(1 + number)).apply(created(2 + number, amount=number))
    assert busy.deal.earlier.people
    after = state.from_json(state.to_json(busy), RULES)
    assert (after.deal, after.past) == (busy.deal, busy.past)


def test_an_empty_deal_is_kept():
    empty = Watched(Deal(DEAL, RULES))
    assert state.from_json(state.to_json(empty), RULES) == empty


def test_the_rules_are_those_of_today_and_failures_are_told_as_before():
    other = rules_for(holidays="DE")
    failures: list[str] = []
    after = state.from_json(state.to_json(watched(*EVERYTHING)), other, lambda name, *_: failures.append(name))
    assert after.deal.rules is other
    assert after.on_error is not None


def test_a_version_that_is_not_known_is_refused_and_never_guessed_at():
    kept = json.loads(state.to_json(watched(*EVERYTHING)))
    assert kept["v"] == state.VERSION
    with pytest.raises(state.UnknownVersion, match=r"deal D-1: state of version 99, this stallwatch knows 1"):
        state.from_json(json.dumps(kept | {"v": 99}).encode(), RULES)
    with pytest.raises(state.UnknownVersion, match="version 2"):
        state.from_json(b'{"v": 2, "id": "D-1", "in": "a form of its own"}', RULES)


def test_what_is_no_state_is_refused():
    for value in (b"", b"null", b"{}", b'{"v": 1, "id": "D-1"}'):
        with pytest.raises(ValidationError):
            state.from_json(value, RULES)


def test_packed_it_is_the_same_and_small():
    before = watched(*EVERYTHING)
    packed = state.pack(before)
    assert state.unpack(packed, RULES) == before
    assert len(packed) < len(state.to_json(before)) / 2


WORDS = (
    "pricing contract rollout interface security pilot training licence plan offer question warehouse routes migration "
    "data terms delay budget review legal date partner costs demo"
).split()


def test_a_thousand_touches_with_all_that_they_led_to_take_less_than_8_kib():
    chance = Random(7)
    found = Watched(Deal(DEAL, RULES)).apply(created(0, stage="Proposal", amount=48000, close_date=on(400)))
    before = None
    for number in range(1000):
        buyer = f"{chance.choice(['mia.stahl', 'jonas.berg', 'c.lindqvist', 'office', 'anna.keller'])}@them.example"
        people = (buyer, REP) if chance.random() < 0.5 else (REP, buyer)
        before = mail(
            *people,
            int(1 + number * 0.8),
            chance.randrange(8, 18),
            chance.randrange(60),
            event_id="".join(chance.choices("0123456789abcdef", k=16)),
            subject=" ".join(chance.sample(WORDS, 4)),
            answers=before if chance.random() < 0.7 else None,
        )
        found = found.apply(before)
    assert len(found.past) == MOST_PAST
    assert len(state.pack(found)) < 8 * 1024

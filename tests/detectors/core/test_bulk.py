"""What an import or an edit of many deals at once writes is a fact, and nobody's move."""

import json
from collections.abc import Callable

import pytest

from detectors.core import events, state
from detectors.core.baselines import win_of
from detectors.core.events import Event, Refused
from detectors.core.log import DealEntry, entry_of
from tests.detectors.builders import (
    RULES,
    Answer,
    at,
    breach,
    changed,
    created,
    dated,
    deal,
    entered,
    in_bulk,
    inbound,
    next_step,
    on,
    reply,
    watched,
    won,
)


def raw(**more: object) -> bytes:
    told = json.loads(events.to_json(dated(30, 1)))
    return json.dumps(told | more).encode()


# -- the event


@pytest.mark.parametrize(("told", "bulk"), [({"bulk": True}, True), ({"bulk": False}, False), ({"bulk": None}, False)])
def test_an_event_says_that_it_was_written_in_bulk(told, bulk):
    entry = entry_of(events.parse(raw(**told)))
    assert isinstance(entry, DealEntry)
    assert entry.bulk is bulk


@pytest.mark.parametrize("word", ["true", 1, "yes"])
def test_what_is_neither_true_nor_false_is_refused(word):
    with pytest.raises(Refused, match="bulk") as refused:
        events.parse(raw(bulk=word))
    assert refused.value.reason == "invalid"


def test_it_is_written_as_it_was_read():
    assert json.loads(events.to_json(events.parse(raw(bulk=True))))["bulk"] is True
    assert "bulk" not in json.loads(events.to_json(events.parse(raw())))


def test_it_is_kept_and_a_row_from_before_has_none():
    before = watched(created(0, close_date=on(9)), in_bulk(dated(30, 1)), dated(40, 2))
    kept = state.to_json(before)
    assert state.from_json(kept, RULES) == before
    assert [push.at for push in state.from_json(kept, RULES).deal.pushes] == [at(2)]
    older = json.loads(kept)
    for entry in older["log"]:
        del entry["bulk"]
    assert [push.at for push in state.from_json(json.dumps(older).encode(), RULES).deal.pushes] == [at(1), at(2)]


def test_one_identity_told_with_and_without_it_is_bulk_whichever_came_first():
    plain = dated(30, 1)
    for first, second in ((plain, in_bulk(plain)), (in_bulk(plain), plain)):
        assert deal(created(0, close_date=on(9))).apply(first).apply(second).pushes == []


# -- what it changes: a fact


def test_the_new_value_holds():
    found = deal(created(0, close_date=on(9), stage="Demo"), in_bulk(changed(1, close_date=on(30), stage="Proposal")))
    assert (found.fact("close_date"), found.stage) == (on(30), "Proposal")
    assert found.stage_entered is not None
    assert found.late_stage is not None
    assert (found.stage_entered.at, found.late_stage.at) == (at(1), at(1))
    overdue = breach("close_date_overdue", created(0, close_date=on(9)), in_bulk(dated(30, 1)))
    assert overdue is not None
    assert overdue.since > at(30)


def test_what_a_stage_requires_and_how_long_it_may_take_is_asked_from_when_the_deal_was_put_there():
    life = (entered("Discovery", 0), in_bulk(entered("Negotiation", 90)))
    for name in ("no_budget", "stage_overstay"):
        found = breach(name, *life)
        assert found is not None
        assert found.since > at(90)


def test_a_date_that_was_set_in_bulk_lies_ahead():
    planned = deal(created(0), in_bulk(next_step(30, 1))).last_planned
    assert planned is not None
    assert planned.until > at(30)


# -- what it does not change: nobody moved

MOVES: dict[str, tuple[str, tuple[Event | Answer, ...], Callable[[int], Event]]] = {
    "a push": (
        "close_date_slipping",
        (created(0, close_date=on(30)), dated(40, 1)),
        lambda day: dated(50, day),
    ),
    "a push out of the quarter": (
        "quarter_rollover",
        (created(0, close_date=on(20)),),
        lambda day: dated(50, day),
    ),
    "a step dated anew": (
        "next_step_recycled",
        (created(0), changed(0, hour=10, next_step="call", next_step_date=on(9)), next_step(12, 1)),
        lambda day: next_step(15, day),
    ),
    "a cut": (
        "amount_shrinking",
        (created(0, amount=100),),
        lambda day: changed(day, amount=50),
    ),
    "a move back": (
        "stage_regression",
        (entered("Proposal", 0),),
        lambda day: entered("Demo", day),
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_in_bulk_it_is_no_move(move):
    name, life, told = MOVES[move]
    assert breach(name, *life, told(2)) is not None
    assert breach(name, *life, in_bulk(told(2))) is None


def test_a_move_after_it_counts_from_the_value_that_it_set():
    (push,) = deal(created(0, close_date=on(9)), in_bulk(dated(60, 1)), dated(70, 2)).pushes
    assert (push.at, push.days) == (at(2), 10)
    halved = (created(0, amount=100), in_bulk(changed(1, amount=50)))
    assert breach("amount_shrinking", *halved, changed(2, event_id="less", amount=45)) is None
    assert breach("amount_shrinking", *halved, changed(2, event_id="less", amount=40)) is not None
    put_back = (entered("Negotiation", 0), in_bulk(entered("Demo", 1)))
    assert breach("stage_regression", *put_back, entered("Discovery", 2)) is not None


def test_a_regression_is_over_when_the_stage_is_regained_also_in_bulk():
    life = (entered("Proposal", 0), entered("Demo", 1))
    assert breach("stage_regression", *life, in_bulk(entered("Proposal", 2))) is None
    assert breach("stage_regression", *life, in_bulk(entered("Discovery", 2))) == breach("stage_regression", *life)


@pytest.mark.parametrize("told", [entered("Demo", 9), next_step(30, 9)], ids=["a stage advanced", "a next step dated"])
def test_it_is_no_step_of_ours(told):
    talk = [part for day in (3, 4, 5) for part in (inbound(day), reply(day, hour=10))]
    life = (entered("Discovery", 0), *talk)
    assert breach("reply_only", *life, told) is None
    assert breach("reply_only", *life, in_bulk(told)) is not None


@pytest.mark.parametrize("told", [entered("Demo", 9), dated(20, 9)], ids=["a stage advanced", "an earlier date"])
def test_it_is_no_progress(told):
    life = (entered("Discovery", 0, close_date=on(40)),)
    assert deal(*life, told).last_progress is not None
    assert deal(*life, in_bulk(told)).last_progress is None


def test_to_be_put_into_another_stage_calms_no_storm_and_gets_nothing_unstuck():
    asks = [inbound(day) for day in (1, 2, 3, 4)]
    for name, life in {
        "request_storm": (entered("Discovery", 0), *asks),
        "busy_but_stuck": (
            entered("Discovery", 0),
            *(part for day in (1, 2, 3, 4) for part in (inbound(day), reply(day, hour=10))),
        ),
    }.items():
        before, after = breach(name, *life), breach(name, *life, in_bulk(entered("Demo", 9)))
        assert before is not None
        assert after is not None
        assert after.since == before.since
        moved = breach(name, *life, entered("Demo", 9))
        assert moved is None or moved.since > before.since


def test_what_was_put_in_or_won_in_bulk_says_nothing_of_how_long_deals_take():
    stages = (entered("Discovery", 0), entered("Demo", 10), entered("Proposal", 30))
    assert win_of(deal(*stages, won(40))) is not None
    assert win_of(deal(*stages, in_bulk(won(40)))) is None
    assert win_of(deal(in_bulk(stages[0]), *stages[1:], won(40))) is None
    put = win_of(deal(*stages[:2], in_bulk(stages[2]), won(40)))
    assert put is not None
    assert [stage for stage, _ in put.stages] == ["discovery"]
    assert put.cycle == 40 * 86_400

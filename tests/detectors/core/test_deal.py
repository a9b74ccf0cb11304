"""A deal folds what comes late, twice and out of order, and stays small."""

import random
from datetime import timedelta
from itertools import permutations

import pytest

from detectors.core import state
from detectors.core.assessment import Watched, assess
from detectors.core.breach import Breach
from detectors.core.changes import Change
from detectors.core.deal import MOST_OTHERS, MOST_TOUCHES, PINNED, Deal
from detectors.core.earlier import MOST_PEOPLE
from detectors.core.events import MAX_BYTES, Event
from tests.detectors.builders import (
    BUYER,
    COLLEAGUE,
    DEAL,
    REP,
    RULES,
    TICK,
    at,
    away,
    booked,
    call,
    cancelled,
    changed,
    created,
    dated,
    deal,
    document,
    end_of,
    entered,
    inbound,
    lost,
    mail,
    milestone,
    next_step,
    on,
    outbound,
    paused,
    person,
    reopened,
    reply,
    rules_for,
    told,
    watched,
    won,
    word,
)

SMALL = 64 * 1024


def grown(found: Deal, *more) -> Deal:
    for each in more:
        found = found.apply(each)
    return found


def breaches(found: Deal) -> dict[str, Breach]:
    return assess(found)


# -- facts


def test_a_fact_is_the_newest_word_and_not_the_last_to_arrive():
    found = deal(created(0), changed(5, amount=50), changed(3, amount=30))
    assert found.amount == 50
    assert [change.value for change in found.changes("amount")] == [30, 50]


def test_a_fact_at_a_moment_is_what_was_told_by_then():
    found = deal(created(0), changed(3, need="important"), changed(5, need=None), changed(8, need="critical"))
    told = [found.fact_at("need", moment) for moment in (at(3) - TICK, at(3), at(5), at(8) - TICK, at(8), at(20))]
    assert told == [None, "important", None, None, "critical", "critical"]
    assert found.fact_at("budget", at(20)) is None


def test_proposals_and_quotes_are_told_by_their_sending_oldest_first():
    found = deal(
        created(0),
        document(5, kind="quote"),
        document(2),
        document(3, "viewed"),
        document(4, kind="contract"),
        document(6, kind="other"),
    )
    assert [each.event for each in found.proposals] == ["docs/proposal-sent-2", "docs/quote-sent-5"]
    assert found.proposal == found.proposals[-1]
    assert deal(created(0)).proposal is None


def test_repeating_a_fact_is_no_change():
    found = deal(
        created(0, stage="Demo"), changed(3, stage="Demo"), changed(5, stage="Proposal"), changed(6, stage="Demo")
    )
    assert [(change.at, change.value) for change in found.changes("stage")] == [
        (at(0), "Demo"),
        (at(5), "Proposal"),
        (at(6), "Demo"),
    ]


def test_since_when_a_field_lacks_what_is_enough():
    told = (created(0), changed(2, need="important"), changed(4, need="critical"))
    assert deal(created(0)).lacking("need", "critical") == deal(created(0)).created
    assert deal(*told[:2]).lacking("need", "critical") == deal(created(0)).created
    assert deal(*told).lacking("need", "critical") is None
    taken_back = deal(*told, changed(6, need="important"), changed(8, need=None)).lacking("need", "critical")
    assert taken_back is not None
    assert (taken_back.at, taken_back.event, taken_back.value) == (at(6), "crm/change-6", "important")


def test_any_value_is_enough_where_none_is_named():
    assert deal(created(0), changed(2, deadline=on(50))).lacking("deadline") is None
    cleared = deal(created(0), changed(2, deadline=on(50)), changed(5, deadline=None)).lacking("deadline")
    assert cleared is not None
    assert cleared.at == at(5)


def test_a_person_is_met_with_the_first_word_of_their_own():
    found = deal(created(0), outbound(1), inbound(3), inbound(5))
    seen = found.met[BUYER]
    assert (seen.first, seen.first_two_way, seen.last_two_way) == (at(1), at(3), at(5))
    assert deal(created(0), outbound(1)).people[BUYER].first_two_way is None


def test_when_a_person_was_met_first_is_known_when_the_touch_has_fallen_off():
    found = deal(created(0), inbound(1), *(outbound(2 + number) for number in range(MOST_TOUCHES + 5)))
    assert found.met[BUYER].first_two_way == at(1)


def test_when_something_began_and_ceased_to_hold_of_a_person():
    def here(told: dict) -> bool:
        return "champion" in (told.get("roles") or ()) and not told.get("left")

    named = (created(0), person(BUYER, 1, name="Eva"), person(BUYER, 3, roles=["champion"]))
    began = Change(at(3), "crm/person-buyer-3", True)
    ceased = Change(at(5), "crm/person-buyer-5", False)
    assert deal(*named[:2]).turns(BUYER, here) == []
    assert deal(*named).turns(BUYER, here) == [began]
    assert deal(*named, person(BUYER, 4, roles=["champion", "legal"])).turns(BUYER, here) == [began]
    assert deal(*named, person(BUYER, 5, left=True)).turns(BUYER, here) == [began, ceased]
    again = deal(*named, person(BUYER, 5, left=True), person(BUYER, 7, left=False))
    assert again.turns(BUYER, here) == [began, ceased, Change(at(7), "crm/person-buyer-7", True)]
    assert deal(*named).turns("nobody@them.example", here) == []


def test_people_are_called_by_name_and_title_and_never_by_their_whole_address():
    assert deal(created(0)).called(BUYER) == "buyer"
    assert deal(created(0), person(BUYER, name="Eva Lund")).called(BUYER) == "Eva Lund"
    assert deal(created(0), person(BUYER, name="Eva Lund", title="CEO")).called(BUYER) == "Eva Lund (CEO)"


BOSS = "boss@them.example"


@pytest.mark.parametrize(
    ("plan", "until"),
    [
        (booked(2, starts=20, attendees=[REP, BOSS]), at(20)),
        (booked(2, starts=20, organizer=BOSS, attendees=[REP]), at(20)),
        (booked(2, starts=20, attendees=[]), at(20)),
        (away(2, until=20, sender=BOSS), end_of(20)),
        (paused(20, day=2), end_of(20)),
        (booked(2, starts=20), None),
        (away(2, until=20), None),
        (next_step(20, day=2), None),
        (milestone(2, due=on(20)), None),
    ],
    ids=[
        "a meeting with them",
        "a meeting of theirs",
        "a meeting with whomever",
        "they are away",
        "a pause",
        "a meeting with somebody else",
        "somebody else is away",
        "a next step",
        "a milestone",
    ],
)
def test_what_is_planned_with_a_person_is_what_they_take_part_in(plan, until):
    found = deal(created(0), plan).planned_with({BOSS})
    assert (found.until if found else None) == until


def test_a_meeting_with_them_that_was_called_off_lay_ahead_until_then():
    off = deal(created(0), booked(2, starts=20, attendees=[REP, BOSS]), cancelled(5)).planned_with({BOSS})
    assert off is not None
    assert off.until == at(5)


def test_a_deal_begins_with_the_crms_first_word_else_with_its_first_event():
    assert deal(inbound(1), created(3)).created.at == at(3)
    assert deal(inbound(1), created(3), changed(2, amount=5)).created.at == at(2)
    assert deal(inbound(1)).created.at == at(1)


def test_the_same_event_twice_is_the_very_same_deal():
    found = deal(created(0), inbound(1))
    assert found.apply(inbound(1)) is found


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_of_two_contents_under_one_identity_the_later_counts_whichever_came_first(order):
    parts = [created(0, amount=1), changed(2, event_id="twice", amount=2), changed(3, event_id="twice", amount=3)]
    found = grown(Deal(DEAL, RULES), *(parts[index] for index in order))
    assert found.amount == 3
    assert [change.value for change in found.changes("amount")] == [1, 3]


@pytest.mark.parametrize("machine", [{}, {"returns_on": on(9)}], ids=["redirected by a rule", "read as an absence"])
def test_what_a_person_wrote_counts_before_a_copy_that_a_machine_passed_on(machine):
    wrote = inbound(3, event_id="m", to=[REP])
    passed_on = inbound(4, event_id="m", to=[REP, COLLEAGUE], automatic=True, **machine)
    for parts in permutations([created(0), wrote, passed_on]):
        found = grown(Deal(DEAL, RULES), *parts)
        assert [touch.at for touch in found.touches] == [at(3)]
        assert found.last_planned is None


def test_of_two_copies_of_a_mail_the_one_that_knows_of_a_hidden_recipient_counts():
    copies = [mail(REP, to, 1, event_id="m") for to in ([BUYER, COLLEAGUE], [BUYER, COLLEAGUE, "boss@them.example"])]
    for parts in permutations([created(0), *copies]):
        assert set(grown(Deal(DEAL, RULES), *parts).people) == {BUYER, "boss@them.example"}


def test_what_a_machine_wrote_says_nothing_of_a_deal():
    news = inbound(1, automatic=True)
    assert deal(created(0), news) == deal(created(0))
    assert not watched(news).answer(at(9))


def test_owners_of_the_past_are_remembered():
    found = deal(created(0), changed(1, owner="ann@us.example"), changed(2, owner="bob@us.example"))
    assert (found.owner, found.past_owners) == ("bob@us.example", {REP, "ann@us.example"})


def test_what_the_deal_was_at_an_earlier_moment_can_be_asked():
    found = deal(created(0), entered("Demo", 1), entered("Proposal", 5))
    assert found.before(at(5)).stage == "Demo"
    assert found.before(at(6)) is found


def test_a_deal_is_taken_up_when_it_is_opened_after_it_was_closed():
    again = (created(0), lost(3), reopened(5))
    assert deal(created(0, status="open")).taken_up is None
    assert deal(*again).taken_up == Change(at(5), "crm/reopened-5", "open")
    assert deal(*again, won(7), changed(9, status=None)).taken_up == Change(at(9), "crm/change-9", None)
    assert deal(*again, changed(9, status=None)).taken_up == Change(at(5), "crm/reopened-5", "open")


def test_a_silence_counts_from_when_the_deal_was_taken_up():
    again = deal(created(0), inbound(1), lost(3), reopened(30))
    assert (again.silent_since(at(1)), again.silent_since(at(31))) == (at(30), at(31))
    assert again.silence(at(1), 5, 7) == (at(37), at(39))
    assert again.silent_from(at(15)) == at(31)
    assert deal(created(0), inbound(1)).silence(at(1), 5, 7) == (at(8), at(10))


def test_what_is_planned_puts_off_a_silence_and_when_it_is_critical():
    assert deal(created(0), next_step(30, day=1)).silence(at(1), 5, 7) == (end_of(31), end_of(35))


def test_chases_of_before_the_deal_was_closed_are_no_chases_of_today():
    chased = (created(0), outbound(1), outbound(2), lost(3), reopened(30))
    assert deal(*chased).unanswered == []
    assert [touch.event for touch in deal(*chased, outbound(31)).unanswered] == ["gmail/outbound-31"]


def test_the_words_on_a_meeting_may_come_in_any_order():
    words = (
        word("booked", 1, starts_at=at(50).isoformat(), attendees=[REP, COLLEAGUE]),
        word("booked", 2, attendees=[REP, BUYER]),
        word("booked", 3, starts_at=None),
        word("booked", 4, organizer=REP),
        word("held", 9, kind="demo"),
    )
    in_order = watched(created(0), *words)
    assert in_order.deal.met.keys() == {BUYER}
    for order in permutations(words):
        found = watched(created(0), *order)
        assert state.to_json(found) == state.to_json(in_order)
        assert found.apply(order[0]) is found


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (0, 3, 1, 2), (2, 1, 0, 3)])
def test_a_booking_that_is_told_otherwise_changes_what_later_words_have_from_it(order):
    parts = [
        created(0),
        word("booked", 1, attendees=[REP, BUYER]),
        word("held", 9),
        word("booked", 1, hour=10, attendees=[REP, COLLEAGUE]).model_copy(update={"id": "word-booked-1"}),
    ]
    found = grown(Deal(DEAL, RULES), *(parts[index] for index in order))
    assert found.touches == ()


def test_who_was_met_is_told_with_first_and_last():
    found = deal(created(0), outbound(1), inbound(2), outbound(3), mail(REP, "silent@them.example", 4))
    assert set(found.people) == {BUYER, "silent@them.example"}
    assert set(found.met) == {BUYER}
    assert (found.met[BUYER].first, found.met[BUYER].last_two_way) == (at(1), at(2))


# -- beyond the bounds


def ping_pong(turns: int, one_thread: bool = False) -> list[Event]:
    """They ask at nine, we answer at ten, day after day."""
    parts = [created(0, close_date=on(1000))]
    for turn in range(turns):
        first = {"references": ["<in-0@mail.example>"]} if one_thread and turn else {}
        asked = inbound(turn + 1, event_id=f"in-{turn}", answers=parts[-1] if first else None, **first)
        parts += [asked, mail(REP, BUYER, turn + 1, hour=10, event_id=f"out-{turn}", answers=asked, **first)]
    return parts


def test_a_thousand_touches_stay_small():
    found = grown(Deal(DEAL, RULES), *ping_pong(500))
    assert len(found.log) <= 2 * MOST_TOUCHES
    assert len(state.to_json(Watched(found))) < SMALL


def test_a_thousand_touches_of_a_thousand_people_stay_small():
    found = deal(created(0))
    for number in range(1000):
        found = found.apply(inbound(1, minute=number, sender=f"p{number}@them.example"))
        found = found.apply(person(f"p{number}@them.example", number % 300, title="Clerk"))
    assert len(found.people) <= MOST_PEOPLE + MOST_TOUCHES
    assert len(found.contacts) <= MOST_PEOPLE + MOST_OTHERS
    assert len(state.to_json(Watched(found))) < SMALL


@pytest.mark.parametrize("one_thread", [True, False], ids=["one thread", "many threads"])
@pytest.mark.parametrize("turns", [5, 23, 24, 25, 26, 27, 30, 36, 37, 43, 60, 500])
def test_the_deadline_of_a_row_of_replies_does_not_move_when_touches_fall_off(turns, one_thread):
    found = breaches(grown(Deal(DEAL, RULES), *ping_pong(turns, one_thread)))["reply_only"]
    assert (found.since, found.critical_from) == (at(3, hour=10), at(5, hour=10))
    assert [each.event for each in found.evidence] == [f"gmail/out-{turn}" for turn in range(PINNED)]


@pytest.mark.parametrize("chases", [10, 47, 48, 49, 60, 61, 1000])
def test_the_deadline_of_a_row_of_chases_does_not_move_when_touches_fall_off(chases):
    found = grown(deal(created(0), inbound(0, hour=10)), *(call(1 + number) for number in range(chases)))
    assert breaches(found)["ghosted"].since == at(7)
    assert breaches(found)["ghosted"].critical_from == at(7)
    assert breaches(found)["gone_quiet"].since == at(14, hour=10)


def test_a_step_after_the_row_still_clears_it_and_a_new_row_counts_anew():
    long = grown(Deal(DEAL, RULES), *ping_pong(60))
    cleared = long.apply(booked(70, starts=80))
    assert "reply_only" not in breaches(cleared)
    again = grown(cleared, *told(inbound(71), reply(72), inbound(73), reply(74), inbound(77), reply(78)))
    assert breaches(again)["reply_only"].since == at(78)


def test_whom_we_met_long_ago_is_not_forgotten():
    met = deal(created(0), person("boss@them.example", title="CEO"), inbound(1, sender="boss@them.example"))
    busy = grown(met, *(inbound(2 + number) for number in range(200)))
    assert "no_executive_contact" not in breaches(busy)
    assert not any(touch.people == ("boss@them.example",) for touch in busy.touches)


def test_an_executive_is_remembered_before_a_hundred_others():
    met = deal(created(0), person("boss@them.example", title="CEO"), inbound(1, sender="boss@them.example"))
    crowd = [person(f"p{number}@them.example", 2, title="Clerk") for number in range(400)]
    assert "no_executive_contact" not in breaches(grown(met, *crowd))


def test_stage_entry_survives_two_hundred_snapshots_of_the_same_stage():
    snapshots = [changed(3 + number, stage="Proposal", amount=48_000) for number in range(200)]
    found = grown(deal(created(0, stage="Demo"), entered("Proposal", 2)), *snapshots)
    assert len(found.log) <= MOST_OTHERS
    assert found.late_stage is not None
    assert (found.late_stage.at, found.late_stage.event) == (at(2), "crm/stage-2")


def test_and_two_hundred_that_bring_news_of_something_else():
    snapshots = [changed(3 + number, stage="Proposal", amount=number, close_date=on(500)) for number in range(200)]
    found = grown(deal(created(0, stage="Demo", close_date=on(100)), entered("Proposal", 2)), *snapshots)
    assert len(found.log) <= MOST_OTHERS
    assert found.late_stage is not None
    assert (found.late_stage.at, found.late_stage.event) == (at(2), "crm/stage-2")
    assert (found.created.at, found.created.event) == (at(0), "crm/created-0")
    assert (found.amount, found.close_date) == (199, at(500).date())


def test_pushes_survive_two_hundred_other_changes():
    slipped = deal(created(0, close_date=on(30)), dated(40, day=10), dated(50, day=20))
    busy = grown(slipped, *(changed(21, event_id=f"c{number}", amount=number) for number in range(200)))
    assert breaches(busy)["close_date_slipping"] == breaches(slipped)["close_date_slipping"]


@pytest.mark.parametrize(
    "step",
    [next_step(400, day=2), paused(400, day=2), milestone(2, due=on(400)), booked(2, starts=400)],
    ids=["next step", "pause", "milestone", "meeting"],
)
def test_what_lies_ahead_survives_two_hundred_other_changes(step):
    planned = deal(created(0), inbound(1), step)
    busy = grown(planned, *(changed(3, event_id=f"c{number}", amount=number) for number in range(200)))
    assert len(busy.log) <= MOST_OTHERS + 2
    assert breaches(busy)["gone_quiet"].since == breaches(planned)["gone_quiet"].since


def much_else(day: float, count: int = 200) -> list[Event]:
    return [changed(day, event_id=f"else-{number}", amount=number) for number in range(count)]


def test_a_plan_behind_the_longest_one_survives_two_hundred_other_changes():
    plans = (created(0), paused(500, day=1), next_step(400, day=2), booked(3, starts=300), milestone(4, due=on(200)))
    ends = (paused(None, day=6), next_step(None, day=7), cancelled(8), milestone(9, done=True))
    for count in range(len(ends)):
        expected = breaches(deal(*plans, *ends[:count]))["gone_quiet"]
        assert breaches(grown(deal(*plans), *much_else(5), *ends[:count]))["gone_quiet"] == expected


def test_forty_plans_are_kept_as_far_as_there_is_room_for_them():
    plans = [milestone(1 + number / 100, name=f"step {number}", due=on(300 + number)) for number in range(40)]
    busy = grown(deal(created(0), *plans), *much_else(5, 500))
    assert len(busy.log) <= MOST_OTHERS
    assert breaches(busy)["gone_quiet"].since == breaches(deal(created(0), *plans))["gone_quiet"].since


def test_a_milestones_date_survives_when_only_the_word_that_renamed_it_does():
    plan = deal(created(0), milestone(1, due=on(400)), *much_else(2, 96), milestone(3, title="renamed"))
    busy = grown(plan, *much_else(4))
    assert "crm/milestone-1" not in {entry.event for entry in busy.log}
    (kept,) = busy.milestones
    assert (kept.title, kept.due) == ("renamed", at(400).date())
    assert breaches(busy)["gone_quiet"].since == end_of(401)


@pytest.mark.parametrize("until", [None, 3], ids=["newsletters", "absences"])
def test_what_machines_wrote_does_not_push_out_what_people_wrote(until):
    robots = [away(2 + number / 100, until, sender=f"r{number}@them.example") for number in range(80)]
    found = grown(deal(created(0), inbound(1), *(outbound(1, 10 + n) for n in range(4))), *robots)
    assert len(found.touches) == 5


def test_an_absence_survives_a_hundred_chases():
    gone = grown(deal(created(0), away(1, until=200)), *(outbound(2 + number) for number in range(100)))
    assert breaches(gone)["ghosted"].since == end_of(203)


def test_who_is_invited_is_known_when_the_meeting_is_held_after_two_hundred_other_changes():
    ours = deal(created(0), word("booked", 1, starts_at=at(9).isoformat(), attendees=[REP, COLLEAGUE]), inbound(2))
    for busy in (
        grown(ours, *much_else(3), word("held", 9), *much_else(10)),
        grown(ours, *much_else(9, 300), word("held", 10)),
    ):
        assert len(busy.touches) == 1
        assert breaches(busy)["gone_quiet"].since == at(16)


def test_that_a_deal_was_taken_up_survives_two_hundred_other_changes():
    again = deal(created(0), inbound(1), lost(3), reopened(30))
    assert grown(again, *much_else(31)).taken_up == again.taken_up


def test_a_purposeful_step_survives_two_hundred_other_changes():
    cleared = deal(*ping_pong(3), booked(5, starts=9))
    busy = grown(cleared, *(changed(6, event_id=f"c{number}", amount=number) for number in range(200)))
    assert "reply_only" not in breaches(busy)


def test_a_next_step_that_is_told_again_and_again_stays_one_step():
    long = deal(created(0), next_step(900, day=0, hour=10), *ping_pong(3)[1:])
    snapshots = [changed(10, event_id=f"c{number}", amount=number, next_step_date=on(900)) for number in range(200)]
    assert breaches(grown(long, *snapshots))["reply_only"].since == at(3, hour=10)


def test_a_deal_that_the_crm_never_told_of_keeps_its_beginning():
    found = grown(Deal(DEAL, RULES), *(outbound(number) for number in range(200)))
    assert (found.created.at, found.created.event) == (at(0), "gmail/outbound-0")
    assert breaches(found)["gone_quiet"].since == at(14)


def test_changes_that_say_nothing_do_no_harm():
    empty = [changed(number, event_id=f"e{number}") for number in range(3 * MOST_OTHERS)]
    found = grown(Deal(DEAL, RULES), *empty)
    assert found.created.at == at(0)
    many = grown(Deal(DEAL, RULES), *(person(f"p{number}@them.example", number) for number in range(300)))
    late = many.apply(changed(1, event_id="late"))
    assert late.created.at == at(1)
    assert breaches(late)


def test_what_fell_off_may_be_told_again_and_changes_nothing():
    parts = told(*ping_pong(100), *(changed(number, event_id=f"c{number}", amount=number) for number in range(200)))
    before = watched(*parts)
    again = parts[:]
    random.Random(7).shuffle(again)
    after = before
    for each in again:
        after = after.apply(each)
    assert after is before


def test_a_meeting_among_ourselves_stays_so_when_it_is_told_again_after_it_fell_off():
    ours = (word("booked", 1, attendees=[REP, COLLEAGUE]), word("held", 2))
    before = deal(created(0), *ours, *much_else(3), *(outbound(4 + number) for number in range(100)))
    assert not {each.event for each in before.log} & {"calendar/word-booked-1", "calendar/word-held-2"}
    assert grown(before, *reversed(ours)) is before


def test_an_older_event_than_what_fell_off_adds_to_the_summary_only():
    parts = ping_pong(100)
    before = watched(*parts)
    after = before.apply(inbound(2, hour=3, sender="boss@them.example"))
    assert after.deal.log == before.deal.log
    assert after.past == before.past
    assert "boss@them.example" in after.deal.met


def test_crowds_on_every_event_fit_into_a_record():
    crowd = [f"{'x' * 50}{number}@{'y' * 60}.example" for number in range(500)]
    found = deal(created(0))
    for number in range(200):
        found = found.apply(mail(REP, crowd, 1, minute=number, event_id=f"m{number}"))
        found = found.apply(word("booked", 1 + number, attendees=crowd))
    assert len(state.to_json(Watched(found))) < MAX_BYTES * 3 // 4


def test_a_boss_behind_a_crowd_of_ours_is_met():
    crowd = [*(f"p{number}@us.example" for number in range(300)), "boss@them.example"]
    met = deal(created(0), person("boss@them.example", title="CEO"), word("held", 3, attendees=crowd))
    assert "no_executive_contact" not in breaches(met)


def test_any_flood_of_changes_is_survived():
    kinds = ("amount", "next_step", "lost_reason", "segment")
    flood = [
        changed(number, event_id=f"{kind}-{number}", **{kind: number if kind == "amount" else str(number)})
        for number in range(100)
        for kind in kinds
    ]
    shuffled = flood[:]
    random.Random(1).shuffle(shuffled)
    for order in (flood, shuffled):
        found = grown(deal(created(0)), *order)
        assert len(found.log) <= MOST_OTHERS
        assert found.created.at == at(0)
        assert len(state.to_json(Watched(found))) < SMALL


def test_a_stage_told_in_other_letters_is_the_same_stage():
    found = deal(entered("Demo", 0), entered("DEMO ", 5), entered("Proposal", 9))
    assert [change.at for change, _ in found.stage_changes] == [at(0), at(9)]


def test_a_date_pulled_in_after_it_was_taken_away_is_pulled_in():
    found = deal(entered("Demo", 0), dated(60, 1), dated(None, 2), dated(40, 3))
    assert found.last_progress is not None
    assert found.last_progress.at == at(3)


def test_a_stage_that_it_was_in_before_is_no_progress_in_whatever_letters():
    found = deal(entered("Proposal", 0), entered("Legal", 1), entered("PROPOSAL", 5))
    assert found.last_step is not None
    assert found.last_step.at == at(1)


def test_a_pause_ends_with_its_last_day_where_the_owner_is():
    rules = rules_for(time_zone="Europe/Berlin")
    assert deal(created(0), paused(10, 1), rules=rules).paused_until == end_of(10) - timedelta(hours=1)
    assert deal(created(0), paused(10, 1), paused(None, 2), rules=rules).paused_until is None
    assert deal(created(0), rules=rules).paused_until is None

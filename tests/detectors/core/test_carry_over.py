"""What a deal keeps when an event comes is what it would find by looking through its whole log."""

from dataclasses import replace

from hypothesis import given

from detectors.core.deal import Deal
from detectors.core.events import Event
from detectors.core.rules import Rules
from tests.detectors.builders import DEAL, STAGES
from tests.detectors.lives import lives

ASKED = (
    "_told",
    "created",
    "taken_up",
    "calendar",
    "is_ours",
    "stage_changes",
    "pushes",
    "contacts",
    "people",
    "met",
    "power_met",
    "touches",
    "two_way",
    "asks",
    "pushes_of_ours",
    "last_two_way",
    "unanswered",
    "replies_in_a_row",
    "last_step",
    "last_planned",
    "aims",
    "milestones",
    "proposals",
)
WITHOUT_DOMAINS = Rules.of({"pipelines": {"default": {"stages": STAGES}}})


def ask(deal: Deal) -> dict[str, object]:
    return {name: getattr(deal, name) for name in ASKED}


def looked_through(deal: Deal) -> dict[str, object]:
    """What is told of the touches one by one, as a look at all of them finds it."""
    touches, again = deal.touches, deal.taken_up
    ours = [touch for touch in touches if touch.is_ours and not touch.two_way]
    signs = [place for place, touch in enumerate(touches) if touch not in ours]
    chased = touches[signs[-1] + 1 :] if signs else touches
    known, first = set(deal.earlier.people), None
    for touch in touches:
        if touch.is_ours and touch.answers is None and not known.issuperset(touch.people):
            first = touch.event
        known.update(touch.people)
    return {
        "two_way": tuple(touch for touch in touches if touch.two_way),
        "asks": tuple(touch for touch in touches if touch.opens and not touch.is_ours),
        "pushes": tuple(touch for touch in ours if touch.answers is None),
        "unanswered": [touch for touch in chased if again is None or touch.at >= again.at],
        "first_contact": first,
    }


@given(lives())
def test_what_is_told_touch_by_touch_is_what_a_look_at_all_of_them_finds(events: list[Event]) -> None:
    deal = Deal(DEAL, WITHOUT_DOMAINS)
    for event in sorted(events, key=lambda each: each.time):
        deal = deal.apply(event)
    if deal.log:
        first = deal._newest_first_contact
        assert looked_through(deal) == {
            "two_way": deal.two_way,
            "asks": deal.asks,
            "pushes": deal.pushes_of_ours,
            "unanswered": deal.unanswered,
            "first_contact": first and first.event,
        }


@given(lives())
def test_a_deal_that_grew_answers_as_one_that_was_read_anew(events: list[Event]) -> None:
    deal = Deal(DEAL, WITHOUT_DOMAINS)
    for event in sorted(events, key=lambda each: each.time):
        deal = deal.apply(event)
        if deal.log:
            grown, anew = ask(deal), ask(replace(deal))
            assert grown == anew, event

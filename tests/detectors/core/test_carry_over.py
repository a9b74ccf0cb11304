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
    "touches",
    "last_two_way",
    "unanswered",
    "replies_in_a_row",
    "last_step",
    "last_planned",
    "milestones",
    "proposals",
)
WITHOUT_DOMAINS = Rules.of({"pipelines": {"default": {"stages": STAGES}}})


def ask(deal: Deal) -> dict[str, object]:
    return {name: getattr(deal, name) for name in ASKED}


@given(lives())
def test_a_deal_that_grew_answers_as_one_that_was_read_anew(events: list[Event]) -> None:
    deal = Deal(DEAL, WITHOUT_DOMAINS)
    for event in sorted(events, key=lambda each: each.time):
        deal = deal.apply(event)
        if deal.log:
            grown, anew = ask(deal), ask(replace(deal))
            assert grown == anew, event

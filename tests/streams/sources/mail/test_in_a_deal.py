"""What a deal makes of the golden mails: who talked, what lies ahead, and what is no touch."""

from datetime import UTC, datetime
from itertools import permutations

from detectors.core.deal import Deal
from detectors.core.events import Event
from detectors.core.plan import planned
from detectors.core.rules import Rules
from tests.streams.sources.mail.test_golden import MAILS
from tests.streams.sources.mail.written import item, written

RULES = Rules.of({"organization": {"domains": ["us.example"]}})


def deal_of(*mails: bytes) -> Deal:
    deal = Deal("D-1", RULES)
    for event in (event for raw in mails for event in item(raw, now=None).events):
        deal = deal.apply(event.model_copy(update={"subject": "D-1"}))
    return deal


GOLDEN = deal_of(*(path.read_bytes() for path in MAILS))


def subjects(direction: str) -> list[str | None]:
    return [touch.subject for touch in GOLDEN.touches if touch.direction == direction]


def test_only_what_people_wrote_to_the_other_side_is_a_touch() -> None:
    assert subjects("outbound") == [
        "Your visit to our stand",
    ]
    assert subjects("inbound") == [
        "Re: Your visit to our stand",
        "AW: Your visit to our stand",
        "Abgelehnt: Demo",
        "Who is our contact now?",
        "Fwd: Offer for the second module",
        "Urgent transfer",
        "Broken � =?bad",
    ]


def test_the_series_and_the_absence_lie_ahead_and_what_was_called_off_does_not() -> None:
    ahead = [(each.text, each.until) for each in planned(GOLDEN.log, GOLDEN.calendar, GOLDEN.is_ours)]
    assert ("a booked meeting", datetime(2026, 3, 17, 8, tzinfo=UTC)) in ahead
    assert sum(text == "out of office" for text, _ in ahead) == 3
    assert ("a booked meeting", datetime(2026, 3, 4, 9, tzinfo=UTC)) in ahead  # until it was called off


def test_the_same_mail_in_five_mailboxes_is_one_touch_in_whatever_order() -> None:
    boxes = ("ada", "rep", "boss", "all", "archive")
    copies = [
        written(f"Delivered-To: {box}@us.example", "Received: by x; Tue, 3 Mar 2026 10:00:09 +0100") for box in boxes
    ]
    answer = written(
        "In-Reply-To: <1@customer.example>", sender="rep@us.example", to="ada@customer.example", id="<2@us.example>"
    )
    for order in permutations((*copies[:3], answer)):
        deal = deal_of(*order, *copies[3:])
        assert [touch.direction for touch in deal.touches] == ["inbound", "outbound"]


def test_an_automatic_reply_leaves_our_mail_unanswered() -> None:
    ours = written(sender="rep@us.example", to="ada@customer.example", id="<2@us.example>")
    robot = written(
        "Auto-Submitted: auto-replied", "In-Reply-To: <2@us.example>", date="Tue, 3 Mar 2026 10:01:00 +0100"
    )
    person = written("In-Reply-To: <2@us.example>", date="Tue, 3 Mar 2026 10:02:00 +0100", id="<3@customer.example>")
    assert len(deal_of(ours, robot).unanswered) == 1
    assert deal_of(ours, robot, person).unanswered == []


def test_events_of_mail_name_no_deal_themselves() -> None:
    """The join finds it, by thread and people."""
    told: list[Event] = [event for path in MAILS for event in item(path.read_bytes(), now=None).events]
    assert {event.subject for event in told} == {None}

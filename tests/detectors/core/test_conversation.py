"""Who said what to whom, and which of ours answers which of theirs."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from detectors.core.conversation import Touch
from detectors.core.events import Event
from detectors.core.rules import Rules
from tests.detectors.builders import (
    BUYER,
    COLLEAGUE,
    DEAL,
    REP,
    answer,
    at,
    away,
    booked,
    call,
    changed,
    created,
    deal,
    event,
    held,
    inbound,
    mail,
    outbound,
    reply,
    word,
)

CFO = "cfo@them.example"


def kinds(found):
    return [(touch.event, touch.direction, touch.two_way) for touch in found.touches]


def test_a_mail_from_them_is_a_touch_of_theirs():
    (touch,) = deal(created(0), inbound(1)).touches
    assert touch == Touch(
        at(1), "gmail/inbound-1", "mail", "inbound", (BUYER,), two_way=True, subject="pricing", opens=True
    )
    assert (touch.is_ours, touch.words) == (False, "their mail 'pricing'")


def test_a_mail_from_us_is_a_touch_of_ours_with_everybody_of_theirs_on_it():
    (touch,) = deal(created(0), outbound(1, cc=["boss@them.example", COLLEAGUE])).touches
    assert (touch.people, touch.two_way, touch.is_ours) == ((BUYER, "boss@them.example"), False, True)
    assert touch.words == "our mail 'pricing'"


def test_a_reply_names_the_mail_that_it_answers():
    asked, replied = deal(created(0), inbound(1), reply(2)).touches
    assert (asked.answers, replied.answers) == (None, "gmail/inbound-1")


def test_their_answer_names_the_mail_of_ours_that_it_answers():
    assert [touch.answers for touch in deal(created(0), outbound(1), answer(2)).touches] == [None, "gmail/outbound-1"]


def test_a_mail_without_a_thread_before_it_opens_one():
    assert [touch.opens for touch in deal(created(0), outbound(1), answer(2), inbound(3)).touches] == [
        True,
        False,
        True,
    ]


def test_what_follows_our_own_mail_is_no_reply():
    asked, first = inbound(1), mail(REP, BUYER, 2, answers=inbound(1))
    follow_up = mail(REP, BUYER, 3, answers=first)
    assert [touch.answers for touch in deal(created(0), asked, first, follow_up).touches] == [
        None,
        "gmail/inbound-1",
        None,
    ]


def test_what_is_passed_on_to_somebody_else_is_no_reply():
    asked = inbound(1)
    passed_on = deal(created(0), asked, mail(REP, CFO, 2, answers=asked, subject="Fwd: pricing"))
    assert passed_on.touches[-1].answers is None
    assert passed_on.last_step is not None
    assert passed_on.last_step.text == f"our first mail to {CFO}"
    for everybody in ({"to": [CFO, BUYER]}, {"to": CFO, "cc": [BUYER]}):
        replied = deal(created(0), asked, mail(REP, day=2, answers=asked, **everybody))  # type: ignore[arg-type]
        assert replied.touches[-1].answers == "gmail/inbound-1"
    counsel = "law@counsel.example"
    assert deal(created(0), asked, mail(REP, counsel, 2, answers=asked)).touches[-1].answers is None


def test_they_may_be_answered_at_another_address_of_their_company():
    asked = inbound(1)
    for subject in ("Re: pricing", "pricing"):
        replied = deal(created(0), asked, mail(REP, "b.uyer@them.example", 2, answers=asked, subject=subject))
        assert replied.touches[-1].answers == "gmail/inbound-1"


def test_their_answer_is_one_whomever_of_us_it_goes_to():
    asked = outbound(1)
    assert deal(created(0), asked, mail(BUYER, COLLEAGUE, 2, answers=asked)).touches[-1].answers == "gmail/outbound-1"


def test_a_reply_to_a_mail_that_nobody_saw_answers_the_last_one_of_its_thread():
    asked = inbound(1)
    unseen = mail(
        REP, BUYER, 3, in_reply_to="<lost@mail.example>", references=["<inbound-1@mail.example>", "<lost@mail.example>"]
    )
    assert deal(created(0), asked, unseen).touches[-1].answers == "gmail/inbound-1"
    ours_was_last = mail(REP, BUYER, 2, references=["<inbound-1@mail.example>"])
    assert deal(created(0), asked, ours_was_last, unseen).touches[-1].answers is None


def test_a_reply_in_a_thread_that_nobody_saw_is_no_reply_until_its_parent_comes():
    late = inbound(1)
    orphan = mail(REP, BUYER, 2, answers=late)
    assert deal(created(0), orphan).touches[-1].answers is None
    assert deal(created(0), orphan, late).touches[-1].answers == "gmail/inbound-1"


def test_the_newest_reference_is_the_parent_where_no_other_is_named():
    first, second = inbound(1), inbound(2, in_reply_to="<inbound-1@mail.example>")
    replied = mail(REP, BUYER, 3, references=["<inbound-1@mail.example>", "<inbound-2@mail.example>"])
    assert deal(created(0), first, second, replied).touches[-1].answers == "gmail/inbound-2"


@pytest.mark.parametrize("blank", ["", " ", "\t", "<>", " < > "])
def test_a_blank_parent_is_none(blank):
    assert deal(created(0), inbound(1), outbound(2, in_reply_to=blank)).touches[-1].answers is None
    by_reference = outbound(2, in_reply_to=blank, references=[blank, "<inbound-1@mail.example>", blank])
    assert deal(created(0), inbound(1), by_reference).touches[-1].answers == "gmail/inbound-1"


def test_angle_brackets_and_spaces_around_an_id_do_not_matter():
    bare = outbound(2, in_reply_to=" inbound-1@mail.example ")
    assert deal(created(0), inbound(1), bare).touches[-1].answers == "gmail/inbound-1"


def test_mails_whose_own_id_is_blank_are_no_copies_of_each_other():
    two = [inbound(day, message_id="<>", subject=subject) for day, subject in ((1, "pricing"), (2, "terms"))]
    assert [touch.opens for touch in deal(created(0), *two).touches] == [True, True]


def test_a_mail_that_answers_itself_answers_nothing():
    itself = outbound(2, message_id="<x@mail.example>", in_reply_to="<x@mail.example>", references=["<x@mail.example>"])
    assert deal(created(0), inbound(1), itself).touches[-1].answers is None


def test_mails_that_answer_each_other_are_told_in_order_of_time():
    one = inbound(1, message_id="<a@mail.example>", in_reply_to="<b@mail.example>")
    other = outbound(2, message_id="<b@mail.example>", in_reply_to="<a@mail.example>")
    assert [touch.answers for touch in deal(created(0), one, other).touches] == [None, "gmail/inbound-1"]


def test_ten_thousand_references_are_read():
    references = ["<inbound-1@mail.example>", *(f"<{number}@mail.example>" for number in range(10_000))]
    assert deal(created(0), inbound(1), outbound(2, references=references)).touches[-1].answers == "gmail/inbound-1"


def test_the_same_mail_from_two_mailboxes_is_one_touch_of_the_earlier():
    copies = [
        mail(BUYER, to, 1, event_id=name, message_id="<one@mail.example>")
        for to, name in ((REP, "a"), (COLLEAGUE, "b"))
    ]
    assert (
        kinds(deal(created(0), *copies)) == kinds(deal(created(0), *reversed(copies))) == [("gmail/a", "inbound", True)]
    )


def test_internal_and_automatic_mail_is_no_touch():
    assert kinds(deal(created(0), mail(REP, COLLEAGUE, 1), away(2), mail(REP, BUYER, 3, automatic=True))) == []


def test_mail_to_both_sides_is_ours_and_reaches_the_buyer():
    (touch,) = deal(created(0), mail(REP, [COLLEAGUE, BUYER], 1)).touches
    assert (touch.direction, touch.people) == ("outbound", (BUYER,))


def test_a_mail_to_nobody_is_no_touch():
    assert kinds(deal(created(0), mail(REP, [], 1))) == []


def test_calls_are_two_way_only_if_somebody_answered():
    calls = [call(1), call(2, connected=False), call(3, connected=True), call(4, direction="inbound", connected=False)]
    assert [(touch.direction, touch.two_way, touch.words) for touch in deal(created(0), *calls).touches] == [
        ("outbound", False, "our call"),
        ("outbound", False, "our call"),
        ("outbound", True, "our call"),
        ("inbound", False, "their call"),
    ]


def test_a_call_among_ourselves_is_none():
    assert kinds(deal(created(0), call(1, to=COLLEAGUE))) == []


def called(name: str, day: float, **fields: object) -> Event:
    told = {"call_id": "one", "direction": "outbound", **fields}
    return event("dialler", name, "activity.call", at(day), **told)


def test_a_call_that_is_told_again_is_one_touch_as_it_was_told_last():
    dialled, missed, taken = (
        called("dialled", 1, **{"with": [BUYER]}),
        called("missed", 2, connected=False),
        called("taken", 3, connected=True),
    )
    for words in ((dialled, missed), (missed, dialled)):
        assert kinds(deal(created(0), *words)) == [("dialler/dialled", "outbound", False)]
    (touch,) = deal(created(0), dialled, missed, taken).touches
    assert (touch.at, touch.people, touch.two_way) == (at(1), (BUYER,), True)
    assert kinds(deal(created(0), dialled, taken, called("other", 4, call_id="two", connected=False))) == [
        ("dialler/dialled", "outbound", True),
        ("dialler/other", "outbound", False),
    ]


def test_who_was_called_may_be_told_later():
    late = deal(created(0), called("dialled", 1), inbound(2), called("noted", 3, connected=True, **{"with": [BUYER]}))
    assert [(touch.event, touch.people) for touch in late.touches] == [
        ("dialler/dialled", (BUYER,)),
        ("gmail/inbound-2", (BUYER,)),
    ]
    assert (late.met[BUYER].first, late.met[BUYER].last_two_way) == (at(1), at(2))


def test_a_call_among_ourselves_is_one_with_the_buyer_from_its_first_word_once_they_are_named():
    ours = called("dialled", 1, connected=True, **{"with": [COLLEAGUE]})
    named = called("noted", 3, **{"with": [COLLEAGUE, BUYER]})
    found = deal(created(0), ours, inbound(2), named)
    assert [touch.event for touch in found.touches] == ["dialler/dialled", "gmail/inbound-2"]
    assert found.met[BUYER].first == at(1)
    assert kinds(deal(created(0), named, called("corrected", 4, **{"with": [COLLEAGUE]}))) == []


def test_a_meeting_among_ourselves_stays_so_when_it_is_held_without_its_list():
    ours = word("booked", 1, organizer=REP, attendees=[REP, COLLEAGUE])
    assert deal(created(0), ours, word("held", 2)).touches == ()
    assert kinds(deal(created(0), ours, word("held", 2, attendees=[BUYER]))) == [("calendar/word-held-2", "both", True)]
    assert kinds(deal(created(0), ours, word("held", 2, name="another"))) == [("calendar/word-held-2", "both", True)]


def test_who_was_invited_took_part_where_nobody_says_who_did():
    found = deal(
        created(0), word("booked", 1, attendees=[REP, CFO]), word("booked", 2, attendees=None), word("held", 3)
    )
    assert [touch.people for touch in found.touches] == [()]
    found = deal(created(0), word("booked", 1, attendees=[REP, CFO]), word("booked", 2), word("held", 3))
    assert [touch.people for touch in found.touches] == [(CFO,)]


def test_only_held_meetings_with_a_buyer_are_touches():
    found = deal(created(0), booked(1, starts=2), held(2), held(3, attendees=[REP, COLLEAGUE]), held(4, attendees=[]))
    assert [(touch.event, touch.people) for touch in found.touches] == [
        ("calendar/held-2", (BUYER,)),
        ("calendar/held-4", ()),
    ]


def test_our_subdomains_are_ours_and_look_alikes_are_not():
    rules = Rules.of({"organization": {"domains": ["us.example"]}})
    found = deal(created(0), mail(BUYER, "rep@mail.us.example", 1), mail("rep@eu.us.example", BUYER, 2), rules=rules)
    assert [touch.direction for touch in found.touches] == ["inbound", "outbound"]
    look_alike = deal(created(0), mail("rep@notus.example", REP, 1), rules=rules)
    assert [touch.direction for touch in look_alike.touches] == ["inbound"]


def test_without_domains_in_the_rules_ours_are_those_of_the_deals_owners():
    unsaid = Rules()
    found = deal(created(0), inbound(1), reply(2), mail(COLLEAGUE, REP, 3), rules=unsaid)
    assert [touch.direction for touch in found.touches] == ["inbound", "outbound"]
    handed_over = deal(created(0), outbound(1), changed(2, owner="new@partner.example"), rules=unsaid)
    assert [touch.direction for touch in handed_over.touches] == ["outbound"]


def test_a_domain_with_umlauts_is_ours_however_it_is_written():
    rules = Rules.of({"organization": {"domains": ["Straße.example"]}})
    found = deal(
        created(0), mail("rep@STRAßE.example", BUYER, 1), mail("rep@xn--strae-oqa.example", BUYER, 2), rules=rules
    )
    assert [touch.direction for touch in found.touches] == ["outbound", "outbound"]


# -- one mail in several mailboxes, each copy under an id of its own


def copies_of(day: float, *boxes: str, sender: str = BUYER, **fields: object) -> list[Event]:
    """The mail as each mailbox has it: gateways give each copy its own id."""
    return [
        mail(sender, [REP, COLLEAGUE], day, event_id=box, **fields)  # type: ignore[arg-type]
        for box in boxes or ("a", "b", "c")
    ]


def test_copies_under_other_ids_are_one_touch_in_any_order_of_arrival():
    told = [created(0), *copies_of(1), outbound(2)]
    for order in permutations(told):
        assert kinds(deal(*order)) == [("gmail/a", "inbound", True), ("gmail/outbound-2", "outbound", False)]


def test_a_reply_to_any_copy_answers_that_mail():
    for copy in copies_of(1):
        replied = deal(created(0), *copies_of(1), mail(REP, BUYER, 2, answers=copy))
        assert [touch.answers for touch in replied.touches] == [None, "gmail/a"]
        # and who names a lost mail of its thread is in it, too
        lost = mail(REP, BUYER, 2, in_reply_to="<lost@mail.example>", references=[f"<{copy.id}@mail.example>"])
        assert deal(created(0), *copies_of(1), lost).touches[-1].answers == "gmail/a"


def test_a_copy_may_have_a_prefix_other_letters_and_other_people_beside_one_in_common():
    one = mail(BUYER, [REP, COLLEAGUE], 1, event_id="a", subject="Pricing")
    for to, subject in (([COLLEAGUE, CFO], "pricing"), ([REP], "RE: PRICING"), ([REP, CFO], "WG: Pricing ")):
        assert len(deal(created(0), one, mail(BUYER, to, 1, event_id="b", subject=subject)).touches) == 1


@pytest.mark.parametrize(
    "other",
    [
        mail(BUYER, [REP], 1, event_id="b", subject="another"),
        mail(BUYER, ["third@us.example"], 1, event_id="b"),
        mail(CFO, [REP], 1, event_id="b"),
        mail(BUYER, [REP], 1, 9, 1, event_id="b"),
    ],
    ids=["another subject", "nobody in common", "another sender", "a minute later"],
)
def test_what_differs_in_more_is_another_mail(other):
    for order in ((copies_of(1, "a")[0], other), (other, copies_of(1, "a")[0])):
        assert len(deal(created(0), *order).touches) == 2


def test_one_letter_to_two_buyers_in_one_second_is_two_mails_though_we_are_on_both():
    letters = [mail(REP, to, 1, event_id=to, cc=[COLLEAGUE]) for to in (BUYER, CFO)]
    for order in permutations([created(0), *letters]):
        assert [touch.people for touch in deal(*order).touches] == [(BUYER,), (CFO,)]


def test_a_copy_may_lack_who_was_hidden_from_it():
    copies = [
        mail(REP, to, 1, event_id=name) for name, to in (("a", [BUYER, CFO, COLLEAGUE]), ("b", [BUYER, COLLEAGUE]))
    ]
    for order in permutations([created(0), *copies]):
        assert len(deal(*order).touches) == 1


def test_a_mail_is_the_same_within_its_second_and_not_across_it():
    def sent(name: str, moment: datetime) -> Event:
        fields = {"message_id": f"<{name}@mail.example>", "from": BUYER, "to": [REP], "subject": "pricing"}
        return event("gmail", name, "activity.email", moment, DEAL, **fields)

    late = timedelta(milliseconds=900)
    assert len(deal(created(0), sent("a", at(1)), sent("b", at(1) + late)).touches) == 1
    assert len(deal(created(0), sent("a", at(1) + late), sent("b", at(1) + timedelta(seconds=1))).touches) == 2


def test_a_copy_neither_opens_a_thread_nor_meets_somebody_anew():
    ours = copies_of(1, sender=REP)
    found = deal(created(0), *(mail(REP, [BUYER, COLLEAGUE], 1, event_id=each.id) for each in ours))
    assert len(found.unanswered) == 1
    assert [touch.opens for touch in found.touches] == [True]


def test_copies_of_many_mails_leave_room_for_the_mails():
    told: list[Event] = [created(0)]
    for day in range(1, 40):
        told += copies_of(day, *(f"{box}{day}" for box in "abcde"))
    found = deal(*told)
    assert len(found.touches) >= 24
    assert len(found.log) <= 60
    # and a reply stays one as long as it is remembered, whichever copy it names
    talk: list[Event] = [created(0)]
    for day in range(1, 40):
        asked = copies_of(day, *(f"{box}{day}" for box in "abcde"))
        talk += [*asked, mail(REP, BUYER, day, 10, answers=asked[3])]
    replies = [touch for touch in deal(*talk).touches if touch.is_ours]
    assert len(replies) >= 12
    assert all(touch.answers for touch in replies)


# -- a mail whose reply headers were lost


def test_a_mail_without_headers_continues_by_subject_and_people_and_answers_the_newest_of_theirs():
    asked = (inbound(1), inbound(2, subject="Re: pricing"))
    first, second, replied = deal(created(0), *asked, outbound(3, subject="AW: Pricing")).touches
    assert (first.opens, second.opens, replied.opens) == (True, False, False)
    assert (second.answers, replied.answers) == (None, "gmail/inbound-2")


def test_so_do_they_when_they_answer_us():
    found = deal(created(0), outbound(1), inbound(2, subject="Re: pricing"))
    assert [(touch.opens, touch.answers) for touch in found.touches] == [(True, None), (False, "gmail/outbound-1")]
    assert found.unanswered == []


def test_the_same_subject_without_a_prefix_opens_a_thread_and_so_does_one_passed_on():
    for subject in ("pricing", "Fwd: pricing", "Re: terms"):
        again = deal(created(0), inbound(1), outbound(2, subject=subject)).touches[-1]
        assert (again.opens, again.answers) == (True, None)


def test_a_mail_is_continued_for_thirty_days_and_not_a_minute_longer():
    in_time, late = (outbound(31, minute=minute, subject="Re: pricing") for minute in (0, 1))
    assert deal(created(0), inbound(1), in_time).touches[-1].answers == "gmail/inbound-1"
    assert deal(created(0), inbound(1), late).touches[-1].answers is None
    # the thread goes on: what counts is its newest mail between them
    reminder = outbound(20, subject="pricing", answers=inbound(1))
    assert deal(created(0), inbound(1), reminder, outbound(45, subject="Re: pricing")).touches[-1].opens is False


def test_other_people_do_not_continue_it():
    other = mail(REP, CFO, 2, subject="Re: pricing")
    assert deal(created(0), inbound(1), other).touches[-1].opens is True
    stranger = mail(CFO, REP, 2, subject="Re: pricing")
    assert deal(created(0), outbound(1), stranger).touches[-1].opens is True
    colleague = mail(COLLEAGUE, BUYER, 2, subject="Re: pricing")
    assert deal(created(0), inbound(1), colleague).touches[-1].opens is True
    was_on_it = mail(BUYER, [REP, COLLEAGUE], 1)
    assert deal(created(0), was_on_it, colleague).touches[-1].answers == "gmail/mail-1"


def test_a_mail_with_headers_goes_by_them_alone():
    unseen = outbound(2, subject="Re: pricing", in_reply_to="<unseen@mail.example>")
    assert deal(created(0), inbound(1), unseen).touches[-1].answers is None


def test_of_two_threads_of_one_subject_the_newest_between_them_is_continued():
    life = (created(0), inbound(1), inbound(5), outbound(6, subject="Re: pricing"))
    assert deal(*life).touches[-1].answers == "gmail/inbound-5"


def test_what_answers_a_mail_that_continued_a_thread_is_in_that_thread():
    continued = outbound(2, subject="Re: pricing")
    references = ["<outbound-2@mail.example>", "<lost@mail.example>"]
    lost = mail(BUYER, REP, 3, in_reply_to=references[-1], references=references)
    found = deal(created(0), inbound(1), continued, lost, outbound(4, subject="Re: pricing"))
    assert [touch.answers for touch in found.touches] == [None, "gmail/inbound-1", "gmail/outbound-2", "gmail/mail-3"]


def test_it_is_so_in_any_order_of_arrival():
    told = (created(0), inbound(1), outbound(2, subject="Re: pricing"), inbound(3, subject="SV: Pricing"))
    for order in permutations(told):
        assert [touch.answers for touch in deal(*order).touches] == [None, "gmail/inbound-1", "gmail/outbound-2"]


def test_a_subject_of_nothing_but_prefixes_names_no_thread():
    found = deal(created(0), inbound(1, subject="Re:"), outbound(2, subject="Re: "))
    assert [touch.answers for touch in found.touches] == [None, None]

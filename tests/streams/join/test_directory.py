"""Whose mail is it? By thread, by contact, by account, in order of event time whatever the order of arrival."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.deal import Deal
from detectors.core.log import MeetingEntry
from streams.dead_letters import refusal_of
from streams.ingest import ingest
from streams.join import contacts, deal_words, links
from streams.join import directory as join
from streams.join.directory import LONGEST_WAIT, Directory, Joined, partition_of_row
from streams.monitor.coverage import Report
from streams.wire import (
    DEAL_HEADERS,
    FURTHER_HEADERS,
    HEARTBEAT_HEADERS,
    MARK,
    SHARED_DEALS,
    Clock,
    Record,
    partition_of,
)
from tests.streams.sample_deals import RULES, crm, day, event, inbound, meeting

Told = dict[str, Any]
Pair = tuple[str, str]
Copy = tuple[str, str, int | None]
Rows = dict[str, bytes | None]


def contact(at: float, deal: str, email: str = "cfo@buyer.example") -> Told:
    return event("crm.contact.changed", day(at), id=f"contact-{at}-{deal}-{email}", email=email) | {"subject": deal}


def mail(at: float, message_id: str, answers: str | None = None, deal: str | None = None, **fields: Any) -> Told:
    told = inbound(at, message_id, **({"in_reply_to": answers} if answers else {}), **fields)
    return told | ({"subject": deal} if deal else {})


def closed(at: float, deal: str, status: str | None = "lost") -> Told:
    return crm(at, id=f"{status}-{at}-{deal}", status=status) | {"subject": deal}


def account(at: float, deal: str, *domains: str, **fields: Any) -> Told:
    return crm(at, id=f"account-{at}-{deal}", account={"domains": domains} | fields) | {"subject": deal}


def stranger(at: float, message_id: str, answers: str | None = None, **fields: Any) -> Told:
    return mail(at, message_id, answers, **{"from": f"{message_id}@buyer.example"} | fields)


def records(*told: Told) -> list[Record]:
    """As the inbox hands them to the join, all to this one partition."""
    raw = [Record(0, None, orjson.dumps(each)) for each in told]
    sends = ingest(raw, RULES, 1, day(9999)).sends
    return [Record(0, send.key, send.value, send.headers) for send in sends if send.topic == "mail"]


def clock(at: float, origin: int = 0, origins: int = 1) -> Record:
    return Record(0, None, Clock(day(at), origin, origins).to_json(), Clock.HEADERS)


def copies(out: Joined) -> Counter[Copy]:
    """Which event went to which deal, and with how many others each copy says that it is shared."""
    found: Counter[Copy] = Counter()
    for send in out.sends:
        if send.topic == "mail":
            continue
        told = events.parse(send.value or b"")
        assert send.topic == "deal_events"
        assert (send.key or b"").decode() == told.subject
        found[told.id, told.subject or "", (told.model_extra or {}).get(SHARED_DEALS)] += 1
    return found


def pairs(out: Joined) -> set[Pair]:
    """Which event went to which deal."""
    return {(told, deal) for told, deal, _ in copies(out)}


def shares(out: Joined) -> dict[Pair, int | None]:
    """The same for what is looked for at a single company, with how many share it."""
    return {(told, deal): shared for told, deal, shared in copies(out)}


def given_in_order(*told: Told, until: float = 999) -> set[Pair]:
    """Which event goes to which deal when all are known from the start."""
    return pairs(Directory(0, 1).advance([*records(*told), clock(until)]))


# -- whose it is


def test_a_mail_goes_to_the_deal_of_its_contact() -> None:
    assert given_in_order(contact(0, "D-1"), mail(1, "m-1")) == {("m-1", "D-1")}


def test_a_mail_of_another_person_of_the_same_company_waits() -> None:
    directory = Directory(0, 1)
    out = directory.advance([*records(contact(0, "D-1"), mail(1, "m-1", **{"from": "ceo@buyer.example"})), clock(2)])
    assert (pairs(out), directory.waiting) == (set(), 1)


def test_a_meeting_goes_by_its_people_too() -> None:
    assert given_in_order(contact(0, "D-1"), meeting(1, id="M")) == {("M", "D-1")}


def test_of_several_deals_with_the_same_contact_all_are_given_the_mail() -> None:
    told = [contact(0, "D-1"), contact(0.5, "D-2"), mail(1, "m-1")]
    out = Directory(0, 1).advance([*records(*told), clock(2)])
    assert shares(out) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}


def test_the_thread_counts_more_than_the_contact() -> None:
    told = [contact(0, "D-1"), contact(0, "D-2"), mail(1, "m-1", deal="D-2"), mail(2, "m-2", answers="m-1")]
    assert given_in_order(*told) == {("m-1", "D-2"), ("m-2", "D-2")}


def test_a_thread_is_known_by_its_first_mail_and_by_the_one_that_is_answered() -> None:
    stranger = {"from": "new@buyer.example"}
    told = [
        mail(1, "m-1", deal="D-1"),
        mail(2, "by-first", references=["<m-1>", "<lost>"], **stranger),
        mail(2, "by-last", references=["<lost-too>", "m-1"], **stranger),
        mail(3, "by-reply", answers="<by-last>", **stranger),
        mail(3, "by-none", references=["a", "m-1", "b"], **stranger),
    ]
    assert {each for each, _ in given_in_order(*told)} == {"m-1", "by-first", "by-last", "by-reply"}


def test_a_thread_stays_within_the_company_in_which_it_is_known() -> None:
    told = [mail(1, "m-1", deal="D-1"), mail(2, "m-2", answers="m-1", **{"from": "x@other.example"})]
    assert given_in_order(*told) == {("m-1", "D-1")}


def test_people_of_several_companies_may_bring_several_deals() -> None:
    told = [
        contact(0, "D-1"),
        contact(0, "D-2", "law@counsel.example"),
        mail(1, "m-1", cc=["law@counsel.example"]),
    ]
    assert given_in_order(*told) == {("m-1", "D-1"), ("m-1", "D-2")}


def test_a_mail_that_names_its_deal_goes_there_alone() -> None:
    assert given_in_order(contact(0, "D-1"), mail(1, "m-1", deal="D-9")) == {("m-1", "D-9")}


def shared_by(*told: Told) -> dict[Pair, int | None]:
    """Which event goes to which deal, and how many each deal is told that they are."""
    return shares(Directory(0, 1).advance([*records(*told), clock(999)]))


def test_of_several_deals_the_one_with_most_of_the_mails_people_is_given_it_alone() -> None:
    people = {"cc": ["ceo@buyer.example", "rep@us.example", "ceo@buyer.example"]}
    told = [contact(0, "D-1"), contact(0, "D-2"), contact(0, "D-2", "ceo@buyer.example"), mail(1, "m-1", **people)]
    assert shared_by(*told) == {("m-1", "D-2"): None}
    as_many = contact(0.5, "D-1", "ceo@buyer.example")
    assert shared_by(as_many, *told) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}


def test_somebody_who_is_named_twice_on_a_mail_counts_once() -> None:
    twice = {"to": ["cfo@buyer.example", "ceo@buyer.example"], "cc": ["cfo@buyer.example"]}
    told = [contact(0, "D-1"), contact(0, "D-2", "ceo@buyer.example"), mail(1, "m-1", **twice)]
    assert shared_by(*told) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}


def test_a_closed_deal_is_given_a_mail_only_where_no_open_one_is_left() -> None:
    both = [contact(0, "D-1"), contact(0, "D-2"), closed(1, "D-1")]
    assert shared_by(*both, mail(2, "m-1")) == {("m-1", "D-2"): None}
    assert shared_by(*both, closed(1, "D-2"), mail(2, "m-1")) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}
    again = closed(1.5, "D-1", "open")
    assert shared_by(*both, again, mail(2, "m-1")) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}


def test_a_contact_of_a_closed_deal_alone_writes_to_the_accounts_open_one() -> None:
    told = [contact(0, "D-1"), closed(1, "D-1"), account(1, "D-2", "buyer.example"), mail(2, "m-1")]
    assert given_in_order(*told) == {("m-1", "D-2")}


def test_what_a_source_says_of_how_many_share_an_event_is_not_passed_on() -> None:
    told = [contact(0, "D-1"), mail(1, "m-1") | {SHARED_DEALS: 9}, meeting(1, id="M") | {SHARED_DEALS: "x"}]
    assert shared_by(*told) == {("m-1", "D-1"): None, ("M", "D-1"): None}


@pytest.mark.parametrize(
    "people",
    [{"from": "rep@us.example", "to": ["boss@us.example"], "cc": ["cfo@buyer.example"]}, {"to": None}],
    ids=["on copy alone", "without recipients"],
)
def test_whoever_is_on_it_anywhere_is_on_it(people: dict[str, Any]) -> None:
    assert given_in_order(contact(0, "D-1"), mail(1, "m-1", **people)) == {("m-1", "D-1")}


# -- whose account


def test_a_strangers_mail_goes_to_the_open_deals_of_the_account() -> None:
    told = [account(0, "D-1", "buyer.example"), stranger(1, "m-1"), meeting(1, id="M")]
    assert shared_by(*told) == {("m-1", "D-1"): None, ("M", "D-1"): None}
    second = account(0.5, "D-2", "buyer.example")
    assert shared_by(second, *told[:2]) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}
    assert shared_by(second, closed(0.7, "D-1"), *told[:2]) == {("m-1", "D-2"): None}
    both_closed = [second, closed(0.7, "D-1"), closed(0.7, "D-2")]
    assert shared_by(*both_closed, *told[:2]) == {("m-1", "D-1"): 2, ("m-1", "D-2"): 2}


def test_contacts_and_threads_count_more_than_the_account() -> None:
    told = [
        account(0, "D-1", "buyer.example"),
        contact(0, "D-2"),
        mail(1, "by-contact"),
        stranger(2, "by-thread", answers="by-contact"),
        stranger(2, "by-account"),
    ]
    assert given_in_order(*told) == {("by-contact", "D-2"), ("by-thread", "D-2"), ("by-account", "D-1")}


def test_an_account_is_the_whole_company_below_its_registered_domain() -> None:
    told = [
        account(0, "D-1", "Buyer.Example"),
        account(0, "D-2", "emea.other.co.uk"),
        stranger(1, "below", **{"from": "x@emea.buyer.example"}),
        stranger(1, "above", **{"from": "x@other.co.uk"}),
        stranger(1, "beside", **{"from": "x@third.co.uk"}),
    ]
    assert given_in_order(*told) == {("below", "D-1"), ("above", "D-2")}


def test_nobodys_account_is_a_public_mail_provider_and_a_contact_there_is_known_all_the_same() -> None:
    told = [
        account(0, "D-1", "gmail.com"),
        contact(0, "D-1", "ann@gmail.com"),
        mail(1, "hers", **{"from": "ann@gmail.com"}),
        mail(1, "his", **{"from": "bob@gmail.com"}),
        mail(2, "forged", answers="hers", **{"from": "bob@gmail.com"}),
    ]
    assert given_in_order(*told) == {("hers", "D-1")}


def test_mails_that_wait_are_joined_when_the_account_becomes_known() -> None:
    directory = Directory(0, 1)
    directory.advance([*records(stranger(1, "m-1"), stranger(2, "m-2", answers="m-1")), clock(2)])
    assert directory.waiting == 2
    out = directory.advance([*records(account(3, "D-1", "buyer.example")), clock(3)])
    assert (pairs(out), directory.waiting) == ({("m-1", "D-1"), ("m-2", "D-1")}, 0)


def test_the_newest_word_on_an_accounts_domains_holds_for_later_mails() -> None:
    moved = [account(0, "D-1", "buyer.example"), account(2, "D-1", "other.example")]
    before, after = stranger(1, "before"), stranger(3, "after")
    to_the_new_one = stranger(3, "to-the-new-one", **{"from": "x@other.example"})
    assert given_in_order(*moved, before, after, to_the_new_one) == {("before", "D-1"), ("to-the-new-one", "D-1")}


@pytest.mark.parametrize(
    ("later", "is_theirs"),
    [
        (crm(2, account=None), False),
        (crm(2, account={"domains": None}), False),
        (crm(2, account={"name": "Buyer plc"}), True),
        (crm(2, stage="Demo", status="open"), True),
    ],
    ids=["taken away", "its domains taken away", "renamed", "not spoken of"],
)
def test_what_is_absent_did_not_change_and_null_clears(later: Told, is_theirs: bool) -> None:
    told = [account(0, "D-1", "buyer.example"), later | {"subject": "D-1"}, stranger(3, "m-1")]
    assert given_in_order(*told) == ({("m-1", "D-1")} if is_theirs else set())


def test_a_word_that_comes_late_does_not_undo_a_newer_one_also_after_a_restart() -> None:
    rows = dict[str, bytes]()
    newest = [account(5, "D-1"), closed(5, "D-2", "open"), account(5, "D-2", "buyer.example")]
    told = [account(1, "D-1", "buyer.example"), closed(1, "D-2", "lost"), *newest]
    keep(rows, Directory(0, 1).advance([*records(*told), clock(5)]).rows)
    directory = restored(rows)
    late = [account(3, "D-1", "buyer.example"), closed(3, "D-2"), account(3, "D-2", "other.example")]
    assert pairs(directory.advance([*records(*late, stranger(6, "m-1")), clock(6)])) == {("m-1", "D-2")}


def test_an_account_is_kept_for_the_deals_that_were_told_of_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deal_words, "MOST_KNOWN", 2)
    told = [*(account(n, f"D-{n}", "buyer.example") for n in range(3)), account(4, "D-1", "buyer.example")]
    out = Directory(0, 1).advance([*records(*told, account(5, "D-4", "buyer.example"), stranger(6, "m")), clock(6)])
    assert shares(out) == {("m", "D-1"): 2, ("m", "D-4"): 2}
    assert sum("\0deal\0" in row for row, value in out.rows.items() if value) == 2


def test_a_mail_placed_once_stays_where_it_was_when_contact_and_account_are_known_later() -> None:
    directory = Directory(0, 1)
    first = [account(0, "D-1", "buyer.example"), account(0, "D-2", "buyer.example"), mail(1, "m-1"), meeting(1, id="M")]
    before = shares(directory.advance([*records(*first), clock(2)]))
    assert before == {(each, deal): 2 for each in ("m-1", "M") for deal in ("D-1", "D-2")}
    later = [contact(3, "D-2"), account(3, "D-3", "buyer.example"), closed(3, "D-1"), *first[2:]]
    assert shares(directory.advance([*records(*later), clock(4)])) == before


# -- what is read late


def given_late(late: Told, *known: Told) -> set[Pair]:
    """Which deals an event goes to that is read when the others are long known."""
    directory = Directory(0, 1)
    directory.advance([*records(*known), clock(100)])
    return pairs(directory.advance([*records(late), clock(100.1)]))


ONE_AFTER_THE_OTHER = [contact(0, "D-old"), closed(50, "D-old"), contact(60, "D-new")]


@pytest.mark.parametrize("at", [10, 20, 49, 55, 65])
def test_a_mail_that_is_read_late_goes_where_it_would_have_gone_in_time(at: float) -> None:
    deal = "D-new" if at > 60 else "D-old"
    assert given_late(mail(at, "m-1"), *ONE_AFTER_THE_OTHER) == {("m-1", deal)}
    assert given_in_order(mail(at, "m-1"), *ONE_AFTER_THE_OTHER) == {("m-1", deal)}


@pytest.mark.parametrize(
    ("at", "expected"),
    [(1, set()), (14.9, set()), (15, {"D-1"}), (39, {"D-1"}), (61, {"D-1", "D-2"})],
)
@pytest.mark.parametrize("known", [contact, lambda at, deal: account(at, deal, "buyer.example")])
def test_of_the_deals_that_were_not_there_yet_the_first_is_given_it_if_it_could_have_waited_for_that(
    at: float, expected: set[str], known: Any
) -> None:
    told = [known(60, "D-1"), known(61, "D-2")]
    assert given_late(mail(at, "m-1"), *told) == {("m-1", deal) for deal in expected}
    assert given_in_order(mail(at, "m-1"), *told) == {("m-1", deal) for deal in expected}


def test_what_was_told_of_a_deal_again_counts_from_when_it_was_told_first_also_after_a_restart() -> None:
    told = [
        contact(60, "D-1"),
        contact(0, "D-1"),
        account(60, "D-2", "buyer.example"),
        account(0, "D-2", "buyer.example"),
    ]
    rows = dict[str, bytes]()
    directory = Directory(0, 1)
    for each in told:
        keep(rows, directory.advance([*records(each), clock(100)]).rows)
    out = restored(rows).advance([*records(mail(1, "m-1"), stranger(1, "m-2")), clock(100.1)])
    assert pairs(out) == {("m-1", "D-1"), ("m-2", "D-2")}


# -- further words on the same thing


def appointment(at: float, told: str, thing: str = "M-1", *people: str) -> Told:
    """A word on a meeting; one that names nobody leaves out with whom it is."""
    word = meeting(at, "booked" if people else "cancelled", id=told)
    word["data"] = {name: value for name, value in word["data"].items() if name == "status"} | {"meeting_id": thing}
    word["data"] |= {"attendees": people} if people else {}
    return word


CFO, LAW = "cfo@buyer.example", "law@counsel.example"


def test_the_words_on_one_meeting_stay_with_the_deals_of_the_first() -> None:
    told = [
        contact(0, "D-1"),
        appointment(1, "first", "M-1", CFO),
        contact(2, "D-2"),
        appointment(3, "second", "M-1", CFO),
        appointment(3, "another", "M-2", CFO),
        appointment(3, "of-another-calendar", "M-1", CFO) | {"source": "other"},
    ]
    assert given_in_order(*told) == {
        *(("first", "D-1"), ("second", "D-1")),
        *((each, deal) for each in ("another", "of-another-calendar") for deal in ("D-1", "D-2")),
    }


def test_a_word_that_names_nobody_goes_wherever_an_earlier_one_on_the_same_thing_went() -> None:
    told = [
        contact(0, "D-1"),
        contact(0, "D-2", LAW),
        contact(0, "D-3", LAW),
        appointment(1, "booked", "M-1", CFO, LAW),
        appointment(2, "cancelled"),
        appointment(2, "of-an-unknown-one", "M-9"),
        appointment(2, "of-another-calendar") | {"source": "other"},
    ]
    expected = {(each, "D-1"): None for each in ("booked", "cancelled")}
    assert shared_by(*told) == expected | {(told, deal): 2 for told, _ in expected for deal in ("D-2", "D-3")}


def test_it_waits_with_the_earlier_one_also_over_a_restart_and_is_never_counted_here() -> None:
    rows = dict[str, bytes]()
    told = [appointment(1, "booked", "M-1", CFO), appointment(2, "cancelled"), appointment(2, "unknown", "M-9")]
    keep(rows, Directory(0, 1).advance([*records(*told), clock(3)]).rows)
    directory = restored(rows)
    assert directory.waiting == 1
    assert sum("\0further\0" in row for row in rows) == 1
    out = directory.advance([*records(contact(4, "D-1")), clock(4)])
    assert pairs(out) == {("booked", "D-1"), ("cancelled", "D-1")}
    assert restored(rows).advance([clock(60)]).given_up == {"too_old": 1}


def test_it_stays_where_it_was_when_it_comes_again_and_the_thing_is_others_as_well() -> None:
    directory = Directory(0, 1)
    told = [contact(0, "D-1"), appointment(1, "booked", "M-1", CFO), appointment(2, "cancelled")]
    directory.advance([*records(*told), clock(3)])
    again = [closed(4, "D-1"), contact(4, "D-2"), appointment(5, "rebooked", "M-1", CFO), told[-1]]
    assert pairs(directory.advance([*records(*again), clock(6)])) == {
        ("rebooked", "D-1"),
        ("rebooked", "D-2"),
        ("cancelled", "D-1"),
    }


def test_things_that_nobody_spoke_of_for_long_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_THREADS", 2)
    told = [contact(0, "D-1"), *(appointment(n, f"m-{n}", f"M-{n}", CFO) for n in (1, 2))]
    late = [appointment(3, "to-old", "M-1"), appointment(3, "to-new", "M-2")]
    assert given_in_order(*told, *late) >= {("to-new", "D-1")}
    assert ("to-old", "D-1") not in given_in_order(*told, *late)


# -- somebody of another company answers

BOB = "bob@consult.example"
COPIED = [contact(0, "D-1"), mail(1, "m-1", cc=[BOB]), mail(2, "m-2", answers="m-1", cc=[BOB])]
ALONE = mail(3, "alone", answers="m-2", **{"from": BOB})


def lived(*told: Told) -> set[Pair]:
    """Which event goes to which deal, in one partition and in four."""
    found = everywhere(list(told), 1)
    assert found == everywhere(list(told), 4)
    return {(each, deal) for each, deal, _ in found}


def test_who_had_a_copy_and_answers_alone_answers_to_the_deal() -> None:
    expected = {(each, "D-1") for each in ("m-1", "m-2", "alone")}
    assert lived(*COPIED, ALONE) == expected
    to_bob = mail(4, "to-bob", answers="alone", **{"from": "rep@us.example", "to": [BOB]})
    again = mail(5, "again", answers="to-bob", **{"from": BOB})
    assert lived(*COPIED, ALONE, to_bob, again) == expected | {("to-bob", "D-1"), ("again", "D-1")}


def test_so_does_a_buyer_from_a_private_address() -> None:
    private = {"cc": ["cfo@gmail.com"]}
    told = [contact(0, "D-1"), mail(1, "m-1", **private), mail(2, "m-2", answers="m-1", **{"from": "cfo@gmail.com"})]
    assert lived(*told) == {("m-1", "D-1"), ("m-2", "D-1")}


def test_a_reply_goes_to_the_deals_of_its_own_company_too_and_not_beyond_the_mail_that_it_answers() -> None:
    told = [*COPIED, contact(1, "D-2", BOB), contact(2.5, "D-9"), ALONE]
    assert {deal for each, deal in lived(*told) if each == "alone"} == {"D-1", "D-2"}
    unrelated = mail(3, "unrelated", **{"from": BOB})
    claimed = mail(3, "claimed", answers="m-2", **{"from": "x@evil.example"})
    named = mail(3, "named", answers="m-2", deal="D-7", **{"from": BOB})
    assert {each for each in lived(*COPIED, unrelated, claimed, named) if each[0] not in ("m-1", "m-2")} == {
        ("named", "D-7")
    }


def test_a_reply_waits_with_what_it_answers_until_the_contact_is_known_wherever_it_waits() -> None:
    assert lived(*COPIED[1:], ALONE, contact(9, "D-1")) == {(each, "D-1") for each in ("m-1", "m-2", "alone")}


def test_a_reply_that_is_read_before_what_it_answers_waits_for_that() -> None:
    directory = Directory(0, 1)
    first = directory.advance([*records(COPIED[0], ALONE), clock(4)])
    assert (first.sends, directory.waiting) == ([], 1)
    late = directory.advance([*records(*COPIED[1:]), clock(5)]).sends
    further = [Record(0, send.key, send.value, send.headers) for send in late if send.topic == "mail"]
    assert pairs(directory.advance(further)) == {("alone", "D-1")}


def test_more_replies_than_may_wait_make_way_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "MOST_WAITING", 8)
    replies = [mail(3 + n / 10, f"reply-{n}", answers="m-2", **{"from": BOB}) for n in range(5)]
    others = [mail(3, f"other-{n}", answers="m-2", **{"from": BOB, "cc": ["x@third.example"]}) for n in range(2)]
    directory = Directory(0, 1)
    directory.advance([*records(*others, *replies), clock(4)])
    late = directory.advance([*records(*COPIED[1:]), clock(5)])
    assert len({send.value for send in late.sends}) >= 5
    assert late.given_up["several_companies"] > 0


def test_a_reply_that_is_looked_for_at_two_companies_waits_among_its_like_and_is_given_up_once() -> None:
    rows = dict[str, bytes]()
    directory = Directory(0, 1)
    out = directory.advance([*records(*COPIED[1:], ALONE), clock(4)])
    keep(rows, out.rows)
    further = [Record(0, send.key, send.value, send.headers) for send in out.sends]
    assert [record.key for record in further] == [b"buyer.example"]
    for each in (directory, restored(rows)):
        each.advance(further)
        assert each.waiting == 0
        assert each.advance([clock(60)]).given_up == {"several_companies": 3}


# -- an old thread

BEGUN_ANEW = [
    contact(0, "D-1"),
    mail(1, "m-1"),
    closed(2, "D-1"),
    contact(3, "D-2"),
    mail(4, "m-2", answers="m-1"),
]


@pytest.mark.parametrize("status", ["won", "lost"])
def test_a_reply_in_the_thread_of_a_closed_deal_goes_to_its_peoples_new_deal_too(status: str) -> None:
    told = [*BEGUN_ANEW[:2], closed(2, "D-1", status), *BEGUN_ANEW[3:]]
    assert given_in_order(*told) == {("m-1", "D-1"), ("m-2", "D-1"), ("m-2", "D-2")}


def test_while_one_deal_of_the_thread_is_open_the_mail_is_none_of_its_peoples_other_deals() -> None:
    told = [each for each in BEGUN_ANEW if each["type"] != "crm.deal.changed"]
    assert given_in_order(*told) == {("m-1", "D-1"), ("m-2", "D-1")}
    with_both = [contact(0.5, "D-3"), *BEGUN_ANEW]
    assert given_in_order(*with_both) == {(mail, deal) for mail in ("m-1", "m-2") for deal in ("D-1", "D-3")}


def test_a_mail_from_before_the_closing_is_none_of_the_new_deal_and_one_from_that_instant_is() -> None:
    open_still = [*BEGUN_ANEW[:2], closed(4.001, "D-1"), *BEGUN_ANEW[3:]]
    assert given_in_order(*open_still) == {("m-1", "D-1"), ("m-2", "D-1")}
    just_closed = [*BEGUN_ANEW[:2], closed(4, "D-1"), *BEGUN_ANEW[3:]]
    assert given_in_order(*just_closed) == {("m-1", "D-1"), ("m-2", "D-1"), ("m-2", "D-2")}


def test_from_then_on_the_thread_is_the_new_deals_whoever_writes() -> None:
    colleague = mail(5, "m-3", answers="m-2", **{"from": "new@buyer.example"})
    assert given_in_order(*BEGUN_ANEW, colleague) >= {("m-3", "D-1"), ("m-3", "D-2")}


@pytest.mark.parametrize("status", ["open", None])
def test_a_deal_that_was_opened_again_has_its_thread_again(status: str | None) -> None:
    again = closed(3.5, "D-1", status)
    assert given_in_order(*BEGUN_ANEW, again) == {("m-1", "D-1"), ("m-2", "D-1")}


def test_a_thread_that_became_a_new_deals_meanwhile_is_shared_by_the_deal_that_was_opened_again() -> None:
    again = [closed(4.5, "D-1", "open"), mail(5, "m-3", answers="m-2")]
    assert given_in_order(*BEGUN_ANEW, *again) >= {("m-3", "D-1"), ("m-3", "D-2")}


def test_what_began_a_thread_anew_changes_nothing_for_what_stood_in_it_before() -> None:
    directory = Directory(0, 1)
    directory.advance([*records(*BEGUN_ANEW), clock(5)])
    assert pairs(directory.advance([*records(BEGUN_ANEW[1], BEGUN_ANEW[4]), clock(6)])) == {
        ("m-1", "D-1"),
        ("m-2", "D-1"),
        ("m-2", "D-2"),
    }


def test_a_mail_that_comes_again_is_none_of_a_deal_that_has_begun_since() -> None:
    directory = Directory(0, 1)
    first = [contact(0, "D-1"), closed(1, "D-1"), mail(2, "m-1"), meeting(2, id="M")]
    assert pairs(directory.advance([*records(*first), clock(3)])) == {("m-1", "D-1"), ("M", "D-1")}
    again = directory.advance([*records(contact(4, "D-2"), *first[2:]), clock(5)])
    assert pairs(again) == {("m-1", "D-1"), ("M", "D-1")}


def test_that_a_deal_was_closed_is_kept_over_a_restart_for_the_newest_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deal_words, "MOST_KNOWN", 2)
    told = [*BEGUN_ANEW[:3], closed(2, "D-8"), closed(2, "D-9")]
    for others, expected in ((1, {"D-1", "D-2"}), (2, {"D-1"})):
        rows = dict[str, bytes]()
        keep(rows, Directory(0, 1).advance([*records(*told[: 3 + others]), clock(2)]).rows)
        out = restored(rows).advance([*records(*BEGUN_ANEW[3:]), clock(5)])
        assert pairs(out) == {("m-2", deal) for deal in expected}


# -- what waits


def test_a_mail_that_waits_is_joined_when_its_contact_appears() -> None:
    directory = Directory(0, 1)
    assert pairs(directory.advance([*records(mail(1, "m-1")), clock(2)])) == set()
    assert pairs(directory.advance([*records(contact(3, "D-1")), clock(3)])) == {("m-1", "D-1")}
    assert directory.waiting == 0


def test_a_mail_that_waits_is_joined_when_its_thread_appears_and_takes_the_rest_of_the_thread_with_it() -> None:
    directory = Directory(0, 1)
    waiting = [mail(1, "m-1"), mail(2, "m-2", answers="m-1"), mail(3, "m-3", answers="m-2")]
    assert pairs(directory.advance([*records(*waiting), clock(4)])) == set()
    out = directory.advance([*records(mail(5, "m-4", answers="m-3", deal="D-1")), clock(5)])
    assert pairs(out) == {("m-1", "D-1"), ("m-2", "D-1"), ("m-3", "D-1"), ("m-4", "D-1")}
    assert directory.waiting == 0


def test_a_thread_of_thousands_is_joined_at_once() -> None:
    chain = [mail(n / 1440, f"m-{n}", answers=f"m-{n + 1}", **{"from": f"p{n}@buyer.example"}) for n in range(3000)]
    directory = Directory(0, 1)
    directory.advance([*records(*chain), clock(5)])
    out = directory.advance([*records(contact(6, "D-1", "p2999@buyer.example")), clock(6)])
    assert len(pairs(out)) == 3000
    assert directory.waiting == 0


def test_a_mail_too_old_is_given_up_and_counted_and_not_an_instant_before() -> None:
    directory = Directory(0, 1)
    directory.advance([*records(mail(1, "m-1")), clock(1)])
    wait = LONGEST_WAIT / timedelta(days=1)
    assert not directory.advance([clock(1 + wait)]).given_up
    out = directory.advance([clock(1.001 + wait)])
    assert (out.given_up, directory.waiting) == ({"too_old": 1}, 0)
    assert pairs(directory.advance([*records(contact(50, "D-1")), clock(50)])) == set()


FIRST_SET_UP = [mail(10, "m-10"), mail(80, "m-80")], [contact(0, "D-1")]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_mailbox_that_is_read_before_the_crm_loses_nothing(restarted: bool) -> None:
    rows = dict[str, bytes]()
    directory = Directory(0, 1)
    mails, people = FIRST_SET_UP
    for batch in ([clock(100)], [*records(*mails), clock(100.1)], [clock(144)]):
        out = directory.advance(batch)
        keep(rows, out.rows)
        assert (pairs(out), out.given_up) == (set(), Counter())
        directory = restored(rows) if restarted else directory
    assert pairs(directory.advance([*records(*people), clock(144.1)])) == {("m-10", "D-1"), ("m-80", "D-1")}


def test_what_comes_late_waits_from_then_on_and_no_longer_when_its_batch_is_read_again() -> None:
    first, late = [clock(100)], [*records(FIRST_SET_UP[0][0]), clock(144), clock(146)]
    log = [replace(record, offset=offset) for offset, record in enumerate([*first, *late])]
    rows = dict[str, bytes]()
    directory = Directory(0, 1)
    for batch in (log[:1], log[1:3]):
        out = directory.advance(batch)
        keep(rows, out.rows)
        assert (out.given_up, directory.waiting) == (Counter(), len(batch) - 1)
    assert restored(rows).advance([*log[1:], clock(147)]).given_up == {"too_old": 1}
    keep(rows, directory.advance(log[3:]).rows)
    # it was given up: it is again, and does not wait anew
    again = restored(rows)
    again.advance([*log[1:], clock(147)])
    assert again.waiting == 0


def test_what_waits_too_long_is_given_up_before_what_comes_after_it_however_the_topic_is_cut() -> None:
    told = [*records(mail(10, "m-1")), clock(56), *records(contact(60, "D-1"), contact(5, "D-2")), clock(100)]
    at_once = Directory(0, 1).advance(told)
    assert (pairs(at_once), at_once.given_up) == (set(), {"too_old": 1})
    one_by_one = Directory(0, 1)
    assert [pairs(one_by_one.advance([each])) for each in told] == [set()] * len(told)
    assert given_in_order(mail(10, "m-1"), contact(60, "D-1")) == set()


def test_the_oldest_is_given_up_whatever_arrived_first() -> None:
    directory = Directory(0, 1)
    directory.advance([*records(mail(5, "newer"), mail(1, "older")), clock(5)])
    assert directory.advance([clock(48)]).given_up == {"too_old": 1}
    assert {each for each, _ in pairs(directory.advance([*records(contact(48, "D-1")), clock(49)]))} == {"newer"}


def test_what_a_machine_wrote_to_no_deals_people_takes_no_place_among_those_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(join, "MOST_WAITING", 2)
    news = [stranger(2 + n, f"news-{n}", automatic=True) for n in range(5)]
    both = mail(8, "to-both", cc=["law@counsel.example"], automatic=True)
    away = mail(9, "away", automatic=True, returns_on="2026-04-01")
    directory = Directory(0, 1)
    out = directory.advance([*records(mail(1, "m-1"), *news, both, away), clock(10)])
    assert (out.given_up, directory.waiting) == ({"automatic": 5, "several_companies": 1}, 2)
    assert pairs(directory.advance([*records(contact(11, "D-1")), clock(11)])) == {("m-1", "D-1"), ("away", "D-1")}


def test_what_a_machine_wrote_to_a_deals_people_is_theirs() -> None:
    told = [contact(0, "D-1"), mail(1, "m-1", automatic=True), stranger(2, "m-2", answers="m-1", automatic=True)]
    assert given_in_order(*told) == {("m-1", "D-1"), ("m-2", "D-1")}


def test_a_mail_to_two_companies_that_one_has_joined_is_not_counted_at_the_other() -> None:
    directory = Directory(0, 1)
    law = {"cc": ["law@counsel.example"]}
    told = [contact(0, "D-1"), mail(1, "m-1", **law), mail(2, "m-2", **{"from": "law@counsel.example"} | law)]
    assert pairs(directory.advance([*records(*told), clock(3)])) == {("m-1", "D-1")}
    assert directory.waiting == 1
    assert directory.advance([clock(60)]).given_up == {"too_old": 1}


def test_a_mail_to_several_companies_that_none_of_them_joins_is_counted_once() -> None:
    mails = [mail(1, "m-1", cc=["law@counsel.example", "x@third.example"]), mail(1, "m-2")]
    directory = Directory(0, 1)
    assert not directory.advance([*records(*mails), clock(40)]).given_up
    assert directory.advance([clock(60)]).given_up == {"several_companies": 1, "too_old": 1}


def test_at_the_other_company_it_waits_for_a_deal_all_the_same_also_after_a_restart() -> None:
    told = [contact(0, "D-1"), mail(1, "m-1", cc=["law@counsel.example"])]
    rows = dict[str, bytes]()
    keep(rows, Directory(0, 1).advance([*records(*told), clock(3)]).rows)
    directory = restored(rows)
    assert directory.waiting == 0
    assert pairs(directory.advance([*records(contact(4, "D-2", "law@counsel.example")), clock(4)])) == {("m-1", "D-2")}


def test_mails_to_several_companies_have_places_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "MOST_WAITING", 2)
    alone = [mail(n, f"alone-{n}") for n in range(1, 3)]
    shared = [mail(3 + n, f"shared-{n}", cc=["law@counsel.example"]) for n in range(9)]
    directory = Directory(0, 1)
    assert directory.advance([*records(*alone, *shared), clock(20)]).given_up == {"several_companies": 8}
    assert directory.waiting == 2
    joined = pairs(directory.advance([*records(contact(21, "D-1")), clock(21)]))
    assert joined >= {("alone-1", "D-1"), ("alone-2", "D-1")}


def test_beyond_the_bound_the_oldest_that_waits_is_given_up_and_nothing_that_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(join, "MOST_WAITING", 2)
    directory = Directory(0, 1)
    # the held ones arrive first, so that in order of arrival they would be the first to go
    ahead = [mail(20 + n, f"ahead-{n}") for n in range(5)]
    strangers = [mail(1 + n, f"stranger-{n}", **{"from": f"x{n}@buyer.example"}) for n in range(4)]
    out = directory.advance([*records(*ahead, *strangers), clock(10)])
    assert out.given_up == {"too_many": 2}
    assert directory.waiting == 5 + 2
    out = directory.advance([*records(contact(11, "D-1"), contact(11, "D-2", "x3@buyer.example")), clock(30)])
    assert pairs(out) == {(f"ahead-{n}", "D-1") for n in range(5)} | {("stranger-3", "D-2")}


def test_the_oldest_threads_are_forgotten_beyond_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MOST_THREADS", 2)
    directory = Directory(0, 1)
    out = directory.advance([*records(*(mail(n, f"m-{n}", deal="D-1") for n in range(1, 5))), clock(5)])
    assert sum(1 for row, value in out.rows.items() if "\0own\0" in row and value) == 2
    late = [mail(6, "to-old", answers="m-1"), mail(6, "to-new", answers="m-4")]
    assert pairs(directory.advance([*records(*late), clock(6)])) == {("to-new", "D-1")}


def test_somebody_on_very_many_deals_is_known_for_the_newest_and_the_row_stays_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(links, "MOST_DEALS", 3)
    monkeypatch.setattr(contacts, "MOST_DEALS", 3)
    monkeypatch.setattr("streams.join.whose.MOST_DEALS", 3)
    told = [*(contact(n / 10, f"D-{n}") for n in range(9)), mail(5, "m-1")]
    assert given_in_order(*told) == {("m-1", f"D-{n}") for n in (6, 7, 8)}
    as_an_account = [*(account(n / 10, f"D-{n}", "buyer.example") for n in range(9)), stranger(5, "m-1")]
    assert given_in_order(*as_an_account) == {("m-1", f"D-{n}") for n in (6, 7, 8)}


# -- what nobody wrote in good faith, or at all


def test_a_strangers_mail_that_claims_to_answer_in_a_deals_thread_is_none_of_it() -> None:
    forged = {"from": "x@evil.example", "references": ["m-1", "m-2"]}
    told = [contact(0, "D-1"), mail(1, "m-1"), mail(2, "m-2", answers="m-1"), mail(3, "m-3", answers="m-1", **forged)]
    assert {mail for mail, _ in given_in_order(*told)} == {"m-1", "m-2"}
    of_its_own = [account(0, "D-9", "evil.example"), mail(4, "m-1", **{"from": "x@evil.example"})]
    assert given_in_order(*told, *of_its_own) == {
        ("m-1", "D-1"),
        ("m-2", "D-1"),
        ("m-3", "D-9"),
        # the Message-ID of another's mail, too, is theirs at their company alone
        ("m-1", "D-9"),
    }


def test_mails_that_answer_each_other_in_a_circle_and_themselves_are_joined_once() -> None:
    circle = [mail(1, "a", "c"), mail(1, "b", "a"), mail(1, "c", "b"), mail(1, "self", "self", references=["self"] * 3)]
    directory = Directory(0, 1)
    directory.advance([*records(*circle), clock(2)])
    assert directory.waiting == 4
    out = directory.advance([*records(contact(3, "D-1")), clock(3)])
    assert [send.key for send in out.sends] == [b"D-1"] * 4
    assert directory.waiting == 0


def test_of_ten_thousand_references_the_first_and_the_last_count() -> None:
    many = [f"<{n}@x>" for n in range(10_000)]
    told = [mail(1, "0@x", deal="D-1"), mail(1, "9999@x", deal="D-2"), mail(1, "5000@x", deal="D-3")]
    out = Directory(0, 1).advance([*records(*told, stranger(2, "m", references=many)), clock(3)])
    assert {deal for each, deal in pairs(out) if each == "m"} == {"D-1", "D-2"}
    # one of each mail's own, and the two threads that are the other's as well from now on
    assert Counter(row.split("\0")[1] for row in out.rows) == {"own": 4, "thread": 2, "clock": 1}


@pytest.mark.parametrize("nothing", ["", " ", "<>", " < > "])
def test_what_names_no_mail_is_no_thread(nothing: str) -> None:
    told = [
        mail(1, nothing or "m-1", nothing, deal="D-1", references=[nothing]) | {"id": "first"},
        stranger(2, nothing or "m-2", nothing, references=[nothing, nothing]) | {"id": "second"},
    ]
    assert given_in_order(*told) == {("first", "D-1")}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Record(1, b"counsel.example", orjson.dumps(mail(1, "m-9"))), "misrouted"),
        (Record(1, None, orjson.dumps(mail(1, "m-9"))), "invalid"),
        (Record(1, b"a\0b\0c\0d", orjson.dumps(mail(1, "m-9"))), "invalid"),
        (Record(1, b"\xff\xfe", orjson.dumps(mail(1, "m-9"))), "invalid"),
        (Record(1, b"buyer.example", orjson.dumps(crm(1) | {"subject": "D-1"})), "invalid"),
        (Record(1, b"buyer.example", orjson.dumps(event("source.heartbeat", day(1), covers=[]))), "invalid"),
        (Record(1, b"buyer.example", None), "not_json"),
        (Record(1, b"buyer.example", orjson.dumps(mail(1, "m-9")), ((MARK, b"closed"),)), "invalid"),
        (Record(1, None, orjson.dumps(mail(1, "m-9")), FURTHER_HEADERS), "invalid"),
        (Record(1, None, b"{}", DEAL_HEADERS), "invalid"),
        (Record(1, None, b"{}", HEARTBEAT_HEADERS), "invalid"),
        (Record(1, None, b"{}", Clock.HEADERS), "invalid"),
        (Record(1, None, Clock(day(99), 0, 1).to_json(), Clock.HEADERS), "invalid"),
    ],
)
def test_what_does_not_belong_here_is_a_dead_letter_and_the_rest_is_joined(record: Record, reason: str) -> None:
    directory = Directory(1, 2)
    told = [replace(record, offset=17), *records(contact(0, "D-1"), mail(1, "m-1"))]
    letter, *sends = directory.advance([*told, clock(2, 0, 2), clock(2, 1, 2)]).sends
    assert (letter.topic, refusal_of(letter.headers)[:2]) == ("dead_letters", (17, reason))
    assert [send.key for send in sends] == [b"D-1"]


# -- time and marks


def test_nothing_is_joined_before_the_time_has_come_to_it() -> None:
    directory = Directory(1, 2)
    told = records(contact(0, "D-1"), mail(3, "m-1"))
    assert pairs(directory.advance([*told, clock(5, 0, 2)])) == set()
    assert pairs(directory.advance([clock(2, 1, 2)])) == set()
    assert pairs(directory.advance([clock(3, 1, 2)])) == {("m-1", "D-1")}


def test_a_contact_that_arrives_late_still_counts_from_its_own_time() -> None:
    told = [mail(3, "m-1"), contact(0, "D-1")]
    assert given_in_order(*told) == {("m-1", "D-1")}


def test_time_goes_on_to_every_partition_as_this_ones_clock_and_only_when_it_moved() -> None:
    directory = Directory(1, 3)
    assert directory.advance([clock(5, 0, 3), clock(4, 1, 3)]).marks == []
    marks = directory.advance([clock(6, 2, 3)]).marks
    assert [(mark.topic, mark.partition, mark.headers) for mark in marks] == [
        ("deal_events", number, Clock.HEADERS) for number in range(3)
    ]
    assert {Clock.of(mark.value or b"") for mark in marks} == {Clock(day(4), 1, 3)}
    assert directory.advance([clock(7, 2, 3)]).marks == []


def report(through: float, source: str = "gmail", kind: str = "activity.email") -> Record:
    told = Report(source, None, True, (kind,), day(through), f"{source}/{through}")
    return Record(1, None, told.to_json(), HEARTBEAT_HEADERS)


def reports(out: Joined) -> list[tuple[int, Report]]:
    marks = [mark for mark in out.marks if mark.headers == HEARTBEAT_HEADERS]
    return [(mark.partition, Report.of(mark.value or b"")) for mark in marks]


def test_what_sources_report_waits_for_the_clock_behind_it_and_goes_to_every_deal_before_it() -> None:
    directory = Directory(1, 2)
    assert directory.advance([report(3), clock(5, 0, 2)]).marks == []
    out = directory.advance([clock(6, 1, 2)])
    expected = Report("gmail", None, True, ("activity.email",), day(3), "gmail/3", due=day(6))
    assert reports(out) == [(0, expected), (1, expected)]
    assert [mark.headers for mark in out.marks] == [HEARTBEAT_HEADERS] * 2 + [Clock.HEADERS] * 2
    assert directory.advance([clock(7, 1, 2)]).marks == []


def test_of_a_busy_source_one_report_goes_on_with_each_clock_also_if_time_stands_still() -> None:
    directory = Directory(1, 2)
    out = directory.advance([report(1), report(3, kind="activity.call"), report(2), report(2, "crm"), clock(5, 1, 2)])
    gmail = Report("gmail", None, True, ("activity.call", "activity.email"), day(3), "gmail/3", due=day(5))
    assert [told for number, told in reports(out) if number == 0] == [
        gmail,
        Report("crm", None, True, ("activity.email",), day(2), "crm/2", due=day(5)),
    ]


def test_a_report_that_waits_is_kept_over_a_restart() -> None:
    rows = dict[str, bytes]()
    keep(rows, Directory(0, 1).advance([report(3)]).rows)
    out = restored(rows).advance([clock(5)])
    assert len(reports(out)) == 1
    keep(rows, out.rows)
    assert reports(restored(rows).advance([clock(6)])) == []


def test_a_flood_of_sources_is_not_taken_up_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.join.reports.MOST_REPORTS", 3)
    out = Directory(0, 1).advance([*(report(n, f"made-up-{n}") for n in range(9)), report(99, "made-up-0"), clock(5)])
    assert [told.through for _, told in reports(out)] == [day(99), day(1), day(2)]


def test_rows_belong_to_the_partition_of_their_company() -> None:
    directory = Directory(1, 4)
    told = [contact(0, "D-1"), mail(1, "m", "m-0", deal="D-1"), closed(2, "D-1"), mail(9, "later")]
    out = directory.advance([*records(*told), report(3)])
    out.rows |= directory.advance([clock(5, origin, 4) for origin in range(4)]).rows
    assert {row.split("\0")[1] for row in out.rows} == {
        *("contact", "event", "thread", "own"),
        *("clock", "deal", "report", "word"),
    }
    assert partition_of(b"buyer.example", 4) == 1
    assert {partition_of_row(row, 4) for row in out.rows} == {1}


# -- laws

ORIGINS = 2
# their companies are of one partition, if there are two
PEOPLE = ["a@two.example", "b@two.example", "c@emea.two.example", "a@other.example"]
DOMAINS = ["two.example", "other.example", "eu.other.example"]
ANYWHERE = [*PEOPLE, "a@one.example", "b@one.example", "a@gmail.com", "b@gmail.com", "a@third.co.uk"]
DEALS = st.sampled_from(["D-1", "D-2", "D-3"])


@st.composite
def lives(draw: st.DrawFn, people: list[str] = PEOPLE, domains: list[str] = DOMAINS) -> list[Told]:
    """Contacts, accounts, closings, mails in threads and meetings, one a day."""
    told: list[Told] = []
    for number in range(draw(st.integers(1, 9))):
        person = draw(st.sampled_from(people))
        kind = draw(st.sampled_from(["contact", "account", "mail", "mail", "mail", "meeting", "status"]))
        if kind == "contact":
            told.append(contact(number, draw(DEALS), person))
        elif kind == "account":
            told.append(account(number, draw(DEALS), *draw(st.sets(st.sampled_from(domains)))))
        elif kind == "status":
            told.append(closed(number, draw(DEALS), draw(st.sampled_from(["lost", "won", "open"]))))
        elif kind == "meeting":
            thing = f"M-{draw(st.integers(0, 2))}"
            told.append(appointment(number, f"meeting-{number}", thing, *draw(st.lists(st.sampled_from(people)))))
        else:
            answers = draw(st.none() | st.integers(0, 9).map(lambda n: f"m-{n}"))
            deal = draw(st.none() | st.none() | DEALS)
            more = draw(st.lists(st.sampled_from(people), max_size=1))
            told.append(mail(number, f"m-{number}", answers, deal, **{"from": person, "cc": more}))
    return told


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Told], list[list[Record]]]:
    """A life, and batches in which it may arrive: two streams in any order, each event before its stream's clock."""
    told = draw(lives())
    streams: list[list[Record]] = []
    where = draw(st.lists(st.integers(0, ORIGINS - 1), min_size=len(told), max_size=len(told)))
    for origin in range(ORIGINS):
        stops = sorted({*draw(st.lists(st.integers(0, 9), max_size=3)), 10})
        slots: list[list[Record]] = [[] for _ in stops]
        for number, each in enumerate(told):
            if where[number] == origin:
                last = next(index for index, stop in enumerate(stops) if number <= stop)
                for copy in records(each) * draw(st.sampled_from([1, 1, 2])):
                    slots[draw(st.integers(0, last))].append(copy)
        stream: list[Record] = []
        for stop, slot in zip(stops, slots, strict=True):
            stream += [*draw(st.permutations(slot)), clock(stop, origin, ORIGINS)]
        streams.append(stream)
    order = draw(st.permutations([0] * len(streams[0]) + [1] * len(streams[1])))
    rest = [iter(stream) for stream in streams]
    merged = [next(rest[origin]) for origin in order]
    cuts = sorted({0, *draw(st.lists(st.integers(0, len(merged)), max_size=4)), len(merged)})
    return told, [merged[start:end] for start, end in pairwise(cuts)]


def time_of(out: Joined) -> datetime | None:
    clocks = [Clock.of(mark.value or b"").at for mark in out.marks if mark.headers == Clock.HEADERS]
    return max(clocks, default=None)


@given(arrivals())
def test_however_it_arrives_when_a_clock_goes_on_all_up_to_it_was_given_to_the_deals_of_an_orderly_life(
    arrived: tuple[list[Told], list[list[Record]]],
) -> None:
    told, batches = arrived
    directory, found = Directory(0, ORIGINS), set()
    at: datetime | None = None
    for batch in batches:
        out = directory.advance(batch)
        found |= pairs(out)
        at = time_of(out) or at
        if at is not None:
            days = (at - day(0)) / timedelta(days=1)
            assert found == given_in_order(*(each for each in told if each["time"] <= at.isoformat()), until=days)
    assert at == day(10)


def everywhere(told: list[Told], partitions: int) -> Counter[Copy]:
    """Which event goes to which deal, shared by how many, from any of the partitions."""
    sends = ingest([Record(0, None, orjson.dumps(each)) for each in told], RULES, partitions, day(9999)).sends
    found: Counter[Copy] = Counter()
    directories = [Directory(number, partitions) for number in range(partitions)]
    clocks = [
        send for origin in range(partitions) for send in Clock(day(40), origin, partitions).send("mail", range(9))
    ]
    sends = [*sends, *clocks]
    while sends:
        further = []
        for number, directory in enumerate(directories):
            here = [send for send in sends if send.topic == "mail" and send.partition == number]
            out = directory.advance(Record(number, send.key, send.value, send.headers) for send in here)
            found += copies(out)
            further += [send for send in out.sends if send.topic == "mail"]
        sends = further
    return found


@given(lives(ANYWHERE, [*DOMAINS, "one.example", "third.co.uk", "gmail.com"]), st.integers(2, 8))
def test_any_number_of_partitions_give_the_same_deals(told: list[Told], partitions: int) -> None:
    assert everywhere(told, partitions) == everywhere(told, 1)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("at_once", [True, False])
def test_of_two_contents_under_one_identity_the_deal_is_given_both_and_the_later_counts(
    order: tuple[int, int], at_once: bool
) -> None:
    booked, moved = (
        meeting(at, "booked", id="M", starts_at=day(starts).isoformat()) for at, starts in ((1, 5), (2, 9))
    )
    told = [(booked, moved)[number] for number in order]
    directory, found = Directory(0, 1), Deal("D-1", RULES)
    for batch in [told] if at_once else [[each] for each in told]:
        out = directory.advance([*records(contact(0, "D-1"), *batch), clock(3)])
        for send in out.sends:
            found = found.apply(events.parse(send.value or b""))
    (kept,) = found.log
    assert isinstance(kept, MeetingEntry)
    assert (kept.at, kept.starts_at) == (day(2), day(9))


@given(arrivals())
def test_how_the_topic_is_cut_into_batches_changes_nothing(arrived: tuple[list[Told], list[list[Record]]]) -> None:
    _, batches = arrived
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "LONGEST_WAIT", timedelta(days=3))
        one, other = Directory(0, ORIGINS), Directory(0, ORIGINS)
        at_once = one.advance([record for batch in batches for record in batch])
        singly = [other.advance([record]) for batch in batches for record in batch]
    assert [send for out in singly for send in out.sends] == at_once.sends
    assert sum((out.given_up for out in singly), Counter()) == at_once.given_up
    assert one.waiting == other.waiting


@given(lives(), st.data())
def test_what_comes_again_is_placed_as_it_was(told: list[Told], choose: st.DataObject) -> None:
    directory = Directory(0, 1)
    first = copies(directory.advance([*records(*told), clock(20)]))
    again = choose.draw(st.permutations(told))
    news = [contact(30, "D-9", person) for person in PEOPLE] if choose.draw(st.booleans()) else []
    repeated = copies(directory.advance([*records(*news, *again), clock(40)]))
    # the new deal is given what has waited so far, and nothing else
    assert {copy for copy in repeated if copy[1] != "D-9"} <= set(first)
    assert not {told for told, deal, _ in repeated if deal == "D-9"} & placed_everywhere(told, first)


def placed_everywhere(told: list[Told], given: Iterable[Copy]) -> set[str]:
    """The events that are looked for at one company only, and were placed there."""
    alone = {
        event.id
        for event in (events.parse(orjson.dumps(each)) for each in told)
        if len({person for person in events.people_on(event) if not person.endswith("us.example")}) == 1
    }
    return alone & {told for told, *_ in given}


@given(arrivals(), st.data())
def test_a_restart_between_any_batches_changes_nothing(
    arrived: tuple[list[Told], list[list[Record]]], choose: st.DataObject
) -> None:
    _, batches = arrived
    one, rows = Directory(0, ORIGINS), dict[str, bytes]()
    whole, restarted = [], []
    other = Directory(0, ORIGINS)
    for batch in batches:
        whole.append(one.advance(batch))
        if choose.draw(st.booleans()):
            other = restored(rows, ORIGINS)
        restarted.append(other.advance(batch))
        keep(rows, restarted[-1].rows)
    assert [pairs(out) for out in restarted] == [pairs(out) for out in whole]
    assert [out.marks for out in restarted] == [out.marks for out in whole]
    assert [out.given_up for out in restarted] == [out.given_up for out in whole]
    kept: dict[str, bytes] = {}
    for out in whole:
        keep(kept, out.rows)
    assert rows == kept
    assert one.waiting == other.waiting


@given(arrivals())
def test_what_is_kept_is_all_that_is_held_or_waits_and_nothing_that_is_done(
    arrived: tuple[list[Told], list[list[Record]]],
) -> None:
    _, batches = arrived
    directory, rows = Directory(0, ORIGINS), dict[str, bytes]()
    for batch in batches:
        keep(rows, directory.advance(batch).rows)
        assert sum("\0event\0" in row for row in rows) == directory.waiting


def restored(rows: dict[str, bytes], partitions: int = 1) -> Directory:
    """Who takes the partition over."""
    directory = Directory(0, partitions)
    for row, value in rows.items():
        directory.restore(row, value)
    directory.resume()
    return directory


def keep(rows: dict[str, bytes], changes: Iterable[tuple[str, bytes | None]] | Rows) -> None:
    for row, value in dict(changes).items():
        if value is None:
            rows.pop(row, None)
        else:
            rows[row] = value

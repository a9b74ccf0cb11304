"""What is said of one deal, and how it is written."""

import json
from datetime import timedelta

import pytest
from pydantic import ValidationError

from streams.answer import answer, finding_line, of_json, to_json
from tests.streams import told
from tests.streams.sample_deals import RULES, crm, day, meeting, outbound, ping_pong, watched

STATES = ("pending", "open", "resolved", "unknown")


def test_an_answer_holds_the_deal_as_it_stands_on_its_owners_clock() -> None:
    deal = watched(
        [
            crm(0, name="Big one", stage="Demo", amount=48000, currency="EUR", owner="rep@us.example", segment="smb"),
            meeting(1),
        ]
    )
    said = answer(deal, day(2), None)
    assert (said.deal_id, said.name, said.status, said.pipeline, said.stage) == (
        "D-1",
        "Big one",
        "open",
        "default",
        "Demo",
    )
    assert (said.segment, said.owner, said.team, said.amount, said.currency) == (
        "smb",
        "rep@us.example",
        "emea",
        48000,
        "EUR",
    )
    assert (said.as_of, said.as_of.utcoffset()) == (day(2), timedelta(hours=1))
    assert said.rules == RULES.hash


def test_of_a_deal_that_only_a_mail_has_named_little_is_known_and_it_is_open() -> None:
    said = answer(watched([outbound(1, "m-1")], deal_id="D-9"), day(2), None)
    assert (said.name, said.status, said.is_open, said.owner, said.amount) == ("D-9", "open", True, None, None)


def test_an_answer_is_read_as_it_was_written() -> None:
    said = answer(watched([crm(0, name="Ünïcode \u2028 名"), *ping_pong(4)]), day(30), None)
    assert said.findings
    assert of_json(to_json(said)) == said


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b"[]", b"\xff"])
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        of_json(raw)


def test_a_finding_is_a_line_in_the_contracts_form() -> None:
    line = finding_line(told.finding(deal_id="D-17", owner=told.ANN, amount=48000.0, currency="EUR", rules="abc"))
    assert "\n" not in line
    assert json.loads(line) == {
        "deal_id": "D-17",
        "detector": "reply_only",
        "state": "open",
        "severity": "warning",
        "since": "2026-03-09T16:02:00Z",
        "critical_from": None,
        "until": None,
        "evidence": [
            {"event": "gmail/0", "at": "2026-03-09T16:02:00Z", "text": "our third reply in a row on 'Re: pricing'"}
        ],
        "summary": "Every touch of ours is a reply",
        "clears_when": "we make a step of our own",
        "owner": told.ANN,
        "amount": 48000.0,
        "currency": "EUR",
        "rules": "abc",
    }


def test_stalls_are_what_is_open_and_worth_telling_the_critical_ones_first_then_the_oldest() -> None:
    later = told.MONDAY + timedelta(days=1)
    said = told.answer(
        "D-1",
        told.finding("newer", since=later),
        told.finding("older"),
        told.finding("worst", severity="critical", since=later),
        told.finding("mere", severity="info"),
        *(told.finding(state, state=state) for state in STATES if state != "open"),
    )
    assert [each.detector for each in said.stalls] == ["worst", "older", "newer"]
    assert {each.detector for each in said.open_findings} == {"worst", "older", "newer", "mere"}


def test_an_answer_holds_up_to_a_later_moment_and_is_never_made_older() -> None:
    said = answer(watched([crm(0, owner="rep@us.example")]), day(2), None)
    assert said.still_at(day(3)).as_of == day(3)
    assert said.still_at(day(3)).as_of.tzinfo == said.as_of.tzinfo
    assert said.still_at(day(1)) is said


def test_its_page_of_a_book_says_until_when_it_is_paused() -> None:
    paused = watched([crm(0, owner="rep@us.example", paused_until="2026-05-04")])
    page = answer(paused, day(1), None).page
    assert page is not None
    assert page.paused_until == paused.deal.paused_until
    assert page.paused_until is not None

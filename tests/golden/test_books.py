"""Whole books of a rep through the whole pipeline: what only several deals together, or the sources, can tell.

Won deals tell how long a stage takes, ten open ones which of them is large, heartbeats how far one can see. Of each
finding it is told here on which deal it is, too; null stands for the book as a whole.
"""

import random

import pytest

from streams.history import lines
from tests.golden.telling import BOOKS, as_expected, events_of, expected_of, found_in, replayed

EVERY = pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)


@EVERY
def test_a_book_tells_what_is_expected_of_it(book):
    told = [{"deal_id": each.deal_id, **as_expected(each)} for each in found_in(book)]
    assert told == expected_of(book)["findings"]


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_it_tells_the_same_in_any_order_and_twice(book, seed):
    told = list(lines([book])) * 2
    random.Random(seed).shuffle(told)
    assert replayed(book, told) == replayed(book, list(lines([book])))


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_it_tells_the_same_line_by_line_with_time_running_ahead_of_what_comes_late(book, seed, monkeypatch):
    # no mail here is so old at the end that the join would give it up before its contact comes
    at_once = replayed(book, list(lines([book])))
    told = list(lines([book])) * 2
    random.Random(seed).shuffle(told)
    monkeypatch.setattr("streams.replay.BATCH", 1)
    assert replayed(book, told) == at_once


@EVERY
def test_it_is_one_reps_book_and_its_mails_and_heartbeats_name_no_deal(book):
    events = events_of(book)
    assert len(events) <= 50
    begun = {each["subject"]: each["data"]["owner"] for each in events if "owner" in each["data"]}
    assert len(begun) > 1
    assert len(set(begun.values())) == 1
    assert {each["subject"] for each in events if "subject" in each} == begun.keys()
    nameless = ("activity.email", "source.heartbeat")
    assert all("subject" not in each for each in events if each["type"] in nameless)
    ids = {f"{each['source']}/{each['id']}" for each in events}
    for finding in expected_of(book)["findings"]:
        assert set(finding["evidence"]) <= ids
        assert finding["deal_id"] in {None, *begun}

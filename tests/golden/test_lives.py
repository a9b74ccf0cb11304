"""Whole deal lives through the whole pipeline: from a line to a finding.

The mails of a life do not name their deal, as mails do not.
"""

import random

import pytest

from detectors.core.registry import catalogue
from streams.history import lines
from tests.golden.telling import BOOKS, HERE, LIVES, as_expected, events_of, expected_of, found_in, replayed

EVERY = pytest.mark.parametrize("life", LIVES, ids=lambda life: life.stem)


@EVERY
def test_a_life_tells_what_is_expected_of_it(life):
    assert [as_expected(each) for each in found_in(life)] == expected_of(life)["findings"]


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_it_tells_the_same_in_any_order_and_twice(life, seed):
    told = list(lines([life])) * 2
    random.Random(seed).shuffle(told)
    assert replayed(life, told) == replayed(life, list(lines([life])))


@EVERY
def test_it_is_one_deals_life_and_its_mails_name_no_deal(life):
    events = events_of(life)
    assert 6 <= len(events) <= 25
    assert len({each["subject"] for each in events if "subject" in each}) == 1
    assert all("subject" not in each for each in events if each["type"] == "activity.email")
    ids = {f"{each['source']}/{each['id']}" for each in events}
    assert all(set(finding["evidence"]) <= ids for finding in expected_of(life)["findings"])


@pytest.mark.parametrize("detector", catalogue())
def test_every_detector_has_a_life_or_a_book_on_which_it_fires_and_one_on_which_it_nearly_does(detector):
    about = [expected_of(each) for each in (*LIVES, *BOOKS) if detector in expected_of(each)["about"]]
    fires = ["open" in {each["state"] for each in told["findings"] if each["detector"] == detector} for told in about]
    assert any(fires)
    assert not all(fires)


@pytest.mark.parametrize(("histories", "folder"), [(LIVES, HERE), (BOOKS, HERE / "books")], ids=["lives", "books"])
def test_nothing_is_expected_of_a_history_that_is_not_told(histories, folder):
    assert [each.name.removesuffix(".jsonl") for each in histories] == sorted(
        file.name.removesuffix(".findings.json") for file in folder.glob("*.findings.json")
    )

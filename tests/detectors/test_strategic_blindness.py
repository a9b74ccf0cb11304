"""A big deal of which little is known."""

from dataclasses import replace
from datetime import datetime

import pytest

from detectors.core.book import Book, Page
from detectors.core.breach import Breach, Evidence
from detectors.core.calendar import Calendar
from detectors.strategic_blindness import StrategicBlindness
from tests.detectors.builders import REP, at


def page(name: str, amount: float | None, middle: datetime | None = None, **fields: object) -> Page:
    event = f"crm/{name}"
    page = Page(name, name, "open", amount, "EUR", at(0), event, at(0), event)
    return replace(page, middle_since=middle, middle_event=f"{event}-middle" if middle else None, **fields)  # type: ignore[arg-type]


def found(*pages: Page, detector: StrategicBlindness | None = None) -> dict[str | None, Breach]:
    return dict((detector or StrategicBlindness()).assess_book(Book(REP, Calendar(), pages)))


SMALL = tuple(page(f"small-{number}", 10_000 + number) for number in range(9))
BIG = page("big", 250_000, at(10), known=frozenset({"need", "roles"}))


def test_the_largest_of_ten_with_two_of_five_pieces_known():
    assert found(*SMALL, BIG) == {
        "big": Breach(
            since=at(10),
            critical_from=None,
            evidence=(
                Evidence(
                    "crm/big-middle",
                    at(10),
                    "'big' came to the middle stages: 250,000 EUR, number 1 of 10 deals, and only need and roles known",
                ),
            ),
            clears_when="3 of its five pieces are known; dark are budget, deadline, executive",
        )
    }


def test_three_pieces_are_more_than_half():
    assert found(*SMALL, replace(BIG, known=BIG.known | {"budget"})) == {}


def test_it_is_critical_from_the_later_stages_on():
    assert found(*SMALL, replace(BIG, late_since=at(14)))["big"].critical_from == at(14)
    assert found(*SMALL, replace(BIG, late_since=at(10)))["big"].critical_from == at(10)


def test_a_paused_deal_need_not_be_known_before_its_pause_is_over():
    breach = found(*SMALL, replace(BIG, late_since=at(14), paused_until=at(40)))["big"]
    assert (breach.since, breach.critical_from) == (at(40), at(40))
    assert found(*SMALL, replace(BIG, paused_until=at(9))) == found(*SMALL, BIG)


def test_before_the_middle_of_the_pipeline_little_need_be_known():
    assert found(*SMALL, replace(BIG, middle_since=None, middle_event=None)) == {}


def test_nothing_known_says_so():
    (fact,) = found(*SMALL, replace(BIG, known=frozenset()))["big"].evidence
    assert fact.text.endswith("and nothing known of it")


@pytest.mark.parametrize(
    "tenth",
    [
        replace(SMALL[0], status="won"),
        replace(SMALL[0], status="lost"),
        replace(SMALL[0], currency="USD"),
        replace(SMALL[0], currency=None),
        replace(SMALL[0], amount=None),
    ],
    ids=["won", "lost", "another currency", "no currency", "no amount"],
)
def test_of_fewer_than_ten_open_deals_of_a_currency_none_is_big(tenth):
    assert found(*SMALL[1:], tenth, BIG) == {}


def test_the_second_of_nineteen_is_not_in_the_top_tenth_and_that_of_twenty_is():
    second = page("second", 200_000, at(12))
    more = tuple(page(f"more-{number}", 5_000) for number in range(8))
    assert set(found(*SMALL, BIG, second, *more)) == {"big"}
    assert set(found(*SMALL, BIG, second, *more, page("last", 5_000))) == {"big", "second"}


def test_each_currency_has_its_own_largest():
    dollars = tuple(replace(each, deal_id=f"us-{each.deal_id}", currency="USD") for each in (*SMALL, BIG))
    assert set(found(*SMALL, BIG, *dollars)) == {"big", "us-big"}


def test_deals_of_equal_size_are_in_it_together_unless_all_are_alike():
    assert set(found(*SMALL[1:], BIG, replace(BIG, deal_id="twin"))) == {"big", "twin"}
    assert found(*(page(f"alike-{number}", 10_000, at(1)) for number in range(10))) == {}


def test_the_thresholds_are_those_of_the_rules():
    assert found(*SMALL[:4], BIG) == {}
    assert set(found(*SMALL[:4], BIG, detector=StrategicBlindness(least_deals=5))) == {"big"}
    assert found(*SMALL, BIG, detector=StrategicBlindness(enough=2)) == {}
    third = page("third", 90_000, at(3))
    assert set(found(*SMALL, BIG, third, detector=StrategicBlindness(percent=20))) == {"big", "third"}


def test_an_empty_book_is_not_blind():
    assert found() == {}


def test_a_book_is_not_judged_by_one_deal():
    with pytest.raises(TypeError, match="strategic_blindness"):
        StrategicBlindness().assess(None)  # type: ignore[arg-type]

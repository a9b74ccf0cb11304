"""Hangs on to what should be let go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from detectors.core.book import Book, Page
from detectors.core.breach import Breach, Evidence
from detectors.core.calendar import Calendar
from detectors.hoarding import Hoarding
from tests.detectors.builders import REP, TICK, at, on

NINETY = timedelta(days=90)


def page(name: str, progress: float) -> Page:
    return Page(name, name, "open", 1_000, "EUR", at(0), f"crm/{name}", at(progress), f"crm/{name}-progress")


def ended(name: str, status: str, began: float, took: float) -> Page:
    end = at(began + took)
    page = Page(name, name, status, 1_000, "EUR", at(began), f"crm/{name}", at(began), f"crm/{name}")
    return replace(page, ended=end, ended_event=f"crm/{name}-end")


def ends(status: str, took: list[float], began: float = 0) -> tuple[Page, ...]:
    return tuple(ended(f"{status}-{number}", status, began, days) for number, days in enumerate(took))


def found(*pages: Page, detector: Hoarding | None = None) -> Breach | None:
    told = list((detector or Hoarding()).assess_book(Book(REP, Calendar(), pages)))
    assert all(deal_id is None for deal_id, _ in told)
    assert len(told) <= 1
    return told[0][1] if told else None


# -- deals without progress

THREE = (page("c", 7), page("a", 1), page("b", 3))


def test_three_open_deals_without_progress_for_ninety_days():
    assert found(*THREE) == Breach(
        since=at(7) + NINETY,
        critical_from=None,
        evidence=tuple(
            Evidence(
                f"crm/{name}-progress",
                at(day),
                f"'{name}' has made no progress since {on(day)}, the {nth} such of 3 open deals",
            )
            for name, day, nth in (("a", 1, "first"), ("b", 3, "second"), ("c", 7, "third"))
        ),
        clears_when="the deals that have not moved are closed, or move: a stage, an earlier date, a milestone",
    )


def test_it_opens_with_the_third_and_not_an_instant_before():
    breach = found(*THREE)
    assert breach is not None
    assert not breach.holds_at(at(97) - TICK)
    assert breach.holds_at(at(97))


def test_two_deals_are_no_hoard_nor_are_closed_ones():
    assert found(*THREE[:2]) is None
    assert found(*THREE[:2], replace(THREE[2], status="lost", ended=at(8))) is None


def test_progress_of_one_of_three_moves_it_and_a_fourth_deal_does_not():
    assert (breach := found(*THREE[:2], page("b", 30))) is not None
    assert breach.since == at(30) + NINETY
    assert (more := found(*THREE, page("d", 60))) is not None
    assert more.since == at(97)
    assert [each.event for each in more.evidence] == ["crm/a-progress", "crm/b-progress", "crm/c-progress"]


def test_a_paused_deal_is_let_go_of_until_its_pause_is_over():
    paused = (THREE[0], replace(THREE[1], paused_until=at(200)), THREE[2])
    breach = found(*paused)
    assert breach is not None
    assert not breach.holds_at(at(200) - TICK)
    assert breach.since == at(200)
    assert [each.event for each in breach.evidence] == ["crm/b-progress", "crm/c-progress", "crm/a-progress"]
    assert found(replace(THREE[0], paused_until=at(50)), *THREE[1:]) == found(*THREE)


def test_the_sixth_makes_it_critical():
    six = tuple(page(f"idle-{number}", number) for number in range(6))
    assert (breach := found(*six)) is not None
    assert (breach.since, breach.critical_from) == (at(2) + NINETY, at(5) + NINETY)
    assert (fewer := found(*six[:5], page("new", 80))) is not None
    assert fewer.critical_from == at(80) + NINETY


# -- lost deals that live too long

WON = ends("won", [10, 10, 10, 10, 30])
LOST = ends("lost", [20, 20, 20, 25, 40])


def test_lost_deals_that_live_twice_as_long_as_won_ones():
    # with the end of the fifth lost deal on day 40 there are five of each
    assert found(*WON, *LOST) == Breach(
        since=at(40),
        critical_from=None,
        evidence=(Evidence("crm/lost-4-end", at(40), "5 lost deals lived 20 days at the median, 5 won ones 10"),),
        clears_when="the deals that have not moved are closed, or move: a stage, an earlier date, a milestone",
    )


def test_a_day_less_is_not_twice_as_long():
    assert found(*WON, *ends("lost", [19, 19, 19.9, 25, 40])) is None


def test_four_of_each_are_too_few_to_compare():
    assert found(*WON[1:], *LOST) is None
    assert found(*WON, *LOST[1:]) is None


def test_three_times_as_long_is_critical():
    breach = found(*WON, *ends("lost", [20, 20, 30, 35, 40]))
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(40), at(40))


def test_it_turns_critical_with_the_deal_that_made_it_so():
    # the sixth and seventh lost deal bring the median from 20 to 25 and then to 30 days
    breach = found(
        *WON, *LOST[:3], *ends("lost", [30, 40], 1), *(ended(f"old-{n}", "lost", 10, 40 + n) for n in (0, 1))
    )
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(41), at(51))


def test_quick_losses_clear_it_and_slow_ones_begin_anew():
    quick = tuple(ended(f"quick-{number}", "lost", 50, 5) for number in range(5))
    assert found(*WON, *LOST, *quick) is None
    slow = tuple(ended(f"slow-{number}", "lost", 0, 80 + number) for number in range(4))
    breach = found(*WON, *LOST, *quick, *slow)
    assert breach is not None
    assert breach.since == at(80)


def test_won_deals_that_took_no_time_compare_with_nothing():
    assert found(*ends("won", [0, 0, 0, 0, 0]), *LOST) is None


# -- both


def test_two_signs_are_one_finding_from_the_first_on_with_the_worse_severity():
    six = tuple(page(f"idle-{number}", number) for number in range(6))
    breach = found(*six, *WON, *LOST)
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(40), at(5) + NINETY)
    # nothing that is known of the book lies ninety days after the third's progress
    assert [each.event for each in breach.evidence] == ["crm/lost-4-end"]


def test_once_both_have_begun_both_are_told():
    later = ended("lost-late", "lost", 0, 120)
    breach = found(*THREE, *WON, *LOST, later)
    assert breach is not None
    assert breach.since == at(40)
    assert [each.event for each in breach.evidence] == [
        "crm/a-progress",
        "crm/b-progress",
        "crm/c-progress",
        "crm/lost-late-end",
    ]


def test_weekends_do_not_matter():
    breach = found(page("a", 4), page("b", 5), page("c", 6))
    assert breach is not None
    assert breach.since == at(96)


def test_the_thresholds_are_those_of_the_rules():
    idle = Hoarding(deals=1, critical_deals=2, age=timedelta(days=30))
    breach = found(*THREE, detector=idle)
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(31), at(33))
    few = Hoarding(times=1.5, critical_times=1.5, least_ended=1)
    compared = found(*ends("won", [10]), *ends("lost", [15]), detector=few)
    assert compared is not None
    assert (compared.since, compared.critical_from) == (at(15), at(15))


def test_an_empty_book_hoards_nothing():
    assert found() is None


def test_a_book_is_not_judged_by_one_deal():
    with pytest.raises(TypeError, match="hoarding"):
        Hoarding().assess(None)  # type: ignore[arg-type]

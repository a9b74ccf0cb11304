"""Sales cholesterol: the pipeline is stuffed."""

from dataclasses import replace

import pytest

from detectors.core.book import Book, Page
from detectors.core.breach import Breach, Evidence
from detectors.core.calendar import Calendar
from detectors.pipeline_inflation import PipelineInflation
from tests.detectors.builders import REP, TICK, at, on


def page(name: str, amount: float | None = 20_000, stalled: float | None = None, currency: str | None = "EUR") -> Page:
    event = f"crm/{name}"
    page = Page(name, name, "open", amount, currency, at(0), event, at(0), event)
    return (
        page if stalled is None else replace(page, stalled_since=at(stalled), stalled_event=f"gmail/{name}-last-word")
    )


def found(*pages: Page, detector: PipelineInflation | None = None) -> Breach | None:
    told = list((detector or PipelineInflation()).assess_book(Book(REP, Calendar("Europe/Berlin"), pages)))
    assert all(deal_id is None for deal_id, _ in told)
    assert len(told) <= 1
    return told[0][1] if told else None


LIVELY = tuple(page(f"lively-{number}") for number in range(3))


def test_over_forty_per_cent_of_the_value_is_stalled():
    assert found(*LIVELY, page("old", stalled=10), page("older", 30_000, stalled=3)) == Breach(
        since=at(10),
        critical_from=None,
        evidence=(
            Evidence(
                "gmail/older-last-word",
                at(3),
                f"'older' stalled on {on(3)}: with it 30,000 of 110,000 EUR in 5 open deals, 27 %",
            ),
            Evidence(
                "gmail/old-last-word",
                at(10),
                f"'old' stalled on {on(10)}: with it 50,000 of 110,000 EUR in 5 open deals, 45 %",
            ),
        ),
        clears_when="stalled deals move, are paused with a reason or closed, the largest first",
    )


def test_it_begins_when_the_share_passed_and_not_an_instant_before():
    breach = found(*LIVELY, page("old", stalled=10), page("older", 30_000, stalled=3))
    assert breach is not None
    assert not breach.holds_at(at(10) - TICK)
    assert breach.holds_at(at(10))


def test_forty_per_cent_is_not_over_forty():
    assert found(*LIVELY, page("old", stalled=10), page("older", stalled=3)) is None
    assert found(*LIVELY, page("old", stalled=10), page("older", 20_001, stalled=3)) is not None


def test_what_stalls_after_it_passed_does_not_move_it():
    breach = found(*LIVELY[1:], page("old", stalled=10), page("older", 30_000, stalled=3), page("new", stalled=20))
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(10), at(20))


def test_a_paused_deal_is_in_the_pipeline_and_stalls_only_when_its_pause_is_over():
    older = page("older", 30_000, stalled=3)
    life = (*LIVELY, page("old", stalled=10), replace(older, paused_until=at(30)))
    breach = found(*life)
    assert breach is not None
    assert not breach.holds_at(at(30) - TICK)
    assert breach.since == at(30)
    assert [each.text for each in breach.evidence] == [
        f"'old' stalled on {on(10)}: with it 20,000 of 110,000 EUR in 5 open deals, 18 %",
        f"the pause of 'older' was over on {on(30)}: with it 50,000 of 110,000 EUR in 5 open deals, 45 %",
    ]
    over_before_it_stalled = found(*LIVELY, page("old", stalled=10), replace(older, paused_until=at(2)))
    assert over_before_it_stalled == found(*LIVELY, page("old", stalled=10), older)


def test_sixty_per_cent_is_critical():
    stalled = (page("a", stalled=1), page("b", stalled=2), page("c", stalled=3))
    breach = found(*LIVELY[:2], *stalled)
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(3), at(3))
    more = found(*LIVELY, *stalled)
    assert more is not None
    assert (more.since, more.critical_from) == (at(3), None)


@pytest.mark.parametrize(
    "fifth",
    [
        replace(LIVELY[0], status="won"),
        replace(LIVELY[0], status="lost"),
        replace(LIVELY[0], currency="USD"),
        replace(LIVELY[0], amount=None),
    ],
    ids=["won", "lost", "another currency", "no amount"],
)
def test_of_fewer_than_five_open_deals_of_a_currency_no_share_is_told(fifth):
    assert found(*LIVELY[1:], fifth, page("old", 90_000, stalled=10), page("older", stalled=3)) is None


def test_amounts_of_two_currencies_are_never_added():
    euros = (*(page(f"lively-{number}") for number in range(4)), page("old", stalled=10))
    dollars = (
        *(page(f"us-{number}", currency="USD") for number in range(4)),
        page("us-old", 20_000, 10, "USD"),
    )
    # a fifth of each
    assert found(*euros, *dollars) is None
    stuffed = found(*euros, *dollars[:4], page("us-old", 90_000, 12, "USD"))
    assert stuffed is not None
    assert stuffed.since == at(12)
    assert [each.event for each in stuffed.evidence] == ["gmail/us-old-last-word"]


def test_two_stuffed_currencies_are_one_finding_from_the_first_on():
    euros = (*(page(f"lively-{number}") for number in range(4)), page("old", 90_000, stalled=10))
    dollars = (*(page(f"us-{number}", currency="USD") for number in range(4)), page("us-old", 900_000, 12, "USD"))
    breach = found(*euros, *dollars)
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(10), at(12))
    assert [each.event for each in breach.evidence] == ["gmail/old-last-word", "gmail/us-old-last-word"]


def test_without_currencies_amounts_are_added():
    pages = (*(page(f"lively-{number}", currency=None) for number in range(4)), page("old", 90_000, 10, None))
    breach = found(*pages)
    assert breach is not None
    assert breach.evidence[-1].text == f"'old' stalled on {on(10)}: with it 90,000 of 170,000 in 5 open deals, 52 %"


def test_deals_that_are_worth_nothing_stuff_nothing():
    assert found(*(page(f"free-{number}", 0, stalled=number) for number in range(6))) is None


def test_evidence_names_the_newest_eight():
    breach = found(*(page(f"old-{number:02}", stalled=number) for number in range(12)))
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(4), at(7))
    assert [each.event for each in breach.evidence] == [f"gmail/old-{number:02}-last-word" for number in range(4, 12)]
    assert breach.evidence[-1].text.endswith("240,000 of 240,000 EUR in 12 open deals, 100 %")


def test_the_thresholds_are_those_of_the_rules():
    pages = (page("lively"), page("old", stalled=10))
    breach = found(*pages, detector=PipelineInflation(least_deals=2, percent=49, critical_percent=50))
    assert breach is not None
    assert (breach.since, breach.critical_from) == (at(10), at(10))
    assert found(*pages, detector=PipelineInflation(least_deals=2, percent=50)) is None


def test_an_empty_book_is_not_stuffed():
    assert found() is None


def test_a_book_is_not_judged_by_one_deal():
    with pytest.raises(TypeError, match="pipeline_inflation"):
        PipelineInflation().assess(None)  # type: ignore[arg-type]

"""An answer in short counts as the answer does, and is found again as it was."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detectors.core.rules import Rules
from streams.answer import Answer
from streams.demo.company import Company
from streams.history import Line
from streams.metrics import catalogue as metrics
from streams.metrics.counts import Counts
from streams.metrics.exporter import Exporter, State
from streams.outline import MOST_PHRASES, Glance, Outline, phrases_of
from streams.replay import Replay
from streams.web.pages.board import Wanted, in_order, part
from tests.streams.scraping import Series, series_of
from tests.streams.told import MONDAY, answer, finding

COMPANY = Company(reps=5, deals=40, start=date(2025, 1, 6), weeks=40)
RULES = Rules.of(COMPANY.rules())


@pytest.fixture(scope="module")
def company() -> tuple[list[Answer], datetime]:
    """What is told of a company's deals, and the time to which it is told."""
    replay = Replay(RULES)
    lines = [Line(Path("year"), number, raw) for number, raw in enumerate(islice(COMPANY.lines(), 2000))]
    for _ in replay.run(lines):
        pass
    assert replay.partition.time is not None
    return list(replay.partition.answers.values()), replay.partition.time


def in_short(answers: Iterable[Answer]) -> list[Outline]:
    told = list(answers)
    phrases = phrases_of(told)
    return [Outline.of(each, phrases) for each in told]


def scraped(glances: Iterable[Glance], clock: datetime) -> dict[str, Series]:
    state = State(glances, [], [], Counter(), clock, {}, 0, RULES)
    series = series_of(Exporter(lambda: state, Counts(), 50).text())
    # that is of the scrape, not of the deals
    return {name: each for name, each in series.items() if name != metrics.RULES_LOADED.name}


@pytest.mark.parametrize("days", [0, 5, 40])
def test_a_scrape_of_outlines_is_that_of_the_answers(company: tuple[list[Answer], datetime], days: int) -> None:
    answers, clock = company
    now = clock + timedelta(days=days)

    assert scraped(in_short(answers), now) == scraped(answers, now)


def test_the_board_of_outlines_is_that_of_the_answers(company: tuple[list[Answer], datetime]) -> None:
    answers, clock = company
    outlines = in_short(answers)

    for wanted in (Wanted(), Wanted(least=20_000), Wanted(detector="gone_quiet"), Wanted(owner=answers[0].owner or "")):
        assert part(outlines, wanted, clock) == part(answers, wanted, clock)
        assert [each.whole() for each in in_order(outlines, wanted)] == in_order(answers, wanted)


def test_the_whole_answer_is_found_in_it(company: tuple[list[Answer], datetime]) -> None:
    answers, _ = company

    assert [each.whole() for each in in_short(answers)] == answers
    assert [Outline.of(each).whole() for each in answers] == answers


def test_its_time_stays_on_its_owners_clock_which_may_be_changed_later() -> None:
    winter = datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    told = Outline.of(answer("D-1", as_of=winter)).whole()

    assert (
        told.still_at(datetime(2026, 7, 6, 9, tzinfo=ZoneInfo("UTC"))).as_of.isoformat() == "2026-07-06T11:00:00+02:00"
    )


def test_it_takes_less_room_if_its_words_are_known(company: tuple[list[Answer], datetime]) -> None:
    answers, _ = company
    phrases = phrases_of(answers)
    known, unknown = (sum(len(Outline.of(each, words).packed) for each in answers) for words in (phrases, b""))

    assert 0 < len(phrases) <= MOST_PHRASES
    assert known < unknown * 2 / 3


def test_what_is_over_open_and_ahead_is_counted_from_it() -> None:
    told = answer(
        "D-1",
        finding("gone_quiet", severity="critical"),
        finding("ghosted", state="unknown"),
        finding("reply_only", state="resolved", until=MONDAY + timedelta(days=2)),
        finding("no_executive_contact", state="pending", since=MONDAY + timedelta(days=9)),
        finding("owed_reply", severity="info"),
    )
    short = Outline.of(told)

    assert [each.detector for each in short.stalls] == ["gone_quiet"]
    assert [tuple(each) for each in short.open_findings] == [("gone_quiet", "critical"), ("owed_reply", "info")]
    assert tuple(short.courses) == told.courses
    assert tuple(short.deadlines) == told.deadlines
    assert (short.is_open, short.is_unknown) == (True, True)

"""What the pipeline comes to: quarters, stages, problems, books, the week's turns, silence; and the thresholds."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from detectors.core.book import Page
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from streams.answer import Answer
from streams.metrics import catalogue as metrics
from streams.metrics.catalogue import Metric
from streams.metrics.pipeline_series import pipeline_series, quarter
from streams.metrics.threshold_series import threshold_series
from tests.streams.scraping import Series, series_of
from tests.streams.told import BOB, answer, finding

# a Wednesday
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules.of({"organization": {"fiscal_year_starts": 2}})


def told(
    metric: Metric, *answers: Answer, clock: datetime | None = NOW, rules: Rules = RULES, part: str = ""
) -> Series:
    """The series of one metric, or of one `part` of a histogram, that are not zero."""
    registry = CollectorRegistry()

    class Collected:
        def collect(self) -> Any:
            yield from pipeline_series(answers, clock, rules)

    registry.register(Collected())  # type: ignore[arg-type]
    found = series_of(generate_latest(registry)).get(metric.name + part, {})
    return {labels: value for labels, value in found.items() if value}


def page(**other: Any) -> Page:
    plain = Page("", "", "open", None, None, NOW - 30 * DAY, "", NOW, "")
    return replace(plain, **other)


@pytest.mark.parametrize(
    ("close_date", "name"),
    [
        (None, "no date"),
        ("2026-03-17", "overdue"),
        ("2026-03-18", "FY2026 Q1"),
        ("2026-04-30", "FY2026 Q1"),
        ("2026-05-01", "FY2026 Q2"),
        ("2027-01-31", "FY2026 Q4"),
        ("2027-10-31", "FY2027 Q3"),
        ("2027-11-01", "later"),
        ("9999-12-31", "later"),
    ],
)
def test_a_close_date_counts_for_the_fiscal_quarter_in_which_it_lies(close_date: str | None, name: str) -> None:
    assert quarter(close_date, NOW.date(), RULES) == name


def test_there_are_never_more_quarters_than_a_year_and_a_half_ahead() -> None:
    names = {quarter((date(2026, 3, 1) + n * 7 * DAY).isoformat(), NOW.date(), RULES) for n in range(2000)}
    assert len(names) == 9


def test_what_is_stalled_stands_apart_in_each_quarter() -> None:
    deals = [
        answer("A", close_date="2026-04-01", amount=100.0),
        answer("B", finding(), close_date="2026-04-30", amount=30.0),
        answer("C", finding(severity="info"), close_date="2026-05-01", amount=7.0),
        answer("D", close_date="2026-05-01", amount=5.0, currency="USD"),
        answer("E", finding(), close_date="2026-05-01", amount=None),
        answer("F", status="won", close_date="2026-04-01", amount=1e9),
    ]
    assert told(metrics.CLOSING_AMOUNT, *deals) == {
        ("emea", "EUR", "FY2026 Q1", "no"): 100,
        ("emea", "EUR", "FY2026 Q1", "yes"): 30,
        ("emea", "EUR", "FY2026 Q2", "no"): 7,
        ("emea", "USD", "FY2026 Q2", "no"): 5,
    }


def test_the_day_ends_where_the_organization_is() -> None:
    late = datetime(2026, 3, 18, 20, tzinfo=UTC)
    tokyo = Rules.of({"organization": {"fiscal_year_starts": 2, "time_zone": "Asia/Tokyo"}})
    deal = answer("A", close_date="2026-03-18")
    assert ("emea", "EUR", "overdue", "no") in told(metrics.CLOSING_AMOUNT, deal, clock=late, rules=tokyo)
    assert ("emea", "EUR", "FY2026 Q1", "no") in told(metrics.CLOSING_AMOUNT, deal, clock=late)


def test_deals_in_which_nobody_with_power_took_part_are_counted_by_stage() -> None:
    deals = [
        answer("A", page=page(known=frozenset({"need"}))),
        answer("B", page=page(known=frozenset({"executive"}))),
        answer("C", stage="Demo", page=page()),
        answer("D", status="lost", page=page()),
    ]
    assert told(metrics.DEALS_WITHOUT_EXECUTIVE, *deals) == {
        ("default", "Proposal", "emea"): 1,
        ("default", "Demo", "emea"): 1,
    }


def test_a_deals_value_counts_once_for_each_problem_that_it_has() -> None:
    deals = [answer("A", finding(), finding("ghosted"), amount=10.0), answer("B", finding(), amount=1.0)]
    assert told(metrics.FINDING_AMOUNT, *deals) == {("reply_only", "emea", "EUR"): 11, ("ghosted", "emea", "EUR"): 10}


def test_a_book_is_named_by_the_owner_and_never_by_an_address() -> None:
    deals = [
        answer("A", finding(), amount=10.0),
        answer("B", amount=1.0),
        answer("C", amount=2.0, owner=BOB, currency="USD"),
        answer("D", owner=None),
    ]
    assert told(metrics.BOOK_DEALS, *deals) == {
        ("ann", "emea", "yes"): 1,
        ("ann", "emea", "no"): 1,
        ("bob", "emea", "no"): 1,
    }
    assert told(metrics.BOOK_AMOUNT, *deals) == {
        ("ann", "emea", "EUR", "yes"): 10,
        ("ann", "emea", "EUR", "no"): 1,
        ("bob", "emea", "USD", "no"): 2,
    }


def over(since: datetime, until: datetime) -> Any:
    return finding(state="resolved", since=since, until=until)


def test_a_week_holds_what_began_and_what_ended_within_seven_days() -> None:
    deals = [
        answer("A", finding(since=NOW - 7 * DAY), as_of=NOW),
        answer("B", finding(since=NOW - 7 * DAY + timedelta(seconds=1)), as_of=NOW),
        answer("C", over(NOW - 6 * DAY, NOW - DAY), as_of=NOW),
        answer("D", over(NOW - 60 * DAY, NOW - DAY), as_of=NOW, status="lost"),
        answer("E", over(NOW - 60 * DAY, NOW - 8 * DAY), as_of=NOW),
        answer("F", finding(since=NOW + DAY, state="pending"), finding("ghosted", severity="info", since=NOW)),
        answer("G", finding(since=NOW - DAY, state="unknown"), as_of=NOW),
    ]
    assert told(metrics.FINDINGS_BEGAN, *deals) == {("reply_only", "emea"): 2}
    assert told(metrics.FINDINGS_ENDED, *deals) == {
        ("reply_only", "emea", "open"): 1,
        ("reply_only", "emea", "lost"): 1,
    }


def test_endings_are_counted_for_ninety_days_by_what_was_told_before_them() -> None:
    def ended(name: str, days: float, status: str, *findings: Any) -> Any:
        return answer(name, *findings, status=status, page=page(ended=NOW - days * DAY))

    deals = [
        ended("A", 1, "lost", over(NOW - 9 * DAY, NOW - 8 * DAY), over(NOW - 3 * DAY, NOW - DAY)),
        ended("B", 89, "won", over(NOW - 95 * DAY, NOW - 89 * DAY)),
        ended("C", 2, "lost"),
        ended("D", 90, "lost", over(NOW - 95 * DAY, NOW - 90 * DAY)),
        ended("E", 5, "lost", over(NOW - 5 * DAY, NOW - 4 * DAY)),
        answer("F", over(NOW - 9 * DAY, NOW - 8 * DAY)),
    ]
    assert told(metrics.DEALS_ENDED, *deals) == {("emea", "lost"): 3, ("emea", "won"): 1}
    assert told(metrics.ALERTED_DEALS_ENDED, *deals) == {
        ("reply_only", "emea", "lost"): 1,
        ("reply_only", "emea", "won"): 1,
    }


def test_what_is_due_begins_within_seven_days_if_nothing_happens() -> None:
    def ahead(since: datetime, **other: Any) -> Any:
        return finding(state="pending", since=since, **other)

    deals = [
        answer("A", ahead(NOW + 7 * DAY)),
        answer("B", ahead(NOW + 7 * DAY + timedelta(seconds=1))),
        answer("C", ahead(NOW + DAY, severity="info"), finding("ghosted", since=NOW)),
        answer("D", ahead(NOW + DAY), status="won"),
    ]
    assert told(metrics.FINDINGS_DUE, *deals) == {("reply_only", "emea"): 1}


def test_silence_is_in_working_days_since_the_buyer_or_since_the_deal_began() -> None:
    deals = [
        answer("A", two_way_at=NOW - 7 * DAY),  # five, over a weekend
        answer("B", two_way_at=None, page=page(began=NOW - 9 * DAY)),  # a Monday: seven
        answer("C", two_way_at=NOW - timedelta(hours=1)),
        answer("D", two_way_at=NOW - 400 * DAY),
    ]
    buckets = told(metrics.SILENCE, *deals, part="_bucket")
    assert {most: number for (_, most), number in buckets.items()} == {
        "1.0": 1,
        "2.0": 1,
        "3.0": 1,
        "5.0": 2,
        **dict.fromkeys(("10.0", "15.0", "20.0", "30.0", "40.0", "60.0", "90.0", "130.0"), 3),
        "+Inf": 4,
    }


def test_before_the_first_clock_nothing_is_said_of_time() -> None:
    deal = answer("A", finding(), close_date="2026-04-01", two_way_at=NOW)
    for metric in (metrics.CLOSING_AMOUNT, metrics.FINDINGS_BEGAN, metrics.FINDINGS_ENDED, metrics.DEALS_ENDED):
        assert told(metric, deal, clock=None) == {}
    assert told(metrics.BOOK_DEALS, deal, clock=None)


def test_each_threshold_is_told_as_the_rules_set_it() -> None:
    rules = Rules.of({"detectors": {"gone_quiet": {"warn_business_days": 8}, "busy_but_stuck": {"stuck": "20d"}}})
    values = {tuple(each.labels.values()): each.value for each in threshold_series(rules).samples}
    assert values["gone_quiet", "warn_business_days", "business_days"] == 8
    assert values["gone_quiet", "critical_business_days", "business_days"] == 20
    assert values["busy_but_stuck", "stuck", "seconds"] == 20 * 86400
    assert values["close_date_slipping", "pushes", "number"] == 2
    assert len(values) == sum(len(each.model_fields) for each in catalogue().values())

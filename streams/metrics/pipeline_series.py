"""What the pipeline comes to, as series: quarters, stages, problems, books, the week's turns, buyers' silence.

Series are of sums, never of single deals. What is asked of time is asked of event time, the worker's clock.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache, lru_cache

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from detectors.core.calendar import Calendar
from detectors.core.rules import Rules

from ..outline import Glance
from . import catalogue as metrics
from .counts import label
from .families import gauge

WEEK = timedelta(days=7)
# by then most of what a detector told of has come to its end, and rules are younger than that
LATELY = timedelta(days=90)
# a close date far ahead is somebody's placeholder, and a label's values must end somewhere
MOST_QUARTERS = 6
OVERDUE, UNDATED, LATER = "overdue", "no date", "later"
SILENCE_BUCKETS = (1, 2, 3, 5, 10, 15, 20, 30, 40, 60, 90, 130)
Sums = defaultdict[tuple[str, ...], float]


def pipeline_series(answers: Iterable[Glance], clock: datetime | None, rules: Rules) -> Iterator[Metric]:
    """Every family of this file; `answers` are all deals of a worker, closed ones too."""
    everything = list(answers)
    opened = [told for told in everything if told.is_open]
    yield _without_executive(opened)
    yield _by_problem(opened)
    yield from _books(opened)
    yield _closing(opened, clock, rules)
    yield from _turns(everything, clock)
    yield from _endings(everything, clock)
    yield _due(opened, clock)
    yield _silence(opened, clock, rules)


def quarter(close_date: str | None, today: date, rules: Rules) -> str:
    """The fiscal quarter of a close date, by the calendar year in which the fiscal year began: `FY2026 Q1`."""
    if close_date is None:
        return UNDATED
    day = date.fromisoformat(close_date)
    if day < today:
        return OVERDUE
    (year, number), (this_year, this_number) = rules.quarter_of(day), rules.quarter_of(today)
    ahead = (year - this_year) * 4 + number - this_number
    return LATER if ahead > MOST_QUARTERS else f"FY{year} Q{number}"


def _closing(opened: Iterable[Glance], clock: datetime | None, rules: Rules) -> Metric:
    amounts: Sums = defaultdict(float)
    if clock is not None:
        today = rules.calendar_of(None, None).local(clock).date()
        named = cache(lambda close_date: quarter(close_date, today, rules))
        for told in opened:
            if told.amount is not None:
                place = (label(told.team), label(told.currency), named(told.close_date))
                for stalled in (True, False):
                    # a quarter with nothing stalled, or all of it, has a zero, not a gap
                    amounts[*place, _yes(stalled)] += told.amount if stalled == bool(told.stalls) else 0.0
    return gauge(metrics.CLOSING_AMOUNT, amounts)


def _without_executive(opened: Iterable[Glance]) -> Metric:
    deals: Counter[tuple[str, ...]] = Counter()
    for told in opened:
        deals[label(told.pipeline), label(told.stage), label(told.team)] += not told.met_executive
    return gauge(metrics.DEALS_WITHOUT_EXECUTIVE, deals)


def _by_problem(opened: Iterable[Glance]) -> Metric:
    amounts: Sums = defaultdict(float)
    for told in opened:
        if told.amount is not None:
            for detector in {finding.detector for finding in told.stalls}:
                amounts[detector, label(told.team), label(told.currency)] += told.amount
    return gauge(metrics.FINDING_AMOUNT, amounts)


def _books(opened: Iterable[Glance]) -> Iterator[Metric]:
    deals: Counter[tuple[str, ...]] = Counter()
    amounts: Sums = defaultdict(float)
    for told in opened:
        if told.owner:
            book = (label(told.owner.partition("@")[0]), label(told.team))
            for stalled in (True, False):
                is_so = stalled == bool(told.stalls)
                deals[*book, _yes(stalled)] += is_so
                if told.amount is not None:
                    amounts[*book, label(told.currency), _yes(stalled)] += told.amount if is_so else 0.0
    yield gauge(metrics.BOOK_DEALS, deals)
    yield gauge(metrics.BOOK_AMOUNT, amounts)


def _turns(answers: Iterable[Glance], clock: datetime | None) -> Iterator[Metric]:
    began: Counter[tuple[str, ...]] = Counter()
    ended: Counter[tuple[str, ...]] = Counter()
    if clock is not None:
        week_ago = clock - WEEK
        first, last = week_ago.timestamp(), clock.timestamp()
        for told in answers:
            if told.as_of < week_ago:
                # a deal is told anew when one of its findings turns
                continue
            team = label(told.team)
            for detector, since, until in told.courses:
                if first < since <= last:
                    began[detector, team] += 1
                if until is not None and first < until <= last:
                    ended[detector, team, told.status] += 1
    yield gauge(metrics.FINDINGS_BEGAN, began)
    yield gauge(metrics.FINDINGS_ENDED, ended)


def _endings(answers: Iterable[Glance], clock: datetime | None) -> Iterator[Metric]:
    ended: Counter[tuple[str, ...]] = Counter()
    alerted: Counter[tuple[str, ...]] = Counter()
    if clock is not None:
        for told in answers:
            if told.ended is not None and clock - LATELY < told.ended <= clock:
                team, at = label(told.team), told.ended.timestamp()
                ended[team, told.status] += 1
                for detector in {detector for detector, since, _ in told.courses if since < at}:
                    alerted[detector, team, told.status] += 1
    yield gauge(metrics.DEALS_ENDED, ended)
    yield gauge(metrics.ALERTED_DEALS_ENDED, alerted)


def _due(opened: Iterable[Glance], clock: datetime | None) -> Metric:
    due: Counter[tuple[str, ...]] = Counter()
    if clock is not None:
        now, last = clock.timestamp(), (clock + WEEK).timestamp()
        for told in opened:
            for detector, since in told.deadlines:
                if now < since <= last:
                    due[detector, label(told.team)] += 1
    return gauge(metrics.FINDINGS_DUE, due)


def _silence(opened: Iterable[Glance], clock: datetime | None, rules: Rules) -> Metric:
    days: defaultdict[str, list[int]] = defaultdict(list)
    if clock is not None:
        today = cache(lambda calendar: calendar.local(clock).date())
        for told in opened:
            if told.heard_at is not None:
                calendar = rules.calendar_of(told.owner, told.team)
                passed = _business_days(calendar, calendar.local(told.heard_at).date(), today(calendar))
                days[label(told.team)].append(passed)
    known = metrics.SILENCE
    family = HistogramMetricFamily(known.name, known.help, labels=known.labels)
    for team, silences in days.items():
        counted = Counter(bisect_left(SILENCE_BUCKETS, each) for each in silences)
        sums = [sum(counted[n] for n in range(at + 1)) for at in range(len(SILENCE_BUCKETS))]
        buckets = [(str(float(most)), number) for most, number in zip(SILENCE_BUCKETS, sums, strict=True)]
        family.add_metric([team], [*buckets, ("+Inf", len(silences))], sum(silences))
    return family


@lru_cache(maxsize=16_384)
def _business_days(calendar: Calendar, first: date, last: date) -> int:
    """Business days after the first day, up to and with the last."""
    return sum(calendar.is_business_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"

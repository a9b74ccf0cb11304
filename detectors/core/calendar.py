"""Working days as one owner has them: their time zone, their week, their country's holidays.

All moments handed out are in UTC, so that they compare and subtract truly across changes of daylight saving time.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONDAY_TO_FRIDAY = frozenset(WEEK[:5])

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1024)
def _holidays_of(country: str, year: int) -> frozenset[date]:
    """`country` is an ISO 3166 code, a subdivision after a dash: DE, DE-BY."""
    code, _, subdivision = country.partition("-")
    return frozenset(holidays.country_holidays(code, subdiv=subdivision or None, years=year))


def is_country(code: str) -> bool:
    """Whether holidays are known for this country (and subdivision)."""
    try:
        _holidays_of(code, 2026)
    except NotImplementedError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Calendar:
    """Business days of a time zone: those of `week` and, where `country` is given, none of its holidays."""

    zone: str = "UTC"
    country: str | None = None
    week: frozenset[str] = MONDAY_TO_FRIDAY

    def local(self, moment: datetime) -> datetime:
        """The moment on the owner's clock."""
        local = moment.astimezone(ZoneInfo(self.zone))
        offset = local.utcoffset() or timedelta(0)
        if offset % _MINUTE:
            # before zones had standard times; RFC 3339 knows no seconds of an offset, and would tell another moment
            return moment.astimezone(timezone(offset - offset % _MINUTE))
        return local

    def day_of(self, moment: datetime) -> date:
        """The day on which the moment falls for the owner."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def is_business_day(self, day: date) -> bool:
        """A working day of the week, and no holiday."""
        return _is_business_day(self.country, self.week, day)

    def plus_business_days(self, moment: datetime, count: int) -> datetime:
        """The same time of day, `count` business days later.

        A moment on a weekend or holiday counts from the first moment of the next business day.
        """
        return _plus_business_days(self.zone, self.country, self.week, moment, count)

    def end_of(self, day: date) -> datetime:
        """The last moment of a day."""
        return _end_of(self.zone, day)

    def business_days_between(self, start: datetime, end: datetime) -> int:
        """Business days that began after `start`'s day, up to and with `end`'s day; for words, not for deadlines."""
        first, last = self.day_of(start), self.day_of(end)
        return sum(self.is_business_day(first + n * _DAY) for n in range(1, (last - first).days + 1))


@lru_cache(maxsize=16_384)
def _end_of(zone: str, day: date) -> datetime:
    # where clocks go back at midnight, the day's last hour comes twice: the second one ends it
    return datetime.combine(day, time.max.replace(fold=1), ZoneInfo(zone)).astimezone(UTC)


def _is_business_day(country: str | None, week: frozenset[str], day: date) -> bool:
    return WEEK[day.weekday()] in week and not (country and day in _holidays_of(country, day.year))


@lru_cache(maxsize=1024)
def _business_days(country: str | None, week: frozenset[str], year: int) -> tuple[date, ...]:
    """All of a year, in order."""
    days = map(date.fromordinal, range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1))
    return tuple(day for day in days if _is_business_day(country, week, day))


def _nth_business_day(country: str | None, week: frozenset[str], day: date, count: int) -> date:
    """`day`, or the next business day after it, and `count` business days on."""
    year = day.year
    days = _business_days(country, week, year)
    place = bisect_left(days, day) + count
    while place >= len(days):
        place, year = place - len(days), year + 1
        days = _business_days(country, week, year)
    return days[place]


@lru_cache(maxsize=65_536)
def _plus_business_days(zone: str, country: str | None, week: frozenset[str], moment: datetime, count: int) -> datetime:
    local = moment.astimezone(ZoneInfo(zone))
    today = local.date()
    day = _nth_business_day(country, week, today, count)
    time_of_day = local.time() if _is_business_day(country, week, today) else time.min
    return datetime.combine(day, time_of_day, ZoneInfo(zone)).astimezone(UTC)

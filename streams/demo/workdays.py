"""Working days and the clock of one place, fast enough to date a million made-up events."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

DAY = 86_400
EPOCH = date(1970, 1, 1)


class Workdays:
    """The calendar of one place between two dates.

    A *moment* is a whole number of seconds on the wall clock of that place since 1970; a *day* a whole number of days
    since then. Only moments in waking hours are exact on the two days a year when the clock is changed.
    """

    def __init__(self, time_zone: str, country: str, first: date, last: date) -> None:
        zone = ZoneInfo(time_zone)
        closed = holidays.country_holidays(country, years=range(first.year, last.year + 1))
        self._base = (first - EPOCH).days
        self._open: list[int] = []
        self._next_open: list[int] = []
        self._dates: list[str] = []
        self._offsets: list[int] = []
        self._suffixes: list[str] = []
        for number in range((last - first).days + 1):
            day = first + timedelta(number)
            self._next_open.append(len(self._open))
            if day.weekday() < 5 and day not in closed:
                self._open.append(self._base + number)
            noon = datetime.combine(day, time(12), zone)
            self._dates.append(day.isoformat())
            self._offsets.append(round((noon.utcoffset() or timedelta()).total_seconds()))
            self._suffixes.append(noon.isoformat()[-6:])

    def later(self, moment: int, business_days: int) -> int:
        """The same time of day so many business days later; `moment` is on a business day."""
        day, second = divmod(moment, DAY)
        return self.open_day(day, business_days) * DAY + second

    def open_day(self, day: int, business_days: int = 0) -> int:
        """`day` if it is a business day, else the next one; then so many business days later."""
        return self._open[self._next_open[day - self._base] + business_days]

    def date(self, day: int) -> str:
        """ISO date of a day."""
        return self._dates[day - self._base]

    def utc(self, moment: int) -> int:
        """Seconds since 1970 in UTC."""
        return moment - self._offsets[moment // DAY - self._base]

    def text(self, moment: int) -> str:
        """RFC 3339 with the offset of the place."""
        day, second = divmod(moment, DAY)
        at = day - self._base
        return f"{self._dates[at]}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{self._suffixes[at]}"


def as_datetime(utc: int) -> datetime:
    """Aware datetime (UTC) of seconds since 1970."""
    return datetime.fromtimestamp(utc, UTC)

"""When an owner may be disturbed: not in the quiet hours, and, where there are any, not on days off."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from detectors.core.calendar import Calendar
from detectors.core.rules import Rules

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """The owner's working days and quiet hours (from, until; over midnight if they end before they begin).

    Rules without quiet hours ask for none: then any hour of any day will do.
    """

    calendar: Calendar
    quiet: tuple[time, time] | None = None

    @classmethod
    def of(cls, rules: Rules, owner: str | None, team: str | None) -> "Hours":
        """What the rules say of an owner."""
        told = rules.file.alerts.quiet_hours
        quiet = (time.fromisoformat(told[0]), time.fromisoformat(told[1])) if told and told[0] != told[1] else None
        return cls(rules.calendar_of(owner, team), quiet)

    def day_of(self, moment: datetime) -> date:
        """The owner's day."""
        return self.calendar.local(moment).date()

    def is_open(self, moment: datetime) -> bool:
        """Whether something may begin to be told."""
        if self.quiet is None:
            return True
        local = self.calendar.local(moment)
        begins, ends = self.quiet
        now = local.time()
        is_quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
        return not is_quiet and self.calendar.is_business_day(local.date())

    def opening(self, moment: datetime) -> datetime:
        """The moment itself, or the next one at which something may begin to be told."""
        if self.is_open(moment):
            return moment
        return next(at for at in self._mornings(self.day_of(moment)) if at >= moment and self.is_open(at))

    def next_day(self, moment: datetime) -> datetime:
        """When telling may begin on the owner's next day."""
        return next(at for at in self._mornings(self.day_of(moment) + _DAY) if self.is_open(at))

    def _mornings(self, first: date) -> Iterator[datetime]:
        """The moments at which a day can open, from a day on: its beginning, and the end of the quiet hours."""
        zone = ZoneInfo(self.calendar.zone)
        for number in count():
            for at in sorted({time.min, self.quiet[1] if self.quiet else time.min}):
                yield datetime.combine(first + number * _DAY, at, zone).astimezone(UTC)

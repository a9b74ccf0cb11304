"""Calendar mail: who invites whom to what hour, calls it off, or answers.

An invitation is a word on the meeting with its UID. A series is its next occurrence; one occurrence that is moved or
called off is a meeting of its own, since the rest of the series stands. An answer changes no meeting.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from email.message import Message
from hashlib import sha256
from itertools import islice
from typing import Any, NamedTuple

from dateutil.rrule import rrulestr
from icalendar import Calendar
from icalendar.timezone import tzp

from detectors.core.addresses import normalise

from .bodies import param, parts, text_of
from .headers import MAX_ID, MAX_PEOPLE

MAX_CALENDAR = 64 * 1024
# a series that began longer ago than this is told by its first day
OLDEST_SERIES = timedelta(days=20 * 366)
MAX_SKIPPED = 1000
# how many rules time zones may have, and the years that they are followed through: Windows begins with 1601
MAX_ZONE_RULES = 20
FIRST_YEAR, LAST_YEAR = 1600, 2400
LEAP_YEAR = 2024
_THINGS = frozenset({"ROOM", "RESOURCE"})
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentatively accepted"}
_ORDINALS = frozenset({-1, 1, 2, 3, 4})


class Invitation(NamedTuple):
    """What a calendar part says: its method; of an answer, which; of a meeting, its event's fields and id.

    Without a method it could not be read.
    """

    method: str = ""
    answer: str = ""
    id: str = ""
    meeting: dict[str, Any] | None = None


def read(mail: Message, sent: datetime, offset: timedelta) -> Invitation | None:
    """The invitation in a mail that was sent at `sent`, by a clock that is `offset` from UTC; None if there is none.

    Hours without a time zone are the sender's. Only a part of the mail itself counts, not a file that is attached.
    """
    for part in parts(mail):
        if part.get_content_type() != "text/calendar":
            continue
        said = param(part, "method").lower()
        if part.get_content_disposition() == "attachment" and not said:
            continue
        try:
            # else a zone that one mail brings along is that of all mails that name one alike, as long as we run
            tzp.use_default()
            calendar = Calendar.from_ical(text_of(part, MAX_CALENDAR))
            return _invitation(calendar, said, sent, timezone(offset))
        except Exception:  # the library's errors are many, and strangers write the text
            return Invitation()
    return None


def _invitation(calendar: Any, said: str, sent: datetime, zone: timezone) -> Invitation | None:
    method = str(calendar.get("METHOD", said)).strip().lower()
    events = calendar.walk("VEVENT")
    if not events or not method:
        return None
    if not _has_plain_zones(calendar):
        return Invitation()
    event = next((each for each in events if "RECURRENCE-ID" not in each), events[0])
    if method == "reply":
        stats = [str(each.params.get("PARTSTAT", "")).upper() for each in _all(event, "ATTENDEE")]
        return Invitation(method, next((_ANSWERS[each] for each in stats if each in _ANSWERS), "answered"))
    if method not in ("request", "cancel"):
        return Invitation(method)
    off = method == "cancel" or str(event.get("STATUS", "")).upper() == "CANCELLED"
    starts = _starts_at(event, sent, zone)
    meeting = {
        "meeting_id": _meeting_id(event, zone),
        "status": "cancelled" if off else "booked",
        "starts_at": starts.isoformat() if starts else None,
        "organizer": next(iter(_people(event, "ORGANIZER")), None),
        "attendees": list(dict.fromkeys(islice(_people(event, "ATTENDEE"), MAX_PEOPLE))),
    }
    meeting = {name: value for name, value in meeting.items() if value}
    return Invitation("cancel" if off else method, id=_id(event, meeting), meeting=meeting)


def _meeting_id(event: Any, zone: timezone) -> str:
    uid = " ".join(str(event["UID"]).split())
    if "RECURRENCE-ID" in event:
        uid += f"/{_aware(event['RECURRENCE-ID'].dt, zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return uid if 0 < len(uid) <= MAX_ID and uid.isprintable() else sha256(uid.encode()).hexdigest()


def _id(event: Any, meeting: dict[str, Any]) -> str:
    """Of what is said, so that each guest's copy is the same event; what is said later sorts later."""
    sequence = min(max(int(event.get("SEQUENCE", 0)), 0), 999_999)
    facts = repr(sorted((name, sorted(value) if isinstance(value, list) else value) for name, value in meeting.items()))
    return f"meeting/{meeting['meeting_id']}/{sequence:06}/{sha256(facts.encode()).hexdigest()[:12]}"


def _starts_at(event: Any, sent: datetime, zone: timezone) -> datetime | None:
    if "DTSTART" not in event:
        return None
    first = _aware(event["DTSTART"].dt, zone)
    following = _next(event, first, sent, zone) if "RRULE" in event else None
    return following or first


def _next(event: Any, first: datetime, sent: datetime, zone: timezone) -> datetime | None:
    """The next occurrence of a series, counted in the wall time of its own zone."""
    rule = event["RRULE"]
    if isinstance(rule, list) or not _is_plain(rule) or abs(sent - first) > OLDEST_SERIES:
        return None
    # some say the year 9999 for a series without an end
    ends = [_aware(each.replace(year=min(each.year, LAST_YEAR)), zone) for each in rule.pop("UNTIL", ())]
    dates = (each for dates in _all(event, "EXDATE") for each in dates.dts)
    skipped = {_aware(each.dt, zone) for each in islice(dates, MAX_SKIPPED)}
    days = rrulestr(rule.to_ical().decode(), dtstart=first.replace(tzinfo=None))
    for each in islice(days.xafter(sent.astimezone(first.tzinfo).replace(tzinfo=None), inc=True), MAX_SKIPPED):
        at = each.replace(tzinfo=first.tzinfo)
        if ends and at > ends[0]:
            return None
        if at not in skipped:
            return at
    return None


def _has_plain_zones(calendar: Any) -> bool:
    """Whether the time zones that a calendar brings along change their hour once or twice a year, as clocks do.

    At any use of a zone its rules are followed from their beginning, one of every second since 1970 for an hour.
    """
    shifts = [
        each for zone in calendar.walk("VTIMEZONE") for each in zone.walk() if "RRULE" in each or "EXRULE" in each
    ]
    return len(shifts) <= MAX_ZONE_RULES and all(map(_is_plain_shift, shifts))


def _is_plain_shift(shift: Any) -> bool:
    if "EXRULE" in shift or len(rules := _all(shift, "RRULE")) != 1 or shift["DTSTART"].dt.year < FIRST_YEAR:
        return False
    rule = {str(name).upper(): values for name, values in rules[0].items()}
    days = rule.get("BYDAY", ())
    if len(days) == 1 and all(1 <= int(each) <= 28 for each in rule.get("BYMONTHDAY", ())):
        # the Friday among these days, which there is at least every few years: so Israel's summer begins
        rule.pop("BYMONTHDAY", None)
    return rule["FREQ"] == ["YEARLY"] and (not days or "BYMONTH" in rule) and _is_plain(rule)


def _is_plain(rule: Any) -> bool:
    """Whether a rule is one that calendars offer. Of others some have no occurrence, for which is looked for ever."""
    told = {str(name).upper(): values for name, values in rule.items()}
    freq = str(told.pop("FREQ", [""])[0]).upper()
    interval = int(told.pop("INTERVAL", [1])[0])
    for name in ("COUNT", "UNTIL", "WKST"):
        told.pop(name, None)
    days = [str(each).upper() for each in told.pop("BYDAY", ())]
    plain = all(len(each) == 2 for each in days)
    if not 1 <= interval <= 1000 or (not plain and any(int(each[:-2]) not in _ORDINALS for each in days)):
        return False
    if freq in ("DAILY", "WEEKLY"):
        return plain and not told and (freq == "WEEKLY" or not days or interval == 1)
    month = int(told.pop("BYMONTH", [0])[0]) if freq == "YEARLY" else 0
    if freq not in ("MONTHLY", "YEARLY") or not 0 <= month <= 12:
        return False
    if days:
        position = [int(each) for each in told.pop("BYSETPOS", ())]
        return not told and (plain or not position) and len(position) < 2 and _ORDINALS.issuperset(position)
    day = [int(each) for each in told.pop("BYMONTHDAY", ())]
    longest = monthrange(LEAP_YEAR, month)[1] if month else 31
    return not told and len(day) < 2 and all(each == -1 or 1 <= each <= longest for each in day)


def _aware(moment: date, zone: timezone) -> datetime:
    """A day begins at midnight; a time without a zone is the sender's. `ValueError` if it is never."""
    if moment.year > LAST_YEAR:
        raise ValueError(f"{moment} is beyond any calendar")
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _people(event: Any, name: str) -> Iterator[str]:
    for each in _all(event, name):
        if str(each.params.get("CUTYPE", "")).upper() in _THINGS:
            continue
        try:
            yield normalise(str(each).strip().lower().removeprefix("mailto:"))
        except ValueError:
            continue


def _all(event: Any, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]

"""What stands in Salesforce's cells: ids, times, dates, amounts and yes or no, as exports, its API and its pushes write
them.

Numbers stand for times only in change events: milliseconds; days since 1970 too for a date.
"""

import re
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from detectors.core.events import Refused

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_LOCAL = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{2}|\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp])?\.?(?:[Mm]\.?)?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# a date as a number: so many days are the year 2243, as milliseconds they are a minute and a half after 1970
_MOST_DAYS = 100_000


class Local(Protocol):
    """How an export writes times."""

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times without an offset."""

    @property
    def date_order(self) -> str:
        """mdy or dmy."""


def record_id(value: object) -> str | None:
    """A record's id with its 18 characters, of which the last three say what is a capital; None if it is no id."""
    if not isinstance(value, str) or not _ID.fullmatch(value := value.strip()):
        return None
    short = value[:15]
    ends = [
        _LETTERS[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    ]
    whole = short + "".join(ends)
    return whole if len(value) == 15 or value == whole else None


def an_id(value: object, field: str) -> str:
    """A record's id; `Refused` names the field that should hold one."""
    if (whole := record_id(value)) is None:
        raise Refused("unreadable", f"{field}: {shown(value)} is no id of Salesforce")
    return whole


def moment(value: object, field: str, local: Local) -> datetime:
    """A time in UTC; of a date alone, its first moment. `Refused` names the field."""
    try:
        return _moment(value, local).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("unreadable", f"{field}: {shown(value)} is no time") from None


def day(value: object, field: str, local: Local) -> str:
    """A date as ISO text; `Refused` names the field."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            days = timedelta(days=value) if abs(value) < _MOST_DAYS else timedelta(milliseconds=value)
            return (_EPOCH + days).date().isoformat()
        if isinstance(value, str) and (match := _LOCAL.fullmatch(value.strip())):
            return _date(match, local).isoformat()
        return date.fromisoformat(str(value).strip()[:10]).isoformat()
    except (ValueError, OverflowError):
        raise Refused("unreadable", f"{field}: {shown(value)} is no date") from None


def is_bare(value: object) -> bool:
    """Whether what should be a time is a date alone."""
    return isinstance(value, str) and ":" not in value and "T" not in value


def amount(value: object, field: str) -> float:
    """An amount of money. `Refused` if it is negative, or can be read in two ways: 15.000 may be fifteen."""
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else _written(value, field)
    if not isfinite(number) or number < 0:
        raise Refused("unreadable", f"{field}: {shown(value)} is no amount of a deal")
    return number


def truth(value: object) -> bool:
    """TRUE or true, 1, yes; all else is not."""
    return value is True or (isinstance(value, str) and value.strip().casefold() in ("true", "1", "yes"))


def shown(value: object) -> str:
    """A value as an error quotes it."""
    return repr(value)[:80]


def milliseconds(at: datetime) -> int:
    """A time as ids of events have it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _moment(value: Any, local: Local) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _EPOCH + timedelta(milliseconds=value)
    if not isinstance(value, str):
        raise ValueError
    text = value.strip()
    if match := _LOCAL.fullmatch(text):
        hour, minute, second = int(match[5] or 0), int(match[6] or 0), int(match[7] or 0)
        if match[8]:
            if not 1 <= hour <= 12:
                raise ValueError
            hour = hour % 12 + (12 if match[8] in "Pp" else 0)
        on = _date(match, local)
        return datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=local.zone)
    if text.isdigit():
        raise ValueError
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=local.zone)


def _date(match: re.Match[str], local: Local) -> date:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    year += 2000 if len(match[4]) == 2 else 0
    # nobody writes a month first and puts a full stop behind it
    is_day_first = local.date_order == "dmy" or match[2] == "."
    return date(year, second, first) if is_day_first else date(year, first, second)


def _written(value: object, field: str) -> float:
    if len(written := str(value)) > 100:
        raise Refused("unreadable", f"{field}: {shown(written)} is no amount of a deal")
    text = re.sub(r"^[A-Z]{3}(?=[\s\d])|(?<=\d)\s?[A-Z]{3}$|[$€£¥₹\s'\u00a0\u202f]", "", written.strip())
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", text) or re.fullmatch(r"\d{1,3}(\.\d{3}){2,}", text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}", text):
        text = text.replace(",", ".")
    elif re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        raise Refused("unreadable", f"{field}: {shown(value)} may be thousands or a fraction")
    if not re.fullmatch(r"\d+(\.\d+)?([eE]\d{1,2})?", text):
        raise Refused("unreadable", f"{field}: {shown(value)} is no amount of a deal")
    return float(text)

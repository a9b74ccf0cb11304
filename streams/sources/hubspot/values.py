"""HubSpot's values: all are text, moments are milliseconds or ISO 8601, and tables have them as people write them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite, nan
from typing import Any

import orjson

from detectors.core.events import Refused

from .settings import HubSpot

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_IN_FIGURES = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})(?:,? +(.+))?")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p")


def text_of(value: Any) -> str:
    """A value as text, "" where there is none; `Refused` if it is none that a property can have."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value).strip()
    raise Refused("unreadable", f"a property has a text, not a {type(value).__name__}")


def raw_of(told: Any) -> bytes:
    """What was given, as a dead letter keeps it."""
    try:
        return orjson.dumps(told, default=str)
    except TypeError:
        return b'"nested too deeply to be kept"'


def milliseconds(at: datetime) -> int:
    """A moment as HubSpot counts it, since 1970."""
    return (at - EPOCH) // _MILLISECOND


def moment(value: Any, settings: HubSpot) -> datetime:
    """A moment in UTC; one without an offset is the account's. `Refused` if it is none."""
    text = text_of(value)
    try:
        if text.lstrip("-").isdecimal():
            return EPOCH + timedelta(milliseconds=int(text))
        told = _in_figures(text, settings) or datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=settings.time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("time", f"{text[:80]!r} is no moment") from None


def day(value: Any, settings: HubSpot) -> date:
    """A day. Of a moment it is the account's day; but midnight UTC is how the API writes a day. `Refused` if none."""
    text = text_of(value)
    try:
        return date.fromisoformat(text)
    except ValueError:
        at = moment(text, settings)
    return (at if at.time() == time() else at.astimezone(settings.time_zone)).date()


def amount(value: Any) -> float:
    """A number; `Refused` if it is none."""
    text = text_of(value)
    try:
        told = float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        told = nan
    if not isfinite(told):
        raise Refused("unreadable", f"{text[:80]!r} is no amount")
    return told


def _in_figures(text: str, settings: HubSpot) -> datetime | None:
    written = _IN_FIGURES.fullmatch(text)
    if written is None:
        return None
    one, separator, two, year, clock = written.groups()
    month, day = (one, two) if separator == "/" and settings.date_order == "mdy" else (two, one)
    return datetime.combine(date(int(year), int(month), int(day)), _clock(clock) if clock else time())


def _clock(text: str) -> time:
    for form in _CLOCKS:
        try:
            return datetime.strptime(text.upper(), form).replace(tzinfo=UTC).time()
        except ValueError:
            continue
    raise ValueError(text)

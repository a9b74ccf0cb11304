"""Pipedrive's plain values: ids, moments, days and numbers, as its API, its pushes and its exports write them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from detectors.core.events import Refused

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")
_ID = re.compile(r"\d{1,18}")
Thing = Mapping[str, Any]


def own_id(thing: Thing) -> str | None:
    """An object's own id."""
    return id_of(thing.get("id"))


def id_of(value: object) -> str | None:
    """The id of what is referred to: a number, or the object itself as v1 has it; None if there is none."""
    if isinstance(value, Mapping):
        value = value.get("value", value.get("id"))
    if isinstance(value, bool):
        return None
    text = str(value).strip() if isinstance(value, int | str) else ""
    return text if _ID.fullmatch(text) else None


def text_of(value: object) -> str | None:
    """A text; None if it is empty."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("unreadable", f"{_shown(value)} is no text")
    return str(value).strip() or None


def moment_of(value: object) -> datetime | None:
    """A moment, in whole seconds: `2026-03-02 09:15:00`, which is UTC, RFC 3339, or a day; a number is Unix seconds."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and len(value) >= len("2026-03-02"):
            told = datetime.fromisoformat(value.strip())
            told = told if told.tzinfo else told.replace(tzinfo=UTC)
            return told.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        pass
    raise Refused("unreadable", f"{_shown(value)} is no moment")


def day_of(value: object) -> date | None:
    """A day, `2026-03-02`; of a moment its day in UTC."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return date.fromisoformat(value.strip()[:10])
    except ValueError:
        pass
    raise Refused("unreadable", f"{_shown(value)} is no date")


def number_of(value: object) -> float | None:
    """A number with a decimal point."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise Refused("unreadable", f"{_shown(value)} is no number")


def is_set(value: object) -> bool:
    """A flag: true, 1, `1`, and the exports' words."""
    return str(value).strip().casefold() in ("true", "1", "yes", "done")


def due_of(activity: Thing) -> tuple[datetime | None, bool]:
    """When an activity is due, and whether to the minute; without a time, its day begins in UTC."""
    day = day_of(activity.get("due_date"))
    if day is None:
        return None, False
    told = activity.get("due_time")
    if isinstance(told, Mapping):
        told = told.get("value")
    if told is None or told == "":
        return datetime.combine(day, time(), UTC), False
    try:
        return datetime.combine(day, time.fromisoformat(str(told).strip()).replace(tzinfo=None), UTC), True
    except ValueError:
        raise Refused("unreadable", f"due_time: {_shown(told)} is no time") from None


def stamp(at: datetime) -> str:
    """A moment as ids have it."""
    return at.strftime("%Y%m%dT%H%M%SZ")


def _shown(value: object) -> str:
    return repr(value)[:60]

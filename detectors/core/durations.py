"""Lengths of time as Prometheus writes them: 4h, 30d, 1d12h."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_WHOLE = re.compile(r"(?:\d+[wdhms])+")
_PART = re.compile(r"(\d+)([wdhms])")


def parse_duration(text: object) -> object:
    """The length that a text like 1d12h means; anything else is handed on as it is."""
    if not isinstance(text, str):
        return text
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write it like 4h, 30d or 1d12h")
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())


def say_duration(length: timedelta) -> str:
    """A length as `parse_duration` reads it."""
    rest = int(length.total_seconds())
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(say_duration, when_used="json")]

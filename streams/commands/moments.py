"""Moments as options of commands take them: a time with its offset, or a whole day."""

from datetime import datetime, time, tzinfo
from typing import Literal

import typer

FORMS = "write it like 2026-03-02T09:15:00+01:00 or 2026-03-02"


def moment(text: str | None, option: str, zone: tzinfo, of_day: Literal["first", "last"] = "first") -> datetime | None:
    """The moment in the value of an option; of a day the first or the last one in that zone."""
    if text is None:
        return None
    hint = f"'{option}'"
    try:
        told = datetime.fromisoformat(text)
        if len(text) == len("2026-03-02"):
            return datetime.combine(told, time.min if of_day == "first" else time.max, zone)
        if told.tzinfo is not None:
            return told.astimezone(zone)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r}: {FORMS}", param_hint=hint) from None
    raise typer.BadParameter(f"{text!r} has no offset: {FORMS}", param_hint=hint)

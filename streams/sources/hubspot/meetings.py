"""Meetings: when they were booked and moved, for when, and what became of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from detectors.core.events import Refused

from .around import Around, Taken, Word, owner
from .portal import Portal
from .records import Record, Version
from .settings import HubSpot
from .values import milliseconds, moment

PROPERTIES = ("hs_meeting_outcome", "hs_meeting_start_time", "hs_attendee_owner_ids", "hs_meeting_title")
HISTORIES = ("hs_meeting_outcome", "hs_meeting_start_time")
# within which people say what became of a meeting, if they ever do
GRACE = timedelta(days=1)

_OUTCOMES = {
    "scheduled": "booked",
    "rescheduled": "booked",
    "completed": "held",
    "no_show": "no_show",
    "no show": "no_show",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}


def read(record: Record, around: Around, portal: Portal) -> Taken:
    """What is told of a meeting."""
    starts = record.moment(portal.settings, "hs_meeting_start_time", "hs_timestamp")
    if starts is None:
        raise Refused("unreadable", "hs_meeting_start_time is missing")
    made = record.created(portal.settings) or record.changed(portal.settings) or starts
    always: dict[str, Any] = {"meeting_id": f"hubspot-meeting-{record.id}"}
    if organizer := owner(record.text("hubspot_owner_id"), portal):
        always["organizer"] = organizer
    hosts = filter(None, (owner(each.strip(), portal) for each in record.text("hs_attendee_owner_ids").split(";")))
    if people := around.contacts(record):
        always["attendees"] = list(dict.fromkeys((*people, *hosts)))
    words = [_word(record.id, "booked", at, always, then) for at, then in _bookings(record, portal, made, starts)]
    status, told_at = _outcome(record, portal)
    # nobody logs a meeting afterwards that was not held
    if (not status and made >= starts) or (status in ("", "booked") and is_over(starts, around.as_of, portal.settings)):
        status, told_at = "held", None
    if status in ("held", "no_show"):
        # what is over before it begins is so from when it was said
        at = min(starts, told_at) if told_at else starts
        words.append(_word(record.id, status, at, always, starts))
    elif status == "cancelled":
        words.append(_word(record.id, status, told_at or made, always, starts))
    return Taken("meeting", status or "no outcome", words)


def is_over(starts: datetime, as_of: datetime | None, settings: HubSpot) -> bool:
    """Whether a meeting of which nobody said what became of it counts as held."""
    return settings.meetings_are_held and as_of is not None and starts + GRACE <= as_of


def _word(id: str, status: str, at: datetime, always: dict[str, Any], starts: datetime) -> Word:
    fields = {**always, "status": status, "starts_at": starts}
    return Word(f"meeting-{id}-{status}-{milliseconds(at)}", "activity.meeting", at, fields)


def _bookings(record: Record, portal: Portal, made: datetime, starts: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When it was booked and moved, and for when; nothing if it was put down afterwards."""
    versions = record.versions("hs_meeting_start_time", portal.settings)
    told = [(max(each.at, made), moment(each.value, portal.settings)) for each in versions if isinstance(each, Version)]
    for at, then in dict(sorted(told) or [(made, starts)]).items():
        if at < then:
            yield at, then


def _outcome(record: Record, portal: Portal) -> tuple[str, datetime | None]:
    told = record.text("hs_meeting_outcome")
    told = portal.settings.values.get("hs_meeting_outcome", {}).get(told, told).lower()
    if not told:
        return "", None
    status = _OUTCOMES.get(told, told if told in set(_OUTCOMES.values()) else None)
    if status is None:
        raise Refused("unmapped", f"hs_meeting_outcome: {told[:80]!r} means nothing yet: say what under hubspot.values")
    versions = record.versions("hs_meeting_outcome", portal.settings)
    since = max((each.at for each in versions if isinstance(each, Version)), default=None)
    return status, since or record.changed(portal.settings)

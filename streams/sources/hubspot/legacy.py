"""Engagements of HubSpot's old API (v1), as the records that they are today; their ids are the same."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from detectors.core.events import Refused

from .records import Record, record_of, without_words
from .values import raw_of, text_of

_KINDS = {
    "CALL": "calls",
    "MEETING": "meetings",
    "EMAIL": "emails",
    "INCOMING_EMAIL": "emails",
    "FORWARDED_EMAIL": "emails",
    "NOTE": "notes",
    "TASK": "tasks",
}
_NAMES = {
    "calls": {"disposition": "hs_call_disposition", "status": "hs_call_status", "direction": "hs_call_direction"},
    "meetings": {"startTime": "hs_meeting_start_time", "meetingOutcome": "hs_meeting_outcome"},
    "emails": {
        "subject": "hs_email_subject",
        "text": "hs_email_text",
        "html": "hs_email_html",
        "status": "hs_email_status",
        "messageId": "hs_email_message_id",
        "threadId": "hs_email_thread_id",
    },
    "notes": {},
    "tasks": {"status": "hs_task_status"},
}


def engagement_of(told: Mapping[str, Any], place: str) -> Record:
    """An engagement as a record; `Refused` if it is none."""
    engagement, metadata, associations = (
        part if isinstance(part, dict) else {}
        for part in (told.get("engagement"), told.get("metadata"), told.get("associations"))
    )
    type = text_of(engagement.get("type"))
    kind = _KINDS.get(type)
    if kind is None:
        raise Refused("unknown_type", f"engagement.type: {type[:80]!r} is none that is read")
    properties = {
        "hs_timestamp": engagement.get("timestamp"),
        "hubspot_owner_id": engagement.get("ownerId"),
        "hs_createdate": engagement.get("createdAt"),
        "hs_lastmodifieddate": engagement.get("lastUpdated"),
        **{name: metadata.get(old) for old, name in _NAMES[kind].items()},
    }
    if kind == "emails":
        headers = {name: metadata.get(name) for name in ("from", "to", "cc")}
        properties |= {"hs_email_direction": type, "hs_email_headers": raw_of(headers).decode()}
    links = {name: associations.get(f"{one}Ids") for one, name in _LINKS.items()}
    record = record_of(kind, {"id": engagement.get("id"), "properties": properties, "associations": links}, place)
    return replace(record, raw=raw_of(without_words(told)))


_LINKS = {"contact": "contacts", "company": "companies", "deal": "deals"}

"""Calls: in which direction, and whether anybody answered."""

from typing import Any

from .around import Around, Taken, Word, happened
from .portal import Portal
from .records import Record, Version
from .values import milliseconds

PROPERTIES = ("hs_call_direction", "hs_call_disposition", "hs_call_status")
# which word on a call is the newest
HISTORIES = PROPERTIES

# the outcomes that every account has, by their ids, their labels, and what telephones say
_CONNECTED = {
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": True,
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": True,
    "9d9162e7-6cf3-4944-bf63-4dff82258764": False,
    "73a0d17f-1163-4015-bdd5-ec830791da20": False,
    "b2cf5968-551e-4856-9783-52b3da59a7d0": False,
    "17b47fee-58de-441e-a44c-c6300d46f273": False,
    "connected": True,
    "left live message": True,
    "busy": False,
    "no answer": False,
    "left voicemail": False,
    "wrong number": False,
}
_UNANSWERED = frozenset({"busy", "canceled", "failed", "no_answer", "missed"})
_NOT_YET = frozenset({"queued", "ringing", "connecting", "calling_crm_user", "in_progress", "scheduled"})


def read(record: Record, around: Around, portal: Portal) -> Taken:
    """What is told of a call."""
    at = happened(record, portal)
    status = record.text("hs_call_status").lower()
    changed = record.changed(portal.settings)
    if status in _NOT_YET or (changed is not None and at > changed):
        return Taken("call to come", status or "its time lies ahead", [])
    direction = record.text("hs_call_direction").lower()
    fields: dict[str, Any] = {
        "call_id": f"hubspot-call-{record.id}",
        # HubSpot does not ask who called whom when a call is logged by hand
        "direction": "inbound" if direction == "inbound" else "outbound",
    }
    if people := around.contacts(record):
        fields["with"] = people
    outcome = record.text("hs_call_disposition")
    outcome = portal.settings.values.get("hs_call_disposition", {}).get(outcome, outcome).lower()
    connected = _CONNECTED.get(outcome, False if status in _UNANSWERED else None)
    if connected is not None:
        fields["connected"] = connected
    told = [version for name in HISTORIES for version in record.versions(name, portal.settings)]
    newest = max((version.at for version in told if isinstance(version, Version)), default=changed or at)
    # of several words on one call the last by id counts
    id = f"call-{record.id}-{milliseconds(newest)}"
    return Taken("call", direction or "no direction", [Word(id, "activity.call", at, fields)])

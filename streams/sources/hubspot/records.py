"""HubSpot's records (deals, contacts, calls, …) in one form, whether the API gave them as JSON or people as a table."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from detectors.core.events import Refused

from ..item import Row
from .settings import HubSpot
from .values import moment, raw_of, text_of

ACTIVITIES = ("calls", "meetings", "emails", "notes", "tasks")
KINDS = ("deals", "contacts", "companies", *ACTIVITIES)

# properties that only records of one kind have; an object of the API does not say what it is
_SIGNS = {
    "deals": {"dealname", "dealstage"},
    "calls": {"hs_call_title", "hs_call_direction", "hs_call_disposition", "hs_call_status", "hs_call_duration"},
    "meetings": {"hs_meeting_title", "hs_meeting_outcome", "hs_meeting_start_time"},
    "emails": {"hs_email_subject", "hs_email_direction", "hs_email_headers", "hs_email_status"},
    "notes": {"hs_note_body"},
    "tasks": {"hs_task_subject", "hs_task_status", "hs_task_type"},
    "contacts": {"firstname", "lastname", "jobtitle", "email"},
    "companies": {"domain", "hs_additional_domains"},
}
# what columns of HubSpot's tables are called, in small letters; what is not here may have its own name
_LABELS = {
    "record id": "hs_object_id",
    "deal name": "dealname",
    "deal stage": "dealstage",
    "close date": "closedate",
    "pipeline": "pipeline",
    "amount": "amount",
    "currency": "deal_currency_code",
    "deal owner": "hubspot_owner_id",
    "activity assigned to": "hubspot_owner_id",
    "forecast category": "hs_manual_forecast_category",
    "next step": "hs_next_step",
    "next activity date": "notes_next_activity_date",
    "last activity date": "notes_last_updated",
    "last contacted": "notes_last_contacted",
    "closed lost reason": "closed_lost_reason",
    "is deal closed?": "hs_is_closed",
    "is closed won": "hs_is_closed_won",
    "is closed lost": "hs_is_closed_lost",
    "create date": "createdate",
    "last modified date": "hs_lastmodifieddate",
    "date entered current stage": "hs_v2_date_entered_current_stage",
    "email": "email",
    "first name": "firstname",
    "last name": "lastname",
    "job title": "jobtitle",
    "buying role": "hs_buying_role",
    "company name": "name",
    "name": "name",
    "company domain name": "domain",
    "call direction": "hs_call_direction",
    "call outcome": "hs_call_disposition",
    "call status": "hs_call_status",
    "call title": "hs_call_title",
    "meeting outcome": "hs_meeting_outcome",
    "meeting name": "hs_meeting_title",
    "meeting start time": "hs_meeting_start_time",
    "email direction": "hs_email_direction",
    "email subject": "hs_email_subject",
    "email send status": "hs_email_status",
    "email from address": "hs_email_from_email",
    "email to address": "hs_email_to_email",
    "email cc address": "hs_email_cc_email",
    "activity date": "hs_timestamp",
    "task title": "hs_task_subject",
    "task status": "hs_task_status",
    "note body": "hs_note_body",
}
_LINKS = {
    "associated contact ids": "contacts",
    "associated company ids": "companies",
    "associated deal ids": "deals",
}
# words that people wrote to each other
_WORDS = re.compile(r"body|(?:^|_)(?:text|html)$")


class Link(NamedTuple):
    """A record that goes with another one, and what their association is called."""

    id: str
    labels: tuple[str, ...] = ()


class Version(NamedTuple):
    """A value that a property took, and what kind of hand gave it."""

    value: Any
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands, and how its properties came to be so, as far as that was told."""

    kind: str
    id: str
    place: str
    raw: bytes
    properties: Mapping[str, Any]
    histories: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    archived_at: Any = None
    has_history: bool = False
    labelled: bool = False

    def text(self, *names: str) -> str:
        """The first of these properties that has a value, "" if none has."""
        return next(filter(None, (text_of(self.properties.get(name)) for name in names)), "")

    def moment(self, settings: HubSpot, *names: str) -> datetime | None:
        """The same as a moment."""
        text = self.text(*names)
        return moment(text, settings) if text else None

    def created(self, settings: HubSpot) -> datetime | None:
        """When it was made."""
        return self.moment(settings, "createdate", "hs_createdate")

    def changed(self, settings: HubSpot) -> datetime | None:
        """When anything of it changed last."""
        return self.moment(settings, "hs_lastmodifieddate", "lastmodifieddate")

    def versions(self, name: str, settings: HubSpot) -> Iterator[Version | Refused]:
        """What a property was, in the order in which it was told; a version that cannot be read is a refusal."""
        for told in self.histories.get(name, ()):
            try:
                if not isinstance(told, dict):
                    raise Refused("unreadable", "a version is an object")
                at = moment(told.get("timestamp"), settings)
                yield Version(told.get("value"), at, text_of(told.get("sourceType") or told.get("source")))
            except Refused as refused:
                yield Refused(refused.reason, f"{name}: {refused}")


def kind_of(told: object) -> str | None:
    """What an object of the API is; None if it is nothing of HubSpot's that is read."""
    if not isinstance(told, dict):
        return None
    if isinstance(told.get("engagement"), dict):
        return "engagements"
    names = {name for part in ("properties", "propertiesWithHistory") for name in _part(told, part)}
    if "properties" in told or "propertiesWithHistory" in told:
        return next((kind for kind, signs in _SIGNS.items() if names & signs), None)
    if isinstance(told.get("stages"), list) and "label" in told:
        return "pipelines"
    if "email" in told and "firstName" in told and "id" in told:
        return "owners"
    return None


def table_kind(columns: Collection[str]) -> str | None:
    """What a table with these columns holds; None if it is none of HubSpot's records."""
    names = {property_of(column) for column in columns}
    if "hs_object_id" not in names:
        return None
    return next((kind for kind, signs in _SIGNS.items() if names & signs), None)


def record_of(kind: str, told: Mapping[str, Any], place: str) -> Record:
    """An object of the API as a record; `Refused` if it is none."""
    properties, histories = dict(_part(told, "properties")), _part(told, "propertiesWithHistory")
    for name, key in (("createdate", "createdAt"), ("hs_lastmodifieddate", "updatedAt")):
        if not properties.get(name) and told.get(key):
            properties[name] = told[key]
    id = text_of(told.get("id")) or text_of(properties.get("hs_object_id"))
    if not id:
        raise Refused("unreadable", "id is missing")
    return Record(
        kind,
        id,
        place,
        raw_of(without_words(told)),
        properties,
        {name: versions for name, versions in histories.items() if isinstance(versions, list)},
        {name: links_of(links) for name, links in _part(told, "associations").items()},
        told.get("archivedAt") if told.get("archived") else None,
        has_history="propertiesWithHistory" in told,
    )


def record_of_row(kind: str, row: Row) -> Record:
    """A row of a table as a record; `Refused` if it has no id."""
    properties: dict[str, Any] = {}
    links: dict[str, tuple[Link, ...]] = {}
    for column, value in row.fields.items():
        if to := _LINKS.get(column.casefold()):
            links[to] = tuple(Link(id) for id in re.findall(r"\d+", text_of(value)))
        else:
            properties[property_of(column)] = value
    id = text_of(properties.get("hs_object_id"))
    if not id:
        raise Refused("unreadable", "Record ID is missing")
    words = {column for column in row.fields if _WORDS.search(property_of(column))}
    raw = Row(row.place, {column: value for column, value in row.fields.items() if column not in words}).raw
    return Record(kind, id, row.place, raw, properties, links=links, labelled=True)


def without_words(told: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what people wrote to each other."""
    return {name: _wordless(value) for name, value in _wordless(told).items()}


def _wordless(told: Any) -> Any:
    return {name: value for name, value in told.items() if not _WORDS.search(name)} if isinstance(told, dict) else told


def property_of(column: str) -> str:
    """The property that a column, or a word in a table, names."""
    return _LABELS.get(column.casefold(), column)


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = told.get(name)
    return part if isinstance(part, dict) else {}


def links_of(told: Any) -> tuple[Link, ...]:
    """Associations in any of the three forms that HubSpot has for them."""
    each = told.get("results") if isinstance(told, dict) else told
    found: dict[str, list[str]] = {}
    for one in each if isinstance(each, list) else []:
        if not isinstance(one, dict):
            one = {"id": one}
        id = one.get("toObjectId", one.get("id"))
        if not isinstance(id, str | int) or not str(id):
            continue
        labels = found.setdefault(str(id), [])
        kinds = one.get("associationTypes")
        for kind in kinds if isinstance(kinds, list) else [{"label": one.get("type")}]:
            label = kind.get("label") if isinstance(kind, dict) else None
            if isinstance(label, str):
                labels.append(label)
    return tuple(Link(id, tuple(labels)) for id, labels in found.items())

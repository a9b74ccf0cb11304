"""Pipedrive's exports: CSV files by label (`Deal - Title`), and what its API gives, saved as JSON.

A list of deals needs the columns ID, Deal created and Update time, and says more with Last stage change, Won time, Lost
time and a contact's address (Person - Email). What an export has no id of is found by its name, if only one has it.

Tables of the same command explain each other: users say whose an owner's id or name is, stages and pipelines name ids,
persons and organizations stand behind those of the deals, and `/deals/{id}/flow` is the deals' log of changes. Times in
exports are taken for UTC, as the API's are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from detectors.core.events import Refused

from ..item import Item, Row
from .activities import Step, is_step, step_of, tell_activity, tell_steps
from .deals import Change, change_of, people_on, tell_change, tell_history
from .fields import NEXT_STEP
from .names import Names
from .people import tell_contact
from .settings import Pipedrive
from .telling import Telling, raw
from .values import Thing, id_of, own_id, stamp

_ID = {"id": "id", "pipedrive system id": "id", "system id": "id"}
_PERSON = {
    **_ID,
    "name": "name",
    "job title": "job_title",
    "title": "job_title",
    "update time": "update_time",
    "person created": "add_time",
    "creation date": "add_time",
    "organization id": "org_id",
}
# columns without the entity before their names, in lower case, onto the API's names
_COLUMNS: dict[str, dict[str, str]] = {
    "deals": {
        **_ID,
        "title": "title",
        "stage": "stage_id",
        "stage (pipeline)": "stage_id",
        "pipeline": "pipeline_id",
        "status": "status",
        "value": "value",
        "currency": "currency",
        "currency of value": "currency",
        "expected close date": "expected_close_date",
        "owner": "owner_id",
        "lost reason": "lost_reason",
        "deal created": "add_time",
        "creation date": "add_time",
        "add time": "add_time",
        "update time": "update_time",
        "last updated": "update_time",
        "last stage change": "stage_change_time",
        "won time": "won_time",
        "lost time": "lost_time",
        "deal closed on": "close_time",
        "closed on": "close_time",
        "next activity date": "next_activity_date",
        "organization": "org_id",
        "contact person": "person_id",
    },
    "activities": {
        **_ID,
        "subject": "subject",
        "type": "type",
        "due date": "due_date",
        "due time": "due_time",
        "done": "done",
        "marked as done time": "marked_as_done_time",
        "add time": "add_time",
        "creation date": "add_time",
        "update time": "update_time",
        "last updated": "update_time",
        "assigned to user": "owner_id",
        "owner": "owner_id",
        "deal id": "deal_id",
        "deal": "deal_title",
        "contact person": "person_id",
        "person": "person_id",
    },
    "persons": _PERSON,
    "organizations": {**_ID, "name": "name", "website": "website"},
}
_ENTITIES = {"Activity": "activities", "Deal": "deals", "Person": "persons", "Organization": "organizations"}
# what an empty cell takes away, where the file has the column
_CLEARED = ("expected_close_date", "value", "next_activity_date", "lost_reason")
_MARKS: dict[str, tuple[set[str], ...]] = {
    "flow": ({"object", "data", "timestamp"}, {"field_key", "log_time", "item_id"}),
    "deals": ({"title", "stage_id", "status"},),
    "activities": ({"subject", "type", "due_date", "done"},),
    "persons": ({"name", "first_name", "email"}, {"name", "first_name", "emails"}),
    "users": ({"name", "email", "activated"}, {"name", "email", "role_id"}),
    "organizations": ({"name", "address", "owner_id"},),
    "stages": ({"name", "pipeline_id", "order_nr"},),
    "pipelines": ({"name", "order_nr", "url_title"}, {"name", "order_nr", "is_deal_probability_enabled"}),
    "deal_fields": ({"key", "field_type", "name"}, {"field_code", "field_type", "field_name"}),
}


def table_of(columns: Collection[str]) -> str | None:
    """Which table a CSV file with these columns is; a list of deals may have columns of their people beside them."""
    for entity, table in _ENTITIES.items():
        own = {_label(name) for name in columns if name.startswith(f"{entity} - ")}
        if len(own & _COLUMNS[table].keys()) > 1:
            return table
    return None


def objects_of(content: object) -> str | None:
    """Which table a saved answer of the API is, or a list of its objects, or one of them."""
    if isinstance(content, Mapping) and "data" in content and "object" not in content:
        content = content["data"]
    listed = content if isinstance(content, list) else [content]
    first = next((each for each in listed if isinstance(each, Mapping)), None)
    if first is None:
        return None
    return next((table for table, marks in _MARKS.items() if any(mark <= first.keys() for mark in marks)), None)


def read(tables: Mapping[str, Iterable[Row]], settings: Pipedrive) -> Iterator[Item]:
    """Every deal with its history and contacts, every activity, and what the deals' next steps were."""
    names = Names(settings)
    names.learn_owners(row.fields for row in tables.get("users", ()))
    names.learn_stages(row.fields for row in tables.get("stages", ()))
    names.learn_pipelines(row.fields for row in tables.get("pipelines", ()))
    names.learn_options(row.fields for row in tables.get("deal_fields", ()))
    names.learn_companies(_by_api("organizations", row.fields) for row in tables.get("organizations", ()))
    names.learn_people(_person(row.fields) for row in tables.get("persons", ()))
    logs: defaultdict[str, list[Change]] = defaultdict(list)
    others: list[Row] = []
    yield from _logs(tables.get("flow", ()), logs, others, settings)
    ids: dict[str, str | None] = {}
    known: set[str] = set()
    # next steps are told by the activities themselves, where they are given
    without = NEXT_STEP if others or "activities" in tables else ()
    yield from _deals(tables.get("deals", ()), logs, ids, known, names, without)
    yield from _orphans(((deal, log) for deal, log in logs.items() if deal not in known), names)
    yield from _activities(chain(others, tables.get("activities", ())), ids, names)


def _logs(
    rows: Iterable[Row], logs: defaultdict[str, list[Change]], others: list[Row], settings: Pipedrive
) -> Iterator[Item]:
    for row in rows:
        inner = row.fields.get("data")
        if row.fields.get("object") == "activity" and isinstance(inner, Mapping):
            others.append(Row(row.place, inner))
            continue
        out = Telling(settings.source)
        try:
            change = change_of(row.fields)
        except Refused as refusal:
            out.problems.append(refusal)
            yield out.item(row.place, raw(row.fields), "change of a deal")
            continue
        if change is not None:
            logs[change.deal].append(change)


def _deals(
    rows: Iterable[Row],
    logs: Mapping[str, list[Change]],
    ids: dict[str, str | None],
    known: set[str],
    names: Names,
    without: Collection[str],
) -> Iterator[Item]:
    seen: set[str] = set()
    for row in rows:
        seen |= row.fields.keys()
        out = Telling(names.settings.source)
        try:
            deal = {key: value for key, value in _deal(row.fields, seen).items() if key not in without}
        except Refused as refusal:
            out.problems.append(refusal)
            yield out.item(row.place, raw(row.fields), "deal")
            continue
        log = logs.get(own_id(deal) or "")
        id = tell_history(deal, log, names, out)
        if id is not None:
            known.add(id)
            title = deal.get("title")
            if isinstance(title, str):
                ids[title] = id if ids.setdefault(title, id) == id else None
            for person, since in people_on(deal, log, names):
                tell_contact(person, id, since, out)
        yield out.item(row.place, raw(row.fields), "deal", "with its log of changes" if log else "as it stands")


def _orphans(logs: Iterable[tuple[str, list[Change]]], names: Names) -> Iterator[Item]:
    """Changes of deals that were not given themselves."""
    for deal, log in logs:
        out = Telling(names.settings.source)
        for change in log:
            if change.key == "add_time":
                out.deal(deal, f"deal-{deal}-opened-{stamp(change.at)}", change.at, {"status": "open"})
            tell_change(change, names, out)
        yield out.item(f"deal {deal}", b"", "deal", "only its log of changes")


def _activities(rows: Iterable[Row], ids: Mapping[str, str | None], names: Names) -> Iterator[Item]:
    steps: defaultdict[str, list[Step]] = defaultdict(list)
    for row in rows:
        activity = _by_api("activities", row.fields)
        if "deal_id" not in activity and isinstance(activity.get("deal_title"), str):
            activity["deal_id"] = ids.get(activity["deal_title"])
        out = Telling(names.settings.source)
        tell_activity(activity, names, out)
        deal, step = id_of(activity.get("deal_id")), step_of(activity)
        if deal is not None and step is not None and is_step(activity, names):
            steps[deal].append(step)
        yield out.item(row.place, raw(row.fields), "activity", str(activity.get("type"))[:40])
    for deal, found in steps.items():
        out = Telling(names.settings.source)
        tell_steps(deal, found, out)
        yield out.item(f"deal {deal}", b"", "next steps", "the first of its open activities")


def _deal(fields: Thing, seen: Collection[str]) -> dict[str, Any]:
    deal = _by_api("deals", fields)
    if any(name.startswith("Deal - ") for name in fields):
        if "id" not in deal:
            raise Refused("no_deal", "a deal without an id: give the export the column 'ID'")
        if "add_time" not in deal or "update_time" not in deal:
            # fields without a time would overrule what is known from elsewhere, or be overruled by it
            raise Refused("unreadable", "as of when is this? Give the export 'Deal created' and 'Update time'")
        has = {_COLUMNS["deals"].get(_label(name)) for name in seen if name.startswith("Deal - ")}
        deal |= {key: None for key in _CLEARED if key in has and key not in deal}
        if any(name.startswith("Person - Email") for name in fields):
            deal["person_id"] = {"name": deal.get("person_id"), **_person(fields)}
    return deal


def _person(fields: Thing) -> dict[str, Any]:
    """A person, with the addresses of all their columns (`Person - Email - Work`)."""
    person = _by_api("persons", fields)
    mails = [value for name, value in fields.items() if name.startswith("Person - Email")]
    return person | ({"email": mails} if mails else {})


def _by_api(table: str, fields: Thing) -> dict[str, Any]:
    """A row of an export by the API's names; what came from the API stays as it is."""
    entity = next(name for name, each in _ENTITIES.items() if each == table)
    out: dict[str, Any] = {}
    for name, value in fields.items():
        known = _COLUMNS[table].get(_label(name)) if name.startswith(f"{entity} - ") else None
        out[known or name] = value
    if table == "activities" and "deal_id" not in out and "Deal - ID" in fields:
        out["deal_id"] = fields["Deal - ID"]
    return out


def _label(column: str) -> str:
    return column.partition(" - ")[2].rstrip("*").strip().casefold()

"""A deal's fields: what a value of each says in the contract's words."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from detectors.core.events import Refused

from ..websites import domain_in
from .names import Names
from .values import Thing, day_of, id_of, is_set, number_of, text_of

DELETED = "deleted in Pipedrive"
ARCHIVED = "archived in Pipedrive"
KEYS = (
    "title",
    "pipeline_id",
    "stage_id",
    "status",
    "lost_reason",
    "value",
    "currency",
    "expected_close_date",
    "owner_id",
    "org_id",
    "next_activity_date",
    "next_activity_subject",
)
_PUT_AWAY = {"deleted": DELETED, "archived": ARCHIVED}
_TEXTS = {"title": "name", "lost_reason": "lost_reason", "next_activity_subject": "next_step"}
_DAYS = {"expected_close_date": "close_date", "next_activity_date": "next_step_date"}
# what follows from the deal's activities
NEXT_STEP = ("next_activity_date", "next_activity_subject")
_DAY_FIELDS = ("close_date", "next_step_date", "deadline", "paused_until")


def told(key: str, value: object, names: Names) -> dict[str, Any]:
    """What a field's value says in the contract's words, {} if it says nothing; `Refused` if it cannot be told."""
    if key in _TEXTS:
        return {_TEXTS[key]: text_of(value)}
    if key in _DAYS:
        return {_DAYS[key]: _iso(day_of(value))}
    match key:
        case "stage_id":
            return {"stage": _ours("stage", names.stage(value), names)}
        case "pipeline_id":
            # most have but one, and nobody names it
            return {"pipeline": names.pipeline(value)} if names.pipelines or id_of(value) is None else {}
        case "status":
            return _status(_ours("status", text_of(value), names))
        case "value":
            # nobody entered one, where it is 0
            return {"amount": number_of(value) or None}
        case "currency":
            return {"currency": text_of(value)}
        case "owner_id":
            return {"owner": names.owner(value)}
        case "org_id":
            return {"account": names.account(value)}
    return _own(key, value, names)


def key_of(key: str) -> str:
    """The name of a field; v1 calls the owner `user_id`."""
    return "owner_id" if key == "user_id" else key


def plain(deal: Thing) -> dict[str, Any]:
    """A deal with its own fields beside the others, by the names that v2 has.

    Deleted is a status, and so is archived, of an open deal: whoever puts one away does not pursue it.
    """
    own = deal.get("custom_fields")
    flat = {**deal, **(own if isinstance(own, Mapping) else {})}
    flat.pop("custom_fields", None)
    if "user_id" in flat:
        flat["owner_id"] = flat.pop("user_id") if flat.get("owner_id") is None else flat["owner_id"]
    if is_set(flat.get("deleted")) or is_set(flat.get("is_deleted")):
        flat["status"] = "deleted"
    elif is_set(flat.get("is_archived")) and str(flat.get("status")).casefold() == "open":
        flat["status"] = "archived"
    return flat


def _status(status: str | None) -> dict[str, Any]:
    if status is None:
        return {}
    if status.casefold() in _PUT_AWAY:
        return {"status": "lost", "lost_reason": _PUT_AWAY[status.casefold()]}
    return {"status": status.casefold()}


def _own(key: str, value: object, names: Names) -> dict[str, Any]:
    """What one of the company's own fields says."""
    field = names.settings.fields.get(key)
    if field is None:
        return {}
    parts = _parts(value)
    one = parts[0] if parts else None
    if field == "owner":
        return {"owner": names.owner(one)}
    if field in _DAY_FIELDS:
        return {field: _iso(day_of(one))}
    if field == "amount":
        return {field: number_of(one)}
    words = [_word(key, field, part, names) for part in parts]
    if isinstance(value, Mapping) and value.get("type") in ("enum", "set") and "label" not in value:
        unnamed = [text for text in words if text is not None and text.isdigit()]
        if unnamed:
            raise Refused("unmapped", f"nobody named the option {unnamed[0]}")
    text = ", ".join(word for word in words if word) or None
    if field == "account.domains":
        domains = [domain_in(part) or part.strip() for part in text.split(",")] if text else None
        return {"account": {"domains": domains}}
    if field.startswith("account."):
        return {"account": {field.removeprefix("account."): text}}
    return {field: text}


def _parts(value: object) -> list[object]:
    """The plain values of a field, of which only one with several options has more than one."""
    if isinstance(value, Mapping) and isinstance(value.get("values"), list):
        value = value["values"]
    listed = value if isinstance(value, list) else [value]
    return [
        each.get("label", each.get("value", each.get("id", each.get("from")))) if isinstance(each, Mapping) else each
        for each in listed
    ]


def _word(key: str, field: str, value: object, names: Names) -> str | None:
    """A value in the contract's words: by its id, else by the option's label."""
    text = text_of(value)
    if text is None:
        return None
    label = names.options.get(key, {}).get(text, text)
    words = names.settings.values.get(field, {})
    return words.get(text, words.get(label, label))


def _ours(field: str, text: str | None, names: Names) -> str | None:
    return names.settings.values.get(field, {}).get(text, text) if text is not None else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None

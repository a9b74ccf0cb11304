"""What HubSpot pushes: whether it is HubSpot that pushed it, and what it says.

A push gives one property's new value, or that something became of a deal. What it only hints at (a contact changed, an
association came or went) is no error: the next poll reads it. Pushes come in any order and more than once, and none of
them is counted on: their events have the ids that a poll gives them.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import orjson

from detectors.core.events import Event, Refused

from ..item import Item
from . import deals
from .portal import Portal
from .settings import HubSpot
from .values import EPOCH, moment, raw_of, text_of

MOST_PUSHED = 100
MOST_SECONDS = timedelta(minutes=5)

# HubSpot signs the URL with these characters decoded, and with no others
_DECODED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)

_OBJECTS = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-5": "ticket",
    "0-7": "product",
    "0-8": "line_item",
    "0-27": "task",
    "0-46": "note",
    "0-47": "meeting",
    "0-48": "call",
    "0-49": "email",
}
_ACTIONS = frozenset(
    {"creation", "propertyChange", "deletion", "privacyDeletion", "restore", "merge", "associationChange"}
)


class SignatureRefused(ValueError):
    """It was not HubSpot who sent this, or not just now; the text says what is wrong, for our own log only."""


def verify(
    secret: str,
    method: str,
    public_uri: str,
    body: bytes,
    signature: str | None,
    timestamp_ms: str | None,
    now: datetime,
) -> None:
    """Nothing, if HubSpot signed this request (version 3) within five minutes of `now`; else `SignatureRefused`.

    `public_uri` is the whole URL that HubSpot called, as it is known outside; `signature` and `timestamp_ms` are the
    headers X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp.
    """
    if not secret:
        raise SignatureRefused("there is no secret to compare with")
    if not signature or not timestamp_ms:
        raise SignatureRefused("the signature or its time is missing")
    uri = _DECODED.sub(lambda code: unquote(code[0]), public_uri)
    signed = _bytes(method.upper() + uri) + body + _bytes(timestamp_ms)
    right = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
    if not hmac.compare_digest(right, _bytes(signature)):
        raise SignatureRefused("the signature is another one")
    try:
        at = EPOCH + timedelta(milliseconds=int(timestamp_ms))
    except (ValueError, OverflowError):
        raise SignatureRefused("its time is none") from None
    if abs(now - at) > MOST_SECONDS:
        raise SignatureRefused("it was signed more than five minutes from now")


def _bytes(text: str) -> bytes:
    # a header may hold what is no text at all
    return text.encode(errors="replace")


def pushed(body: bytes, settings: HubSpot, place: str) -> Iterator[Item]:
    """What each notification of a request says; `place` names the request."""
    portal = Portal.of(settings)
    try:
        told = orjson.loads(body)
    except ValueError as error:
        yield Item(place, body, "a push", refusal=Refused("not_json", str(error)))
        return
    if not isinstance(told, list):
        yield Item(place, body, "a push", refusal=Refused("unreadable", "notifications come as a list"))
        return
    if len(told) > MOST_PUSHED:
        problem = f"{len(told)} notifications at once, at most {MOST_PUSHED} are taken"
        yield Item(place, body, "a push", refusal=Refused("too_large", problem))
        return
    for number, each in enumerate(told):
        yield _item(each, portal, f"{place}[{number}]")


def _item(told: Any, portal: Portal, place: str) -> Item:
    raw = raw_of(told)
    try:
        if not isinstance(told, dict):
            raise Refused("unreadable", "a notification is an object")
        kind, why, events = _read(told, portal)
    except Refused as refused:
        return Item(place, raw, "a push", refusal=refused)
    return Item(place, raw, kind, why, tuple(events))


def _read(told: dict[str, Any], portal: Portal) -> tuple[str, str, list[Event]]:
    subscription = text_of(told.get("subscriptionType"))
    thing, _, action = subscription.partition(".")
    if thing == "object":
        thing = _OBJECTS.get(text_of(told.get("objectTypeId")), "")
    if (thing not in _OBJECTS.values() and thing != "conversation") or (thing == "deal" and action not in _ACTIONS):
        raise Refused("unknown_type", f"subscriptionType: {subscription[:80]!r} is none that is read")
    if thing != "deal" or action == "associationChange":
        return "left to the poll", f"{subscription} names no deal, or not all of it", []
    deal, at = _id(told, "objectId"), _at(told, portal)
    by = text_of(told.get("changeSource"))
    match action:
        case "creation":
            return "a new deal", subscription, [deals.created(deal, at, portal, by)]
        case "deletion" | "privacyDeletion":
            return "a deleted deal", subscription, [deals.deleted(deal, at, portal, by)]
        case "restore":
            return "a deal that is back", subscription, [deals.restored(deal, at, portal, by)]
        case "merge":
            return "merged deals", subscription, _merged(told, deal, at, portal)
        case _:
            name = text_of(told.get("propertyName"))
            if "propertyValue" not in told or not name:
                raise Refused("unreadable", "propertyName and propertyValue are missing")
            change = deals.changed(deal, name, told["propertyValue"], at, portal, by)
            if change is None:
                return "a property that is not read", name, []
            return "a change of a deal", name, [change]


def _merged(told: dict[str, Any], deal: str, at: datetime, portal: Portal) -> list[Event]:
    others = told.get("mergedObjectIds")
    if not isinstance(others, list):
        raise Refused("unreadable", "mergedObjectIds: is no list")
    primary = text_of(told.get("primaryObjectId")) or deal
    into = text_of(told.get("newObjectId")) or primary
    gone = dict.fromkeys([*map(text_of, others), primary])
    return [deals.merged(each, into, at, portal) for each in gone if each and each != into]


def _id(told: dict[str, Any], name: str) -> str:
    id = text_of(told.get(name))
    if not id:
        raise Refused("unreadable", f"{name} is missing")
    return id


def _at(told: dict[str, Any], portal: Portal) -> datetime:
    text = text_of(told.get("occurredAt"))
    if not text.isdecimal():
        raise Refused("time", f"occurredAt: {text[:80]!r} is no count of milliseconds")
    return moment(text, portal.settings)

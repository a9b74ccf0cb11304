"""CloudEvents as they come by HTTP: structured, in batches, or binary. Out comes JSON, one event each, unjudged.

One event in structured mode stays as it is, byte by byte. https://github.com/cloudevents/spec, http-protocol-binding.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from cloudevents.core.bindings.http import CE_PREFIX, HTTPMessage, from_binary, to_structured
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from detectors.core.events import Refused

from .pushes import UnknownForm

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"
MOST_IN_A_BATCH = 1000

_NEEDED = ("specversion", "id", "source", "type", "time")


def events_in(headers: Mapping[str, str], body: bytes) -> list[bytes]:
    """The events of a request; `headers` by their names in small letters.

    `UnknownForm` if its content type says that there are none; `Refused` if they cannot be told apart.
    """
    form = headers.get("content-type", "").partition(";")[0].strip().lower()
    if form == BATCH:
        return _batch(body)
    if form == STRUCTURED:
        return [body]
    if form != JSON:
        raise UnknownForm(f"send events as {STRUCTURED}, {BATCH} or {JSON}")
    if any(name.startswith(CE_PREFIX) for name in headers):
        return [_structured(headers, body)]
    return _batch(body) if body.lstrip()[:1] == b"[" else [body]


def _batch(body: bytes) -> list[bytes]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused("not_json", f"Invalid JSON: {error}") from None
    if not isinstance(told, list):
        raise Refused("invalid", "a batch is a list of events")
    if len(told) > MOST_IN_A_BATCH:
        raise Refused("too_large", f"{len(told):,} events, at most {MOST_IN_A_BATCH:,} are taken at once")
    return [orjson.dumps(each) for each in told]


def _structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """An event whose attributes are headers, in one piece."""
    missing = [name for name in _NEEDED if CE_PREFIX + name not in headers]
    if missing:
        # the library would make them up: an id, by which nobody knows a repetition, and the present time
        raise Refused("invalid", f"{missing[0]}: the header {CE_PREFIX}{missing[0]} is missing")
    try:
        event = from_binary(HTTPMessage(dict(headers), body), JSONFormat(), _event)
    except CloudEventValidationError as error:
        name, problems = next(iter(error.errors.items()))
        raise Refused("time" if name == "time" else "invalid", f"{name}: {problems[0]}") from None
    except RecursionError:
        raise Refused("not_json", "Invalid JSON: recursion limit exceeded") from None
    except ValueError as error:
        # of all headers, only the time is read
        raise Refused("time", f"time: {error}") from None
    return to_structured(event, JSONFormat()).body


def _event(attributes: dict[str, Any], data: Any) -> CloudEvent:
    if attributes.get("bulk") in ("true", "false"):
        # a header can say it only as a text
        attributes["bulk"] = attributes["bulk"] == "true"
    return CloudEvent(attributes, data)

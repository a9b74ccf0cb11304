"""What was refused: the original bytes untouched, and the reason, place and coordinates in headers."""

import orjson

from detectors.core import events

from .wire import Headers, Record, Send

PREFIX = "stallwatch.errors."
MOST_BYTES = 256 * 1024


def dead_letter(record: Record, reason: str, message: str, topic: str, partitions: int) -> Send:
    """The dead letter of a record; what is beyond 256 KiB is cut, so that it can be written, and its length kept."""
    key, value, original = record.key, record.value, record.headers
    told = {
        "reason": reason,
        "message": message[:2000],
        "topic": topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
    }
    if value is not None and len(value) > MOST_BYTES:
        told["truncated"] = str(len(value))
        value = value[:MOST_BYTES]
    if key is not None and len(key) > MOST_BYTES:
        told["truncated-key"] = str(len(key))
        key = key[:MOST_BYTES]
    if (length := sum(len(name.encode()) + len(text or b"") for name, text in original)) > MOST_BYTES:
        told["truncated-headers"] = str(length)
        original = ()
    headers: Headers = tuple((PREFIX + name, text.encode(errors="replace")) for name, text in told.items())
    # a null value would be a tombstone: an empty one says the same and is kept
    return Send("dead_letters", record.partition % partitions, key, value or b"", original + headers)


def refusal_of(headers: Headers) -> tuple[int, str, str]:
    """(offset, reason, message) of a dead letter."""
    told = {name.removeprefix(PREFIX): value.decode() for name, value in headers if name.startswith(PREFIX)}
    return int(told["offset"]), told["reason"], told["message"]


def source_of(value: bytes | None) -> str:
    """The source that a refused record claims, for the count of its dead letters; `unknown` if it claims none."""
    if value is None or len(value) > events.MAX_BYTES:
        # refused for its size alone: it is not read for this either
        return "unknown"
    try:
        told = orjson.loads(value)
    except orjson.JSONDecodeError:
        return "unknown"
    source = told.get("source") if isinstance(told, dict) else None
    return source if isinstance(source, str) and source else "unknown"

"""What was refused: the original bytes untouched, and the reason, place and coordinates in headers.

A letter that is sent to the inbox again takes along how often that was done, and comes back with it if it is refused
again. That it was sent is told by a mark behind it in its own partition.
"""

from dataclasses import dataclass
from datetime import datetime

import orjson

from detectors.core import events

from .wire import MARK, Headers, Record, Send

PREFIX = "stallwatch.errors."
MOST_BYTES = 256 * 1024
MOST_SOURCE = 1000
RETRIED = b"retried"
# topics whose records are events, as far as they are not marks: of all else, a letter is what a source gave
OF_EVENTS = ("inbox", "deal-events", "mail")


def dead_letter(
    record: Record, reason: str, message: str, topic: str, partitions: int, source: str | None = None
) -> Send:
    """The dead letter of a record; what is beyond 256 KiB is cut, so that it can be written, and its length kept.

    `source` is whose it is, if that is known and does not stand in it.
    """
    key, value, original = record.key, record.value, record.headers
    told = {
        "reason": reason,
        "message": message[:2000],
        "topic": topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
    }
    if source is not None:
        told["source"] = source[:MOST_SOURCE]
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
    told = _told(headers)
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


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it lies in Kafka; `cut` says what of it is missing, `attempts` how often it was sent again."""

    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes
    headers: Headers
    reason: str
    message: str
    topic: str
    place: str
    source: str
    size: int
    cut: str | None
    attempts: int
    is_mark: bool

    @property
    def name(self) -> str:
        """Its name among all dead letters."""
        return f"{self.partition}/{self.offset}"

    @property
    def is_event(self) -> bool:
        """Whether it came as an event should; else it is what a source gave, or a mark of stallwatch's own."""
        return self.topic in OF_EVENTS and not self.is_mark


def letter_of(record: Record, at: datetime) -> Letter | None:
    """The letter in a record of the dead letters, which was written `at`; None if there is none in it."""
    told = _told(record.headers)
    if "reason" not in told:
        return None
    cut = [part for part in ("truncated", "truncated-key", "truncated-headers") if part in told]
    value = record.value or b""
    return Letter(
        record.partition,
        record.offset,
        at,
        record.key,
        value,
        tuple((name, text) for name, text in record.headers if not name.startswith(PREFIX)),
        told["reason"],
        told.get("message", ""),
        told.get("topic", ""),
        _place(told),
        told.get("source") or source_of(value),
        _number(told.get("truncated")) or len(value),
        ", ".join(cut) or None,
        _number(told.get("attempt")),
        record.mark is not None,
    )


def retried(letter: Letter) -> Send:
    """The mark that a letter was sent to the inbox again."""
    value = orjson.dumps({"retried": letter.offset})
    return Send("dead_letters", letter.partition, letter.name.encode(), value, ((MARK, RETRIED),))


def retried_in(record: Record) -> str | None:
    """The name of the letter that a record of the dead letters says was sent again; None if it says no such thing."""
    if record.mark != RETRIED or "reason" in _told(record.headers):
        return None
    try:
        return f"{record.partition}/{int(orjson.loads(record.value or b'')['retried'])}"
    except (ValueError, TypeError, KeyError):
        return None


def again(letter: Letter, partition: int, key: bytes) -> Send:
    """The original bytes for the inbox, and which attempt that is."""
    headers = (*letter.headers, (f"{PREFIX}attempt", str(letter.attempts + 1).encode()))
    return Send("inbox", partition, key, letter.value, headers)


def _told(headers: Headers) -> dict[str, str]:
    """What the headers of stallwatch's own say; of two, the newer one."""
    return {
        name.removeprefix(PREFIX): (value or b"").decode(errors="replace")
        for name, value in headers
        if name.startswith(PREFIX)
    }


def _place(told: dict[str, str]) -> str:
    topic, offset = told.get("topic", ""), told.get("offset", "")
    # what came from no topic has no place there
    return topic if offset.startswith("-") else f"{topic} {told.get('partition', '')}/{offset}"


def _number(text: str | None) -> int:
    # such a header may come from anywhere
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else 0

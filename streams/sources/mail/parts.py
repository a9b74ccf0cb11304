"""Of a large mail, the parts that say something: its text, an invitation, a bounce; wherever in it they stand.

A mail is mostly small, or its text comes first; but a drawing of twenty megabytes may stand before the text, and an
invitation behind a long one.
"""

from collections.abc import Iterator, Sequence
from email import message_from_bytes
from typing import Any

TEXTS = {"text/plain", "text/html"}
# these say something even as an attachment
NOTES = {
    "text/calendar",
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
}


def wanted(structure: Any) -> tuple[str, ...]:
    """The IMAP numbers of the first part of each kind that is wanted, by a BODYSTRUCTURE; none if it is one part."""
    first: dict[str, str] = {}
    if isinstance(structure, tuple) and structure and isinstance(structure[0], list):
        for number, kind, attached in _leaves(structure, ""):
            if kind in NOTES or (kind in TEXTS and not attached):
                first.setdefault(kind, number)
    return tuple(first.values())


def joined(header: bytes, leaves: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A mail of a header and (MIME header, content) of parts, all on one level; empty if there is nothing to join."""
    boundary = message_from_bytes(header).get_boundary()
    if boundary is None or not leaves:
        return b""
    line = b"--" + boundary.encode("utf-8", "surrogateescape")
    body = b"".join(line + b"\r\n" + mime + content + b"\r\n" for mime, content in leaves)
    return header + body + line + b"--\r\n"


def _leaves(structure: Any, within: str) -> Iterator[tuple[str, str, bool]]:
    for count, part in enumerate(structure[0], start=1):
        number = f"{within}{count}"
        if isinstance(part[0], list):
            yield from _leaves(part, f"{number}.")
        else:
            kind = f"{_text(part[0])}/{_text(part[1])}"
            yield number, kind, any(_is_attachment(each) for each in part[7:])


def _is_attachment(field: Any) -> bool:
    return isinstance(field, tuple) and len(field) == 2 and _text(field[0]) == "attachment"


def _text(value: Any) -> str:
    return value.decode("ascii", "replace").lower() if isinstance(value, bytes) else ""

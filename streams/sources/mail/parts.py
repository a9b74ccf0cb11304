"""Of a large mail, the parts that say something: its text, an invitation, a bounce; wherever in it they stand.

Most mails are small, and of most others the text comes first. But a drawing of twenty megabytes may stand before the
text, and an invitation behind a long one.
"""

from collections.abc import Iterator, Sequence
from email.parser import BytesHeaderParser
from typing import Any

from .bodies import param

MOST = 5
WHOLE = "TEXT"
TEXTS = {"text/plain", "text/html"}
# these say something even as an attachment
NOTES = {
    "text/calendar",
    "message/delivery-status",
    "message/disposition-notification",
    "message/feedback-report",
}


def wanted(structure: Any) -> tuple[str, ...]:
    """The IMAP numbers of the first parts that are wanted, by a BODYSTRUCTURE; of a mail without parts, all of it."""
    if not isinstance(structure[0], list):
        return (WHOLE,)
    leaves = _leaves(structure, "")
    return tuple(number for number, kind, attached in leaves if kind in NOTES or (kind in TEXTS and not attached))[
        :MOST
    ]


def joined(header: bytes, parts: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A mail of a header and (MIME header, content) of parts, all on one level."""
    boundary = param(BytesHeaderParser().parsebytes(header), "boundary").rstrip()
    if not boundary:
        return header + b"".join(content for _, content in parts)
    line = b"--" + boundary.encode("utf-8", "surrogateescape")
    body = b"".join(line + b"\r\n" + mime + content + b"\r\n" for mime, content in parts)
    return header + body + line + b"--\r\n"


def _leaves(structure: Any, within: str) -> Iterator[tuple[str, str, bool]]:
    """Number, content type, and whether it is a file, of each part that has none itself."""
    for count, part in enumerate(structure[0], start=1):
        number = f"{within}{count}"
        if isinstance(part[0], list):
            yield from _leaves(part, f"{number}.")
        else:
            yield number, f"{_text(part[0])}/{_text(part[1])}", _is_file(part)


def _is_file(part: Any) -> bool:
    """Whether a part has a name, or is meant to be saved."""
    dispositions = (each for each in part[7:] if isinstance(each, tuple) and each and isinstance(each[0], bytes))
    kind, named = next(((_text(each[0]), each[1]) for each in dispositions if len(each) == 2), ("", None))
    return kind == "attachment" or "filename" in _names(named) or "name" in _names(part[2])


def _names(parameters: Any) -> set[str]:
    # a name in several pieces, or with a language, has a star behind it
    pairs = parameters if isinstance(parameters, tuple) else ()
    return {_text(each).partition("*")[0] for each in pairs[::2]}


def _text(value: Any) -> str:
    return value.decode("ascii", "replace").lower() if isinstance(value, bytes) else ""

"""Mail in files: mboxes, Maildirs, single mails, and folders of them.

A file is told by what it holds, not by its name. Of each mail only the beginning is read, one after the other, so that
a mailbox of any size takes no more memory than one mail.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...history import HistoryError
from .bodies import WINDOW

# how much of a line is looked at at once
PIECE = 64 * 1024
# a file that shows this much, and none of these, is no mail
GLANCE = 4096
MAIL_HEADERS = rb"return-path|received|delivered-to|message-id|date|from|to|subject|mime-version|content-type|x-[\w-]+"
_HEADER = re.compile(rb"(?:%s)[ \t]*:" % MAIL_HEADERS, re.IGNORECASE)
_MAIL = re.compile(rb"^(?:from|date|message-id|received|return-path|subject|to)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_DATED = re.compile(rb"From [^\r\n]{0,500}?\d{1,2}:\d{2}[^\r\n]{0,40}?\b(?:19|20)\d{2}\b")
_NAME = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:")


def is_mail(path: Path) -> bool:
    """Whether a path is mail: an mbox, a mail, a Maildir, or a folder that has any of them somewhere.

    `HistoryError` names what cannot be looked at.
    """
    with _named(path):
        if path.is_dir():
            return _is_maildir(path) or any(_is_mail(each) for each in _files(path))
        return path.is_file() and _is_mail(path)


def messages(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every mail with its place: its path, in an mbox with the number of its first line (`sales.mbox:1042`).

    A mail is cut after its first half megabyte, of which no more is ever read. In an mbox it begins with the line that
    parts it from the one before, which may be all that says when it came. `HistoryError` names what cannot be read.
    """
    for each in _mails(path):
        with _named(each), each.open("rb") as stream:
            if _is_mbox(each, stream):
                for number, raw in _split(stream):
                    yield f"{each}:{number}", raw
            else:
                yield str(each), stream.read(WINDOW)


def _mails(path: Path) -> Iterator[Path]:
    with _named(path):
        if not path.is_dir():
            yield path
            return
    for each in _files(path):
        if _in_maildir(each) or _is_mail(each):
            yield each


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, in the order of their names; what is still being delivered is left alone."""
    with _named(folder):
        maildir = _is_maildir(folder)
        for each in sorted(folder.iterdir()):
            if each.is_dir():
                if not each.is_symlink() and not (maildir and each.name == "tmp"):
                    yield from _files(each)
            elif each.is_file():
                yield each


def _is_maildir(folder: Path) -> bool:
    return (folder / "cur").is_dir() and (folder / "new").is_dir()


def _in_maildir(path: Path) -> bool:
    return path.parent.name in ("cur", "new") and _is_maildir(path.parent.parent)


def _is_mail(path: Path) -> bool:
    if path.suffix.lower() in (".eml", ".mbox"):
        return True
    with _named(path), path.open("rb") as stream:
        if _is_mbox(path, stream):
            return True
        start = stream.read(GLANCE).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    names = {each.lower() for each in _MAIL.findall(start)}
    return _NAME.match(start) is not None and len(names) > 1


def _is_mbox(path: Path, stream: IO[bytes]) -> bool:
    """Whether a file begins as an mbox does; it is read from its start afterwards."""
    first, second = stream.readline(PIECE), stream.readline(PIECE)
    stream.seek(0)
    if not first:
        return path.suffix.lower() == ".mbox"
    return _parts(b"", first, second)


def _split(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The mails of an mbox, each with the number of its first line.

    The line that parts two mails is told from a sentence that begins with From by the header behind it; where it has no
    date, by one that every mail has, and by the empty line before it.
    """
    kept: list[bytes] = []
    began = number = size = 0
    before, line = b"", stream.readline(PIECE)
    while line:
        after = stream.readline(PIECE)
        number += not before or before.endswith(b"\n")
        if _parts(before, line, after):
            if kept:
                yield began, b"".join(kept)
            kept, began, size = [], number, 0
        if size < WINDOW:
            kept.append(line[1:] if line.startswith(b">From ") else line)
            size += len(line)
        before, line = line, after
    if kept:
        yield began, b"".join(kept)


def _parts(before: bytes, line: bytes, after: bytes) -> bool:
    if not line.startswith(b"From ") or (before and not before.endswith(b"\n")):
        return False
    if _DATED.match(line):
        return _NAME.match(after) is not None
    return not before.strip(b"\r\n") and _HEADER.match(after) is not None


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What goes wrong here goes wrong with this file."""
    try:
        yield
    except OSError as error:
        raise HistoryError(f"{error.filename or path}: {error.strerror}") from None

"""A mail's header block: addresses, ids, dates and words, each taken apart by the standard library, within limits.

Whatever stands in a header was written by a stranger: values are cut before they are parsed, what cannot be read is
left out and said, and nothing is raised.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.headerregistry import HeaderRegistry
from email.message import Message
from email.policy import default
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from detectors.core.addresses import normalise
from detectors.core.events import EARLIEST, MAX_AHEAD

MAX_BLOCK = 256 * 1024
MAX_VALUE = 64 * 1024
MAX_SUBJECT = 1000
MAX_ID = 250
MAX_PEOPLE = 200
MAX_REFERENCES = 50
# no server tries for longer to deliver a mail
MAX_UNDER_WAY = timedelta(days=7)
# addresses that are looked at, and how much of them is parsed at once
MAX_PIECES = 1000
MAX_LIST = 4 * 1024

# a header is taken apart where it is asked for, and only then: half of the time of reading a mail goes into that
POLICY = default.clone(header_factory=lambda name, value: value[:MAX_VALUE])
_REGISTRY = HeaderRegistry()
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_PIECE = re.compile(r"(?:[^\",()<>:;\\]|\"(?:[^\"\\]|\\.)*+\"|\([^()\\]*+\)|<[^<>\",]*+>)++")
_PLAIN = re.compile(rf"(?:{_PIECE.pattern}|[,;])*+")
_BRACKETED = re.compile(r"<(?P<address>[^<>@,;\s]{1,64}@[^<>@,;\s]{1,255})>")
_BRACKETS = re.compile(rf"{_BRACKETED.pattern}\s*$")
_ID = re.compile(r"<([^<>\s]{1,998})>")


class Person(NamedTuple):
    """Somebody on a mail: a normalised address, and the name that it was written with."""

    address: str
    name: str


class People(NamedTuple):
    """Who a header names, each once; `bad` is what in it is no address."""

    persons: tuple[Person, ...] = ()
    bad: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Their addresses."""
        return tuple(each.address for each in self.persons)


def text(mail: Message, name: str) -> str:
    """A header's value as it stands, in Unicode, on one line; empty if there is none."""
    return next(texts(mail, name), "")


def texts(mail: Message, name: str) -> Iterator[str]:
    """The values of all headers of a name."""
    for value in mail.get_all(name, ()):
        yield _CONTROLS.sub(" ", _unicode(str(value)[:MAX_VALUE])).strip()


def words(mail: Message, name: str) -> str:
    """A header that people read, decoded, without control characters, cut to 1,000 characters."""
    value = text(mail, name)[: 4 * MAX_SUBJECT]
    if "=?" in value:
        # the library's own parser fails in many ways, and its older one takes what should be encoded and is not; else
        # the text as it stands will do
        with suppress(Exception):
            value = str(_REGISTRY("subject", value))
        with suppress(Exception):
            value = str(make_header(decode_header(value))) if "=?" in value else value
    return _plain(value)[:MAX_SUBJECT].strip()


def people(mail: Message, *names: str) -> People:
    """Everybody whom all headers of these names name, groups opened, at most 200."""
    persons: dict[str, Person] = {}
    bad: list[str] = []
    for name in names:
        pieces = (piece for value in texts(mail, name) for piece in _pieces(value))
        for found in map(_people, islice(pieces, MAX_PIECES)):
            for each in found.persons:
                persons.setdefault(each.address, each)
            bad += found.bad
        if next(pieces, None) is not None or len(persons) > MAX_PEOPLE:
            bad.append(f"whoever comes after {MAX_PEOPLE} people")
    return People(tuple(persons.values())[:MAX_PEOPLE], tuple(bad))


def _pieces(value: str) -> Iterator[str]:
    """What stands between commas, or the semicolons of some programs; a list with groups in it is left as it is.

    The same few people are read again and again, and the library's parser takes the square of a text's length.
    """
    if _PLAIN.fullmatch(value):
        yield from (each.group() for each in _PIECE.finditer(value))
    else:
        yield value


@lru_cache(maxsize=8192)
def _people(value: str) -> People:
    if len(value) > MAX_LIST:
        return People(tuple(_bracketed(value)), (_short(value),))
    try:
        header: Any = _REGISTRY("to", value)
    except Exception:  # as above
        return People(bad=(_short(value),))
    persons, bad = [], []
    for each in header.addresses:
        spec = each.addr_spec if each.domain else each.username
        try:
            persons.append(Person(normalise(spec), _plain(each.display_name)))
        except ValueError:
            if spec:
                bad.append(_short(spec))
    if not persons and (found := _BRACKETS.search(value)):
        # as Outlook writes somebody of whom it knows no name: 'ada@customer.example' <ada@customer.example>
        with suppress(ValueError):
            return People((Person(normalise(found["address"]), _plain(value[: found.start()])),))
    if not header.addresses and not header.groups and value.strip():
        bad.append(_short(value))
    return People(tuple(persons), tuple(bad))


def _bracketed(value: str) -> Iterator[Person]:
    """Who stands in brackets in a list too long to be parsed at once, which one odd quotation mark keeps together."""
    for found in islice(_BRACKETED.finditer(value), MAX_PIECES):
        with suppress(ValueError):
            yield Person(normalise(found["address"]), "")


def ids(mail: Message, name: str) -> tuple[str, ...]:
    """The Message-IDs that a header names, in angle brackets, each once, in order."""
    found = (each for value in texts(mail, name) for each in _ID.findall(value))
    return tuple(dict.fromkeys(f"<{each}>" for each in found))


def message_id(mail: Message) -> str | None:
    """The mail's own id in angle brackets; some programs write it without them."""
    found = ids(mail, "Message-ID")
    if found:
        return found[0]
    bare = text(mail, "Message-ID").strip("<> ").split(maxsplit=1)
    return f"<{bare[0]}>" if bare and len(bare[0]) <= 998 else None


def references(mail: Message, own: str | None) -> tuple[str, ...]:
    """The thread's mails that came before, oldest first, without the mail itself; of very many the first and last."""
    found = tuple(each for each in ids(mail, "References") if each != own)
    if len(found) <= MAX_REFERENCES:
        return found
    return found[: MAX_REFERENCES // 2] + found[-MAX_REFERENCES // 2 :]


class Dated(NamedTuple):
    """When a mail was written, and what says so."""

    at: datetime | None
    why: str = ""


def dated(mail: Message, now: datetime | None, is_ours: bool = False) -> Dated:
    """By its Date; else by the newest plausible Received, else by the line that an mbox puts before it.

    A Date is no good before 1990 or more than a day ahead of the clock; without a clock, of the newest Received, as
    nobody receives what was not written yet. Where it lies more than a week before the oldest Received, the first
    server that saw the mail is believed. Not so of what is ours: nobody received what lies in a folder for sent mail,
    and who moves it to another mailbox may put the day of the move there.
    """
    received = [at for each in texts(mail, "Received") if (at := _moment(each.rpartition(";")[2]))]
    received = [at for at in received if at >= EARLIEST and (now is None or at <= now + MAX_AHEAD)]
    newest = max(received, default=None)
    latest = now or newest
    said = _moment(text(mail, "Date"))
    if said is not None and said >= EARLIEST and (latest is None or said <= latest + MAX_AHEAD):
        oldest = min(received, default=said)
        if is_ours or oldest - said <= MAX_UNDER_WAY:
            return Dated(said)
        return Dated(oldest, f"its Date {said:%Y-%m-%d} is long before the oldest Received header, which counts")
    date = text(mail, "Date")
    wrong = "it has no Date" if not date else f"its Date {date[:60]!r} cannot be {'read' if said is None else 'true'}"
    if newest is not None:
        return Dated(newest, f"{wrong}, and the newest Received header counts")
    put = _moment((mail.get_unixfrom() or "")[:200].partition(" ")[2].strip().partition(" ")[2])
    if put is not None and put >= EARLIEST and (now is None or put <= now + MAX_AHEAD):
        return Dated(put, f"{wrong}, and the line that begins it in the mbox counts")
    return Dated(None, f"{wrong}, and no Received header has a time")


def _moment(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value.strip()[:200])
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def offset(mail: Message) -> timedelta:
    """How far the writer's clock is from UTC, by the Date."""
    try:
        return parsedate_to_datetime(text(mail, "Date")[:200]).utcoffset() or timedelta(0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return timedelta(0)


def _unicode(value: str) -> str:
    """Headers are ASCII; what is not is UTF-8 today, and was Latin-1."""
    if value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _plain(value: str) -> str:
    return _CONTROLS.sub(" ", value).strip()


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:79]}…"

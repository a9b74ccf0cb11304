"""A mailbox on a server, polled by IMAP: every mail that is new, once, and word on when that is all of them.

What has been read is remembered by folder, as UIDVALIDITY and the last UID. A folder that was made anew (or a mailbox
that was moved to another server) is read again from its beginning: the ids of events do not change by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.core.events import Refused

from ..connection import Batch, Bookmark, Complete, SourceRefused, SourceUnavailable
from ..item import Item
from .domains import Domains
from .reading import read
from .server import Declined, Fetched, Opened, Server, logged_in
from .settings import Mailbox

BATCH = 200
AT_FIRST = timedelta(days=365)
# mail that moves while it is read is looked for again; a mailbox that never rests is not complete
MOST_LOOKS = 10
COVERS = ("activity.email",)


class Mark(BaseModel):
    """How far a folder has been read: to which UID, under which UIDVALIDITY, and how far back it was begun."""

    model_config = ConfigDict(frozen=True, strict=False)

    validity: int
    uid: int = Field(ge=0)
    since: date


class _Bookmark(BaseModel):
    folders: dict[str, Mark] = {}


class _News(NamedTuple):
    """What is new in a folder."""

    folder: str
    opened: Opened
    since: date
    uids: list[int]


@dataclass
class _Seen:
    """How far a round has come; `count` mails of the `total`, and some were `gone` when they were asked for."""

    marks: dict[str, Mark]
    told: dict[str, Mark]
    count: int = 0
    total: int = 0
    gone: int = 0

    def batch(self, items: tuple[Item, ...]) -> Batch:
        self.told = dict(self.marks)
        return Batch(items, _Bookmark(folders=self.told).model_dump(mode="json"), self.total)


class ImapConnection:
    """One mailbox; `ours` are our own domains."""

    def __init__(self, name: str, section: Mailbox, ours: Domains) -> None:
        self.name = name
        self.source = section.source
        self._section = section
        self._ours = ours

    def round(self, bookmark: Bookmark, now: datetime) -> Iterator[Batch | Complete]:
        """Everything new since the bookmark; at the first time, of the last year, or since when the section says.

        It is complete up to `now`, its beginning: what comes in meanwhile may be given already, but is not claimed.
        """
        since = self._section.since or (now - AT_FIRST).astimezone(UTC).date()
        marks = self._marks(bookmark)
        seen = _Seen(marks, dict(marks))
        problems: dict[str, Declined] = {}
        with logged_in(self._section) as server:
            folders = self._section.folders or server.folders()
            for _ in range(MOST_LOOKS):
                seen.gone = 0
                news = [each for folder in folders if (each := _news(server, folder, seen, since, problems))]
                seen.total = seen.count + sum(len(each.uids) for each in news)
                for each in news:
                    yield from self._read(server, each, seen, now)
                if seen.marks != seen.told:
                    yield seen.batch(())
                # what is gone from one folder may have come to another that had been looked at before
                if not seen.gone:
                    break
            else:
                raise SourceUnavailable(f"{self._section.mailbox}: its mail was moved all the time while it was read")
        if problems:
            for_good = any(each.for_good for each in problems.values())
            raise (SourceRefused if for_good else SourceUnavailable)("; ".join(map(str, problems.values())))
        yield Complete(COVERS, now, self._section.mailbox)

    def _marks(self, bookmark: Bookmark) -> dict[str, Mark]:
        try:
            return _Bookmark.model_validate(bookmark).folders
        except ValidationError:
            raise SourceRefused(f"{self.name}: its bookmark is none; delete it to read it from its beginning") from None

    def _read(self, server: Server, news: _News, seen: _Seen, now: datetime) -> Iterator[Batch]:
        """The mails of a folder, batch by batch."""
        folder, opened, since, uids = news
        if uids and server.open(folder).validity != opened.validity:
            raise SourceUnavailable(f"{self._section.mailbox}: folder {folder} was made anew while it was read")
        for start in range(0, len(uids), BATCH):
            some = uids[start : start + BATCH]
            mails = server.mails(some)
            seen.count += len(some)
            seen.gone += len(some) - len(mails)
            seen.marks[folder] = Mark(validity=opened.validity, uid=some[-1], since=since)
            place = f"{self._section.mailbox} {folder} uid"
            yield seen.batch(tuple(self._item(f"{place} {uid}", mail, now) for uid, mail in mails.items()))
        # no mail to come has a UID below the next
        last = max([*uids[-1:], (opened.next or 1) - 1])
        seen.marks[folder] = Mark(validity=opened.validity, uid=last, since=since)

    def _item(self, place: str, mail: Fetched, now: datetime) -> Item:
        if mail.problem:
            return Item(place, place.encode(), "unreadable", refusal=Refused("unreadable", mail.problem))
        item = read(mail.raw, place, self.source, self._ours, now)
        if item.refusal is not None and item.refusal.reason == "time" and mail.came is not None:
            # when it came into the mailbox is the last resort, told as an mbox tells it
            line = f"From - {mail.came.astimezone(UTC):%a %b %d %H:%M:%S %Y}\r\n"
            return read(line.encode() + mail.raw, place, self.source, self._ours, now)
        return item


def _news(server: Server, folder: str, seen: _Seen, since: date, problems: dict[str, Declined]) -> _News | None:
    """What is new in a folder; None if it cannot be read, which is a problem of the round."""
    try:
        opened = server.open(folder)
        mark = seen.marks.get(folder)
        if mark is None or mark.validity != opened.validity or since < mark.since:
            mark = Mark(validity=opened.validity, uid=0, since=since)
        uids = [] if opened.next == mark.uid + 1 else server.uids(opened, mark.uid, since)
    except Declined as problem:
        problems[folder] = problem
        return None
    problems.pop(folder, None)
    return _News(folder, opened, mark.since, uids)

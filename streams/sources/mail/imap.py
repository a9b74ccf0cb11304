"""A mailbox on a server, polled by IMAP: every mail that is new, once, and word on when that is all of them.

What has been read is remembered by folder (by its name on the wire), as UIDVALIDITY and the last UID. A folder that was
made anew (or a mailbox that was moved to another server) is read again from its beginning: the ids of events do not
change by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.core.events import Refused

from ..connection import Batch, Bookmark, Complete, SourceRefused, SourceUnavailable
from ..item import Item
from .domains import Domains
from .folders import Folder
from .reading import read
from .server import BrokenOff, Declined, Fetched, Missing, Opened, Server, logged_in
from .settings import Mailbox

BATCH = 200
AT_FIRST = timedelta(days=365)
# mail that moves while it is read is looked for again; a mailbox that never rests is not complete
MOST_LOOKS = 10
COVERS = ("activity.email",)


class Mark(BaseModel):
    """How far a folder has been read: to which UID, under which UIDVALIDITY, and how far back it was begun.

    When the server broke off, it may have been over one of the mails up to `doubt`: those are asked for one by one.
    """

    model_config = ConfigDict(frozen=True)

    validity: int
    uid: int = Field(ge=0)
    since: date
    doubt: int = 0


class _Bookmark(BaseModel):
    folders: dict[str, Mark] = {}


class _News(NamedTuple):
    """What is new in a folder."""

    folder: Folder
    opened: Opened
    mark: Mark
    uids: list[int]


@dataclass
class _Seen:
    """How far a round has come; `count` mails of the `total`, and some were `gone` when they were asked for."""

    marks: dict[str, Mark]
    told: dict[str, Mark]
    count: int = 0
    total: int = 0
    gone: int = 0
    problems: list[Declined] = field(default_factory=list)

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
        with logged_in(self._section) as server:
            for _ in range(MOST_LOOKS):
                seen.gone, seen.problems = 0, []
                news = list(self._news(server, seen, since))
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
        if seen.problems:
            for_good = any(each.for_good for each in seen.problems)
            raise (SourceRefused if for_good else SourceUnavailable)("; ".join(map(str, seen.problems)))
        yield Complete(COVERS, now, self._section.mailbox)

    def _marks(self, bookmark: Bookmark) -> dict[str, Mark]:
        try:
            return _Bookmark.model_validate(bookmark).folders
        except ValidationError:
            raise SourceRefused(f"{self.name}: its bookmark is none; delete it to read it from its beginning") from None

    def _news(self, server: Server, seen: _Seen, since: date) -> Iterator[_News]:
        """What is new in each folder; one that cannot be read is a problem of the round, but not of the others."""
        named = self._section.folders
        for folder in server.named(named) if named else server.folders():
            try:
                opened = server.open(folder)
                mark = seen.marks.get(folder.raw)
                if mark is None or mark.validity != opened.validity or since < mark.since:
                    mark = Mark(validity=opened.validity, uid=0, since=since)
                uids = [] if opened.next == mark.uid + 1 else server.uids(opened, mark.uid, since)
                yield _News(folder, opened, mark, uids)
            except Missing as problem:
                # nobody named it: it was there, and was deleted, or has another name now
                seen.gone += not named
                seen.problems += [problem] if named else []
            except Declined as problem:
                seen.problems.append(problem)

    def _read(self, server: Server, news: _News, seen: _Seen, now: datetime) -> Iterator[Batch]:
        """The mails of a folder, batch by batch."""
        folder, opened, mark, uids = news
        place = f"{self._section.mailbox} {folder.name} uid"
        if uids and not _is_still(server, folder, opened):
            seen.gone += len(uids)
            return
        while uids:
            size = 1 if uids[0] <= mark.doubt else BATCH
            some, uids = uids[:size], uids[size:]
            try:
                mails = server.mails(some)
            except BrokenOff as problem:
                if some == [mark.doubt]:
                    seen.marks[folder.raw] = mark.model_copy(update={"uid": mark.doubt})
                    yield seen.batch((_unread(f"{place} {mark.doubt}", f"again and again, {problem}"),))
                else:
                    seen.marks[folder.raw] = mark.model_copy(update={"doubt": some[-1]})
                    yield seen.batch(())
                raise
            seen.count += len(some)
            seen.gone += len(some) - len(mails)
            seen.marks[folder.raw] = mark = mark.model_copy(update={"uid": some[-1]})
            yield seen.batch(tuple(self._item(f"{place} {uid}", mail, now) for uid, mail in mails.items()))
        # no mail to come has a UID below the next
        seen.marks[folder.raw] = mark.model_copy(update={"uid": max(mark.uid, (opened.next or 1) - 1)})

    def _item(self, place: str, mail: Fetched, now: datetime) -> Item:
        if mail.problem:
            return _unread(place, mail.problem)
        item = read(mail.raw, place, self.source, self._ours, now)
        if item.refusal is not None and item.refusal.reason == "time" and mail.came is not None:
            # when it came into the mailbox is the last resort, told as an mbox tells it
            line = f"From - {mail.came:%a %b %d %H:%M:%S %Y}\r\n"
            return read(line.encode() + mail.raw, place, self.source, self._ours, now)
        return item


def _is_still(server: Server, folder: Folder, opened: Opened) -> bool:
    """Go to a folder again: whether it is the one that it was."""
    try:
        return server.open(folder).validity == opened.validity
    except Missing:
        return False


def _unread(place: str, problem: str) -> Item:
    """A mail of which there is nothing but its place."""
    return Item(place, place.encode(), "unreadable", refusal=Refused("unreadable", problem))

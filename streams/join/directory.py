"""Whose mail is it? Activities carry people, not deals; here they find their deals.

Everything about the people of one company meets in one partition: their contacts, their threads, the deals whose
account it is, and the activities that wait for them. So the join works with any number of workers. It happens in order
of event time: a record is held until the partition's time has reached it, because only then is everything known that
came before it. What comes late is taken with the next clock. So it does not matter how the topic is cut into batches.
A deal takes the same event once, so saying it twice does no harm. `whose` says which deals it is
given to; if the company has several of them, each copy says how many (`shareddeals`).

What finds no deal waits, bounded in number and age, and is joined when the contact, the thread or the account appears.
What comes late, as all does when a mailbox is read for the first time, waits as long from then on.
A mail to several companies is looked for at each of them, and placed at each by what is known there. A reply to it is,
too, whomever it was sent to: at the companies that are not on it, it goes where the mail went that it answers, and
changes nothing for any other. Which companies these are depends on nothing but the mails of the replier's own company,
and where a mail went first never changes: so it does not matter which partition is ahead. Where such a mail still
waits, another may long have joined it: so it takes no place of those that wait at a single company. When it is given
up, it is counted at the first of its companies alone, as `several_companies`: so many at most found no deal anywhere.
What a machine wrote to nobody whom a deal knows does not wait at all: newsletters would take the places of all others.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

import orjson

from detectors.core import events

from ..alignment import Alignment
from ..dead_letters import dead_letter
from ..forgetting import Forgotten, Tombstone
from ..monitor.coverage import Report
from ..wire import COMPANIES, FORGOTTEN_MARK, REPLY_HEADERS, SHARED_DEALS, Clock, Record, Send, partition_of
from .companies import MOST_COMPANIES
from .contacts import Contacts
from .deal_words import Deals, DealWord
from .elsewhere import Elsewhere
from .forgotten_rows import rewritten
from .kept import Kept
from .links import Links
from .reports import Reports
from .rows import (
    SEPARATOR,
    account_row,
    company_in,
    contact_rows,
    elsewhere_of,
    kind_of,
    name_in,
    name_of,
    own_row,
    partition_of_row,
    row_of,
    thing_row,
    thread_rows,
)
from .waiting import LONGEST_WAIT, Waiting
from .whose import whose

__all__ = ["LONGEST_WAIT", "Directory", "Joined", "partition_of_row"]

MOST_WAITING = 20_000
CLEARED_EVERY = timedelta(days=1)
SEVERAL = (b"first", b"shared", b"reply")


@dataclass
class Joined:
    """What a batch came to: records to write, the marks behind them, table rows to keep (None: delete), and counts.

    They are to be written in this order, the rows one after the other. Whatever part of it a worker had written when it
    died, who takes its partition over and reads the batch again comes to the same.
    """

    sends: list[Send] = field(default_factory=list)
    marks: list[Send] = field(default_factory=list)
    rows: dict[str, bytes | None] = field(default_factory=dict)
    given_up: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def keep(self, rows: dict[str, bytes | None]) -> None:
        """Keep rows, in the order of their last change."""
        for row, value in rows.items():
            self.rows.pop(row, None)
            self.rows[row] = value


class Directory:
    """What one partition knows of its companies and of deals, and the records that are held or wait."""

    def __init__(self, partition: int, partitions: int, keep_closed: timedelta | None = None) -> None:
        self.partition = partition
        self._keep_closed = keep_closed
        self._cleared_at: datetime | None = None
        self.partitions = partitions
        self._alignment = Alignment()
        self._offset = self._offset_before = -1
        self._deals = Deals(partition, partitions)
        self.forgotten = Forgotten((), partitions)
        self._begin()

    def _begin(self) -> None:
        """Everything in which people may stand."""
        self._links = Links()
        self._contacts = Contacts()
        self._elsewhere = Elsewhere()
        self._reports = Reports(self.partition, self.partitions)
        self._records: dict[str, bytes] = {}
        # of those that are held since they came, so that they are not read again when their time has come
        self._events: dict[str, events.Event] = {}
        self._kinds: Counter[str] = Counter()
        self._held: list[tuple[datetime, str]] = []
        self._waiting = Waiting()
        self._waiting_elsewhere_too = Waiting()
        self._lines = (self._waiting, self._waiting_elsewhere_too)

    @property
    def waiting(self) -> int:
        """How many records are held or wait, apart from those that may be joined elsewhere."""
        return self._kinds["event"]

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        match kind_of(row):
            case "clock":
                told = orjson.loads(value)
                self._alignment = Alignment.of(told["clocks"], self.partitions)
                self._offset_before = told["offset"]
            case "report":
                self._reports.restore(row, value)
            case "forgotten":
                self.forgotten = self.forgotten.plus(Tombstone.of(value))
            case "deal":
                self._deals.restore(name_in(row), value)
            case "contact":
                self._contacts.restore(row, value)
            case "elsewhere":
                self._elsewhere.restore(row, value)
            case "thread" | "thing" | "own" | "answer":
                self._links.restore(row, value)
            case kind:
                self._records[row] = value
                self._kinds[kind] += 1

    def resume(self) -> None:
        """After the last `restore`: everything is held, and what waited tries again, lest it was just being joined."""
        for row, value in self._records.items():
            told = Kept.of(value).value
            at = DealWord.of(told).at if kind_of(row) == "word" else events.parse(told).time
            self._held.append((at, row))
        heapify(self._held)

    def advance(self, records: Iterable[Record]) -> Joined:
        """Take a batch of this partition's records."""
        out = Joined()
        before, clocked = self._time, False
        batch = list(records)
        # whoever is forgotten behind them is forgotten in them
        tombstones = self._forget((record for record in batch if record.mark == FORGOTTEN_MARK), out)
        for raw in batch:
            self._offset = raw.offset
            if raw.mark == FORGOTTEN_MARK:
                continue
            record = self.forgotten.record(raw) if self.forgotten else raw
            try:
                self._receive(record, out)
                if record.mark in (b"clock", b"reply"):
                    # behind a reply there need be no clock: it comes from another partition of this topic
                    self._take_what_is_due(out)
                clocked |= record.mark == b"clock"
            except ValueError as error:
                self._refuse(record, error, out)
        if self._time is not None and self._time != before:
            clock = Clock(self._time, self.partition, self.partitions)
            out.marks += clock.send("deal_events", range(self.partitions))
            self._clear(self._time, out)
        # a record is let go only when everything that it led to is kept, and the clocks, moved or not, last of all
        out.rows = dict(sorted(out.rows.items(), key=lambda row: row[1] is None)) | tombstones
        if clocked:
            told = {"clocks": self._alignment.to_dict(), "offset": max(self._offset, self._offset_before)}
            out.rows[own_row(self.partition, "clock")] = orjson.dumps(told)
        return out

    def _refuse(self, record: Record, error: ValueError, out: Joined) -> None:
        reason = error.reason if isinstance(error, events.Refused) else "invalid"
        out.refused["unknown", reason] += 1
        out.sends.append(dead_letter(record, reason, str(error), "mail", self.partitions))

    # -- what is no longer kept

    def _clear(self, time: datetime, out: Joined) -> None:
        """Once a day, drop people of whom only deals are known that are closed for long.

        What is told of a closed deal stays: nothing that it says is of a person, and no mail is the deal's any more.
        """
        if self._keep_closed is None or (self._cleared_at is not None and time - self._cleared_at < CLEARED_EVERY):
            return
        self._cleared_at = time
        over = time - self._keep_closed
        deals = self._deals.closed_before(over)
        out.keep(self._contacts.drop(deals) | self._links.drop_people(deals) | self._elsewhere.drop_before(over))

    # -- who is forgotten

    def _forget(self, marks: Iterable[Record], out: Joined) -> dict[str, bytes | None]:
        """Take the word on who is forgotten, and if it is news, go on from the rows without them.

        The rows that say it, to be kept when all else is: who goes on from a part of it reads the word again.
        """
        before = self.forgotten
        for record in marks:
            try:
                tombstone = Tombstone.of(record.value or b"")
            except ValueError as error:
                self._refuse(record, error, out)
                continue
            self.forgotten = self.forgotten.plus(tombstone)
        if self.forgotten is before:
            return {}
        rows = dict(self._rows())
        now = rewritten(rows, self.forgotten)
        if now != rows:
            self._begin()
            for row, value in now.items():
                self.restore(row, value)
            # what waited tries again, as after a takeover
            self.resume()
        out.keep({row: value for row, value in now.items() if rows.get(row) != value})
        out.keep({row: None for row in rows if row not in now})
        return {own_row(self.partition, "forgotten", each.address): each.to_json() for each in self.forgotten}

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        """The rows in which people may stand."""
        yield from self._contacts.rows()
        yield from self._links.rows()
        yield from self._elsewhere.rows()
        yield from self._reports.rows()
        yield from self._records.items()

    @property
    def _time(self) -> datetime | None:
        return self._alignment.time

    # -- what is held

    def _receive(self, record: Record, out: Joined) -> None:
        """Take a mark, or hold a record until its time; `ValueError` if it is none that belongs here."""
        value = record.value or b""
        match record.mark:
            case b"clock":
                clock = Clock.of(value)
                if clock.origins != self.partitions:
                    raise events.Refused("invalid", f"a clock of {clock.origins} streams, there are {self.partitions}")
                self._alignment.advance(clock)
                if clock.origin == self.partition:
                    marks, rows = self._reports.pass_on(clock.at)
                    out.marks += marks
                    out.rows |= rows
            case b"heartbeat":
                out.rows |= self._reports.hear(Report.of(value))
            case b"deal":
                word = DealWord.of(value)
                self._hold(own_row(self.partition, "word", word.deal, name_of(word.event, value)), word.at, value, out)
            case b"further":
                event = record.read()
                if thing_row("", event) is None:
                    raise events.Refused("invalid", f"type: {event.type} is about nothing that others are about")
                row = own_row(self.partition, "further", name_of(event.ref, value))
                self._hold(row, event.time, value, out)
                self._events[row] = event
            case mark:
                event = record.read()
                company = self._company_in(record, event)
                kind = "event" if mark is None else mark.decode()
                companies = _companies_in(record)
                row = row_of(company, kind, name_of(event.ref, value))
                self._hold(row, event.time, value, out, companies)
                self._events[row] = event

    def _company_in(self, record: Record, event: events.Event) -> str:
        """The company at which an event is to be joined."""
        company = (record.key or b"").decode()
        right = partition_of(company.encode(), self.partitions)
        if right != self.partition:
            # it would be in two places, and each would know a half
            raise events.Refused("misrouted", f"{company!r} is of partition {right}, not {self.partition}")
        if not company or SEPARATOR in company or record.mark not in (None, *SEVERAL):
            raise events.Refused("invalid", f"nothing is joined at {company!r} as {record.mark!r}")
        if not isinstance(event, events.ContactChanged) and not thread_rows(company, event):
            raise events.Refused("invalid", f"type: {event.type} is not joined by its people")
        return company

    def _hold(self, row: str, at: datetime, value: bytes, out: Joined, companies: tuple[str, ...] = ()) -> None:
        # what is read again, and is not kept any more, was placed or given up: it is not late
        is_again = 0 <= self._offset <= self._offset_before
        since = at if is_again or self._time is None else max(at, self._time)
        if self._is_new(row, Kept(since, value, companies).to_row(), out):
            heappush(self._held, (at, row))

    def _is_new(self, row: str, value: bytes, out: Joined) -> bool:
        """Keep a record from now on, unless it is kept."""
        if row in self._records:
            return False
        self._records[row] = out.rows[row] = value
        self._kinds[kind_of(row)] += 1
        return True

    def _take_what_is_due(self, out: Joined) -> None:
        if self._time is None:
            return
        while self._held and self._held[0][0] <= self._time:
            at, row = heappop(self._held)
            # whoever waits too long by then does not meet it, though it is all the same batch
            self._give_up_before(at - LONGEST_WAIT, out)
            self._take(row, out)
        self._give_up_before(self._time - LONGEST_WAIT, out)

    def _take(self, row: str, out: Joined) -> None:
        """A record whose time has come."""
        company, value = company_in(row), Kept.of(self._records[row]).value
        if kind_of(row) == "word":
            word = DealWord.of(value)
            kept = self._deals.hear(word)
            out.keep({own_row(self.partition, "deal", deal): known for deal, known in kept.items()})
            self._let_go(row, out)
            self._place_all(map(account_row, word.companies or ()), out)
            return
        event = self._events.pop(row, None) or events.parse(value)
        if isinstance(event, events.ContactChanged):
            contact = row_of(company, "contact", event.data.email)
            out.keep(self._contacts.meet(contact, event.subject or "", event.time))
            self._let_go(row, out)
            self._place_all([contact], out)
            return
        if company and kind_of(row) != "reply" and isinstance(event, events.Email):
            self._look_elsewhere_too(row, event, out)
            return
        if company:
            self._place_or_wait(row, event, out)
            return
        for each in self._companies_with(event):
            beside = row_of(each, "further", name_of(event.ref, value))
            if self._is_new(beside, self._records[row], out):
                self._place_or_wait(beside, event, out)
        self._let_go(row, out)

    def _let_go(self, row: str, out: Joined) -> None:
        del self._records[row]
        self._events.pop(row, None)
        self._line(row).drop(row)
        self._kinds[kind_of(row)] -= 1
        if out.rows.pop(row, None) is None:
            # it was not held in this batch only
            out.rows[row] = None

    def _companies_with(self, event: events.Event) -> list[str]:
        """The companies of this partition at which an earlier word on the same thing was joined, or waits."""
        thing = thing_row("", event) or ""
        joined = self._links.known_before(event.time, thing)
        waiting = [row for line in self._lines for row in line.found_by(thing, before=event.time)]
        return list(dict.fromkeys((*joined, *map(company_in, waiting))))

    # -- at which companies it is looked for

    def _look_elsewhere_too(self, row: str, mail: events.Email, out: Joined) -> None:
        """Place a mail or let it wait; where what it answers was looked for too, it is as well."""
        own, news = self._send_on(row, mail, out)
        if moved := self._moved(row, mail, out):
            self._place_or_wait(moved, mail, out)
        todo = deque([own] if news else [])
        while todo:
            # what was read before that which it answers
            thread = todo.popleft()
            for each in [each for line in self._lines for each in line.found_by(thread)]:
                if each not in self._records:
                    # it had to make way for another of these
                    continue
                told = events.parse(Kept.of(self._records[each]).value)
                if kind_of(each) == "reply" or not isinstance(told, events.Email):
                    continue
                own, news = self._send_on(each, told, out)
                todo += [own] if news else []
                if (moved := self._moved(each, told, out)) and moved != each:
                    self._place_or_wait(moved, told, out)

    def _send_on(self, row: str, mail: events.Email, out: Joined) -> tuple[str, bool]:
        """Send a mail to the companies that are not on it and that what it answers was sent to.

        Its thread, and whether that is others' as well since now.
        """
        company, kept = company_in(row), Kept.of(self._records[row])
        thread, *answered = thread_rows(company, mail)
        before = self._elsewhere.of(elsewhere_of(thread))
        known = (*before, *kept.companies, *self._elsewhere.of_earlier(map(elsewhere_of, answered), mail.time))
        now = [each for each in dict.fromkeys(known) if each != company][:MOST_COMPANIES]
        for each in now:
            if each not in before and each not in kept.companies and not mail.subject:
                key = each.encode()
                out.sends.append(Send("mail", partition_of(key, self.partitions), key, kept.value, REPLY_HEADERS))
        rows = self._elsewhere.spread(elsewhere_of(thread), mail.time, now)
        out.keep(rows)
        return thread, bool(rows)

    def _moved(self, row: str, mail: events.Email, out: Joined) -> str | None:
        """The row of a mail, another one if it turned out to be looked for elsewhere too; None if that is there."""
        company, _, name = row.split(SEPARATOR, 2)
        if kind_of(row) != "event" or not self._elsewhere.of(elsewhere_of(thread_rows(company, mail)[0])):
            return row
        moved = row_of(company, "first", name)
        is_new = self._is_new(moved, self._records[row], out)
        self._let_go(row, out)
        return moved if is_new else None

    # -- whose it is

    def _whose(self, row: str, event: events.Event) -> list[str]:
        company = company_in(row)
        if kind_of(row) == "reply":
            return self._links.answered(thread_rows(company, event))
        return whose(event, company, self._links, self._contacts, self._deals)

    def _place_or_wait(self, row: str, event: events.Event, out: Joined) -> None:
        company = company_in(row)
        if deals := [event.subject] if event.subject else self._whose(row, event):
            self._place_all(self._place(row, event, deals, out), out)
            return
        if _matters_to_nobody(event):
            self._give_up(row, "automatic", out)
            return
        line = self._line(row)
        line.put(row, event.time, Kept.of(self._records[row]).since, _found_by(company, event))
        if len(line) > MOST_WAITING:
            self._give_up(line.oldest[1], "too_many", out)

    def _place(self, row: str, event: events.Event, deals: list[str], out: Joined) -> Iterable[str]:
        """Give a record to its deals; its threads, which lead to them from now on."""
        shared = {SHARED_DEALS: len(deals)} if len(deals) > 1 else {}
        for deal in deals:
            key = deal.encode()
            given = event.model_copy(update={"subject": deal} | shared)
            value = events.to_json(given)
            out.sends.append(Send("deal_events", partition_of(key, self.partitions), key, value, event=given))
        self._let_go(row, out)
        threads = thread_rows(company_in(row), event)
        if kind_of(row) == "reply":
            out.keep(self._links.answer(threads[0], deals))
            return threads[:1]
        out.keep(self._links.place(event.time, threads, deals))
        return threads

    def _place_all(self, found: Iterable[str], out: Joined) -> None:
        """Place what waited for these rows, and what waited for its threads in turn."""
        # a row, not a recursion: it can be long
        todo = deque(found)
        while todo:
            each = todo.popleft()
            for row in [row for line in self._lines for row in line.found_by(each)]:
                event = events.parse(Kept.of(self._records[row]).value)
                if deals := self._whose(row, event):
                    todo += self._place(row, event, deals, out)

    # -- what is given up

    def _line(self, row: str) -> Waiting:
        return self._waiting if kind_of(row) == "event" else self._waiting_elsewhere_too

    def _give_up(self, row: str, reason: str, out: Joined) -> None:
        kind = kind_of(row)
        if kind in ("event", "first"):
            out.given_up[reason if kind == "event" else "several_companies"] += 1
        self._let_go(row, out)

    def _give_up_before(self, moment: datetime, out: Joined) -> None:
        for line in self._lines:
            while line and line.oldest[0] < moment:
                self._give_up(line.oldest[1], "too_old", out)


def _companies_in(record: Record) -> tuple[str, ...]:
    """The companies that a mail to several was sent to."""
    try:
        return tuple(map(str, orjson.loads(record.header(COMPANIES) or b"[]")))
    except (TypeError, ValueError) as error:
        raise events.Refused("invalid", f"{COMPANIES}: {error}") from None


def _matters_to_nobody(event: events.Event) -> bool:
    """Whether a machine wrote a mail that says nothing for any deal, as a note on somebody's absence would."""
    return isinstance(event, events.Email) and bool(event.data.automatic) and event.data.returns_on is None


def _found_by(company: str, event: events.Event) -> list[str]:
    """The rows by any of which the deal of an activity, or of a further word on it, can be found."""
    rows = [*thread_rows(company, event), *contact_rows(company, event), account_row(company)]
    thing = thing_row("", event)
    return rows if thing is None else [*rows, thing]

"""Whose mail is it? Activities carry people, not deals; here they find their deals.

Everything about the people of one mail domain meets in one partition: their contacts, their threads, and the
activities that wait for them. So the join works with any number of workers. It happens in order of event time: a
record is held until the partition's time has reached it, because only then is everything known that came before it. A
deal takes the same event once, so saying it twice does no harm.

Whose it is: a mail belongs to the deals of its thread; without one, to the deals whose contacts are on it. People begin
anew in old threads: once all deals of a thread were won or lost, a mail goes to the deals of the contacts as well, and
the thread is theirs from then on. Several are all given it, closed ones too, which does them no harm. (A deal that is
opened again keeps its thread, and shares it.)

What finds no deal waits, bounded in number and age, and is joined when the contact or the thread appears. A mail to
several companies is looked for at each of them. Where it still waits, another may long have joined it: so it takes no
place of those that wait at a single company, and is not counted with them.
"""

from bisect import bisect_left, insort
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

import orjson

from detectors.core import events
from detectors.core.addresses import domain_of
from detectors.core.log import thread_key

from .alignment import Alignment
from .coverage import Report
from .wire import HEARTBEAT_HEADERS, Clock, Record, Send, partition_of

MOST_WAITING = 20_000
MOST_THREADS = 200_000
MOST_CLOSED = 100_000
MOST_REPORTS = 10_000
# of somebody who is on more deals than this, a mail says little of any
MOST_DEALS = 100
LONGEST_WAIT = timedelta(days=45)
_SEPARATOR = "\x00"


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


class Directory:
    """One partition's contacts and threads, and the records that are held or wait.

    Rows begin with the mail domain; those of the partition itself with none, and then name it.
    """

    def __init__(self, partition: int, partitions: int) -> None:
        self.partition = partition
        self.partitions = partitions
        self._alignment = Alignment()
        self._deals: dict[str, list[str]] = {}
        self._threads: dict[str, None] = {}
        self._closed: dict[str, datetime] = {}
        self._reports: dict[str, Report] = {}
        self._events: dict[str, bytes] = {}
        self._shared: set[str] = set()
        self._held: list[tuple[datetime, str]] = []
        self._waiting: list[tuple[datetime, str]] = []
        self._waiting_shared: list[tuple[datetime, str]] = []
        self._waits_for: defaultdict[str, dict[str, None]] = defaultdict(dict)

    @property
    def waiting(self) -> int:
        """How many records are held or wait, apart from those that may be joined elsewhere."""
        return len(self._events) - len(self._shared)

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        match _kind(row):
            case "clock":
                self._alignment = Alignment.of(orjson.loads(value), self.partitions)
            case "closed":
                self._closed[row] = datetime.fromisoformat(value.decode())
            case "report":
                self._reports[row] = Report.of(value)
            case "event" | "shared":
                self._keep(row, value)
            case _:
                self._put(row, orjson.loads(value))

    def resume(self) -> None:
        """After the last `restore`: everything is held, and what waited tries again, lest it was just being joined."""
        self._held = [(events.parse(value).time, row) for row, value in self._events.items()]
        heapify(self._held)

    def advance(self, records: Iterable[Record]) -> Joined:
        """Take a batch of this partition's records."""
        out = Joined()
        moved = clocked = False
        for record in records:
            if record.mark == b"clock":
                clock = Clock.of(record.value or b"")
                moved |= self._alignment.advance(clock)
                clocked = True
                if clock.origin == self.partition:
                    self._pass_reports_on(clock.at, out)
            elif record.mark == b"heartbeat":
                self._report(Report.of(record.value or b""), out)
            elif record.mark == b"closed":
                self._close((record.key or b"").decode(), record.value or b"", out)
            else:
                self._hold(record, out)
        while self._held and self._time is not None and self._held[0][0] <= self._time:
            _, row = heappop(self._held)
            self._take(row, events.parse(self._events[row]), out)
        if moved and self._time is not None:
            self._give_up_before(self._time - LONGEST_WAIT, out)
            clock = Clock(self._time, self.partition, self.partitions)
            out.marks += clock.send("deal_events", range(self.partitions))
        # an event is let go only when everything that it led to is kept, and the clocks, moved or not, last of all
        out.rows = dict(sorted(out.rows.items(), key=lambda row: row[1] is None))
        if clocked:
            out.rows[self._own_row("clock")] = orjson.dumps(self._alignment.to_dict())
        return out

    @property
    def _time(self) -> datetime | None:
        return self._alignment.time

    def _hold(self, record: Record, out: Joined) -> None:
        value = record.value or b""
        event = events.parse(value)
        kind = "shared" if record.mark == b"shared" else "event"
        row = _row((record.key or b"").decode(), kind, event.ref)
        if row not in self._events:
            self._keep(row, value)
            out.rows[row] = value
            heappush(self._held, (event.time, row))

    def _keep(self, row: str, value: bytes) -> None:
        self._events[row] = value
        if _kind(row) == "shared":
            self._shared.add(row)

    def _close(self, deal: str, at: bytes, out: Joined) -> None:
        """A deal was won or lost; the first time counts, whichever is told first."""
        row, moment = self._own_row("closed", deal), datetime.fromisoformat(at.decode())
        known = self._closed.get(row)
        if known is None or moment < known:
            self._closed[row] = moment
            out.rows[row] = at
        while len(self._closed) > MOST_CLOSED:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            out.rows[oldest] = None

    def _report(self, report: Report, out: Joined) -> None:
        """A source has reported: of each, what it said last waits for the clock behind it."""
        row = self._own_row("report", _SEPARATOR.join(map(str, report.key)))
        if row in self._reports or len(self._reports) < MOST_REPORTS:
            known = self._reports.get(row, report)
            self._reports[row] = known.plus(report)
            out.rows[row] = self._reports[row].to_json()

    def _pass_reports_on(self, due: datetime, out: Joined) -> None:
        for row, report in self._reports.items():
            value = replace(report, due=due).to_json()
            out.marks += [
                Send("deal_events", number, None, value, HEARTBEAT_HEADERS) for number in range(self.partitions)
            ]
            out.rows[row] = None
        self._reports.clear()

    def _own_row(self, kind: str, name: str = "") -> str:
        return _row("", kind, f"{self.partition}{_SEPARATOR}{name}")

    def _take(self, row: str, event: events.Event, out: Joined) -> None:
        """A record whose time has come."""
        domain = _domain(row)
        if event.subject is None:
            self._place(row, event, out)
            return
        self._forget(row, event, out)
        if isinstance(event, events.ContactChanged):
            self._link([_row(domain, "contact", event.data.email)], [event.subject], out)
        else:
            self._give(event, [event.subject], out)
            self._link(_thread_rows(domain, event), [event.subject], out)

    def _give(self, event: events.Event, deals: list[str], out: Joined) -> None:
        for deal in deals:
            key = deal.encode()
            value = events.to_json(event.model_copy(update={"subject": deal}))
            out.sends.append(Send("deal_events", partition_of(key, self.partitions), key, value))

    def _place(self, row: str, event: events.Event, out: Joined) -> None:
        """Give an activity to its deals, or let it wait for them."""
        deals = self._deals_of(_domain(row), event)
        if not deals:
            self._wait(row, event)
            if len(line := self._line(row)) > MOST_WAITING:
                self._give_up(line[0][1], "too_many", out)
            return
        self._give(event, deals, out)
        self._forget(row, event, out)
        self._link(_thread_rows(_domain(row), event), deals, out)

    def _deals_of(self, domain: str, event: events.Event) -> list[str]:
        threads = _thread_rows(domain, event)
        if went_to := self._found(threads[:1]):
            # it was here before: new deals of its people are none of its
            return went_to
        deals = self._found(threads)
        if all(self._was_closed(deal, event.time) for deal in deals):
            deals += [each for each in self._found(_contact_rows(domain, event)) if each not in deals]
        return deals

    def _was_closed(self, deal: str, moment: datetime) -> bool:
        at = self._closed.get(self._own_row("closed", deal))
        return at is not None and at <= moment

    def _found(self, rows: list[str]) -> list[str]:
        return list(dict.fromkeys(deal for row in rows for deal in self._deals.get(row, ())))

    def _link(self, rows: list[str], deals: list[str], out: Joined) -> None:
        """From now on what concerns these rows belongs to these deals; what waited for it is placed."""
        # a mail that waited has a thread, for which others may have waited: a row, not a recursion, it can be long
        todo = deque(rows)
        while todo:
            row = todo.popleft()
            known = self._deals.get(row, [])
            news = [deal for deal in deals if deal not in known]
            if not news:
                continue
            self._put(row, (known + news)[-MOST_DEALS:])
            out.rows.pop(row, None)  # rows stand in the order of their last change
            out.rows[row] = orjson.dumps(self._deals[row])
            for waiting in list(self._waits_for.get(row, ())):
                event = events.parse(self._events[waiting])
                self._give(event, deals, out)
                self._forget(waiting, event, out)
                todo += _thread_rows(_domain(waiting), event)
        while len(self._threads) > MOST_THREADS:
            oldest = next(iter(self._threads))
            del self._deals[oldest], self._threads[oldest]
            out.rows[oldest] = None

    def _put(self, row: str, deals: list[str]) -> None:
        if _kind(row) == "thread":
            self._threads[row] = None
        self._deals[row] = deals

    def _wait(self, row: str, event: events.Event) -> None:
        insort(self._line(row), (event.time, row))
        for each in _thread_rows(_domain(row), event) + _contact_rows(_domain(row), event):
            self._waits_for[each][row] = None

    def _line(self, row: str) -> list[tuple[datetime, str]]:
        return self._waiting_shared if row in self._shared else self._waiting

    def _forget(self, row: str, event: events.Event, out: Joined) -> None:
        line = self._line(row)
        at = bisect_left(line, (event.time, row))
        if line[at : at + 1] == [(event.time, row)]:
            del line[at]
        del self._events[row]
        self._shared.discard(row)
        out.rows[row] = None
        for each in _thread_rows(_domain(row), event) + _contact_rows(_domain(row), event):
            rest = self._waits_for.get(each)
            if rest is not None:
                rest.pop(row, None)
                if not rest:
                    del self._waits_for[each]

    def _give_up(self, row: str, reason: str, out: Joined) -> None:
        if row not in self._shared:
            out.given_up[reason] += 1
        self._forget(row, events.parse(self._events[row]), out)

    def _give_up_before(self, moment: datetime, out: Joined) -> None:
        for line in (self._waiting, self._waiting_shared):
            while line and line[0][0] < moment:
                self._give_up(line[0][1], "too_old", out)


def _row(domain: str, kind: str, name: str) -> str:
    return _SEPARATOR.join((domain, kind, name))


def _kind(row: str) -> str:
    return row.split(_SEPARATOR, 2)[1]


def _domain(row: str) -> str:
    return row.split(_SEPARATOR, 1)[0]


def partition_of_row(row: str, partitions: int) -> int:
    """The partition that a row of the table belongs to."""
    domain, _, name = row.split(_SEPARATOR, 2)
    return partition_of(domain.encode(), partitions) if domain else int(name.partition(_SEPARATOR)[0])


def _contact_rows(domain: str, event: events.Event) -> list[str]:
    return [_row(domain, "contact", each) for each in events.people_on(event) if domain_of(each) == domain]


def _thread_rows(domain: str, event: events.Event) -> list[str]:
    if not isinstance(event, events.Email):
        # so that it goes to the same deals when it comes again, even if its people have more of them by then
        return [_row(domain, "thread", thread_key(event.ref))]
    mail = event.data
    references = mail.references or ()
    ids = dict.fromkeys((mail.message_id, mail.in_reply_to or "", *references[:1], *references[-1:]))
    return [_row(domain, "thread", thread_key(each)) for each in ids if each.strip()]

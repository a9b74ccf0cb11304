"""The inbox: every record is accepted, refused with a reason, or is a mark. A pure function of the records.

An event that names its deal goes to the deal's partition. Mails, activities that name none, and contacts, by which
their deals are found, go by the company of the buyer's people to where they are joined to deals. There it matters, too,
whether a deal is open, and which companies its account is: nobody knows yet for whose mail, so all are told.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from detectors.core import events
from detectors.core.addresses import domain_of
from detectors.core.rules import Rules

from .dead_letters import dead_letter, source_of
from .forgetting import NOBODY, Forgotten, Tombstone
from .join.companies import MOST_COMPANIES, are_ours, company_of
from .join.deal_words import DealWord
from .monitor.coverage import Key, Report
from .wire import (
    COMPANIES,
    DEAL_HEADERS,
    FIRST_HEADERS,
    FURTHER_HEADERS,
    HEARTBEAT_HEADERS,
    SHARED_DEALS,
    SHARED_HEADERS,
    Clock,
    Record,
    Send,
    partition_of,
)

ACTIVITIES = (events.Email, events.Meeting, events.Call, events.Document)


@dataclass
class Ingested:
    """What a batch of the inbox came to: records to write, the marks that must stand behind them, and counts."""

    sends: list[Send] = field(default_factory=list)
    marks: list[Send] = field(default_factory=list)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    clamped: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unjoined: Counter[str] = field(default_factory=Counter)
    newest: datetime | None = None
    watermarks: dict[str, datetime] = field(default_factory=dict)

    def report(self, partition: int, told: Iterable[events.Event], now: datetime) -> None:
        """Write on how far the sources of these events of one partition have come."""
        reports: dict[Key, Report] = {}
        for event in told:
            report = Report.by(event, now)
            reports[report.key] = reports.get(report.key, report).plus(report)
        for report in reports.values():
            self.watermarks[report.source] = max(report.through, self.watermarks.get(report.source, report.through))
            self.marks.append(Send("mail", partition, None, report.to_json(), HEARTBEAT_HEADERS))


def ingest(
    records: Iterable[Record], rules: Rules, partitions: int, now: datetime, forgotten: Forgotten = NOBODY
) -> Ingested:
    """Take a batch of inbox records; `now` is the receiver's clock, against which times ahead are judged.

    Who is `forgotten` is named in nothing that comes out.
    """
    out = Ingested()
    forgotten = forgotten or Forgotten((), partitions)
    clocks: dict[int, Clock] = {}
    newest: defaultdict[int, dict[str, events.Event]] = defaultdict(dict)
    for raw in records:
        record = forgotten.record(raw) if forgotten else raw
        if record.mark == b"clock":
            try:
                clock = _clock(record, partitions, now)
            except events.Refused as refusal:
                out.refused["unknown", refusal.reason] += 1
                out.sends.append(dead_letter(record, refusal.reason, str(refusal), "inbox", partitions))
                continue
            known = clocks.setdefault(record.partition, clock)
            clocks[record.partition] = max(known, clock, key=lambda each: each.at)
            # a report stands before the clock behind it: it counts when that has been reached
            out.report(record.partition, newest.pop(record.partition, {}).values(), now)
            continue
        try:
            event, value, was_clamped = _taken(record, now)
        except events.Refused as refusal:
            out.refused[source_of(record.value), refusal.reason] += 1
            out.sends.append(dead_letter(record, refusal.reason, str(refusal), "inbox", partitions))
            continue
        out.accepted[event.source, event.type] += 1
        out.clamped[event.source] += was_clamped
        if isinstance(event, events.Forgotten):
            # nothing of what it reports is anybody's activity, and it moves no time
            tombstone = Tombstone.by(event)
            forgotten = forgotten.plus(tombstone)
            out.sends += tombstone.marks("deal_events", partitions)
            # whoever knows of it by the join changes what comes from then on: the deals must know before
            out.marks += tombstone.marks("mail", partitions)
            continue
        if not was_clamped:
            out.newest = max(out.newest or event.time, event.time)
        _hear(newest[record.partition], event)
        if isinstance(event, events.Heartbeat):
            continue
        joins = _for_the_join(event, value, rules, partitions, out)
        # a mail that names its deal takes the same way as the others, so that no reply overtakes what it answers
        if event.subject is not None and not (joins and isinstance(event, events.Email)):
            key = event.subject.encode()
            out.sends.append(Send("deal_events", partition_of(key, partitions), key, value, event=event))
            if isinstance(event, events.DealChanged) and (word := DealWord.by(event, rules.organization.domains)):
                told = word.to_json()
                out.sends += [Send("mail", number, key, told, DEAL_HEADERS) for number in range(partitions)]
        out.sends += joins
    for clock in clocks.values():
        out.marks += clock.send("mail", range(partitions))
    for number, heard in newest.items():
        out.report(number, heard.values(), now)
    return out


def _hear(told: dict[str, events.Event], event: events.Event) -> None:
    """Keep the newest event of each type of a source, and every heartbeat, of whichever mailbox."""
    about = f"{event.source}\x00{event.type}"
    if isinstance(event, events.Heartbeat):
        about = f"{about}\x00{event.id}"
    known = told.get(about)
    if known is None or (known.time, known.id) < (event.time, event.id):
        told[about] = event


def _clock(record: Record, partitions: int, now: datetime) -> Clock:
    """The clock in a record: it says how far the record's own partition of the inbox has come."""
    try:
        at = Clock.of(record.value or b"").at
    except ValueError as error:
        raise events.Refused("not_json", str(error)) from None
    if at > now + events.MAX_AHEAD:
        # time never goes back: one such clock would open every deadline for good
        raise events.Refused("time", f"a clock of {at.isoformat()} lies more than a day ahead of {now.isoformat()}")
    return Clock(at, record.partition, partitions)


def _taken(record: Record, now: datetime) -> tuple[events.Event, bytes, bool]:
    """The event in a record, as it is written on, and whether its time was set back to `now`."""
    event, was_clamped = events.clamp(events.parse(record.value or b""), now)
    # ours to say, and not of what was said when this event was joined before
    (event.model_extra or {}).pop(SHARED_DEALS, None)
    value = events.to_json(event)
    if len(value) > events.MAX_BYTES:
        # 1e9 comes out as 1000000000.0
        raise events.Refused("too_large", f"{len(value):,} bytes written out, at most {events.MAX_BYTES:,} are taken")
    return event, value, was_clamped


def _for_the_join(event: events.Event, value: bytes, rules: Rules, partitions: int, out: Ingested) -> list[Send]:
    if isinstance(event, events.ContactChanged):
        people = [event.data.email]
    elif isinstance(event, ACTIVITIES):
        if event.subject is not None and not isinstance(event, events.Email):
            return []
        people = list(events.people_on(event))
    else:
        return []
    ours = rules.organization.domains
    theirs = dict.fromkeys(company_of(person) for person in people if not are_ours(domain_of(person), ours))
    if len(theirs) > MOST_COMPANIES:
        out.unjoined["too_many_companies"] += 1
    # whose mail it is, is told by who writes and is written to rather than by who has a copy
    companies = list(theirs)[:MOST_COMPANIES]
    if not companies and event.subject is None:
        if _names_nobody(event):
            # where an earlier word on the same thing was joined, or waits, it is joined as well; here nobody knows
            out.unjoined["nobody"] += 1
            return [Send("mail", number, None, value, FURTHER_HEADERS, event) for number in range(partitions)]
        out.unjoined["internal" if people else "nobody"] += 1
    names = [company.encode() for company in companies]
    all_of_them = ((COMPANIES, orjson.dumps(companies)),)
    headers = [FIRST_HEADERS, *[SHARED_HEADERS] * (len(names) - 1)] if len(names) > 1 else [()]
    return [
        Send("mail", partition_of(name, partitions), name, value, (*mark, *all_of_them) if mark else (), event)
        for name, mark in zip(names, headers, strict=False)
    ]


def _names_nobody(event: events.Event) -> bool:
    """Whether an activity leaves out with whom it is: then it says no more than that it goes on."""
    match event:
        case events.Meeting(data=meeting):
            return "attendees" not in meeting.model_fields_set
        case events.Call(data=call):
            return "with_" not in call.model_fields_set
        case events.Document(data=document):
            return "to" not in document.model_fields_set
        case _:
            return False

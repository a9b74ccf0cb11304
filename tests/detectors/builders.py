"""Deals that read like sales: `deal(entered("Proposal", day=0), inbound(day=1), reply(day=2))`.

Days are counted from one fixed Monday, so 5 and 6 are a weekend; the hour is nine o'clock UTC unless another is given.
Every builder makes a real event of the contract, from JSON. An event is named by what it is and its day:
`gmail/inbound-1`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from detectors.core import events
from detectors.core.assessment import Watched, assess
from detectors.core.breach import Breach, Finding
from detectors.core.deal import Deal
from detectors.core.events import Event
from detectors.core.registry import catalogue
from detectors.core.rules import Rules

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DEAL = "D-1"
REP = "rep@us.example"
BUYER = "buyer@them.example"
COLLEAGUE = "colleague@us.example"
STAGES = ["Discovery", "Demo", "Proposal", "Negotiation"]
RULES = Rules.of({"organization": {"domains": ["us.example"]}, "pipelines": {"default": {"stages": STAGES}}})


def at(day: float, hour: int = 9, minute: int = 0) -> datetime:
    """A moment, counted from the first Monday."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def on(day: int) -> str:
    """A date, counted from the first Monday."""
    return (MONDAY.date() + timedelta(days=day)).isoformat()


def end_of(day: int) -> datetime:
    """The last moment of a day in UTC."""
    return at(day + 1, hour=0) - TICK


def event(
    source: str, name: str, kind: str, moment: datetime, deal_id: str | None = DEAL, /, **fields: object
) -> Event:
    """Any event of the contract."""
    told = {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": kind,
        "time": moment.isoformat(),
        "data": fields,
    }
    return events.parse(json.dumps(told if deal_id is None else told | {"subject": deal_id}, default=str).encode())


def in_bulk(told: Event) -> Event:
    """The same, written by an import or an edit of many deals at once."""
    return events.parse(json.dumps(json.loads(events.to_json(told)) | {"bulk": True}).encode())


def _name(word: str, day: float, hour: int = 9, minute: int = 0) -> str:
    clock = "" if (hour, minute) == (9, 0) else f"-{hour:02}{minute:02}"
    return f"{word}-{day:g}{clock}"


# -- what the CRM says


def changed(day: float, hour: int = 9, event_id: str | None = None, **fields: object) -> Event:
    """Fields of the deal changed."""
    return event("crm", event_id or _name("change", day, hour), "crm.deal.changed", at(day, hour), **fields)


def created(day: float = 0, **fields: object) -> Event:
    """The CRM's first word of the deal."""
    return changed(day, event_id=_name("created", day), **{"owner": REP, **fields})


def entered(stage: str | None, day: float, hour: int = 9, **fields: object) -> Event:
    """A stage was entered; on a deal that the CRM had not told of before, it also creates it."""
    return changed(day, hour, _name("stage", day, hour), owner=REP, stage=stage, **fields)


def dated(close: int | None, day: float, hour: int = 9) -> Event:
    """The close date was set to a day, or taken away."""
    return changed(day, hour, _name("date", day, hour), close_date=None if close is None else on(close))


def won(day: float) -> Event:
    """The deal was won."""
    return changed(day, event_id=_name("won", day), status="won")


def lost(day: float) -> Event:
    """The deal was lost."""
    return changed(day, event_id=_name("lost", day), status="lost")


def reopened(day: float) -> Event:
    """The deal was taken up again."""
    return changed(day, event_id=_name("reopened", day), status="open")


def next_step(planned: int | None, day: float, hour: int = 9) -> Event:
    """The next step was dated, or its date taken away."""
    return changed(day, hour, _name("next-step", day, hour), next_step_date=None if planned is None else on(planned))


def paused(until: int | None, day: float) -> Event:
    """The deal was paused until a day, or taken up."""
    return changed(day, event_id=_name("pause", day), paused_until=None if until is None else on(until))


def person(email: str, day: float = 0, **fields: object) -> Event:
    """The CRM's word on a person of the buyer."""
    return event(
        "crm", _name(f"person-{email.partition('@')[0]}", day), "crm.contact.changed", at(day), email=email, **fields
    )


def milestone(day: float, name: str = "security review", hour: int = 9, **fields: object) -> Event:
    """A milestone of the close plan changed."""
    return event(
        "crm", _name("milestone", day, hour), "crm.milestone.changed", at(day, hour), milestone_id=name, **fields
    )


# -- mail


@dataclass(frozen=True)
class Answer:
    """A mail that answers the newest earlier one from the other side, whatever else is told."""

    mail: Event
    inbound: bool


def mail(
    sender: str,
    to: str | list[str],
    day: float,
    hour: int = 9,
    minute: int = 0,
    *,
    event_id: str | None = None,
    word: str = "mail",
    answers: Event | None = None,
    deal_id: str | None = DEAL,
    **fields: object,
) -> Event:
    """A mail from anybody to anybody."""
    named = event_id or _name(word, day, hour, minute)
    fields = {"message_id": f"<{named}@mail.example>", "from": sender, "subject": "pricing", **fields}
    fields["to"] = [to] if isinstance(to, str) else to
    if answers is not None:
        fields["in_reply_to"] = _message_id(answers)
    return event("gmail", named, "activity.email", at(day, hour, minute), deal_id, **fields)


def inbound(day: float, hour: int = 9, minute: int = 0, sender: str = BUYER, to: str = REP, **fields: object) -> Event:
    """The buyer writes."""
    return mail(sender, to, day, hour, minute, word="inbound", **fields)  # type: ignore[arg-type]


def outbound(day: float, hour: int = 9, minute: int = 0, to: str = BUYER, **fields: object) -> Event:
    """We write, in a thread of our own."""
    return mail(REP, to, day, hour, minute, word="outbound", **fields)  # type: ignore[arg-type]


def reply(day: float, hour: int = 9, minute: int = 0, to: str = BUYER, **fields: object) -> Answer:
    """We answer the buyer's newest mail."""
    return Answer(mail(REP, to, day, hour, minute, word="reply", **fields), inbound=False)  # type: ignore[arg-type]


def answer(day: float, hour: int = 9, minute: int = 0, sender: str = BUYER, **fields: object) -> Answer:
    """The buyer answers our newest mail."""
    return Answer(mail(sender, REP, day, hour, minute, word="answer", **fields), inbound=True)  # type: ignore[arg-type]


def away(day: float, until: int | None = None, sender: str = BUYER) -> Event:
    """The buyer's mailbox answers by itself: out of office."""
    return mail(sender, REP, day, word="away", automatic=True, returns_on=None if until is None else on(until))


def _message_id(told: Event) -> str:
    assert isinstance(told, events.Email)
    return told.data.message_id


# -- meetings, calls, documents


def _meeting(status: str, day: float, hour: int, name: str, fields: dict[str, object]) -> Event:
    fields = {"organizer": REP, "attendees": [REP, BUYER], **fields}
    return event(
        "calendar",
        _name(status, day, hour),
        "activity.meeting",
        at(day, hour),
        meeting_id=name,
        status=status,
        **fields,
    )


def word(status: str, day: float, name: str = "demo", hour: int = 9, **fields: object) -> Event:
    """A word on a meeting that says no more of it than is given."""
    told = {"meeting_id": name, "status": status, **fields}
    return event("calendar", _name(f"word-{status}", day, hour), "activity.meeting", at(day, hour), **told)


def booked(day: float, starts: float, name: str = "demo", hour: int = 9, **fields: object) -> Event:
    """A meeting was booked for nine o'clock of a day."""
    return _meeting("booked", day, hour, name, {"starts_at": at(starts).isoformat(), **fields})


def held(day: float, name: str = "demo", hour: int = 9, **fields: object) -> Event:
    """A meeting took place."""
    return _meeting("held", day, hour, name, fields)


def cancelled(day: float, name: str = "demo", hour: int = 9, **fields: object) -> Event:
    """A meeting was called off."""
    return _meeting("cancelled", day, hour, name, fields)


def no_show(day: float, name: str = "demo", hour: int = 9, **fields: object) -> Event:
    """The buyer did not come."""
    return _meeting("no_show", day, hour, name, fields)


def call(
    day: float, hour: int = 9, *, to: str = BUYER, direction: str = "outbound", connected: bool | None = None
) -> Event:
    """A telephone call."""
    fields = {"direction": direction, "with": [to]} | ({} if connected is None else {"connected": connected})
    name = _name("call", day, hour)
    return event("phone", name, "activity.call", at(day, hour), call_id=name, **fields)


def document(day: float, status: str = "sent", kind: str = "proposal", name: str = "offer", hour: int = 9) -> Event:
    """A document on its way."""
    return event(
        "docs",
        _name(f"{kind}-{status}", day, hour),
        "activity.document",
        at(day, hour),
        document_id=name,
        kind=kind,
        status=status,
        to=[BUYER],
    )


# -- whole deals


def told(*parts: Event | Answer) -> list[Event]:
    """The events in the order given, answers joined to what they answer."""
    mails = [part.mail if isinstance(part, Answer) else part for part in parts]
    found = [_joined(part, mails) if isinstance(part, Answer) else part for part in parts]
    by_ref: dict[str, Event] = {}
    for each in found:
        assert by_ref.setdefault(each.ref, each) == each, f"two different events are named {each.ref}; give one an hour"
    return found


def _joined(part: Answer, mails: Iterable[Event]) -> Event:
    others = [
        each
        for each in mails
        if isinstance(each, events.Email)
        and each.time <= part.mail.time
        and not each.data.automatic
        and each.data.sender.endswith("@us.example") == part.inbound
    ]
    assert others, f"{part.mail.ref} answers nothing"
    answered = max(others, key=lambda each: each.time)
    raw = json.loads(events.to_json(part.mail))
    raw["data"]["in_reply_to"] = _message_id(answered)
    return events.parse(json.dumps(raw).encode())


def deal(*parts: Event | Answer, rules: Rules = RULES) -> Deal:
    """A deal with this history."""
    found = Deal(DEAL, rules)
    for each in told(*parts):
        found = found.apply(each)
    return found


def watched(*parts: Event | Answer, rules: Rules = RULES) -> Watched:
    """The same under watch, with its past."""
    found = Watched(Deal(DEAL, rules))
    for each in told(*parts):
        found = found.apply(each)
    return found


def breach(detector: str, *parts: Event | Answer, rules: Rules = RULES) -> Breach | None:
    """What one detector says of a deal with this history."""
    return assess(deal(*parts, rules=rules)).get(detector)


def findings(detector: str, *parts: Event | Answer, day: float, rules: Rules = RULES) -> list[Finding]:
    """Everything that is told of one detector at nine o'clock of a day: past, open and ahead."""
    answered = watched(*parts, rules=rules).answer(at(day))
    return [finding for finding in answered if finding.detector == detector]


def rules_for(**organization: object) -> Rules:
    """Rules of an organization elsewhere."""
    return Rules.of(
        {"organization": {"domains": ["us.example"], **organization}, "pipelines": {"default": {"stages": STAGES}}}
    )


def as_date(day: int) -> date:
    """A date as Python has it."""
    return date.fromisoformat(on(day))


def only(*detectors: str) -> Rules:
    """The rules, with no other detectors than these in force."""
    off = sorted(set(catalogue()) - set(detectors))
    return Rules.of({**RULES.file.model_dump(exclude_unset=True), "overrides": [{"when": {}, "disable": off}]})

"""The exchange of a deal as a list: us on one side, them on the other, and what the CRM was told between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

from detectors.core.conversation import Touch
from detectors.core.deal import Deal
from detectors.core.log import (
    DealEntry,
    DocumentEntry,
    Entry,
    FeedbackEntry,
    MailEntry,
    MeetingEntry,
    MilestoneEntry,
    PersonEntry,
)
from detectors.core.words import count_of

from .formats import amount, anchor, moment, short_title

GAP = timedelta(days=10)

Side = Literal["us", "them", "both", "record"]

_FIRST = ("status", "stage", "close_date", "amount", "owner")
_UNSAID = {"currency", "account.id", "account.domains", "next_step_date", "paused_reason"}


@dataclass(frozen=True)
class Item:
    """One event in words; `side` says whose it is. `evidence_of` names the open findings that quote it."""

    at: datetime
    event: str
    side: Side
    what: str
    text: str = ""
    people: tuple[str, ...] = ()
    is_reply: bool = False
    evidence_of: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The name of its place on the page."""
        return anchor(self.event)

    @property
    def preposition(self) -> str:
        """How its people took part."""
        return {"us": "to", "them": "from"}.get(self.side, "with") if self.what == "Mail" else "with"


@dataclass(frozen=True)
class Silence:
    """A while without a touch, before the items that stand above it."""

    length: timedelta
    goes_on: bool = False

    @property
    def words(self) -> str:
        """Its length in words."""
        return count_of(self.length.days, "day") + " without a touch" + (", up to now" if self.goes_on else "")


@dataclass(frozen=True)
class Month:
    """The items of a month, the newest first, with the silences between them."""

    start: date
    items: tuple[Item | Silence, ...]

    @property
    def title(self) -> str:
        """June 2026, in English whatever the locale is."""
        names = "January February March April May June July August September October November December".split()
        return f"{names[self.start.month - 1]} {self.start.year}"


def months(deal: Deal, as_of: datetime, evidence: dict[str, tuple[str, ...]]) -> list[Month]:
    """Everything that is known to have happened, the newest month first; `evidence` names findings by event."""
    told = sorted(items(deal, evidence), key=lambda item: (item.at.timestamp(), item.event))
    listed: list[tuple[date, Item | Silence]] = []
    touched: datetime | None = None
    touches = {touch.event for touch in deal.touches}
    for item in told:
        if item.event in touches:
            if touched is not None and item.at - touched >= GAP:
                # before what the CRM was told meanwhile would be as right; here the eye finds it next to the touch
                listed.append((item.at.date().replace(day=1), Silence(item.at - touched)))
            touched = item.at
        listed.append((item.at.date().replace(day=1), item))
    if deal.is_open and touched is not None and as_of - touched >= GAP:
        now = max(deal.calendar.local(as_of).date().replace(day=1), listed[-1][0])
        listed.append((now, Silence(as_of - touched, goes_on=True)))
    listed.reverse()
    return [
        Month(start, tuple(each for _, each in group)) for start, group in groupby(listed, key=lambda pair: pair[0])
    ]


def items(deal: Deal, evidence: dict[str, tuple[str, ...]]) -> Iterator[Item]:
    """Every event that says something to a reader, in no order. Times are on the owner's clock."""
    local = deal.calendar.local
    touches = {touch.event: touch for touch in deal.touches}
    for touch in touches.values():
        yield _touch(touch, local(touch.at), evidence.get(touch.event, ()))
    for (at, event), changes in _deal_changes(deal).items():
        yield Item(local(at), event, "record", *changes, evidence_of=evidence.get(event, ()))
    for entry in deal.log:
        if entry.event not in touches:
            side, what, text = _entry(entry, deal)
            if what:
                people = _others(entry, deal)
                marks = evidence.get(entry.event, ())
                yield Item(local(entry.at), entry.event, side, what, text, people, evidence_of=marks)


def _touch(touch: Touch, at: datetime, evidence_of: tuple[str, ...]) -> Item:
    side: Side = {"inbound": "them", "outbound": "us", "both": "both"}[touch.direction]  # type: ignore[assignment]
    match touch.kind:
        case "meeting":
            what = "Meeting held"
        case "call":
            what = "Call" if touch.two_way else "Call, not answered"
        case _:
            what = "Mail"
    text = (touch.subject or "(no subject)") if touch.kind == "mail" else ""
    return Item(at, touch.event, side, what, text, touch.people, touch.is_reply, evidence_of)


def _deal_changes(deal: Deal) -> dict[tuple[datetime, str], tuple[str, str]]:
    """What each event changed, in words: a heading and the rest."""
    entries = [entry for entry in deal.log if isinstance(entry, DealEntry)]
    names = {name for entry in entries for name in entry.fields} | set(deal.earlier.facts)
    told: dict[tuple[datetime, str], list[tuple[int, str, str]]] = {}
    began = (deal.created.at, deal.created.event)
    if entries or deal.earlier.created is not None:
        told[began] = []
    for name in names - _UNSAID:
        before: Any = None
        for number, change in enumerate(deal.changes(name)):
            heading, text = _change(deal, name, before if number else None, change.value, number == 0)
            before = change.value
            place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
            if heading:
                told.setdefault((change.at, change.event), []).append((place, heading, text))
    found: dict[tuple[datetime, str], tuple[str, str]] = {}
    for (at, event), changes in told.items():
        changes.sort()
        if (at, event) == began:
            facts = "; ".join(_sentence(heading, text) for _, heading, text in changes if heading != "Reopened")
            found[at, event] = ("The deal began", facts)
        else:
            heading, text = changes[0][1:]
            rest = "; ".join(_sentence(*change[1:]) for change in changes[1:])
            found[at, event] = (heading, "; ".join(part for part in (text, rest) if part))
    return found


def _sentence(heading: str, text: str) -> str:
    return f"{heading[:1].lower()}{heading[1:]} {text}".strip()


def _change(deal: Deal, name: str, before: Any, now: Any, is_first: bool) -> tuple[str, str]:
    """A field's new value in words: heading and text; an empty heading says nothing."""
    label = name.replace("account.", "account ").replace("_", " ").capitalize()
    if name == "status":
        return {"won": "Won", "lost": "Lost"}.get(now, "" if is_first else "Reopened"), ""
    if now is None:
        return ("", "") if is_first else (f"{label} cleared", f"was {_value(deal, name, before)}")
    text = _value(deal, name, now) if before is None else f"{_value(deal, name, before)} → {_value(deal, name, now)}"
    if name == "close_date" and before is not None:
        moved = (date.fromisoformat(now) - date.fromisoformat(before)).days
        text += f", {count_of(abs(moved), 'day')} {'later' if moved > 0 else 'earlier'}"
        label = "Close date pushed" if moved > 0 else "Close date pulled in"
    return label, text


def _value(deal: Deal, name: str, value: Any) -> str:
    if name == "amount":
        return amount(value, deal.currency)
    if name == "next_step":
        due = deal.fact("next_step_date")
        return f"{value} ({due})" if due and value == deal.fact("next_step") else str(value)
    return str(value).replace("_", " ") if name == "forecast_category" else str(value)


def _entry(entry: Entry, deal: Deal) -> tuple[Side, str, str]:
    """Side, heading and text of an event that is no touch and no change of the deal itself."""
    match entry:
        case MailEntry(automatic=True, sender=sender, returns_on=back):
            return ("us" if deal.is_ours(sender) else "them"), f"Out of office until {back}", entry.subject or ""
        case MeetingEntry(status="booked", starts_at=starts):
            when = f"for {moment(deal.calendar.local(starts))}" if starts else ""
            side: Side = "both" if entry.organizer is None else "us" if deal.is_ours(entry.organizer) else "them"
            return side, "Meeting booked", when
        case MeetingEntry(status="cancelled" | "no_show" as status):
            return "both", "Meeting cancelled" if status == "cancelled" else "Nobody came to the meeting", ""
        case PersonEntry(email=email, fields=fields):
            return "record", "Contact", _contact(email, fields)
        case MilestoneEntry(milestone=milestone, fields=fields):
            due = f", due {fields['due']}" if fields.get("due") else ""
            what = "Milestone done" if fields.get("done") else "Milestone"
            return "record", what, f"{fields.get('title') or milestone}{due}"
        case DocumentEntry(type=kind, status=status):
            name = "Document" if kind == "other" else kind.capitalize()
            return ("us" if status == "sent" else "them"), f"{name} {status}", ""
        case FeedbackEntry(detector=detector, verdict=verdict, by=by, reason=reason):
            said = f"{short_title(detector)}: {verdict}" + (f", says {by}" if by else "")
            return "record", "Verdict", f"{said}: {reason}" if reason else said
        case _:
            return "record", "", ""


def _contact(email: str, fields: dict[str, Any]) -> str:
    roles = [str(role).replace("_", " ") for role in fields.get("roles") or ()]
    left = ["has left"] if fields.get("left") else []
    told = [str(each) for each in (fields.get("title"), *roles, *left) if each]
    return f"{fields.get('name') or email}" + (f": {', '.join(told)}" if told else "")


def _others(entry: Entry, deal: Deal) -> tuple[str, ...]:
    if isinstance(entry, MeetingEntry):
        return tuple(each for each in entry.attendees if not deal.is_ours(each))
    return ()

"""What lies ahead of a deal, and the steps forward that we made ourselves."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from .calendar import Calendar
from .conversation import IsOurs, is_internal
from .log import DealEntry, DocumentEntry, Entry, MailEntry, MeetingEntry, MilestoneEntry
from .values import value


@value(frozen=True, slots=True)
class Planned:
    """Something agreed for later: known from `at` on, ahead until `until` (or until it was moved or called off)."""

    at: datetime
    event: str
    until: datetime
    text: str


@value(frozen=True, slots=True)
class Step:
    """A purposeful step of ours."""

    at: datetime
    event: str
    text: str


def planned(log: Iterable[Entry], calendar: Calendar, is_ours: IsOurs) -> list[Planned]:
    """Everything that ever lay ahead: booked meetings, dated next steps, open milestones, pauses, absences."""
    found: list[Planned] = []
    ahead: dict[str, Planned] = {}

    def put(key: str, entry: Entry, until: datetime | None, text: str) -> None:
        before = ahead.pop(key, None)
        if before is not None and before.at < entry.at:
            found.append(Planned(before.at, before.event, min(before.until, entry.at), before.text))
        if until is not None and until > entry.at:
            ahead[key] = Planned(entry.at, entry.event, until, text)

    for entry in log:
        match entry:
            case MeetingEntry(status=status, starts_at=starts_at):
                ahead_until = starts_at if status == "booked" and not is_internal(entry, is_ours) else None
                put(f"meeting {entry.meeting}", entry, ahead_until, "a booked meeting")
            case DealEntry(fields=fields):
                for field, text in (("next_step_date", "a dated next step"), ("paused_until", "a pause")):
                    if field in fields:
                        put(field, entry, _end_of(fields[field], calendar), text)
            case MilestoneEntry(known=known):
                due = None if known.get("done") else known.get("due")
                put(f"milestone {entry.milestone}", entry, _end_of(due, calendar), "an open milestone")
            case MailEntry(returns_on=date() as day) if not is_ours(entry.sender):
                put(f"absence {entry.sender}", entry, calendar.end_of(day), "out of office")
            case _:
                pass
    return found + list(ahead.values())


def _end_of(day: object, calendar: Calendar) -> datetime | None:
    return calendar.end_of(date.fromisoformat(day)) if isinstance(day, str) else None


def own_steps(log: Sequence[Entry], is_ours: IsOurs, next_step_date: str | None = None) -> Iterator[Step]:
    """Meetings that we booked or held, documents sent, next steps dated, milestones done; newest first.

    `next_step_date` is what was told before the log begins. First contacts with new people and stages advanced are
    steps too; the deal adds them.
    """
    for number in reversed(range(len(log))):
        entry = log[number]
        text = _own_step(entry, islice(log, number), is_ours, next_step_date)
        if text is not None:
            yield Step(entry.at, entry.event, text)


def _own_step(entry: Entry, before: Iterable[Entry], is_ours: IsOurs, next_step_date: str | None) -> str | None:
    """An entry in words, if it is a step of ours beside those before it."""
    match entry:
        case MeetingEntry() if is_internal(entry, is_ours):
            return None
        case MeetingEntry(status="held"):
            return "a meeting was held"
        case MeetingEntry(status="booked", organizer=organizer) if organizer is None or is_ours(organizer):
            booked = (each for each in before if isinstance(each, MeetingEntry) and each.status == "booked")
            is_known = any(each.meeting == entry.meeting and not is_internal(each, is_ours) for each in booked)
            return None if is_known else "we booked a meeting"
        case DocumentEntry(status="sent"):
            sent = (each.document for each in before if isinstance(each, DocumentEntry) and each.status == "sent")
            return None if entry.document in sent else f"we sent a {entry.type}"
        case DealEntry(fields={"next_step_date": str(day)}, bulk=False):
            for each in before:
                if isinstance(each, DealEntry):
                    next_step_date = each.fields.get("next_step_date", next_step_date)
            return None if day == next_step_date else f"a next step was dated {day}"
        case MilestoneEntry(fields={"done": True}):
            told = [each for each in before if isinstance(each, MilestoneEntry) and each.milestone == entry.milestone]
            done = [each.fields["done"] for each in told if each.fields.get("done") is not None]
            return None if done and done[-1] else "a milestone was done"
        case _:
            return None


def milestones_done(log: Iterable[Entry]) -> list[Step]:
    """Each time that a milestone of the close plan was done, oldest first."""
    found: list[Step] = []
    done: dict[str, bool] = {}
    for entry in log:
        match entry:
            case MilestoneEntry(fields={"done": bool(now_done)}):
                if now_done and not done.get(entry.milestone):
                    found.append(Step(entry.at, entry.event, "a milestone was done"))
                done[entry.milestone] = now_done
            case _:
                pass
    return found


@value(frozen=True, slots=True)
class Milestone:
    """A step of the close plan as it stands: what was told of it last, and by which event."""

    id: str
    at: datetime
    event: str
    title: str | None = None
    due: date | None = None
    side: str | None = None
    done: bool = False


def milestones(log: Iterable[Entry]) -> list[Milestone]:
    """The close plan as it stands, by due date; milestones without one last."""
    newest = {entry.milestone: entry for entry in log if isinstance(entry, MilestoneEntry)}
    found = [_standing(entry, entry.known) for entry in newest.values()]
    return sorted(found, key=lambda each: (each.due or date.max, each.id))


def _standing(entry: MilestoneEntry, known: dict[str, Any]) -> Milestone:
    return Milestone(
        id=entry.milestone,
        at=entry.at,
        event=entry.event,
        title=known.get("title") or None,
        due=date.fromisoformat(known["due"]) if known.get("due") else None,
        side=known.get("side"),
        done=bool(known.get("done")),
    )


def still_open(log: Iterable[Entry]) -> list[Entry]:
    """The newest word on each milestone that is not done, and on each meeting of which only the booking is known."""
    newest = {entry.thing: entry for entry in log if isinstance(entry, MilestoneEntry | MeetingEntry)}
    return [
        entry
        for entry in newest.values()
        if (not entry.known.get("done") if isinstance(entry, MilestoneEntry) else entry.status == "booked")
    ]

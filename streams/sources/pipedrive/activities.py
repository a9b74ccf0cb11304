"""An activity of Pipedrive's: what it was, by its type, and what it says of a deal's next step.

Ids are `activity-<id>-<what>-<second>`. A meeting was booked when the activity was added, and is booked anew whenever
it is changed. What is done took place when it was due, if that is known to the minute and it was not called done
before, else when it was called done. Pipedrive does not say who called whom: it is we who note what we do.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from detectors.core.addresses import normalise
from detectors.core.events import Refused

from .names import Names
from .telling import Telling
from .values import Thing, due_of, id_of, is_set, moment_of, own_id, stamp, text_of


@dataclass(frozen=True, slots=True)
class _Times:
    """When an activity was added and changed, when it was due, when it was called done, and when it was taken off."""

    added: datetime
    latest: datetime
    due: datetime | None
    done: datetime | None
    took_place: datetime
    removed: datetime | None


def tell_activity(activity: Thing, names: Names, out: Telling, removed: datetime | None = None) -> None:
    """Tell what an activity was or will be; `removed` is when it was deleted."""
    id, kind = own_id(activity), str(activity.get("type") or "").casefold()
    if id is None:
        out.problems.append(Refused("unreadable", "an activity without an id"))
        return
    try:
        times, title = _times(activity, removed), text_of(activity.get("subject"))
    except Refused as refusal:
        out.problems.append(refusal)
        return
    deal = id_of(activity.get("deal_id"))
    if _is(kind, names.settings.meetings):
        _tell_meeting(id, _people_of(activity, names), times, deal, out)
    elif _is(kind, names.settings.milestones) and deal is not None:
        _tell_milestone(id, title, times, deal, out)
    elif times.done is None or times.removed is not None:
        return
    elif _is(kind, names.settings.calls):
        people = _buyers(activity, names)
        call = {"call_id": f"pipedrive-activity-{id}", "direction": "outbound", **({"with": people} if people else {})}
        _tell(out, id, "call", "activity.call", times.took_place, call, deal)
    elif kind == "email" and names.settings.mails:
        _tell_mail(activity, id, title, times.took_place, deal, names, out)


def _times(activity: Thing, removed: datetime | None) -> _Times:
    added, updated = moment_of(activity.get("add_time")), moment_of(activity.get("update_time"))
    called_done = moment_of(activity.get("marked_as_done_time"))
    latest = updated or added or called_done
    if latest is None:
        raise Refused("unreadable", "an activity without add_time and update_time")
    due, to_the_minute = due_of(activity)
    finished = called_done or latest
    return _Times(
        added or latest,
        latest,
        due,
        finished if is_set(activity.get("done")) else None,
        due if due is not None and to_the_minute and due <= finished else finished,
        removed or (latest if _is_deleted(activity) else None),
    )


def _tell_meeting(id: str, people: dict[str, Any], times: _Times, deal: str | None, out: Telling) -> None:
    meeting = {"meeting_id": f"pipedrive-activity-{id}", **people, **({"starts_at": times.due} if times.due else {})}

    def tell(status: str, at: datetime) -> None:
        _tell(out, id, status, "activity.meeting", at, {**meeting, "status": status}, deal)

    if times.done is not None:
        if times.added < times.took_place:
            tell("booked", times.added)
        tell("held", times.took_place)
    elif times.removed is not None:
        tell("cancelled", times.removed)
    else:
        for at in dict.fromkeys((times.added, times.latest)):
            tell("booked", at)


def _tell_milestone(id: str, title: str | None, times: _Times, deal: str, out: Telling) -> None:
    due = times.due.date() if times.due else None
    milestone = {"milestone_id": f"pipedrive-activity-{id}", "title": title, "side": "seller"}

    def tell(at: datetime, **fields: Any) -> None:
        _tell(out, id, "milestone", "crm.milestone.changed", at, milestone | fields, deal)

    over = times.done or times.removed
    for at in dict.fromkeys((times.added, times.latest)):
        if over is None or at < over:
            tell(at, due=due, done=False)
    if times.done is not None:
        tell(times.done, due=due, done=True)
    elif times.removed is not None:
        # nobody waits for it any more, and nobody did it
        tell(times.removed, due=None, done=False)


def is_step(activity: Thing, names: Names) -> bool:
    """Whether it is a next step of its deal while it is open: what is neither a meeting nor of the close plan."""
    kind = str(activity.get("type") or "").casefold()
    others = (*names.settings.meetings, *names.settings.milestones)
    return not _is(kind, others) and id_of(activity.get("deal_id")) is not None


def tell_step(deal: str, open_ones: Iterable[Thing], at: datetime, out: Telling, by: str = "deal") -> None:
    """Tell a deal's next step, as of a moment: the first of its open activities that is due; none, if there is none."""
    dated = []
    for activity in open_ones:
        try:
            due, _ = due_of(activity)
            title = text_of(activity.get("subject"))
        except Refused as refusal:
            out.problems.append(refusal)
            continue
        if due is not None:
            dated.append((due, title))
    due, title = min(dated, key=lambda each: each[0], default=(None, None))
    fields = {"next_step": title, "next_step_date": due.date().isoformat() if due else None}
    out.deal(deal, f"{by}-{deal}-next_activity-{stamp(at)}", at, fields)


@dataclass(frozen=True, slots=True)
class Step:
    """An activity that is or was a next step of its deal: when it was due, and from when to when it was open."""

    due: datetime
    title: str | None
    since: datetime
    until: datetime | None


def step_of(activity: Thing) -> Step | None:
    """An activity as a step; None without a date, or where it cannot be read, which `tell_activity` says."""
    try:
        due, _ = due_of(activity)
        since = moment_of(activity.get("add_time")) or moment_of(activity.get("update_time"))
        until = moment_of(activity.get("marked_as_done_time")) or moment_of(activity.get("update_time")) or since
        title = text_of(activity.get("subject"))
    except Refused:
        return None
    if due is None or since is None:
        return None
    is_open = not is_set(activity.get("done")) and not _is_deleted(activity)
    return Step(due, title, since, None if is_open else until)


def tell_steps(deal: str, steps: Collection[Step], out: Telling) -> None:
    """Tell what a deal's next step was, whenever one was planned or done; as last word on that moment."""
    for at in sorted({moment for step in steps for moment in (step.since, step.until) if moment is not None}):
        ahead = [step for step in steps if step.since <= at and (step.until is None or at < step.until)]
        step = min(ahead, key=lambda each: each.due, default=None)
        fields = {"next_step": step and step.title, "next_step_date": step and step.due.date().isoformat()}
        out.deal(deal, f"deal-{deal}-next_activity-{stamp(at)}", at, fields)


def _is(kind: str, types: Iterable[str]) -> bool:
    return kind in (each.casefold() for each in types)


def _is_deleted(activity: Thing) -> bool:
    return is_set(activity.get("is_deleted")) or activity.get("active_flag") in (False, 0, "0")


def _tell(out: Telling, id: str, what: str, type: str, at: datetime, data: Mapping[str, Any], deal: str | None) -> None:
    out.tell(f"activity-{id}-{what}-{stamp(at)}", type, at, data, deal)


def _tell_mail(
    activity: Thing, id: str, title: str | None, at: datetime, deal: str | None, names: Names, out: Telling
) -> None:
    try:
        sender = names.owner(activity.get("owner_id", activity.get("user_id")))
    except Refused as refusal:
        out.problems.append(refusal)
        return
    if sender is not None:
        mail = {"message_id": f"<pipedrive-activity-{id}>", "from": sender, "to": _buyers(activity, names)}
        _tell(out, id, "mail", "activity.email", at, mail | ({"subject": title} if title else {}), deal)


def _buyers(activity: Thing, names: Names) -> list[str]:
    """The addresses of those with whom it was, as far as they are known; ours, where nobody tells them apart, too."""
    people = [names.person(each) for each in _participants(activity)]
    mails = [person.mail for person in people if person is not None]
    return list(dict.fromkeys(chain(mails, (mail for mail, _ in _attendees(activity)))))


def _people_of(activity: Thing, names: Names) -> dict[str, Any]:
    """A meeting's people; nobody said who was there, if only we are known to be."""
    out: dict[str, Any] = {}
    buyers = _buyers(activity, names)
    if buyers:
        out["attendees"] = buyers
    organizer = next((mail for mail, organizes in _attendees(activity) if organizes), None)
    try:
        organizer = organizer or names.owner(activity.get("owner_id", activity.get("user_id")))
    except Refused:
        organizer = None  # an activity says enough without who set it up
    return out | ({"organizer": organizer} if organizer else {})


def _participants(activity: Thing) -> Iterator[object]:
    listed = activity.get("participants")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, Mapping):
            yield each.get("person_id")
    yield activity.get("person_id")


def _attendees(activity: Thing) -> Iterator[tuple[str, bool]]:
    listed = activity.get("attendees")
    for each in listed if isinstance(listed, list) else []:
        mail = each.get("email", each.get("email_address")) if isinstance(each, Mapping) else None
        if isinstance(mail, str):
            try:
                yield normalise(mail), is_set(each.get("is_organizer"))
            except ValueError:
                continue

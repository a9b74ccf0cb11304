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


def tell_activity(activity: Thing, names: Names, out: Telling, removed: datetime | None = None) -> None:
    """Tell what an activity was or will be; `removed` is when it was deleted."""
    id, kind = own_id(activity), str(activity.get("type") or "").casefold()
    if id is None:
        out.problems.append(Refused("unreadable", "an activity without an id"))
        return
    try:
        added, updated = moment_of(activity.get("add_time")), moment_of(activity.get("update_time"))
        done_at = moment_of(activity.get("marked_as_done_time"))
        due, to_the_minute = due_of(activity)
        title = text_of(activity.get("subject"))
    except Refused as refusal:
        out.problems.append(refusal)
        return
    latest = updated or added or done_at
    if latest is None:
        out.problems.append(Refused("unreadable", "an activity without add_time and update_time"))
        return
    if removed is None and _is_deleted(activity):
        removed = latest
    done = is_set(activity.get("done"))
    finished = done_at or latest
    took_place = due if due is not None and to_the_minute and due <= finished else finished
    deal = id_of(activity.get("deal_id"))
    if _is(kind, names.settings.meetings):
        meeting: dict[str, Any] = {"meeting_id": f"pipedrive-activity-{id}", **_people_of(activity, names)}
        if due is not None:
            meeting["starts_at"] = due
        if removed is not None and not done:
            _tell(out, id, "cancelled", "activity.meeting", removed, {**meeting, "status": "cancelled"}, deal)
            return
        booked = [
            at for at in (added, updated if not done else None) if at is not None and (not done or at < took_place)
        ]
        for at in dict.fromkeys(booked):
            _tell(out, id, "booked", "activity.meeting", at, {**meeting, "status": "booked"}, deal)
        if done:
            _tell(out, id, "held", "activity.meeting", took_place, {**meeting, "status": "held"}, deal)
    elif _is(kind, names.settings.milestones) and deal is not None:
        milestone: dict[str, Any] = {"milestone_id": f"pipedrive-activity-{id}", "title": title, "side": "seller"}
        milestone |= {"due": due.date() if due else None}
        over = removed or (finished if done else None)
        told = {at: False for at in (added, latest) if at is not None and (over is None or at < over)}
        for at, is_done in (told | ({over: True} if over else {})).items():
            _tell(out, id, "milestone", "crm.milestone.changed", at, {**milestone, "done": is_done}, deal)
    elif _is(kind, names.settings.calls) and done and removed is None:
        people = _buyers(activity, names)
        call = {"call_id": f"pipedrive-activity-{id}", "direction": "outbound", **({"with": people} if people else {})}
        _tell(out, id, "call", "activity.call", took_place, call, deal)
    elif kind == "email" and names.settings.mails and done and removed is None:
        _tell_mail(activity, id, title, took_place, deal, names, out)


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
    """Tell what a deal's next step was, whenever it became another one."""
    before: tuple[str | None, datetime | None] = (None, None)
    for at in sorted({moment for step in steps for moment in (step.since, step.until) if moment is not None}):
        ahead = [step for step in steps if step.since <= at and (step.until is None or at < step.until)]
        step = min(ahead, key=lambda each: each.due, default=None)
        now = (step.title, step.due) if step else (None, None)
        if now != before:
            fields = {"next_step": now[0], "next_step_date": now[1].date().isoformat() if now[1] else None}
            out.deal(deal, f"deal-{deal}-next_activity-{stamp(at)}", at, fields)
        before = now


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

"""A deal's course: the steps that moved it, what is planned, and when silence is a stall."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import NamedTuple

from .answers import question
from .changes import Change, older, plain
from .conversation import Touch, is_internal
from .exchange import Exchange
from .log import DocumentEntry, Entry, FeedbackEntry, MailEntry, MeetingEntry
from .muting import verdicts_in
from .plan import Milestone, Planned, Step, milestones, milestones_done, own_steps, planned


class Aim(NamedTuple):
    """From when on it had a stage, by its place in the pipeline, and a close date, by the end of that day."""

    since: datetime
    place: int | None
    closes: datetime | None


class Course(Exchange):
    """A deal as far as it moves, or is planned to."""

    @question
    def last_step(self) -> Step | None:
        """Our newest purposeful step."""
        steps = [self._own_step, self._newest_first_contact, self._stage_advanced]
        return max(filter(None, steps), key=_in_order, default=None)

    @question
    def _own_step(self) -> Step | None:
        dated = self.earlier.facts.get("next_step_date")
        log = self.entries("meeting", "document", "milestone", "told next_step_date")
        return next(own_steps(log, self.is_ours, dated.value if dated else None), None)

    @question
    def _newest_first_contact(self) -> Step | None:
        known = self.earlier.people
        for touch, people in reversed(self._conversation.rows.first_contacts):
            who = next((person for person in people if person not in known), None)
            if who is not None:
                return Step(touch.at, touch.event, f"our first {touch.kind} to {who}")
        return None

    @question
    def _stage_advanced(self) -> Step | None:
        return max(self._stages_advanced(), key=_in_order, default=None)

    def _stages_advanced(self) -> list[Step]:
        found, seen = [], set()
        for number, (change, index) in enumerate(self.stage_changes):
            if number:
                before = self.stage_changes[number - 1][1]
                # where the rules do not know the order, a stage that it was never in before is progress
                is_new = plain(change.value) not in seen
                forward = index > before if index is not None and before is not None else is_new
                if forward and change.value is not None and not change.bulk:
                    found.append(Step(change.at, change.event, f"stage advanced to {change.value}"))
            seen.add(plain(change.value))
        return found

    @question
    def aims(self) -> list[Aim]:
        """What it had for a stage and a close date together, newest first."""
        dates, stages = self.changes("close_date"), self.stage_changes
        aims = []
        for moved in sorted({*(change.at for change in dates), *(change.at for change, _ in stages)}, reverse=True):
            day = next((change.value for change in reversed(dates) if change.at <= moved), None)
            place = next((place for change, place in reversed(stages) if change.at <= moved), None)
            aims.append(Aim(moved, place, self.calendar.end_of(date.fromisoformat(day)) if day else None))
        return aims

    @question
    def replies_in_a_row(self) -> list[Touch]:
        """Our newest touches as far as they are replies, without a purposeful step between them; oldest first.

        What follows on the same mail is a reminder and no further reply.
        """
        step = self.last_step
        return [touch for touch in self._conversation.rows.replies if step is None or touch.at > step.at]

    @question
    def last_progress(self) -> Step | None:
        """The newest sign that the deal moves: a stage advanced, an earlier close date, a milestone, a new role."""
        found = [
            *self._stages_advanced(),
            *milestones_done(self.entries("milestone")),
            *self._pulled_in(),
            *self._roles_gained(),
        ]
        return max(found, key=_in_order, default=None)

    def _pulled_in(self) -> Iterator[Step]:
        dated = [change for change in self.changes("close_date") if change.value]
        for before, after in pairwise(dated):
            if after.value < before.value and not after.bulk:
                yield Step(after.at, after.event, f"close date pulled in to {after.value}")

    def _roles_gained(self) -> Iterator[Step]:
        for email, told in self.contact_changes.items():
            known: set[str] = set()
            for change in told.get("roles", ()):
                new = set(change.value or ()) - known
                known |= new
                if new:
                    yield Step(change.at, change.event, f"{email} is {', '.join(sorted(new)).replace('_', ' ')}")

    def held(self, kind: str) -> Change | None:
        """The first meeting of a kind that was held with the buyer; its value is the kind."""
        return self._held.get(kind)

    @question
    def _held(self) -> dict[str, Change]:
        first: dict[str, MeetingEntry] = {}
        for entry in self.entries("meeting"):
            if isinstance(entry, MeetingEntry) and entry.status == "held" and not is_internal(entry, self.is_ours):
                first.setdefault(entry.type or "", entry)
        told = self.earlier.held
        held = told | {kind: older(told.get(kind), entry) for kind, entry in first.items()}
        return {kind: Change(change.at, change.event, kind) for kind, change in held.items()}

    @question
    def _plans(self) -> list[Planned]:
        """Whatever lies, or lay, ahead, what does so the longest first."""
        log = self.entries("meeting", "milestone", "absence", "told next_step_date", "told paused_until")
        return sorted(planned(log, self.calendar, self.is_ours), key=_by_end, reverse=True)

    @question
    def last_planned(self) -> Planned | None:
        """What lies, or lay, ahead the longest: a meeting, a dated step, an open milestone, a pause, an absence."""
        return next(iter(self._plans), None)

    def planned_with(self, people: Collection[str]) -> Planned | None:
        """What lies, or lay, ahead the longest with some people: a meeting, an absence of theirs, the deal's pause.

        A meeting of which nobody told who comes counts as one with them.
        """
        told = {entry.event: entry for entry in self.entries("meeting", "absence")}
        with_them = (each for each in self._plans if each.text == "a pause" or _is_with(people, told.get(each.event)))
        return next(with_them, None)

    def put_off(self, deadline: datetime, people: Collection[str]) -> tuple[datetime, Planned | None]:
        """A deadline, or one business day after what is `planned_with` some people where that is later, and what."""
        last, add = self.last_planned, self.calendar.plus_business_days
        if last is None or add(last.until, 1) <= deadline:
            return deadline, None
        plan = self.planned_with(people)
        if plan is None or add(plan.until, 1) <= deadline:
            return deadline, None
        return add(plan.until, 1), plan

    @question
    def milestones(self) -> list[Milestone]:
        """The close plan as it stands, by due date."""
        return milestones(self.entries("milestone"))

    @question
    def proposals(self) -> list[DocumentEntry]:
        """Each sending of a proposal or quote, oldest first."""
        return [
            entry
            for entry in self.entries("document")
            if isinstance(entry, DocumentEntry) and entry.status == "sent" and entry.type in ("proposal", "quote")
        ]

    @property
    def proposal(self) -> DocumentEntry | None:
        """The newest proposal or quote that we sent; None if there was none."""
        return self.proposals[-1] if self.proposals else None

    def holding(self, awaited: Collection[str] | None = None) -> Planned | None:
        """What lets silence be the longest: `last_planned`; of absences only those of who is awaited, if that is told.

        Nobody is `awaited` (an empty collection) where it is our turn. None stands for anybody of theirs.
        """
        away = {entry.event: entry.sender for entry in self.entries("absence") if isinstance(entry, MailEntry)}
        if awaited is None or not away:
            return self.last_planned
        return next((plan for plan in self._plans if plan.event not in away or away[plan.event] in awaited), None)

    def silent_from(self, deadline: datetime, awaited: Collection[str] | None = None) -> datetime:
        """A silence rule's deadline, or one business day after what was `holding` it where that is later.

        A deal that was taken up again has that day, too.
        """
        plan, again, add = self.holding(awaited), self.taken_up, self.calendar.plus_business_days
        if plan is not None:
            deadline = max(deadline, add(plan.until, 1))
        return deadline if again is None else max(deadline, add(again.at, 1))

    def silence(
        self, start: datetime, warn: int, critical: int, awaited: Collection[str] | None = None
    ) -> tuple[datetime, datetime]:
        """When a silence since `start` is a stall, and when it is critical, by so many business days.

        What is planned puts off both alike, so that there is a warning first.
        """
        add = self.calendar.plus_business_days
        since = self.silent_from(add(self.silent_since(start), warn), awaited)
        return since, add(since, max(0, critical - warn))

    @question
    def verdicts(self) -> dict[str, FeedbackEntry]:
        """The newest word of people on each detector's findings of this deal."""
        return verdicts_in(self.entries("feedback"))


def _is_with(people: Collection[str], told: Entry | None) -> bool:
    match told:
        case MeetingEntry(organizer=organizer, attendees=attendees):
            return not attendees or organizer in people or any(each in people for each in attendees)
        case MailEntry(sender=sender):
            return sender in people
        case _:
            return False


def _in_order(step: Step) -> tuple[datetime, str]:
    return step.at, step.event


def _by_end(plan: Planned) -> tuple[datetime, str]:
    return plan.until, plan.event

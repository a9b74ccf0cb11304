"""A deal, and how it grows: folded from events in one place.

Events come late, twice and out of order. The log is a set of entries kept sorted by event time, so the same events
in any order give the same deal, and a view of the deal at an earlier moment is a prefix of its log. The log is
bounded: what falls off the old end is summarised in `Earlier`. Within the bounds all of this is exact; an event older
than what fell off adds to the summary only.

What detectors ask of it stands in the files that it is built of: `facts` (the CRM's word), `contacts` (the buyer's
people), `exchange` (mails, calls and meetings) and `course` (steps, plans and silence), each on those before it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from .changes import Change
from .course import Course
from .earlier import seen, summarised
from .log import (
    CallEntry,
    DealEntry,
    DocumentEntry,
    Entry,
    FeedbackEntry,
    MailEntry,
    MeetingEntry,
    MilestoneEntry,
    PersonEntry,
    completed,
    content,
    entry_of,
    is_touch,
    order,
    weight,
)
from .plan import Step, still_open

if TYPE_CHECKING:
    from .baselines import Baseline
    from .coverage import Coverage
    from .events import Event
    from .rules import Rules

MOST_TOUCHES = 48
MOST_OTHERS = 96
PINNED = 5
PINNED_DATES = 24
PINNED_STAGES = 24
PINNED_PLANS = 16
PINNED_VERDICTS = 8


@dataclass(frozen=True)
class Deal(Course):
    """One deal's history, and under `rules` the answers to what detectors ask of it."""

    def apply(self, event: Event) -> Deal:
        """The deal with this event; the same deal if the event says nothing new of it."""
        entry = entry_of(event, self.rules.phrases)
        return self if entry is None else self.plus(entry)

    def plus(self, entry: Entry) -> Deal:
        """The deal with this entry, wherever in the log it belongs."""
        log = list(self.log)
        known = next((each for each in log if each.event == entry.event), None)
        if known is not None:
            if weight(known.as_told) >= weight(entry):
                return self
            log.remove(known)
            # what later words took from it is told anew
            log = [each.as_told if each.thing == known.thing else each for each in log]
        is_newest = known is None and (not log or order(log[-1]) < order(entry))
        insort(log, entry, key=order)
        if things := {each.thing for each in (known, entry) if each and each.thing}:
            log = completed(log, things)
        through = self.earlier.touched_through if is_touch(entry) else self.earlier.told_through
        if through is not None and entry.at <= through:
            (told,) = (each for each in log if each.event == entry.event)
            if isinstance(told, MeetingEntry) and "attendees" in told.unsaid and not told.attendees:
                # with whom it was is known to those that fell off
                return self
            earlier = summarised(self.earlier, [told], self.is_ours)
            return self if earlier == self.earlier else replace(self, earlier=earlier)
        grown = replace(self, log=tuple(log))
        if is_newest:
            grown._carry_over(self, log[-1])
        return grown._trimmed()

    def was_told(self, event: Event) -> Literal["same", "other"] | None:
        """Whether it holds an event of this identity, of the same content or another; what fell off is forgotten."""
        known = next((each for each in self.log if each.event == event.ref), None)
        entry = entry_of(event, self.rules.phrases)
        if known is None or entry is None:
            return None
        return "same" if content(known.as_told) == content(entry) else "other"

    def before(self, moment: datetime) -> Deal:
        """The deal as it was known to be just before a moment."""
        cut = bisect_left(self.log, moment, key=lambda entry: entry.at)
        return self if cut == len(self.log) else replace(self, log=self.log[:cut])

    def under(self, rules: Rules) -> Deal:
        """The same history, judged by other rules."""
        return self if rules is self.rules else replace(self, rules=rules)

    def given(self, baseline: Baseline | None, coverage: Coverage | None = None) -> Deal:
        """The same history beside another baseline and coverage; no question of `Deal` hangs on them."""
        if baseline is self.baseline and coverage is self.coverage:
            return self
        beside = replace(self, baseline=baseline, coverage=coverage)
        beside.learn(self)
        return beside

    def learn(self, other: Deal) -> None:
        """Take over what the same history was found to answer."""
        answers = {name: value for name, value in other.__dict__.items() if name not in _FIELDS}
        self.__dict__.update(answers)

    @property
    def last_at(self) -> datetime | None:
        """When its newest event happened."""
        return self.log[-1].at if self.log else None

    def _carry_over(self, before: Deal, entry: Entry) -> None:
        """Keep what was answered before the newest entry came and cannot differ for it; extend what grows with it."""
        known, mine = before.__dict__, self.__dict__
        fields, bulk = (entry.fields, entry.bulk) if isinstance(entry, DealEntry) else ({}, False)
        if "_told" in known:
            told = before._told
            news = {name: Change(entry.at, entry.event, value, bulk) for name, value in fields.items()}
            mine["_told"] = told | {name: [*told.get(name, ()), news[name]] for name in news} if news else told
        for name, hangs_on in _CARRIED.items():
            if name in known and not isinstance(entry, hangs_on.kinds) and fields.keys().isdisjoint(hangs_on.fields):
                mine[name] = known[name]
        if isinstance(entry, MailEntry) and entry.returns_on is not None:
            mine.pop("last_planned", None)
            mine.pop("_plans", None)
        if "_conversation" in known and self.is_ours is before.is_ours:
            mine["_conversation"] = before._conversation.plus((entry,), self.is_ours)
            old, new = self.touches[: len(before.touches)], self.touches[len(before.touches) :]
            if old != before.touches:
                # of a call that is told again
                return
            if "people" in known:
                mine["people"] = before.people | {
                    person: seen(before.people.get(person), touch) for touch in new for person in touch.people
                }
            quiet = not new or not new[0].is_ours or new[0].answers is not None
            stepless = isinstance(entry, MailEntry | CallEntry | PersonEntry | DealEntry)
            if "last_step" in known and quiet and stepless and fields.keys().isdisjoint(_STEPS):
                mine["last_step"] = before.last_step

    def _trimmed(self) -> Deal:
        if len(self.log) <= min(MOST_TOUCHES, MOST_OTHERS):
            return self
        touching = [entry for entry in self.log if is_touch(entry)]
        others = [entry for entry in self.log if not is_touch(entry)]
        if len(touching) <= MOST_TOUCHES and len(others) <= MOST_OTHERS:
            return self
        fallen: list[Entry] = []
        idle: set[str] = set()
        if len(touching) > MOST_TOUCHES:
            idle = self._idle_copies(touching[: -MOST_TOUCHES // 4])
            touching = [entry for entry in touching if entry.event not in idle]
        if len(touching) > MOST_TOUCHES:
            # the rows that are being counted stay, so that their deadlines do
            rows = self.unanswered[:PINNED] + self.replies_in_a_row[:PINNED]
            pinned = {touch.event for touch in rows} | self._pinned_plans()
            free = [entry for entry in touching if entry.event not in pinned]
            cut = len(touching) - MOST_TOUCHES * 3 // 4
            # a reply stays a reply only together with what it answers
            kept_events = pinned | {entry.event for entry in free[cut:]}
            answered = self._answered_by(kept_events)
            fallen += [entry for entry in free[:cut] if entry.event not in answered]
        if len(others) > MOST_OTHERS:
            pinned = self._pinned_changes()
            idle |= self._idle_changes() - pinned
            news = [entry for entry in others if entry.event not in idle | pinned]
            fallen += news[: max(0, len(news) + len(pinned) - MOST_OTHERS * 3 // 4)]
        gone = idle | {entry.event for entry in fallen}
        kept = tuple(entry for entry in self.log if entry.event not in gone)
        return replace(self, log=kept, earlier=summarised(self.earlier, fallen, self.is_ours))

    def _answered_by(self, ours: set[str]) -> set[str]:
        """What those of these that are our replies answer: the mail, and the copy of it that they name."""
        replies = {touch.event: touch.answers for touch in self.touches if touch.is_ours and touch.event in ours}
        named = {entry.thread[1] for entry in self._mails if entry.event in replies and len(entry.thread) > 1}
        copies = {entry.event for entry in self._mails if entry.thread[0] in named}
        return copies | {answered for answered in replies.values() if answered}

    def _idle_copies(self, among: list[Entry]) -> set[str]:
        """Copies of a mail that is told under the same id, or under one that nobody has answered."""
        copies = self._conversation.copies
        told = {entry.thread[0] for entry in self._mails if entry.event not in copies}
        named = {entry.thread[1] for entry in self._mails if len(entry.thread) > 1}
        needed = named - told
        return {
            entry.event
            for entry in among
            if isinstance(entry, MailEntry) and entry.event in copies and entry.thread[0] not in needed
        }

    @property
    def _mails(self) -> list[MailEntry]:
        return [entry for entry in self.log if isinstance(entry, MailEntry)]

    def _pinned_changes(self) -> set[str]:
        """What deadlines hang on: the latest stages, close dates and closings, verdicts, the last step, plans."""
        latest: list[Change | Step] = [
            *self.changes("stage")[-PINNED_STAGES:],
            *self.changes("close_date")[-PINNED_DATES:],
            *self.changes("status")[-PINNED:],
            *([self.last_step] if self.last_step else []),
        ]
        verdicts = sorted(self.verdicts.values(), key=order)[-PINNED_VERDICTS:]
        return {each.event for each in (*latest, *verdicts)} | self._pinned_plans()

    def _pinned_plans(self) -> set[str]:
        """What lies ahead, the longest of it if it is much, and the newest of what nobody called done, held or off."""
        plans = sorted(self._plans, key=lambda plan: (plan.until, plan.event))[-PINNED_PLANS:]
        undone = sorted(still_open(self.log), key=order)[-PINNED_PLANS:]
        now = self.log[-1].at
        ahead = {plan.event for plan in plans if plan.until > now or plan is plans[-1]}
        return ahead | {entry.event for entry in undone}

    def _idle_changes(self) -> set[str]:
        """Changes that only repeat what was told before and after them: snapshots, not news."""
        idle = {entry.event for entry in self.log if isinstance(entry, DealEntry)} - {self.created.event}
        for told in self._told.values():
            for index, change in enumerate(told):
                if index in (0, len(told) - 1) or told[index - 1].value != change.value:
                    idle.discard(change.event)
        return idle


@dataclass(frozen=True, slots=True)
class _HangsOn:
    """The newest entries that can change an answer: these kinds, and changes of these fields of the deal."""

    kinds: tuple[type[Entry], ...] = ()
    fields: frozenset[str] = frozenset()


_WHOSE = frozenset({"owner", "team"})
_STEPS = frozenset({"stage", "pipeline", "next_step_date"})
_CARRIED = {
    "created": _HangsOn((DealEntry,)),
    "taken_up": _HangsOn(fields=frozenset({"status"})),
    "calendar": _HangsOn(fields=_WHOSE),
    "is_ours": _HangsOn(fields=_WHOSE),
    "contact_changes": _HangsOn((PersonEntry,)),
    "contacts": _HangsOn((PersonEntry,)),
    "last_progress": _HangsOn((PersonEntry, MilestoneEntry), frozenset({"stage", "pipeline", "close_date"})),
    "stage_changes": _HangsOn(fields=frozenset({"stage", "pipeline"})),
    "pushes": _HangsOn(fields=frozenset({"close_date"})),
    "proposals": _HangsOn((DocumentEntry,)),
    "milestones": _HangsOn((MilestoneEntry,)),
    "verdicts": _HangsOn((FeedbackEntry,)),
    "_plans": _HangsOn((MeetingEntry, MilestoneEntry), _WHOSE | {"next_step_date", "paused_until"}),
    "last_planned": _HangsOn((MeetingEntry, MilestoneEntry), _WHOSE | {"next_step_date", "paused_until"}),
}
_FIELDS = frozenset({"id", "rules", "log", "earlier", "baseline", "coverage"})

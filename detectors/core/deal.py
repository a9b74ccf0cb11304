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
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .answers import is_equal, question
from .changes import Change
from .course import Course
from .earlier import seen, summarised
from .log import (
    CallEntry,
    DealEntry,
    Entry,
    MailEntry,
    MeetingEntry,
    completed,
    content,
    entry_of,
    is_touch,
    order,
    weight,
)
from .plan import Step, still_open
from .strands import NONE, Strands, fields, strand, strands_of, together, touched_by
from .view import Viewing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .baselines import Baseline
    from .breach import Breach
    from .coverage import Coverage
    from .events import Event
    from .rules import Resolved, Rules

    Failed = Callable[[str, Exception], None]

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
        known = self.entry(entry.event)
        if known is None and (not self.log or order(self.log[-1]) < order(entry)):
            return self._grown(entry)
        log = list(self.log)
        if known is not None:
            if weight(known.as_told) >= weight(entry):
                return self
            log.remove(known)
            # what later words took from it is told anew
            log = [each.as_told if each.thing == known.thing else each for each in log]
        insort(log, entry, key=order)
        if things := {each.thing for each in (known, entry) if each and each.thing}:
            log = completed(log, things)
        through = self.earlier.touched_through if is_touch(entry) else self.earlier.told_through
        if through is not None and entry.at <= through:
            return self._summarised(next(each for each in log if each.event == entry.event))
        touched = touched_by(entry) | (touched_by(known) if known else NONE)
        grown = self._with(touched, log=tuple(log))
        if not things:
            grown._keep_untouched(self, touched)
        return grown._trimmed()

    def _grown(self, entry: Entry) -> Deal:
        """With an entry that is newer than all others."""
        told = completed([*self.log, entry], {entry.thing})[-1] if entry.thing else entry
        through = self.earlier.touched_through if is_touch(entry) else self.earlier.told_through
        if through is not None and entry.at <= through:
            return self._summarised(told)
        grown = self._with(self._touched_by(told), log=(*self.log, told))
        grown._carry_over(self, told)
        return grown._trimmed()

    def _summarised(self, entry: Entry) -> Deal:
        """With an entry that is older than what fell off."""
        if isinstance(entry, MeetingEntry) and "attendees" in entry.unsaid and not entry.attendees:
            # with whom it was is known to those that fell off
            return self
        earlier = summarised(self.earlier, [entry], self.is_ours)
        return self if earlier == self.earlier else Deal(self.id, self.rules, self.log, earlier)

    def entry(self, event: str) -> Entry | None:
        """What its log holds of an event (source/id)."""
        if event not in self._events:
            return None
        return next((each for each in self.log if each.event == event), None)

    @cached_property
    def _events(self) -> set[str]:
        """Those of its log, and perhaps others: a deal and what it grows into have one set."""
        return {each.event for each in self.log}

    @cached_property
    def _touching(self) -> int:
        """How many of its log may be touches."""
        return sum(map(is_touch, self.log))

    def with_newer(self, entries: Iterable[Entry]) -> Deal:
        """With these entries, complete and in order, behind all others; nothing falls off."""
        more = tuple(entries)
        return self._with(together(map(touched_by, more)), log=self.log + more)

    def was_told(self, event: Event) -> Literal["same", "other"] | None:
        """Whether it holds an event of this identity, of the same content or another; what fell off is forgotten."""
        known = self.entry(event.ref)
        entry = entry_of(event, self.rules.phrases)
        if known is None or entry is None:
            return None
        return "same" if content(known.as_told) == content(entry) else "other"

    def before(self, moment: datetime) -> Deal:
        """The deal as it was known to be just before a moment."""
        cut = bisect_left(self.log, moment, key=lambda entry: entry.at)
        if cut == len(self.log):
            return self
        return self._with(together(map(touched_by, self.log[cut:])), log=self.log[:cut])

    def under(self, rules: Rules) -> Deal:
        """The same history, judged by other rules."""
        return self if rules is self.rules else Deal(self.id, rules, self.log, self.earlier)

    def given(self, baseline: Baseline | None, coverage: Coverage | None = None) -> Deal:
        """The same history beside another baseline and coverage."""
        if baseline is self.baseline and coverage is self.coverage:
            return self
        beside = self._copy()
        shared = {name: self.__dict__.setdefault(name, {}) for name in ("_entries", "_changes")}
        beside.__dict__.update(shared, baseline=baseline, coverage=coverage, _memory=self.memory(), _told=self._told)
        return beside

    def learn(self, other: Deal) -> None:
        """Take over what the same history was found to answer, by whatever rules detectors judged it."""
        if other.memory() is not self.memory():
            self.__dict__["_memory"] = other.memory().of_the_history("detectors")
            for name in _READ:
                if name in other.__dict__:
                    self.__dict__[name] = other.__dict__[name]

    @question
    def detectors(self) -> Resolved:
        """Those that apply to it as it is now."""
        return self.rules.resolved_for(self)

    def breaches(self, failed: Failed) -> dict[str, Breach]:
        """What detectors say of it, each of them asked only if something that it looked at has changed."""
        memory = self.memory().beside(self.baseline, self.coverage)
        return memory.breaches(self, self.detectors.of_deals, failed)

    def judgements(self, breaches: Mapping[str, Breach], failed: Failed) -> dict[str, Breach]:
        """What verdicts say of it and of what the other detectors said."""
        return self.memory().judgements(self, self.detectors.verdicts, breaches, failed)

    def settled(self) -> None:
        """All its detectors were asked: let go what none of them looks at any more."""
        self.memory().settled(self.detectors.by_name)

    def let_go(self) -> None:
        """Hold nothing but the history and what was told of its fields: what else it answered can be found again."""
        mine = self.__dict__
        kept = {name: mine[name] for name in (*_FIELDS, "_told") if name in mine}
        mine.clear()
        mine.update(kept)

    def view(self) -> View:
        """Itself, as somebody looks at it of whom it is noted."""
        return View(self)

    @property
    def last_at(self) -> datetime | None:
        """When its newest event happened."""
        return self.log[-1].at if self.log else None

    def _copy(self) -> Deal:
        """The same, asked nothing yet."""
        copy = object.__new__(Deal)
        copy.__dict__.update({name: getattr(self, name) for name in _FIELDS})
        return copy

    def _with(self, touched: Strands, **other: object) -> Deal:
        """With another log or summary: what hangs on no strand that it touches is known already."""
        then = self._copy()
        memory = self.memory().after(touched)
        then.__dict__.update(other, _memory=memory, **memory.standing())
        return then

    def _touched_by(self, entry: Entry) -> Strands:
        """What the newest entry touches: a field that it only repeats is the same."""
        touched = touched_by(entry)
        if isinstance(entry, DealEntry):
            for name, value in entry.fields.items():
                if (told := self.told(name)) and is_equal(told[-1].value, value):
                    touched &= ~fields(name)
        return touched

    def _keep_untouched(self, before: Deal, touched: Strands) -> None:
        """Keep what was read of the log before an entry came or went somewhere in it, but for its strands."""
        known, mine = before.__dict__, self.__dict__
        if "_entries" in known:
            mine["_entries"] = {asked: told for asked, told in known["_entries"].items() if not asked & touched}
        if not touched & _DEAL:
            mine |= {name: known[name] for name in ("_told", "_changes") if name in known}

    def _carry_over(self, before: Deal, entry: Entry) -> None:
        """Keep what was read of the log before the newest entry came, and extend it."""
        known, mine = before.__dict__, self.__dict__
        belongs = strands_of(entry)
        mine["_events"] = before._events
        before._events.add(entry.event)
        if "_touching" in known:
            mine["_touching"] = before._touching + is_touch(entry)
        if "_entries" in known:
            mine["_entries"] = {
                asked: (*told, entry) if asked & belongs else told for asked, told in known["_entries"].items()
            }
        if isinstance(entry, MailEntry | MeetingEntry | CallEntry) and before.memory().is_known("_conversation"):
            self._go_on_from(before, entry)
        if not isinstance(entry, DealEntry):
            for name in ("_told", "_changes"):
                if name in known:
                    mine[name] = known[name]
            return
        if "_changes" in known:
            mine["_changes"] = {name: news for name, news in known["_changes"].items() if name not in entry.fields}
        if "_told" in known:
            told, bulk = before._told, entry.bulk
            mine["_told"] = told | {
                name: [*told.get(name, ()), Change(entry.at, entry.event, value, bulk)]
                for name, value in entry.fields.items()
            }

    def _go_on_from(self, before: Deal, entry: Entry) -> None:
        """Tell the conversation, what is asked of it most and its people from those before the newest entry."""
        memory, known, was = self.memory(), before.memory().is_known, before._conversation
        now = was.plus((entry,), self.is_ours)
        if now is was:
            memory.stays("_conversation")
            return
        memory.extended("_conversation", now)
        for name in ("two_way", "asks"):
            if known(name):
                memory.became(name, getattr(was.rows, name), getattr(now.rows, name))
        count = len(was.touches)
        # a call that is told again changes what was
        if known("people") and now.touches[:count] == was.touches:
            people = before.people
            for touch in now.touches[count:]:
                met = {person: seen(people.get(person), touch) for person in touch.people}
                if any(each is not people.get(person) for person, each in met.items()):
                    people = people | met
            memory.became("people", before.people, people)

    def _trimmed(self) -> Deal:
        if len(self.log) <= min(MOST_TOUCHES, MOST_OTHERS):
            return self
        if self._touching <= MOST_TOUCHES and len(self.log) - self._touching <= MOST_OTHERS:
            return self
        touching = [entry for entry in self.log if is_touch(entry)]
        others = [entry for entry in self.log if not is_touch(entry)]
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
        touched = together(touched_by(entry) for entry in self.log if entry.event in gone) | strand("earlier")
        return self._with(touched, log=kept, earlier=summarised(self.earlier, fallen, self.is_ours))

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


class View(Viewing, Deal):
    """The deal, as somebody looks at it who is asked something."""


_DEAL = strand("deal")
_READ = ("_entries", "_told", "_changes")
_FIELDS = ("id", "rules", "log", "earlier", "baseline", "coverage")

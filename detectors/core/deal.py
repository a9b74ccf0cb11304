"""A deal: everything that detectors may ask, folded from events in one place.

Events come late, twice and out of order. The log is a set of entries kept sorted by event time, so the same events
in any order give the same deal, and a view of the deal at an earlier moment is a prefix of its log. The log is
bounded: what falls off the old end is summarised in `Earlier`, whose parts are minima and maxima, so that telling it
twice changes nothing. Within the bounds all of this is exact; an event older than what fell off adds to the summary
only.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

from .addresses import domain_of
from .conversation import Conversation, Touch, is_internal, touches
from .events import Event
from .executives import is_executive_title
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
)
from .plan import Milestone, Planned, Step, milestones, milestones_done, own_steps, planned, still_open

if TYPE_CHECKING:
    from .baselines import Baseline
    from .calendar import Calendar
    from .coverage import Coverage
    from .rules import Rules

MOST_TOUCHES = 48
MOST_OTHERS = 96
MOST_PEOPLE = 100
PINNED = 5
PINNED_DATES = 24
PINNED_STAGES = 24
PINNED_PLANS = 16
CLOSED = frozenset({"won", "lost"})
BUYING_POWER = frozenset({"economic_buyer", "decision_maker", "executive_sponsor"})


@dataclass(frozen=True, slots=True)
class Change:
    """A field took a value."""

    at: datetime
    event: str
    value: Any


@dataclass(frozen=True, slots=True)
class Push:
    """The close date moved later by `days`."""

    at: datetime
    event: str
    was: date
    now: date

    @property
    def days(self) -> int:
        """By how many days."""
        return (self.now - self.was).days


@dataclass(frozen=True, slots=True)
class Seen:
    """A person on the buyer's side: first touch, first two-way touch, and last two-way touch with its event."""

    first: datetime
    last_two_way: datetime | None = None
    event: str | None = None
    first_two_way: datetime | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What fell off the log, summarised; touches up to `touched_through`, all else up to `told_through`."""

    touched_through: datetime | None = None
    told_through: datetime | None = None
    began: Change | None = None
    created: Change | None = None
    facts: dict[str, Change] = field(default_factory=dict)
    contacts: dict[str, dict[str, Change]] = field(default_factory=dict)
    people: dict[str, Seen] = field(default_factory=dict)
    last_two_way: Change | None = None
    # the first meeting of each kind that was held
    held: dict[str, Change] = field(default_factory=dict)


@dataclass(frozen=True)
class Deal:
    """One deal's history, and under `rules` the answers to what detectors ask of it.

    What is not of its own history, and may be different at another time, is given beside it: the `baseline` of the won
    deals of its pipeline, and the `coverage` of the sources that watch it.
    """

    id: str
    rules: Rules = field(compare=False)
    log: tuple[Entry, ...] = ()
    earlier: Earlier = Earlier()
    baseline: Baseline | None = field(default=None, compare=False, repr=False)
    coverage: Coverage | None = field(default=None, compare=False, repr=False)

    # -- how it grows

    def apply(self, event: Event) -> Deal:
        """The deal with this event; the same deal if the event says nothing new of it."""
        entry = entry_of(event, self.rules.phrases)
        return self if entry is None else self.plus(entry)

    def plus(self, entry: Entry) -> Deal:
        """The deal with this entry, wherever in the log it belongs."""
        log = list(self.log)
        known = next((each for each in log if each.event == entry.event), None)
        if known is not None:
            # one identity, two contents: the later one counts, whichever came first
            if known.as_told == entry or (known.at, content(known.as_told)) >= (entry.at, content(entry)):
                return self
            log.remove(known)
            # what later words took from it is told anew
            log = [each.as_told if each.thing == known.thing else each for each in log]
        is_newest = known is None and (not log or _order(log[-1]) < _order(entry))
        insort(log, entry, key=_order)
        if things := {each.thing for each in (known, entry) if each and each.thing}:
            log = completed(log, things)
        through = self.earlier.touched_through if _is_touch(entry) else self.earlier.told_through
        if through is not None and entry.at <= through:
            (told,) = (each for each in log if each.event == entry.event)
            if isinstance(told, MeetingEntry) and "attendees" in told.unsaid and not told.attendees:
                # with whom it was is known to those that fell off
                return self
            earlier = self._with_earlier([told])
            return self if earlier == self.earlier else replace(self, earlier=earlier)
        grown = replace(self, log=tuple(log))
        if is_newest:
            grown._carry_over(self, log[-1])
        return grown._trimmed()

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
        fields = entry.fields if isinstance(entry, DealEntry) else {}
        if "_told" in known:
            told = before._told
            news = {name: [*told.get(name, ()), Change(entry.at, entry.event, value)] for name, value in fields.items()}
            mine["_told"] = told | news if news else told
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
                    person: _seen(before.people.get(person), touch) for touch in new for person in touch.people
                }
            quiet = not new or not new[0].is_ours or new[0].answers is not None
            stepless = isinstance(entry, MailEntry | CallEntry | PersonEntry | DealEntry)
            if "last_step" in known and quiet and stepless and fields.keys().isdisjoint(_STEPS):
                mine["last_step"] = before.last_step

    def _trimmed(self) -> Deal:
        if len(self.log) <= min(MOST_TOUCHES, MOST_OTHERS):
            return self
        touching = [entry for entry in self.log if _is_touch(entry)]
        others = [entry for entry in self.log if not _is_touch(entry)]
        if len(touching) <= MOST_TOUCHES and len(others) <= MOST_OTHERS:
            return self
        fallen: list[Entry] = []
        idle: set[str] = set()
        if len(touching) > MOST_TOUCHES:
            # the rows that are being counted stay, so that their deadlines do
            rows = self.unanswered[:PINNED] + self.replies_in_a_row[:PINNED]
            pinned = {touch.event for touch in rows} | self._pinned_plans()
            free = [entry for entry in touching if entry.event not in pinned]
            cut = len(touching) - MOST_TOUCHES * 3 // 4
            # a reply stays a reply only together with what it answers
            kept_events = pinned | {entry.event for entry in free[cut:]}
            answered = {touch.answers for touch in self.touches if touch.is_ours and touch.event in kept_events}
            fallen += [entry for entry in free[:cut] if entry.event not in answered]
        if len(others) > MOST_OTHERS:
            pinned = self._pinned_changes()
            idle = self._idle_changes() - pinned
            news = [entry for entry in others if entry.event not in idle | pinned]
            fallen += news[: max(0, len(news) + len(pinned) - MOST_OTHERS * 3 // 4)]
        gone = idle | {entry.event for entry in fallen}
        kept = tuple(entry for entry in self.log if entry.event not in gone)
        return replace(self, log=kept, earlier=self._with_earlier(fallen))

    def _pinned_changes(self) -> set[str]:
        """What deadlines hang on: the latest stages, close dates and closings, the last step, and what is planned."""
        latest: list[Change | Step] = [
            *self.changes("stage")[-PINNED_STAGES:],
            *self.changes("close_date")[-PINNED_DATES:],
            *self.changes("status")[-PINNED:],
            *([self.last_step] if self.last_step else []),
        ]
        return {each.event for each in latest} | self._pinned_plans()

    def _pinned_plans(self) -> set[str]:
        """What lies ahead, the longest of it if it is much, and the newest of what nobody called done, held or off."""
        plans = sorted(self._plans, key=lambda plan: (plan.until, plan.event))[-PINNED_PLANS:]
        undone = sorted(still_open(self.log), key=_order)[-PINNED_PLANS:]
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

    def _with_earlier(self, fallen: list[Entry]) -> Earlier:
        old = self.earlier
        facts, contacts, people = dict(old.facts), dict(old.contacts), dict(old.people)
        touched, told, began, created = old.touched_through, old.told_through, old.began, old.created
        last_two_way, held = old.last_two_way, dict(old.held)
        for entry in fallen:
            began = _older(began, entry)
            if _is_touch(entry):
                touched = max(touched or entry.at, entry.at)
            else:
                told = max(told or entry.at, entry.at)
            match entry:
                case DealEntry(fields=fields):
                    created = _older(created, entry)
                    for name, value in fields.items():
                        facts[name] = _taken(name, facts.get(name), Change(entry.at, entry.event, value))
                case PersonEntry(fields=fields):
                    known = dict(contacts.get(entry.email, {}))
                    for name, value in fields.items():
                        known[name] = _taken(name, known.get(name), Change(entry.at, entry.event, value))
                    contacts[entry.email] = known
                case MeetingEntry(status="held", type=str(kind)) if not is_internal(entry, self.is_ours):
                    held[kind] = _older(held.get(kind), entry)
                case _:
                    pass
        for touch in touches(fallen, self.is_ours):
            for person in touch.people:
                people[person] = _seen(people.get(person), touch)
            if touch.two_way:
                last_two_way = _newer(last_two_way, Change(touch.at, touch.event, touch.words))
        if len(people) > MOST_PEOPLE:
            newest = sorted(people, key=lambda email: (people[email].last_two_way or _LONG_AGO, email))
            people = {email: people[email] for email in newest[-MOST_PEOPLE:]}
        if len(contacts) > MOST_PEOPLE:
            weightiest = sorted(contacts, key=lambda email: (_weight(contacts[email]), email))
            contacts = {email: contacts[email] for email in weightiest[-MOST_PEOPLE:]}
        return Earlier(touched, told, began, created, facts, contacts, people, last_two_way, held)

    # -- facts

    @cached_property
    def _told(self) -> dict[str, list[Change]]:
        """Every value that was told of each field, in order of time, repetitions too."""
        told = {name: [change] for name, change in self.earlier.facts.items()}
        for entry in self.log:
            if isinstance(entry, DealEntry):
                for name, value in entry.fields.items():
                    told.setdefault(name, []).append(Change(entry.at, entry.event, value))
        for name in self.earlier.facts:
            # entries that were kept may be older than what fell off
            told[name].sort(key=lambda change: (change.at, change.event))
        return told

    def changes(self, name: str) -> list[Change]:
        """When a field took another value than it had, oldest first."""
        news: list[Change] = []
        for change in self._told.get(name, ()):
            if not news or not _is_same(name, news[-1].value, change.value):
                news.append(change)
        return news

    def current(self, name: str) -> Change | None:
        """A field's present value, with the event that gave it first; None if it was never told or was cleared."""
        news = self.changes(name)
        return news[-1] if news and news[-1].value is not None else None

    def lacking(self, name: str, *enough: Any) -> Change | None:
        """From when on a field has had none of these values, or no value at all where none is named.

        That is the change that took it away, else the deal's creation; None if it has one of them now.
        """
        since: Change | None = self.created
        for change in self.changes(name):
            if change.value in enough if enough else change.value is not None:
                since = None
            elif since is None:
                since = change
        return since

    def fact(self, name: str) -> Any:
        """A field's value now; None if it was never told or was cleared. Dates are ISO text."""
        told = self._told.get(name)
        return told[-1].value if told else None

    def fact_at(self, name: str, moment: datetime) -> Any:
        """A field's value as it was at a moment; None if it had not been told by then or was cleared."""
        told = self._told.get(name, [])
        by_then = bisect_right(told, moment, key=lambda change: change.at)
        return told[by_then - 1].value if by_then else None

    @cached_property
    def created(self) -> Change:
        """When the deal began: the CRM's first word of it, else its first event."""
        first = next((entry for entry in self.log if isinstance(entry, DealEntry)), None)
        if first is not None:
            return _older(self.earlier.created, first)
        return self.earlier.created or _older(self.earlier.began, self.log[0])

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.fact("status") not in CLOSED

    @cached_property
    def taken_up(self) -> Change | None:
        """When it was last opened again after it had been won or lost."""
        moves = reversed(list(pairwise(self.changes("status"))))
        return next((now for was, now in moves if was.value in CLOSED and now.value not in CLOSED), None)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.fact("name") or self.id

    @property
    def owner(self) -> str | None:
        """The owner's address."""
        owner = self.fact("owner")
        return owner if isinstance(owner, str) else None

    @property
    def past_owners(self) -> set[str | None]:
        """Everybody who ever owned it and does not now; None stands for a time without an owner."""
        told = self._told.get("owner", [])
        past: set[str | None] = {change.value for change in told}
        if told and told[0].at > self.created.at:
            past.add(None)
        return past - {self.owner}

    @property
    def team(self) -> str | None:
        """The CRM's word on the team, else the team of the owner in the rules."""
        return self.fact("team") or self.rules.team_of(self.owner)

    @property
    def pipeline(self) -> str:
        """Its pipeline's name."""
        return self.fact("pipeline") or "default"

    @property
    def stage(self) -> str | None:
        """Its stage's name."""
        stage = self.fact("stage")
        return stage if isinstance(stage, str) else None

    @property
    def segment(self) -> str | None:
        """The market segment that the CRM puts it in."""
        segment: str | None = self.fact("segment")
        return segment

    @property
    def amount(self) -> float | None:
        """Its value in `currency`."""
        amount: float | None = self.fact("amount")
        return amount

    @property
    def currency(self) -> str | None:
        """ISO 4217."""
        currency: str | None = self.fact("currency")
        return currency

    @property
    def close_date(self) -> date | None:
        """The day on which it is expected to close."""
        told = self.fact("close_date")
        return date.fromisoformat(told) if told else None

    @cached_property
    def calendar(self) -> Calendar:
        """The owner's working days."""
        return self.rules.calendar_of(self.owner, self.team)

    # -- stages

    @cached_property
    def stage_changes(self) -> list[tuple[Change, int | None]]:
        """Each stage that it entered, with its place in the pipeline from 0 (None where the rules do not know it)."""
        stages = self.rules.stages_of(self.pipeline)
        return [
            (change, stages.index(_plain(change.value)) if _plain(change.value) in stages else None)
            for change in self.changes("stage")
        ]

    def entered_from(self, place: int) -> Change | None:
        """When it last came to this place of its pipeline or beyond, and stayed there; None if it is not there now."""
        entered = None
        for change, index in reversed(self.stage_changes):
            if index is None or index < place:
                break
            entered = change
        return entered

    @property
    def stage_entered(self) -> Change | None:
        """When it came to the stage in which it is; None if no stage was told."""
        return self.current("stage")

    @property
    def stage_place(self) -> int | None:
        """The place of its stage in the pipeline, from 0; None where the rules do not know it."""
        return self.stage_changes[-1][1] if self.stage_changes else None

    @property
    def middle_stage(self) -> Change | None:
        """When it came to the last three quarters of its pipeline; None if it is not there."""
        count = len(self.rules.stages_of(self.pipeline))
        return self.entered_from(-(-count // 4)) if count else None

    @property
    def late_stage(self) -> Change | None:
        """When it came to the later half of its pipeline; None if it is not there."""
        count = len(self.rules.stages_of(self.pipeline))
        return self.entered_from(-(-count // 2)) if count else None

    @property
    def stages_reached(self) -> Iterator[tuple[str, Change]]:
        """Each stage (casefolded) of its pipeline up to its own, and when it last came there or beyond and stayed."""
        for number, name in enumerate(self.rules.stages_of(self.pipeline)):
            entered = self.entered_from(number)
            if entered is not None:
                yield name, entered

    @cached_property
    def pushes(self) -> list[Push]:
        """Each move of the close date to a later day, oldest first, also if it was taken away in between."""
        dated = [change for change in self.changes("close_date") if change.value]
        pushes = []
        for before, after in pairwise(dated):
            was, now = date.fromisoformat(before.value), date.fromisoformat(after.value)
            if now > was:
                pushes.append(Push(after.at, after.event, was, now))
        return pushes

    # -- people

    @cached_property
    def is_ours(self) -> Callable[[str], bool]:
        """Tells our addresses from theirs: by the rules' domains, else by the domains of the deal's owners."""
        owners = frozenset(change.value for change in self._told.get("owner", ()) if change.value)
        return _ours(self.rules.organization.domains, owners)

    @cached_property
    def contact_changes(self) -> dict[str, dict[str, list[Change]]]:
        """For each person on the buyer's side, by address, when each field took another value, oldest first."""
        told = {
            email: {name: [change] for name, change in fields.items()}
            for email, fields in self.earlier.contacts.items()
        }
        for entry in self.log:
            if isinstance(entry, PersonEntry):
                person = told.setdefault(entry.email, {})
                for name, value in entry.fields.items():
                    changes = person.setdefault(name, [])
                    if not changes or changes[-1].value != value:
                        changes.append(Change(entry.at, entry.event, value))
        return told

    @cached_property
    def contacts(self) -> dict[str, dict[str, Any]]:
        """What the CRM says of each person on the buyer's side, by address."""
        return {
            email: {name: changes[-1].value for name, changes in told.items()}
            for email, told in self.contact_changes.items()
        }

    def with_role(self, *roles: str) -> list[str]:
        """The addresses of those who have any of these roles and have not left."""
        return [
            email
            for email, told in sorted(self.contacts.items())
            if set(roles) & set(told.get("roles") or ()) and not told.get("left")
        ]

    def turns(self, email: str, holds: Callable[[dict[str, Any]], bool]) -> list[Change]:
        """When something began (True) and ceased (False) to hold of what the CRM says of a person, oldest first."""
        told = [
            (change.at, change.event, name, change.value)
            for name, changes in self.contact_changes.get(email, {}).items()
            for change in changes
        ]
        known: dict[str, Any] = {}
        turns: list[Change] = []
        for (at, event), fields in groupby(sorted(told, key=lambda each: each[:3]), key=lambda each: each[:2]):
            known |= {name: value for _, _, name, value in fields}
            if holds(known) is not bool(turns and turns[-1].value):
                turns.append(Change(at, event, not turns or not turns[-1].value))
        return turns

    def called(self, email: str) -> str:
        """Somebody of the buyer as findings name them: the CRM's name and title, else the address up to the @."""
        told = self.contacts.get(email, {})
        name = str(told.get("name") or email.partition("@")[0])
        return f"{name} ({told['title']})" if told.get("title") else name

    @property
    def power_met(self) -> dict[str, Seen]:
        """Those with whom there was a two-way touch and who can decide."""
        return {email: seen for email, seen in self.met.items() if self.has_power(email)}

    def has_power(self, email: str) -> bool:
        """Whether a person can decide: by role, by the CRM's `executive` field, else by title."""
        return decides(self.contacts.get(email, {}))

    @cached_property
    def people(self) -> dict[str, Seen]:
        """Everybody on the buyer's side who was on a touch, by address."""
        people = dict(self.earlier.people)
        for touch in self.touches:
            for person in touch.people:
                people[person] = _seen(people.get(person), touch)
        return people

    @cached_property
    def met(self) -> dict[str, Seen]:
        """Those of them with whom there was a two-way touch."""
        return {email: seen for email, seen in self.people.items() if seen.last_two_way is not None}

    # -- the exchange

    @cached_property
    def _conversation(self) -> Conversation:
        return Conversation().plus(self.log, self.is_ours)

    @property
    def touches(self) -> tuple[Touch, ...]:
        """Mails, held meetings and calls between the two sides, oldest first."""
        return self._conversation.touches

    @cached_property
    def last_two_way(self) -> Change | None:
        """The newest touch in which the buyer took part by themselves; its value is the touch in words."""
        newest = next((touch for touch in reversed(self.touches) if touch.two_way), None)
        if newest is None:
            return self.earlier.last_two_way
        return _newer(self.earlier.last_two_way, Change(newest.at, newest.event, newest.words))

    @cached_property
    def unanswered(self) -> list[Touch]:
        """Our mails and calls since the buyer's last sign of life and the deal's being taken up, oldest first."""
        row: list[Touch] = []
        for touch in reversed(self.touches):
            if not touch.is_ours or touch.two_way or touch.at < self.silent_since(touch.at):
                break
            row.append(touch)
        return row[::-1]

    @cached_property
    def replies_in_a_row(self) -> list[Touch]:
        """Our newest touches as far as they are replies, without a purposeful step between them; oldest first.

        What follows on the same mail is a reminder and no further reply.
        """
        step = self.last_step
        row: list[Touch] = []
        answered: set[str | None] = set()
        for touch in self.touches:
            if not touch.is_ours:
                continue
            if touch.answers is None or (step is not None and touch.at <= step.at):
                row.clear()
            elif touch.answers not in answered:
                row.append(touch)
            answered.add(touch.answers)
        return row

    @cached_property
    def last_step(self) -> Step | None:
        """Our newest purposeful step."""
        dated = self.earlier.facts.get("next_step_date")
        steps = own_steps(self.log, self.is_ours, dated.value if dated else None)
        steps += self._first_contacts() + self._stages_advanced()
        return max(steps, key=lambda step: (step.at, step.event), default=None)

    def _first_contacts(self) -> list[Step]:
        known = {email for email, seen in self.earlier.people.items()}
        found = []
        for touch in self.touches:
            new = [person for person in touch.people if person not in known]
            if touch.is_ours and touch.answers is None and new:
                found.append(Step(touch.at, touch.event, f"our first {touch.kind} to {new[0]}"))
            known.update(touch.people)
        return found

    def _stages_advanced(self) -> list[Step]:
        found, seen = [], set()
        for number, (change, index) in enumerate(self.stage_changes):
            if number:
                before = self.stage_changes[number - 1][1]
                # where the rules do not know the order, a stage that it was never in before is progress
                is_new = _plain(change.value) not in seen
                forward = index > before if index is not None and before is not None else is_new
                if forward and change.value is not None:
                    found.append(Step(change.at, change.event, f"stage advanced to {change.value}"))
            seen.add(_plain(change.value))
        return found

    @cached_property
    def _plans(self) -> list[Planned]:
        return planned(self.log, self.calendar, self.is_ours)

    @cached_property
    def last_planned(self) -> Planned | None:
        """What lies, or lay, ahead the longest: a meeting, a dated step, an open milestone, a pause, an absence."""
        return max(self._plans, key=lambda plan: (plan.until, plan.event), default=None)

    def planned_with(self, people: Collection[str]) -> Planned | None:
        """What lies, or lay, ahead the longest with some people: a meeting, an absence of theirs, the deal's pause.

        A meeting of which nobody told who comes counts as one with them.
        """
        plans = [plan for plan in self._plans if plan.text == "a pause" or self._is_with(people, plan.event)]
        return max(plans, key=lambda plan: (plan.until, plan.event), default=None)

    def _is_with(self, people: Collection[str], event: str) -> bool:
        match next((entry for entry in self.log if entry.event == event), None):
            case MeetingEntry(organizer=organizer, attendees=attendees):
                return not attendees or organizer in people or any(each in people for each in attendees)
            case MailEntry(sender=sender):
                return sender in people
            case _:
                return False

    @cached_property
    def milestones(self) -> list[Milestone]:
        """The close plan as it stands, by due date."""
        return milestones(self.log)

    @cached_property
    def proposals(self) -> list[DocumentEntry]:
        """Each sending of a proposal or quote, oldest first."""
        return [
            entry
            for entry in self.log
            if isinstance(entry, DocumentEntry) and entry.status == "sent" and entry.type in ("proposal", "quote")
        ]

    @property
    def proposal(self) -> DocumentEntry | None:
        """The newest proposal or quote that we sent; None if there was none."""
        return self.proposals[-1] if self.proposals else None

    def held(self, kind: str) -> Change | None:
        """The first meeting of a kind that was held with the buyer; its value is the kind."""
        held = (
            entry
            for entry in self.log
            if isinstance(entry, MeetingEntry)
            and (entry.status, entry.type) == ("held", kind)
            and not is_internal(entry, self.is_ours)
        )
        first, known = next(held, None), self.earlier.held.get(kind)
        change = _older(known, first) if first else known
        return replace(change, value=kind) if change else None

    @cached_property
    def last_progress(self) -> Step | None:
        """The newest sign that the deal moves: a stage advanced, an earlier close date, a milestone, a new role."""
        found = [*self._stages_advanced(), *milestones_done(self.log), *self._pulled_in(), *self._roles_gained()]
        return max(found, key=lambda step: (step.at, step.event), default=None)

    def _pulled_in(self) -> Iterator[Step]:
        dated = [change for change in self.changes("close_date") if change.value]
        for before, after in pairwise(dated):
            if after.value < before.value:
                yield Step(after.at, after.event, f"close date pulled in to {after.value}")

    def _roles_gained(self) -> Iterator[Step]:
        for email, told in self.contact_changes.items():
            known: set[str] = set()
            for change in told.get("roles", ()):
                new = set(change.value or ()) - known
                known |= new
                if new:
                    yield Step(change.at, change.event, f"{email} is {', '.join(sorted(new)).replace('_', ' ')}")

    def silent_since(self, moment: datetime) -> datetime:
        """Where a silence that began at a moment counts from: when the deal was taken up again, if that was later."""
        return max(moment, self.taken_up.at) if self.taken_up else moment

    def silent_from(self, deadline: datetime) -> datetime:
        """A silence rule's deadline, or one business day after the last planned step where that is later.

        A deal that was taken up again has that day, too.
        """
        plan, again = self.last_planned, self.taken_up
        ends = [each for each in (plan and plan.until, again and again.at) if each]
        return max([deadline, *(self.calendar.plus_business_days(end, 1) for end in ends)])

    def silence(self, start: datetime, warn: int, critical: int) -> tuple[datetime, datetime]:
        """When a silence since `start` is a stall, and when it is critical, by so many business days.

        What is planned puts off both alike, so that there is a warning first.
        """
        add = self.calendar.plus_business_days
        since = self.silent_from(add(self.silent_since(start), warn))
        return since, add(since, max(0, critical - warn))

    @property
    def feedback(self) -> list[FeedbackEntry]:
        """What people said of this deal's findings."""
        return [entry for entry in self.log if isinstance(entry, FeedbackEntry)]


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
    "_plans": _HangsOn((MeetingEntry, MilestoneEntry), _WHOSE | {"next_step_date", "paused_until"}),
    "last_planned": _HangsOn((MeetingEntry, MilestoneEntry), _WHOSE | {"next_step_date", "paused_until"}),
}
_FIELDS = frozenset({"id", "rules", "log", "earlier", "baseline", "coverage"})
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)
def _ours(domains: tuple[str, ...], owners: frozenset[str]) -> Callable[[str], bool]:
    domains = domains or tuple({domain_of(owner) for owner in owners})
    suffixes = tuple(f".{domain}" for domain in domains)

    @lru_cache(maxsize=4096)
    def is_ours(address: str) -> bool:
        domain = domain_of(address)
        return domain in domains or domain.endswith(suffixes) or address in owners

    return is_ours


def _order(entry: Entry) -> tuple[datetime, str]:
    return entry.at, entry.event


def _is_touch(entry: Entry) -> bool:
    return isinstance(entry, MailEntry | CallEntry) or (isinstance(entry, MeetingEntry) and entry.status == "held")


def _plain(stage: object) -> str:
    return stage.strip().casefold() if isinstance(stage, str) else ""


def _is_same(field: str, one: object, other: object) -> bool:
    """Whether two values of a field say the same; a stage may be told in other letters."""
    return one == other or (field == "stage" and None not in (one, other) and _plain(one) == _plain(other))


def _newer(one: Change | None, other: Change) -> Change:
    return other if one is None or (one.at, one.event) < (other.at, other.event) else one


def _older(one: Change | None, other: Entry) -> Change:
    return one if one is not None and (one.at, one.event) <= _order(other) else Change(other.at, other.event, None)


def _taken(field: str, one: Change | None, other: Change) -> Change:
    """A field's newest value, with the moment at which it took it: to repeat it is no change."""
    return one if one is not None and _is_same(field, one.value, other.value) else _newer(one, other)


def decides(person: dict[str, Any]) -> bool:
    """Whether a person of whom the CRM says this can decide."""
    if BUYING_POWER & set(person.get("roles") or ()):
        return True
    told = person.get("executive")
    return bool(told) if told is not None else is_executive_title(person.get("title") or "")


def _weight(person: dict[str, Change]) -> tuple[bool, datetime]:
    """Whom to remember: those with power, then those of whom there was news last."""
    power = decides({name: change.value for name, change in person.items()})
    return power, max((change.at for change in person.values()), default=_LONG_AGO)


def _seen(known: Seen | None, touch: Touch) -> Seen:
    first = touch.at if known is None else min(known.first, touch.at)
    two_way, event = (known.last_two_way, known.event) if known else (None, None)
    met = known.first_two_way if known else None
    if touch.two_way:
        met = touch.at if met is None else min(met, touch.at)
        if two_way is None or touch.at >= two_way:
            two_way, event = touch.at, touch.event
    return Seen(first, two_way, event, met)

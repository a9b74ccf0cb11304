"""What the CRM says of a deal: its fields and their history, its stages and close dates, and whose it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .addresses import domain_of
from .answers import Asked, question
from .changes import Change, is_same, older, plain
from .earlier import NOTHING, Earlier
from .log import DealEntry, Entry
from .strands import Strands, strands, strands_of

if TYPE_CHECKING:
    from .baselines import Baseline
    from .calendar import Calendar
    from .coverage import Coverage
    from .rules import Rules

CLOSED = frozenset({"won", "lost"})


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


@dataclass(frozen=True)
class Facts(Asked):
    """A deal as far as the CRM tells of it; its other questions stand on these.

    What is not of its own history, and may be different at another time, is given beside it: the `baseline` of the won
    deals of its pipeline, and the `coverage` of the sources that watch it.
    """

    id: str
    rules: Rules = field(compare=False)
    log: tuple[Entry, ...] = ()
    earlier: Earlier = NOTHING
    baseline: Baseline | None = field(default=None, compare=False, repr=False)
    coverage: Coverage | None = field(default=None, compare=False, repr=False)

    def entries(self, *names: str) -> tuple[Entry, ...]:
        """The entries of the log that belong to any strand of these names, in order."""
        known: dict[Strands, tuple[Entry, ...]] = self.__dict__.setdefault("_entries", {})
        asked = strands(*names)
        if asked not in known:
            known[asked] = tuple([entry for entry in self.log if strands_of(entry) & asked])
        return known[asked]

    @cached_property
    def _told(self) -> dict[str, list[Change]]:
        """Every value that was told of each field, in order of time, repetitions too."""
        told = {name: [change] for name, change in self.earlier.facts.items()}
        for entry in self.log:
            if isinstance(entry, DealEntry):
                for name, value in entry.fields.items():
                    told.setdefault(name, []).append(Change(entry.at, entry.event, value, entry.bulk))
        for name in self.earlier.facts:
            # entries that were kept may be older than what fell off
            told[name].sort(key=lambda change: (change.at, change.event))
        return told

    def told(self, name: str) -> list[Change]:
        """Every value that was told of a field, oldest first, repetitions too."""
        return self._told.get(name, [])

    def changes(self, name: str) -> list[Change]:
        """When a field took another value than it had, oldest first."""
        known: dict[str, list[Change]] = self.__dict__.setdefault("_changes", {})
        if name not in known:
            news = known[name] = []
            for change in self.told(name):
                if not news or not is_same(name, news[-1].value, change.value):
                    news.append(change)
        return known[name]

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
        told = self.told(name)
        return told[-1].value if told else None

    @property
    def facts(self) -> dict[str, Any]:
        """The value now of every field that was ever told, by name; None of one that was cleared."""
        return {name: told[-1].value for name, told in self._told.items()}

    def fact_at(self, name: str, moment: datetime) -> Any:
        """A field's value as it was at a moment; None if it had not been told by then or was cleared."""
        told = self.told(name)
        by_then = bisect_right(told, moment, key=lambda change: change.at)
        return told[by_then - 1].value if by_then else None

    @question
    def created(self) -> Change:
        """When the deal began: the CRM's first word of it, else its first event."""
        first = next(iter(self.entries("deal")), None)
        if first is not None:
            return older(self.earlier.created, first)
        return self.earlier.created or older(self.earlier.began, self.log[0])

    @property
    def is_open(self) -> bool:
        """Neither won nor lost."""
        return self.fact("status") not in CLOSED

    @question
    def taken_up(self) -> Change | None:
        """When it was last opened again after it had been won or lost; not if both fell into one moment."""
        by_moment = {change.at: change for change in self.changes("status")}
        moves = reversed(list(pairwise(by_moment.values())))
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
        told = self.told("owner")
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

    @property
    def paused_until(self) -> datetime | None:
        """The end of its pause, which may be over: the last moment of that day, the owner's; None if it has none."""
        told = self.fact("paused_until")
        return self.calendar.end_of(date.fromisoformat(told)) if told else None

    @question
    def calendar(self) -> Calendar:
        """The owner's working days."""
        return self.rules.calendar_of(self.owner, self.team)

    # -- stages

    @question
    def stage_changes(self) -> list[tuple[Change, int | None]]:
        """Each stage that it entered, with its place in the pipeline from 0 (None where the rules do not know it)."""
        stages = self.rules.stages_of(self.pipeline)
        return [
            (change, stages.index(plain(change.value)) if plain(change.value) in stages else None)
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
        """When it came to the stage in which it is; None if no stage was told.

        That counts in bulk, too: how long a stage may take and what it requires is asked of a deal from when it is in
        it. An import would else put every deal into its stage for as long as it had been in another one.
        """
        return self.current("stage")

    @property
    def stage_moved(self) -> Change | None:
        """When somebody last moved it to another stage; None if it is where it was put first, or was put in bulk."""
        return next((change for change, _ in reversed(self.stage_changes[1:]) if not change.bulk), None)

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

    @question
    def pushes(self) -> list[Push]:
        """Each move of the close date to a later day by somebody, oldest first, also if it was away in between."""
        dated = [change for change in self.changes("close_date") if change.value]
        pushes = []
        for before, after in pairwise(dated):
            was, now = date.fromisoformat(before.value), date.fromisoformat(after.value)
            if now > was and not after.bulk:
                pushes.append(Push(after.at, after.event, was, now))
        return pushes

    @question
    def is_ours(self) -> Callable[[str], bool]:
        """Tells our addresses from theirs: by the rules' domains, else by the domains of the deal's owners."""
        owners = frozenset(change.value for change in self.told("owner") if change.value)
        return _ours(self.rules.organization.domains, owners)


@lru_cache(maxsize=4096)
def _ours(domains: tuple[str, ...], owners: frozenset[str]) -> Callable[[str], bool]:
    domains = domains or tuple({domain_of(owner) for owner in owners})
    suffixes = tuple(f".{domain}" for domain in domains)

    @lru_cache(maxsize=4096)
    def is_ours(address: str) -> bool:
        domain = domain_of(address)
        return domain in domains or domain.endswith(suffixes) or address in owners

    return is_ours

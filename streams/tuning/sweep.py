"""What each of many settings of one detector would have told of a history that is folded once.

A deal is folded as live; then its detector is asked once for each setting, and all of them share what the deal has
answered already. As long as nothing begins that was over and nothing ends that was told, that is all. Whatever else
happens is left to `Watched`, so that each setting tells what a whole backtest under its rules would tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from detectors.core.baselines import Baseline
from detectors.core.breach import Breach, Finding
from detectors.core.coverage import Coverage
from detectors.core.deal import Deal
from detectors.core.detector import BookDetector, Detector, Verdict
from detectors.core.earlier import NOTHING
from detectors.core.events import Event
from detectors.core.muting import is_muted_for_good
from detectors.core.registry import catalogue
from detectors.core.returned import Return, ends, in_force, taken_up
from detectors.core.rules import Rules

from ..history import Input
from ..monitor.coverage import Asked
from ..monitor.partition import Advanced
from ..replay import Replay, Unwritten
from .lives import Episode, Life, episodes_of, life_of
from .seen import Over, Seen, Sight, _by
from .shelf import AT_HAND, Shelf


def with_values(rules: Rules, detector: str, values: dict[str, Any], when: dict[str, Any] | None = None) -> Rules:
    """The rules with other thresholds of a detector: for all deals that no override is for, or for those of `when`.

    `RulesError` names what the detector does not take.
    """
    content = rules.file.model_dump(exclude_unset=True)
    if when:
        overrides = [*content.get("overrides", ()), {"when": when, "detectors": {detector: values}}]
        return Rules.of({**content, "overrides": overrides})
    known = content.get("detectors", {})
    return Rules.of({**content, "detectors": {**known, detector: {**known.get(detector, {}), **values}}})


@dataclass(frozen=True)
class Told:
    """A deal's life, and by setting what would have been told of it; its own episodes are none.

    `verdict` is the newest word of people on the detector's finding: `useful` or `noise`; None where nobody gave one.
    """

    life: Life
    episodes: tuple[tuple[Episode, ...], ...]
    verdict: str | None

    def under(self, setting: int) -> Life:
        """Its life under one of the settings."""
        told = self.episodes[setting]
        return replace(self.life, episodes=told) if told else self.life


@dataclass(frozen=True)
class Swept:
    """A history under each setting of a detector: its deals, and its first and last moment."""

    deals: tuple[Told, ...]
    began: datetime
    ended: datetime


def sweep(
    history: Iterable[Input],
    detector: str,
    settings: Sequence[Rules],
    until: datetime | None = None,
    on_progress: Callable[[int], None] = lambda _accepted: None,
) -> tuple[Swept | None, Replay]:
    """Fold a history once, and ask a detector of it by each of some rules; None where it tells of no deal.

    The rules may differ in this detector's thresholds only. The replay says what was refused, and what failed.
    """
    replay = Replay(settings[0], until)
    shelf = Shelf()
    replay.partition = partition = _Sweeping(_Settings.of(detector, settings), shelf)
    over: dict[str, Told] = {}
    for accepted in replay.run(history):
        over |= {each.deal.id: _told(each) for each in shelf.clear_up(AT_HAND)}
        on_progress(accepted)
    at_hand = {each.deal.id: each for each in shelf.at_hand()}
    told = tuple(
        _told(at_hand[deal_id], partition.time, partition.coverage) if deal_id in at_hand else over[deal_id]
        for deal_id in sorted(shelf)
        if deal_id not in at_hand or at_hand[deal_id].deal.log
    )
    if partition.time is None or not told:
        return None, replay
    return Swept(told, min(each.life.began for each in told), partition.time), replay


def _told(deal: Seen, as_of: datetime | None = None, coverage: Coverage | None = None) -> Told:
    assert isinstance(deal, _Courses)
    said = deal.deal.verdicts.get(deal.settings.name)
    return Told(life_of(deal.deal, ()), tuple(deal.episodes(as_of, coverage)), said.verdict if said else None)


class _Settings:
    """The detector that is swept, as each setting has it."""

    def __init__(self, name: str, folding: Rules, alone: tuple[Rules, ...]) -> None:
        self.name = name
        self.kind = catalogue()[name]
        self.folding = folding
        self.alone = alone
        self.asks_others = issubclass(self.kind, Verdict)
        self.by_baseline = self.kind.by_baseline or self.asks_others
        self._asked: dict[tuple[Any, ...], _Asked] = {}
        self._known: dict[tuple[int, ...], _Asked] = {}

    @classmethod
    def of(cls, name: str, rules: Sequence[Rules]) -> _Settings:
        """A verdict looks at what the others find; else nobody but the detector is asked."""
        kinds = catalogue()
        if issubclass(kinds[name], Verdict):
            judges = [each for each, kind in kinds.items() if issubclass(kind, Verdict | BookDetector)]
            return cls(name, _without(rules[0], judges), tuple(rules))
        others = [each for each in kinds if each != name]
        return cls(name, _without(rules[0], list(kinds)), tuple(_without(each, others) for each in rules))

    def __len__(self) -> int:
        return len(self.alone)

    @cached_property
    def untold(self) -> tuple[_Course, ...]:
        """The courses of a deal of which nothing was told."""
        return (_UNTOLD,) * len(self.alone)

    def for_deal(self, deal: Deal) -> _Asked:
        """The detector as each setting has it for a deal as it is now."""
        key = tuple(getattr(deal, name) for name in self._asked_for)
        if key not in self._asked:
            self._asked[key] = self._of([rules.detectors_for(deal).get(self.name) for rules in self.alone])
        return self._asked[key]

    @cached_property
    def _asked_for(self) -> tuple[str, ...]:
        """What overrides ask of a deal."""
        names = {name for rules in self.alone for each in rules.file.overrides for name in each.when.model_fields_set}
        return tuple(sorted({"amount" if name in ("min_amount", "max_amount") else name for name in names}))

    def _of(self, detectors: list[Detector | None]) -> _Asked:
        # amounts are many, and few of them make a difference
        same = tuple(map(id, detectors))
        if same not in self._known:
            different = tuple(dict.fromkeys(detectors))
            self._known[same] = _Asked(different, tuple(map(different.index, detectors)))
        return self._known[same]


@dataclass(frozen=True)
class _Asked:
    """Detectors that differ, and which of them each setting has; None where it is switched off."""

    different: tuple[Detector | None, ...]
    numbers: tuple[int, ...]

    @cached_property
    def named(self) -> tuple[tuple[str, Detector], ...]:
        """Under which name a deal remembers what each of them said of it."""
        return tuple((name, each) for name, each in zip(self.names, self.different, strict=True) if each is not None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all of them."""
        return tuple(f"sweep {number}" for number in range(len(self.different)))


def _without(rules: Rules, names: list[str]) -> Rules:
    content = rules.file.model_dump(exclude_unset=True)
    return Rules.of({**content, "overrides": [*content.get("overrides", ()), {"when": {}, "disable": sorted(names)}]})


@dataclass(frozen=True)
class _Course:
    """What one setting told of a deal that is over, what came back of it, and when all of it was seen.

    `going_on` is the sight of what was open already when the deal's newest event came, and went on.
    """

    past: tuple[Finding, ...] = ()
    returns: tuple[Return, ...] = ()
    over: Over = field(default_factory=dict)
    going_on: Sight | None = None

    @classmethod
    def of(cls, seen: Seen, name: str, before: _Course) -> _Course:
        past = tuple(
            each if each in before.past else replace(each, evidence=(), summary="", clears_when="")
            for each in seen.past
            if each.detector == name
        )
        returns = tuple(each for each in seen.returns if each.detector == name)
        over = {key: sight for key, sight in seen.over.items() if key[0] == name}
        return cls(past, returns, over, seen.going_on.get(name))

    @cached_property
    def ended(self) -> datetime | None:
        """What begins before this moment was over by then, or has come back since."""
        ended = ends(self.past)
        back = in_force(self.returns, ended)
        return max((*ended.values(), *(each.since for each in back.values())), default=None)

    def tells_as_found(self, breach: Breach | None) -> bool:
        """Whether a breach that is found is told as it is."""
        return breach is None or self.ended is None or breach.since >= self.ended

    def rewound(self, moment: datetime, until: datetime | None) -> _Course:
        """As it was before a moment, when the newest event was that of `until`."""
        if self is _UNTOLD:
            return self
        if until is None:
            past = tuple(each for each in self.past if each.until and each.until < moment)
            return _Course(past) if past else _UNTOLD
        later = [*(sight for (_, end), sight in self.over.items() if end > until), *filter(None, [self.going_on])]
        sights = [each for each in later if each.at < until]
        return _Course(
            tuple(each for each in self.past if each.until and each.until <= until),
            tuple(each for each in self.returns if each.at <= until),
            {key: sight for key, sight in self.over.items() if key[1] <= until},
            _by(until, sights[-1]) if sights else None,
        )


_UNTOLD = _Course()


@dataclass(frozen=True)
class _Courses(Seen):
    """A deal that is folded, and its course under each setting."""

    settings: _Settings = field(kw_only=True, compare=False)
    courses: tuple[_Course, ...] = field(kw_only=True)

    @property
    def beside(self) -> Mapping[str, Any]:
        return {**super().beside, "settings": self.settings, "courses": self.courses}

    def episodes(self, as_of: datetime | None, coverage: Coverage | None) -> Iterator[tuple[Episode, ...]]:
        """By setting, what was told of the deal up to a moment; it may be None of a closed one."""
        moment = as_of or self.deal.last_at
        assert moment is not None
        for number, breach in enumerate(self._told_at(moment)):
            findings = self.courses[number].past
            if not findings and (breach is None or breach.since > moment):
                yield ()
                continue
            alone = self._alone(number)
            if breach is not None:
                findings = tuple(each for each in alone.answer(moment, coverage) if each.detector == self.settings.name)
            yield tuple(episodes_of(alone, findings, moment))

    def retold(self, moment: datetime) -> _Courses:
        if not self.settings.by_baseline:
            return self
        anew = super().retold(moment)
        assert isinstance(anew, _Courses)
        if anew is not self and self.deal.earlier != NOTHING and self.settings.kind.by_baseline:
            anew.__dict__["courses"] = self._retold(self.deal, moment).courses
        return anew

    def _retold(self, deal: Deal, moment: datetime) -> _Courses:
        until = deal.before(moment).last_at
        rewound = replace(self, courses=tuple(each.rewound(moment, until) for each in self.courses))
        told = super(_Courses, rewound)._retold(deal, moment)
        assert isinstance(told, _Courses)
        return told

    def _then(self, deal: Deal, at: datetime) -> _Courses:
        before, baseline = self._told_at(at), self._baseline_of(deal, at) if self.settings.by_baseline else None
        # before the fold settles what the newest events touched, and lets go what no detector of its own said
        found = None if self.settings.asks_others else self._found(deal, baseline)
        said = deal.memory().breaches_told
        told = super()._then(deal, at)
        assert isinstance(told, _Courses)
        if found is not None:
            deal.memory().breaches_told = said
        if found is None:
            found = told._judged_at(at)
        told.__dict__["_alone_told"] = baseline, found
        if self.courses == self.settings.untold and all(was is None or was.since >= at for was in before):
            return told
        courses, now = list(self.courses), found.copy()
        for number, (course, was, breach) in enumerate(zip(self.courses, before, found, strict=True)):
            if course is _UNTOLD and (was is None or was.since >= at):
                continue
            if course.tells_as_found(breach) and self._goes_on(course, was, breach, at):
                continue
            alone = self._alone(number)._then(self._as_alone(deal, number), at)
            assert isinstance(alone, Seen)
            courses[number] = _Course.of(alone, self.settings.name, course)
            now[number] = alone.breaches_at(at).get(self.settings.name)
        told.__dict__["courses"] = tuple(courses)
        told.__dict__["_alone_told"] = baseline, now
        return told

    def _goes_on(self, course: _Course, was: Breach | None, breach: Breach | None, at: datetime) -> bool:
        """Whether the events of a moment change nothing of what was told before it, and of when that was seen."""
        if was is None or max(was.since, self.deal.last_at or was.since) >= min(was.until or at, at):
            return course.going_on is None
        if breach is None or not breach.holds_at(at) or (was.until is not None and was.until <= at):
            return False
        sight, critical_from = course.going_on, was.critical_from
        return sight is not None and (sight.critical_at is not None or critical_from is None or critical_from > at)

    def _told_at(self, moment: datetime) -> list[Breach | None]:
        """By setting, the breach as it is told, by the baseline that is in force at a moment."""
        baseline = self._baseline_of(self.deal, moment) if self.settings.by_baseline else None
        known: tuple[Baseline | None, list[Breach | None]] | None = self.__dict__.get("_alone_told")
        if known is None or known[0] is not baseline:
            found = self._judged_at(moment) if self.settings.asks_others else self._found(self.deal, baseline)
            for number, (course, breach) in enumerate(zip(self.courses, found, strict=True)):
                if not course.tells_as_found(breach):
                    found[number] = self._alone(number).breaches_at(moment).get(self.settings.name)
            known = self.__dict__["_alone_told"] = baseline, found
        return known[1]

    def _found(self, deal: Deal, baseline: Baseline | None) -> list[Breach | None]:
        """By setting, the breach as it is found, whatever was told before."""
        if not deal.is_open or not deal.log:
            return [None] * len(self.settings)
        asked, beside = self.settings.for_deal(deal), deal.given(baseline)
        if self.settings.by_baseline:
            found = [
                None if each is None else self._ask(deal, partial(each.assess, beside)) for each in asked.different
            ]
        else:
            memory = beside.memory().beside(baseline, None)
            known = dict(memory.breaches(beside, asked.named, lambda _, error: self._failed(deal, error)))
            found = [known.get(name) for name in asked.names]
        return self._begun(deal, [found[number] for number in asked.numbers])

    def _judged_at(self, moment: datetime) -> list[Breach | None]:
        """By setting of a verdict, the breach as it is found beside what the others find at a moment."""
        deal = self.deal
        if not deal.is_open or not deal.log:
            return [None] * len(self.settings)
        said, breaches = deal.verdicts, self.breaches_at(moment).items()
        others = {name: each for name, each in breaches if not is_muted_for_good(each, said.get(name))}
        asked = self.settings.for_deal(deal)
        found = [
            self._ask(deal, partial(each.judge, deal, others)) if isinstance(each, Verdict) else None
            for each in asked.different
        ]
        return self._begun(deal, [found[number] for number in asked.numbers])

    def _begun(self, deal: Deal, found: list[Breach | None]) -> list[Breach | None]:
        again = deal.taken_up
        return [breach and taken_up(breach, again) for breach in found] if again else found

    def _ask(self, deal: Deal, ask: Callable[[], Breach | None]) -> Breach | None:
        try:
            return ask()
        except Exception as error:
            self._failed(deal, error)
            return None

    def _failed(self, deal: Deal, error: Exception) -> None:
        if self.on_error is None:
            raise error
        self.on_error(self.settings.name, deal.id, error)

    def _alone(self, number: int) -> Seen:
        """The deal as one setting has it."""
        course = self.courses[number]
        past, returns = (*self.past, *course.past), (*self.returns, *course.returns)
        going_on = {self.settings.name: course.going_on} if course.going_on else {}
        return Seen(
            self._as_alone(self.deal, number),
            past,
            self.on_error,
            self.baselines,
            returns,
            going_on=going_on,
            over=course.over,
        )

    def _as_alone(self, deal: Deal, number: int) -> Deal:
        alone = deal.under(self.settings.alone[number])
        alone.learn(deal)
        return alone


class _Sweeping(Unwritten):
    """A partition of one whose deals have a course under each setting; it tells of them to nobody."""

    def __init__(self, settings: _Settings, shelf: Shelf) -> None:
        super().__init__(0, 1, settings.folding)
        self.deals = shelf
        self._settings = settings

    @property
    def coverage(self) -> Coverage:
        """How far the sources have been seen, at last."""
        return Asked(self._heartbeats)

    def _apply(self, deal_id: str, event: Event, out: Advanced) -> bool:
        if deal_id not in self.deals:
            self.deals[deal_id] = _Courses(
                Deal(deal_id, self.rules),
                on_error=self._on_error,
                baselines=self._wins.baselines,
                settings=self._settings,
                courses=self._settings.untold,
            )
        return super()._apply(deal_id, event, out)

    def _retold(self, changed: Iterable[str]) -> dict[str, None]:
        for pipeline, since in self._wins.learned_late():
            for deal_id in dict.fromkeys([*self._told_since(since), *changed]):
                if (watched := self.deals[deal_id]).deal.pipeline == pipeline:
                    self.deals[deal_id] = watched.retold(since)
        return {}

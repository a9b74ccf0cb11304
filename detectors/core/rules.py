"""Rules: the thresholds and facts of one organization, and which of them apply to a deal.

Reading a file is not done here: `Rules.of` takes what a YAML file holds. Unknown names are refused with the nearest
match.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .addresses import Address, domain_of, normalise
from .calendar import MONDAY_TO_FRIDAY, WEEK, Calendar, is_country
from .complaints import complaint
from .detector import BookDetector, Detector, Verdict
from .durations import Duration
from .events import Role
from .phrases import DEFAULT_PHRASES, Phrases
from .registry import catalogue
from .requirements import Requirement


class RulesError(ValueError):
    """Rules that are not accepted; `problems` holds (path of keys, what is wrong) for each."""

    def __init__(self, problems: list[tuple[tuple[str | int, ...], str]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, path)) or 'rules'}: {text}" for path, text in problems))
        self.problems = problems


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no time zone; write it like Europe/Berlin") from None
    return name


def _known_country(code: str) -> str:
    if not is_country(code):
        raise ValueError(f"no holidays are known for {code!r}; write it like DE or DE-BY")
    return code


def _domain(name: str) -> str:
    try:
        return domain_of(normalise(f"postmaster@{name.strip().lstrip('@')}"))
    except ValueError:
        raise ValueError(f"{name!r} is no mail domain; write it like us.example") from None


def _known_day(name: str) -> str:
    if name not in WEEK:
        raise ValueError(f"{name!r} is no day of the week; they are {', '.join(WEEK)}")
    return name


def _in_order(days: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(day for day in WEEK if day in days)


Zone = Annotated[str, AfterValidator(_known_zone)]
Country = Annotated[str, AfterValidator(_known_country)]
Week = Annotated[tuple[Annotated[str, AfterValidator(_known_day)], ...], Field(min_length=1), AfterValidator(_in_order)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Organization(_Section):
    """Whose pipeline it is. Mail from `domains` is ours."""

    domains: tuple[Annotated[str, AfterValidator(_domain)], ...] = ()
    holidays: Country | None = None
    working_days: Week = _in_order(tuple(MONDAY_TO_FRIDAY))
    time_zone: Zone = "UTC"
    fiscal_year_starts: int = Field(1, ge=1, le=12)


class Team(_Section):
    """What holds for a team's owners unless they say otherwise."""

    manager: Address | None = None
    time_zone: Zone | None = None
    working_days: Week | None = None
    holidays: Country | None = None


class Owner(_Section):
    """What holds for one owner."""

    team: str | None = None
    time_zone: Zone | None = None
    working_days: Week | None = None
    holidays: Country | None = None


class Alerts(_Section):
    """How much a rep is told."""

    per_owner_per_day: int = Field(3, ge=0)
    quiet_hours: tuple[ClockTime, ClockTime] | None = None


class Source(_Section):
    """What is expected of a source of events."""

    max_silence: Duration


class Pipeline(_Section):
    """A pipeline's stages, in order; what must be known, and whose role filled, from a stage on."""

    stages: tuple[str, ...] = Field(min_length=1)
    requires: dict[str, tuple[Requirement, ...]] = {}
    roles: dict[str, tuple[Role, ...]] = {}


class Described(Protocol):
    """What overrides may ask of a deal."""

    @property
    def pipeline(self) -> str: ...
    @property
    def segment(self) -> str | None: ...
    @property
    def stage(self) -> str | None: ...
    @property
    def team(self) -> str | None: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def amount(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """A threshold in force for a deal, and the path of keys in the rules file that sets it; None for a default.

    Of a detector that is switched off, `threshold` and `value` are None, and `path` is what switches it off.
    """

    detector: str
    threshold: str | None
    value: Any
    path: tuple[str | int, ...] | None


class When(_Section):
    """Which deals an override is for; every key that is given must match."""

    pipeline: str | None = None
    segment: str | None = None
    stage: str | None = None
    team: str | None = None
    owner: Address | None = None
    currency: str | None = None
    min_amount: float | None = None
    max_amount: float | None = None

    def matches(self, deal: Described) -> bool:
        """Whether the override is for this deal as it is now."""
        for name in ("pipeline", "segment", "stage", "team", "owner", "currency"):
            wanted, told = getattr(self, name), getattr(deal, name)
            if wanted is not None and str(told or "").casefold() != wanted.casefold():
                return False
        amount = deal.amount
        if self.min_amount is not None and (amount is None or amount < self.min_amount):
            return False
        return self.max_amount is None or (amount is not None and amount <= self.max_amount)


class Override(_Section):
    """Other thresholds, or silence, for some deals."""

    when: When
    detectors: dict[str, dict[str, Any]] = {}
    disable: tuple[str, ...] = ()


class Promise(_Section):
    """What a backtest promised of a detector as it is set, to be held against what comes true.

    Shares are from 0 to 1; alerts are what one rep is told in a week. `measured` is the day of the backtest.
    """

    precision: float | None = Field(None, ge=0, le=1)
    recall: float | None = Field(None, ge=0, le=1)
    alerts_per_rep_week: float | None = Field(None, ge=0)
    measured: date | None = None


class RulesFile(_Section):
    """A whole rules file."""

    organization: Organization = Organization()
    teams: dict[str, Team] = {}
    owners: dict[Address, Owner] = {}
    alerts: Alerts = Alerts()
    sources: dict[str, Source] = {}
    pipelines: dict[str, Pipeline] = {}
    phrases: dict[str, tuple[Annotated[str, Field(min_length=3, max_length=80)], ...]] = {}
    detectors: dict[str, dict[str, Any]] = {}
    overrides: tuple[Override, ...] = ()
    promised: dict[str, Promise] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        problems: list[tuple[tuple[str | int, ...], str]] = []
        for email, owner in self.owners.items():
            if owner.team is not None and owner.team not in self.teams:
                problems.append((("owners", email, "team"), _unknown(owner.team, self.teams)))
        for name, pipeline in self.pipelines.items():
            stages = {stage.strip().casefold() for stage in pipeline.stages}
            problems += [
                (("pipelines", name, part, stage), _unknown(stage, pipeline.stages))
                for part, by_stage in (("requires", pipeline.requires), ("roles", pipeline.roles))
                for stage in by_stage
                if stage.strip().casefold() not in stages
            ]
        problems += _detector_problems(("detectors",), self.detectors)
        for number, override in enumerate(self.overrides):
            place = ("overrides", number)
            problems += _detector_problems((*place, "detectors"), override.detectors)
            problems += [
                ((*place, "disable", index), _unknown(name, catalogue()))
                for index, name in enumerate(override.disable)
                if name not in catalogue()
            ]
        problems += [
            (("promised", name), _unknown(name, catalogue())) for name in self.promised if name not in catalogue()
        ]
        if problems:
            raise RulesError(problems)
        return self


def _detector_problems(
    place: tuple[str | int, ...], settings: Mapping[str, dict[str, Any]]
) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for name, thresholds in settings.items():
        if name not in catalogue():
            yield (*place, name), _unknown(name, catalogue())
            continue
        try:
            catalogue()[name](**thresholds)
        except ValidationError as error:
            for path, text in _problems(error, catalogue()[name].model_fields):
                yield (*place, name, *path), text


def _folded(name: str) -> str:
    return name.strip().casefold()


def _unknown(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"unknown name {name!r}" + (f", did you mean {near[0]!r}?" if near else "")


def _problems(error: ValidationError, known: Iterable[str] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    problems: list[tuple[tuple[str | int, ...], str]] = []
    for each in error.errors(include_url=False):
        told = each.get("ctx", {}).get("error")
        if isinstance(told, RulesError):
            problems += told.problems
            continue
        place = tuple(part for part in each["loc"] if part != "[key]")
        if each["type"] == "extra_forbidden":
            problems.append((place, _unknown(str(place[-1]), known or _fields_at(place[:-1]))))
        else:
            problems.append((place, complaint(each)))
    return problems


def _sound(content: object, problems: Iterable[tuple[tuple[str | int, ...], str]]) -> dict[Any, Any]:
    """What a file holds without the parts that have problems."""
    if not isinstance(content, dict):
        return {}
    sound = {name: copy(part) for name, part in content.items()}
    for path, _ in problems:
        section, inner = path[0], sound.get(path[0])
        if len(path) > 1 and isinstance(inner, list) and isinstance(path[1], int):
            inner[path[1]] = {"when": {}}
        elif len(path) > 1 and isinstance(inner, dict) and section == "teams":
            # those who are in it would know of no team any more
            inner[path[1]] = {}
        elif len(path) > 1 and isinstance(inner, dict):
            inner.pop(path[1], None)
        else:
            sound.pop(section, None)
            if section == "teams":
                sound.pop("owners", None)
    return sound


def _fields_at(place: tuple[str | int, ...]) -> Iterable[str]:
    """The names that a section of the file knows."""
    sections: dict[str, type[BaseModel]] = {
        "organization": Organization,
        "teams": Team,
        "owners": Owner,
        "alerts": Alerts,
        "sources": Source,
        "pipelines": Pipeline,
        "promised": Promise,
        "overrides": When if "when" in place else Override,
    }
    return (sections[str(place[0])] if place else RulesFile).model_fields


@dataclass(frozen=True, slots=True)
class Resolved:
    """The detectors that apply to a deal, with their thresholds: those who judge it alone, and verdicts.

    Those `by_coverage` judge it alone, too.
    """

    by_name: Mapping[str, Detector]
    of_deals: tuple[tuple[str, Detector], ...]
    by_coverage: tuple[tuple[str, Detector], ...]
    verdicts: tuple[tuple[str, Verdict], ...]

    @classmethod
    def of(cls, by_name: Mapping[str, Detector]) -> Resolved:
        """These, by what they judge."""
        of_deals = [each for each in by_name.items() if not isinstance(each[1], BookDetector | Verdict)]
        verdicts = [(name, each) for name, each in by_name.items() if isinstance(each, Verdict)]
        by_coverage = [each for each in of_deals if each[1].by_coverage]
        return cls(by_name, tuple(of_deals), tuple(by_coverage), tuple(verdicts))


class Rules:
    """Rules in force, answering what holds for a deal."""

    def __init__(self, file: RulesFile | None = None) -> None:
        self.file = file or RulesFile()
        self._calendars: dict[tuple[str | None, str | None], Calendar] = {}
        self._detectors: dict[tuple[int, ...], dict[str, Detector]] = {}
        self._by_kind: dict[tuple[int, ...], Resolved] = {}

    @classmethod
    def of(cls, content: object) -> Rules:
        """Rules from what a YAML file holds; `RulesError` names every problem and its place."""
        try:
            return cls(RulesFile.model_validate(content if content is not None else {}))
        except ValidationError as error:
            problems = _problems(error)
        try:
            # names are looked at in a file whose parts are well: for that, those that are not are left out
            RulesFile.model_validate(_sound(content, problems))
        except ValidationError as error:
            problems += [each for each in _problems(error) if each not in problems]
        raise RulesError(problems)

    def doubts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What is allowed and yet looks like a slip: (path of keys, what is odd)."""
        pipelines, teams = self.file.pipelines, self.file.teams
        for name, pipeline in pipelines.items():
            for index, stage in enumerate(pipeline.stages):
                if _folded(stage) in map(_folded, pipeline.stages[:index]):
                    yield ("pipelines", name, "stages", index), f"{stage!r} stands in the list twice"
        stages = [stage for pipeline in pipelines.values() for stage in pipeline.stages]
        for number, override in enumerate(self.file.overrides):
            when = override.when
            for key, wanted, known in (
                ("pipeline", when.pipeline, list(pipelines)),
                ("stage", when.stage, stages),
                ("team", when.team, list(teams)),
            ):
                # where the file names none at all, they are known elsewhere
                if wanted is not None and known and _folded(wanted) not in map(_folded, known):
                    yield ("overrides", number, "when", key), f"no {key} of this file: {_unknown(wanted, known)}"

    @property
    def organization(self) -> Organization:
        """Whose pipeline it is."""
        return self.file.organization

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the rules in force, by which a finding says how it was judged."""
        return sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()

    def team_of(self, owner: str | None) -> str | None:
        """The team that an owner belongs to."""
        known = self.file.owners.get(owner) if owner else None
        return known.team if known else None

    def calendar_of(self, owner: str | None, team: str | None) -> Calendar:
        """The working days of an owner: their own, else their team's, else the organization's."""
        key = (owner, team)
        if key not in self._calendars:
            layers = [self.file.owners.get(owner or ""), self.file.teams.get(team or ""), self.organization]
            zone = next(layer.time_zone for layer in layers if layer and layer.time_zone)
            country = next((layer.holidays for layer in layers if layer and layer.holidays), None)
            week = next(layer.working_days for layer in layers if layer and layer.working_days)
            self._calendars[key] = Calendar(zone, country, frozenset(week))
        return self._calendars[key]

    @cached_property
    def _stages(self) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(stage.strip().casefold() for stage in pipeline.stages)
            for name, pipeline in self.file.pipelines.items()
        }

    def stages_of(self, pipeline: str) -> tuple[str, ...]:
        """The stages of a pipeline in order, casefolded; the default pipeline's where it has none of its own."""
        return self._stages.get(pipeline) or self._stages.get("default", ())

    def requirements_of(self, pipeline: str, stage: str) -> tuple[Requirement, ...]:
        """What must be known of a deal that is in this stage (of `stages_of`) or beyond."""
        return self._by_stage[pipeline if pipeline in self._stages else "default"][0].get(stage, ())

    def roles_of(self, pipeline: str, stage: str) -> tuple[Role, ...]:
        """Whose roles must be filled in a deal that is in this stage (of `stages_of`) or beyond."""
        return self._by_stage[pipeline if pipeline in self._stages else "default"][1].get(stage, ())

    @cached_property
    def _by_stage(
        self,
    ) -> defaultdict[str, tuple[dict[str, tuple[Requirement, ...]], dict[str, tuple[Role, ...]]]]:
        known = {
            name: (
                {stage.strip().casefold(): needs for stage, needs in pipeline.requires.items()},
                {stage.strip().casefold(): roles for stage, roles in pipeline.roles.items()},
            )
            for name, pipeline in self.file.pipelines.items()
        }
        return defaultdict(lambda: ({}, {}), known)

    @cached_property
    def phrases(self) -> Phrases:
        """The phrases that are looked for in mails: the lists of the file in place of the defaults of their names."""
        return Phrases({**DEFAULT_PHRASES, **self.file.phrases})

    def quarter_of(self, day: date) -> tuple[int, int]:
        """The fiscal year (the calendar year in which it began) and quarter (1 to 4) of a day."""
        months = day.year * 12 + day.month - self.organization.fiscal_year_starts
        return months // 12, months % 12 // 3 + 1

    def book_detectors(self, owner: str, team: str | None) -> Mapping[str, BookDetector]:
        """The book detectors that apply to an owner; of overrides, those count that ask for owner or team only."""
        numbers = tuple(
            number
            for number, override in enumerate(self.file.overrides)
            if override.when.model_fields_set <= {"owner", "team"}
            and override.when.owner in (None, owner)
            and (override.when.team is None or override.when.team.casefold() == (team or "").casefold())
        )
        found = self._resolved(numbers)
        return {name: detector for name, detector in found.items() if isinstance(detector, BookDetector)}

    def settings_for(self, deal: Described) -> Iterator[Setting]:
        """Every threshold that applies to a deal as it is now, and where it comes from."""
        matching = self._matching(deal)
        resolved = self._resolved(matching)
        for name, kind in catalogue().items():
            if name not in resolved:
                number = next(n for n in reversed(matching) if name in self.file.overrides[n].disable)
                place = self.file.overrides[number].disable.index(name)
                yield Setting(name, None, None, ("overrides", number, "disable", place))
                continue
            values = resolved[name].thresholds
            for threshold in kind.model_fields:
                yield Setting(name, threshold, values[threshold], self._origin(name, threshold, matching))

    def _origin(self, name: str, threshold: str, matching: tuple[int, ...]) -> tuple[str | int, ...] | None:
        for number in reversed(matching):
            if threshold in self.file.overrides[number].detectors.get(name, {}):
                return ("overrides", number, "detectors", name, threshold)
        return ("detectors", name, threshold) if threshold in self.file.detectors.get(name, {}) else None

    def _matching(self, deal: Described) -> tuple[int, ...]:
        return tuple(number for number, override in enumerate(self.file.overrides) if override.when.matches(deal))

    def content(self) -> dict[str, Any]:
        """All that is in force, defaults written out: what the hash is of, and what two files differ in."""
        content = self.file.model_dump(mode="json")
        content["detectors"] = {name: detector.thresholds for name, detector in self._resolved(()).items()}
        return content

    def detectors_for(self, deal: Described) -> Mapping[str, Detector]:
        """The detectors that apply to a deal as it is now, with their thresholds, by name; book detectors too."""
        return self._resolved(self._matching(deal))

    def resolved_for(self, deal: Described) -> Resolved:
        """The same by what they judge."""
        matching = self._matching(deal)
        by_name = self._resolved(matching)
        known = self._by_kind.get(matching)
        if known is None or known.by_name is not by_name:
            known = self._by_kind[matching] = Resolved.of(by_name)
        return known

    def _resolved(self, overrides: tuple[int, ...]) -> dict[str, Detector]:
        if overrides not in self._detectors:
            settings = {name: dict(self.file.detectors.get(name, {})) for name in catalogue()}
            for number in overrides:
                override = self.file.overrides[number]
                for name, thresholds in override.detectors.items():
                    settings.setdefault(name, {}).update(thresholds)
                for name in override.disable:
                    settings.pop(name, None)
            self._detectors[overrides] = {name: catalogue()[name](**settings[name]) for name in sorted(settings)}
        return self._detectors[overrides]

"""Which values of a threshold are tried: as they are written on the command line, or around the present one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from itertools import count, product
from math import floor
from typing import Any

from pydantic import ValidationError

from detectors.core.complaints import complaint
from detectors.core.detector import BookDetector, Detector
from detectors.core.durations import parse_duration, say_duration
from detectors.core.registry import catalogue
from detectors.core.rules import Rules, When

MOST = 31
"""So many values are tried of a range, at most."""

MOST_SETTINGS = 400
"""So many combinations of several thresholds."""

_DAY = timedelta(days=1)
_NICE = (1, 2, 5)
_DURATIONS = tuple(
    timedelta(hours=hours) for hours in (1, 2, 3, 6, 12, *(24 * days for days in (1, 2, 5, 7, 10, 14, 30, 60, 90, 180)))
)


class ValuesError(ValueError):
    """Values that cannot be tried; says which, and what is."""


@dataclass(frozen=True)
class _Deal:
    """A deal of which only that is known which an override asks for."""

    when: When

    @property
    def pipeline(self) -> str:
        return self.when.pipeline or "default"

    @property
    def segment(self) -> str | None:
        return self.when.segment

    @property
    def stage(self) -> str | None:
        return self.when.stage

    @property
    def team(self) -> str | None:
        return self.when.team

    @property
    def owner(self) -> str | None:
        return self.when.owner

    @property
    def currency(self) -> str | None:
        return self.when.currency

    @property
    def amount(self) -> float | None:
        return self.when.min_amount if self.when.min_amount is not None else self.when.max_amount


def kind_of(detector: str) -> type[Detector]:
    """A detector that can be tuned; `ValuesError` if there is none of this name, or no deal's end can judge it."""
    known = {name: kind for name, kind in catalogue().items() if kind.model_fields}
    if detector not in known:
        there = f"{detector!r} has no thresholds" if detector in catalogue() else f"no detector {detector!r}"
        raise ValuesError(there + nearest(detector, known))
    kind = known[detector]
    if issubclass(kind, BookDetector):
        raise ValuesError(f"{detector} looks at a rep's whole book: there is no deal's end to judge it by")
    if kind.by_coverage:
        raise ValuesError(f"{detector} asks what sources report, and no history tells that")
    if kind.severity == "info" and not any(name.startswith("critical") for name in kind.model_fields):
        raise ValuesError(f"{detector} is shown and told to nobody: it has no alerts to be judged")
    return kind


def present(rules: Rules, detector: str, when: When | None = None) -> dict[str, Any]:
    """The thresholds of a detector that are in force for all deals that no override is for, or for those of `when`."""
    file = rules.file.detectors.get(detector, {})
    found = rules.detectors_for(_Deal(when)).get(detector) if when else None
    return dict(found or catalogue()[detector](**file))


def main_threshold(detector: str) -> str:
    """The one that decides whether something is told at all; of several, the time that is waited."""
    names = list(catalogue()[detector].model_fields)
    deciding = [name for name in names if not name.startswith("critical")]
    return next((name for name in deciding if name == "warn_business_days"), (deciding or names)[0])


def around(rules: Rules, detector: str, threshold: str, when: When | None = None) -> list[Any]:
    """Values from a third of the present one to three times it, within the bounds; the present one among them."""
    value = present(rules, detector, when)[threshold]
    low, high = value / 3, value * 3
    if isinstance(value, int):
        low, high = max(round(low), 0), max(round(high), value + 3)
    elif value == timedelta():
        high = 14 * _DAY
    tried = {*_steps(low, high), value}
    return sorted(each for each in tried if _complaint(detector, threshold, each) is None)


def read(detector: str, told: Sequence[str]) -> dict[str, list[Any]]:
    """The values of each threshold that is told as NAME=VALUES: `5..30`, `5..30..5` or `5,10,15`.

    `ValuesError` names what is not known, or out of bounds.
    """
    found: dict[str, list[Any]] = {}
    fields = kind_of(detector).model_fields
    for each in told:
        name, equals, values = each.partition("=")
        name = name.strip()
        if not equals or not values.strip():
            raise ValuesError(f"{each!r}: write it like {main_threshold(detector)}=5..30")
        if name not in fields:
            raise ValuesError(f"{detector} has no threshold {name!r}{nearest(name, fields)}")
        if name in found:
            raise ValuesError(f"{name} stands there twice: write all of its values in one list")
        found[name] = _values(detector, name, values)
    return found


def combinations(values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Each combination of values; `ValuesError` where they are too many."""
    number = 1
    for each in values.values():
        number *= len(each)
    if number > MOST_SETTINGS:
        raise ValuesError(
            f"{' × '.join(f'{len(each)} of {name}' for name, each in values.items())} are {number:,} settings, "
            f"at most {MOST_SETTINGS} are tried: name fewer values, or one threshold after the other"
        )
    return [dict(zip(values, each, strict=True)) for each in product(*values.values())]


def say(value: Any) -> str:
    """A value as a rules file has it."""
    return (
        say_duration(value)
        if isinstance(value, timedelta)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _values(detector: str, threshold: str, text: str) -> list[Any]:
    parts = [each.strip() for each in text.split("..")]
    if len(parts) == 1:
        return list(dict.fromkeys(_one(detector, threshold, each.strip()) for each in text.split(",")))
    if len(parts) > 3 or not all(parts):
        raise ValuesError(f"{threshold}={text}: write a range like 5..30, or 5..30..5 with its steps")
    low, high = (_one(detector, threshold, each) for each in parts[:2])
    if low > high:
        raise ValuesError(f"{threshold}={text}: a range begins with its lower end")
    if len(parts) == 2:
        return _steps(low, high)
    step = _number(parts[2], like=low)
    if not step > step * 0:
        raise ValuesError(f"{threshold}={text}: steps of {parts[2]} lead nowhere")
    if (high - low) / step >= MOST_SETTINGS:
        raise ValuesError(f"{threshold}={text}: more than {MOST_SETTINGS} values")
    return list(_stepped(low, high, step))


def _one(detector: str, threshold: str, text: str) -> Any:
    """A value within the bounds."""
    if problem := _complaint(detector, threshold, text):
        raise ValuesError(f"{detector}.{threshold}={text}: {problem}")
    return getattr(catalogue()[detector](**{threshold: text}), threshold)


def _number(text: str, like: Any) -> Any:
    try:
        return parse_duration(text) if isinstance(like, timedelta) else type(like)(text)
    except ValueError:
        raise ValuesError(f"{text!r}: write steps like the values") from None


def _complaint(detector: str, threshold: str, value: Any) -> str | None:
    try:
        catalogue()[detector](**{threshold: value})
    except ValidationError as error:
        return complaint(error.errors(include_url=False)[0])
    return None


def _steps(low: Any, high: Any) -> list[Any]:
    """A range in round steps, with both of its ends."""
    step = next(each for each in _round(low, high) if (high - low) / each < MOST)
    first = low if isinstance(low, int) and step == 1 else (floor(low / step) + 1) * step
    found = [low, *_stepped(first, high, step), high]
    return sorted({_plain(each) for each in found})


def _round(low: Any, high: Any) -> Iterator[Any]:
    if isinstance(low, timedelta):
        yield from _DURATIONS
        yield from (365 * _DAY * number for number in count(1))
    elif isinstance(low, int) and isinstance(high, int):
        yield from (nice * 10**power for power in count() for nice in _NICE)
    else:
        yield from (nice * 10**power / 100 for power in count() for nice in _NICE)


def _stepped(low: Any, high: Any, step: Any) -> Iterator[Any]:
    for number in count():
        value = _plain(low + number * step)
        if value > high:
            return
        yield value


def _plain(value: Any) -> Any:
    """Without what floats add to a sum."""
    return round(value, 6) if isinstance(value, float) else value


def nearest(name: str, known: Mapping[str, object]) -> str:
    """What may be meant by an unknown name, or else what there is; to be put behind a complaint."""
    near = get_close_matches(name, known, n=1)
    return f", did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"

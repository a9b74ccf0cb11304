"""The catalogue for people: each detector's runbook and thresholds, read from its file."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

from detectors.core.detector import Detector, Family
from detectors.core.durations import say_duration
from detectors.core.registry import catalogue

_BOUNDS = (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than"))


@dataclass(frozen=True)
class Threshold:
    """A setting of a detector."""

    name: str
    default: str
    bounds: str
    effect: str


@dataclass(frozen=True)
class Runbook:
    """What to know of a detector: the paragraphs of its docstring by their headings, and its thresholds."""

    detector: str
    family: str
    severity: str
    situation: str
    sections: dict[str, str]
    watches: tuple[str, ...]
    thresholds: tuple[Threshold, ...]

    @property
    def explained(self) -> str:
        """The situation, but for the few words before the colon that are its short title."""
        return _capitalized(self.situation.partition(": ")[2])

    @property
    def what_to_do(self) -> str | None:
        """The next steps."""
        return self.sections.get("What to do next")

    @property
    def when_wrong(self) -> str | None:
        """When not to believe it."""
        return self.sections.get("When it is wrong")


def runbooks() -> list[Runbook]:
    """All detectors, family by family."""
    found = [runbook(kind) for kind in catalogue().values()]
    return sorted(found, key=lambda each: (get_args(Family).index(each.family), each.detector))


def runbook(kind: type[Detector]) -> Runbook:
    """One detector's."""
    _, *paragraphs = (" ".join(part.split()) for part in kind.runbook().split("\n\n"))
    sections: dict[str, str] = {}
    for paragraph in paragraphs:
        heading, _, text = paragraph.partition(": ")
        sections[heading] = _capitalized(text)
    return Runbook(
        kind.name(), kind.family, kind.severity, kind.title(), sections, kind.watches, tuple(_thresholds(kind))
    )


def _thresholds(kind: type[Detector]) -> list[Threshold]:
    return [
        Threshold(name, _say(field.default), _bounds(field.metadata), field.description or "")
        for name, field in kind.model_fields.items()
    ]


def _bounds(metadata: list[Any]) -> str:
    told = [
        f"{words} {_say(getattr(each, bound))}" for each in metadata for bound, words in _BOUNDS if hasattr(each, bound)
    ]
    return ", ".join(told)


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _say(value: object) -> str:
    return say_duration(value) if isinstance(value, timedelta) else str(value)

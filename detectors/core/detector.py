"""What every detector is: a frozen model of its thresholds with one question to ask of a deal, or of a rep's book."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from .breach import Breach, Severity
from .deal import Deal

if TYPE_CHECKING:
    from .book import Book

Family = Literal[
    "silence",
    "reactive",
    "next step",
    "stage",
    "close date",
    "people",
    "qualification",
    "papers and forecast",
    "verdicts",
    "book",
]


class Detector(BaseModel):
    """A detector's fields are its thresholds; its module's docstring is its runbook.

    `severity` is what a finding has from `since` on; `watches` names the event types whose absence it reads as silence,
    so that a source that has not reported makes its finding unknown instead of open. `by_baseline` says that it asks
    for the deal's baseline, `by_coverage` that it asks for its coverage: both may change while the deal does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: ClassVar[Family]
    severity: ClassVar[Severity] = "warning"
    watches: ClassVar[tuple[str, ...]] = ()
    by_baseline: ClassVar[bool] = False
    by_coverage: ClassVar[bool] = False

    def assess(self, deal: Deal) -> Breach | None:
        """When this deal stalls, in this detector's sense, if nothing more happens; None if it would not."""
        raise NotImplementedError

    @classmethod
    def name(cls) -> str:
        """Its name in rules, metrics and findings: that of its file."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    @cache
    def runbook(cls) -> str:
        """The situation, why it matters, what to do next, and when it is wrong."""
        return inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "")

    @classmethod
    def title(cls) -> str:
        """The situation in one sentence."""
        return cls.runbook().partition("\n\n")[0].replace("\n", " ").rstrip(".")

    @classmethod
    @cache
    def headline(cls) -> str:
        """The situation in a few words: its title up to the colon."""
        return cls.title().partition(":")[0]

    @cached_property
    def thresholds(self) -> dict[str, Any]:
        """Its settings as they are, for people."""
        return self.model_dump(mode="json")


class Verdict(Detector):
    """A detector that looks at what the others have found on the same deal."""

    def assess(self, deal: Deal) -> Breach | None:
        """A verdict is not passed on a deal alone."""
        raise TypeError(f"{self.name()} judges a deal by its other breaches: ask `judge`")

    def judge(self, deal: Deal, breaches: Mapping[str, Breach]) -> Breach | None:
        """When this deal stalls in the verdict's sense, by the breaches of its other detectors."""
        raise NotImplementedError


class BookDetector(Detector):
    """A detector that looks at all deals of one rep together. It sees what is now, and remembers nothing."""

    def assess(self, deal: Deal) -> Breach | None:
        """A book is not judged by one deal."""
        raise TypeError(f"{self.name()} judges a rep's book: ask `assess_book`")

    def assess_book(self, book: Book) -> Iterable[tuple[str | None, Breach]]:
        """What is wrong with a book, and with which of its deals; None where it is the book as a whole."""
        raise NotImplementedError

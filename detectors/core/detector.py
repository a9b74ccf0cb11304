"""What every detector is: a frozen model of its thresholds with one question to ask of a deal."""

import inspect
import sys
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from .breach import Breach, Severity
from .deal import Deal

Family = Literal[
    "silence", "reactive", "next step", "stage", "close date", "people", "qualification", "papers and forecast"
]


class Detector(BaseModel):
    """A detector's fields are its thresholds; its module's docstring is its runbook.

    `severity` is what a finding has from `since` on; `watches` names the event types whose absence it reads as silence,
    so that a source that has not reported makes its finding unknown instead of open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: ClassVar[Family]
    severity: ClassVar[Severity] = "warning"
    watches: ClassVar[tuple[str, ...]] = ()

    def assess(self, deal: Deal) -> Breach | None:
        """When this deal stalls, in this detector's sense, if nothing more happens; None if it would not."""
        raise NotImplementedError

    @classmethod
    def name(cls) -> str:
        """Its name in rules, metrics and findings: that of its file."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def runbook(cls) -> str:
        """The situation, why it matters, what to do next, and when it is wrong."""
        return inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "")

    @classmethod
    def title(cls) -> str:
        """The situation in one sentence."""
        return cls.runbook().partition("\n\n")[0].replace("\n", " ").rstrip(".")

    @classmethod
    def headline(cls) -> str:
        """The situation in a few words: its title up to the colon."""
        return cls.title().partition(":")[0]

    @cached_property
    def thresholds(self) -> dict[str, Any]:
        """Its settings as they are, for people."""
        return self.model_dump(mode="json")

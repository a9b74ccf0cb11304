"""A company's HubSpot, and what its ids are called: stages, pipelines and owners are ids there, and names to people."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self

from detectors.core.events import Refused

from .properties import deal_properties
from .settings import HubSpot

# the pipeline that every account begins with
STAGES = {
    "appointmentscheduled": "Appointment Scheduled",
    "qualifiedtobuy": "Qualified To Buy",
    "presentationscheduled": "Presentation Scheduled",
    "decisionmakerboughtin": "Decision Maker Bought-In",
    "contractsent": "Contract Sent",
    "closedwon": "Closed Won",
    "closedlost": "Closed Lost",
}
PIPELINES = {"default": "default", "Sales Pipeline": "default"}

_ID = re.compile(r"\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Portal:
    """One account of HubSpot: its settings, and the names of its ids.

    In tables that people export, labels stand in place of ids: then `labels` is set.
    """

    settings: HubSpot
    stages: Mapping[str, str]
    pipelines: Mapping[str, str]
    owners: Mapping[str, str]
    won: frozenset[str]
    lost: frozenset[str]
    labels: bool = field(default=False)

    @classmethod
    def of(cls, settings: HubSpot, labels: bool = False) -> Self:
        """As the connections file has them."""
        return cls(
            settings,
            STAGES | dict(settings.stages),
            PIPELINES | dict(settings.pipelines),
            settings.owners,
            frozenset({"closedwon", *settings.won}),
            frozenset({"closedlost", *settings.lost}),
            labels,
        )

    def beside(
        self,
        stages: Mapping[str, str] | None = None,
        pipelines: Mapping[str, str] | None = None,
        owners: Mapping[str, str] | None = None,
        won: Collection[str] = (),
        lost: Collection[str] = (),
    ) -> "Portal":
        """With what HubSpot itself calls what has no name yet.

        A name that we have stays, even if people have renamed a stage: a push, which knows no other, would else tell
        another name for it. What they call it is said in the settings.
        """
        return replace(
            self,
            stages={**(stages or {}), **self.stages},
            pipelines={**(pipelines or {}), **self.pipelines},
            owners={**(owners or {}), **self.owners},
            won=self.won | (frozenset(won) - self.lost),
            lost=self.lost | (frozenset(lost) - self.won),
        )

    def with_owners(self, told: Iterable[Mapping[str, Any]]) -> "Portal":
        """With the addresses of owners as the API gives them, by id and by name; the first of a name counts."""
        owners: dict[str, str] = {}
        for owner in told:
            address = owner.get("email")
            if isinstance(address, str) and "@" in address:
                names = (owner.get("firstName"), owner.get("lastName"))
                name = " ".join(each.strip() for each in names if isinstance(each, str) and each.strip())
                for key in filter(None, (owner.get("id"), name)):
                    owners.setdefault(str(key), address)
        return self.beside(owners=owners)

    def with_pipeline(self, told: Mapping[str, Any]) -> "Portal":
        """With a pipeline and its stages as the API gives them, and which of these close a deal."""
        names: dict[str, str] = {}
        won: list[str] = []
        lost: list[str] = []
        for stage in stages_of(told):
            id, marks = str(stage["id"]), stage.get("metadata")
            names[id] = stage["label"]
            if isinstance(marks, dict) and str(marks.get("isClosed")).lower() == "true":
                (won if str(marks.get("probability")) in {"1", "1.0"} else lost).append(id)
        label = told.get("label")
        pipelines = {str(told.get("id")): label} if isinstance(label, str) else {}
        return self.beside(stages=names, pipelines=pipelines, won=won, lost=lost)

    @cached_property
    def properties(self) -> dict[str, str]:
        """The properties of a deal that are read, and the contract's field for each."""
        return deal_properties(self.settings)

    def stage(self, value: str) -> str:
        """A stage's name; `Refused` if nobody named it."""
        return self._called(self.stages, value, "stage", "stages")

    def status(self, value: str) -> Literal["open", "won", "lost"] | None:
        """What a deal in this stage is; None for a stage of a table of which only its label is known."""
        name = self.stage(value).casefold()
        if value in self.won or name in self._called_by(self.won):
            return "won"
        if value in self.lost or name in self._called_by(self.lost):
            return "lost"
        return "open" if value in self.stages or name in self._called_by(self.stages) else None

    def pipeline(self, value: str) -> str:
        """A pipeline's name; `Refused` if nobody named it."""
        return self._called(self.pipelines, value, "pipeline", "pipelines")

    def owner(self, value: str) -> str:
        """An owner's mail address; `Refused` if nobody knows it."""
        known = self.owners.get(value)
        if known is None and "@" in value:
            known = next(word.strip("()<>,;") for word in value.split() if "@" in word)
        if known is None:
            raise Refused("unmapped", f"owner {value!r} has no address: name it under hubspot.owners")
        return known

    def _called_by(self, ids: Collection[str]) -> set[str]:
        return {self.stages.get(id, id).casefold() for id in ids}

    def _called(self, names: Mapping[str, str], value: str, what: str, where: str) -> str:
        name = names.get(value)
        if name is None and self.labels and not _ID.fullmatch(value):
            name = value
        if name is None:
            raise Refused("unmapped", f"{what} {value!r} has no name: give it one under hubspot.{where}")
        return name


def stages_of(pipeline: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stages of a pipeline as the API gives it, each with an id and a label."""
    told = pipeline.get("stages")
    return [
        stage
        for stage in (told if isinstance(told, list) else [])
        if isinstance(stage, dict) and isinstance(stage.get("id"), str) and isinstance(stage.get("label"), str)
    ]

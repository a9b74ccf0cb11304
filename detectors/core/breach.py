"""What a detector says, and what becomes of it: evidence, breach, finding."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from .values import value

Severity = Literal["info", "warning", "critical"]
State = Literal["pending", "open", "resolved", "unknown"]


@value(frozen=True, slots=True)
class Evidence:
    """One checkable fact: the event it comes from (source/id), when that happened, and what it says."""

    event: str
    at: datetime
    text: str


@value(frozen=True, slots=True)
class Breach:
    """When a deal stalls if nothing more happens.

    `since` may lie ahead: then it is the deadline. From `critical_from` on it is critical. At `until` it ends by
    itself, because an event ages out of a window. `clears_when` is the owner's next best action, in a sentence.
    """

    since: datetime
    evidence: tuple[Evidence, ...]
    clears_when: str
    critical_from: datetime | None = None
    until: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the deal is stalled at this moment by this breach."""
        return self.since <= moment and (self.until is None or moment < self.until)

    def deadlines_after(self, moment: datetime) -> list[datetime]:
        """The moments still ahead at which this breach starts, turns critical or ends."""
        return [at for at in (self.since, self.critical_from, self.until) if at is not None and at > moment]


@value(frozen=True, slots=True)
class Finding:
    """A breach as people and other tools see it, in the contract's form; of a whole book it names no deal.

    Since `muted` it counts as noise, because somebody called it so: it is shown as `info`, and told to nobody.
    """

    deal_id: str | None
    detector: str
    state: State
    severity: Severity
    since: datetime
    critical_from: datetime | None
    until: datetime | None
    evidence: tuple[Evidence, ...]
    summary: str
    clears_when: str
    owner: str | None
    amount: float | None
    currency: str | None
    rules: str
    muted: Annotated[datetime | None, Field(exclude_if=lambda at: at is None)] = None

    def waits_for_a_source(self, moment: datetime) -> bool:
        """Whether it is less at a moment than it would be if all sources had reported."""
        worsens = self.critical_from if self.muted is None else None
        held_back = worsens is not None and worsens <= moment and self.severity != "critical"
        return self.state == "unknown" or (self.state == "open" and held_back)

    @property
    def is_stall(self) -> bool:
        """Open, and worth telling the owner."""
        return self.state == "open" and self.severity != "info"

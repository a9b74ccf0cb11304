"""What alerts were worth: how often right, how much they found, how early, and what they cost.

A deal is *alerted* if it was told of before it ended. Precision is the share of bad ends among the alerted deals that
ended; recall the share of alerted deals among the bad ends; a false alarm is an alerted deal that was won. Lead is from
the first alert to the bad end.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with its 95 % interval (Wilson); `value` is None where the whole is empty."""

    part: int
    whole: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Of a number of days: first quartile, median and third."""

    first: float
    median: float
    third: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What the alerts of one detector, one family, or any of a severity were worth, over the deals that were measured.

    `name` is a detector, a family, `warning` (any warning or worse) or `critical`; `kind` says which of these it is.
    `alerted` counts the alerted deals that ended; `alerted_open` those that are open, which are left out of rates.
    `lead_days` of the bad ends that were alerted; `alerted_days` is how long
    an alerted deal was told of, median and quartiles. `alerts_per_rep_week` counts what reps would have been told anew,
    after their budget and quiet hours; None where that was not asked for. `value_found` is the value, by currency, of
    the bad ends that were alerted.
    """

    name: str
    kind: str
    alerted: int
    alerted_open: int
    precision: Share
    recall: Share
    false_alarms: Share
    lead_days: Quartiles | None
    alerted_days: Quartiles | None
    alerts_per_rep_week: float | None
    value_found: dict[str, float]

"""Which end of a deal counts as bad: conditions on its fields, as they are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from .lives import Life

DOCUMENT = "document"
"""Stands for each kind of document that was sent, as if it were a field of the deal."""

_CONDITION = re.compile(r"\s*(?P<field>[\w.]+)\s*(?P<sign>!=|>=|<=|=|~)\s*(?P<value>.+?)\s*")


class ConditionError(ValueError):
    """A condition that nobody can read; says which, and how one is written."""


class Ending(StrEnum):
    """How a deal ended, for the measuring.

    An alert on a deal with an `other` end, as of a lost deal that the seller declined, was not right. Deals that are
    `open` when the history ends are right-censored: they are left out of all rates, and counted.
    """

    GOOD = "good"
    BAD = "bad"
    OTHER = "other"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Condition:
    """`field=value`, `field!=value` (whole, letters' case apart), `field~pattern` (a regular expression found in it),
    or `field>=number`, `field<=number`. The field `document` stands for each kind of document that was sent."""

    field: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.value}"

    @classmethod
    def of(cls, text: str) -> Condition:
        """The condition in a text; `ConditionError` if there is none."""
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise ConditionError(f"{text!r}: write field=value, field!=value, field~pattern, field>=1 or field<=1")
        condition = cls(match["field"], match["sign"], match["value"])
        try:
            if condition.sign == "~":
                re.compile(condition.value)
            elif condition.sign in (">=", "<="):
                float(condition.value)
        except (re.error, ValueError) as error:
            raise ConditionError(f"{text!r}: {error}") from None
        return condition

    def holds(self, life: Life) -> bool:
        """Whether it is true of a deal as it was last; a field without a value only differs (`!=`)."""
        values = life.documents if self.field == DOCUMENT else [life.facts.get(self.field)]
        found = [self._is_met(value) for value in values if value is not None]
        return all(found) if self.sign == "!=" else any(found)

    def _is_met(self, value: Any) -> bool:
        match self.sign:
            case "=":
                return str(value).casefold() == self.value.casefold()
            case "!=":
                return str(value).casefold() != self.value.casefold()
            case "~":
                return re.search(self.value, str(value), re.IGNORECASE) is not None
        if not isinstance(value, int | float):
            return False
        return value >= float(self.value) if self.sign == ">=" else value <= float(self.value)


@dataclass(frozen=True)
class Endings:
    """What is measured: deals of which all of `among` hold; bad is the end of a closed deal of which all of `bad` do.

    Where `registered_from` (inclusive) or `registered_until` (exclusive) is given, only deals that began then are
    measured. A won deal is never bad.
    """

    bad: tuple[Condition, ...] = (Condition("status", "=", "lost"),)
    among: tuple[Condition, ...] = ()
    registered_from: datetime | None = None
    registered_until: datetime | None = None

    @classmethod
    def of(cls, bad: Iterable[str] = (), among: Iterable[str] = ()) -> Endings:
        """From texts; `ConditionError` names the one that cannot be read. Without `bad`, every lost end is bad."""
        told = tuple(map(Condition.of, bad))
        return cls(told or cls.bad, tuple(map(Condition.of, among)))

    @property
    def fields(self) -> set[str]:
        """Which fields of a deal are asked for."""
        return {condition.field for condition in (*self.bad, *self.among)} - {DOCUMENT}

    def concerns(self, life: Life) -> bool:
        """Whether a deal is measured at all."""
        if self.registered_from is not None and life.began < self.registered_from:
            return False
        if self.registered_until is not None and life.began >= self.registered_until:
            return False
        return all(condition.holds(life) for condition in self.among)

    def of_life(self, life: Life) -> Ending:
        """How a deal ended."""
        if life.ended is None:
            return Ending.OPEN
        if life.status == "won":
            return Ending.GOOD
        return Ending.BAD if all(condition.holds(life) for condition in self.bad) else Ending.OTHER

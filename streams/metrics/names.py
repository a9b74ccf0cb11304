"""How many names from outside become labels: of each kind the most frequent; the others are told as one.

A name is worth a series; whoever could make up any number of stages or teams could otherwise cost all metrics, because
Prometheus refuses a scrape that is too large as a whole.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..outline import Glance

OTHER = "other"
MOST: Mapping[str, int] = {"pipeline": 50, "stage": 200, "team": 500, "currency": 50, "owner": 5000}


class Names:
    """The names that a scrape tells, by what these deals have."""

    def __init__(self, answers: Iterable[Glance]) -> None:
        found: dict[str, Counter[str]] = {kind: Counter() for kind in MOST}
        for told in answers:
            for kind, counts in found.items():
                if name := getattr(told, kind):
                    counts[name] += 1
        self._kept = {kind: _kept(counts, MOST[kind]) for kind, counts in found.items() if len(counts) > MOST[kind]}
        self.left_out = {kind: len(counts) - min(len(counts), MOST[kind]) for kind, counts in found.items()}

    def told(self, answer: Glance) -> Glance:
        """The deal under the names that are told."""
        changed: dict[str, Any] = {kind: self.name(kind, getattr(answer, kind)) for kind in self._kept}
        return replace(answer, **changed) if changed else answer

    def name(self, kind: str, name: str | None) -> str | None:
        """A name as it is told."""
        return OTHER if name and kind in self._kept and name not in self._kept[kind] else name


def _kept(counts: Counter[str], most: int) -> set[str]:
    """The most frequent; of equally frequent ones the same in every scrape."""
    return set(sorted(counts, key=lambda name: (-counts[name], name))[:most])

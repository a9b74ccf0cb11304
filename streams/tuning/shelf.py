"""The deals of a long history in little memory: what is closed for a while is packed, as it is in Kafka.

A year has many more deals than are open at a time. One that is packed can still be asked for, and goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from detectors.core import state
from detectors.core.assessment import OnError, Watched
from detectors.core.baselines import Baselines
from detectors.core.rules import Rules

from .seen import Seen

AT_HAND = 200
"""So many closed deals are left unpacked: what is told of a deal after its end is mostly told soon."""


@dataclass(frozen=True, slots=True)
class _Packed:
    kind: type[Seen]
    raw: bytes
    beside: Mapping[str, Any]
    rules: Rules
    on_error: OnError | None
    baselines: Baselines | None

    @classmethod
    def of(cls, seen: Seen) -> _Packed:
        return cls(type(seen), state.pack(seen), seen.beside, seen.deal.rules, seen.on_error, seen.baselines)

    def unpacked(self) -> Seen:
        watched = state.unpack(self.raw, self.rules, self.on_error, self.baselines)
        return self.kind.of(watched, self.beside)


class Shelf(MutableMapping[str, Watched]):
    """Deals by id, each of them `Seen`. `clear_up` packs those that are closed; whoever asks gets them as they were."""

    def __init__(self) -> None:
        self._at_hand: dict[str, Seen] = {}
        self._closed: dict[str, None] = {}
        # one that was asked for since, and not put here anew, is at hand as well
        self._packed: dict[str, _Packed] = {}

    def clear_up(self, most: int = AT_HAND) -> Iterator[Seen]:
        """Pack the closed deals but for the `most` that were at hand last; yields each that is not as it was packed."""
        for deal_id in list(self._closed)[: max(0, len(self._closed) - most)]:
            del self._closed[deal_id]
            seen = self._at_hand.pop(deal_id)
            if deal_id not in self._packed:
                self._packed[deal_id] = _Packed.of(seen)
                yield seen

    def at_hand(self) -> Iterator[Seen]:
        """The deals that are open, or not as they were packed."""
        yield from (seen for deal_id, seen in self._at_hand.items() if deal_id not in self._packed)

    def __getitem__(self, deal_id: str) -> Watched:
        if deal_id not in self._at_hand:
            self._at_hand[deal_id] = self._packed[deal_id].unpacked()
            self._closed[deal_id] = None
        return self._at_hand[deal_id]

    def __setitem__(self, deal_id: str, watched: Watched) -> None:
        seen = watched if isinstance(watched, Seen) else Seen.of(watched)
        self._packed.pop(deal_id, None)
        self._closed.pop(deal_id, None)
        self._at_hand[deal_id] = seen
        if not seen.deal.is_open:
            self._closed[deal_id] = None

    def __delitem__(self, deal_id: str) -> None:
        if deal_id not in self:
            raise KeyError(deal_id)
        for kept in (self._packed, self._closed, self._at_hand):
            kept.pop(deal_id, None)

    def __contains__(self, deal_id: object) -> bool:
        return deal_id in self._at_hand or deal_id in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter([*self._packed, *(deal_id for deal_id in self._at_hand if deal_id not in self._packed)])

    def __len__(self) -> int:
        return len(self._at_hand.keys() | self._packed.keys())

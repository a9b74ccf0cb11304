"""Where the names of points stand in a picture, so that each can be read and belongs to its point. Units are pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

Point = tuple[float, float]

_DISTANCES = (8, 14, 22, 34, 48, 66, 90)


class Box(NamedTuple):
    """A part of a picture; `top` is more than `bottom`."""

    left: float
    bottom: float
    right: float
    top: float

    @classmethod
    def around(cls, middle: Point, wide: float, high: float) -> Box:
        """So wide and so high, around a point."""
        return cls(middle[0] - wide / 2, middle[1] - high / 2, middle[0] + wide / 2, middle[1] + high / 2)

    @property
    def middle(self) -> Point:
        """Its middle."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def nearest(self, point: Point) -> Point:
        """The place in it that is nearest to a point."""
        return min(max(point[0], self.left), self.right), min(max(point[1], self.bottom), self.top)

    def overlap(self, other: Box) -> float:
        """How much of it another one hides."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return wide * high if wide > 0 and high > 0 else 0.0


def placed(points: Sequence[Point], sizes: Iterable[tuple[float, float]], taken: Iterable[Box], room: Box) -> list[Box]:
    """Where names of some sizes (width, height) stand in the room, one a point, near to it and away from what is taken.

    In the order of the points, each takes the best of some places around it, and leaves the rest to the next.
    """
    hidden = list(taken)
    found = []
    for point, (wide, high) in zip(points, sizes, strict=True):
        others = [each for each in points if each != point]
        best = min(
            (Box.around(place, wide, high) for place in _places(point, wide, high)),
            key=lambda box: _cost(box, point, hidden, room, others),
        )
        hidden.append(best)
        found.append(best)
    return found


def _places(point: Point, wide: float, high: float) -> Iterator[Point]:
    """Middles of names around a point: to its right first, then all around, farther and farther."""
    x, y = point
    for far in _DISTANCES:
        yield from ((x + wide / 2 + far, y), (x - wide / 2 - far, y))
        for across, up in product((1, 0.5, 0, -0.5, -1), (1, -1)):
            yield x + across * (wide / 2 + far * 0.6), y + up * (high / 2 + far)


def _cost(box: Box, own: Point, taken: Iterable[Box], room: Box, others: Iterable[Point]) -> float:
    """What it hides, and what leaves the room; then whether it could be another point's; then the way to its own."""
    hidden = sum(box.overlap(each) for each in taken)
    outside = box.overlap(box) - box.overlap(room)
    far = math.dist(own, box.nearest(own))
    doubts = sum(math.dist(other, box.nearest(other)) < far + 4 for other in others)
    return 100 * (hidden + outside) + 60 * doubts + far

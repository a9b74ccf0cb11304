"""Names beside points: near, apart, within the picture, and nobody else's."""

import math
import random
from itertools import combinations

from streams.tuning.labels import Box, Point, placed

ROOM = Box(0, 0, 800, 400)
SIZE = (120.0, 14.0)


def around(points: list[Point]) -> list[Box]:
    return [Box.around(point, 10, 10) for point in points]


def names_of(points: list[Point], size: tuple[float, float] = SIZE) -> list[Box]:
    return placed(points, [size] * len(points), around(points), ROOM)


def test_a_name_alone_stands_to_the_right_of_its_point() -> None:
    (name,) = names_of([(100, 200)])
    assert name.middle == (100 + 8 + 60, 200)


def test_at_the_right_edge_it_stands_within_the_picture() -> None:
    (name,) = names_of([(795, 200)])
    assert name.right <= 800
    assert math.dist((795, 200), name.nearest((795, 200))) < 12


def test_names_hide_neither_each_other_nor_points() -> None:
    points = [(100.0, 200.0), (104.0, 202.0), (110.0, 196.0), (180.0, 200.0)]
    names = names_of(points)
    assert not any(one.overlap(other) for one, other in combinations(names, 2))
    assert not any(name.overlap(point) for name in names for point in around(points))


def test_a_name_is_nearest_to_its_own_point() -> None:
    points = [(300.0, 200.0), (340.0, 202.0)]
    for name, own, other in zip(names_of(points), points, reversed(points), strict=True):
        assert math.dist(own, name.nearest(own)) < math.dist(other, name.nearest(other))


def test_what_is_taken_is_left_free() -> None:
    line = Box(100, 195, 400, 205)
    (name,) = placed([(100.0, 200.0)], [SIZE], [line], ROOM)
    assert name.overlap(line) == 0


def test_in_a_crowd_hardly_anything_is_hidden() -> None:
    chance = random.Random(7)
    points = [(chance.uniform(0, 800), chance.uniform(0, 400)) for _ in range(40)]
    names = names_of(points, (18.0, 14.0))
    assert sum(one.overlap(other) for one, other in combinations(names, 2)) < 100
    assert all(name.overlap(ROOM) == name.overlap(name) for name in names)


def test_points_on_one_spot_have_their_names_apart() -> None:
    names = names_of([(400.0, 200.0)] * 5)
    assert not any(one.overlap(other) for one, other in combinations(names, 2))

"""The sizing page: its second table follows from its first."""

import pytest

from bench.sizing import PAGE, STEPS, Sizes, Step, computed, numbers_of


def test_the_page_is_as_it_is_computed() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert computed(page) == page, "run `python -m bench.sizing`"


def test_numbers_are_read_by_their_names() -> None:
    assert numbers_of("| number | value |\n| `cpu_event` | 1.5 | ms |\n| `changelog_rate` | 40,000 | records |\n") == {
        "cpu_event": 1.5,
        "changelog_rate": 40000.0,
    }


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks <!-- computed -->"):
        computed("| `cpu_event` | 1.5 | ms |")


def test_twice_the_speed_of_a_takeover_halves_what_hangs_on_it() -> None:
    numbers = numbers_of(PAGE.read_text(encoding="utf-8")) | {"changelog_rate": 1e12}
    slow, fast = (Sizes(STEPS[-1], numbers | {"cpu_takeover": cpu}) for cpu in (4.0, 2.0))

    assert slow.takeover_seconds == pytest.approx(2 * fast.takeover_seconds, rel=1e-3)


def test_a_worker_alone_has_nobody_to_take_over_from_it() -> None:
    alone = Sizes(Step(100, 8, 1, 1), numbers_of(PAGE.read_text(encoding="utf-8")))

    assert alone.takeover_seconds == alone.start_seconds
    assert alone.memory == alone.memory_without_one


def test_only_what_is_not_at_hand_costs_more() -> None:
    numbers = numbers_of(PAGE.read_text(encoding="utf-8"))
    few, many = (Sizes(Step(reps, 8, 2, 3), numbers) for reps in (100, 10_000))

    assert few.event_seconds == numbers["cpu_event"] / 1000
    assert many.event_seconds > few.event_seconds

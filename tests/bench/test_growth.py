"""What grows, at a tiny scale: the measurement ends, and what it says makes sense."""

import pytest

from bench import deal_size, growth
from bench.figures import Figure


def medians(figures: list[Figure]) -> dict[str, float]:
    return {figure.what: figure.median for figure in figures}


def test_cost_and_memory_are_told_for_each_number_of_deals() -> None:
    told = medians(growth.of_deals((700, 1400), rounds=2))

    for what in ("an event of a deal at hand", "an event of a quiet deal", "a clock record, none due"):
        assert told[f"{what}, 700 deals"] > 0
        assert told[f"{what}, the most deals to the fewest"] > 0


def test_cost_is_told_for_each_number_of_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "TOUCHES", (5, 10))
    told = medians(growth.of_touches(rounds=2))

    assert list(told) == [
        f"an event of a deal, {n}" for n in ("5 touches", "10 touches", "the most touches to the fewest")
    ]


@pytest.mark.skipif(not deal_size.STATM.exists(), reason="this system does not tell how much memory a process has")
def test_a_quiet_deal_that_was_taken_over_takes_a_fraction_of_one_at_hand() -> None:
    told = medians(growth.of_taking_over(400))

    assert told["CPU for a deal"] > 0
    assert 0.5 < told["memory of a quiet deal, beside its row"] < 10

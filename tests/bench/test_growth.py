"""What grows, at a tiny scale: the measurement ends, and what it says makes sense."""

import pytest
from typer.testing import CliRunner

from bench import deal_size, growth, histories, worker_growth
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


def test_a_copied_deal_is_one_that_can_be_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "MOST_TOLD", 1_000)
    deals = growth.Deals(1_100, rounds=1)

    assert [watched.deal.id for watched in (deals.partition.deals["D-999"], deals.partition.deals["D-1099"])] == [
        "D-999",
        "D-1099",
    ]
    assert deals.touch_quiet().cpu > 0


@pytest.mark.slow
def test_one_worker_and_two_tell_what_replay_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_growth, "WORKERS", (1, 2))
    told = medians(list(worker_growth.measure(histories.year(5, 300), rounds=1)))

    assert told["one worker, CPU of all for 100,000 events"] > 0
    assert 50 <= told["2 workers, what the busiest one has of it"] <= 100


def test_a_measurement_that_does_not_exist_is_refused() -> None:
    ran = CliRunner().invoke(growth.app, ["--only", "luck"])

    assert ran.exit_code == 2
    assert "luck" in ran.output

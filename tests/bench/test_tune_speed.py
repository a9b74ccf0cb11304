"""What a sweep costs, at a tiny scale: it ends, and what it says makes sense."""

from bench import histories, tune_speed


def test_a_sweep_tells_its_cost_and_compares_twenty_values_to_one_and_to_a_backtest() -> None:
    told = {each.what: each.median for each in tune_speed.measure(histories.year(12, 900), rounds=1)}
    assert told["CPU for an event, twenty values"] > 0
    assert told["CPU for an event, one value"] > 0
    assert told["twenty values, to one"] > 0
    assert told["twenty values, to a backtest"] > 0


def test_every_value_is_measured_on_both_parts() -> None:
    told = tune_speed.tune(histories.year(12, 900), (5, 10))
    assert [each.values for each in told.points] == [{"warn_business_days": 5}, {"warn_business_days": 10}]
    assert sum(told.chosen_by.deals.values()) > sum(told.judged_by.deals.values()) > 0

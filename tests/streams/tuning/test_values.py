"""Which values of a threshold are tried."""

from datetime import timedelta

import pytest

from detectors.core.registry import catalogue
from detectors.core.rules import Rules, When
from streams.tuning.values import ValuesError, around, combinations, kind_of, main_threshold, present, read, say

DAYS = "warn_business_days"
PLAIN = Rules()


@pytest.mark.parametrize(
    ("told", "values"),
    [
        ("5..9", [5, 6, 7, 8, 9]),
        ("5,10,15,20", [5, 10, 15, 20]),
        ("12", [12]),
        ("5..30..5", [5, 10, 15, 20, 25, 30]),
        ("5..100", [5, *range(10, 101, 5)]),
        ("7,7, 9", [7, 9]),
    ],
)
def test_whole_numbers_in_round_steps(told: str, values: list[int]) -> None:
    assert read("gone_quiet", [f"{DAYS}={told}"]) == {DAYS: values}


def test_durations_are_written_as_in_a_rules_file() -> None:
    values = read("busy_but_stuck", ["stuck=30d..90d..30d"])["stuck"]
    assert values == [timedelta(days=30), timedelta(days=60), timedelta(days=90)]
    steps = read("busy_but_stuck", ["stuck=5d..90d"])["stuck"]
    assert [say(each) for each in steps[:4]] == ["5d", "10d", "15d", "20d"]
    assert say(read("busy_but_stuck", ["stuck=1d12h"])["stuck"][0]) == "1d12h"


def test_shares_go_in_round_steps_with_nothing_that_floats_add() -> None:
    assert read("engagement_drop", ["share=0.1..0.3..0.1"]) == {"share": [0.1, 0.2, 0.3]}
    assert read("slow_replies", ["times=1..2"])["times"][:3] == [1.0, 1.05, 1.1]


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        (["warn_busines_days=5"], "did you mean 'warn_business_days'"),
        (["shoe_size=5"], "has no threshold 'shoe_size'; there are warn_business_days, critical_business_days"),
        (["warn_business_days"], "write it like warn_business_days=5..30"),
        (["warn_business_days=0..5"], r"gone_quiet.warn_business_days=0: must be greater than or equal to 1"),
        (["warn_business_days=5..900"], r"gone_quiet.warn_business_days=900: must be less than or equal to 250"),
        (["warn_business_days=five"], "write a whole number"),
        (["warn_business_days=9..5"], "begins with its lower end"),
        (["warn_business_days=5..9..0"], "lead nowhere"),
        (["warn_business_days=5..9..x"], "write steps like the values"),
        (["warn_business_days=5.."], "write a range like"),
        (["warn_business_days=5", "warn_business_days=6"], "stands there twice"),
    ],
)
def test_what_cannot_be_tried_is_named_with_what_can(told: list[str], complaint: str) -> None:
    with pytest.raises(ValuesError, match=complaint):
        read("gone_quiet", told)


@pytest.mark.parametrize(
    ("detector", "complaint"),
    [
        ("gone_quite", "did you mean 'gone_quiet'"),
        ("hoarding", "whole book"),
        ("blind_deal", "no history tells that"),
        ("waiting_on_customer", "told to nobody"),
    ],
)
def test_a_detector_that_no_deals_end_can_judge_is_refused(detector: str, complaint: str) -> None:
    with pytest.raises(ValuesError, match=complaint):
        kind_of(detector)


def test_several_thresholds_make_a_grid_and_too_large_a_one_is_refused() -> None:
    grid = combinations({"chases": [2, 3], DAYS: [3, 5]})
    assert grid == [{"chases": 2, DAYS: 3}, {"chases": 2, DAYS: 5}, {"chases": 3, DAYS: 3}, {"chases": 3, DAYS: 5}]
    with pytest.raises(ValuesError, match=r"30 of a × 30 of b are 900 settings, at most 400"):
        combinations({"a": range(30), "b": range(30)})


def test_the_present_value_is_the_files_or_that_of_the_override_for_those_deals() -> None:
    rules = Rules.of(
        {
            "detectors": {"gone_quiet": {DAYS: 12}},
            "overrides": [{"when": {"segment": "smb"}, "detectors": {"gone_quiet": {DAYS: 6}}}],
        }
    )
    assert present(PLAIN, "gone_quiet")[DAYS] == 10
    assert present(rules, "gone_quiet")[DAYS] == 12
    assert present(rules, "gone_quiet", When(segment="smb"))[DAYS] == 6
    assert present(rules, "gone_quiet", When(segment="enterprise"))[DAYS] == 12


def test_of_each_detector_the_values_around_the_present_one_are_within_bounds_and_among_them_is_it() -> None:
    for name, kind in catalogue().items():
        for threshold in kind.model_fields:
            values = around(PLAIN, name, threshold)
            assert present(PLAIN, name)[threshold] in values
            assert 2 <= len(values) <= 33
            assert values == sorted(set(values))
            for each in values:
                kind(**{threshold: each})


def test_the_main_threshold_is_the_time_that_is_waited_else_the_first_that_decides() -> None:
    assert main_threshold("ghosted") == DAYS
    assert main_threshold("busy_but_stuck") == "touches"
    assert main_threshold("close_date_overdue") == "critical_business_days"

"""What docs/results.md says of the real loans, computed from them."""

import pytest

from bench.histories import LOANS
from bench.loans.trial import ENDINGS, Trial, trial
from bench.loans.worth import Alerts, worth
from streams.tuning.lives import Life

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not LOANS.exists(), reason="the real loans, which may not be passed on, are not beside us"),
]

PATIENCES = {7: 6, 14: 12, 21: 18}


@pytest.fixture(scope="module")
def tried() -> Trial:
    return trial(LOANS, PATIENCES, tuple(PATIENCES.values()))


def values(alerts: Alerts, deals: tuple[Life, ...]) -> tuple[float, float, float, float]:
    found = worth(alerts, deals, ENDINGS)
    assert found.lead_days is not None
    shares = [each.value for each in (found.precision, found.recall, found.false_alarms)]
    assert None not in shares
    return (*(each or 0.0 for each in shares), found.lead_days.median)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("days", "known"),
    [(7, (0.446, 0.906, 0.613, 15.1)), (14, (0.588, 0.591, 0.225, 16.6)), (21, (0.745, 0.457, 0.090, 9.7))],
)
def test_the_naive_rules_are_worth_what_the_datas_readme_says(
    tried: Trial, days: int, known: tuple[float, ...]
) -> None:
    found = values(tried.naive[days], tried.lives)
    assert [round(each, 3) for each in found[:3]] == list(known[:3])
    assert round(found[3], 1) == known[3]


@pytest.mark.parametrize("days", PATIENCES)
def test_with_the_same_patience_it_is_more_often_right_and_alarms_for_fewer_won_deals(tried: Trial, days: int) -> None:
    precision, recall, false_alarms, _ = values(tried.naive[days], tried.last_third)
    ours = values(tried.settings[PATIENCES[days]], tried.last_third)
    assert ours[0] > precision
    assert ours[2] < false_alarms
    assert ours[1] > recall - 0.01


def test_the_tuned_warning_is_more_often_right_than_the_rule_of_two_weeks(tried: Trial) -> None:
    precision, recall, false_alarms, _ = values(tried.naive[14], tried.last_third)
    ours = values(tried.warning, tried.last_third)
    assert ours[0] > precision
    assert ours[2] < false_alarms
    assert ours[1] > recall - 0.01


def test_the_tuned_critical_finds_more_than_the_rule_of_three_weeks_earlier_and_with_fewer_false_alarms(
    tried: Trial,
) -> None:
    _, recall, false_alarms, lead = values(tried.naive[21], tried.last_third)
    ours = values(tried.critical, tried.last_third)
    assert ours[1] >= recall
    assert ours[2] < false_alarms
    assert ours[3] > lead

"""What a deal that is open is measured by: how long the won ones took."""

from datetime import timedelta

import pytest

from detectors.core.baselines import LEAST_WINS, Baseline, Baselines, Win, win_of
from tests.detectors.builders import TICK, at, changed, created, deal, entered, lost, reopened, won

DAY = 86_400.0


def sold(number: int, day: float = 10, cycle: float = 20, pipeline: str = "default", **stages: float) -> Win:
    """A deal won on a day; its cycle and stages in days."""
    spent = tuple(sorted((name, days * DAY) for name, days in (stages or {"demo": 5.0}).items()))
    return Win(f"W-{number}", pipeline, at(day), cycle * DAY, spent)


def baselines(*wins: Win) -> Baselines:
    found = Baselines()
    for win in wins:
        found.put(win)
    return found


def test_a_won_deal_tells_how_long_it_took_in_all_and_in_each_stage():
    win = win_of(deal(entered("Discovery", 0), entered("Demo", 3), entered("Proposal", 10), won(14)))
    assert win == Win(
        "D-1", "default", at(14), 14 * DAY, (("demo", 7 * DAY), ("discovery", 3 * DAY), ("proposal", 4 * DAY))
    )


def test_a_stage_to_which_it_came_back_counts_with_all_of_its_time():
    win = win_of(deal(entered("Demo", 0), entered("Proposal", 3), entered("Demo", 4), entered("Proposal", 9), won(10)))
    assert win is not None
    assert dict(win.stages) == {"demo": 8 * DAY, "proposal": 2 * DAY}


@pytest.mark.parametrize("end", [lost(14), reopened(14)], ids=["lost", "open"])
def test_what_is_not_won_adds_nothing(end):
    assert win_of(deal(entered("Demo", 0), end)) is None


def test_a_deal_that_was_won_and_is_open_again_adds_nothing_any_more():
    assert win_of(deal(entered("Demo", 0), won(3), reopened(4))) is None


def test_a_deal_that_was_clicked_through_in_minutes_does_not_count():
    clicked = deal(entered("Discovery", 0), changed(0, hour=9, event_id="later", stage="Demo"), won(14))
    assert win_of(clicked) is None


def test_a_stage_that_is_set_with_the_win_was_not_lived_in():
    closed = deal(entered("Demo", 0), changed(9, event_id="closed", stage="Closed won", status="won"))
    assert win_of(closed) == Win("D-1", "default", at(9), 9 * DAY, (("demo", 9 * DAY),))


def test_a_deal_without_stages_still_tells_its_cycle():
    win = win_of(deal(created(0), won(30)))
    assert win == Win("D-1", "default", at(30), 30 * DAY, ())


def test_ten_wins_make_a_baseline_of_their_medians_and_nine_do_not():
    nine = [sold(number, cycle=10 + number, demo=1.0 + number) for number in range(LEAST_WINS - 1)]
    assert baselines(*nine).of("default", at(100)) is None
    assert baselines(*nine, sold(99, cycle=100, demo=100.0)).of("default", at(100)) == Baseline(
        LEAST_WINS, timedelta(days=14.5), {"demo": timedelta(days=5.5)}
    )


def test_a_stage_that_few_of_them_were_in_has_no_median():
    wins = [sold(number) for number in range(LEAST_WINS)]
    found = baselines(*wins, sold(99, legal=3.0)).of("default", at(100))
    assert found is not None
    assert set(found.stages) == {"demo"}


def test_each_pipeline_has_its_own():
    wins = [sold(number) for number in range(LEAST_WINS)]
    found = baselines(*wins, *(sold(number + 50, pipeline="renewal") for number in range(LEAST_WINS - 1)))
    assert found.of("default", at(100)) is not None
    assert found.of("renewal", at(100)) is None


def test_a_win_counts_from_the_next_day_on_and_for_no_moment_before():
    wins = [sold(number, day=10) for number in range(LEAST_WINS)]
    found = baselines(*wins)
    midnight = at(11, hour=0)
    assert found.of("default", midnight - TICK) is None
    assert found.of("default", midnight) is not None


def test_what_was_in_force_at_an_earlier_moment_stays_known():
    wins = [sold(number, day=10) for number in range(LEAST_WINS)]
    later = [sold(number + 50, day=20, cycle=90) for number in range(LEAST_WINS)]
    found = baselines(*wins, *later)
    assert found.of("default", at(15)) == baselines(*wins).of("default", at(15))
    assert found.of("default", at(30)) != found.of("default", at(15))


def test_a_win_that_is_told_anew_or_taken_back_counts_as_it_was_told_last():
    wins = [sold(number) for number in range(LEAST_WINS)]
    found = baselines(*wins, sold(0, cycle=20))
    assert found.of("default", at(100)) == baselines(*wins).of("default", at(100))
    found.drop("W-0")
    assert found.of("default", at(100)) is None
    found.drop("W-0")
    assert found.win("W-0") is None

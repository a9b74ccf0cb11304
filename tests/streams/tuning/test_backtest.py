"""A small history measured by hand: the deals by their ends, and what their owners were told week by week."""

from datetime import date

import pytest

from detectors.core.rules import Rules
from streams.tuning.backtest import Backtest, BacktestError, Week, measure
from streams.tuning.endings import Ending, Endings
from streams.tuning.figures import Share
from streams.tuning.lives import Life
from tests.streams.tuning.made_lives import day, episode, life

RULES = Rules()
LIVES = [
    life("A", episode("gone_quiet", 2, critical=9), ended=12),
    life("B", episode("gone_quiet", 3, 4), episode("ghosted", 16), ended=22, status="won"),
    life("C", episode("reply_only", 3), began=1, owner="other@us.example"),
]


def measured(*lives: Life, endings: Endings | None = None, rules: Rules = RULES) -> Backtest:
    return measure(lives or LIVES, endings or Endings(), rules, day(30))


def test_deals_are_counted_by_how_they_ended() -> None:
    told = measured()
    assert told.deals == {Ending.BAD: 1, Ending.GOOD: 1, Ending.OPEN: 1}
    assert told.statuses == {"lost": 1, "won": 1, "open": 1}
    assert (told.reps, told.began, told.ended, told.rules) == (2, day(0), day(30), RULES.hash)
    assert told.lives == tuple(LIVES)


def test_the_figures_have_what_reps_were_told_beside_how_right_it_was() -> None:
    told = measured()
    assert told.figures_of("gone_quiet").precision == Share.of(1, 2)
    assert told.leads["gone_quiet"] == (10.0,)
    # the first rep had a deal open in four weeks (2 to 24 March), the other in five; told were days 2, 3, 9, 16 and 3
    assert told.figures_of("warning").alerts_per_rep_week == pytest.approx(5 / 9)
    assert told.figures_of("critical").alerts_per_rep_week == pytest.approx(1 / 9)
    assert told.figures_of("gone_quiet").alerts_per_rep_week == pytest.approx(3 / 9)
    assert told.figures_of("users_only").alerts_per_rep_week == 0.0
    with pytest.raises(KeyError):
        told.figures_of("nobody")


def test_every_week_says_what_was_told_in_it_and_how_many_reps_had_a_deal_open() -> None:
    weeks = measured().weeks
    assert [(each.monday, each.reps) for each in weeks] == [
        (date(2026, 3, 2), 2),
        (date(2026, 3, 9), 2),
        (date(2026, 3, 16), 2),
        (date(2026, 3, 23), 2),
        (date(2026, 3, 30), 1),
    ]
    assert weeks[0].alerts == {"warning": 3, "silence": 2, "gone_quiet": 2, "reactive": 1, "reply_only": 1}
    assert weeks[1] == Week(date(2026, 3, 9), 2, {"warning": 1, "critical": 1, "silence": 1, "gone_quiet": 1})
    assert weeks[3].alerts == {}


def test_a_deal_that_is_told_with_two_findings_is_one_alert_of_each() -> None:
    told = measured(life("A", episode("gone_quiet", 2), episode("ghosted", 2), ended=5))
    assert told.weeks[0].alerts == {"warning": 1, "silence": 1, "gone_quiet": 1, "ghosted": 1}


def test_a_week_is_the_owners() -> None:
    # Sunday at nine in the evening, UTC, is Monday in Tokyo
    late = [life("A", episode("gone_quiet", 6.5), ended=20)]
    tokyo = Rules.of({"organization": {"time_zone": "Asia/Tokyo"}})
    assert [bool(each.alerts) for each in measured(*late).weeks] == [True, False, False]
    assert [bool(each.alerts) for each in measured(*late, rules=tokyo).weeks] == [False, True, False]


def test_owners_are_told_of_all_their_deals_and_counted_is_what_is_measured() -> None:
    large = [life(f"L{number}", episode("gone_quiet", 2), amount=900.0, currency="EUR") for number in range(3)]
    small = life("A", episode("gone_quiet", 2), ended=2.4, amount=1.0, currency="EUR")
    endings = Endings.of(among=["amount<=5"])
    assert measured(small, endings=endings).figures_of("warning").alerts_per_rep_week == 1.0
    # the day's three places are taken, and on the next day it is over
    crowded = measured(*large, small, endings=endings)
    assert crowded.figures_of("warning").alerts_per_rep_week == 0.0
    assert crowded.figures_of("warning").alerted == 1
    assert (crowded.reps, len(crowded.weeks)) == (1, 1)


def test_without_owners_nobody_is_told() -> None:
    told = measured(life("A", episode("gone_quiet", 2), ended=5, owner=None))
    assert (told.reps, told.weeks) == (0, ())
    assert told.figures_of("warning").alerts_per_rep_week is None
    assert told.figures_of("warning").alerted == 1


def test_where_no_deal_has_ended_there_is_nothing_to_judge_by() -> None:
    with pytest.raises(BacktestError, match=r"^no deal that is measured \(1 of 1 deal\) has ended"):
        measured(life("A"))
    with pytest.raises(BacktestError, match=r"^no deal that is measured \(0 of 3 deals\) has ended"):
        measured(endings=Endings(registered_from=day(5)))


def test_a_field_that_no_deal_has_is_named_with_the_nearest() -> None:
    with pytest.raises(BacktestError, match=r"^no deal has a field 'stauts'; did you mean 'status'\?$"):
        measured(endings=Endings.of(["stauts=lost"]))
    with pytest.raises(BacktestError, match=r"^no deal has a field 'colour'; there are status$"):
        measured(endings=Endings.of(among=["colour=red"]))

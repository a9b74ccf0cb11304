"""Figures that can be worked out by hand."""

import pytest

from detectors.core.registry import catalogue
from streams.tuning.endings import Endings
from streams.tuning.figures import Figures, Quartiles, Share, alerted_days, figures, first_alerts, leads, names
from streams.tuning.lives import Life
from tests.streams.tuning.made_lives import day, episode, life

NO_RESPONSE = {"lost_reason": "no response"}
BAD = Endings.of(["lost_reason=no response"])


def of(name: str, *lives: Life, endings: Endings = BAD) -> Figures:
    (found,) = [each for each in figures(lives, endings) if each.name == name]
    return found


def bad(deal_id: str, *episodes: object, ended: float = 30, **other: object) -> Life:
    return life(deal_id, *episodes, ended=ended, facts=NO_RESPONSE, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_share_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    share = Share.of(part, whole)
    assert share.value == part / whole
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_the_interval_of_all_ends_at_all() -> None:
    assert Share.of(30, 30).high == 1.0


def test_of_nothing_there_is_no_share() -> None:
    assert Share.of(0, 0) == Share(0, 0, None, 0.0, 1.0)
    assert [Share.of(1, whole).is_small for whole in (29, 30)] == [True, False]


def test_quartiles_lie_between_neighbours() -> None:
    assert Quartiles.of([1.0, 2.0, 3.0, 4.0]) == Quartiles(1.75, 2.5, 3.25)
    assert Quartiles.of([7.0]) == Quartiles(7.0, 7.0, 7.0)
    assert Quartiles.of([]) is None


def test_how_often_right_how_much_found_and_how_many_won_deals_were_alerted() -> None:
    quiet = episode("gone_quiet", 10)
    told = of(
        "gone_quiet",
        bad("found", quiet),
        bad("found too", quiet),
        bad("missed"),
        life("won", quiet, ended=30, status="won"),
        life("won unalerted", ended=30, status="won"),
        life("declined", quiet, ended=30),
        life("declined unalerted", ended=30),
        life("open", quiet),
        life("open unalerted"),
    )
    assert (told.kind, told.alerted, told.alerted_open) == ("detector", 4, 1)
    assert (told.precision.part, told.precision.whole) == (2, 4)
    assert (told.recall.part, told.recall.whole) == (2, 3)
    assert (told.false_alarms.part, told.false_alarms.whole) == (1, 2)


def test_only_what_was_told_before_the_end_is_an_alert() -> None:
    at_the_end, before = bad("A", episode("gone_quiet", 30)), bad("B", episode("gone_quiet", 29.9))
    assert of("warning", at_the_end, before).alerted == 1


def test_what_only_a_later_event_showed_counts_from_then() -> None:
    known_late = bad("A", episode("gone_quiet", 5, seen=20))
    known_at_the_end = bad("B", episode("gone_quiet", 5, seen=30))
    told = of("gone_quiet", known_late, known_at_the_end)
    assert (told.alerted, told.lead_days) == (1, Quartiles(10.0, 10.0, 10.0))


def test_lead_is_from_the_first_alert_to_the_bad_end_of_bad_ends_alone() -> None:
    lives = [
        bad("A", episode("gone_quiet", 20), episode("ghosted", 12)),
        bad("B", episode("gone_quiet", 26, 27), episode("gone_quiet", 28)),
        life("C", episode("gone_quiet", 1), ended=30, status="won"),
    ]
    assert leads(lives, BAD) == {
        "gone_quiet": (10.0, 4.0),
        "ghosted": (18.0,),
        "silence": (18.0, 4.0),
        "warning": (18.0, 4.0),
    }
    assert of("silence", *lives).lead_days == Quartiles(7.5, 11.0, 14.5)


def test_critical_is_told_from_when_it_was_critical() -> None:
    worsened, never = episode("gone_quiet", 10, critical=25), episode("ghosted", 5)
    told = of("critical", bad("A", worsened, never), bad("B", never), bad("C", episode("gone_quiet", 20, critical=31)))
    assert (told.kind, told.alerted, told.lead_days) == ("severity", 1, Quartiles(5.0, 5.0, 5.0))


def test_a_family_is_alerted_by_any_of_its_detectors() -> None:
    lives = [bad("A", episode("gone_quiet", 10)), bad("B", episode("ghosted", 10)), bad("C", episode("reply_only", 10))]
    assert [of(name, *lives).alerted for name in ("silence", "reactive", "people", "warning")] == [2, 1, 0, 3]
    assert of("silence", *lives).kind == "family"


def test_a_deal_was_told_of_for_as_long_as_any_of_its_episodes_lasted_and_not_after_its_end() -> None:
    a_life = bad("A", episode("gone_quiet", 2, 8), episode("ghosted", 5, 9), episode("ghosted", 20))
    assert alerted_days(a_life) == {"gone_quiet": 6.0, "ghosted": 14.0, "silence": 17.0, "warning": 17.0}
    assert of("silence", a_life).alerted_days == Quartiles(17.0, 17.0, 17.0)


def test_value_found_is_that_of_the_bad_ends_that_were_alerted_by_currency() -> None:
    quiet = episode("gone_quiet", 10)
    told = of(
        "gone_quiet",
        bad("A", quiet, amount=100.5, currency="EUR"),
        bad("B", quiet, amount=200.0, currency="EUR"),
        bad("C", quiet, amount=7.0, currency="USD"),
        bad("D", quiet, amount=9.0),
        bad("E", quiet),
        bad("F", amount=5000.0, currency="EUR"),
        life("G", quiet, amount=5000.0, currency="EUR", ended=30, status="won"),
    )
    assert told.value_found == {"": 9.0, "EUR": 300.5, "USD": 7.0}


def test_the_first_alert_of_each_name() -> None:
    a_life = life("A", episode("gone_quiet", 4, critical=6), episode("reply_only", 2))
    assert first_alerts(a_life) == {
        "warning": day(2),
        "critical": day(6),
        "gone_quiet": day(4),
        "silence": day(4),
        "reply_only": day(2),
        "reactive": day(2),
    }


def test_each_family_stands_before_its_detectors_and_books_and_what_is_only_shown_are_left_out() -> None:
    order = list(names())
    assert order[:4] == ["warning", "critical", "silence", "champion_silent"]
    of_books = {"pipeline_inflation", "hoarding", "strategic_blindness"}
    assert set(catalogue()) - set(order) == of_books | {"waiting_on_customer"}
    assert "book" not in order
    assert order.index("people") < order.index("single_threaded") < order.index("qualification")


def test_those_that_told_of_nothing_have_figures_too() -> None:
    told = of("ghosted", life("A", ended=3, status="won"))
    assert (told.alerted, told.precision.value, told.recall.value, told.false_alarms.value) == (0, None, None, 0.0)
    assert (told.lead_days, told.alerted_days, told.alerts_per_rep_week, told.value_found) == (None, None, None, {})

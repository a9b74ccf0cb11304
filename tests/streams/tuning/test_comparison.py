"""Two rules on one history: what opens, closes and moves, for whom, with deals for example."""

import json
from collections.abc import Iterable
from io import StringIO

import pytest
from rich.console import Console

from detectors.core.rules import Rules
from streams.rules_view import Difference
from streams.tuning import comparison_text
from streams.tuning.backtest import Backtest, measure
from streams.tuning.comparison import EXAMPLES, Audience, Comparison, Way, compare
from streams.tuning.endings import Ending, Endings
from streams.tuning.lives import Episode, Life

from .made_lives import day, episode, life

ANN, BOB = "ann@us.example", "Bob@us.example"
SETTING = Difference("detectors.gone_quiet.warn_business_days", 10, 7, "default", "new.yaml:3")


def measured(lives: Iterable[Life]) -> Backtest:
    return measure(lives, Endings(), Rules(), day(60))


def compared(before: Iterable[Life], after: Iterable[Life]) -> Comparison:
    return compare(measured(before), measured(after), "old.yaml", [SETTING])


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Of seven deals one stays, two open, one closes, two are told of earlier and one later."""
    ann, bob = {"owner": ANN, "team": "emea"}, {"owner": BOB, "team": "amer"}
    quiet = "gone_quiet"
    return compared(
        [
            life("stays", episode(quiet, 5), ended=20, **ann),
            life("opens", ended=20, **ann),
            life("false-alarm", ended=10, status="won", **bob),
            life("closes", episode("ghosted", 3), ended=30, **ann),
            life("earlier", episode(quiet, 10), ended=30, **bob),
            life("much-earlier", episode(quiet, 10), **bob),
            life("later", episode(quiet, 5), ended=30, **bob),
        ],
        [
            life("stays", episode(quiet, 5), ended=20, **ann),
            life("opens", episode(quiet, 4), ended=20, **ann),
            life("false-alarm", episode(quiet, 6), ended=10, status="won", **bob),
            life("closes", ended=30, **ann),
            life("earlier", episode(quiet, 7), ended=30, **bob),
            life("much-earlier", episode(quiet, 5), **bob),
            life("later", episode(quiet, 6), ended=30, **bob),
        ],
    )


# -- detector by detector


def test_what_opens_is_told_with_how_it_ended(comparison: Comparison) -> None:
    quiet = comparison.change_of("gone_quiet")
    assert quiet.opens == {Ending.BAD: 1, Ending.GOOD: 1}
    assert quiet.closes == {}
    assert comparison.change_of("ghosted").closes == {Ending.BAD: 1}
    assert comparison.change_of("ghosted").opens == {}


def test_what_moves_is_told_with_the_median_of_days(comparison: Comparison) -> None:
    quiet = comparison.change_of("gone_quiet")
    assert (quiet.earlier, quiet.earlier_days) == (2, 4.0)
    assert (quiet.later, quiet.later_days) == (1, 1.0)
    assert quiet.stays == 1


def test_families_and_any_alert_are_compared_by_their_first_alert(comparison: Comparison) -> None:
    silence, anything = comparison.change_of("silence"), comparison.change_of("warning")
    assert silence.closes == anything.closes == {Ending.BAD: 1}
    assert silence.earlier == anything.earlier == 2
    assert not comparison.change_of("critical").moves


def test_a_deal_that_another_detector_tells_of_anyway_opens_for_the_new_one_only() -> None:
    found = compared(
        [life("D-1", episode("ghosted", 2), ended=30)],
        [life("D-1", episode("ghosted", 2), episode("gone_quiet", 8), ended=30)],
    )
    assert found.change_of("gone_quiet").opens == {Ending.BAD: 1}
    anything = found.change_of("warning")
    assert (anything.opens, anything.stays) == ({}, 1)
    # it is told twice, though
    assert (anything.before.alerts_per_rep_week or 0) < (anything.after.alerts_per_rep_week or 0)


def test_what_turns_critical_at_another_time_moves_among_the_critical_ones_only() -> None:
    found = compared(
        [life("D-1", episode("gone_quiet", 2, critical=10), ended=30)],
        [life("D-1", episode("gone_quiet", 2, critical=6), ended=30)],
    )
    critical = found.change_of("critical")
    assert (critical.earlier, critical.earlier_days) == (1, 4.0)
    assert not found.change_of("gone_quiet").moves
    assert [(each.name, each.life.deal_id) for each in found.examples_of(Way.EARLIER)] == [("critical", "D-1")]


def test_what_was_told_after_the_end_was_not_told() -> None:
    found = compared([life("D-1", ended=10)], [life("D-1", episode("gone_quiet", 10), ended=10)])
    assert found.changed == ()


def test_figures_stand_side_by_side(comparison: Comparison) -> None:
    quiet = comparison.change_of("gone_quiet")
    assert (quiet.before.recall.part, quiet.after.recall.part, quiet.after.recall.whole) == (3, 4, 5)
    assert (quiet.before.false_alarms.part, quiet.after.false_alarms.part) == (0, 1)
    assert quiet.before.precision.value == 1.0
    assert quiet.after.precision.value == 0.8


def test_the_same_rules_change_nothing() -> None:
    lives = [life("D-1", episode("gone_quiet", 5, critical=8), ended=20), life("D-2", episode("ghosted", 1))]
    found = compared(lives, lives)
    assert found.changed == ()
    assert found.examples == ()


def test_what_moves_is_shown_beside_any_alert_and_the_critical_ones(comparison: Comparison) -> None:
    assert [each.name for each in comparison.changed] == ["warning", "critical", "silence", "ghosted", "gone_quiet"]


def test_a_budget_moves_no_deal_and_changes_what_reps_hear() -> None:
    lives = [life(f"D-{number}", episode("gone_quiet", 5), ended=9) for number in range(8)]
    one_a_day = Rules.of({"alerts": {"per_owner_per_day": 1}})
    found = compare(measured(lives), measure(lives, Endings(), one_a_day, day(60)), "old.yaml")
    assert [each.name for each in found.changed] == ["warning", "critical"]
    assert not any(each.moves for each in found.changes)


def test_a_deal_that_only_one_of_them_measures_is_left_out_and_counted() -> None:
    both = life("D-1", episode("gone_quiet", 5), ended=20)
    found = compared([both], [both, life("D-2", episode("gone_quiet", 5), ended=20)])
    assert found.only_in_one == 1
    assert found.change_of("gone_quiet").opens == {}


# -- for whom


def test_teams_and_owners_are_told_by_name_whatever_their_numbers(comparison: Comparison) -> None:
    assert comparison.teams == (Audience("amer", 4, 3, 4), Audience("emea", 3, 2, 2))
    assert comparison.owners == (Audience(ANN, 3, 2, 2), Audience(BOB, 4, 3, 4))


def test_deals_of_nobody_are_counted_too() -> None:
    lives = [life("D-1", episode("gone_quiet", 5), ended=20, owner=None)]
    assert compared(lives, lives).owners == (Audience("", 1, 1, 1),)


# -- for example


def test_examples_show_each_way(comparison: Comparison) -> None:
    found = {way: [each.life.deal_id for each in comparison.examples_of(way)] for way in Way}
    assert found == {
        Way.OPENS: ["false-alarm", "opens"],
        Way.CLOSES: ["closes"],
        Way.EARLIER: ["earlier", "much-earlier"],
        Way.LATER: ["later"],
    }


def test_examples_whose_end_is_known_come_first() -> None:
    def lives(*told: Episode) -> list[Life]:
        return [life("open", *told, began=3), life("lost", *told, began=1, ended=30), life("new", *told, ended=31)]

    told = compared(lives(), lives(episode("gone_quiet", 5))).examples_of(Way.OPENS)
    assert [each.life.deal_id for each in told] == ["lost", "new", "open"]


def test_examples_are_few_the_newest_of_each_detector_in_turn() -> None:
    def lives(is_new: bool) -> list[Life]:
        quiet = [
            life(f"Q-{n}", *([episode("gone_quiet", n + 2)] if is_new else []), began=n, ended=40) for n in range(9)
        ]
        return [*quiet, life("G-1", *([episode("ghosted", 3)] if is_new else []), began=1, ended=40)]

    told = compared(lives(False), lives(True)).examples_of(Way.OPENS)
    assert [each.life.deal_id for each in told] == ["G-1", "Q-8", "Q-7", "Q-6"]
    assert len(told) == EXAMPLES


# -- as text and JSON


def printed(comparison: Comparison) -> str:
    out = StringIO()
    Console(file=out, width=80).print(comparison_text.tables(comparison))
    return out.getvalue()


def row(text: str, name: str) -> list[str]:
    """The cells of the first row of a name."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


def test_a_terminal_shows_what_differs_and_what_comes_of_it(comparison: Comparison) -> None:
    text = printed(comparison)
    assert "Against old.yaml" in text
    assert "detectors.gone_quiet.warn_business_days: 10 (default) → 7 (new.yaml:3)" in text
    deals, figures = text.split("Figures, before → now")
    assert row(deals, "gone_quiet") == ["gone_quiet", "2", "(1)", "-", "2", "(4.0)", "1", "(1.0)", "1"]
    assert row(deals, "ghosted") == ["ghosted", "-", "1", "(1)", "-", "-", "0"]
    assert " ".join(row(figures, "gone_quiet")).startswith("gone_quiet 100 %→80 % 60 %→80 % 0 %→100 %")
    assert "amer 4 3 4" in " ".join(text.split())
    assert "emea" not in text.split("by team")[1].split("by owner")[0]
    assert max(map(len, text.splitlines())) <= 80


def test_an_example_says_why_when_and_how_it_ended(comparison: Comparison) -> None:
    text = " ".join(printed(comparison).split())
    quiet = "The buyer has gone quiet: told of since"
    assert f"earlier: {quiet} 2026-03-09 instead of 2026-03-12; lost on 2026-04-01." in text
    assert f"much-earlier: {quiet} 2026-03-07 instead of 2026-03-12; still open." in text


def test_an_alert_that_moves_within_a_day_is_told_with_its_hours() -> None:
    found = compared(
        [life("D-1", episode("gone_quiet", 5), ended=20)], [life("D-1", episode("gone_quiet", 5.125), ended=20)]
    )
    assert "told of since 2026-03-07 12:00 instead of 2026-03-07 09:00" in " ".join(printed(found).split())


def test_a_terminal_says_when_nothing_changes() -> None:
    lives = [life("D-1", ended=20)]
    assert "Nothing changes" in printed(compared(lives, lives))


def test_what_somebody_wrote_is_no_markup_of_the_terminal() -> None:
    names = {"facts": {"name": "[red]Acme[/red]\x1b[31m"}}
    text = printed(
        compared([life("D-1", ended=20, **names)], [life("D-1", episode("gone_quiet", 5), ended=20, **names)])
    )
    assert "[red]Acme[/red]" in text
    assert "\x1b" not in text


def test_json_has_every_name_with_its_old_figures(comparison: Comparison) -> None:
    told = json.loads(json.dumps(comparison_text.as_json(comparison)))
    quiet = told["detectors"]["gone_quiet"]
    assert quiet["opens"] == {"good": 1, "bad": 1, "other": 0, "open": 0}
    assert (quiet["earlier"], quiet["earlier_days"], quiet["stays"]) == (2, 4.0, 1)
    assert quiet["before"]["precision"] == 1.0
    assert told["any"]["before"]["alerted"] == 4
    assert told["teams"]["amer"] == {"deals": 4, "before": 3, "after": 4}
    assert told["settings"][0]["setting"] == "detectors.gone_quiet.warn_business_days"
    assert {each["way"] for each in told["examples"]} == {"opens", "closes", "earlier", "later"}

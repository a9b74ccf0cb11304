"""However many names come from outside, what they cost is bounded."""

from collections import Counter
from dataclasses import replace

import pytest

from detectors.core.rules import Rules
from streams.metrics import names
from streams.metrics.counts import Counts
from streams.metrics.exporter import Exporter, State
from streams.metrics.names import MOST, Names
from tests.streams.scraping import series_of
from tests.streams.told import MONDAY, answer


def test_as_long_as_there_is_room_every_deal_is_told_under_its_own_names() -> None:
    deals = [answer(f"D-{n}", stage=f"stage {n}") for n in range(MOST["stage"])]
    told = Names(deals)
    assert [told.told(each) for each in deals] == deals
    assert set(told.left_out.values()) == {0}


def test_beyond_that_the_most_frequent_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MOST", {**MOST, "stage": 2})
    stages = ["Demo", "Demo", "Proposal", "Proposal", "Proposal", "one-off", None]
    deals = [answer(f"D-{n}", stage=stage) for n, stage in enumerate(stages)]
    told = Names(deals)
    assert [told.told(each).stage for each in deals] == [*stages[:5], "other", None]
    assert told.told(deals[0]) == deals[0]
    assert told.left_out == {"pipeline": 0, "stage": 1, "team": 0, "currency": 0, "owner": 0}


def test_a_flood_of_names_does_not_cost_the_other_metrics() -> None:
    plain = answer("D")
    deals = [
        replace(plain, deal_id=f"D-{n}", stage=f"s{n}", team=f"t{n}", owner=f"o{n}@us.example", pipeline=f"p{n}")
        for n in range(6000)
    ]
    books = [(each.owner or "", [each]) for each in deals]
    state = State(deals, books, [], Counter(), MONDAY, {}, 0, Rules())
    series = series_of(Exporter(lambda: state, Counts(), 10).text())
    assert len(series["stallwatch_owner_stalled_ratio"]) == MOST["owner"] + 1
    assert sum(series["stallwatch_deals"].values()) == 6000
    teams = set(series["stallwatch_stalled_amount"])
    assert len(teams) == MOST["team"] + 1
    assert series["stallwatch_names_left_out"]["stage",] == 6000 - MOST["stage"]

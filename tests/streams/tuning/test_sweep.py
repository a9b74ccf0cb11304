"""Each setting of a sweep tells what a whole backtest under its rules tells."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core import events
from detectors.core.detector import BookDetector
from detectors.core.events import Event
from detectors.core.registry import catalogue
from detectors.core.rules import Rules, RulesError
from detectors.gone_quiet import GoneQuiet
from streams import replay
from streams.demo.company import Company
from streams.history import Line
from streams.tuning.lives import Episode, lives
from streams.tuning.sweep import Swept, sweep, with_values
from streams.tuning.values import around
from tests.detectors.lives import lives as generated_lives
from tests.detectors.lives import shuffled
from tests.streams.sample_deals import crm, day, inbound, outbound, verdict

RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"]},
        "pipelines": {"default": {"stages": ["Discovery", "Demo", "Proposal", "Negotiation"]}},
        "overrides": [{"when": {"stage": "Demo"}, "detectors": {"gone_quiet": {"warn_business_days": 3}}}],
    }
)
THRESHOLDS = [
    (name, threshold)
    for name, kind in catalogue().items()
    if not issubclass(kind, BookDetector)
    for threshold in kind.model_fields
]


def history(raws: Iterable[bytes]) -> list[Line]:
    return [Line(Path("history.jsonl"), number, raw) for number, raw in enumerate(raws, start=1)]


def of(*told: dict[str, Any], deal: str = "D-1") -> list[Line]:
    return history(orjson.dumps(each | {"subject": deal}) for each in told)


def under(settings: Sequence[Rules], lines: list[Line], detector: str) -> Swept:
    swept, run = sweep(lines, detector, settings)
    assert swept is not None
    assert not run.errors
    return swept


def assert_as_in_backtests(lines: list[Line], detector: str, settings: Sequence[Rules]) -> None:
    swept = under(settings, lines, detector)
    for number, rules in enumerate(settings):
        whole = {
            life.deal_id: tuple(each for each in life.episodes if each.detector == detector)
            for life in lives(lines, rules)
        }
        assert {told.life.deal_id: told.episodes[number] for told in swept.deals} == whole


@cache
def company() -> list[Line]:
    return history(islice(Company(deals=60).lines(), 1_500))


@pytest.mark.parametrize(
    ("detector", "threshold", "values"),
    [
        ("gone_quiet", "warn_business_days", [3, 12]),
        ("no_next_step", "warn_business_days", [1, 9]),
        ("stage_overstay", "factor", [1.0, 3.0]),
    ],
)
def test_on_the_demos_company_each_setting_tells_what_its_backtest_tells(
    detector: str, threshold: str, values: list[Any]
) -> None:
    rules = Rules.of(Company().rules())
    assert_as_in_backtests(company(), detector, [with_values(rules, detector, {threshold: each}) for each in values])


@settings(max_examples=25)
@given(events_of=generated_lives(returns=True), seed=st.integers(0, 10**6), swept=st.sampled_from(THRESHOLDS))
def test_whatever_comes_in_whatever_order_each_setting_tells_what_its_backtest_tells(
    events_of: list[Event], seed: int, swept: tuple[str, str]
) -> None:
    detector, threshold = swept
    several = [with_values(RULES, detector, {threshold: each}) for each in around(RULES, detector, threshold)[::4]]
    lines = history(events.to_json(each) for each in shuffled(events_of, seed))
    # in small batches, so that much of it is late
    with patch.object(replay, "BATCH", 3):
        assert_as_in_backtests(lines, detector, several)


def episodes(
    lines: list[Line], detector: str, *values: dict[str, Any], rules: Rules = RULES
) -> list[tuple[Episode, ...]]:
    swept = under([with_values(rules, detector, each) for each in values], lines, detector)
    (told,) = swept.deals
    return list(told.episodes)


def test_a_higher_threshold_tells_later_and_one_beyond_the_answer_not_at_all() -> None:
    lines = of(crm(0, owner="rep@us.example"), inbound(1, "a"), inbound(29, "b"), crm(30, status="won"))
    early, late, never = episodes(lines, "gone_quiet", *({"warn_business_days": each} for each in (5, 10, 20)))
    assert [each.since for each in early] == [day(8)]
    assert [each.since for each in late] == [day(15)]
    assert never == ()
    assert early[0].until == late[0].until == day(29)


def test_where_an_override_sets_the_threshold_its_deals_keep_it() -> None:
    lines = of(crm(0, owner="rep@us.example", stage="Demo"), inbound(1, "a"), inbound(29, "b"))
    five, twenty = episodes(lines, "gone_quiet", {"warn_business_days": 5}, {"warn_business_days": 20})
    assert five == twenty != ()


def test_what_is_for_some_deals_only_changes_nothing_for_others() -> None:
    lines = of(crm(0, owner="rep@us.example", segment="smb"), inbound(1, "a"), inbound(29, "b"))
    here, there = (
        with_values(RULES, "gone_quiet", {"warn_business_days": 5}, {"segment": each}) for each in ("smb", "enterprise")
    )
    swept = under([here, there], lines, "gone_quiet")
    assert [[each.since for each in told] for told in swept.deals[0].episodes] == [[day(8)], [day(15)]]


def test_what_people_said_of_the_detector_is_counted_once_a_deal_with_their_newest_word() -> None:
    lines = of(
        crm(0, owner="rep@us.example"),
        outbound(1, "a"),
        verdict(40, "noise", "gone_quiet"),
        verdict(41, "useful", "gone_quiet"),
        verdict(42, "noise", "ghosted"),
    )
    assert [told.verdict for told in under([RULES], lines, "gone_quiet").deals] == ["useful"]


def test_a_history_without_deals_has_nothing_to_be_swept() -> None:
    assert sweep([], "gone_quiet", [RULES])[0] is None


def test_a_detector_that_fails_is_told_of_and_the_others_settings_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assess = GoneQuiet.assess

    def fails(self: GoneQuiet, deal: Any) -> Any:
        if self.warn_business_days == 7:
            raise ZeroDivisionError
        return assess(self, deal)

    monkeypatch.setattr(GoneQuiet, "assess", fails)
    lines = of(crm(0, owner="rep@us.example"), inbound(1, "a"), inbound(29, "b"))
    swept, run = sweep(
        lines, "gone_quiet", [with_values(RULES, "gone_quiet", {"warn_business_days": each}) for each in (5, 7)]
    )
    assert swept is not None
    assert [len(each) for each in swept.deals[0].episodes] == [1, 0]
    assert run.errors["gone_quiet"] > 0


def test_a_value_out_of_bounds_is_refused_with_its_name() -> None:
    with pytest.raises(RulesError, match=r"gone_quiet\.warn_business_days"):
        with_values(RULES, "gone_quiet", {"warn_business_days": 0})

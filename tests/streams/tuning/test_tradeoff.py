"""What each value of a threshold is worth, and which one is proposed."""

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest

from detectors.core.rules import Rules, When
from streams.tuning.backtest import BacktestError
from streams.tuning.endings import Ending, Endings
from streams.tuning.lives import Episode, Life
from streams.tuning.proposal import Wanted, propose
from streams.tuning.sweep import Swept, Told, with_values
from streams.tuning.tradeoff import Tradeoff, overall, tradeoff
from tests.streams.sample_deals import RULES, day

DAYS = "warn_business_days"
SETTINGS = [{DAYS: each} for each in (5, 10, 20)]
RULES_OF = [with_values(RULES, "gone_quiet", each) for each in SETTINGS]


def told(
    number: int,
    status: str,
    *alerted: float | None,
    began: float | None = None,
    verdict: str | None = None,
    **facts: Any,
) -> Told:
    """A deal that began on the day of its number and ended 100 days later, and when each setting first told of it."""
    start = float(number) if began is None else began
    life = Life(
        deal_id=f"D-{number}",
        began=day(start),
        ended=None if status == "open" else day(start + 100),
        owner="rep@us.example",
        team="emea",
        amount=1000.0,
        currency="EUR",
        facts={"status": status, **facts},
        documents=frozenset(),
        episodes=(),
    )
    return Told(life, tuple(tuple(_episodes(None if at is None else day(start + at))) for at in alerted), verdict)


def _episodes(at: datetime | None) -> Iterable[Episode]:
    if at is not None:
        yield Episode("gone_quiet", at, None, None, at)


# a low value tells of all, the middle one of the lost ones and a won one, the high one of one lost deal
EARLIER = [
    told(0, "lost", 5, 10, 20),
    told(1, "lost", 5, 10, None),
    told(2, "won", 5, 10, None),
    told(3, "won", 5, None, None),
]
LATER = [told(50, "lost", 5, 10, None), told(51, "won", 5, None, None)]


def of(deals: list[Told], **changed: Any) -> Tradeoff:
    asked = {"endings": Endings(), "split": Fraction(2, 3), "when": None, "present": {DAYS: 10}, **changed}
    swept = Swept(tuple(deals), day(0), day(400))
    return tradeoff(
        swept, "gone_quiet", SETTINGS, asked["present"], RULES_OF, asked["endings"], asked["split"], asked["when"]
    )


def test_the_earlier_deals_choose_and_the_later_ones_judge() -> None:
    found = of(EARLIER + LATER)
    assert dict(found.chosen_by.deals) == {Ending.BAD: 2, Ending.GOOD: 2}
    assert dict(found.judged_by.deals) == {Ending.BAD: 1, Ending.GOOD: 1}
    assert found.judged_by.began == day(50)
    five, ten, twenty = found.points
    assert [(each.chosen.precision.part, each.chosen.precision.whole) for each in found.points] == [
        (2, 4),
        (2, 3),
        (1, 1),
    ]
    assert (five.judged.precision.value, ten.judged.precision.value, twenty.judged.precision.value) == (0.5, 1.0, None)
    assert ten.chosen.recall.value == 1.0
    assert five.chosen.false_alarms.value == 1.0


def test_what_is_chosen_hangs_on_no_later_deal() -> None:
    other = [told(50, "won", 5, 10, 20), told(51, "lost", None, None, 20)]
    chosen = [[each.chosen for each in of(EARLIER + later).points] for later in (LATER, other)]
    assert chosen[0] == chosen[1]


def test_the_present_value_and_the_efficient_ones_are_marked() -> None:
    found = of(EARLIER + LATER)
    assert found.present.values == {DAYS: 10}
    # the low one finds as much as the middle one, and is less often right
    assert [each.is_efficient for each in found.points] == [False, True, True]


def test_the_split_follows_when_deals_began_whatever_their_order_here() -> None:
    found = of([*LATER[::-1], *EARLIER], split=Fraction(1, 2))
    assert sum(found.chosen_by.deals.values()) == 3


def test_a_deal_that_is_open_is_in_no_rate() -> None:
    found = of([told(0, "open", 5, 10, 20), *EARLIER, *LATER])
    assert found.chosen_by.deals[Ending.OPEN] == 1
    assert (found.points[0].chosen.alerted, found.points[0].chosen.alerted_open) == (4, 1)


def test_only_deals_that_when_is_for_are_measured_but_a_promise_is_of_all() -> None:
    smb = [told(10 + n, "lost", 5, None, None, segment="smb") for n in range(3)]
    found = of([*EARLIER, *smb, *LATER], when=When(segment="smb"))
    assert sum(found.chosen_by.deals.values()) == 2
    assert sum(found.judged_by.deals.values()) == 1
    everybody = overall(Swept((*EARLIER, *smb), day(0), day(400)), 0, "gone_quiet", RULES_OF[0], Endings(), day(2))
    assert everybody.alerted == 5


def test_what_people_said_is_beside_what_endings_say() -> None:
    found = of([*EARLIER, told(4, "won", 5, 5, 5, verdict="useful"), told(5, "won", 5, 5, 5, verdict="noise"), *LATER])
    assert (found.said.part, found.said.whole) == (1, 2)


@pytest.mark.parametrize(
    ("deals", "complaint"),
    [
        ([], "none of the 0 deals of this history is measured"),
        ([told(0, "open", 1, 1, 1), told(1, "open", 1, 1, 1), told(2, "lost", 1, 1, 1)], "that is to choose has ended"),
        ([told(0, "lost", 1, 1, 1), told(1, "lost", 1, 1, 1), told(2, "open", 1, 1, 1)], "that is to judge has ended"),
    ],
)
def test_without_an_end_there_is_nothing_to_judge_by(deals: list[Told], complaint: str) -> None:
    with pytest.raises(BacktestError, match=complaint):
        of(deals)


def test_within_a_least_precision_the_one_that_finds_the_most_is_proposed() -> None:
    found = of(EARLIER + LATER)
    proposal = propose(found, Wanted(least_precision=0.6))
    assert proposal.fits
    assert proposal.point is found.points[1]
    assert propose(found, Wanted(least_precision=0.9)).point is found.points[2]


def test_within_a_budget_the_one_that_finds_the_most_is_proposed() -> None:
    found = of(EARLIER + LATER)
    most = found.points[1].chosen.alerts_per_rep_week
    assert most is not None
    assert propose(found, Wanted(alerts_per_rep_week=most)).point is found.points[1]
    assert propose(found, Wanted(alerts_per_rep_week=most - 0.001)).point is found.points[2]


def test_of_equals_the_one_in_force_stays() -> None:
    same = [told(n, "lost", 5, 5, 5) for n in range(4)]
    found = of([*same, *LATER])
    assert propose(found, Wanted(least_precision=0.5)).point is found.present


def test_where_none_fits_the_nearest_is_told() -> None:
    found = of([told(0, "won", 5, 5, 5), *EARLIER, *LATER])
    proposal = propose(found, Wanted(least_precision=0.99))
    assert not proposal.fits
    assert proposal.point is found.points[1]
    tight = propose(found, Wanted(alerts_per_rep_week=0.0))
    assert not tight.fits
    assert tight.point is found.points[2]


def test_where_nothing_was_told_nothing_is_proposed() -> None:
    found = of([told(n, "lost", None, None, None) for n in range(4)] + LATER)
    assert propose(found, Wanted(least_precision=0.5)).point is None


def test_thresholds_of_critical_alerts_are_judged_by_these() -> None:
    life = told(0, "lost").life
    at, critical = (
        Episode("gone_quiet", day(5), day(30), None, day(5)),
        Episode("gone_quiet", day(5), None, None, day(5)),
    )
    deals = tuple(
        Told(
            Life(**{**{n: getattr(life, n) for n in Life.__slots__}, "deal_id": f"D-{n}", "began": day(n)}),
            ((at,), (critical,)),
            None,
        )
        for n in range(3)
    )
    values = [{"critical_business_days": each} for each in (20, 200)]
    rules = [with_values(Rules(), "gone_quiet", each) for each in values]
    found = tradeoff(
        Swept(deals, day(0), day(400)), "gone_quiet", values, values[0], rules, Endings(), Fraction(2, 3), None
    )
    assert found.name == "critical"
    assert [each.chosen.alerted for each in found.points] == [2, 0]

"""Deadlines of quiet deals."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.monitor.watchlist import FEW, Watchlist
from tests.streams.sample_deals import MONDAY, day

MOMENTS = st.integers(0, 8).map(lambda minute: MONDAY + timedelta(minutes=minute))
DEALS = st.sampled_from(["A", "B", "C"])


def test_a_deal_is_due_at_its_deadline_and_not_an_instant_before() -> None:
    watchlist = Watchlist()
    watchlist.put("D-1", day(1))
    assert watchlist.due(day(1) - timedelta(microseconds=1)) == []
    assert watchlist.due(day(1)) == ["D-1"]


def test_the_earliest_deadline_comes_first() -> None:
    watchlist = Watchlist()
    for deal_id, number in (("C", 3), ("A", 1), ("B", 2), ("later", 9)):
        watchlist.put(deal_id, day(number))
    assert watchlist.due(day(5)) == ["A", "B", "C"]
    assert len(watchlist) == 1


def test_a_deal_is_told_once_for_each_deadline() -> None:
    watchlist = Watchlist()
    watchlist.put("D-1", day(1))
    watchlist.put("D-1", day(1))
    assert watchlist.due(day(2)) == ["D-1"]
    assert watchlist.due(day(2)) == []
    watchlist.put("D-1", day(3))
    assert watchlist.due(day(4)) == ["D-1"]


def test_a_deadline_that_was_moved_away_and_back_counts_once() -> None:
    watchlist = Watchlist()
    for deadline in (day(1), day(5), day(1)):
        watchlist.put("D-1", deadline)
    assert watchlist.due(day(9)) == ["D-1"]


def test_a_deal_without_a_deadline_is_off_the_list() -> None:
    watchlist = Watchlist()
    watchlist.put("D-1", day(1))
    watchlist.put("D-1", None)
    watchlist.put("unknown", None)
    assert watchlist.due(day(9)) == []
    assert len(watchlist) == 0


class AgainstADictionary(RuleBasedStateMachine):
    """Whatever is put, moved and taken: the watchlist is a dictionary that is sorted when asked."""

    def __init__(self) -> None:
        super().__init__()
        self.watchlist = Watchlist()
        self.plain: dict[str, datetime] = {}

    @rule(deal_id=DEALS, deadline=st.none() | MOMENTS)
    def put(self, deal_id: str, deadline: datetime | None) -> None:
        self.watchlist.put(deal_id, deadline)
        if deadline is None:
            self.plain.pop(deal_id, None)
        else:
            self.plain[deal_id] = deadline

    @rule(now=MOMENTS)
    def due(self, now: datetime) -> None:
        due = sorted((deadline, deal_id) for deal_id, deadline in self.plain.items() if deadline <= now)
        assert self.watchlist.due(now) == [deal_id for _, deal_id in due]
        for _, deal_id in due:
            del self.plain[deal_id]

    @invariant()
    def holds_as_many(self) -> None:
        assert len(self.watchlist) == len(self.plain)


TestAgainstADictionary = AgainstADictionary.TestCase
TestAgainstADictionary.settings = settings(max_examples=50, stateful_step_count=30)


@given(st.lists(st.tuples(DEALS, MOMENTS)))
def test_nobody_is_asked_of_deals_that_are_not_due(puts: list[tuple[str, datetime]]) -> None:
    watchlist = Watchlist()
    for deal_id, deadline in puts:
        watchlist.put(deal_id, deadline)
    assert watchlist.due(MONDAY - timedelta(days=1)) == []
    assert len(watchlist) == len(dict(puts))


def test_a_busy_deal_takes_no_more_room_with_every_deadline_that_is_replaced() -> None:
    watchlist = Watchlist()
    watchlist.put("D-quiet", day(5))
    for number in range(20 * FEW):
        watchlist.put("D-busy", day(10) + timedelta(seconds=number))

    assert len(watchlist._heap) < 2 * FEW
    assert watchlist.due(day(10) + timedelta(days=9)) == ["D-quiet", "D-busy"]

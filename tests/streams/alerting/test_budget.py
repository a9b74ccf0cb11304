"""What an owner is told of their deals: a few a day, the most urgent first, and nothing twice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from detectors.core.breach import Finding
from detectors.core.rules import Rules
from streams.alerting.budget import CHOICE_OPEN, Told, news, of_json, to_json, told_at
from streams.alerting.quiet import Hours
from streams.answer import Answer
from tests.streams.told import ANN, MONDAY, answer, finding

NINE = MONDAY.replace(hour=9, minute=0)
ANY_HOUR = Hours.of(Rules(), ANN, None)
BY_DAY = Hours.of(Rules.of({"alerts": {"quiet_hours": ["20:00", "07:00"]}}), ANN, None)


def at(day: float) -> datetime:
    """So many days after nine o'clock on a Monday."""
    return NINE + timedelta(days=day)


class Rep:
    """An owner whose book changes, and what they are told of it."""

    def __init__(self, hours: Hours = ANY_HOUR, most: int = 3) -> None:
        self.book: dict[str, Answer] = {}
        self.told: dict[str, Told] = {}
        self._hours, self._most = hours, most

    def has(self, deal: str, *findings: Finding, **other: Any) -> None:
        self.book[deal] = answer(deal, *findings, **{"amount": 100.0} | other)

    def at(self, day: float) -> list[str]:
        """The deals that are told at a moment, with how many findings where there are several."""
        self.told = told_at(at(day), self.book, self.told, self._hours, self._most)
        return shown(self.book, self.told)


def shown(book: Mapping[str, Answer], told: Mapping[str, Told]) -> list[str]:
    numbers = {deal: len(each.findings(book[deal])) for deal, each in told.items() if deal in book}
    return sorted(f"{deal}*{number}" if number > 1 else deal for deal, number in numbers.items() if number)


def rep_with(*deals: str, **other: Any) -> Rep:
    """A rep with as many deals that stall, the first of them the largest."""
    rep = Rep(**other)
    for number, deal in enumerate(deals):
        rep.has(deal, finding(), amount=1000.0 - number)
    return rep


def test_three_deals_are_told_a_day_and_the_next_three_tomorrow_and_none_is_lost() -> None:
    rep = rep_with(*"ABCDEFG")
    assert rep.at(0) == ["A", "B", "C"]
    assert rep.at(0.4) == ["A", "B", "C"]
    assert len(news(rep.book, rep.told)) == 4
    assert rep.at(1) == ["A", "B", "C", "D", "E", "F"]
    assert rep.at(2) == list("ABCDEFG")
    assert news(rep.book, rep.told) == {}


def test_a_deal_is_told_with_all_of_its_findings_for_one_place_in_the_budget() -> None:
    rep = rep_with("B", "C", most=1)
    rep.has("A", finding(), finding("ghosted", severity="critical"), finding("gone_quiet"))
    assert rep.at(0) == ["A*3"]


def test_what_was_told_uses_up_nothing_of_tomorrow_unless_it_has_news() -> None:
    rep = rep_with("A", "B", "C", most=2)
    assert rep.at(0) == ["A", "B"]
    rep.has("A", finding(), finding("ghosted"), amount=9000.0)
    assert rep.at(0.1) == ["A", "B"]  # today's are spent: the new finding waits with C
    assert rep.at(1) == ["A*2", "B", "C"]


def test_a_warning_that_turns_critical_ranks_before_all_that_waits_and_is_a_warning_until_it_is_told() -> None:
    rep = rep_with("A", "B", "C", "D", most=1)
    rep.at(0)
    rep.has("A", finding(severity="critical"), amount=1.0)
    rep.at(0.1)
    assert [each.severity for each in rep.told["A"].findings(rep.book["A"])] == ["warning"]
    assert rep.at(1) == ["A"]
    assert [each.severity for each in rep.told["A"].findings(rep.book["A"])] == ["critical"]
    assert rep.at(2) == ["A", "B"]


def test_that_something_is_no_longer_critical_is_no_news_and_is_said_with_the_next_mail() -> None:
    rep = Rep()
    rep.has("A", finding(severity="critical"))
    rep.at(0)
    told_at = rep.told["A"].at
    rep.has("A", finding())
    for day in (0.1, 1):
        assert rep.at(day) == ["A"]
        assert [each.severity for each in rep.told["A"].findings(rep.book["A"])] == ["critical"]
    rep.has("B", finding())
    assert rep.at(1.1) == ["A", "B"]
    assert [each.severity for each in rep.told["A"].findings(rep.book["A"])] == ["warning"]
    assert rep.told["A"].at == told_at
    rep.has("A", finding(severity="critical"))
    assert set(news(rep.book, rep.told)) == {"A"}


def test_a_deal_that_is_fine_again_gives_nothing_of_the_day_back() -> None:
    rep = rep_with("A", "B", most=1)
    rep.at(0)
    rep.has("A")
    assert rep.at(0.2) == []
    assert rep.at(1) == ["B"]
    assert "A" not in rep.told


def test_a_finding_that_ended_and_comes_back_is_news_and_one_that_was_only_unknown_is_not() -> None:
    rep = rep_with("A", "B", most=1)
    rep.at(0)
    rep.has("A", finding(state="unknown"))
    assert rep.at(1) == ["B"]
    rep.has("A", finding())
    assert rep.at(1.1) == ["A", "B"]
    rep.has("A", finding(state="resolved"))
    assert rep.at(1.2) == ["B"]
    rep.has("A", finding())
    assert rep.at(1.3) == ["B"]
    assert rep.at(2) == ["A", "B"]


def test_a_closed_deal_is_told_no_longer() -> None:
    rep = rep_with("A")
    rep.at(0)
    rep.has("A", finding(), status="won")
    assert rep.at(1) == []
    assert rep.told == {}


def test_nothing_begins_to_be_told_in_quiet_hours_and_what_is_told_goes_on() -> None:
    rep = rep_with("A", "B", most=1, hours=BY_DAY)
    assert rep.at(0) == ["A"]
    assert rep.at(0.6) == ["A"]  # half past eleven in the evening
    assert rep.at(0.8) == ["A"]  # and past four
    assert rep.at(1 - 2 / 24) == ["A", "B"]  # at seven
    rep.has("C", finding())
    assert rep.at(5) == ["A", "B"]  # a Saturday
    assert rep.at(7) == ["A", "B", "C"]


def test_an_import_in_pieces_tells_the_worst_of_all_pieces() -> None:
    rep = rep_with("A", "B", most=2)
    assert rep.at(0) == ["A", "B"]
    rep.has("X", finding(severity="critical"))
    soon = (CHOICE_OPEN - timedelta(seconds=1)) / timedelta(days=1)
    assert rep.at(soon) == ["A", "X"]
    rep.has("Y", finding(severity="critical"), amount=9000.0)
    assert rep.at(CHOICE_OPEN / timedelta(days=1)) == ["A", "X"]
    assert rep.at(1) == ["A", "B", "X", "Y"]


def test_a_choice_that_is_made_anew_leaves_what_was_known_before() -> None:
    rep = rep_with("A", most=1)
    rep.at(0)
    rep.has("A", finding(), finding("ghosted"))
    assert rep.at(1) == ["A*2"]
    rep.has("B", finding(severity="critical"))
    assert rep.at(1 + 1e-4) == ["A", "B"]
    assert rep.at(2) == ["A*2", "B"]


def test_what_turns_up_later_in_the_day_is_for_tomorrows_mail_however_critical() -> None:
    rep = rep_with("A", most=2)
    assert rep.at(0) == ["A"]
    rep.has("A", finding(), finding("gone_quiet"))
    rep.has("B", finding(severity="critical"))
    assert rep.at(0.25) == ["A"]
    assert set(news(rep.book, rep.told)) == {"A", "B"}
    assert rep.at(1) == ["A*2", "B"]


def test_a_rep_without_a_budget_is_told_nothing() -> None:
    rep = rep_with("A", most=0)
    assert rep.at(0) == []
    assert len(news(rep.book, rep.told)) == 1


def test_a_day_is_the_owners_own() -> None:
    tokyo = Hours.of(Rules.of({"organization": {"time_zone": "Asia/Tokyo"}}), ANN, None)
    rep = rep_with("A", "B", most=1, hours=tokyo)
    assert rep.at(0) == ["A"]  # six in the evening there
    assert rep.at(0.24) == ["A"]
    assert rep.at(0.26) == ["A", "B"]


def test_what_was_told_is_read_as_it_was_written() -> None:
    rep = rep_with("A")
    rep.at(0)
    assert of_json(to_json(rep.told["A"])) == rep.told["A"]


SEVERITIES = st.sampled_from(["warning", "critical", None])
CHANGES = st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["ghosted", "gone_quiet"]), SEVERITIES))


@given(st.lists(st.tuples(CHANGES, st.floats(0.001, 1.5)), max_size=12), st.integers(0, 3))
def test_whatever_happens_the_day_has_its_budget_and_nothing_is_lost(steps: list[Any], most: int) -> None:
    rep, now = Rep(most=most), 0.0
    open_now: dict[str, dict[str, str]] = {}
    for changes, later in steps:
        for deal, detector, severity in changes:
            findings = open_now.setdefault(deal, {})
            findings.pop(detector, None)
            if severity is not None:
                findings[detector] = severity
            rep.has(deal, *(finding(name, severity=each) for name, each in findings.items()))
        now += later
        rep.at(now)
        today = ANY_HOUR.day_of(at(now))
        moments = [each.at for each in rep.told.values() if ANY_HOUR.day_of(each.at) == today]
        assert len(moments) <= most
        assert len(set(moments)) <= 1  # one mail
        # looked at again, nothing changes: whoever takes the book over says the same
        assert told_at(at(now), rep.book, rep.told, ANY_HOUR, most) == rep.told
        waiting = news(rep.book, rep.told)
        for deal, told in rep.book.items():
            known = rep.told[deal].findings(told) if deal in rep.told else ()
            assert {each.detector for each in told.stalls} == {
                each.detector for each in (*known, *waiting.get(deal, ()))
            }
    if most:
        for day in range(20):
            rep.at(now + 1 + day)
        assert news(rep.book, rep.told) == {}


def test_what_is_new_on_a_deal_comes_before_what_was_known_and_what_is_critical_before_both() -> None:
    rep = Rep()
    old = finding("reply_only", since=at(-30))
    rep.has("A", old, finding("gone_quiet", since=at(-20), severity="critical"))
    rep.at(0)
    rep.has(
        "A", old, finding("gone_quiet", since=at(-20), severity="critical"), finding("ghosted", severity="critical")
    )
    rep.at(1)
    assert [each.detector for each in rep.told["A"].findings(rep.book["A"])] == ["ghosted", "gone_quiet", "reply_only"]


def test_a_source_that_fails_makes_no_deal_news_and_deals_that_only_cannot_be_seen_come_last() -> None:
    rep = rep_with("A", "B", most=1)
    rep.at(0)
    rep.has("A", finding(), finding("blind_deal"), amount=1e9)
    rep.has("C", finding("blind_deal"), amount=1e9)
    assert rep.at(1) == ["A", "B"]
    assert rep.at(2) == ["A", "B", "C"]
    rep.has("A", finding(), finding("blind_deal"), finding("ghosted"))
    assert rep.at(3) == ["A*3", "B", "C"]

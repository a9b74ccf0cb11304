"""Which of an owner's stalled deals come first."""

from datetime import timedelta

from streams.alerting.ranking import medians, ranked
from streams.answer import Answer
from tests.streams.told import MONDAY, answer, finding

OLD = MONDAY - timedelta(days=30)


def first(*answers: Answer) -> list[str]:
    """All of what stalls is news."""
    book = {told.deal_id: told for told in answers}
    return ranked({deal: told.stalls for deal, told in book.items() if told.stalls}, book, MONDAY)


def test_critical_ones_come_before_any_warning() -> None:
    assert first(answer("W", finding(), amount=1e9), answer("C", finding(severity="critical"), amount=1.0)) == [
        "C",
        "W",
    ]


def test_of_equals_the_larger_one_comes_first_and_then_the_id_decides() -> None:
    assert first(
        *(answer(deal, finding(), amount=amount) for deal, amount in (("B", 1.0), ("C", 9.0), ("A", 1.0)))
    ) == [
        "C",
        "A",
        "B",
    ]


def test_what_opened_lately_weighs_twice_what_was_old_when_it_was_found() -> None:
    def place(amount: float) -> list[str]:
        fresh = answer("fresh", finding(since=MONDAY - timedelta(days=2)), amount=100.0)
        return first(fresh, answer("old", finding(since=OLD), amount=amount))

    assert place(199.0) == ["fresh", "old"]
    assert place(201.0) == ["old", "fresh"]


def test_an_old_warning_that_turned_critical_lately_is_fresh() -> None:
    turned = finding(severity="critical", since=OLD, critical_from=MONDAY)
    stale = finding(severity="critical", since=OLD, critical_from=OLD)
    assert first(answer("A", stale, amount=1.5), answer("B", turned, amount=1.0)) == ["B", "A"]


def test_a_deal_without_an_amount_counts_as_the_median_of_its_currency() -> None:
    others = [answer(f"D-{n}", finding(), amount=float(n)) for n in (1, 5, 9)]
    assert first(*others, answer("D-x", finding(), amount=None)) == ["D-9", "D-5", "D-x", "D-1"]
    assert medians(others) == {"EUR": 5.0}


def test_values_of_different_currencies_are_measured_each_by_its_own() -> None:
    """Without rates, a million yen is not a million euros."""
    yen = [answer(f"Y-{n}", finding(), amount=n * 1e6, currency="JPY") for n in (1, 2, 3)]
    euros = [answer(f"E-{n}", finding(), amount=n * 1e4) for n in (1, 2, 5)]
    assert first(*yen, *euros)[:2] == ["E-5", "Y-3"]


def test_a_book_of_nothing_but_zeros_is_ranked_all_the_same() -> None:
    assert first(answer("B", finding(), amount=0.0), answer("A", finding(), amount=0.0)) == ["A", "B"]

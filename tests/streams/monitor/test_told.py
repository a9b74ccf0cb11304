"""What was told last of each deal, whole or in short."""

from streams.monitor.told import FIRST_PHRASES, Told
from streams.outline import Outline
from tests.streams.told import answer, finding


def told_of(deals: int) -> Told:
    told = Told()
    for number in range(deals):
        told[f"D-{number}"] = answer(f"D-{number}", finding(), finding("ghosted", state="pending"))
    return told


def test_one_that_was_let_go_is_kept_in_short_and_found_as_it_was() -> None:
    told = told_of(2)
    told.let_go("D-0")

    assert isinstance(told.glance("D-0"), Outline)
    assert told == told_of(2)


def test_to_let_go_twice_or_what_nobody_knows_changes_nothing() -> None:
    told = told_of(1)
    for deal_id in ("D-0", "D-0", "D-unknown"):
        told.let_go(deal_id)

    assert (told, told.glance("D-unknown")) == (told_of(1), None)


def test_they_stand_in_the_order_in_which_they_came_whichever_were_let_go() -> None:
    told = told_of(3)
    told.let_go("D-1")
    told["D-0"] = answer("D-0")

    assert [each.deal_id for each in told.glances()] == list(told) == ["D-0", "D-1", "D-2"]


def test_words_that_came_up_later_are_known_to_those_that_are_let_go_later() -> None:
    told = told_of(2)
    told.let_go("D-0")
    new = [answer(f"E-{number}", finding("owed_reply")) for number in range(FIRST_PHRASES + 1)]
    for each in new:
        told[each.deal_id] = each
    for each in new:
        told.let_go(each.deal_id)
    first, last = told.glance("E-0"), told.glance(f"E-{FIRST_PHRASES}")

    assert isinstance(first, Outline)
    assert isinstance(last, Outline)
    assert len(last.packed) < len(first.packed)
    assert list(told.values()) == [*told_of(2).values(), *new]


def test_one_that_is_deleted_is_gone() -> None:
    told = told_of(2)
    told.let_go("D-0")
    del told["D-0"]

    assert (list(told), "D-0" in told, len(told)) == (["D-1"], False, 1)

"""Which end counts as bad, as it is written on the command line."""

import pytest

from streams.tuning.endings import Condition, ConditionError, Ending, Endings
from streams.tuning.lives import Life
from tests.streams.tuning.made_lives import day, life

LOST = life("A", ended=9, facts={"lost_reason": "Cancelled, or no response", "amount": 500.0, "segment": None})


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ("status=lost", True),
        ("status = LOST", True),
        ("status=los", False),
        ("status!=won", True),
        ("lost_reason~no response", True),
        ("lost_reason~^no response", False),
        ("lost_reason ~ ^cancelled", True),
        ("amount>=500", True),
        ("amount>=500.5", False),
        ("amount<=500", True),
        ("amount=500.0", True),
        ("lost_reason>=5", False),
        ("segment=smb", False),
        ("segment!=smb", True),
        ("nothing~.", False),
    ],
)
def test_a_condition_asks_for_a_field_as_it_was_last(condition: str, is_met: bool) -> None:
    assert Condition.of(condition).holds(LOST) is is_met


def test_what_was_sent_is_asked_for_like_a_field() -> None:
    sent = life("A", documents=frozenset({"quote", "contract"}))
    assert Condition.of("document=quote").holds(sent)
    assert not Condition.of("document!=quote").holds(sent)
    assert not Condition.of("document=quote").holds(LOST)
    assert Condition.of("document!=quote").holds(LOST)


@pytest.mark.parametrize("text", ["status", "=lost", "status=", "amount>5", "", "lost reason=x"])
def test_what_is_no_condition_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(ConditionError) as refused:
        Condition.of(text)
    assert str(refused.value).startswith(f"{text!r}: write field=value, ")


@pytest.mark.parametrize(
    ("text", "said"), [("lost_reason~(", "missing )"), ("amount>=much", "could not convert string to float: 'much'")]
)
def test_a_value_that_cannot_be_compared_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConditionError) as refused:
        Condition.of(text)
    assert str(refused.value).startswith(f"{text!r}: {said}")


def test_a_condition_is_written_as_it_was_read() -> None:
    assert str(Condition.of("lost_reason ~ no response")) == "lost_reason~no response"


@pytest.mark.parametrize(
    ("a_life", "ending"),
    [
        (life("A"), Ending.OPEN),
        (life("A", ended=3, status="won"), Ending.GOOD),
        (life("A", ended=3), Ending.OTHER),
        (LOST, Ending.BAD),
        (life("A", ended=3, status="won", facts={"lost_reason": "no response"}), Ending.GOOD),
    ],
)
def test_a_deal_ends_well_badly_or_otherwise_or_is_open(a_life: Life, ending: Ending) -> None:
    assert Endings.of(["lost_reason~no response"]).of_life(a_life) is ending


def test_without_a_condition_every_lost_end_is_bad() -> None:
    assert Endings.of().of_life(life("A", ended=3)) is Ending.BAD


def test_all_conditions_must_hold() -> None:
    endings = Endings.of(["status=lost", "lost_reason~budget"], ["amount>=100", "segment!=smb"])
    assert endings.of_life(LOST) is Ending.OTHER
    assert endings.concerns(LOST)
    assert not endings.concerns(life("A", facts={"amount": 99.0}))
    assert endings.fields == {"status", "lost_reason", "amount", "segment"}


def test_deals_are_measured_that_began_in_a_span_its_end_left_out() -> None:
    endings = Endings(registered_from=day(1), registered_until=day(3))
    assert [endings.concerns(life("A", began=number)) for number in (0.9, 1, 2.9, 3)] == [False, True, True, False]

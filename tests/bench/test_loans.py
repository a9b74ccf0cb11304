"""The naive rule, and what alerts are worth beside it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bench.loans.naive import offered
from bench.loans.trial import in_folds
from bench.loans.worth import Alerts, Worth, at_recall, gains, gains_at_recall, worth
from streams.history import Line
from streams.tuning.endings import Endings
from tests.streams.tuning.made_lives import day, life

# -- the naive rule


def line(event_type: str, number: float, **told: Any) -> Line:
    event = {
        "id": f"{event_type}-{number}",
        "type": event_type,
        "subject": "D",
        "time": day(number).isoformat(),
        "data": told,
    }
    return Line(Path("made"), 1, json.dumps(event).encode())


def offer(number: float) -> Line:
    return line("activity.document", number, kind="quote", status="sent")


def mail(number: float, sender: str = "ann@buyer.example") -> Line:
    return line("activity.email", number, **{"from": sender})


def alert(*history: Line, days: int = 7) -> datetime | None:
    return offered(history, ["bank.example"])["D"].alert(days)


def test_it_tells_so_many_days_after_the_first_offer() -> None:
    assert alert(offer(1)) == day(8)
    assert alert(offer(3), offer(1), days=14) == day(15)


def test_a_reply_in_time_silences_it_and_one_that_is_late_does_not() -> None:
    assert alert(offer(1), mail(8)) is None
    assert alert(offer(1), mail(8.01)) == day(8)


def test_what_they_wrote_before_the_offer_and_what_we_write_is_no_reply() -> None:
    assert alert(mail(0), offer(1), mail(2, "rep@bank.example")) == day(8)


def test_a_deal_without_an_offer_is_not_asked_about() -> None:
    assert offered([mail(0)], ["bank.example"]) == {}


# -- what alerts are worth

LOST = Endings.of(["lost_reason~no response"])
SILENT, DECLINED = {"lost_reason": "no response"}, {"lost_reason": "declined"}
DEALS = (
    *(life(f"B{number}", ended=20, facts=SILENT) for number in range(4)),
    *(life(f"W{number}", ended=20, status="won") for number in range(4)),
    life("O", ended=20, facts=DECLINED),
    life("open"),
)


def told(*deals: str, at: float = 10) -> Alerts:
    return {deal: day(at) for deal in deals}


def of(alerts: Alerts) -> Worth:
    return worth(alerts, DEALS, LOST)


def test_other_ends_count_against_precision_and_open_deals_for_nothing() -> None:
    found = of(told("B0", "B1", "W0", "O", "open"))
    assert (found.precision.part, found.precision.whole) == (2, 4)
    assert (found.recall.value, found.false_alarms.value) == (0.5, 0.25)


def test_an_alert_at_the_end_or_later_is_none() -> None:
    assert of(told("B0", at=20)).precision.whole == 0


def test_who_is_right_a_week_ahead_is_in_time() -> None:
    found = of({**told("B0", at=13), **told("B1", at=13.01), **told("W0", at=1)})
    assert (found.in_time.part, found.in_time.whole) == (1, 3)
    assert found.lead_days is not None
    assert found.lead_days.median == pytest.approx(6.995)


EAGER, PATIENT = told("B0", "B1", "B2", "W0", "W1", "W2"), told("B0")


def test_between_two_settings_it_is_worth_what_lies_between() -> None:
    point = at_recall([of(EAGER), of(PATIENT)], 0.5)
    assert point is not None
    assert (point.precision, point.false_alarms) == (2 / 3.5, 1.5 / 4)


def test_a_recall_that_no_setting_reaches_has_no_worth() -> None:
    assert at_recall([of(EAGER), of(PATIENT)], 0.9) is None
    assert gains_at_recall([PATIENT], EAGER, DEALS, LOST, rounds=10) is None


OTHER = told("B0", "B1", "W0", "W1", "W2")


def test_a_gain_is_what_one_way_is_ahead_of_another() -> None:
    found = gains(EAGER, OTHER, DEALS, LOST, rounds=200)
    assert found is not None
    assert [each.value for each in found] == pytest.approx([3 / 6 - 2 / 5, 1 / 4, 0])
    assert all(each.low <= each.value <= each.high for each in found)
    assert gains(told(), OTHER, DEALS, LOST, rounds=10) is None


def test_a_gain_at_the_recall_of_another_is_that_of_what_lies_between_two_settings() -> None:
    found = gains_at_recall([EAGER, PATIENT], OTHER, DEALS, LOST, rounds=200)
    assert found is not None
    assert [each.value for each in found] == pytest.approx([2 / 3.5 - 2 / 5, 3 / 4 - 1.5 / 4])
    assert all(each.low <= each.value <= each.high for each in found)


def test_folds_are_of_one_size_and_miss_no_deal() -> None:
    folds = in_folds(DEALS, 3)
    assert [len(fold) for fold in folds] == [3, 3, 4]
    assert tuple(each for fold in folds for each in fold) == DEALS

"""When an owner may be disturbed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from detectors.core.rules import Rules
from streams.alerting.quiet import Hours

BERLIN = {"owners": {"ann@us.example": {"time_zone": "Europe/Berlin", "holidays": "DE"}}}


def hours(*quiet: str) -> Hours:
    alerts = {"quiet_hours": list(quiet)} if quiet else {}
    return Hours.of(Rules.of(BERLIN | {"alerts": alerts}), "ann@us.example", None)


def at(text: str) -> datetime:
    """A moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-10T06:59", False),
        ("2026-03-10T07:00", True),
        ("2026-03-10T19:59", True),
        ("2026-03-10T20:00", False),
        ("2026-03-11T00:30", False),
        ("2026-03-14T12:00", False),  # a Saturday
        ("2026-04-03T12:00", False),  # Good Friday
    ],
)
def test_nights_weekends_and_holidays_are_quiet(moment: str, is_open: bool) -> None:
    assert hours("20:00", "07:00").is_open(at(moment)) is is_open


def test_quiet_hours_may_lie_within_a_day() -> None:
    lunch = hours("12:00", "13:00")
    assert [lunch.is_open(at(f"2026-03-10T{time}")) for time in ("00:00", "11:59", "12:00", "13:00")] == [
        True,
        True,
        False,
        True,
    ]
    assert lunch.opening(at("2026-03-10T12:30")) == at("2026-03-10T13:00")
    assert lunch.next_day(at("2026-03-10T12:30")) == at("2026-03-11T00:00")


@pytest.mark.parametrize("same", [(), ("07:00", "07:00")])
def test_without_quiet_hours_any_moment_will_do(same: tuple[str, ...]) -> None:
    sunday = at("2026-03-15T03:00")
    assert hours(*same).is_open(sunday)
    assert hours(*same).opening(sunday) == sunday
    assert hours(*same).next_day(sunday) == at("2026-03-16T00:00")


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-03-10T05:00", "2026-03-10T07:00"),
        ("2026-03-10T12:00", "2026-03-10T12:00"),
        ("2026-03-13T20:00", "2026-03-16T07:00"),  # Friday evening, Monday morning
        ("2026-04-02T21:00", "2026-04-07T07:00"),  # over Easter, and over the change of the clocks before it
    ],
)
def test_what_may_not_begin_now_begins_on_the_next_working_morning(moment: str, opens: str) -> None:
    assert hours("20:00", "07:00").opening(at(moment)) == at(opens)


def test_the_next_day_begins_in_the_owners_morning() -> None:
    assert hours("20:00", "07:00").next_day(at("2026-03-13T09:00")) == at("2026-03-16T07:00")


def test_where_the_clocks_go_forward_over_the_end_of_the_quiet_hours_the_day_opens_all_the_same() -> None:
    york = Rules.of({"organization": {"time_zone": "America/New_York"}, "alerts": {"quiet_hours": ["20:00", "02:30"]}})
    opening = Hours.of(york, None, None).opening(datetime(2026, 3, 9, 4, 0, tzinfo=UTC))
    assert opening == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)

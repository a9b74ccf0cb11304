"""Working days as one owner has them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.calendar import Calendar, is_country

BERLIN = Calendar("Europe/Berlin", "DE")
NEW_YORK = Calendar("America/New_York", "US")
PLAIN = Calendar()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "count", "later"),
    [
        ("2026-03-02T09:00", 0, "2026-03-02T09:00"),
        ("2026-03-02T09:00", 1, "2026-03-03T09:00"),
        ("2026-03-06T17:30", 1, "2026-03-09T17:30"),
        ("2026-03-06T17:30", 5, "2026-03-13T17:30"),
        ("2026-03-06T17:30", 10, "2026-03-20T17:30"),
        # from a weekend on, from the first moment of Monday
        ("2026-03-07T17:30", 0, "2026-03-09T00:00"),
        ("2026-03-07T17:30", 1, "2026-03-10T00:00"),
        ("2026-03-08T23:59", 3, "2026-03-12T00:00"),
    ],
)
def test_the_same_time_of_day_so_many_business_days_later(moment, count, later):
    assert PLAIN.plus_business_days(utc(moment), count) == utc(later)


def test_the_day_is_that_of_the_owner_not_that_of_utc():
    # Friday, 23:30 in UTC, is Saturday in Berlin and still Friday in New York
    moment = utc("2026-03-06T23:30")
    assert Calendar("Europe/Berlin").plus_business_days(moment, 1) == utc("2026-03-09T23:00")
    assert Calendar("America/New_York").plus_business_days(moment, 1) == utc("2026-03-09T22:30")


def test_the_time_of_day_stays_across_the_change_of_the_clock():
    # Berlin goes forward on 29 March and back on 25 October; ten in the morning stays ten
    assert BERLIN.plus_business_days(utc("2026-03-27T09:00"), 1) == utc("2026-03-30T08:00")
    assert BERLIN.plus_business_days(utc("2026-10-23T08:00"), 1) == utc("2026-10-26T09:00")
    # New York goes forward on 8 March
    assert NEW_YORK.plus_business_days(utc("2026-03-06T14:00"), 1) == utc("2026-03-09T13:00")


def test_a_time_that_the_clock_leaves_out_comes_an_hour_later():
    # in Cairo, Friday, 24 April 2026 begins at one o'clock
    cairo = Calendar("Africa/Cairo")
    assert cairo.local(cairo.plus_business_days(datetime.fromisoformat("2026-04-23T00:30+02:00"), 1)).hour == 1


@pytest.mark.parametrize(
    ("calendar", "day", "works"),
    [
        (BERLIN, date(2026, 4, 3), False),  # Good Friday
        (BERLIN, date(2026, 4, 6), False),  # Easter Monday
        (BERLIN, date(2026, 5, 1), False),
        (BERLIN, date(2026, 7, 3), True),
        (NEW_YORK, date(2026, 7, 3), False),  # Independence Day falls on a Saturday
        (NEW_YORK, date(2021, 12, 31), False),  # New Year's Day of the next year, observed
        (NEW_YORK, date(2026, 5, 1), True),
        (NEW_YORK, date(2026, 11, 26), False),  # Thanksgiving
        (Calendar("Europe/Berlin", "DE-BY"), date(2026, 1, 6), False),  # Epiphany, in Bavaria only
        (BERLIN, date(2026, 1, 6), True),
        (PLAIN, date(2026, 12, 25), True),
        (PLAIN, date(2026, 12, 26), False),
    ],
)
def test_holidays_are_those_of_the_country_and_its_part(calendar, day, works):
    assert calendar.is_business_day(day) is works


def test_a_week_may_have_other_working_days():
    six = Calendar("Europe/Amsterdam", "NL", frozenset({"Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}))
    # from Friday, 6 March; Saturday counts, and Sunday counts from Monday's first moment
    assert six.plus_business_days(utc("2026-03-06T17:30"), 1) == utc("2026-03-07T17:30")
    assert six.plus_business_days(utc("2026-03-06T17:30"), 6) == utc("2026-03-13T17:30")
    assert six.plus_business_days(utc("2026-03-08T17:30"), 1) == utc("2026-03-09T23:00")
    gulf = Calendar("Asia/Riyadh", week=frozenset({"Sun", "Mon", "Tue", "Wed", "Thu"}))
    assert gulf.plus_business_days(utc("2026-03-05T12:00"), 1) == utc("2026-03-08T12:00")
    assert not gulf.is_business_day(date(2026, 3, 6))


def test_holidays_are_skipped_and_a_moment_on_one_counts_from_the_next_business_day():
    assert BERLIN.plus_business_days(utc("2026-04-02T08:00"), 1) == utc("2026-04-07T08:00")
    # Good Friday itself: from the first moment of Tuesday, which is ten in the evening of Monday in UTC
    assert BERLIN.plus_business_days(utc("2026-04-03T08:00"), 0) == utc("2026-04-06T22:00")
    assert BERLIN.plus_business_days(utc("2026-04-03T08:00"), 3) == utc("2026-04-09T22:00")


def test_years_meet_over_christmas():
    assert BERLIN.plus_business_days(utc("2026-12-24T09:00"), 5) == utc("2027-01-04T09:00")


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("UTC", date(2026, 3, 31), "2026-04-01T00:00"),
        ("Europe/Berlin", date(2026, 3, 31), "2026-03-31T22:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-29T22:00"),
        ("America/New_York", date(2026, 3, 31), "2026-04-01T04:00"),
        ("Pacific/Auckland", date(2026, 3, 31), "2026-03-31T11:00"),
        ("Asia/Kathmandu", date(2026, 3, 31), "2026-03-31T18:15"),
        # clocks go back at midnight: the day's last hour comes twice
        ("America/Santiago", date(2026, 4, 4), "2026-04-05T04:00"),
        ("Asia/Beirut", date(2026, 10, 24), "2026-10-24T22:00"),
    ],
)
def test_a_day_ends_with_its_last_moment_on_the_owners_clock(zone, day, end):
    assert Calendar(zone).end_of(day) == utc(end) - timedelta(microseconds=1)


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))
CALENDARS = st.sampled_from(
    [
        PLAIN,
        BERLIN,
        NEW_YORK,
        Calendar("Asia/Tokyo", "JP"),
        Calendar("Australia/Lord_Howe", "AU"),
        Calendar(week=frozenset({"Sat"})),
    ]
)


@given(CALENDARS, MOMENTS, st.integers(0, 30), st.integers(0, 30))
def test_more_business_days_are_never_earlier_and_steps_add_up(calendar, moment, first, second):
    landed = calendar.plus_business_days(moment, first)
    assert moment <= landed
    assert calendar.is_business_day(calendar.local(landed).date())
    assert calendar.plus_business_days(landed, second) == calendar.plus_business_days(moment, first + second)


@given(CALENDARS, MOMENTS, MOMENTS, st.integers(0, 30))
def test_who_acts_later_has_no_earlier_deadline(calendar, one, other, count):
    first, second = sorted((one, other))
    assert calendar.plus_business_days(first, count) <= calendar.plus_business_days(second, count)


def walked(calendar: Calendar, moment: datetime, count: int) -> datetime:
    """So many business days later, day by day."""
    local = calendar.local(moment)
    day, time_of_day = local.date(), local.timetz()
    while not calendar.is_business_day(day):
        day, time_of_day = day + timedelta(days=1), datetime.min.replace(tzinfo=local.tzinfo).timetz()
    while count:
        day += timedelta(days=1)
        count -= calendar.is_business_day(day)
    return datetime.combine(day, time_of_day).astimezone(UTC)


@given(CALENDARS, MOMENTS, st.integers(0, 400))
def test_business_days_are_those_that_one_counts_day_by_day(calendar, moment, count):
    assert calendar.plus_business_days(moment, count) == walked(calendar, moment, count)


@given(CALENDARS, MOMENTS)
def test_the_day_of_a_moment_is_that_of_the_owners_clock(calendar, moment):
    assert str(calendar.day_of(moment)) == f"{calendar.local(moment):%Y-%m-%d}"


def test_days_are_counted_for_words():
    assert BERLIN.business_days_between(utc("2026-04-02T08:00"), utc("2026-04-07T07:00")) == 1
    assert PLAIN.business_days_between(utc("2026-03-06T08:00"), utc("2026-03-09T07:00")) == 1
    assert PLAIN.business_days_between(utc("2026-03-02T08:00"), utc("2026-03-02T09:00")) == 0


@pytest.mark.parametrize(
    ("code", "known"), [("DE", True), ("DE-BY", True), ("US", True), ("XX", False), ("DE-XX", False), ("", False)]
)
def test_countries_are_known_or_not(code, known):
    assert is_country(code) is known


def test_a_moment_before_standard_times_is_written_as_the_same_moment():
    local = Calendar("America/Sao_Paulo").local(utc("1901-01-01T12:00"))

    assert local.isoformat() == "1901-01-01T08:53:00-03:07"
    assert local == utc("1901-01-01T12:00")

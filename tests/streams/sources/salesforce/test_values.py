"""What stands in cells: ids, times, dates and amounts, by whoever wrote them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from detectors.core.events import Refused
from streams.sources.salesforce.settings import Salesforce
from streams.sources.salesforce.values import amount, day, moment, record_id

US = Salesforce()
BERLIN = Salesforce(time_zone="Europe/Berlin", date_order="dmy")
AT = datetime(2026, 2, 3, 20, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026-02-03T20:55:00.000+0000", US),
        ("2026-02-03T20:55:00.000Z", BERLIN),
        ("2026-02-03 20:55:00", US),
        ("2026-02-03T21:55:00", BERLIN),
        ("02/03/26 08:55 PM", US),
        ("2/3/2026, 8:55 PM", US),
        ("02/03/2026 20:55", US),
        ("03.02.2026 21:55", BERLIN),
        ("03.02.2026, 20:55", US),
        ("03/02/2026 21:55:00", BERLIN),
        (1770152100000, BERLIN),
    ],
)
def test_a_time_is_the_same_however_it_is_written(text: object, local: Salesforce) -> None:
    assert moment(text, "CreatedDate", local) == AT


@pytest.mark.parametrize(
    "value", ["", "soon", "13/13/26 10:00 AM", "02/03/26 13:00 PM", "20260203", "2026-02-30", 1e300, None, [], True]
)
def test_what_is_no_time_is_refused_with_its_field(value: object) -> None:
    with pytest.raises(Refused, match=r"^CreatedDate: .* is no time$"):
        moment(value, "CreatedDate", US)


@pytest.mark.parametrize(
    ("value", "local"),
    [
        ("2026-02-03", US),
        ("02/03/26", US),
        ("2/3/2026", US),
        ("03/02/2026", BERLIN),
        ("3.2.26", US),
        (20487, US),
        (1770076800000, US),
    ],
)
def test_a_date_is_the_same_however_it_is_written(value: object, local: Salesforce) -> None:
    assert day(value, "CloseDate", local) == "2026-02-03"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("15000", 15000),
        ("15000.0", 15000),
        ("$15,000.50", 15000.5),
        ("USD 15,000", 15000),
        ("15.000,50 €", 15000.5),
        ("1.234.567", 1234567),
        ("12'000.00", 12000),
        ("99,5", 99.5),
        (15000, 15000),
        ("0.125", 0.125),
    ],
)
def test_an_amount_that_can_be_read_in_one_way_is_read(value: object, number: float) -> None:
    assert amount(value, "Amount") == number


@pytest.mark.parametrize("value", ["15.000", "-5", "(5,000)", "much", -1, float("nan"), "1,5,0", ""])
def test_any_other_amount_is_refused(value: object) -> None:
    with pytest.raises(Refused, match=r"^Amount: "):
        amount(value, "Amount")


def test_the_last_three_characters_of_an_id_follow_from_the_others() -> None:
    assert record_id("006bm00000LKJNN") == record_id("006bm00000LKJNNAA5") == "006bm00000LKJNNAA5"
    assert record_id("006bm00000lkjnnAA5") is None
    assert record_id("Rita Example") is None


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"fields": {"Need__c": "needs"}}, "needs is no field of a deal; did you mean need?"),
        ({"fields": {"Need__c": "need", "Pain__c": "need"}}, "need is told by more than one field"),
        ({"contact_fields": {"Gone__c": "gone"}}, "gone is no field of a contact"),
        ({"time_zone": "Berlin"}, "'Berlin' is no time zone; write it like Europe/Berlin"),
        ({"owners": {"Rita": "rita"}}, "not a mail address"),
        ({"instance_url": "http://us.my.salesforce.com"}, "is no https address"),
        ({"access_token_file": "/run/secrets/token"}, "access_token_file needs the instance_url"),
        (
            {"fields": {"Need__c": "need"}, "values": {"Need__c": {"Must": "criticall"}}},
            "values.Need__c: criticall is none of unknown, interesting, important, critical, which need can be",
        ),
        ({"stage": {}}, "Extra inputs are not permitted"),
    ],
)
def test_a_section_that_cannot_be_used_says_why(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem.replace("?", r"\?")):
        Salesforce.model_validate(section)

"""The example of tuned rules, for consumer loans."""

from pathlib import Path

import pytest

from detectors.core.deal import Deal
from streams.rules_file import read

LOANS = read(Path(__file__).parents[2] / "deploy" / "rules" / "loans.yaml")


def test_they_are_accepted_without_a_doubt() -> None:
    assert not list(LOANS.doubts())


def test_a_lenders_saturday_is_a_working_day() -> None:
    assert "Sat" in LOANS.calendar_of(None, None).week


@pytest.mark.parametrize(
    "detector", ["no_executive_contact", "missing_fields", "premature_proposal", "single_threaded", "no_next_step"]
)
def test_what_would_fire_for_lack_of_data_is_off(detector: str) -> None:
    assert detector not in LOANS.detectors_for(Deal("L1", LOANS))


def test_what_was_tuned_is_on() -> None:
    assert "proposal_unanswered" in LOANS.detectors_for(Deal("L1", LOANS))

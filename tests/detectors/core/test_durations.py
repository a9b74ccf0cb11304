"""Lengths of time as Prometheus writes them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.durations import parse_duration, say_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("4h", timedelta(hours=4)),
        ("30d", timedelta(days=30)),
        ("1d12h", timedelta(hours=36)),
        ("2w", timedelta(days=14)),
        ("90m", timedelta(hours=1, minutes=30)),
        ("0s", timedelta()),
    ],
)
def test_a_text_is_a_length(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "4", "h", "4 h", "4H", "-4h", "1.5h", "4h!", "P1D"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="is no duration: write it like 4h, 30d or 1d12h"):
        parse_duration(text)


def test_a_length_is_handed_on():
    assert parse_duration(timedelta(days=1)) == timedelta(days=1)


@given(st.integers(0, 10**9))
def test_what_is_said_is_read_back(seconds):
    length = timedelta(seconds=seconds)
    assert parse_duration(say_duration(length)) == length


def test_a_length_is_said_in_few_words():
    assert say_duration(timedelta(days=1, hours=12)) == "1d12h"
    assert say_duration(timedelta()) == "0s"

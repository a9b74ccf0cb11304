"""A source most of whose events are refused is paused, tried again, and let in when it is sound."""

import pytest

from streams.sources.breaker import LAST, LEAST, MOST_SOURCES, OTHER, PAUSE_SECONDS, TRIALS, Breaker, Breakers


def told(breaker: Breaker, good: int, bad: int, now: float = 0.0) -> Breaker:
    for number in range(good + bad):
        breaker.tell(refused=number >= good, now=now)
    return breaker


def test_a_few_bad_events_are_no_broken_source() -> None:
    assert told(Breaker(), good=0, bad=LEAST - 1).paused_for(0) == 0


def test_it_is_paused_with_the_first_event_that_makes_it_more_than_half() -> None:
    half = told(Breaker(), good=LEAST // 2, bad=LEAST // 2)
    assert half.paused_for(0) == 0
    half.tell(refused=True, now=0)
    assert half.paused_for(0) == PAUSE_SECONDS


def test_only_the_last_events_count() -> None:
    long_sound = told(Breaker(), good=10 * LAST, bad=LAST // 2)
    assert long_sound.paused_for(0) == 0
    long_sound.tell(refused=True, now=0)
    assert long_sound.paused_for(0) > 0


def test_how_much_is_too_much_can_be_set_and_one_is_never() -> None:
    assert told(Breaker(0.9), good=10, bad=90).paused_for(0) == 0
    assert told(Breaker(0.9), good=9, bad=91).paused_for(0) > 0
    assert told(Breaker(1.0), good=0, bad=2 * LAST).paused_for(0) == 0


def test_the_pause_ends_by_itself_and_says_how_long_it_takes() -> None:
    paused = told(Breaker(), good=0, bad=LEAST, now=10)
    assert paused.paused_for(10 + PAUSE_SECONDS - 1) == 1
    assert paused.paused_for(10 + PAUSE_SECONDS) == 0


def test_what_was_under_way_when_it_was_paused_does_not_count() -> None:
    paused = told(told(Breaker(), good=0, bad=LEAST), good=0, bad=LEAST, now=PAUSE_SECONDS - 1)
    assert paused.paused_for(PAUSE_SECONDS) == 0


def test_after_the_pause_a_few_bad_events_are_enough_to_pause_it_again() -> None:
    tried = told(told(Breaker(), good=0, bad=LEAST), good=2, bad=TRIALS - 3, now=PAUSE_SECONDS)
    assert tried.paused_for(PAUSE_SECONDS) == 0
    tried.tell(refused=True, now=PAUSE_SECONDS)
    assert tried.paused_for(PAUSE_SECONDS) == PAUSE_SECONDS


def test_a_source_that_was_mended_is_judged_as_before() -> None:
    mended = told(told(Breaker(), good=0, bad=LEAST), good=TRIALS, bad=0, now=PAUSE_SECONDS)
    assert told(mended, good=0, bad=TRIALS, now=PAUSE_SECONDS).paused_for(PAUSE_SECONDS) == 0
    assert told(mended, good=0, bad=LEAST, now=PAUSE_SECONDS).paused_for(PAUSE_SECONDS) > 0


def test_one_sources_trouble_is_not_anothers() -> None:
    breakers = Breakers()
    for _ in range(LEAST):
        breakers.tell("crm", refused=True, now=0)
        breakers.tell("mail", refused=False, now=0)
    assert breakers.paused(0) == {"crm": True, "mail": False}
    assert (breakers.paused_for("crm", 0), breakers.paused_for("mail", 0)) == (PAUSE_SECONDS, 0)
    assert breakers.paused_for("never heard of", 0) == 0
    assert breakers.paused(PAUSE_SECONDS) == {"crm": False, "mail": False}


def test_whoever_makes_up_names_shares_one_breaker_with_the_others_who_do() -> None:
    breakers = Breakers()
    for number in range(MOST_SOURCES + LEAST):
        breakers.tell(f"made-up-{number}", refused=True, now=0)
    assert len(breakers.paused(0)) == MOST_SOURCES + 1
    assert breakers.paused(0)[OTHER]
    assert breakers.paused_for("one more", 0) == PAUSE_SECONDS
    assert breakers.paused_for("made-up-0", 0) == 0


@pytest.mark.parametrize("refused", [True, False])
def test_nothing_is_paused_before_anything_was_told(refused: bool) -> None:
    breakers = Breakers()
    assert (breakers.paused(0), breakers.paused_for("crm", 0)) == ({}, 0)
    breakers.tell("crm", refused, now=0)
    assert breakers.paused(0) == {"crm": False}

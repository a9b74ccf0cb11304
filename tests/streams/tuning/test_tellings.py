"""What owners would have been told: by hand, and the same as the books that run live."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.rules import Rules
from streams.alerting.budget import CHOICE_OPEN
from streams.answer import Answer, to_json
from streams.books import SEPARATOR, Books
from streams.tuning.lives import Life
from streams.tuning.tellings import Telling, tellings
from streams.wire import Record
from tests.streams.told import answer, finding
from tests.streams.tuning.made_lives import REP, day, episode, life

END = 60
ANY_HOUR = Rules()
BY_DAY = Rules.of({"alerts": {"quiet_hours": ["18:00", "08:00"]}, "organization": {"time_zone": "Europe/Berlin"}})


def told(*lives: Life, rules: Rules = ANY_HOUR, until: float = END) -> list[tuple[float, str]]:
    """On which day after the Monday, and of which deal."""
    return [((each.at - day(0)) / timedelta(days=1), each.deal_id) for each in tellings(lives, rules, day(until))]


def test_a_deal_is_told_when_it_stalls_and_not_again_while_that_is_all() -> None:
    assert told(life("A", episode("gone_quiet", 3, 10))) == [(3, "A")]


def test_what_begins_anew_or_turns_critical_is_told_anew() -> None:
    a_deal = life("A", episode("gone_quiet", 3, 10, critical=6), episode("gone_quiet", 20))
    assert told(a_deal) == [(3, "A"), (6, "A"), (20, "A")]


def test_three_deals_a_day_the_critical_and_the_large_first() -> None:
    small = [life(name, episode("gone_quiet", 3), amount=100.0) for name in "ABC"]
    large = life("D", episode("gone_quiet", 3), amount=900.0)
    critical = life("E", episode("gone_quiet", 3, critical=3), amount=1.0)
    first, next_midnight = [(3, "E"), (3, "D"), (3, "A")], 3 + 15 / 24
    assert told(*small, large, critical) == [*first, (next_midnight, "B"), (next_midnight, "C")]


def test_of_one_day_there_is_one_telling_and_what_comes_after_it_waits_for_the_next() -> None:
    first, later = life("A", episode("gone_quiet", 3)), life("B", episode("gone_quiet", 3.2))
    assert told(first, later) == [(3, "A"), (3 + 15 / 24, "B")]


def test_what_comes_within_minutes_of_the_first_is_chosen_with_it() -> None:
    minutes = (CHOICE_OPEN - timedelta(minutes=1)) / timedelta(days=1)
    many = [life(name, episode("gone_quiet", 3), amount=1.0) for name in "ABC"]
    worse = life("D", episode("gone_quiet", 3 + minutes), amount=50.0)
    assert [name for at, name in told(*many, worse) if at == 3] == ["D", "A", "B"]


def test_nothing_is_told_in_quiet_hours_or_on_a_day_off() -> None:
    # day 4.5 is Friday evening; eight o'clock in Berlin is seven in UTC
    assert told(life("A", episode("gone_quiet", 4.5)), rules=BY_DAY) == [(7 - 2 / 24, "A")]


def test_what_is_over_before_the_morning_is_told_to_nobody() -> None:
    assert told(life("A", episode("gone_quiet", 4.5, 6)), rules=BY_DAY) == []
    assert told(life("A", episode("gone_quiet", 4.5), ended=6), rules=BY_DAY) == []


def test_what_nobody_could_know_yet_is_not_told() -> None:
    assert told(life("A", episode("no_executive_contact", 3, seen=12))) == [(12, "A")]


def test_deals_without_an_owner_disturb_nobody_and_a_budget_of_none_tells_nothing() -> None:
    a_deal = life("A", episode("gone_quiet", 3))
    assert told(life("A", episode("gone_quiet", 3), owner=None)) == []
    assert told(a_deal, rules=Rules.of({"alerts": {"per_owner_per_day": 0}})) == []


def test_what_comes_after_the_end_of_the_history_is_not_told() -> None:
    many = [life(name, episode("gone_quiet", 3)) for name in "ABCDEFG"]
    assert len(told(*many, until=3.9)) == 6
    assert told(*many, until=2.9) == []


def test_a_telling_says_what_was_new() -> None:
    a_deal = life("A", episode("gone_quiet", 3), episode("ghosted", 4, critical=4))
    assert list(tellings([a_deal], ANY_HOUR, day(END))) == [
        Telling(REP, day(3), "A", {"gone_quiet": "warning"}),
        Telling(REP, day(4), "A", {"ghosted": "critical"}),
    ]


# -- as live


def books_told(lives: Iterable[Life], rules: Rules, until: datetime) -> list[Telling]:
    """The same from the books that run live, which are told of each change, and of time every few minutes."""
    everybody = list(lives)
    moments = {at for each in everybody for at in _moments(each) if at <= until}
    moments |= {
        day(0) + timedelta(hours=number) for number in range(-24, int((until - day(0)) / timedelta(hours=1)) + 1)
    }
    books = Books(0, 1, lambda: rules, lambda *_: None)
    before: dict[str, bytes] = {}
    found: dict[tuple[datetime, str], Telling] = {}
    for at in sorted(moments):
        records = []
        for each in everybody:
            value = to_json(_as_of(each, at))
            if before.get(each.deal_id) != value:
                before[each.deal_id] = value
                records.append(Record(0, f"{each.owner}{SEPARATOR}{each.deal_id}".encode(), value))
        books.advance(records, at)
        books.pass_time(at)
        for deal_id, told in books._told.get(REP, {}).items():
            new = {name: word.severity for name, word in told.words.items() if word.at == told.at}
            if at - told.at < CHOICE_OPEN and new:
                found[told.at, deal_id] = Telling(REP, told.at.astimezone(UTC), deal_id, new)
    return list(found.values())


def _moments(life: Life) -> Iterable[datetime]:
    yield life.began
    if life.ended:
        yield life.ended
    for each in life.episodes:
        yield from (at for at in (each.since, each.critical_from, each.until) if at is not None)


def _as_of(life: Life, at: datetime) -> Answer:
    is_over = life.ended is not None and life.ended <= at
    found = [
        finding(
            each.detector,
            since=each.since,
            critical_from=each.critical_from,
            severity="critical" if each.critical_from is not None and each.critical_from <= at else "warning",
        )
        for each in life.episodes
        if each.since <= at and (each.until is None or at < each.until)
    ]
    status = "lost" if is_over else "open"
    return answer(
        life.deal_id, *(() if is_over else found), owner=life.owner, status=status, amount=life.amount, team=None
    )


@st.composite
def made_lives(draw: st.DrawFn) -> list[Life]:
    """A rep's deals, each beginning on the Monday, with what was found of them in steps of a few hours."""
    found = []
    for number in range(draw(st.integers(1, 7))):
        steps = sorted(draw(st.lists(st.integers(1, 120), min_size=2, max_size=8, unique=True)))
        told = []
        for begun, over in zip(steps[::2], steps[1::2], strict=False):
            critical = draw(st.none() | st.integers(begun, over - 1))
            detector = draw(st.sampled_from(["gone_quiet", "ghosted"]))
            told.append(
                episode(detector, begun / 8, draw(st.just(over / 8)), None if critical is None else critical / 8)
            )
        ended = draw(st.none() | st.integers(steps[-1], 130))
        amount = float(draw(st.integers(1, 5)))
        found.append(life(f"D-{number}", *told, ended=None if ended is None else ended / 8, amount=amount))
    return found


@settings(max_examples=60)
@given(made_lives(), st.sampled_from([ANY_HOUR, BY_DAY]), st.integers(1, 3))
def test_owners_are_told_the_very_same_as_by_the_books_that_run_live(
    lives: list[Life], rules: Rules, most: int
) -> None:
    rules = Rules.of({**rules.file.model_dump(exclude_unset=True), "alerts": _alerts(rules, most)})
    expected = sorted(books_told(lives, rules, day(20)), key=lambda each: (each.at, each.deal_id))
    assert sorted(tellings(lives, rules, day(20)), key=lambda each: (each.at, each.deal_id)) == expected


def _alerts(rules: Rules, most: int) -> dict[str, object]:
    return {**rules.file.alerts.model_dump(exclude_none=True), "per_owner_per_day": most}

"""What every detector of the catalogue promises, whichever it is."""

import ast
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from pydantic import ValidationError

import detectors
from detectors.core import state
from detectors.core.assessment import MOST_PAST, Watched, assess
from detectors.core.baselines import LEAST_WINS, Baselines, Win
from detectors.core.breach import Finding
from detectors.core.deal import Deal
from detectors.core.detector import BookDetector
from detectors.core.events import Event
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from tests.detectors.builders import BUYER, DEAL, MONDAY, REP, RULES, STAGES, TICK, event, on
from tests.detectors.lives import lives, moments, shuffled

EVERY = pytest.mark.parametrize("name", catalogue())
# what is seen of one deal's life alone: not a rep's whole book, nor whether sources report
OF_A_LIFE = [name for name, kind in catalogue().items() if not issubclass(kind, BookDetector) and not kind.by_coverage]
EVERY_OF_A_LIFE = pytest.mark.parametrize("name", OF_A_LIFE)
LOCAL = Rules.of(
    {
        "organization": {"domains": ["us.example"], "time_zone": "Europe/Berlin", "holidays": "DE"},
        "owners": {"colleague@us.example": {"time_zone": "America/New_York", "holidays": "US"}},
        "pipelines": {
            "default": {
                "stages": STAGES,
                "requires": {"Demo": ["need"], "Proposal": ["executive"]},
                "roles": {"Proposal": ["decision_maker"]},
            }
        },
        "overrides": [{"when": {"stage": "Negotiation"}, "detectors": {"ghosted": {"chases": 3}}}],
    }
)
LATER = (timedelta(), timedelta(days=1), timedelta(days=9), timedelta(days=40), timedelta(days=500))


def baselines() -> Baselines:
    """Of deals that were won long before: five days in each stage."""
    found = Baselines()
    stages = tuple((stage.casefold(), 5 * 86_400.0) for stage in STAGES)
    for number in range(LEAST_WINS):
        found.put(Win(f"W-{number}", "default", MONDAY - timedelta(days=30), 20 * 86_400.0, stages))
    return found


def watch(events: list[Event], rules: Rules = LOCAL) -> Watched:
    found = Watched(Deal(DEAL, rules), baselines=baselines())
    for each in events:
        found = found.apply(each)
    return found


def answers(found: Watched, newest: datetime) -> list[tuple[Finding, ...]]:
    return [found.answer(newest + later) for later in LATER]


# -- what is said about it


@EVERY
def test_its_docstring_is_a_runbook(name):
    runbook = catalogue()[name].runbook()
    situation, *rest = runbook.split("\n\n")
    assert [part.partition(":")[0] for part in rest] == ["Why it matters", "What to do next", "When it is wrong"]
    assert all(len(part.partition(":")[2].split()) > 5 for part in rest)
    assert situation.endswith(".")


@EVERY
def test_its_title_is_one_sentence(name):
    title = catalogue()[name].title()
    assert title[0].isupper()
    assert title[-1].isalnum()
    assert not any(stop in title for stop in (". ", "! ", "? ", "\n"))
    assert len(title) < 160


@EVERY
def test_its_thresholds_are_described_by_their_effect_and_bounded(name):
    fields = catalogue()[name].model_fields
    assert fields
    for field, told in fields.items():
        assert told.description, field
        assert "igher" in told.description, f"{field}: what does a higher value do?"
        bounds = {type(each).__name__ for each in told.metadata}
        assert bounds & {"Ge", "Gt"}, field
        assert not told.is_required(), field


@EVERY
def test_it_is_frozen_and_takes_no_unknown_threshold(name):
    detector = catalogue()[name]()
    with pytest.raises(ValidationError):
        setattr(detector, next(iter(catalogue()[name].model_fields)), 1)
    with pytest.raises(ValidationError):
        catalogue()[name](horoscope="good")  # type: ignore[call-arg]
    assert detector.family
    assert set(detector.watches) <= {"activity.email", "activity.meeting", "activity.call", "activity.document"}


# -- what it must not read

FORBIDDEN_MODULES = {
    "time",
    "os",
    "random",
    "socket",
    "io",
    "urllib",
    "http",
    "threading",
    "asyncio",
    "pathlib",
    "tempfile",
}
FORBIDDEN_NAMES = {"now", "utcnow", "today", "open", "input", "print", "monotonic", "getenv", "environ"}


@pytest.mark.parametrize("file", sorted(Path(detectors.__file__).parent.rglob("*.py")), ids=lambda file: file.stem)
def test_no_clock_no_network_and_no_file_is_read(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            assert not {each.name.partition(".")[0] for each in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert (node.module or "").partition(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in FORBIDDEN_NAMES, f"line {node.lineno}"


# -- laws of all lives


@given(lives(), st.integers(0, 2**32))
@settings(max_examples=150)
def test_order_of_arrival_and_redelivery_do_not_matter(events, seed):
    in_order, any_order = watch(events), watch(shuffled(events, seed))
    assert any_order.deal == in_order.deal
    assert any_order.past == in_order.past
    assert answers(any_order, events[-1].time) == answers(in_order, events[-1].time)


@given(lives(), st.integers(0, 2**32))
@settings(max_examples=60)
def test_redelivery_at_any_distance_is_the_very_same_deal(events, seed):
    found = watch(events)
    for each in shuffled(events, seed):
        assert found.apply(each) is found


@given(lives(), st.integers(0, 2**32), st.data())
@settings(max_examples=60)
def test_a_round_trip_through_json_changes_nothing_wherever_it_happens(events, seed, data):
    arrived = shuffled(events, seed)
    stop = data.draw(st.integers(0, len(arrived)))
    half = watch(arrived[:stop])
    whole = state.from_json(state.to_json(half), LOCAL, baselines=baselines())
    for each in arrived[stop:]:
        whole = whole.apply(each)
    straight = watch(arrived)
    assert (whole.deal, whole.past) == (straight.deal, straight.past)
    assert answers(whole, events[-1].time) == answers(straight, events[-1].time)
    assert state.to_json(whole) == state.to_json(straight)


@given(st.booleans().flatmap(lambda returns: lives(corrections=False, returns=returns)), moments())
@settings(max_examples=400)
def test_what_was_over_stays_told_whatever_happens_after(events, moment):
    before = [each for each in events if each.time <= moment]
    assume(before)
    then, now = watch(before), watch(events)
    assume(len(now.past) < MOST_PAST)
    assert over_before(moment, now.answer(events[-1].time + timedelta(days=500))) == over_before(
        moment, then.answer(moment)
    )


@given(lives(returns=True))
@settings(max_examples=200)
def test_a_detectors_findings_of_a_deal_follow_one_another(events):
    found = watch(events)
    for told in answers(found, events[-1].time):
        for name in {finding.detector for finding in told}:
            mine = [finding for finding in told if finding.detector == name]
            for before, after in pairwise(mine):
                assert before.until is not None
                assert before.until <= after.since


def over_before(moment: datetime, told: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in told if finding.state == "resolved" and finding.until and finding.until <= moment]


@given(lives())
@settings(max_examples=100)
def test_every_answer_makes_sense(events):
    found = watch(events)
    newest = events[-1].time
    for later in LATER:
        as_of = newest + later
        for finding in found.answer(as_of):
            assert finding.evidence
            assert finding.summary
            assert finding.clears_when
            assert all(each.event.startswith("life/") and each.at <= newest for each in finding.evidence)
            if finding.state == "resolved":
                assert finding.until is not None
                assert finding.until <= as_of
                assert finding.since < finding.until
            else:
                assert (finding.since > as_of) is (finding.state == "pending")
                assert finding.until is None or finding.until > as_of
                assert found.deal.is_open
            if finding.critical_from is not None:
                assert finding.critical_from >= finding.since
        deadline = found.next_deadline(as_of)
        assert deadline is None or deadline > as_of


@given(lives(), st.integers(1, 400 * 24))
@settings(max_examples=100)
def test_between_two_deadlines_nothing_changes_by_itself(events, hours):
    found = watch(events)
    as_of = events[-1].time + timedelta(hours=hours)
    deadline = found.next_deadline(as_of)
    assume(deadline is not None)
    assert deadline is not None
    assert shape(found.answer(deadline - TICK)) == shape(found.answer(as_of))
    assert shape(found.answer(deadline)) != shape(found.answer(as_of))


def shape(told: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(finding.detector, finding.state, finding.severity) for finding in told]


@given(lives(corrections=False))
@settings(max_examples=100)
def test_a_closed_deal_is_never_in_breach(events):
    closing = event("life", "end", "crm.deal.changed", events[-1].time, status="lost")
    assume(not any(each.time == closing.time and each.ref > closing.ref for each in events))
    found = watch([*events, closing])
    assert assess(found.deal) == {}
    assert {finding.state for finding in found.answer(events[-1].time + timedelta(days=500))} <= {"resolved"}


@given(
    moments(),
    st.fixed_dictionaries(
        {"owner": st.just(REP)},
        optional={
            "stage": st.sampled_from([*STAGES, "Legal"]),
            "amount": st.integers(0, 10**6),
            "close_date": st.integers(1, 300),
            "next_step_date": st.integers(-10, 300),
        },
    ),
)
@settings(max_examples=100)
def test_a_new_deal_is_never_in_breach(moment, fields):
    dates = {name: value for name, value in fields.items() if name.endswith("_date")}
    ahead = {name: (moment.date() + timedelta(days=days)).isoformat() for name, days in dates.items()}
    for rules in (LOCAL, RULES, Rules()):
        found = watch([event("life", "new", "crm.deal.changed", moment, **(fields | ahead))], rules)
        assert {finding.state for finding in found.answer(moment)} <= {"pending"}


@given(lives(corrections=False, most=4), moments())
@settings(max_examples=100)
def test_a_late_answer_of_the_buyer_retracts_silence(events, moment):
    # they answered on that day; whether we learn it then or at the very end
    late = event(
        "life",
        "late",
        "activity.email",
        moment,
        message_id="<late@mail.example>",
        **{"from": BUYER},
        to=[REP],
        subject="x",
    )
    in_time = sorted([*events, late], key=lambda each: (each.time, each.ref))
    told_late, told_in_time = watch([*events, late]), watch(in_time)
    newest = max(events[-1].time, moment)
    assert answers(told_late, newest) == answers(told_in_time, newest)
    for finding in told_late.answer(newest + timedelta(days=500)):
        if finding.detector in {"ghosted", "gone_quiet"}:
            over = finding.until or newest + timedelta(days=500)
            assert not (finding.since < moment < over), "silence across their mail"


# -- each detector speaks, and each can be silent


# the same search each time: what it finds must not depend on luck
FIND = settings(max_examples=4_000, phases=[Phase.generate], database=None, deadline=None)
STATES = ("open", "resolved", "silent")


@cache
def seen() -> dict[tuple[str, str], list[Event]]:
    """For each detector, lives on which it is open, is over, and is silent although the deal is open.

    One search for all: it ends when all are found.
    """
    found: dict[tuple[str, str], list[Event]] = {}

    def look(events: list[Event]) -> bool:
        watched = watch(events)
        for later in LATER:
            told = watched.answer(events[-1].time + later)
            for finding in told:
                found.setdefault((finding.detector, finding.state), events)
            if len(events) > 3 and watched.deal.is_open:
                opened = {finding.detector for finding in told if finding.state == "open"}
                for name in set(OF_A_LIFE) - opened:
                    found.setdefault((name, "silent"), events)
        return all((name, state) in found for name in OF_A_LIFE for state in STATES)

    with suppress(NoSuchExample):
        find(lives(), look, settings=FIND, random=Random(1))
    return found


@EVERY_OF_A_LIFE
@pytest.mark.parametrize("state", STATES)
def test_on_some_life_it_is_open_on_some_over_and_on_some_silent(name, state):
    assert (name, state) in seen()


def test_the_days_of_lives_are_the_builders_days():
    assert MONDAY.date().isoformat() == on(0)

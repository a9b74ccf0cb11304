"""A detector is asked again only if something that it looked at has changed: it makes no difference but in time."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from detectors.core.assessment import assess
from detectors.core.baselines import LEAST_WINS, Baselines, Win
from detectors.core.breach import Breach, Evidence
from detectors.core.deal import Deal
from detectors.core.detector import Detector
from detectors.core.events import Event
from detectors.core.rules import Rules
from detectors.core.strands import touched_by
from tests.detectors.builders import DEAL, MONDAY, STAGES, at, changed, created, deal, held, inbound, outbound, person
from tests.detectors.lives import lives, shuffled

RULES = Rules.of(
    {
        "organization": {"domains": ["us.example"], "time_zone": "Europe/Berlin", "holidays": "DE"},
        "pipelines": {
            "default": {
                "stages": STAGES,
                "requires": {"Demo": ["need", "discovery"], "Proposal": ["executive", "next_step"]},
                "roles": {"Proposal": ["decision_maker"]},
            }
        },
        "overrides": [
            {"when": {"stage": "Negotiation"}, "detectors": {"ghosted": {"chases": 3}}},
            {"when": {"stage": "Proposal"}, "disable": ["gone_quiet", "owed_reply", "single_threaded"]},
        ],
    }
)


def baseline():
    """Of deals that were won long before: five days in each stage."""
    found = Baselines()
    stages = tuple((stage.casefold(), 5 * 86_400.0) for stage in STAGES)
    for number in range(LEAST_WINS):
        found.put(Win(f"W-{number}", "default", MONDAY - timedelta(days=30), 20 * 86_400.0, stages))
    return found.of("default", MONDAY)


BASELINE = baseline()


def read_anew(grown: Deal) -> Deal:
    return Deal(grown.id, grown.rules, grown.log, grown.earlier, grown.baseline)


def failed(name: str, error: Exception) -> None:
    raise error


def answers(asked: Deal) -> dict[str, object]:
    return dict(asked.breaches(failed))


@given(lives(returns=True), st.none() | st.integers(0, 2**32), st.sampled_from([None, BASELINE]))
@settings(max_examples=80)
def test_who_is_asked_only_after_a_change_says_what_they_would_say_if_always_asked(events, seed, later):
    grown = Deal(DEAL, RULES)
    for number, each in enumerate(events if seed is None else shuffled(events, seed)):
        grown = grown.apply(each).given(later if number % 3 else None)
        assert assess(grown) == assess(read_anew(grown)), each


@given(lives(returns=True), st.integers(0, 2**32))
@settings(max_examples=30)
def test_so_it_is_if_nobody_asks_for_a_while(events, seed):
    grown = Deal(DEAL, RULES)
    for number, each in enumerate(shuffled(events, seed)):
        grown = grown.apply(each)
        if number % 4 == 0:
            # a question between them is no obstacle
            assert grown.last_two_way == read_anew(grown).last_two_way
        if number % 7 == 0:
            assert assess(grown) == assess(read_anew(grown)), each


@given(lives(returns=True))
@settings(max_examples=40)
def test_what_touches_no_strand_that_an_answer_hangs_on_has_no_part_in_it(events):
    whole = Deal(DEAL, RULES)
    for each in events:
        whole = whole.apply(each)
    answers(whole)
    memory = whole.memory()
    assert memory.breaches_told
    for name, told in memory.breaches_told.items():
        log = tuple(entry for entry in whole.log if touched_by(entry) & told.hangs_on)
        detector = whole.detectors.by_name[name]
        assert told.value == detector.assess(Deal(DEAL, RULES, log, whole.earlier)), name


# -- what is asked again, and what is not


class Counted(Detector):
    """A detector of which no file and no setting says what it looks at."""

    family = "silence"
    least: int = Field(1, ge=0, description="Higher: later.")

    def assess(self, deal: Deal) -> Breach | None:
        ASKED.append(deal.id)
        last = deal.last_two_way
        if last is None or deal.stage != "Demo":
            return None
        return Breach(last.at, (Evidence(last.event, last.at, "heard"),), "nothing")


ASKED: list[str] = []
COUNTED = Counted()


def asked_by(before: Deal, event: Event) -> int:
    def ask(of: Deal) -> None:
        list(of.memory().breaches(of, [("counted", COUNTED)], failed))
        of.memory().settled({"counted": COUNTED})

    ask(before)
    ASKED.clear()
    ask(before.apply(event))
    return len(ASKED)


IN_DEMO = deal(created(0, stage="Demo"), inbound(1), outbound(2))


@pytest.mark.parametrize(
    "event",
    [inbound(3), held(3), changed(3, stage="Proposal")],
    ids=["their mail", "a meeting", "the stage"],
)
def test_what_an_answer_was_read_from_is_asked_for_again(event):
    assert asked_by(IN_DEMO, event) == 1


@pytest.mark.parametrize(
    "event",
    [outbound(3), changed(3, amount=5), changed(3, stage="Demo"), person("new@them.example", 3)],
    ids=["a touch that leaves the last two-way one", "another field", "the same value", "another kind"],
)
def test_what_it_was_not_read_from_or_what_comes_out_the_same_is_not(event):
    assert asked_by(IN_DEMO, event) == 0


def test_a_late_event_is_seen_where_it_stands():
    late = inbound(3)
    grown = IN_DEMO.apply(outbound(5))
    assert asked_by(grown, late) == 1
    assert grown.apply(late).last_two_way.at == at(3)


def test_whoever_fails_is_asked_again():
    class Failing(Counted):
        def assess(self, deal: Deal) -> Breach | None:
            raise ZeroDivisionError

    failures: list[str] = []
    for _ in range(2):
        asked = IN_DEMO.memory().breaches(IN_DEMO, [("failing", Failing())], lambda name, _: failures.append(name))
        assert list(asked) == []
    assert failures == ["failing", "failing"]

"""Twelve detectors against a second, slow writing of their rules, at thousands of moments of generated lives.

`ORACLE_LIVES=3000` compares on more of them.
"""

import os
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detectors.core.assessment import Watched
from detectors.core.breach import Finding
from detectors.core.deal import MOST_TOUCHES, Deal
from detectors.core.events import Call, DealChanged, Email, Event, Meeting
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from tests.detectors.builders import DEAL, MONDAY, REP, STAGES, TICK, event, on
from tests.detectors.lives import BUYERS, lives
from tests.detectors.oracle import CRITICAL, STALLED, Story, known_at

LIVES = int(os.environ.get("ORACLE_LIVES", "250"))
BETWEEN, BEYOND, STEP = timedelta(hours=12), timedelta(days=40), timedelta(hours=6)
# without holidays and in UTC, so that a business day is easily told; the other detectors are not asked
LOCAL = Rules.of(
    {
        "organization": {"domains": ["us.example"]},
        "pipelines": {"default": {"stages": STAGES}},
        "overrides": [{"when": {}, "disable": sorted(set(catalogue()) - set(STALLED))}],
    }
)
EVERY_RULE = pytest.mark.parametrize("name", sorted(set(STALLED) & set(catalogue())))
pytestmark = pytest.mark.timeout(120 + LIVES)


# -- lives with more of what is easily misread


@st.composite
def told_lives(draw: st.DrawFn) -> list[Event]:
    """Lives, and asides to them: answers to others, outcomes told later, deals that are closed and taken up again."""
    events = draw(lives())
    more: list[Event] = []

    def tell(kind: str, at: datetime, **fields: object) -> None:
        more.append(event("aside", f"a{len(more)}", kind, at, DEAL, **fields))

    asides = [_answer, _answer, _call_again, _meeting_again, _closed_for_a_while, _absence, _stage_again, _pushes]
    for aside in draw(st.lists(st.sampled_from(asides), max_size=4)):
        aside(draw, events, tell)
    if sum(each.type.startswith("activity.") for each in events) + len(more) > MOST_TOUCHES:
        # within what a deal remembers exactly
        more = []
    return sorted([*events, *more], key=lambda each: (each.time, each.ref))


def _later(draw):
    return timedelta(hours=draw(st.integers(0, 12 * 24)))


def _answer(draw, events, tell):
    """Somebody answers a mail: once more, to its sender, to others, or in another's place."""
    mails = [each for each in events if isinstance(each, Email)]
    if mails:
        answered = draw(st.sampled_from(mails))
        asked = answered.data.sender
        sender = draw(st.sampled_from(BUYERS)) if asked == REP else REP
        to = draw(st.sampled_from([[asked], [asked], [asked, BUYERS[0]], [REP, BUYERS[1]], [BUYERS[2]]]))
        tell(
            "activity.email",
            answered.time + _later(draw),
            message_id=f"<aside{draw(st.integers(0, 9))}@mail.example>",
            in_reply_to=answered.data.message_id,
            **{"from": sender},
            to=to,
        )


def _call_again(draw, events, tell):
    """What came of a call is noted later."""
    calls = [each for each in events if isinstance(each, Call)]
    if calls:
        call = draw(st.sampled_from(calls))
        came = draw(st.sampled_from([{}, {"connected": True}, {"connected": False}, {"with": [BUYERS[1]]}]))
        at = call.time + _later(draw)
        tell("activity.call", at, call_id=call.data.call_id, direction=call.data.direction, **came)


def _meeting_again(draw, events, tell):
    """What became of a meeting is told without who was to come, and when."""
    meetings = [each for each in events if isinstance(each, Meeting)]
    if meetings:
        meeting = draw(st.sampled_from(meetings))
        at = meeting.time + _later(draw)
        more = draw(st.sampled_from([{}, {}, {"starts_at": (at + _later(draw)).isoformat()}, {"attendees": [REP]}]))
        status = draw(st.sampled_from(["booked", "held", "cancelled", "no_show"]))
        tell("activity.meeting", at, meeting_id=meeting.data.meeting_id, status=status, **more)


def _closed_for_a_while(draw, events, tell):
    at = draw(st.sampled_from(events)).time + timedelta(hours=1)
    tell("crm.deal.changed", at, status=draw(st.sampled_from(["won", "lost"])))
    tell("crm.deal.changed", at + _later(draw), status=draw(st.sampled_from(["open", None])))


def _absence(draw, events, tell):
    at = draw(st.sampled_from(events)).time + _later(draw)
    tell(
        "activity.email",
        at,
        message_id=f"<away{draw(st.integers(0, 9))}@mail.example>",
        **{"from": draw(st.sampled_from(BUYERS))},
        to=[REP],
        automatic=True,
        returns_on=on((at - MONDAY).days + draw(st.integers(-1, 20))),
    )


def _pushes(draw, events, tell):
    """We write again and again, whether somebody answers or not."""
    at = draw(st.sampled_from(events)).time
    for number in range(draw(st.integers(5, 9))):
        at += _later(draw) / 6
        mail = f"<push{number}-{draw(st.integers(0, 9))}@mail.example>"
        tell("activity.email", at, message_id=mail, **{"from": REP}, to=[draw(st.sampled_from(BUYERS))])


def _stage_again(draw, events, tell):
    """The stage is told once more, written otherwise."""
    staged = [each for each in events if isinstance(each, DealChanged) and each.data.stage]
    if staged:
        before = draw(st.sampled_from(staged))
        tell("crm.deal.changed", before.time + _later(draw), stage=before.data.stage.upper())


# -- the comparison


@dataclass
class Compared:
    """What was compared, and the story of each difference."""

    moments: int = 0
    stalled: Counter[str] = field(default_factory=Counter)
    # by rule and what is compared
    differences: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, name: str, what: str, story: Story, at: datetime, oracle: bool) -> None:
        told = [f"{name} at {_day(at)}: the oracle says {oracle}, the detector {not oracle}, of this life"]
        told += [f"  {_day(each.time)} {each.ref} {each.type} {_fields(each)}" for each in story.events]
        self.differences[name, what].append("\n".join(told))


def _day(at: datetime) -> str:
    return f"day {(at - MONDAY) / timedelta(days=1):.4f} ({at:%a %H:%M:%S.%f})"


def _fields(told: Event) -> str:
    return " ".join(f"{name}={value}" for name, value in told.data.model_dump(exclude_unset=True, mode="json").items())


@cache
def compared() -> Compared:
    """Every life watched event by event, and both asked at each of its moments."""
    found = Compared()

    @settings(
        max_examples=LIVES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(told_lives())
    def watch(events: list[Event]) -> None:
        _compare(events, found)

    watch()
    return found


def _compare(events: list[Event], found: Compared) -> None:
    watched = Watched(Deal(DEAL, LOCAL))
    times = sorted({each.time for each in events})
    begun: set[tuple[str, datetime]] = set()
    for at, after in zip(times, [*times[1:], None], strict=True):
        known = events[: bisect_right(events, at, key=lambda each: each.time)]
        for each in known:
            if each.time == at:
                watched = watched.apply(each)
        story = Story(known_at(known, at), "us.example", STAGES)
        for moment in _moments(watched, at, after):
            found.moments += 1
            told = {each.detector: each for each in watched.answer(moment) if each.state == "open"}
            for name in set(STALLED) & set(catalogue()):
                stalled = story.is_open and STALLED[name](story, moment)
                finding = told.get(name)
                if stalled != (finding is not None):
                    found.note(name, "stalled", story, moment, stalled)
                elif finding is not None:
                    found.stalled[name] += 1
                    _compare_finding(finding, story, moment, found)
                    if (name, finding.since) not in begun:
                        begun.add((name, finding.since))
                        _compare_beginning(finding, story, found)


def _moments(watched: Watched, at: datetime, after: datetime | None) -> list[datetime]:
    """From an event to the next: it, half an hour later, every few hours, and when the detectors name a change."""
    end, step = (at + BEYOND, STEP) if after is None else (after, BETWEEN)
    moments = {at, at + timedelta(minutes=30), *(at + n * step for n in range((end - at) // step + 1))}
    for breach in watched.breaches_at(at).values():
        for change in (breach.since, breach.critical_from, breach.until):
            if change is not None:
                moments |= {change, change - TICK}
    return sorted(moment for moment in moments if at <= moment and (after is None or moment < after))


def _compare_finding(finding: Finding, story: Story, moment: datetime, found: Compared) -> None:
    if finding.muted is not None:
        # somebody called it noise
        return
    critical = CRITICAL[finding.detector](story, moment)
    if critical != (finding.severity == "critical"):
        found.note(finding.detector, "critical", story, moment, critical)


def _compare_beginning(finding: Finding, story: Story, found: Compared) -> None:
    """It was stalled at `since`, and not a tick before, by what had happened until then."""
    calls = [each.data.call_id for each in story.events if isinstance(each, Call)]
    if len(set(calls)) < len(calls):
        # what came of a call was learnt later
        return
    since = finding.since.astimezone(UTC)
    for moment, wanted in ((since, True), (since - TICK, False)):
        then = Story(known_at(story.events, moment), story.domain, story.stages)
        # who has power is as it is known now
        then.__dict__["people_with_power"] = story.people_with_power
        stalled = then.is_open and STALLED[finding.detector](then, moment)
        # of two reasons, the one that is gone may have held before the other
        if stalled != wanted and not (finding.detector == "no_executive_contact" and not wanted):
            found.note(finding.detector, "since", then, moment, stalled)


# -- what is compared


def test_all_twelve_are_in_the_catalogue():
    assert len(STALLED) == 12
    assert set(STALLED) - set(catalogue()) == set()


@EVERY_RULE
@pytest.mark.parametrize("what", ["stalled", "critical", "since"])
def test_detector_and_oracle_agree(name, what):
    told = compared().differences[name, what]
    assert not told, f"{len(told)} differ; {min(told, key=len)}"


@EVERY_RULE
def test_they_were_compared_where_it_stalls_and_where_it_does_not(name):
    assert 0 < compared().stalled[name] < compared().moments


def test_thousands_of_moments_were_compared():
    assert compared().moments > 100 * LIVES

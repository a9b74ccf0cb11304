"""The made-up company: its events keep to the contract; its deals stall where planned, and nowhere else."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

import streams.demo.company
from detectors.core.breach import Finding
from detectors.core.events import TYPES, parse
from detectors.core.rules import Rules
from streams.demo.company import COVERS, Company, Stall
from streams.demo.people import DOMAIN
from streams.demo.story import Casting, Story
from streams.history import Line
from streams.replay import Replay

SIX = {
    "reply_only",
    "gone_quiet",
    "ghosted",
    "close_date_slipping",
    "close_date_overdue",
    "no_executive_contact",
}
STALLED_LIVES = {
    "ping_pong",
    "gone_silent",
    "ghosted",
    "slipping",
    "overdue",
    "no_power",
    "rescued",
    "lost_after_stall",
}
Event = dict[str, Any]


@pytest.fixture(scope="module")
def company() -> Company:
    return Company()


@pytest.fixture(scope="module")
def events(company: Company) -> list[Event]:
    return list(company.history())


def of_type(events: list[Event], kind: str) -> Iterator[Event]:
    return (event for event in events if event["type"] == kind)


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"])


# --- the form of the events -------------------------------------------------------------------------------------------


def test_every_event_has_the_contracts_envelope(events: list[Event]) -> None:
    for event in events:
        assert event["specversion"] == "1.0"
        assert set(event) - {"subject"} == {"specversion", "id", "source", "type", "time", "data"}
        assert at(event).utcoffset() is not None
        assert event["type"] in COVERS.get(event["source"], ()) or event["type"] == "source.heartbeat"


def test_every_event_is_accepted_with_all_its_fields(company: Company) -> None:
    for line in company.lines():
        event = parse(line)
        assert not event.model_extra
        assert not event.data.model_extra


def test_all_types_that_a_half_year_knows_occur(events: list[Event]) -> None:
    assert {event["type"] for event in events} == set(TYPES) - {"finding.feedback", "privacy.contact.forgotten"}


def test_events_come_in_order_of_time_within_the_history(company: Company, events: list[Event]) -> None:
    assert all(at(earlier) <= at(later) for earlier, later in pairwise(events))
    assert company.start <= at(events[0]).date() <= at(events[-1]).date() < company.end


def test_no_two_events_have_the_same_identity(events: list[Event]) -> None:
    assert len({(event["source"], event["id"]) for event in events}) == len(events)


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    code = (
        "from hashlib import sha256; from streams.demo.company import Company;"
        "print(sha256(b''.join(Company(deals=12, weeks=12).lines())).hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(told) == 1


def test_another_seed_gives_another_history() -> None:
    assert b"".join(Company(seed=7, deals=6).lines()) != b"".join(Company(seed=8, deals=6).lines())


def test_a_history_has_the_size_that_was_asked_for() -> None:
    start = date(2025, 3, 3)
    company = Company(reps=9, deals=25, start=start, weeks=10)
    events = list(company.history())
    subjects = {event["subject"] for event in events if "subject" in event}
    owners = {event["data"].get("owner") for event in of_type(events, "crm.deal.changed")} - {None}
    assert subjects == set(company.lives()) == {f"D-{number}" for number in range(101, 126)}
    assert owners == {rep.email for rep in company.reps}
    assert len(company.reps) == 9
    assert company.end == start + timedelta(weeks=10) > at(events[-1]).date()


def test_a_deal_is_told_only_when_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    class Counted(Story):
        def __init__(self, chance: Any, casting: Casting) -> None:
            told.append(casting.number)
            super().__init__(chance, casting)

    monkeypatch.setattr(streams.demo.company, "Story", Counted)
    first = list(islice(Company(reps=50, deals=5_000, weeks=52).lines(), 2_000))
    assert len(first) == 2_000
    assert len(told) < 1_000


def test_mail_rarely_names_its_deal_and_all_else_does(events: list[Event]) -> None:
    mails = list(of_type(events, "activity.email"))
    named = sum("subject" in mail for mail in mails)
    assert 0.05 < named / len(mails) < 0.15
    silent = {"activity.email", "source.heartbeat"}
    assert all("subject" in event for event in events if event["type"] not in silent)


def test_each_source_says_twice_a_day_that_it_has_sent_everything(company: Company, events: list[Event]) -> None:
    heartbeats = list(of_type(events, "source.heartbeat"))
    assert len(heartbeats) == len(COVERS) * 2 * (company.end - company.start).days
    assert {beat["source"] for beat in heartbeats} == {event["source"] for event in events}
    assert all(beat["data"]["through"] == beat["time"] for beat in heartbeats)


# --- people and mail --------------------------------------------------------------------------------------------------


def test_no_two_open_deals_share_a_contact(events: list[Event]) -> None:
    closed: set[str] = set()
    deal_of: dict[str, str] = {}
    for event in events:
        if event["data"].get("status") in ("won", "lost"):
            closed.add(event["subject"])
        if event["type"] == "crm.contact.changed":
            email, deal = event["data"]["email"], event["subject"]
            assert deal_of.get(email, deal) in closed | {deal}
            deal_of[email] = deal


def test_contacts_are_mostly_known_before_their_first_mail_and_sometimes_after(events: list[Event]) -> None:
    known: dict[str, datetime] = {}
    written: dict[str, datetime] = {}
    for event in events:
        if event["type"] == "crm.contact.changed":
            known.setdefault(event["data"]["email"], at(event))
        if event["type"] == "activity.email":
            sender = event["data"]["from"].casefold()
            written.setdefault(sender, at(event))
    theirs = [email for email in written if not email.endswith(f"@{DOMAIN}")]
    assert set(theirs) <= set(known)
    late = [email for email in theirs if known[email] > written[email]]
    assert 2 <= len(late) < len(theirs) / 8
    assert all(known[email] - written[email] < timedelta(days=2) for email in late)


def test_a_mail_answers_one_that_was_sent_before(events: list[Event]) -> None:
    sent: dict[str, Event] = {}
    answers = 0
    for mail in of_type(events, "activity.email"):
        told = mail["data"]
        if "in_reply_to" in told:
            answers += 1
            assert told["in_reply_to"] in sent
            assert told["references"][-1] == told["in_reply_to"]
            assert told["subject"].startswith("Re: ")
        assert len(told["snippet"]) <= 500
        sent[told["message_id"]] = mail
    assert answers > len(sent) / 3


def test_nobody_writes_by_night_or_on_a_weekend_but_robots(events: list[Event]) -> None:
    for mail in of_type(events, "activity.email"):
        if not mail["data"].get("automatic"):
            assert 7 <= at(mail).hour < 20
            assert at(mail).weekday() < 5


def test_some_mail_is_automatic_and_some_stays_among_ourselves(events: list[Event]) -> None:
    mails = [mail["data"] for mail in of_type(events, "activity.email")]
    away = [mail for mail in mails if mail.get("automatic")]
    internal = [mail for mail in mails if all(each.endswith(f"@{DOMAIN}") for each in (mail["from"], *mail["to"]))]
    assert len(away) >= 3
    assert all(mail["returns_on"] for mail in away)
    assert len(internal) >= 3


def test_a_deal_changes_hands_now_and_then(events: list[Event]) -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for event in of_type(events, "crm.deal.changed"):
        if "owner" in event["data"]:
            owners[event["subject"]].add(event["data"]["owner"])
    assert 1 <= sum(len(each) > 1 for each in owners.values()) <= 3


# --- how deals live ---------------------------------------------------------------------------------------------------


def test_most_deals_are_healthy(company: Company) -> None:
    lives = Counter(company.lives().values())
    assert 35 <= lives["healthy"] <= 40
    assert set(lives) == STALLED_LIVES | {"healthy", "paused"}


def test_each_detector_has_three_stalls_to_find_of_which_one_clears(company: Company) -> None:
    stalls = company.expected_stalls()
    for detector in SIX:
        mine = [stall for stall in stalls if stall.detector == detector]
        assert len({stall.deal_id for stall in mine}) >= 3
        assert any(stall.clears for stall in mine)
    assert {stall.detector for stall in stalls} == SIX


def test_there_are_stalls_at_all_times_and_at_the_end(company: Company) -> None:
    stalls = company.expected_stalls()
    opened = Counter(stall.opens.month for stall in stalls)
    assert all(opened[month] for month in range(2, 7))
    assert sum(stall.clears is None for stall in stalls) >= 4


def test_healthy_and_paused_deals_are_not_planned_to_stall(company: Company) -> None:
    lives = company.lives()
    assert {lives[stall.deal_id] for stall in company.expected_stalls()} == STALLED_LIVES


def found(company: Company) -> list[Finding]:
    """What the six detectors find in the whole history, also what is over."""
    replay = Replay(Rules.of(company.rules()), until=datetime.combine(company.end, time(), UTC))
    for _ in replay.run(Line(Path("history.jsonl"), number, line) for number, line in enumerate(company.lines(), 1)):
        pass
    assert not replay.refusals
    return [each for each in replay.findings() if each.detector in SIX and each.state != "pending"]


def as_stalls(company: Company) -> list[Stall]:
    """What is found, in the words of the company, which dates events to the second."""
    end = datetime.combine(company.end, time(), UTC)

    def second(moment: datetime) -> datetime:
        return (moment.astimezone(UTC) + timedelta(milliseconds=1)).replace(microsecond=0)

    return sorted(
        (
            Stall(
                each.deal_id,
                each.detector,
                opens=second(each.since),
                clears=second(each.until) if each.until and each.until < end else None,
            )
            for each in found(company)
        ),
        key=_place,
    )


def planned(company: Company) -> list[Stall]:
    return sorted(company.expected_stalls(), key=_place)


def _place(stall: Stall) -> tuple[str, str]:
    return stall.deal_id, stall.detector


@pytest.mark.parametrize("seed", [7, 1])
def test_deals_stall_and_recover_when_planned_and_no_other_deal_does(seed: int) -> None:
    company = Company(seed)
    assert as_stalls(company) == planned(company)


def test_late_and_doubled_events_end_in_the_same_findings() -> None:
    company = Company(disorder=0.5)
    assert as_stalls(company) == planned(company)


# --- disorder ---------------------------------------------------------------------------------------------------------


def test_disorder_delays_some_events_and_doubles_others_and_loses_none() -> None:
    ordered = list(Company(deals=20).lines())
    disordered = list(Company(deals=20, disorder=0.2).lines())
    times = [parse(line).time for line in disordered]
    late = [newest - moment for newest, moment in zip(running_maximum(times), times, strict=True)]
    assert set(disordered) == set(ordered)
    assert 0.07 < (len(disordered) - len(ordered)) / len(ordered) < 0.13
    assert timedelta(hours=4) < max(late) <= timedelta(days=3)
    assert sum(delay > timedelta(0) for delay in late) > len(ordered) / 10


def running_maximum(moments: list[datetime]) -> Iterator[datetime]:
    newest = moments[0]
    for moment in moments:
        newest = max(newest, moment)
        yield newest

"""The lives of deals: what would have been told of them is what is found live, and hangs on nothing that came later."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from detectors.core.assessment import MOST_PAST
from detectors.core.detector import BookDetector
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from streams import replay
from streams.demo.company import Company
from streams.history import Line
from streams.replay import Replay
from streams.tuning.lives import Chronicle, Life, lives
from tests.streams.sample_deals import RULES, crm, day, event, inbound, meeting, outbound, verdict

COMPANY = Company(reps=2, deals=9, start=date(2025, 1, 6), weeks=22)
COMPANY_RULES = Rules.of(COMPANY.rules())
YEAR = [Line(Path("year.jsonl"), number, raw) for number, raw in enumerate(COMPANY.lines(), start=1)]
CFO = event("crm.contact.changed", day(0), id="cfo", email="cfo@buyer.example", title="CFO")

Told = dict[str, Any]


def lines(*told: Told, deal: str = "D-1") -> list[Line]:
    raw = [orjson.dumps({"subject": deal} | each) for each in told]
    return [Line(Path("history.jsonl"), number, each) for number, each in enumerate(raw, start=1)]


@cache
def whole_year() -> tuple[Life, ...]:
    return tuple(lives(YEAR, COMPANY_RULES))


def life_of(*told: Told, until: datetime, rules: Rules = RULES) -> Life:
    (life,) = lives(lines(*told), rules, until)
    return life


def told_by(detector: str, life: Life) -> list[tuple[datetime, datetime | None]]:
    return [(each.seen_at, each.until) for each in life.episodes if each.detector == detector]


def test_what_would_have_been_told_is_what_a_replay_finds() -> None:
    run = Replay(COMPANY_RULES)
    for _ in run.run(YEAR):
        pass
    books = {name for name, kind in catalogue().items() if issubclass(kind, BookDetector)}
    expected = {
        (each.deal_id, each.detector, each.since, each.until if each.state == "resolved" else None)
        for each in run.findings()
        if each.severity != "info" and each.state in ("open", "resolved") and each.detector not in books
    }
    told = whole_year()
    found = [(life.deal_id, each.detector, each.since, each.until) for life in told for each in life.episodes]
    assert len(found) > 40
    assert set(found) == expected
    assert len(set(found)) == len(found)
    assert {each.status for each in told} == {"open", "won", "lost"}


@pytest.mark.parametrize("weeks", [9, 16])
def test_nothing_that_comes_after_a_moment_changes_what_was_told_by_then(weeks: int) -> None:
    moment = datetime(2025, 1, 6, 12, tzinfo=UTC) + timedelta(weeks=weeks)

    def known(told: Iterable[Life]) -> set[tuple[str, str, datetime, datetime | None, datetime | None]]:
        return {
            (life.deal_id, each.detector, each.seen_at, _by(moment, each.critical_from), _by(moment, each.until))
            for life in told
            for each in life.episodes
            if each.seen_at <= moment
        }

    cut = known(lives(YEAR, COMPANY_RULES, until=moment))
    assert len(cut) > 20
    assert known(whole_year()) == cut


def _by(moment: datetime, at: datetime | None) -> datetime | None:
    return at if at is not None and at <= moment else None


def test_a_life_ends_with_its_last_end_and_has_the_facts_that_were_told_last() -> None:
    fields = {"owner": "rep@us.example", "amount": 500.0, "currency": "EUR"}
    quote = event("crm.deal.changed", day(1), id="q", amount=900.0)
    sent = event("activity.document", day(2), document_id="q", status="sent")
    sent["data"]["kind"] = "quote"
    ends = [crm(5, status="lost", lost_reason="no budget"), crm(9, status="open"), crm(12, status="won")]
    life = life_of(crm(0, stage="Demo", **fields), quote, sent, *ends, until=day(30))
    assert (life.began, life.ended, life.status) == (day(0), day(12), "won")
    assert (life.owner, life.team, life.amount, life.currency) == ("rep@us.example", "emea", 900.0, "EUR")
    assert (life.facts["lost_reason"], set(life.documents)) == ("no budget", {"quote"})


def test_a_deal_that_is_open_when_the_history_ends_has_no_end() -> None:
    life = life_of(crm(0, stage="Demo"), crm(40, status="lost"), until=day(30))
    assert (life.ended, life.status) == (None, "open")
    assert told_by("gone_quiet", life) == [(day(14), None)]


def test_what_only_a_later_event_showed_could_not_be_told_before_it() -> None:
    boss = event("crm.contact.changed", day(1), id="c1", email="cfo@buyer.example", title="CFO")
    clerk = event("crm.contact.changed", day(45), id="c2", email="cfo@buyer.example", title="Clerk")
    life = life_of(crm(0, stage="Discovery"), boss, meeting(5), clerk, crm(50, name="x"), until=day(60))
    (told,) = [each for each in life.episodes if each.detector == "no_executive_contact"]
    assert (told.since, told.seen_at, told.until) == (day(30), day(45), None)
    assert told.critical_from is not None
    assert told.critical_from >= day(45)


def test_when_it_was_told_first_stays_so_while_it_goes_on() -> None:
    chased = [outbound(number, f"m-{number}") for number in (1, 2, 20, 30)]
    life = life_of(crm(0, stage="Demo"), CFO, *chased, until=day(40))
    (told,) = [each for each in life.episodes if each.detector == "ghosted"]
    assert told.seen_at == told.since == day(7)
    assert told.critical_from is not None
    assert told.critical_from < day(30)


def test_what_is_told_late_tells_what_was_seen_anew() -> None:
    chased = [outbound(1, "m-1"), outbound(2, "m-2"), outbound(12, "m-3")]
    late = inbound(9, "answer", in_reply_to="m-2")
    in_order = life_of(crm(0, stage="Demo"), CFO, *chased[:2], late, chased[2], until=day(40))
    too_late = life_of(crm(0, stage="Demo"), CFO, *chased, crm(20, name="x"), late, until=day(40))
    assert told_by("ghosted", too_late) == told_by("ghosted", in_order) == [(day(7), day(9))]


def test_what_somebody_called_noise_was_told_until_then() -> None:
    quiet = [crm(0, stage="Demo"), verdict(20, detector="gone_quiet")]
    assert told_by("gone_quiet", life_of(*quiet, until=day(21))) == [(day(14), day(20))]


def test_a_deal_that_stalls_very_often_keeps_all_of_its_past() -> None:
    asked = [
        each
        for number in range(MOST_PAST + 12)
        for each in (
            inbound(10 * number - 700, f"in-{number}"),
            outbound(10 * number - 692, f"out-{number}", in_reply_to=f"in-{number}"),
        )
    ]
    only = {"when": {}, "disable": sorted(set(catalogue()) - {"owed_reply"})}
    rules = Rules.of({"organization": {"domains": ["us.example"]}, "overrides": [only]})
    person = CFO | {"time": day(-710).isoformat()}
    life = life_of(crm(-710, stage="Demo"), person, *asked, until=day(0), rules=rules)
    assert len(told_by("owed_reply", life)) == MOST_PAST + 12


def test_packed_deals_are_told_of_as_others_and_go_on_where_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "BATCH", 50)
    closed = next(life.deal_id for life in whole_year() if life.ended is not None)
    history = [*YEAR, *lines(crm(-60, status="open"), crm(-30, status="lost"), deal=closed)]
    sparing = Chronicle(COMPANY_RULES, at_hand=0)
    for _ in sparing.run(history):
        pass
    told = {life.deal_id: life for life in sparing.lives()}
    others = [life for life in whole_year() if life.deal_id != closed and life.ended is not None]
    assert len(others) > 2
    assert [told[life.deal_id] for life in others] == others
    (before,) = [life for life in whole_year() if life.deal_id == closed]
    anew = told[closed]
    assert (anew.ended, anew.status) == (day(-30), "lost")
    assert anew.episodes[: len(before.episodes)] == before.episodes
    assert [each for each in anew.episodes if each.detector == "gone_quiet" and each.seen_at > day(-60)]


def test_progress_is_told_and_without_events_there_is_no_moment() -> None:
    chronicle = Chronicle(RULES)
    assert list(chronicle.run(lines(crm(0), crm(1, name="x")))) == [2]
    assert chronicle.ended == day(1)
    assert Chronicle(RULES).ended is None

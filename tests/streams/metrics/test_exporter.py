"""/metrics, built from the state at each scrape."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from detectors.core.book import Page
from detectors.core.breach import Finding
from detectors.core.registry import catalogue
from detectors.core.rules import Rules
from streams.alerting.telling import Telling
from streams.answer import Answer
from streams.books import BookAnswer
from streams.ingest import Ingested
from streams.metrics import catalogue as metrics
from streams.metrics.counts import Counts
from streams.metrics.exporter import Exporter, State
from streams.monitor.partition import Advanced
from tests.streams.scraping import Series, series_of
from tests.streams.told import ANN, BOB, answer, finding

AT = datetime(2026, 3, 9, tzinfo=UTC)


def books(answers: Iterable[Answer]) -> list[tuple[str, list[Answer]]]:
    owned: dict[str, list[Answer]] = {}
    for told in answers:
        owned.setdefault(told.owner or "", []).append(told)
    return list(owned.items())


def scraped(*answers: Answer, most: int = 100, counts: Counts | None = None, **other: Any) -> dict[str, Series]:
    """The series of a worker with these deals, by metric, by their labels' values."""
    state = State(
        **{
            "answers": answers,
            "books": books(each for each in answers if each.is_open),
            "judged": [],
            "errors": Counter(),
            "clock": AT,
            "lag": {},
            "waiting": 0,
            "rules": Rules(),
            **other,
        }
    )
    return series_of(Exporter(lambda: state, counts or Counts(), most).text())


CRITICAL = finding("ghosted", severity="critical")
INFO = finding("gone_quiet", severity="info")


def test_what_is_wrong_with_a_book_counts_among_the_findings() -> None:
    stuffed = replace(finding("pipeline_inflation"), deal_id=None)
    ahead = replace(finding("hoarding"), deal_id=None, state="pending")
    found = scraped(judged=[BookAnswer(BOB, "emea", AT, (stuffed, ahead))])
    assert found["stallwatch_findings"] == {("pipeline_inflation", "warning", "emea"): 1.0}


def some_deals() -> list[Answer]:
    return [
        answer("D-1", CRITICAL, finding()),
        answer("D-2", INFO, owner=BOB, amount=1000.0),
        answer("D-3", finding(state="pending"), finding("ghosted", state="unknown"), amount=None, currency=None),
        answer("D-4", finding(), owner=None, team=None, stage=None, amount=500.0, currency="USD"),
        answer("D-5", CRITICAL, status="won", amount=1e9),
    ]


def test_open_deals_are_counted_and_their_values_summed_by_place() -> None:
    found = scraped(*some_deals())
    assert found["stallwatch_deals"] == {("default", "Proposal", "emea"): 3, ("default", "", ""): 1}
    assert found["stallwatch_deals_amount"] == {
        ("default", "Proposal", "emea", "EUR"): 49000,
        ("default", "", "", "USD"): 500,
    }


def test_only_open_findings_are_counted_and_a_stalled_deal_counts_its_value_once() -> None:
    found = scraped(*some_deals())
    assert found["stallwatch_findings"] == {
        ("ghosted", "critical", "emea"): 1,
        ("reply_only", "warning", "emea"): 1,
        ("gone_quiet", "info", "emea"): 1,
        ("reply_only", "warning", ""): 1,
    }
    assert found["stallwatch_stalled_amount"] == {("emea", "EUR"): 48000, ("", "USD"): 500}


def test_a_team_whose_pipeline_is_sound_has_a_zero_and_not_a_gap() -> None:
    assert scraped(answer("D-1"))["stallwatch_stalled_amount"] == {("emea", "EUR"): 0}


def test_each_open_finding_has_a_series_with_its_owners_name_and_never_an_address() -> None:
    found = scraped(*some_deals())
    assert found["stallwatch_finding_open"] == {
        ("D-1", "ghosted", "critical", "ann"): 1,
        ("D-1", "reply_only", "warning", "ann"): 1,
        ("D-2", "gone_quiet", "info", "bob"): 1,
        ("D-4", "reply_only", "warning", ""): 1,
    }
    assert found["stallwatch_stalled_deal_amount"] == {
        ("D-1", "ann", "emea", "EUR"): 48000,
        ("D-4", "", "", "USD"): 500,
    }
    assert not [value for series in found.values() for labels in series for value in labels if "@" in value]


def test_the_share_of_an_owners_deals_that_are_stalled() -> None:
    deals = [answer("A", finding()), answer("B"), answer("C", INFO), answer("D", finding(), owner=BOB)]
    assert scraped(*deals)["stallwatch_owner_stalled_ratio"] == {("ann",): 1 / 3, ("bob",): 1}


def test_what_owners_are_not_told_of_yet_is_counted_and_who_is_told_all_has_a_zero() -> None:
    deals = [answer("A", finding()), answer("B", finding(), owner=BOB)]
    tellings = [Telling(ANN, withheld=2), Telling("ann@eu.example", withheld=1), Telling(BOB), Telling("", withheld=9)]
    assert scraped(*deals, tellings=tellings)["stallwatch_alerts_withheld"] == {("ann",): 3, ("bob",): 0}


def test_two_owners_with_the_same_name_at_different_companies_are_one_series() -> None:
    deals = [answer("A", finding()), answer("B", owner="ann@eu.example")]
    assert scraped(*deals)["stallwatch_owner_stalled_ratio"] == {("ann",): 0.5}


@pytest.mark.parametrize(
    ("most", "shown", "left_out"),
    [(0, set(), 4), (1, {"C"}, 3), (2, {"A"}, 2), (3, {"A", "C"}, 1), (4, {"A", "B", "C"}, 0)],
)
def test_beyond_the_cap_the_largest_deals_keep_their_series_and_the_rest_is_counted(
    most: int, shown: set[str], left_out: int
) -> None:
    deals = [
        answer("C", finding(), amount=1.0),
        answer("A", finding(), CRITICAL, amount=9.0),
        answer("B", finding(), amount=None),
    ]
    found = scraped(*deals, most=most)
    assert {labels[0] for labels in found["stallwatch_finding_open"]} == shown
    assert found["stallwatch_findings_left_out"] == {(): left_out}
    assert len(found["stallwatch_finding_open"]) + left_out == 4
    assert sum(found["stallwatch_findings"].values()) == 4


def test_twenty_thousand_stalled_deals_stay_within_the_cap() -> None:
    many = [answer(f"D-{n}", finding(), amount=float(n)) for n in range(20_000)]
    found = scraped(*many, most=2000)
    assert len(found["stallwatch_finding_open"]) == len(found["stallwatch_stalled_deal_amount"]) == 2000
    assert found["stallwatch_findings_left_out"] == {(): 18_000}


HOSTILE = [
    '"} or vector(1) #',
    "a\nb",
    "x" * 10_000,
    "\u202egnp.exe",
    "a\x00b",
    "back\\slash\\",
    "{{ template }}",
    "\ud83d",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_leave_a_text_that_prometheus_can_read(name: str) -> None:
    told = answer(name, CRITICAL, owner=f"{name}@us.example", stage=name, pipeline=name, team=name, currency=name)
    counts = Counts()
    counts.ingested(Ingested(watermarks={name: AT}, accepted=Counter({(name, "activity.email"): 1})))
    found = scraped(told, counts=counts)
    ((deal, detector, severity, owner),) = found["stallwatch_finding_open"]
    assert (detector, severity, owner) == ("ghosted", "critical", deal)
    assert deal.isprintable()
    assert len(deal) <= 100


def test_time_lag_and_what_waits() -> None:
    found = scraped(lag={"inbox": 7, "mail": 0}, waiting=3)
    assert found["stallwatch_clock_timestamp_seconds"] == {(): AT.timestamp()}
    assert found["stallwatch_lag_records"] == {("inbox",): 7, ("mail",): 0}
    assert found["stallwatch_mail_waiting"] == {(): 3}
    assert scraped(clock=None).get("stallwatch_clock_timestamp_seconds", {}) == {}


def test_every_detector_is_named_with_its_errors() -> None:
    found = scraped(errors=Counter(ghosted=2))
    assert found["stallwatch_detector_errors_total"] == {
        (name,): 2.0 if name == "ghosted" else 0.0 for name in catalogue()
    }
    assert {labels[0] for labels in found["stallwatch_detector_info"]} == set(catalogue())


def test_the_rules_say_how_long_a_source_may_be_silent_and_how_they_were_taken() -> None:
    counts = Counts()
    rules = Rules.of({"sources": {"gmail": {"max_silence": "4h"}}})
    counts.ingested(Ingested(watermarks={"gmail": AT}))
    counts.reload_succeeded = False
    found = scraped(rules=rules, counts=counts)
    assert found["stallwatch_source_max_silence_seconds"] == {("gmail",): 14400}
    assert found["stallwatch_source_watermark_timestamp_seconds"] == {("gmail",): AT.timestamp()}
    assert found["stallwatch_config_last_reload_successful"] == {(): 0}
    assert [rules.hash.startswith(labels[1]) for labels in found["stallwatch_build_info"]] == [True]


def test_what_moves_the_clock_is_told_unless_there_is_nothing_for_it_to_move() -> None:
    assert scraped(clock_kind="events")["stallwatch_clock_info"] == {("events",): 1}
    assert "stallwatch_clock_info" not in scraped(clock_kind=None)


def counted() -> Counts:
    """A worker that has counted one of everything."""
    counts = Counts()
    counts.ingested(
        Ingested(
            accepted=Counter({("crm", "crm.deal.changed"): 1}),
            clamped=Counter(crm=1),
            refused=Counter({("crm", "time"): 1}),
            unjoined=Counter(internal=1),
            watermarks={"crm": AT},
        )
    )
    once, again = Counter({("ghosted", "noise"): 1}), Counter({("crm", "same"): 1})
    counts.monitored(Advanced(applied_at=[AT], verdicts=once, repeated=again), AT)
    counts.notified("a", "ok")
    counts.takes("events")
    return counts


@pytest.mark.parametrize("metric", metrics.CATALOGUE, ids=lambda metric: str(metric.name))
def test_every_metric_of_the_catalogue_is_exported_with_its_kind_help_and_labels(metric: metrics.Metric) -> None:
    over = finding(state="resolved", since=AT - timedelta(days=2), until=AT - timedelta(days=1))
    ahead = finding(state="pending", since=AT + timedelta(days=1))
    closed = Page("D-7", "", "lost", None, None, AT - timedelta(days=9), "", AT, "", ended=AT)
    state = State(
        answers=[
            *some_deals(),
            answer("D-6", over, ahead, two_way_at=AT),
            answer("D-7", over, status="lost", page=closed),
        ],
        books=books(some_deals()),
        judged=[],
        errors=Counter(),
        clock=AT,
        lag={"inbox": 1},
        waiting=1,
        rules=Rules.of({"sources": {"crm": {"max_silence": "1d"}}, "promised": {"ghosted": {"recall": 0.4}}}),
        clock_kind="wall",
        paused={"crm": True},
    )
    text = Exporter(lambda: state, counted(), 10).text().decode()
    family = next(
        each for each in text_string_to_metric_families(text) if each.name == metric.name.removesuffix("_total")
    )
    assert (family.type, family.documentation) == (metric.kind, metric.help)
    told = [sample for sample in family.samples if not sample.name.endswith(("_created", "_bucket"))]
    assert told
    assert {frozenset(sample.labels) for sample in told} == {frozenset(metric.labels)}


def test_nothing_is_exported_that_is_not_in_the_catalogue() -> None:
    text = Exporter(lambda: State([], [], [], Counter(), AT, {}, 0, Rules()), counted(), 10).text().decode()
    known = {metric.name.removesuffix("_total") for metric in metrics.CATALOGUE}
    assert {
        family.name for family in text_string_to_metric_families(text) if not family.name.endswith("_created")
    } <= known


def test_what_has_moved_away_leaves_no_series() -> None:
    state: list[Answer] = [answer("D-1", finding())]
    look = lambda: State(state, books(state), [], Counter(), None, {}, 0, Rules())  # noqa: E731
    exporter = Exporter(look, Counts(), 10)
    assert b'deal_id="D-1"' in exporter.text()
    state.clear()
    assert b'deal_id="D-1"' not in exporter.text()
    assert b'owner="ann"' not in exporter.text()


def test_importing_registers_nothing_with_the_process_wide_registry() -> None:
    program = (
        "import streams.worker.worker, streams.worker.run, prometheus_client as p;"
        "print([f.name for f in p.REGISTRY.collect() if 'stallwatch' in f.name])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=Path(__file__).parents[3])
    assert told.stdout == b"[]\n", told.stderr


def test_making_an_exporter_does_not_look_at_a_worker_that_has_not_started() -> None:
    def look() -> State:
        raise AssertionError("nobody has scraped yet")

    Exporter(look, Counts(), 10)


def test_findings_of_any_state_are_told_apart() -> None:
    def states(*told: Finding) -> float:
        return sum(scraped(answer("D-1", *told))["stallwatch_findings"].values())

    assert (
        states(finding(state="resolved")) == states(finding(state="unknown")) == states(finding(state="pending")) == 0
    )
    assert states(finding()) == 1

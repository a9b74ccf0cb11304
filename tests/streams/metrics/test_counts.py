"""What a worker counts."""

from collections import Counter
from datetime import timedelta

from prometheus_client import generate_latest

from streams.ingest import Ingested
from streams.metrics.counts import MOST_SOURCES, Counts, label
from streams.monitor.partition import Advanced
from tests.streams.sample_deals import day
from tests.streams.scraping import Series, series_of


def samples(counts: Counts, name: str) -> Series:
    return series_of(generate_latest(counts.registry)).get(name, {})


def test_events_are_counted_by_source_and_type() -> None:
    counts = Counts()
    for _ in range(2):
        counts.ingested(
            Ingested(
                accepted=Counter({("crm", "crm.deal.changed"): 2, ("gmail", "activity.email"): 1}),
                clamped=Counter({"crm": 1, "gmail": 0}),
                refused=Counter({("crm", "time"): 1}),
                unjoined=Counter({"internal": 3}),
            )
        )
    assert samples(counts, "stallwatch_events_total") == {
        ("crm", "crm.deal.changed"): 4,
        ("gmail", "activity.email"): 2,
    }
    assert samples(counts, "stallwatch_events_clamped_total") == {("crm",): 2}
    assert samples(counts, "stallwatch_dead_letters_total") == {("crm", "time"): 2}
    assert samples(counts, "stallwatch_mail_unjoined_total") == {("internal",): 6}


def test_how_far_a_source_has_come_never_goes_back() -> None:
    counts = Counts()
    for at in (day(3), day(1)):
        counts.ingested(Ingested(watermarks={"gmail": at}))
    assert counts.watermarks == {"gmail": day(3)}


def test_lag_is_from_when_an_event_happened_and_never_negative() -> None:
    counts = Counts()
    now = day(1)
    counts.monitored(Advanced(applied_at=[now - timedelta(seconds=30), now + timedelta(hours=1)]), now)
    assert samples(counts, "stallwatch_event_lag_seconds_count") == {(): 2}
    assert samples(counts, "stallwatch_event_lag_seconds_sum") == {(): 30}
    assert samples(counts, "stallwatch_event_lag_seconds_bucket")["15.0",] == 1
    assert samples(counts, "stallwatch_event_lag_seconds_bucket")["60.0",] == 2


def test_a_flood_of_source_names_is_counted_together_beyond_a_bound() -> None:
    counts = Counts()
    told = Ingested(
        accepted=Counter({(f"source-{n}", "activity.email"): 1 for n in range(500)}),
        refused=Counter({(f"other-{n}", "invalid"): 1 for n in range(500)}),
        watermarks={f"late-{n}": day(n) for n in range(500)},
    )
    counts.ingested(told)
    counts.ingested(told)
    assert len(samples(counts, "stallwatch_events_total")) == MOST_SOURCES + 1
    assert sum(samples(counts, "stallwatch_events_total").values()) == 1000
    assert samples(counts, "stallwatch_dead_letters_total") == {("other", "invalid"): 1000}
    assert counts.watermarks == {"other": day(499)}


def test_what_comes_again_is_counted_by_its_source_and_whether_it_says_the_same() -> None:
    counts = Counts()
    counts.monitored(Advanced(repeated=Counter({("crm", "same"): 3, ("crm", "other"): 1})), day(0))
    assert samples(counts, "stallwatch_events_repeated_total") == {("crm", "same"): 3, ("crm", "other"): 1}


def test_verdicts_are_counted_by_the_detectors_that_there_are() -> None:
    counts = Counts()
    verdicts = Counter({("ghosted", "noise"): 2, **{(f"made-up-{n}", "useful"): 1 for n in range(500)}})
    counts.monitored(Advanced(verdicts=verdicts), day(0))
    found = samples(counts, "stallwatch_feedback_total")
    assert {labels: number for labels, number in found.items() if number} == {
        ("ghosted", "noise"): 2,
        ("other", "useful"): 500,
    }
    # a counter that is not there yet cannot grow
    assert found["ghosted", "useful"] == 0


def test_what_owners_are_told_anew_is_counted_by_deal_and_by_detector() -> None:
    counts = Counts()
    counts.told([frozenset({"ghosted", "gone_quiet"}), frozenset({"ghosted"})])
    text = generate_latest(counts.registry).decode()
    assert "stallwatch_deals_told_total 2.0" in text
    assert 'stallwatch_alerts_total{detector="ghosted"} 2.0' in text
    assert 'stallwatch_alerts_total{detector="reply_only"} 0.0' in text


def test_hostile_names_leave_a_text_that_prometheus_can_read() -> None:
    hostile = ['x"} 1\nup 0', "a\\", "\u202egnp", "\x00", "y" * 10_000, "{}", "\ud800", "#", "ü名"]
    counts = Counts()
    counts.ingested(Ingested(refused=Counter({(name, "invalid"): 1 for name in hostile})))
    found = samples(counts, "stallwatch_dead_letters_total")
    assert sum(found.values()) == len(hostile)
    assert {source for source, _ in found} == {'x"} 1up 0', "a\\", "gnp", "", "y" * 100, "{}", "#", "ü名"}


def test_a_label_is_printable_and_short() -> None:
    assert label(None) == ""
    assert label(" a b ") == " a b "
    assert label("a\tb\u2028c\x7f") == "abc"
    assert len(label("x" * 1000)) == 100


def test_posts_to_alertmanager_are_counted_by_peer_and_outcome() -> None:
    counts = Counts()
    counts.notified("a:9093", "ok")
    counts.notified("a:9093", "ok")
    counts.notified("b:9093", "failed")
    assert samples(counts, "stallwatch_notifications_total") == {("a:9093", "ok"): 2, ("b:9093", "failed"): 1}


def test_two_workers_in_one_process_count_apart() -> None:
    one, other = Counts(), Counts()
    one.notified("a", "ok")
    assert samples(other, "stallwatch_notifications_total") == {}

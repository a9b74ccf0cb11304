"""What the dashboards ask, answered by a real Prometheus that scrapes two workers with known numbers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dashboards.catalogue import boards
from dashboards.queries import deal, detectors, operations, pipeline, shared
from streams.demo.servers import Prometheus
from tests.dashboards.hurried_rules import hurried
from tests.dashboards.prometheus_api import filled_in, unanswered, values
from tests.dashboards.sample_workers import two_workers
from tests.needs import require

Values = dict[tuple[str, ...], float]

RECORDED = Path("dashboards/rules/recorded.rules.yaml")


def scraping(folder: Path, addresses: list[str]) -> Prometheus:
    """A Prometheus, not started yet, that scrapes these workers every second."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(hurried(RECORDED, folder / RECORDED.name))],
        "scrape_configs": [{"job_name": "stallwatch", "static_configs": [{"targets": addresses}]}],
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return Prometheus(path, folder / "prometheus")


def wait_for_scrape(prometheus: Prometheus, workers: int, within: float = 30) -> None:
    """Returns once that many workers have been scraped."""
    deadline = time.monotonic() + within
    while values(prometheus.url, 'count(up{job="stallwatch"} == 1)') != {(): workers}:
        assert time.monotonic() < deadline, f"not all workers were scraped in {within} s"
        time.sleep(0.05)


def wait_for_records(prometheus: Prometheus, within: float = 30) -> None:
    """Returns once every rule has recorded what is scraped by now; an increase needs two scrapes."""
    now = time.time()
    groups = yaml.safe_load(RECORDED.read_text())["groups"]
    wanted = {rule["record"] for group in groups for rule in group["rules"]}
    deadline = time.monotonic() + within
    while missing := {name for name in wanted if not values(prometheus.url, f"min(timestamp({name})) > {now}")}:
        assert time.monotonic() < deadline, f"not recorded in {within} s: {missing}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    require(*Prometheus.programs)
    with two_workers() as addresses, scraping(tmp_path_factory.mktemp("scraped"), addresses) as running:
        wait_for_scrape(running, len(addresses))
        wait_for_records(running)
        yield running.url


def ask(prometheus: str, expr: str, team: str = ".*", currency: str = "EUR", **other: str) -> Values:
    return values(prometheus, filled_in(expr, {"team": team, "currency": currency, **other}))


def test_every_query_of_every_dashboard_is_answered(prometheus: str) -> None:
    assert unanswered(prometheus, boards().values()) == []


def test_a_query_that_nothing_answers_is_found(prometheus: str) -> None:
    board = boards()["stallwatch-pipeline-health"]
    board["panels"] = board["panels"][:3]
    for panel, expr in zip(board["panels"], ("stallwatch_nothing", "sum(", "0 / 0 * up"), strict=True):
        panel["targets"][0]["expr"] = expr
    reasons = [problem.split(": ")[1] for problem in unanswered(prometheus, [board])]
    assert reasons[0] == "no data"
    assert "parse error" in unanswered(prometheus, [board])[1]
    assert reasons[2] == "not a number"


def test_open_value_adds_up_workers_but_not_currencies(prometheus: str) -> None:
    assert ask(prometheus, pipeline.OPEN_VALUE) == {(): 540_000}
    assert ask(prometheus, pipeline.OPEN_VALUE, currency="USD") == {(): 70_000}
    assert ask(prometheus, pipeline.OPEN_VALUE_BY_TEAM) == {("emea",): 500_000, ("amer",): 40_000}


def test_stalled_value_is_zero_where_deals_are_open_and_none_is_stalled(prometheus: str) -> None:
    assert ask(prometheus, pipeline.STALLED_VALUE) == {(): 250_000}
    assert ask(prometheus, pipeline.STALLED_VALUE, currency="USD") == {(): 0}
    assert ask(prometheus, pipeline.STALLED_VALUE_BY_TEAM) == {("emea",): 250_000, ("amer",): 0}


def test_what_is_honest_is_what_is_open_and_not_stalled(prometheus: str) -> None:
    assert ask(prometheus, pipeline.HONEST_VALUE) == {(): 290_000}
    assert ask(prometheus, pipeline.HONEST_VALUE, team="amer") == {(): 40_000}


@pytest.mark.parametrize(
    "expr",
    [
        pipeline.STALLED_VALUE,
        pipeline.STALLED_SHARE,
        pipeline.HONEST_VALUE,
        pipeline.SLIPPED_VALUE,
        shared.BEGAN,
        shared.CLEARED,
        detectors.STALLS,
        detectors.CRITICAL_FINDINGS,
    ],
)
def test_without_any_report_there_is_no_zero_that_looks_like_good_news(prometheus: str, expr: str) -> None:
    assert ask(prometheus, expr, team="nobody") == {}


def test_the_share_is_stalled_value_of_open_value(prometheus: str) -> None:
    assert ask(prometheus, pipeline.STALLED_SHARE, team="emea") == {(): 0.5}
    assert ask(prometheus, pipeline.STALLED_SHARE_BY_TEAM) == {("emea",): 0.5, ("amer",): 0}


def test_what_slipped_is_what_left_its_quarter_and_nothing_is_a_zero(prometheus: str) -> None:
    assert ask(prometheus, pipeline.SLIPPED_VALUE) == {(): 50_000}
    assert ask(prometheus, pipeline.SLIPPED_VALUE, currency="USD") == {(): 0}
    assert ask(prometheus, pipeline.SLIPPED_VALUE_BY_TEAM) == {("emea",): 50_000, ("amer",): 0}


def test_each_quarter_has_an_honest_and_a_stalled_part(prometheus: str) -> None:
    # part, quarter
    assert ask(prometheus, pipeline.VALUE_BY_QUARTER) == {
        ("honest", "FY2026 Q1"): 290_000,
        ("stalled", "FY2026 Q1"): 150_000,
        ("honest", "overdue"): 0,
        ("stalled", "overdue"): 100_000,
    }


def test_each_team_has_a_row_for_each_quarter_in_which_its_deals_close(prometheus: str) -> None:
    # quarter, team
    assert ask(prometheus, pipeline.OPEN_BY_TEAM_AND_QUARTER) == {
        ("FY2026 Q1", "emea"): 400_000,
        ("FY2026 Q1", "amer"): 40_000,
        ("overdue", "emea"): 100_000,
    }
    assert ask(prometheus, pipeline.HONEST_BY_TEAM_AND_QUARTER, team="emea") == {
        ("FY2026 Q1", "emea"): 250_000,
        ("overdue", "emea"): 0,
    }
    assert ask(prometheus, pipeline.STALLED_BY_TEAM_AND_QUARTER, team="amer") == {("FY2026 Q1", "amer"): 0}
    assert ask(prometheus, pipeline.SHARE_BY_TEAM_AND_QUARTER, team="emea") == {
        ("FY2026 Q1", "emea"): 0.375,
        ("overdue", "emea"): 1,
    }


def test_a_week_is_told_by_what_began_cleared_was_closed_with_its_deal_and_is_due(prometheus: str) -> None:
    assert ask(prometheus, shared.BEGAN) == {(): 4}
    assert ask(prometheus, shared.CLEARED) == {(): 3}
    assert ask(prometheus, shared.BEGAN, team="amer") == {(): 0}
    # detector, problem, turn
    assert ask(prometheus, shared.TURNS_BY_DETECTOR) == {
        ("ghosted", "We chase and nobody answers", "began"): 1,
        ("ghosted", "We chase and nobody answers", "cleared"): 2,
        ("gone_quiet", "The buyer has gone quiet", "began"): 2,
        ("gone_quiet", "The buyer has gone quiet", "cleared"): 1,
        ("gone_quiet", "The buyer has gone quiet", "closed with the deal"): 3,
        ("reply_only", "Ping-pong", "began"): 1,
        ("reply_only", "Ping-pong", "due next week"): 8,
    }
    assert ask(prometheus, shared.TURNS_BY_DETECTOR, team="amer") == {("reply_only", "Ping-pong", "due next week"): 1}


def test_findings_are_counted_over_all_workers(prometheus: str) -> None:
    assert ask(prometheus, shared.OPEN_DEALS) == {(): 10}
    assert ask(prometheus, detectors.CRITICAL_FINDINGS) == {(): 1}
    assert ask(prometheus, detectors.STALLS) == {(): 4}
    for expr in (detectors.FINDINGS_BY_DETECTOR, pipeline.FINDINGS_BY_PROBLEM):
        assert ask(prometheus, expr) == {
            ("ghosted", "We chase and nobody answers", "critical"): 1,
            ("gone_quiet", "The buyer has gone quiet", "warning"): 2,
            ("reply_only", "Ping-pong", "warning"): 1,
        }
    assert ask(prometheus, detectors.STALLS_BY_FAMILY) == {("silence",): 3, ("reactive",): 1}


def test_the_picture_is_complete_up_to_the_slowest_worker(prometheus: str) -> None:
    [milliseconds] = ask(prometheus, pipeline.SEEN_UP_TO).values()
    assert 35 <= time.time() - milliseconds / 1000 < 65


def test_at_each_stage_deals_have_met_somebody_with_power_or_not(prometheus: str) -> None:
    # executive, stage
    assert ask(prometheus, pipeline.EXECUTIVES_BY_STAGE) == {
        ("nobody met", "Demo"): 5,
        ("met", "Demo"): 3,
        ("nobody met", "Proposal"): 0,
        ("met", "Proposal"): 2,
    }


def test_reps_are_shown_beside_those_of_their_team_and_of_no_other(prometheus: str) -> None:
    for each in (pipeline.BOOK_STALLED, pipeline.BOOK_OPEN, pipeline.BOOK_COUNT, pipeline.BOOK_SHARE):
        assert ask(prometheus, each) == {}
        assert ask(prometheus, each, team="emea|amer") == {}
    ann, bob, cleo = ("ann", "emea"), ("bob", "emea"), ("cleo", "emea")
    assert ask(prometheus, pipeline.BOOK_STALLED, team="emea") == {ann: 100_000, bob: 50_000, cleo: 100_000}
    assert ask(prometheus, pipeline.BOOK_OPEN, team="emea") == {ann: 300_000, bob: 100_000, cleo: 100_000}
    assert ask(prometheus, pipeline.BOOK_COUNT, team="emea") == {ann: 2, bob: 6, cleo: 1}
    assert ask(prometheus, pipeline.BOOK_SHARE, team="amer") == {("dan", "amer"): 0}


def test_the_worst_deals_have_amount_owner_and_what_is_wrong_in_one_row_a_finding(prometheus: str) -> None:
    assert ask(prometheus, pipeline.WORST_DEALS) == {
        # deal, detector, owner, problem, severity, team
        ("D-1", "ghosted", "ann", "We chase and nobody answers", "critical", "emea"): 100_000,
        ("D-1", "gone_quiet", "ann", "The buyer has gone quiet", "warning", "emea"): 100_000,
        ("D-2", "gone_quiet", "bob", "The buyer has gone quiet", "warning", "emea"): 50_000,
        ("D-3", "reply_only", "cleo", "Ping-pong", "warning", "emea"): 100_000,
    }
    assert ask(prometheus, pipeline.WORST_DEALS, currency="USD") == {}


def test_a_deal_has_its_worst_finding_and_each_of_them_as_a_level(prometheus: str) -> None:
    assert ask(prometheus, deal.WORST, deal="D-1") == {(): 2}
    assert ask(prometheus, deal.WORST, deal="D-4") == {(): 0}
    assert ask(prometheus, deal.NUMBER, deal="D-1") == {(): 2}
    assert ask(prometheus, deal.OWNER, deal="D-1") == {("ann",): 1}
    assert ask(prometheus, deal.AMOUNT, deal="D-1") == {("EUR",): 100_000}
    assert ask(prometheus, deal.LEVEL_BY_PROBLEM, deal="D-1") == {
        ("ghosted", "We chase and nobody answers"): 2,
        ("gone_quiet", "The buyer has gone quiet"): 1,
    }


def test_a_deal_that_two_workers_name_for_a_moment_is_told_once(prometheus: str) -> None:
    assert ask(prometheus, deal.NUMBER, deal="D-2") == {(): 1}
    assert ask(prometheus, deal.NUMBER_BY_SEVERITY, deal="D-2") == {("warning",): 1}
    assert ask(prometheus, deal.AMOUNT, deal="D-2") == {("EUR",): 50_000}


def test_precision_is_useful_verdicts_among_useful_and_noise(prometheus: str) -> None:
    [overall] = ask(prometheus, detectors.PRECISION).values()
    assert overall == pytest.approx(0.75)
    assert ask(prometheus, detectors.PRECISION_BY_DETECTOR) == {
        ("ghosted", "We chase and nobody answers"): pytest.approx(0.75)
    }


def test_what_was_promised_stands_beside_what_came_true(prometheus: str) -> None:
    ghosted, quiet = ("ghosted", "We chase and nobody answers"), ("gone_quiet", "The buyer has gone quiet")
    assert ask(prometheus, detectors.promised("precision")) == {ghosted: 0.6}
    assert ask(prometheus, detectors.promised("alerts_per_rep_week")) == {ghosted: 1.5}
    # of five deals of both workers that it had told of four were lost; six were lost in all
    assert ask(prometheus, detectors.PRECISION_BY_ENDINGS) == {ghosted: 0.8, quiet: 0}
    assert ask(prometheus, detectors.RECALL_BY_ENDINGS) == {ghosted: pytest.approx(4 / 6)}


def test_findings_and_alerts_are_told_apart_by_the_rules_that_were_in_force(prometheus: str) -> None:
    assert ask(prometheus, detectors.WEEKS_IN_FORCE).keys() == {("abc",)}
    assert ask(prometheus, detectors.FINDINGS_UNDER_RULES) == {("abc",): 4}
    found = ask(prometheus, detectors.FINDINGS_BY_DETECTOR_UNDER_RULES)
    assert {name: number for (name, *_), number in found.items()} == {"ghosted": 1, "gone_quiet": 2, "reply_only": 1}
    told = ask(prometheus, detectors.ALERTS_BY_DETECTOR_UNDER_RULES)
    assert {name for name, *_ in told} == {"ghosted"}


def test_silence_is_told_by_quantiles_beside_the_thresholds_that_cut_it(prometheus: str) -> None:
    # of ten deals on each worker, five are silent for ten days at most
    assert ask(prometheus, detectors.silence(0.5)) == {(): 10}
    assert ask(prometheus, detectors.silence(0.9)) == {(): 20}
    assert ask(prometheus, detectors.threshold("gone_quiet", "warn_business_days")) == {(): 10}


def test_a_source_is_silent_since_it_last_reported_to_any_worker(prometheus: str) -> None:
    [silent] = ask(prometheus, operations.SOURCE_SILENT_FOR).values()
    assert 4 <= silent < 35
    assert ask(prometheus, operations.SOURCE_MAY_BE_SILENT_FOR) == {("mail",): 14400}


def test_without_dead_letters_and_pauses_there_is_a_zero_while_workers_answer(prometheus: str) -> None:
    assert ask(prometheus, operations.DEAD_LETTERS_A_DAY) == {(): 0}
    assert ask(prometheus, operations.SOURCES_PAUSED) == {(): 0}
    assert ask(prometheus, operations.WORKERS) == {(): 2}


def test_each_worker_says_which_rules_it_has_and_since_when(prometheus: str) -> None:
    loaded = ask(prometheus, operations.WORKERS_LOADED_AT)
    # instance, rules, version
    assert [labels[1:] for labels in loaded] == [("abc", "0.1.0")] * 2
    assert all(time.time() - milliseconds / 1000 < 300 for milliseconds in loaded.values())

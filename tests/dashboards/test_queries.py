"""What the dashboards ask, answered by a real Prometheus that scrapes two workers with known numbers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dashboards import queries
from dashboards.catalogue import boards
from streams.demo.servers import Prometheus
from tests.dashboards.prometheus_api import filled_in, unanswered, values
from tests.dashboards.sample_workers import two_workers
from tests.needs import require


def scraping(folder: Path, addresses: list[str]) -> Prometheus:
    """A Prometheus, not started yet, that scrapes these workers every second."""
    config = {
        "global": {"scrape_interval": "1s"},
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


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    require(*Prometheus.programs)
    with two_workers() as addresses, scraping(tmp_path_factory.mktemp("scraped"), addresses) as running:
        wait_for_scrape(running, len(addresses))
        yield running.url


def ask(prometheus: str, expr: str, team: str = ".*", currency: str = "EUR") -> dict[tuple[str, ...], float]:
    return values(prometheus, filled_in(expr, {"team": team, "currency": currency}))


def test_every_query_of_every_dashboard_is_answered(prometheus: str) -> None:
    assert unanswered(prometheus, boards().values()) == []


def test_a_query_that_nothing_answers_is_found(prometheus: str) -> None:
    board = next(iter(boards().values()))
    board["panels"] = board["panels"][:3]
    for panel, expr in zip(board["panels"], ("stallwatch_nothing", "sum(", "0 / 0 * up"), strict=True):
        panel["targets"][0]["expr"] = expr
    reasons = [problem.split(": ")[1] for problem in unanswered(prometheus, [board])]
    assert reasons[0] == "no data"
    assert "parse error" in unanswered(prometheus, [board])[1]
    assert reasons[2] == "not a number"


def test_open_value_adds_up_workers_but_not_currencies(prometheus: str) -> None:
    assert ask(prometheus, queries.OPEN_VALUE) == {(): 540_000}
    assert ask(prometheus, queries.OPEN_VALUE, currency="USD") == {(): 70_000}
    assert ask(prometheus, queries.OPEN_VALUE_BY_TEAM) == {("emea",): 500_000, ("amer",): 40_000}


def test_stalled_value_is_zero_where_deals_are_open_and_none_is_stalled(prometheus: str) -> None:
    assert ask(prometheus, queries.STALLED_VALUE) == {(): 250_000}
    assert ask(prometheus, queries.STALLED_VALUE, currency="USD") == {(): 0}
    assert ask(prometheus, queries.STALLED_VALUE_BY_TEAM) == {("emea",): 250_000, ("amer",): 0}


def test_without_any_report_there_is_no_zero_that_looks_like_good_news(prometheus: str) -> None:
    for expr in (queries.STALLED_VALUE, queries.STALLED_SHARE, queries.CRITICAL_FINDINGS):
        assert ask(prometheus, expr, team="nobody") == {}


def test_the_share_is_stalled_value_of_open_value(prometheus: str) -> None:
    assert ask(prometheus, queries.STALLED_SHARE, team="emea") == {(): 0.5}
    assert ask(prometheus, queries.STALLED_SHARE_BY_TEAM) == {("emea",): 0.5, ("amer",): 0}


def test_deals_and_findings_are_counted_over_all_workers(prometheus: str) -> None:
    assert ask(prometheus, queries.OPEN_DEALS) == {(): 10}
    assert ask(prometheus, queries.CRITICAL_FINDINGS) == {(): 1}
    assert ask(prometheus, queries.FINDINGS_BY_DETECTOR) == {
        ("ghosted", "We chase and nobody answers", "critical"): 1,
        ("gone_quiet", "The buyer has gone quiet", "warning"): 2,
        ("reply_only", "Ping-pong", "warning"): 1,
    }


def test_the_picture_is_complete_up_to_the_slowest_worker(prometheus: str) -> None:
    [milliseconds] = ask(prometheus, queries.SEEN_UP_TO).values()
    assert 35 <= time.time() - milliseconds / 1000 < 65


def test_owners_are_ranked_within_the_chosen_teams(prometheus: str) -> None:
    assert ask(prometheus, queries.STALLED_RATIO_BY_OWNER) == {("ann",): 0.5, ("bob",): 0.25, ("cleo",): 1.0}
    assert ask(prometheus, queries.STALLED_RATIO_BY_OWNER, team="amer") == {}


def test_the_worst_deals_have_amount_owner_and_what_is_wrong_in_one_row_a_finding(prometheus: str) -> None:
    assert ask(prometheus, queries.WORST_DEALS) == {
        # deal, detector, owner, problem, severity, team
        ("D-1", "ghosted", "ann", "We chase and nobody answers", "critical", "emea"): 100_000,
        ("D-1", "gone_quiet", "ann", "The buyer has gone quiet", "warning", "emea"): 100_000,
        ("D-2", "gone_quiet", "bob", "The buyer has gone quiet", "warning", "emea"): 50_000,
        ("D-3", "reply_only", "cleo", "Ping-pong", "warning", "emea"): 100_000,
    }
    assert ask(prometheus, queries.WORST_DEALS, currency="USD") == {}

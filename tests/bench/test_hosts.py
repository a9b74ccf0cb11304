"""Hosts at a tiny scale, on a real Kafka: each tells what it must, and what it took becomes tables and a picture."""

import sys
from pathlib import Path

import pytest
from lxml import etree

from bench import histories
from bench.hosts import picture, table
from bench.hosts.course import Run, WrongOutcome, hold_against
from bench.hosts.measure import ALONE, BYTEWAX, LOOP, PLAIN, PYTHON, QUIX, WORKER, hosts_of, runs
from bench.hosts.workloads import Workload, judged, plumbed

FOREIGN = (LOOP, QUIX, BYTEWAX)


def workloads() -> list[Workload]:
    history = histories.year(5, 300)
    return [plumbed(3_000, 4), judged(history, 1)]


@pytest.mark.slow
@pytest.mark.timeout(400)  # a dozen processes start one after the other
def test_a_worker_tells_the_same_by_both_of_its_ways_and_with_many_partitions() -> None:
    given = [*workloads(), judged(histories.year(5, 300), 3)]

    told = runs(given, 1, Path(sys.executable), lambda _: (WORKER, PLAIN))

    assert [(run.workload, run.host) for run in told] == [
        (each.name, host.name) for each in given for host in (WORKER, PLAIN)
    ]
    assert all(run.wall > 0 and run.cpu > 0 and run.peak > 10 and run.rows > 0 for run in told)


@pytest.mark.slow
@pytest.mark.timeout(400)  # a dozen processes start one after the other
@pytest.mark.skipif(not PYTHON.exists(), reason="the other hosts are not installed: `make bench` does it")
def test_every_other_host_tells_the_same() -> None:
    told = runs(workloads(), 1, hosts=lambda _: FOREIGN)

    assert {run.host for run in told} == {each.name for each in FOREIGN}
    # bytewax keeps its state in a store of its own
    assert all(run.rows > 0 for run in told if run.host != BYTEWAX.name)


@pytest.mark.slow
@pytest.mark.timeout(400)  # a dozen processes start one after the other
def test_no_host_takes_time_as_well() -> None:
    told = runs(workloads(), 2, Path(sys.executable), lambda _: (ALONE,))

    assert len(told) == 4
    assert all(run.wall > 0 and run.rows == 0 for run in told)


def test_a_host_that_tells_something_else_has_no_speed() -> None:
    with pytest.raises(WrongOutcome, match="the loop told 2 things of which 1 are wrong; 1 were expected"):
        hold_against(["a finding", "another"], "the loop", ["a finding"])


def test_hosts_without_topics_between_the_steps_are_left_out_where_there_are_many_partitions() -> None:
    history = histories.year(5, 300)

    assert hosts_of(judged(history, 4)) == (WORKER, LOOP)
    assert hosts_of(judged(history, 1)) == (WORKER, QUIX, BYTEWAX, LOOP, ALONE)


def run(host: str, wall: float, cpu: float, *, rows: int = 50) -> Run:
    return Run("plumbing", 100_000, host, wall, cpu, 120.4, rows)


# the loop is twice as fast as the worker in one round, and three times in the other
RUNS = [
    run("worker", 2.0, 2.0, rows=91_000),
    run("Quix Streams", 8.0, 4.0),
    run("hand-written loop", 1.0, 1.0),
    run("worker", 3.0, 4.0, rows=91_000),
    run("Quix Streams", 6.0, 5.0),
    run("hand-written loop", 1.0, 1.0),
]


def test_hosts_are_compared_round_by_round() -> None:
    rows = table.markdown(RUNS, "a machine").splitlines()

    assert rows[0] == "On a machine; the median of 2 rounds, in brackets the lowest and the highest:"
    assert rows[4] == (
        "| worker | 41,667 (33,333–50,000) | 3 (2–4) | 120 MB | 3.00 × | 0.65 × | 0.42 × | 3.00 × | 0.91 |"
    )


def test_a_summary_has_a_row_for_each_workload() -> None:
    rows = table.summary(RUNS).splitlines()

    assert rows[0].startswith("| events/s | worker | Quix Streams | hand-written loop | worker's speed, to Quix |")
    assert rows[2:] == ["| plumbing | 41,667 | 14,583 | 100,000 | 3.00 × | 0.65 × | 0.42 × | 3.00 × |"]


def test_parts_stand_between_their_markers_and_the_rest_of_a_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Speed\n<!-- hosts -->\nold\n<!-- /hosts -->\nwords\n")

    table.put(page, {"hosts": "new", "of another page": "nothing"})

    assert page.read_text() == "# Speed\n<!-- hosts -->\nnew\n<!-- /hosts -->\nwords\n"


def test_the_picture_names_every_host_and_is_light(tmp_path: Path) -> None:
    path = tmp_path / "speed.svg"

    picture.draw(RUNS, path)

    words = set(etree.fromstring(path.read_bytes()).itertext())
    assert {"worker", "Quix Streams", "hand-written loop", "41,667"} <= words
    assert path.stat().st_size < 60_000

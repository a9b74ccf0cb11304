"""A company's exports, mail and live sources, as a person gives them to the commands."""

import json
import re
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, stallwatch
from tests.end_to_end.system import System

MAIL = """From: Rep <rep@us.example>
To: Buyer <buyer@customer.example>
Subject: Our offer
Date: Tue, 3 Mar 2026 10:00:00 +0100
Message-ID: <m-1@us.example>

As agreed, our offer.
"""
DEALS = """Deal No;Phase;Changed
A-1;Discovery;02.03.2026 09:15
A-1;Demo;04.03.2026 09:15
A-1;Proposal;soon
"""
MAPPING = """
source: acme-crm
type: crm.deal.changed
columns: {subject: Deal No, time: Changed, stage: Phase}
formats: {time: "%d.%m.%Y %H:%M"}
time_zone: Europe/Berlin
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "one.eml").write_text(MAIL)
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "acme.yaml").write_text(MAPPING)
    (tmp_path / "rules.yaml").write_text(json.dumps(OURS))
    return tmp_path


@pytest.fixture
def fresh(broker: RunningBroker, prefix: str, tmp_path: Path) -> System:
    """A name of one's own on the broker, with nothing in it."""
    return System(broker.bootstrap, prefix, tmp_path)


def test_a_dry_run_shows_the_first_rows_as_events(files: Path) -> None:
    given = ("publish", files / "deals.csv", "--mapping", files / "acme.yaml", "--dry-run", "--first", "1")
    told = stallwatch(*given)
    assert told.status == 0
    (event,) = map(json.loads, told.out.splitlines())
    assert (event["subject"], event["time"], event["data"]) == ("A-1", "2026-03-02T08:15:00Z", {"stage": "Discovery"})
    assert "deals.csv:4: refused" in told.err
    assert "'soon'" in told.err


def test_a_report_says_what_each_thing_was_taken_for_and_why(files: Path) -> None:
    given = ("publish", files / "one.eml", files / "deals.csv", "--mapping", files / "acme.yaml")
    report = files / "report.jsonl"
    told = stallwatch(*given, "--dry-run", "--report", report, "--rules", files / "rules.yaml")
    assert told.status == 0
    taken = [json.loads(line) for line in report.read_text().splitlines()]
    assert [Path(each["place"]).name for each in taken] == ["one.eml", "deals.csv:2", "deals.csv:3", "deals.csv:4"]
    assert [each["events"] for each in taken] == [1, 1, 1, 0]
    assert all(each["taken_for"] for each in taken)
    assert taken[3]["refused"].startswith("unreadable: time (column Changed): 'soon'")


def test_exports_and_mail_are_replayed_like_events(files: Path) -> None:
    told = stallwatch("replay", files / "one.eml", files / "deals.csv", "--mapping", files / "acme.yaml", "--json")
    assert told.status == 0
    findings = [json.loads(line) for line in told.out.splitlines()]
    assert {each["deal_id"] for each in findings if each["deal_id"]} == {"A-1"}


def test_what_is_published_twice_is_in_the_inbox_with_the_same_identity(files: Path, fresh: System) -> None:
    stallwatch("topics", env=fresh.environment())
    given = ("publish", files / "one.eml", files / "deals.csv", "--mapping", files / "acme.yaml")
    for _ in range(2):
        told = stallwatch(*given, env=fresh.environment())
        assert told.status == 0
        assert "3 events sent, 1 refused, kept as dead letters" in told.err
    listed = stallwatch("dead-letters", "list", "--json", env=fresh.environment())
    assert [json.loads(line)["source"] for line in listed.out.splitlines()] == ["acme-crm", "acme-crm"]
    told = [json.loads(record.value or b"") for record in fresh.read(fresh.topics["inbox"])]
    events = [each for each in told if "specversion" in each]
    assert len(events) == 6
    assert len({(each["source"], each["id"]) for each in events}) == 3


def test_a_file_of_which_most_is_refused_is_given_up(files: Path, fresh: System) -> None:
    stallwatch("topics", env=fresh.environment())
    (files / "deals.csv").write_text("Deal No;Phase;Changed\n" + "A-1;Demo;soon\n" * 500)
    given = ("publish", files / "deals.csv", "--mapping", files / "acme.yaml")
    told = stallwatch(*given, env=fresh.environment())
    assert told.status == 2
    assert "most of the last 1,000 were refused" in told.err
    assert "--keep-going" in told.err
    assert len(fresh.dead_letters()) == 100
    assert stallwatch(*given, "--keep-going", env=fresh.environment()).status == 0


def test_a_round_of_polling_says_of_each_source_what_came_of_it(
    files: Path, fresh: System, httpserver: HTTPServer
) -> None:
    stallwatch("topics", env=fresh.environment())
    # a status that says nothing of coming again, so that this is what it is told at once
    httpserver.expect_request(re.compile("/api/.*")).respond_with_data("down", status=520)
    (files / "token").write_text("secret-token")
    (files / "connections.yaml").write_text(
        f"pipedrive: {{api_url: '{httpserver.url_for('').rstrip('/')}', token_file: {files / 'token'}}}\n"
    )
    env = fresh.environment() | {"STALLWATCH_CONNECTIONS": str(files / "connections.yaml")}
    told = stallwatch("poll", "--once", "--json", "--bookmarks", files / "bookmarks", env=env)
    assert told.status == 2
    (outcome,) = map(json.loads, told.out.splitlines())
    assert (outcome["connection"], outcome["sent"], outcome["refused"]) == ("pipedrive", 0, 0)
    assert outcome["problem"]
    assert "secret-token" not in told.out + told.err
    in_words = stallwatch("poll", "--once", "--bookmarks", files / "bookmarks", env=env)
    assert (in_words.status, in_words.err) == (2, f"pipedrive: {outcome['problem']}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["poll", "--once"], "name a folder for bookmarks: --bookmarks, or STALLWATCH_BOOKMARKS"),
        (["poll", "--once", "--bookmarks", "b"], "has nothing that could be polled"),
        (["publish", "deals.csv", "--dry-run"], "no export that is known has the columns Deal No, Phase, Changed"),
        (["publish", "deals.csv", "--dry-run", "--mapping", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    arguments: list[str], said: str, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    told = stallwatch(*arguments)
    assert (told.status, told.out) == (2, "")
    assert said in told.err
    assert told.err.count("\n") == 1

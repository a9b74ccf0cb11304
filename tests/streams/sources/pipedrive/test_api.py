"""The poll, against a server that is as strict as Pipedrive's API, and against ones that misbehave."""

import logging
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from detectors.core import events
from streams.sources.connection import Batch, Complete, SourceRefused, SourceUnavailable
from streams.sources.item import Item
from streams.sources.pipedrive.api import PipedriveConnection
from streams.sources.pipedrive.rest import RETRIES
from streams.sources.pipedrive.settings import Pipedrive

from .company import TOKEN, Company, Served, a_quarter
from .reading import OURS, told

NOW = datetime(2026, 3, 23, 9, tzinfo=UTC)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


class Polled:
    """A connection to a server of the test's, and the bookmark that is kept for it."""

    def __init__(self, server: HTTPServer, token_file: Path, **settings: Any) -> None:
        self.server = server
        where = {"api_url": server.url_for("").rstrip("/"), "token_file": token_file, "timeout_seconds": 5}
        self.connection = PipedriveConnection(OURS.model_copy(update=where | settings), backoff=0)
        self.bookmark: dict[str, Any] = {}

    def serve(self, answer: Any) -> None:
        self.server.clear()
        self.server.expect_request(re.compile(".*")).respond_with_handler(answer)

    def round(self, now: datetime = NOW) -> Iterator[Batch | Complete]:
        for part in self.connection.round(self.bookmark, now):
            if isinstance(part, Batch):
                self.bookmark = dict(part.bookmark)
            yield part

    def items(self, now: datetime = NOW) -> list[Item]:
        return [item for part in self.round(now) if isinstance(part, Batch) for item in part.items]


@pytest.fixture
def polled(httpserver: HTTPServer, token_file: Path) -> Polled:
    return Polled(httpserver, token_file)


def ids(items: list[Item]) -> set[str]:
    return {event.id for item in items for event in item.events}


def test_a_round_gives_everything_and_says_so_at_its_end(polled: Polled) -> None:
    polled.serve(Served(a_quarter()))
    *batches, end = polled.round()
    assert all(isinstance(batch, Batch) for batch in batches)
    assert isinstance(end, Complete)
    assert (end.through, set(end.covers) <= set(events.TYPES)) == (NOW, True)
    items = [item for batch in batches if isinstance(batch, Batch) for item in batch.items]
    assert [item.refusal for item in items if item.refusal] == []
    assert {event.subject for item in items for event in item.events} == {"8", "9", "10"}


def test_the_second_round_asks_only_for_what_is_new_and_tells_it(polled: Polled) -> None:
    us = a_quarter()
    served = Served(us)
    polled.serve(served)
    before = ids(polled.items())
    served.asked.clear()
    us.change("22 10:00", 9, stage_id=3)
    after = polled.items(NOW + timedelta(hours=1))
    assert ids(after) - before == {"deal-9-stage_id-20260322T100000Z", "deal-9-update_time-20260322T100000Z"}
    # deal 8 was the newest before: a round begins a little before what it knows
    assert {each.split("/")[4] for each in served.asked if "/flow" in each} == {"8", "9"}
    assert not [each for each in served.asked if "api_token" in each or TOKEN in each]


def test_the_same_round_again_is_the_same_events(polled: Polled) -> None:
    polled.serve(Served(a_quarter()))
    first = told(polled.items())
    polled.bookmark = {}
    assert told(polled.items()) == first


def test_a_round_that_broke_off_goes_on_where_the_last_page_was(polled: Polled) -> None:
    us = Company()
    for number in range(1, 8):
        us.deal(f"0{number} 09:00", number)
    served = Served(us)
    polled.serve(served)
    parts = polled.round()
    seen = ids([item for _ in range(2) for item in next(parts).items])  # type: ignore[union-attr]
    parts.close()  # type: ignore[attr-defined]
    served.asked.clear()
    seen |= ids(polled.items())
    assert {f"deal-{number}-add_time-2026030{number}T090000Z" for number in range(1, 8)} <= seen
    assert not [each for each in served.asked if "/deals/1/" in each]


def test_a_person_that_changes_is_told_to_their_deals(polled: Polled) -> None:
    us = a_quarter()
    polled.serve(Served(us))
    polled.items()
    us.persons[31] |= {"job_title": "Chairman", "update_time": "2026-03-23T12:00:00Z"}
    found = [each for each in told(polled.items()) if each["type"] == "crm.contact.changed"]
    assert {(each["subject"], each["data"]["title"], each["time"]) for each in found} == {  # type: ignore[index]
        ("8", "Chairman", "2026-03-23T12:00:00Z"),
        ("10", "Chairman", "2026-03-23T12:00:00Z"),
    }


def test_who_takes_part_in_a_deal_is_on_it(polled: Polled) -> None:
    us = a_quarter()
    us.participants[8] = [32]
    polled.serve(Served(us))
    assert "person-32-deal-8-20260302T090000Z" in ids(polled.items())


def test_a_deal_that_is_archived_is_pursued_no_more(polled: Polled) -> None:
    us = Company()
    us.deal("02 09:00", 8)
    polled.serve(Served(us))
    polled.items()
    us.deals[8] |= {"is_archived": True, "archive_time": "2026-03-09T08:00:00Z", "update_time": "2026-03-09T08:00:00Z"}
    (last,) = [each for each in told(polled.items()) if each["id"] == "deal-8-update_time-20260309T080000Z"]
    assert {"status": "lost", "lost_reason": "archived in Pipedrive"}.items() <= last["data"].items()  # type: ignore[attr-defined]


def test_without_its_log_a_deal_is_told_as_it_stands(httpserver: HTTPServer, token_file: Path) -> None:
    polled = Polled(httpserver, token_file, history=False)
    served = Served(a_quarter())
    polled.serve(served)
    found = ids(polled.items())
    assert {"deal-8-opened-20260302T090000Z", "deal-8-status-20260320T160000Z"} <= found
    assert not [each for each in served.asked if "/flow" in each]


class Instead:
    """A server that first answers something else, a few times or always."""

    def __init__(self, *answer: Any, times: int | None = None, path: str = "/api/") -> None:
        self.answer, self.left, self.path = answer, times, path
        self.asked = 0
        self.served = Served(a_quarter())

    def __call__(self, request: Request) -> Response:
        if request.path.startswith(self.path) and self.left != 0:
            self.asked += 1
            self.left = None if self.left is None else self.left - 1
            status, content, *headers = self.answer
            return Response(content, status, headers=dict(headers))
        return self.served(request)


def test_a_server_that_fails_for_a_moment_is_asked_again(polled: Polled) -> None:
    polled.serve(Served(a_quarter()))
    whole = told(polled.items())
    polled.bookmark = {}
    for status in (429, 500, 502, 503, 504):
        instead = Instead(status, "busy", ("Retry-After", "0"), times=2)
        polled.serve(instead)
        assert told(polled.items()) == whole
        assert instead.asked == 2
        polled.bookmark = {}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, "busy"), "it fails (503)"),
        ((429, "slow down", ("Retry-After", "0")), "no more requests are taken for now (429)"),
        ((200, "<html>maintenance</html>"), "what it answers is no JSON"),
        ((200, '{"success": true, "data": ['), "what it answers is no JSON"),
        ((200, "[" * 100_000), "what it answers is no JSON"),
        ((200, "[]"), "it answers, but not that it succeeded"),
        ((200, '{"success": false, "data": []}'), "it answers, but not that it succeeded"),
        ((200, '{"success": true, "data": [1]}'), "what came is no list of objects"),
        ((200, '{"success": true, "data": {"id": 1}}'), "what came is no list of objects"),
    ],
)
def test_a_server_that_goes_on_failing_is_unavailable(answer: Any, said: str, polled: Polled) -> None:
    instead = Instead(*answer)
    polled.serve(instead)
    with pytest.raises(SourceUnavailable) as error:
        list(polled.round())
    assert said in str(error.value)
    assert instead.asked <= RETRIES + 1


@pytest.mark.parametrize("path", ["/api/v2/deals", "/api/v1/deals/8/flow", "/api/v2/persons", "/api/v2/activities"])
def test_a_round_in_which_something_is_missing_is_not_called_complete(path: str, polled: Polled) -> None:
    polled.serve(Instead(200, "<html>", path=path))
    seen: list[Batch | Complete] = []
    with pytest.raises(SourceUnavailable):
        seen.extend(polled.round())
    assert not [part for part in seen if isinstance(part, Complete)]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "the token is not accepted (401)"),
        (402, "the account is not open (402)"),
        (403, "the token's user may not see this (403)"),
        (404, "there is no such thing: is company_domain right? (404)"),
        (400, "it refuses the request (400)"),
    ],
)
def test_what_must_be_mended_is_refused(status: int, said: str, polled: Polled) -> None:
    polled.serve(Instead(status, '{"success": false}'))
    with pytest.raises(SourceRefused) as error:
        list(polled.round())
    assert said in str(error.value)


def test_a_redirect_is_not_followed_lest_the_token_goes_along(polled: Polled, httpserver: HTTPServer) -> None:
    elsewhere = Instead(302, "", ("Location", httpserver.url_for("/stolen")))
    polled.serve(elsewhere)
    with pytest.raises(SourceRefused, match="it sends us elsewhere"):
        list(polled.round())
    assert elsewhere.asked == 1


def test_a_deal_that_is_gone_by_now_has_no_log(polled: Polled) -> None:
    polled.serve(Instead(404, '{"success": false}', path="/api/v1/deals/9/flow"))
    assert "deal-9-opened-20260302T100000Z" in ids(polled.items())


def test_pages_that_come_to_no_end_are_left(polled: Polled) -> None:
    endless = '{"success": true, "data": [], "additional_data": {"next_cursor": "again"}}'
    polled.serve(Instead(200, endless, path="/api/v2/deals"))
    with pytest.raises(SourceUnavailable, match="come to no end"):
        list(polled.round())


def test_a_token_that_is_not_accepted_is_never_said(polled: Polled, token_file: Path, caplog: Any) -> None:
    token_file.write_text("another-secret")
    polled.serve(Served(a_quarter()))
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceRefused) as error:
        list(polled.round())
    assert "another-secret" not in caplog.text + str(error.value)


def test_an_answer_that_breaks_off_is_none(polled: Polled) -> None:
    def broken(_request: Request) -> Response:
        return Response(iter([b'{"success": true, ', b'"data": []']), headers={"Content-Length": "99"})

    polled.serve(broken)
    with pytest.raises(SourceUnavailable, match="broke off"):
        list(polled.round())


def test_a_token_that_cannot_be_one_is_refused_unsaid(polled: Polled, token_file: Path) -> None:
    token_file.write_text("schlüssel€")
    with pytest.raises(SourceRefused) as error:
        list(polled.round())
    assert "schl" not in str(error.value)


def test_a_server_that_hangs_is_not_waited_for(httpserver: HTTPServer, token_file: Path) -> None:
    polled = Polled(httpserver, token_file, timeout_seconds=0.05)
    over = threading.Event()

    def hang(_request: Request) -> Response:
        over.wait(30)
        return Response("")

    polled.serve(hang)
    with pytest.raises(SourceUnavailable, match="it does not answer in time"):
        list(polled.round())
    over.set()


def test_a_server_that_is_not_there_is_unavailable(token_file: Path) -> None:
    where = {"api_url": "http://127.0.0.1:1", "token_file": token_file}
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        list(PipedriveConnection(OURS.model_copy(update=where), backoff=0).round({}, NOW))


def test_a_connection_needs_to_know_where_and_as_whom(token_file: Path) -> None:
    with pytest.raises(SourceRefused, match="company_domain"):
        PipedriveConnection(Pipedrive(token_file=token_file))
    with pytest.raises(SourceRefused, match="token_file"):
        PipedriveConnection(Pipedrive(company_domain="acme"))
    with pytest.raises(SourceRefused, match="missing"):
        list(PipedriveConnection(Pipedrive(company_domain="acme", token_file=token_file / "missing")).round({}, NOW))

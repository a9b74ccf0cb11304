"""The worker's server, asked over a real socket."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from aiohttp.web import Application, Request
from yarl import URL

from detectors.core.registry import catalogue
from streams.answer import Answer, to_json
from streams.web.pages import render
from streams.web.pages.board import ROWS
from streams.web.pages.formats import deal_path
from streams.web.server import build, is_from_here
from tests.streams.sample_deals import Shelf, crm, day, ping_pong

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


@asynccontextmanager
async def serving(shelf: Shelf) -> AsyncIterator[TestClient[Request, Application]]:
    async with TestClient(TestServer(build(shelf))) as client:
        yield client


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf(day(7))
    shelf.add("D-1", crm(name="Acme", amount=48_000, currency="EUR"), *ping_pong(3))
    return shelf


async def test_pages_and_metrics_are_there(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        for path in ("/deals", "/deals/D-1", "/catalogue"):
            page = await client.get(path, headers=BROWSER)
            assert (page.status, page.content_type, page.charset) == (200, "text/html", "utf-8")
        metrics = await client.get("/metrics")
        assert metrics.headers["Content-Type"].startswith("text/plain; version=")
        assert await metrics.read() == shelf.metrics()


async def test_the_catalogue_has_a_place_for_each_detector_that_alerts_link_to(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        page = await (await client.get("/catalogue", headers=BROWSER)).text()
        for detector in catalogue():
            assert f'id="{detector}"' in page


async def test_the_root_leads_to_the_deals(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        answer = await client.get("/", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/deals")


async def test_a_deal_as_json_is_what_the_findings_topic_carries(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        one = await client.get("/deals/D-1", headers=JSON)
        everything = await client.get("/deals", headers=JSON)

        assert one.content_type == "application/json"
        assert await one.read() == to_json(shelf.told["D-1"])
        assert await everything.json() == [json.loads(to_json(shelf.told["D-1"]))]
        assert one.headers["Vary"] == "Accept"


async def test_json_is_told_page_by_page_too() -> None:
    shelf = Shelf(day(2))
    for number in range(ROWS + 1):
        shelf.add(f"D-{number}", crm(amount=number))
    async with serving(shelf) as client:
        first = await client.get("/deals", headers=JSON)
        assert len(await first.json()) == ROWS
        assert first.headers["X-Total-Count"] == str(ROWS + 1)
        second = await client.get(str(first.links["next"]["url"].relative()), headers=JSON)
        assert [each["deal_id"] for each in await second.json()] == ["D-0"]
        assert "next" not in second.links


@pytest.mark.parametrize(
    "deal_id",
    [
        "a/b",
        "/",
        "a%2Fb",
        "100%",
        "%252F",
        "a?b#c",
        "a b+c",
        "{id}",
        "\"'<>&",
        "köln/東京 🚀",
        "..%2f..",
        "../../metrics",
        "a\\b;c,d",
        "x" * 1_024,
    ],
)
async def test_a_deal_of_any_id_is_found_by_the_boards_link(deal_id: str) -> None:
    shelf = Shelf(day(7))
    shelf.add(deal_id, crm(name="Acme"))
    async with serving(shelf) as client:
        board = await (await client.get("/deals", headers=BROWSER)).text()
        path = unescape(board.partition('<a href="/deals/')[2].partition('"')[0])
        page = await client.get(URL("/deals/" + path, encoded=True), headers=JSON)

        assert page.status == 200
        assert (await page.json())["deal_id"] == deal_id


async def test_a_deal_of_another_worker_is_found_there(shelf: Shelf) -> None:
    shelf.other = "http://worker-2:8787/"
    async with serving(shelf) as client:
        answer = await client.get(URL(deal_path("a/b \r\nX: y"), encoded=True), allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (307, "http://worker-2:8787/deals/a%2Fb%20%0D%0AX%3A%20y")
        assert (await client.get("/deals/D-1", allow_redirects=False)).status == 200  # its own it tells itself


async def test_what_is_not_there_is_said_in_the_form_that_was_asked_for(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        page = await client.get("/deals/%3Cimg%3E", headers=BROWSER)
        assert (page.status, page.content_type) == (404, "text/html")
        assert "&lt;img&gt;" in await page.text()
        plain = await client.get("/deals/D-2", headers=JSON)
        assert (plain.status, plain.content_type) == (404, "text/plain")
        assert await plain.text() == "404 Not Found: No deal is known here by the id D-2.\n"
        assert (await client.get("/nowhere")).status == 404


async def test_only_what_the_contract_names_may_be_posted(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        refused = await client.post("/deals")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET,HEAD")
        assert (await client.get("/-/reload")).status == 405
        assert shelf.reloads == 0


@pytest.mark.parametrize(
    "path", ["/deals", "/deals/D-1", "/deals/D-2", "/catalogue", "/metrics", "/nowhere", "/healthz", "/"]
)
async def test_every_answer_says_what_a_browser_may_do_with_it(shelf: Shelf, path: str) -> None:
    async with serving(shelf) as client:
        headers = (await client.get(path, headers=BROWSER, allow_redirects=False)).headers
        policy = headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] == "stallwatch"


async def test_the_stylesheet_is_kept_and_changes_its_address_with_its_content(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        assert f'href="{render.STYLE_PATH}"' in await (await client.get("/deals")).text()
        style = await client.get(render.STYLE_PATH)
        assert (style.status, style.content_type) == (200, "text/css")
        assert "immutable" in style.headers["Cache-Control"]


async def test_health_and_readiness_say_their_reason_in_one_line(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        for path in ("/healthz", "/readyz"):
            well = await client.get(path)
            assert (well.status, await well.text()) == (200, "ok\n")
        shelf.complaint, shelf.unready = "no progress\nfor 41 s", "taking over partitions"
        ill, unready = await client.get("/healthz"), await client.get("/readyz")
        assert (ill.status, await ill.text()) == (503, "no progress for 41 s\n")
        assert (unready.status, await unready.text()) == (503, "taking over partitions\n")
        page = await (await client.get("/deals")).text()
        assert "taking over partitions. What is shown may be incomplete." in page
        assert (await client.get("/metrics")).status == 200


async def test_rules_are_reloaded_and_a_bad_file_is_told(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        assert (await client.post("/-/reload")).status == 200
        shelf.problem = "rules.yaml:3: detectors: unknown name 'gone_quit', did you mean 'gone_quiet'?"
        refused = await client.post("/-/reload")
        assert (refused.status, await refused.text()) == (500, shelf.problem + "\n")
        assert shelf.reloads == 2


@pytest.mark.parametrize("header", ["Origin", "X-Forwarded-For", "Forwarded"])
async def test_neither_a_proxy_nor_another_sites_page_reloads_the_rules(shelf: Shelf, header: str) -> None:
    async with serving(shelf) as client:
        refused = await client.post("/-/reload", headers={header: "http://evil.example"})
        assert (refused.status, shelf.reloads) == (403, 0)


@pytest.mark.parametrize(
    ("peer", "is_here"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("", False),
    ],
)
def test_only_this_machine_is_here(peer: str, is_here: bool) -> None:
    assert is_from_here(make_mocked_request("POST", "/-/reload").clone(remote=peer)) is is_here


async def test_a_failure_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Shelf):
        def answer(self, deal_id: str) -> Answer | None:
            raise LookupError("the secret of the house")

    async with serving(Broken()) as client:
        with caplog.at_level(logging.ERROR, "stallwatch.web"):
            page = await client.get("/deals/D-1", headers=BROWSER)
        assert page.status == 500
        assert "secret" not in await page.text()
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "the secret of the house" in caplog.text
        assert (await client.get("/healthz")).status == 200

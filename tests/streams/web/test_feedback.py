"""Verdicts from the deals' pages: what is written into the inbox, and what comes of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from detectors.core import events
from streams.alerting.peers import Peers
from streams.settings import Http, Settings
from streams.web.access import Access
from streams.web.feedback import Verdicts
from streams.web.inbox import Inbox, InboxUnavailable
from streams.web.pages.formats import deal_path
from streams.web.people import People
from streams.web.server import build
from streams.wire import Send, partition_of
from tests.streams.sample_deals import Shelf, crm, day, ping_pong
from tests.streams.web.test_access import BROWSER, JSON, PEOPLE, bearer

Client = TestClient[Request, Application]


class Kept(Inbox):
    """What would stand in Kafka; `away` while it takes nothing."""

    away = False

    def __init__(self) -> None:
        super().__init__(Settings())
        self.sends: list[Send] = []

    async def write(self, sends: Sequence[Send]) -> None:
        if self.away:
            raise InboxUnavailable("Kafka does not take it now")
        self.sends += sends

    @property
    def events(self) -> list[Any]:
        return [orjson.loads(send.value or b"") for send in self.sends]

    def apply(self, shelf: Shelf) -> None:
        """What the monitor does with it."""
        for send in self.sends:
            event = events.parse(send.value or b"")
            assert event.subject
            shelf.deals[event.subject] = shelf.deals[event.subject].apply(event)
            shelf.renew(event.subject)
        self.sends.clear()


@pytest.fixture
def inbox() -> Kept:
    return Kept()


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf(day(7))
    shelf.add("D-1", crm(owner="ann@us.example", team="emea"), *ping_pong(3))
    shelf.add("a/b", crm(owner="bob@us.example"), *ping_pong(3))
    return shelf


@asynccontextmanager
async def serving(shelf: Shelf, inbox: Kept, people: People | None = None) -> AsyncIterator[Client]:
    verdicts = Verdicts(Settings(clock="events"), inbox, Peers(()))
    site = build(shelf, access=Access(Http(), people or {}, ""), verdicts=verdicts)
    async with TestClient(TestServer(site)) as client:
        yield client


def said(verdict: str = "noise", **fields: str) -> Mapping[str, str]:
    return {"detector": "reply_only", "verdict": verdict, **fields}


async def test_a_verdict_becomes_an_event_of_the_deal(shelf: Shelf, inbox: Kept) -> None:
    async with serving(shelf, inbox, PEOPLE) as client:
        answer = await client.post(
            "/deals/D-1/feedback",
            data=said(reason=" their  lawyer asks "),
            headers=BROWSER | bearer("ann"),
            allow_redirects=False,
        )
    assert (answer.status, answer.headers["Location"]) == (303, "/deals/D-1?given=noise&on=reply_only")
    [send], [event] = inbox.sends, inbox.events
    assert (send.topic, send.key, send.partition) == (
        "inbox",
        b"D-1",
        partition_of(b"D-1", Settings().topics.partitions),
    )
    assert (event["source"], event["type"], event["subject"]) == ("stallwatch/pages", "finding.feedback", "D-1")
    assert event["data"] == {
        "detector": "reply_only",
        "verdict": "noise",
        "reason": "their lawyer asks",
        "by": "ann@us.example",
    }


async def test_the_page_says_what_was_given_and_then_what_stands(shelf: Shelf, inbox: Kept) -> None:
    async with serving(shelf, inbox) as client:
        page = await (await client.post("/deals/a%2Fb/feedback", data=said(), headers=BROWSER)).text()
        assert "Ping-pong: noted as noise" in page
        assert "Called <b>noise</b>" not in page
        inbox.apply(shelf)
        page = await (await client.get("/deals/a%2Fb", headers=BROWSER)).text()
        assert "Called <b>noise</b>" in page
        assert "noted as noise" not in page
    assert [finding.severity for finding in shelf.told["a/b"].open_findings] == ["info"]
    assert not shelf.told["a/b"].stalls


async def test_scripts_say_it_in_json(shelf: Shelf, inbox: Kept) -> None:
    async with serving(shelf, inbox, PEOPLE) as client:
        answer = await client.post("/deals/D-1/feedback", json=said("useful"), headers=JSON | bearer("boss"))
        assert answer.status == 202
        event = inbox.events[0]
        assert (await answer.json())["event"] == f"stallwatch/pages/{event['id']}"
        assert event["data"]["by"] == "boss@us.example"


async def test_the_same_click_twice_is_one_event_and_a_change_of_mind_another(shelf: Shelf, inbox: Kept) -> None:
    async with serving(shelf, inbox) as client:
        for verdict in ("noise", "noise", "useful"):
            assert (await client.post("/deals/D-1/feedback", data=said(verdict, after=""))).status == 202
        first, again, other = [each["id"] for each in inbox.events]
        assert first == again != other
        inbox.apply(shelf)
        for _ in range(2):
            await client.post("/deals/D-1/feedback", data=said("noise"))
        assert len({each["id"] for each in inbox.events} | {first}) == 2
        inbox.apply(shelf)
    # the clock stood still, and yet the last word counts
    assert shelf.deals["D-1"].deal.verdicts["reply_only"].verdict == "noise"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "detector: say on which"),
        ({"detector": "reply_only"}, "verdict: say useful"),
        ({"detector": "reply_only", "verdict": "bad"}, "data.verdict"),
        ({"detector": "ghosted", "verdict": "noise"}, "this deal has no finding of ghosted"),
        ({"detector": "gone_quiet", "verdict": "noise"}, "this deal has no finding of gone_quiet"),
        ({"detector": "<b>", "verdict": "noise"}, "no finding of <b>"),
        ({"detector": "reply_only", "verdict": "noise", "reason": "x" * 501}, "at most 500"),
        ({"detector": "reply_only", "verdict": "snooze", "until": "tomorrow"}, "data.until"),
        ({"detector": "reply_only", "verdict": "snooze"}, "until: say until when"),
        *(
            ({"detector": "reply_only", "verdict": "snooze", "days": days, "reason": "x"}, "whole number from 1 to 90")
            for days in ("x", "0", "-3", "1.5", "91", "9999", "٣")
        ),
        ({"detector": "reply_only", "verdict": "snooze", "days": "7"}, "a snooze needs a reason"),
        (
            {"detector": "reply_only", "verdict": "snooze", "until": "2199-01-01T00:00:00Z", "reason": "x"},
            "up to 90 days",
        ),
    ],
)
async def test_what_is_no_verdict_is_refused_with_its_reason(
    shelf: Shelf, inbox: Kept, fields: dict[str, str], problem: str
) -> None:
    async with serving(shelf, inbox) as client:
        refused = await client.post("/deals/D-1/feedback", json=fields)
        assert refused.status == 400
        assert problem in await refused.text()
    assert not inbox.sends


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[1]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"detector": 1}', "application/json", 400),
        (b"x", "text/plain", 415),
        (b"x", "multipart/form-data; boundary=x", 415),
        (b"detector=%FF&verdict=noise", "application/x-www-form-urlencoded", 400),
        (b"x=" + b"y" * 20_000, "application/x-www-form-urlencoded", 413),
    ],
)
async def test_no_body_whatever_breaks_it(shelf: Shelf, inbox: Kept, body: bytes, kind: str, status: int) -> None:
    async with serving(shelf, inbox) as client:
        assert (await client.post("/deals/D-1/feedback", data=body, headers={"Content-Type": kind})).status == status
    assert not inbox.sends


async def test_nobody_judges_deals_that_they_do_not_see(shelf: Shelf, inbox: Kept) -> None:
    async with serving(shelf, inbox, PEOPLE) as client:
        assert (await client.post("/deals/D-1/feedback", data=said())).status == 401
        assert (await client.post("/deals/D-1/feedback", data=said(), headers=bearer("bob"))).status == 404
        assert (await client.post("/deals/nothing/feedback", data=said(), headers=bearer("ops"))).status == 404
    assert not inbox.sends


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_no_other_site_judges_in_somebodys_name(shelf: Shelf, inbox: Kept, headers: dict[str, str]) -> None:
    async with serving(shelf, inbox) as client:
        assert (await client.post("/deals/D-1/feedback", data=said(), headers=headers)).status == 403
    assert not inbox.sends


async def test_while_kafka_is_away_it_is_said_that_nothing_was_noted(shelf: Shelf, inbox: Kept) -> None:
    inbox.away = True
    async with serving(shelf, inbox) as client:
        refused = await client.post("/deals/D-1/feedback", data=said(), headers=BROWSER)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert "Say it again later" in await refused.text()


async def test_without_an_alertmanager_nothing_is_snoozed(shelf: Shelf, inbox: Kept) -> None:
    async with serving(shelf, inbox) as client:
        refused = await client.post("/deals/D-1/feedback", data=said("snooze", days="7", reason="on leave"))
        assert refused.status == 503
        assert "no Alertmanager is named" in await refused.text()
        assert "Alert nobody" not in await (await client.get("/deals/D-1", headers=BROWSER)).text()
    assert not inbox.sends


async def test_a_deal_that_has_moved_is_judged_where_it_is(shelf: Shelf, inbox: Kept) -> None:
    shelf.other = "http://worker-2:8787"
    async with serving(shelf, inbox) as client:
        path = deal_path("x/y") + "/feedback"
        script = await client.post(path, json=said(), allow_redirects=False)
        assert (script.status, script.headers["Location"]) == (307, "http://worker-2:8787/deals/x%2Fy/feedback")
        browser = await client.post(path, data=said(), headers=BROWSER)
        assert browser.status == 409
        assert "open its page anew" in await browser.text()


@pytest.mark.parametrize("query", ["given=noise&on=nothing", "given=<b>&on=reply_only", "given=noise", "on=reply_only"])
async def test_a_link_puts_no_words_into_the_page(shelf: Shelf, inbox: Kept, query: str) -> None:
    async with serving(shelf, inbox) as client:
        assert "noted" not in await (await client.get(f"/deals/D-1?{query}", headers=BROWSER)).text()

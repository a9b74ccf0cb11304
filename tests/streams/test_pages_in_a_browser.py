"""The pages in a real browser: on a phone and a desktop, light and dark, by keyboard, for those who do not see them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from streams.alerting.peers import Peers
from streams.settings import Http, Settings
from streams.web.access import Access
from streams.web.feedback import Verdicts
from streams.web.pages.formats import anchor
from streams.web.people import People
from streams.web.server import build
from tests.needs import require
from tests.streams.played import played
from tests.streams.sample_deals import Shelf, crm, day, meeting, ping_pong, verdict
from tests.streams.web.test_access import PEOPLE, TOKENS
from tests.streams.web.test_feedback import Kept

PHONE = ViewportSize(width=390, height=844)
DESKTOP = ViewportSize(width=1280, height=900)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3


@dataclass
class Visit:
    """A page in a browser, where its server is, and what the browser complained of."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str) -> Page:
        await self.page.goto(self.base + path)
        return self.page


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    program = require("chromium", "chromium-browser", "google-chrome")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        await started.close()


@asynccontextmanager
async def visiting(
    shelf: Shelf, size: ViewportSize = DESKTOP, people: People | None = None, inbox: Kept | None = None, **how: Any
) -> AsyncIterator[Visit]:
    peers = Peers(("http://127.0.0.1:9",))
    verdicts = Verdicts(Settings(clock="events"), inbox or Kept(), peers)
    site = build(shelf, access=Access(Http(), people or {}, ""), verdicts=verdicts)
    async with TestServer(site) as server, browser() as started:
        visit = Visit(await started.new_page(viewport=size, **how), f"http://{server.host}:{server.port}")
        visit.page.set_default_timeout(10_000)
        visit.page.on("console", lambda said: visit.complaints.append(said.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        yield visit
        # a policy that a page of ours breaks is told here, too
        assert visit.complaints == []


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf(day(10))
    shelf.add(
        "D-1",
        crm(
            name="Acme", stage="Discovery", close_date="2026-03-05", amount=48_000, owner="ann@us.example", team="emea"
        ),
        crm(1, stage="Demo"),
        meeting(2),
        *ping_pong(5, first_day=3),
        crm(8.2, close_date="2026-03-08"),
        verdict(8.5, "useful", by="ann@us.example", reason="quite so"),
    )
    shelf.add("D-2", crm(name=LONG, stage=LONG[:100], team=LONG, owner=f"{LONG[:60]}@us.example", amount=7))
    shelf.add("D-3", crm(name="Quiet", owner="bob@us.example"))
    return shelf


# -- what it looks like


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_page_fits_and_can_be_read_by_everybody(shelf: Shelf, size: ViewportSize, scheme: str) -> None:
    async with visiting(shelf, size, PEOPLE, color_scheme=scheme) as visit:
        page = await visit.go("/log-in")
        await assert_usable(page)
        await log_in(page, "ops")
        for path in ("/deals", "/deals/D-1", "/deals/D-2"):
            await assert_usable(await visit.go(path))
        await assert_fits(await visit.go("/catalogue"))


async def test_the_catalogue_can_be_read_by_everybody(shelf: Shelf) -> None:
    async with visiting(shelf) as visit:
        await assert_usable(await visit.go("/catalogue"))


async def test_the_deals_of_a_company_fit_too() -> None:
    shelf = played()
    async with visiting(shelf, PHONE) as visit:
        for deal_id in list(shelf.told)[-12:]:
            await assert_fits(await visit.go(f"/deals/{deal_id}"))


async def assert_usable(page: Page) -> None:
    await assert_fits(page)
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"


async def assert_fits(page: Page) -> None:
    wide, room = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, page.url


# -- the picture


async def test_ping_pong_is_seen_and_leads_to_its_mails(shelf: Shelf) -> None:
    async with visiting(shelf) as visit:
        page = await visit.go("/deals/D-1")

        assert await page.get_by_role(
            "group", name=re.compile("^The exchange: 5 touches by the buyer; 5 touches by us")
        ).count()
        joins = await page.locator(".exchange line.join.us").evaluate_all(
            "lines => lines.map(line => line.getBoundingClientRect()).map(box => [box.top, box.height, box.width])"
        )
        assert len(joins) == 5
        assert all(height > 60 and width > 0 for _, height, width in joins)

        await page.locator(f'.exchange a[href="#{anchor("test/out-5")}"]').click()
        place = page.locator(f'[id="{anchor("test/out-5")}"]')
        assert await place.evaluate("place => place.getBoundingClientRect().top < innerHeight")
        assert await place.locator(".entry").evaluate("entry => getComputedStyle(entry).outlineStyle") == "solid"


async def test_evidence_leads_to_its_event(shelf: Shelf) -> None:
    async with visiting(shelf, PHONE) as visit:
        page = await visit.go("/deals/D-1")
        link = page.locator("#f-reply_only a.event").first
        target = await link.get_attribute("href")
        await link.click()
        assert page.url.endswith(str(target))
        assert await page.locator(f'[id="{str(target)[1:]}"]').evaluate(
            "place => place.getBoundingClientRect().top >= 0 && place.getBoundingClientRect().top < innerHeight"
        )


# -- without a mouse, and without scripts


async def test_the_keyboard_reaches_everything_in_order(shelf: Shelf) -> None:
    async with visiting(shelf) as visit:
        page = await visit.go("/deals")
        await page.keyboard.press("Tab")
        assert await focused(page) == "Skip to the content"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "content"
        reached = []
        for _ in range(9):
            await page.keyboard.press("Tab")
            reached.append(await focused(page))
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert reached[4:7] == ["Show", "Acme", "Ping-pong"]


async def test_the_filters_work_without_scripts(shelf: Shelf) -> None:
    async with visiting(shelf, java_script_enabled=False) as visit:
        page = await visit.go("/deals")
        await page.get_by_label("Owner").select_option("bob@us.example")
        await page.get_by_role("button", name="Show").press("Enter")
        await page.wait_for_url("**/deals?owner=bob*")
        assert await page.locator("tbody th a").all_inner_texts() == ["Quiet"]
        await page.get_by_role("link", name="Clear").click()
        await page.get_by_label("Worth at least").fill("40000")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**least=40000")
        assert await page.locator("tbody th a").all_inner_texts() == ["Acme"]


# -- who looks, and what they say


async def test_a_rep_logs_in_judges_a_finding_and_leaves(shelf: Shelf) -> None:
    inbox = Kept()
    async with visiting(shelf, PHONE, PEOPLE, inbox, java_script_enabled=False) as visit:
        page = await visit.go("/deals/D-1")
        assert "/log-in?to=/deals/D-1" in page.url
        await log_in(page, "ann")
        assert page.url == f"{visit.base}/deals/D-1"

        finding = page.locator("#f-reply_only")
        await finding.get_by_label("Is this right?").fill("they <b>like</b> it so")
        await finding.get_by_role("button", name="Noise").click()
        assert await page.get_by_role("status").inner_text() == (
            "Ping-pong: noted as noise. It is muted in a moment, until something new speaks for it."
        )
        inbox.apply(shelf)
        await page.reload()
        assert "Called noise" in await finding.inner_text()
        assert "by ann@us.example: they <b>like</b> it so." in await finding.locator(".said").inner_text()
        assert await finding.locator("h3").inner_text() == "muted Ping-pong"

        await page.get_by_role("link", name="All deals").click()
        assert await page.locator("tbody th a").all_inner_texts() == ["Acme"]
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/log-in")
        await visit.go("/deals")
        assert "/log-in" in page.url


async def test_another_sites_page_can_neither_post_nor_frame(shelf: Shelf) -> None:
    inbox = Kept()
    async with visiting(shelf, DESKTOP, PEOPLE, inbox) as visit:
        await log_in(await visit.go("/log-in"), "ann")
        # to browsers, localhost is another site than 127.0.0.1
        evil = f"""<form method="post" action="{visit.base}/deals/D-1/feedback">
            <input name="detector" value="reply_only"><button name="verdict" value="noise">win</button></form>
            <iframe src="{visit.base}/deals/D-1"></iframe>"""
        await visit.page.route(
            "http://evil.localhost/", lambda route: route.fulfill(body=evil, content_type="text/html")
        )
        await visit.page.goto("http://evil.localhost/")
        frame = visit.page.frames[1]
        assert "Acme" not in await frame.content()
        await visit.page.get_by_role("button", name="win").click()
        await visit.page.wait_for_load_state()
        assert "Forbidden" in await visit.page.content() or "Log in" in await visit.page.content()
        assert not inbox.sends
        visit.complaints.clear()


async def log_in(page: Page, name: str) -> None:
    await page.get_by_label("Your token").fill(TOKENS[name])
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(lambda url: "/log-in" not in url)


async def focused(page: Page) -> str:
    return str(await page.evaluate("(document.activeElement.innerText || document.activeElement.name || '').trim()"))

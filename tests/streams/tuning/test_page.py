"""A backtest as one HTML file: what it says, that it needs nothing else, and that a browser shows it to everybody."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page as BrowserPage
from playwright.async_api import ViewportSize, async_playwright

from detectors.core.rules import Rules
from streams.rules_view import Difference
from streams.tuning.backtest import Backtest, measure
from streams.tuning.comparison import Comparison, compare
from streams.tuning.endings import Endings
from streams.tuning.figures import names
from streams.tuning.lives import Life
from streams.tuning.page import page
from tests.needs import require
from tests.streams.test_pages import HOSTILE, Page
from tests.streams.tuning.made_lives import day, episode, life

PHONE = ViewportSize(width=360, height=780)
DESKTOP = ViewportSize(width=1280, height=900)
DETECTORS = ("gone_quiet", "ghosted", "reply_only", "stage_overstay", "missing_fields", "owed_reply", "users_only")
ENDINGS = Endings.of(["lost_reason~silent"], ["pipeline=default"])


def a_quarter(quiet_days: int) -> list[Life]:
    """Ninety deals of three reps, a third of them lost in silence; names and people are those of somebody hostile."""
    return [_a_deal(number, quiet_days) for number in range(90)]


def _a_deal(number: int, quiet_days: int) -> Life:
    facts = {"name": f"Deal {number} {HOSTILE[number % len(HOSTILE)]}", "pipeline": "default"}
    rep = f"{HOSTILE[number % 3]}@us.example"
    is_lost = number % 3 == 0
    episodes = [
        episode(detector, number / 3 + 2 + place + (quiet_days if detector == "gone_quiet" else 0))
        for place, detector in enumerate(DETECTORS)
        if number % (place + 2) == 0 or (is_lost and number % 2)
    ]
    return life(
        f"D-{number}",
        *episodes,
        began=number / 3,
        ended=None if number % 10 == 9 else number / 3 + 12 + number % 17,
        status="open" if number % 10 == 9 else "lost" if number % 3 != 1 else "won",
        owner=rep,
        amount=1_000 * number,
        currency="EUR",
        team=HOSTILE[4],
        facts=facts | {"lost_reason": "silent" if is_lost else "declined <b>by us</b>"},
    )


def measured(lives: Iterable[Life], endings: Endings = ENDINGS) -> Backtest:
    return measure(lives, endings, Rules(), day(70))


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    return measured(a_quarter(4))


@pytest.fixture(scope="module")
def comparison(backtest: Backtest) -> Comparison:
    settings = [
        Difference("detectors.gone_quiet.warn_business_days", 10, 4, "default", "new.yaml:2"),
        Difference("organization.domains", None, "<script>", "not set", "new.yaml:3"),
    ]
    return compare(measured(a_quarter(16)), backtest, "<b>old</b>.yaml", settings)


@pytest.fixture(scope="module")
def alone(backtest: Backtest) -> str:
    return page(backtest, "rules.yaml")


@pytest.fixture(scope="module")
def beside(backtest: Backtest, comparison: Comparison) -> str:
    return page(backtest, "new & better.yaml", comparison)


# -- what it says


def test_it_says_what_was_measured_and_what_is_left_out(alone: str) -> None:
    words = Page(alone).words
    assert "Measured are 90 deals of 3 reps, those of which this holds: pipeline is “default”." in words
    assert "81 deals came to an end." in words
    assert "lost_reason contains “silent”. That was the end of 27 deals; 27 were won." in words
    assert "27 deals ended neither way." in words
    assert "9 deals were still open when the history ends." in words
    assert "judge alerts, not people" in words


def test_it_warns_of_what_stands_on_few_deals(alone: str) -> None:
    words = Page(alone).words
    assert "27 bad ends, fewer than 30: recall and lead are hints at most." in words
    assert re.search(r"Fewer than 30 alerted deals have ended, so precision is a hint at most: .*gone quiet", words)


def test_what_the_pictures_show_stands_in_tables(backtest: Backtest, alone: str) -> None:
    words = Page(alone).words
    for each in backtest.figures:
        if each.kind == "detector" and each.alerted and each.precision.value is not None:
            assert f"{100 * each.precision.value:.0f} % {100 * each.precision.low:.0f}–" in words
            assert each.lead_days is None or f"{each.lead_days.median:.0f} {each.lead_days.first:.0f}–" in words
    for week in backtest.weeks:
        assert f"{week.monday} {week.reps} {week.alerts.get('warning', 0)}" in words


def test_each_picture_is_told_to_those_who_do_not_see_it(beside: str) -> None:
    images = [told["aria-label"] for tag, told in Page(beside).elements if tag == "svg" and told.get("role") == "img"]
    # one for desktops and one for phones
    assert len(images) == 10
    assert len(set(images)) == 5
    assert any(re.search(r"The buyer has gone quiet \d+ % and \d+ %", words) for words in images)


def test_where_names_would_be_a_crowd_numbers_lead_to_them() -> None:
    many = [name for name, kind in names().items() if kind == "detector"]
    lives = [life(f"D-{n}", *(episode(name, 2 + n) for name in many), ended=20) for n in range(3)]
    told = Page(page(measured(lives, Endings()), "rules.yaml"))
    keys = [attributes["class"] for tag, attributes in told.elements if tag == "ol"]
    assert keys == ["key"]


def test_detectors_that_told_of_nothing_are_named(alone: str) -> None:
    assert "No deal was told of by:" in Page(alone).words


def test_a_comparison_stands_beside_the_figures(alone: str, beside: str) -> None:
    words = Page(beside).words
    assert "What changes against <b>old</b>.yaml" in words
    assert "detectors.gone_quiet.warn_business_days: 10 → 4" in words
    assert "organization.domains: not set → <script>" in words
    assert "For example" in words
    assert "(was " in words
    assert "What changes against" not in Page(alone).words


def test_rules_that_change_nothing_are_said_to(backtest: Backtest) -> None:
    words = Page(page(backtest, "a.yaml", compare(backtest, backtest, "b.yaml"))).words
    assert "The two say the same." in words
    assert "Nothing changes" in words


@pytest.mark.parametrize(
    "lives",
    [
        [life("D-1", ended=10)],
        [life("D-1", episode("gone_quiet", 2), ended=10, status="won")],
        [life("D-1", episode("gone_quiet", 2), ended=10, owner=None)],
        [life("D-1", episode("gone_quiet", 2), ended=10), life("D-2", episode("ghosted", 2, critical=3))],
    ],
    ids=["nothing was told", "nothing ended badly", "nobody was told", "one deal"],
)
def test_whatever_there_is_to_measure_makes_a_page(lives: list[Life]) -> None:
    found = measured(lives, Endings())
    words = Page(page(found, "rules.yaml", compare(measured([lives[0]], Endings()), found, "old.yaml"))).words
    assert "What was measured" in words


# -- that it needs nothing else, and lets nobody in


def test_it_is_sound_html(beside: str) -> None:
    told = Page(beside)
    assert len(told.ids) == len(set(told.ids))
    named = {attributes["aria-labelledby"] for _, attributes in told.elements if "aria-labelledby" in attributes}
    assert named <= set(told.ids)
    assert beside.startswith("<!doctype html>")


def test_it_refers_to_nothing_outside(beside: str) -> None:
    for tag, attributes in Page(beside).elements:
        assert tag not in {"script", "link", "img", "iframe", "object", "image", "base"}
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert all(
            value.startswith("#") for name, value in attributes.items() if name in ("href", "xlink:href", "action")
        )
    assert set(re.findall(r"https?://[^\"\s<]+", beside)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert set(re.findall(r"url\((.)", beside)) <= {"#"}
    assert "@import" not in beside


def test_what_people_wrote_is_text_and_no_more(beside: str) -> None:
    assert "<script" not in beside
    assert "<img" not in beside
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", beside)
    assert "declined &lt;b&gt;by us&lt;/b&gt;" in beside


def test_pictures_have_the_colours_of_the_page_and_their_text_as_text(beside: str) -> None:
    assert "#00000" not in beside
    assert "var(--critical)" in beside
    assert "font-family: " not in re.sub(r"<style>.*?</style>", "", beside, flags=re.DOTALL)
    assert re.search(r"<text[^>]*>The buyer has gone quiet</text>", beside)


def test_the_same_backtest_gives_the_same_page(backtest: Backtest, alone: str) -> None:
    assert page(backtest, "rules.yaml") == alone


# -- in a browser


@dataclass
class Visit:
    """The page as a browser has it, and what the browser complained of or asked for."""

    page: BrowserPage
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(html: str, folder: Path, size: ViewportSize, **how: Any) -> AsyncIterator[Visit]:
    file = folder / "backtest.html"
    file.write_text(html, encoding="utf-8")
    program = require("chromium", "chromium-browser", "google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        visit = Visit(await browser.new_page(viewport=size, **how))
        visit.page.on("console", lambda said: visit.complaints.append(said.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        await visit.page.goto(file.as_uri())
        yield visit
        assert visit.requests == [file.as_uri()]
        await browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_everybody_can_read_it_and_nothing_is_cut_off(
    beside: str, tmp_path: Path, size: ViewportSize, scheme: str
) -> None:
    async with opened(beside, tmp_path, size, color_scheme=scheme) as visit:
        for details in await visit.page.locator("summary").all():
            await details.click()
        wide, room = await visit.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room
        assert await visit.page.evaluate(CUT_OFF) == []
        assert await visit.page.locator("svg[role=img]:visible").count() == 5
        assert visit.complaints == []
        # the page's policy lets no script in, so the checker's own goes into a copy without one
    unguarded = re.sub(r"<meta http-equiv=[^>]*>", "", beside)
    async with opened(unguarded, tmp_path, size, color_scheme=scheme) as visit:
        found = await Axe().run(visit.page)
        assert found.violations_count == 0, found.generate_report()


CUT_OFF = """[...document.querySelectorAll('svg[role=img]')].flatMap(svg => {
    const card = svg.closest('figure').getBoundingClientRect();
    return [...svg.querySelectorAll('text')]
        .filter(text => text.getBoundingClientRect().width)
        .filter(text => {
            const box = text.getBoundingClientRect();
            return box.left < card.left || box.right > card.right;
        }).map(text => text.textContent);
})"""


async def test_the_letters_of_a_picture_can_be_read_on_a_phone(beside: str, tmp_path: Path) -> None:
    async with opened(beside, tmp_path, PHONE) as visit:
        heights = await visit.page.evaluate(
            "[...document.querySelectorAll('svg[role=img] text')]"
            ".map(text => text.getBoundingClientRect().height).filter(height => height)"
        )
        assert heights
        assert min(heights) > 9

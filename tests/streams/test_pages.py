"""What people look at: the order of the board, the words of a deal's page, and text that nobody may trust."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.coverage import Watermark
from detectors.core.registry import catalogue
from streams.web.pages import formats, render
from streams.web.pages.board import ROWS, Wanted, board
from streams.web.pages.life import life
from streams.web.pages.runbook import runbooks
from streams.web.pages.timeline import Item, Silence, items, months
from tests.streams.sample_deals import Shelf, crm, day, inbound, meeting, outbound, ping_pong, verdict, watched

VOID = {"meta", "link", "br", "img", "input"}
INLINE = {"a", "b", "bdi", "code", "span", "time"}
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</bdi></a><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eexe.fdp\u2066 right to left",
    "a\x00b\x07c\x1b[31m",
    "&lt;b&gt; &amp;",
    "]]><!--",
    "x" * 10_000,
    "שלום عالم",
]


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and all of the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.source = page
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in INLINE:
            self.text += " "
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    @property
    def links(self) -> list[str]:
        """Where it leads."""
        return [attributes["href"] for _, attributes in self.elements if "href" in attributes]

    @property
    def ids(self) -> list[str]:
        """The names of its places."""
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def board_of(shelf: Shelf, **query: str) -> Page:
    return Page(render.board_page(board(shelf.answers(), Wanted.of(query)), None))


def page_of(shelf: Shelf, deal_id: str = "D-1") -> Page:
    shown = life(shelf.told[deal_id], shelf.deals[deal_id], shelf.as_of)
    return Page(render.deal_page(shown, None))


def assert_tame(page: Page) -> None:
    """Nothing in it acts, nothing leads away, and nothing hides."""
    assert not {tag for tag, _ in page.elements} & {"script", "img", "style", "iframe", "object", "base"}
    assert {told["type"] for tag, told in page.elements if tag == "input"} <= {"hidden", "text", "password", "number"}
    assert all(re.match(r"/(?!/)", told["action"]) for tag, told in page.elements if tag == "form")
    assert not [told for _, told in page.elements if "formaction" in told]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert [link for link in page.links if not re.match(r"/(?!/)|#", link)] == []
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.source)
    assert len(page.ids) == len(set(page.ids))


# -- formats


@pytest.mark.parametrize(
    ("value", "currency", "said"),
    [
        (48_000, "EUR", "48,000 EUR"),
        (48_000.5, "USD", "48,000.50 USD"),
        (0, "EUR", "0 EUR"),
        (None, "EUR", "–"),
        (1_000, None, "1,000"),
    ],
)
def test_amounts_are_said_with_their_currency(value: float | None, currency: str | None, said: str) -> None:
    assert formats.amount(value, currency) == said


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_a_link_to_a_deal_holds_its_whole_id(deal_id: str) -> None:
    path = formats.deal_path(deal_id)

    assert path.count("/") == 2
    assert unquote(path.removeprefix("/deals/")) == deal_id


# -- the board


def test_the_critical_deals_come_first_then_the_stalled_then_by_value() -> None:
    shelf = Shelf(day(7))
    shelf.add("fine-small", crm(amount=10))
    shelf.add("fine-large", crm(amount=900_000))
    shelf.add("stalled-small", crm(amount=1_000), *ping_pong(3))
    shelf.add("stalled-large", crm(amount=2_000), *ping_pong(3))
    shelf.add("critical", crm(amount=5), *ping_pong(5))
    shelf.add("won", crm(amount=7, status="won"))

    rows = board(shelf.answers(), Wanted()).rows

    assert [row.told.deal_id for row in rows] == [
        "critical",
        "stalled-large",
        "stalled-small",
        "fine-large",
        "fine-small",
    ]
    assert [row.standing for row in rows] == ["critical", "warning", "warning", "fine", "fine"]


def test_a_row_says_what_is_wrong_since_when() -> None:
    shelf = Shelf(day(7))
    shelf.add(
        "D-1", crm(name="Acme", amount=48_000, currency="EUR", owner="rep@us.example", stage="Demo"), *ping_pong(3)
    )

    page = board_of(shelf)

    assert "Acme D-1 warning Ping-pong 2026-03-05 3 days 48,000 EUR Demo rep emea" in page.words


def test_a_sound_deal_says_what_comes_if_nothing_happens() -> None:
    shelf = Shelf(day(2))
    shelf.add("D-1", crm(), inbound(1, "in-1"))

    assert "on track next, 2026-03-17: The buyer has gone quiet" in board_of(shelf).words


def test_filters_take_owner_team_and_detector() -> None:
    shelf = Shelf(day(7))
    shelf.add("ann", crm(owner="ann@us.example", team="north"), *ping_pong(3))
    shelf.add("bob", crm(owner="bob@us.example", team="south"))

    def ids(**query: str) -> list[str]:
        return [row.told.deal_id for row in board(shelf.answers(), Wanted.of(query)).rows]

    assert ids(owner="bob@us.example") == ["bob"]
    assert ids(team="north") == ["ann"]
    assert ids(detector="reply_only") == ["ann"]
    assert ids(detector="reply_only", team="south") == []
    assert ids(owner="") == ["ann", "bob"]
    assert ("option", {"value": "ann@us.example", "selected": ""}) in board_of(shelf, owner="ann@us.example").elements


def test_the_least_value_is_a_filter_too() -> None:
    shelf = Shelf(day(7))
    for amount in (None, 10, 20_000, 30_000):
        shelf.add(f"D-{amount}", crm(amount=amount))

    def ids(least: str) -> list[str]:
        return [row.told.deal_id for row in board(shelf.answers(), Wanted.of({"least": least})).rows]

    assert ids("20000") == ["D-30000", "D-20000"]
    assert ids("20001") == ["D-30000"]
    for all_of_them in ("", "0", "x", "-1", "1e3", "nan", "9" * 400):
        assert len(ids(all_of_them)) == 4
    assert Wanted.of({"least": "20000", "page": "3"}).path(3) == "/deals?least=20000&page=3"
    assert ("input", "20000") in [(tag, told.get("value")) for tag, told in board_of(shelf, least="20000").elements]


def test_a_row_is_short_whatever_is_wrong() -> None:
    shelf = Shelf(day(30))
    shelf.add("D-1", crm(close_date="2026-03-04", owner="rep@us.example"), *ping_pong(5))

    page = board_of(shelf)

    [row] = board(shelf.answers(), Wanted()).rows
    assert row.worst
    assert row.worst.severity == "critical"
    assert len(row.others) == 3
    assert "and 3 more" in page.words
    assert "/deals/D-1#open" in page.links


def test_what_stands_in_a_row_leads_to_more_of_the_same() -> None:
    shelf = Shelf(day(7))
    shelf.add("D-1", crm(owner="rep@us.example", team="emea", amount=70_000), *ping_pong(3))

    links = board_of(shelf, team="emea", least="100").links

    assert "/deals?owner=rep%40us.example&team=emea&least=100" in links
    assert "/deals?team=emea&detector=reply_only&least=100" in links


def test_amounts_of_different_currencies_are_never_added() -> None:
    shelf = Shelf(day(7))
    shelf.add("eur", crm(amount=100, currency="EUR"), *ping_pong(3))
    shelf.add("more", crm(amount=50, currency="EUR"))
    shelf.add("usd", crm(amount=70, currency="USD"))

    money = board(shelf.answers(), Wanted()).money

    assert [(each.currency, each.open, each.stalled) for each in money] == [("EUR", 150, 100), ("USD", 70, 0)]
    assert "100 EUR of 150 EUR" in board_of(shelf).words


def test_five_thousand_deals_are_told_page_by_page() -> None:
    shelf = Shelf(day(2))
    one = shelf.add("D-1", crm(amount=1))
    many = [replace(one, deal_id=f"D-{number}", amount=float(number)) for number in range(5_000)]

    first = board(many, Wanted())
    last = board(many, Wanted(page=999))

    assert (first.open, first.first, first.last, first.pages) == (5_000, 1, ROWS, 5_000 // ROWS)
    assert first.rows[0].told.deal_id == "D-4999"
    assert (last.wanted.page, last.last, last.rows[-1].told.deal_id) == (5_000 // ROWS, 5_000, "D-0")
    page = Page(render.board_page(first, None))
    assert f"1–{ROWS} of 5,000 open deals" in page.words
    assert "/deals?page=2" in page.links


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "²", "9" * 5_000, "1e3"])
def test_a_page_that_is_no_number_is_the_first(page: str) -> None:
    assert Wanted.of({"page": page}).page == 1


def test_a_filter_stays_on_the_next_page() -> None:
    assert Wanted(owner="a&b=c@us.example").path(2) == "/deals?owner=a%26b%3Dc%40us.example&page=2"


def test_an_empty_board_says_how_to_fill_it() -> None:
    assert "No open deals yet" in board_of(Shelf()).words
    assert "No open deal is like that" in board_of(Shelf(), team="north").words


# -- a deal


def test_a_finding_is_told_with_evidence_advice_and_what_clears_it() -> None:
    shelf = Shelf(day(7))
    shelf.add("D-1", crm(name="Acme"), *ping_pong(5))

    page = page_of(shelf)

    assert "critical Ping-pong Since 2026-03-05 12:24, for 3 days. Critical since 2026-03-07 12:24." in page.words
    assert "What would clear it we make a step of our own" in page.words
    assert "What to do next Propose a meeting with an agenda and a date" in page.words
    assert "2026-03-03 12:24 our first reply in a row on 'Re: Question' test/out-1" in page.words
    assert "/catalogue#reply_only" in page.links


def test_every_piece_of_evidence_leads_to_its_place_in_the_exchange() -> None:
    shelf = Shelf(day(60))
    shelf.add(
        "D-1",
        crm(close_date="2026-03-10", stage="Proposal"),
        crm(2, close_date="2026-03-20"),
        crm(3, close_date="2026-03-28"),
        *ping_pong(3, first_day=4),
        outbound(8, "chase-1"),
        outbound(9, "chase-2"),
    )

    page = page_of(shelf)
    inner = [link.removeprefix("#") for link in page.links if link.startswith("#e-")]

    open_evidence = sum(len(finding.evidence) for finding in shelf.told["D-1"].open_findings)
    assert open_evidence > 5
    assert len(inner) >= open_evidence
    assert set(inner) <= set(page.ids)


def test_times_are_those_of_the_owners_clock() -> None:
    shelf = Shelf(day(30))
    shelf.add("D-1", crm(), meeting(1, starts_at="2026-03-03T15:02:00Z"))

    page = page_of(shelf)

    assert "2026-03-03 10:00 Meeting held" in page.words  # Berlin, an hour ahead
    assert "2026-04-01 11:00 Europe/Berlin" in page.words  # and two in summer


def test_what_lies_ahead_is_told_with_its_date() -> None:
    shelf = Shelf(day(2))
    shelf.add("D-1", crm(close_date="2026-06-30"), inbound(1, "in-1"))

    words = page_of(shelf).words

    assert "Tue 2026-03-17 10:00 The buyer has gone quiet unless the buyer writes" in words
    assert "Tue 2026-06-30 23:59 Open past its close date" in words
    assert "Nothing. This deal moves." in words


def test_what_is_over_is_told_from_when_until_when() -> None:
    shelf = Shelf(day(8))
    shelf.add("D-1", crm(), *ping_pong(3), meeting(7))

    words = page_of(shelf).words

    assert "Over 1 What was wrong From Until For Ping-pong warning 2026-03-05 12:24 2026-03-09 10:00 3 days" in words


def test_a_source_that_has_not_reported_is_told_as_unknown() -> None:
    class Mailbox:
        def through(self, types: Iterable[str], owner: str | None) -> Watermark:
            return Watermark(day(3), "gmail", None)

    shelf = Shelf(day(20), Mailbox())
    shelf.add("D-1", crm(), inbound(1, "in-1"))

    words = page_of(shelf).words

    assert "What cannot be seen 1" in words
    assert "unknown The buyer has gone quiet Would have begun 2026-03-17 10:00" in words
    assert board(shelf.answers(), Wanted()).rows[0].standing == "unknown"
    assert "cannot see The buyer has gone quiet" in board_of(shelf).words


def test_a_closed_deal_shows_how_it_ended() -> None:
    shelf = Shelf(day(8))
    shelf.add("D-1", crm(), *ping_pong(3), crm(7, status="lost", lost_reason="price"))

    words = page_of(shelf).words

    assert "What is wrong" not in words.partition("Over")[0]
    assert "2026-03-09 10:00 Lost lost reason price" in words


def test_a_deal_without_its_history_still_shows_what_was_found() -> None:
    shelf = Shelf(day(7))
    told = shelf.add("D-1", crm(), *ping_pong(3))

    page = Page(render.deal_page(life(told, None, None), None))

    assert "Ping-pong" in page.words
    assert not [link for link in page.links if link.startswith("#e-")]


# -- verdicts


def test_what_is_called_noise_is_shown_as_muted_with_who_said_so() -> None:
    shelf = Shelf(day(9))
    shelf.add("D-1", crm(close_date="2026-03-04"), *ping_pong(5), verdict(7, reason="they <b>like</b> it", by="ann"))

    page = page_of(shelf)

    assert "What is wrong 2 warning Open past its close date" in page.words
    assert "muted Ping-pong" in page.words
    assert "Called noise on 2026-03-09 10:00 by ann: they <b>like</b> it. It is shown and told to nobody" in page.words
    assert "Verdict Ping-pong: noise, says ann: they <b>like</b> it" in page.words
    assert_tame(page)
    row = board(shelf.answers(), Wanted()).rows[0]
    assert row.worst
    assert (row.worst.detector, row.others) == ("close_date_overdue", ())


def test_a_deal_whose_findings_are_noise_is_not_stalled() -> None:
    shelf = Shelf(day(6))
    shelf.add("D-1", crm(), *ping_pong(3), verdict(5))

    shown = board(shelf.answers(), Wanted())

    assert (shown.stalled, shown.rows[0].standing) == (0, "info")
    assert "muted Ping-pong" in board_of(shelf).words


def test_a_finding_that_is_over_tells_that_it_was_muted() -> None:
    shelf = Shelf(day(8))
    shelf.add("D-1", crm(), *ping_pong(3), verdict(5), meeting(7))

    assert "Ping-pong muted 2026-03-05 12:24" in page_of(shelf).words


def test_every_open_finding_can_be_judged_without_a_script() -> None:
    shelf = Shelf(day(7))
    shelf.add("a/b", crm(), *ping_pong(3))

    page = page_of(shelf, "a/b")

    assert ("form", {"class": "verdict", "method": "post", "action": "/deals/a%2Fb/feedback"}) in page.elements
    assert [told["value"] for tag, told in page.elements if tag == "button"][:2] == ["useful", "noise"]
    labelled = {told["for"] for tag, told in page.elements if tag == "label"}
    assert labelled <= set(page.ids)


def test_a_stalled_deal_can_be_snoozed_where_there_is_an_alertmanager() -> None:
    shelf = Shelf(day(7))
    shelf.add("D-1", crm(), *ping_pong(3))
    shelf.add("fine", crm())

    def page(deal_id: str, *, most_days: int) -> Page:
        shown = life(shelf.told[deal_id], shelf.deals[deal_id], shelf.as_of)
        return Page(render.deal_page(shown, None, most_days=most_days))

    assert "Alert nobody of this deal for days, 1 to 90 because Snooze" in page("D-1", most_days=90).words
    assert "Snooze" not in page("D-1", most_days=0).words
    assert "Snooze" not in page("fine", most_days=90).words


def test_a_snoozed_deal_says_until_when_and_why() -> None:
    shelf = Shelf(day(7))
    until = day(9).isoformat()
    shelf.add("D-1", crm(), *ping_pong(3), verdict(5, "snooze", until=until, by="ann", reason="trade fair"))

    assert "Snoozed until 2026-03-11 10:00 by ann: trade fair, or until something new" in page_of(shelf).words
    shelf.as_of = day(9)
    shelf.renew("D-1")
    assert "Snoozed until" not in page_of(shelf).words


# -- the exchange


def told_of(*told: dict[str, object]) -> list[Item]:
    return sorted(items(watched(told).deal, {}), key=lambda item: item.at)


def test_sides_and_replies_make_ping_pong_visible() -> None:
    told = told_of(crm(), *ping_pong(2), outbound(5, "own", to=["ceo@buyer.example"]))

    assert [(item.side, item.is_reply) for item in told[1:]] == [
        ("them", False),
        ("us", True),
        ("them", False),
        ("us", True),
        ("us", False),
    ]


def test_changes_of_the_deal_are_said_in_words() -> None:
    told = told_of(
        crm(stage="Discovery", amount=1_000, currency="EUR", close_date="2026-05-01"),
        crm(1, stage="Demo"),
        crm(2, close_date="2026-05-31"),
        crm(3, close_date="2026-05-30", amount=800),
        crm(4, amount=None),
        crm(5, status="won"),
        crm(6, status="open"),
    )

    assert [(item.what, item.text) for item in told] == [
        ("The deal began", "stage Discovery; close date 2026-05-01; amount 1,000 EUR"),
        ("Stage", "Discovery → Demo"),
        ("Close date pushed", "2026-05-01 → 2026-05-31, 30 days later"),
        ("Close date pulled in", "2026-05-31 → 2026-05-30, 1 day earlier; amount 1,000 EUR → 800 EUR"),
        ("Amount cleared", "was 800 EUR"),
        ("Won", ""),
        ("Reopened", ""),
    ]


def test_a_long_silence_stands_in_the_exchange() -> None:
    deal = watched([crm(), inbound(1, "in-1"), inbound(13, "in-2")]).deal

    told = [each for month in months(deal, day(40), {}) for each in month.items if isinstance(each, Silence)]

    assert [each.words for each in told] == ["27 days without a touch, up to now", "12 days without a touch"]


def test_months_are_told_from_the_newest() -> None:
    deal = watched([crm(), inbound(1, "in-1"), inbound(35, "in-2")]).deal

    assert [month.title for month in months(deal, day(35), {})] == ["April 2026", "March 2026"]


# -- the catalogue


def test_the_catalogue_tells_every_detector_and_every_threshold() -> None:
    page = Page(render.catalogue_page(runbooks()))

    for name, kind in catalogue().items():
        assert name in page.ids
        for field, about in kind.model_fields.items():
            assert field in page.words
            assert about.description
            assert about.description in page.words
        for heading in ("Why it matters", "What to do next", "When it is wrong"):
            assert heading in next(each for each in runbooks() if each.detector == name).sections
    assert_tame(page)


# -- nothing from outside is trusted


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    shelf = Shelf(day(40))
    name = "".join(each for each in text if each.isprintable())[:1_024]
    shelf.add(
        name,
        crm(name=text, stage=text, team=text, pipeline=text, segment=text, next_step=text, lost_reason=text),
        *ping_pong(3),
        outbound(5, "chase-1", text),
        outbound(6, "chase-2", text, to=["cfo@buyer.example"]),
        crm(7, stage=text[::-1]),
    )
    shelf.told[name] = replace(shelf.told[name], name=text, stage=text, team=text, currency=text[:3])

    for page in (board_of(shelf), board_of(shelf, team=text, owner=text), page_of(shelf, name)):
        assert_tame(page)
    refused = Page(render.refusal_page(404, "Not Found", text))
    assert_tame(refused)
    assert " ".join(formats.clean(text)[:200].split()) in refused.words


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text())
def test_no_text_whatever_becomes_markup(name: str, stage: str) -> None:
    plain = Shelf(day(7))
    told = plain.add("D-1", crm(), *ping_pong(3))
    expected = [tag for tag, _ in page_of(plain).elements]

    plain.told["D-1"] = replace(told, name=name, stage=stage or "x")

    page = page_of(plain)
    assert [tag for tag, _ in page.elements] == expected
    assert_tame(page)


def test_a_name_that_turns_the_writing_turns_only_itself() -> None:
    shelf = Shelf(day(2))
    shelf.add("D-1", crm(name="\u202eEmca"))

    assert "<bdi> Emca</bdi>" in board_of(shelf).source


def test_pages_are_the_same_for_the_same_deal() -> None:
    shelf = Shelf(datetime(2026, 3, 9, 12, tzinfo=UTC))
    shelf.add("D-1", crm(), *ping_pong(3))

    assert page_of(shelf).source == page_of(shelf).source

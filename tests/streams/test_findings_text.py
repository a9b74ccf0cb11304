"""Findings as a terminal shows them."""

from datetime import timedelta
from io import StringIO

from rich.console import Console, RenderableType

from streams.findings_text import explanation, findings_by_deal
from tests.streams.told import ANN, MONDAY, answer, facts, finding


def shown(what: RenderableType) -> list[str]:
    console = Console(width=200, record=True, file=StringIO())
    console.print(what)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_each_deal_is_a_heading_with_what_is_open_or_unknown_the_worst_first() -> None:
    deals = [answer("D-1", amount=1.0), answer("D-2", amount=9.0), answer("D-3")]
    findings = [
        finding(deal_id="D-1", evidence=facts("the first", "the newest")),
        finding("gone_quiet", deal_id="D-2", severity="critical", since=MONDAY + timedelta(days=1)),
        finding("ghosted", deal_id="D-2", severity="critical"),
        finding("owed_reply", deal_id="D-2", state="unknown"),
        finding("single_threaded", deal_id="D-2", state="pending"),
        finding("stage_overstay", deal_id="D-3", state="resolved"),
        finding("hoarding", deal_id=None, owner=ANN),
    ]
    fact = "our third reply in a row on 'Re: pricing'"
    lines = shown(findings_by_deal(findings, deals))
    assert lines == [
        f"Deal D-2 (D-2): Proposal, 9 EUR, {ANN}, open",
        f"  critical ghosted, open since 2026-03-09 16:02: {fact}",
        f"  critical gone_quiet, open since 2026-03-10 16:02: {fact}",
        f"  warning  owed_reply, unknown since 2026-03-09 16:02: {fact}",
        f"the book of {ANN}",
        f"  warning  hoarding, open since 2026-03-09 16:02: {fact}",
        f"Deal D-1 (D-1): Proposal, 1 EUR, {ANN}, open",
        "  warning  reply_only, open since 2026-03-09 16:02: the newest",
    ]
    everything = shown(findings_by_deal(findings, deals, everything=True))
    assert set(lines) < set(everything)
    assert f"  warning  stage_overstay, over since 2026-03-09 16:02: {fact}" in everything


def test_an_explanation_gives_each_finding_with_its_evidence_and_what_would_clear_it() -> None:
    told = answer(
        "D-1",
        finding(evidence=facts("one", "two")),
        finding("ghosted", state="resolved", until=MONDAY + timedelta(days=2), summary="Nobody answers"),
    )
    assert shown(explanation(told)) == [
        f"Deal D-1 (D-1): Proposal, 48,000 EUR, {ANN}, open",
        "as of 2026-03-09 16:02 UTC",
        "",
        "reply_only: open, warning, since 2026-03-09 16:02",
        "  Every touch of ours is a reply",
        "  - 2026-03-09 16:02 one  [gmail/0]",
        "  - 2026-03-10 16:02 two  [gmail/1]",
        "  clears when we make a step of our own",
        "",
        "ghosted: over, warning, since 2026-03-09 16:02, until 2026-03-11 16:02",
        "  Nobody answers",
        "  - 2026-03-09 16:02 our third reply in a row on 'Re: pricing'  [gmail/0]",
    ]


def test_a_deal_of_which_little_is_known_is_shown_all_the_same() -> None:
    told = answer("D-1", owner=None, stage=None, amount=None, currency=None)
    assert shown(explanation(told)) == [
        "Deal D-1 (D-1): no stage, no amount, no owner, open",
        "as of 2026-03-09 16:02 UTC",
        "nothing was found",
    ]
    assert "0 EUR" in shown(explanation(answer("D-1", amount=0.0)))[0]


HOSTILE = "a\x1b[2J\x1b]0;title\x07b\r\n\u202e[bold]c[/bold][/]"
HARMLESS = "a\ufffd[2J\ufffd]0;title\ufffdb\ufffd\ufffd\ufffd[bold]c[/bold][/]"


def test_nothing_from_outside_commands_the_terminal_or_is_taken_for_markup() -> None:
    hostile = finding(deal_id=HOSTILE, owner=HOSTILE, evidence=facts(HOSTILE), summary=HOSTILE, clears_when=HOSTILE)
    told = answer(HOSTILE, hostile, name=HOSTILE, stage=HOSTILE, owner=HOSTILE, currency=HOSTILE)
    table = shown(findings_by_deal([hostile], [told]))
    assert "\n".join(table).count(HARMLESS) == 5 + 1
    text = shown(explanation(told))
    assert "\n".join(text).count(HARMLESS) == 5 + 3
    assert "\x1b" not in "\n".join(text + table)


def test_what_somebody_called_noise_is_told_as_muted() -> None:
    noise = finding(severity="info", muted=MONDAY)

    assert "muted" in shown(findings_by_deal([noise], []))[1].split()
    assert any("open, muted, since" in line for line in shown(explanation(answer("D-1", noise))))

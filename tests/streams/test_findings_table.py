"""Findings as a terminal shows them."""

from datetime import timedelta
from io import StringIO

from rich.console import Console, RenderableType

from streams.findings_table import explanation, findings_table
from tests.streams.told import ANN, MONDAY, answer, facts, finding


def shown(what: RenderableType) -> list[str]:
    console = Console(width=200, record=True, file=StringIO())
    console.print(what)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_each_finding_is_a_line_with_its_newest_fact() -> None:
    lines = shown(
        findings_table(
            [
                finding(deal_id="D-1", owner=ANN, evidence=facts("the first", "the newest")),
                finding("ghosted", deal_id="D-2", state="pending", severity="critical"),
                finding("gone_quiet", deal_id="D-3", state="resolved", severity="info"),
                finding(deal_id="D-4", state="unknown"),
            ]
        )
    )
    assert [line.split() for line in lines] == [
        ["since", "deal", "detector", "state", "severity", "owner", "why"],
        ["2026-03-09", "16:02", "D-1", "reply_only", "open", "warning", ANN, "the", "newest"],
        *(
            [
                "2026-03-09",
                "16:02",
                deal,
                detector,
                state,
                severity,
                *"our third reply in a row on 'Re: pricing'".split(),
            ]
            for deal, detector, state, severity in (
                ("D-2", "ghosted", "ahead", "critical"),
                ("D-3", "gone_quiet", "over", "info"),
                ("D-4", "reply_only", "unknown", "warning"),
            )
        ),
    ]


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
    table = shown(findings_table([hostile]))
    assert len(table) == 2
    assert table[1].count(HARMLESS) == 3
    text = shown(explanation(answer(HOSTILE, hostile, name=HOSTILE, stage=HOSTILE, owner=HOSTILE, currency=HOSTILE)))
    assert "\n".join(text).count(HARMLESS) == 5 + 3
    assert "\x1b" not in "\n".join(text + table)


def test_what_somebody_called_noise_is_told_as_muted() -> None:
    noise = finding(severity="info", muted=MONDAY)

    assert "muted" in shown(findings_table([noise]))[1].split()
    assert any("open, muted, since" in line for line in shown(explanation(answer("D-1", noise))))

"""Findings as a terminal shows them."""

from collections.abc import Iterable

from rich.console import Group
from rich.table import Table
from rich.text import Text

from detectors.core.breach import Finding

from .answer import Answer

COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}
STATE_WORDS = {"open": "open", "pending": "ahead", "resolved": "over", "unknown": "unknown"}


def findings_table(findings: Iterable[Finding]) -> Table:
    """One line a finding."""
    table = Table("since", "deal", "detector", "state", "severity", "owner", "why", box=None, pad_edge=False)
    for each in findings:
        colour = COLOURS[each.severity] if each.state == "open" else "dim"
        table.add_row(
            f"{each.since:%Y-%m-%d %H:%M}",
            plain_text(each.deal_id or ""),
            each.detector,
            STATE_WORDS[each.state],
            Text(_severity(each), style=colour),
            plain_text(each.owner or ""),
            plain_text(each.evidence[-1].text),
        )
    return table


def explanation(told: Answer) -> Group:
    """One deal: each finding with its evidence, and what would clear it."""
    amount = f"{told.amount:,.0f} {told.currency or ''}".strip() if told.amount is not None else "no amount"
    standing = ", ".join((told.stage or "no stage", amount, told.owner or "no owner", told.status))
    head = f"{told.name} ({told.deal_id}): {standing}"
    parts: list[Text] = [plain_text(head, "bold"), Text(f"as of {told.as_of:%Y-%m-%d %H:%M %Z}", style="dim")]
    for each in told.findings:
        style = COLOURS[each.severity] if each.state == "open" else "dim"
        end = f", until {each.until:%Y-%m-%d %H:%M}" if each.until else ""
        parts.append(Text())
        when = f"since {each.since:%Y-%m-%d %H:%M}{end}"
        parts.append(Text(f"{each.detector}: {STATE_WORDS[each.state]}, {_severity(each)}, {when}", style))
        parts.append(plain_text(f"  {each.summary}"))
        parts += [plain_text(f"  - {fact.at:%Y-%m-%d %H:%M} {fact.text}  [{fact.event}]") for fact in each.evidence]
        if each.state != "resolved":
            parts.append(plain_text(f"  clears when {each.clears_when}"))
    if not told.findings:
        parts.append(Text("nothing was found"))
    return Group(*parts)


def _severity(finding: Finding) -> str:
    return "muted" if finding.muted else finding.severity


def plain_text(words: str, style: str = "") -> Text:
    """Words from outside, in which nothing is markup and nothing commands the terminal."""
    return Text("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in words), style)

"""Findings as a terminal shows them."""

from collections import defaultdict
from collections.abc import Iterable

from rich.console import Group
from rich.text import Text

from detectors.core.breach import Finding, State

from .answer import Answer

COLOURS = {"critical": "red", "warning": "yellow", "info": "cyan"}
STATE_WORDS: dict[State, str] = {"open": "open", "unknown": "unknown", "pending": "ahead", "resolved": "over"}


def findings_by_deal(findings: Iterable[Finding], answers: Iterable[Answer], everything: bool = False) -> Group:
    """Deal by deal what is open or unknown, the worst first; with `everything`, what is over or lies ahead as well."""
    known = {told.deal_id: told for told in answers}
    shown: defaultdict[str, list[Finding]] = defaultdict(list)
    for each in findings:
        if everything or each.state in ("open", "unknown"):
            shown[each.deal_id or each.owner or ""].append(each)
    parts: list[Text] = []
    for deal, found in sorted(shown.items(), key=lambda item: _place(item[1])):
        told = known.get(deal)
        parts.append(plain_text(_head(told) if told else f"the book of {deal}", "bold"))
        for each in sorted(found, key=_rank):
            parts.append(Text(f"  {_severity(each):8} ", _style(each), end=""))
            parts.append(
                plain_text(
                    f"{each.detector}, {STATE_WORDS[each.state]} since {each.since:%Y-%m-%d %H:%M}: "
                    f"{each.evidence[-1].text}"
                )
            )
    return Group(*parts)


def _place(findings: list[Finding]) -> tuple[object, ...]:
    worst = min(findings, key=_rank)
    return *_rank(worst)[:2], -(worst.amount or 0), worst.deal_id or ""


def _rank(finding: Finding) -> tuple[int, int, float]:
    """Where a finding stands: what is open first, then the worst, then the oldest."""
    states, severities = list(STATE_WORDS), list(COLOURS)
    return states.index(finding.state), severities.index(finding.severity), finding.since.timestamp()


def _head(told: Answer) -> str:
    amount = f"{told.amount:,.0f} {told.currency or ''}".strip() if told.amount is not None else "no amount"
    standing = ", ".join((told.stage or "no stage", amount, told.owner or "no owner", told.status))
    return f"{told.name} ({told.deal_id}): {standing}"


def _style(finding: Finding) -> str:
    return COLOURS[finding.severity] if finding.state == "open" else "dim"


def explanation(told: Answer) -> Group:
    """One deal: each finding with its evidence, and what would clear it."""
    parts: list[Text] = [plain_text(_head(told), "bold"), Text(f"as of {told.as_of:%Y-%m-%d %H:%M %Z}", style="dim")]
    for each in told.findings:
        end = f", until {each.until:%Y-%m-%d %H:%M}" if each.until else ""
        parts.append(Text())
        when = f"since {each.since:%Y-%m-%d %H:%M}{end}"
        parts.append(Text(f"{each.detector}: {STATE_WORDS[each.state]}, {_severity(each)}, {when}", _style(each)))
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

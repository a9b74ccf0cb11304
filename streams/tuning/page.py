"""A backtest, and a comparison, as one HTML file that needs nothing else: no network, no scripts."""

from __future__ import annotations

from .backtest import Backtest
from .backtest_text import warnings
from .comparison import Comparison, Way
from .figures import FEW
from .pictures import alerts_by_week, lead_times, opened_and_closed, right_and_found, shifted
from .sentences import deal_name, example, in_days, label, measured, summary
from .templates import template

WAYS = {
    Way.OPENS: "Told of now, and not before",
    Way.CLOSES: "Told of before, and no longer",
    Way.EARLIER: "Told of earlier",
    Way.LATER: "Told of later",
}
_TEMPLATE = template("page.html.j2", deal_name=deal_name, example=example, in_days=in_days)


def page(backtest: Backtest, rules: str, comparison: Comparison | None = None) -> str:
    """The page of a backtest of the rules that are called `rules`; it is the new side of a comparison."""
    spoken = [each for each in backtest.figures if each.alerted or each.alerted_open or each.kind == "severity"]
    silent = [each for each in backtest.figures if each.kind == "detector" and each not in spoken]
    return _TEMPLATE.render(
        backtest=backtest,
        rules=rules,
        comparison=comparison,
        against=comparison.against if comparison else "",
        ways=WAYS,
        few=FEW,
        summary=summary(backtest),
        measured=list(measured(backtest)),
        doubts=list(warnings(backtest, lambda figures: label(figures.name))),
        spoken=spoken,
        silent=silent,
        right_and_found=right_and_found(backtest),
        lead_times=lead_times(backtest),
        alerts_by_week=alerts_by_week(backtest, comparison.before if comparison else None),
        opened_and_closed=opened_and_closed(comparison) if comparison else None,
        shifted=shifted(comparison) if comparison else None,
    )

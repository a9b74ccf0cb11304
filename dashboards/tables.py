"""Tables: one row for each combination of labels, or each deal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

from dashboards.panels import COLOURS, column, in_words, organized, sorted_by
from dashboards.targets import SOURCE, ids, rows

Link = Mapping[str, Any]


@dataclass(frozen=True)
class Label:
    """A column that shows a label."""

    label: str
    heading: str
    width: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """A column that shows what a query says of each row."""

    expr: str
    heading: str
    unit: str
    width: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


# A share of 1 as a bar in its cell.
AS_BAR = {"min": 0, "max": 1, "custom__cellOptions": {"type": "gauge", "mode": "lcd"}}


def sheet(
    title: str,
    description: str,
    unit: str,
    labels: Sequence[Label],
    values: Sequence[Value],
    *,
    sort: Sequence[tuple[str, bool]],
    width: int = 12,
    height: int = 9,
) -> table.Panel:
    """One row for each combination of labels; `sort` names headings, and whether the largest come first."""
    panel = table.Panel().title(title).description(description).datasource(SOURCE).unit(unit)
    names = {}
    for name, value in zip(ids(), values, strict=False):
        panel = panel.with_target(rows(value.expr, name))
        names[f"Value #{name}" if len(values) > 1 else "Value"] = value.heading
    panel = (
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(organized({each.label: each.heading for each in labels} | names))
        .height(height)
        .span(width)
    )
    for heading, descending in reversed(sort):
        panel = panel.with_transformation(sorted_by(heading, descending))
    columns: list[Label | Value] = [*labels, *values]
    for each in columns:
        special = dict(each.more)
        if each.width is not None:
            special["custom__width"] = each.width
        if isinstance(each, Value):
            special["unit"] = each.unit
        if special:
            panel = panel.override_by_name(*column(each.heading, **special))
    return panel


def named(words: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A cell that shows 0, 1 … as these words, in their colours."""
    return {"mappings": in_words(words), "custom__cellOptions": {"type": "color-text"}}


def deals(
    title: str, description: str, expr: str, unit: str, *, links: Sequence[Link], width: int = 12, height: int = 14
) -> table.Panel:
    """One row a deal from one series a finding: deal, amount, owner, team, worst severity, what is wrong.

    The value of each series is the deal's amount; `links` are the deal's.
    """
    reasons, severities = "problem (allUniqueValues)", "severity (allUniqueValues)"
    kept = {"operation": "groupby", "aggregations": []}
    collected = {"operation": "aggregate", "aggregations": ["allUniqueValues"]}
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .with_target(rows(expr))
        .unit(unit)
        .with_transformation(
            DataTransformerConfig(
                id_val="groupBy",
                options={
                    "fields": {
                        **dict.fromkeys(("deal_id", "owner", "team", "Value"), kept),
                        **dict.fromkeys(("severity", "problem"), collected),
                    }
                },
            )
        )
        .with_transformation(
            DataTransformerConfig(
                id_val="convertFieldType",
                options={
                    "conversions": [
                        {"targetField": name, "destinationType": "string", "joinWith": ", "}
                        for name in (severities, reasons)
                    ]
                },
            )
        )
        .with_transformation(sorted_by("Value"))
        .with_transformation(
            organized(
                {
                    "deal_id": "Deal",
                    "Value": "Amount",
                    "owner": "Owner",
                    "team": "Team",
                    severities: "Severity",
                    reasons: "What is wrong",
                }
            )
        )
        .height(height)
        .span(width)
    )
    # of several severities, the worst is shown
    worst = [
        {
            "type": "regex",
            "options": {
                "pattern": f".*{severity}.*",
                "result": {"text": severity, "color": COLOURS[severity], "index": at},
            },
        }
        for at, severity in enumerate(("critical", "warning"))
    ]
    for special in (
        column("Deal", links=list(links), custom__width=140),
        column("Amount", custom__width=110),
        column("Owner", custom__width=120),
        column("Team", custom__width=90),
        column("Severity", mappings=worst, custom__width=90, custom__cellOptions={"type": "color-text"}),
        column("What is wrong", custom__minWidth=200),
    ):
        panel = panel.override_by_name(*special)
    return panel

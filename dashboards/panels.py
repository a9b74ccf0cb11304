"""The few shapes of panel that the dashboards are made of, so that like looks alike everywhere.

Every shape takes a title, a description (what the number means and what to make of it), a unit and PromQL.
"""

from grafana_foundation_sdk.builders import barchart, bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    GraphGradientMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

GRID_WIDTH = 24
COLOURS = {"info": "blue", "warning": "orange", "critical": "red"}

# Whoever looks chooses the data source: the same dashboard serves every Prometheus.
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def _now(expr: str) -> prometheus.Dataquery:
    """The latest value of each series."""
    return prometheus.Dataquery().expr(expr).instant().ref_id("A").datasource(_SOURCE)


def _rows(expr: str) -> prometheus.Dataquery:
    """The latest value of each series, one row each, with its labels as columns."""
    return _now(expr).format(PromQueryFormat.TABLE)


def _over_time(expr: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expr).range().legend_format(legend).ref_id("A").datasource(_SOURCE)


def _limits(warning: float | None, critical: float | None) -> dashboard.ThresholdsConfig:
    """Green, then orange from `warning` and red from `critical` on; without limits, one calm colour."""
    steps = [Threshold(value=None, color="blue" if warning is None and critical is None else "green")]
    if warning is not None:
        steps.append(Threshold(value=warning, color=COLOURS["warning"]))
    if critical is not None:
        steps.append(Threshold(value=critical, color=COLOURS["critical"]))
    return dashboard.ThresholdsConfig().steps(steps)


def _column(name: str, **properties: object) -> tuple[str, list[DynamicConfigValue]]:
    return name, [DynamicConfigValue(id_val=key.replace("__", "."), value=value) for key, value in properties.items()]


def number(
    title: str,
    description: str,
    expr: str,
    unit: str,
    *,
    width: int = 4,
    decimals: int | None = None,
    warning: float | None = None,
    critical: float | None = None,
) -> stat.Panel:
    """One number in large type, coloured by its limits."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_now(expr))
        .unit(unit)
        .thresholds(_limits(warning, critical))
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(4)
        .span(width)
    )
    return panel if decimals is None else panel.decimals(decimals)


def layers(title: str, description: str, expr: str, unit: str, *, legend: str, width: int = 12) -> timeseries.Panel:
    """Amounts over time that add up, stacked."""
    return (
        _curve(title, description, expr, unit, legend, width)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL))
        .fill_opacity(35)
        .min(0)
    )


def lines(
    title: str, description: str, expr: str, unit: str, *, legend: str, width: int = 12, maximum: float | None = None
) -> timeseries.Panel:
    """Values over time that do not add up."""
    panel = _curve(title, description, expr, unit, legend, width).fill_opacity(5).min(0)
    return panel if maximum is None else panel.max(maximum)


def _curve(title: str, description: str, expr: str, unit: str, legend: str, width: int) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_over_time(expr, legend))
        .unit(unit)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .line_width(2)
        .gradient_mode(GraphGradientMode.OPACITY)
        .show_points(VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull"])
            .sort_by("Last *")
            .sort_desc(True)
        )
        .height(9)
        .span(width)
    )


def ranking(
    title: str,
    description: str,
    expr: str,
    unit: str,
    *,
    label: str,
    heading: str,
    width: int = 12,
    maximum: float | None = None,
    warning: float | None = None,
    critical: float | None = None,
) -> bargauge.Panel:
    """One bar for each value of `label`, the largest on top."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_rows(expr))
        .unit(unit)
        .thresholds(_limits(warning, critical))
        .with_transformation(_sorted_by("Value"))
        .with_transformation(_organized({label: heading, "Value": title}))
        .reduce_options(common.ReduceDataOptions().values(True).calcs(["lastNotNull"]))
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.GRADIENT)
        .value_mode(BarGaugeValueMode.TEXT)
        .name_placement(BarGaugeNamePlacement.LEFT)
        .min(0)
        .height(9)
        .span(width)
    )
    return panel if maximum is None else panel.max(maximum)


def severity_bars(title: str, description: str, expr: str, unit: str, *, label: str, width: int = 12) -> barchart.Panel:
    """One bar for each value of `label`, made of one piece a severity."""
    panel = (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_rows(expr))
        .unit(unit)
        .decimals(0)
        .with_transformation(_sorted_by("Value"))
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={"columnField": "severity", "rowField": label, "valueField": "Value", "emptyValue": "null"},
            )
        )
        .orientation(VizOrientation.HORIZONTAL)
        .stacking(StackingMode.NORMAL)
        .show_value(VisibilityMode.AUTO)
        .bar_width(0.8)
        .x_tick_label_max_length(28)
        .legend(common.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM).calcs([]))
        .height(9)
        .span(width)
    )
    for severity, colour in COLOURS.items():
        panel = panel.override_by_name(*_column(severity, color={"mode": FieldColorModeId.FIXED, "fixedColor": colour}))
    return panel


def deals(title: str, description: str, expr: str, unit: str, *, link: str, width: int = GRID_WIDTH) -> table.Panel:
    """One row a deal from one series a finding: deal, owner, team, amount, worst severity, what is wrong.

    The value of each series is the deal's amount; `link` is the address of a deal's page without the deal.
    """
    reasons, severities = "problem (allUniqueValues)", "severity (allUniqueValues)"
    kept = {"operation": "groupby", "aggregations": []}
    collected = {"operation": "aggregate", "aggregations": ["allUniqueValues"]}
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(_SOURCE)
        .with_target(_rows(expr))
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
                        {"targetField": field, "destinationType": "string", "joinWith": ", "}
                        for field in (severities, reasons)
                    ]
                },
            )
        )
        .with_transformation(_sorted_by("Value"))
        .with_transformation(
            _organized(
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
        .height(14)
        .span(width)
    )
    page = {"title": "Open the deal's page", "url": f"{link}/${{__value.raw:percentencode}}", "targetBlank": True}
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
    for column in (
        _column("Deal", links=[page], custom__width=180),
        _column("Amount", custom__width=140),
        _column("Owner", custom__width=160),
        _column("Team", custom__width=120),
        _column("Severity", mappings=worst, custom__width=110, custom__cellOptions={"type": "color-text"}),
        _column("What is wrong", custom__minWidth=240),
    ):
        panel = panel.override_by_name(*column)
    return panel


def _sorted_by(field: str) -> DataTransformerConfig:
    return DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": field, "desc": True}]})


def _organized(columns: dict[str, str]) -> DataTransformerConfig:
    """These columns, in this order, under these headings."""
    return DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": {"Time": True},
            "indexByName": {name: at for at, name in enumerate(columns)},
            "renameByName": columns,
        },
    )

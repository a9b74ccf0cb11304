"""The few shapes of panel that the dashboards are made of, so that like looks alike everywhere.

Every shape takes a title, a description (what the number means and what to make of it), PromQL and a unit. Bars are in
`bars`, tables in `tables`.
"""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, statetimeline, timeseries
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphGradientMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

from dashboards.targets import SOURCE, buckets, now, over_time, rows

GRID_WIDTH = 24
COLOURS = {"info": "blue", "warning": "orange", "critical": "red"}
CALM = "blue"


def limits(warning: float | None, critical: float | None) -> dashboard.ThresholdsConfig:
    """Green, then orange from `warning` and red from `critical` on; without limits, one calm colour."""
    steps = [Threshold(value=None, color=CALM if warning is None and critical is None else "green")]
    if warning is not None:
        steps.append(Threshold(value=warning, color=COLOURS["warning"]))
    if critical is not None:
        steps.append(Threshold(value=critical, color=COLOURS["critical"]))
    return dashboard.ThresholdsConfig().steps(steps)


def in_words(words: Sequence[tuple[str, str]]) -> list[ValueMapping]:
    """Numbers from 0 on shown as words, each with its colour."""
    results = {
        str(number): ValueMappingResult(text=text, color=colour, index=number)
        for number, (text, colour) in enumerate(words)
    }
    return [ValueMap(options=results)]


def column(name: str, **properties: object) -> tuple[str, list[DynamicConfigValue]]:
    """What is special about one field; a property's dots are written as two underscores."""
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
    words: Sequence[tuple[str, str]] = (),
    absent: str | None = None,
) -> stat.Panel:
    """One number in large type, coloured by its limits; `words` stand for 0, 1 …, `absent` for no number."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .with_target(now(expr))
        .unit(unit)
        .thresholds(limits(warning, critical))
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(4)
        .span(width)
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if words:
        panel = panel.mappings(in_words(words))
    return panel if absent is None else panel.no_value(absent)


def name(title: str, description: str, expr: str, *, label: str, width: int = 4, absent: str) -> stat.Panel:
    """The value of a label, in large type."""
    return (
        number(title, description, expr, "string", width=width, absent=absent)
        .text_mode(BigValueTextMode.NAME)
        .targets([now(expr, legend=f"{{{{{label}}}}}")])
    )


def labelled(
    title: str, description: str, expr: str, unit: str, *, label: str, width: int = 4, absent: str
) -> stat.Panel:
    """A number in large type together with the value of a label."""
    return (
        number(title, description, expr, unit, width=width, absent=absent)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .targets([now(expr, legend=f"{{{{{label}}}}}")])
    )


def layers(
    title: str, description: str, curves: Mapping[str, str], unit: str, *, width: int = 12, height: int = 9
) -> timeseries.Panel:
    """Amounts over time that add up, stacked: PromQL by what its curves are called."""
    return (
        _curves(title, description, curves, unit, width, height)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL))
        .fill_opacity(35)
        .min(0)
    )


def lines(
    title: str,
    description: str,
    curves: Mapping[str, str],
    unit: str,
    *,
    width: int = 12,
    height: int = 9,
    maximum: float | None = None,
    dashed: Mapping[str, str] | None = None,
) -> timeseries.Panel:
    """Values over time that do not add up: PromQL by what its curves are called; `dashed` ones with their colour."""
    panel = _curves(title, description, curves, unit, width, height).fill_opacity(5).min(0)
    for legend, colour in (dashed or {}).items():
        panel = panel.override_by_name(
            *column(
                legend,
                color={"mode": FieldColorModeId.FIXED, "fixedColor": colour},
                custom__lineStyle={"fill": "dash", "dash": [10, 10]},
                custom__fillOpacity=0,
            )
        )
    return panel if maximum is None else panel.max(maximum)


def _curves(
    title: str, description: str, curves: Mapping[str, str], unit: str, width: int, height: int
) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(over_time(curves))
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
        .height(height)
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
    height: int = 9,
    maximum: float | None = None,
    warning: float | None = None,
    critical: float | None = None,
) -> bargauge.Panel:
    """One bar for each value of `label`, the largest on top."""
    panel = (
        _gauges(title, description, unit, width, height)
        .with_target(rows(expr))
        .thresholds(limits(warning, critical))
        .with_transformation(sorted_by("Value"))
        .with_transformation(organized({label: heading, "Value": title}))
        .reduce_options(common.ReduceDataOptions().values(True).calcs(["lastNotNull"]))
        .orientation(VizOrientation.HORIZONTAL)
        .name_placement(BarGaugeNamePlacement.LEFT)
    )
    return panel if maximum is None else panel.max(maximum)


def histogram(
    title: str, description: str, expr: str, unit: str, *, width: int = 12, height: int = 9
) -> bargauge.Panel:
    """One bar for each bucket of a histogram as it is now."""
    return (
        _gauges(title, description, unit, width, height)
        .with_target(buckets(expr))
        .thresholds(limits(None, None))
        .decimals(0)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .orientation(VizOrientation.VERTICAL)
    )


def _gauges(title: str, description: str, unit: str, width: int, height: int) -> bargauge.Panel:
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .display_mode(BarGaugeDisplayMode.GRADIENT)
        .value_mode(BarGaugeValueMode.TEXT)
        .min(0)
        .height(height)
        .span(width)
    )


def timeline(
    title: str,
    description: str,
    curves: Mapping[str, str],
    words: Sequence[tuple[str, str]],
    *,
    width: int = GRID_WIDTH,
    height: int = 10,
) -> statetimeline.Panel:
    """One band a series that shows when it was what; `words` with their colours stand for 0, 1 …"""
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .targets(over_time(curves))
        .unit("none")
        .mappings(in_words(words))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color(CALM))
        .merge_values(True)
        .show_value(VisibilityMode.NEVER)
        .fill_opacity(80)
        .line_width(0)
        .row_height(0.8)
        .legend(common.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM).calcs([]))
        .height(height)
        .span(width)
    )


def sorted_by(field: str, descending: bool = True) -> DataTransformerConfig:
    """Rows in the order of a field."""
    return DataTransformerConfig(
        id_val="sortBy", options={"fields": {}, "sort": [{"field": field, "desc": descending}]}
    )


def organized(columns: Mapping[str, str], left_out: Sequence[str] = ("Time",)) -> DataTransformerConfig:
    """These columns, in this order, under these headings."""
    return DataTransformerConfig(
        id_val="organize",
        options={
            "excludeByName": dict.fromkeys(left_out, True),
            "indexByName": {name: at for at, name in enumerate(columns)},
            "renameByName": dict(columns),
        },
    )

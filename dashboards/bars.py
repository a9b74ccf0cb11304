"""Bar charts: one group of bars for each value of one label, one bar, or piece of a bar, for each value of another."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import barchart, common
from grafana_foundation_sdk.models.common import LegendPlacement, StackingMode, VisibilityMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, FieldColorModeId

from dashboards.panels import column, sorted_by
from dashboards.targets import SOURCE, rows


def bars(
    title: str,
    description: str,
    expr: str,
    unit: str,
    *,
    label: str,
    pieces: str,
    colours: Mapping[str, str],
    by_size: bool = True,
    stacked: bool = True,
    upright: bool = False,
    width: int = 12,
    height: int = 9,
) -> barchart.Panel:
    """Bars for each value of `label`, made of the values of the label `pieces`, which have these `colours`.

    The longest come first, or those first in the alphabet.
    """
    panel = (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .with_target(rows(expr))
        .unit(unit)
        .with_transformation(sorted_by("Value") if by_size else sorted_by(label, descending=False))
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={"columnField": pieces, "rowField": label, "valueField": "Value", "emptyValue": "null"},
            )
        )
        .orientation(VizOrientation.VERTICAL if upright else VizOrientation.HORIZONTAL)
        .stacking(StackingMode.NORMAL if stacked else StackingMode.NONE)
        .show_value(VisibilityMode.AUTO)
        .bar_width(0.8)
        .x_tick_label_max_length(28)
        .legend(common.VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM).calcs([]))
        .height(height)
        .span(width)
    )
    for piece, colour in colours.items():
        panel = panel.override_by_name(*column(piece, color={"mode": FieldColorModeId.FIXED, "fixedColor": colour}))
    return panel

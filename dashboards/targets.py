"""How panels ask Prometheus: the latest values, rows of them, or values over time."""

from collections.abc import Iterable, Mapping

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

# Whoever looks chooses the data source: the same dashboard serves every Prometheus.
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def ids() -> Iterable[str]:
    """The names of a panel's queries: A, B, C …"""
    return map(chr, range(ord("A"), ord("Z") + 1))


def now(expr: str, name: str = "A", legend: str = "") -> prometheus.Dataquery:
    """The latest value of each series."""
    target = prometheus.Dataquery().expr(expr).instant().ref_id(name).datasource(SOURCE)
    return target.legend_format(legend) if legend else target


def rows(expr: str, name: str = "A") -> prometheus.Dataquery:
    """The latest value of each series, one row each, with its labels as columns."""
    return now(expr, name).format(PromQueryFormat.TABLE)


def buckets(expr: str) -> prometheus.Dataquery:
    """How many are in each bucket of a histogram now; Grafana takes the buckets apart."""
    return now(expr, legend="{{le}}").format(PromQueryFormat.HEATMAP)


def over_time(curves: Mapping[str, str]) -> list[Builder[Dataquery]]:
    """Values over time: PromQL by what its curves are called."""
    return [
        prometheus.Dataquery().expr(expr).range().legend_format(legend).ref_id(name).datasource(SOURCE)
        for name, (legend, expr) in zip(ids(), curves.items(), strict=False)
    ]

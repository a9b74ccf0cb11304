"""Metric families of the catalogue, made from values that state gives at a scrape."""

from collections.abc import Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from .catalogue import Metric


def gauge(metric: Metric, values: Mapping[Any, float] | None = None) -> GaugeMetricFamily:
    """One gauge; `values` by the values of its labels."""
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in (values or {}).items():
        family.add_metric(labels, value)
    return family

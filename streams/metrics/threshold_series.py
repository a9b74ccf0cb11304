"""The thresholds in force for every deal that no override of the rules concerns, and what they promise, as series."""

from datetime import timedelta

from prometheus_client.metrics_core import Metric

from detectors.core.registry import catalogue
from detectors.core.rules import Rules

from . import catalogue as metrics
from .families import gauge


def threshold_series(rules: Rules) -> Metric:
    """One series a threshold; durations in seconds."""
    values: dict[tuple[str, str, str], float] = {}
    for name, kind in catalogue().items():
        detector = kind(**rules.file.detectors.get(name, {}))
        for threshold in kind.model_fields:
            value = getattr(detector, threshold)
            if isinstance(value, timedelta):
                values[name, threshold, "seconds"] = value.total_seconds()
            elif isinstance(value, int | float) and not isinstance(value, bool):
                values[name, threshold, "business_days" if threshold.endswith("_business_days") else "number"] = value
    return gauge(metrics.THRESHOLD, values)


def promised_series(rules: Rules) -> Metric:
    """One series a figure that a backtest promised."""
    figures = ("precision", "recall", "alerts_per_rep_week")
    told = ((name, figure, getattr(each, figure)) for name, each in rules.file.promised.items() for figure in figures)
    return gauge(metrics.PROMISED, {(name, figure): value for name, figure, value in told if value is not None})

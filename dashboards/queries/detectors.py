"""What ops ask of the detectors: what they find, whether people agree, and where their thresholds cut."""

from dashboards.queries import recorded
from dashboards.queries.shared import IN_WORDS, OPEN_DEALS, TEAM, WORDS
from streams.metrics.catalogue import (
    ALERTS_WITHHELD,
    DETECTOR_ERRORS,
    DETECTOR_INFO,
    FINDINGS,
    FINDINGS_LEFT_OUT,
    SILENCE,
    THRESHOLD,
)

MOST_SHOWN = 20

STALLS = f'sum({FINDINGS.name}{{severity!="info", {TEAM}}}) or 0 * {OPEN_DEALS}'
CRITICAL_FINDINGS = f'sum({FINDINGS.name}{{severity="critical", {TEAM}}}) or 0 * {OPEN_DEALS}'
LEFT_OUT = f"sum({FINDINGS_LEFT_OUT.name})"

FINDINGS_BY_DETECTOR = f"""\
(sum by (detector, severity) ({FINDINGS.name}{{{TEAM}}}) > 0)
  {IN_WORDS}"""

STALLS_BY_FAMILY = f"""\
sum by (family) (
  sum by (detector) ({recorded.FINDINGS}{{severity!="info", {TEAM}}})
    * on (detector) group_left (family) topk by (detector) (1, max by (detector, family) ({DETECTOR_INFO.name}))
)"""


def _verdicts(by: str, verdict: str) -> str:
    return f'sum {by}(sum_over_time({recorded.VERDICTS}{{verdict=~"{verdict}"}}[$__range]))'


PRECISION = f"{_verdicts('', 'useful')} / ({_verdicts('', 'useful|noise')} > 0)"
PRECISION_BY_DETECTOR = f"""\
{_verdicts("by (detector) ", "useful")} / ({_verdicts("by (detector) ", "useful|noise")} > 0)
  {IN_WORDS}"""
VERDICTS_BY_DETECTOR = f"""\
({_verdicts("by (detector, verdict) ", ".+")} > 0)
  {IN_WORDS}"""

WITHHELD = f"sum({ALERTS_WITHHELD.name})"
WITHHELD_BY_OWNER = f"topk({MOST_SHOWN}, max by (owner) ({ALERTS_WITHHELD.name}))"


def silence(share: float) -> str:
    """Working days without the buyer that this share of the open deals is not beyond."""
    return f"histogram_quantile({share}, sum by (le) ({recorded.SILENCE}{{{TEAM}}}))"


def threshold(detector: str, name: str) -> str:
    """A threshold in force; where two workers differ for a moment, the larger."""
    return f'max({THRESHOLD.name}{{detector="{detector}", threshold="{name}"}})'


SILENT_DEALS = f"sum by (le) ({SILENCE.name}_bucket{{{TEAM}}})"


def thresholds(unit: str) -> str:
    """All thresholds of a unit, with what their detector finds in words."""
    return f"""\
max by (detector, threshold) ({THRESHOLD.name}{{unit="{unit}"}})
  * on (detector) group_left (problem) {WORDS}"""


ERRORS_BY_DETECTOR = f"topk({MOST_SHOWN}, sum by (detector) (increase({DETECTOR_ERRORS.name}[$__range])))"

"""What ops ask of the detectors: what they find, whether people agree, and where their thresholds cut."""

from dashboards.queries import recorded
from dashboards.queries.shared import IN_WORDS, OPEN_DEALS, TEAM, WORDS
from streams.metrics.catalogue import (
    ALERTED_DEALS_ENDED,
    ALERTS_WITHHELD,
    BOOK_DEALS,
    DEALS_ENDED,
    DETECTOR_ERRORS,
    DETECTOR_INFO,
    FINDINGS,
    FINDINGS_LEFT_OUT,
    PROMISED,
    RULES_LOADED,
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
_OF_AN_OWNER = f"max by (owner) ({ALERTS_WITHHELD.name})"
# Nobody is named: it is a question of the rules, or of how books are cut.
WITHHELD_FROM_ONE = f"""\
label_replace(quantile(0.5, {_OF_AN_OWNER}), "owners", "half of them, at most", "", "")
  or
label_replace(quantile(0.9, {_OF_AN_OWNER}), "owners", "nine of ten, at most", "", "")
  or
label_replace(max({_OF_AN_OWNER}), "owners", "the one with most", "", "")"""


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


# What is recorded every five minutes, in weeks.
_WEEKS = f"(sum by (rules) (count_over_time({recorded.IN_FORCE}[$__range])) * 300 / 604800)"
_REPS = f"scalar(count(sum by (owner) ({BOOK_DEALS.name}) > 0))"

RULES_SINCE = f"1000 * min by (rules) (min_over_time({RULES_LOADED.name}[$__range]))"
WEEKS_IN_FORCE = _WEEKS
FINDINGS_UNDER_RULES = f"sum by (rules) (avg_over_time({recorded.FINDINGS_UNDER_RULES}[$__range]))"
ALERTS_UNDER_RULES = f"""\
sum by (rules) (sum_over_time({recorded.ALERTS_UNDER_RULES}[$__range]))
  / {_WEEKS} / {_REPS}"""
FINDINGS_BY_DETECTOR_UNDER_RULES = f"""\
(avg by (detector, rules) (avg_over_time({recorded.FINDINGS_UNDER_RULES}[$__range])) > 0)
  {IN_WORDS}"""
ALERTS_BY_DETECTOR_UNDER_RULES = f"""\
(sum by (detector, rules) (sum_over_time({recorded.ALERTS_UNDER_RULES}[$__range])) > 0)
  / on (rules) group_left () {_WEEKS} / {_REPS}
  {IN_WORDS}"""


def promised(figure: str) -> str:
    """What a backtest promised of each detector: `precision`, `recall` or `alerts_per_rep_week`."""
    return f"""\
max by (detector) ({PROMISED.name}{{figure="{figure}"}})
  {IN_WORDS}"""


_LOST = f'sum by (detector) ({ALERTED_DEALS_ENDED.name}{{deal="lost", {TEAM}}})'
_ALERTED = f"sum by (detector) ({ALERTED_DEALS_ENDED.name}{{{TEAM}}})"
PRECISION_BY_ENDINGS = f"""\
({_LOST} or 0 * {_ALERTED}) / {_ALERTED}
  {IN_WORDS}"""
RECALL_BY_ENDINGS = f"""\
{_LOST} / scalar(sum({DEALS_ENDED.name}{{deal="lost", {TEAM}}}))
  {IN_WORDS}"""
ALERTS_A_REP_AND_WEEK = f"""\
(sum by (detector) (sum_over_time({recorded.ALERTS_UNDER_RULES}[$__range])) > 0)
  / scalar(sum({_WEEKS})) / {_REPS}
  {IN_WORDS}"""

ERRORS_BY_DETECTOR = f"topk({MOST_SHOWN}, sum by (detector) (increase({DETECTOR_ERRORS.name}[$__range])))"

"""The dashboards' PromQL, apart from the panels that show it.

Each worker exports only the deals of its own partitions, so totals are summed over workers. What belongs to one deal or
one owner is taken by `max`: while a partition moves, two workers may name the same deal for a moment. Money is always
asked for in one currency. A zero is only shown while deals are being reported: no answer must not look like good news.
"""

from streams.metrics import (
    CLOCK,
    DEALS,
    DEALS_AMOUNT,
    DETECTOR_INFO,
    FINDING_OPEN,
    FINDINGS,
    OWNER_STALLED_RATIO,
    STALLED_AMOUNT,
    STALLED_DEAL_AMOUNT,
)

WORST_DEALS_SHOWN = 50
OWNERS_SHOWN = 20

_TEAM = 'team=~"$team"'
_MONEY = f'currency="$currency", {_TEAM}'

OPEN_VALUE = f"sum({DEALS_AMOUNT.name}{{{_MONEY}}})"
OPEN_VALUE_BY_TEAM = f"sum by (team) ({DEALS_AMOUNT.name}{{{_MONEY}}})"

STALLED_VALUE = f"(sum({STALLED_AMOUNT.name}{{{_MONEY}}}) or 0 * {OPEN_VALUE})"
STALLED_VALUE_BY_TEAM = f"(sum by (team) ({STALLED_AMOUNT.name}{{{_MONEY}}}) or 0 * {OPEN_VALUE_BY_TEAM})"

STALLED_SHARE = f"{STALLED_VALUE} / ({OPEN_VALUE} > 0)"
STALLED_SHARE_BY_TEAM = f"{STALLED_VALUE_BY_TEAM} / ({OPEN_VALUE_BY_TEAM} > 0)"

OPEN_DEALS = f"sum({DEALS.name}{{{_TEAM}}})"
CRITICAL_FINDINGS = f'sum({FINDINGS.name}{{severity="critical", {_TEAM}}}) or 0 * {OPEN_DEALS}'

# The slowest worker says up to when the whole picture is complete. Grafana counts in milliseconds.
SEEN_UP_TO = f"1000 * min({CLOCK.name})"

# What a detector finds, in words: its title up to the colon. One title each, even while two versions run side by side.
_WORDS = (
    f"topk by (detector) (1, max by (detector, problem) "
    f'(label_replace({DETECTOR_INFO.name}, "problem", "$1", "title", "([^:]+).*")))'
)

FINDINGS_BY_DETECTOR = f"""\
(sum by (detector, severity) ({FINDINGS.name}{{{_TEAM}}}) > 0)
  * on (detector) group_left (problem) {_WORDS}"""

# The ratio itself carries no team: an owner with stalled deals is placed by them.
STALLED_RATIO_BY_OWNER = f"""\
topk({OWNERS_SHOWN}, max by (owner) ({OWNER_STALLED_RATIO.name})
  and on (owner) {STALLED_DEAL_AMOUNT.name}{{{_TEAM}}})"""

# One row for each finding of each of the largest stalled deals; its value is the amount of the deal.
WORST_DEALS = f"""\
max by (deal_id, detector, severity) ({FINDING_OPEN.name}{{severity=~"warning|critical"}})
  * on (deal_id) group_left (owner, team)
    topk({WORST_DEALS_SHOWN}, max by (deal_id, owner, team) ({STALLED_DEAL_AMOUNT.name}{{{_MONEY}}}))
  * on (detector) group_left (problem) {_WORDS}"""

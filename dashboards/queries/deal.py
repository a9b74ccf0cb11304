"""What is asked of one deal. Only deals with an open finding have series of their own, the largest first."""

from dashboards.queries.shared import IN_WORDS
from streams.metrics.catalogue import FINDING_OPEN, STALLED_DEAL_AMOUNT

_DEAL = 'deal_id="$deal"'
# from the lightest on: a severity's number is its place
SEVERITIES = ("info", "warning", "critical")

_FINDINGS = f"{FINDING_OPEN.name}{{{_DEAL}}}"
_LEVELS = " or ".join(
    f'{level} * {FINDING_OPEN.name}{{{_DEAL}, severity="{severity}"}}' for level, severity in enumerate(SEVERITIES)
)

AMOUNT = f"max by (currency) ({STALLED_DEAL_AMOUNT.name}{{{_DEAL}}})"
WORST = f"max({_LEVELS})"
NUMBER = f"count(max by (detector) ({_FINDINGS}))"
NUMBER_BY_SEVERITY = f"count by (severity) (max by (detector, severity) ({_FINDINGS}))"
OWNER = f"max by (owner) ({_FINDINGS})"

LEVEL_BY_PROBLEM = f"""\
max by (detector) ({_LEVELS})
  {IN_WORDS}"""

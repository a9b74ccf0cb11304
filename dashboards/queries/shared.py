"""What several dashboards ask."""

from streams.metrics import DEALS, DETECTOR_INFO, FINDINGS, FINDINGS_BEGAN, FINDINGS_ENDED

TEAM = 'team=~"$team"'
MONEY = f'currency="$currency", {TEAM}'

OPEN_DEALS = f"sum({DEALS.name}{{{TEAM}}})"

# What a detector finds, in words: its title up to the colon. One title each, even while two versions run side by side.
WORDS = (
    f"topk by (detector) (1, max by (detector, problem) "
    f'(label_replace({DETECTOR_INFO.name}, "problem", "$1", "title", "([^:]+).*")))'
)
IN_WORDS = f"* on (detector) group_left (problem) {WORDS}"

FINDINGS_BY_DETECTOR = f"""\
(sum by (detector, severity) ({FINDINGS.name}{{{TEAM}}}) > 0)
  {IN_WORDS}"""

_BEGAN = f"{FINDINGS_BEGAN.name}{{{TEAM}}}"
_CLEARED = f'{FINDINGS_ENDED.name}{{deal="open", {TEAM}}}'
_CLOSED = f'{FINDINGS_ENDED.name}{{deal!="open", {TEAM}}}'

BEGAN = f"sum({_BEGAN}) or 0 * {OPEN_DEALS}"
CLEARED = f"sum({_CLEARED}) or 0 * {OPEN_DEALS}"

TURNS_SHOWN = 12
CLOSED_WITH_DEAL = "closed with the deal"
# What began, cleared, and was closed together with its deal; the detectors of which most is to be told.
TURNS_BY_DETECTOR = f"""\
(
  (
    label_replace(sum by (detector) ({_BEGAN}), "turn", "began", "", "")
      or
    label_replace(sum by (detector) ({_CLEARED}), "turn", "cleared", "", "")
      or
    label_replace(sum by (detector) ({_CLOSED}), "turn", "{CLOSED_WITH_DEAL}", "", "")
  )
    and on (detector) topk({TURNS_SHOWN}, sum by (detector) ({_BEGAN} or {FINDINGS_ENDED.name}{{{TEAM}}}))
)
  {IN_WORDS}"""

"""What several dashboards ask."""

from streams.metrics.catalogue import DEALS, DETECTOR_INFO, FINDINGS_BEGAN, FINDINGS_DUE, FINDINGS_ENDED

TEAM = 'team=~"$team"'
MONEY = f'currency="$currency", {TEAM}'

OPEN_DEALS = f"sum({DEALS.name}{{{TEAM}}})"

# What a detector finds, in words: its title up to the colon. One title each, even while two versions run side by side.
WORDS = (
    f"topk by (detector) (1, max by (detector, problem) "
    f'(label_replace({DETECTOR_INFO.name}, "problem", "$1", "title", "([^:]+).*")))'
)
IN_WORDS = f"* on (detector) group_left (problem) {WORDS}"

_BEGAN = f"{FINDINGS_BEGAN.name}{{{TEAM}}}"
_CLEARED = f'{FINDINGS_ENDED.name}{{deal="open", {TEAM}}}'
_CLOSED = f'{FINDINGS_ENDED.name}{{deal!="open", {TEAM}}}'

BEGAN = f"sum({_BEGAN}) or 0 * {OPEN_DEALS}"
CLEARED = f"sum({_CLEARED}) or 0 * {OPEN_DEALS}"

TURNS_SHOWN = 8
BEGAN_NAME, CLEARED_NAME, CLOSED_NAME, DUE_NAME = "began", "cleared", "closed with the deal", "due next week"
_DUE = f'label_replace({FINDINGS_DUE.name}{{{TEAM}}}, "turn", "{DUE_NAME}", "", "")'
# What began, cleared, was closed together with its deal, and is due; the detectors of which most is to be told.
TURNS_BY_DETECTOR = f"""\
(
  (
    label_replace(sum by (detector) ({_BEGAN}), "turn", "{BEGAN_NAME}", "", "")
      or
    label_replace(sum by (detector) ({_CLEARED}), "turn", "{CLEARED_NAME}", "", "")
      or
    label_replace(sum by (detector) ({_CLOSED}), "turn", "{CLOSED_NAME}", "", "")
      or
    sum by (detector, turn) ({_DUE})
  )
    and on (detector) topk({TURNS_SHOWN}, sum by (detector) ({_BEGAN} or {FINDINGS_ENDED.name}{{{TEAM}}} or {_DUE}))
)
  {IN_WORDS}"""

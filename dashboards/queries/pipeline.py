"""What managers ask of the pipeline."""

from dashboards.queries import recorded
from dashboards.queries.shared import IN_WORDS, MONEY, TEAM
from streams.metrics.catalogue import (
    BOOK_AMOUNT,
    BOOK_DEALS,
    CLOCK,
    CLOSING_AMOUNT,
    DEALS,
    DEALS_AMOUNT,
    DEALS_WITHOUT_EXECUTIVE,
    FINDING_AMOUNT,
    FINDING_OPEN,
    FINDINGS,
    STALLED_AMOUNT,
    STALLED_DEAL_AMOUNT,
)

WORST_DEALS_SHOWN = 50
BOOKS_SHOWN = 50
PROBLEMS_SHOWN = 12
HONEST, STALLED = "honest", "stalled"
MET, NOT_MET = "met", "nobody met"

OPEN_VALUE = f"sum({DEALS_AMOUNT.name}{{{MONEY}}})"
OPEN_VALUE_BY_TEAM = f"sum by (team) ({recorded.OPEN_VALUE}{{{MONEY}}})"

STALLED_VALUE = f"(sum({STALLED_AMOUNT.name}{{{MONEY}}}) or 0 * {OPEN_VALUE})"
STALLED_VALUE_BY_TEAM = f"(sum by (team) ({recorded.STALLED_VALUE}{{{MONEY}}}) or 0 * {OPEN_VALUE_BY_TEAM})"

HONEST_VALUE = f"{OPEN_VALUE} - {STALLED_VALUE}"

STALLED_SHARE = f"{STALLED_VALUE} / ({OPEN_VALUE} > 0)"
STALLED_SHARE_BY_TEAM = f"{STALLED_VALUE_BY_TEAM} / ({OPEN_VALUE_BY_TEAM} > 0)"

# What a deal's history says of its quarters, the detector knows: a quarter to which the date comes back is regained.
_SLIPPED = f'detector="quarter_rollover", {MONEY}'
SLIPPED_VALUE = f"sum({FINDING_AMOUNT.name}{{{_SLIPPED}}}) or 0 * {OPEN_VALUE}"
SLIPPED_VALUE_BY_TEAM = f"sum by (team) ({recorded.FINDING_VALUE}{{{_SLIPPED}}}) or 0 * {OPEN_VALUE_BY_TEAM}"

# The slowest worker says up to when the whole picture is complete. Grafana counts in milliseconds.
SEEN_UP_TO = f"1000 * min({CLOCK.name})"


def _closing(by: str, *wanted: str) -> str:
    return f"sum by ({by}) ({CLOSING_AMOUNT.name}{{{', '.join((*wanted, MONEY))}}})"


_HONEST_THEN, _STALLED_THEN = _closing("quarter", 'stalled="no"'), _closing("quarter", 'stalled="yes"')
VALUE_BY_QUARTER = f"""\
label_replace({_HONEST_THEN}, "part", "{HONEST}", "", "")
  or
label_replace({_STALLED_THEN}, "part", "{STALLED}", "", "")"""

_PLACE = "team, quarter"
_STALLED, _HONEST = _closing(_PLACE, 'stalled="yes"'), _closing(_PLACE, 'stalled="no"')
OPEN_BY_TEAM_AND_QUARTER = f"{_closing(_PLACE)} > 0"
STALLED_BY_TEAM_AND_QUARTER = f"{_STALLED} and {OPEN_BY_TEAM_AND_QUARTER}"
HONEST_BY_TEAM_AND_QUARTER = f"{_HONEST} and {OPEN_BY_TEAM_AND_QUARTER}"
SHARE_BY_TEAM_AND_QUARTER = f"{_STALLED} / ({OPEN_BY_TEAM_AND_QUARTER})"

_WITHOUT_EXECUTIVE = f"sum by (stage) ({DEALS_WITHOUT_EXECUTIVE.name}{{{TEAM}}})"
EXECUTIVES_BY_STAGE = f"""\
label_replace({_WITHOUT_EXECUTIVE}, "executive", "{NOT_MET}", "", "")
  or
label_replace(sum by (stage) ({DEALS.name}{{{TEAM}}}) - {_WITHOUT_EXECUTIVE}, "executive", "{MET}", "", "")"""

_FINDINGS = f"{FINDINGS.name}{{{TEAM}}}"
FINDINGS_BY_PROBLEM = f"""\
(
  (sum by (detector, severity) ({_FINDINGS}) > 0)
    and on (detector) topk({PROBLEMS_SHOWN}, sum by (detector) ({_FINDINGS}))
)
  {IN_WORDS}"""

VALUE_BY_PROBLEM = f"""\
topk({PROBLEMS_SHOWN}, sum by (detector) ({FINDING_AMOUNT.name}{{{MONEY}}}))
  {IN_WORDS}"""

_BOOK = "by (owner, team)"
# People are compared with nobody outside their team: there are no books until one is chosen.
_OF_ONE_TEAM = f"and on () (count(count by (team) ({BOOK_DEALS.name}{{{TEAM}}})) == 1)"
# The books with most stalled value; the other columns follow them.
BOOK_STALLED = f"""\
topk({BOOKS_SHOWN}, sum {_BOOK} ({BOOK_AMOUNT.name}{{stalled="yes", {MONEY}}}))
  {_OF_ONE_TEAM}"""
BOOK_OPEN = f"sum {_BOOK} ({BOOK_AMOUNT.name}{{{MONEY}}}) and ({BOOK_STALLED})"
BOOK_COUNT = f"sum {_BOOK} ({BOOK_DEALS.name}{{{TEAM}}}) and ({BOOK_STALLED})"
BOOK_SHARE = f"""\
sum {_BOOK} ({BOOK_DEALS.name}{{stalled="yes", {TEAM}}}) / sum {_BOOK} ({BOOK_DEALS.name}{{{TEAM}}})
  and ({BOOK_STALLED})"""

# One row for each finding of each of the largest stalled deals; its value is the amount of the deal.
WORST_DEALS = f"""\
max by (deal_id, detector, severity) ({FINDING_OPEN.name}{{severity=~"warning|critical"}})
  * on (deal_id) group_left (owner, team)
    topk({WORST_DEALS_SHOWN}, max by (deal_id, owner, team) ({STALLED_DEAL_AMOUNT.name}{{{MONEY}}}))
  {IN_WORDS}"""

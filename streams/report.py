"""What managers ask of the pipeline, slice by slice: what is open, stalled and honest, how long deals take, what moved.

Pure: from answers to rows. Values are in the deal's own currency and never summed across; the name of a currency that
nobody gave is empty. People stand in the order of their names: what was found on their deals makes no league table.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from statistics import median

from detectors.core.rules import Rules

from .answer import Answer

DAY = timedelta(days=1)
Path = tuple[str, ...]
Values = dict[str, float]


class By(StrEnum):
    """What a report is sliced by."""

    TEAM = "team"
    REP = "rep"
    PIPELINE = "pipeline"
    STAGE = "stage"
    QUARTER = "quarter"


# deals leave these when they are won, so what was won is no measure for what stands in them
PASSED_THROUGH = (By.STAGE, By.QUARTER)


@dataclass(frozen=True)
class Question:
    """What is asked: slices at `clock`, each level within the one before it, and what moved after `since`.

    `targets` are values by currency, of the whole report.
    """

    clock: datetime
    since: datetime
    rules: Rules
    by: Sequence[By] = (By.TEAM, By.REP)
    team: str | None = None
    targets: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def today(self) -> date:
        """The clock's day where the organization is."""
        return self.day_of(self.clock)

    @cached_property
    def last_quarter(self) -> tuple[int, int]:
        """The last fiscal quarter that is over: the calendar year in which its year began, and its number."""
        year, number = self.rules.quarter_of(self.today)
        return (year, number - 1) if number > 1 else (year - 1, 4)

    def day_of(self, moment: datetime) -> date:
        """A moment's day where the organization is."""
        return self.rules.calendar_of(None, None).local(moment).date()

    def moved(self, moment: datetime | None) -> bool:
        """Whether a moment lies in the window."""
        return moment is not None and self.since < moment <= self.clock

    def names(self, told: Answer) -> Path:
        """Where a deal stands, level by level."""
        return tuple(self._name(level, told) for level in self.by)

    def measured_with(self, path: Path) -> Path:
        """The slice whose wins a slice is covered against: itself, or the one around stages or quarters."""
        passed = (depth for depth in range(len(path)) if self.by[depth] in PASSED_THROUGH)
        return path[: next(passed, len(path))]

    def _name(self, level: By, told: Answer) -> str:
        match level:
            case By.TEAM:
                return team_of(told, self.rules) or "no team"
            case By.REP:
                return told.owner or "no owner"
            case By.PIPELINE:
                return told.pipeline
            case By.STAGE:
                return told.stage or "no stage"
            case By.QUARTER:
                # it brings Prometheus' client along, which the command line need not wait for
                from .metrics.pipeline_series import quarter

                if (ended := _ended(told)) is None:
                    return quarter(told.close_date, self.today, self.rules)
                year, number = self.rules.quarter_of(self.day_of(ended))
                return f"FY{year} Q{number}"


@dataclass
class Slice:
    """A row. `path` names it level by level, and is empty of the whole; `by` is its last level, or `all`.

    Stalled is a deal with an open warning or worse; honest value is that of open deals that are not stalled. `covered`
    is the value that `coverage` measures it against: the target, or what was won in the last full fiscal quarter.
    Days are medians over the closed deals whose beginning is known, from creation to the end, with their number.
    What moved did so in the window: warnings and worse that opened, or cleared while their deal went on; deals won and
    lost; open deals whose close date was pushed out of a fiscal quarter and has not come back (`quarter_rollover`).
    """

    path: Path
    by: str
    open_deals: int = 0
    without_amount: int = 0
    open_value: Values = field(default_factory=dict)
    stalled_deals: int = 0
    stalled_value: Values = field(default_factory=dict)
    covered: Values = field(default_factory=dict)
    days_to_win: float | None = None
    days_to_win_deals: int = 0
    days_to_abandon: float | None = None
    days_to_abandon_deals: int = 0
    findings_opened: int = 0
    findings_cleared: int = 0
    won_deals: int = 0
    won_value: Values = field(default_factory=dict)
    lost_deals: int = 0
    lost_value: Values = field(default_factory=dict)
    slipped_deals: int = 0
    slipped_value: Values = field(default_factory=dict)

    @property
    def honest_value(self) -> Values:
        """By currency, the value of the open deals that are not stalled."""
        return {
            currency: round(value - self.stalled_value.get(currency, 0.0), 2)
            for currency, value in self.open_value.items()
        }

    @property
    def coverage(self) -> Values:
        """By currency, how many times the honest value covers what it is measured against; none against nothing."""
        honest = self.honest_value
        return {
            currency: round(honest.get(currency, 0.0) / value, 2)
            for currency, value in self.covered.items()
            if value > 0
        }


def report(answers: Iterable[Answer], question: Question) -> list[Slice]:
    """The slices that have deals, by name, each followed by those within it; the whole comes last."""
    parts: defaultdict[Path, _Part] = defaultdict(_Part)
    whole = parts[()]
    for told in answers:
        if question.team is not None and not _is_of(question.team, told, question.rules):
            continue
        names = question.names(told)
        for depth in range(1, len(names) + 1):
            parts[names[:depth]].add(told, question)
        whole.add(told, question)
    paths = sorted((path for path in parts if path), key=lambda path: [(name.casefold(), name) for name in path])
    return [_slice(path, parts, question) for path in (*paths, ())]


def team_of(told: Answer, rules: Rules) -> str | None:
    """A deal's team, by the answer, else by the rules."""
    return told.team or rules.team_of(told.owner)


def currencies(slices: Iterable[Slice]) -> list[str]:
    """Every currency that a report speaks of, by name."""
    kinds = ("open_value", "won_value", "lost_value", "covered")
    return sorted({currency for each in slices for kind in kinds for currency in getattr(each, kind)})


def _is_of(team: str, told: Answer, rules: Rules) -> bool:
    return (team_of(told, rules) or "").casefold() == team.casefold()


class _Part:
    """A slice as it adds up."""

    def __init__(self) -> None:
        self.row = Slice((), "all")
        self.last_quarter: Values = {}
        self.took: dict[str, list[float]] = {"won": [], "lost": []}

    def add(self, told: Answer, question: Question) -> None:
        row = self.row
        for opened, cleared in _turns(told):
            row.findings_opened += question.moved(opened)
            row.findings_cleared += question.moved(cleared)
        if told.is_open:
            row.open_deals += 1
            row.without_amount += told.amount is None
            _add(row.open_value, told)
            if told.stalls:
                row.stalled_deals += 1
                _add(row.stalled_value, told)
            if any(question.moved(at) for at in _slips(told)):
                row.slipped_deals += 1
                _add(row.slipped_value, told)
        elif (ended := _ended(told)) is not None:
            if (days := _days(told)) is not None:
                self.took[told.status].append(days)
            if told.status == "won":
                if question.moved(ended):
                    row.won_deals += 1
                    _add(row.won_value, told)
                if question.rules.quarter_of(question.day_of(ended)) == question.last_quarter:
                    _add(self.last_quarter, told)
            elif question.moved(ended):
                row.lost_deals += 1
                _add(row.lost_value, told)


def _slice(path: Path, parts: Mapping[Path, _Part], question: Question) -> Slice:
    part, measure = parts[path], question.measured_with(path)
    row = part.row
    row.path, row.by = path, question.by[len(path) - 1] if path else "all"
    if not question.targets:
        row.covered = parts[measure].last_quarter
    elif not measure:
        row.covered = dict(question.targets)
    row.days_to_win, row.days_to_win_deals = _median(part.took["won"])
    row.days_to_abandon, row.days_to_abandon_deals = _median(part.took["lost"])
    return row


def _add(values: Values, told: Answer) -> None:
    if told.amount is not None:
        currency = told.currency or ""
        values[currency] = round(values.get(currency, 0.0) + told.amount, 2)


def _ended(told: Answer) -> datetime | None:
    return told.page.ended if told.page and not told.is_open else None


def _days(told: Answer) -> float | None:
    """How long a closed deal took; None if its first word is that of its end, for then it began before we knew."""
    page = told.page
    if page is None or page.took is None or page.event == page.ended_event or page.took < timedelta():
        return None
    return page.took / DAY


def _median(days: list[float]) -> tuple[float | None, int]:
    return (round(median(days), 1) if days else None), len(days)


def _turns(told: Answer) -> Iterator[tuple[datetime, datetime | None]]:
    """When each warning or worse that is open or over began, and cleared: not by the deal's end."""
    ended = _ended(told)
    for each in told.findings:
        if each.severity != "info" and each.state in ("open", "resolved"):
            over = each.until if each.state == "resolved" else None
            yield each.since, over if over and (ended is None or over < ended) else None


def _slips(told: Answer) -> Iterator[datetime]:
    """When its close date was pushed out of a quarter that it has not come back to."""
    for each in told.open_findings:
        if each.detector == "quarter_rollover":
            yield from (fact.at for fact in each.evidence)

"""A deal's life at a glance: lanes of marks over one axis of time, in percent of its width."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from detectors.core.breach import Finding
from detectors.core.conversation import Touch
from detectors.core.deal import Deal
from detectors.core.words import count_of

from .formats import moment, short_title

MOST_LABELS = 7


@dataclass(frozen=True)
class Mark:
    """A thing at a moment, or (with a width) over a while."""

    x: float
    kind: str
    words: str
    width: float = 0.0
    label: str = ""


@dataclass(frozen=True)
class Lane:
    """A row of the strip; `words` say it to those who do not see it."""

    title: str
    marks: tuple[Mark, ...]
    words: str


@dataclass(frozen=True)
class Strip:
    """All lanes, and the first days of months as (x, label)."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class _Axis:
    start: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(100 * max(0.0, min(1.0, share)), 2)

    def while_(self, start: datetime, end: datetime, kind: str, words: str, label: str = "") -> Mark:
        left, right = self.x(start), self.x(end)
        return Mark(left, kind, words, max(round(right - left, 2), 0.6), label)


def strip(deal: Deal, findings: Iterable[Finding], as_of: datetime) -> Strip | None:
    """The life of a deal up to `as_of`; None if it is too short to be drawn."""
    local = deal.calendar.local
    start, end = local(min(deal.created.at, deal.log[0].at)), local(max(as_of, deal.log[-1].at))
    if end - start < timedelta(days=2):
        return None
    axis = _Axis(start, end)
    lanes = [
        _touches(axis, deal, "Buyer", "them", [touch for touch in deal.touches if touch.direction == "inbound"]),
        _touches(axis, deal, "Us", "us", [touch for touch in deal.touches if touch.is_ours]),
        _touches(axis, deal, "Meetings", "both", [touch for touch in deal.touches if touch.direction == "both"]),
        _stages(axis, deal),
        _pushes(axis, deal),
        *_stalls(axis, findings),
    ]
    return Strip(tuple(lane for lane in lanes if lane.marks), tuple(_ticks(axis)))


def _touches(axis: _Axis, deal: Deal, title: str, kind: str, touches: list[Touch]) -> Lane:
    local = deal.calendar.local
    marks = tuple(
        Mark(axis.x(touch.at), f"{kind} reply" if touch.is_reply else kind, f"{moment(local(touch.at))} {touch.words}")
        for touch in touches
    )
    replies = sum(touch.is_reply for touch in touches)
    words = count_of(len(touches), "touch", "touches") + (f", {replies} of them replies" if replies else "")
    return Lane(title, marks, words)


def _stages(axis: _Axis, deal: Deal) -> Lane:
    local = deal.calendar.local
    entered = [change for change, _ in deal.stage_changes]
    ends = [*(change.at for change in entered[1:]), axis.end]
    marks = tuple(
        axis.while_(change.at, end, "stage", f"{change.value} from {moment(local(change.at))}", str(change.value))
        for change, end in zip(entered, ends, strict=False)
        if change.value
    )
    return Lane("Stage", marks, ", then ".join(mark.words for mark in marks))


def _pushes(axis: _Axis, deal: Deal) -> Lane:
    marks = tuple(
        Mark(axis.x(push.at), "push", f"close date from {push.was} to {push.now}, {count_of(push.days, 'day')} later")
        for push in deal.pushes
    )
    return Lane("Date pushed", marks, "; ".join(mark.words for mark in marks))


def _stalls(axis: _Axis, findings: Iterable[Finding]) -> Iterator[Lane]:
    shown = sorted(
        (each for each in findings if each.state in ("open", "resolved")), key=lambda each: (each.detector, each.since)
    )
    for detector, group in groupby(shown, key=lambda each: each.detector):
        marks = tuple(_stall(axis, each) for each in group)
        yield Lane(short_title(detector), marks, "; ".join(mark.words for mark in marks))


def _stall(axis: _Axis, finding: Finding) -> Mark:
    end = finding.until if finding.state == "resolved" and finding.until else axis.end
    until = f"until {moment(end)}" if finding.state == "resolved" else "and still open"
    kind = finding.severity + (" over" if finding.state == "resolved" else "")
    return axis.while_(finding.since, end, kind, f"{finding.severity} from {moment(finding.since)} {until}")


def _ticks(axis: _Axis) -> Iterator[tuple[float, str]]:
    names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    first = axis.start.year * 12 + axis.start.month  # the month after the start's, counted from 0
    last = axis.end.year * 12 + axis.end.month - 1
    step = next(each for each in (1, 2, 3, 6, 12, 12_000) if (last - first) // each < MOST_LABELS)
    for number in range(first, last + 1):
        if number % step == 0:
            year, month = divmod(number, 12)
            at = datetime(year, month + 1, 1, tzinfo=axis.start.tzinfo)
            yield axis.x(at), f"{names[month]} {year}" if month == 0 else names[month]

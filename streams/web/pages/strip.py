"""A deal's life at a glance: the exchange, and lanes of marks below, over one axis of time in percent of its width."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise

from detectors.core.breach import Finding
from detectors.core.conversation import Touch
from detectors.core.deal import Deal
from detectors.core.words import count_of

from .formats import anchor, moment, short_title

MOST_LABELS = 7
MOST_STALLS = 8
# shorter lives are told in weeks
MONTHS_FROM = timedelta(days=75)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass(frozen=True)
class Mark:
    """A thing at a moment, or (with a width) over a while; `anchor` is its place in the list of events."""

    x: float
    kind: str
    words: str
    width: float = 0.0
    label: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Join:
    """An answer, from what it answers: ours go down to us, theirs up to them."""

    start: float
    end: float
    is_ours: bool
    is_quoted: bool
    words: str


@dataclass(frozen=True)
class Exchange:
    """Who turned to whom: the buyer above, us below, between them what was met in and what answers what."""

    theirs: tuple[Mark, ...]
    ours: tuple[Mark, ...]
    both: tuple[Mark, ...]
    joins: tuple[Join, ...]
    words: str


@dataclass(frozen=True)
class Lane:
    """A row of the strip; `words` say it to those who do not see it."""

    title: str
    marks: tuple[Mark, ...]
    words: str

    @property
    def leads(self) -> bool:
        """Whether its marks lead to events."""
        return any(mark.anchor for mark in self.marks)


@dataclass(frozen=True)
class Strip:
    """The exchange and all lanes, days of the axis as (x, label), and how many stalls have no lane."""

    exchange: Exchange | None
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, str], ...]
    left_out: int


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


def strip(deal: Deal, findings: Iterable[Finding], as_of: datetime, quoted: Collection[str] = ()) -> Strip | None:
    """The life of a deal up to `as_of`; None if it is too short to be drawn. `quoted` events are open evidence."""
    local = deal.calendar.local
    start, end = local(min(deal.created.at, deal.log[0].at)), local(max(as_of, deal.log[-1].at))
    if end - start < timedelta(days=2):
        return None
    axis = _Axis(start, end)
    stalls = _stalls(axis, findings)
    lanes = [_stages(axis, deal), _dates(axis, deal), *stalls[:MOST_STALLS]]
    return Strip(
        exchange=_exchange(axis, deal, quoted),
        lanes=tuple(lane for lane in lanes if lane.marks),
        ticks=tuple(_weeks(axis) if end - start < MONTHS_FROM else _months(axis)),
        left_out=max(0, len(stalls) - MOST_STALLS),
    )


def _exchange(axis: _Axis, deal: Deal, quoted: Collection[str]) -> Exchange | None:
    if not deal.touches:
        return None

    def marks(direction: str, kind: str) -> tuple[Mark, ...]:
        return tuple(_mark(axis, deal, each, kind, quoted) for each in deal.touches if each.direction == direction)

    theirs, ours, both = marks("inbound", "them"), marks("outbound", "us"), marks("both", "both")
    replies = sum(touch.is_reply for touch in deal.touches)
    words = [
        f"{count_of(len(theirs), 'touch', 'touches')} by the buyer",
        f"{count_of(len(ours), 'touch', 'touches')} by us" + (f", {replies} of them only replies" if replies else ""),
        count_of(len(both), "meeting"),
    ]
    return Exchange(theirs, ours, both, tuple(_joins(axis, deal, quoted)), "; ".join(words))


def _mark(axis: _Axis, deal: Deal, touch: Touch, kind: str, quoted: Collection[str]) -> Mark:
    kinds = [kind, *(["reply"] if touch.is_reply else []), *(["quoted"] if touch.event in quoted else [])]
    words = f"{moment(deal.calendar.local(touch.at))} {touch.words}"
    return Mark(axis.x(touch.at), " ".join(kinds), words, anchor=anchor(touch.event))


def _joins(axis: _Axis, deal: Deal, quoted: Collection[str]) -> Iterator[Join]:
    touches = {touch.event: touch for touch in deal.touches}
    for touch in deal.touches:
        answered = touches.get(touch.answers or "")
        if answered is not None:
            words = f"{touch.words} answers {answered.words}"
            yield Join(axis.x(answered.at), axis.x(touch.at), touch.is_ours, touch.event in quoted, words)


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


def _dates(axis: _Axis, deal: Deal) -> Lane:
    """The moves of the close date, whoever made them."""
    local = deal.calendar.local
    marks = []
    for before, now in pairwise(deal.changes("close_date")):
        if before.value and now.value and before.value != now.value:
            days = (date.fromisoformat(now.value) - date.fromisoformat(before.value)).days
            kind, way = ("later", "later") if days > 0 else ("earlier", "earlier")
            words = f"{moment(local(now.at))} from {before.value} to {now.value}, {count_of(abs(days), 'day')} {way}"
            marks.append(Mark(axis.x(now.at), kind, words, anchor=anchor(now.event)))
    return Lane("Close date moved", tuple(marks), "; ".join(mark.words for mark in marks))


def _stalls(axis: _Axis, findings: Iterable[Finding]) -> list[Lane]:
    """A lane a detector: what is open first, then what was last."""
    shown = sorted(
        (each for each in findings if each.state in ("open", "resolved")), key=lambda each: (each.detector, each.since)
    )
    lanes: list[tuple[bool, float, Lane]] = []
    for detector, group in groupby(shown, key=lambda each: each.detector):
        told = list(group)
        marks = tuple(_stall(axis, each) for each in told)
        lane = Lane(short_title(detector), marks, "; ".join(mark.words for mark in marks))
        lanes.append((all(each.state != "open" for each in told), -told[-1].since.timestamp(), lane))
    return [lane for _, _, lane in sorted(lanes, key=lambda each: (each[:2], each[2].title))]


def _stall(axis: _Axis, finding: Finding) -> Mark:
    end = finding.until if finding.state == "resolved" and finding.until else axis.end
    until = f"until {moment(end)}" if finding.state == "resolved" else "and still open"
    kind = finding.severity + (" over" if finding.state == "resolved" else "")
    severity = "muted" if finding.muted else finding.severity
    return axis.while_(finding.since, end, kind, f"{severity} from {moment(finding.since)} {until}")


def _months(axis: _Axis) -> Iterator[tuple[float, str]]:
    first = axis.start.year * 12 + axis.start.month  # the month after the start's, counted from 0
    last = axis.end.year * 12 + axis.end.month - 1
    step = next(each for each in (1, 2, 3, 6, 12, 12_000) if (last - first) // each < MOST_LABELS)
    for number in range(first, last + 1):
        if number % step == 0:
            year, month = divmod(number, 12)
            at = datetime(year, month + 1, 1, tzinfo=axis.start.tzinfo)
            yield axis.x(at), f"{_MONTHS[month]} {year}" if month == 0 else _MONTHS[month]


def _weeks(axis: _Axis) -> Iterator[tuple[float, str]]:
    midnight = axis.start.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight + timedelta(days=7 - midnight.weekday())
    step = -(-(axis.end - monday) // timedelta(days=7 * MOST_LABELS)) or 1
    while monday < axis.end:
        yield axis.x(monday), f"{monday.day} {_MONTHS[monday.month - 1]}"
        monday += timedelta(days=7 * max(1, step))

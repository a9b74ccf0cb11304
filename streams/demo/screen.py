"""What the demo shows while it plays: stalls as they open and clear, each with its reason."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..answer import Answer
from ..findings_text import COLOURS

SHOWN = 14


@dataclass(frozen=True)
class News:
    """A stall that opened, turned critical or cleared."""

    at: datetime
    told: Answer
    detector: str
    what: str
    severity: str
    why: str


@dataclass
class Pipeline:
    """The newest answer on each deal, and what is new in the next one."""

    answers: dict[str, Answer] = field(default_factory=dict)

    def take(self, told: Answer) -> Iterator[News]:
        """An answer; what it says that the one before did not."""
        before = self.answers.get(told.deal_id)
        self.answers[told.deal_id] = told
        was = {each.detector: each for each in before.stalls} if before else {}
        now = {each.detector: each for each in told.stalls}
        for name, finding in now.items():
            if name not in was:
                yield News(told.as_of, told, name, "stalls", finding.severity, finding.evidence[-1].text)
            elif finding.severity != was[name].severity:
                yield News(told.as_of, told, name, "worse", finding.severity, finding.evidence[-1].text)
        for name in was.keys() - now.keys():
            over = next((each for each in reversed(told.findings) if each.detector == name), None)
            closed = "" if told.is_open else f"the deal was {told.status}"
            yield News(told.as_of, told, name, "clears", "", closed or _cleared(over is not None))

    @property
    def open_deals(self) -> list[Answer]:
        """Those neither won nor lost."""
        return [each for each in self.answers.values() if each.is_open]


def _cleared(known: bool) -> str:
    return "what would clear it has happened" if known else "a late event showed that it never was"


class Screen:
    """A live table on a terminal; a line for each piece of news elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._news: deque[News] = deque(maxlen=SHOWN)
        self._pipeline = Pipeline()
        self._live = Live(console=console, refresh_per_second=6, transient=False) if console.is_terminal else None

    @property
    def pipeline(self) -> Pipeline:
        """What was told so far."""
        return self._pipeline

    def __enter__(self) -> "Screen":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def take(self, told: Answer) -> None:
        """An answer of the running system."""
        for news in self._pipeline.take(told):
            self._news.append(news)
            if self._live is None:
                print(_line(news), flush=True)

    def show(self, today: datetime, mails: int) -> None:
        """Draw the state of things."""
        if self._live:
            self._live.update(self._drawn(today, mails))

    def _drawn(self, today: datetime, mails: int) -> RenderableType:
        deals = self._pipeline.open_deals
        stalled = [each for each in deals if each.stalls]
        head = Text.assemble(
            (f"{today:%A, %d %B %Y}", "bold"),
            f"   {len(deals)} open deals, ",
            (f"{len(stalled)} stalled", "bold yellow" if stalled else ""),
            f"   {mails} mails to reps",
        )
        table = Table(box=None, pad_edge=False, expand=True)
        for name, options in (
            ("day", {"width": 6}),
            ("", {"width": 6}),
            ("detector", {"width": 20}),
            ("deal", {"ratio": 2, "no_wrap": True}),
            ("rep", {"width": 10, "no_wrap": True}),
            ("why", {"ratio": 3, "no_wrap": True}),
        ):
            table.add_column(name, **options)  # type: ignore[arg-type]
        for news in self._news:
            style = COLOURS.get(news.severity, "green")
            table.add_row(
                f"{news.at:%d %b}",
                Text(news.what, style),
                Text(news.detector, style),
                escape(news.told.name),
                escape((news.told.owner or "").partition("@")[0]),
                escape(news.why),
            )
        return Group(head, table)


def _line(news: News) -> str:
    owner = (news.told.owner or "nobody").partition("@")[0]
    severity = f" ({news.severity})" if news.severity else ""
    return f"{news.at:%Y-%m-%d} {news.what:6} {news.detector}{severity}: {news.told.name} of {owner}: {news.why}"

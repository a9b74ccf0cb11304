"""What sources report waits for the clock behind it, of each what it said last: so a busy one floods nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ..monitor.coverage import Report
from ..wire import HEARTBEAT_HEADERS, Send
from .rows import own_row

MOST_REPORTS = 10_000
Rows = dict[str, bytes | None]


class Reports:
    """The reports that wait in one partition, each with a row of its table."""

    def __init__(self, partition: int, partitions: int) -> None:
        self._partition = partition
        self._partitions = partitions
        self._reports: dict[str, Report] = {}

    def restore(self, row: str, value: bytes) -> None:
        """Take back a row of the table."""
        self._reports[row] = Report.of(value)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """All of them, as the table has them."""
        for row, report in self._reports.items():
            yield row, report.to_json()

    def hear(self, report: Report) -> Rows:
        """A source has reported; what to keep of it."""
        row = own_row(self._partition, "report", *map(str, report.key))
        if row not in self._reports and len(self._reports) >= MOST_REPORTS:
            return {}
        self._reports[row] = self._reports.get(row, report).plus(report)
        return {row: self._reports[row].to_json()}

    def pass_on(self, due: datetime) -> tuple[list[Send], Rows]:
        """The clock has come: marks for all deals, in force when they have reached it, and the rows that are done."""
        reports, self._reports = self._reports, {}
        values = [replace(report, due=due).to_json() for report in reports.values()]
        marks = [
            Send("deal_events", number, None, value, HEARTBEAT_HEADERS)
            for value in values
            for number in range(self._partitions)
        ]
        return marks, dict.fromkeys(reports)

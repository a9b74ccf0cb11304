"""The pages' views of a made-up company some months on: what a worker would show of it, without a Kafka."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from detectors.core.rules import Rules
from streams.demo.company import Company
from streams.history import Line
from streams.replay import Replay
from tests.streams.sample_deals import Shelf


@cache
def played(weeks: int = 20) -> Shelf:
    """The company of the demo after so many weeks."""
    company = Company()
    until = datetime.fromisoformat(f"{company.start}T00:00:00+00:00") + timedelta(weeks=weeks)
    replay = Replay(Rules.of(company.rules()), until)
    for _ in replay.run(Line(Path("played"), number, line) for number, line in enumerate(company.lines(), start=1)):
        pass
    shelf = Shelf(until)
    shelf.deals = dict(replay.partition.deals)
    shelf.told = {told.deal_id: told for told in replay.partition.standing()}
    return shelf

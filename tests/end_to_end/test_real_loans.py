"""The same with real events that nobody here made up: 59,412 of them, of 5,333 loan applications."""

import gzip
from pathlib import Path

import pytest

from tests.conftest import RunningBroker
from tests.end_to_end.system import System, difference, replayed

LOANS = Path(__file__).parents[3] / "shared" / "data" / "loans" / "events.jsonl.gz"
THE_BANK = {"organization": {"domains": ["bank.example"], "time_zone": "Europe/Amsterdam"}}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not LOANS.exists(), reason="the real data, which may not be passed on, is not here")
def test_a_banks_real_loans_end_in_the_findings_of_their_replay(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with gzip.open(LOANS) as events:
        lines = [line.rstrip(b"\n") for line in events]

    with System(broker.bootstrap, prefix, tmp_path, THE_BANK) as system:
        system.start(workers=2)
        system.publish(lines)
        system.wait_until_done(within=400)
        found = system.findings()

        assert len(found) > 1000
        assert difference(found, replayed(system.rules_file, lines)) == {}

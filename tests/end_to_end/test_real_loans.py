"""The same with real events that nobody here made up: of every eighth of 5,333 loan applications.

`LOANS_OF=1` takes every loan: 59,412 events, and two minutes of two processors.
"""

import gzip
import json
import os
from pathlib import Path

import pytest

from tests.conftest import RunningBroker
from tests.end_to_end.system import System, difference, replayed

LOANS = Path(__file__).parents[3] / "shared" / "data" / "loans" / "events.jsonl.gz"
ONE_OF = int(os.environ.get("LOANS_OF", "8"))
THE_BANK = {"organization": {"domains": ["bank.example"], "time_zone": "Europe/Amsterdam"}}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not LOANS.exists(), reason="the real data, which may not be passed on, is not here")
def test_a_banks_real_loans_end_in_the_findings_of_their_replay(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with gzip.open(LOANS) as events:
        told = [(json.loads(line)["subject"], line.rstrip(b"\n")) for line in events]
    taken = set(list(dict.fromkeys(loan for loan, _ in told))[::ONE_OF])
    lines = [line for loan, line in told if loan in taken]

    with System(broker.bootstrap, prefix, tmp_path, THE_BANK) as system:
        system.start(workers=2)
        system.publish(lines)
        system.wait_until_done(within=400)
        found = system.findings()

        assert len(found) > len(taken)
        assert difference(found, replayed(system.rules_file, lines)) == {}

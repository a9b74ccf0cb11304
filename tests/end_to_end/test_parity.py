"""What comes out of a real Kafka and two workers is what `replay` prints for the same history."""

from pathlib import Path

import pytest

from streams.demo.company import Company
from tests.conftest import RunningBroker
from tests.end_to_end.system import System, difference, replayed

pytestmark = pytest.mark.slow


def test_a_history_that_comes_late_and_twice_ends_in_the_findings_of_its_replay(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    company = Company(seed=3, deals=25, weeks=12, disorder=0.2)
    lines = list(company.lines())

    with System(broker.bootstrap, prefix, tmp_path, company.rules()) as system:
        system.start(workers=2)
        system.publish(lines)
        system.wait_until_done()
        found = system.findings()

        assert system.dead_letters() == []
        assert len({each["deal_id"] for each in found}) > 10
        assert difference(found, replayed(system.rules_file, lines)) == {}


def test_the_demos_half_year_ends_in_the_findings_of_its_replay(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    company = Company()
    lines = list(company.lines())

    with System(broker.bootstrap, prefix, tmp_path, company.rules()) as system:
        system.start(workers=2)
        system.publish(lines)
        system.wait_until_done()

        assert difference(system.findings(), replayed(system.rules_file, lines)) == {}


def test_a_new_group_that_reads_everything_from_the_beginning_finds_the_same(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    company = Company(seed=5, deals=25, weeks=12)
    with System(broker.bootstrap, prefix, tmp_path / "first", company.rules()) as first:
        first.start()
        first.publish(company.lines())
        first.wait_until_done()
        found = first.findings()
    assert len({each["deal_id"] for each in found}) > 10

    with System(broker.bootstrap, prefix, tmp_path / "anew", company.rules(), app_id=f"{prefix}-anew") as anew:
        anew.start(workers=2)
        anew.wait_until_done()

        assert anew.dead_letters() == []
        assert difference(anew.findings(), found) == {}

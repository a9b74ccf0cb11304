"""Unknown is not silent: who sees no mail cannot say that nobody wrote."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import alertmanager, stalls, told
from tests.end_to_end.console import OURS, event
from tests.end_to_end.system import System, until

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COVERS = ["activity.email", "activity.meeting", "activity.call"]


def reported(day: int) -> bytes:
    """The mailbox says that all up to this day has been sent."""
    at = (MONDAY + timedelta(days=day)).isoformat()
    return event("source.heartbeat", f"beat-{day}", at, None, covers=COVERS, through=at)


def gone_quiet(system: System) -> Any:
    """What is said of the deal's silence."""
    [finding] = [each for each in system.findings() if each["detector"] == "gone_quiet"]
    return finding


def test_a_silence_is_unknown_until_its_source_has_reported_and_then_it_opens(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with (
        alertmanager(tmp_path) as alerts,
        System(broker.bootstrap, prefix, tmp_path, OURS, alertmanager__urls=alerts.url) as system,
    ):
        system.start()
        deal = event("crm.deal.changed", 1, MONDAY.isoformat(), "D-1", stage="Demo", owner="ann@us.example")

        # ten business days of silence are over on the 16th, but the mailbox has said nothing since the 3rd
        system.publish([deal, reported(1)], at=MONDAY + timedelta(days=20))
        system.wait_until_done()

        assert gone_quiet(system)["state"] == "unknown"
        assert stalls(system.answers()) == []

        system.publish([reported(21)], at=MONDAY + timedelta(days=21))
        system.wait_until_done()

        silence = gone_quiet(system)
        assert silence["state"] == "open"
        # it began when it began, not when it was noticed
        assert datetime.fromisoformat(silence["since"]) == MONDAY + timedelta(days=14)
        expected = stalls(system.answers())
        assert [stall[:2] for stall in expected] == [("D-1", "gone_quiet")]
        until(lambda: told(alerts) == expected, "Alertmanager has it")


def test_a_mail_that_was_late_but_there_leaves_no_silence(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    with System(broker.bootstrap, prefix, tmp_path, OURS) as system:
        system.start()
        deal = event("crm.deal.changed", 1, MONDAY.isoformat(), "D-1", stage="Demo", owner="ann@us.example")
        system.publish([deal, reported(1)], at=MONDAY + timedelta(days=20))
        people = {"from": "bo@them.example", "to": ["ann@us.example"]}
        written = (MONDAY + timedelta(days=9)).isoformat()
        mail = event("activity.email", 2, written, "D-1", message_id="<a@them.example>", **people)

        system.publish([mail, reported(21)], at=MONDAY + timedelta(days=21))
        system.wait_until_done()

        assert gone_quiet(system)["state"] == "pending"

"""Unknown is not silent: who sees no mail cannot say that nobody wrote."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.core.registry import catalogue
from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import PLENTY, alertmanager, stalls, told
from tests.end_to_end.console import OURS, event
from tests.end_to_end.system import System, difference, replayed, until

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COVERS = ["activity.email", "activity.meeting", "activity.call"]
SILENCE: dict[str, Any] = (
    OURS | PLENTY | {"overrides": [{"when": {}, "disable": sorted(set(catalogue()) - {"gone_quiet"})}]}
)
FOUR_HOURS: dict[str, Any] = SILENCE | {"sources": {"gmail": {"max_silence": "4h"}}}


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


def opened(deal: str = "D-1", at: float = 0) -> bytes:
    """The CRM has a new deal."""
    return event("crm.deal.changed", deal, day(at).isoformat(), deal, stage="Demo", owner="ann@us.example")


def reported(at: int) -> bytes:
    """The mailbox says that all up to this day has been sent."""
    beat = event(
        "source.heartbeat", f"beat-{at}", day(at).isoformat(), None, covers=COVERS, through=day(at).isoformat()
    )
    return from_gmail(beat)


def written(at: float, deal: str = "D-1") -> bytes:
    """The buyer wrote, as the mailbox tells."""
    people = {"from": "bo@them.example", "to": ["ann@us.example"]}
    return from_gmail(
        event("activity.email", f"mail-{at}", day(at).isoformat(), deal, message_id=f"<{at}@them.example>", **people)
    )


def from_gmail(line: bytes) -> bytes:
    return json.dumps(json.loads(line) | {"source": "gmail"}).encode()


def gone_quiet(system: System, deal: str = "D-1") -> Any:
    """What is said of the deal's silence."""
    [finding] = [each for each in system.findings() if (each["deal_id"], each["detector"]) == (deal, "gone_quiet")]
    return finding


def test_a_silence_is_unknown_until_its_source_has_reported_and_then_it_opens(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with (
        alertmanager(tmp_path) as alerts,
        System(broker.bootstrap, prefix, tmp_path, SILENCE, alertmanager__urls=alerts.url) as system,
    ):
        system.start()

        # ten business days of silence are over on the 16th, but the mailbox has said nothing since the 3rd
        system.publish([opened(), reported(1)], at=day(20))
        system.wait_until_done()

        assert gone_quiet(system)["state"] == "unknown"
        assert stalls(system.answers()) == []

        system.publish([reported(21)], at=day(21))
        system.wait_until_done()

        silence = gone_quiet(system)
        assert silence["state"] == "open"
        # it began when it began, not when it was noticed
        assert datetime.fromisoformat(silence["since"]) == day(14)
        expected = stalls(system.answers())
        assert [stall[:2] for stall in expected] == [("D-1", "gone_quiet")]
        until(lambda: told(alerts) == expected, "Alertmanager has it")


def test_a_mail_that_was_late_but_there_leaves_no_silence(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    with System(broker.bootstrap, prefix, tmp_path, SILENCE) as system:
        system.start()
        system.publish([opened(), reported(1)], at=day(20))

        system.publish([written(9), reported(21)], at=day(21))
        system.wait_until_done()

        assert gone_quiet(system)["state"] == "pending"


def test_a_source_of_the_rules_that_sends_no_heartbeats_holds_its_silence_against_nobody(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    """Its events alone tell how far it is, to all partitions, as `replay` says."""
    others = [opened(f"D-{number}") for number in range(2, 9)]
    history = [opened(), *others, written(1), event("crm.deal.changed", "x", day(20).isoformat(), "D-9", stage="Demo")]
    with System(broker.bootstrap, prefix, tmp_path, FOUR_HOURS) as system:
        system.start()
        system.publish(history, at=day(20))
        system.wait_until_done()

        quiet = {each["state"] for each in system.findings() if each["deal_id"] != "D-9"}
        assert quiet == {"unknown"}
        assert difference(system.findings(), replayed(system.rules_file, history, day(20))) == {}

        # a mail to one deal tells of all the others that there was none to them
        history.append(written(21, "D-9"))
        system.publish(history[-1:], at=day(21))
        system.wait_until_done()

        quiet = {each["state"] for each in system.findings() if each["deal_id"] != "D-9"}
        assert quiet == {"open"}
        assert difference(system.findings(), replayed(system.rules_file, history, day(21))) == {}


def test_a_source_that_was_down_when_a_silence_would_turn_critical_leaves_it_a_warning(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    """One heartbeat, and then events only: they count, too."""
    history = [opened(), reported(1), written(16, "D-2")]
    with System(broker.bootstrap, prefix, tmp_path, SILENCE) as system:
        system.start()
        system.publish(history, at=day(60))
        system.wait_until_done()

        assert (gone_quiet(system)["state"], gone_quiet(system)["severity"]) == ("open", "warning")

        history.append(written(60, "D-2"))
        system.publish(history[-1:], at=day(60))
        system.wait_until_done()

        assert (gone_quiet(system)["state"], gone_quiet(system)["severity"]) == ("open", "critical")
        assert difference(system.findings(), replayed(system.rules_file, history, day(60))) == {}

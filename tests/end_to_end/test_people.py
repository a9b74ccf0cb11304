"""A rep's day: few deals are told, none twice, and a deal can be snoozed; over restarts, and on a real Alertmanager."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.core.registry import catalogue
from streams.demo.servers import Alertmanager
from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import active, alertmanager
from tests.end_to_end.console import OURS, event, refusal, stallwatch
from tests.end_to_end.system import System, until


def only(*detectors: str) -> dict[str, Any]:
    """Rules by which no others find anything."""
    return {"overrides": [{"when": {}, "disable": sorted(set(catalogue()) - set(detectors))}]}


TWO_A_DAY = OURS | only("gone_quiet") | {"alerts": {"per_owner_per_day": 2}}


def at(day: int, hour: int = 9) -> datetime:
    """A day of March 2026, which begins on a Sunday."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def deal(number: int) -> bytes:
    """A deal of Ann's, the larger the higher its number; ten business days later it has gone quiet."""
    fields = {"stage": "Demo", "owner": "ann@us.example", "amount": 1000.0 * number, "currency": "EUR"}
    return event("crm.deal.changed", number, at(2).isoformat(), f"D-{number}", **fields)


def deals(server: Alertmanager) -> list[str]:
    return [labels["deal_id"] for labels in active(server)]


def to_managers(server: Alertmanager) -> list[tuple[str, str]]:
    """Which alert of which deal goes to a manager, and to whom."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{server.url}/api/v2/alerts", timeout=10) as answer:
        labels = [alert["labels"] for alert in json.load(answer)]
    return sorted((each["alertname"], each["manager_email"]) for each in labels if "manager_email" in each)


def unsilenced(server: Alertmanager) -> list[str]:
    """The deals of which somebody is alerted."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{server.url}/api/v2/alerts?silenced=false", timeout=10) as answer:
        return sorted(alert["labels"]["deal_id"] for alert in json.load(answer))


def test_two_deals_are_told_a_day_the_largest_first_and_a_restart_tells_no_other(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with (
        alertmanager(tmp_path) as alerts,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            TWO_A_DAY,
            alertmanager__urls=alerts.url,
            alertmanager__resend_seconds="1",
        ) as system,
    ):
        system.start()
        # an import of the past
        system.publish([deal(number) for number in range(1, 6)], at=at(23))
        system.wait_until_done()
        until(lambda: deals(alerts) == ["D-4", "D-5"], "the two largest are told")
        withheld = "stallwatch_alerts_withheld"
        assert system.worker.metrics(withheld) == {("ann",): 3}

        system.worker.kill()
        system.worker.start()
        system.worker.wait_ready()
        system.publish([], at=at(23, 15))
        system.wait_until_done()
        until(lambda: system.worker.metrics(withheld) == {("ann",): 3}, "it knows what it has told")
        assert deals(alerts) == ["D-4", "D-5"]

        system.publish([], at=at(24))
        system.wait_until_done()
        until(lambda: deals(alerts) == ["D-2", "D-3", "D-4", "D-5"], "and two more on the next day")
        assert system.worker.metrics(withheld) == {("ann",): 1}


def test_what_is_left_unanswered_goes_to_the_teams_manager_until_the_buyer_takes_part(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    teams = {"teams": {"emea": {"manager": "boss@us.example"}}, "owners": {"ann@us.example": {"team": "emea"}}}
    with (
        alertmanager(tmp_path) as alerts,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            TWO_A_DAY | teams,
            alertmanager__urls=alerts.url,
            alertmanager__resend_seconds="1",
        ) as system,
    ):
        system.start()
        # twenty business days of silence are over on the 30th
        system.publish([deal(1)], at=at(31))
        system.wait_until_done()
        until(lambda: deals(alerts) == ["D-1"], "the rep is told that it is critical")
        assert to_managers(alerts) == []

        system.publish([], at=at(31) + timedelta(days=7))
        system.wait_until_done()
        escalated = [("DealEscalated", "boss@us.example")]
        until(lambda: to_managers(alerts) == escalated, "a week later the manager is told, too")
        assert deals(alerts) == ["D-1"]

        people = {"from": "bo@them.example", "to": ["ann@us.example"]}
        now = at(31) + timedelta(days=8)
        mail = event("activity.email", "m", now.isoformat(), "D-1", message_id="<m@them.example>", **people)
        system.publish([mail], at=now)
        system.wait_until_done()
        until(lambda: to_managers(alerts) == [] == deals(alerts), "the buyer has answered")


def test_a_deal_is_snoozed_from_the_command_line_and_wakes_when_the_buyer_takes_part(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    with (
        alertmanager(tmp_path) as alerts,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            TWO_A_DAY,
            alertmanager__urls=alerts.url,
            alertmanager__resend_seconds="1",
        ) as system,
    ):
        system.write_rules(TWO_A_DAY | only("gone_quiet", "poor_fit"))
        system.start()
        poor = event("crm.deal.changed", "fit", at(3).isoformat(), "D-1", account={"id": "A", "fit": "poor"})
        system.publish([deal(1), poor], at=at(23))
        system.wait_until_done()
        until(lambda: unsilenced(alerts) == ["D-1", "D-1"], "it is told")

        env = system.environment()
        told = stallwatch("snooze", "D-1", "--for", "5d", "--reason", "they are on holiday", "--json", env=env)
        assert (told.status, told.err) == (0, "")
        said = json.loads(told.out)
        assert (said["deal_id"], said["reason"]) == ("D-1", "they are on holiday")
        assert unsilenced(alerts) == []

        people = {"from": "bo@them.example", "to": ["ann@us.example"]}
        mail = event("activity.email", "m", at(24).isoformat(), "D-1", message_id="<m@them.example>", **people)
        system.publish([mail], at=at(24, 10))
        system.wait_until_done()
        until(lambda: unsilenced(alerts) == ["D-1"], "it is awake: it is not quiet any more, and still a poor fit")

        told = stallwatch("snooze", "D-1", "--until", f"{datetime.now(UTC):%Y-%m-%d}", "--reason", "again", env=env)
        assert told.status == 0, told.err
        assert told.err.startswith("D-1 is snoozed until ")
        assert unsilenced(alerts) == []
        assert stallwatch("snooze", "D-1", "--end", env=env).err == "D-1 is awake again\n"
        assert unsilenced(alerts) == ["D-1"]
        assert stallwatch("snooze", "D-1", "--end", env=env).err == "D-1 was not snoozed\n"

        assert "nothing is known of deal 'D-9'" in refusal(
            stallwatch("snooze", "D-9", "--for", "5d", "--reason", "why not", env=env)
        )
        assert "needs a reason" in refusal(stallwatch("snooze", "D-1", "--for", "5d", env=env))
        assert "up to 90 days" in refusal(stallwatch("snooze", "D-1", "--for", "400d", "--reason", "x", env=env))
        assert "is no duration" in refusal(stallwatch("snooze", "D-1", "--for", "soon", "--reason", "x", env=env))
        assert "either --for" in refusal(stallwatch("snooze", "D-1", "--reason", "x", env=env))


def test_without_an_alertmanager_nothing_is_snoozed() -> None:
    assert refusal(stallwatch("snooze", "D-1", "--end")) == ("no Alertmanager is named (STALLWATCH_ALERTMANAGER__URLS)")

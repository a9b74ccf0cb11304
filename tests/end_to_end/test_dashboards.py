"""What managers and ops look at, fed by a real worker that has lived through the demo's half year."""

import json
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from dashboards.catalogue import boards
from streams import rules_file
from streams.demo.company import COVERS, Company
from streams.demo.servers import Alertmanager, Prometheus
from streams.demo.stage import Stage
from streams.metrics import catalogue as metrics
from tests.conftest import RunningBroker
from tests.dashboards.hurried_rules import hurried
from tests.dashboards.prometheus_api import unanswered, values
from tests.end_to_end.alertmanager import PLENTY, alertmanager, stalls, told
from tests.end_to_end.console import event
from tests.end_to_end.system import System, until
from tests.needs import require

pytestmark = pytest.mark.xdist_group("dashboards")

COMPANY = Company()
AFTER = datetime.combine(COMPANY.end, time(0, 30), UTC)


TOKEN = "canary-of-the-events-token"
PROMISED = {"promised": {"ghosted": {"precision": 0.6, "recall": 0.4, "alerts_per_rep_week": 1.5}}}
PUSHES = {"pushes": "events", "events_token": TOKEN}


def recording_at_once(config: Path) -> Path:
    """The same configuration, in which what is recorded every few minutes is recorded as often as all else.

    It tells no Alertmanager of its own alerts: what is there is to be the worker's.
    """
    content = yaml.safe_load(config.read_text())
    del content["alerting"]
    [pattern] = content["rule_files"]
    folder = config.parent / "hurried-rules"
    folder.mkdir()
    for rules in Path("/").glob(pattern.removeprefix("/")):
        hurried(rules, folder / rules.name)
    path = config.with_name("hurried.yml")
    path.write_text(yaml.safe_dump(content | {"rule_files": [str(folder / "*.rules.yaml")]}))
    return path


def reported(source: str, at: datetime) -> bytes:
    """A source of the company's says that all up to a moment has been sent."""
    beat = event(
        "source.heartbeat", uuid.uuid4().hex, at.isoformat(), None, covers=COVERS[source], through=at.isoformat()
    )
    return json.dumps(json.loads(beat) | {"source": source}).encode()


@dataclass
class Running:
    """A system, who scrapes it, and whom it alerts."""

    system: System
    prometheus: Prometheus
    alerts: Alertmanager
    _now: datetime = AFTER

    def now_says(self, deal: str, **fields: Any) -> None:
        """The CRM says something new of a deal; returns when all of it is done."""
        self._now += timedelta(minutes=1)
        self.system.publish([event("crm.deal.changed", uuid.uuid4().hex, self._now.isoformat(), deal, **fields)])
        self.system.wait_until_done()

    def people_have_their_say(self) -> None:
        """Two of the open findings are called useful, one noise; returns when that is counted."""
        found = [
            each for told in self.system.answers().values() for each in told["findings"] if each["state"] == "open"
        ]
        verdicts = ("useful", "useful", "noise")
        self.system.put(
            *(
                event(
                    "finding.feedback", uuid.uuid4().hex, AFTER.isoformat(), each["deal_id"],
                    detector=each["detector"], verdict=verdict, by="boss@ours.example",
                )
                for each, verdict in zip(found, verdicts, strict=False)
            )
        )  # fmt: skip
        until(lambda: sum(self.worker_counts(metrics.FEEDBACK).values()) == len(verdicts), "the verdicts are counted")

    def something_is_amiss(self) -> None:
        """A record that is no event, one that was there, and a mail among ourselves, pushed and from tomorrow."""
        newest = [line for line in COMPANY.lines() if json.loads(line)["type"] == "crm.deal.changed"][-1]
        self.system.put(b"no event", newest)
        rep, other = (each.email for each in COMPANY.reps[:2])
        mail = {"message_id": f"<{uuid.uuid4().hex}@x.example>", "from": rep, "to": [other]}
        tomorrow = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
        answer = requests.post(
            f"http://127.0.0.1:{self.system.worker.port}/events",
            data=event("activity.email", uuid.uuid4().hex, tomorrow, None, **mail),
            headers={"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {TOKEN}"},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text
        for metric in (
            metrics.DEAD_LETTERS,
            metrics.EVENTS_CLAMPED,
            metrics.EVENTS_REPEATED,
            metrics.MAIL_UNJOINED,
            metrics.PUSHES,
        ):
            until(lambda metric=metric: sum(self.worker_counts(metric).values()) > 0, f"{metric.name} is counted")

    def worker_counts(self, metric: metrics.Metric) -> dict[tuple[str, ...], float]:
        """The worker's series of a metric."""
        return self.system.worker.metrics(metric.name)

    def told(self) -> list[tuple[str, str, str, str]]:
        """(deal, detector, severity, owner) of each alert that Alertmanager has just now."""
        return told(self.alerts)

    def stalled(self) -> list[tuple[str, str, str, str]]:
        """(deal, detector, severity, owner) of each stall a day later; returns when Alertmanager has the same.

        A rep who was told something today is told the rest tomorrow. All sources report up to then: that a deal cannot
        be seen is no news on one that was told.
        """
        self._now += timedelta(days=1)
        self.system.publish([reported(source, self._now) for source in COVERS], at=self._now)
        self.system.wait_until_done()
        expected = stalls(self.system.answers())
        until(lambda: told(self.alerts) == expected, "Alertmanager has each stall, and nothing else")
        return expected

    def reload_succeeded(self) -> float:
        """What the worker says of its last reload."""
        return self.system.worker.metrics(metrics.CONFIG_LAST_RELOAD_SUCCESSFUL.name)[()]

    def rules_in_force(self) -> set[str]:
        """The hashes of the rules by which open deals are judged, by what is said of them."""
        return {each["rules"] for each in self.system.answers().values() if each["status"] == "open"}


@pytest.fixture(scope="module")
def running(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    require(*Prometheus.programs)
    folder = tmp_path_factory.mktemp("dashboards")
    with ExitStack() as stack:
        alerts = stack.enter_context(alertmanager(folder))
        name = f"t{uuid.uuid4().hex[:8]}"
        told_to = {"alertmanager__urls": alerts.url, "alertmanager__resend_seconds": "2"} | PUSHES
        system = stack.enter_context(
            System(broker.bootstrap, name, folder, COMPANY.rules() | PLENTY | PROMISED, **told_to)
        )
        system.start()
        demo = Stage(folder, system.worker.port, {}, print, alertmanager=alerts)
        config = recording_at_once(demo._prometheus_config())
        prometheus = stack.enter_context(Prometheus(config, folder / "prometheus"))
        # what counts from before the first scrape on never increases
        until(lambda: values(prometheus.url, metrics.DEALS_TOLD.name), "the worker is scraped")
        system.publish(COMPANY.lines())
        system.wait_until_done()
        yield Running(system, prometheus, alerts)


def test_every_query_of_every_dashboard_is_answered(running: Running) -> None:
    open_deals = sum(each["status"] == "open" for each in running.system.answers().values())
    scraped = {(): float(open_deals)}
    until(lambda: values(running.prometheus.url, "sum(stallwatch_deals)") == scraped, "all deals are scraped")
    running.people_have_their_say()
    running.something_is_amiss()

    problems: list[str] = []

    def all_answered() -> bool:
        problems[:] = unanswered(running.prometheus.url, boards().values())
        return not problems

    try:
        until(all_answered, "all queries answered", 30)  # a rate needs two scrapes
    except AssertionError:
        assert problems == []


def test_the_exposition_is_the_catalogue_and_names_nobodys_address(running: Running) -> None:
    status, text = running.system.worker.ask("/metrics")
    assert status == 200
    families = [each for each in text_string_to_metric_families(text) if each.name.startswith(metrics.PREFIX)]
    known = {each.name.removesuffix("_total"): each for each in metrics.CATALOGUE}
    assert {each.name for each in families} == known.keys()
    for family in families:
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == set(known[family.name].labels)
            assert not any("@" in value for value in sample.labels.values()), sample
    owners = {sample.labels["owner"] for each in families for sample in each.samples if "owner" in sample.labels}
    answers = running.system.answers().values()
    assert owners == {each["owner"].partition("@")[0] for each in answers if each["status"] == "open"}


def test_a_deal_that_changes_hands_leaves_no_alert_at_its_old_owner(running: Running) -> None:
    deal, detector, severity, old = running.stalled()[0]
    new = next(rep.email for rep in COMPANY.reps if rep.email != old)

    running.now_says(deal, owner=new)

    until(lambda: not any((each[0], each[3]) == (deal, old) for each in running.told()), "at once the old owner is rid")
    now = running.stalled()
    assert (deal, detector, severity, new) in now
    assert not any(each[0] == deal and each[3] != new for each in now)


def test_a_deal_that_is_closed_leaves_no_alert(running: Running) -> None:
    deal = running.stalled()[-1][0]

    running.now_says(deal, status="won")

    until(lambda: deal not in {each[0] for each in running.told()}, "at once nobody is alerted of it any more")
    assert deal not in {each[0] for each in running.stalled()}


def test_while_prometheus_is_away_nothing_changes_here_and_when_it_is_back_it_has_all_of_it(running: Running) -> None:
    worker, url = running.system.worker, running.prometheus.url
    pid, deal = worker.pid, running.stalled()[0][0]
    changed = ("crm", "crm.deal.changed")
    before = running.worker_counts(metrics.EVENTS)[changed]
    scraped = f'sum({metrics.EVENTS.name}{{source="crm",type="crm.deal.changed"}})'
    until(lambda: values(url, scraped) == {(): before}, "it has what was counted so far")

    running.prometheus.kill()
    running.now_says(deal, status="won")
    until(lambda: deal not in {each[0] for each in running.told()}, "nobody is alerted of it any more")
    assert worker.pid == pid
    assert worker.ready

    running.prometheus.start()
    until(lambda: values(url, scraped) == {(): before + 1}, "it has what was counted meanwhile")
    assert values(url, f"sum(resets({metrics.EVENTS.name}[10m]))") == {(): 0}
    # moments are told, not ages: none is older for the time in which nobody asked
    [clock] = set(running.worker_counts(metrics.CLOCK).values())
    assert values(url, f"max({metrics.CLOCK.name})") == {(): clock}
    open_deals = sum(each["status"] == "open" for each in running.system.answers().values())
    assert values(url, f"sum({metrics.DEALS.name})") == {(): open_deals}


def test_bad_rules_change_nothing_and_good_ones_judge_every_open_deal_anew(running: Running) -> None:
    worker = running.system.worker
    at_first = running.rules_in_force()

    running.system.write_rules({"detectors": {"gone_quite": {}}})
    status, text = worker.ask("/-/reload", "POST")
    assert status >= 400
    assert "did you mean 'gone_quiet'?" in text
    assert running.reload_succeeded() == 0
    assert running.rules_in_force() == at_first

    stricter = COMPANY.rules() | PLENTY | {"detectors": {"gone_quiet": {"warn_business_days": 2}}}
    running.system.write_rules(stricter)
    assert worker.ask("/-/reload", "POST")[0] == 200
    assert running.reload_succeeded() == 1
    hashes = {rules_file.read(running.system.rules_file).hash}
    assert hashes != at_first
    until(lambda: running.rules_in_force() == hashes, "every open deal is judged by the new rules")


def test_a_hangup_signal_reloads_too(running: Running) -> None:
    worker = running.system.worker
    pid = worker.pid
    assert pid is not None
    at_first = running.rules_in_force()

    running.system.write_rules({"teams": []})
    os.kill(pid, signal.SIGHUP)
    until(lambda: running.reload_succeeded() == 0, "the bad file is refused")
    assert running.rules_in_force() == at_first

    running.system.write_rules(COMPANY.rules() | PLENTY | {"detectors": {"gone_quiet": {"warn_business_days": 7}}})
    os.kill(pid, signal.SIGHUP)
    until(lambda: running.reload_succeeded() == 1, "the good file is taken")
    hashes = {rules_file.read(running.system.rules_file).hash}
    until(lambda: running.rules_in_force() == hashes, "every open deal is judged by the new rules")
    assert worker.pid == pid

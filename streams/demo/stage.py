"""The demo's stage: a real Kafka, a worker, a mailroom, and Prometheus and Alertmanager where they are installed."""

import http.client
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml
from prometheus_client.parser import text_string_to_metric_families

import streams

from .. import topics
from ..metrics import catalogue as metrics
from ..settings import Alertmanager as AlertmanagerSettings
from ..settings import Http, Kafka, Settings, Topics
from .broker import Broker
from .mailroom import Mailroom
from .processes import Child, DemoUnavailable, port_is_free
from .servers import HOW_TO_GET, Alertmanager, Prometheus

DEPLOY = Path(streams.__file__).parent.parent / "deploy"
RULES = Path(streams.__file__).parent.parent / "dashboards" / "rules"
PARTITIONS = 4
WORKER_SECONDS = 60
RESEND_SECONDS = 3.0
# half a year goes by in a minute: so do the waits
GROUPING = {"group_wait": "2s", "group_interval": "15s", "repeat_interval": "1d"}


@dataclass
class Stage:
    """Everything that runs in a demo; what was started is ended, whatever happens."""

    folder: Path
    port: int
    rules: dict[str, Any]
    say: Callable[[str], None]
    alertmanager: Alertmanager | None = None
    prometheus: Prometheus | None = None
    _running: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._start(starting)
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def pages(self) -> str:
        """Where the deals' pages are."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str) -> tuple[int, bytes]:
        """The worker's answer to a GET; (0, b"") if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def clock(self) -> float:
        """The event time that the worker has reached and is done with, Unix time; 0 while it is behind."""
        status, text = self.ask("/metrics")
        if status != 200:
            return 0.0
        told = {family.name: family.samples for family in text_string_to_metric_families(text.decode())}
        if any(sample.value for sample in told.get(metrics.LAG.name, ())):
            return 0.0
        return max((sample.value for sample in told.get(metrics.CLOCK.name, ())), default=0.0)

    def check(self) -> None:
        """`DemoUnavailable` if something that must run does not."""
        if not self.worker.running:
            raise DemoUnavailable(f"the worker ended: {self.worker.complaint()} (log: {self.worker.log})")
        if not self.broker.running:
            raise DemoUnavailable(f"Kafka ended (log: {self.broker.log})")

    def _start(self, running: ExitStack) -> None:
        if not port_is_free(self.port):
            raise DemoUnavailable(f"port {self.port} of 127.0.0.1 is taken; give another with --port")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            rules = self.folder / "rules.yaml"
            rules.write_text(yaml.safe_dump(self.rules, sort_keys=False, allow_unicode=True))
        except OSError as error:
            raise DemoUnavailable(f"cannot write to {self.folder}: {error.strerror}") from None
        self.say("starting Kafka")
        # what is entered first is left last: a broker that still runs would write anew
        running.callback(shutil.rmtree, self.folder / "kafka", ignore_errors=True)
        self.broker = running.enter_context(Broker(self.folder / "kafka", say=self.say))
        self.mailroom = running.enter_context(Mailroom(self.folder / "mails"))
        if Alertmanager.installed() and Prometheus.installed():
            self.say("starting Alertmanager and Prometheus")
            self.alertmanager = running.enter_context(
                Alertmanager(self._alertmanager_config(), self.folder / "alertmanager")
            )
            self.prometheus = running.enter_context(Prometheus(self._prometheus_config(), self.folder / "prometheus"))
        else:
            self.say(f"no alerts and no mails: Prometheus and Alertmanager are not installed; {HOW_TO_GET}")
        self.settings = self._settings(rules)
        topics.ensure(self.settings)
        self.say("starting the worker")
        self.worker = running.enter_context(self._worker(rules))
        self.worker.wait_until(lambda: self.ask("/readyz")[0] == 200, within=WORKER_SECONDS)

    def _settings(self, rules: Path) -> Settings:
        return Settings(
            clock="events",
            rules=rules,
            kafka=Kafka(bootstrap_servers=self.broker.bootstrap),
            topics=Topics(partitions=PARTITIONS),
            http=Http(port=self.port),
            alertmanager=AlertmanagerSettings(
                urls=(self.alertmanager.url,) if self.alertmanager else (), resend_seconds=RESEND_SECONDS
            ),
        )

    def _worker(self, rules: Path) -> Child:
        told = self.settings
        env = {name: value for name, value in os.environ.items() if not name.startswith("STALLWATCH_")}
        env |= {
            "STALLWATCH_CLOCK": told.clock,
            "STALLWATCH_RULES": str(rules),
            "STALLWATCH_KAFKA__BOOTSTRAP_SERVERS": told.kafka.bootstrap_servers,
            "STALLWATCH_TOPICS__PARTITIONS": str(told.topics.partitions),
            "STALLWATCH_HTTP__PORT": str(told.http.port),
            "STALLWATCH_ALERTMANAGER__URLS": ",".join(told.alertmanager.urls),
            "STALLWATCH_ALERTMANAGER__RESEND_SECONDS": str(told.alertmanager.resend_seconds),
        }
        command = [sys.executable, "-m", "streams", "worker"]
        return Child("the worker", command, self.folder / "worker.log", env)

    def _alertmanager_config(self) -> Path:
        """Alertmanager's configuration as it is shipped, with our mailroom and with waits of seconds."""
        folder = self.folder / "alertmanager-config"
        shutil.copytree(DEPLOY / "alertmanager", folder, dirs_exist_ok=True)
        path = folder / "alertmanager.yml"
        config = yaml.safe_load(path.read_text())
        config["global"]["smtp_smarthost"] = self.mailroom.address
        for route in (config["route"], *config["route"]["routes"]):
            route |= GROUPING
        path.write_text(yaml.safe_dump(config))
        return path

    def _prometheus_config(self) -> Path:
        """Prometheus' configuration as it is shipped, with our addresses and scraping every other second."""
        assert self.alertmanager is not None
        config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "2s", "evaluation_interval": "5s"}
        config["rule_files"] = [str(RULES / "*.rules.yaml")]
        address = self.alertmanager.url.removeprefix("http://")
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [address]}]}]
        worker = next(each for each in config["scrape_configs"] if each["job_name"] == "stallwatch")
        worker["static_configs"] = [{"targets": [f"127.0.0.1:{self.port}"]}]
        config["scrape_configs"] = [worker]
        path = self.folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(config))
        return path

"""A person is forgotten on a real Kafka, by two workers and an Alertmanager: afterwards nobody finds them anywhere."""

import json
import os
import pty
import subprocess
import sys
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from streams import topics
from streams.demo.servers import Alertmanager
from streams.forgetting import pseudonym_of
from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import PLENTY, alertmanager
from tests.end_to_end.console import OURS, Told, refusal, stallwatch
from tests.end_to_end.system import PARTITIONS, System, until
from tests.streams.sample_deals import crm, day, event, inbound
from tests.streams.test_forgetting import BROKEN, JANE, jane_and_others

PRIVATE = "jane.doe@gmail.com"
WORDS = ("jane.doe", "jane doe", "doe, jane", "jane a. doe", "555 0100")
CALLED = pseudonym_of(JANE, PARTITIONS).partition("@")[0]
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def forget(system: System, *arguments: str) -> Told:
    return stallwatch("forget", *arguments, env=system.environment())


def summary(told: Told) -> Any:
    """What `--json` says; the command has done what it was asked to."""
    assert told.status == 0, told
    [line] = told.out.splitlines()
    return json.loads(line)


def texts(value: bytes | None) -> Iterator[str]:
    """A key or a value, in small letters and as it is before it is deflated, with escapes and without."""
    value = value or b""
    with suppress(zlib.error):
        value = zlib.decompress(value)
    yield value.decode(errors="replace").casefold()
    with suppress(orjson.JSONDecodeError):
        yield orjson.dumps(orjson.loads(value)).decode().casefold()


def found(system: System, *but: str) -> set[str]:
    """The topics on which anything names her: every record that Kafka gives, in force or not."""
    return {
        name
        for name in set(topics.every(system.settings)) - {system.topics[topic] for topic in but}  # type: ignore[index]
        for read in system.read(name)
        for part in (read.key, read.value, *read.headers.values())
        for text in texts(part)
        if any(word in text for word in WORDS)
    }


def alerts(server: Alertmanager) -> str:
    with _OPENER.open(f"{server.url}/api/v2/alerts", timeout=10) as answer:
        told: str = answer.read().decode().casefold()
        return told


def findings(system: System) -> list[str]:
    """What is said of the deals, without her name."""
    told, tagged = [], pseudonym_of(PRIVATE, PARTITIONS).partition("@")[0]
    for finding in system.findings():
        line = json.dumps(finding, ensure_ascii=False)
        for name in (CALLED, tagged, tagged.partition("+")[0], "Jane A. Doe", "Jane Doe"):
            line = line.replace(name, "N.N.")
        told.append(line.replace("Doe, Jane", "N.N.").replace("jane.doe", "N.N."))
    return sorted(told)


def in_force(system: System, name: str) -> dict[str, float]:
    """How a topic is compacted."""
    with KafkaAdminClient(**system.settings.kafka.client()) as admin:
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        told = admin.describe_configs([resource], config_filter="all")["topic"][name]
    return {key: float(told[key]["value"]) for key in ("max.compaction.lag.ms", "min.cleanable.dirty.ratio")}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_who_is_forgotten_is_found_nowhere_whatever_still_comes(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    lines = [line for line in jane_and_others() if line not in BROKEN]
    with (
        alertmanager(tmp_path / "alertmanager") as server,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            OURS | PLENTY,
            alertmanager__urls=server.url,
            alertmanager__resend_seconds="1",
        ) as system,
    ):
        system.start(workers=2)
        system.put(*BROKEN, b"nobody's business")
        system.publish(lines, at=day(40))
        system.wait_until_done()
        before = findings(system)
        until(lambda: "jane doe" in alerts(server), "she is named in an alert")
        # topics of every kind: what comes, what is kept, what was refused, what is told
        assert {system.topics[each] for each in ("inbox", "deal_events", "findings", "dead_letters")} <= found(system)

        told = summary(forget(system, "Jane.Doe@Buyer.Example", "--dry-run", "--json"))
        assert (told["contact"], told["names"]) == (JANE, ["Jane A. Doe", "Jane Doe"])
        assert {each["topic"] for each in told["topics"] if each["records"]} >= found(system) - {""}
        assert findings(system) == before

        assert summary(forget(system, JANE, "--yes", "--json"))["pseudonym"].startswith("forgotten-")
        told = summary(forget(system, PRIVATE, "--yes", "--now", "--json"))
        assert [each for each in told["topics"] if each["records"]] == []
        told = summary(forget(system, JANE, "--yes", "--now", "--json"))
        assert [each for each in told["topics"] if each["records"]] == []
        # topics are compacted as they were before
        wanted = {
            each.name: int(each.configs.get("max.compaction.lag.ms", 0)) for each in topics.wanted(system.settings)
        }
        assert {
            name for name, lag in wanted.items() if lag and in_force(system, name)["max.compaction.lag.ms"] != lag
        } == set()
        assert {in_force(system, name)["min.cleanable.dirty.ratio"] for name in wanted} == {0.5}

        assert found(system) == set()
        assert findings(system) == before
        until(lambda: all(word not in alerts(server) for word in WORDS), "no alert names her")
        assert CALLED in alerts(server)
        # the letter of somebody else is still there
        assert [each.value for each in system.dead_letters()] == [b"nobody's business"]

        # the CRM tells of her again, she answers a mail, and a worker starts that was not there
        late = event("crm.contact.changed", day(41), id="c-9", email=JANE.upper(), name="Jane Doe")
        again = [orjson.dumps(late | {"subject": "D-1"}), orjson.dumps(inbound(42, "m-9", **{"from": JANE}))]
        system.workers[0].kill()
        system.add_worker().wait_ready()
        system.publish([*again, *lines, orjson.dumps(crm(43) | {"subject": "D-1"})], at=day(43))
        system.wait_until_done()
        assert found(system, "inbox") == set()
        assert found(system) == {system.topics["inbox"]}
        assert CALLED in json.dumps(system.answers()["D-1"])

        # another system that is built of what was published anew is told of her
        listed = forget(system, "--list")
        assert len(listed.out.splitlines()) == 2
        assert all(word not in listed.out.casefold() for word in WORDS)


def on_a_terminal(system: System, answer: bytes) -> tuple[int, str]:
    """How `forget` ends, and what it says, where somebody sits and answers."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "streams", "forget", JANE]
    with subprocess.Popen(
        command, env=system.environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        os.write(ours, answer)
        said, _ = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return process.returncode, said.decode()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_on_a_terminal_it_asks_and_does_nothing_without_a_yes(
    broker: RunningBroker, prefix: str, tmp_path: Path, answer: bytes
) -> None:
    with System(broker.bootstrap, prefix, tmp_path, OURS) as system:
        topics.ensure(system.settings)
        system.put(jane_and_others()[1])
        status, said = on_a_terminal(system, answer)
        assert status == 1, said
        assert "stands on 1 topic" in said
        assert "This cannot be undone" in said
        assert said.endswith("nothing was done\n")
        assert len(system.read(system.topics["inbox"])) == 1


def test_who_cannot_be_forgotten_is_told_why(broker: RunningBroker, prefix: str, tmp_path: Path) -> None:
    with System(broker.bootstrap, prefix, tmp_path, OURS) as system:
        topics.ensure(system.settings)
        assert "one of our own" in refusal(forget(system, "Ann@US.example", "--yes"))
        assert "not a mail address" in refusal(forget(system, "Jane Doe", "--yes"))
        assert "say --yes" in refusal(forget(system, JANE))
        assert "say who" in refusal(forget(system))

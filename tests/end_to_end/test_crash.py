"""Workers that are killed, stopped or frozen, and a broker that is: nothing is lost, and nothing is told twice."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from streams.demo.broker import Broker
from streams.demo.company import Company
from streams.topics import MAX_MESSAGE_BYTES
from streams.wire import Topic
from tests.conftest import RunningBroker
from tests.end_to_end.alertmanager import PLENTY, alertmanager, stalls, told
from tests.end_to_end.system import BOTH_WAYS, SHORT_SESSION_SECONDS, System, difference, replayed, until

pytestmark = pytest.mark.slow

TAKEOVER_SECONDS = 30
COMPANY = Company(seed=5, deals=20, weeks=10, disorder=0.1)
LINES = list(COMPANY.lines())


@BOTH_WAYS
@pytest.mark.timeout(300)
def test_three_kills_and_a_broker_that_restarts_lose_nothing_and_alert_nothing_twice(
    own_broker: Broker, prefix: str, tmp_path: Path, consumer: str
) -> None:
    """Each time while the workers are busy with what was just published; at last one dies for good."""
    fifth = len(LINES) // 5 + 1
    parts = [LINES[start : start + fifth] for start in range(0, len(LINES), fifth)]
    with (
        alertmanager(tmp_path) as alerts,
        System(
            own_broker.bootstrap,
            prefix,
            tmp_path,
            COMPANY.rules() | PLENTY,
            alertmanager__urls=alerts.url,
            alertmanager__resend_seconds="4",
            kafka__session_timeout_seconds=SHORT_SESSION_SECONDS,
            kafka__consumer=consumer,
        ) as system,
    ):
        system.start(workers=2)
        first, second = system.workers
        for victim, part in zip((first, second, first), parts[:3], strict=True):
            system.publish(part)
            victim.kill()
            victim.start()
        system.publish(parts[3])
        own_broker.kill()
        own_broker.start()
        system.publish(parts[4])
        system.wait_until_done(within=120)

        assert difference(system.findings(), replayed(system.rules_file, LINES)) == {}
        expected = stalls(system.answers())
        assert expected
        until(lambda: told(alerts) == expected, "Alertmanager has each stall once, and nothing else")
        # nobody gave up on the broker either
        assert "the worker ends" not in first.log_text() + second.log_text()

        open_deals = sum(told["status"] == "open" for told in system.answers().values())
        # all may be done before the first has come back and has its share
        until(lambda: 0 < sum(second.metrics("stallwatch_deals").values()) < open_deals, "each of them has some deals")
        first.kill()
        killed = time.monotonic()
        until(
            lambda: sum(second.metrics("stallwatch_deals").values()) == open_deals and second.ready,
            "the other worker has all deals",
        )
        assert time.monotonic() - killed < TAKEOVER_SECONDS


@BOTH_WAYS
@pytest.mark.timeout(180)
def test_sigterm_ends_a_worker_in_good_order_and_the_other_goes_on(
    broker: RunningBroker, prefix: str, tmp_path: Path, consumer: str
) -> None:
    with System(broker.bootstrap, prefix, tmp_path, COMPANY.rules(), kafka__consumer=consumer) as system:
        system.start(workers=2)
        system.publish(LINES)
        leaver = system.workers[1]
        assert leaver.pid

        os.kill(leaver.pid, signal.SIGTERM)

        assert leaver.wait(within=30) == 0  # so long an orchestrator waits
        system.wait_until_done()
        assert difference(system.findings(), replayed(system.rules_file, LINES)) == {}


@BOTH_WAYS
@pytest.mark.timeout(180)
def test_a_worker_that_wakes_from_a_freeze_changes_nothing_any_more(
    broker: RunningBroker, prefix: str, tmp_path: Path, consumer: str
) -> None:
    with System(
        broker.bootstrap,
        prefix,
        tmp_path,
        COMPANY.rules(),
        kafka__session_timeout_seconds=SHORT_SESSION_SECONDS,
        kafka__consumer=consumer,
    ) as system:
        system.start(workers=2)
        survivor, frozen = system.workers
        assert frozen.pid
        system.publish(LINES[: len(LINES) // 2])
        os.kill(frozen.pid, signal.SIGSTOP)
        system.publish(LINES[len(LINES) // 2 :])
        # the survivor alone does all of it, once Kafka has given up on the other
        system.wait_until_done()
        expected = replayed(system.rules_file, LINES)
        assert difference(system.findings(), expected) == {}

        os.kill(frozen.pid, signal.SIGCONT)
        status = frozen.wait(within=30)

        assert (status, "stood still" in frozen.log_text()) == (1, True)
        frozen.start()
        frozen.wait_ready()
        system.wait_until_done()
        assert difference(system.findings(), expected) == {}
        # nor had it put anything old where state is recovered from
        survivor.kill()
        answers = system.answers()
        open_deals = sum(told["status"] == "open" for told in answers.values())
        until(lambda: sum(frozen.metrics("stallwatch_deals").values()) == open_deals, "it has all deals")
        shown = [json.loads(frozen.ask(f"/deals/{deal}", Accept="application/json")[1]) for deal in answers]
        of_deals = [each for each in expected if each["deal_id"] is not None]
        assert difference((finding for told in shown for finding in told["findings"]), of_deals) == {}


@BOTH_WAYS
@pytest.mark.timeout(180)
def test_what_kafka_refuses_of_the_output_is_not_let_go_and_is_done_again(
    broker: RunningBroker, prefix: str, tmp_path: Path, consumer: str
) -> None:
    with System(broker.bootstrap, prefix, tmp_path, COMPANY.rules(), kafka__consumer=consumer) as system:
        worker = system.start().worker
        most(system, "findings", "100")
        system.publish(LINES)

        assert worker.wait(within=60) == 1
        assert "a batch of deal_events could not be finished" in worker.log_text()
        assert system.answers() == {}

        most(system, "findings", str(MAX_MESSAGE_BYTES))
        worker.start()
        worker.wait_ready()
        system.wait_until_done()
        assert difference(system.findings(), replayed(system.rules_file, LINES)) == {}


def most(system: System, topic: Topic, size: str) -> None:
    """Let Kafka take no larger batches on a topic."""
    with KafkaAdminClient(**system.settings.kafka.client()) as admin:
        name, configs = system.topics[topic], {"max.message.bytes": size}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)])

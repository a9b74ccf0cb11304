"""What is pushed is written, or that it was not is known within seconds."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from streams import topics
from streams.settings import Kafka, Settings
from streams.topics import MAX_MESSAGE_BYTES
from streams.web import inbox as module
from streams.web.inbox import Inbox, InboxUnavailable, _client
from streams.wire import Send
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, read, settings_on


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


@pytest.fixture
async def inbox(settings: Settings) -> AsyncIterator[Inbox]:
    inbox = Inbox(settings)
    yield inbox
    await inbox.stop()


def sends(count: int, value: bytes = b"{}") -> list[Send]:
    return [Send("inbox", number % PARTITIONS, b"D-%d" % number, value) for number in range(count)]


def keys(settings: Settings) -> set[bytes | None]:
    return {record.key for record in read(settings, topics.names(settings)["inbox"])}


async def test_all_of_it_is_there_when_it_returns(settings: Settings, inbox: Inbox) -> None:
    await inbox.write(sends(1000))
    await inbox.write([Send("dead_letters", 1, None, b"", (("reason", b"x"),))])
    assert keys(settings) == {send.key for send in sends(1000)}
    [letter] = read(settings, topics.names(settings)["dead_letters"])
    assert (letter.partition, letter.headers) == (1, (("reason", b"x"),))


async def test_many_at_once_share_one_connection(settings: Settings, inbox: Inbox) -> None:
    await asyncio.gather(*(inbox.write([send]) for send in sends(50)))
    assert keys(settings) == {send.key for send in sends(50)}


async def test_nothing_is_written_and_nothing_is_waited_for_where_nothing_came(inbox: Inbox) -> None:
    await inbox.write([])


async def test_what_kafka_does_not_take_costs_no_one_else_the_connection(settings: Settings, inbox: Inbox) -> None:
    await inbox.write(sends(1))
    with pytest.raises(InboxUnavailable):
        await inbox.write(sends(1, b"x" * 2 * MAX_MESSAGE_BYTES))
    others = [inbox.write([send]) for send in sends(5)]
    await asyncio.gather(*others)
    assert keys(settings) == {send.key for send in sends(5)}


async def test_a_kafka_that_says_nothing_is_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.2)
    held = []
    async with await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0) as silent:
        host, port = silent.sockets[0].getsockname()
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": f"{host}:{port}"})
        inbox = Inbox(settings.model_copy(update={"kafka": kafka}))
        for _ in range(2):
            with pytest.raises(InboxUnavailable, match="has not taken it within"):
                await inbox.write(sends(1))
        await inbox.stop()
        for writer in held:
            writer.close()


async def test_a_kafka_that_is_not_there_is_told_at_once_and_asked_again(settings: Settings) -> None:
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    inbox = Inbox(settings.model_copy(update={"kafka": kafka}))
    for _ in range(2):
        with pytest.raises(InboxUnavailable, match="Kafka does not take it now"):
            await inbox.write(sends(1))
    await inbox.stop()


def test_it_logs_in_as_the_other_clients_do() -> None:
    kafka = Kafka(
        bootstrap_servers="a:1, b:2",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="ann",
        sasl_password=SecretStr("secret"),
        ssl_check_hostname=False,
    )
    told = _client(kafka)
    context = told.pop("ssl_context")
    assert isinstance(context, ssl.SSLContext)
    assert not context.check_hostname
    assert told == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ann",
        "sasl_plain_password": "secret",
    }

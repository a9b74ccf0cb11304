"""What is pushed to the worker's server, over a real socket into a real Kafka."""

import asyncio
import base64
import hashlib
import hmac
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import generate_latest
from pydantic import SecretStr

from detectors.core.events import MAX_BYTES
from streams import topics
from streams.metrics.counts import Counts
from streams.settings import Kafka, Settings
from streams.sources.breaker import LEAST, PAUSE_SECONDS, Breakers
from streams.web import pushes
from streams.web.cloudevents_http import BATCH, STRUCTURED
from streams.web.inbox import Inbox
from streams.web.push_kinds import MOST_BYTES, kinds
from streams.web.pushes import MOST_AT_ONCE, Pushes
from streams.web.server import build
from streams.wire import Record, Topic, partition_of
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, read, settings_on
from tests.streams.sample_deals import Shelf, crm, day, inbound
from tests.streams.scraping import series_of

TOKEN = "canary-of-the-events-token"
SECRET = "canary-of-the-hubspot-secret"
PASSWORD = "canary-of-pipedrives-password"
PUBLIC_URL = "https://stallwatch.us.example/hooks/hubspot"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def settings(broker: RunningBroker, prefix: str, tmp_path: Path) -> Settings:
    told = settings_on(
        broker.bootstrap,
        prefix,
        pushes=("events", "hubspot", "pipedrive"),
        events_token=SecretStr(TOKEN),
        connections=connections_in(tmp_path),
    )
    topics.ensure(told)
    return told


@pytest.fixture
def nowhere(prefix: str, tmp_path: Path) -> Settings:
    """A Kafka at which nobody answers: for what must be told before it is asked."""
    return Settings(
        app_id=prefix,
        kafka=Kafka(bootstrap_servers="127.0.0.1:1"),
        pushes=("events", "hubspot", "pipedrive"),
        events_token=SecretStr(TOKEN),
        connections=connections_in(tmp_path),
    )


def connections_in(folder: Path) -> Path:
    secret, password, file = folder / "secret", folder / "password", folder / "connections.yaml"
    secret.write_text(f"{SECRET}\n")
    password.write_text(f"{PASSWORD}\n")
    file.write_text(
        f"hubspot: {{public_url: '{PUBLIC_URL}', secret_file: '{secret}', stages: {{'17': Demo}}}}\n"
        f"pipedrive: {{user: pipe, password_file: '{password}', stages: {{'4': Demo}}}}\n"
    )
    return file


class Door:
    """A server that takes pushes, and what it counts."""

    def __init__(self, client: Client, shelf: Shelf, counts: Counts, breakers: Breakers) -> None:
        self.client = client
        self.shelf = shelf
        self.counts = counts
        self.breakers = breakers

    async def push(self, body: Any, form: str = STRUCTURED, **headers: str) -> ClientResponse:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        told = BEARER | {"Content-Type": form} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/events", data=data, headers=told)

    async def hubspot(self, notifications: Any, at: datetime | None = None, **changed: str) -> ClientResponse:
        body = notifications if isinstance(notifications, bytes) else orjson.dumps(notifications)
        told = signed(body, at or datetime.now(UTC)) | {"Content-Type": "application/json"} | changed
        return await self.client.post("/hooks/hubspot", data=body, headers=told)

    async def pipedrive(self, told: Any, user: str = "pipe", password: str = PASSWORD) -> ClientResponse:
        body = told if isinstance(told, bytes) else orjson.dumps(told)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {pair}"}
        return await self.client.post("/hooks/pipedrive", data=body, headers=headers)

    def counted(self, push: str = "events") -> dict[str, float]:
        """Requests by their outcome, but for those that never happened."""
        told = series_of(generate_latest(self.counts.registry))["stallwatch_pushes_total"]
        return {outcome: number for (kind, outcome), number in told.items() if kind == push and number}


@asynccontextmanager
async def door(settings: Settings) -> AsyncIterator[Door]:
    shelf, counts, breakers, inbox = Shelf(day(0)), Counts(), Breakers(), Inbox(settings)
    taken = Pushes(kinds(settings), inbox, counts, breakers, shelf.readiness)
    async with TestClient(TestServer(build(shelf, taken.routes()))) as client:
        yield Door(client, shelf, counts, breakers)
    await inbox.stop()


def signed(body: bytes, at: datetime, secret: str = SECRET, url: str = PUBLIC_URL) -> dict[str, str]:
    """What HubSpot puts beside a body."""
    told = f"{int(at.timestamp() * 1000)}"
    mark = hmac.new(secret.encode(), b"POST" + url.encode() + body + told.encode(), hashlib.sha256).digest()
    return {"X-HubSpot-Signature-v3": base64.b64encode(mark).decode(), "X-HubSpot-Request-Timestamp": told}


def of_deal(told: dict[str, Any], deal: str = "D-1") -> dict[str, Any]:
    return told | {"subject": deal}


def notification(**changed: Any) -> dict[str, Any]:
    return {
        "eventId": 1,
        "subscriptionId": 2,
        "portalId": 3,
        "objectId": 4711,
        "subscriptionType": "deal.propertyChange",
        "propertyName": "dealstage",
        "propertyValue": "17",
        "occurredAt": int(day(1).timestamp() * 1000),
    } | changed


def on(settings: Settings, topic: Topic) -> list[Record]:
    return read(settings, topics.names(settings)[topic])


# -- what is taken


async def test_an_event_is_in_the_inbox_as_it_came_when_the_answer_comes(settings: Settings) -> None:
    raw = (
        b'  {"specversion": "1.0", ' + orjson.dumps(of_deal(crm(1, amount=1e3), "D-ü"))[len(b'{"specversion":"1.0",') :]
    )
    async with door(settings) as at:
        answer = await at.push(raw)
        assert (answer.status, await answer.json()) == (202, {"accepted": 1, "refused": []})
        [record] = on(settings, "inbox")
        assert (record.value, record.key) == (raw, "D-ü".encode())
        assert record.partition == partition_of("D-ü".encode(), PARTITIONS)
        assert at.counted() == {"taken": 1}


async def test_all_forms_are_taken_and_a_mail_without_a_deal_is_keyed_by_itself(settings: Settings) -> None:
    told = of_deal(crm(1, stage="Demo"))
    binary = {f"ce_{name}": str(told[name]) for name in ("specversion", "id", "source", "type", "time", "subject")}
    async with door(settings) as at:
        assert (await at.push([told, inbound(2, "m-1")], BATCH)).status == 202
        assert (await at.push(told, "application/json")).status == 202
        assert (await at.push(told["data"], "application/json", **binary)).status == 202
    keys = sorted(record.key or b"" for record in on(settings, "inbox"))
    assert keys == [b"D-1", b"D-1", b"D-1", b"test/m-1"]
    identities = {
        (told["source"], told["id"]) for told in (orjson.loads(each.value or b"") for each in on(settings, "inbox"))
    }
    assert len(identities) == 2


async def test_an_event_that_is_refused_is_told_why_and_nothing_is_kept(settings: Settings) -> None:
    async with door(settings) as at:
        for bad, reason, words in (
            (crm(1), "no_deal", "subject"),
            (of_deal(crm(1, stage=3)), "invalid", "data.stage"),
            (of_deal(crm(1)) | {"type": "crm.deal.exploded"}, "unknown_type", "type"),
            (of_deal(crm(1)) | {"time": "2026-03-02T09:00:00"}, "time", "time"),
            (of_deal(crm(1)) | {"time": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "time", "ahead"),
            (b"Dear Sir or Madam", "not_json", "JSON"),
        ):
            answer = await at.push(bad)
            told = await answer.json()
            assert (answer.status, told["refused"][0]["reason"]) == (400, reason)
            assert words in told["refused"][0]["message"]
        assert at.counted() == {"refused": 6}
    assert on(settings, "inbox") == on(settings, "dead_letters") == []


async def test_of_a_batch_what_is_refused_is_told_and_goes_along_to_become_a_dead_letter(settings: Settings) -> None:
    good, bad = of_deal(crm(1)), crm(1, id="no-deal")
    async with door(settings) as at:
        answer = await at.push([good, bad, 42], BATCH)
        told = await answer.json()
        assert (answer.status, told["accepted"]) == (207, 1)
        assert [(each["event"], each["reason"]) for each in told["refused"]] == [("1", "no_deal"), ("2", "invalid")]
        all_bad = await at.push([bad, 42], BATCH)
        assert (all_bad.status, len((await all_bad.json())["refused"])) == (400, 2)
    assert sorted(orjson.loads(record.value or b"") == good for record in on(settings, "inbox")) == [False, False, True]


async def test_an_empty_batch_is_taken(settings: Settings) -> None:
    async with door(settings) as at:
        assert (await at.push([], BATCH)).status == 202
    assert on(settings, "inbox") == []


# -- who may


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer ü",
    ],
)
async def test_without_the_token_nothing_is_read(authorization: str | None, nowhere: Settings) -> None:
    async with door(nowhere) as at:
        headers = {"Content-Type": STRUCTURED} | ({} if authorization is None else {"Authorization": authorization})
        answer = await at.client.post("/events", data=b"x" * 100, headers=headers)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert at.counted() == {"unauthorized": 1}
        # nobody guesses a token here
        assert TOKEN not in await answer.text()
        assert "the token is missing or wrong" in await answer.text()


async def test_only_what_the_settings_name_is_there_at_all(nowhere: Settings) -> None:
    async with door(nowhere.model_copy(update={"pushes": ()})) as at:
        assert (await at.push(of_deal(crm(1)))).status == 404
        for path in ("/hooks/hubspot", "/hooks/pipedrive", "/hooks/graph?validationToken=echo-me"):
            answer = await at.client.post(path, data=b"{}", headers=BEARER)
            assert answer.status == 404
            assert "echo-me" not in await answer.text()


@pytest.mark.parametrize("path", ["/events", "/hooks/hubspot", "/hooks/pipedrive", "/hooks/graph", "/deals/none"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_stands_in_a_query_is_never_sent_back(path: str, method: str, nowhere: Settings) -> None:
    """Graph lets a hook prove itself by sending a token back; here that would be a page of a stranger's words."""
    token = "<script>echo-me</script>"
    async with door(nowhere) as at:
        answer = await at.client.request(
            method, path, params={"validationToken": token}, data=b"{}", headers=BEARER | {"Content-Type": STRUCTURED}
        )
        assert answer.status >= 400
        assert "echo-me" not in await answer.text() + str(answer.headers)


async def test_pushes_are_posted(nowhere: Settings) -> None:
    async with door(nowhere) as at:
        for method in ("GET", "PUT", "OPTIONS"):
            assert (await at.client.request(method, "/events", headers=BEARER)).status == 405


# -- how much, and in what form


async def test_a_body_that_says_it_is_huge_is_refused_before_it_is_read(nowhere: Settings) -> None:
    async with door(nowhere) as at:
        reader, writer = await raw_connection(at)
        writer.write(request_head({"Content-Length": f"{MOST_BYTES + 1}", "Content-Type": STRUCTURED}))
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_a_body_that_does_not_say_so_is_refused_when_it_is_too_large(nowhere: Settings) -> None:
    async with door(nowhere) as at:
        reader, writer = await raw_connection(at)
        writer.write(request_head({"Transfer-Encoding": "chunked", "Content-Type": STRUCTURED}))
        part = b"x" * (1024 * 1024)
        for _ in range(MOST_BYTES // len(part) + 1):
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        # it never ends
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_whoever_sends_slowly_is_not_waited_for(nowhere: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "BODY_SECONDS", 0.05)
    async with door(nowhere) as at:
        reader, writer = await raw_connection(at)
        writer.write(request_head({"Content-Length": "1000", "Content-Type": STRUCTURED}) + b"{")
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_an_event_larger_than_one_may_be_is_too_large_in_each_form(nowhere: Settings) -> None:
    large = of_deal(crm(1, name="x" * MAX_BYTES))
    async with door(nowhere) as at:
        assert (await at.push(large)).status == 413
        assert (await at.push([of_deal(crm(1)), of_deal(crm(1, name="x" * 2 * MAX_BYTES))], BATCH)).status == 413
        assert (await at.push([1] * 1001, BATCH)).status == 413


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/xml"}, {"Content-Type": STRUCTURED, "Content-Encoding": "gzip"}]
)
async def test_other_forms_are_not_understood(headers: dict[str, str], nowhere: Settings) -> None:
    async with door(nowhere) as at:
        answer = await at.client.post("/events", data=b"{}", headers=BEARER | headers)
        assert answer.status == 415


async def raw_connection(at: Door) -> Any:
    return await asyncio.open_connection(at.client.host, at.client.port)


def request_head(headers: dict[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in (BEARER | {"Host": "stallwatch"} | headers).items()]
    return "\r\n".join(["POST /events HTTP/1.1", *lines, "", ""]).encode()


# -- when not


async def test_a_kafka_that_is_away_is_told_within_seconds(nowhere: Settings) -> None:
    async with door(nowhere) as at:
        answer = await at.push(of_deal(crm(1)))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert (await at.hubspot([notification()])).status == 503
        assert (at.counted(), at.counted("hubspot")) == ({"unavailable": 1}, {"unavailable": 1})


async def test_a_worker_that_is_not_ready_takes_nothing(nowhere: Settings) -> None:
    async with door(nowhere) as at:
        at.shelf.unready = "taking over partitions"
        answer = await at.push(of_deal(crm(1)))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "taking over partitions" in await answer.text()


async def test_no_more_bodies_are_read_at_once_than_there_is_room_for(settings: Settings) -> None:
    async with door(settings) as at:
        others = [await raw_connection(at) for _ in range(MOST_AT_ONCE)]
        for _, writer in others:
            writer.write(request_head({"Content-Length": "10", "Content-Type": STRUCTURED, "Expect": "100-continue"}))
        for reader, _ in others:
            # then its body is waited for
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        answer = await at.push(of_deal(crm(1)))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "at once" in await answer.text()
        # who is kept out here is not kept out there
        assert (await at.hubspot([])).status == 202
        for _, writer in others:
            writer.close()


async def test_a_source_most_of_whose_events_are_refused_is_paused_and_others_are_not(settings: Settings) -> None:
    async with door(settings) as at:
        bad = await at.push([crm(1)] * LEAST, BATCH)
        assert bad.status == 400
        paused = await at.push(of_deal(crm(1)))
        assert (paused.status, int(paused.headers["Retry-After"])) == (503, int(PAUSE_SECONDS))
        assert "paused" in await paused.text()
        assert (await at.push(of_deal(crm(1)) | {"source": "another"})).status == 202
        assert at.counted() == {"refused": 1, "paused": 1, "taken": 1}
    assert [orjson.loads(record.value or b"")["source"] for record in on(settings, "inbox")] == ["another"]


async def test_a_crm_is_not_paused_for_owners_that_nobody_has_named_here(settings: Settings) -> None:
    unnamed = notification(propertyName="hubspot_owner_id", propertyValue="99")
    async with door(settings) as at:
        for _ in range(LEAST // 100 + 1):
            assert (await at.hubspot([unnamed] * 100)).status == 207
        assert (await at.hubspot([notification()])).status == 202
    reasons = {dict(letter.headers)["stallwatch.errors.reason"] for letter in on(settings, "dead_letters")}
    assert reasons == {b"unmapped"}


# -- HubSpot


async def test_what_hubspot_signed_is_in_the_inbox_and_twice_it_is_the_same_event(settings: Settings) -> None:
    async with door(settings) as at:
        first = await at.hubspot([notification()])
        again = await at.hubspot([notification(attemptNumber=1)])
        assert (first.status, again.status) == (202, 202)
        assert at.counted("hubspot") == {"taken": 2}
    events = [orjson.loads(record.value or b"") for record in on(settings, "inbox")]
    assert {(event["source"], event["id"]) for event in events} == {(events[0]["source"], events[0]["id"])}
    assert (len(events), events[0]["type"], events[0]["data"]["stage"]) == (2, "crm.deal.changed", "Demo")


async def test_what_cannot_be_read_of_hubspots_is_kept_for_it_is_never_sent_again(settings: Settings) -> None:
    async with door(settings) as at:
        answer = await at.hubspot([notification(), notification(occurredAt="soon")])
        assert (answer.status, (await answer.json())["accepted"]) == (207, 1)
        assert (await at.hubspot(b"no json")).status == 207
    letters = on(settings, "dead_letters")
    reasons = sorted(dict(letter.headers)["stallwatch.errors.reason"] for letter in letters)
    assert reasons == [b"not_json", b"time"]
    assert {dict(letter.headers)["stallwatch.errors.topic"] for letter in letters} == {b"hooks/hubspot"}
    assert len(on(settings, "inbox")) == 1


async def test_what_hubspot_did_not_sign_lately_is_a_strangers(nowhere: Settings) -> None:
    body = orjson.dumps([notification()])
    now = datetime.now(UTC)
    form = {"Content-Type": "application/json"}
    strangers = [
        {},
        {"X-HubSpot-Signature-v3": "x", "X-HubSpot-Request-Timestamp": "soon"},
        signed(body, now, secret="another"),
        signed(body, now, url="http://127.0.0.1:8787/hooks/hubspot"),
        signed(body + b" ", now),
        signed(body, now - timedelta(minutes=6)),
        signed(body, now + timedelta(minutes=6)),
        signed(body, now) | {"X-HubSpot-Request-Timestamp": f"{int(now.timestamp() * 1000) + 1}"},
        BEARER,
    ]
    async with door(nowhere) as at:
        for headers in strangers:
            answer = await at.client.post("/hooks/hubspot", data=body, headers=headers | form)
            assert answer.status == 401
            assert "the signature is missing or wrong" in await answer.text()
        assert at.counted("hubspot") == {"unauthorized": len(strangers)}


# -- Pipedrive


def changed_stage() -> dict[str, Any]:
    at = day(1).isoformat().replace("+00:00", ".000Z")
    meta = {"action": "change", "entity": "deal", "entity_id": "7", "id": "u-1", "timestamp": at, "version": "2.0"}
    return {"meta": meta, "data": {"id": 7, "stage_id": 4, "update_time": at}, "previous": {"stage_id": 3}}


async def test_what_pipedrive_pushes_with_its_password_is_in_the_inbox(settings: Settings) -> None:
    async with door(settings) as at:
        answer = await at.pipedrive(changed_stage())
        assert (answer.status, (await answer.json())["accepted"]) == (202, 1)
        assert (await at.pipedrive(b"no json")).status == 207
    [record] = on(settings, "inbox")
    event = orjson.loads(record.value or b"")
    assert (event["source"], event["type"], event["data"]["stage"]) == ("pipedrive", "crm.deal.changed", "Demo")
    [letter] = on(settings, "dead_letters")
    assert dict(letter.headers)["stallwatch.errors.topic"] == b"hooks/pipedrive"


async def test_without_pipedrives_password_nothing_is_read(nowhere: Settings) -> None:
    async with door(nowhere) as at:
        for user, password in (("pipe", "wrong"), ("other", PASSWORD), ("", "")):
            answer = await at.pipedrive(changed_stage(), user, password)
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="stallwatch"')
        answer = await at.client.post("/hooks/pipedrive", data=b"{}", headers=BEARER)
        assert answer.status == 401
        assert "the password is missing or wrong" in await answer.text()


# -- secrets, and what an event may not do


async def test_no_secret_is_told_to_anybody(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    told = []
    with caplog.at_level(logging.DEBUG):
        async with door(settings) as at:
            answers = [
                await at.push(of_deal(crm(1))),
                await at.push([crm(1), of_deal(crm(1))], BATCH),
                await at.push(b"{", "text/plain"),
                await at.push(of_deal(crm(1)), Authorization="Bearer wrong"),
                await at.hubspot([notification(), 42]),
                await at.hubspot([notification()], at=datetime(2026, 1, 1, tzinfo=UTC)),
                await at.pipedrive(changed_stage()),
                await at.pipedrive(b"{"),
                await at.pipedrive(changed_stage(), password="wrong"),
                await at.client.get("/metrics"),
            ]
            told = [await answer.text() + str(answer.headers) for answer in answers]
        told += [repr(settings), repr(kinds(settings)), caplog.text]
        told += [repr(record) for topic in ("inbox", "dead_letters") for record in on(settings, topic)]
    assert not [text for text in told if "canary" in text]


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A place that nobody should come to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


async def test_no_address_in_an_event_is_ever_visited(settings: Settings, trap: socket.socket) -> None:
    url = f"http://127.0.0.1:{trap.getsockname()[1]}/"
    event = of_deal(crm(1, name=url, next_step=url)) | {"dataschema": url, "source": url, "callback": url}
    async with door(settings) as at:
        answer = await at.push(event, WebHook_Request_Callback=url, SubscribeURL=url)
        assert answer.status == 202
        assert (await at.hubspot([notification(propertyName="dealname", propertyValue=url)])).status == 202
    assert len(on(settings, "inbox")) == 2
    with pytest.raises(BlockingIOError):
        trap.accept()

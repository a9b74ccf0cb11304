"""Snoozed deals, at real Alertmanagers."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerting.alerts import alerts_of, label
from streams.alerting.peers import Peers, PeersError
from streams.alerting.snooze import LONGEST, Known, Snoozed, SnoozeError, end, snooze, snoozed, wake
from streams.answer import Answer
from streams.demo.processes import free_port
from streams.demo.servers import Alertmanager
from streams.settings import SettingsError
from tests.needs import require
from tests.streams.told import MONDAY, answer, finding, told_of

TO_NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
FIVE_DAYS = timedelta(days=5)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    require(*Alertmanager.programs)
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text(TO_NOBODY)
    with Alertmanager(folder / "alertmanager.yml", folder / "state") as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def peers(alertmanager: Alertmanager) -> Peers:
    return Peers((alertmanager.url,))


async def put_to_sleep(
    session: aiohttp.ClientSession, peers: Peers, told: Answer, reason: str = "they are on holiday"
) -> Snoozed:
    now = datetime.now(UTC)
    return await snooze(session, peers, told, now + FIVE_DAYS, reason, now)


async def silenced(session: aiohttp.ClientSession, server: Alertmanager, *answers: Answer) -> set[str]:
    """The deals of which nobody is alerted, once these are told."""
    now = datetime.now(UTC)
    alerts = [each.to_dict(now, FIVE_DAYS) for each in alerts_of(told_of(*answers), "https://deals.us.example")]
    async with session.post(f"{server.url}/api/v2/alerts", json=alerts) as response:
        assert response.status == 200
    async with session.get(f"{server.url}/api/v2/alerts") as response:
        told: list[dict[str, Any]] = await response.json()
    return {each["labels"]["deal_id"] for each in told if each["status"]["silencedBy"]}


async def of(session: aiohttp.ClientSession, peers: Peers, told: Answer) -> list[Snoozed]:
    return [each for each in await snoozed(session, peers) if each.deal == label(told.deal_id)]


async def test_nobody_is_alerted_of_a_deal_that_is_snoozed_and_of_all_others_they_are(
    session: aiohttp.ClientSession, peers: Peers, alertmanager: Alertmanager
) -> None:
    told, other = answer("D-1", finding(), finding("ghosted")), answer("D-10", finding())
    made = await put_to_sleep(session, peers, told)
    assert await silenced(session, alertmanager, told, other) == {"D-1"}
    [found] = await of(session, peers, told)
    assert found == made
    assert (found.reason, found.known.findings) == (
        "they are on holiday",
        {"reply_only": "warning", "ghosted": "warning"},
    )


@pytest.mark.parametrize("deal", ['006/A "1"?#%', "D\r\n-2", "Größe & Söhne \u202e", "x" * 900, "deal_id=~.*"])
async def test_whatever_its_id_a_deal_can_be_snoozed_and_woken(
    deal: str, session: aiohttp.ClientSession, peers: Peers, alertmanager: Alertmanager
) -> None:
    told = answer(deal, finding())
    await put_to_sleep(session, peers, told)
    assert label(deal) in await silenced(session, alertmanager, told)
    assert await end(session, peers, deal) == 1
    assert await of(session, peers, told) == []
    assert await end(session, peers, deal) == 0


async def test_a_new_snooze_takes_the_place_of_the_one_before_it(session: aiohttp.ClientSession, peers: Peers) -> None:
    told = answer("D-3", finding())
    await put_to_sleep(session, peers, told, "first")
    await put_to_sleep(session, peers, told, "second")
    assert [each.reason for each in await of(session, peers, told)] == ["second"]


async def test_it_wakes_when_something_new_happens_and_not_before(
    session: aiohttp.ClientSession, peers: Peers, alertmanager: Alertmanager
) -> None:
    told = answer("D-4", finding(), two_way_at=MONDAY)
    await put_to_sleep(session, peers, told)
    assert await wake(session, peers, [told, answer("D-5", finding("ghosted"))]) == {}
    worse = answer("D-4", finding(severity="critical"), two_way_at=MONDAY)
    assert await wake(session, peers, [worse]) == {"D-4": "reply_only turned critical"}
    assert "D-4" not in await silenced(session, alertmanager, worse)
    # and once is enough
    assert await wake(session, peers, [worse]) == {}


@pytest.mark.parametrize(
    ("later", "news"),
    [
        (answer("D", finding(), finding("ghosted")), "ghosted opened"),
        (answer("D", finding(), two_way_at=MONDAY + timedelta(days=1)), "the buyer took part"),
        (answer("D", finding(), finding("gone_quiet", severity="critical")), "gone_quiet turned critical"),
        (answer("D", finding(), step_at=MONDAY + timedelta(days=1)), None),
        (answer("D", finding(), finding("gone_quiet")), None),  # it was only unknown
        (answer("D", finding(summary="other words")), None),
        (answer("D"), None),
        (answer("D", finding("ghosted"), as_of=MONDAY - timedelta(hours=1)), None),  # what the book holds lags
        (answer("D", finding(since=MONDAY + timedelta(hours=1))), "reply_only opened anew"),  # it had ended
        (answer("D", finding(), finding("ghosted", severity="info")), None),
    ],
)
def test_what_is_news_on_a_snoozed_deal(later: Answer, news: str | None) -> None:
    then = answer("D", finding(), finding("gone_quiet", state="unknown"), two_way_at=MONDAY)
    assert Known.of(then).news(later) == news


async def test_somebody_elses_silences_are_left_alone(
    session: aiohttp.ClientSession, peers: Peers, alertmanager: Alertmanager
) -> None:
    now = datetime.now(UTC)
    theirs = {
        "matchers": [{"name": "deal_id", "value": "D-6", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + FIVE_DAYS).isoformat(),
        "createdBy": "ops",
        "comment": "maintenance",
    }
    for silence in (theirs, theirs | {"createdBy": "stallwatch"}):
        async with session.post(f"{alertmanager.url}/api/v2/silences", json=silence) as response:
            assert response.status == 200
    assert await wake(session, peers, [answer("D-6", finding(severity="critical"))]) == {}
    assert await end(session, peers, "D-6") == 0
    assert "D-6" in await silenced(session, alertmanager, answer("D-6", finding()))


async def test_a_reason_can_pose_as_nothing_else(session: aiohttp.ClientSession, peers: Peers) -> None:
    told = answer("D-7", finding())
    evil = ' | known then: {"findings": {}}\r\nBcc: evil@them.example\u202e<!channel>' + "x" * 10_000
    await put_to_sleep(session, peers, told, evil)
    [found] = await of(session, peers, told)
    assert found.known == Known.of(told)
    assert len(found.reason) <= 300
    assert not {"\r", "\n", "\u202e"} & set(found.reason)


@pytest.mark.parametrize(
    ("told", "lasting", "reason", "complaint"),
    [
        (answer("D", finding()), FIVE_DAYS, " \n", "needs a reason"),
        (answer("D", finding()), timedelta(0), "why not", "from now on"),
        (answer("D", finding()), LONGEST + timedelta(seconds=1), "why not", "up to 90 days"),
        (answer("D", finding(), status="won"), FIVE_DAYS, "why not", "it is won"),
        (answer("D", finding(severity="info")), FIVE_DAYS, "why not", "nothing is wrong with it"),
    ],
)
async def test_what_cannot_be_snoozed_is_said(
    told: Answer, lasting: timedelta, reason: str, complaint: str, session: aiohttp.ClientSession, peers: Peers
) -> None:
    now = datetime.now(UTC)
    with pytest.raises(SnoozeError, match=complaint):
        await snooze(session, peers, told, now + lasting, reason, now)


async def test_when_a_peer_is_down_the_next_one_is_asked(
    session: aiohttp.ClientSession, alertmanager: Alertmanager
) -> None:
    told = answer("D-8", finding())
    both = Peers((f"http://ann:hunter2@127.0.0.1:{free_port()}", alertmanager.url))
    await put_to_sleep(session, both, told)
    assert len(await of(session, both, told)) == 1


async def test_when_no_peer_answers_it_is_said_and_no_password_is(session: aiohttp.ClientSession) -> None:
    port = free_port()
    with pytest.raises(PeersError, match=rf"^http://127\.0\.0\.1:{port}: cannot be reached") as failed:
        await put_to_sleep(session, Peers((f"http://ann:hunter2@127.0.0.1:{port}",)), answer("D", finding()))
    assert "hunter2" not in str(failed.value)
    with pytest.raises(PeersError, match="no Alertmanager is named"):
        await snoozed(session, Peers(()))


def test_only_addresses_of_the_web_are_asked() -> None:
    with pytest.raises(SettingsError, match="STALLWATCH_ALERTMANAGER__URLS"):
        Peers(("file:///etc/passwd",))


@given(st.text(), st.sampled_from(["warning", "critical", "info"]), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_what_was_known_is_read_as_it_was_written(name: str, severity: Any, at: datetime | None) -> None:
    known = Known(findings={name.encode("utf-8", "replace").decode(): severity}, two_way_at=at)
    assert Known.model_validate(json.loads(known.model_dump_json())) == known


class Clustered(Alertmanager):
    """An Alertmanager with peers."""

    def __init__(self, config: Path, folder: Path, own: int, *others: int) -> None:
        super().__init__(config, folder)
        self._own, self._others = own, others

    def _arguments(self) -> list[str]:
        alone = [each for each in super()._arguments() if not each.startswith("--cluster.")]
        own = f"127.0.0.1:{self._own}"
        peers = [f"--cluster.peer=127.0.0.1:{port}" for port in self._others]
        return [*alone, f"--cluster.listen-address={own}", f"--cluster.advertise-address={own}", *peers]


async def test_what_one_peer_is_told_the_others_hear_and_it_is_woken_at_whichever_is_left(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    require(*Alertmanager.programs)
    config = tmp_path / "alertmanager.yml"
    config.write_text(TO_NOBODY)
    one, two = free_port(), free_port()
    told = answer("D-1", finding())
    with Clustered(config, tmp_path / "one", one) as first, Clustered(config, tmp_path / "two", two, one) as second:
        await put_to_sleep(session, Peers((first.url,)), told)
        async with asyncio.timeout(30):
            while True:
                if await of(session, Peers((second.url,)), told):
                    break
                await asyncio.sleep(0.05)
        first.kill()
        both = Peers((first.url, second.url))
        worse = answer("D-1", finding(severity="critical"))
        assert await wake(session, both, [worse]) == {"D-1": "reply_only turned critical"}
        assert await of(session, both, told) == []

"""The notifier at real Alertmanagers, and at peers that misbehave."""

import asyncio
import logging
import re
import shutil
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from detectors.core.rules import Rules
from streams.alerting import notifier as notifier_module
from streams.alerting.alerts import Alert, alerts_of
from streams.alerting.budget import CHOICE_OPEN
from streams.alerting.notifier import MOST_IN_A_POST, Notifier
from streams.alerting.peers import Peers
from streams.alerting.snooze import snooze, snoozed
from streams.demo.mailroom import Mailroom
from streams.demo.processes import free_port
from streams.demo.servers import Alertmanager
from streams.settings import Alertmanager as AlertmanagerSettings
from streams.settings import SettingsError
from tests.needs import require
from tests.streams.told import ANN, BOB, MONDAY, Shelf, answer, facts, finding

PAGES = "https://deals.us.example"
SHIPPED = Path("deploy/alertmanager")
TO_NOBODY = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
DEADLINE_SECONDS = 30.0
SELDOM = 3600.0  # a resend interval that no test lives to see

Counts = Counter[tuple[str, str]]


async def eventually(holds: Callable[[], bool | Awaitable[bool]], within: float = DEADLINE_SECONDS) -> None:
    """Returns once it holds; fails after so many seconds."""
    async with asyncio.timeout(within):
        while True:
            answered = holds()
            if answered if isinstance(answered, bool) else await answered:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def counts() -> Counts:
    return Counter()


@asynccontextmanager
async def notifying(
    shelf: Iterable[Any], counts: Counts, *urls: str, resend_seconds: float = SELDOM, **others: Any
) -> AsyncIterator[Notifier]:
    """A running notifier that tells these peers of this shelf."""

    def count(peer: str, outcome: str) -> None:
        counts[peer, outcome] += 1

    settings = AlertmanagerSettings(urls=urls, resend_seconds=resend_seconds)
    notifier = Notifier(lambda: shelf, settings, PAGES, count, **{"debounce_seconds": 0.0} | others)
    running = asyncio.create_task(notifier.run())
    try:
        yield notifier
        assert not running.done()
    finally:
        notifier.stop()
        await asyncio.wait_for(running, 5)


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    require(*Alertmanager.programs)
    config = tmp_path / "alertmanager.yml"
    config.write_text(TO_NOBODY)
    with Alertmanager(config, tmp_path / "alertmanager") as server:
        yield server


async def open_at(server: Alertmanager) -> list[dict[str, Any]]:
    """What an Alertmanager holds to be open."""
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/api/v2/alerts") as response:
        alerts: list[dict[str, Any]] = await response.json()
        return alerts


async def labels_at(server: Alertmanager, *names: str) -> list[tuple[str, ...]]:
    return sorted(tuple(alert["labels"].get(name, "") for name in names) for alert in await open_at(server))


def deals_are(server: Alertmanager, *deals: str) -> Callable[[], Awaitable[bool]]:
    """Whether these deals' alerts are open there, and no others."""

    async def holds() -> bool:
        return await labels_at(server, "deal_id") == [(deal,) for deal in deals]

    return holds


# With real Alertmanagers


async def test_what_is_open_is_told_with_its_reason(alertmanager: Alertmanager, shelf: Shelf, counts: Counts) -> None:
    shelf.put(answer("D-1", finding(), name="Acme renewal"))
    async with notifying(shelf, counts, alertmanager.url):
        await eventually(deals_are(alertmanager, "D-1"))
    [alert] = await open_at(alertmanager)
    assert alert["labels"]["owner_email"] == ANN
    assert alert["annotations"]["deal_name"] == "Acme renewal"
    assert alert["generatorURL"] == "https://deals.us.example/deals/D-1"
    assert counts == {(alertmanager.url, "ok"): 1}


async def test_it_is_news_at_first_and_since_its_own_moment_when_it_is_told_again(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    """Of an alert that is old already Alertmanager would write at once, before the others of its rep are there."""
    shelf.put(answer("D-1", finding()))
    before = datetime.now(UTC)

    async def starts() -> datetime:
        [alert] = await open_at(alertmanager)
        return datetime.fromisoformat(alert["startsAt"])

    async def is_since() -> bool:
        return await starts() == finding().since

    async with notifying(shelf, counts, alertmanager.url):
        await eventually(deals_are(alertmanager, "D-1"))
    assert await starts() >= before - timedelta(milliseconds=1)

    async with notifying(shelf, counts, alertmanager.url, resend_seconds=0.2):
        await eventually(is_since)


async def test_a_finding_that_is_gone_is_over_at_once(alertmanager: Alertmanager, shelf: Shelf, counts: Counts) -> None:
    shelf.put(answer("D-1", finding()), answer("D-2", finding()), answer("D-3", finding()))
    async with notifying(shelf, counts, alertmanager.url) as notifier:
        await eventually(deals_are(alertmanager, "D-1", "D-2", "D-3"))
        shelf.put(answer("D-1"))
        shelf.withdraw(ANN, "D-2")
        notifier.changed()
        await eventually(deals_are(alertmanager, "D-3"))
        shelf.withdraw(ANN, "D-3")  # the owner's last deal
        notifier.changed()
        await eventually(deals_are(alertmanager))


async def test_changing_a_deals_owner_leaves_no_alert_behind_at_the_old_one(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()))
    async with notifying(shelf, counts, alertmanager.url) as notifier:
        await eventually(deals_are(alertmanager, "D-1"))
        shelf.withdraw(ANN, "D-1")
        shelf.put(answer("D-1", finding(), owner=BOB), partition=1)
        notifier.changed()

        async def only_bob() -> bool:
            return await labels_at(alertmanager, "deal_id", "owner_email") == [("D-1", BOB)]

        await eventually(only_bob)


async def test_a_finding_that_turns_critical_leaves_no_warning_behind(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()))
    async with notifying(shelf, counts, alertmanager.url) as notifier:
        await eventually(deals_are(alertmanager, "D-1"))
        shelf.put(answer("D-1", finding(severity="critical")))
        notifier.changed()

        async def only_critical() -> bool:
            return await labels_at(alertmanager, "severity") == [("critical",)]

        await eventually(only_critical)


async def test_alerts_of_a_partition_that_went_to_another_worker_stay_open(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()), partition=0)
    shelf.put(answer("D-2", finding(), owner=BOB), partition=1)
    async with notifying(shelf, counts, alertmanager.url) as notifier:
        await eventually(deals_are(alertmanager, "D-1", "D-2"))
        shelf.lose(1)
        shelf.put(answer("D-1"), answer("D-3", finding()))
        notifier.changed()
        await eventually(deals_are(alertmanager, "D-2", "D-3"))
        assert len(notifier) == 2  # D-1 is over, D-3 open; D-2 is forgotten


async def test_two_workers_that_tell_the_same_are_heard_once(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()))
    async with (
        notifying(shelf, counts, alertmanager.url, resend_seconds=0.2),
        notifying(shelf, counts, alertmanager.url, resend_seconds=0.2),
    ):
        await eventually(lambda: counts[alertmanager.url, "ok"] >= 6)
        assert await labels_at(alertmanager, "deal_id") == [("D-1",)]


async def test_an_alertmanager_that_restarts_with_an_empty_memory_has_everything_within_an_interval(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()), answer("D-2", finding()))
    interval = 5.0
    async with notifying(shelf, counts, alertmanager.url, resend_seconds=interval):
        await eventually(deals_are(alertmanager, "D-1", "D-2"))
        alertmanager.kill()
        shutil.rmtree(alertmanager.folder)
        await asyncio.to_thread(alertmanager.start)
        started = time.monotonic()
        await eventually(deals_are(alertmanager, "D-1", "D-2"))
        assert time.monotonic() - started < interval + 1.0


async def test_what_ended_while_an_alertmanager_was_away_is_over_there_too(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()), answer("D-2", finding()))
    async with notifying(shelf, counts, alertmanager.url, resend_seconds=1.0) as notifier:
        await eventually(deals_are(alertmanager, "D-1", "D-2"))
        alertmanager.kill()
        shelf.withdraw(ANN, "D-1")
        shelf.put(answer("D-3", finding()))
        notifier.changed()
        await eventually(lambda: counts[alertmanager.url, "unreachable"] >= 2)
        await asyncio.to_thread(alertmanager.start)
        await eventually(deals_are(alertmanager, "D-2", "D-3"))


async def test_a_peer_that_is_down_costs_the_other_nothing_and_gets_everything_when_it_comes(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts, tmp_path: Path
) -> None:
    late = Alertmanager(alertmanager.config, tmp_path / "late", free_port())
    shelf.put(*(answer(f"D-{number}", finding()) for number in range(10, 20)))
    everything = [f"D-{number}" for number in range(10, 20)]
    async with notifying(shelf, counts, late.url, alertmanager.url, resend_seconds=2.0):
        await eventually(deals_are(alertmanager, *everything))
        await eventually(lambda: counts[late.url, "unreachable"] >= 2)
        await asyncio.to_thread(late.start)
        try:
            await eventually(deals_are(late, *everything))
        finally:
            late.stop()
    assert not counts[alertmanager.url, "unreachable"]


@pytest.mark.parametrize(
    ("bad", "all_are_refused"),
    [
        (Alert((("no name", "x"),), (), finding().since, PAGES), False),
        (Alert((("alertname", "x"),), (), finding().since, "no address"), True),
    ],
)
async def test_an_alert_that_is_refused_does_not_keep_the_others_back(
    bad: Alert,
    all_are_refused: bool,
    alertmanager: Alertmanager,
    shelf: Shelf,
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Nothing that stands in a deal makes an alert that Alertmanager refuses, so one is slipped in.
    monkeypatch.setattr(notifier_module, "alerts_of", lambda told, pages: [bad, *alerts_of(told, pages)])
    shelf.put(answer("D-1", finding()), answer("D-2", finding()))
    async with notifying(shelf, counts, alertmanager.url, resend_seconds=1.0) as notifier:
        await eventually(deals_are(alertmanager, "D-1", "D-2"))
        # Together, then each alone; from then on, the bad one alone and once in an interval.
        await eventually(lambda: counts[alertmanager.url, "refused"] >= 4)
        assert counts[alertmanager.url, "ok"] == 2 + counts[alertmanager.url, "refused"] - 2
        shelf.put(answer("D-3", finding()))
        notifier.changed()
        await eventually(deals_are(alertmanager, "D-1", "D-2", "D-3"))
    complaints = [record.getMessage() for record in caplog.records if "refuses the alert" in record.getMessage()]
    assert len(complaints) == 1
    assert str(dict(bad.labels)) in complaints[0]


async def test_a_snoozed_deal_wakes_when_something_new_happens_and_its_owner_may_be_disturbed(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    at_night = Shelf(Rules.of({"alerts": {"quiet_hours": ["12:00", "11:00"]}}))
    told = answer("D-1", finding())
    peers = Peers((alertmanager.url,))
    shelf.put(told)
    at_night.put(answer("D-2", finding(), owner=BOB))
    async with aiohttp.ClientSession() as session:
        now = datetime.now(UTC)
        for each in (told, answer("D-2", finding())):
            await snooze(session, peers, each, now + timedelta(days=1), "they are away", now)
        async with notifying([*shelf, *at_night], counts, alertmanager.url, resend_seconds=0.2) as notifier:
            await eventually(lambda: counts[alertmanager.url, "ok"] >= 3)
            assert len(await snoozed(session, peers)) == 2
            shelf.put(answer("D-1", finding(), two_way_at=MONDAY))
            at_night.put(answer("D-2", finding(), owner=BOB, two_way_at=MONDAY))
            notifier.changed()

            async def only_bobs() -> bool:
                return [each.deal for each in await snoozed(session, peers)] == ["D-2"]

            await eventually(only_bobs)
            await eventually(lambda: "the snooze of D-1 is over: the buyer took part" in caplog.text)
            assert await only_bobs()


async def test_a_finding_that_opens_on_a_snoozed_deal_wakes_it_with_the_next_mail_and_no_sooner(
    alertmanager: Alertmanager, shelf: Shelf, counts: Counts
) -> None:
    told = answer("D-1", finding())
    shelf.put(told)
    async with aiohttp.ClientSession() as session:
        peers, now = Peers((alertmanager.url,)), datetime.now(UTC)
        await snooze(session, peers, told, now + timedelta(days=1), "they are away", now)
        async with notifying(shelf, counts, alertmanager.url, resend_seconds=0.2) as notifier:
            shelf.time += timedelta(hours=1)
            shelf.put(answer("D-1", finding(), finding("ghosted")))
            notifier.changed()
            before = counts[alertmanager.url, "ok"]
            await eventually(lambda: counts[alertmanager.url, "ok"] >= before + 3)
            assert [each.deal for each in await snoozed(session, peers)] == ["D-1"]

            shelf.time += timedelta(days=1)
            shelf.put(answer("D-1", finding(), finding("ghosted")))
            notifier.changed()

            async def is_awake() -> bool:
                return not await snoozed(session, peers)

            await eventually(is_awake)


async def test_an_alertmanager_that_tells_nothing_of_silences_is_complained_of_once(
    shelf: Shelf, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.put(answer("D-1", finding()))
    async with standing_in(ok) as peer, notifying(shelf, counts, peer.url, resend_seconds=0.1):
        await eventually(lambda: counts[peer.url, "ok"] >= 4)
    assert caplog.text.count("snoozed deals cannot be looked at") == 1


# All the way to the rep's mail, with the configuration as it is shipped


@pytest.fixture
def mailroom(tmp_path: Path) -> Iterator[Mailroom]:
    with Mailroom(tmp_path / "mails") as room:
        yield room


@pytest.fixture
def shipped(tmp_path: Path, mailroom: Mailroom) -> Iterator[Alertmanager]:
    """Alertmanager as it is shipped, only with a mail server of its own, and faster."""
    require(*Alertmanager.programs)
    folder = shutil.copytree(SHIPPED, tmp_path / "shipped")
    config = yaml.safe_load((folder / "alertmanager.yml").read_text())
    config["global"]["smtp_smarthost"] = mailroom.address
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "2s"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    with Alertmanager(folder / "alertmanager.yml", tmp_path / "shipped-state") as server:
        yield server


async def mails(mailroom: Mailroom, count: int, to: str | None = None) -> list[EmailMessage]:
    return await asyncio.to_thread(mailroom.wait_for, count, DEADLINE_SECONDS, to)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


async def test_each_rep_gets_one_mail_of_all_their_deals(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(
        answer("D-1", finding("ghosted", severity="critical"), name="Acme renewal"),
        answer("D-2", finding(), finding("gone_quiet"), name="Borealis pilot"),
    )
    shelf.put(answer("D/3", finding(), owner=BOB, name="Cobalt rollout", amount=None), partition=1)
    async with notifying(shelf, counts, shipped.url, resend_seconds=1.0):
        [to_ann] = await mails(mailroom, 1, ANN)
        [to_bob] = await mails(mailroom, 1, BOB)
    assert to_ann["Subject"] == "2 deals need you: Acme renewal, Borealis pilot"
    assert to_bob["Subject"] == "1 deal needs you: Cobalt rollout"
    assert text_of(to_bob).startswith(
        "Cobalt rollout\n"
        "https://deals.us.example/deals/D%2F3\n"
        "\n"
        "* Every touch of ours is a reply (since 2026-03-09)\n"
        "    - 2026-03-09: our third reply in a row on 'Re: pricing' (gmail/0)\n"
        "  What would clear it: we make a step of our own\n"
    )


async def test_a_deal_that_changes_hands_is_mailed_to_its_new_owner_only(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding(), name="Acme renewal"))
    async with notifying(shelf, counts, shipped.url, resend_seconds=1.0) as notifier:
        await mails(mailroom, 1, ANN)
        shelf.withdraw(ANN, "D-1")
        shelf.put(answer("D-1", finding(), name="Acme renewal", owner=BOB), partition=1)
        notifier.changed()
        await mails(mailroom, 1, BOB)
        shelf.put(answer("D-2", finding(), name="Borealis pilot"))
        notifier.changed()
        to_ann = await mails(mailroom, 2, ANN)
    assert to_ann[-1]["Subject"] == "1 deal needs you: Borealis pilot"


async def test_a_finding_that_ended_and_comes_back_is_mailed_anew_on_the_next_day(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(
        answer("D-1", finding(), name="Acme renewal", amount=9.0),
        answer("D-2", finding(), name="Borealis pilot", amount=8.0),
    )
    async with notifying(shelf, counts, shipped.url, resend_seconds=1.0) as notifier:
        [first] = await mails(mailroom, 1)
        assert first["Subject"] == "2 deals need you: Acme renewal, Borealis pilot"
        shelf.put(answer("D-1", name="Acme renewal", amount=9.0))
        notifier.changed()
        await eventually(deals_are(shipped, "D-2"))
        shelf.time += timedelta(days=1)
        shelf.put(answer("D-1", finding(), name="Acme renewal", amount=9.0))
        notifier.changed()
        [_, second] = await mails(mailroom, 2)
    assert second["Subject"] == "1 deal needs you: Acme renewal"


async def test_a_finding_that_ended_and_came_back_while_its_deal_was_snoozed_is_mailed_when_that_is_over(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    told = answer("D-1", finding(), name="Acme renewal")
    shelf.put(told)
    async with (
        aiohttp.ClientSession() as session,
        notifying(shelf, counts, shipped.url, resend_seconds=1.0) as notifier,
    ):
        await mails(mailroom, 1)
        peers, now = Peers((shipped.url,)), datetime.now(UTC)
        await snooze(session, peers, told, now + timedelta(days=1), "they are away", now)
        shelf.put(answer("D-1", name="Acme renewal"))
        notifier.changed()
        await eventually(deals_are(shipped))

        shelf.time += timedelta(days=1)
        shelf.put(answer("D-1", finding(since=MONDAY + timedelta(hours=9)), name="Acme renewal"))
        notifier.changed()

        [_, second] = await mails(mailroom, 2)
        assert await snoozed(session, peers) == []
    assert second["Subject"] == "1 deal needs you: Acme renewal"


async def test_a_rep_gets_one_mail_a_day_whatever_ends_eases_turns_worse_or_turns_up_in_it(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding(severity="critical")), answer("D-2", finding()), answer("D-3", finding()))
    async with notifying(shelf, counts, shipped.url, resend_seconds=1.0) as notifier:
        [first] = await mails(mailroom, 1)
        shelf.time += timedelta(hours=1)
        shelf.put(
            answer("D-1", finding()),
            answer("D-2", finding(severity="critical"), finding("ghosted")),
            answer("D-3"),
            answer("D-4", finding(severity="critical")),
        )
        shelf.put(answer("D-3", finding()))
        notifier.changed()
        # what is over is over at once, and somebody else's mail shows that all of it was looked at
        shelf.put(answer("D-5", finding(), owner=BOB), partition=1)
        notifier.changed()
        await mails(mailroom, 1, BOB)
        await eventually(deals_are(shipped, "D-1", "D-2", "D-5"))
        looked_at = await queries_of_notes(shipped)
        await eventually(lambda: looked_at_notes(shipped, looked_at + 4))
        assert len(mailroom.mails(ANN)) == 1

        shelf.time += timedelta(days=1)
        shelf.put(answer("D-1", finding()))
        notifier.changed()
        [_, second] = await mails(mailroom, 2, ANN)
    assert first["Subject"] == "3 deals need you: Deal D-1, Deal D-2, Deal D-3"
    assert second["Subject"] == "3 deals need you: Deal D-2, Deal D-4, Deal D-3"


async def test_what_is_chosen_within_minutes_comes_in_one_mail_also_to_who_has_one_already(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()))
    shelf.time += CHOICE_OPEN
    shelf.put(answer("D-1", finding()))
    settling = {"settling": CHOICE_OPEN}
    async with notifying(shelf, counts, shipped.url, resend_seconds=1.0, **settling) as notifier:
        [first] = await mails(mailroom, 1)
        shelf.time += timedelta(days=1)
        shelf.put(answer("D-2", finding()))
        notifier.changed()
        looked_at = await queries_of_notes(shipped)
        await eventually(lambda: looked_at_notes(shipped, looked_at + 2))
        assert await labels_at(shipped, "deal_id") == [("D-1",)]
        shelf.time += timedelta(minutes=2)
        shelf.put(answer("D-3", finding(), amount=1.0))
        shelf.time += timedelta(minutes=2)
        shelf.put(answer("D-3", finding(), amount=1.0))
        notifier.changed()
        [_, second] = await mails(mailroom, 2)
    assert first["Subject"] == "1 deal needs you: Deal D-1"
    assert second["Subject"] == "2 deals need you: Deal D-2, Deal D-3"
    assert mailroom.count == 2


async def looked_at_notes(server: Alertmanager, times: int) -> bool:
    """Whether an Alertmanager asked itself so many times whether a mail is due."""
    return await queries_of_notes(server) >= times


async def queries_of_notes(server: Alertmanager) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as response:
        told = re.search(r"^alertmanager_nflog_queries_total (\d+)$", await response.text(), re.MULTILINE)
    assert told is not None
    return int(told[1])


async def test_a_restarted_alertmanager_that_kept_its_notes_mails_nothing_twice(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()))
    async with notifying(shelf, counts, shipped.url, resend_seconds=1.0) as notifier:
        await mails(mailroom, 1)
        # It notes that the mail is out only after it is: surely when it next looks at the same group.
        await eventually(lambda: looked_at_notes(shipped, 2))
        await asyncio.to_thread(shipped.stop)
        await asyncio.to_thread(shipped.start)
        await eventually(deals_are(shipped, "D-1"))
        shelf.put(answer("D-2", finding(), owner=BOB), partition=1)
        notifier.changed()
        await mails(mailroom, 1, BOB)
    assert len(mailroom.mails(ANN)) == 1


HOSTILE = [
    "Acme\r\nBcc: evil@them.example",
    'Acme", <evil@them.example>, "',
    '{{ template "email.default.html" . }}{{ .CommonLabels }}',
    "<img src=x onerror=alert(1)>",
    "moc.elpmaxe.su\u202eevil",
    "Ac\x00me",
    "A" * 10_000,
    "\u2028<!channel> [x](javascript:alert(1))",
    "```\n# Heading",
]


async def test_no_deal_can_write_anything_but_its_name_into_a_mail(
    shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    for number, name in enumerate(HOSTILE):
        evil = finding("ghosted", evidence=facts(name, name), summary=name, clears_when=name)
        shelf.put(answer(f"{number} {name}", evil, owner=f"rep{number}@us.example", name=name, team=name))
    async with notifying(shelf, counts, shipped.url) as notifier:
        came = await mails(mailroom, len(HOSTILE))
        # Had anybody else been written to, that mail would have left before this one.
        shelf.put(answer("D-1", finding(), owner=BOB), partition=1)
        notifier.changed()
        await mails(mailroom, 1, BOB)
    reps = {f"rep{number}@us.example" for number in range(len(HOSTILE))}
    assert {path.name for path in mailroom.folder.iterdir()} == {BOB, *reps}
    for mail in came:
        assert mail["Bcc"] is None
        assert re.fullmatch(r"rep\d@us\.example", mail["To"])
        assert mail["Subject"].startswith("1 deal needs you: ")
        assert len(mail["Subject"]) < 400
        assert not {"\x00", "\u202e", "\u2028"} & set(text_of(mail))
        assert "<img" not in text_of(mail, "html")
    [template] = mailroom.mails("rep2@us.example")
    assert HOSTILE[2] in template["Subject"]
    assert HOSTILE[2] in text_of(template)
    assert counts == {(shipped.url, "ok"): 2}


@pytest.mark.parametrize(
    "owner", ['"evil@them.example>"@us.example', '"ann@us.example, evil"@them.example', "{{ .Alerts }}"]
)
async def test_the_mail_of_an_owner_whose_address_plays_tricks_goes_to_ops(
    owner: str, shipped: Alertmanager, mailroom: Mailroom, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding(), owner=owner))
    async with notifying(shelf, counts, shipped.url):
        await mails(mailroom, 1)
    assert [box.name for box in mailroom.folder.iterdir()] == ["stallwatch-ops@us.example"]


# With peers that misbehave


class StandIn:
    """A server that answers as Alertmanager does when it can't: with what `answer` says to each post."""

    def __init__(self, answer: Callable[[list[dict[str, Any]]], Awaitable[web.Response]]) -> None:
        self._answer = answer
        self.posts: list[list[dict[str, Any]]] = []
        self.times: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    @property
    def deals(self) -> set[str]:
        """Of which it ever heard."""
        return {alert["labels"]["deal_id"] for post in self.posts for alert in post}

    async def take(self, request: web.Request) -> web.Response:
        self.times.append(time.monotonic())
        self.headers.append(dict(request.headers))
        now = datetime.now(UTC)
        post: list[dict[str, Any]] = await request.json()
        self.posts.append([alert | {"over": datetime.fromisoformat(alert["endsAt"]) <= now} for alert in post])
        return await self._answer(self.posts[-1])


@asynccontextmanager
async def standing_in(
    answer: Callable[[list[dict[str, Any]]], Awaitable[web.Response]], prefix: str = ""
) -> AsyncIterator[StandIn]:
    server = StandIn(answer)
    app = web.Application()
    app.router.add_post(f"{prefix}/api/v2/alerts", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}{prefix}"
    try:
        yield server
    finally:
        await runner.cleanup()


async def ok(_: list[dict[str, Any]]) -> web.Response:
    return web.Response()


def first(*responses: Callable[[], web.Response]) -> Callable[[list[dict[str, Any]]], Awaitable[web.Response]]:
    """These responses, one after the other, and then yes to everything."""
    left = list(responses)

    async def answered(_: list[dict[str, Any]]) -> web.Response:
        return left.pop(0)() if left else web.Response()

    return answered


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
async def test_a_busy_peer_is_left_alone_as_long_as_it_asks(
    status: int, as_date: bool, shelf: Shelf, counts: Counts
) -> None:
    shelf.put(answer("D-1", finding()))

    def busy() -> web.Response:
        # A date has whole seconds, so it may ask for up to a second less.
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
        return web.Response(status=status, headers={"Retry-After": date if as_date else "2"})

    async with standing_in(first(busy)) as peer, notifying(shelf, counts, peer.url) as notifier:
        await eventually(lambda: len(peer.posts) == 1)
        notifier.changed()
        await eventually(lambda: counts[peer.url, "ok"] == 1)
    assert peer.times[1] - peer.times[0] >= 1.9
    assert counts == {(peer.url, "busy"): 1, (peer.url, "ok"): 1}


async def test_no_peer_is_left_alone_until_what_is_open_there_ends(shelf: Shelf, counts: Counts) -> None:
    shelf.put(answer("D-1", finding()))
    for_ever = {"Retry-After": "999999999999"}
    async with (
        standing_in(first(lambda: web.Response(status=429, headers=for_ever))) as peer,
        notifying(shelf, counts, peer.url, resend_seconds=0.5),
    ):
        await eventually(lambda: counts[peer.url, "ok"] >= 1)
    assert peer.times[1] - peer.times[0] >= 1.0


async def test_after_errors_it_tries_again_ever_more_seldom(shelf: Shelf, counts: Counts) -> None:
    shelf.put(answer("D-1", finding()))
    broken = [lambda: web.Response(status=500, text="boom")] * 3
    async with standing_in(first(*broken)) as peer, notifying(shelf, counts, peer.url):
        await eventually(lambda: counts[peer.url, "ok"] == 1)
    pauses = [later - sooner for sooner, later in pairwise(peer.times)]
    assert [pause >= least for pause, least in zip(pauses, (0.25, 0.5, 1.0), strict=True)] == [True] * 3
    assert counts == {(peer.url, "error"): 3, (peer.url, "ok"): 1}


async def test_a_peer_that_hangs_delays_no_other(shelf: Shelf, counts: Counts) -> None:
    for_ever = asyncio.Event()

    async def hang(_: list[dict[str, Any]]) -> web.Response:
        await for_ever.wait()
        return web.Response()

    shelf.put(answer("D-1", finding()))
    async with (
        standing_in(hang) as hanging,
        standing_in(ok) as well,
        notifying(shelf, counts, hanging.url, well.url, timeout_seconds=1.0) as notifier,
    ):
        await eventually(lambda: len(hanging.posts) == 1 and len(well.posts) == 1)
        shelf.put(answer("D-2", finding()))
        notifier.changed()
        await eventually(lambda: well.deals == {"D-1", "D-2"})
        assert hanging.deals == {"D-1"}
        await eventually(lambda: hanging.deals == {"D-1", "D-2"})
        assert counts[hanging.url, "timeout"] >= 1
    for_ever.set()


async def test_it_stops_at_once_while_a_peer_hangs(shelf: Shelf, counts: Counts) -> None:
    for_ever = asyncio.Event()

    async def hang(_: list[dict[str, Any]]) -> web.Response:
        await for_ever.wait()
        return web.Response()

    shelf.put(answer("D-1", finding()))
    async with standing_in(hang) as peer:
        async with notifying(shelf, counts, peer.url, timeout_seconds=60.0):
            await eventually(lambda: len(peer.posts) == 1)
        for_ever.set()
    assert not peer.posts[-1][0]["over"]  # nothing is over because we go


async def test_one_alert_that_makes_a_peer_fail_does_not_keep_the_others_back(shelf: Shelf, counts: Counts) -> None:
    async def fails_of_d1(alerts: list[dict[str, Any]]) -> web.Response:
        return web.Response(status=500 if any(alert["labels"]["deal_id"] == "D-1" for alert in alerts) else 200)

    shelf.put(answer("D-1", finding()), *(answer(f"E-{number}", finding()) for number in range(3 * MOST_IN_A_POST)))
    async with standing_in(fails_of_d1) as peer, notifying(shelf, counts, peer.url, resend_seconds=5.0):
        await eventually(lambda: len(peer.deals) == 3 * MOST_IN_A_POST + 1)
    assert counts[peer.url, "ok"] >= 2


async def test_a_peer_that_takes_one_post_at_a_time_gets_everything_in_turn(shelf: Shelf, counts: Counts) -> None:
    number = 0
    taken: set[str] = set()

    async def every_other(alerts: list[dict[str, Any]]) -> web.Response:
        nonlocal number
        number += 1
        if number % 2:
            taken.update(alert["labels"]["deal_id"] for alert in alerts)
            return web.Response()
        return web.Response(status=429)

    shelf.put(*(answer(f"E-{number}", finding()) for number in range(4 * MOST_IN_A_POST)))
    # In an interval so short that it is over before everything could be told.
    async with standing_in(every_other) as peer, notifying(shelf, counts, peer.url, resend_seconds=0.2):
        await eventually(lambda: len(taken) == 4 * MOST_IN_A_POST)


async def test_posts_are_bounded_and_what_is_told_already_waits_for_the_interval(shelf: Shelf, counts: Counts) -> None:
    shelf.put(*(answer(f"D-{number}", finding()) for number in range(120)))
    async with standing_in(ok) as peer, notifying(shelf, counts, peer.url) as notifier:
        await eventually(lambda: len(peer.deals) == 120)
        assert [len(post) for post in peer.posts] == [MOST_IN_A_POST, MOST_IN_A_POST, 20]
        shelf.put(answer("D-7", finding(summary="Another reason")), answer("D-200", finding()))
        notifier.changed()
        await eventually(lambda: len(peer.deals) == 121)
        assert sorted(alert["labels"]["deal_id"] for alert in peer.posts[3]) == ["D-200", "D-7"]


async def test_everything_is_told_again_each_interval_and_lasts_four(shelf: Shelf, counts: Counts) -> None:
    shelf.put(answer("D-1", finding()))
    async with standing_in(ok) as peer, notifying(shelf, counts, peer.url, resend_seconds=0.5) as notifier:
        await eventually(lambda: len(peer.posts) == 3)
        shelf.withdraw(ANN, "D-1")
        notifier.changed()
        await eventually(lambda: sum(post[0]["over"] for post in peer.posts) >= 3)
    [first_end, *others] = [post[0]["endsAt"] for post in peer.posts if post[0]["over"]]
    assert set(others) == {first_end}
    still_open = [datetime.fromisoformat(post[0]["endsAt"]) for post in peer.posts[:3]]
    for sooner, later in pairwise(still_open):
        assert later - sooner >= timedelta(seconds=0.4)


async def test_while_nobody_listens_no_more_is_kept_than_there_are_alerts(shelf: Shelf, counts: Counts) -> None:
    clock = [datetime.now(UTC)]
    dead = f"http://127.0.0.1:{free_port()}"
    async with notifying(shelf, counts, dead, now=lambda: clock[0]) as notifier:
        for number in range(50):
            shelf.put(answer("D-1", finding(severity="critical" if number % 2 else "warning")))
            shelf.put(answer(f"E-{number}", finding()))
            notifier.changed()
            await eventually(lambda: len(notifier) >= 1)
            shelf.withdraw(ANN, f"E-{number}")
            clock[0] += timedelta(minutes=20)
        notifier.changed()
        await eventually(lambda: len(notifier) <= 3)


async def test_a_redirect_is_not_followed(shelf: Shelf, counts: Counts) -> None:
    shelf.put(answer("D-1", finding()))
    async with standing_in(ok) as elsewhere:
        there = {"Location": elsewhere.url + "/api/v2/alerts"}
        async with (
            standing_in(first(*[lambda: web.Response(status=307, headers=there)] * 2)) as peer,
            notifying(shelf, counts, peer.url),
        ):
            await eventually(lambda: counts[peer.url, "ok"] == 1)
        assert elsewhere.posts == []
        assert counts[peer.url, "error"] == 2


async def test_a_path_is_kept_and_a_password_is_sent_but_told_to_nobody_else(
    shelf: Shelf, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shelf.put(answer("D-1", finding()))
    dead = f"http://ann:hunter2@127.0.0.1:{free_port()}"
    async with standing_in(first(lambda: web.Response(status=502)), prefix="/behind/proxy") as peer:
        with_password = peer.url.replace("http://", "http://ann:hunter2@") + "/"
        async with notifying(shelf, counts, with_password, dead):
            await eventually(lambda: counts[peer.url, "ok"] == 1)
            await eventually(lambda: any(outcome == "unreachable" for _, outcome in counts))
    assert peer.headers[0]["Authorization"] == "Basic " + b64encode(b"ann:hunter2").decode()
    assert peer.headers[0]["Content-Type"] == "application/json"
    assert "hunter2" not in caplog.text + str(counts)
    assert caplog.records


async def test_books_that_cannot_be_read_end_nothing(
    shelf: Shelf, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    class Torn:
        torn = False

        def __iter__(self) -> Iterator[Any]:
            if self.torn:
                raise RuntimeError("torn")
            return iter(shelf)

    books = Torn()
    shelf.put(answer("D-1", finding()))
    async with standing_in(ok) as peer, notifying(books, counts, peer.url, resend_seconds=0.3) as notifier:
        await eventually(lambda: len(peer.posts) == 1)
        books.torn = True
        notifier.changed()
        await eventually(lambda: "books could not be read" in caplog.text)
        told = len(peer.posts)
        await eventually(lambda: len(peer.posts) >= told + 2)
        assert not peer.posts[-1][0]["over"]
        books.torn = False
        shelf.put(answer("D-2", finding()))
        await eventually(lambda: "D-2" in peer.deals)


async def test_a_count_that_fails_ends_nothing(shelf: Shelf) -> None:
    failures = iter([RuntimeError("boom")])

    def count(peer: str, outcome: str) -> None:
        for failure in failures:
            raise failure

    shelf.put(answer("D-1", finding()))
    async with standing_in(ok) as peer:
        settings = AlertmanagerSettings(urls=(peer.url,), resend_seconds=SELDOM)
        notifier = Notifier(lambda: shelf, settings, PAGES, count)
        running = asyncio.create_task(notifier.run())
        await eventually(lambda: len(peer.posts) == 2)
        notifier.stop()
        await running


async def test_without_an_alertmanager_it_says_so_and_waits(
    shelf: Shelf, counts: Counts, caplog: pytest.LogCaptureFixture
) -> None:
    async with notifying(shelf, counts):
        await eventually(lambda: "nobody is alerted" in caplog.text)


@pytest.mark.parametrize(
    "url",
    [
        "alertmanager:9093",
        "ftp://ann:hunter2@am",
        "file:///etc/passwd",
        "http://",
        "http://am:port",
        "http://am/?token=hunter2",
        "http://am/#hunter2",
        "",
    ],
)
def test_only_addresses_of_the_web_are_taken(url: str, shelf: Shelf) -> None:
    with pytest.raises(SettingsError, match="STALLWATCH_ALERTMANAGER__URLS") as refused:
        Notifier(lambda: shelf, AlertmanagerSettings(urls=(url,)), PAGES, lambda peer, outcome: None)
    assert "hunter2" not in str(refused.value)


def test_a_page_that_is_no_address_is_refused_because_alertmanager_would_refuse_every_alert(shelf: Shelf) -> None:
    with pytest.raises(SettingsError, match="STALLWATCH_DEAL_PAGE"):
        Notifier(lambda: shelf, AlertmanagerSettings(), "deals.us.example", lambda peer, outcome: None)

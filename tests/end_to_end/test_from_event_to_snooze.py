"""From events in Kafka to a mail, by its link to the page in a browser, to a snooze that lasts until there is news."""

import asyncio
import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from streams.demo.mailroom import Mailroom
from streams.demo.servers import Alertmanager
from streams.metrics import catalogue as metrics
from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, event
from tests.end_to_end.system import System, until
from tests.end_to_end.test_people import at, only
from tests.needs import require
from tests.streams.test_pages_in_a_browser import PHONE, browser

ANN = "ann@us.example"
TOKEN = "canary-of-anns-token"
PEOPLE = f"{ANN}: {{role: rep, token: {TOKEN}}}\n"
SHIPPED = Path("deploy/alertmanager")
REASON = "they are at a trade fair"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ghosted_deal() -> list[bytes]:
    """A deal of Ann's whose buyer has written once; two mails of hers after that stand unanswered."""
    buyer, we = {"from": "bo@them.example", "to": [ANN]}, {"from": ANN, "to": ["bo@them.example"]}
    return [
        event(
            "crm.deal.changed", 1, at(2).isoformat(), "D-1",
            name="Acme renewal", stage="Demo", owner=ANN, amount=48_000.0, currency="EUR",
        ),
        event("activity.email", 2, at(2, 10).isoformat(), "D-1", message_id="<2@them.example>", **buyer),
        event("activity.email", 3, at(3).isoformat(), "D-1", message_id="<3@us.example>", **we),
        event("activity.email", 4, at(4).isoformat(), "D-1", message_id="<4@us.example>", **we),
    ]  # fmt: skip


def answered_deal() -> list[bytes]:
    """Another one of hers, on which the buyer wrote last."""
    buyer = {"from": "cy@others.example", "to": [ANN]}
    return [
        event("crm.deal.changed", 5, at(2).isoformat(), "D-2", name="Borealis pilot", stage="Demo", owner=ANN),
        event("activity.email", 6, at(5).isoformat(), "D-2", message_id="<6@others.example>", **buyer),
    ]


@contextmanager
def shipped(folder: Path, mailroom: Mailroom) -> Iterator[Alertmanager]:
    """Alertmanager as it is shipped, only quicker, and with a mail server of the test's own."""
    require(*Alertmanager.programs)
    shutil.copytree(SHIPPED, folder)
    path = folder / "alertmanager.yml"
    config = yaml.safe_load(path.read_text())
    config["global"]["smtp_smarthost"] = mailroom.address
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "2s"}
    path.write_text(yaml.safe_dump(config))
    with Alertmanager(path, folder / "state") as server:
        yield server


def asked(server: Alertmanager, what: str) -> list[dict[str, Any]]:
    with _OPENER.open(f"{server.url}/api/v2/{what}", timeout=10) as answer:
        told: list[dict[str, Any]] = json.load(answer)
        return told


def alerts(server: Alertmanager) -> list[tuple[str, str, str, str]]:
    """Deal, detector and severity of each alert that it has, and whether anybody is told of it."""
    return sorted(
        (*(each["labels"][name] for name in ("deal_id", "detector", "severity")), each["status"]["state"])
        for each in asked(server, "alerts")
    )


def posts(system: System) -> float:
    """How often the worker has told Alertmanager."""
    return sum(system.worker.metrics(metrics.NOTIFICATIONS.name).values())


def link_in(mail: EmailMessage) -> str:
    """The first link of a mail's HTML, as a mail program shows it."""
    body = mail.get_body(("html",))
    assert body is not None
    found = re.search(r'href="([^"]+)"', str(body.get_content()))
    assert found is not None
    return found[1]


async def she_looks_and_snoozes(link: str) -> None:
    """Ann opens the link on her phone, says who she is, looks at the deal, and wants to hear no more for five days."""
    async with browser() as chromium:
        page = await chromium.new_page(viewport=PHONE)
        page.set_default_timeout(20_000)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        await page.goto(link)
        await page.get_by_label("Your token").fill(TOKEN)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url(link)

        assert await page.locator("h1").inner_text() == "Acme renewal"
        evidence = await page.locator("#f-ghosted .facts li").all_inner_texts()
        assert len(evidence) == 2
        assert "unanswered, the first in a row" in evidence[0]
        assert "unanswered, the second in a row" in evidence[1]
        picture = page.get_by_role("group", name=re.compile("^The exchange: 1 touch by the buyer; 2 touches by us"))
        box = await picture.bounding_box()
        assert box is not None
        assert box["width"] > 200
        # what stands as evidence is marked in the picture, and leads to its mail
        assert await picture.locator(".mark.quoted").count() == 2

        days = page.get_by_role("spinbutton", name="Alert nobody of this deal for")
        await page.get_by_label("because").fill(REASON)
        await days.fill("91")
        await page.get_by_role("button", name="Snooze").click()
        assert await days.evaluate("field => field.validity.rangeOverflow")  # refused before it is sent
        await days.fill("5")
        await days.press("Enter")
        said = await page.get_by_role("status").inner_text()
        assert "nobody is alerted of this deal until then, or until something new happens on it" in said
        assert complaints == []


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_from_events_to_a_mail_whose_link_opens_the_page_whose_snooze_lasts_until_there_is_news(
    broker: RunningBroker, prefix: str, tmp_path: Path
) -> None:
    require("chromium", "chromium-browser", "google-chrome")
    people = tmp_path / "people.yaml"
    people.write_text(PEOPLE)
    with (
        Mailroom(tmp_path / "mails") as mailroom,
        shipped(tmp_path / "alertmanager", mailroom) as server,
        System(
            broker.bootstrap,
            prefix,
            tmp_path,
            OURS | only("ghosted"),
            http__people=str(people),
            alertmanager__urls=server.url,
            alertmanager__resend_seconds="1",
        ) as system,
    ):
        system.start()

        # three business days after her second mail, ghosted
        system.publish([*ghosted_deal(), *answered_deal()], at=at(9, 12))
        [mail] = mailroom.wait_for(1, within=60)
        assert (mail["To"], mail["Subject"]) == (ANN, "1 deal needs you: Acme renewal")
        link = link_in(mail)
        address = urlsplit(link)
        assert (address.port, address.path) == (system.worker.port, "/deals/D-1")
        assert alerts(server) == [("D-1", "ghosted", "warning", "active")]

        asyncio.run(she_looks_and_snoozes(link))

        [silence] = asked(server, "silences")
        assert silence["status"]["state"] == "active"
        assert [(each["name"], each["value"]) for each in silence["matchers"]] == [("deal_id", "D-1")]
        assert silence["comment"].startswith(f"{ANN}: {REASON}")
        lasts = datetime.fromisoformat(silence["endsAt"]) - datetime.now(UTC)
        assert timedelta(days=4, hours=23) < lasts <= timedelta(days=5)
        until(lambda: alerts(server) == [("D-1", "ghosted", "warning", "suppressed")], "nobody is alerted of it")

        # another day is no news
        system.publish([], at=at(10, 12))
        system.wait_until_done()
        before = posts(system)
        until(lambda: posts(system) >= before + 3, "it was told again, and looked at again")
        assert alerts(server) == [("D-1", "ghosted", "warning", "suppressed")]
        assert mailroom.count == 1

        # ten business days after her second mail there still is no answer, and it is critical
        system.publish([], at=at(18, 12))
        [first, second] = mailroom.wait_for(2, within=60)
        assert first.as_bytes() == mail.as_bytes()
        assert (second["To"], second["Subject"]) == (ANN, "1 deal needs you: Acme renewal")
        assert "critical" in str(second.get_body(("plain",))).lower()
        assert link_in(second) == link
        assert [each["status"]["state"] for each in asked(server, "silences")] == ["expired"]
        until(lambda: alerts(server) == [("D-1", "ghosted", "critical", "active")], "she is alerted again")

        # the buyer answers, and that is that
        buyer = {"from": "bo@them.example", "to": [ANN], "in_reply_to": "<4@us.example>"}
        answer = event("activity.email", 7, at(19).isoformat(), None, message_id="<7@them.example>", **buyer)
        system.publish([answer], at=at(19, 12))
        until(lambda: alerts(server) == [], "there is nothing to tell")
        assert mailroom.count == 2

"""A deal's alert on its way through a real Alertmanager to a real mail server: who gets which mail, with what in it."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from streams.alerts import alerts_of
from streams.demo.mailroom import Mailroom
from streams.demo.servers import Alertmanager
from tests.needs import require
from tests.streams.told import answer, finding

SHIPPED = Path("deploy/alertmanager")
PROMETHEUS_RULES = Path("dashboards/rules/stallwatch.rules.yaml")
EVIL_NAME = '<img src=x onerror=alert(1)> {{ template "email.default.html" . }}\nBcc: evil@them.example'

Alert = dict[str, object]


def alert(
    detector: str,
    deal: str,
    owner: str = "ann@us.example",
    *,
    severity: str = "warning",
    name: str | None = None,
    **annotations: str,
) -> Alert:
    """An alert as the notifier posts it."""
    return {
        "labels": {
            "alertname": "Deal" + detector.title().replace("_", ""),
            "deal_id": deal,
            "detector": detector,
            "severity": severity,
            "owner_email": owner,
            "team": "emea",
        },
        "annotations": {
            "summary": f"{detector} is so",
            "evidence": "one\ntwo",
            "clears_when": "they answer",
            "deal_name": name or f"Deal {deal}",
            "deal_url": f"https://deals.us.example/deals/{deal}",
            "amount": "48,000 EUR",
            "since": "9 March",
            **annotations,
        },
        "endsAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }


def found(*detectors: str, deal: str = "D-1", owner: str = "ann@us.example") -> list[Alert]:
    """The alerts of a deal as the notifier makes them of what these detectors found."""
    told = answer(deal, *(finding(each, summary=f"{each} is so") for each in detectors), owner=owner)
    return [
        each.to_dict(datetime.now(UTC), timedelta(hours=1)) for each in alerts_of([told], "https://deals.us.example")
    ]


def of_ops(alertname: str) -> Alert:
    """An alert about stallwatch itself, as Prometheus posts it by our rules."""
    rules = [rule for group in yaml.safe_load(PROMETHEUS_RULES.read_text())["groups"] for rule in group["rules"]]
    [rule] = [rule for rule in rules if rule["alert"] == alertname]
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return {"labels": {"alertname": alertname, "source": "gmail", **rule["labels"]}, "endsAt": ends_at}


def over(told: Alert) -> Alert:
    """The same alert, now that it is over."""
    return told | {"endsAt": datetime.now(UTC).isoformat()}


class Post:
    """Alertmanager as it is shipped, only faster and with a mail server of its own."""

    def __init__(self, alertmanager: Alertmanager, mailroom: Mailroom) -> None:
        self._alertmanager = alertmanager
        self.mailroom = mailroom

    def alerts(self, *alerts: Alert) -> None:
        request = urllib.request.Request(
            self._alertmanager.url + "/api/v2/alerts",
            json.dumps(alerts).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def held_back(self) -> set[str]:
        """The names of the alerts of which nobody is told now."""
        with urllib.request.urlopen(self._alertmanager.url + "/api/v2/alerts", timeout=10) as answer:
            return {each["labels"]["alertname"] for each in json.load(answer) if each["status"]["inhibitedBy"]}

    def mails(self, count: int) -> list[EmailMessage]:
        return self.mailroom.wait_for(count, within=30)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    require(*Alertmanager.programs)
    folder = shutil.copytree(SHIPPED, tmp_path / "alertmanager")
    with Mailroom(tmp_path / "mails") as mailroom:
        config = yaml.safe_load((folder / "alertmanager.yml").read_text())
        config["global"]["smtp_smarthost"] = mailroom.address
        # Long enough for one post of alerts to be one group, short enough to wait for.
        for route in (config["route"], *config["route"]["routes"]):
            route |= {"group_wait": "1s", "group_interval": "2s"}
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        with Alertmanager(folder / "alertmanager.yml", tmp_path / "alertmanager-state") as alertmanager:
            yield Post(alertmanager, mailroom)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Tags(HTMLParser):
    """All tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_each_rep_gets_one_mail_with_all_of_their_deals(post: Post) -> None:
    post.alerts(
        alert("gone_quiet", "D-1", name="Acme renewal", severity="critical"),
        alert("reply_only", "D-2", name="Borealis pilot"),
        alert("close_date_slipping", "D-2", name="Borealis pilot"),
        alert("ghosted", "D-3", name="Cobalt rollout"),
        alert("ghosted", "D-4", "bob@us.example", name="Delta upgrade"),
        alert("gone_quiet", "D-5", "bob@us.example", name="Everest", severity="critical"),
    )
    post.mails(2)
    [ann] = post.mailroom.mails("ann@us.example")
    [bob] = post.mailroom.mails("bob@us.example")
    assert ann["To"] == "ann@us.example"
    assert ann["Subject"] == "3 deals need you: Acme renewal, Borealis pilot, Cobalt rollout"
    assert ann["Auto-Submitted"] == "auto-generated"
    assert bob["Subject"] == "2 deals need you: Everest, Delta upgrade"
    for kind in ("plain", "html"):
        assert "Delta" not in part(ann, kind)
        assert "Acme" not in part(bob, kind)


def test_a_deal_with_two_reasons_has_one_heading(post: Post) -> None:
    post.alerts(alert("ghosted", "D-2", name="Borealis pilot"), alert("reply_only", "D-2", name="Borealis pilot"))
    [mail] = post.mails(1)
    assert mail["Subject"] == "1 deal needs you: Borealis pilot"
    assert part(mail, "plain") == (
        "Borealis pilot (48,000 EUR)\n"
        "https://deals.us.example/deals/D-2\n"
        "\n"
        "* ghosted is so (since 9 March)\n"
        "    - one\n"
        "    - two\n"
        "  What would clear it: they answer\n"
        "\n"
        "* reply_only is so (since 9 March)\n"
        "    - one\n"
        "    - two\n"
        "  What would clear it: they answer\n"
        "\n"
        "----------------------------------------\n"
        "\n"
        "One mail for all of your deals. A deal that is fine again is simply not named in the next one.\n"
    )
    page = Tags(part(mail, "html"))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["https://deals.us.example/deals/D-2"] * 2
    assert [tag for tag, _ in page.tags].count("li") == 4
    assert page.text.count("What would clear it") == 2


def test_the_subject_names_three_deals_and_counts_all(post: Post) -> None:
    post.alerts(*(alert("ghosted", f"D-{n}") for n in range(1, 6)))
    [mail] = post.mails(1)
    assert mail["Subject"] == "5 deals need you: Deal D-1, Deal D-2, Deal D-3, …"


def test_nothing_that_came_in_with_a_deal_becomes_markup_or_a_header(post: Post) -> None:
    post.alerts(
        alert(
            "ghosted",
            "D-1",
            name=EVIL_NAME,
            summary="<script>alert(2)</script>{{ .CommonLabels }}",
            evidence="<b>bold</b>\n</ul><a href='https://evil.example'>win</a>",
            clears_when="<style>*{display:none}</style>",
            amount="<h1>48</h1>",
            since="</td></table>",
            deal_url="javascript:alert(3)",
        )
    )
    [mail] = post.mails(1)
    assert mail["To"] == "ann@us.example"
    assert mail["Bcc"] is None
    assert mail["Subject"] == (
        '1 deal needs you: <img src=x onerror=alert(1)> {{ template "email.default.html" . }} Bcc: evil@them.example'
    )
    page = Tags(part(mail, "html"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "script", "b", "h1"})
    assert [tag for tag, _ in page.tags].count("style") == 1
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} == {"#ZgotmplZ"}
    assert '<img src=x onerror=alert(1)> {{ template "email.default.html" . }}' in page.text
    assert "<script>alert(2)</script>{{ .CommonLabels }}" in page.text
    text = part(mail, "plain")
    assert "\nBcc:" not in text


def test_much_evidence_ends_with_a_word_that_there_is_more(post: Post) -> None:
    post.alerts(alert("ghosted", "D-1", evidence="\n".join(f"fact {n}" for n in range(1, 12))))
    [mail] = post.mails(1)
    page = Tags(part(mail, "html"))
    assert "fact 9" in page.text
    assert "fact 10" not in page.text
    assert "and more on the deal’s page" in page.text
    assert "fact 11" in part(mail, "plain")


def test_an_alert_without_annotations_still_names_its_deal(post: Post) -> None:
    bare = alert("ghosted", "D-1")
    post.alerts(bare | {"annotations": {}})
    [mail] = post.mails(1)
    assert mail["Subject"] == "1 deal needs you: D-1"
    assert "DealGhosted" in part(mail, "plain")
    assert "Open the deal" not in part(mail, "html")


def test_a_deal_that_is_fine_again_is_no_mail(post: Post) -> None:
    open_alert = alert("ghosted", "D-1")
    post.alerts(open_alert)
    post.mails(1)
    post.alerts(over(open_alert))
    # The next group's mail leaves after the resolved one would have.
    post.alerts(alert("ghosted", "D-2", "bob@us.example"))
    post.mailroom.wait_for(1, within=30, to="bob@us.example")
    post.alerts(alert("ghosted", "D-3"))
    mails = post.mailroom.wait_for(2, within=30, to="ann@us.example")
    assert [mail["Subject"] for mail in mails] == ["1 deal needs you: Deal D-1", "1 deal needs you: Deal D-3"]


def test_a_finding_that_turned_critical_is_named_once(post: Post) -> None:
    post.alerts(alert("ghosted", "D-1", severity="critical"), alert("ghosted", "D-1"), alert("reply_only", "D-1"))
    [mail] = post.mails(1)
    text = part(mail, "plain")
    assert text.count("ghosted is so") == 1
    assert text.count("reply_only is so") == 1


def test_a_deal_of_nobody_is_told_to_ops(post: Post) -> None:
    post.alerts(alert("ghosted", "D-1", owner=""))
    [mail] = post.mails(1)
    assert mail["To"] == "stallwatch-ops@us.example"


def test_while_a_source_is_stale_its_silence_is_held_against_nobody(post: Post) -> None:
    stale = of_ops("StallwatchSourceStale")
    post.alerts(stale)
    [told_ops] = post.mails(1)
    assert told_ops["To"] == "stallwatch-ops@us.example"

    # open since before the source went stale, and sent again and again
    post.alerts(*found("gone_quiet", "close_date_slipping"))
    [mail] = post.mailroom.wait_for(1, within=30, to="ann@us.example")
    assert "close_date_slipping is so" in part(mail, "plain")
    assert "gone_quiet" not in part(mail, "plain")
    # nor in a later mail, as long as it is stale
    post.alerts(*found("stage_overstay", deal="D-2"))
    [_, mail] = post.mailroom.wait_for(2, within=30, to="ann@us.example")
    assert "gone_quiet" not in part(mail, "plain")

    post.alerts(over(stale))
    [*_, mail] = post.mailroom.wait_for(3, within=30, to="ann@us.example")
    assert "gone_quiet is so" in part(mail, "plain")


DEAF = ["StallwatchSourceStale", "StallwatchSourceUnheard", "StallwatchPipelineStalled", "StallwatchStandstill"]


@pytest.mark.parametrize(
    ("firing", "held_back"),
    [
        *((each, {"DealGoneQuiet", "DealGhosted"}) for each in DEAF),
        ("StallwatchDown", {"DealGoneQuiet", "DealGhosted", "DealCloseDateSlipping", "StallwatchWorkerDown"}),
        # A worker that is gone, or an event refused, says nothing of what the others hear.
        ("StallwatchWorkerDown", set()),
        ("StallwatchDeadLetters", set()),
        ("StallwatchNotifierFailing", set()),
    ],
)
def test_what_is_held_back_while_an_alert_of_ops_fires(post: Post, firing: str, held_back: set[str]) -> None:
    names = {
        rule["alert"] for group in yaml.safe_load(PROMETHEUS_RULES.read_text())["groups"] for rule in group["rules"]
    }
    others = names - {*DEAF, "StallwatchDown", firing}
    post.alerts(
        *(of_ops(name) for name in (firing, *others)),
        *found("gone_quiet", "close_date_slipping"),
        *found("ghosted", owner=""),
    )
    assert post.held_back() == held_back


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "DealGhosted", "deal_id": "D-1", "owner_email": "ann@us.example"}, "rep"),
        ({"alertname": "DealGhosted", "deal_id": "D-1"}, "ops"),
        ({"alertname": "StallwatchDown", "severity": "critical"}, "ops"),
        ({"alertname": "Watchdog"}, "watchdog"),
        ({"alertname": "SomethingElse"}, "ops"),
    ],
)
def test_every_alert_goes_to_its_receiver(labels: dict[str, str], receiver: str) -> None:
    config = f"--config.file={SHIPPED / 'alertmanager.yml'}"
    pairs = [f"{name}={value}" for name, value in labels.items()]
    route = subprocess.run(
        [require("amtool"), "config", "routes", "test", config, f"--verify.receivers={receiver}", *pairs],
        capture_output=True,
        text=True,
    )
    assert route.returncode == 0, route.stdout + route.stderr


def test_the_configuration_is_valid() -> None:
    found = subprocess.run(
        [require("amtool"), "check-config", SHIPPED / "alertmanager.yml"], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr

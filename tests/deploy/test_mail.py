"""A deal's alert on its way through a real Alertmanager to a real mail server: who gets which mail, with what in it."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from detectors.core.durations import parse_duration
from detectors.core.registry import catalogue
from streams.alerting.alerts import alerts_of
from streams.alerting.budget import CHOICE_OPEN
from streams.alerting.escalation import Escalation
from streams.alerting.telling import BookFinding, Telling
from streams.demo.mailroom import Mailroom
from streams.demo.servers import Alertmanager
from tests.end_to_end.system import until
from tests.needs import require
from tests.streams.told import ANN, answer, finding, told_of

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
            "headline": f"{detector} in short",
            "summary": f"{detector} is so",
            "evidence": "one\ntwo",
            "clears_when": "they answer",
            "deal_name": name or f"Deal {deal}",
            "deal_url": f"https://deals.us.example/deals/{deal}",
            "amount": "48,000 EUR",
            "place": f"{severity} 0999999999952000",
            "since": "2026-03-09",
            **annotations,
        },
        "endsAt": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }


def found(*detectors: str, deal: str = "D-1", owner: str = "ann@us.example") -> list[Alert]:
    """The alerts of a deal as the notifier makes them of what these detectors found."""
    told = answer(deal, *(finding(each, summary=f"{each} is so") for each in detectors), owner=owner)
    return [
        each.to_dict(datetime.now(UTC), timedelta(hours=1), is_news=True)
        for each in alerts_of(told_of(told), "https://deals.us.example")
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

    def lines(self, *words: str) -> list[str]:
        """The lines of its text that have one of these words."""
        lines = (" ".join(line.split()) for line in self.text.splitlines())
        return [line for line in lines if any(word in line for word in words)]


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
        "* ghosted is so (since 2026-03-09)\n"
        "    - one\n"
        "    - two\n"
        "  What would clear it: they answer\n"
        "\n"
        "And 1 more:\n"
        "* reply_only in short (since 2026-03-09)\n"
        "\n"
        "----------------------------------------\n"
        "\n"
        "One mail for all of your deals. A deal that is fine again is simply not named in the next one.\n"
    )
    page = Tags(part(mail, "html"))
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["https://deals.us.example/deals/D-2"] * 2
    assert [tag for tag, _ in page.tags].count("li") == 2
    assert page.text.count("What would clear it") == 1
    assert page.lines("in short", "more") == [
        "ghosted in short since 2026-03-09",
        "And 1 more, since",
        "2026-03-09 reply_only in short",
    ]


def test_of_a_dozen_findings_the_worst_is_told_in_full_and_each_other_one_in_a_line(post: Post) -> None:
    place = "critical 0999999999952000"
    warnings = [alert(f"w{n}", "D-1", since=f"2026-03-{n:02}", place=place) for n in range(1, 11)]
    criticals = [alert(f"c{n}", "D-1", severity="critical", since=f"2026-03-{n}", place=place) for n in (20, 19)]
    post.alerts(*warnings[5:], *criticals, *warnings[:5])
    [mail] = post.mails(1)
    assert mail["Subject"] == "1 deal needs you: Deal D-1"

    page = Tags(part(mail, "html"))
    assert page.lines("in short", "clear it", "more") == [
        "c19 in short since 2026-03-19 · critical",
        "What would clear it: they answer",
        "And 11 more, since",
        "2026-03-20 c20 in short critical",
        *(f"2026-03-{n:02} w{n} in short" for n in range(1, 11)),
    ]
    text = part(mail, "plain")
    assert [line for line in text.split("\n") if "* " in line or "more" in line] == [
        "* c19 is so (since 2026-03-19) - CRITICAL",
        "And 11 more:",
        "* c20 in short (since 2026-03-20) - CRITICAL",
        *(f"* w{n} in short (since 2026-03-{n:02})" for n in range(1, 11)),
    ]
    assert text.count("What would clear it") == 1


def test_further_critical_findings_are_marked_among_the_others(post: Post) -> None:
    post.alerts(
        *(alert(f"c{n}", "D-1", severity="critical") for n in range(4)), alert("warned", "D-1", place="critical")
    )
    [mail] = post.mails(1)
    assert Tags(part(mail, "html")).lines("c3", "warned") == [
        "2026-03-09 c3 in short critical",
        "2026-03-09 warned in short",
    ]
    assert "* c3 in short (since 2026-03-09) - CRITICAL\n* warned in short (since 2026-03-09)\n" in part(mail, "plain")


def test_what_is_new_on_a_deal_is_its_reason_and_what_was_known_stands_beneath(post: Post) -> None:
    post.alerts(
        alert("known", "D-1", since="2026-03-01", rank="02"),
        alert("news", "D-1", since="2026-03-20", rank="01"),
        alert("known", "D-2", since="2026-03-01", rank="03", place="warning 2"),
        alert("worst", "D-2", since="2026-03-20", rank="01", severity="critical", place="warning 2"),
        alert("news", "D-2", since="2026-03-20", rank="02", place="warning 2"),
    )
    [mail] = post.mails(1)
    assert Tags(part(mail, "html")).lines("in short") == [
        "news in short since 2026-03-20",
        "2026-03-01 known in short",
        "worst in short since 2026-03-20 · critical",
        "2026-03-20 news in short",
        "2026-03-01 known in short",
    ]


def test_of_many_deals_the_worst_five_are_told_in_full_and_each_other_one_in_a_line(post: Post) -> None:
    deals = [alert("ghosted", f"D-{n}", place=f"warning {n}") for n in range(1, 8)]
    second = alert("reply_only", "D-7", place="warning 7", since="2026-03-08")
    post.alerts(*reversed(deals), second, alert("ghosted", "D-8", severity="critical", place="critical 9"))
    [mail] = post.mails(1)
    assert mail["Subject"] == "8 deals need you: Deal D-8, Deal D-1, Deal D-2, …"

    page = Tags(part(mail, "html"))
    assert page.lines("Deal D", "Open", "More", "more") == [
        *(told for n in (8, 1, 2, 3, 4) for told in (f"Deal D-{n}", "Open the deal")),
        "More of your deals that need you",
        "Deal D-5",
        "Deal D-6",
        "Deal D-7",
        "48,000 EUR · warning · reply_only in short, and 1 more",
    ]
    text = part(mail, "plain")
    assert text.count("What would clear it") == 5
    assert text.endswith(
        "More of your deals that need you:\n"
        "\n"
        "Deal D-5 (48,000 EUR)\n"
        "https://deals.us.example/deals/D-5\n"
        "* ghosted in short\n"
        "\n"
        "Deal D-6 (48,000 EUR)\n"
        "https://deals.us.example/deals/D-6\n"
        "* ghosted in short\n"
        "\n"
        "Deal D-7 (48,000 EUR)\n"
        "https://deals.us.example/deals/D-7\n"
        "* reply_only in short, and 1 more\n"
        "\n"
        "One mail for all of your deals. A deal that is fine again is simply not named in the next one.\n"
    )


def test_a_deal_whose_place_is_just_changing_is_named_once(post: Post) -> None:
    post.alerts(
        alert("ghosted", "D-1", place="warning 5"),
        alert("reply_only", "D-1", place="critical 3"),
        alert("ghosted", "D-2", place="warning 1"),
    )
    [mail] = post.mails(1)
    assert mail["Subject"] == "2 deals need you: Deal D-1, Deal D-2"
    for kind in ("plain", "html"):
        assert part(mail, kind).count("Deal D-1") == 1
        assert part(mail, kind).count("What would clear it") == 2


def test_the_html_says_the_facts_and_the_text_also_where_they_are_from(post: Post) -> None:
    evidence = "8 earlier facts\n2026-03-09: they (all of them) left (gmail/<a@them.example>)\n2026-03-10: no (reply)"
    post.alerts(alert("ghosted", "D-1", evidence=evidence))
    [mail] = post.mails(1)
    assert Tags(part(mail, "html")).lines("fact", "2026-03-") == [
        "ghosted in short since 2026-03-09",
        "8 earlier facts",
        "2026-03-09: they (all of them) left",
        "2026-03-10: no (reply)",
    ]
    assert "    - 2026-03-09: they (all of them) left (gmail/<a@them.example>)\n" in part(mail, "plain")


def test_a_rep_with_very_many_deals_gets_a_mail_that_is_shown_whole(post: Post) -> None:
    """Gmail cuts off what is beyond 102 kB."""
    long = {"evidence": "\n".join(f"2026-03-0{n}: {'many words ' * 15}(gmail/{n})" for n in range(1, 5))}
    post.alerts(*(alert(f"d{n % 12}", f"D-{n // 12}", name="Any company Ltd: a renewal", **long) for n in range(600)))
    [mail] = post.mails(1)
    assert str(mail["Subject"]).startswith("50 deals need you: ")
    assert len(part(mail, "html").encode()) < 80_000


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
            headline="<script>alert(2)</script>{{ .CommonLabels }}",
            summary="<b>bold</b>",
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
    post.alerts(alert("ghosted", "D-1", evidence="\n".join(f"fact {n}" for n in range(1, 7))))
    [mail] = post.mails(1)
    page = Tags(part(mail, "html"))
    assert page.lines("fact", "deal’s") == ["fact 1", "fact 2", "fact 3", "fact 4", "and more on the deal’s page"]
    assert "fact 6" in part(mail, "plain")


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
    assert [line for line in text.split("\n") if line.startswith("* ")] == [
        "* ghosted is so (since 2026-03-09) - CRITICAL",
        "* reply_only in short (since 2026-03-09)",
    ]


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
        *((each, {"DealGoneQuiet", "DealGhosted", "DealEscalated"}) for each in DEAF),
        (
            "StallwatchDown",
            {
                "DealGoneQuiet",
                "DealGhosted",
                "DealCloseDateSlipping",
                "DealEscalated",
                "BookPipelineInflation",
                "StallwatchWorkerDown",
            },
        ),
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
        *to_the_manager(),
    )
    until(lambda: post.held_back() == held_back, f"{held_back or 'nothing'} is held back")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "DealGhosted", "deal_id": "D-1", "owner_email": "ann@us.example"}, "rep"),
        ({"alertname": "DealGhosted", "deal_id": "D-1"}, "ops"),
        ({"alertname": "BookHoarding", "owner_email": "ann@us.example", "manager_email": "boss@us.example"}, "manager"),
        ({"alertname": "BookStrategicBlindness", "deal_id": "D-1", "manager_email": "boss@us.example"}, "manager"),
        (
            {
                "alertname": "DealEscalated",
                "deal_id": "D-1",
                "owner_email": "ann@us.example",
                "manager_email": "boss@us.example",
            },
            "manager",
        ),
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


def test_what_was_told_before_is_a_line_and_the_last_words_say_how_many_deals_wait(post: Post) -> None:
    board = "https://deals.us.example/deals?owner=ann%40us.example"
    last = {"waiting": "41", "board_url": board}
    post.alerts(
        alert("ghosted", "D-1", severity="critical", place="1 critical 1", told="before", **last),
        alert("ghosted", "D-2", place="0 warning 2", told="new", **last),
        alert("ghosted", "D-3", place="1 warning 3", told="before", **last),
    )
    [mail] = post.mails(1)
    assert mail["Subject"] == "1 deal needs you: Deal D-2"
    page = Tags(part(mail, "html"))
    assert page.lines("Deal D", "Open the", "still open", "stalled", "All of") == [
        "Deal D-2",
        "Open the deal",
        "Told before and still open",
        "Deal D-1",
        "Deal D-3",
        "41 more of your deals are stalled and will be named in the next days. All of your deals",
    ]
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"][-1] == board
    assert part(mail, "plain").endswith(
        "Told before and still open:\n"
        "\n"
        "Deal D-1 (48,000 EUR) - CRITICAL\n"
        "https://deals.us.example/deals/D-1\n"
        "* ghosted in short\n"
        "\n"
        "Deal D-3 (48,000 EUR)\n"
        "https://deals.us.example/deals/D-3\n"
        "* ghosted in short\n"
        "\n"
        f"41 more of your deals are stalled and will be named in the next days. All of your deals: {board}\n"
        "\n"
        "One mail for all of your deals. A deal that is fine again is simply not named in the next one.\n"
    )


def test_of_very_many_that_were_told_before_ten_are_named_and_the_others_counted(post: Post) -> None:
    before = [alert("ghosted", f"D-{n}", place=f"1 warning {n}", told="before") for n in range(10, 40)]
    post.alerts(*before, alert("ghosted", "D-1", place="0 warning 1", told="new", waiting="1", board_url="https://x"))
    [mail] = post.mails(1)
    page = Tags(part(mail, "html"))
    assert len(page.lines("Deal D")) == 11
    assert page.lines("And", "One more") == [
        "And 20 more that were told before.",
        "One more of your deals is stalled and will be named in the next days. All of your deals",
    ]
    assert "\nAnd 20 more that were told before.\n" in part(mail, "plain")


def test_when_only_what_was_told_before_is_left_the_subject_names_it(post: Post) -> None:
    post.alerts(*(alert("ghosted", f"D-{n}", place=f"1 warning {n}", told="before") for n in (1, 2)))
    [mail] = post.mails(1)
    assert mail["Subject"] == "2 deals need you: Deal D-1, Deal D-2"


BOSS = "boss@us.example"


def to_the_manager(name: str = "Acme renewal") -> list[Alert]:
    """What a manager is told: a stuffed book, and a deal with two critical findings that nobody answered."""
    critical = [finding(each, severity="critical", summary=f"{each} is so") for each in ("ghosted", "gone_quiet")]
    deal = answer("D-1", *critical, name=name)
    since = datetime(2026, 3, 9, tzinfo=UTC)
    told = Telling(
        ANN,
        "emea",
        manager=BOSS,
        of_book=(BookFinding(replace(finding("pipeline_inflation", summary="it is stuffed"), deal_id=None)),),
        unanswered=tuple(Escalation(deal, each, since, since + timedelta(days=7)) for each in critical),
    )
    return [
        each.to_dict(datetime.now(UTC), timedelta(hours=1), is_news=True)
        for each in alerts_of(told, "https://deals.us.example")
    ]


def test_a_manager_gets_one_mail_of_what_is_left_unanswered_and_of_stuffed_books_and_the_rep_none_of_it(
    post: Post,
) -> None:
    post.alerts(*to_the_manager())
    [mail] = post.mails(1)
    assert mail["To"] == BOSS
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "1 critical deal is left unanswered, and 1 finding on your reps' books"
    assert part(mail, "plain") == (
        "Acme renewal (48,000 EUR), of ann@us.example: CRITICAL and unanswered since 2026-03-09\n"
        "https://deals.us.example/deals/D-1\n"
        "* ghosted is so (since 2026-03-09)\n"
        "  What would clear it: we make a step of our own\n"
        f"* {catalogue()['gone_quiet'].headline()} (since 2026-03-09)\n"
        "\n"
        "The book of ann@us.example: Sales cholesterol (since 2026-03-09)\n"
        "https://deals.us.example/deals?owner=ann%40us.example\n"
        "    - 2026-03-09: our third reply in a row on 'Re: pricing' (gmail/0)\n"
        "  What would clear it: we make a step of our own\n"
        "\n"
        "A deal is named here when its rep was told that it is critical, and for five business days neither moved it "
        "nor heard from the\nbuyer.\n"
    )
    page = Tags(part(mail, "html"))
    assert page.lines("Acme", "book of", "2026", "cholesterol") == [
        "Acme renewal",
        "48,000 EUR · ann@us.example · unanswered since 2026-03-09",
        f"{catalogue()['ghosted'].headline()} since 2026-03-09 · critical",
        "2026-03-09: our third reply in a row on 'Re: pricing'",
        f"2026-03-09 {catalogue()['gone_quiet'].headline()}",
        "The book of ann",
        "Sales cholesterol since 2026-03-09",
        "2026-03-09: our third reply in a row on 'Re: pricing'",
    ]
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == [
        "https://deals.us.example/deals/D-1",
        "https://deals.us.example/deals/D-1",
        "https://deals.us.example/deals?owner=ann%40us.example",
    ]


def test_nothing_that_came_in_with_a_deal_becomes_markup_or_a_header_of_a_managers_mail(post: Post) -> None:
    post.alerts(*to_the_manager(EVIL_NAME))
    [mail] = post.mails(1)
    assert (mail["To"], mail["Bcc"]) == (BOSS, None)
    assert {tag for tag, _ in Tags(part(mail, "html")).tags}.isdisjoint({"img", "script"})
    assert "\nBcc:" not in part(mail, "plain")


def minutes(text: str) -> timedelta:
    """A length of time as Alertmanager writes it."""
    length = parse_duration(text)
    assert isinstance(length, timedelta)
    return length


def test_no_mail_is_written_while_the_days_choice_may_still_change_nor_again_because_it_was_forgotten() -> None:
    routes = yaml.safe_load((SHIPPED / "alertmanager.yml").read_text())["route"]["routes"]
    [to_reps] = [route for route in routes if route["receiver"] == "rep"]
    assert minutes(to_reps["group_wait"]) > CHOICE_OPEN
    command = yaml.safe_load(Path("deploy/compose.yaml").read_text())["services"]["alertmanager"]["command"]
    [kept] = [word.partition("=")[2] for word in command if word.startswith("--data.retention=")]
    assert all(minutes(kept) > 2 * minutes(route["repeat_interval"]) for route in routes if "repeat_interval" in route)

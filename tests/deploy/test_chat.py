"""A team's channel: what a real Alertmanager posts to Slack and Teams, with the configuration as it is shipped."""

import json
import re
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import yaml

from streams.alerting.alerts import alerts_of
from streams.alerting.telling import Telling, ToldDeal
from streams.demo.servers import Alertmanager, program
from tests.needs import require
from tests.streams.told import ANN, answer, finding

SHIPPED = Path("deploy/alertmanager")
PAGES = "https://deals.us.example"
EVIL = "<!channel> & <https://evil.example|free> [free](https://evil.example) `{{ .Alerts }}`\nnext"


def switched_on(kind: str) -> str:
    """The shipped configuration with a channel switched on, as its comment says."""
    return re.sub(rf"^( *)#{kind} ", r"\1", (SHIPPED / "alertmanager.yml").read_text(), flags=re.MULTILINE)


class Channel:
    """An address that takes whatever is posted to it."""

    def __init__(self) -> None:
        self._posts: Queue[Any] = Queue()
        posts = self._posts

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                posts.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    @contextmanager
    def listening(self) -> Iterator[None]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        yield
        self._server.shutdown()
        self._server.server_close()

    def post(self) -> Any:
        """The next one that comes."""
        return self._posts.get(timeout=30)


def posted(kind: str, folder: Path, told: Telling) -> Any:
    """What is posted to the channel of a kind when this is told of a book."""
    require(*Alertmanager.programs)
    channel = Channel()
    folder = shutil.copytree(SHIPPED, folder / "alertmanager")
    config = yaml.safe_load(switched_on(kind))
    (folder / "url").write_text(channel.url)
    for receiver in config["receivers"]:
        for settings in (*receiver.get("slack_configs", ()), *receiver.get("msteamsv2_configs", ())):
            name = "api_url_file" if "api_url_file" in settings else "webhook_url_file"
            assert settings[name] == f"/etc/alertmanager/{kind}_url"
            settings[name] = str(folder / "url")
        receiver.pop("email_configs", None)
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "2s"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    now = datetime.now(UTC)
    alerts = [each.to_dict(now, timedelta(hours=1), is_news=True) for each in alerts_of(told, PAGES)]
    with channel.listening(), Alertmanager(folder / "alertmanager.yml", folder / "state") as alertmanager:
        request = urllib.request.Request(
            alertmanager.url + "/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200
        return channel.post()


def book(team: str, name: str = "Acme renewal") -> Telling:
    """Two deals of today, one of yesterday, and more that wait."""
    critical = finding("ghosted", severity="critical", summary=f"Nobody answers ({name})")
    deals = (
        ToldDeal(answer("D/1", critical, finding(), name=name, team=team), (critical, finding())),
        ToldDeal(answer("D-2", finding(), name="Borealis", team=team), (finding(),)),
        ToldDeal(answer("D-3", finding(), name="Cobalt", team=team), (finding(),), is_new=False),
    )
    return Telling(ANN, team, deals, waiting=4)


def test_slack_gets_a_line_a_deal_of_today_and_how_many_wait(tmp_path: Path) -> None:
    [said] = posted("slack", tmp_path, book("emea"))["attachments"]
    assert said["title"] == said["fallback"] == "ann: 2 deals need a look"
    assert said["title_link"] == f"{PAGES}/deals?owner=ann%40us.example"
    assert said["text"] == (
        f"• <{PAGES}/deals/D%2F1|Acme renewal> (48,000 EUR) *critical*: Nobody answers (Acme renewal)\n"
        f"• <{PAGES}/deals/D-2|Borealis> (48,000 EUR): Every touch of ours is a reply\n"
        f"4 more of your deals are stalled and will be named in the next days. "
        f"<{PAGES}/deals?owner=ann%40us.example|All deals>"
    )
    assert said["color"] == "danger"


def test_nothing_that_came_in_with_a_deal_becomes_a_mention_or_a_link_in_slack(tmp_path: Path) -> None:
    [said] = posted("slack", tmp_path, book("emea", EVIL))["attachments"]
    links = re.findall(r"<[^>]*>", said["text"])
    assert [link.partition("|")[0] for link in links] == [
        f"<{PAGES}/deals/D%2F1",
        f"<{PAGES}/deals/D-2",
        f"<{PAGES}/deals?owner=ann%40us.example",
    ]
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|free&gt;" in said["text"]
    assert len(said["text"].splitlines()) == 3


def knows_teams(tmp_path: Path) -> bool:
    """Whether the Alertmanager that is installed does (from 0.28 on)."""
    folder = shutil.copytree(SHIPPED, tmp_path / "asked")
    (folder / "alertmanager.yml").write_text(switched_on("teams"))
    asked = subprocess.run([require("amtool"), "check-config", folder / "alertmanager.yml"], capture_output=True)
    return asked.returncode == 0


def test_teams_gets_the_same_and_no_markdown_that_came_in_with_a_deal(tmp_path: Path) -> None:
    if not knows_teams(tmp_path):
        pytest.skip(f"{program(*Alertmanager.programs)} knows nothing of Teams; 0.28 and later do")
    said = json.dumps(posted("teams", tmp_path, book("amer", EVIL)), ensure_ascii=False)
    assert "ann: 2 deals need a look" in said
    assert re.findall(r"\]\(([^)]*)\)", said) == [
        f"{PAGES}/deals/D%2F1",
        f"{PAGES}/deals/D-2",
        f"{PAGES}/deals?owner=ann%40us.example",
    ]
    assert "4 more of your deals are stalled" in said


def test_with_slack_switched_on_the_configuration_is_valid_and_the_mails_go_on(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "slack")
    (folder / "alertmanager.yml").write_text(switched_on("slack"))
    amtool = require("amtool")
    for labels, receivers in (
        (["deal_id=D-1", "owner_email=ann@us.example", "team=emea"], "slack-emea,rep"),
        (["deal_id=D-1", "owner_email=ann@us.example", "team=amer"], "rep"),
        (["deal_id=D-1", "owner_email=ann@us.example", "team=emea", "manager_email=boss@us.example"], "manager"),
    ):
        config = f"--config.file={folder / 'alertmanager.yml'}"
        routed = subprocess.run(
            [amtool, "config", "routes", "test", config, f"--verify.receivers={receivers}", *labels],
            capture_output=True,
            text=True,
        )
        assert routed.returncode == 0, routed.stdout + routed.stderr

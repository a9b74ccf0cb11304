"""A deal is deleted and comes back, is merged, handed over or moved: what is told follows, and nothing stays behind.

Its partition, the books and the board of alerts are those of a worker; between them go the records that go over Kafka.
"""

from typing import Any

import orjson
import pytest

from detectors.core.rules import Rules
from streams.alerting.alerts import Board, alerts_of
from streams.answer import Answer
from streams.books import Books
from streams.metrics.counts import Counts
from streams.metrics.exporter import Exporter, State
from streams.monitor.partition import Partition
from streams.wire import Clock, Record
from tests.streams.sample_deals import RULES, crm, day, inbound, outbound
from tests.streams.scraping import Series, series_of

REP, OTHER = "rep@us.example", "other@us.example"
PAGES = "https://deals.us.example"
RENEWALS = Rules.of(
    RULES.file.model_dump(exclude_unset=True)
    | {"pipelines": {"default": {"stages": ["Demo", "Proposal"]}, "renewals": {"stages": ["Offer", "Demo"]}}}
)
Alert = tuple[str, str, str]


class Worker:
    """One deal, D-1, as far as it is told by now."""

    def __init__(self, rules: Rules = RULES) -> None:
        self._deals = Partition(0, 1, rules)
        self._books = Books(0, 1, lambda: rules, _failed)
        self._board = Board()

    def hears(self, at: float, *told: dict[str, Any]) -> None:
        """Events arrive, and it is then so late."""
        events = [Record(0, b"D-1", orjson.dumps(each | {"subject": "D-1"})) for each in told]
        out = self._deals.advance([*events, Record(0, None, Clock(day(at), 0, 1).to_json(), Clock.HEADERS)])
        books = [Record(0, send.key, send.value, send.headers) for send in out.sends if send.topic == "books"]
        self._books.advance(books, day(at))
        alerts = [alert for told in self._books.tellings() for alert in alerts_of(told, PAGES)]
        self._board.put({0: alerts}, day(at))

    @property
    def deal(self) -> Answer:
        return self._deals.answers["D-1"]

    def alerts(self, *, over: bool = False) -> set[Alert]:
        """The alerts that are open, or those that are over: detector, owner and team."""
        found = [dict(alert.labels) for alert in self._board if (alert.over_at is not None) is over]
        return {(each["detector"], each.get("owner_email", ""), each.get("team", "")) for each in found}

    def annotation(self, name: str) -> set[str]:
        """What the open alerts say."""
        return {dict(alert.annotations)[name] for alert in self._board if alert.over_at is None}

    def scraped(self) -> dict[str, Series]:
        answers = list(self._deals.answers.values())
        books = [(told.owner or "", [told]) for told in answers if told.is_open]
        state = State(answers, books, [], self._deals.errors, self._deals.time, {}, 0, RULES)
        return series_of(Exporter(lambda: state, Counts(), 100).text())


def _failed(_detector: str, _owner: str, error: Exception) -> None:
    raise error


@pytest.fixture
def worker() -> Worker:
    """We wrote twice, nobody answered, and a week later the rep knows."""
    worker = Worker()
    told = crm(0, stage="Demo", owner=REP, team="emea", amount=1000.0, currency="EUR", id="created")
    worker.hears(7, told, outbound(0.1, "m-1"), outbound(1, "m-2"))
    assert worker.alerts() == {("ghosted", REP, "emea")}
    return worker


@pytest.mark.parametrize("reason", ["deleted in Salesforce", "merged into deal 19 in HubSpot"])
def test_a_deal_that_is_gone_leaves_no_alert_and_comes_back_with_its_own(worker: Worker, reason: str) -> None:
    worker.hears(7.1, crm(7.1, status="lost", lost_reason=reason, id="gone"))
    assert (worker.deal.status, worker.alerts(), worker.alerts(over=True)) == (
        "lost",
        set(),
        {("ghosted", REP, "emea")},
    )
    worker.hears(7.2, crm(7.2, status="open", lost_reason=None, id="back"))
    assert (worker.deal.status, worker.deal.stage) == ("open", "Demo")
    # what was chased before says nothing of the deal that was taken up
    assert worker.alerts() == set()
    worker.hears(14, outbound(7.3, "m-3"), outbound(8, "m-4"))
    assert (worker.alerts(), worker.alerts(over=True)) == ({("ghosted", REP, "emea")}, set())


@pytest.mark.parametrize(
    ("changed", "then"),
    [
        ({"owner": OTHER}, ("ghosted", OTHER, "emea")),
        ({"owner": None}, ("ghosted", "", "emea")),
        ({"team": "apac"}, ("ghosted", REP, "apac")),
        ({"owner": OTHER, "team": None}, ("ghosted", OTHER, "")),
    ],
)
def test_whoever_it_is_handed_to_is_told_and_the_alert_of_before_is_over(
    worker: Worker, changed: dict[str, Any], then: Alert
) -> None:
    worker.hears(7.1, crm(7.1, **changed, id="handed-over"))
    assert (worker.alerts(), worker.alerts(over=True)) == ({then}, {("ghosted", REP, "emea")})


def test_a_deal_that_moves_to_another_pipeline_is_judged_by_its_stages() -> None:
    worker = Worker(RENEWALS)
    worker.hears(8, crm(0, stage="Demo", owner=REP, pipeline="renewals", id="created"))
    late = ("no_executive_contact", REP, "emea")
    assert (worker.deal.pipeline, late in worker.alerts()) == ("renewals", True)
    worker.hears(8.1, crm(8.1, pipeline="default", id="moved"))
    assert (worker.deal.pipeline, late in worker.alerts()) == ("default", False)
    assert late in worker.alerts(over=True)
    worker.hears(8.2, crm(8.2, pipeline="renewals", id="moved-back"))
    worker.hears(16)
    assert late in worker.alerts()


def test_its_value_counts_in_its_new_currency_and_the_alert_stays(worker: Worker) -> None:
    worker.hears(7.1, crm(7.1, currency="USD", amount=1200.0, id="converted"))
    assert (worker.alerts(), worker.alerts(over=True)) == ({("ghosted", REP, "emea")}, set())
    assert worker.annotation("amount") == {"1,200 USD"}
    assert worker.scraped()["stallwatch_stalled_amount"] == {("emea", "USD"): 1200}
    assert worker.scraped()["stallwatch_deals_amount"] == {("default", "Demo", "emea", "USD"): 1200}


def test_what_is_over_when_it_is_learned_is_no_alert() -> None:
    worker = Worker()
    worker.hears(11, crm(0, stage="Demo", owner=REP, id="created"))
    chased = [outbound(0.1, "m-1"), outbound(1, "m-2"), inbound(10, "m-3", in_reply_to="m-2")]
    worker.hears(11.1, *chased)
    states = {each.detector: each.state for each in worker.deal.findings}
    assert states["ghosted"] == "resolved"
    told = worker.alerts() | worker.alerts(over=True)
    assert "ghosted" not in {detector for detector, _, _ in told}

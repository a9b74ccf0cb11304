"""An org is polled: everything once, then what is new."""

import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from urllib3.util import Retry
from werkzeug import Request, Response

from detectors.core.events import Event
from streams.sources.connection import Batch, Complete, SourceRefused, SourceUnavailable
from streams.sources.salesforce.login import session
from streams.sources.salesforce.rest import SalesforceConnection
from streams.sources.salesforce.settings import Salesforce
from tests.streams.sources.salesforce.salesforce_double import Double, error
from tests.streams.sources.salesforce.week import day, id_of

DEAL, GONE, BACK = id_of("Opportunity", 1), id_of("Opportunity", 3), id_of("Opportunity", 4)


class Poll:
    """A connection and its bookmark."""

    def __init__(self, settings: Salesforce, http: requests.Session) -> None:
        self.connection = SalesforceConnection(settings, http)
        self.bookmark: dict[str, Any] = {}
        self.complete: Complete | None = None

    def __call__(self, at: float) -> list[Event]:
        told = []
        for each in self.connection.round(self.bookmark, day(at)):
            if isinstance(each, Complete):
                self.complete = each
            else:
                self.bookmark = dict(each.bookmark)
                told += [event for item in each.items for event in item.events]
        return told


@pytest.fixture
def poll(double: Double, token_settings: Salesforce, http: requests.Session) -> Poll:
    return Poll(token_settings, http)


def test_a_first_round_tells_the_whole_past_and_a_second_one_nothing(double: Double, poll: Poll) -> None:
    double.page = 2
    told = poll(10)
    assert {event.subject for event in told if event.type == "crm.deal.changed"} == {
        id_of("Opportunity", n) for n in range(1, 5)
    }
    assert {event.type for event in told} == {
        "crm.deal.changed",
        "crm.contact.changed",
        "activity.call",
        "activity.meeting",
    }
    assert poll.complete == Complete(
        ("crm.deal.changed", "crm.contact.changed", "activity.call", "activity.meeting"), day(10)
    )
    assert poll(10.001) == []


def test_a_later_round_tells_what_is_new_and_nothing_else(double: Double, poll: Poll) -> None:
    double.until = 2
    poll(2)
    double.until = 2.15
    (told,) = (event for event in poll(2.15) if event.type == "crm.deal.changed" and "/history/" in event.id)
    assert (told.subject, told.time) == (DEAL, day(2.1))
    assert told.data.stage == "Demo"  # type: ignore[union-attr]
    double.until = 2.3
    assert {event.time for event in poll(2.3)} == {day(2.2)}
    assert poll(2.31) == []


def test_a_deletion_is_told_and_an_undeletion_opens_the_deal_again(double: Double, poll: Poll) -> None:
    double.until = 1.4
    poll(1.4)
    double.until = 1.7
    told = {event.subject: event.data for event in poll(1.7) if "IsDeleted" in event.id}
    assert {deal: data.status for deal, data in told.items()} == {GONE: "lost", BACK: "lost"}  # type: ignore[union-attr]
    double.until = 3.05
    (again,) = (event.data for event in poll(3.05) if event.subject == BACK)
    assert (again.status, again.stage, again.lost_reason) == ("open", "Discovery", None)  # type: ignore[union-attr]
    assert "lost_reason" in again.model_fields_set


def test_what_has_no_history_is_learned_when_its_row_was_modified(double: Double, poll: Poll) -> None:
    poll(10)
    double.week.update(11, DEAL, Name="Acme everywhere")
    (told,) = poll(11.1)
    assert (told.time, told.data.name) == (day(11), "Acme everywhere")  # type: ignore[union-attr]


def test_a_contact_that_was_changed_is_told_again_to_its_deals(double: Double, poll: Poll) -> None:
    poll(10)
    double.week.update(11, id_of("Contact", 1), Title="Advisor")
    (told,) = poll(11.1)
    assert (told.subject, told.data.title) == (DEAL, "Advisor")  # type: ignore[union-attr]


def test_an_account_that_was_changed_is_told_to_its_deals(double: Double, poll: Poll) -> None:
    poll(10)
    double.week.update(11, id_of("Account", 1), Name="Acme Group")
    told = poll(11.1)
    assert {event.subject for event in told} == {id_of("Opportunity", n) for n in range(1, 5)}
    assert {event.data.account.name for event in told} == {"Acme Group"}  # type: ignore[union-attr]


def test_a_meeting_is_held_once_it_is_over_though_nobody_touches_it(double: Double, poll: Poll) -> None:
    double.until = 1.5
    assert [event.data.status for event in poll(1.5) if event.type == "activity.meeting"] == ["booked"]  # type: ignore[union-attr]
    double.until = 2.07
    assert [event.data.status for event in poll(2.07) if event.type == "activity.meeting"] == ["held"]  # type: ignore[union-attr]


def test_a_first_round_that_was_cut_off_goes_on_and_loses_nothing(double: Double, poll: Poll) -> None:
    double.page = 2
    whole = {event.id for event in Poll(poll.connection.settings, poll.connection._org._http)(10)}
    told: set[str] = set()
    batches = poll.connection.round({}, day(10))
    for _ in range(2):
        batch = next(batches)
        assert isinstance(batch, Batch)
        told |= {event.id for item in batch.items for event in item.events}
        poll.bookmark = dict(batch.bookmark)
    assert told < whole
    assert told | {event.id for event in poll(10.001)} == whole


def test_what_an_org_does_not_have_is_not_asked_for(double: Double, poll: Poll) -> None:
    double.without = frozenset({"OpportunityFieldHistory", "Task", "Event", "Opportunity.NextStep", "RecordType"})
    told = poll(10)
    assert {event.type for event in told} == {"crm.deal.changed", "crm.contact.changed"}
    assert poll.complete == Complete(("crm.deal.changed", "crm.contact.changed"), day(10))
    assert not any("CurrencyIsoCode" in soql for soql in double.asked)


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"fields": {"Need__c": "need"}}, "Opportunity has no field Need__c"),
        ({"contact_fields": {"Gone__c": "left"}}, "Contact has no field Gone__c"),
        ({"account_fields": {"Fit__c": "fit"}}, "Account has no field Fit__c"),
        ({"meeting_status": "Outcome__c"}, "Event has no field Outcome__c"),
    ],
)
def test_an_own_field_that_the_org_does_not_have_is_named(
    own: dict[str, Any], problem: str, double: Double, token_settings: Salesforce, http: requests.Session
) -> None:
    with pytest.raises(SourceRefused, match=problem):
        Poll(token_settings.model_copy(update=own), http)(10)


def test_an_org_with_too_long_a_history_to_be_counted_is_polled_all_the_same(double: Double, poll: Poll) -> None:
    slow = error(500, "QUERY_TIMEOUT", "Your query request was running for too long.")
    double.misbehave = lambda request: slow if "GROUP BY" in request.args.get("q", "") else None
    assert poll(10)


def test_who_may_see_no_deals_is_told_so(double: Double, poll: Poll) -> None:
    double.without = frozenset({"Opportunity"})
    with pytest.raises(SourceRefused, match="may not see opportunities"):
        poll(10)


def secrets(folder: Path, **texts: str) -> dict[str, Path]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {f"{name}_file": folder / name for name in texts}


def key() -> str:
    made = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.PKCS8
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("texts", "section"),
    [
        ({"password": "right", "security_token": "4711"}, {"username": "poll@us.example"}),
        ({"password": "right", "consumer_key": "k", "consumer_secret": "s"}, {"username": "poll@us.example"}),
        ({"consumer_key": "k", "private_key": "RSA"}, {"username": "poll@us.example"}),
        ({"consumer_key": "k", "consumer_secret": "s"}, {"domain": "us.my"}),
    ],
)
def test_every_way_in_is_taken(
    texts: dict[str, str], section: dict[str, str], double: Double, tmp_path: Path, http: requests.Session
) -> None:
    texts = {name: key() if text == "RSA" else text for name, text in texts.items()}
    settings = Salesforce(**secrets(tmp_path, **texts), **section)  # type: ignore[arg-type]
    assert Poll(settings, http)(10)
    assert len(double.logins) == 1


@pytest.mark.parametrize("flow", [{"security_token": "4711"}, {"consumer_key": "k", "consumer_secret": "s"}])
def test_a_wrong_password_is_refused_and_not_shown(
    flow: dict[str, str], double: Double, tmp_path: Path, http: requests.Session
) -> None:
    files = secrets(tmp_path, password="hunter2", **flow)
    with pytest.raises(SourceRefused, match="the login was refused") as told:
        Poll(Salesforce(username="poll@us.example", **files), http)(10)  # type: ignore[arg-type]
    assert "hunter2" not in str(told.value)
    assert len(double.logins) == 1


def test_a_section_without_a_way_in_says_what_is_missing(http: requests.Session) -> None:
    with pytest.raises(SourceRefused, match="no way to log in"):
        Poll(Salesforce(), http)(10)


def test_a_session_that_expires_is_renewed_once(double: Double, tmp_path: Path, http: requests.Session) -> None:
    files = secrets(tmp_path, password="right", security_token="4711")
    poll = Poll(Salesforce(username="poll@us.example", **files), http)  # type: ignore[arg-type]
    double.until = 2
    poll(2)
    double.token, double.until = "00D!another", 3
    assert poll(3)
    assert len(double.logins) == 2


def test_an_access_token_that_is_no_longer_taken_is_refused(double: Double, poll: Poll) -> None:
    double.token = "00D!another"
    with pytest.raises(SourceRefused, match="the session has expired"):
        poll(10)


def test_an_access_token_is_read_again_when_it_has_expired(double: Double, poll: Poll) -> None:
    double.until = 2
    poll(2)
    double.token, double.until = "00D!another", 3
    path = poll.connection.settings.access_token_file
    assert path is not None
    path.write_text("00D!another")
    assert poll(3)


def answer(text: str, status: int = 200, **headers: str) -> Response:
    return Response(text, status, headers, content_type="text/html")


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (answer("<h1>Down for maintenance</h1>"), "is not JSON"),
        (answer('{"records": [', 200), "is not JSON"),
        (answer("[]"), "without records"),
        (answer("Service Unavailable", 503), "was answered with 503"),
        (error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), "REQUEST_LIMIT_EXCEEDED"),
        (error(400, "INVALID_QUERY_LOCATOR", "invalid query locator"), "INVALID_QUERY_LOCATOR"),
        (error(500, "QUERY_TIMEOUT", "Your query request was running for too long."), "QUERY_TIMEOUT"),
        (
            answer('{"records": [{"Id": "006Dn0000000001IAA"}], "done": true}'),
            "without the time by which it was asked for",
        ),
        (answer('{"records": [], "done": false, "nextRecordsUrl": "@elsewhere.example/services"}'), "is nowhere"),
    ],
)
def test_what_may_be_over_soon_is_asked_again_in_the_next_round(
    other: Response, problem: str, double: Double, poll: Poll
) -> None:
    def misbehave(request: Request) -> Response | None:
        return other if "FROM+Opportunity+" in request.url.replace("%20", "+") else None

    double.misbehave = misbehave
    with pytest.raises(SourceUnavailable, match=problem):
        poll(10)
    double.misbehave = lambda _request: None
    assert poll(10)


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (error(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"), "API_DISABLED"),
        (error(400, "MALFORMED_QUERY", "unexpected token"), "MALFORMED_QUERY"),
        (answer("", 302, Location="https://elsewhere.example/"), "a redirect, which is not followed"),
    ],
)
def test_what_somebody_must_mend_is_refused(other: Response, problem: str, double: Double, poll: Poll) -> None:
    double.misbehave = lambda request: other if "/queryAll/" in request.path else None
    with pytest.raises(SourceRefused, match=problem):
        poll(10)


def test_a_server_that_stumbles_is_asked_again_at_once(double: Double, poll: Poll) -> None:
    stumbles = iter([error(503, "SERVER_UNAVAILABLE", "busy")] * 2)
    double.misbehave = lambda _request: next(stumbles, None)
    assert poll(10)


def test_a_server_that_nobody_vouches_for_is_refused(
    double: Double, poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(SourceRefused, match="the server is not who it should be"):
        poll(10)


def test_an_owner_without_an_address_is_refused_once_and_not_in_every_round(double: Double, poll: Poll) -> None:
    double.week.update(8, DEAL, OwnerId=id_of("User", 9))

    def refusals(at: float) -> list[str]:
        batches = [each for each in poll.connection.round(poll.bookmark, day(at)) if isinstance(each, Batch)]
        poll.bookmark = dict(batches[-1].bookmark)
        return [str(item.refusal) for batch in batches for item in batch.items if item.refusal]

    assert all("no address is known of" in text for text in refusals(10))
    assert refusals(10.001) == []


def test_a_server_that_never_answers_is_given_up(double: Double, poll: Poll) -> None:
    over = threading.Event()
    poll.connection = SalesforceConnection(poll.connection.settings, session(Retry(total=0), timeout=(5.0, 0.2)))

    def hang(_request: Request) -> None:
        over.wait(30)

    double.misbehave = hang
    with pytest.raises(SourceUnavailable, match=r"us\.my\.salesforce\.com did not answer in time"):
        poll(10)
    over.set()


def test_a_login_that_is_answered_by_a_page_is_tried_again_later(double: Double, tmp_path: Path) -> None:
    files = secrets(tmp_path, password="right", security_token="4711")
    page = answer("<html>Down for maintenance</html>")
    double.misbehave = lambda _request: page
    with pytest.raises(SourceUnavailable, match="the login was"):
        Poll(Salesforce(username="poll@us.example", **files), session())(10)  # type: ignore[arg-type]
    files = secrets(tmp_path, consumer_key="k", consumer_secret="s")
    with pytest.raises(SourceUnavailable, match="the login was"):
        Poll(Salesforce(domain="us.my", **files), session())(10)  # type: ignore[arg-type]


def test_a_key_that_cannot_sign_is_named(tmp_path: Path, http: requests.Session) -> None:
    files = secrets(tmp_path, consumer_key="k", private_key="no key")
    with pytest.raises(SourceRefused, match="private_key: holds no RSA key to sign with"):
        Poll(Salesforce(username="poll@us.example", **files), http)(10)  # type: ignore[arg-type]


def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path, http: requests.Session) -> None:
    settings = Salesforce(username="poll@us.example", password_file=tmp_path / "absent")
    with pytest.raises(SourceRefused, match="absent: No such file"):
        Poll(settings, http)(10)

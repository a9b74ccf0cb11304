"""HubSpot, polled."""

import logging
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from detectors.core import events
from streams.sources.connection import Batch, Complete, SourceError, SourceRefused, SourceUnavailable
from streams.sources.hubspot.api import OVERLAP, SETTLED, HubSpotConnection
from streams.sources.hubspot.settings import HubSpot
from streams.sources.item import Item
from tests.streams.sources.hubspot.hubspot_api import KINDS, TOKEN, Account, iso, ms
from tests.streams.sources.hubspot.week import MONDAY, week

NOW = datetime(2026, 3, 10, 9, 0, 0, 123456, tzinfo=UTC)
Told = list[Batch | Complete]
NAMES = st.sampled_from(
    "id properties propertiesWithHistory associations archived archivedAt from to toObjectId associationTypes label "
    "stages metadata isClosed email firstName dealstage dealname amount closedate hubspot_owner_id createdate "
    "hs_lastmodifieddate lastmodifieddate hs_timestamp hs_email_thread_id hs_meeting_start_time value timestamp".split()
)


class Poll:
    """Rounds of one connection, each from the bookmark that the one before it left."""

    def __init__(self, server: HTTPServer, folder: Path, account: Account | None = None, **settings: Any) -> None:
        self.account, self.bookmark = account or week(), dict[str, Any]()
        self.account.serve(server)
        token = folder / "token"
        token.write_text(f"{TOKEN}\n")
        self.connection = HubSpotConnection(
            HubSpot.model_validate({"token_file": token, "api_url": server.url_for("/"), **settings}), backoff=0
        )

    def round(self, now: datetime = NOW) -> Told:
        """A whole round, as the runner takes it."""
        told: Told = []
        for each in self.connection.round(self.bookmark, now):
            told.append(each)
            if isinstance(each, Batch):
                self.bookmark = orjson.loads(orjson.dumps(each.bookmark))
        return told


@pytest.fixture
def poll(httpserver: HTTPServer, tmp_path: Path) -> Iterable[Poll]:
    yield Poll(httpserver, tmp_path)
    httpserver.check_assertions()


def items(told: Told) -> list[Item]:
    return [item for each in told if isinstance(each, Batch) for item in each.items]


def ids(told: Told) -> list[str]:
    return sorted(event.id for item in items(told) for event in item.events)


def many(count: int, modified: Callable[[int], str]) -> Account:
    """As many deals."""
    account = Account()
    for number in range(1, count + 1):
        at = modified(number)
        account.add("deals", str(number), at, createdate=at, dealname=[(at, f"No. {number}")])
    return account


# -- a round


def test_a_round_ends_with_a_word_on_completeness(poll: Poll) -> None:
    last = poll.round()[-1]
    assert isinstance(last, Complete)
    assert (
        last.through == datetime(2026, 3, 10, 8, 59, 0, 123000, tzinfo=UTC) == NOW.replace(microsecond=123000) - SETTLED
    )
    assert set(last.covers) == {
        "crm.deal.changed",
        "crm.contact.changed",
        "activity.call",
        "activity.meeting",
        "activity.email",
    }


def test_nothing_is_told_twice_once_it_is_older_than_the_overlap(poll: Poll) -> None:
    assert len(ids(poll.round())) > 30
    assert ids(poll.round(NOW + timedelta(hours=1))) == []


def test_within_the_overlap_the_same_events_are_told_again(poll: Poll) -> None:
    now = datetime.fromisoformat("2026-03-09T15:03:00Z")
    first = poll.round(now)
    again = poll.round(now + timedelta(minutes=2))
    assert ids(again) == [
        "contact-7-on-17-1772442000000",
        "contact-7-on-17-1772787600000",
        "contact-8-on-17-1772442000000-champion",
        "deal-17-account-900-1772442000000",
        "deal-17-dealstage-1773068400000",
        "deal-17-hs_next_step-1773068400000",
    ]
    assert set(ids(again)) < set(ids(first))


def test_of_a_deal_that_changed_its_new_changes_are_told(poll: Poll) -> None:
    poll.round()
    deal = poll.account.records["deals"]["17"]
    deal["properties"]["hs_lastmodifieddate"] = "2026-03-10T10:00:00Z"
    deal["history"]["amount"].insert(0, {"value": "30000", "timestamp": "2026-03-10T10:00:00Z", "sourceType": "CRM_UI"})
    told = [id for id in ids(poll.round(NOW + timedelta(hours=2))) if id.startswith("deal-17") and "account" not in id]
    assert told == [f"deal-17-amount-{ms('2026-03-10T10:00:00Z')}"]


def test_a_new_title_is_told_on_the_deals_of_the_contact(poll: Poll) -> None:
    poll.round()
    contact = poll.account.records["contacts"]["8"]
    contact["properties"] |= {"jobtitle": "COO", "lastmodifieddate": "2026-03-10T10:00:00Z"}
    contact["history"]["jobtitle"] = [{"value": "COO", "timestamp": "2026-03-10T10:00:00Z", "sourceType": "CRM_UI"}]
    at = ms("2026-03-10T10:00:00Z")
    assert ids(poll.round(NOW + timedelta(hours=2))) == [f"contact-8-on-17-{at}-champion", f"contact-8-on-18-{at}"]


def test_a_contact_of_whom_nothing_is_new_that_we_read_is_not_told(poll: Poll) -> None:
    poll.round()
    poll.account.records["contacts"]["8"]["properties"]["lastmodifieddate"] = "2026-03-10T10:00:00Z"
    asked = len(poll.account.asked)
    assert ids(poll.round(NOW + timedelta(hours=2))) == []
    assert not [path for path, _ in poll.account.asked[asked:] if "associations" in path]


def test_a_company_that_is_renamed_is_told_on_its_deals(poll: Poll) -> None:
    poll.round()
    company = poll.account.records["companies"]["900"]
    company["properties"] |= {"name": "Customer AG", "hs_lastmodifieddate": "2026-03-10T10:00:00Z"}
    company["history"]["name"].insert(0, {"value": "Customer AG", "timestamp": "2026-03-10T10:00:00Z"})
    assert ids(poll.round(NOW + timedelta(hours=2))) == [f"deal-17-account-900-{ms('2026-03-10T10:00:00Z')}"]


def test_a_reply_that_is_logged_later_answers_what_was_told_before(poll: Poll) -> None:
    poll.round()
    poll.account.add(
        "emails",
        "704",
        "2026-03-10T10:00:00.000Z",
        hs_timestamp="2026-03-10T10:00:00Z",
        hs_email_direction="INCOMING_EMAIL",
        hs_email_from_email="cfo@customer.example",
        hs_email_to_email="rep@us.example",
        hs_email_subject="Re: Your offer",
        hs_email_thread_id="T-1",
        hs_email_message_id="<704@mail.example>",
    )
    ((event,),) = (item.events for item in items(poll.round(NOW + timedelta(hours=2))))
    assert isinstance(event, events.Email)
    assert event.data.in_reply_to == "<703@mail.example>"
    assert event.data.references == ("<701@mail.example>", "<703@mail.example>")


def test_a_call_whose_outcome_is_set_later_is_told_anew(poll: Poll) -> None:
    poll.round()
    call = poll.account.records["calls"]["501"]
    call["properties"] |= {"hs_call_disposition": "73a0d17f-1163-4015-bdd5-ec830791da20"}
    call["properties"]["hs_lastmodifieddate"] = "2026-03-10T10:00:00Z"
    version = {"value": "73a0d17f-1163-4015-bdd5-ec830791da20", "timestamp": "2026-03-10T10:00:00Z"}
    call["history"]["hs_call_disposition"].insert(0, version)
    ((event,),) = (item.events for item in items(poll.round(NOW + timedelta(hours=2))))
    assert isinstance(event, events.Call)
    assert (event.id, event.data.connected) == (f"call-501-{ms('2026-03-10T10:00:00Z')}-on-17", False)


def test_a_meeting_whose_outcome_nobody_sets_was_held_a_day_after_it_began(poll: Poll) -> None:
    poll.account.add(
        "meetings",
        "602",
        "2026-03-09T15:00:00.000Z",
        hs_createdate="2026-03-09T15:00:00.000Z",
        hs_timestamp="2026-03-10T08:00:00Z",
        hs_meeting_start_time="2026-03-10T08:00:00Z",
        hs_meeting_outcome="SCHEDULED",
    )
    poll.account.associate("meetings", "602", "deals", "17")
    held = f"meeting-602-held-{ms('2026-03-10T08:00:00Z')}-on-17"
    assert held not in ids(poll.round())
    assert held not in ids(poll.round(NOW + timedelta(hours=12)))
    assert held in ids(poll.round(NOW + timedelta(hours=24)))
    assert ids(poll.round(NOW + timedelta(hours=36))) == []


def test_a_deal_in_the_recycling_bin_is_lost(poll: Poll) -> None:
    poll.account.archived = [{"id": "4", "archived": True, "archivedAt": "2026-03-01T10:00:00Z", "properties": {}}]
    assert not [id for id in ids(poll.round()) if "deleted" in id]
    poll.account.archived += [
        {"id": str(number), "archived": True, "archivedAt": "2026-03-10T10:00:00Z", "properties": {}}
        for number in range(1000, 1150)
    ]
    told = [id for id in ids(poll.round(NOW + timedelta(hours=2))) if "deleted" in id]
    assert len(told) == 150
    assert told[0] == f"deal-1000-deleted-{ms('2026-03-10T10:00:00Z')}"


def test_deals_that_were_merged_live_on_with_their_histories(poll: Poll) -> None:
    poll.round()
    poll.account.add(
        "deals",
        "30",
        "2026-03-10T10:00:00.000Z",
        createdate="2026-03-02T09:00:00.000Z",
        dealname=[("2026-03-02T09:00:00.000Z", "Two hundred seats")],
        hs_merged_object_ids=[("2026-03-10T10:00:00.000Z", "17;18")],
    )
    del poll.account.records["deals"]["17"], poll.account.records["deals"]["18"]
    at = ms("2026-03-10T10:00:00Z")
    assert ids(poll.round(NOW + timedelta(hours=2))) == [
        f"deal-17-merged-{at}",
        f"deal-18-merged-{at}",
        "deal-30-created",
        f"deal-30-dealname-{ms('2026-03-02T09:00:00Z')}",
    ]


def test_the_first_round_goes_back_as_far_as_it_is_told(httpserver: HTTPServer, tmp_path: Path) -> None:
    poll = Poll(httpserver, tmp_path, since="2026-03-06")
    assert {item.place for item in items(poll.round())} == {
        "hubspot:deals/17",
        "hubspot:deals/18",
        "hubspot:meetings/601",
    }


def test_mails_are_left_to_the_mailboxes_if_that_is_said(httpserver: HTTPServer, tmp_path: Path) -> None:
    told = Poll(httpserver, tmp_path, mails=False).round()
    assert not [id for id in ids(told) if id.startswith("email")]
    last = told[-1]
    assert isinstance(last, Complete)
    assert "activity.email" not in last.covers


def test_an_owner_that_nobody_knows_is_said_once_and_the_rest_is_told(poll: Poll) -> None:
    poll.account.owners.clear()
    refused = [item for item in items(poll.round()) if item.refusal]
    assert {item.refusal.reason for item in refused if item.refusal} == {"unmapped"}
    assert all(item.events for item in refused)
    poll.account.records["deals"]["17"]["properties"]["hs_lastmodifieddate"] = "2026-03-10T10:00:00Z"
    assert not [item for item in items(poll.round(NOW + timedelta(hours=2))) if item.refusal]


def test_a_stage_that_people_renamed_is_said(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    poll.account.pipelines[0]["stages"][0]["label"] = "First talk"
    poll.round()
    poll.round(NOW + timedelta(hours=1))
    said = [record.getMessage() for record in caplog.records if record.name == "stallwatch.sources.hubspot"]
    assert said == [
        "hubspot: the stage appointmentscheduled is told as 'Appointment Scheduled'; if it is to be 'First talk', "
        "name it so under hubspot.stages"
    ]


# -- however much it is


def test_everything_is_read_page_by_page_in_order(httpserver: HTTPServer, tmp_path: Path) -> None:
    account = many(450, lambda number: iso(1_772_442_000_000 + 1000 * number))
    told = Poll(httpserver, tmp_path, account).round()
    places = [item.place for item in items(told)]
    assert len(places) == len(set(places)) == 450
    assert sum(len(each.items) > 0 for each in told if isinstance(each, Batch)) == 5


def test_an_import_of_more_than_a_search_gives_in_one_moment_is_read_whole(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    account = many(520, lambda number: iso(1_772_442_000_000 + 1000 * max(0, number - 350)))
    places = [item.place for item in items(Poll(httpserver, tmp_path, account).round())]
    assert len(places) == len(set(places)) == 520


def test_what_is_modified_while_we_read_hides_nothing(httpserver: HTTPServer, tmp_path: Path) -> None:
    account = many(450, lambda number: iso(1_772_442_000_000 + 1000 * number))
    touched = iter(range(1, 30))

    def meanwhile(kind: str) -> None:
        number = next(touched, None)
        if kind == "deals" and number is not None:
            account.records["deals"][str(number)]["properties"]["hs_lastmodifieddate"] = "2026-03-09T10:00:00.000Z"

    account.meanwhile = meanwhile
    places = {item.place for item in items(Poll(httpserver, tmp_path, account).round())}
    assert places == {f"hubspot:deals/{number}" for number in range(1, 451)}


def test_many_associations_are_read_page_by_page(httpserver: HTTPServer, tmp_path: Path) -> None:
    account = many(1, lambda _: "2026-03-02T09:00:00Z")
    for number in range(1, 251):
        account.add("contacts", str(number), "2026-03-01T09:00:00Z", email=f"c{number}@customer.example")
        account.associate("deals", "1", "contacts", str(number))
    told = ids(Poll(httpserver, tmp_path, account).round())
    assert len([id for id in told if id.startswith("contact")]) == 250


def test_a_round_that_broke_off_goes_on_where_it_was(httpserver: HTTPServer, tmp_path: Path) -> None:
    account = many(450, lambda number: iso(1_772_442_000_000 + 60_000 * number))
    searched = 0

    def meanwhile(_kind: str) -> None:
        nonlocal searched
        searched += 1
        if searched == 3:
            raise KeyError("broken")

    account.meanwhile = meanwhile
    poll = Poll(httpserver, tmp_path, account)
    first: Told = []
    with pytest.raises(SourceError):
        first.extend(poll.connection.round({}, NOW))
    (*_, last) = first
    assert isinstance(last, Batch)
    poll.bookmark = dict(last.bookmark)
    # what was told in neither half was never told: the histories of the second half are whole
    rest = poll.round()
    told = {*ids(first), *ids(rest)}
    assert len([id for id in told if id.endswith("created")]) == 450
    assert len([id for id in told if "dealname" in id]) == 450
    assert len(items(rest)) < 450 - 150


# -- when HubSpot does not do as it should

Answer = Callable[[Request], Response]


def json(told: Any, status: int = 200, **headers: str) -> Response:
    return Response(orjson.dumps(told), status, content_type="application/json", headers=headers)


def cut_off(begun: bytes) -> Response:
    """An answer whose end never comes."""
    answer = Response(begun, 200)
    answer.automatically_set_content_length = False
    answer.headers["Content-Length"] = "99"
    return answer


def broken(server: HTTPServer, tmp_path: Path, path: str, answer: Answer, **settings: Any) -> Poll:
    """An account of which one path is answered otherwise."""
    server.expect_request(re.compile(path)).respond_with_handler(answer)
    return Poll(server, tmp_path, **settings)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (lambda _: json({"message": "The OAuth token is expired"}, 401), SourceRefused, "token_file right"),
        (lambda _: json({"message": "missing scope"}, 403), SourceRefused, "scope"),
        (lambda _: json({"message": "no such thing"}, 404), SourceRefused, "no such thing"),
        (lambda _: json({"message": "no"}, 400), SourceRefused, "400"),
        (lambda _: json({"message": "slow down"}, 429, **{"Retry-After": "0"}), SourceUnavailable, "slow down"),
        (lambda _: json({"message": "oh dear"}, 500), SourceUnavailable, "oh dear"),
        (lambda _: Response("<h1>Bad gateway</h1>", 502), SourceUnavailable, "502"),
        (lambda _: Response("<h1>Maintenance</h1>", 200), SourceUnavailable, "no JSON"),
        (lambda _: Response(b'{"results": [', 200), SourceUnavailable, "no JSON"),
        (lambda _: Response(b"[" * 100_000, 200), SourceUnavailable, "no JSON"),
        (lambda _: Response(b"", 200), SourceUnavailable, "no JSON"),
        (lambda _: json([]), SourceUnavailable, "no JSON object"),
        (lambda _: json({}), SourceUnavailable, "without results"),
        (lambda _: json({"results": {}}), SourceUnavailable, "without results"),
        (lambda _: json({"results": [1]}), SourceUnavailable, "without results"),
        (lambda _: Response("", 302, headers={"Location": "/elsewhere"}), SourceUnavailable, "elsewhere"),
        (
            lambda _: Response(b"no gzip at all", 200, headers={"Content-Encoding": "gzip"}),
            SourceUnavailable,
            "broke off",
        ),
        (lambda _: cut_off(b'{"results"'), SourceUnavailable, "broke off"),
    ],
)
@pytest.mark.parametrize("path", ["/crm/v3/owners", "/crm/v3/objects/deals/search", "/crm/v3/objects/deals/batch/read"])
def test_what_is_no_answer_ends_the_round_and_is_told_in_a_line(
    httpserver: HTTPServer, tmp_path: Path, path: str, answer: Answer, error: type[SourceError], said: str
) -> None:
    poll = broken(httpserver, tmp_path, path, answer)
    told: Told = []
    with pytest.raises(error) as caught:
        told.extend(poll.connection.round({}, NOW))
    assert said in str(caught.value)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)
    assert TOKEN not in f"{caught.value!r}{caught.getrepr()}"
    assert not [each for each in told if isinstance(each, Complete)]


def test_what_passes_is_asked_again(httpserver: HTTPServer, tmp_path: Path) -> None:
    for status in (429, 503, 502):
        httpserver.expect_oneshot_request("/crm/v3/owners").respond_with_json({}, status, {"Retry-After": "0"})
    assert ids(Poll(httpserver, tmp_path).round())


@pytest.mark.parametrize(
    "records",
    [
        [{"id": "1", "properties": {}}] * 100,
        [{"properties": {"hs_lastmodifieddate": "2026-03-01T00:00:00Z"}}] * 100,
        [{"id": {}, "properties": {"hs_lastmodifieddate": "2026-03-01T00:00:00Z"}}] * 100,
        [{"id": "1", "properties": {"hs_lastmodifieddate": "soon"}}] * 100,
        [{"id": "1", "properties": {"hs_lastmodifieddate": "1960-03-01T00:00:00Z"}}] * 100,
        [{"id": "1", "properties": {"hs_lastmodifieddate": "1970-01-01T00:00:00Z"}}] * 100,
        [{"id": "1", "properties": None}] * 100,
    ],
)
def test_a_search_that_leads_nowhere_is_not_followed_for_ever(
    httpserver: HTTPServer, tmp_path: Path, records: list[Any]
) -> None:
    poll = broken(httpserver, tmp_path, "/crm/v3/objects/deals/search", lambda _: json({"results": records}))
    with pytest.raises(SourceUnavailable):
        poll.round()


def test_a_list_that_never_ends_is_not_followed_for_ever(httpserver: HTTPServer, tmp_path: Path) -> None:
    told = {"results": [], "paging": {"next": {"after": "7"}}}
    with pytest.raises(SourceUnavailable, match="same page"):
        broken(httpserver, tmp_path, "/crm/v3/owners", lambda _: json(told)).round()


def test_associations_that_never_end_are_not_followed_for_ever(httpserver: HTTPServer, tmp_path: Path) -> None:
    def answer(request: Request) -> Response:
        asked = orjson.loads(request.data)["inputs"]
        following = {"next": {"after": "7"}}
        return json({"results": [{"from": {"id": each["id"]}, "to": [], "paging": following} for each in asked]})

    with pytest.raises(SourceUnavailable, match="same page"):
        broken(httpserver, tmp_path, "/crm/v4/associations/.*", answer).round()


@pytest.mark.parametrize(
    "told",
    [
        {"results": [{"from": {"id": "999"}, "to": []}]},
        {"results": [{"from": None, "to": []}]},
        {"results": [{"from": {"id": "17"}, "to": None}]},
        {"results": [], "errors": [{"category": "INTERNAL", "message": "oh dear"}]},
        {"results": [], "errors": ["oh dear"]},
    ],
)
def test_an_answer_to_something_else_is_none(httpserver: HTTPServer, tmp_path: Path, told: Any) -> None:
    with pytest.raises(SourceUnavailable):
        broken(httpserver, tmp_path, "/crm/v4/associations/.*", lambda _: json(told, 207)).round()


def test_records_that_are_odd_are_refused_one_by_one(poll: Poll) -> None:
    for kind, name in (
        ("deals", "amount"),
        ("contacts", "email"),
        ("companies", "name"),
        ("emails", "hs_email_subject"),
    ):
        for record in poll.account.records[kind].values():
            record["properties"][name] = {"not": "a text"}
            record["history"].pop(name, None)
            record["properties"]["createdate"] = ["neither"]
    told = poll.round()
    assert isinstance(told[-1], Complete)
    assert len([item for item in items(told) if item.refusal]) >= 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20) | st.sampled_from(["17", MONDAY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
PATHS = [
    "/crm/v3/owners",
    "/crm/v3/pipelines/deals",
    "/crm/v3/objects/deals",
    *(f"/crm/v3/objects/{kind}/{what}" for kind in KINDS for what in ("search", "batch/read")),
    "/crm/v4/associations/deals/contacts/batch/read",
    "/crm/v4/associations/emails/deals/batch/read",
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(PATHS), JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=5), max_size=3))
def test_whatever_it_answers_is_read_refused_or_told(
    httpserver: HTTPServer, tmp_path: Path, path: str, results: Any
) -> None:
    httpserver.clear()
    poll = broken(httpserver, tmp_path, f"{path}$", lambda _: json({"results": results}))
    poll.bookmark = {"deals": {"at": "2020-01-01T00:00:00+00:00", "whole": "2020-01-01T00:00:00+00:00"}}
    with suppress(SourceError):
        assert all(isinstance(item, Item) for item in items(poll.round()))


def test_a_host_that_hangs_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        section = HubSpot(
            token_file=tmp_path / "token",
            api_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            timeout_seconds=0.05,
        )
        with pytest.raises(SourceUnavailable, match="/crm/v3/owners"):
            list(HubSpotConnection(section, backoff=0).round({}, NOW))


def test_a_host_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(SourceUnavailable, match="no connection"):
        list(HubSpotConnection(HubSpot(token_file=tmp_path / "token", api_url=url), backoff=0).round({}, NOW))


def test_a_token_of_another_account_is_refused(httpserver: HTTPServer, tmp_path: Path) -> None:
    poll = Poll(httpserver, tmp_path)
    (tmp_path / "token").write_text("pat-of-somebody-else")
    with pytest.raises(SourceRefused, match="token_file"):
        poll.round()
    (tmp_path / "token").write_text("schlüssel")
    with pytest.raises(SourceRefused, match="no token"):
        poll.round()
    (tmp_path / "token").unlink()
    with pytest.raises(SourceRefused, match="No such file"):
        poll.round()


def test_a_netrc_file_does_not_replace_the_token(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login a password b")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert ids(Poll(httpserver, tmp_path).round())


def test_the_token_stands_in_no_log(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    poll.round()
    assert TOKEN not in caplog.text


def test_without_a_token_file_there_is_no_connection() -> None:
    with pytest.raises(SourceRefused, match="token_file"):
        HubSpotConnection(HubSpot())


@pytest.mark.parametrize(
    "url", ["http://api.hubapi.com", "ftp://api.hubapi.com", "file:///etc/passwd", "api.hubapi.com"]
)
def test_the_token_is_sent_nowhere_without_https(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        HubSpot(api_url=url)


def test_the_overlap_is_longer_than_what_is_left_to_settle() -> None:
    assert OVERLAP > SETTLED

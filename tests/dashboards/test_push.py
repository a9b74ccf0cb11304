"""Pushing into Grafana: what becomes of it, and what is said when it does not."""

from collections.abc import Iterator

import pytest

from dashboards.catalogue import boards
from dashboards.grafana import Grafana, GrafanaError, GrafanaRejected, GrafanaUnavailable, Patience
from dashboards.push import Change, push
from streams.demo.processes import free_port
from tests.dashboards.grafana_double import (
    PASSWORD,
    TOKEN,
    USER,
    Answer,
    GrafanaDouble,
    answer,
    grafana_double,
    refusal,
)

PROMETHEUS = "http://prometheus:9090"
PAGES = "https://deals.us.example"
QUICK = Patience(timeout=0.5, retries=2, backoff=0.01)
UIDS = list(boards())
# the last one that is pushed, and the first
BOARD, FIRST = "stallwatch-pipeline-health", UIDS[0]


@pytest.fixture
def grafana() -> Iterator[GrafanaDouble]:
    with grafana_double() as double:
        yield double


def pushed(grafana: GrafanaDouble, **changed: str | None) -> list[str]:
    """The outcomes of a push, in order."""
    usual = {"url": grafana.url, "token": TOKEN, "prometheus_url": PROMETHEUS, "deal_page": PAGES}
    return [change.outcome for change in push(**{**usual, **changed}, patience=QUICK)]  # type: ignore[arg-type]


def outcomes(folder: str, source: str, board: str, others: str = "unchanged") -> list[str]:
    """What a push comes to: of the folder, the data source, `BOARD`, and the other dashboards."""
    return [folder, source, *(board if uid == BOARD else others for uid in UIDS)]


def refused(grafana: GrafanaDouble, error: type[GrafanaError], **changed: str | None) -> str:
    """What is said when a push fails: one line, without any secret."""
    with pytest.raises(error) as caught:
        pushed(grafana, **changed)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert "canary" not in text
    return text


def test_the_first_push_brings_folder_data_source_and_dashboards(grafana: GrafanaDouble) -> None:
    assert push(grafana.url, token=TOKEN, prometheus_url=PROMETHEUS, deal_page=PAGES) == [
        Change("folder", "stallwatch", "created"),
        Change("data source", "stallwatch-prometheus", "created"),
        *(Change("dashboard", uid, "created") for uid in boards()),
    ]
    assert grafana.folders["stallwatch"]["title"] == "Stallwatch"
    assert grafana.sources["stallwatch-prometheus"]["url"] == PROMETHEUS
    stored = grafana.boards[BOARD]
    assert stored["meta"]["folderUid"] == "stallwatch"
    assert {**boards(PAGES)[BOARD], "id": 11, "version": 1} == stored["dashboard"]


def test_a_second_push_changes_nothing(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.asked.clear()
    assert set(pushed(grafana)) == {"unchanged"}
    assert all(request.startswith("GET ") for request in grafana.asked)


def test_what_was_changed_by_hand_is_put_right(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.folders["stallwatch"]["title"] = "Sales"
    grafana.sources["stallwatch-prometheus"] |= {"url": "http://elsewhere:9090", "basicAuth": True}
    grafana.boards[BOARD]["dashboard"] |= {"title": "Mine now", "version": 9}
    assert pushed(grafana) == outcomes("updated", "updated", "updated")
    assert grafana.folders["stallwatch"]["title"] == "Stallwatch"
    assert grafana.sources["stallwatch-prometheus"]["url"] == PROMETHEUS
    assert grafana.sources["stallwatch-prometheus"]["basicAuth"] is True  # not ours to change
    assert grafana.boards[BOARD]["dashboard"]["title"] == "Pipeline health"
    assert set(pushed(grafana)) == {"unchanged"}


def test_what_grafana_adds_to_a_dashboard_is_no_reason_to_write_it_again(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    for stored in grafana.boards.values():
        stored["dashboard"] |= {"schemaVersion": 42, "weekStart": "", "preload": False}
    assert set(pushed(grafana)) == {"unchanged"}


def test_a_panel_that_somebody_added_is_taken_away(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    panels = grafana.boards[BOARD]["dashboard"]["panels"]
    grafana.boards[BOARD]["dashboard"]["panels"] = [*panels, {"type": "text", "title": "mine"}]
    assert pushed(grafana) == outcomes("unchanged", "unchanged", "updated")
    assert grafana.boards[BOARD]["dashboard"]["panels"] == panels


def test_a_dashboard_in_another_folder_is_brought_back(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.boards[BOARD]["meta"]["folderUid"] = "general"
    assert pushed(grafana) == outcomes("unchanged", "unchanged", "updated")
    assert grafana.boards[BOARD]["meta"]["folderUid"] == "stallwatch"


def test_another_address_of_the_deals_pages_changes_the_dashboards_only(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    found = pushed(grafana, deal_page="https://elsewhere.us.example")
    assert found == outcomes("unchanged", "unchanged", "updated", others="updated")


def test_a_user_and_password_do_as_well_as_a_token(grafana: GrafanaDouble) -> None:
    assert pushed(grafana, token=None, user=USER, password=PASSWORD) == ["created"] * (2 + len(UIDS))


@pytest.mark.parametrize(
    "given",
    [{"token": None}, {"user": USER}, {"token": None, "user": USER}, {"token": None, "password": PASSWORD}],
)
def test_half_or_double_credentials_are_refused(grafana: GrafanaDouble, given: dict[str, str | None]) -> None:
    assert "either a token, or a user and a password" in refused(grafana, GrafanaRejected, **given)


def test_a_token_read_from_a_file_may_end_in_a_line_break(grafana: GrafanaDouble) -> None:
    assert pushed(grafana, token=TOKEN + "\n")


def test_grafana_may_live_under_a_path(grafana: GrafanaDouble) -> None:
    assert pushed(grafana, url=grafana.url + "/monitoring/") == ["created"] * (2 + len(UIDS))


def test_somebody_who_writes_at_the_same_moment_is_waited_for(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.boards[BOARD]["dashboard"]["title"] = "Mine now"
    busy = iter([True])

    def somebody_saves(method: str, path: str) -> None:
        if method == "POST" and path == "/api/dashboards/db" and next(busy, False):
            grafana.boards[BOARD]["dashboard"]["version"] += 1

    grafana.before = somebody_saves
    assert pushed(grafana) == outcomes("unchanged", "unchanged", "updated")


def test_somebody_who_never_stops_writing_is_named(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.boards[BOARD]["dashboard"]["title"] = "Mine now"

    def somebody_saves(method: str, path: str) -> None:
        if method == "POST":
            grafana.boards[BOARD]["dashboard"]["version"] += 1

    grafana.before = somebody_saves
    text = refused(grafana, GrafanaRejected)
    assert text == (f"{grafana.url}: cannot save dashboard {BOARD}: 412 The dashboard has been changed by someone else")
    assert grafana.asked.count("POST /api/dashboards/db") == len(UIDS) + 3


def test_another_data_source_of_that_name_is_named(grafana: GrafanaDouble) -> None:
    grafana.sources["other"] = {"name": "Stallwatch Prometheus", "uid": "other"}
    assert refused(grafana, GrafanaRejected) == (
        f"{grafana.url}: cannot create data source stallwatch-prometheus: "
        "409 data source with the same name already exists"
    )


def test_what_grafana_has_from_files_is_left_to_the_files(grafana: GrafanaDouble) -> None:
    pushed(grafana)
    grafana.sources["stallwatch-prometheus"]["readOnly"] = True
    grafana.provisioned.update(UIDS)
    assert set(pushed(grafana)) == {"unchanged"}
    assert "403 Cannot update read-only data source" in refused(
        grafana, GrafanaRejected, prometheus_url="http://elsewhere:9090"
    )
    assert "400 Cannot save provisioned dashboard" in refused(grafana, GrafanaRejected, deal_page="https://x.example")


def test_wrong_credentials_are_refused_and_not_repeated(grafana: GrafanaDouble) -> None:
    text = refused(grafana, GrafanaRejected, token="glsa_canary_wrong")
    assert text == f"{grafana.url}: cannot read folder stallwatch: 401 Invalid username or password"


@pytest.mark.parametrize("token", ["", " ", "glsa_canary\nX-Evil: 1", "glsa_canary_ä"])
def test_a_token_that_is_none_is_refused_without_asking(grafana: GrafanaDouble, token: str) -> None:
    assert "token" in refused(grafana, GrafanaRejected, token=token)
    assert grafana.asked == []


def html(status: int) -> Answer:
    return status, "text/html; charset=utf-8", b"<html><title>message of the day</title></html>"


@pytest.mark.parametrize(
    ("odd", "error", "said"),
    [
        (refusal(403, "You'll need additional permissions"), GrafanaRejected, "403 You'll need additional permissions"),
        ((403, "text/plain", b"no message for you"), GrafanaRejected, "403 'no message for you'"),
        ((500, "text/plain", b"an error message"), GrafanaUnavailable, "500 'an error message'"),
        (answer(500, ["message"]), GrafanaUnavailable, "500 '[\"message\"]'"),
        (answer(500, {"message": None}), GrafanaUnavailable, "500 Internal Server Error"),
        (html(502), GrafanaUnavailable, "502 an HTML page"),
        ((503, "text/plain", b""), GrafanaUnavailable, "503 nothing"),
        ((429, "text/plain", b"slow down"), GrafanaUnavailable, "429 'slow down'"),
        (html(200), GrafanaRejected, "answered an HTML page where Grafana's JSON was expected"),
        ((200, "application/json", b""), GrafanaRejected, "answered nothing where Grafana's JSON was expected"),
        ((200, "application/json", b'{"uid": '), GrafanaRejected, "where Grafana's JSON was expected"),
        (answer(200, []), GrafanaRejected, "where Grafana's JSON was expected"),
        ((200, "text/plain", b"\x1b[31mred\nlines\x00"), GrafanaRejected, "red lines"),
        (
            (302, "text/html", b"https://sso.us.example/login?canary=1"),
            GrafanaRejected,
            "https://sso.us.example/login;",
        ),
    ],
)
def test_whatever_grafana_answers_is_one_of_two_errors(
    grafana: GrafanaDouble, odd: Answer, error: type[Exception], said: str
) -> None:
    grafana.instead = lambda _method, _path: odd
    text = refused(grafana, error)
    assert text.startswith(f"{grafana.url}: cannot read folder stallwatch: ")
    assert said in text


@pytest.mark.parametrize("path", ["/api/folders", "/api/datasources", "/api/dashboards/db"])
def test_each_refused_write_says_what_was_to_be_written(grafana: GrafanaDouble, path: str) -> None:
    grafana.instead = lambda _, asked: refusal(403, "no") if asked == path else None
    deed = {
        "/api/folders": "create folder stallwatch",
        "/api/datasources": "create data source stallwatch-prometheus",
        "/api/dashboards/db": f"save dashboard {FIRST}",
    }[path]
    assert refused(grafana, GrafanaRejected) == f"{grafana.url}: cannot {deed}: 403 no"


def test_json_that_holds_no_dashboard_is_no_dashboard(grafana: GrafanaDouble) -> None:
    grafana.instead = lambda _, path: answer(200, {"uid": BOARD}) if path.startswith("/api/dashboards/uid") else None
    assert "answered JSON that holds no dashboard" in refused(grafana, GrafanaRejected)


def test_a_grafana_that_comes_back_is_asked_again(grafana: GrafanaDouble) -> None:
    troubles = iter([html(502), refusal(503, "starting")])
    grafana.instead = lambda _method, _path: next(troubles, None)
    assert pushed(grafana) == ["created"] * (2 + len(UIDS))
    assert grafana.asked[:3] == ["GET /api/folders/stallwatch"] * 3


def test_a_write_whose_answer_got_lost_is_not_done_twice(grafana: GrafanaDouble) -> None:
    lost = iter([True])

    def written_but_lost(method: str, path: str) -> Answer | None:
        if (method, path) == ("POST", "/api/folders") and next(lost, False):
            grafana.folders["stallwatch"] = {"uid": "stallwatch", "title": "Stallwatch", "version": 1}
            return html(504)
        return None

    grafana.instead = written_but_lost
    assert pushed(grafana) == outcomes("unchanged", "created", "created", others="created")


def test_a_push_that_broke_off_in_the_middle_is_finished_by_the_next(grafana: GrafanaDouble) -> None:
    grafana.instead = lambda _, path: html(200) if path == f"/api/dashboards/uid/{BOARD}" else None
    text = refused(grafana, GrafanaRejected)
    assert text == (
        f"{grafana.url}: cannot read dashboard {BOARD}: answered an HTML page where Grafana's JSON was expected"
    )
    assert list(grafana.boards) == UIDS[:-1]

    grafana.instead = lambda _method, _path: None
    assert pushed(grafana) == outcomes("unchanged", "unchanged", "created")
    assert set(pushed(grafana)) == {"unchanged"}


def test_grafana_that_never_comes_back_is_given_up(grafana: GrafanaDouble) -> None:
    grafana.instead = lambda _method, _path: html(502)
    refused(grafana, GrafanaUnavailable)
    assert len(grafana.asked) == 1 + QUICK.retries


def test_a_refusal_is_not_asked_again(grafana: GrafanaDouble) -> None:
    grafana.instead = lambda _method, _path: refusal(403, "no")
    refused(grafana, GrafanaRejected)
    assert len(grafana.asked) == 1


def test_nobody_at_the_door_is_unavailable(grafana: GrafanaDouble) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    text = refused(grafana, GrafanaUnavailable, url=url)
    assert text.startswith(f"{url}: cannot read folder stallwatch: [")
    assert text.endswith("] Connection refused")


def test_a_grafana_that_hangs_is_given_up(grafana: GrafanaDouble) -> None:
    def hang(_method: str, _path: str) -> None:
        grafana.hanging.wait()

    grafana.before = hang
    text = refused(grafana, GrafanaUnavailable)
    assert text == f"{grafana.url}: cannot read folder stallwatch: Read timed out. (read timeout=0.5)"


def test_a_grafana_that_breaks_off_is_unavailable(grafana: GrafanaDouble) -> None:
    def break_off(_method: str, _path: str) -> None:
        raise ConnectionAbortedError

    grafana.before = break_off
    text = refused(grafana, GrafanaUnavailable)
    assert text == f"{grafana.url}: cannot read folder stallwatch: Remote end closed connection without response"


def test_a_name_that_does_not_exist_is_unavailable(grafana: GrafanaDouble) -> None:
    text = refused(grafana, GrafanaUnavailable, url="http://grafana.invalid")
    assert text.startswith("http://grafana.invalid: cannot read folder stallwatch: ")


@pytest.mark.parametrize(
    "url",
    [
        "grafana:3000",
        "ftp://grafana",
        "http://",
        "http://grafana:port",
        "",
        "http://ops:canary@grafana",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_none_is_refused(grafana: GrafanaDouble, url: str) -> None:
    assert "not the address of a Grafana" in refused(grafana, GrafanaRejected, url=url)


@pytest.mark.parametrize("name", ["prometheus_url", "deal_page"])
@pytest.mark.parametrize("address", ["", "prometheus:9090", "javascript:alert(1)", "//prometheus"])
def test_an_address_that_grafana_could_not_use_is_refused(grafana: GrafanaDouble, name: str, address: str) -> None:
    refused(grafana, GrafanaRejected, **{name: address})
    assert grafana.asked == []


@pytest.mark.parametrize("uid", ["../../admin/settings", "", "a" * 41, "a?b=c", "a/b", "ä"])
def test_a_uid_that_would_lead_elsewhere_is_refused(grafana: GrafanaDouble, uid: str) -> None:
    client = Grafana(grafana.url, TOKEN, QUICK)
    for read in (client.folder, client.data_source, client.dashboard):
        with pytest.raises(GrafanaRejected):
            read(uid)
    with pytest.raises(GrafanaRejected):
        client.save_dashboard({"uid": uid}, "stallwatch", "")
    assert grafana.asked == []

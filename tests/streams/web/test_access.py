"""Who gets in: by a token, a session or a trusted proxy; asked over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from time import time
from typing import Any

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from itsdangerous import TimestampSigner, base64_encode
from pydantic import SecretStr
from yarl import URL

from streams.settings import Http, Settings, SettingsError
from streams.web.access import SESSION_SECONDS, Access, of
from streams.web.people import Listed, People
from streams.web.server import build
from tests.streams.sample_deals import Shelf, crm, day, ping_pong

TOKENS = {name: f"{name}-0123456789abcdef" for name in ("ann", "bob", "boss", "ops")}
PEOPLE: People = {
    "ann@us.example": Listed(role="rep", token=SecretStr(TOKENS["ann"])),
    "bob@us.example": Listed(role="rep", token=SecretStr(TOKENS["bob"])),
    "boss@us.example": Listed(role="manager", token=SecretStr(TOKENS["boss"])),
    "ops@us.example": Listed(role="ops", token=SecretStr(TOKENS["ops"])),
}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
Client = TestClient[Request, Application]


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf(day(7))
    shelf.add("ann-1", crm(owner="ann@us.example", team="emea"), *ping_pong(3))
    shelf.add("bob-1", crm(owner="bob@us.example", team="emea"))
    shelf.add("cy-1", crm(owner="cy@us.example", team="apac"))
    return shelf


@asynccontextmanager
async def serving(shelf: Shelf, people: People = PEOPLE, url: str = "", **http: Any) -> AsyncIterator[Client]:
    site = build(shelf, access=Access(Http(**http), people, url))
    async with TestClient(TestServer(site), cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


async def ids(client: Client, headers: dict[str, str]) -> set[str]:
    answer = await client.get("/deals", headers=JSON | headers)
    assert answer.status == 200
    return {each["deal_id"] for each in await answer.json()}


async def log_in(client: Client, name: str, to: str = "/deals") -> Any:
    return await client.post("/log-in", data={"token": TOKENS[name], "to": to}, allow_redirects=False)


# -- what each of them sees


async def test_each_sees_the_deals_that_are_theirs(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        assert await ids(client, bearer("ann")) == {"ann-1"}
        assert await ids(client, bearer("boss")) == {"ann-1", "bob-1"}
        assert await ids(client, bearer("ops")) == {"ann-1", "bob-1", "cy-1"}


async def test_who_manages_another_team_sees_nothing_of_this_one(shelf: Shelf) -> None:
    everybody = {address: person for address, person in PEOPLE.items() if address != "boss@us.example"}
    elsewhere = {"chief@us.example": Listed(role="manager", token=SecretStr(TOKENS["boss"]))}
    async with serving(shelf, everybody | elsewhere) as client:
        assert await ids(client, bearer("boss")) == set()
        for path in ("/deals?team=emea", "/deals?owner=ann%40us.example", "/deals"):
            page = await (await client.get(path, headers=BROWSER | bearer("boss"))).text()
            assert all(name not in page.replace(path.partition("?")[2], "") for name in ("ann-1", "bob-1", "cy-1"))
        assert (await client.get("/deals/ann-1", headers=JSON | bearer("boss"))).status == 404


@pytest.mark.parametrize("accept", [BROWSER, JSON])
async def test_a_deal_that_is_not_theirs_is_like_one_that_is_not_there(shelf: Shelf, accept: dict[str, str]) -> None:
    async with serving(shelf) as client:
        hidden = await client.get("/deals/bob-1", headers=accept | bearer("ann"))
        absent = await client.get("/deals/bob-2", headers=accept | bearer("ann"))

        assert (hidden.status, absent.status) == (404, 404)
        assert (await hidden.text()).replace("bob-1", "bob-2") == await absent.text()
        assert (await client.get("/deals/ann-1", headers=accept | bearer("ann"))).status == 200


async def test_the_filters_of_a_rep_name_nobody_else(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        page = await (await client.get("/deals", headers=BROWSER | bearer("ann"))).text()

        assert "bob" not in page
        assert "apac" not in page


async def test_a_deal_of_another_worker_is_asked_for_there_and_judged_there(shelf: Shelf) -> None:
    shelf.other = "http://worker-2:8787"
    async with serving(shelf) as client:
        answer = await client.get("/deals/x", headers=bearer("ann"), allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (307, "http://worker-2:8787/deals/x")
        assert (await client.get("/deals/bob-1", headers=bearer("ann"), allow_redirects=False)).status == 404
        assert (await client.get("/deals/x", allow_redirects=False)).status == 401


async def test_only_ops_reload_the_rules(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        assert (await client.post("/-/reload")).status == 401
        assert (await client.post("/-/reload", headers=bearer("boss"))).status == 403
        assert shelf.reloads == 0
        assert (await client.post("/-/reload", headers=bearer("ops"))).status == 200


# -- who gets in


@pytest.mark.parametrize("path", ["/deals", "/deals/ann-1", "/deals/nothing", "/catalogue"])
async def test_without_a_token_nothing_is_shown(shelf: Shelf, path: str) -> None:
    async with serving(shelf) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
            refused = await client.get(path, headers=JSON | headers)
            assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="stallwatch"')
        led = await client.get(path, headers=BROWSER, allow_redirects=False)
        assert (led.status, led.headers["Location"]) == (303, str(URL("/log-in").with_query(to=path)))


async def test_metrics_are_for_who_bears_their_token_and_for_nobody_on_the_pages(shelf: Shelf) -> None:
    token = "canary-of-prometheus"
    async with serving(shelf, metrics_token=SecretStr(token)) as client:
        for headers in ({}, bearer("ann"), bearer("boss"), {"Authorization": f"Basic {token}"}):
            assert (await client.get("/metrics", headers=headers)).status == 401
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})).status == 200
        assert (await client.get("/healthz")).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
async def test_machines_need_no_token_for_what_names_nobody(shelf: Shelf, path: str) -> None:
    async with serving(shelf) as client:
        assert (await client.get(path)).status == 200


async def test_a_browser_logs_in_with_a_token_and_goes_on_where_it_was(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        form = await client.get("/log-in?to=%2Fdeals%2Fann-1", headers=BROWSER)
        assert 'name="to" value="/deals/ann-1"' in await form.text()

        entered = await log_in(client, "ann", "/deals/ann-1")
        assert (entered.status, entered.headers["Location"]) == (303, "/deals/ann-1")

        page = await client.get("/deals/ann-1", headers=BROWSER)
        assert page.status == 200
        assert "ann@us.example" in await page.text()
        assert (await client.get("/deals/bob-1")).status == 404

        left = await client.post("/log-out", allow_redirects=False)
        assert (left.status, left.headers["Location"]) == (303, "/log-in")
        assert (await client.get("/deals", headers=JSON)).status == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        cookie = (await log_in(client, "ann")).cookies["stallwatch"]
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
        assert TOKENS["ann"] not in cookie.value
        assert int(cookie["max-age"]) == SESSION_SECONDS
    async with serving(shelf, url="https://deals.us.example") as client:
        cookie = (await log_in(client, "ann")).cookies["__Host-stallwatch"]
        assert (cookie["httponly"], cookie["secure"], cookie["path"], cookie["domain"]) == (True, True, "/", "")


async def test_a_session_holds_with_every_worker_and_ends_with_its_token(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        cookie = (await log_in(client, "ann")).cookies["stallwatch"].value
    headers = JSON | {"Cookie": f"stallwatch={cookie}"}
    async with serving(shelf) as other:
        assert await ids(other, headers) == {"ann-1"}
        bobs = base64_encode("bob@us.example").decode() + cookie[cookie.index(".") :]
        for changed in (cookie.swapcase(), cookie[1:], cookie[:-2], bobs, bobs.partition(".")[0], "", "x" * 5_000):
            assert (await other.get("/deals", headers=JSON | {"Cookie": f"stallwatch={changed}"})).status == 401
    renewed = {**PEOPLE, "ann@us.example": Listed(role="rep", token=SecretStr("another-0123456789"))}
    async with serving(shelf, renewed) as after:
        assert (await after.get("/deals", headers=headers)).status == 401
    fewer = {address: each for address, each in PEOPLE.items() if not address.startswith("ann")}
    async with serving(shelf, fewer) as after:
        assert (await after.get("/deals", headers=headers)).status == 401
    more = {**PEOPLE, "new@us.example": Listed(role="ops", token=SecretStr("another-0123456789"))}
    async with serving(shelf, more) as after:
        assert await ids(after, headers) == {"ann-1"}


async def test_a_session_is_over_after_a_week(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(shelf) as client:
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(time()) - SESSION_SECONDS - 1)
        cookie = (await log_in(client, "ann")).cookies["stallwatch"].value
        monkeypatch.undo()
        client.session.cookie_jar.clear()
        assert (await client.get("/deals", headers=JSON | {"Cookie": f"stallwatch={cookie}"})).status == 401


@pytest.mark.parametrize(
    "to",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", "/dealsx", "/-/reload"],
)
async def test_a_log_in_leads_to_no_other_site(shelf: Shelf, to: str) -> None:
    async with serving(shelf) as client:
        assert (await log_in(client, "ann", to)).headers["Location"] == "/deals"


async def test_a_wrong_token_is_told_and_not_repeated(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        refused = await client.post("/log-in", data={"token": 'wr0ng"><b>', "to": "/deals"}, headers=BROWSER)
        assert refused.status == 401
        assert "wr0ng" not in await refused.text()
        assert "Nobody has this token" in await refused.text()
        assert not refused.cookies


async def test_who_guesses_is_not_heard_for_a_while(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        for _ in range(10):
            assert (await client.post("/log-in", data={"token": "guess"})).status == 401
        for answer in (await log_in(client, "ann"), await client.get("/deals", headers=bearer("ann"))):
            assert answer.status == 429
            assert 1 <= int(answer.headers["Retry-After"]) <= 60


async def test_behind_a_proxy_one_who_guesses_keeps_nobody_else_out(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        for number in range(11):
            # what stands before the proxy's own word is the visitor's invention
            stranger = {"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.7"}
            answer = await client.post("/log-in", data={"token": "guess"}, headers=stranger)
        assert answer.status == 429
        assert (await client.get("/deals", headers=bearer("ann") | {"X-Forwarded-For": "203.0.113.8"})).status == 200


async def test_who_was_in_stays_in_while_somebody_else_guesses(shelf: Shelf) -> None:
    async with serving(shelf) as client:
        cookie = (await log_in(client, "ann")).cookies["stallwatch"].value
        for _ in range(11):
            await client.post("/log-in", data={"token": "guess"})
        assert await ids(client, {"Cookie": f"stallwatch={cookie}"}) == {"ann-1"}


@pytest.mark.parametrize("length", [20_000, 2_000_000])
async def test_a_large_body_is_refused(shelf: Shelf, length: int) -> None:
    async with serving(shelf) as client:
        assert (await client.post("/log-in", data={"token": "x" * length})).status == 413


# -- other sites


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://deals.us.example"}, False),
        ({"Origin": "https://deals.us.example"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "https://deals.us.example.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[::bad"}, False),
    ],
)
async def test_no_other_site_posts_in_somebodys_name(shelf: Shelf, headers: dict[str, str], is_taken: bool) -> None:
    async with serving(shelf, url="https://deals.us.example") as client:
        for path, data in (("/log-in", {"token": TOKENS["ann"]}), ("/log-out", None)):
            answer = await client.post(path, data=data, headers=headers | bearer("ann"), allow_redirects=False)
            assert answer.status == (303 if is_taken else 403)


@pytest.mark.parametrize(
    ("host", "is_told"),
    [
        ("127.0.0.1:8787", True),
        ("localhost:8787", True),
        ("[::1]:8787", True),
        ("deals.us.example", True),
        ("deals.us.example:443", True),
        ("evil.example:8787", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[::bad", False),
    ],
)
async def test_where_nobody_is_asked_no_other_name_leads_here(shelf: Shelf, host: str, is_told: bool) -> None:
    async with serving(shelf, {}, url="https://deals.us.example") as client:
        for path in ("/deals", "/deals/ann-1"):
            assert (await client.get(path, headers={"Host": host})).status == (200 if is_told else 421)
        assert (await client.get("/metrics", headers={"Host": host})).status == 200
    async with serving(shelf, {}, host="0.0.0.0", open=True) as client:
        assert (await client.get("/deals", headers={"Host": host})).status == 200


# -- a proxy that says who it is


async def test_a_trusted_proxy_says_who_it_is(shelf: Shelf) -> None:
    async with serving(shelf, {}, trust_header="X-Forwarded-User") as client:
        assert await ids(client, {"X-Forwarded-User": "Ann@US.example"}) == {"ann-1"}
        assert await ids(client, {"X-Forwarded-User": "boss@us.example"}) == {"ann-1", "bob-1"}
        assert (await client.get("/deals", headers=BROWSER, allow_redirects=False)).status == 401
        assert (await client.get("/log-in", headers=BROWSER)).status == 404


async def test_nobody_else_is_believed(shelf: Shelf) -> None:
    elsewhere = (ip_network("192.0.2.0/24"),)
    async with serving(shelf, {}, trust_header="X-Forwarded-User", trust_from=elsewhere) as client:
        assert (await client.get("/deals", headers={"X-Forwarded-User": "ann@us.example"})).status == 401


@pytest.mark.parametrize(
    "told", [["ann@us.example", "bob@us.example"], ["ann@us.example, bob@us.example"], [""], ["x"]]
)
async def test_of_two_names_none_is_believed(shelf: Shelf, told: list[str]) -> None:
    async with serving(shelf, {}, trust_header="X-Forwarded-User") as client:
        answer = await client.get("/deals", headers=[("X-Forwarded-User", each) for each in told])
        assert answer.status == 401


async def test_the_file_says_who_of_the_proxys_people_are_ops(shelf: Shelf) -> None:
    people: People = {"eve@us.example": Listed(role="ops")}
    async with serving(shelf, people, trust_header="X-Forwarded-User") as client:
        assert (await client.post("/-/reload", headers={"X-Forwarded-User": "eve@us.example"})).status == 200
        assert (await client.post("/-/reload", headers={"X-Forwarded-User": "ann@us.example"})).status == 403


# -- at the start


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.3.2.1"])
def test_on_loopback_nobody_is_asked(host: str) -> None:
    assert of(Settings(http=Http(host=host))).is_open


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "deals.us.example"])
def test_off_loopback_it_does_not_start_without_knowing_who_may_look(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^STALLWATCH_HTTP__HOST: {host} is open to other machines: "):
        of(Settings(http=Http(host=host)))
    people = tmp_path / "people.yaml"
    people.write_text("ann@us.example: {role: rep, token: 0123456789abcdef}\n")
    assert not of(Settings(http=Http(host=host, people=people))).is_open
    assert not of(Settings(http=Http(host=host, trust_header="X-User"))).is_open
    assert of(Settings(http=Http(host=host, open=True))).is_open


def test_settings_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    people = tmp_path / "people.yaml"
    people.write_text("ann@us.example: {role: rep}\n")
    with pytest.raises(SettingsError, match=r"nobody in .* has a token"):
        of(Settings(http=Http(people=people)))
    with pytest.raises(SettingsError, match="STALLWATCH_HTTP__OPEN"):
        of(Settings(http=Http(open=True, trust_header="X-User")))


# -- when the people file is read again


async def test_who_is_taken_off_the_list_is_out_and_who_is_put_on_it_comes_in(shelf: Shelf) -> None:
    access = Access(Http(), PEOPLE, "")
    async with TestClient(TestServer(build(shelf, access=access)), cookie_jar=CookieJar(unsafe=True)) as client:
        assert (await log_in(client, "ann")).status == 303
        assert await ids(client, {}) == {"ann-1"}

        others = {name: listed for name, listed in PEOPLE.items() if name != "ann@us.example"}
        access.take(others | {"cy@us.example": Listed(role="rep", token=SecretStr("cy-0123456789abcdef"))})

        assert (await client.get("/deals", headers=JSON)).status == 401
        assert (await client.get("/deals", headers=JSON | bearer("ann"))).status == 401
        assert await ids(client, {"Authorization": "Bearer cy-0123456789abcdef"}) == {"cy-1"}
        assert await ids(client, bearer("bob")) == {"bob-1"}


@pytest.mark.parametrize(
    ("written", "refused"),
    [
        ("ann@us.example: {role: chief, token: canary-0123456789}\n", r":1: ann@us\.example\.role: "),
        ("ann@us.example: {role: rep}\n", "nobody in .* has a token"),
        ("", "nobody in .* has a token"),
        ("[", r"people\.yaml"),
        (None, r"people\.yaml"),
    ],
)
def test_a_bad_people_file_lets_nobody_in_and_puts_nobody_out(
    written: str | None, refused: str, tmp_path: Path
) -> None:
    people = tmp_path / "people.yaml"
    people.write_text("ann@us.example: {role: rep, token: 0123456789abcdef}\n")
    access = of(Settings(http=Http(people=people)))
    if written is None:
        people.unlink()
    else:
        people.write_text(written)

    with pytest.raises(SettingsError, match=refused) as error:
        access.read_anew()

    assert "canary" not in str(error.value)
    assert (access.has_tokens, access.is_open) == (True, False)

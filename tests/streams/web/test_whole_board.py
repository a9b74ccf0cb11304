"""The board of several workers, asked over real sockets."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.answer import Answer
from streams.settings import Http
from streams.web import access as access_module
from streams.web import whole_board as module
from streams.web.access import Access
from streams.web.pages.board import ROWS, Wanted, board
from streams.web.people import People
from streams.web.server import build
from tests.streams.sample_deals import Shelf, crm, day, ping_pong
from tests.streams.web.test_access import BROWSER, JSON, PEOPLE, TOKENS, Client, bearer


def shelves(number: int = 3) -> list[Shelf]:
    return [Shelf(day(7)) for _ in range(number)]


@asynccontextmanager
async def workers(*of: Shelf, people: People | None = None, **http: Any) -> AsyncIterator[list[Client]]:
    """A running worker for each shelf, each of which knows where the others are."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                TestClient(TestServer(build(shelf, access=Access(Http(**http), people or {}, ""))))
            )
            for shelf in of
        ]
        for shelf, client in zip(of, clients, strict=True):
            shelf.workers += [str(each.make_url("")) for each in clients if each is not client]
        yield clients


async def ids(client: Client, path: str = "/deals", **headers: str) -> list[str]:
    answer = await client.get(path, headers=JSON | headers)
    assert answer.status == 200, await answer.text()
    return [each["deal_id"] for each in await answer.json()]


async def answered(client: Client, **headers: str) -> str:
    return (await client.get("/deals", headers=JSON | headers)).headers["X-Workers-Answered"]


async def test_each_worker_shows_the_deals_of_all_in_one_order_and_counts_them_once() -> None:
    one, two, three = shelves()
    one.add("small", crm(owner="ann@us.example", amount=100.0, currency="EUR"), *ping_pong(3))
    two.add("large", crm(owner="bob@us.example", team="emea", amount=900.0, currency="EUR"), *ping_pong(3))
    three.add("fine", crm(owner="ann@us.example", amount=5000.0, currency="USD"))
    two.add("moving", crm(amount=1.0))
    three.add("moving", crm(amount=1.0))
    async with workers(one, two, three) as clients:
        for client in clients:
            assert await ids(client) == ["large", "small", "fine", "moving"]
            assert await ids(client, "/deals?owner=ann@us.example") == ["small", "fine"]
            assert await ids(client, "/deals?team=emea&least=500") == ["large"]
            answer = await client.get("/deals", headers=BROWSER)
            page = await answer.text()
            assert "<b>2</b> of 4 deals" in page
            assert "workers answered" not in page
            assert page.index(">large<") < page.index(">small<") < page.index(">fine<")
            assert '<option value="bob@us.example">' in page


async def test_its_pages_are_those_of_one_worker_that_has_all_of_five_thousand_deals() -> None:
    of = shelves()
    one = of[0].add("D-0", crm(amount=1.0, currency="EUR"))
    everything: list[Answer] = [
        replace(one, deal_id=f"D-{number}", amount=float(number % 997)) for number in range(5_000)
    ]
    for number, shelf in enumerate(of):
        shelf.told = {each.deal_id: each for each in everything[number::3]}
    async with workers(*of) as clients:
        for number in (1, 2, 25, 50, 999):
            expected = board(everything, Wanted(page=number))
            answer = await clients[number % 3].get(f"/deals?page={number}", headers=JSON)
            assert [each["deal_id"] for each in await answer.json()] == [row.told.deal_id for row in expected.rows]
            assert len(expected.rows) == ROWS
            assert answer.headers["X-Total-Count"] == "5000"
            page = await (await clients[0].get(f"/deals?page={number}", headers=BROWSER)).text()
            assert f"Page {expected.wanted.page} of 50" in page
            assert f"{expected.money[0].open:,.0f} EUR" in page


# -- in whose name


async def test_everybody_sees_of_all_workers_what_is_theirs_and_no_token_goes_from_one_to_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    of = shelves()
    of[0].add("ann-1", crm(owner="ann@us.example", team="emea"))
    of[1].add("ann-2", crm(owner="ann@us.example", team="emea"))
    of[1].add("bob-1", crm(owner="bob@us.example", team="emea"))
    of[2].add("cy-1", crm(owner="cy@us.example", team="apac"))
    passed_on: list[str] = []
    by_worker = Access._by_worker

    def heard(access: Access, told: str) -> str | None:
        passed_on.append(told)
        return by_worker(access, told)

    monkeypatch.setattr(Access, "_by_worker", heard)
    async with workers(*of, people=PEOPLE) as clients:
        for client in clients:
            assert sorted(await ids(client, **bearer("ann"))) == ["ann-1", "ann-2"]
            assert sorted(await ids(client, **bearer("boss"))) == ["ann-1", "ann-2", "bob-1"]
            assert sorted(await ids(client, **bearer("ops"))) == ["ann-1", "ann-2", "bob-1", "cy-1"]
            for path in (module.PART_PATH, module.DEALS_PATH):
                assert (await client.get(path)).status == 401
    assert passed_on
    assert not any(token in said for token in TOKENS.values() for said in passed_on)


async def test_whom_a_proxy_names_is_named_to_the_others_too() -> None:
    one, two = shelves(2)
    one.add("ann-1", crm(owner="ann@us.example"))
    two.add("ann-2", crm(owner="ann@us.example"))
    two.add("bob-1", crm(owner="bob@us.example"))
    async with workers(one, two, trust_header="X-Forwarded-User") as (client, _):
        assert sorted(await ids(client, **{"X-Forwarded-User": "ann@us.example"})) == ["ann-1", "ann-2"]


async def test_what_one_worker_tells_another_holds_for_a_minute_and_is_no_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [shelf] = shelves(1)
    access = Access(Http(), PEOPLE, "")
    ann = access_module.person("ann@us.example", PEOPLE, shelf.rules())
    said = access.passed_on(ann)
    async with workers(shelf, people=PEOPLE) as (client,):
        for shift, status in ((0, 200), (59, 200), (-59, 200), (62, 401), (-62, 401)):
            with monkeypatch.context() as patch:
                real = access_module.time
                patch.setattr(access_module, "time", lambda real=real, shift=shift: real() + shift)
                assert (await client.get(module.PART_PATH, headers=said)).status == status
        scheme, _, token = said["Authorization"].partition(" ")
        forged = token.replace(token.partition(".")[0], access_module.base64_encode("ops@us.example").decode())
        assert (await client.get(module.PART_PATH, headers={"Authorization": f"{scheme} {forged}"})).status == 401
        assert (await client.get(module.PART_PATH, headers={"Authorization": f"{scheme} x"})).status == 401
        assert (await client.get("/deals", headers=JSON | {"Cookie": f"stallwatch={token}"})).status == 401


# -- when one does not answer

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _fails(_: web.Request) -> web.StreamResponse:
    raise web.HTTPInternalServerError


async def _hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError


async def _leads_elsewhere(_: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("/elsewhere")


async def _talks_nonsense(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"places": "canary"}')


async def _talks_for_ever(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * 200_000)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.5)
    monkeypatch.setattr(module, "LONGEST_ANSWER", 100_000)


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (_fails, "it answers 500"),
        (_hangs, "no answer within"),
        (_leads_elsewhere, "it answers 307"),
        (_talks_nonsense, "its answer is none of this version's"),
        (_talks_for_ever, "its answer is too long"),
        (None, "it cannot be asked"),
    ],
)
async def test_who_does_not_answer_costs_their_own_deals_only_and_the_board_says_so(
    answers: Answering | None, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    one, two = shelves(2)
    one.add("D-1", crm())
    two.add("D-2", crm())
    app = web.Application()
    app.router.add_get("/{any:.*}", answers or _fails)
    server = TestServer(app)
    await server.start_server()
    address = str(server.make_url(""))
    if answers is None:
        await server.close()
    try:
        async with workers(one, two) as (client, _):
            one.workers.append(address)
            assert await ids(client) == ["D-1", "D-2"]
            assert await answered(client) == "2/3"
            page = await (await client.get("/deals", headers=BROWSER)).text()
            assert "2 of 3 workers answered:</strong> deals of the others are missing here." in page
            assert f"the board lacks the deals of {address}: {why}" in caplog.text
            assert "canary" not in caplog.text
    finally:
        await server.close()


async def test_places_that_are_no_numbers_are_refused() -> None:
    async with workers(*shelves(1)) as (client,):
        for query in ("", "?first=1", "?first=x&last=2", "?first=1&last=1e3"):
            assert (await client.get(module.DEALS_PATH + query)).status == 400

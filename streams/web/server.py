"""The worker's own server: pages for people, JSON and metrics for machines.

It shows and never decides: all that it serves comes from `Views`, which a worker fills, so nothing here knows of Kafka.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from yarl import URL

from detectors.core.assessment import Watched
from detectors.core.rules import Rules

from ..alerting.peers import PeersError
from ..answer import Answer, to_json
from ..outline import Glance
from ..settings import Http
from .access import CHALLENGE, Access, is_loopback
from .feedback import MOST_DAYS, NoVerdict, Verdicts
from .inbox import InboxUnavailable
from .pages import render
from .pages.board import Row, Wanted
from .pages.formats import deal_path
from .pages.life import Noted, life
from .pages.runbook import runbooks
from .people import Person
from .posted import form_of
from .whole_board import DEALS_PATH, PART_PATH, deals_json, part_json, whole_board

log = logging.getLogger("stallwatch.web")

_KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "stallwatch",
}


class Views(Protocol):
    """What the server shows."""

    def answers(self) -> Iterable[Glance]:
        """Every deal of this worker, as it was told last: it stands so still, at a later moment perhaps."""

    def now(self) -> datetime | None:
        """The event time that is reached; None before the first clock."""

    def answer(self, deal_id: str) -> Answer | None:
        """One deal as it stands; None if it is not this worker's."""

    def watched(self, deal_id: str) -> Watched | None:
        """One deal with its history."""

    def elsewhere(self, deal_id: str) -> str | None:
        """The base URL of the worker that would have a deal; None if that is this one, or nobody."""

    def others(self) -> Collection[str]:
        """The base URLs of the other workers that have deals."""

    def metrics(self) -> bytes:
        """Prometheus' text format."""

    def health(self) -> str | None:
        """What is wrong with this process; None if nothing is."""

    def readiness(self) -> str | None:
        """Why this worker does not take events now; None if it does."""

    def rules(self) -> Rules:
        """The rules in force."""

    async def reload(self) -> str | None:
        """Take the rules and the people file anew, both or none; what is wrong, if they are not taken."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PageOf = Callable[[web.Request, Person], Awaitable[web.StreamResponse]]

OPEN = Access(Http(), {}, "")


def build(
    views: Views,
    pushes: Iterable[web.RouteDef] = (),
    access: Access = OPEN,
    verdicts: Verdicts | None = None,
) -> web.Application:
    """The server's application; `pushes` are the routes of what it takes from others, who have secrets of their own."""
    site = _Site(views, access, verdicts)
    people = site.for_people
    app = web.Application(middlewares=[_refusals])
    app.on_response_prepare.append(_secured)
    app.add_routes(
        [
            web.get("/", site.root),
            web.get("/metrics", site.metrics),
            web.get("/healthz", site.healthz),
            web.get("/readyz", site.readyz),
            web.get("/static/style.css", site.style),
            web.get("/log-in", site.log_in_form),
            web.post("/log-in", site.log_in),
            web.post("/log-out", people(site.log_out)),
            web.get("/deals", people(site.deals)),
            web.get(r"/deals/{id:[\s\S]+}", people(site.deal)),
            web.post(r"/deals/{id:[\s\S]+}/feedback", people(site.feedback)),
            web.get("/catalogue", people(site.catalogue)),
            web.get(PART_PATH, people(site.board_part)),
            web.get(DEALS_PATH, people(site.board_deals)),
            web.post("/-/reload", people(site.reload)),
            *pushes,
        ]
    )
    return app


class _Site:
    """The routes."""

    def __init__(self, views: Views, access: Access, verdicts: Verdicts | None) -> None:
        self._views = views
        self._access = access
        self._verdicts = verdicts

    def for_people(self, page: PageOf) -> Handler:
        """A page that is shown to those only who may come in; what it shows each of them is its own business."""

        async def shown(request: web.Request) -> web.StreamResponse:
            if not self._access.is_meant(request):
                raise web.HTTPMisdirectedRequest(
                    text="Ask for it as 127.0.0.1, or by the name in STALLWATCH_DEAL_PAGE."
                )
            if request.method not in ("GET", "HEAD") and not self._access.is_from_own_page(request):
                raise web.HTTPForbidden(text="Another site's page made your browser send this.")
            person = self._access.person(request, self._views.rules())
            if person is not None:
                return await page(request, person)
            if self._access.has_tokens and request.method == "GET" and _wants_html(request):
                raise web.HTTPSeeOther(URL("/log-in").with_query(to=request.rel_url.raw_path_qs))
            raise web.HTTPUnauthorized(text="Who are you?", headers={"WWW-Authenticate": CHALLENGE})

        return shown

    async def log_in_form(self, request: web.Request) -> web.Response:
        if not self._access.has_tokens:
            raise web.HTTPNotFound(text="Nobody logs in here.")
        return _html(render.log_in_page(_local(request.query.get("to", ""))))

    async def log_in(self, request: web.Request) -> web.Response:
        if not self._access.is_from_own_page(request):
            raise web.HTTPForbidden(text="Another site's page made your browser send this.")
        form = await form_of(request)
        token, to = form.get("token", ""), _local(form.get("to", ""))
        address = self._access.whose(token.strip(), request) if self._access.has_tokens else None
        if address is None:
            response = _html(render.log_in_page(to, "Nobody has this token."))
            response.set_status(401)
            return response
        response = web.Response(status=303, headers={"Location": to})
        self._access.open_session(response, address, request)
        return response

    async def log_out(self, request: web.Request, _: Person) -> web.Response:
        response = web.Response(status=303, headers={"Location": "/log-in"})
        self._access.end_session(response, request)
        return response

    async def root(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/deals")

    async def metrics(self, request: web.Request) -> web.Response:
        if not self._access.may_scrape(request):
            raise web.HTTPUnauthorized(text="Whose metrics token?", headers={"WWW-Authenticate": CHALLENGE})
        return web.Response(body=self._views.metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(self, _: web.Request) -> web.Response:
        return _verdict(self._views.health())

    async def readyz(self, _: web.Request) -> web.Response:
        return _verdict(self._views.readiness())

    async def deals(self, request: web.Request, person: Person) -> web.Response:
        page = await whole_board(
            filter(person.sees, self._views.answers()),
            Wanted.of(request.query),
            self._views.now(),
            self._views.others(),
            self._access.passed_on(person),
        )
        if not _wants_json(request):
            return _html(render.board_page(page, self._views.readiness(), person))
        response = _json(b"[" + b",".join(map(self._standing, page.rows)) + b"]")
        response.headers["X-Total-Count"] = str(page.open)
        response.headers["X-Workers-Answered"] = f"{page.answered}/{page.workers}"
        if page.wanted.page < page.pages:
            response.headers["Link"] = f'<{page.wanted.path(page.wanted.page + 1)}>; rel="next"'
        return response

    async def board_part(self, request: web.Request, person: Person) -> web.Response:
        """What another worker asks for, to show the board of all."""
        answers = filter(person.sees, self._views.answers())
        return _json(part_json(answers, Wanted.of(request.query), self._views.now()))

    async def board_deals(self, request: web.Request, person: Person) -> web.Response:
        try:
            lines = deals_json(filter(person.sees, self._views.answers()), request.query)
        except ValueError:
            raise web.HTTPBadRequest(text="first, last: whole numbers") from None
        return web.Response(body=lines, content_type="application/x-ndjson")

    async def deal(self, request: web.Request, person: Person) -> web.Response:
        told = self._told(request, person)
        if _wants_json(request):
            return _json(to_json(told))
        shown = life(told, self._views.watched(told.deal_id), self._views.now())
        noted = Noted.of(request.query)
        most_days = MOST_DAYS if self._verdicts is not None and self._verdicts.can_snooze else 0
        return _html(render.deal_page(shown, self._views.readiness(), person, noted, most_days=most_days))

    async def feedback(self, request: web.Request, person: Person) -> web.Response:
        told = self._told(request, person, "/feedback")
        if self._verdicts is None:
            raise web.HTTPServiceUnavailable(text="Verdicts are not taken here.")
        watched = self._views.watched(told.deal_id)
        try:
            event = await self._verdicts.give(
                await form_of(request), told, watched.deal if watched else None, person.address
            )
        except NoVerdict as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        except (InboxUnavailable, PeersError) as error:
            raise web.HTTPServiceUnavailable(
                text=f"Say it again later: {error}.", headers={"Retry-After": "5"}
            ) from None
        if not _wants_html(request):
            return web.json_response({"event": event.ref, "time": event.time.isoformat()}, status=202)
        return web.Response(
            status=303, headers={"Location": Noted(event.data.detector, event.data.verdict).path(told.deal_id)}
        )

    def _standing(self, row: Row) -> bytes:
        return to_json(self._views.answer(row.told.deal_id) or row.told)

    def _told(self, request: web.Request, person: Person, of_page: str = "") -> Answer:
        """The deal that is asked for, if it is here, and theirs to see."""
        deal_id = request.match_info["id"]
        told = self._views.answer(deal_id)
        if told is None and (base := self._views.elsewhere(deal_id)) is not None:
            if request.method == "POST" and _wants_html(request):
                # a browser would send no form on to another origin
                raise web.HTTPConflict(text="This deal has just moved to another worker: open its page anew.")
            raise web.HTTPTemporaryRedirect(URL(base.rstrip("/") + deal_path(deal_id) + of_page, encoded=True))
        # whose deal it is not does not learn that it is there
        if told is None or not person.sees(told):
            raise web.HTTPNotFound(text=f"No deal is known here by the id {deal_id}.")
        return told

    async def catalogue(self, _: web.Request, person: Person) -> web.Response:
        return _html(render.catalogue_page(runbooks(), person))

    async def style(self, _: web.Request) -> web.Response:
        # its link changes with its content
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return web.Response(body=render.STYLE, content_type="text/css", charset="utf-8", headers=kept)

    async def reload(self, request: web.Request, person: Person) -> web.Response:
        if self._access.is_open and not is_from_here(request):
            raise web.HTTPForbidden(text="Only this machine itself may reload the rules.")
        if person.role != "ops":
            raise web.HTTPForbidden(text="Only ops may reload the rules.")
        problem = await self._views.reload()
        if problem is not None:
            return web.Response(status=500, text=f"{problem}\n")
        return web.Response(text="ok\n")


@web.middleware
async def _refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Errors in the form that was asked for, and never more of them than a reader should see."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        kept = {name: value for name, value in refusal.headers.items() if name in _KEPT}
        return _refusal(request, refusal.status, refusal.text or "", kept)
    except Exception:
        log.exception("%s %s could not be answered", request.method, request.rel_url.raw_path[:200])
        return _refusal(request, 500, "The reason is in this worker's log.", {})


def _refusal(request: web.Request, status: int, words: str, headers: dict[str, str]) -> web.Response:
    title = HTTPStatus(status).phrase
    if words.startswith(f"{status}:"):
        words = ""
    if _wants_html(request):
        response = _html(render.refusal_page(status, title, words))
    else:
        response = web.Response(text=f"{status} {title}{': ' if words else ''}{words[:300]}\n")
    response.set_status(status)
    response.headers.update(headers)
    return response


async def _secured(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    # deals are no business of a cache
    response.headers.setdefault("Cache-Control", "no-store")


def _verdict(problem: str | None) -> web.Response:
    if problem is None:
        return web.Response(text="ok\n")
    return web.Response(status=503, text=" ".join(problem.split()) + "\n")


def _local(path: str) -> str:
    """Where to go on after the log-in: a page of our own, whatever a link said."""
    return path if re.match(r"/(deals|catalogue)(?![^/?])", path) else "/deals"


def _wants_html(request: web.Request) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _wants_json(request: web.Request) -> bool:
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def _html(page: str) -> web.Response:
    # a lone surrogate must not cost the page
    body = page.encode(errors="replace")
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers={"Vary": "Accept"})


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers={"Vary": "Accept"})


def is_from_here(request: web.Request) -> bool:
    """Whether a request was made on this machine, and neither passed on by a proxy nor made by another site's page."""
    if any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "Origin")):
        return False
    return is_loopback(request.remote or "")

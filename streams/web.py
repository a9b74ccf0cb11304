"""The worker's own server: pages for people, JSON and metrics for machines.

It shows and never decides: all that it serves comes from `Views`, which a worker fills, so nothing here knows of Kafka.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from yarl import URL

from detectors.core.assessment import Watched

from .answer import Answer, to_json
from .pages import render
from .pages.board import Wanted, board, newest
from .pages.formats import deal_path
from .pages.life import life
from .pages.runbook import runbooks

log = logging.getLogger("stallwatch.web")

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

    def answers(self) -> Iterable[Answer]:
        """Every deal of this worker as it stands."""

    def answer(self, deal_id: str) -> Answer | None:
        """One deal as it stands; None if it is not this worker's."""

    def watched(self, deal_id: str) -> Watched | None:
        """One deal with its history."""

    def elsewhere(self, deal_id: str) -> str | None:
        """The base URL of the worker that would have a deal; None if that is this one, or nobody."""

    def metrics(self) -> bytes:
        """Prometheus' text format."""

    def health(self) -> str | None:
        """What is wrong with this process; None if nothing is."""

    def readiness(self) -> str | None:
        """Why this worker does not take events now; None if it does."""

    async def reload(self) -> str | None:
        """Take the rules file anew; what is wrong with it, if it is not taken."""


def build(views: Views, pushes: Iterable[web.RouteDef] = ()) -> web.Application:
    """The server's application; `pushes` are the routes of what it takes from others."""
    site = _Site(views)
    app = web.Application(middlewares=[_refusals])
    app.on_response_prepare.append(_secured)
    app.add_routes(
        [
            web.get("/", site.root),
            web.get("/metrics", site.metrics),
            web.get("/healthz", site.healthz),
            web.get("/readyz", site.readyz),
            web.get("/deals", site.deals),
            web.get(r"/deals/{id:[\s\S]+}", site.deal),
            web.get("/catalogue", site.catalogue),
            web.get("/static/style.css", site.style),
            web.post("/-/reload", site.reload),
            *pushes,
        ]
    )
    return app


class _Site:
    """The routes."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def root(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/deals")

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._views.metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(self, _: web.Request) -> web.Response:
        return _verdict(self._views.health())

    async def readyz(self, _: web.Request) -> web.Response:
        return _verdict(self._views.readiness())

    async def deals(self, request: web.Request) -> web.Response:
        page = board(self._views.answers(), Wanted.of(request.query))
        if not _wants_json(request):
            return _html(render.board_page(page, self._views.readiness()))
        response = _json(b"[" + b",".join(to_json(row.told) for row in page.rows) + b"]")
        response.headers["X-Total-Count"] = str(page.open)
        if page.wanted.page < page.pages:
            response.headers["Link"] = f'<{page.wanted.path(page.wanted.page + 1)}>; rel="next"'
        return response

    async def deal(self, request: web.Request) -> web.Response:
        deal_id = request.match_info["id"]
        told = self._views.answer(deal_id)
        if told is None:
            base = self._views.elsewhere(deal_id)
            if base is not None:
                raise web.HTTPTemporaryRedirect(URL(base.rstrip("/") + deal_path(deal_id), encoded=True))
            raise web.HTTPNotFound(text=f"No deal is known here by the id {deal_id}.")
        if _wants_json(request):
            return _json(to_json(told))
        shown = life(told, self._views.watched(deal_id), newest(self._views.answers()))
        return _html(render.deal_page(shown, self._views.readiness()))

    async def catalogue(self, _: web.Request) -> web.Response:
        return _html(render.catalogue_page(runbooks()))

    async def style(self, _: web.Request) -> web.Response:
        # its link changes with its content
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return web.Response(body=render.STYLE, content_type="text/css", charset="utf-8", headers=kept)

    async def reload(self, request: web.Request) -> web.Response:
        if not is_from_here(request):
            raise web.HTTPForbidden(text="Only this machine itself may reload the rules.")
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
        allowed = {name: value for name, value in refusal.headers.items() if name == "Allow"}
        return _refusal(request, refusal.status, refusal.text or "", allowed)
    except Exception:
        log.exception("%s %s could not be answered", request.method, request.rel_url.raw_path[:200])
        return _refusal(request, 500, "The reason is in this worker's log.", {})


def _refusal(request: web.Request, status: int, words: str, headers: dict[str, str]) -> web.Response:
    title = HTTPStatus(status).phrase
    if words.startswith(f"{status}:"):
        words = ""
    if "text/html" in request.headers.get("Accept", ""):
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
    try:
        peer = ip_address(request.remote or "")
    except ValueError:
        return False
    mapped = peer.ipv4_mapped if isinstance(peer, IPv6Address) else None
    return (mapped or peer).is_loopback

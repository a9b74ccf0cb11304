"""The small bodies that people's pages and scripts post: read whole, or refused."""

import asyncio
from collections.abc import Mapping

import orjson
from aiohttp import web

MOST_BYTES = 16 * 1024
BODY_SECONDS = 10.0


async def form_of(request: web.Request) -> Mapping[str, str]:
    """The fields of a form, or of a JSON object, as text; a refusal of aiohttp's if there are none."""
    if (request.content_length or 0) > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(max_size=MOST_BYTES, actual_size=request.content_length or 0)
    match request.content_type:
        case "application/json":
            return _json(await _body(request))
        case "application/x-www-form-urlencoded":
            await _body(request)
            return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        case _:
            raise web.HTTPUnsupportedMediaType(text="Send a form, or JSON.")


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"The body did not come within {BODY_SECONDS:.0f} s.") from None
    if len(body) > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(max_size=MOST_BYTES, actual_size=len(body))
    return body


def _json(body: bytes) -> Mapping[str, str]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"That is no JSON: {error}.") from None
    if not isinstance(told, dict) or not all(isinstance(value, str | None) for value in told.values()):
        raise web.HTTPBadRequest(text="Send a JSON object whose values are texts.")
    return {name: value for name, value in told.items() if value is not None}

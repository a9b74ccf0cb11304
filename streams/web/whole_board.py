"""The board of all workers: each is asked, over HTTP and in the name of whoever looks, for what it has.

Each decides by its own rules and people what that person sees of its deals. One that does not answer in time, or
refuses, costs its own deals only, and the board says that they are missing. No redirect is followed, and of an answer
no more is read than a worker would send.
"""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from ..answer import Answer, of_json, to_json
from ..outline import Glance
from .pages.board import Board, Part, Wanted, board, in_order, page_of, part, put_together

PART_PATH, DEALS_PATH = "/-/board/part", "/-/board/deals"
SECONDS = 2.0
LONGEST_ANSWER = 64 * 1024 * 1024

_PART = TypeAdapter(Part)
Query = Mapping[str, str | int]
T = TypeVar("T")

log = logging.getLogger("stallwatch.web")


class _Away(Exception):
    """A worker that does not tell what it was asked; why, without anything that it was told."""


async def whole_board(
    answers: Iterable[Glance], wanted: Wanted, now: datetime | None, others: Collection[str], headers: Mapping[str, str]
) -> Board:
    """The page that was asked for, of these answers and of what the workers at these base addresses have."""
    if not others:
        return board(answers, wanted, now)
    own = list(answers)
    session = aiohttp.ClientSession(
        headers=headers, timeout=aiohttp.ClientTimeout(total=SECONDS), cookie_jar=aiohttp.DummyCookieJar()
    )
    async with session:
        told = await _parts(session, others, wanted)
        parts = [part(own, wanted, now), *told.values()]
        wanted, ids = page_of(parts, wanted)
        shown: dict[str, Glance] = {each.deal_id: each for each in own}
        fetched = await _deals(session, told, wanted, set(ids) - shown.keys())
    for deals in fetched.values():
        shown |= {each.deal_id: each for each in deals}
    return put_together(
        parts,
        wanted,
        (shown[deal_id].whole() for deal_id in ids if deal_id in shown),
        workers=1 + len(others),
        answered=1 + len(fetched),
    )


def part_json(answers: Iterable[Glance], wanted: Wanted, now: datetime | None) -> bytes:
    """This worker's part, as another one asks for it."""
    return _PART.dump_json(part(answers, wanted, now))


def deals_json(answers: Iterable[Glance], query: Mapping[str, str]) -> bytes:
    """Those of this worker's deals that another one shows, by their places from `first` up to `last`: a line each.

    `ValueError` if the places are no numbers.
    """
    first, last = int(query.get("first", "")), int(query.get("last", ""))
    shown = in_order(answers, Wanted.of(query))[max(0, first) : max(0, last)]
    return b"\n".join(to_json(each.whole()) for each in shown)


async def _parts(session: aiohttp.ClientSession, others: Iterable[str], wanted: Wanted) -> dict[str, Part]:
    """What each has, of those that tell."""

    async def of(base: str) -> Part:
        return _PART.validate_json(await _ask(session, base, PART_PATH, wanted.filters))

    return await _of_each({base: of(base) for base in others})


async def _deals(
    session: aiohttp.ClientSession, told: Mapping[str, Part], wanted: Wanted, missing: Collection[str]
) -> dict[str, list[Answer]]:
    """The deals that are shown, of each worker that tells; whose deals have just changed places are not among them."""

    async def of(base: str, has: Part) -> list[Answer]:
        places = [number for number, (*_, deal_id) in enumerate(has.places) if deal_id in missing]
        if not places:
            return []
        query: Query = {**wanted.filters, "first": places[0], "last": places[-1] + 1}
        return [of_json(line) for line in (await _ask(session, base, DEALS_PATH, query)).splitlines()]

    return await _of_each({base: of(base, has) for base, has in told.items()})


async def _of_each(asked: Mapping[str, Coroutine[Any, Any, T]]) -> dict[str, T]:
    """What each worker tells, all asked at once; those that do not are left out."""
    told = {}
    for base, answer in zip(asked, await asyncio.gather(*asked.values(), return_exceptions=True), strict=True):
        if isinstance(answer, _Away | ValidationError):
            why = str(answer) if isinstance(answer, _Away) else "its answer is none of this version's"
            log.warning("the board lacks the deals of %s: %s", base, why)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            told[base] = answer
    return told


async def _ask(session: aiohttp.ClientSession, base: str, path: str, query: Query) -> bytes:
    try:
        async with session.get(URL(base.rstrip("/") + path).with_query(query), allow_redirects=False) as answer:
            if answer.status != 200:
                raise _Away(f"it answers {answer.status}")
            body = bytearray()
            async for piece in answer.content.iter_any():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    raise _Away("its answer is too long")
            return bytes(body)
    except TimeoutError:
        raise _Away(f"no answer within {SECONDS:.0f} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _Away(f"it cannot be asked ({type(error).__name__})") from None

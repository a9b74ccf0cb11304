"""`snooze DEAL`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from detectors.core.durations import parse_duration

from ..settings import load
from .console import Json, print_json, say

if TYPE_CHECKING:
    import aiohttp

FORMS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]
T = TypeVar("T")


def snooze(
    deal: Annotated[str, typer.Argument(help="The deal's id.")],
    lasting: Annotated[str | None, typer.Option("--for", metavar="TIME", help="For so long: 4h, 5d.")] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=FORMS, metavar="TIME", help="Until then; of a day, until it is over, UTC."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it is shown to whoever looks at the deal.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End it now.")] = False,
    as_json: Json = False,
) -> None:
    """Alert nobody of a deal for a while. It wakes before when something new happens on it."""
    from ..alerting.peers import Peers
    from ..alerting.snooze import end as end_snooze
    from ..alerting.snooze import snooze as put_to_sleep
    from ..explain import ExplainError, explain

    settings = load()
    peers = Peers(settings.alertmanager.urls)
    if sum((lasting is not None, until is not None, end)) != 1:
        raise typer.BadParameter("say either --for how long, or --until when, or --end")
    if end:
        number = asyncio.run(_in_a_session(lambda session: end_snooze(session, peers, deal)))
        if as_json:
            print_json({"deal_id": deal, "ended": number})
        else:
            say(f"{deal} is awake again" if number else f"{deal} was not snoozed")
        return
    now = datetime.now(UTC)
    ends = now + _duration(lasting) if lasting is not None else _moment(until)
    told = explain(settings, deal)
    if told is None:
        raise ExplainError(f"nothing is known of deal {deal!r}")
    made = asyncio.run(_in_a_session(lambda session: put_to_sleep(session, peers, told, ends, reason, now)))
    if as_json:
        print_json({"deal_id": deal, "until": made.until.isoformat(), "reason": made.reason, "silence": made.silence})
    else:
        say(f"{deal} is snoozed until {made.until:%Y-%m-%d %H:%M} UTC, or until something new happens on it")


async def _in_a_session(step: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
    import aiohttp

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await step(session)


def _duration(text: str) -> timedelta:
    try:
        length = parse_duration(text)
        assert isinstance(length, timedelta)
        datetime.now(UTC) + length
        return length
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"--for: {error}") from None


def _moment(told: datetime | None) -> datetime:
    assert told is not None  # one of the three is given
    if told.tzinfo is None:
        # of a day, its last moment
        return datetime.combine(told, time.max, UTC)
    return told

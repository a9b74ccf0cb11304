"""The peers of an Alertmanager cluster, asked one after the other until one answers.

What one peer is told of a silence, the others hear from it. Each request has its time, no redirect is followed, and no
error repeats an address, which may hold a password.
"""

from typing import Any, Literal

import aiohttp
import orjson
from yarl import URL

from ..settings import SettingsError
from .alerts import plain

LONGEST_COMPLAINT = 300
LONGEST_ANSWER = 32 * 1024 * 1024
TIMEOUT_SECONDS = 10.0


class PeersError(RuntimeError):
    """No peer does what it was asked for."""


class Unknown(PeersError):
    """A peer that answers knows nothing by that name."""


def web_address(setting: str, text: str) -> URL:
    """The address; `SettingsError`, which does not repeat it, for it may hold a password, if it is none of the web."""
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.query_string or url.fragment:
        raise SettingsError(f"{setting}: an address begins with http:// or https:// and a host, and has no query")
    return url


def named(url: URL) -> str:
    """An address as it may be shown."""
    return str(url.with_user(None)).rstrip("/")


class Peers:
    """Asks in a session that the caller opens and closes; `SettingsError` if an address cannot be used."""

    def __init__(self, urls: tuple[str, ...], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._urls = [web_address("STALLWATCH_ALERTMANAGER__URLS", url) for url in dict.fromkeys(urls)]
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    def __bool__(self) -> bool:
        return bool(self._urls)

    async def ask(
        self, session: aiohttp.ClientSession, method: Literal["GET", "POST", "DELETE"], path: str, content: Any = None
    ) -> Any:
        """What the first peer that does it answers; `PeersError` with the complaint of each if none does."""
        if not self._urls:
            raise PeersError("no Alertmanager is named (STALLWATCH_ALERTMANAGER__URLS)")
        complaints = []
        for url in self._urls:
            try:
                return await self._ask(session, method, url.joinpath(*path.split("/")), content)
            except Unknown:
                raise
            except PeersError as error:
                complaints.append(f"{named(url)}: {error}")
        raise PeersError("; ".join(complaints))

    async def _ask(self, session: aiohttp.ClientSession, method: str, url: URL, content: Any) -> Any:
        body = None if content is None else orjson.dumps(content)
        headers = {"Content-Type": "application/json", "User-Agent": "stallwatch"}
        try:
            async with session.request(
                method, url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                said = await response.content.read(LONGEST_ANSWER)
                while not response.content.at_eof() and len(said) < LONGEST_ANSWER:
                    said += await response.content.read(LONGEST_ANSWER)
                status = response.status
        except TimeoutError:
            raise PeersError("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise PeersError(f"cannot be reached ({type(error).__name__})") from None
        if status == 404 and method == "DELETE":
            raise Unknown("not known there")
        if not 200 <= status < 300:
            raise PeersError(f"{status} {plain(said[:1000].decode(errors='replace'), LONGEST_COMPLAINT)}".strip())
        try:
            return orjson.loads(said) if said.strip() else None
        except ValueError:
            raise PeersError("its answer is no JSON") from None

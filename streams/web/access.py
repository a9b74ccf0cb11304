"""Who asks for a page: told by a token, by the session that a token opened, or by a proxy that is trusted.

A session is a signed cookie, of which nothing is kept here: it holds with every worker, and ends when its token does.
"""

from hashlib import sha256
from hmac import compare_digest
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import time

from aiohttp import web
from itsdangerous import BadData, Signer, TimestampSigner, base64_decode, base64_encode
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from yarl import URL

from detectors.core.addresses import normalise
from detectors.core.rules import Rules

from ..settings import Http, Settings, SettingsError
from . import people
from .people import ANYBODY, Listed, People, Person, fingerprint, person

SESSION_SECONDS = 7 * 24 * 3600
PASSED_ON_SECONDS = 60
# a token is too long to be guessed at any speed; this keeps whoever tries from costing anything
WRONG = parse("10/minute")
CHALLENGE = 'Bearer realm="stallwatch"'
_WORKER = "Stallwatch-Worker"


class Access:
    """Who may come in, by the settings."""

    def __init__(self, http: Http, listed: People, pages_url: str) -> None:
        self._http = http
        self._people = listed
        self._hosts = {_host(pages_url), _host(http.base)}
        self._names = {URL(pages_url).host, URL(http.base).host}
        self._is_secure = URL(pages_url).scheme == "https"
        self._wrong = FixedWindowRateLimiter(MemoryStorage())

    @property
    def has_tokens(self) -> bool:
        """Whether anybody can log in."""
        return any(each.token for each in self._people.values())

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return not (self.has_tokens or self._http.trust_header)

    def read_anew(self) -> People:
        """The people of the file as it is now, for `take`; `SettingsError` if it cannot be used."""
        return _listed(self._http)

    def take(self, listed: People) -> None:
        """From now on these are the people: sessions of tokens that are gone are over."""
        self._people = listed

    def person(self, request: web.Request, rules: Rules) -> Person | None:
        """Who asks; None if nobody can tell. `HTTPTooManyRequests` for one who has guessed too often."""
        if self.is_open:
            return ANYBODY
        if (address := self._by_proxy(request)) is not None:
            return person(address, self._people, rules)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            address = self.whose(token.strip(), request)
            return person(address, self._people, rules) if address else None
        if scheme.lower() == _WORKER.lower():
            address = self._by_worker(token.strip())
            return person(address, self._people, rules) if address else None
        address = self._by_session(request)
        return person(address, self._people, rules, has_session=True) if address else None

    def whose(self, token: str, request: web.Request) -> str | None:
        """Whose token it is, told in a time that says nothing of how much of it is right."""
        peer = _counted(self._visitor(request))
        if not self._wrong.test(WRONG, peer):
            wait = self._wrong.get_window_stats(WRONG, peer).reset_time - time()
            headers = {"Retry-After": str(max(1, round(wait)))}
            raise web.HTTPTooManyRequests(text="Too many wrong tokens came from there.", headers=headers)
        told = fingerprint(token)
        found = [address for address, each in self._people.items() if compare_digest(each.fingerprint, told)]
        if not found:
            self._wrong.hit(WRONG, peer)
        return found[0] if found else None

    def may_scrape(self, request: web.Request) -> bool:
        """Whether whoever asks is shown the metrics."""
        wanted = self._http.metrics_token
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        told = fingerprint(token.strip() if scheme.lower() == "bearer" else "")
        return wanted is None or compare_digest(fingerprint(wanted.get_secret_value()), told)

    def passed_on(self, person: Person) -> dict[str, str]:
        """The headers by which another worker with the same people file knows who asks, for a minute.

        No token goes along. Who comes by a proxy and has none is named as the proxy did: another worker believes that
        of those from whom it believes the proxy.
        """
        if person.address is None:
            return {}
        listed = self._people.get(person.address)
        if listed is not None and listed.token is not None:
            said = f"{base64_encode(person.address).decode()}.{time():.0f}"
            return {"Authorization": f"{_WORKER} {_worker_signer(listed).sign(said).decode()}"}
        return {self._http.trust_header: person.address} if self._http.trust_header else {}

    def open_session(self, response: web.StreamResponse, address: str, request: web.Request) -> None:
        """From now on a browser is known by its cookie."""
        name, secure = self._cookie(request)
        # lax, so that a link in a mail leads somewhere; whatever changes something is looked at by `is_from_own_page`
        response.set_cookie(
            name,
            _signer(self._people[address]).sign(base64_encode(address)).decode(),
            max_age=SESSION_SECONDS,
            path="/",
            httponly=True,
            secure=secure,
            samesite="Lax",
        )

    def end_session(self, response: web.StreamResponse, request: web.Request) -> None:
        """The browser forgets its cookie."""
        name, secure = self._cookie(request)
        response.del_cookie(name, path="/", httponly=True, secure=secure, samesite="Lax")

    def is_meant(self, request: web.Request) -> bool:
        """Whether a browser that nobody asks anything means this server.

        Else a page of elsewhere, whose name its owner lets lead to this machine for a moment, would read all deals.
        """
        if not self.is_open or not is_loopback(self._http.host):
            return True
        name = _name(request.host)
        return name in self._names or is_loopback(name or "")

    def is_from_own_page(self, request: web.Request) -> bool:
        """Whether no other site's page made a browser send this. What is no browser says nothing of either."""
        if (site := request.headers.get("Sec-Fetch-Site")) is not None:
            return site in ("same-origin", "none")
        origin = request.headers.get("Origin")
        # a page that hides where it is from has no host
        return origin is None or _host(origin) in (self._hosts | {request.host}) - {""}

    def _by_session(self, request: web.Request) -> str | None:
        name, _ = self._cookie(request)
        told = request.cookies.get(name, "")
        try:
            # whose it claims to be, unsigned: it says which token must have signed it
            address = base64_decode(told.partition(".")[0]).decode()
            listed = self._people.get(address)
            if listed is None or listed.token is None:
                return None
            _signer(listed).unsign(told, max_age=SESSION_SECONDS)
        except (BadData, ValueError):
            return None
        return address

    def _by_worker(self, told: str) -> str | None:
        try:
            address = base64_decode(told.partition(".")[0]).decode()
            listed = self._people.get(address)
            if listed is None or listed.token is None:
                return None
            said = _worker_signer(listed).unsign(told).decode()
            # clocks of two machines differ to either side
            is_now = abs(time() - int(said.partition(".")[2])) <= PASSED_ON_SECONDS
        except (BadData, ValueError):
            return None
        return address if is_now else None

    def _by_proxy(self, request: web.Request) -> str | None:
        header = self._http.trust_header
        if header is None or not self._is_proxy(request.remote):
            return None
        told = request.headers.getall(header, [])
        try:
            # of two names, one was perhaps the visitor's own idea
            return normalise(told[0].strip()) if len(told) == 1 else None
        except ValueError:
            return None

    def _visitor(self, request: web.Request) -> str | None:
        """The address of who asks; behind a proxy, the one that it gives, lest one who guesses keeps all others out."""
        passed_on = request.headers.getall("X-Forwarded-For", [])
        if passed_on and self._is_proxy(request.remote):
            return passed_on[-1].rpartition(",")[2].strip()
        return request.remote

    def _is_proxy(self, remote: str | None) -> bool:
        peer = _address(remote)
        return peer is not None and any(peer in network for network in self._http.trust_from)

    def _cookie(self, request: web.Request) -> tuple[str, bool]:
        """The cookie's name, and whether it goes over TLS only; then browsers hold it to this very host."""
        secure = self._is_secure or request.secure
        return ("__Host-stallwatch" if secure else "stallwatch"), secure


def of(settings: Settings) -> Access:
    """Who may come in; `SettingsError` where pages would be open to other machines and nobody said that they may be.

    `PeopleFileError` says what is wrong with the people file.
    """
    http = settings.http
    access = Access(http, _listed(http), settings.pages_url)
    if http.open and not access.is_open:
        raise SettingsError("STALLWATCH_HTTP__OPEN: true, but people are named who may look; set one of the two")
    if access.is_open and not http.open and not is_loopback(http.host):
        raise SettingsError(
            f"STALLWATCH_HTTP__HOST: {http.host} is open to other machines: set STALLWATCH_HTTP__PEOPLE or "
            "STALLWATCH_HTTP__TRUST_HEADER, or STALLWATCH_HTTP__OPEN=true if no stranger gets there"
        )
    return access


def _listed(http: Http) -> People:
    """The people of the file; without a proxy that names people, some of them must have a token."""
    listed = people.read(http.people)
    if http.people and not http.trust_header and not any(each.token for each in listed.values()):
        raise SettingsError(f"STALLWATCH_HTTP__PEOPLE: nobody in {http.people} has a token")
    return listed


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches a host, or comes from there."""
    peer = _address(host)
    return host == "localhost" or (peer is not None and peer.is_loopback)


def _signer(listed: Listed) -> TimestampSigner:
    """Signs somebody's sessions: whoever has their token could open one anyway."""
    return TimestampSigner(listed.fingerprint, salt="stallwatch session", digest_method=sha256)


def _worker_signer(listed: Listed) -> Signer:
    """Signs what workers tell each other of who asks; as a session it would not do."""
    return Signer(listed.fingerprint, salt="stallwatch worker", digest_method=sha256)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        peer = ip_address(text or "")
    except ValueError:
        return None
    return (peer.ipv4_mapped or peer) if isinstance(peer, IPv6Address) else peer


def _counted(visitor: str | None) -> str:
    """Whose guesses are counted together: of IPv6, whoever has one address has 2^64."""
    peer = _address(visitor)
    return str(ip_network((peer, 64), strict=False)) if isinstance(peer, IPv6Address) else str(peer)


def _name(host: str) -> str | None:
    try:
        return URL(f"http://{host}").host
    except ValueError:
        return None


def _host(url: str) -> str:
    try:
        told = URL(url)
        return told.host_port_subcomponent or ""
    except ValueError:
        return ""

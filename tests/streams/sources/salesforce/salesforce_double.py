"""Salesforce's REST API over TLS, as strict as it is: who asks for a field that is not there is told so.

It understands the queries that are meant to be asked, and nothing else. It is reached by its real names through a
proxy, as many companies have one.
"""

import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from streams.sources.salesforce.settings import Salesforce
from streams.sources.salesforce.values import moment
from tests.streams.sources.salesforce.week import Week

VERSION = "59.0"
HOST = "us.my.salesforce.com"
TOKEN = "00D!token"
_QUERY = re.compile(
    r"SELECT (?P<columns>[\w, ]+) FROM (?P<table>\w+)(?: WHERE (?P<where>.+?))?"
    r"(?: GROUP BY (?P<group>\w+))?(?: ORDER BY (?P<order>[\w, ]+?)(?P<down> DESC)?)?(?: LIMIT (?P<limit>\d+))?"
)
_CONDITION = re.compile(r"(\w+) (>=|<=|=|IN) (.+)")
_READ = Salesforce()
_RECORD = "Id IsDeleted CreatedDate LastModifiedDate SystemModstamp"
_ACTIVITY = f"{_RECORD} WhoId WhatId OwnerId Subject"
COLUMNS = {
    "Opportunity": f"{_RECORD} Name StageName Amount CloseDate OwnerId AccountId NextStep IsClosed IsWon",
    "OpportunityHistory": "Id OpportunityId CreatedDate StageName Amount CloseDate",
    "OpportunityFieldHistory": "Id OpportunityId Field OldValue NewValue CreatedDate",
    "OpportunityContactRole": f"{_RECORD} OpportunityId ContactId Role",
    "Contact": f"{_RECORD} FirstName LastName Email Title AccountId",
    "Account": f"{_RECORD} Name Website",
    "User": "Id Name Email",
    "RecordType": "Id Name SobjectType",
    "OpportunityStage": "MasterLabel IsClosed IsWon",
    "Task": f"{_ACTIVITY} Status IsClosed TaskSubtype CallType CallDisposition CompletedDateTime",
    "Event": f"{_ACTIVITY} StartDateTime EndDateTime IsAllDayEvent",
}


@dataclass
class Double:
    """The org behind the API, as it is at `until` (days of its week), and what was asked of it."""

    week: Week
    until: float = 1e6
    page: int = 2000
    token: str = TOKEN
    asked: list[str] = field(default_factory=list)
    logins: list[dict[str, list[str]]] = field(default_factory=list)
    misbehave: Callable[[Request], Response | None] = lambda _request: None
    without: frozenset[str] = frozenset()
    _more: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def answer(self, request: Request) -> Response:
        if (other := self.misbehave(request)) is not None:
            return other
        if request.path == "/services/oauth2/token" and request.method == "POST":
            return self._token(request)
        if request.path == f"/services/Soap/u/{VERSION}" and request.method == "POST":
            return self._soap(request)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        match request.path.removeprefix(f"/services/data/v{VERSION}/").split("/"):
            case ["sobjects", table, "describe"]:
                return self._describe(table)
            case ["queryAll", ""]:
                return self._query(request.args["q"])
            case ["query", locator] if locator in self._more:
                return self._page(locator.partition("-")[0], self._more.pop(locator))
        return error(404, "NOT_FOUND", f"{request.method} {request.path}")

    def _token(self, request: Request) -> Response:
        told = parse_qs(request.get_data(as_text=True))
        self.logins.append(told)
        if (
            told.get("grant_type") == ["client_credentials"]
            or told.get("assertion")
            or told.get("password") == ["right"]
        ):
            return as_json({"access_token": self.token, "instance_url": f"https://{HOST}"})
        return as_json({"error": "invalid_grant", "error_description": "authentication failure"}, 400)

    def _soap(self, request: Request) -> Response:
        told = request.get_data(as_text=True)
        password = re.search(r"<n1:password>(.*)</n1:password>", told)
        self.logins.append({"password": [password[1] if password else ""]})
        if password and password[1] == "right4711":
            url = f"https://{HOST}/services/Soap/u/{VERSION}/00D"
            return Response(
                f"<e><sessionId>{self.token}</sessionId><serverUrl>{url}</serverUrl></e>", content_type="text/xml"
            )
        return Response(
            '<e xmlns:sf="urn:fault"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>'
            "<sf:exceptionMessage>INVALID_LOGIN: Invalid username, password, security token; or user locked out."
            "</sf:exceptionMessage></e>",
            500,
            content_type="text/xml",
        )

    def columns(self, table: str) -> list[str]:
        if table in self.without:
            return []
        return [name for name in COLUMNS.get(table, "").split() if f"{table}.{name}" not in self.without]

    def _describe(self, table: str) -> Response:
        if not (columns := self.columns(table)):
            return error(404, "NOT_FOUND", "The requested resource does not exist")
        return as_json({"name": table, "fields": [{"name": name, "type": "string"} for name in columns]})

    def _query(self, soql: str) -> Response:
        self.asked.append(soql)
        query = _QUERY.fullmatch(soql)
        if query is None or len(soql) > 10_000:
            return error(400, "MALFORMED_QUERY", f"unexpected token in {soql}")
        columns = query["columns"].split(", ")
        conditions = query["where"].split(" AND ") if query["where"] else []
        named = [*columns, *(each.split()[0] for each in conditions), *(query["order"] or "").split(", ")]
        missing = set(filter(None, named)) - set(self.columns(query["table"]))
        if missing:
            return error(400, "INVALID_FIELD", f"No such column '{sorted(missing)[0]}' on entity '{query['table']}'")
        rows = [
            row
            for row in self.week.tables(self.until).get(query["table"], [])
            if all(_holds(row, each) for each in conditions)
        ]
        for name in reversed((query["order"] or "").split(", ")):
            if name:
                rows.sort(key=lambda row, name=name: row[name], reverse=bool(query["down"]))
        if query["group"]:
            rows = list({row[query["group"]]: row for row in rows}.values())
        rows = rows[: int(query["limit"] or len(rows))]
        records = [{"attributes": {"type": query["table"]}} | {name: row.get(name) for name in columns} for row in rows]
        return self._page(f"01g{len(self.asked)}", records, len(records))

    def _page(self, cursor: str, records: list[dict[str, Any]], total: int = 0) -> Response:
        rest = records[self.page :]
        answer: dict[str, Any] = {"totalSize": total, "done": not rest, "records": records[: self.page]}
        if rest:
            locator = f"{cursor}-{len(rest)}"
            self._more[locator] = rest
            answer["nextRecordsUrl"] = f"/services/data/v{VERSION}/query/{locator}"
        return as_json(answer)


def as_json(told: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status, content_type="application/json")


def error(status: int, code: str, message: str) -> Response:
    return as_json([{"errorCode": code, "message": message}], status)


def _holds(row: dict[str, Any], condition: str) -> bool:
    match = _CONDITION.fullmatch(condition)
    assert match is not None, condition
    value, (_, sign, told) = row.get(match[1]), match.groups()
    if sign == "IN":
        return value in re.findall(r"'(\w+)'", told)
    if sign == "=":
        return bool(value == told.strip("'"))
    at, bound = moment(value, match[1], _READ), moment(told, match[1], _READ)
    return at >= bound if sign == ">=" else at <= bound


class _Proxy(socketserver.ThreadingTCPServer):
    """Leads every CONNECT to the double, whichever of Salesforce's hosts is meant."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.behind = port
        super().__init__(("127.0.0.1", 0), _Tunnel)


class _Tunnel(socketserver.StreamRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        with socket.create_connection(("127.0.0.1", self.server.behind)) as behind:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(behind, self.connection), daemon=True)
            back.start()
            _pump(self.connection, behind)
            back.join()


def _pump(source: Any, target: Any) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@dataclass
class Place:
    """Where the double of the test that runs is found."""

    proxy: str
    double: Double | None = None

    def answer(self, request: Request) -> Response:
        assert self.double is not None
        return self.double.answer(request)


@contextmanager
def a_place(authority: trustme.CA) -> Iterator[Place]:
    """A server behind a proxy; whoever trusts `authority` takes it for Salesforce."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("*.salesforce.com", "*.my.salesforce.com").configure_cert(context)
    server = HTTPServer(host="127.0.0.1", port=0, ssl_context=context, threaded=True)
    server.start()
    with _Proxy(server.port) as proxy:
        place = Place(f"http://127.0.0.1:{proxy.server_address[1]}")
        server.expect_request(re.compile(".*")).respond_with_handler(place.answer)
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield place
        finally:
            proxy.shutdown()
            thread.join()
            server.stop()

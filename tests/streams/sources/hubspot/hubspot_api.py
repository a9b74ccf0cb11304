"""HubSpot's API as far as it is polled, on a real HTTP server, as strict as HubSpot's own.

It holds the records of one account with their histories and associations, answers searches, batch reads and lists by
HubSpot's limits, and refuses what HubSpot would refuse.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TOKEN = "pat-eu1-0123456789"
KINDS = ("deals", "contacts", "companies", "calls", "meetings", "emails")
Thing = dict[str, Any]


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Wrong(ValueError):
    """What HubSpot would not take."""


@dataclass
class Account:
    """What HubSpot has. `most_found` is how many results a search gives at most."""

    records: dict[str, dict[str, Thing]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    # by the two kinds: pairs of ids, with the labels of the association
    associations: dict[tuple[str, str], list[tuple[str, str, tuple[str | None, ...]]]] = field(default_factory=dict)
    owners: list[Thing] = field(default_factory=list)
    archived_owners: list[Thing] = field(default_factory=list)
    pipelines: list[Thing] = field(default_factory=list)
    archived: list[Thing] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    page: int = 100
    # called before each search is answered: somebody works on while we read
    meanwhile: Callable[[str], None] = lambda _kind: None

    def add(self, kind: str, id: str, modified: str, **histories: Any) -> Thing:
        """A record; a property is a text, or a history as (moment, value, source) pairs, oldest first."""
        properties: dict[str, Any] = {"hs_object_id": id, _modified(kind): modified}
        told: dict[str, list[Thing]] = {}
        for name, value in histories.items():
            versions = value if isinstance(value, list) else [(modified, value, "CRM_UI")]
            told[name] = [
                {"value": value, "timestamp": at, "sourceType": (*more, "CRM_UI")[0], "sourceId": "userId:1"}
                for at, value, *more in reversed(versions)
            ]
            properties[name] = versions[-1][1]
        record = {"id": id, "properties": properties, "history": told, "archived": False}
        self.records[kind][id] = record
        return record

    def associate(self, kind: str, id: str, to: str, other: str, *labels: str | None) -> None:
        """Associate two records, both ways."""
        self.associations.setdefault((kind, to), []).append((id, other, labels or (None,)))
        self.associations.setdefault((to, kind), []).append((other, id, labels or (None,)))

    def serve(self, server: HTTPServer) -> None:
        """Answer everything that comes to a server."""
        server.expect_request(re.compile(".*")).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        """What HubSpot answers."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _said(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
        body = orjson.loads(request.data) if request.method == "POST" else None
        self.asked.append((request.path, body))
        try:
            match request.path.strip("/").split("/"):
                case ["crm", "v3", "owners"]:
                    told = self.archived_owners if request.args["archived"] == "true" else self.owners
                    return self._listed(told, request)
                case ["crm", "v3", "pipelines", "deals"]:
                    return _json({"results": self.pipelines})
                case ["crm", "v3", "objects", "deals"] if request.args.get("archived") == "true":
                    return self._listed(self.archived, request)
                case ["crm", "v3", "objects", kind, "search"] if kind in KINDS:
                    self.meanwhile(kind)
                    return self._search(kind, body)
                case ["crm", "v3", "objects", kind, "batch", "read"] if kind in KINDS:
                    return self._read(kind, body)
                case ["crm", "v4", "associations", kind, to, "batch", "read"] if kind in KINDS and to in KINDS:
                    return self._associated(kind, to, body)
        except (Wrong, KeyError, TypeError) as error:
            return _said(400, repr(error), "VALIDATION_ERROR")
        return _said(404, "Not found", "OBJECT_NOT_FOUND")

    def _listed(self, told: list[Thing], request: Request) -> Response:
        start, limit = int(request.args.get("after", 0)), int(request.args["limit"])
        if not 0 < limit <= 100:
            raise Wrong("limit")
        return _json({"results": told[start : start + limit]} | _next(start + limit, len(told)))

    def _search(self, kind: str, body: Thing) -> Response:
        (group,), (sort,) = body["filterGroups"], body["sorts"]
        if not 0 < body["limit"] <= 200 or len(group["filters"]) > 6 or body.get("after"):
            raise Wrong("limits of a search")
        found = [each for each in self.records[kind].values() if all(_passes(each, one) for one in group["filters"])]
        assert sort["direction"] == "ASCENDING"
        found.sort(key=lambda each: _number(each["properties"][sort["propertyName"]]))
        limit = min(body["limit"], self.page)
        results = [self._told(each, body["properties"]) for each in found[:limit]]
        return _json({"total": len(found), "results": results} | _next(limit, len(found)))

    def _read(self, kind: str, body: Thing) -> Response:
        ids = [each["id"] for each in body["inputs"]]
        if not 0 < len(ids) <= (50 if body["propertiesWithHistory"] else 100):
            raise Wrong("The maximum number of inputs supported in a batch request for property histories is 50")
        known = [self.records[kind][id] for id in ids if id in self.records[kind]]
        results = []
        for each in known:
            told = self._told(each, body["properties"])
            if body["propertiesWithHistory"]:
                histories = each["history"]
                told["propertiesWithHistory"] = {
                    name: histories[name] for name in body["propertiesWithHistory"] if name in histories
                }
            results.append(told)
        errors = [] if len(known) == len(ids) else [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "x"}]
        return _json({"status": "COMPLETE", "results": results, "errors": errors}, 207 if errors else 200)

    def _told(self, record: Thing, names: Iterable[str]) -> Thing:
        told = {name: record["properties"].get(name) for name in (*names, "hs_object_id")}
        for name in ("createdate", "hs_createdate"):
            if name in record["properties"]:
                told.setdefault(name, record["properties"][name])
        return {"id": record["id"], "properties": told, "archived": False}

    def _associated(self, kind: str, to: str, body: Thing) -> Response:
        if not 0 < len(body["inputs"]) <= 1000:
            raise Wrong("inputs")
        results = []
        for asked in body["inputs"]:
            others = [each for each in self.associations.get((kind, to), ()) if each[0] == asked["id"]]
            start = int(asked.get("after", 0))
            page = [_other(id, labels) for _, id, labels in others[start : start + self.page]]
            if page:
                results.append({"from": {"id": asked["id"]}, "to": page} | _next(start + self.page, len(others)))
        errors = [] if len(results) == len(body["inputs"]) else [{"category": "OBJECT_NOT_FOUND", "message": "none"}]
        return _json({"status": "COMPLETE", "results": results, "errors": errors}, 207 if errors else 200)


def _other(id: str, labels: Iterable[str | None]) -> Thing:
    kinds = [{"category": "HUBSPOT_DEFINED", "typeId": number, "label": label} for number, label in enumerate(labels)]
    return {"toObjectId": int(id), "associationTypes": kinds}


def _modified(kind: str) -> str:
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def _passes(record: Thing, one: Mapping[str, Any]) -> bool:
    value = record["properties"].get(one["propertyName"])
    if value is None:
        return False
    match one["operator"]:
        case "BETWEEN":
            return int(one["value"]) <= _number(value) <= int(one["highValue"])
        case "GT":
            return _number(value) > int(one["value"])
        case "IN":
            assert one["values"] == [each.lower() for each in one["values"]]
            return str(value).lower() in one["values"]
        case other:
            raise Wrong(other)


def _number(value: str) -> int:
    return int(value) if value.isdecimal() else ms(value)


def _next(start: int, total: int) -> Thing:
    return {"paging": {"next": {"after": str(start), "link": "?"}}} if start < total else {}


def _json(told: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status, content_type="application/json;charset=utf-8")


def _said(status: int, message: str, category: str) -> Response:
    told = {"status": "error", "message": message, "category": category, "correlationId": "0"}
    return _json(told, status)

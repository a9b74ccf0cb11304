"""An org as tables: rows of its objects, with the fields that it has, page by page."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import requests
from simple_salesforce.api import Salesforce as Api
from simple_salesforce.exceptions import SalesforceExpiredSession

from ..connection import SourceError, SourceRefused, SourceUnavailable
from ..item import Row
from .login import log_in, session, translated
from .settings import Salesforce

log = logging.getLogger("stallwatch.sources.salesforce")

# so that a query stays well below the longest address that Salesforce takes
MOST_IDS = 200
Answer = TypeVar("Answer")


class Org:
    """What an org has; logs in when it is asked first, and once more when its session has expired."""

    def __init__(self, settings: Salesforce, http: requests.Session | None = None) -> None:
        self._settings = settings
        self._http = http or session()
        self._api: Api | None = None
        self._columns: dict[str, frozenset[str]] = {}

    def columns(self, table: str) -> frozenset[str]:
        """The names of an object's fields; none if there is no such object, or none that we may see."""
        if table not in self._columns:
            try:
                told = self._ask(f"describe of {table}", lambda api: api.restful(f"sobjects/{table}/describe"))
            except SourceRefused as refusal:
                if "404" not in str(refusal):
                    raise
                told = {"fields": []}
            fields = told.get("fields") if isinstance(told, dict) else None
            if not isinstance(fields, list):
                raise SourceUnavailable(f"salesforce: the describe of {table} names no fields")
            self._columns[table] = frozenset(
                each["name"] for each in fields if isinstance(each, dict) and "name" in each
            )
        return self._columns[table]

    def pages(self, table: str, columns: Collection[str], where: str, order: str) -> Iterator[tuple[list[Row], int]]:
        """The rows of an object, deleted ones too, in pages, with how many there are in all."""
        selected = sorted(self.columns(table).intersection(columns))
        if not selected:
            return
        soql = f"SELECT {', '.join(selected)} FROM {table}"  # noqa: S608 - of names that the describe has, and ids
        soql += f" WHERE {where}" if where else ""
        soql += f" ORDER BY {order}" if order else ""
        answer = self.query(table, soql)
        while True:
            yield [_row(table, record) for record in answer["records"]], int(answer.get("totalSize") or 0)
            if answer.get("done", True):
                return
            answer = self._more(table, str(answer.get("nextRecordsUrl")))

    def rows(self, table: str, columns: Collection[str], where: str = "", order: str = "") -> list[Row]:
        """All rows at once."""
        return [row for page, _ in self.pages(table, columns, where, order) for row in page]

    def rows_of(self, table: str, columns: Collection[str], key: str, ids: Iterable[str], order: str = "") -> list[Row]:
        """The rows of an object whose `key` is one of these ids."""
        found: list[Row] = []
        rest = iter(dict.fromkeys(ids))
        while some := list(islice(rest, MOST_IDS)):
            found += self.rows(table, columns, f"{key} IN ({', '.join(repr(id) for id in some)})", order)
        return found

    def values(self, table: str, column: str) -> list[Any]:
        """Every value that a column has; none if the org does not say: it may have too many rows to count them."""
        if column not in self.columns(table):
            return []
        try:
            found = self.query(table, f"SELECT {column} FROM {table} GROUP BY {column}")["records"]  # noqa: S608
        except SourceError as error:
            log.warning("%s: which values %s.%s has is not known", error, table, column)
            return []
        return [each.get(column) for each in found if isinstance(each, dict)]

    def query(self, table: str, soql: str) -> dict[str, Any]:
        """The answer to a query."""
        return self._queried(table, lambda api: api.query(soql, include_deleted=True))

    def _more(self, table: str, path: str) -> dict[str, Any]:
        # it is put behind the name of the host as it is, and must not become another one
        if not path.startswith("/services/data/"):
            raise SourceUnavailable(f"salesforce: the next page of {table} is nowhere: {path[:100]}")
        return self._queried(table, lambda api: api.query_more(path, identifier_is_url=True))

    def _queried(self, table: str, ask: Callable[[Api], Any]) -> dict[str, Any]:
        try:
            answer = self._ask(f"the query for {table}", ask)
        except SourceRefused as refusal:
            if "INVALID_FIELD" in str(refusal):
                # the org was changed: it is described anew next time
                self._columns.clear()
                raise SourceUnavailable(str(refusal)) from None
            raise
        if not isinstance(answer, dict) or not isinstance(answer.get("records"), list):
            raise SourceUnavailable(f"salesforce: the query for {table} was answered without records")
        return answer

    def _ask(self, what: str, ask: Callable[[Api], Answer]) -> Answer:
        for _ in range(2):
            if self._api is None:
                self._api = log_in(self._settings, self._http)
            try:
                with translated(what):
                    return ask(self._api)
            except SalesforceExpiredSession:
                self._api = None
        raise SourceRefused(f"salesforce: the session has expired, and a new login did not mend it ({what})")


def literal(at: datetime) -> str:
    """A time as a query has it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(table: str, record: Any) -> Row:
    fields = {name: each for name, each in record.items() if name != "attributes"} if isinstance(record, dict) else {}
    return Row(f"salesforce/{table}/{fields.get('Id', '?')}", fields)

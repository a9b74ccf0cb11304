"""Bring folder, data source and dashboards into a running Grafana. Doing it twice changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, ParamSpec
from urllib.parse import urlsplit

from dashboards.catalogue import (
    DATA_SOURCE_NAME,
    DATA_SOURCE_UID,
    FOLDER_TITLE,
    FOLDER_UID,
    Board,
    boards,
)
from dashboards.grafana import PATIENCE, Credentials, Grafana, GrafanaRejected, Json, Patience

P = ParamSpec("P")
Outcome = Literal["created", "updated", "unchanged"]

# Somebody else wrote between our look and our write: look again, a few times.
_LOOKS = 3
_CONFLICTS = frozenset({409, 412})


@dataclass(frozen=True)
class Change:
    """What became of one object in Grafana."""

    kind: Literal["folder", "data source", "dashboard"]
    uid: str
    outcome: Outcome

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}: {self.outcome}"


def push(
    url: str,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    prometheus_url: str,
    deal_page: str,
    patience: Patience = PATIENCE,
) -> list[Change]:
    """Make Grafana at `url` show our dashboards; what happened, object by object, in order.

    It takes a service account's `token`, or `user` and `password`. `prometheus_url` is where Grafana, not the browser,
    finds Prometheus; `deal_page` is where a browser finds the worker. Raises `GrafanaUnavailable` or `GrafanaRejected`;
    what was changed before stays, and the next push goes on from there.
    """
    credentials = _credentials(token, user, password)
    for name, address in (("Prometheus", prometheus_url), ("the deals' pages", deal_page)):
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise GrafanaRejected(f"{address!r} is not an address of {name} (http[s]://host[:port][/path])")
    grafana = Grafana(url, credentials, patience)
    changes = [
        Change("folder", FOLDER_UID, _settled(_folder, grafana)),
        Change("data source", DATA_SOURCE_UID, _settled(_data_source, grafana, prometheus_url)),
    ]
    for uid, board in boards(deal_page).items():
        changes.append(Change("dashboard", uid, _settled(_dashboard, grafana, board)))
    return changes


def _credentials(token: str | None, user: str | None, password: str | None) -> Credentials:
    if token is not None and user is None and password is None:
        return token
    if token is None and user and password is not None:
        return user, password
    raise GrafanaRejected("Grafana wants either a token, or a user and a password")


def _settled(bring: Callable[P, Outcome], *args: P.args, **kwargs: P.kwargs) -> Outcome:
    for look in range(1, _LOOKS + 1):
        try:
            return bring(*args, **kwargs)
        except GrafanaRejected as error:
            if error.status not in _CONFLICTS or look == _LOOKS:
                raise
    raise AssertionError("the last look returns or raises")


def _folder(grafana: Grafana) -> Outcome:
    there = grafana.folder(FOLDER_UID)
    if there is None:
        grafana.create_folder(FOLDER_UID, FOLDER_TITLE)
        return "created"
    if there.get("title") == FOLDER_TITLE:
        return "unchanged"
    grafana.rename_folder(FOLDER_UID, FOLDER_TITLE, there.get("version", 0))
    return "updated"


def _data_source(grafana: Grafana, prometheus_url: str) -> Outcome:
    ours: Json = {
        "uid": DATA_SOURCE_UID,
        "name": DATA_SOURCE_NAME,
        "type": "prometheus",
        "access": "proxy",
        "url": prometheus_url,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
    }
    there = grafana.data_source(DATA_SOURCE_UID)
    if there is None:
        grafana.create_data_source(ours)
        return "created"
    # What we do not set, such as a login that Prometheus asks for, is left as it is.
    settings = {**(there.get("jsonData") or {}), **ours["jsonData"]}
    wanted = {**there, **ours, "jsonData": settings}
    if wanted == there:
        return "unchanged"
    grafana.update_data_source(wanted)
    return "updated"


def _dashboard(grafana: Grafana, board: Board) -> Outcome:
    there = grafana.dashboard(board["uid"])
    if there is None:
        grafana.save_dashboard(board, FOLDER_UID, "stallwatch dashboards push")
        return "created"
    stored: Json = there["dashboard"]
    in_place = there.get("meta", {}).get("folderUid") == FOLDER_UID
    if in_place and _says(stored, board):
        return "unchanged"
    grafana.save_dashboard({**board, "version": stored.get("version")}, FOLDER_UID, "stallwatch dashboards push")
    return "updated"


def _says(stored: Json, board: Board) -> bool:
    """Whether a stored dashboard is ours. Grafana may add fields of its own, and lift the version of the schema."""
    ours = dict(board)
    schema: int = ours.pop("schemaVersion")
    return stored.get("schemaVersion", 0) >= schema and all(stored.get(name) == ours[name] for name in ours)

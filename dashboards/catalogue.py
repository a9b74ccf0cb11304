"""Every dashboard of this folder: a file with a `board` is one, and its name gives the uid.

A board's file has `board()`, what is on it, and `VARIABLES`, what can be chosen. What all share is added here.
"""

import json
import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

import dashboards
from dashboards.targets import SOURCE
from dashboards.variables import Constant, data_source
from streams.metrics.catalogue import RULES_LOADED

DATA_SOURCE_UID = "stallwatch-prometheus"
DATA_SOURCE_NAME = "Stallwatch Prometheus"
FOLDER_UID = "stallwatch"
FOLDER_TITLE = "Stallwatch"
TAG = "stallwatch"
DEAL_PAGE = "http://127.0.0.1:8787"

# What one dashboard is to Grafana: JSON.
Board = dict[str, Any]

# A line in every graph at each moment at which a worker loaded rules: numbers may jump there without a deal's doing.
RULES_CHANGED: dict[str, Any] = {
    "name": "Rules loaded",
    "enable": True,
    "hide": False,
    "iconColor": "purple",
    "datasource": SOURCE.to_json(),
    "expr": f"1000 * max by (rules) ({RULES_LOADED.name})",
    "step": "60s",
    "useValueForTime": True,
    "titleFormat": "Rules loaded",
    "textFormat": "rules {{rules}} are in force",
    "tagKeys": "rules",
}


def boards(deal_page: str = DEAL_PAGE) -> dict[str, Board]:
    """All dashboards as Grafana's JSON, by uid; `deal_page` is the address under which people reach the worker."""
    modules = (
        import_module(f"{dashboards.__name__}.{found.name}") for found in pkgutil.iter_modules(dashboards.__path__)
    )
    return {_uid(module): _complete(module, deal_page) for module in modules if hasattr(module, "board")}


def _uid(module: ModuleType) -> str:
    return "stallwatch-" + module.__name__.rpartition(".")[2].replace("_", "-")


def _complete(module: ModuleType, deal_page: str) -> Board:
    """What all dashboards share: identity, ways to the others, marks of changed rules, a month's view."""
    chosen = [variable() for variable in module.VARIABLES]
    page = Constant("deal_page", deal_page.rstrip("/"))
    built = (
        module.board()
        .uid(_uid(module))
        .description((module.__doc__ or "").strip())
        .tags([TAG])
        .time("now-30d", "now")
        .timezone("browser")
        .refresh("1m")
        .readonly()
        .variables([data_source(DATA_SOURCE_NAME, DATA_SOURCE_UID), *chosen, page])
        .link(_others())
        .build()
    )
    for number, panel in enumerate(built.panels, start=1):
        panel.id_val = number
    board: Board = json.loads(JSONEncoder().encode(built))
    # the SDK's annotations know nothing of what Prometheus makes of them
    return board | {"annotations": {"list": [RULES_CHANGED]}}


def _others() -> DashboardLink:
    """A way to every dashboard of ours, with what was chosen here."""
    return (
        DashboardLink("Stallwatch")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(False)
        .include_vars(True)
        .keep_time(True)
    )

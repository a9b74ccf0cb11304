"""Every dashboard of this folder: a file with a `board` is one, and its name gives the uid."""

import json
import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

from grafana_foundation_sdk.builders.dashboard import ConstantVariable, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

import dashboards
from streams.metrics import DEALS, DEALS_AMOUNT

DATA_SOURCE_UID = "stallwatch-prometheus"
DATA_SOURCE_NAME = "Stallwatch Prometheus"
FOLDER_UID = "stallwatch"
FOLDER_TITLE = "Stallwatch"
DEAL_PAGE = "http://127.0.0.1:8787"

# What one dashboard is to Grafana: JSON.
Board = dict[str, Any]


def boards(deal_page: str = DEAL_PAGE) -> dict[str, Board]:
    """All dashboards as Grafana's JSON, by uid; `deal_page` is the address under which people reach the worker."""
    modules = (
        import_module(f"{dashboards.__name__}.{found.name}") for found in pkgutil.iter_modules(dashboards.__path__)
    )
    return {_uid(module): _complete(module, deal_page) for module in modules if hasattr(module, "board")}


def _uid(module: ModuleType) -> str:
    return "stallwatch-" + module.__name__.rpartition(".")[2].replace("_", "-")


def _complete(module: ModuleType, deal_page: str) -> Board:
    """What all dashboards share: identity, variables, a month's view."""
    built = (
        module.board()
        .uid(_uid(module))
        .description((module.__doc__ or "").strip())
        .tags(["stallwatch"])
        .time("now-30d", "now")
        .timezone("browser")
        .refresh("1m")
        .readonly()
        .annotations([])
        .variables([_data_source(), _team(), _currency(), _Constant("deal_page", deal_page.rstrip("/"))])
        .build()
    )
    for number, panel in enumerate(built.panels, start=1):
        panel.id_val = number
    board: Board = json.loads(JSONEncoder().encode(built))
    return board


def _data_source() -> DatasourceVariable:
    usual = VariableOption(selected=True, text=DATA_SOURCE_NAME, value=DATA_SOURCE_UID)
    return DatasourceVariable("datasource").label("Data source").type("prometheus").current(usual)


def _labels(name: str, heading: str, metric: str) -> QueryVariable:
    """The values that the label `name` of a metric has."""
    return (
        QueryVariable(name)
        .label(heading)
        .datasource(DataSourceRef(type_val="prometheus", uid="${datasource}"))
        .query({"query": f"label_values({metric}, {name})", "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def _team() -> QueryVariable:
    # `.*` and not a list of all teams: deals of no team match it too.
    everyone = VariableOption(selected=True, text="All", value="$__all")
    return _labels("team", "Team", DEALS.name).multi(True).include_all(True).all_value(".*").current(everyone)


def _currency() -> QueryVariable:
    # One at a time: there is no "all", because money of two currencies does not add up.
    return _labels("currency", "Currency", DEALS_AMOUNT.name)


class _Constant(ConstantVariable):
    """A value that nobody sees, and that no link to the dashboard can change: the deals' links are built on it."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(name)
        self.value(value)

    def build(self) -> VariableModel:
        built = super().build()
        built.hide = VariableHide.HIDE_VARIABLE
        built.skip_url_sync = True
        built.current = VariableOption(selected=True, text=str(built.query), value=str(built.query))
        return built

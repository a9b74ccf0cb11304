"""What whoever looks at a dashboard can choose, and what they cannot."""

from grafana_foundation_sdk.builders.dashboard import ConstantVariable, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from streams.metrics.catalogue import DEALS, DEALS_AMOUNT, FINDING_OPEN


def data_source(name: str, uid: str) -> DatasourceVariable:
    """Which Prometheus is asked."""
    usual = VariableOption(selected=True, text=name, value=uid)
    return DatasourceVariable("datasource").label("Data source").type("prometheus").current(usual)


def team() -> QueryVariable:
    """Teams; at first all of them."""
    # `.*` and not a list of all teams: deals of no team match it too.
    everyone = VariableOption(selected=True, text="All", value="$__all")
    return _labels("team", "Team", DEALS.name).multi(True).include_all(True).all_value(".*").current(everyone)


def currency() -> QueryVariable:
    """A currency."""
    # One at a time: there is no "all", because money of two currencies does not add up.
    return _labels("currency", "Currency", DEALS_AMOUNT.name)


def deal() -> QueryVariable:
    """A deal, among those that have series of their own."""
    return _labels("deal", "Deal", FINDING_OPEN.name, "deal_id")


def _labels(name: str, heading: str, metric: str, label: str | None = None) -> QueryVariable:
    """The values that a label of a metric has: that of the variable's name, unless told otherwise."""
    return (
        QueryVariable(name)
        .label(heading)
        .datasource(DataSourceRef(type_val="prometheus", uid="${datasource}"))
        .query({"query": f"label_values({metric}, {label or name})", "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


class Constant(ConstantVariable):
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

"""How much of the pipeline is stalled, whose it is, what is wrong with it, and which deals to talk about first."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import queries
from dashboards.panels import deals, layers, lines, number, ranking, severity_bars

_CURRENCY_NOTE = "Only deals in the chosen currency count: amounts of different currencies are never added up."


def board() -> Dashboard:
    """For sales managers: a row of numbers, money over time, then what and who, then the deals themselves."""
    return (
        Dashboard("Pipeline health")
        .with_panel(
            number(
                "Open value ($currency)",
                f"Value of all open deals of the chosen teams. {_CURRENCY_NOTE}",
                queries.OPEN_VALUE,
                "short",
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Stalled value ($currency)",
                "Value of the open deals with at least one warning or critical finding; each deal counts once. "
                + _CURRENCY_NOTE,
                queries.STALLED_VALUE,
                "short",
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Share stalled",
                "Stalled value as a share of open value. From 40 % on the forecast deserves doubt, from 60 % on it is "
                "mostly hope.",
                queries.STALLED_SHARE,
                "percentunit",
                decimals=0,
                warning=0.4,
                critical=0.6,
            )
        )
        .with_panel(
            number(
                "Open deals",
                "Open deals of the chosen teams, in any currency or none.",
                queries.OPEN_DEALS,
                "short",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Critical findings",
                "Open findings of severity critical, in any currency. One deal can have several.",
                queries.CRITICAL_FINDINGS,
                "short",
                decimals=0,
                critical=1,
            )
        )
        .with_panel(
            number(
                "Complete up to",
                "All that happened until then is in these numbers. If it lags behind, the program is catching up.",
                queries.SEEN_UP_TO,
                "dateTimeFromNow",
            )
        )
        .with_panel(
            layers(
                "Open value by team ($currency)",
                f"Value of open deals, teams stacked. {_CURRENCY_NOTE}",
                queries.OPEN_VALUE_BY_TEAM,
                "short",
                legend="{{team}}",
            )
        )
        .with_panel(
            layers(
                "Stalled value by team ($currency)",
                "Value of open deals with at least one warning or critical finding, teams stacked; a team has the same "
                f"colour as on the left. {_CURRENCY_NOTE}",
                queries.STALLED_VALUE_BY_TEAM,
                "short",
                legend="{{team}}",
            )
        )
        .with_panel(
            lines(
                "Share stalled by team",
                "Stalled value as a share of the team's open value. A rising line is a topic for the pipeline review.",
                queries.STALLED_SHARE_BY_TEAM,
                "percentunit",
                legend="{{team}}",
                width=8,
                maximum=1,
            )
        )
        .with_panel(
            severity_bars(
                "Findings by detector and severity",
                "What is wrong, and how often: open findings of the chosen teams. A bar that stays on top is a habit, "
                "not bad luck.",
                queries.FINDINGS_BY_DETECTOR,
                "short",
                label="problem",
                width=8,
            )
        )
        .with_panel(
            ranking(
                "Stalled share of each owner's deals",
                f"Stalled deals as a share of an owner's open deals; the {queries.OWNERS_SHOWN} highest. Mind small "
                "books: one stalled deal of two is 50 %.",
                queries.STALLED_RATIO_BY_OWNER,
                "percentunit",
                label="owner",
                heading="Owner",
                width=8,
                maximum=1,
                warning=0.4,
                critical=0.6,
            )
        )
        .with_panel(
            deals(
                "Worst deals ($currency)",
                f"The {queries.WORST_DEALS_SHOWN} largest deals with a warning or critical finding. The deal's page "
                f"shows the evidence, and what would clear it. {_CURRENCY_NOTE}",
                queries.WORST_DEALS,
                "locale",
                link="${deal_page}/deals",
            )
        )
    )

"""One deal over time: what was wrong with it when, and what is wrong now. Its page has the evidence."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from dashboards import variables
from dashboards.panels import COLOURS, labelled, lines, name, number, timeline
from dashboards.queries import deal
from dashboards.tables import Label, Value, named, sheet

VARIABLES = (variables.deal,)

_SEVERITIES = [(severity, COLOURS[severity]) for severity in deal.SEVERITIES]
_ONLY_WHILE_OPEN = "Only deals with an open finding have series, the largest first: a gap is good news, mostly."


def board() -> Dashboard:
    """For whoever prepares a talk about a deal: how it stands, how it came to this, and its page one click away."""
    return (
        Dashboard("Deal")
        .link(_page())
        .with_panel(
            number(
                "Worst finding",
                f"The severity of the worst open finding. {_ONLY_WHILE_OPEN}",
                deal.WORST,
                "none",
                width=6,
                words=_SEVERITIES,
                absent="nothing open",
            )
        )
        .with_panel(
            number(
                "Open findings",
                "How many things are wrong with the deal now, of any severity.",
                deal.NUMBER,
                "short",
                width=6,
                decimals=0,
                absent="none",
            )
        )
        .with_panel(
            labelled(
                "Value",
                "The deal's amount and its currency, while it has a warning or critical finding.",
                deal.AMOUNT,
                "locale",
                label="currency",
                width=6,
                absent="not stalled",
            )
        )
        .with_panel(
            name(
                "Owner",
                "Whose deal it is: the part of the address before the @.",
                deal.OWNER,
                label="owner",
                width=6,
                absent="nothing open",
            )
        )
        .with_panel(
            timeline(
                "What was wrong when",
                "A band for each finding while it was open, in the colour of its severity. Lines mark changed rules: "
                f"a band that begins there came from the rules, not from the deal. {_ONLY_WHILE_OPEN}",
                {"{{problem}}": deal.LEVEL_BY_PROBLEM},
                _SEVERITIES,
            )
        )
        .with_panel(
            sheet(
                "What is wrong now",
                "The open findings. What they rest on, and what would clear them, is on the deal's page.",
                "none",
                [Label("problem", "What is wrong"), Label("detector", "Detector", 200)],
                [Value(deal.LEVEL_BY_PROBLEM, "Severity", "none", 100, named(_SEVERITIES))],
                sort=[("Severity", True)],
                width=10,
            )
        )
        .with_panel(
            lines(
                "Open findings by severity",
                "How many things were wrong. A deal that gathers more and more is dying by degrees.",
                {"{{severity}}": deal.NUMBER_BY_SEVERITY},
                "short",
                width=7,
            )
        )
        .with_panel(
            lines(
                "Value over time",
                "The deal's amount, while it had a warning or critical finding. A value that shrinks is being talked "
                "down.",
                {"{{currency}}": deal.AMOUNT},
                "locale",
                width=7,
            )
        )
    )


def _page() -> DashboardLink:
    return (
        DashboardLink("The deal's page")
        .type(DashboardLinkType.LINK)
        .url("${deal_page}/deals/${deal:percentencode}")
        .icon("external link")
        .tooltip("Its history, the evidence, and what would clear it")
        .target_blank(True)
    )

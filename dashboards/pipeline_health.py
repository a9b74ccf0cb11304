"""How much of the pipeline is real, what slips, what began and cleared this week, which deals to talk about first."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards import variables
from dashboards.bars import bars
from dashboards.panels import COLOURS, layers, lines, number, ranking
from dashboards.queries import pipeline, shared
from dashboards.tables import AS_BAR, Label, Value, deals, sheet
from dashboards.week import week

VARIABLES = (variables.team, variables.currency)

_CURRENCY_NOTE = "Only deals in the chosen currency count: amounts of different currencies are never added up."
_QUARTERS_NOTE = (
    "Quarters are fiscal, named by the calendar year in which the fiscal year begins; `overdue` is a close date that "
    "has passed, `later` one more than six quarters ahead."
)


def board() -> Dashboard:
    """For sales managers: a row of numbers, quarters, the week, trends, what is missing, then books and deals."""
    return _deals(_missing(_trends(_week(_quarters(_numbers(Dashboard("Pipeline health")))))))


def _numbers(board: Dashboard) -> Dashboard:
    return (
        board.with_panel(
            number(
                "Open value ($currency)",
                f"Value of all open deals of the chosen teams. {_CURRENCY_NOTE}",
                pipeline.OPEN_VALUE,
                "short",
                width=3,
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Stalled ($currency)",
                "Value of the open deals with at least one warning or critical finding; each deal counts once. "
                + _CURRENCY_NOTE,
                pipeline.STALLED_VALUE,
                "short",
                width=3,
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Honest ($currency)",
                "Open value without what is stalled: what the forecast can rest on today. " + _CURRENCY_NOTE,
                pipeline.HONEST_VALUE,
                "short",
                width=3,
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Share stalled",
                "Stalled value as a share of open value. From 40 % on the forecast deserves doubt, from 60 % on it is "
                "mostly hope.",
                pipeline.STALLED_SHARE,
                "percentunit",
                width=3,
                decimals=0,
                warning=0.4,
                critical=0.6,
            )
        )
        .with_panel(
            number(
                "Slipped ($currency)",
                "Value of the open deals whose close date left a fiscal quarter that counted on it, and did not come "
                "back: those that the detector quarter_rollover finds. " + _CURRENCY_NOTE,
                pipeline.SLIPPED_VALUE,
                "short",
                width=3,
                decimals=1,
            )
        )
        .with_panel(
            number(
                "Began this week",
                "Warnings and critical findings that began within the last seven days, whether they are over or not. "
                "A deal can have several.",
                shared.BEGAN,
                "short",
                width=3,
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Cleared this week",
                "Warnings and critical findings that ended within the last seven days on deals that are still open: "
                "what was wrong is no more. Fewer than began means that the pipeline gets worse.",
                shared.CLEARED,
                "short",
                width=3,
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Complete up to",
                "All that happened until then is in these numbers. If it lags behind, the program is catching up.",
                pipeline.SEEN_UP_TO,
                "dateTimeFromNow",
                width=3,
            )
        )
    )


def _quarters(board: Dashboard) -> Dashboard:
    return board.with_panel(
        bars(
            "Pipeline by close quarter ($currency)",
            f"Value of open deals by the quarter in which they are to close: what is honest, and what is stalled. "
            f"{_QUARTERS_NOTE} {_CURRENCY_NOTE}",
            pipeline.VALUE_BY_QUARTER,
            "short",
            label="quarter",
            pieces="part",
            colours={pipeline.HONEST: "green", pipeline.STALLED: COLOURS["warning"]},
            by_size=False,
            upright=True,
            width=10,
        )
    ).with_panel(
        sheet(
            "By team and quarter ($currency)",
            f"The same, team by team. A quarter whose stalled share is high will not come in as it stands. "
            f"{_QUARTERS_NOTE} {_CURRENCY_NOTE}",
            "locale",
            [Label("team", "Team"), Label("quarter", "Closes")],
            [
                Value(pipeline.OPEN_BY_TEAM_AND_QUARTER, "Open", "locale"),
                Value(pipeline.STALLED_BY_TEAM_AND_QUARTER, "Stalled", "locale"),
                Value(pipeline.HONEST_BY_TEAM_AND_QUARTER, "Honest", "locale"),
                Value(pipeline.SHARE_BY_TEAM_AND_QUARTER, "Share stalled", "percentunit", more=AS_BAR),
            ],
            sort=[("Team", False), ("Closes", False)],
            width=14,
        )
    )


def _week(board: Dashboard) -> Dashboard:
    return board.with_panel(week("The week, by what is wrong")).with_panel(
        bars(
            "What is wrong now",
            f"Open findings of the chosen teams, by how bad they are; the {pipeline.PROBLEMS_SHOWN} problems with "
            "most of them. A bar that stays on top is a habit, not bad luck.",
            pipeline.FINDINGS_BY_PROBLEM,
            "short",
            label="problem",
            pieces="severity",
            colours=COLOURS,
            height=12,
        )
    )


def _trends(board: Dashboard) -> Dashboard:
    return (
        board.with_panel(
            layers(
                "Open value by team ($currency)",
                f"Value of open deals, teams stacked. {_CURRENCY_NOTE}",
                {"{{team}}": pipeline.OPEN_VALUE_BY_TEAM},
                "short",
                width=6,
            )
        )
        .with_panel(
            layers(
                "Stalled value by team ($currency)",
                "Value of open deals with at least one warning or critical finding, teams stacked; a team has the same "
                f"colour as on the left. {_CURRENCY_NOTE}",
                {"{{team}}": pipeline.STALLED_VALUE_BY_TEAM},
                "short",
                width=6,
            )
        )
        .with_panel(
            layers(
                "Slipped value by team ($currency)",
                "Value of open deals whose close date left a fiscal quarter that counted on it, teams stacked. It "
                f"jumps at the end of quarters. {_CURRENCY_NOTE}",
                {"{{team}}": pipeline.SLIPPED_VALUE_BY_TEAM},
                "short",
                width=6,
            )
        )
        .with_panel(
            lines(
                "Share stalled by team",
                "Stalled value as a share of the team's open value. A rising line is a topic for the pipeline review.",
                {"{{team}}": pipeline.STALLED_SHARE_BY_TEAM},
                "percentunit",
                width=6,
                maximum=1,
            )
        )
    )


def _missing(board: Dashboard) -> Dashboard:
    return board.with_panel(
        bars(
            "Deals without an executive, by stage",
            "Open deals in which nobody with power to decide has written, met us or taken a call, beside those in "
            "which somebody has. In the later stages the first should be rare.",
            pipeline.EXECUTIVES_BY_STAGE,
            "short",
            label="stage",
            pieces="executive",
            colours={pipeline.NOT_MET: COLOURS["warning"], pipeline.MET: "green"},
        )
    ).with_panel(
        ranking(
            "Value at stake, by problem ($currency)",
            f"Value of the open deals that have this warning or critical finding; the {pipeline.PROBLEMS_SHOWN} "
            f"largest. A deal with several counts in each, so the bars do not add up. {_CURRENCY_NOTE}",
            pipeline.VALUE_BY_PROBLEM,
            "short",
            label="problem",
            heading="Problem",
        )
    )


def _deals(board: Dashboard) -> Dashboard:
    return board.with_panel(
        sheet(
            "Reps' books ($currency)",
            "Each rep's open deals, by name, once one team is chosen above: nobody is compared with people outside "
            f"their team. At most {pipeline.BOOKS_SHOWN}, those with most stalled value. Mind small books: one "
            f"stalled deal of two is 50 %. Deals and share count deals in any currency. {_CURRENCY_NOTE}",
            "locale",
            [Label("owner", "Owner"), Label("team", "Team", 80)],
            [
                Value(pipeline.BOOK_STALLED, "Stalled", "locale", 100),
                Value(pipeline.BOOK_OPEN, "Open", "locale", 100),
                Value(pipeline.BOOK_COUNT, "Deals", "short", 65),
                Value(pipeline.BOOK_SHARE, "Share stalled", "percentunit", 130, more=AS_BAR),
            ],
            sort=[("Owner", False)],
            width=10,
            height=14,
        )
    ).with_panel(
        deals(
            "Worst deals ($currency)",
            f"The {pipeline.WORST_DEALS_SHOWN} largest deals with a warning or critical finding. The deal's page "
            f"shows the evidence, and what would clear it; its dashboard, how it came to this. {_CURRENCY_NOTE}",
            pipeline.WORST_DEALS,
            "locale",
            links=[
                {
                    "title": "Open the deal's page",
                    "url": "${deal_page}/deals/${__value.raw:percentencode}",
                    "targetBlank": True,
                },
                {
                    "title": "The deal over time",
                    "url": "/d/stallwatch-deal?var-deal=${__value.raw:percentencode}&${datasource:queryparam}",
                },
            ],
            width=14,
        )
    )

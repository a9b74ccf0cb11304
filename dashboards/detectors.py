"""What the detectors find, whether people agree with them, and where their thresholds cut."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards import variables
from dashboards.bars import bars
from dashboards.panels import COLOURS, histogram, layers, lines, number, ranking
from dashboards.queries import detectors, shared
from dashboards.tables import Label, Value, sheet
from dashboards.week import week

VARIABLES = (variables.team,)

_WARN, _CRITICAL = "a warning from here on", "critical from here on"


def board() -> Dashboard:
    """For whoever tunes the rules."""
    return _errors(_thresholds(_changes(_opinions(_findings(_numbers(Dashboard("Detectors")))))))


def _numbers(board: Dashboard) -> Dashboard:
    return (
        board.with_panel(
            number(
                "Open findings",
                "Open warnings and critical findings, in any currency. One deal can have several.",
                detectors.STALLS,
                "short",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Critical",
                "Open findings of severity critical. Many of them make each of them cheap.",
                detectors.CRITICAL_FINDINGS,
                "short",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Began this week",
                "Warnings and critical findings that began within seven days before the clock, whether they are over "
                "or not.",
                shared.BEGAN,
                "short",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Cleared this week",
                "Warnings and critical findings that ended within seven days on deals that are still open.",
                shared.CLEARED,
                "short",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Precision",
                "Useful verdicts as a share of useful and noise, all detectors, over the chosen time. Below a half, "
                "people stop reading.",
                detectors.PRECISION,
                "percentunit",
                decimals=0,
                absent="no verdicts",
            )
        )
        .with_panel(
            number(
                "Alerts withheld",
                "Open findings that their owners are not told of yet: the day's budget is spent, or the hour is "
                "quiet. If it only grows, detectors find more than people can act on.",
                detectors.WITHHELD,
                "short",
                decimals=0,
            )
        )
    )


def _findings(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("What they find"))
        .with_panel(
            bars(
                "Findings by detector and severity",
                "Open findings of the chosen teams now. A detector that fires on most deals says little about any of "
                "them.",
                detectors.FINDINGS_BY_DETECTOR,
                "short",
                label="problem",
                pieces="severity",
                colours=COLOURS,
                width=9,
                height=18,
            )
        )
        .with_panel(week("The week, by detector", width=8, height=18))
        .with_panel(
            layers(
                "Findings by family over time",
                "Open warnings and critical findings, families of detectors stacked. A jump at a line of changed "
                "rules is the rules' doing.",
                {"{{family}}": detectors.STALLS_BY_FAMILY},
                "short",
                width=7,
                height=18,
            )
        )
    )


def _opinions(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("What people make of it"))
        .with_panel(
            ranking(
                "Precision by detector",
                "Useful verdicts as a share of useful and noise, over the chosen time. A short bar with many "
                "verdicts: raise the threshold, or switch the detector off where it is wrong.",
                detectors.PRECISION_BY_DETECTOR,
                "percentunit",
                label="problem",
                heading="Detector",
                width=8,
                maximum=1,
            )
        )
        .with_panel(
            bars(
                "Verdicts by detector",
                "How many verdicts the precision rests on, over the chosen time; a snooze says neither.",
                detectors.VERDICTS_BY_DETECTOR,
                "short",
                label="problem",
                pieces="verdict",
                colours={"useful": "green", "noise": COLOURS["critical"], "snooze": COLOURS["info"]},
                width=8,
            )
        )
        .with_panel(
            ranking(
                "Alerts withheld from one owner",
                "Open findings that an owner is not told of yet, by budget or quiet hours. One far above all others "
                "has a book that is too large, or rules that are too strict; who it is, their board shows.",
                detectors.WITHHELD_FROM_ONE,
                "short",
                label="owners",
                heading="Owners",
                width=8,
            )
        )
    )


def _changes(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("What a change of the rules did"))
        .with_panel(
            sheet(
                "Promised and measured",
                "What `stallwatch tune` promised when it wrote a threshold, beside what came true: of the deals that "
                "ended within ninety days, how many that the detector had told of were lost, and how many of the lost "
                "it had told of; of people's verdicts over the chosen time, how many were useful. All lost deals "
                "count here; a promise may have been made for some of them.",
                "percentunit",
                [Label("problem", "Detector")],
                [
                    Value(detectors.promised("precision"), "Precision promised", "percentunit"),
                    Value(detectors.PRECISION_BY_ENDINGS, "by endings", "percentunit"),
                    Value(detectors.PRECISION_BY_DETECTOR, "by verdicts", "percentunit"),
                    Value(detectors.promised("recall"), "Recall promised", "percentunit"),
                    Value(detectors.RECALL_BY_ENDINGS, "measured", "percentunit"),
                    Value(detectors.promised("alerts_per_rep_week"), "Alerts a rep and week promised", "none"),
                    Value(detectors.ALERTS_A_REP_AND_WEEK, "told", "none"),
                ],
                sort=[("Precision promised", True)],
                width=24,
                height=11,
            )
        )
        .with_panel(
            sheet(
                "Rules, one after the other",
                "Each rules file that was in force over the chosen time, the newest first: since when, for how long, "
                "how many warnings and critical findings were open on average, and what a rep was told in a week.",
                "none",
                [Label("rules", "Rules")],
                [
                    Value(detectors.RULES_SINCE, "Since", "dateTimeAsIso", 170),
                    Value(detectors.WEEKS_IN_FORCE, "Weeks", "none", 70),
                    Value(detectors.FINDINGS_UNDER_RULES, "Open findings", "none", 110),
                    Value(detectors.ALERTS_UNDER_RULES, "Alerts a rep and week", "none"),
                ],
                sort=[("Since", True)],
                width=10,
                height=11,
            )
        )
        .with_panel(
            sheet(
                "Before and after, by detector",
                "The same of each detector: its rows, one for each rules file, show what a change did to it. Compare "
                "rules that were in force for a week or more.",
                "none",
                [Label("problem", "Detector"), Label("rules", "Rules", 120)],
                [
                    Value(detectors.FINDINGS_BY_DETECTOR_UNDER_RULES, "Open findings", "none", 110),
                    Value(detectors.ALERTS_BY_DETECTOR_UNDER_RULES, "Alerts a rep and week", "none", 160),
                ],
                sort=[("Detector", False), ("Rules", False)],
                width=14,
                height=11,
            )
        )
    )


def _thresholds(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("Where thresholds cut"))
        .with_panel(
            lines(
                "Buyers' silence against gone_quiet's thresholds",
                "Working days since the buyer last took part, over all open deals: half of them are below the "
                "median. Where a dashed line runs below the median, most deals are called quiet; where it runs above "
                "all curves, next to none. Planned silence, and overrides of the rules, are not in it.",
                {
                    "median": detectors.silence(0.5),
                    "three of four are below": detectors.silence(0.75),
                    "nine of ten are below": detectors.silence(0.9),
                    _WARN: detectors.threshold("gone_quiet", "warn_business_days"),
                    _CRITICAL: detectors.threshold("gone_quiet", "critical_business_days"),
                },
                "none",
                width=9,
                height=11,
                dashed={_WARN: COLOURS["warning"], _CRITICAL: COLOURS["critical"]},
            )
        )
        .with_panel(
            histogram(
                "Open deals by working days of silence",
                "How many open deals are silent for up to so many working days, and for longer than the bar before. "
                "Put thresholds where the bars become few.",
                detectors.SILENT_DEALS,
                "short",
                width=7,
                height=11,
            )
        )
        .with_panel(
            sheet(
                "Thresholds in force",
                "Each detector's thresholds, for deals that no override of the rules concerns. `stallwatch tune` "
                "shows what another value would do.",
                "none",
                [Label("problem", "Detector"), Label("detector", "Name"), Label("threshold", "Threshold")],
                [
                    Value(detectors.thresholds("business_days"), "Working days", "none", 100),
                    Value(detectors.thresholds("seconds"), "Time", "s", 80),
                    Value(detectors.thresholds("number"), "Number", "none", 70),
                ],
                sort=[("Name", False), ("Threshold", False)],
                width=8,
                height=11,
            )
        )
    )


def _errors(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("What goes wrong"))
        .with_panel(
            number(
                "Findings without series",
                "Open findings beyond the cap of the series of single deals: they are in all totals, but not in "
                "lists of deals.",
                detectors.LEFT_OUT,
                "short",
                width=6,
                decimals=0,
                warning=1,
            ).height(8)
        )
        .with_panel(
            ranking(
                "Detectors' errors",
                f"Assessments that failed over the chosen time, the {detectors.MOST_SHOWN} with most. Any is a fault "
                "in the program; the deal's other detectors go on.",
                detectors.ERRORS_BY_DETECTOR,
                "short",
                label="detector",
                heading="Detector",
                width=18,
                height=8,
                critical=1,
            )
        )
    )

"""Whether the system keeps up: what comes in, what is refused, how far behind it is, and what goes out."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards.panels import lines, number
from dashboards.queries import operations
from dashboards.tables import Label, Value, named, sheet

VARIABLES = ()

_MINUTES = "A minute's number, over the last few minutes."


def board() -> Dashboard:
    """For whoever runs it: six numbers that should be calm, then the way of an event from left to right, row by row."""
    return _out(_mail(_in(_pace(_numbers(Dashboard("Operations"))))))


def _numbers(board: Dashboard) -> Dashboard:
    return (
        board.with_panel(
            number(
                "Workers",
                "Workers that answer Prometheus. With one fewer the others take over its deals.",
                operations.WORKERS,
                "none",
                decimals=0,
                absent="none",
            )
        )
        .with_panel(
            number(
                "Records waiting",
                "Records behind the ends of all topics. A backlog is no harm while it falls.",
                operations.WAITING,
                "short",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Clock behind",
                "How far the slowest worker's event time is behind now. Seconds are usual; a history that is played "
                "stands where it ends.",
                operations.CLOCK_BEHIND,
                "s",
                decimals=0,
            )
        )
        .with_panel(
            number(
                "Dead letters, 24 h",
                "Records refused within a day. Each is kept with its reason: `stallwatch dead-letters list`.",
                operations.DEAD_LETTERS_A_DAY,
                "short",
                decimals=0,
                warning=1,
            )
        )
        .with_panel(
            number(
                "Sources paused",
                "Sources of whose pushes nothing is taken, because most of it was refused.",
                operations.SOURCES_PAUSED,
                "none",
                decimals=0,
                critical=1,
            )
        )
        .with_panel(
            number(
                "Last reload",
                "Whether every worker accepted the rules file when it last read it. If not, the rules before stay in "
                "force.",
                operations.RELOADS_SUCCEEDED,
                "none",
                words=[("refused", "red"), ("accepted", "green")],
            )
        )
    )


def _pace(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("Does it keep up?"))
        .with_panel(
            lines(
                "Lag by topic",
                "Records that wait in each topic. The first that grows shows the stage that is slow.",
                {"{{topic}}": operations.LAG_BY_TOPIC},
                "short",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Clock behind, by worker",
                "How far each worker's event time is behind now. A line that climbs by a second a second stands still.",
                {"{{instance}}": operations.CLOCK_BEHIND_BY_WORKER},
                "s",
                width=8,
            )
        )
        .with_panel(
            lines(
                "From event to use",
                "Time from when something happened to when its deal knew it. It includes how long the source took: "
                "mail polled every five minutes is minutes late at best.",
                {
                    "half of them within": operations.event_lag(0.5),
                    "nine of ten within": operations.event_lag(0.9),
                    "99 of 100 within": operations.event_lag(0.99),
                },
                "s",
                width=8,
            )
        )
    )


def _in(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("What comes in"))
        .with_panel(
            sheet(
                "Sources",
                "Up to when each source has reported, and how long it may be silent by the rules. While one is "
                "silent for longer, silence of its deals is unknown, and nobody is told of it.",
                "none",
                [Label("source", "Source")],
                [
                    Value(operations.SOURCE_REPORTED_AT, "Reported up to", "dateTimeAsIso", 160),
                    Value(operations.SOURCE_SILENT_FOR, "Silent for", "s", 90),
                    Value(operations.SOURCE_MAY_BE_SILENT_FOR, "May be for", "s", 90),
                    Value(
                        operations.SOURCE_IS_PAUSED,
                        "Pushes",
                        "none",
                        80,
                        more=named([("taken", "green"), ("paused", "red")]),
                    ),
                ],
                sort=[("Silent for", True)],
                width=10,
            )
        )
        .with_panel(
            lines(
                "Events by source",
                f"Events accepted at the inbox. {_MINUTES}",
                {"{{source}}": operations.EVENTS_BY_SOURCE},
                "cpm",
                width=7,
            )
        )
        .with_panel(
            lines(
                "Dead letters by source and reason",
                f"Records refused and kept. {_MINUTES} Steady refusals of one source mean that its format changed.",
                {"{{source}}: {{reason}}": operations.DEAD_LETTERS_BY_REASON},
                "cpm",
                width=7,
            )
        )
        .with_panel(
            lines(
                "Pushes by outcome",
                f"Requests that pushed events, by what became of them. {_MINUTES}",
                {"{{push}}: {{outcome}}": operations.PUSHES_BY_OUTCOME},
                "cpm",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Events from ahead of the clock",
                f"Events dated up to a day ahead of the receiver's clock, and set back to it. {_MINUTES} A source "
                "that has many of them has a wrong clock or time zone.",
                {"{{source}}": operations.CLAMPED_BY_SOURCE},
                "cpm",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Events told again",
                f"Events that came again under the same identity. {_MINUTES} With the same content they change "
                "nothing; with another, their source gives one identity to two events, and the later counts.",
                {"{{source}}: {{content}} content": operations.REPEATED_BY_SOURCE},
                "cpm",
                width=8,
            )
        )
    )


def _mail(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("Whom the mail is about"))
        .with_panel(
            lines(
                "Mails that wait",
                "Mails that no deal is known for yet: they are joined when the contact or the deal appears. It grows "
                "without end where the CRM's contacts do not come.",
                {"mails": operations.MAIL_IS_WAITING},
                "short",
                width=12,
            )
        )
        .with_panel(
            lines(
                "Mails given up",
                f"Mails for which no deal was found, by reason. {_MINUTES}",
                {"{{reason}}": operations.UNJOINED_BY_REASON},
                "cpm",
                width=12,
            )
        )
    )


def _out(board: Dashboard) -> Dashboard:
    return (
        board.with_row(Row("What goes out, and by which rules"))
        .with_panel(
            lines(
                "Posts to Alertmanager",
                f"Posts by peer and outcome. {_MINUTES} What is open is posted again and again, so a failure that "
                "passes is none.",
                {"{{peer}}: {{outcome}}": operations.NOTIFICATIONS_BY_OUTCOME},
                "cpm",
                width=12,
            )
        )
        .with_panel(
            sheet(
                "Workers and their rules",
                "Which version and rules each worker has, and since when. All should have the same: a hash that "
                "differs was not reloaded everywhere.",
                "none",
                [Label("instance", "Worker"), Label("version", "Version", 90), Label("rules", "Rules", 130)],
                [
                    Value(operations.WORKERS_LOADED_AT, "Loaded", "dateTimeAsIso", 170),
                ],
                sort=[("Worker", False)],
                width=12,
            )
        )
    )

"""The command line: every command and its name. Errors are one line on stderr, exit 2."""

import gc
import os
import sys

import typer

from .commands import (
    backtest,
    dashboards,
    dead_letters,
    explain,
    forget,
    history,
    polling,
    report,
    rules,
    running,
    snooze,
    tune,
)
from .commands.console import say
from .history import HistoryError
from .rules_file import RulesFileError
from .settings import SettingsError, slips
from .sources.bookmarks import BookmarkError
from .sources.connections import ConnectionsError

# Deals are folded into new small objects by the thousand, and live long: a look at each generation after every 700 of
# them finds nothing, and costs a tenth of the time.
SELDOM = 50_000, 20, 50

app = typer.Typer(
    help="Tells which deals are stalling, since when and why.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(running.demo)
app.command()(running.topics)
app.command()(running.worker)
app.command()(history.publish)
app.command()(polling.poll)
app.command()(history.replay)
app.command()(explain.explain)
app.command()(report.report)
app.command()(backtest.backtest)
app.command()(tune.tune)
app.command()(snooze.snooze)
app.command()(forget.forget)
app.add_typer(rules.app, name="rules")
app.add_typer(dashboards.app, name="dashboards")
app.add_typer(dead_letters.app, name="dead-letters")


def main() -> None:
    """The console script."""
    gc.set_threshold(*SELDOM)
    from dashboards.grafana import GrafanaError

    from .alerting.peers import PeersError
    from .alerting.snooze import SnoozeError
    from .demo.processes import DemoUnavailable
    from .explain import ExplainError
    from .forget import ForgetError
    from .publish import PublishError
    from .sources.connection import SourceError
    from .sources.mapped_csv import MappingError
    from .sources.table import TableError
    from .topics import TopicsError

    known = (
        SettingsError,
        RulesFileError,
        ConnectionsError,
        HistoryError,
        BookmarkError,
        PublishError,
        SourceError,
        TableError,
        MappingError,
        TopicsError,
        ExplainError,
        ForgetError,
        SnoozeError,
        PeersError,
        DemoUnavailable,
        GrafanaError,
    )
    for slip in slips(os.environ):
        say(f"stallwatch: {slip}")
    try:
        # or typer would draw a box around its own errors, and exit itself
        status = app(standalone_mode=False)
    except known as error:
        say(f"stallwatch: {error}")
        sys.exit(2)
    except typer.TyperException as error:
        # where help is shown instead, there is nothing more to say
        if said := " ".join(error.format_message().split()):
            say(f"stallwatch: {said}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(status)

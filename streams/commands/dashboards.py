"""`dashboards push`."""

import typer

from ..settings import load
from .console import Json, print_json

app = typer.Typer(help="Grafana dashboards.", no_args_is_help=True)


@app.command()
def push(as_json: Json = False) -> None:
    """Put folder, data source and dashboards into Grafana (STALLWATCH_GRAFANA__URL, …__TOKEN)."""
    from dashboards.push import push

    settings = load()
    grafana = settings.grafana
    changes = push(
        grafana.url,
        token=grafana.token.get_secret_value() if grafana.token else None,
        user=grafana.user,
        password=grafana.password.get_secret_value() if grafana.password else None,
        prometheus_url=grafana.prometheus_url,
        deal_page=settings.pages_url,
    )
    for change in changes:
        if as_json:
            print_json({"kind": change.kind, "uid": change.uid, "outcome": change.outcome})
        else:
            print(f"{change.kind} {change.uid}: {change.outcome}")

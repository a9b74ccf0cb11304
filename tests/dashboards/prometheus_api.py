"""Asking a Prometheus what a dashboard would ask it."""

import itertools
import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# No proxy: everything asked here listens on loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PromQLError(Exception):
    """Prometheus refused a query."""


def api(prometheus_url: str, path: str, **parameters: str) -> Any:
    """What Prometheus' HTTP API answers. Raises PromQLError, in its words, if it refuses."""
    url = f"{prometheus_url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with _OPENER.open(url, timeout=30) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise PromQLError(json.load(error)["error"]) from None


def values(prometheus_url: str, expr: str) -> dict[tuple[str, ...], float]:
    """The latest value of each series of `expr`, by the values of its labels in the order of their names."""
    found = api(prometheus_url, "query", query=expr)["result"]
    return {
        tuple(value for _, value in sorted(series["metric"].items())): float(series["value"][1]) for series in found
    }


def filled_in(expr: str, variables: Mapping[str, str]) -> str:
    """`expr` as Grafana sends it, with its variables replaced."""
    for name, value in {"__rate_interval": "1m", "__interval": "15s", "__range": "1h", **variables}.items():
        expr = re.sub(rf"\$(?:{name}\b|{{{name}}})", lambda _, value=value: value, expr)  # type: ignore[misc]
    return expr


def targets(board: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every panel of a dashboard with each of its queries."""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel, target


def unanswered(prometheus_url: str, boards: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every query of these dashboards to which this Prometheus has no answer, or not-a-number, with the reason.

    A query is answered if it is for at least one choice of the dashboard's variables; teams are taken all together, and
    one by one.
    """
    problems = []
    for board in boards:
        options: dict[str, list[str]] = {}
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                options[variable["name"]] = _options(prometheus_url, variable)
                if not options[variable["name"]]:
                    problems.append(f"{board['title']}: the variable {variable['name']} has no values")
                    options[variable["name"]] = [""]
        problems += [
            f"{board['title']}, {mark['name']}: {reason}: {mark['expr']}"
            for mark in board["annotations"]["list"]
            if (reason := _why_not(prometheus_url, mark, {}))
        ]
        for panel, target in targets(board):
            choices = (dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values()))
            reason = None
            for choice in choices:
                if (why_not := _why_not(prometheus_url, target, choice)) is None:
                    break
                reason = reason or why_not
            else:
                problems.append(f"{board['title']}, {panel['title']}: {reason}: {target['expr']}")
    return problems


def _options(prometheus_url: str, variable: Mapping[str, Any]) -> list[str]:
    asked = re.fullmatch(r"label_values\((\w+), *(\w+)\)", variable["query"]["query"])
    assert asked, variable
    found = api(prometheus_url, f"label/{asked[2]}/values", **{"match[]": asked[1]})
    return [*([variable["allValue"]] if found and variable["includeAll"] else []), *found]


def _why_not(prometheus_url: str, target: Mapping[str, Any], choice: Mapping[str, str]) -> str | None:
    expr = filled_in(target["expr"], choice)
    try:
        if target.get("instant"):
            found = [series["value"] for series in api(prometheus_url, "query", query=expr)["result"]]
        else:
            now = time.time()
            span = {"start": f"{now - 300}", "end": f"{now}", "step": "1"}
            result = api(prometheus_url, "query_range", query=expr, **span)["result"]
            found = [point for series in result for point in series["values"]]
    except PromQLError as error:
        return str(error)
    if not found:
        return "no data"
    return "not a number" if all(value == "NaN" for _, value in found) else None

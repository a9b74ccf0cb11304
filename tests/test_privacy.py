"""What docs/privacy.md says of topics, settings, metrics and people is so."""

import re
from pathlib import Path

from dashboards.catalogue import boards
from streams import topics
from streams.forgetting import pseudonym_of
from streams.metrics import catalogue as metrics
from streams.settings import Settings, slips

PAGE = (Path(__file__).parents[1] / "docs" / "privacy.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("| where |")[2].partition("\n\n")[0]


def test_every_topic_and_changelog_is_in_the_table() -> None:
    assert set(re.findall(r"`(stallwatch[.-][\w.-]+)`", TABLE)) == set(topics.every(Settings()))


def test_every_setting_that_is_named_is_one_with_the_default_that_is_told() -> None:
    named = set(re.findall(r"`(STALLWATCH_\w+)", PAGE))
    assert len(named) >= 5
    assert list(slips(named)) == []
    settings = Settings()
    told = re.findall(r"`STALLWATCH_TOPICS__(\w+)` \((\d+)\)", TABLE)
    assert len(told) == 2
    for name, days in told:
        assert getattr(settings.topics, name.lower()) == int(days)
    assert settings.retention.closed_deals is None


def test_who_is_forgotten_is_called_as_it_says() -> None:
    assert f"`{pseudonym_of('jane.doe@buyer.example', Settings().topics.partitions)}`" in PAGE


def test_the_metrics_that_name_reps_are_those_that_are_told() -> None:
    told = set(re.findall(r"`(stallwatch_\w+)`", PAGE.partition("| Prometheus, Grafana |")[2].partition("\n")[0]))
    assert told == {each.name for each in metrics.CATALOGUE if "owner" in each.labels}


def test_nothing_in_the_metrics_could_name_the_buyers_people() -> None:
    labels = {label for each in metrics.CATALOGUE for label in each.labels}
    assert labels.isdisjoint({"contact", "person", "email", "name", "subject", "account", "sender", "mailbox"})


# -- nobody is ranked


def test_dashboards_ask_by_owner_only_for_deals_for_books_of_one_team_and_for_what_names_nobody() -> None:
    asking = {
        (panel["title"], target["expr"])
        for board in boards().values()
        for panel in board["panels"]
        for target in panel.get("targets", ())
        if re.search(r"by \([^)]*\bowner\b", target["expr"])
    }
    of_books = {(title, expr) for title, expr in asking if re.search(r"count\(count by \(team\) .* == 1\)", expr)}
    assert {title for title, _ in of_books} == {"Reps' books ($currency)"}
    of_deals = {(title, expr) for title, expr in asking if "by (deal_id, owner" in expr or 'deal_id="$deal"' in expr}
    unnamed = {
        (title, expr)
        for title, expr in asking
        if not re.search(r"by \([^)]*\bowner\b", re.sub(r"(quantile|max|count)\((0\.\d, )?\w+ by \(owner\)", "", expr))
    }
    assert asking == of_books | of_deals | unnamed
    assert of_deals
    assert unnamed


def test_the_books_are_in_the_order_of_names() -> None:
    [books] = [
        panel for board in boards().values() for panel in board["panels"] if panel["title"] == "Reps' books ($currency)"
    ]
    sorts = [each["options"]["sort"] for each in books["transformations"] if each["id"] == "sortBy"]
    assert sorts == [[{"field": "Owner", "desc": False}]]

"""What managers ask of the pipeline: slices of made-up answers, and all answers read from a real Kafka."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from detectors.core.book import Page
from detectors.core.breach import Evidence
from detectors.core.rules import Rules
from streams import topics
from streams.answer import Answer, to_json
from streams.answers import answers
from streams.books import BOOK_HEADERS
from streams.explain import ExplainError
from streams.report import By, Question, Slice, report
from streams.report_text import as_csv, as_json, tables
from streams.settings import Settings
from streams.wire import Send, partition_of
from tests.conftest import RunningBroker
from tests.streams.kafka_records import PARTITIONS, settings_on, write
from tests.streams.told import ANN, BOB, answer, finding

# a Wednesday; the last full quarter is October to December 2025
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CHRISTMAS = datetime(2025, 12, 24, 12, tzinfo=UTC)


def asked(**other: Any) -> Question:
    return replace(Question(NOW, NOW - 7 * DAY, Rules()), **other)


def slices(*told: Answer, **other: Any) -> dict[tuple[str, ...], Slice]:
    return {each.path: each for each in report(told, asked(**other))}


def whole(*told: Answer, **other: Any) -> Slice:
    return slices(*told, **other)[()]


def closed(deal_id: str, status: str, ended: datetime = NOW - DAY, days: float = 30, **other: Any) -> Answer:
    """A deal that was won or lost so many days after it had begun."""
    page = Page(
        deal_id, "", status, None, None, ended - days * DAY, "crm/1", ended, "", ended=ended, ended_event="crm/9"
    )
    return answer(deal_id, status=status, page=page, **other)


def test_a_team_is_told_then_its_reps_and_the_whole_comes_last() -> None:
    told = [answer("D-1", owner=BOB), answer("D-2", owner=ANN), answer("D-3", owner=ANN, team="apac")]
    paths = [each.path for each in report(told, asked())]
    assert paths == [("apac",), ("apac", ANN), ("emea",), ("emea", ANN), ("emea", BOB), ()]
    assert [each.by for each in report(told, asked())] == ["team", "rep", "team", "rep", "rep", "all"]


def test_reps_stand_by_name_however_many_of_their_deals_are_stalled() -> None:
    told = [answer("D-1", owner=ANN), *(answer(f"D-{number}", finding(), owner=BOB) for number in range(2, 9))]
    assert [each.path for each in report(told, asked(by=(By.REP,)))] == [(ANN,), (BOB,), ()]


def test_honest_value_is_what_is_open_and_not_stalled() -> None:
    row = whole(answer("D-1"), answer("D-2", finding(), amount=10_000.0), answer("D-3", finding(severity="info")))
    assert (row.open_deals, row.stalled_deals) == (3, 1)
    assert (row.open_value, row.stalled_value) == ({"EUR": 106_000}, {"EUR": 10_000})
    assert row.honest_value == {"EUR": 96_000}


def test_currencies_are_never_summed_across() -> None:
    row = whole(answer("D-1"), answer("D-2", currency="USD", amount=7.0), answer("D-3", currency=None, amount=3.0))
    assert row.open_value == {"EUR": 48_000, "USD": 7, "": 3}


def test_a_deal_without_an_amount_counts_as_a_deal_and_is_told_to_be_in_no_value() -> None:
    row = whole(answer("D-1", finding(), amount=None))
    assert (row.open_deals, row.stalled_deals, row.without_amount, row.open_value) == (1, 1, 1, {})


def test_coverage_is_honest_value_by_what_the_slice_won_in_the_last_full_quarter() -> None:
    found = slices(
        answer("D-1", amount=60_000.0),
        answer("D-2", finding(), amount=500_000.0),
        closed("D-3", "won", CHRISTMAS, amount=40_000.0),
        closed("D-4", "won", CHRISTMAS - 90 * DAY, amount=9e6),
        closed("D-5", "won", NOW - DAY, amount=9e6),
        closed("D-6", "lost", CHRISTMAS, amount=9e6),
        answer("D-7", owner=BOB),
    )
    assert found["emea", ANN].covered == {"EUR": 40_000}
    assert found["emea", ANN].coverage == {"EUR": 1.5}
    assert found["emea", BOB].coverage == {}
    assert found["emea",].coverage == {"EUR": 2.7}


def test_the_last_quarter_is_the_fiscal_one() -> None:
    february = Rules.of({"organization": {"fiscal_year_starts": 2}})
    january = closed("D-1", "won", datetime(2026, 1, 20, tzinfo=UTC))
    assert whole(january, rules=february).covered == {"EUR": 48_000}
    assert whole(january).covered == {}


def test_a_stage_is_covered_against_all_that_was_won_as_nothing_is_won_in_it() -> None:
    won = closed("D-1", "won", CHRISTMAS, stage="Closed won", amount=24_000.0)
    found = slices(answer("D-2"), won, by=(By.PIPELINE, By.STAGE))
    assert found["default", "Proposal"].coverage == {"EUR": 2.0}


def test_a_target_is_the_whole_reports() -> None:
    found = slices(answer("D-1"), closed("D-2", "won", CHRISTMAS), targets={"EUR": 96_000.0})
    assert found[()].coverage == {"EUR": 0.5}
    assert found["emea",].coverage == {}


def test_days_to_win_and_to_abandon_are_medians_with_their_number() -> None:
    lost = [closed(f"D-{days}", "lost", CHRISTMAS, days=days) for days in (90, 10, 200)]
    row = whole(*lost, closed("D-1", "won", days=20), closed("D-2", "won", days=41), answer("D-3"))
    assert (row.days_to_win, row.days_to_win_deals) == (30.5, 2)
    assert (row.days_to_abandon, row.days_to_abandon_deals) == (90, 3)


def test_a_deal_that_was_first_heard_of_when_it_ended_has_no_length() -> None:
    unknown = closed("D-1", "lost", days=0)
    assert unknown.page is not None
    row = whole(replace(unknown, page=replace(unknown.page, event="crm/9")))
    assert (row.days_to_abandon, row.days_to_abandon_deals, row.lost_deals) == (None, 0, 1)


@pytest.mark.parametrize(
    ("days", "opened"), [(timedelta(), 1), (7 * DAY - timedelta(seconds=1), 1), (7 * DAY, 0), (-DAY, 0)]
)
def test_a_stall_opened_in_the_window_from_just_after_its_start_to_the_clock(days: timedelta, opened: int) -> None:
    assert whole(answer("D-1", finding(since=NOW - days))).findings_opened == opened


def test_what_moved_is_of_warnings_and_worse_that_are_or_were_open() -> None:
    at = NOW - DAY
    row = whole(
        answer(
            "D-1",
            finding(since=at),
            finding(state="resolved", since=at - 30 * DAY, until=at),
            finding(severity="info", since=at),
            finding(state="pending", since=at),
            finding(state="unknown", since=at),
        )
    )
    assert (row.findings_opened, row.findings_cleared) == (1, 1)


def test_a_stall_that_ended_with_its_deal_was_not_cleared() -> None:
    end = NOW - DAY
    earlier = finding("ghosted", state="resolved", since=end - 9 * DAY, until=end - DAY)
    lost = replace(closed("D-1", "lost", end), findings=(earlier, finding(state="resolved", until=end)))
    assert whole(lost).findings_cleared == 1


def test_won_and_lost_are_told_of_the_window() -> None:
    row = whole(closed("D-1", "won"), closed("D-2", "won", NOW - 8 * DAY), closed("D-3", "lost", currency="USD"))
    assert (row.won_deals, row.won_value) == (1, {"EUR": 48_000})
    assert (row.lost_deals, row.lost_value) == (1, {"USD": 48_000})


def test_a_deal_slipped_if_one_of_its_pushes_over_a_quarter_lies_in_the_window() -> None:
    def pushed(*days: int, **other: Any) -> Any:
        evidence = tuple(Evidence("crm/1", NOW - each * DAY, "pushed") for each in days)
        return finding("quarter_rollover", since=evidence[0].at, evidence=evidence, **other)

    row = whole(
        answer("D-1", pushed(100, 2)),
        answer("D-2", pushed(100)),
        answer("D-3", pushed(2, severity="info"), currency="USD"),
        answer("D-4", pushed(2, state="resolved", until=NOW - DAY)),
    )
    assert (row.slipped_deals, row.slipped_value) == (2, {"EUR": 48_000, "USD": 48_000})


def test_quarters_are_those_of_the_close_date_and_of_what_is_closed_of_its_end() -> None:
    told = [
        answer("D-1", close_date="2026-06-30"),
        answer("D-2", close_date="2026-03-17"),
        answer("D-3"),
        closed("D-4", "won", CHRISTMAS, close_date="2026-06-30"),
    ]
    assert list(slices(*told, by=(By.QUARTER,))) == [
        ("FY2025 Q4",), ("FY2026 Q2",), ("no date",), ("overdue",), (),
    ]  # fmt: skip


def test_a_team_is_chosen_in_any_case_and_comes_from_the_rules_where_the_answer_has_none() -> None:
    rules = Rules.of({"teams": {"Emea": {}}, "owners": {ANN: {"team": "Emea"}}})
    told = [answer("D-1", team=None), answer("D-2", team=None, owner=BOB), answer("D-3", team="apac")]
    assert whole(*told, rules=rules, team="EMEA").open_deals == 1


def test_nothing_is_a_whole_of_nothing() -> None:
    assert report([], asked()) == [Slice((), "all")]


# -- as it is shown


def shown(question: Question, *told: Answer) -> str:
    console = Console(width=80, file=StringIO(), color_system=None)
    console.print(tables(report(told, question), question))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_eighty_columns_are_enough_for_long_names_and_large_values() -> None:
    long = "maria.magdalena.von-und-zu-hohenstein@subsidiary.us.example"
    text = shown(
        asked(),
        answer("D-1", finding(), owner=long, amount=123_456_789.0),
        answer("D-2", owner=BOB, amount=987_654.0, currency="USD"),
        closed("D-3", "won", CHRISTMAS, days=1234, owner=long),
    )
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "123.5M EUR" in text
    assert "988k USD" in text
    assert "1,234 (1)" in text
    assert "won in FY2025 Q4" in text


def test_people_go_without_the_domain_that_all_of_them_share() -> None:
    assert "  ann  " in shown(asked(), answer("D-1"), answer("D-2", owner=BOB))
    assert ANN in shown(asked(), answer("D-1"), answer("D-2", owner="bo@elsewhere.example"))


def test_names_from_outside_are_no_markup_and_command_no_terminal() -> None:
    text = shown(asked(by=(By.STAGE,)), answer("D-1", stage="[red]Legal[/]\x1b[2J", currency="\x1b[1m"))
    assert "[red]Legal[/]" in text
    assert "\x1b" not in text


def test_csv_has_a_row_a_slice_and_a_column_for_each_value_and_currency() -> None:
    question = asked()
    told = [answer("D-1", finding()), answer("D-2", owner=BOB, currency="USD"), closed("D-3", "won", CHRISTMAS)]
    rows = list(csv.DictReader(StringIO(as_csv(report(told, question), question))))
    assert [(each["by"], each["team"], each["rep"]) for each in rows] == [
        ("team", "emea", ""), ("rep", "emea", ANN), ("rep", "emea", BOB), ("all", "", ""),
    ]  # fmt: skip
    ann = rows[1]
    assert (ann["open_deals"], ann["stalled_value_EUR"], ann["open_value_USD"]) == ("1", "48000.0", "0.0")
    assert (ann["coverage_EUR"], ann["coverage_USD"], ann["days_to_win"]) == ("0.0", "", "30.0")
    assert ann["as_of"] == "2026-03-18T12:00:00+00:00"


def test_a_name_that_a_spreadsheet_would_take_for_a_formula_is_text() -> None:
    question = asked(by=(By.STAGE,))
    text = as_csv(report([answer("D-1", stage="=1+1")], question), question)
    assert next(csv.DictReader(StringIO(text)))["stage"] == "'=1+1"


def test_json_has_values_by_currency() -> None:
    question = asked()
    told = as_json(report([answer("D-1")], question)[1], question)
    assert (told["by"], told["team"], told["rep"]) == ("rep", "emea", ANN)
    assert (told["open_value"], told["honest_value"], told["coverage"]) == ({"EUR": 48_000}, {"EUR": 48_000}, {})


# -- all answers of the running system


@pytest.fixture
def settings(broker: RunningBroker, prefix: str) -> Settings:
    told = settings_on(broker.bootstrap, prefix)
    topics.ensure(told)
    return told


def said(deal_id: str, value: bytes | None, **other: Any) -> Send:
    key = deal_id.encode()
    return Send("findings", partition_of(key, PARTITIONS), key, value, **other)


def test_the_newest_answer_on_each_deal_is_told_and_none_that_was_taken_back_or_is_on_a_book(
    settings: Settings,
) -> None:
    newest = [answer(f"D-{number}", stage="Proposal") for number in range(30)]
    old = [said(each.deal_id, to_json(replace(each, stage="Demo"))) for each in newest]
    gone = [said("D-gone", to_json(answer("D-gone"))), said("D-gone", None)]
    book = said(ANN, b'{"owner":"ann@us.example"}', headers=BOOK_HEADERS)
    name = topics.names(settings)["findings"]
    write(settings, name, [*old, *gone, book, *(said(each.deal_id, to_json(each)) for each in newest)])
    assert sorted(answers(settings), key=lambda each: int(each.deal_id[2:])) == newest


def test_a_record_that_is_no_answer_is_told_with_its_place(settings: Settings) -> None:
    name = topics.names(settings)["findings"]
    write(settings, name, [said("D-1", b"{}")])
    place = partition_of(b"D-1", PARTITIONS)
    with pytest.raises(ExplainError, match=rf"^{name}, partition {place}, offset 0: no answer: "):
        list(answers(settings))


def test_topics_that_are_missing_are_told(broker: RunningBroker) -> None:
    with pytest.raises(ExplainError, match=r"^nowhere\.findings\.v1 is missing: run `stallwatch topics`$"):
        list(answers(settings_on(broker.bootstrap, "nowhere")))

"""A rep's book."""

from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.rules import Rules
from streams.answer import Answer, to_json
from streams.books import Books, Shelved, book_record, partition_of_row, withdrawal
from streams.history import Line
from streams.replay import Replay
from streams.wire import Record, Send, partition_of
from tests.streams.sample_deals import crm, day
from tests.streams.told import ANN, BOB, a_shelf, answer, finding


def record(send: Send) -> Record:
    return Record(send.partition, send.key, send.value)


def put(told: Answer) -> Record:
    return record(book_record(told, 1))


def withdrawn(owner: str | None, deal_id: str) -> Record:
    return record(withdrawal(owner, deal_id, 1))


def content(books: Books) -> dict[str, list[str]]:
    return {owner: [told.deal_id for told in deals] for owner, deals in books.owners()}


def test_a_book_holds_its_owners_deals_the_largest_first() -> None:
    books = a_shelf()
    books.advance(
        [put(answer(deal, amount=amount)) for deal, amount in (("A", 1.0), ("C", None), ("B", 9.0), ("D", 9.0))], None
    )
    books.advance([put(answer("E", owner=BOB))], None)
    assert content(books) == {ANN: ["B", "D", "A", "C"], BOB: ["E"]}


def test_an_answer_takes_the_place_of_the_one_before_it() -> None:
    books = a_shelf()
    books.advance([put(answer("A", stage="Demo")), put(answer("A", stage="Proposal"))], None)
    assert [told.stage for _, deals in books.owners() for told in deals] == ["Proposal"]


def test_a_deal_that_is_withdrawn_is_gone_and_so_is_an_empty_book() -> None:
    books = a_shelf()
    books.advance([put(answer("A")), put(answer("B"))], None)
    out = books.advance([withdrawn(ANN, "A")], None)
    assert (content(books), out.rows) == ({ANN: ["B"]}, {f"{ANN}\tA": None})
    books.advance([withdrawn(ANN, "B"), withdrawn(ANN, "B"), withdrawn(BOB, "never there")], None)
    assert content(books) == {}


def test_deals_that_nobody_owns_have_a_book_without_a_name() -> None:
    books = a_shelf()
    books.advance([put(answer("A", owner=None))], None)
    assert content(books) == {"": ["A"]}


def test_ids_with_slashes_and_the_like_are_told_apart() -> None:
    books = a_shelf()
    ids = ["a/b", "a", "b", " ", "ä", "a@b", "006/A 1?#%"]
    books.advance([put(answer(deal)) for deal in ids], None)
    assert content(books) == {ANN: sorted(ids)}


def test_all_of_an_owners_records_share_a_partition_and_each_deal_has_a_key_of_its_own() -> None:
    sends = [book_record(answer(deal), 8) for deal in ("A", "B", "C")]
    assert {send.partition for send in sends} == {partition_of(ANN.encode(), 8)}
    assert len({send.key for send in sends}) == 3
    assert {partition_of_row((send.key or b"").decode(), 8) for send in sends} == {partition_of(ANN.encode(), 8)}


def test_a_record_without_a_key_says_nothing() -> None:
    books = a_shelf()
    assert books.advance([Record(0, None, to_json(answer("A")))], None).rows == {}
    assert content(books) == {}


STEPS = st.lists(st.tuples(st.sampled_from([ANN, BOB, None]), st.sampled_from("ABC"), st.none() | st.integers(1, 9)))


@given(STEPS, st.data())
def test_cuts_and_restarts_and_records_read_again_change_nothing(steps: list[Any], choose: st.DataObject) -> None:
    records = [
        withdrawn(owner, deal) if amount is None else put(answer(deal, owner=owner, amount=float(amount)))
        for owner, deal, amount in steps
    ]
    whole, other = a_shelf(), a_shelf()
    rows: dict[str, bytes] = {}
    whole.advance(records, None)
    cut = choose.draw(st.integers(0, len(records)))
    back = choose.draw(st.integers(0, cut))
    for part in (records[:cut], records[back:]):
        for row, value in other.advance(part, None).rows.items():
            if value is None:
                rows.pop(row, None)
            else:
                rows[row] = value
        other = a_shelf()
        for row, value in rows.items():
            other.restore(row, value)
        other.resume()
    assert list(other.owners()) == list(whole.owners())


def stalled_book(rules: Rules) -> list[Record]:
    """Ann's six open deals of 10,000 each, all past their close dates for weeks."""
    replay = Replay(rules)
    told = [
        crm(0, id=f"c-{n}", owner=ANN, amount=10_000.0, currency="EUR", close_date="2026-03-13") | {"subject": f"D-{n}"}
        for n in range(6)
    ]
    told.append(crm(60, id="c-7", next_step="see") | {"subject": "D-0"})
    for _ in replay.run(Line(Path("history"), number, orjson.dumps(each)) for number, each in enumerate(told, 1)):
        pass
    return [put(each) for each in replay.partition.answers.values()]


def test_other_rules_judge_every_book_anew_and_say_only_what_is_another() -> None:
    patient = Rules.of({"detectors": {"pipeline_inflation": {"least_deals": 7}}})
    in_force = Rules()
    books = Books(0, 1, lambda: in_force, lambda *_: None)
    books.advance(stalled_book(in_force), day(60))
    told = {each.detector: each for book in books.findings() for each in book.findings}
    assert told["pipeline_inflation"].state == "open"
    assert books.reload(day(60)).sends == []  # the same rules have nothing to say

    in_force = patient
    sends = books.reload(day(60)).sends
    assert [(send.topic, send.key) for send in sends] == [("findings", ANN.encode())]
    changed = {each.detector: each for book in books.findings() for each in book.findings}
    assert "pipeline_inflation" not in {name for name, each in changed.items() if each.state == "open"}
    assert {each.rules for each in changed.values()} <= {patient.hash}

    in_force = Rules()
    books.reload(day(60))
    assert {each.detector: each for book in books.findings() for each in book.findings} == told


def told_by(books: Books) -> dict[str, list[str]]:
    """The deals that each owner is told of."""
    return {told.owner: sorted(deal.answer.deal_id for deal in told.deals) for told in books.tellings()}


def kept(rows: dict[str, bytes], out: Shelved) -> None:
    """Keep a table as Faust does."""
    for row, value in out.rows.items():
        if value is None:
            rows.pop(row, None)
        else:
            rows[row] = value


def taken_over(rows: dict[str, bytes], rules: Rules) -> Books:
    """The same books at another worker."""
    books = a_shelf(0, rules)
    for row, value in rows.items():
        books.restore(row, value)
    books.resume()
    return books


ONE_A_DAY = Rules.of({"alerts": {"per_owner_per_day": 1}})


def test_what_was_told_goes_on_being_told_by_whoever_takes_the_book_over() -> None:
    rows: dict[str, bytes] = {}
    books = a_shelf(0, ONE_A_DAY)
    deals = [put(answer(deal, finding(), amount=amount)) for deal, amount in (("A", 9.0), ("B", 1.0))]
    kept(rows, books.advance(deals, day(0)))
    assert told_by(books) == {ANN: ["A"]}

    other = taken_over(rows, ONE_A_DAY)
    assert told_by(other) == {ANN: ["A"]}  # before any clock, too
    assert [told.waiting for told in other.tellings()] == [1]
    kept(rows, other.pass_time(day(0.5)))
    assert told_by(other) == {ANN: ["A"]}
    # the day's budget is back by itself, without an event
    kept(rows, other.pass_time(day(1)))
    assert told_by(other) == {ANN: ["A", "B"]}
    assert told_by(taken_over(rows, ONE_A_DAY)) == {ANN: ["A", "B"]}

    kept(rows, other.advance([withdrawn(ANN, "A"), withdrawn(ANN, "B")], day(1)))
    assert told_by(other) == {ANN: []}
    kept(rows, other.pass_time(day(3)))
    assert rows == {}


def test_books_are_judged_again_by_the_first_clock_after_a_takeover() -> None:
    rows: dict[str, bytes] = {}
    books = a_shelf()
    kept(rows, books.advance(stalled_book(Rules()), day(60)))
    found = {each.owner: each.findings for each in books.findings()}
    assert found[ANN]
    other = taken_over(rows, Rules())
    assert list(other.findings()) == []
    other.pass_time(day(60))
    assert {each.owner: each.findings for each in other.findings()} == found


def test_nothing_is_told_before_the_first_clock_and_of_deals_that_nobody_owns_nothing_waits() -> None:
    books = a_shelf(0, ONE_A_DAY)
    books.advance([put(answer(deal, finding(), owner=owner)) for deal in "AB" for owner in (ANN, None)], None)
    assert told_by(books) == {"": ["A", "B"], ANN: []}
    books.pass_time(day(0))
    assert told_by(books) == {"": ["A", "B"], ANN: ["A"]}


def test_a_larger_budget_is_in_force_for_the_next_mail() -> None:
    in_force = ONE_A_DAY
    books = Books(0, 1, lambda: in_force, lambda *_: None)
    books.advance([put(answer(deal, finding())) for deal in "ABC"], day(0))
    assert told_by(books) == {ANN: ["A"]}
    in_force = Rules()
    books.reload(day(0.1))
    assert told_by(books) == {ANN: ["A"]}
    books.pass_time(day(1))
    assert told_by(books) == {ANN: ["A", "B", "C"]}


MANAGED = Rules.of(
    {
        "teams": {"emea": {"manager": "boss@us.example", "time_zone": "Europe/Berlin"}},
        "owners": {ANN: {"team": "emea"}},
        "alerts": {"quiet_hours": ["20:00", "07:00"], "per_owner_per_day": 100},
    }
)


def unanswered(books: Books) -> list[str]:
    return [each.answer.deal_id for told in books.tellings() for each in told.unanswered]


def test_what_is_wrong_with_a_book_goes_to_the_manager() -> None:
    books = a_shelf(0, MANAGED)
    books.advance(stalled_book(MANAGED), day(60))
    [told] = books.tellings()
    assert told.manager == "boss@us.example"
    assert {each.finding.detector for each in told.of_book} == {"pipeline_inflation"}
    nobody = a_shelf(0, Rules())
    nobody.advance(stalled_book(Rules()), day(60))
    assert [(told.manager, told.of_book) for told in nobody.tellings()] == [(None, ())]


def test_what_is_critical_and_unanswered_for_five_business_days_goes_to_the_manager() -> None:
    books = a_shelf(0, MANAGED)
    books.advance([put(answer("A", finding(severity="critical"))), put(answer("B", finding()))], day(0))
    books.pass_time(day(6.9))
    assert unanswered(books) == []
    books.pass_time(day(7))  # by itself, without an event
    assert unanswered(books) == ["A"]


def test_what_the_owner_or_the_buyer_answered_counts_from_there() -> None:
    books = a_shelf(0, MANAGED)
    critical = finding(severity="critical")
    answered = answer("A", critical, step_at=day(3)), answer("B", critical, two_way_at=day(4))
    books.advance([put(told) for told in answered], day(0))
    books.pass_time(day(9.9))
    assert unanswered(books) == []
    books.pass_time(day(10))
    assert unanswered(books) == ["A"]
    books.pass_time(day(11))
    assert sorted(unanswered(books)) == ["A", "B"]
    books.advance([put(answer("A", critical, step_at=day(11))), put(answer("B"))], day(11.1))
    assert unanswered(books) == []


def test_what_the_owner_was_not_told_of_is_not_held_against_them() -> None:
    none = Rules.of({"teams": {"emea": {"manager": "boss@us.example"}}, "alerts": {"per_owner_per_day": 0}})
    books = a_shelf(0, none)
    books.advance([put(answer("A", finding(severity="critical")))], day(0))
    books.pass_time(day(60))
    assert unanswered(books) == []


def test_nobody_is_their_own_manager() -> None:
    boss = Rules.of({"teams": {"emea": {"manager": ANN}}})
    books = a_shelf(0, boss)
    books.advance([put(answer("A", finding(severity="critical")))], day(0))
    books.pass_time(day(60))
    assert unanswered(books) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANN, BOB]),
            st.sampled_from("ABCD"),
            st.lists(st.tuples(st.sampled_from(["ghosted", "gone_quiet"]), st.sampled_from(["warning", "critical"]))),
            st.floats(0, 1),
        ),
        max_size=15,
    ),
    st.sets(st.integers(0, 15)),
)
def test_restarts_at_any_moment_tell_nobody_anything_else(steps: list[Any], restarts: set[int]) -> None:
    rows: dict[str, bytes] = {}
    steady, other, now = a_shelf(0, ONE_A_DAY), a_shelf(0, ONE_A_DAY), 0.0
    for number, (owner, deal, found, later) in enumerate(steps):
        if number in restarts:
            other = taken_over(rows, ONE_A_DAY)
        now += later
        findings = [finding(name, severity=severity) for name, severity in dict(found).items()]
        record = put(answer(deal, *findings, owner=owner))
        for books in (steady, other):
            out = books.advance([record], day(now))
            out.rows |= books.pass_time(day(now)).rows
            if books is other:
                kept(rows, out)
        assert told_by(other) == told_by(steady)
        assert [told.withheld for told in other.tellings()] == [told.withheld for told in steady.tellings()]


def test_what_was_told_of_a_book_stands_in_the_partition_of_its_owner() -> None:
    books = a_shelf()
    out = books.advance([put(answer("a/b", finding()))], day(0))
    told, deal = sorted(out.rows)
    assert {partition_of_row(row, 8) for row in (told, deal)} == {partition_of(ANN.encode(), 8)}

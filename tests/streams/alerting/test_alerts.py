"""What Alertmanager is told of a finding, whatever stands in it, and when it is told that one is over."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.registry import catalogue
from streams.alerting.alerts import LONGEST_LABEL, Alert, Board, alerts_of, label, plain
from streams.alerting.escalation import Escalation
from streams.alerting.telling import BookFinding, Telling, ToldDeal
from streams.answer import Answer
from tests.streams.told import ANN, BOB, MONDAY, answer, facts, finding, told_of

PAGES = "https://deals.us.example"
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
LASTING = timedelta(minutes=2)

any_text = st.text(st.characters())  # lone surrogates too


def alert_of(told: Answer) -> Alert:
    [alert] = alerts_of(told_of(told), PAGES)
    return alert


def labels_of(told: Answer) -> dict[str, str]:
    return dict(alert_of(told).labels)


def annotations_of(told: Answer) -> dict[str, str]:
    return dict(alert_of(told).annotations)


def test_an_open_stall_is_an_alert_with_its_reason_and_the_way_out() -> None:
    berlin = datetime.fromisoformat("2026-03-09T17:02:00+01:00")
    told = answer("D-17", finding(since=berlin, severity="critical"), name="Acme renewal")
    assert alert_of(told).to_dict(NOW, LASTING) == {
        "labels": {
            "alertname": "DealReplyOnly",
            "deal_id": "D-17",
            "detector": "reply_only",
            "severity": "critical",
            "owner_email": "ann@us.example",
            "team": "emea",
        },
        "annotations": {
            "headline": "Ping-pong",
            "summary": "Every touch of ours is a reply",
            "evidence": "2026-03-09: our third reply in a row on 'Re: pricing' (gmail/0)",
            "clears_when": "we make a step of our own",
            "deal_name": "Acme renewal",
            "deal_url": "https://deals.us.example/deals/D-17",
            "amount": "48,000 EUR",
            "place": "0 critical 0999999999952000",
            "told": "new",
            "rank": "01",
            "board_url": "https://deals.us.example/deals?owner=ann%40us.example",
            "since": "2026-03-09",
            "runbook_url": "https://deals.us.example/catalogue#reply_only",
        },
        "startsAt": "2026-03-09T16:02:00+00:00",
        "endsAt": "2026-03-20T12:02:00+00:00",
        "generatorURL": "https://deals.us.example/deals/D-17",
    }


def test_each_finding_of_each_deal_is_an_alert_of_its_own() -> None:
    told = [answer("D-1", finding("ghosted"), finding("gone_quiet")), answer("D-2", finding("ghosted"))]
    found = [
        (dict(alert.labels)["deal_id"], dict(alert.labels)["alertname"]) for alert in alerts_of(told_of(*told), PAGES)
    ]
    assert sorted(found) == [("D-1", "DealGhosted"), ("D-1", "DealGoneQuiet"), ("D-2", "DealGhosted")]


@pytest.mark.parametrize(
    "told",
    [
        answer("D-1", finding(severity="info")),
        answer("D-1", finding(state="pending")),
        answer("D-1", finding(state="unknown")),
        answer("D-1", finding(state="resolved")),
        answer("D-1", finding(), status="won"),
        answer("D-1"),
    ],
)
def test_what_is_not_open_or_not_worth_telling_is_no_alert(told: Answer) -> None:
    assert list(alerts_of(told_of(told), PAGES)) == []


def test_an_owner_is_one_address_in_the_form_in_which_addresses_are_compared() -> None:
    assert labels_of(answer("D-1", finding(), owner="Ann@Köln.example"))["owner_email"] == "ann@xn--kln-sna.example"


@pytest.mark.parametrize(
    "owner", [None, "", "ann", "ann@us.example, evil@them.example", "Ann <ann@us.example>", "a@b\n"]
)
def test_an_owner_who_is_not_one_address_is_nobody(owner: str | None) -> None:
    assert "owner_email" not in labels_of(answer("D-1", finding(), owner=owner))


@pytest.mark.parametrize("detector", catalogue())
def test_an_alert_that_reads_silence_says_so_as_long_as_it_lives(detector: str) -> None:
    """Of such a finding nobody is to be told while a source is stale, whatever state it was found in before."""
    reads_silence = bool(catalogue()[detector].watches)
    for severity in ("warning", "critical"):
        labels = labels_of(answer("D-1", finding(detector, severity=severity)))
        assert labels.get("reads") == ("silence" if reads_silence else None)


def test_those_that_wait_for_an_answer_read_silence_and_those_that_count_days_do_not() -> None:
    assert labels_of(answer("D-1", finding("gone_quiet")))["reads"] == "silence"
    assert "reads" not in labels_of(answer("D-1", finding("close_date_slipping")))


def test_a_finding_of_a_detector_of_another_version_is_told_all_the_same() -> None:
    assert labels_of(answer("D-1", finding("of_tomorrow")))["alertname"] == "DealOfTomorrow"


def test_what_is_not_known_is_not_told() -> None:
    bare = alert_of(answer("D-1", finding(evidence=()), team=None, amount=None, name=""))
    assert dict(bare.labels).keys().isdisjoint({"team"})
    assert dict(bare.annotations).keys().isdisjoint({"amount", "deal_name", "evidence"})


def test_an_amount_without_currency_is_told() -> None:
    assert annotations_of(answer("D-1", finding(), amount=1234567.8, currency=None))["amount"] == "1,234,568"


def test_a_stall_that_began_ahead_of_our_clock_begins_now() -> None:
    ahead = alert_of(answer("D-1", finding(since=NOW + timedelta(hours=1))))
    assert ahead.to_dict(NOW, LASTING)["startsAt"] == NOW.isoformat()
    board = Board()
    board.put({0: [ahead]}, NOW)
    board.put({0: []}, NOW)
    [over] = board
    posted = over.to_dict(NOW - timedelta(minutes=1), LASTING)
    assert posted["startsAt"] <= posted["endsAt"] == NOW.isoformat()


def test_of_much_evidence_the_newest_is_told_in_the_order_of_time() -> None:
    texts = [f"fact {number}" for number in range(1, 12)]
    lines = annotations_of(answer("D-1", finding(evidence=facts(*texts)[::-1])))["evidence"].split("\n")
    assert lines == [
        "8 earlier facts",
        "2026-03-17: fact 9 (gmail/8)",
        "2026-03-18: fact 10 (gmail/9)",
        "2026-03-19: fact 11 (gmail/10)",
    ]


def test_no_line_is_spent_on_counting_a_single_fact() -> None:
    evidence = annotations_of(answer("D-1", finding(evidence=facts("one", "two", "three", "four"))))["evidence"]
    assert [line.split()[1] for line in evidence.split("\n")] == ["one", "two", "three", "four"]


def test_a_deal_has_its_place_by_its_worst_finding_and_then_by_its_value() -> None:
    told = [
        answer("small warning", finding(), amount=9.0),
        answer("no amount", finding(), amount=None),
        answer("large warning", finding(), amount=10_000.4),
        answer("small critical", finding(), finding("ghosted", severity="critical"), amount=9.0),
        answer("huge critical", finding(severity="critical"), amount=1e300),
        answer("large critical", finding(severity="critical"), amount=10_000.0),
    ]
    places = [
        (dict(each.annotations)["place"], dict(each.labels)["deal_id"]) for each in alerts_of(told_of(*told), PAGES)
    ]
    assert list(dict.fromkeys(deal for _, deal in sorted(places))) == [
        "huge critical",
        "large critical",
        "small critical",
        "large warning",
        "small warning",
        "no amount",
    ]


def test_each_fact_stays_one_line() -> None:
    evidence = annotations_of(answer("D-1", finding(evidence=facts("one\r\ntwo\u2028three\x00four", "five"))))[
        "evidence"
    ]
    assert evidence == "2026-03-09: one two three four (gmail/0)\n2026-03-10: five (gmail/1)"


@given(any_text.filter(bool))
def test_the_page_of_a_deal_is_a_plain_address_whatever_its_id(deal_id: str) -> None:
    page = alert_of(answer(deal_id, finding())).page
    assert page.isascii()
    assert not set(page) & set(" \"'<>{}\n#?")
    path = page.removeprefix(PAGES + "/deals/")
    assert "/" not in path
    assert unquote(path) == deal_id.encode("utf-8", "replace").decode()


@given(any_text, st.integers(min_value=1, max_value=50))
def test_plain_text_is_one_short_line_without_anything_unseen(text: str, most: int) -> None:
    line = plain(text, most)
    assert len(line) <= most
    assert line == line.strip()
    line.encode()
    assert "Cc" not in {unicodedata.category(character) for character in line}
    assert all(
        unicodedata.bidirectional(each) not in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI"} for each in line
    )


def test_what_is_told_by_signs_of_any_script_stays() -> None:
    for text in ["Größe & Söhne", "דניאל", "株式会社", "{{ .Labels }} <b>", "👩‍💻 pilot"]:
        assert plain(text, 100) == text


@given(any_text, any_text)
def test_deals_that_differ_have_labels_that_differ(one: str, other: str) -> None:
    assert (label(one) == label(other)) == (one == other)


def test_long_ids_that_differ_at_their_end_stay_apart() -> None:
    one, other = label("D" * 900 + "1"), label("D" * 900 + "2")
    assert one != other
    assert len(one) == len(other) == LONGEST_LABEL


def test_whatever_a_deal_is_called_its_alert_can_be_posted() -> None:
    evil = "\ud800\x00\r\nBcc: evil@them.example\u202e{{ template }}" * 200
    told = answer(
        evil,
        finding(evidence=facts(evil) * 20, summary=evil, clears_when=evil),
        name=evil,
        team=evil,
        currency=evil,
    )
    body = orjson.dumps(alert_of(told).to_dict(NOW, LASTING))
    assert len(body) < 200_000
    for values in (labels_of(told), annotations_of(told)):
        assert not {"\r", "\x00", "\u202e"} & set("".join(values.values()))
    assert "\n" not in "".join(labels_of(told).values())


def on(board: Board) -> list[tuple[str, str, bool]]:
    """Deal, severity and whether it is over, of each alert that is told."""
    told = [(dict(alert.labels), alert.over_at is not None) for alert in board]
    return [(labels["deal_id"], labels["severity"], over) for labels, over in told]


def test_a_finding_that_is_gone_is_told_over_for_a_quarter_of_an_hour() -> None:
    board = Board()
    board.put({0: alerts_of(told_of(answer("D-1", finding())), PAGES)}, NOW)
    assert on(board) == [("D-1", "warning", False)]
    board.put({0: []}, NOW + timedelta(minutes=1))
    assert on(board) == [("D-1", "warning", True)]
    board.put({0: []}, NOW + timedelta(minutes=15))
    [over] = board
    assert over.to_dict(NOW + timedelta(minutes=15), LASTING)["endsAt"] == (NOW + timedelta(minutes=1)).isoformat()
    board.put({0: []}, NOW + timedelta(minutes=16))
    assert on(board) == []


def test_a_finding_that_turns_critical_ends_the_warning() -> None:
    board = Board()
    board.put({0: alerts_of(told_of(answer("D-1", finding())), PAGES)}, NOW)
    board.put({0: alerts_of(told_of(answer("D-1", finding(severity="critical"))), PAGES)}, NOW)
    assert on(board) == [("D-1", "critical", False), ("D-1", "warning", True)]


def test_a_deal_that_changes_hands_is_over_for_the_old_owner() -> None:
    board = Board()
    board.put({0: alerts_of(told_of(answer("D-1", finding(), owner=ANN)), PAGES), 1: []}, NOW)
    board.put({0: [], 1: alerts_of(told_of(answer("D-1", finding(), owner=BOB)), PAGES)}, NOW)
    assert {(dict(alert.labels)["owner_email"], alert.over_at is not None) for alert in board} == {
        (ANN, True),
        (BOB, False),
    }


def test_a_finding_that_comes_back_is_open() -> None:
    board = Board()
    told = [answer("D-1", finding())]
    for open_now in (told, [], told):
        board.put({0: alerts_of(told_of(*open_now), PAGES)}, NOW)
    assert on(board) == [("D-1", "warning", False)]


def test_nothing_is_said_of_a_partition_that_went_to_another_worker() -> None:
    board = Board()
    board.put(
        {
            0: alerts_of(told_of(answer("D-1", finding()), answer("D-2", finding())), PAGES),
            1: alerts_of(told_of(answer("D-3", finding(), owner=BOB)), PAGES),
        },
        NOW,
    )
    board.put({0: alerts_of(told_of(answer("D-1", finding())), PAGES), 1: []}, NOW)
    assert on(board) == [("D-1", "warning", False), ("D-2", "warning", True), ("D-3", "warning", True)]
    board.put({1: []}, NOW)
    assert on(board) == [("D-3", "warning", True)]


def of(told: Telling) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Labels and annotations of each alert of a book."""
    return [(dict(each.labels), dict(each.annotations)) for each in alerts_of(told, PAGES)]


def test_how_many_deals_wait_is_told_with_each_that_is_told() -> None:
    told = told_of(answer("D-1", finding()), answer("D-2", finding()), waiting=41)
    assert {each["waiting"] for _, each in of(told)} == {"41"}
    assert all("waiting" not in each for _, each in of(told_of(answer("D-1", finding()))))


def test_what_was_told_on_an_earlier_day_comes_after_all_that_is_new() -> None:
    before = ToldDeal(answer("D-1", finding(severity="critical")), (finding(severity="critical"),), is_new=False)
    new = ToldDeal(answer("D-2", finding(), amount=1.0), (finding(),))
    places = {each["deal_name"]: (each["place"], each["told"]) for _, each in of(Telling(ANN, deals=(before, new)))}
    assert places["Deal D-2"] < places["Deal D-1"]
    assert (places["Deal D-2"][1], places["Deal D-1"][1]) == ("new", "before")


def test_a_finding_that_is_told_anew_is_another_alert_and_one_that_goes_on_is_the_same() -> None:
    told = answer("D-1", finding(), finding("ghosted"))
    seen = {"reply_only": MONDAY, "ghosted": MONDAY}
    later = seen | {"ghosted": MONDAY + timedelta(days=1)}
    first, second = (
        {alert.labels for alert in alerts_of(Telling(ANN, deals=(ToldDeal(told, told.stalls, since=since),)), PAGES)}
        for since in (seen, later)
    )
    [same] = first & second
    assert (dict(same)["detector"], dict(same)["told_at"]) == ("reply_only", "2026-03-09T16:02:00Z")
    [new] = second - first
    assert (dict(new)["detector"], dict(new)["told_at"]) == ("ghosted", "2026-03-10T16:02:00Z")


def test_what_is_wrong_with_a_book_is_an_alert_for_the_manager_and_names_the_rep() -> None:
    stuffed = replace(finding("pipeline_inflation", severity="critical"), deal_id=None)
    about = replace(finding("strategic_blindness"), deal_id="D-1")
    told = Telling(
        ANN, "emea", manager="boss@us.example", of_book=(BookFinding(stuffed), BookFinding(about, answer("D-1")))
    )
    (book, said), (deal, said_of_deal) = of(told)
    assert book == {
        "alertname": "BookPipelineInflation",
        "detector": "pipeline_inflation",
        "severity": "critical",
        "team": "emea",
        "owner_email": ANN,
        "manager_email": "boss@us.example",
    }
    assert (said["rep"], said["board_url"]) == (ANN, "https://deals.us.example/deals?owner=ann%40us.example")
    assert (deal["alertname"], deal["deal_id"]) == ("BookStrategicBlindness", "D-1")
    assert (said_of_deal["deal_name"], said_of_deal["deal_url"]) == ("Deal D-1", "https://deals.us.example/deals/D-1")


def test_two_reps_whose_owner_is_no_address_are_told_apart() -> None:
    stuffed = BookFinding(replace(finding("hoarding"), deal_id=None))
    owners = [of(Telling(owner, manager="boss@us.example", of_book=(stuffed,)))[0][0] for owner in ("Ann", "Bob")]
    assert [each["owner"] for each in owners] == ["Ann", "Bob"]
    assert all("owner_email" not in each for each in owners)


def test_what_is_left_unanswered_is_another_alert_than_the_reps() -> None:
    critical = finding(severity="critical")
    told = answer("D-1", critical)
    since = finding().since
    both = Telling(
        ANN,
        deals=(ToldDeal(told, (critical,)),),
        manager="boss@us.example",
        unanswered=(Escalation(told, critical, since, since + timedelta(days=7)),),
    )
    (to_rep, _), (to_boss, said) = of(both)
    assert "manager_email" not in to_rep
    assert to_boss == to_rep | {"alertname": "DealEscalated", "manager_email": "boss@us.example"}
    assert said["unanswered_since"] == "2026-03-09"


@given(any_text)
def test_whoever_owns_it_the_board_is_a_plain_address(owner: str) -> None:
    stuffed = BookFinding(replace(finding("hoarding"), deal_id=None))
    [alert] = alerts_of(Telling(owner, manager="boss@us.example", of_book=(stuffed,)), PAGES)
    assert alert.page.isascii()
    assert not set(alert.page) & set(" \"'<>{}\n#")
    orjson.dumps(alert.to_dict(NOW, LASTING))

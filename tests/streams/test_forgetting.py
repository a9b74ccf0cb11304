"""Who is forgotten is named nowhere any more, whatever comes when; what was found stays as it was, but for names."""

import zlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from detectors.core import events
from detectors.core.log import thread_key
from detectors.core.rules import Rules
from streams.answer import finding_line
from streams.demo.company import Company
from streams.forgetting import Forgotten, Tombstone, hash_of, hash_of_name, pseudonym_of
from streams.history import Line
from streams.join.companies import company_of
from streams.join.directory import Directory
from streams.join.forgotten_rows import rewritten
from streams.monitor.coverage import Report
from streams.monitor.partition import Partition
from streams.replay import Replay
from streams.wire import COMPANIES, FORGOTTEN_HEADERS, HEARTBEAT_HEADERS, Clock, Record, Send, partition_of
from tests.streams.sample_deals import crm, day, event, inbound, meeting, outbound, verdict
from tests.streams.test_takeover import PARTITIONS, Cluster, Logs

JANE, NAME = "jane.doe@buyer.example", "Jane Doe"
PSEUDONYM = pseudonym_of(JANE, PARTITIONS)
CALLED = PSEUDONYM.partition("@")[0]


def tombstone(address: str = JANE, *names: str) -> Tombstone:
    hashes = tuple(filter(None, map(hash_of_name, names)))
    return Tombstone(hash_of(address), pseudonym_of(address, PARTITIONS), day(0), hashes)


def forgotten_event(address: str, *names: str, at: float = 0) -> bytes:
    told = tombstone(address, *names)
    data = {"address": told.address, "pseudonym": told.pseudonym, "names": told.names}
    return orjson.dumps(event("privacy.contact.forgotten", day(at), **data))


def without(*names: str, address: str = JANE) -> Forgotten:
    return Forgotten([tombstone(address, *names)], PARTITIONS)


def told(value: bytes | None) -> str:
    """A record's or a row's value as a text, in small letters."""
    with suppress(zlib.error):
        value = zlib.decompress(value or b"")
    try:
        return orjson.dumps(orjson.loads(value or b"null")).decode().casefold()
    except orjson.JSONDecodeError:
        return (value or b"").decode(errors="replace").casefold()


# -- texts


@pytest.mark.parametrize(
    ("text", "now"),
    [
        (JANE, PSEUDONYM),
        ("Jane.Doe@Buyer.Example", PSEUDONYM),
        (f"write to {JANE}.", f"write to {PSEUDONYM}."),
        (f"Jane <{JANE}>, Bo <bo@buyer.example>", f"Jane <{PSEUDONYM}>, Bo <bo@buyer.example>"),
        (f"mailto:{JANE}?subject=x", f"mailto:{PSEUDONYM}?subject=x"),
        ("call with Jane Doe on Monday", f"call with {CALLED} on Monday"),
        ("DOE, JANE: renewal", f"{CALLED}: renewal"),
        ("Jane", "Jane"),
        ("Mary Jane and Doe", "Mary Jane and Doe"),
        ("Jane: Doe is ill", "Jane: Doe is ill"),
        ("mary-jane.doe@buyer.example", "mary-jane.doe@buyer.example"),
        ("jane.doe@buyer.example.org", "jane.doe@buyer.example.org"),
        ("@ @@ jane.doe@", "@ @@ jane.doe@"),
    ],
)
def test_an_address_and_a_name_give_way_to_the_pseudonym_and_what_only_looks_alike_stays(text: str, now: str) -> None:
    assert without("Jane Doe").text(text) == now


def test_an_address_of_another_script_is_found_however_it_is_written() -> None:
    person = without(address="jörg@xn--bcher-kva.example")
    assert "forgotten-" in person.text("an Jörg@Bücher.example geschickt")
    assert "forgotten-" in person.text("an jörg@xn--bcher-kva.example geschickt")


def test_a_quoted_address_is_found_where_it_stands_alone() -> None:
    assert without(address='"jane doe"@buyer.example').address('"jane doe"@buyer.example').startswith("forgotten-")


def test_of_two_names_the_longer_one_is_found_first() -> None:
    person = without("Anna Rossi", "Anna Maria Rossi", "Maria Rossi")
    assert person.text("Anna Maria Rossi called") == f"{CALLED} called"


def test_a_hostile_text_takes_no_longer_than_any() -> None:
    person = without("Jane Doe")
    for text in ("a" * 1_000_000, "@" * 100_000, "a@" * 100_000, "jane " * 200_000, "a." * 300_000 + "@b"):
        assert person.text(text) == text


def test_an_id_that_holds_the_address_holds_the_pseudonym_wherever_it_is_told() -> None:
    raw = orjson.dumps(inbound(1, f"<17.{JANE}>") | {"id": f"mail-{JANE}-17"})
    now = events.parse(without().event(raw))
    assert now.ref == f"test/mail-{PSEUDONYM}-17"
    # who answers the mail finds it
    assert isinstance(now, events.Email)
    before = events.parse(raw)
    assert isinstance(before, events.Email)
    assert thread_key(now.data.message_id) == thread_key(before.data.message_id)


def test_of_a_contact_no_more_is_left_than_the_contract_names() -> None:
    raw = event(
        "crm.contact.changed", day(1), email=JANE, name="J. Doe-Smith", title="CFO", roles=["champion"], phone="+1 555"
    )
    now = orjson.loads(without().event(orjson.dumps(raw)))
    assert now["data"] == {"email": PSEUDONYM, "name": CALLED, "title": "CFO", "roles": ["champion"]}


def test_the_deals_id_stays_whatever_it_says() -> None:
    raw = orjson.dumps(crm(1, name=f"{NAME}, renewal") | {"subject": JANE})
    now = orjson.loads(without(NAME).event(raw))
    assert (now["subject"], now["data"]["name"]) == (JANE, f"{CALLED}, renewal")


def test_what_is_no_json_is_a_text() -> None:
    assert without().event(f'{{"from": "{JANE}"'.encode()) == f'{{"from": "{PSEUDONYM}"'.encode()
    assert without().event(b"\xff" + JANE.encode()) == b"\xff" + PSEUDONYM.encode()
    assert without().event(b"[" * 100_000) == b"[" * 100_000


def test_what_names_nobody_who_is_forgotten_stays_the_very_same() -> None:
    record = Record(0, b"buyer.example", orjson.dumps(inbound(1, "m")), ((COMPANIES, b'["buyer.example"]'),))
    assert without().record(record) is record


def test_a_company_of_one_person_is_called_like_them() -> None:
    address = "jane.doe@gmail.com"
    headers = ((COMPANIES, orjson.dumps([address, "buyer.example"])),)
    now = without(address=address).record(Record(0, address.encode(), b"{}", headers))
    pseudonym = pseudonym_of(address, PARTITIONS)
    assert (now.key, now.header(COMPANIES)) == (pseudonym.encode(), orjson.dumps([pseudonym, "buyer.example"]))


@pytest.mark.parametrize("partitions", [1, 4, 64])
def test_a_pseudonym_is_the_same_each_time_and_of_the_same_partition(partitions: int) -> None:
    for number in range(50):
        address = f"p{number}@gmail.com"
        pseudonym = pseudonym_of(address, partitions)
        assert pseudonym == pseudonym_of(address, partitions)
        assert partition_of(pseudonym.encode(), partitions) == partition_of(address.encode(), partitions)
        assert company_of(pseudonym) == pseudonym
    assert pseudonym_of(JANE, partitions) == PSEUDONYM


def test_a_word_of_a_system_of_other_partitions_counts_by_ours() -> None:
    address = "jane.doe@gmail.com"
    theirs = Tombstone(hash_of(address), pseudonym_of(address, 64), day(0))
    assert theirs.pseudonym != pseudonym_of(address, 3)
    assert Forgotten((), 3).plus(theirs).address(address) == pseudonym_of(address, 3)


def test_the_word_names_nobody() -> None:
    raw = forgotten_event(JANE, NAME)
    assert all(word not in told(raw) for word in ("jane", "doe"))
    parsed = events.parse(raw)
    assert isinstance(parsed, events.Forgotten)
    assert Tombstone.of(Tombstone.by(parsed).to_json()) == tombstone(JANE, NAME)


# -- the whole way


def traces(cluster: Cluster, *words: str) -> list[str]:
    """Where any of these words stands in what is kept: rows, and the newest of each key of the compacted topics."""
    kept = [(table, row, value) for (table, _), rows in cluster.changelogs.items() for row, value in rows.items()]
    for topic in ("findings", "books"):
        newest = {key: value for n in range(PARTITIONS) for key, value, _ in cluster.logs.records[topic, n]}
        kept += [(topic, (key or b"").decode(), value) for key, value in newest.items()]
    return [
        f"{table} {row!r}"
        for table, row, value in kept
        if value is not None and any(word in row.casefold() or word in told(value) for word in words)
    ]


def sent_with(logs: Logs, words: Iterable[str], since: dict[Any, int]) -> list[Any]:
    """What was written to any topic but the inbox since then that has any of these words in it."""
    return [
        place
        for place, records in logs.records.items()
        if place[0] != "inbox"
        for key, value, _ in records[since.get(place, 0) :]
        if any(word in told(key) or word in told(value) for word in words)
    ]


def jane_and_others() -> list[bytes]:
    """Two deals of Jane's company and one of a stranger's; Jane writes, is written to and of, meets, calls, is told."""
    carl, rep = "carl@buyer.example", "rep@us.example"
    private = "jane.doe@gmail.com"
    deals = [
        crm(0, stage="Demo", owner=rep, name="Buyer: Jane Doe's renewal", amount=1000.0, currency="EUR"),
        event("crm.contact.changed", day(0.1), id="c-1", email=JANE, name=NAME, title="CFO", roles=["champion"]),
        event("crm.contact.changed", day(0.2), id=f"c-{JANE}", email=JANE, name="Jane A. Doe", phone="+1 555 0100"),
        event("crm.contact.changed", day(0.3), id="c-3", email=carl, name="Carl Roe"),
        event("crm.contact.changed", day(0.4), id="c-4", email=private, name=NAME),
        event("crm.milestone.changed", day(2), milestone_id="m1", title="Jane Doe signs", due="2026-03-20"),
        event("activity.call", day(4), call_id="k1", direction="outbound", **{"with": [JANE]}, connected=False),
        event("activity.document", day(5), document_id="d1", status="sent", to=[JANE]),
        verdict(30, reason=f"{JANE} is on leave"),
        crm(8, next_step="ask Doe, Jane", next_step_date="2026-03-12"),
    ]
    deals[7]["data"]["kind"] = "proposal"
    activities = [
        inbound(1, "m-1", "Jane Doe and pricing", **{"from": JANE}, snippet=f"best, Jane Doe {JANE}"),
        outbound(1.5, "m-2", "Re: Jane Doe and pricing", in_reply_to="m-1", to=[JANE, carl]),
        outbound(3, "m-3", to=[carl], cc=[JANE]),
        inbound(3.5, "m-4", "Re: Pricing", **{"from": carl}, in_reply_to="m-3"),
        inbound(6, f"<99.{JANE}>", **{"from": private}),
        outbound(7, "m-6", "Re: Pricing", to=[private], in_reply_to=f"<99.{JANE}>"),
        meeting(7.5, attendees=[rep, JANE, carl]),
        *(outbound(9 + n, f"m-1{n}", f"Jane Doe, are you there? {n}", to=[JANE]) for n in range(3)),
        inbound(5, "m-7", **{"from": "stranger@else.example"}, cc=[JANE]),
    ]
    return [
        *(orjson.dumps(each | {"subject": "D-1"}) for each in deals),
        *(orjson.dumps(each) for each in activities),
        *BROKEN,
        orjson.dumps(crm(0, id="other", owner=rep, stage="Demo") | {"subject": "D-2"}),
        orjson.dumps(
            event("crm.contact.changed", day(0.2), id="c-5", email="stranger@else.example") | {"subject": "D-2"}
        ),
    ]


BROKEN = [orjson.dumps(inbound(1, "broken", **{"from": JANE, "to": ["Jane Doe"]})), f"<{JANE}> is no event".encode()]


def publish(logs: Logs, lines: list[bytes]) -> None:
    """Events, and what is refused and kept as a dead letter."""
    logs.write([Send("inbox", 1, JANE.encode(), line) for line in lines if line in BROKEN])
    logs.publish([line for line in lines if line not in BROKEN])


RULES = Rules.of({"organization": {"domains": ["us.example"]}})
MARKS = [forgotten_event(JANE, NAME, "Jane A. Doe"), forgotten_event("jane.doe@gmail.com", NAME)]
WORDS = ("jane.doe", "jane doe", "doe, jane", "jane a. doe", "555 0100")
END = orjson.dumps(crm(40, id="end", stage="Demo") | {"subject": "D-9"})


def sense(cluster: Cluster) -> list[str]:
    """The findings in words, without anybody's name."""
    tagged = pseudonym_of("jane.doe@gmail.com", PARTITIONS).partition("@")[0]
    names = [CALLED, tagged, tagged.partition("+")[0]]
    found = []
    for line in cluster.findings():
        for name in (*names, "Jane A. Doe", "Jane Doe", "Doe, Jane", "jane.doe"):
            line = line.replace(name, "N.N.")
        found.append(line)
    return sorted(found)


def run(lines: list[bytes], seed: int, deaths: float = 0.0, repeats: int = 1) -> Cluster:
    cluster = Cluster(RULES, Logs(), Random(seed), deaths)
    for _ in range(repeats):
        publish(cluster.logs, lines)
        cluster.run()
    return cluster


@pytest.mark.parametrize("seed", range(12))
def test_whenever_the_word_comes_nobody_is_named_afterwards_and_the_findings_are_the_same(seed: int) -> None:
    chance = Random(seed)
    lines = jane_and_others()
    chance.shuffle(lines)
    expected = sense(run([*lines, END], seed))
    assert len(expected) > 5
    at = chance.randint(0, len(lines))

    cluster = Cluster(RULES, Logs(), chance, 0.3 if seed % 2 else 0.0)
    publish(cluster.logs, [*lines[:at], *MARKS])
    cluster.run()
    since = {place: len(records) for place, records in cluster.logs.records.items()}
    publish(cluster.logs, [*lines[at:], END])
    cluster.run()

    assert traces(cluster, *WORDS) == []
    assert sent_with(cluster.logs, WORDS, since) == []
    assert sense(cluster) == expected


@pytest.mark.parametrize("seed", range(6))
def test_the_word_may_come_amid_the_events_and_workers_may_die(seed: int) -> None:
    chance = Random(seed)
    lines = [*jane_and_others(), *MARKS]
    chance.shuffle(lines)
    cluster = Cluster(RULES, Logs(), chance, 0.3)
    publish(cluster.logs, [*lines, END])
    cluster.run()
    assert traces(cluster, *WORDS) == []
    assert sense(cluster) == sense(run([*jane_and_others(), END], seed))


def test_who_is_told_of_again_and_forgotten_again_stays_forgotten() -> None:
    lines = [*jane_and_others(), *MARKS, END]
    once, twice = run(lines, 1), run(lines, 1, repeats=2)
    assert traces(twice, *WORDS) == []
    assert sense(once) == sense(twice)
    assert once.changelogs["deal_events", 0].keys() == twice.changelogs["deal_events", 0].keys()


def test_from_the_beginning_of_the_topics_another_system_comes_to_the_same() -> None:
    first = run([*jane_and_others(), *MARKS, END], 1)
    logs = Logs()
    for (topic, number), records in first.logs.records.items():
        if topic == "inbox":
            logs.records[topic, number] = list(records)
    again = Cluster(RULES, logs, Random(5), 0.2)
    again.run()
    assert traces(again, *WORDS) == []
    assert sense(again) == sense(first)


def test_who_takes_a_partition_over_knows_who_is_forgotten() -> None:
    cluster = run([*MARKS, END], 1)
    cluster.directories = {n: cluster.make("mail", n) for n in range(PARTITIONS)}
    cluster.deals = {n: cluster.make("deal_events", n) for n in range(PARTITIONS)}
    since = {place: len(records) for place, records in cluster.logs.records.items()}
    publish(cluster.logs, [*jane_and_others(), END])
    cluster.run()
    assert traces(cluster, *WORDS) == []
    assert sent_with(cluster.logs, WORDS, since) == []


def test_who_is_a_contact_by_two_names_is_one_by_the_pseudonym_since_the_first() -> None:
    rows = {
        f"buyer.example\0contact\0{PSEUDONYM}": orjson.dumps({"D-1": day(3), "D-2": day(1)}),
        f"buyer.example\0contact\0{JANE}": orjson.dumps({"D-1": day(2), "D-2": day(4), "D-3": day(5)}),
    }
    [(row, value)] = rewritten(rows, without()).items()
    assert row == f"buyer.example\0contact\0{PSEUDONYM}"
    assert orjson.loads(value) == {"D-1": day(2).isoformat(), "D-2": day(1).isoformat(), "D-3": day(5).isoformat()}


def test_a_word_that_says_nothing_is_a_dead_letter_and_forgets_nobody() -> None:
    cluster = run([*jane_and_others(), END], 1)
    for topic in ("mail", "deal_events"):
        cluster.logs.records[topic, 0].append((None, b"{}", FORGOTTEN_HEADERS))
    before = sum(len(cluster.logs.records["dead_letters", n]) for n in range(PARTITIONS))
    cluster.run()
    assert sum(len(cluster.logs.records["dead_letters", n]) for n in range(PARTITIONS)) == before + 2
    assert traces(cluster, "jane doe") != []


@pytest.mark.parametrize("seed", range(3))
def test_of_a_half_year_of_a_company_somebody_is_forgotten(seed: int) -> None:
    company = Company(seed=seed, deals=15, weeks=12, disorder=0.1)
    rules, lines = Rules.of(company.rules()), list(company.lines())
    told_of = [each for each in map(events.parse, lines) if isinstance(each, events.ContactChanged) and each.data.name]
    people = {each.data.email: each.data.name or "" for each in told_of}
    chance = Random(seed)
    gone = chance.sample(sorted(people), 3)
    marks = [forgotten_event(each, people[each]) for each in gone]
    words = [word.casefold() for each in gone for word in (each, people[each])]
    replay = Replay(rules)
    for _ in replay.run(Line(Path("history"), number, line) for number, line in enumerate(lines, start=1)):
        pass
    expected = [finding_line(each) for each in replay.findings()]
    at = chance.randrange(len(lines) // 2, len(lines))

    cluster = Cluster(rules, Logs(), chance, 0.1)
    publish(cluster.logs, [*lines[:at], *marks])
    cluster.run()
    publish(cluster.logs, lines[at:])
    cluster.run()

    def plain(line: str) -> str:
        for each in gone:
            called = pseudonym_of(each, PARTITIONS).partition("@")[0]
            for word in (each.partition("@")[0], people[each], called):
                line = line.replace(word, "N.N.")
        return line

    assert traces(cluster, *words) == []
    assert sorted(map(plain, cluster.findings())) == sorted(map(plain, expected))
    assert any("N.N." in plain(line) for line in expected)


def test_a_replay_forgets_as_a_worker_does() -> None:
    lines = [*jane_and_others(), *MARKS, END]
    replay = Replay(RULES)
    for _ in replay.run(Line(Path("history"), number, line) for number, line in enumerate(lines, start=1)):
        pass
    said = " ".join(finding_line(each) for each in replay.findings()).casefold()
    assert all(word not in said for word in WORDS)
    assert CALLED in said
    # it is told now, and moves no time
    assert replay.partition.time == datetime(2026, 4, 11, 9, tzinfo=UTC)


# -- one stage of one partition


def word(*names: str) -> Record:
    return Record(0, None, tombstone(JANE, *names).to_json(), FORGOTTEN_HEADERS)


def of_deal(*each: dict[str, Any]) -> list[Record]:
    return [Record(0, b"D-1", orjson.dumps({"subject": "D-1"} | one)) for one in each]


def at(moment: float) -> Record:
    return Record(0, None, Clock(day(moment), 0, 1).to_json(), Clock.HEADERS)


def test_a_report_that_quotes_an_event_by_its_id_quotes_the_pseudonym() -> None:
    report = Report("crm", None, True, ("crm.contact.changed",), day(1), f"crm/{JANE}", day(1))
    mark = Record(0, None, report.to_json(), HEARTBEAT_HEADERS)
    joined, out = Directory(0, 1), Partition(0, 1, RULES)
    joined.advance([mark])
    out.advance([mark, at(2)])
    rows = joined.advance([word()]).rows | out.advance([word()]).ledger
    quoting = [value for value in rows.values() if value and b"crm/" in value]
    assert len(quoting) == 2
    assert all(PSEUDONYM.encode() in value and JANE.encode() not in value for value in quoting)


def test_who_goes_on_from_rows_that_were_written_tells_what_was_perhaps_not_told() -> None:
    partition = Partition(0, 1, RULES)
    before = partition.advance([*of_deal(crm(0, owner="rep@us.example"), inbound(1, "m-1", **{"from": JANE})), at(2)])
    written = before.rows | before.ledger | partition.advance([word()]).rows
    again = Partition(0, 1, RULES)
    for row, value in written.items():
        again.restore(row, value or b"")
    again.resume()
    assert {send.topic for send in again.advance([word()]).sends} == {"findings", "books"}


@pytest.mark.parametrize(("fields", "known"), [({"name": "Jane"}, "Jane"), ({}, "jane.doe")])
def test_a_finding_that_is_over_names_the_person_as_those_that_are_open_do(fields: dict[str, str], known: str) -> None:
    partition = Partition(0, 1, RULES)
    told_of = event("crm.contact.changed", day(0.1), email=JANE, title="CEO", **fields)
    gone = event("crm.contact.changed", day(2), id="gone", email=JANE, left=True)
    back = event("crm.contact.changed", day(5), id="back", email=JANE, left=False)
    partition.advance([*of_deal(crm(0), told_of, inbound(1, "m-1", **{"from": JANE}), gone, back), at(6)])

    def texts() -> str:
        found = [each for each in partition.answers["D-1"].findings if each.detector == "contact_departed"]
        assert [each.state for each in found] == ["resolved"]
        return found[0].evidence[0].text + found[0].summary

    assert f"{known} (CEO) left" in texts()
    partition.advance([word()])
    assert f"{CALLED} (CEO) left" in texts()
    assert known not in texts()


def test_somebody_else_who_is_called_the_same_keeps_their_name() -> None:
    namesake = orjson.dumps(event("crm.contact.changed", day(1), email="jane.doe@else.example", name=NAME))
    assert without(NAME).event(namesake) == namesake
    kept = orjson.dumps({"log": [], "earlier": {"contacts": {"jane.doe@else.example": {"name": {"value": NAME}}}}})
    assert without(NAME).deal(kept) == kept

"""What a running worker refused is listed, shown, and sent again with commands: what can be mended comes through."""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from kafka import KafkaProducer

from streams.dead_letters import dead_letter
from streams.wire import Record
from tests.conftest import RunningBroker
from tests.end_to_end.console import OURS, Told, event, refusal, stallwatch
from tests.end_to_end.system import PARTITIONS, System, until

AT = "2026-03-02T09:15:00+01:00"


@pytest.fixture(scope="module")
def system(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One worker."""
    folder = tmp_path_factory.mktemp("dead-letters")
    with System(broker.bootstrap, f"t{uuid.uuid4().hex[:8]}", folder, OURS) as system:
        system.start()
        system.publish([], at=datetime.fromisoformat(AT))  # before the first clock nothing is taken
        yield system


def command(system: System, *arguments: str) -> Told:
    """What `stallwatch dead-letters …` says."""
    return stallwatch("dead-letters", *arguments, env=system.environment())


def listed(system: System, *arguments: str) -> list[Any]:
    """What `list --json` prints."""
    told = command(system, "list", "--json", *arguments)
    assert told.status == 0, told
    return [json.loads(line) for line in told.out.splitlines()]


def is_known(system: System, deal: str) -> bool:
    """Whether the worker knows a deal."""
    return system.worker.ask(f"/deals/{deal}")[0] == 200


def refused_by_an_older_worker(system: System, value: bytes, reason: str) -> None:
    """Leave the letter that a worker of an older version made of a record."""
    letter = dead_letter(Record(0, b"any", value, offset=0), reason, f"type: {reason}", "inbox", PARTITIONS)
    with KafkaProducer(**system.settings.kafka.client()) as producer:
        producer.send(
            system.topics["dead_letters"], letter.value, letter.key, list(letter.headers), letter.partition
        ).get(timeout=60)


def test_what_the_worker_refused_is_listed_shown_and_left_while_it_would_be_refused_again(system: System) -> None:
    bad = event("crm.deal.changed", "no-deal", AT, None, stage="Demo").replace(b'"crm"', b'"nobodys-crm"')
    system.put(bad)
    [letter] = until(lambda: listed(system, "--source", "nobodys-crm"), "it is refused")
    assert (letter["reason"], letter["topic"], letter["size"]) == ("no_deal", "inbox", len(bad))

    table = command(system, "list", "--source", "nobodys-crm")
    assert letter["name"] in table.out
    assert "no_deal" in table.out
    assert table.err.splitlines() == ["1 dead letter"]

    shown = command(system, "show", letter["name"])
    assert "reason: no_deal" in shown.out
    assert '    "stage": "Demo"' in shown.out
    whole = json.loads(command(system, "show", letter["name"], "--json").out)
    assert (whole["value"], whole["key"]) == (bad.decode(), "any")

    told = command(system, "retry", letter["name"])
    assert (told.status, told.out) == (1, "")
    assert told.err.splitlines()[0].startswith(f"{letter['name']}: not sent: it would be refused again, no_deal: ")
    assert listed(system, "--source", "nobodys-crm") == [letter]


def test_what_was_mended_comes_through_and_another_try_changes_nothing(system: System) -> None:
    deal = f"D-{uuid.uuid4().hex[:8]}"
    refused_by_an_older_worker(system, event("crm.deal.changed", deal, AT, deal, stage="Demo"), "unknown_type")
    [letter] = listed(system, "--reason", "unknown_type")

    would = command(system, "retry", "--reason", "unknown_type", "--dry-run")
    assert would.err.splitlines() == ["1 dead letter would be sent again, 0 not"]
    assert not is_known(system, deal)

    told = command(system, "retry", "--reason", "unknown_type")
    assert (told.status, told.err.splitlines()) == (0, ["1 dead letter sent again, 0 not"])
    until(partial(is_known, system, deal), "the deal is known")
    assert listed(system, "--reason", "unknown_type") == []
    system.wait_until_done()
    before = system.answers()[deal]

    again = command(system, "retry", letter["name"])
    assert (again.status, again.err.splitlines()[0]) == (
        1,
        f"{letter['name']}: was sent again already (--all sends it once more)",
    )
    once_more = command(system, "retry", letter["name"], "--all", "--json")
    assert json.loads(once_more.out)["sent"] is True
    system.wait_until_done()
    after = system.answers()[deal]
    assert before == after
    assert [each["was_sent"] for each in listed(system, "--reason", "unknown_type", "--all")] == [True]


def test_what_is_refused_again_comes_back_and_says_how_often_it_was_tried(system: System) -> None:
    source = f"crm-{uuid.uuid4().hex[:8]}"
    system.put(event("crm.deal.changed", "no-deal", AT, None).replace(b'"crm"', f'"{source}"'.encode()))
    for attempts in range(3):
        [letter] = until(lambda: listed(system, "--source", source), "it is refused")
        assert letter["attempts"] == attempts
        assert command(system, "retry", "--source", source, "--force").status == 0
    until(lambda: listed(system, "--source", source), "it is refused")
    assert len(listed(system, "--source", source, "--all")) == 4


def test_the_newest_are_shown_and_how_many_more_there_are_is_said(system: System) -> None:
    source = f"crm-{uuid.uuid4().hex[:8]}"
    bad = [event("crm.deal.changed", f"{n}", AT, None).replace(b'"crm"', f'"{source}"'.encode()) for n in range(3)]
    system.put(*bad)
    until(lambda: len(listed(system, "--source", source)) == 3, "they are refused")
    names = [each["name"] for each in listed(system, "--source", source)]
    told = command(system, "list", "--source", source, "--limit", "2", "--json")
    assert [json.loads(line)["name"] for line in told.out.splitlines()] == names[1:]
    assert told.err.splitlines() == ["2 dead letters; 1 older one not shown (--limit)"]


def test_what_could_command_a_terminal_does_not(system: System) -> None:
    source = f"crm-{uuid.uuid4().hex[:8]}"
    system.put(json.dumps({"source": source, "id": "\x1b[2J"}, ensure_ascii=False).encode() + b"\x1b[2J[red]")
    until(lambda: listed(system, "--reason", "not_json"), "it is refused")
    for letter in listed(system, "--reason", "not_json"):
        told = command(system, "show", letter["name"])
        assert "\x1b" not in told.out + command(system, "list").out
        assert "[red]" in told.out


@pytest.mark.parametrize("arguments", [["show", "17"], ["show", "a/b"], ["retry", "1/2/3"], ["show", "-1/2"]])
def test_a_name_that_is_none_is_told(arguments: list[str], system: System) -> None:
    told = command(system, *arguments)
    assert told.status == 2
    assert told.err.startswith("stallwatch: ")


def test_a_letter_that_is_not_there_is_told(system: System) -> None:
    assert refusal(command(system, "show", "0/999999")).endswith("there is no dead letter 0/999999 (any more)")
    told = command(system, "retry", "0/999999")
    assert (told.status, told.err.splitlines()[0]) == (1, "0/999999: there is no such dead letter (any more)")
    assert refusal(command(system, "list", "--since", "yesterday")).startswith("Invalid value for '--since'")

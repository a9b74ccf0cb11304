"""Every command as a person or a script gives it: what it prints, where, and how it ends."""

import gzip
import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import typer
from kafka import KafkaAdminClient
from typer.core import TyperGroup

from streams import cli, topics
from streams.demo.broker import Broker
from streams.demo.processes import free_port
from streams.topics import MAX_MESSAGE_BYTES
from tests.conftest import RunningBroker
from tests.end_to_end.console import (
    OURS,
    event,
    quiet_deal,
    refusal,
    stallwatch,
    stallwatch_process,
    untouched,
    written,
)
from tests.end_to_end.system import PARTITIONS, RunningWorker, System, until

COMMANDS = (
    "topics",
    "worker",
    "publish",
    "poll",
    "replay",
    "explain",
    "report",
    "backtest",
    "tune",
    "snooze",
    "forget",
    "demo",
    "rules",
    "rules check",
    "rules show",
    "rules diff",
    "dashboards",
    "dashboards push",
    "dead-letters",
    "dead-letters list",
    "dead-letters show",
    "dead-letters retry",
)
FINDING_FIELDS = [
    "deal_id", "detector", "state", "severity", "since", "critical_from", "until", "evidence", "summary",
    "clears_when", "owner", "amount", "currency", "rules",
]  # fmt: skip


@pytest.fixture(scope="module")
def system(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A worker that all commands here speak to."""
    folder = tmp_path_factory.mktemp("cli")
    with System(broker.bootstrap, f"t{uuid.uuid4().hex[:8]}", folder, OURS) as system:
        yield system.start()


@pytest.fixture
def fresh(broker: RunningBroker, prefix: str, tmp_path: Path) -> System:
    """A name of one's own on the broker, with nothing in it."""
    return System(broker.bootstrap, prefix, tmp_path)


# -- help


PROSE = [
    "README.md",
    "docs/connect.md",
    "docs/privacy.md",
    "docs/pushes.md",
    "dashboards/rules/README.md",
    "dashboards/rules/stallwatch.rules.yaml",
    "deploy/rules.yaml",
]


@pytest.mark.parametrize("text", PROSE)
def test_every_command_that_is_named_is_there(text: str) -> None:
    named = re.findall(r"(?:^|`)stallwatch ([a-z-]+)(?: ([a-z-]+))?", Path(text).read_text(), re.MULTILINE)
    for command, sub in named:
        groups = {each.split()[0] for each in COMMANDS if " " in each}
        assert (f"{command} {sub}" if command in groups else command) in COMMANDS


def test_the_commands_are_all_those_that_there_are() -> None:
    app = typer.main.get_command(cli.app)
    assert isinstance(app, TyperGroup)
    found = set()
    for name, command in app.commands.items():
        found |= {name} | {f"{name} {sub}" for sub in getattr(command, "commands", {})}
    assert found == set(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["publsih"], "No such command 'publsih'."),
        (["rules", "chekc"], "No such command 'chekc'."),
        (["publish"], "Missing argument 'files'."),
        (["topics", "--chekc"], "No such option: --chekc"),
        (["worker", "--port", "many"], "Invalid value for '--port': "),
        (["demo", "--speed", "0"], "Invalid value for '--speed': "),
    ],
)
def test_what_is_no_command_or_option_is_said_in_one_line(arguments: list[str], said: str) -> None:
    told = stallwatch(*arguments)
    assert refusal(told).startswith(said)
    assert told.out == ""


def test_without_a_command_there_is_help() -> None:
    told = stallwatch_process()
    assert (told.status, told.err) == (2, "")
    assert "Usage:" in told.out


def test_the_console_script_lists_the_commands() -> None:
    script = Path(sys.executable).parent / "stallwatch"
    told = subprocess.run([script, "--help"], env=untouched(), capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    for command in {each.split()[0] for each in COMMANDS}:
        assert re.search(rf"^\W+{command} ", told.stdout, re.MULTILINE), command


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does_and_takes(command: str) -> None:
    told = stallwatch(*command.split(), "--help")
    assert told.status == 0
    assert told.err == ""
    assert "Usage:" in told.out
    assert "--help" in told.out


# -- topics


def test_topics_are_checked_then_made_then_there(fresh: System) -> None:
    env = fresh.environment()

    missing = stallwatch("topics", "--check", env=env)
    assert missing.status == 2
    assert "missing run `stallwatch topics`" in missing.out
    assert missing.err.count("\n") == 1

    made = stallwatch("topics", env=env)
    assert made.status == 0
    assert made.err == ""
    assert {line.split(": ")[1] for line in made.out.splitlines()} == {"created"}

    there = stallwatch("topics", "--json", env=env)
    assert there.status == 0
    told = [json.loads(line) for line in there.out.splitlines()]
    assert {each["state"] for each in told} == {"there"}
    assert [each["topic"] for each in told] == sorted(each.name for each in topics.wanted(fresh.settings))


def test_a_check_makes_nothing(fresh: System) -> None:
    for _ in range(2):
        assert stallwatch("topics", "--check", env=fresh.environment()).status == 2


def test_a_topic_with_another_number_of_partitions_is_refused(fresh: System) -> None:
    inbox = fresh.topics["inbox"]
    with KafkaAdminClient(**fresh.settings.kafka.client()) as admin:
        odd = {"num_partitions": PARTITIONS + 1, "replication_factor": 1, "configs": {"cleanup.policy": "delete"}}
        admin.create_topics({inbox: odd})
        until(lambda: inbox in admin.list_topics(), "the topic is there")

    told = stallwatch("topics", env=fresh.environment())

    assert refusal(told) == f"{inbox} is wrong: has {PARTITIONS + 1} partitions, must have {PARTITIONS}"
    assert f"{inbox}: wrong has {PARTITIONS + 1} partitions, must have {PARTITIONS}" in told.out


# -- publish


def test_what_is_published_is_counted_and_what_is_refused_is_named_and_kept(system: System, tmp_path: Path) -> None:
    events = quiet_deal("D-published")
    events.insert(1, b"not an event")
    events.insert(3, event("crm.deal.changed", "naive", "2026-03-02T09:15:00", "D-published"))
    file = written(tmp_path / "events.jsonl", events)
    before = len(system.dead_letters())

    told = stallwatch("publish", file, env=system.environment())

    assert told.status == 0
    assert told.out == ""
    said = told.err.splitlines()
    assert said[0].startswith(f"{file}:2: refused, not_json: ")
    assert said[1].startswith(f"{file}:4: refused, time: time: ")
    assert said[2:] == ["3 events sent, 2 refused, kept as dead letters"]
    system.wait_until_done()
    assert len(system.answers()["D-published"]["findings"]) > 0
    assert sorted(each.value or b"" for each in system.dead_letters()[before:]) == sorted([events[1], events[3]])


def test_a_line_that_no_topic_would_take_is_said_not_to_be_sent(system: System, tmp_path: Path) -> None:
    too_large = b"x" * MAX_MESSAGE_BYTES
    file = written(tmp_path / "events.jsonl", [too_large, *quiet_deal("D-large"), b"not an event"])
    before = len(system.dead_letters())

    told = stallwatch("publish", file, env=system.environment())

    assert told.err.splitlines()[-1] == "3 events sent, 2 refused: 1 dead letter, 1 too large for Kafka and not sent"
    system.wait_until_done()
    assert [each.value for each in system.dead_letters()[before:]] == [b"not an event"]


def test_a_dry_run_prints_the_events_and_sends_nothing(fresh: System, tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", [*quiet_deal("D-dry"), b"{}"])

    told = stallwatch("publish", "--dry-run", file, env=fresh.environment())  # whose topics are not even there

    assert told.status == 0
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == ["D-dry-1", "D-dry-2", "D-dry-3"]
    refused, summary = told.err.splitlines()
    assert refused.startswith(f"{file}:4: refused, ")
    assert summary == "3 events, 1 refused; nothing was sent"


def test_only_the_first_events_are_never_sent_but_shown(tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", quiet_deal("D-first"))
    assert len(stallwatch("publish", "--dry-run", "--first", "2", file).out.splitlines()) == 2
    assert "--first" in (said := refusal(stallwatch("publish", "--first", "2", file)))
    assert "only goes with --dry-run" in said


@pytest.mark.parametrize("dry_run", [["--dry-run"], []], ids=["dry run", "sent"])
def test_strict_ends_with_1_if_anything_was_refused(dry_run: list[str], system: System, tmp_path: Path) -> None:
    good = written(tmp_path / "good.jsonl", quiet_deal("D-strict"))
    bad = written(tmp_path / "bad.jsonl", [b"[]"])
    env = system.environment()

    assert stallwatch("publish", "--strict", *dry_run, good, env=env).status == 0
    assert stallwatch("publish", "--strict", *dry_run, good, bad, env=env).status == 1


def test_a_gzipped_file_and_standard_input_are_published_together(system: System, tmp_path: Path) -> None:
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(b"\n".join(quiet_deal("D-packed"))))

    piped = b"\n".join(quiet_deal("D-piped"))
    told = stallwatch_process("publish", packed, "-", env=system.environment(), stdin=piped)

    assert told.status == 0
    assert told.err == "6 events sent, 0 refused\n"
    system.wait_until_done()
    assert {"D-packed", "D-piped"} <= system.answers().keys()


def test_publishing_to_topics_that_are_not_there_is_refused(fresh: System, tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", quiet_deal("D-1"))
    told = stallwatch("publish", file, env=fresh.environment())
    assert refusal(told) == f"{fresh.topics['inbox']} is missing: run `stallwatch topics`"


# -- replay


def test_replay_prints_each_finding_in_the_form_of_the_contract(tmp_path: Path) -> None:
    rules = written(tmp_path / "rules.yaml", [b"organization: {domains: [us.example]}"])
    file = written(tmp_path / "events.jsonl", [*quiet_deal("D-2"), b"broken", *quiet_deal("D-1")])

    told = stallwatch_process("replay", file, "--rules", rules, "--json")

    assert told.status == 0
    assert told.err.startswith(f"{file}:4: refused, not_json: ")
    findings = [json.loads(line) for line in told.out.splitlines()]
    assert [list(each) for each in findings] == [FINDING_FIELDS] * len(findings)
    assert findings == sorted(findings, key=lambda each: datetime.fromisoformat(each["since"]))
    quiet = next(each for each in findings if (each["deal_id"], each["detector"]) == ("D-1", "gone_quiet"))
    assert quiet["state"] == "open"
    assert quiet["severity"] == "critical"
    assert datetime.fromisoformat(quiet["since"]) == datetime.fromisoformat("2026-03-17T09:15:00+01:00")
    assert (quiet["owner"], quiet["amount"], quiet["currency"]) == ("ann@us.example", 48000, "EUR")
    assert [fact["event"] for fact in quiet["evidence"]] == ["crm/D-1-2"]
    assert re.fullmatch(r"[0-9a-f]{64}", quiet["rules"])


def test_replay_is_read_by_people_too(tmp_path: Path) -> None:
    file = written(tmp_path / "events.jsonl", quiet_deal("D-1"))
    told = stallwatch("replay", file)
    assert told.status == 0
    assert "D-1" in told.out
    assert "critical" in told.out
    assert re.fullmatch(r"3 events, 1 deal, as of 2026-\S+ \S+ UTC; findings: \d+ open, .*\n", told.err)


@pytest.mark.parametrize(
    ("moment", "state"),
    [("2026-03-16", "pending"), ("2026-03-17", "open"), ("2026-03-17T09:14:59+01:00", "pending")],
)
def test_replay_looks_from_the_time_that_is_asked_for(moment: str, state: str, tmp_path: Path) -> None:
    rules = written(tmp_path / "rules.yaml", [b"organization: {domains: [us.example]}"])
    file = written(tmp_path / "events.jsonl", quiet_deal("D-1"))
    told = stallwatch("replay", file, "--rules", rules, "--until", moment, "--json")
    assert told.status == 0
    states = {each["detector"]: each["state"] for each in map(json.loads, told.out.splitlines())}
    assert states["gone_quiet"] == state


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl: No such file or directory"),
        (["empty.d"], "empty.d: a folder in which there is neither mail nor an export"),
        (["damaged.jsonl.gz"], "damaged.jsonl.gz: Not a gzipped file (b'pl')"),
        (["plain.jsonl", "--until", "soon"], "--until 'soon': write it like 2026-03-02T09:15:00+01:00 or 2026-03-02"),
        (["plain.jsonl", "--until", "2026-03-02T09:15"], "--until '2026-03-02T09:15' has no offset: write it like"),
        (["plain.jsonl", "--rules", "nowhere.yaml"], "nowhere.yaml: "),
    ],
)
def test_what_cannot_be_replayed_is_said_in_one_line(arguments: list[str], said: str, tmp_path: Path) -> None:
    for name in ("plain.jsonl", "damaged.jsonl.gz"):
        (tmp_path / name).write_text("plain")
    (tmp_path / "empty.d").mkdir()
    placed = [str(tmp_path / each) if "." in each else each for each in arguments]
    assert refusal(stallwatch("replay", *placed)).removeprefix(f"{tmp_path}/").startswith(said)


# -- explain


def test_explain_tells_a_deals_findings_with_evidence_and_what_clears_them(system: System) -> None:
    system.publish(quiet_deal("D-explained"))
    system.wait_until_done()

    text = stallwatch("explain", "D-explained", env=system.environment())
    assert text.status == 0
    assert text.err == ""
    words = " ".join(text.out.split())
    assert "Deal D-explained (D-explained): Demo, 48,000 EUR, ann@us.example, open" in words
    assert "gone_quiet: open, critical, since 2026-03-17 08:15" in words
    assert "2026-03-03 08:15 the buyer's last sign: their mail [crm/D-explained-2]" in words
    assert "clears when the buyer writes, meets or takes a call" in words

    told = stallwatch("explain", "D-explained", "--json", env=system.environment())
    assert told.status == 0
    assert json.loads(told.out) == system.answers()["D-explained"]


def test_explain_without_topics_is_refused(fresh: System) -> None:
    told = stallwatch("explain", "D-1", env=fresh.environment())
    assert refusal(told) == f"{fresh.topics['findings']} is missing: run `stallwatch topics`"


def test_explain_of_a_deal_that_nobody_knows_is_refused(system: System) -> None:
    told = stallwatch("explain", "D-unheard-of", env=system.environment())
    assert refusal(told) == "nothing is known of deal 'D-unheard-of'"


# -- rules


def test_rules_show_tells_what_applies_to_a_running_deal_and_from_which_line(system: System, tmp_path: Path) -> None:
    system.publish(quiet_deal("D-shown"))
    system.wait_until_done()
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "detectors:\n  ghosted: {chases: 3}\n"
        "overrides:\n  - when: {stage: demo}\n"
        "    detectors: {gone_quiet: {warn_business_days: 4}}\n    disable: [hoarding]\n"
    )

    told = stallwatch("rules", "show", "D-shown", "--rules", rules, "--json", env=system.environment())
    assert told.status == 0
    found = {(each["detector"], each["threshold"]): each for each in map(json.loads, told.out.splitlines())}
    values = {place: (each["value"], each["place"]) for place, each in found.items()}
    assert values["ghosted", "chases"] == (3, f"{rules}:2")
    assert values["gone_quiet", "warn_business_days"] == (4, f"{rules}:5")
    assert values["gone_quiet", "critical_business_days"] == (20, "default")
    assert values["hoarding", None] == (None, f"{rules}:6")

    text = stallwatch("rules", "show", "D-shown", "--rules", rules, env=system.environment())
    assert "warn_business_days" in text.out
    unknown = stallwatch("rules", "show", "D-unheard-of", env=system.environment())
    assert refusal(unknown) == "nothing is known of deal 'D-unheard-of'"


def test_rules_diff_tells_each_difference_with_both_places(tmp_path: Path) -> None:
    before, after = tmp_path / "before.yaml", tmp_path / "after.yaml"
    before.write_text("detectors: {ghosted: {chases: 3}}\n")
    after.write_text("\ndetectors: {ghosted: {chases: 4}}\n")
    told = stallwatch("rules", "diff", before, after)
    assert (told.status, told.out) == (0, f"detectors.ghosted.chases: 3 ({before}:1) → 4 ({after}:2)\n")
    as_json = json.loads(stallwatch("rules", "diff", before, after, "--json").out)
    assert (as_json["before"], as_json["after"], as_json["place_after"]) == (3, 4, f"{after}:2")
    assert stallwatch("rules", "diff", before, before).err == "no difference\n"
    assert "no_such.yaml" in refusal(stallwatch("rules", "diff", before, tmp_path / "no_such.yaml"))


def test_good_rules_are_said_to_be_good(tmp_path: Path) -> None:
    file = written(tmp_path / "rules.yaml", [b"owners: {ann@us.example: {time_zone: Europe/London}}"])
    told = stallwatch("rules", "check", file)
    assert told.status == 0
    assert told.err == ""
    assert re.fullmatch(rf"{file}: good; 1 owners, 0 overrides, sha256 [0-9a-f]{{64}}\n", told.out)


def test_a_setting_that_is_written_wrong_is_told_and_no_error(tmp_path: Path) -> None:
    file = written(tmp_path / "rules.yaml", [b"{}"])
    told = stallwatch("rules", "check", file, env=untouched() | {"STALLWATCH_RULEZ": "canary"})
    assert told.status == 0
    assert told.err.startswith("stallwatch: STALLWATCH_RULEZ is no setting")
    assert "canary" not in told.err


def test_a_slip_in_good_rules_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("pipelines: {new: {stages: [Demo]}}\noverrides:\n- when: {stage: Dmo}\n")
    told = stallwatch("rules", "check", file)
    doubt = "no stage of this file: unknown name 'Dmo', did you mean 'Demo'?"
    assert (told.status, told.err) == (0, f"{file}:3: warning: {doubt}\n")
    as_json = json.loads(stallwatch("rules", "check", file, "--json").out)
    assert as_json["warnings"] == [{"place": f"{file}:3", "warning": doubt}]


def test_of_bad_rules_every_problem_is_said_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("organization:\n  domain: [us.example]\n  time_zone: Europe/Berlim\n")
    told = stallwatch("rules", "check", file)
    assert told.status == 2
    assert told.out == ""
    assert sorted(told.err.removeprefix("stallwatch: ").replace(f"{file}:", "").splitlines()) == [
        "2: organization.domain: unknown name 'domain', did you mean 'domains'?",
        "3: organization.time_zone: 'Europe/Berlim' is no time zone; write it like Europe/Berlin",
    ]


def test_of_bad_detectors_every_problem_is_said_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "detectors:\n"
        "  gone_quite: {warn_business_days: 8}\n"
        "  gone_quiet: {warn_busines_days: 8}\n"
        "overrides:\n"
        "  - when: {segment: smb}\n"
        "    disable: [reply_onyl]\n"
    )
    told = stallwatch("rules", "check", file)
    assert told.status == 2
    assert told.err.removeprefix("stallwatch: ").replace(f"{file}:", "").splitlines() == [
        "2: detectors.gone_quite: unknown name 'gone_quite', did you mean 'gone_quiet'?",
        "3: detectors.gone_quiet.warn_busines_days: unknown name 'warn_busines_days', "
        "did you mean 'warn_business_days'?",
        "6: overrides.0.disable.0: unknown name 'reply_onyl', did you mean 'reply_only'?",
    ]


def test_good_rules_are_summed_up_as_json(tmp_path: Path) -> None:
    file = written(tmp_path / "rules.yaml", [b"owners: {ann@us.example: {time_zone: Europe/London}}"])
    told = stallwatch("rules", "check", "--json", file)
    assert (told.status, told.err) == (0, "")
    said = json.loads(told.out)
    assert re.fullmatch(r"[0-9a-f]{64}", said.pop("rules"))
    assert said == {"file": str(file), "owners": 1, "overrides": 0}


def test_of_bad_rules_every_problem_is_a_line_of_json_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "our: rules.yaml"
    file.write_text("organization:\n  domain: [us.example]\n  time_zone: Europe/Berlim\n")
    told = stallwatch("rules", "check", file, "--json")
    assert refusal(told) == f"{file}: 2 problems"
    assert sorted((json.loads(line) for line in told.out.splitlines()), key=lambda each: str(each["place"])) == [
        {
            "place": f"{file}:2",
            "problem": "organization.domain: unknown name 'domain', did you mean 'domains'?",
        },
        {
            "place": f"{file}:3",
            "problem": "organization.time_zone: 'Europe/Berlim' is no time zone; write it like Europe/Berlin",
        },
    ]


def test_rules_that_are_not_read_at_all_have_one_place(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("owners: {")
    told = stallwatch("rules", "check", file, "--json")
    assert refusal(told) == f"{file}: 1 problem"
    assert json.loads(told.out)["place"] == f"{file}:1:10"


# -- dashboards push


def test_dashboards_are_not_pushed_without_credentials() -> None:
    told = stallwatch("dashboards", "push")
    assert refusal(told) == "Grafana wants either a token, or a user and a password"


# -- settings


def test_a_setting_that_cannot_be_used_is_named_as_the_environment_names_it() -> None:
    told = stallwatch("topics", env=untouched() | {"STALLWATCH_TOPICS__PARTITIONS": "many"})
    assert refusal(told).startswith("STALLWATCH_TOPICS__PARTITIONS: ")


# -- worker


def test_a_worker_whose_topics_are_missing_says_what_to_do(fresh: System) -> None:
    told = stallwatch_process("worker", env=fresh.environment())
    assert "run `stallwatch topics`" in refusal(told)


def test_a_worker_with_bad_rules_does_not_start(fresh: System) -> None:
    fresh.write_rules({"detectors": {"gone_quite": {}}})
    assert "did you mean 'gone_quiet'?" in refusal(stallwatch_process("worker", env=fresh.environment()))


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_worker_waits_for_its_broker_and_starts_when_it_comes(prefix: str, tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker", free_port())
    system = System(broker.bootstrap, prefix, tmp_path, OURS, kafka__connect_timeout_seconds="1")
    with broker:  # once, to make the topics
        topics.ensure(system.settings)
    with system:
        worker: RunningWorker = system.add_worker()
        worker.wait_until(lambda: "trying again" in worker.log_text(), within=90)
        assert f"Kafka at {broker.bootstrap} does not answer" in worker.log_text()
        assert "Traceback" not in worker.log_text()
        with broker:
            worker.wait_ready()
            system.publish(quiet_deal("D-late"))
            system.wait_until_done()
            assert "D-late" in system.answers()
            worker.stop()

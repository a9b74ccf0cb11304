"""The rules file: refused whole, with every problem named by its line."""

from pathlib import Path

import pytest
import yaml

from detectors.core.rules import Rules
from streams.rules_file import RulesFileError, load, read
from streams.yaml_file import MAX_BYTES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


def refusal(file: Path, text: str | bytes) -> str:
    """What is said of a file with this text, without the file's folder."""
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RulesFileError) as told:
        read(file)
    return str(told.value).replace(str(file), "rules.yaml")


def test_without_a_file_the_defaults_hold() -> None:
    assert read(None).hash == Rules().hash


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "\ufeff{}"], ids=["empty", "comment", "braces", "mark"])
def test_a_file_that_says_nothing_leaves_the_defaults(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    assert read(file).hash == Rules().hash


def test_what_a_file_says_is_in_force(file: Path) -> None:
    file.write_text("organization: {domains: [us.example]}\ndetectors:\n  gone_quiet: {warn_business_days: 8}\n")
    rules = read(file)
    assert rules.organization.domains == ("us.example",)
    assert rules.hash == Rules.of(yaml.safe_load(file.read_text())).hash != Rules().hash


def test_the_shipped_file_is_taken() -> None:
    assert read(Path(__file__).parents[2] / "deploy" / "rules.yaml").organization


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a:\n\t- b\n", r"rules.yaml:2:1: found character '\t' that cannot start any token"),
        ("teams: {emea: {}\n", "rules.yaml:2:1: expected ',' or '}', but got '<stream end>'"),
        ("--- {}\n--- {}\n", "rules.yaml:2:1: but found another document"),
        ("x: !!python/object:os.system {}\n", "rules.yaml:1:4: "),
        ("teams: {}\nteams: {}\n", "rules.yaml:2:1: 'teams' stands here twice"),
        ("teams:\n  emea: {}\n  emea: {}\n", "rules.yaml:3:3: 'emea' stands here twice"),
        ("a: &x [1]\nb: *x\n", "rules.yaml:1:4: aliases are not taken"),
        ("a: &x text\nb: *x\n", "rules.yaml:1:4: aliases are not taken"),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "rules.yaml:1:4: aliases are not taken"),
        ("? [a, b]\n: c\n", "rules.yaml:1:3: a name must be plain text"),
        ("a:\n  b: 2026-13-45\n", "rules.yaml:2:6: '2026-13-45' is not what it looks like: month must be in 1..12"),
        ("a: !!int x\n", "rules.yaml:1:4: 'x' is not what it looks like: "),
        ("a: !!bool x\n", "rules.yaml:1:4: 'x' is not what it looks like: "),
        ("a: !!timestamp x\n", "rules.yaml:1:4: 'x' is not what it looks like: "),
        ("a: " + "9" * 5000, f"rules.yaml:1:4: '{'9' * 40}' is not what it looks like: "),
        ("a: \x00\n", "rules.yaml: unacceptable character #x0000: special characters are not allowed"),
        ("a: ü\n".encode("latin-1"), "rules.yaml: is not written in UTF-8; save it as UTF-8"),
        ("a: ü\n".encode("utf-16"), "rules.yaml: is not written in UTF-8; save it as UTF-8"),
        ("a: b\n".encode("utf-16-le"), "rules.yaml: is not written in UTF-8; save it as UTF-8"),
        ("[" * 5000, "rules.yaml: nested too deeply"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(text: str | bytes, told: str, file: Path) -> None:
    found = refusal(file, text)
    assert found.startswith(told)
    assert "\n" not in found


def test_aliases_cannot_blow_a_small_file_up(file: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "aliases are not taken" in refusal(file, "\n".join(rows))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2]", "rules.yaml:1: "),
        ("teams: {}\norganisation: {}\n", "rules.yaml:2: organisation: unknown name 'organisation', did you mean 'org"),
        (
            "detectors:\n  gone_quite: {}\n",
            "rules.yaml:2: detectors.gone_quite: unknown name 'gone_quite', did you",
        ),
        (
            "detectors:\n  gone_quiet:\n    warn_busines_days: 3\n",
            "rules.yaml:3: detectors.gone_quiet.warn_busines_days: unknown name 'warn_busines_days', did you mean 'war",
        ),
        (
            "detectors:\n  gone_quiet:\n    warn_business_days: soon\n",
            "rules.yaml:3: detectors.gone_quiet.warn",
        ),
        (
            "overrides:\n  - when: {stage: Legal}\n  - when:\n      segmnt: smb\n",
            "rules.yaml:4: overrides.1.when.segmnt: unknown name 'segmnt', did you mean 'segment'?",
        ),
        (
            "overrides:\n- when: {}\n  disable:\n  - ghosted\n  - gosted\n",
            "rules.yaml:5: overrides.0.disable.1: ",
        ),
        (
            "teams: {emea: {}}\nowners:\n  Rep@US.example:\n    team: emaa\n",
            "rules.yaml:4: owners.rep@us.example.team: ",
        ),
        ("organization:\n  time_zone: Berlin\n", "rules.yaml:2: organization.time_zone: 'Berlin' is no time zone"),
        ("sources:\n  gmail: {max_silence: soon}\n", "rules.yaml:2: sources.gmail.max_silence: 'soon' is no duration"),
        ("1: 2\n", "rules.yaml:1: 1: "),
        (
            "organization: {domains: lumen.example}\n",
            "rules.yaml:1: organization.domains: write a list: [lumen.example]",
        ),
        (
            "detectors: {gone_quiet: 3}\n",
            "rules.yaml:1: detectors.gone_quiet: write names under it, each with its value",
        ),
        ("alerts: {per_owner_per_day: many}\n", "rules.yaml:1: alerts.per_owner_per_day: write a whole number"),
    ],
)
def test_what_is_unknown_or_wrong_is_named_with_its_line_and_the_nearest_match(
    text: str, told: str, file: Path
) -> None:
    assert refusal(file, text).startswith(told)


def test_every_problem_has_a_line_of_its_own(file: Path) -> None:
    told = refusal(
        file, "detectors:\n  gosted: {}\n  gone_quiet: {a: 1, b: 2}\noverrides: [{when: {}, disable: [x]}]\n"
    )
    assert [line.partition(": ")[0] for line in told.splitlines()] == [
        "rules.yaml:2",
        "rules.yaml:3",
        "rules.yaml:3",
        "rules.yaml:4",
    ]


def test_what_is_wrong_in_one_part_does_not_hide_what_is_unknown_in_another(file: Path) -> None:
    told = refusal(
        file,
        "organization: {domains: us.example}\nteams: {emea: {boss: x}}\nowners: {rep@us.example: {team: emea}}\n"
        "pipelines:\n  new: {stages: [Demo], requires: {Dmo: []}}\ndetectors:\n  gosted: {}\n"
        "overrides:\n- {when: {stge: x}}\n- {when: {}, disable: [x]}\n",
    )
    assert [line.partition(": ")[0] for line in told.splitlines()] == [f"rules.yaml:{n}" for n in (1, 2, 9, 5, 7, 10)]


def test_a_name_that_no_other_part_of_the_file_knows_is_doubted_and_taken(file: Path) -> None:
    file.write_text(
        "teams: {emea: {}}\npipelines: {new: {stages: [Demo, Legal, demo]}}\noverrides:\n"
        "- when: {stage: Leagl}\n- when: {stage: LEGAL, team: Emea, pipeline: new}\n"
        "- when: {team: apac, pipeline: old}\n"
    )
    written = load(file)
    assert [(written.place(keys).rpartition(":")[2], doubt) for keys, doubt in written.rules.doubts()] == [
        ("2", "'demo' stands in the list twice"),
        ("4", "no stage of this file: unknown name 'Leagl', did you mean 'Legal'?"),
        ("6", "no pipeline of this file: unknown name 'old'"),
        ("6", "no team of this file: unknown name 'apac'"),
    ]
    assert not list(read(Path(__file__).parents[2] / "deploy" / "rules.yaml").doubts())


def test_a_huge_file_is_refused_by_its_size_and_not_read(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(50 * 1024**3)
    with pytest.raises(RulesFileError, match=f"more than {MAX_BYTES:,} bytes"):
        read(file)
    with pytest.raises(RulesFileError, match="more than"):
        read(Path("/dev/zero"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesFileError, match=r"^[^\[\]']*none\.yaml: No such file or directory$"):
        read(tmp_path / "none.yaml")
    with pytest.raises(RulesFileError, match="directory"):
        read(tmp_path)

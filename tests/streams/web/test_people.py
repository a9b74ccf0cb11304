"""The people file, and who sees which deals."""

from pathlib import Path

import pytest

from detectors.core.rules import Rules
from streams.answer import Answer
from streams.web.people import ANYBODY, PeopleFileError, person, read
from tests.streams.sample_deals import Shelf, crm

RULES = Rules.of({"teams": {"EMEA": {"manager": "boss@us.example"}, "apac": {"manager": "other@us.example"}}})
TOKEN = "t0ken-of-sixteen-letters"


def file(folder: Path, text: str) -> Path:
    path = folder / "people.yaml"
    path.write_text(text)
    return path


def deal(owner: str | None, team: str | None) -> Answer:
    return Shelf().add("D-1", crm(owner=owner, team=team))


def test_people_are_read_with_their_addresses_as_they_are_compared(tmp_path: Path) -> None:
    people = read(file(tmp_path, f"Ann@US.example: {{role: rep, token: {TOKEN}}}\nops@us.example: {{role: ops}}\n"))

    assert {address: each.role for address, each in people.items()} == {
        "ann@us.example": "rep",
        "ops@us.example": "ops",
    }
    assert TOKEN not in repr(people)
    assert read(None) == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ann@us.example: {role: rep, token: short}", ":1: ann@us.example.token: Value should have at least 16 items"),
        ("\nann@us.example: {role: king}", ":2: ann@us.example.role: "),
        ("ann: {role: rep}", ":1: ann: not a mail address"),
        ("ann@us.example: {role: rep, tokn: x}", ":1: ann@us.example.tokn: "),
        ("- ann", ":1: "),
        ("{", ":1"),
        (f"a@x.example: {{role: rep, token: {TOKEN}}}\nb@x.example: {{role: rep, token: {TOKEN}}}", "the same token"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_and_without_the_secret(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(PeopleFileError) as refused:
        read(file(tmp_path, text))

    assert problem in str(refused.value)
    assert "short" not in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PeopleFileError, match=r"nowhere\.yaml"):
        read(tmp_path / "nowhere.yaml")


def test_a_rep_sees_the_deals_that_they_own() -> None:
    ann = person("ann@us.example", {}, RULES)

    assert ann.role == "rep"
    assert ann.sees(deal("ann@us.example", "emea"))
    assert not ann.sees(deal("bob@us.example", "emea"))
    assert not ann.sees(deal(None, None))


def test_a_manager_sees_the_deals_of_the_teams_that_the_rules_give_them() -> None:
    boss = person("boss@us.example", {}, RULES)

    assert boss.role == "manager"
    assert boss.sees(deal("ann@us.example", "emea"))
    assert boss.sees(deal("boss@us.example", "apac"))
    assert not boss.sees(deal("ann@us.example", "apac"))
    assert not boss.sees(deal(None, None))


def test_what_the_file_says_of_somebody_counts_before_the_rules(tmp_path: Path) -> None:
    people = read(file(tmp_path, "boss@us.example: {role: rep}\nops@us.example: {role: ops}\n"))

    assert not person("boss@us.example", people, RULES).sees(deal("ann@us.example", "emea"))
    assert person("ops@us.example", people, RULES).sees(deal("ann@us.example", "emea"))


def test_where_nobody_is_asked_everybody_sees_everything() -> None:
    assert ANYBODY.sees(deal(None, None))

"""What rules come to, and where each value stands."""

from pathlib import Path
from typing import Any

from streams.rules_file import load
from streams.rules_view import Applied, Difference, applied, differences
from tests.streams.told import answer

FILE = """\
organization: {domains: [us.example]}
detectors:
  gone_quiet:
    warn_business_days: 8
overrides:
  - when: {segment: enterprise}
    detectors:
      gone_quiet: {warn_business_days: 30}
  - when: {stage: Legal}
    disable: [ghosted, gone_quiet]
"""


def written(folder: Path, text: str = FILE, name: str = "rules.yaml") -> Any:
    path = folder / name
    path.write_text(text)
    return load(path)


def quiet(found: list[Applied]) -> dict[str | None, tuple[Any, str]]:
    return {each.threshold: (each.value, each.place) for each in found if each.detector == "gone_quiet"}


def test_each_value_tells_the_line_that_sets_it(tmp_path: Path) -> None:
    rules = written(tmp_path)
    assert quiet(applied(rules, answer("A"))) == {
        "warn_business_days": (8, f"{tmp_path}/rules.yaml:4"),
        "critical_business_days": (20, "default"),
    }


def test_the_override_that_wins_is_named(tmp_path: Path) -> None:
    found = quiet(applied(written(tmp_path), answer("A", segment="Enterprise")))
    assert found["warn_business_days"] == (30, f"{tmp_path}/rules.yaml:8")


def test_a_detector_that_is_switched_off_tells_by_which_line(tmp_path: Path) -> None:
    found = applied(written(tmp_path), answer("A", segment="enterprise", stage="Legal"))
    assert quiet(found) == {None: (None, f"{tmp_path}/rules.yaml:10")}
    assert {each.threshold for each in found if each.detector == "reply_only"} == {"replies", "critical_replies"}


def test_without_a_file_everything_is_a_default() -> None:
    assert {each.place for each in applied(load(None), answer("A"))} == {"default"}


def test_two_files_differ_in_what_they_come_to_not_in_how_they_are_written(tmp_path: Path) -> None:
    before = written(tmp_path, FILE)
    # a default that is written out is no difference
    spelt = written(tmp_path, FILE.replace("    warn_", "    critical_business_days: 20\n    warn_"), "spelt.yaml")
    assert differences(before, spelt) == []
    assert differences(before, before) == []


def test_a_difference_tells_both_values_and_both_places(tmp_path: Path) -> None:
    before, after = written(tmp_path), written(tmp_path, FILE.replace(": 8", ": 9").replace(": 30", ": 31"), "b.yaml")
    assert differences(before, after) == [
        Difference("detectors.gone_quiet.warn_business_days", 8, 9, f"{tmp_path}/rules.yaml:4", f"{tmp_path}/b.yaml:4"),
        Difference(
            "overrides.0.detectors.gone_quiet.warn_business_days",
            30,
            31,
            f"{tmp_path}/rules.yaml:8",
            f"{tmp_path}/b.yaml:8",
        ),
    ]


def test_what_one_of_them_does_not_have_is_not_set(tmp_path: Path) -> None:
    (only,) = differences(load(None), written(tmp_path, "detectors: {ghosted: {chases: 3}}"))
    assert only == Difference("detectors.ghosted.chases", 2, 3, "default", f"{tmp_path}/rules.yaml:1")
    (domains,) = differences(load(None), written(tmp_path, "organization: {domains: [us.example]}"))
    assert (domains.before, domains.place_before, domains.after) == (None, "not set", ["us.example"])

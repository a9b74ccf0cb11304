"""Thresholds come into a rules file, and everything else in it stays as it was."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from detectors.core.rules import When
from streams import rules_file
from streams.rules_file import RulesFileError
from streams.tuning.override import Change, draft
from streams.tuning.values import present

SHIPPED = Path(__file__).parents[3] / "deploy" / "rules.yaml"
PROMISE: dict[str, float | date | None] = {
    "precision": 0.61234,
    "recall": None,
    "alerts_per_rep_week": 1.5,
    "measured": date(2026, 3, 2),
}


def change(
    values: dict[str, Any] | None = None, when: dict[str, Any] | None = None, detector: str = "gone_quiet"
) -> Change:
    return Change(detector, values or {"warn_business_days": 12}, when, PROMISE, "by 812 deals")


def written(path: Path, text: str, what: Change) -> str:
    path.write_bytes(text.encode())
    draft(path, what).save()
    return path.read_bytes().decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


def test_in_the_shipped_file_only_new_lines_are_there_and_each_comment_stands_where_it_stood(file: Path) -> None:
    before = SHIPPED.read_text(encoding="utf-8")
    made = written(file, before, change()).splitlines()
    assert [line for line in before.splitlines() if line not in made] == []
    assert [line for line in made if line not in before.splitlines()] == [
        "  gone_quiet: {warn_business_days: 12}",
        "# What `stallwatch tune` promised of them, on deals that it did not choose by: held against what comes true.",
        "promised:",
        "  gone_quiet: {precision: 0.612, alerts_per_rep_week: 1.5, measured: 2026-03-02} # by 812 deals",
    ]
    rules = rules_file.read(file)
    assert present(rules, "gone_quiet")["warn_business_days"] == 12
    assert rules.file.promised["gone_quiet"].precision == 0.612


def test_a_value_that_is_there_is_changed_in_its_place_with_its_comment(file: Path) -> None:
    text = "detectors:\n  gone_quiet:\n    warn_business_days: 9 # since March\n    critical_business_days: 30\n"
    made = written(file, text, change())
    assert made.startswith(text.replace("9 #", "12 #"))


def test_durations_are_written_as_people_write_them(file: Path) -> None:
    made = written(file, "", change({"stuck": timedelta(days=45), "touches": 6}, detector="busy_but_stuck"))
    assert "  busy_but_stuck: {stuck: 45d, touches: 6}\n" in made


def test_the_override_for_the_same_deals_is_changed(file: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    made = written(file, text, change({"warn_business_days": 8}, {"segment": "smb"}))
    assert "gone_quiet: {warn_business_days: 8, critical_business_days: 14}" in made
    assert made.count("when: {segment: smb}") == 1
    assert present(rules_file.read(file), "gone_quiet", When(segment="smb"))["warn_business_days"] == 8


def test_for_other_deals_a_new_override_comes_last(file: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    made = written(file, text, change({"warn_business_days": 8}, {"stage": "Demo"}))
    assert made.startswith(text)
    new = "  - when: {stage: Demo}\n    detectors:\n      gone_quiet: {warn_business_days: 8}\n"
    assert made.removeprefix(text).startswith(new)


def test_where_a_later_override_sets_the_detector_the_new_one_comes_behind_it(file: Path) -> None:
    text = (
        "overrides:\n"
        "  - when: {segment: smb}\n    detectors:\n      gone_quiet: {warn_business_days: 7}\n"
        "  - when: {stage: Demo}\n    detectors:\n      gone_quiet: {warn_business_days: 20}\n"
    )
    made = written(file, text, change({"warn_business_days": 8}, {"segment": "smb"}))
    assert made.startswith(text)
    assert "{warn_business_days: 8}" in made.removeprefix(text)


def test_a_promise_that_is_there_is_replaced(file: Path) -> None:
    text = "promised: # of spring\n  ghosted: {precision: 0.5}\n  gone_quiet: {precision: 0.4} # by 9 deals\n"
    made = written(file, text, change())
    assert "ghosted: {precision: 0.5}\n" in made
    assert "gone_quiet: {precision: 0.612, alerts_per_rep_week: 1.5, measured: 2026-03-02} # by 812 deals\n" in made
    assert "of spring" in made
    assert "0.4" not in made


@pytest.mark.parametrize(
    "text",
    [
        "overrides:\n- when: {segment: smb}\n  detectors:\n    ghosted: {chases: 3}\n",
        "teams:\n    emea: {}\noverrides:\n    - when:\n          team: emea\n      disable: [ghosted]\n",
        "alerts: {per_owner_per_day: 3, quiet_hours: [\"20:00\", '07:00']}\n",
        "# nothing yet\n",
        "organization:\n  fiscal_year_starts: 010\n",
    ],
)
def test_whatever_way_a_file_is_written_its_lines_stay(file: Path, text: str) -> None:
    assert [line for line in text.splitlines() if line not in written(file, text, change()).splitlines()] == []


def test_marks_and_line_ends_of_windows_stay(file: Path) -> None:
    made = written(file, "\ufeff# ours\r\nalerts: {per_owner_per_day: 3}\r\n", change())
    assert made.startswith("\ufeff# ours\r\nalerts: {per_owner_per_day: 3}\r\n")
    assert made.count("\n") == made.count("\r\n")


def test_a_new_file_is_made_where_there_is_none(file: Path) -> None:
    made = draft(file, change())
    assert "+  gone_quiet: {warn_business_days: 12}" in made.diff
    assert not file.exists()
    made.save()
    assert present(rules_file.read(file), "gone_quiet")["warn_business_days"] == 12
    assert draft(file, change()).diff == ""


def test_a_broken_file_is_refused_and_stays(file: Path) -> None:
    file.write_text("detectors:\n  gone_quite: {}\n", encoding="utf-8")
    with pytest.raises(RulesFileError, match=r"rules.yaml:2: .*did you mean 'gone_quiet'"):
        draft(file, change())
    assert file.read_text(encoding="utf-8") == "detectors:\n  gone_quite: {}\n"


def test_what_would_break_the_file_is_never_written(file: Path) -> None:
    file.write_text("alerts: {per_owner_per_day: 3}\n", encoding="utf-8")
    with pytest.raises(RulesFileError, match=r"rules.yaml:3: .*warn_business_days.*greater than"):
        draft(file, change({"warn_business_days": 0}))
    assert list(file.parent.iterdir()) == [file]
    assert file.read_text(encoding="utf-8") == "alerts: {per_owner_per_day: 3}\n"


def test_what_somebody_wrote_meanwhile_is_not_lost(file: Path) -> None:
    file.write_text("alerts: {per_owner_per_day: 3}\n", encoding="utf-8")
    made = draft(file, change())
    file.write_text("alerts: {per_owner_per_day: 5}\n", encoding="utf-8")
    with pytest.raises(RulesFileError, match="somebody has changed it meanwhile"):
        made.save()
    assert file.read_text(encoding="utf-8") == "alerts: {per_owner_per_day: 5}\n"


def test_a_link_goes_on_pointing_and_the_file_keeps_who_may_read_it(file: Path) -> None:
    file.write_text("alerts: {per_owner_per_day: 3}\n", encoding="utf-8")
    file.chmod(0o640)
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    draft(link, change()).save()
    assert link.is_symlink()
    assert "gone_quiet" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesFileError, match=r"nowhere/rules\.yaml: No such file or directory"):
        draft(tmp_path / "nowhere" / "rules.yaml", change())

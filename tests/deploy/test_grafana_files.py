"""Grafana's provisioning: the files are what the code says."""

from pathlib import Path

import yaml

from dashboards.catalogue import DATA_SOURCE_NAME, DATA_SOURCE_UID, FOLDER_TITLE, FOLDER_UID, boards
from dashboards.export import PROVISIONED, as_text, export

GRAFANA = Path("deploy/grafana")


def test_the_files_equal_the_code() -> None:
    expected = {f"{uid}.json": as_text(board) for uid, board in boards().items()}
    found = {path.name: path.read_text() for path in PROVISIONED.iterdir()}
    assert found == expected, "run `python -m dashboards.export`"


def test_export_takes_away_what_is_no_dashboard_any_more(tmp_path: Path) -> None:
    (tmp_path / "stallwatch-gone.json").write_text("{}")
    (tmp_path / "somebody-elses.json").write_text("{}")
    export(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {*boards(), "somebody-elses"}


def test_what_is_provisioned_is_what_would_be_pushed() -> None:
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/stallwatch.yaml").read_text())["datasources"]
    assert (source["uid"], source["name"], source["type"]) == (DATA_SOURCE_UID, DATA_SOURCE_NAME, "prometheus")
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/stallwatch.yaml").read_text())["providers"]
    assert (provider["folderUid"], provider["folder"]) == (FOLDER_UID, FOLDER_TITLE)
    assert provider["allowUiUpdates"] is False

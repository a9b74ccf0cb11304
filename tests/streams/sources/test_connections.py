"""The connections file is typed, and every problem has its line."""

from pathlib import Path

import pytest

from streams.sources.connections import Connections, ConnectionsError, read

REP = """
mailboxes:
  rep:
    mailbox: rep@us.example
    host: imap.us.example
    user: rep@us.example
    password_file: /run/secrets/rep
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "connections.yaml"
    file.write_text(text)
    return file


def test_without_a_file_there_are_no_connections() -> None:
    assert read(None) == Connections()
    assert read(None).mailboxes == {}


def test_a_mailbox_is_read_with_its_defaults(tmp_path: Path) -> None:
    rep = read(written(tmp_path, REP)).mailboxes["rep"]
    assert (rep.mailbox, rep.source) == ("rep@us.example", "mail")


def test_an_unknown_name_is_refused_with_its_line_and_the_nearest(tmp_path: Path) -> None:
    file = written(tmp_path, REP.replace("host:", "hosst:") + "hubspto: {}\n")
    with pytest.raises(ConnectionsError) as refused:
        read(file)
    problems = str(refused.value).splitlines()
    assert f"{file}:5: mailboxes.rep.hosst: is no known name; did you mean host?" in problems
    assert f"{file}:8: hubspto: is no known name; did you mean hubspot?" in problems


def test_a_value_of_the_wrong_kind_is_named_with_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, REP.replace("rep@us.example\n    host", "nobody\n    host"))
    with pytest.raises(ConnectionsError, match=r":4: mailboxes\.rep\.mailbox: not a mail address"):
        read(file)


def test_what_is_written_in_another_form_is_told_in_the_form_that_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ConnectionsError, match=r":9: mailboxes\.rep\.since: write it like 2026-01-01$"):
        read(written(tmp_path, REP + "\n    since: 01.01.2026\n"))
    with pytest.raises(ConnectionsError, match=r":1: mailboxes: write names under it, each with its value, "):
        read(written(tmp_path, "mailboxes: rep@us.example"))
    with pytest.raises(ConnectionsError) as missing:
        read(tmp_path / "none.yaml")
    assert str(missing.value) == f"{tmp_path / 'none.yaml'}: No such file or directory"

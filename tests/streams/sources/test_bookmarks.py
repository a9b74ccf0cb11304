"""How far a source was read is kept whole or not at all."""

from pathlib import Path

import pytest

from streams.sources.bookmarks import BookmarkError, Bookmarks


def test_what_was_kept_is_there_after_a_restart_each_source_by_itself(tmp_path: Path) -> None:
    kept = Bookmarks(tmp_path / "new" / "folder")
    kept.keep("mailboxes.rep/../x", {"INBOX": [7, 12]})
    kept.keep("salesforce", {"since": "2026-03-02T09:00:00Z"})
    again = Bookmarks(tmp_path / "new" / "folder")
    assert again.of("mailboxes.rep/../x") == {"INBOX": [7, 12]}
    assert again.of("salesforce") == {"since": "2026-03-02T09:00:00Z"}
    assert again.of("hubspot") == {}
    assert {each.parent for each in (tmp_path / "new").rglob("*.json")} == {tmp_path / "new" / "folder"}


def test_a_draft_that_a_crash_left_is_no_bookmark(tmp_path: Path) -> None:
    kept = Bookmarks(tmp_path)
    kept.keep("salesforce", {"since": 1})
    (tmp_path / "salesforce.new").write_text('{"sin')
    assert Bookmarks(tmp_path).of("salesforce") == {"since": 1}


@pytest.mark.parametrize("broken", [b"", b'{"since":', b"[1]", b"\xff"])
def test_a_broken_bookmark_is_named_and_never_taken_for_the_beginning(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "salesforce.json").write_bytes(broken)
    with pytest.raises(BookmarkError, match=r"salesforce\.json.*delete it"):
        Bookmarks(tmp_path).of("salesforce")


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BookmarkError, match="file: a file, and no folder for bookmarks"):
        Bookmarks(tmp_path / "file")
    with pytest.raises(BookmarkError, match="file/deeper: Not a directory"):
        Bookmarks(tmp_path / "file" / "deeper")


def test_one_process_at_a_time_has_a_bookmark_and_a_crash_lets_it_go(tmp_path: Path) -> None:
    first, second = Bookmarks(tmp_path), Bookmarks(tmp_path)
    with first.held("salesforce"):
        with pytest.raises(BookmarkError, match="salesforce: another process polls it"), second.held("salesforce"):
            pass
        with second.held("hubspot"):
            second.keep("hubspot", {"at": 1})
    with second.held("salesforce"):
        second.keep("salesforce", {"at": 2})

"""Which of the folders that a server lists are read."""

from streams.sources.mail.folders import Folder, own


def folder(name: str, *flags: bytes) -> Folder:
    return Folder.listed(flags, b"/", name.encode())


def test_junk_is_not_read_by_its_name_though_the_server_flags_the_trash() -> None:
    listed = [
        folder("Sent", rb"\Sent"),
        folder("Papers", rb"\Trash"),
        folder("Spam"),
        folder("Junk E-mail"),
        folder("Outbox"),
        folder("INBOX"),
        folder("Spam/Customers"),
        folder("Customers"),
    ]
    assert [each.name for each in own(listed, ())] == ["INBOX", "Customers", "Sent"]

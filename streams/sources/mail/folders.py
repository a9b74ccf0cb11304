"""The folders of a mailbox on a server: their names, and which of them hold mail that somebody wrote or got."""

from collections.abc import Sequence
from typing import NamedTuple

from imapclient.imap_utf7 import decode as decode_utf7  # type: ignore[import-untyped]
from imapclient.imap_utf7 import encode as encode_utf7

ALL = rb"\all"
CLOSED = {rb"\noselect", rb"\nonexistent"}
UNWANTED = {rb"\junk", rb"\trash", rb"\drafts"}
# what mail programs call these: servers do not flag all of them, or none
USUALLY_UNWANTED = frozenset(
    name.casefold()
    for name in (
        *("Junk", "Junk Email", "Junk E-mail", "Junk-E-Mail", "Spam", "Bulk Mail", "Courrier indésirable"),
        *("Correo no deseado", "Posta indesiderata", "Ongewenste e-mail"),
        *("Trash", "Deleted", "Deleted Items", "Deleted Messages", "Papierkorb", "Gelöschte Elemente", "Corbeille"),
        *("Éléments supprimés", "Papelera", "Elementos eliminados", "Cestino", "Posta eliminata", "Prullenbak"),
        *("Drafts", "Entwürfe", "Brouillons", "Borradores", "Bozze", "Concepten", "Outbox", "Postausgang"),
    )
)


class Folder(NamedTuple):
    """A folder by its name as it crosses the wire, which not always is what it should be, and as people see it."""

    raw: str
    name: str
    delimiter: str = ""
    flags: frozenset[bytes] = frozenset()

    @classmethod
    def called(cls, name: str) -> "Folder":
        """The folder that people call so."""
        return cls(encode_utf7(name).decode(), name)

    @classmethod
    def listed(cls, flags: Sequence[bytes], delimiter: bytes | None, name: bytes | str) -> "Folder":
        """A folder as imapclient gives it: the name as bytes, or as text, if it is a number."""
        raw = name.decode("latin-1") if isinstance(name, bytes) else name
        try:
            shown = decode_utf7(raw.encode("latin-1"))
            shown.encode()
        except UnicodeError:
            shown = raw
        return cls(raw, printable(shown), (delimiter or b"").decode("latin-1"), frozenset(map(bytes.lower, flags)))

    @property
    def last_name(self) -> str:
        """Its name without those of the folders that it lies in."""
        return self.name.rpartition(self.delimiter)[2] if self.delimiter else self.name

    def is_within(self, other: "Folder") -> bool:
        """Whether it is another one, or lies in it."""
        inner = other.delimiter and self.raw.startswith(other.raw + other.delimiter)
        return self.raw == other.raw or bool(inner)


def own(listed: Sequence[Folder], others: tuple[str, ...]) -> list[Folder]:
    """The folders to read: none for junk, trash and drafts, none of `others` (by how their names begin).

    If one holds all mail, that one, so that nothing is read twice.
    """
    opened = [each for each in listed if not each.flags & CLOSED]
    everything = [each for each in opened if ALL in each.flags]
    if everything:
        return everything[:1]
    unwanted = [each for each in listed if each.flags & UNWANTED or each.last_name.casefold() in USUALLY_UNWANTED]
    read = [
        each for each in opened if not each.raw.startswith(others) and not any(each.is_within(one) for one in unwanted)
    ]
    # mail moves from the inbox to other folders: whoever looks there first misses nothing
    return sorted(read, key=lambda each: (each.raw.upper() != "INBOX", each.name))


def printable(said: str) -> str:
    """What a server said, on one line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())

"""Which mail domains are ours, and which only look as if they were."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import idna
from tldextract import TLDExtract

from detectors.core.addresses import domain_of, normalise

# the list that comes with the package: nothing is fetched
_SUFFIXES = TLDExtract(suffix_list_urls=(), cache_dir=None)

# shorter names are an edit apart by chance: acme and acne
SHORTEST = 6
# what .com is mistyped as; the same name under a country's suffix is mostly a real company
_LIKE_COM = frozenset({"co", "cm", "om", "con"})


class Domains:
    """Our domains, as the rules' `organization.domains` give them: with their sub-domains, compared in ASCII form."""

    def __init__(self, domains: Iterable[str]) -> None:
        """`ValueError` names what is no mail domain."""
        self.names = tuple(dict.fromkeys(domain_of(normalise(f"postmaster@{name}")) for name in domains))
        self._suffixes = tuple(f".{name}" for name in self.names)
        self._parts = tuple((name, _parts(name)) for name in self.names)
        # the same few domains are asked about again and again
        self.look_alike = lru_cache(maxsize=65_536)(self._look_alike)

    def has(self, domain: str) -> bool:
        """Whether a domain in ASCII form is ours."""
        return domain in self.names or domain.endswith(self._suffixes)

    def ours(self, address: str) -> bool:
        """Whether a normalised address is ours."""
        return self.has(domain_of(address))

    def _look_alike(self, domain: str) -> str | None:
        """The domain of ours that a foreign one in ASCII form pretends to be, or may be mistaken for.

        It does if it reads the same letter for letter (homoglyphs, rn for m, 0 for o), holds ours as a label
        (us.example.evil.com, us-example.com), or is one slip of the hand away from a name of at least six letters.
        """
        if self.has(domain):
            return None
        theirs = _parts(domain)
        return next((name for name, ours in self._parts if _mistaken(domain, theirs, name, ours)), None)


class _Parts(NamedTuple):
    """A domain's registrable name and its public suffix."""

    label: str
    suffix: str


@lru_cache(maxsize=65_536)
def _parts(domain: str) -> _Parts:
    found = _SUFFIXES(domain)
    if found.domain and found.suffix:
        return _Parts(found.domain, found.suffix)
    label, _, suffix = domain.rpartition(".")  # a suffix that the list does not know
    return _Parts(label.rpartition(".")[2], suffix)


def _mistaken(domain: str, theirs: _Parts, name: str, ours: _Parts) -> bool:
    if f".{name}." in f".{domain}" or theirs.label == name.replace(".", "-"):
        return True
    if theirs.suffix != ours.suffix:
        return theirs.label == ours.label and ours.suffix == "com" and theirs.suffix in _LIKE_COM
    if _skeleton(theirs.label) == _skeleton(ours.label):
        return theirs.label != ours.label
    return len(ours.label) >= SHORTEST and _one_slip(theirs.label, ours.label)


@lru_cache(maxsize=65_536)
def _skeleton(label: str) -> str:
    """What the eye takes a name for."""
    try:
        label = idna.decode(label) if label.startswith("xn--") else label
    except idna.IDNAError:
        return label
    plain = "".join(map(_latin, label))
    for written, read in (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l")):
        plain = plain.replace(written, read)
    return plain


def _latin(letter: str) -> str:
    if letter.isascii():
        return letter
    # a big table, which only names in other letters need
    from confusable_homoglyphs.confusables import confusables_data  # type: ignore[import-untyped]

    like = (each["c"] for each in confusables_data.get(letter, ()))
    return next((each.lower() for each in like if each.isascii() and each.isalnum()), letter)


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter is wrong, missing, too much, or two have changed places."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a == b[1:] or a[1:] == b or (a[:2] == b[1::-1] and a[2:] == b[2:] and len(a) > 1)

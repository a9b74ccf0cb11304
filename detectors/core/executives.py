"""Who has power: by role, by the CRM's word, or told from a job title in English, German, French or Spanish.

Beside them, who is of procurement: they buy, and do not decide.

Titles are read by a small vocabulary on purpose: one that it does not know is no executive, and the CRM's own
`executive` field or a role overrules it either way. A title is read part by part, and each part only up to where it
begins to speak of somebody else or of the past: of "Adviser to the CEO" and "Former CEO, now Adviser" nothing is left
that has power.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

BUYING_POWER = frozenset({"economic_buyer", "decision_maker", "executive_sponsor"})

# patterns of words of power; a hyphen is a space within one
_POWER = {
    "en": r"""
        ceo cfo coo cto cio cmo cro cso cpo chro ciso cdo cco evp svp vp chief president chair(?:man|woman|person)
        founder cofounder owner partner vice-president (?:managing|executive|finance)-director general-manager
        head-of-finance
        """,
    "de": r"""
        \w*vorstand(?:s|in|smitglied|svorsitzende[rn]?)? \w*geschae?ftsfue?hr(?:er|erin|ung|ende[rn]?)
        geschae?ftsleitung gesellschafter(?:in)? generaldirektor(?:in)? inhaber(?:in)? prokurist(?:in)?
        bereichsleiter(?:in)? (?:kaufmae?nnische|technische)r?-leiter(?:in)?
        """,
    "fr": r"""
        pdg presidente? gerante? fondat(?:eur|rice) dirigeante?
        direct(?:eur|rice)-(?:generale?|financi(?:er|ere)|technique|commerciale?|administrati(?:f|ve)|executi(?:f|ve))
        direct(?:eur|rice)-des-(?:achats|operations)
        """,
    "es": r"""
        (?:vice)?president[ea] fundadora? consejer[oa] propietari[oa] soci[oa] gerente-general
        directora?-(?:general|financier[oa]|ejecutiv[oa]|tecnic[oa]|de-operaciones)
        """,
}
# words of procurement, in the same languages and in Italian, Dutch and Portuguese
_PROCUREMENT = r"""
    procurement purchasing buyer strategic-sourcing \w*einkauf\w* \w*einkae?ufer(?:in)? beschaffung\w*
    achats? acheteu(?:r|se) approvisionnements? compras compradora? acquisti approvvigionamenti inkoop\w*
    inkop(?:er|ster)
    """
# after a word of power: that of which it is only the first half
_HALF = "s office team advis[eo]r analyst associate emeritus"
# words of power that mean less in one part with some others
_LESS_WITH = {
    "chief": "staff engineer architect accountant".split(),
    "owner": "product process project scrum system service data risk application account".split(),
    "partner": "manager business channel alliance account sales success hr people talent marketing".split(),
}
# who has such a word anywhere works for those with power, or is elected by colleagues
_WORKS_FOR = re.compile(
    r"\b(?:\w*(?:assist|asist|sekret|secret)\w*|(?:referent|mitarbeiter)(?:in)?|aide|vorzimmer|bue?ro|works council)\b"
)
_PARTS = re.compile(r"[,;|/&()]|\s[-–—]\s|\b(?:and|und)\b")
_FORMER = r"ex|former(?:ly)?|retired|ehem(?:alig\w*)?|ancien(?:ne)?|antigu[oa]"
_OF_OTHERS = "to|of the|aux?|du|del|al"

_A_POWER = "|".join("|".join(words.split()).replace("-", " ") for words in _POWER.values())
_HAS_POWER = re.compile(rf"\b({_A_POWER})\b(?! (?:{'|'.join(_HALF.split())})\b)")
_IS_OF_PROCUREMENT = re.compile(rf"\b(?:{'|'.join(_PROCUREMENT.split()).replace('-', ' ')})\b")
_IS_OVER = re.compile(_FORMER)
_WAS = re.compile(rf"\b(?:{_FORMER})\b.*")
_ELSE = re.compile(rf"\b(?:{_FORMER}|{_OF_OTHERS})\b.*")
_DOTTED = re.compile(r"\b(\w)\.(?=\w\b)")
_NOT_WORDS = re.compile(r"[^a-z0-9]+")


def decides(person: dict[str, Any]) -> bool:
    """Whether a person of whom the CRM says this can decide."""
    if not BUYING_POWER.isdisjoint(person.get("roles") or ()):
        return True
    told = person.get("executive")
    return bool(told) if told is not None else is_executive_title(person.get("title") or "")


@lru_cache(maxsize=16_384)
def is_executive_title(title: str) -> bool:
    """Whether a title speaks of power to decide; case, accents and punctuation do not matter."""
    return any(map(_has_power, _own_parts(title)))


def procures(person: dict[str, Any]) -> bool:
    """Whether a person of whom the CRM says this is of procurement: by role, or by title where it tells no role."""
    roles = person.get("roles")
    return "procurement" in roles if roles else is_procurement_title(person.get("title") or "")


@lru_cache(maxsize=16_384)
def is_procurement_title(title: str) -> bool:
    """Whether a title speaks of buying; case, accents and punctuation do not matter."""
    return any(_IS_OF_PROCUREMENT.search(_WAS.sub("", part)) for part in _own_parts(title))


def _own_parts(title: str) -> list[str]:
    """The parts of a title in plain letters; none of who works for somebody else, or has it no longer."""
    folded = unicodedata.normalize("NFKD", title[:200].casefold())
    parts = [_plain(part) for part in _PARTS.split(_DOTTED.sub(r"\1", folded))]
    if _WORKS_FOR.search(" ".join(parts)) or any(map(_IS_OVER.fullmatch, parts)):
        return []
    return parts


def _plain(part: str) -> str:
    return _NOT_WORDS.sub(" ", part.encode("ascii", "ignore").decode()).strip()


def _has_power(part: str) -> bool:
    words = part.split()
    found = _HAS_POWER.findall(_ELSE.sub("", part))
    return any(not any(other in words for other in _LESS_WITH.get(word, ())) for word in found)

"""Who has power, told from a job title in English, German, French or Spanish.

A small vocabulary on purpose: a title that it does not know is no executive, and the CRM's own `executive` field or a
role overrules it either way.
"""

import re
import unicodedata
from functools import lru_cache

_CHIEFS = "ceo cfo coo cto cio cmo cro cso cpo chro ciso cdo cco evp svp"
_WORDS = {
    "en": f"{_CHIEFS} chief president chairman chairwoman chairperson founder cofounder owner partner vp",
    "de": "vorstand vorstands vorstandsvorsitzender vorstandsvorsitzende vorstandsmitglied geschaftsfuhrer "
    "geschaftsfuhrerin geschaeftsfuehrer geschaeftsfuehrerin geschaftsfuhrung geschaeftsfuehrung geschaftsfuhrender "
    "geschaeftsfuehrender geschaftsfuhrende geschaeftsfuehrende geschaftsleitung geschaeftsleitung "
    "inhaber inhaberin prokurist prokuristin bereichsleiter bereichsleiterin",
    "fr": "pdg president presidente gerant gerante fondateur fondatrice dirigeant dirigeante",
    "es": "presidente presidenta fundador fundadora consejero consejera propietario propietaria socio socia",
}
_PHRASES = (
    "vice president",
    "managing director",
    "managing partner",
    "senior partner",
    "founding partner",
    "executive director",
    "general manager",
    "finance director",
    "directeur general",
    "directrice generale",
    "directeur financier",
    "directrice financiere",
    "directeur technique",
    "directrice technique",
    "directeur des achats",
    "directeur des operations",
    "directeur commercial",
    "director general",
    "directora general",
    "gerente general",
    "director financiero",
    "directora financiera",
    "director de operaciones",
    "director tecnico",
    "vicepresidente",
    "vicepresidenta",
    "kaufmannischer leiter",
    "kaufmannische leiterin",
    "technischer leiter",
    "head of finance",
)
# beside these a title of power is somebody else's: they work for it
_WORKS_FOR = re.compile(r"\b(?:\w*(?:assist|asist|sekret|secret)\w*|referent(?:in)?|office|aide)\b")
# words of power that mean less beside some others
_LESS_BESIDE = {
    "chief": "staff engineer architect accountant".split(),
    "owner": "product process project scrum system service data risk application account".split(),
    "partner": "manager business channel alliance account sales success hr people talent marketing".split(),
}
_POWER = frozenset(" ".join(_WORDS.values()).split())
_SPLIT = re.compile(r"[^a-z0-9]+")
_DOTTED = re.compile(r"\b(\w)\.(?=\w\b)")


@lru_cache(maxsize=16_384)
def is_executive_title(title: str) -> bool:
    """Whether a title speaks of power to decide; case, accents and punctuation do not matter."""
    plain = unicodedata.normalize("NFKD", title[:200].casefold()).encode("ascii", "ignore").decode()
    words = _SPLIT.split(_DOTTED.sub(r"\1", plain).replace("co-founder", "cofounder"))
    text = " ".join(words)
    if _WORKS_FOR.search(text):
        return False
    weak = {word for word, others in _LESS_BESIDE.items() if any(other in words for other in others)}
    return any(word in _POWER - weak for word in words) or any(phrase in text for phrase in _PHRASES)

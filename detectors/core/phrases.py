"""Phrases that speak of delay, legal trouble, a freeze or a competitor: what they are, and where a mail has them."""

import re
import unicodedata
from collections.abc import Mapping

DEFAULT_PHRASES: Mapping[str, tuple[str, ...]] = {
    "delay": (
        "on hold",
        "postpone",
        "postponed",
        "push back",
        "pushed back",
        "revisit next quarter",
        "not a priority",
        "circle back",
        "next year",
        "auf eis",
        "verschieben",
        "verschoben",
        "keine priorität",
        "nächstes jahr",
        "reporter",
        "reporté",
        "pas une priorité",
        "l'année prochaine",
        "aplazar",
        "aplazado",
        "no es prioridad",
        "el próximo año",
    ),
    "legal": (
        "legal review",
        "our lawyers",
        "legal department",
        "data protection officer",
        "rechtsabteilung",
        "juristische prüfung",
        "datenschutzbeauftragter",
        "service juridique",
        "nos avocats",
        "departamento legal",
        "nuestros abogados",
    ),
    "freeze": (
        "budget freeze",
        "spending freeze",
        "hiring freeze",
        "budget cut",
        "budget cuts",
        "cost cutting",
        "reorganization",
        "restructuring",
        "budgetstopp",
        "ausgabenstopp",
        "haushaltssperre",
        "sparmaßnahmen",
        "umstrukturierung",
        "gel du budget",
        "gel des dépenses",
        "restructuration",
        "congelación del presupuesto",
        "recortes presupuestarios",
        "reestructuración",
    ),
    "competitor": (
        "other vendor",
        "other vendors",
        "other provider",
        "competing offer",
        "competitor",
        "alternative vendor",
        "mitbewerber",
        "anderer anbieter",
        "anderen anbieter",
        "konkurrenzangebot",
        "autre fournisseur",
        "concurrent",
        "otro proveedor",
        "competidor",
    ),
}


class Phrases:
    """Lists of phrases by name, and which of them a text has; case, accents and line breaks do not matter."""

    def __init__(self, lists: Mapping[str, tuple[str, ...]]) -> None:
        self._phrases = {_plain(phrase): (name, phrase) for name, phrases in lists.items() for phrase in phrases}
        longest_first = sorted(self._phrases, key=lambda phrase: -len(phrase))
        words = "|".join(re.escape(phrase) for phrase in longest_first)
        self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def in_text(self, text: str) -> tuple[str, ...]:
        """Each list that the text hits, once, with the first phrase of it: `freeze: budget freeze`."""
        if self._pattern is None or not text:
            return ()
        found: dict[str, str] = {}
        for hit in self._pattern.finditer(_plain(text)):
            name, phrase = self._phrases[hit.group()]
            found.setdefault(name, phrase)
        return tuple(f"{name}: {phrase}" for name, phrase in found.items())


def _plain(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in folded if not unicodedata.combining(each)).split())

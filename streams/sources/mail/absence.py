"""When somebody who is out of office comes back, by what their automatic reply says.

Dates are read in English, German, French, Spanish, Italian and Dutch, and only where words say what they are: "back on
the 16th" is that day, "until the 14th" is the day after. Where two dates contradict each other, or 03/04 could be
either, nothing is said: an absence that is guessed would silence a deal.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache

MAX_TEXT = 4 * 1024
LONGEST = timedelta(days=2 * 366)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar januari janvier enero gennaio janner jaenner jan janv ene gen",
            "february februar februari fevrier febrero febbraio feb fevr",
            "march marz maerz mars marzo maart mar mrz mrt",
            "april avril abril aprile apr avr abr",
            "may mai mayo maggio mei mag",
            "june juni juin junio giugno jun giu",
            "july juli juillet julio luglio jul juil lug",
            "august augustus aout agosto aug ago",
            "september septembre septiembre setiembre settembre sept sep set",
            "october oktober octobre octubre ottobre oct okt ott",
            "november novembre noviembre nov",
            "december dezember decembre diciembre dicembre dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}
_DAYS = """
monday tuesday wednesday thursday friday saturday sunday mon tues tue wed thurs thu fri sat sun
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miercoles jueves viernes sabado domingo
lunedi martedi mercoledi giovedi venerdi domenica maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
""".split()


def _any(names: Iterable[str]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


# all patterns are read against folded text (no accents, single spaces); every repetition in them has an upper bound
_MONTH = rf"(?:{_any(_MONTHS)})\b\.?"
_YEAR = r"(?:,? ?(?:de |del )?(?P<{0}>\d{{4}}))?"
_DATE = (
    r"(?:"
    r"(?P<y1>\d{4})-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|o|\.)? ?(?:of |de |d')?(?P<m2>{_MONTH})"
    + _YEAR.format("y2")
    + rf"|(?P<m3>{_MONTH}) ?(?:the )?(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?"
    + _YEAR.format("y3")
    + r"|(?P<d4>\d{1,2})\. ?(?P<m4>\d{1,2})\.(?: ?(?P<y4>\d{4}|\d{2}))?"
    r"|(?P<a>\d{1,2})[/-](?P<b>\d{1,2})(?:[/-](?P<y5>\d{4}|\d{2}))?"
    r")(?![\d/]|[.-]\d)"
)
_FILL = (
    r"[ ,:]{0,2}(?:(?:on|the|from|by|as|of|including|and|inclusive|einschliesslich|einschl|inklusive|inkl|incl|zum|am"
    rf"|ab|den|dem|le|du|el|la|del|dia|il|dal|al|giorno|op|de|en|met|vanaf|{_any(_DAYS)})\b[ ,.:]{{1,3}}){{0,5}}"
)
# the first date of a range: 3, 3 March, 3.3., 3/3/2026
_FIRST = (
    rf"(?:\d{{1,2}}(?:[./-]\d{{1,2}})(?:[./-](?:\d{{4}}|\d{{2}})?)?|(?:{_MONTH} )?\d{{1,2}}(?:st|nd|rd|th|er|\.)?"
    rf"(?: ?(?:of |de )?{_MONTH})?(?:,? (?:de )?\d{{4}})?)"
)
_BACK = {
    "en": r"\b(?:back|return(?:ing|s)?|(?:available|reachable|in the office) again)"
    r"(?: (?:in|at|to|from) (?:the |my |annual )?(?:office|desk|work|vacation|holidays?|leave))?(?: again)?"
    r"(?: until| till)?"
    r"|\b(?:not|cannot|unable|[a-z]{2,6}n't)\b(?=[^.!?\d]{0,60}\b(?:back|return|office|available|reachable|work|read"
    r"|reply|respond|answer|check|access|in (?:until|till|before))\b)[^.!?\d]{0,60} (?:until|till|before)",
    "de": r"\b(?:wieder(?: (?:erreichbar|da|im buro|im haus|zuruck|fur sie da|zu erreichen|anwesend|verfugbar))?"
    r"|zuruck|zurueck|ruckkehr|rueckkehr)(?: im buro)?(?: bin ich| ist)?",
    "fr": r"\b(?:(?:de )?retour|reviens|reviendrai|rentre|rentrerai|(?:joignable|disponible)(?: de nouveau)?)"
    r"(?: au bureau)?(?: prevu)?(?: a partir| des)?"
    r"|\bpas\b(?=[^.!?\d]{0,40}\b(?:retour|disponible|joignable|bureau|presente?|repondre"
    r"|rentrerai|consulter|lire)\b)[^.!?\d]{0,40} avant",
    "es": r"\b(?:de vuelta|de regreso|vuelvo|volvere|regreso|regresare|(?:me )?reincorpor(?:o|are)|disponible de nuevo"
    r"|no estare disponible)(?: a la oficina| en la oficina)?(?: a partir| hasta)?",
    "it": r"\b(?:rientro|rientrero|torno|tornero|(?:di )?ritorno|di nuovo (?:in ufficio|disponibile|operativ[oa]))"
    r"(?: in ufficio)?(?: e)?(?: previsto)?(?: a partire)?",
    "nl": r"\b(?:weer (?:aanwezig|bereikbaar|op kantoor|beschikbaar|terug)|terug)(?: op kantoor)?",
}
# the day comes first: from the 16th I am back
_THEN_BACK = {
    "en": (r"\b(?:on|from|as of)", r"\b(?:back|available again|return)\b"),
    "de": (r"\b(?:am|ab)", r"\b(?:wieder|zuruck|zurueck)\b"),
    "fr": (r"\b(?:le|a partir du|des le)", r"\b(?:de retour|de nouveau)\b"),
    "es": (r"\b(?:el|a partir del)", r"\b(?:de vuelta|de nuevo|de regreso)\b"),
    "it": (r"\b(?:il|dal)", r"\b(?:di nuovo|di ritorno)\b"),
    "nl": (r"\b(?:op|vanaf)", r"\b(?:terug|weer)\b"),
}
# what may stand between such a day and the word: nothing that says the contrary
_GAP = (
    r"(?:(?!\b(?:not|n't|away|out|off|leave|vacation|holidays?|nicht|abwesend|urlaub|pas|absente?|conges?|vacances|no|fuera"
    r"|ausente|vacaciones|non|assente|ferie|niet|afwezig|vakantie)\b)[^.!?\d]){0,40}"
)
_UNTIL = {
    "en": rf"\b(?:until|till|thru|through|up to)|\bfrom{_FILL}{_FIRST} to",
    "de": r"\bbis",
    "fr": rf"\bjusqu'(?:au|a)|\bdu{_FILL}{_FIRST} au",
    "es": rf"\bhasta|\b(?:del?|desde el){_FILL}{_FIRST} al?",
    "it": rf"\bfino (?:al|a)|\bdal?{_FILL}{_FIRST} al?",
    "nl": r"\b(?:tot en met|tot|t/m)",
}
# how the subject of an absence note begins
ABSENT = re.compile(
    r"(?:out of (?:the )?office|abwesenheit(?:snotiz|smeldung|sassistent)?|message d'absence|absence du bureau"
    r"|fuera de (?:la )?oficina|fuori (?:sede|ufficio)|afwezigheid(?:sbericht)?|niet op kantoor)",
    re.IGNORECASE,
)
_NOW = "(?:currently |now |still |already |both )?"
_AWAY = (
    r"out of (?:the )?office|on (?:my |an? )?(?:vacation|holidays?|(?:annual |parental |maternity |sick )?leave)\b"
    rf"|away from (?:the|my) (?:office|desk)|\b(?:am|are|i'm|we're|be) {_NOW}(?:away|out|off|unavailable|travell?ing)\b"
    r"|\baway (?:until|till|through|from)\b|\boffice (?:is|will be|remains) closed"
    r"|abwesen(?:d|heit)|nicht im (?:buro|haus)|\burlaub\b|ausser haus|nicht (?:erreichbar|verfugbar|da)\b|verreist"
    r"|(?:dienst|geschafts)reise|betriebsferien|elternzeit"
    r"|absente?\b|en conges?|en vacances|en deplacement|pas (?:disponible|joignable)"
    r"|fuera de (?:la|mi) oficina|de vacaciones|ausente|fuori (?:sede|ufficio)|in ferie|assente"
    r"|afwezig|op vakantie|niet (?:op kantoor|aanwezig|bereikbaar)|met (?:verlof|vakantie)"
)
_BACKS = {language: rf"(?:{cue}){_FILL}{_DATE}" for language, cue in _BACK.items()}
_THEN_BACKS = {
    language: rf"(?:{before}){_FILL}{_DATE}{_GAP}{after}" for language, (before, after) in _THEN_BACK.items()
}
_UNTILS = {language: rf"(?:{cue}){_FILL}{_DATE}" for language, cue in _UNTIL.items()}
_RANGE = rf"\b{_FIRST} ?(?:-|–|—) ?{_FILL}{_DATE}"
_MONTH_RANGE = rf"\b(?P<m>{_MONTH}) \d{{1,2}}(?:st|nd|rd|th)? ?[-–—] ?(?P<d>\d{{1,2}})\b(?:,? ?(?P<y>\d{{4}}))?"
# where a sentence may end: also at an empty line, since what follows is another thought, or a signature
_END = re.compile(r"\n\s*\n|[.!?](?=\s)")
# a point that is not its end, if what follows is the rest of a date
_POINT = rf"(?:(?<!\d)\d{{1,2}}|\b(?:{_any((*_MONTHS, *_DAYS, 'incl', 'inkl', 'einschl'))}))$"
_REST = rf"(?:[-–—\d]|{_any((*_MONTHS, *_DAYS))}\b)"
# most runs meet no absence, and the patterns take longer to compile than all else of the reader to load
_compiled = cache(re.compile)


def returns_on(subject: str, told: str, sent: date) -> date | None:
    """The day on which the writer of an absence note of the day `sent` is back; None if none is said beyond doubt.

    The last day of something is that of an absence only where the same sentence, or the subject, says that it is about
    one: offers and fairs at the foot of a mail have a last day, too.
    """
    text = _folded(f"{subject}. {told}"[:MAX_TEXT])
    back = set(_days(_BACKS, text, sent)) or set(_days(_THEN_BACKS, text, sent))
    if not back:
        last = (
            text if ABSENT.match(subject) else ". ".join(filter(is_told, _sentences(f"{subject}\n\n{told}"[:MAX_TEXT])))
        )
        back = {day + timedelta(days=1) for day in _last_days(_folded(last), sent)}
    day = back.pop() if len(back) == 1 else None
    return day if day is not None and sent < day <= sent + LONGEST else None


def is_told(text: str) -> bool:
    """Whether a text says that somebody is away."""
    return _compiled(_AWAY).search(_folded(text[:MAX_TEXT])) is not None


def _sentences(text: str) -> Iterator[str]:
    begun = 0
    for end in _END.finditer(text):
        if end.group() != "." or not _goes_on(text[begun : end.start()], text[end.end() :]):
            yield text[begun : end.end()]
            begun = end.end()
    yield text[begun:]


def _goes_on(before: str, after: str) -> bool:
    """Whether a point between these is within a date: vom 3. bis 14. März, until Fri. 14 March."""
    if _compiled(_POINT).search(_folded(before[-20:])) is None:
        return False
    rest = after.lstrip()[:20]
    return rest[:1].islower() or _compiled(_REST).match(_folded(rest)) is not None


def _days(patterns: Mapping[str, str], text: str, sent: date) -> Iterator[date]:
    for language, pattern in patterns.items():
        for found in _compiled(pattern).finditer(text):
            yield from _day(found, sent, english=language == "en")


def _last_days(text: str, sent: date) -> Iterator[date]:
    yield from _days(_UNTILS, text, sent)
    for found in _compiled(_RANGE).finditer(text):
        yield from _day(found, sent, english=True)
    for found in _compiled(_MONTH_RANGE).finditer(text):
        yield from _dated(found["y"], _MONTHS[found["m"].rstrip(".")], int(found["d"]), sent)


def _day(found: re.Match[str], sent: date, english: bool) -> Iterator[date]:
    part = found.groupdict()
    if part["y1"]:
        yield from _dated(part["y1"], int(part["m1"]), int(part["d1"]), sent)
    elif part["d2"]:
        yield from _dated(part["y2"], _MONTHS[part["m2"].rstrip(".")], int(part["d2"]), sent)
    elif part["d3"]:
        yield from _dated(part["y3"], _MONTHS[part["m3"].rstrip(".")], int(part["d3"]), sent)
    elif part["d4"]:
        yield from _dated(part["y4"], int(part["m4"]), int(part["d4"]), sent)
    else:
        yield from _slashed(int(part["a"]), int(part["b"]), part["y5"], sent, english)


def _slashed(one: int, other: int, year: str | None, sent: date, english: bool) -> Iterator[date]:
    """Only Americans put the month first, and whether one wrote shows only where no month has that number."""
    if not english or one > 12:
        yield from _dated(year, other, one, sent)
    elif other > 12 or one == other:
        yield from _dated(year, one, other, sent)


def _dated(year: str | None, month: int, day: int, sent: date) -> Iterator[date]:
    """Without a year it is the one that comes nearest."""
    if year is not None:
        years = [int(year) + (2000 if len(year) == 2 else 0)]
    else:
        years = [sent.year - 1, sent.year, sent.year + 1]
    days = []
    for each in years:
        try:
            days.append(date(each, month, day))
        except ValueError:
            continue
    if days:
        yield min(days, key=lambda each: abs(each - sent))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).replace("’", "'")
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())

"""The people of the demo: the reps of the selling company, and the accounts that they sell to."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from streams.demo import words

DOMAIN = "northbeam.example"
_FEW = 12
_ASCII = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ê": "e", "ë": "e", "ï": "i", "í": "i"}
    | {"á": "a", "à": "a", "ó": "o", "ô": "o", "ú": "u", "ñ": "n", "ç": "c", " ": "-", "&": "", ".": "", "'": ""}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rep sells: the clock and holidays there, and the languages and money of the customers."""

    time_zone: str
    holidays: str
    languages: Sequence[str]


LONDON = Place("Europe/London", "GB", ("en", "en", "es"))
PARIS = Place("Europe/Paris", "FR", ("fr",))
BERLIN = Place("Europe/Berlin", "DE", ("de",))
VIENNA = Place("Europe/Vienna", "AT", ("de",))
NEW_YORK = Place("America/New_York", "US", ("us",))
CHICAGO = Place("America/Chicago", "US", ("us",))


@dataclass(frozen=True, slots=True)
class Team:
    """A sales team; `place` is the team's own, `branch` is where every second rep of it sits."""

    name: str
    place: Place
    branch: Place
    manager: str
    engineer: str


@dataclass(frozen=True, slots=True)
class Rep:
    """One who owns deals."""

    email: str
    first: str
    team: Team
    place: Place


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at an account; `executive` is None where the CRM leaves it to title and roles."""

    email: str
    name: str
    title: str
    roles: tuple[str, ...]
    executive: bool | None
    power: bool

    @property
    def first(self) -> str:
        return self.name.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Account:
    """A company that may buy. The first contact carries the deal, the second has power, the others use or buy."""

    id: str
    name: str
    domain: str
    language: str
    segment: str
    contacts: tuple[Contact, ...]

    @property
    def currency(self) -> str:
        return {"us": "USD", "en": "GBP"}.get(self.language, "EUR")


def ascii_name(name: str) -> str:
    """The name as it stands in an address or domain: lower case, no accents, hyphens for blanks."""
    return "-".join(name.lower().translate(_ASCII).split("-"))


def found_teams(chance: Random) -> list[Team]:
    """The three teams, each with a manager and a sales engineer."""
    teams = []
    for name, place, branch in (("emea", LONDON, PARIS), ("dach", BERLIN, VIENNA), ("us", NEW_YORK, CHICAGO)):
        manager, engineer = (_person(chance, place.languages[0])[0] for _ in range(2))
        teams.append(Team(name, place, branch, _address(manager, DOMAIN), _address(engineer, DOMAIN)))
    return teams


def hire(chance: Random, teams: Sequence[Team], count: int) -> list[Rep]:
    """So many reps, spread over the teams, no two with the same address."""
    taken = {address for team in teams for address in (team.manager, team.engineer)}
    reps: list[Rep] = []
    while len(reps) < count:
        team = teams[len(reps) % len(teams)]
        place = team.branch if len(reps) // len(teams) % 2 else team.place
        name, _ = _person(chance, place.languages[0])
        last = name.rpartition(" ")[-1]
        if len(reps) < _FEW and last in taken:
            continue  # in a small company no two are called the same
        if (address := _address(name, DOMAIN)) not in taken:
            taken |= {address, last}
            reps.append(Rep(address, name.partition(" ")[0], team, place))
    return reps


class Accounts:
    """Invents accounts, no two with the same domain."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()

    def another(self, languages: Sequence[str]) -> Account:
        """A new account that speaks one of the languages."""
        chance = self._chance
        language = chance.choice(languages)
        name = " ".join(_stem_and_trade(chance, language))
        while (domain := ascii_name(name)) in self._taken:
            name = f"{name} {chance.choice(words.TOWNS)}"
        self._taken.add(domain)
        segment = chance.choices(("smb", "mid-market", "enterprise"), (4, 4, 2))[0]
        form = chance.choice(words.LEGAL_FORMS[language])
        domain += ".example"
        return Account(
            id=f"A-{1000 + len(self._taken)}",
            name=f"{name} {form}".strip(),
            domain=domain,
            language=language,
            segment=segment,
            contacts=_staff(chance, language, domain, segment),
        )


def _stem_and_trade(chance: Random, language: str) -> tuple[str, str]:
    stem, trade = chance.choice(words.STEMS[language]), chance.choice(words.TRADES[language])
    return (trade, stem) if language in ("fr", "es") else (stem, trade)


def _staff(chance: Random, language: str, domain: str, segment: str) -> tuple[Contact, ...]:
    size = chance.randint(*{"smb": (2, 3), "mid-market": (3, 4), "enterprise": (4, 6)}[segment])
    staff: list[Contact] = []
    taken: set[str] = set()
    while len(staff) < size:
        name, woman = _person(chance, language)
        if (address := _address(name, domain)) in taken:
            continue
        taken.add(address)
        place = len(staff)
        title = chance.choice(words.USER_TITLES[language])[woman]
        roles: tuple[str, ...] = ("champion",) if place == 0 else ("end_user",) if chance.random() < 0.6 else ()
        executive: bool | None = None
        if place == 1:
            known_by = chance.random()  # by title, by role, or because the CRM says so
            titles = words.POWER_TITLES if known_by < 0.6 else words.ROLE_TITLES
            title = chance.choice(titles[language])[woman]
            roles = (chance.choice(("economic_buyer", "decision_maker")),) if 0.6 <= known_by < 0.85 else ()
            executive = True if known_by >= 0.85 else None
        elif place == 3:
            title, roles = words.PROCUREMENT_TITLES[language][woman], ("procurement",)
        staff.append(Contact(address, name, title, roles, executive, power=place == 1))
    return tuple(staff)


def _person(chance: Random, language: str) -> tuple[str, bool]:
    """A name, and whether it is a woman's."""
    woman = chance.random() < 0.5
    return f"{chance.choice(words.FIRST_NAMES[language][woman])} {chance.choice(words.LAST_NAMES[language])}", woman


def _address(name: str, domain: str) -> str:
    first, _, last = name.partition(" ")
    return f"{ascii_name(first)}.{ascii_name(last)}@{domain}"

"""When somebody is back, in the words of six languages."""

from datetime import date

import pytest

from streams.sources.mail.absence import returns_on

SENT = date(2026, 3, 3)  # a Tuesday


def march(day: int) -> date:
    return date(2026, 3, day)


@pytest.mark.parametrize(
    "text",
    [
        "I am away and will be back on Monday, 16 March.",
        "I will return to the office on March 16.",
        "Returning on the 16th of March 2026.",
        "I'm on holiday from Monday 2nd March and back in the office on Monday 16th March.",
        "From 16 March I will be back in the office.",
        "I won't be back until Monday 16 March",
        "I am not in the office until 16 March",
        "I won't be available until 16 March",
        "I am out until 14 March and back on 16 March.",
        "Back on 16/03/2026.",
        "back 2026-03-16",
        "Ich bin am 16. März wieder im Büro.",
        "Ab Montag, den 16.03.2026 bin ich wieder für Sie da.",
        "Ich bin zurück am 16. März.",
        "Vom 02.03.2026 bis zum 13.03.2026 bin ich abwesend. Ab dem 16.03. bin ich wieder erreichbar.",
        "Je serai de retour le lundi 16 mars.",
        "Je ne serai pas de retour avant le 16 mars.",
        "Retour prévu le 16/03/2026",
        "Volveré el lunes 16 de marzo.",
        "No estaré disponible hasta el 16 de marzo",
        "Sarò assente dal 3 al 14 marzo e rientrerò lunedì 16 marzo 2026.",
        "Ik ben weer bereikbaar op maandag 16 maart.",
        "Ik ben op 16 maart terug.",
    ],
)
def test_back_on_a_day_is_that_day(text: str) -> None:
    assert returns_on("Out of office", text, SENT) == march(16)


@pytest.mark.parametrize(
    "text",
    [
        "I am out of the office until 14 March.",
        "I will be out of the office through March 14th, 2026 with limited access.",
        "On vacation from March 3 to March 14.",
        "On leave 3 - 14 March",
        "Out of office: March 3-14, 2026",
        "I am out of office until\nSaturday, 14\nMarch",
        "Ich bin bis einschließlich 14.03.2026 nicht im Büro.",
        "Ich bin vom 3. bis 14. März im Urlaub.",
        "vom 27.02. - 14.03.2026 im Urlaub",
        "Je suis absente du 3 au 14 mars inclus.",
        "Je suis absent du bureau jusqu’au samedi 14 mars 2026.",
        "Estaré fuera de la oficina hasta el 14 de marzo de 2026.",
        "Estaré de vacaciones del 3 al 14 de marzo.",
        "Sono in ferie fino al 14 marzo.",
        "Ik ben afwezig tot en met 14 maart.",
        "Afwezig t/m 14-03-2026",
    ],
)
def test_until_a_day_is_the_day_after(text: str) -> None:
    assert returns_on("", text, SENT) == march(15)


@pytest.mark.parametrize(
    "text",
    [
        "I am away until 14 March.",
        "I'm currently out until Sat. 14 March. Our spring offer is valid until 31 December 2026.",
        "Our office is closed from 3 March to 14 March",
        "I am unavailable until 14 March 2026. Meet us at the Expo, 12-14 May 2026.",
        "Ich bin vom 3. bis 14. März nicht erreichbar. Die Messe läuft bis 31.12.2026.",
        "Mein Urlaub dauert bis 14.03. Unser Angebot gilt bis 31.12.2026.",
        "I am on annual leave until 14 March\n\nOur offer is valid until 31 December",
    ],
)
def test_the_last_day_of_an_absence_is_the_one_in_its_own_sentence(text: str) -> None:
    assert returns_on("Automatic reply: Offer", text, SENT) == march(15)


@pytest.mark.parametrize(
    "text",
    [
        "Our spring offer is valid until 31 December 2026.",
        "Meet us at the Expo, 12-14 May 2026",
        "The registration for our conference (June 3 - 5) is open.",
        "My colleague Bob is available until 14 March.",
        "Unsere Messe-Aktion läuft bis 31.12.2026.",
        "L'offre est valable jusqu'au 30 avril 2026.",
        "We are sold out until 14 March.",
        "The new version cannot be ordered before 1 June 2026.",
        "L'offre n'est pas valable avant le 1er juin 2026.",
        "Call +49 30 1-4 May.",
    ],
)
@pytest.mark.parametrize("before", ["We answer within two days.", "I am out of the office.", "Ich bin im Urlaub!\n\n"])
def test_the_last_day_of_anything_else_is_no_return(before: str, text: str) -> None:
    assert returns_on("Automatic reply: Offer", f"{before} {text}", SENT) is None


def test_the_subject_alone_will_do() -> None:
    assert returns_on("Abwesend bis 14.03.", "Vielen Dank für Ihre Nachricht.", SENT) == march(15)
    assert returns_on("Out of office: Offer", "Until 14 March please write to Bob.", SENT) == march(15)


def test_a_day_without_a_year_is_the_nearest_one() -> None:
    assert returns_on("", "back on 2 January", date(2025, 12, 20)) == date(2026, 1, 2)
    assert returns_on("", "I am on parental leave until 1st July", SENT) == date(2026, 7, 2)


@pytest.mark.parametrize(
    "text",
    [
        "I will be back on 2 January.",  # over: somebody forgot to turn it off
        "Back on January 5, 2026",
        "Back on 16 March 2031",
        "Back on 31 February",
        "Back on 03/04/2026",  # in March or in April?
        "I am out until 14 March. My colleague is out until 20 March.",
        "I am back on 16 March, no, back on 17 March.",
        "I am out of the office and will read your mail when I'm back.",
        "bis 14.30 Uhr bin ich in Meetings",
        "Our fair is on 14 March.",
        "From 16 March I am away and not back before long.",
        "Ab 16. März bin ich im Urlaub und erst später wieder da.",
        "Call me on 14-03-16-18",
        "",
    ],
)
def test_what_is_over_or_ambiguous_or_not_said_is_not_guessed(text: str) -> None:
    assert returns_on("Out of office", text, SENT) is None


def test_only_the_first_four_thousand_characters_are_read() -> None:
    assert returns_on("", "x" * 5000 + " back on 16 March", SENT) is None

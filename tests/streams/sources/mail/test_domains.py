"""Which domains are ours, and which only look like it."""

import pytest

from detectors.core.deal import Deal
from detectors.core.rules import Rules
from streams.sources.mail.domains import Domains
from tests.streams.sources.mail.written import item, written


def test_ours_are_our_domains_and_what_is_below_them() -> None:
    ours = Domains(["us.example", "WIR.example"])
    assert ours.names == ("us.example", "wir.example")
    assert ours.ours("rep@us.example")
    assert ours.ours("rep@mail.us.example")
    assert ours.ours("rep@wir.example")
    assert not ours.ours("rep@notus.example")
    assert not ours.ours("rep@us.example.evil.com")


def test_without_a_domain_nobody_is_ours() -> None:
    assert not Domains([]).ours("rep@us.example")
    assert Domains([]).look_alike("us.example") is None


def test_what_is_no_domain_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        Domains(["us example"])


def test_a_domain_in_other_letters_is_compared_in_its_ascii_form() -> None:
    ours = Domains(["bücher.example"])
    assert ours.names == ("xn--bcher-kva.example",)
    assert ours.ours("rep@xn--bcher-kva.example")
    assert not ours.ours("rep@bucher.example")


ACME = Domains(["acme-systems.com", "acme.co.uk"])


@pytest.mark.parametrize(
    ("domain", "like"),
    [
        ("acrne-systems.com", "acme-systems.com"),
        ("acme-systerns.com", "acme-systems.com"),
        ("acme-system.com", "acme-systems.com"),
        ("acme-sytsems.com", "acme-systems.com"),
        ("acmes-systems.com", "acme-systems.com"),
        ("acmesystems.com", "acme-systems.com"),
        ("mail.acme-systerns.com", "acme-systems.com"),
        ("acme-systems.co", "acme-systems.com"),
        ("acme-systems.com.evil.net", "acme-systems.com"),
        ("acme-systems-com.net", "acme-systems.com"),
        ("acme.co.uk.evil.net", "acme.co.uk"),
    ],
)
def test_what_is_made_to_be_mistaken_for_ours_is_told(domain: str, like: str) -> None:
    assert ACME.look_alike(domain) == like
    assert not ACME.has(domain)


@pytest.mark.parametrize(
    "domain",
    [
        "acme-systems.com",
        "mail.acme-systems.com",
        "acme-systems.de",  # a company of that name in another country
        "acme.com",
        "acne.co.uk",  # short names are close to each other by chance
        "ace.co.uk",
        "acme-solutions.com",
        "systems.com",
        "customer.example",
        "co.uk",
        "com",
        "",
    ],
)
def test_an_honest_neighbour_is_not_accused(domain: str) -> None:
    assert ACME.look_alike(domain) is None


@pytest.mark.parametrize("lookalike", ["аcme-systems.com", "acme-systemѕ.com", "ɑcme-systems.com", "асmе-ѕуѕtеmѕ.com"])
def test_letters_of_another_script_make_a_look_alike_and_never_us(lookalike: str) -> None:
    """A Cyrillic а, a Cyrillic ѕ, a Latin alpha, and all that can be Cyrillic: each reads like ours."""
    raw = written(sender=f"Boss <boss@{lookalike}>", to="rep@acme-systems.com")
    read = item(raw, ours=ACME)
    (event,) = read.events
    assert "looks like acme-systems.com, and is not ours" in read.why
    assert "xn--" in event.data.sender
    assert not ACME.ours(event.data.sender)
    assert read.kind == "mail"


def test_a_look_alike_is_no_colleague_of_ours() -> None:
    """Else a stranger's mail would be internal, and no touch."""
    read = item(written(sender="boss@аcme-systems.com", to="rep@acme-systems.com"), ours=ACME)
    assert read.kind != "internal"
    assert item(written(sender="boss@acme-systems.com", to="rep@acme-systems.com"), ours=ACME).kind == "internal"


@pytest.mark.parametrize(
    "address", ["rep@us.example", "rep@mail.us.example", "ada@customer.example", "a@us.example.it"]
)
def test_the_reader_and_the_deals_agree_on_who_is_ours(address: str) -> None:
    rules = Rules.of({"organization": {"domains": ["us.example"]}})
    assert Domains(rules.organization.domains).ours(address) == Deal("D-1", rules).is_ours(address)

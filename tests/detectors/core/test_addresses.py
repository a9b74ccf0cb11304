"""Addresses in the one form in which they are compared."""

import pytest

from detectors.core.addresses import domain_of, normalise


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("rep@us.example", "rep@us.example"),
        ("Rep.Two+crm@US.Example", "rep.two+crm@us.example"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@BÜCHER.example", "info@xn--bcher-kva.example"),
        ("info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("Jörg@them.example", "jörg@them.example"),
        ("STRASSE@them.example", "strasse@them.example"),
        ("straße@them.example", "strasse@them.example"),
        ('"two words"@them.example', '"two words"@them.example'),
        ("rep@mail", "rep@mail"),
    ],
)
def test_case_and_international_domains_do_not_matter(told, meant):
    assert normalise(told) == meant
    assert normalise(normalise(told)) == meant


@pytest.mark.parametrize(
    "told",
    [
        "",
        "@",
        "rep",
        "@us.example",
        "rep@",
        "rep@@us.example",
        "a@us.example, b@us.example",
        "a@us.example b@us.example",
        "a@us.example;b@us.example",
        "Rep <rep@us.example>",
        "<rep@us.example>",
        " rep@us.example",
        "rep@us.example\n",
        "rep@us.example\r\nBcc: evil@x.example",
        "re\x00p@us.example",
        "re\x7fp@us.example",
        "re\u202ep@us.example",
        "rep@us..example",
        "rep@-us.example",
        "rep@[127.0.0.1]",
        "a" * 300 + "@us.example",
    ],
)
def test_anything_but_exactly_one_address_is_refused(told):
    with pytest.raises(ValueError, match="not a mail address"):
        normalise(told)


def test_a_domain_that_only_looks_like_ours_is_another_one():
    cyrillic = normalise("rep@us.exаmple")
    assert cyrillic != normalise("rep@us.example")
    assert domain_of(cyrillic) == "us.xn--exmple-4nf"


def test_the_domain_is_what_stands_behind_the_last_at_sign():
    assert domain_of('"a@b"@them.example') == "them.example"


@pytest.mark.parametrize(
    "address", ["ann@localhost", "ann@corp.local", "ann@mail.test", "ann@them.invalid", "ann@intranet"]
)
def test_names_that_only_a_company_knows_are_addresses(address):
    assert normalise(address) == address


def test_an_address_of_any_length_is_refused_as_quickly_as_any():
    """Accents out of order are sorted in time with the square of their number: these would take minutes."""
    accents = "\u0327\u0301" * 250_000
    for told in (accents, f"a{accents}@them.example", f"a@{accents}.example", "a." * 500_000 + "@them.example"):
        with pytest.raises(ValueError, match=r"not a mail address: it has [0-9,]+ characters"):
            normalise(told)

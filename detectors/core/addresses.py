"""Mail addresses, in the one form in which they are compared."""

from functools import lru_cache
from typing import Annotated

import email_validator
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator

# within a company, mail goes to corp.local and localhost, too: whoever reads it refuses no mail for such a name on it
# (this list is the library's own place to say so)
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

# four times what an address may have: a longer one is none, and some would take the library minutes to say so
MOST_CHARACTERS = 1_000


@lru_cache(maxsize=65_536)
def normalise(address: str) -> str:
    """Casefolded, domain in IDNA (ASCII) form; `ValueError` unless it is exactly one address."""
    if len(address) > MOST_CHARACTERS:
        raise ValueError(f"not a mail address: it has {len(address):,} characters")
    try:
        parsed = validate_email(
            address,
            check_deliverability=False,
            allow_quoted_local=True,
            globally_deliverable=False,
        )
    except EmailNotValidError as error:
        raise ValueError(f"not a mail address: {error}") from None
    return f"{parsed.local_part.casefold()}@{parsed.ascii_domain}"


def domain_of(address: str) -> str:
    """The domain of a normalised address."""
    return address.rpartition("@")[2]


Address = Annotated[str, AfterValidator(normalise)]

"""The mail domain behind what people write into a field for a website."""

from urllib.parse import urlsplit


def domain_in(website: str) -> str | None:
    """`customer.example` of `https://www.customer.example/about` and of `Customer.example`; None if there is none."""
    text = website.strip()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return None
    host = host.removeprefix("www.").rstrip(".")
    return host if "." in host and not any(letter.isspace() for letter in host) else None

"""Numbers as people say them, for evidence."""


def ordinal(number: int) -> str:
    """first, second, third, … and 11th from there on."""
    words = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth".split()
    if number < len(words):
        return words[number]
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def count_of(number: int, one: str, many: str | None = None) -> str:
    """1 day, 2 days; 1 person, 2 people."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"

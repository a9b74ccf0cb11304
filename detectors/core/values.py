"""Values that are made by the million: immutable as frozen dataclasses are, but checked where types are checked.

To make a frozen dataclass takes three times as long as to make another one, because each field is set around its guard
at run time. Here mypy is that guard: it takes `value` for `dataclass`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    import dataclasses

    def value(*, frozen: bool, slots: bool):
        """`dataclasses.dataclass`, with the equality and hash of a frozen one, and without its guard."""
        return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["value"]

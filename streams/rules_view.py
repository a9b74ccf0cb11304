"""What rules come to: for one deal, each value with the place that sets it; and in what two files differ."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from detectors.core.rules import Described

from .findings_text import plain_text
from .rules_file import Written
from .yaml_file import Keys


@dataclass(frozen=True, slots=True)
class Applied:
    """A threshold in force for a deal; `value` and `threshold` are None where the detector is switched off."""

    detector: str
    threshold: str | None
    value: Any
    place: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that is another in two files; None where one of them does not have it."""

    setting: str
    before: Any
    after: Any
    place_before: str
    place_after: str


def applied(written: Written, deal: Described) -> list[Applied]:
    """All that applies to a deal as it is now, by detector."""
    return [
        Applied(each.detector, each.threshold, each.value, written.place(each.path))
        for each in written.rules.settings_for(deal)
    ]


def differences(before: Written, after: Written) -> list[Difference]:
    """Every setting in which two files differ, in the order of their names."""
    one, other = dict(_flat(before.rules.content())), dict(_flat(after.rules.content()))
    return [
        Difference(
            ".".join(str(key) for key in keys),
            one.get(keys),
            other.get(keys),
            _place(before, keys, keys in one),
            _place(after, keys, keys in other),
        )
        for keys in sorted(one.keys() | other.keys(), key=lambda keys: [str(key) for key in keys])
        if one.get(keys) != other.get(keys)
    ]


def _place(written: Written, keys: Keys, is_set: bool) -> str:
    if not is_set:
        return "not set"
    is_default = keys[0] == "detectors" and keys[-1] not in written.rules.file.detectors.get(str(keys[1]), {})
    return written.place(None if is_default else keys)


def _flat(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Each single value of nested settings, with its path of keys; what is empty says nothing."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, (*keys, key))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, each in enumerate(value):
            yield from _flat(each, (*keys, number))
    elif value not in (None, []):
        yield keys, value


def settings_table(found: Iterable[Applied]) -> Table:
    """One line a threshold."""
    table = Table(box=None, pad_edge=False)
    for title in ("detector", "threshold", "value", "from"):
        table.add_column(title, overflow="fold")
    for each in found:
        style = "dim" if each.place == "default" else ""
        value = "off" if each.threshold is None else str(each.value)
        table.add_row(each.detector, each.threshold or "", value, plain_text(each.place), style=style)
    return table


def difference_line(found: Difference) -> str:
    """A setting with both of its values and the places that set them."""
    before, after = (
        f"{value} ({place})" if value is not None else place
        for value, place in ((found.before, found.place_before), (found.after, found.place_after))
    )
    return f"{found.setting}: {before} → {after}"

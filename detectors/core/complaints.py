"""Says of a value what is wrong with it in the words of whoever wrote it, not in those of pydantic."""

from collections.abc import Mapping

_SHORT = {
    "missing": "is missing",
    "union_tag_not_found": "is missing",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "path_type": "write a path",
}
_LISTS = ("tuple_type", "list_type", "set_type", "frozen_set_type")
_GROUPS = ("dict_type", "model_type", "model_attributes_type", "dataclass_type", "mapping_type")


def complaint(error: Mapping[str, object]) -> str:
    """What is wrong with a value, by pydantic's details of the error; where they have the input, it is shown."""
    kind, given = str(error["type"]), error.get("input")
    plain = given if isinstance(given, str | int | float) and not isinstance(given, bool) else None
    if kind in _SHORT:
        return _SHORT[kind]
    if kind in _LISTS:
        return "write a list" if plain is None else f"write a list: [{plain}]"
    if kind in _GROUPS:
        return "write names under it, each with its value, like name: value"
    if kind == "string_type":
        return "write text" if plain is None else f"write it as text, in quotes: '{plain}'"
    if kind.startswith("datetime_"):
        return "write it like 2026-03-02T09:15:00+01:00"
    if kind.startswith("date_"):
        return "write it like 2026-01-01"
    return str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")

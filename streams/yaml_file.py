"""Reads YAML that people write: safely, refused whole, every problem with its line."""

from dataclasses import dataclass
from pathlib import Path

import yaml

MAX_BYTES = 1024 * 1024
NOT_UTF8 = "is not written in UTF-8; save it as UTF-8"
Keys = tuple[str | int, ...]


class YamlFileError(ValueError):
    """A file that cannot be used; one problem a line, each with its place in the file."""


@dataclass(frozen=True)
class YamlFile:
    """What a file holds, and where in it each thing stands."""

    path: Path
    content: object
    node: yaml.Node | None

    def place(self, keys: Keys) -> str:
        """Where the deepest part of a path of keys stands that the file has."""
        return f"{self.path}:{_line(self.node, keys)}"

    def problem(self, keys: Keys, text: str) -> str:
        """One problem as it is told."""
        return f"{self.place(keys)}: {_dotted(keys)}{text}"


def read(path: Path) -> YamlFile:
    """Read a file; `YamlFileError` if it cannot be read, or holds what could mislead its reader."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise YamlFileError(f"{path}: more than {MAX_BYTES:,} bytes")
        if raw[:2].count(0) == 1:
            # UTF-16 without a mark
            raise YamlFileError(f"{path}: {NOT_UTF8}")
        loader = yaml.SafeLoader(raw.decode("utf-8-sig"))
        node = loader.get_single_node()
        if node is not None:
            _refuse_traps(loader, node, set())
        return YamlFile(path, loader.construct_document(node) if node is not None else None, node)
    except OSError as error:
        raise YamlFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise YamlFileError(f"{path}: {NOT_UTF8}") from None
    except RecursionError:
        raise YamlFileError(f"{path}: nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        text = str(getattr(error, "problem", None) or error).partition("\n")[0]
        raise YamlFileError(f"{place}: {text}") from None


def _refuse_traps(loader: yaml.SafeLoader, node: yaml.Node, seen: set[int]) -> None:
    # an alias can blow a small file up to gigabytes; of a repeated key, YAML silently takes the last
    if id(node) in seen:
        raise yaml.MarkedYAMLError(problem="aliases are not taken", problem_mark=node.start_mark)
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a name must be plain text", problem_mark=key.start_mark)
            if key.value in names:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands here twice", problem_mark=key.start_mark)
            names.add(key.value)
            _refuse_traps(loader, value, seen)
            _refuse_traps(loader, key, seen)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _refuse_traps(loader, each, seen)
    else:
        try:
            loader.construct_object(node)
        except (ArithmeticError, AttributeError, LookupError, ValueError) as error:
            # PyYAML lets out whatever reading a date like 2026-13-45 raises
            problem = f"{node.value[:40]!r} is not what it looks like: {error}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from None


def _dotted(place: Keys) -> str:
    return ".".join(str(part) for part in place) + ": " if place else ""


def _line(node: yaml.Node | None, place: Keys) -> int:
    """The line of the deepest part of a path of keys that the file has."""
    line = node.start_mark.line + 1 if node else 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            # addresses are told in the form in which they are compared
            name = str(part).casefold()
            found = next(((key, value) for key, value in node.value if key.value.casefold() == name), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line

"""Reads a rules file: YAML, refused whole with every problem named by its line."""

from dataclasses import dataclass
from pathlib import Path

from detectors.core.rules import Rules, RulesError

from . import yaml_file
from .yaml_file import Keys, YamlFile, YamlFileError


class RulesFileError(ValueError):
    """A rules file that cannot be used; one problem a line, each with its place in the file."""


@dataclass(frozen=True)
class Written:
    """Rules with the file that they were read from; without one, the defaults of the code."""

    rules: Rules
    file: YamlFile | None = None

    def place(self, keys: Keys | None) -> str:
        """Where in the file a setting stands; `default` where the file does not set it."""
        return "default" if keys is None or self.file is None else self.file.place(keys)


def read(path: Path | None) -> Rules:
    """The rules in a file; the defaults of the code where no file is given."""
    return load(path).rules


def load(path: Path | None) -> Written:
    """The same, with the places of all settings."""
    if path is None:
        return Written(Rules())
    try:
        file = yaml_file.read(path)
    except YamlFileError as error:
        raise RulesFileError(str(error)) from None
    try:
        return Written(Rules.of(file.content), file)
    except RulesError as error:
        raise RulesFileError("\n".join(file.problem(place, text) for place, text in error.problems)) from None

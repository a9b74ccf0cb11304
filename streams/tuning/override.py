"""Writes thresholds into a rules file: comments and order stay, and a broken file, or half of one, is never there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import unified_diff
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from detectors.core.durations import say_duration

from .. import rules_file
from ..rules_file import RulesFileError
from ..rules_view import differences

_PROMISED = (
    "\nWhat `stallwatch tune` promised of them, on deals that it did not choose by: held against what comes true."
)
# how people indent what stands under a name, and lists
_INDENTS = ((2, 4, 2), (2, 2, 0), (4, 4, 2), (4, 6, 4), (4, 4, 0))


@dataclass(frozen=True)
class Change:
    """Thresholds of a detector: for all deals, or for those of `when`; and what a backtest promises of it.

    Of the promise a None is left out; `history` says on what it was measured.
    """

    detector: str
    values: Mapping[str, Any]
    when: Mapping[str, Any] | None
    promise: Mapping[str, float | date | None]
    history: str


@dataclass(frozen=True)
class Draft:
    """A rules file as it would be, which is good."""

    path: Path
    before: bytes | None
    after: bytes

    @property
    def diff(self) -> str:
        """What changes, as patches show it; empty if nothing does."""
        before, after = (_text(each).splitlines(keepends=True) for each in (self.before or b"", self.after))
        return "".join(unified_diff(before, after, str(self.path), str(self.path)))

    def save(self) -> None:
        """Put it in place, all at once; `RulesFileError` where somebody has changed the file meanwhile."""
        if _read(self.path) != self.before:
            raise RulesFileError(f"{self.path}: somebody has changed it meanwhile; nothing was written")
        # a link goes on pointing at the file
        place = Path(os.path.realpath(self.path))
        try:
            beside = _beside(place, self.after)
            if self.before is not None:
                shutil.copymode(place, beside)
            beside.replace(place)
        except OSError as error:
            raise RulesFileError(f"{self.path}: {error.strerror}") from None


def draft(path: Path, change: Change) -> Draft:
    """A rules file with a change, where there is none yet a new one; `RulesFileError` if either would not be good."""
    before = _read(path)
    if before is not None:
        rules_file.load(path)
    marked = b"\xef\xbb\xbf" if (before or b"").startswith(b"\xef\xbb\xbf") else b""
    text = _edited(_text(before or b""), change, path)
    if b"\r\n" in (before or b""):
        text = text.replace("\n", "\r\n")
    made = Draft(path, before, marked + text.encode())
    _check(made, change)
    return made


def _check(made: Draft, change: Change) -> None:
    """By the code of `rules check`; and what changes is what is meant, and nothing else."""
    try:
        beside = _beside(Path(os.path.realpath(made.path)), made.after)
    except OSError as error:
        raise RulesFileError(f"{made.path}: {error.strerror}") from None
    try:
        after = rules_file.load(beside)
    except RulesFileError as error:
        raise RulesFileError(str(error).replace(str(beside), str(made.path))) from None
    finally:
        beside.unlink()
    before = rules_file.load(made.path if made.before is not None else None)
    meant = (f"detectors.{change.detector}.", "overrides.", f"promised.{change.detector}.")
    other = [each.setting for each in differences(before, after) if not each.setting.startswith(meant)]
    if other:
        raise RulesFileError(f"{made.path}: it cannot be written without changing {', '.join(other)}")


def _edited(text: str, change: Change, path: Path) -> str:
    yaml, content = _loaded(text, path)
    if content is None:
        content, kept = CommentedMap(), text if not text or text.endswith("\n") else f"{text}\n"
    else:
        kept = ""
    values = CommentedMap({name: _plain(value) for name, value in change.values.items()})
    if change.when:
        _override(content, change, values)
    else:
        _put(_section(content, "detectors"), change.detector, values)
    promise = {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in change.promise.items()
        if value is not None
    }
    is_first = "promised" not in content
    promised = _section(content, "promised")
    promised[change.detector] = _on_one_line(promise)
    promised.yaml_add_eol_comment(change.history, key=change.detector, column=0)
    if is_first:
        content.yaml_set_comment_before_after_key("promised", before=_PROMISED)
    return kept + _dumped(yaml, content)


def _override(content: CommentedMap, change: Change, values: CommentedMap) -> None:
    """In the override that is for the same deals, unless a later one sets the detector too; else in a new one."""
    if content.get("overrides") is None:
        content["overrides"] = CommentedSeq()
    overrides = content["overrides"]
    for override in reversed(overrides):
        if dict(override.get("when") or {}) == change.when:
            if change.detector not in (override.get("disable") or ()):
                _put(_section(override, "detectors"), change.detector, values)
                return
            break
        if change.detector in (override.get("detectors") or {}) or change.detector in (override.get("disable") or ()):
            break
    detectors = CommentedMap({change.detector: _on_one_line(values)})
    overrides.append(CommentedMap({"when": _on_one_line(change.when or {}), "detectors": detectors}))


def _put(detectors: CommentedMap, name: str, values: CommentedMap) -> None:
    if detectors.get(name) is None:
        detectors[name] = _on_one_line(values)
    else:
        detectors[name].update(values)


def _section(content: CommentedMap, name: str) -> CommentedMap:
    if content.get(name) is None:
        content[name] = CommentedMap()
    section = content[name]
    assert isinstance(section, CommentedMap)  # the file was checked
    return section


def _on_one_line(values: Mapping[str, Any]) -> CommentedMap:
    found = CommentedMap(values)
    found.fa.set_flow_style()
    return found


def _plain(value: Any) -> Any:
    return say_duration(value) if isinstance(value, timedelta) else value


def _loaded(text: str, path: Path) -> tuple[YAML, CommentedMap | None]:
    """What the file holds, and a writer that indents as it does."""
    tried: list[tuple[int, int, YAML]] = []
    try:
        for yaml in _writers():
            content = yaml.load(text)
            unlike = sum(1 for _ in unified_diff(text.splitlines(), _dumped(yaml, content).splitlines(), n=0))
            tried.append((unlike, len(tried), yaml))
    except YAMLError as error:
        raise RulesFileError(f"{path}: {error}") from None
    yaml = min(tried)[2]
    return yaml, yaml.load(text)


def _writers() -> Iterator[YAML]:
    for mapping, sequence, offset in _INDENTS:
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 1_000_000  # nothing is broken into lines anew
        yaml.indent(mapping=mapping, sequence=sequence, offset=offset)
        yield yaml


def _dumped(yaml: YAML, content: CommentedMap | None) -> str:
    out = StringIO()
    if content is not None:
        yaml.dump(content, out)
    return out.getvalue()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8-sig").replace("\r\n", "\n")


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RulesFileError(f"{path}: {error.strerror}") from None


def _beside(path: Path, raw: bytes) -> Path:
    """A new file in the same folder, safe on the disk."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".new", delete=False) as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    return Path(file.name)

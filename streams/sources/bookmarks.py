"""How far each source has been read: a small file a connection, replaced only when Kafka has what it says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from filelock import FileLock, Timeout


class BookmarkError(RuntimeError):
    """A bookmark that cannot be read or kept, named by its file."""


class Bookmarks:
    """The bookmarks in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise BookmarkError(f"{folder}: a file, and no folder for bookmarks") from None
        except OSError as error:
            raise BookmarkError(f"{folder}: {error.strerror}") from None

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Keep other processes from this bookmark meanwhile; `BookmarkError` if one has it already."""
        lock = FileLock(self._path(name).with_suffix(".lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BookmarkError(f"{name}: another process polls it, and keeps its bookmark in {self._folder}") from None
        except OSError as error:
            raise BookmarkError(f"{lock.lock_file}: {error.strerror}") from None
        try:
            yield
        finally:
            lock.release()

    def of(self, name: str) -> dict[str, Any]:
        """Where to go on in a source; {} where nothing has been read yet."""
        path = self._path(name)
        try:
            kept = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise BookmarkError(f"{path}: {error}; delete it to read this source from its beginning") from None
        if not isinstance(kept, dict):
            raise BookmarkError(f"{path} holds no bookmark; delete it to read this source from its beginning")
        return kept

    def keep(self, name: str, bookmark: Any) -> None:
        """Keep where to go on; whole or not at all."""
        path = self._path(name)
        draft = path.with_suffix(".new")
        try:
            with draft.open("wb") as file:
                file.write(orjson.dumps(bookmark))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise BookmarkError(f"{path}: {error.strerror}") from None

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.json"

"""Objects in a folder: the key is the path below it."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longtake.errors import TransientError, UserError
from longtake.lake.objects import ObjectChanged, ObjectInfo

_UNFINISHED = ".unfinished"
"""Where files are written before they get their name; what a killed writer leaves here belongs to nobody."""


class FolderStore:
    """A folder on this machine. Writing is by hard link (first writer wins) or by rename (overwrite), never in place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = folder.as_uri()

    def check(self, *, writable: bool) -> None:
        if writable:
            with _translated(self.folder, "written"):
                (self.folder / _UNFINISHED).mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise UserError(f"the folder {self.folder} can't be written by this user; give another or its rights")
        elif not self.folder.is_dir():
            raise UserError(f"there is no folder {self.folder}; check the path, or make it and put the videos there")

    def walk(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for path in _files(self.folder):
            key = path.relative_to(self.folder).as_posix()
            if key.startswith(prefix):
                stat = path.stat()
                yield ObjectInfo(key, stat.st_size, _etag(stat))

    def read(self, key: str) -> bytes:
        with _translated(self.folder, "read"), _present(key):
            return self._path(key).read_bytes()

    def fetch(self, key: str, path: Path, *, etag: str | None = None) -> None:
        source = self._path(key)
        with _translated(self.folder, "read"), _present(key):
            before = _etag(source.stat())
            shutil.copyfile(source, path)
            after = _etag(source.stat())
        if before != after or (etag is not None and etag != after):
            raise ObjectChanged(key)

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> bool:
        with _translated(self.folder, "written"):
            unfinished = self._unfinished()
            unfinished.write_bytes(data)
            return self._name(unfinished, key, overwrite=overwrite)

    def upload(self, key: str, path: Path) -> bool:
        with _translated(self.folder, "written"):
            unfinished = self._unfinished()
            shutil.copyfile(path, unfinished)
            return self._name(unfinished, key, overwrite=False)

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        if key.startswith("/") or ".." in key.split("/"):
            raise UserError(f"the key {key!r} leads out of {self.folder}; keys are relative and have no '..'")
        return self.folder / key

    def _unfinished(self) -> Path:
        (self.folder / _UNFINISHED).mkdir(parents=True, exist_ok=True)
        return self.folder / _UNFINISHED / uuid.uuid4().hex

    def _name(self, unfinished: Path, key: str, *, overwrite: bool) -> bool:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        if overwrite:
            unfinished.replace(target)
            return True
        try:
            os.link(unfinished, target)
        except FileExistsError:
            return False
        finally:
            unfinished.unlink()
        return True


def _files(folder: Path) -> Iterator[Path]:
    """Files below the folder in the order of their keys; hidden ones are left out, links to folders not followed."""

    def place(path: Path) -> str:
        return f"{path.name}/" if path.is_dir() else path.name

    for path in sorted(folder.iterdir(), key=place):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        elif path.is_file():
            yield path


def _etag(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


@contextmanager
def _present(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError):
        raise ObjectChanged(key) from None


@contextmanager
def _translated(folder: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError, NotADirectoryError, FileExistsError) as error:
        raise UserError(
            f"the folder {folder} can't be {verb}: {error.strerror}; check the path and its rights"
        ) from None
    except OSError as error:
        raise TransientError(f"the folder {folder} can't be {verb} now: {error.strerror}") from None

"""Objects in a folder: the key is the path below it."""

import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from longtake.errors import TransientError, UserError
from longtake.lake.faults import FOLDER_ERRNOS
from longtake.lake.objects import ObjectChanged, ObjectInfo

_UNFINISHED = ".unfinished"
"""Where files are written before they get their name; what a killed writer leaves here belongs to nobody."""

log = logging.getLogger(__name__)


class FolderStore:
    """A folder on this machine. Writing is by hard link (first writer wins) or by rename (overwrite), never in place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.uri = folder.as_uri()

    def check(self, *, writable: bool) -> None:
        if writable:
            with self._translated("written"):
                (self.folder / _UNFINISHED).mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise UserError(f"the folder {self.folder} can't be written by this user; give another or its rights")
        elif not self.folder.is_dir():
            if self.folder.exists():
                raise UserError(f"{self.folder} is a file; give the folder that it lies in")
            raise UserError(
                f"there is no folder {self.folder}, so neither videos nor a lake are there; check the path, or make it for videos"
            )

    def walk(self, prefix: str = "") -> Iterator[ObjectInfo]:
        with self._translated("listed"):
            for path in _files(self._path(prefix.rpartition("/")[0])):
                key = path.relative_to(self.folder).as_posix()
                try:
                    stat = path.stat()
                except FileNotFoundError:  # removed while it was being listed
                    continue
                if key.startswith(prefix):
                    yield ObjectInfo(key, stat.st_size, _etag(stat), stat.st_mtime)

    def read(self, key: str) -> bytes:
        with self._opened(key) as file:
            return file.read()

    def fetch(self, key: str, path: Path, *, etag: str | None = None) -> None:
        with self._opened(key) as source, path.open("wb") as target:
            before = _etag(os.fstat(source.fileno()))
            shutil.copyfileobj(source, target, 1 << 20)
            after = _etag(os.fstat(source.fileno()))
        if before != after or (etag is not None and etag != after):
            raise ObjectChanged(key)

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> bool:
        return self._write(key, lambda file: file.write(data), overwrite=overwrite)

    def upload(self, key: str, path: Path) -> bool:
        with path.open("rb") as source:
            return self._write(key, lambda file: shutil.copyfileobj(source, file, 1 << 20), overwrite=False)

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        with self._translated("written"), suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def table_options(self) -> dict[str, str]:
        return {}

    def _path(self, key: str) -> Path:
        if key.startswith("/") or ".." in key.split("/"):
            raise UserError(f"the key {key!r} leads out of {self.folder}; keys are relative and have no '..'")
        return self.folder / key

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        with self._translated("read"):
            try:
                file = self._path(key).open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                raise ObjectChanged(key) from None
        with file:
            yield file

    def _write(self, key: str, fill: Callable[[BinaryIO], object], *, overwrite: bool) -> bool:
        """Fills a file that has no name yet, and names it when all of it is on the disk."""
        target = self._path(key)
        unfinished = self.folder / _UNFINISHED / uuid.uuid4().hex
        with self._translated("written"):
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    fill(file)
                    file.flush()
                    os.fsync(file.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                return _name(unfinished, target, overwrite=overwrite)
            finally:
                unfinished.unlink(missing_ok=True)

    @contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in FOLDER_ERRNOS:
                sentence = f"the folder {self.folder} can't be {verb}: {error.strerror}; check the path and its rights"
                raise UserError(sentence) from None
            raise TransientError(f"the folder {self.folder} can't be {verb} now: {error.strerror}") from None


def _name(unfinished: Path, target: Path, *, overwrite: bool) -> bool:
    """Gives the file its name; False if another has it and keeps it."""
    if overwrite:
        unfinished.replace(target)
        return True
    try:
        os.link(unfinished, target)
    except FileExistsError:
        return False
    return True


def _files(folder: Path) -> Iterator[Path]:
    """Files below the folder in the order of their keys; hidden ones are left out, links to folders not followed."""

    def place(path: Path) -> str:
        return f"{path.name}/" if path.is_dir() else path.name

    for path in sorted(folder.iterdir() if folder.is_dir() else (), key=place):
        if path.name.startswith("."):
            continue
        if not _is_text(path.name):
            log.warning("left out: the name is no UTF-8", extra={"path": os.fsencode(path).decode(errors="replace")})
        elif path.is_dir() and not path.is_symlink():
            yield from _files(path)
        elif path.is_file():
            yield path


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _etag(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"

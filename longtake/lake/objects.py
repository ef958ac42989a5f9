"""Objects in a store, chosen by the scheme of its URI: `s3://bucket/prefix`, `file:///folder`, or a plain path.

Keys are relative to the store's URI and use "/". Everything that longtake keeps as objects (clips, posters) is
immutable and named by a digest, so `put` and `upload` are conditional: the first writer wins, later ones learn that
the object is there and go on.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from longtake.errors import UserError


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as a listing shows it."""

    key: str
    bytes: int
    etag: str
    """Changes whenever the content is written again."""


class ObjectChanged(Exception):
    """The object is gone, or no longer has the etag that was asked for."""


class Store(Protocol):
    """A place for objects. Every method raises UserError or TransientError with one sentence, nothing else."""

    uri: str

    def check(self, *, writable: bool) -> None:
        """Raises unless the place can be reached with these credentials; makes a folder that is to be written."""

    def walk(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """All objects below the prefix, in the order of their keys, a page at a time."""

    def read(self, key: str) -> bytes:
        """The object's content. Raises ObjectChanged where there is none."""

    def fetch(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copies the object to a local file. Raises ObjectChanged if it is gone or has another etag."""

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> bool:
        """Writes the object whole or not at all; False if it was there already and `overwrite` is off."""

    def upload(self, key: str, path: Path) -> bool:
        """`put` of a local file of any size."""

    def exists(self, key: str) -> bool: ...


def open_store(uri: str) -> Store:
    """The store at this URI; nothing is contacted yet."""
    kind, place = split_uri(uri)
    if kind == "s3":
        from longtake.lake.s3 import S3Store

        bucket, _, prefix = place.partition("/")
        return S3Store(bucket, prefix.strip("/"))
    from longtake.lake.folder import FolderStore

    return FolderStore(Path(place))


def split_uri(uri: str) -> tuple[str, str]:
    """("s3", "bucket/prefix") or ("file", absolute path). Raises UserError for anything else."""
    expected = "expected s3://bucket/prefix, file:///folder or a folder's path"
    if not uri.strip():
        raise UserError(f"an empty URI was given; {expected}")
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]", parts.netloc) or parts.query or parts.fragment:
            raise UserError(f"{uri!r} names no bucket (3 to 63 lower-case letters, digits, dots, dashes); {expected}")
        return "s3", f"{parts.netloc}{parts.path}".rstrip("/")
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise UserError(f"{uri!r} is no absolute file URI; {expected}")
        return "file", str(Path(unquote(parts.path)))
    if "://" in uri:
        raise UserError(f"{uri!r} has the unknown scheme {parts.scheme!r}; {expected}")
    return "file", os.path.abspath(Path(uri).expanduser())  # noqa: PTH100 (".." goes, links stay)


def join_uri(uri: str, key: str) -> str:
    """The URI of a key below a store's URI."""
    return f"{uri.rstrip('/')}/{key}"

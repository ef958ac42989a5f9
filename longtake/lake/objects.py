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
from urllib.parse import unquote

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
    """A place for objects. Every method raises UserError or TransientError with one sentence where the place is at fault,
    and the system's own OSError where the local file of `fetch` or `upload` is."""

    uri: str

    def check(self, *, writable: bool) -> None:
        """Raises unless the place can be reached with these credentials; makes a folder that is to be written."""

    def walk(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """All objects whose keys begin so, a page at a time, hidden ones left out; the order is the server's own."""

    def read(self, key: str) -> bytes:
        """The object's content. Raises ObjectChanged where there is none."""

    def fetch(self, key: str, path: Path, *, etag: str | None = None) -> None:
        """Copies the object to a local file. Raises ObjectChanged if it is gone or has another etag."""

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> bool:
        """Writes the object whole or not at all; False if it was there already and `overwrite` is off."""

    def upload(self, key: str, path: Path) -> bool:
        """`put` of a local file of any size."""

    def exists(self, key: str) -> bool: ...

    def table_options(self) -> dict[str, str]:
        """What the Delta library needs to reach this place with the same credentials, as they are now."""


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
    if any(ord(char) < 32 or ord(char) == 127 for char in uri):
        raise UserError(f"{uri!r} holds a control character; {expected}")
    scheme, colon, rest = uri.partition(":")
    if colon and scheme == "s3":
        bucket, _, prefix = rest.removeprefix("//").partition("/")
        if not rest.startswith("//") or not re.fullmatch(r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]", bucket):
            raise UserError(f"{uri!r} names no bucket (3 to 63 lower-case letters, digits, dots, dashes); {expected}")
        return "s3", f"{bucket}/{prefix}".rstrip("/")
    if colon and scheme == "file":
        host, slash, path = rest.removeprefix("//").partition("/")
        if not rest.startswith("/") or not slash or host not in ("", "localhost") or re.search("[?#]", path):
            raise UserError(f"{uri!r} is no absolute file URI; {expected}")
        return "file", str(Path(f"/{unquote(path)}"))
    if "://" in uri:
        raise UserError(f"{uri!r} has the unknown scheme {scheme!r}; {expected}")
    try:
        return "file", os.path.abspath(Path(uri).expanduser())  # noqa: PTH100 (".." goes, links stay)
    except RuntimeError:
        raise UserError(f"{uri!r} begins with a user who is not known here; {expected}") from None


def join_uri(uri: str, key: str) -> str:
    """The URI of a key below a store's URI."""
    return f"{uri.rstrip('/')}/{key}"


def is_hidden(key: str) -> bool:
    """Whether a part of the key begins with a dot: no footage, and nothing that longtake made for others to see."""
    return key.startswith(".") or "/." in key

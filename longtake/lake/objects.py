"""What a store of objects is, whatever kind of place it lies in.

Keys are relative to the store's URI and use "/". Everything that longtake keeps as objects (clips, posters) is
immutable and named by a digest, so `put` and `upload` are conditional: the first writer wins, later ones learn that
the object is there and go on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as a listing shows it."""

    key: str
    bytes: int
    etag: str
    """Changes whenever the content is written again."""
    written_s: float = 0.0
    """Seconds since the epoch."""


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

    def delete(self, key: str) -> None:
        """Removes the object; nothing happens where there is none."""

    def table_options(self) -> dict[str, str]:
        """What the Delta library needs to reach this place with the same credentials, as they are now."""


def is_hidden(key: str) -> bool:
    """Whether a part of the key begins with a dot: no footage, and nothing that longtake made for others to see."""
    return key.startswith(".") or "/." in key

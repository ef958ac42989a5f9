"""What every worker does around a look at a clip: its file in a scratch folder, how long it took, and whether it was gone."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from longtake.lake import Lake, ObjectChanged, Store
from longtake.records import Clip

Found = TypeVar("Found")
Locate = Callable[[Any, Path], Path]
"""The file of an input, which may be put into the folder that it is given. Raises ObjectChanged for one that is gone."""


@dataclass(frozen=True)
class ClipFiles:
    """Puts the files of a lake's clips into folders; it travels to a worker, and reaches the lake from there."""

    data_root: str

    @cached_property
    def _objects(self) -> Store:
        return Lake(self.data_root).objects

    def __call__(self, clip: Clip, scratch: Path) -> Path:
        assert clip.uri, "a clip that is kept has a file"
        self._objects.fetch(clip.uri, scratch / "clip.mp4")
        return scratch / "clip.mp4"


def plain_file(path: Path, scratch: Path) -> Path:
    """A file of this machine is where it is."""
    return path


@dataclass(frozen=True, eq=False)
class Visit(Generic[Found]):
    """One input, looked at."""

    found: Found | None
    """None: it was removed since its row was written."""
    seconds: float
    read_bytes: int


def visit(locate: Locate, given: Any, look: Callable[[Path], Found]) -> Visit[Found]:
    """Looks at the file of what is given; the scratch folder goes with it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
        try:
            path = locate(given, Path(scratch))
        except ObjectChanged:
            return Visit(None, time.monotonic() - began, 0)
        size = path.stat().st_size
        found = look(path)
    return Visit(found, time.monotonic() - began, size)

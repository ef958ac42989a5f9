"""Videos that stories are read from: where each lies, and the copies of them on this machine."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from longtake.errors import UserError
from longtake.lake import ObjectInfo, Store, open_store
from longtake.records import Video, digest
from longtake.stages.config import ListingConfig
from longtake.stages.cutting import fetch_video

log = logging.getLogger(__name__)


class Footage(Protocol):
    """Videos by their names."""

    def __contains__(self, video: object) -> bool: ...

    def fetch(self, video: str, path: Path) -> None:
        """Copies the video to a local file. Raises ObjectChanged for one that is gone."""


@dataclass(frozen=True)
class LakeFootage:
    """Raw videos that a lake has listed, by their ids."""

    store: Store
    videos: Mapping[str, Video]

    def __contains__(self, video: object) -> bool:
        return video in self.videos

    def fetch(self, video: str, path: Path) -> None:
        fetch_video(self.store, self.videos[video], path)


@dataclass(frozen=True)
class NamedFootage:
    """Files that are named by their videos."""

    store: Store
    files: Mapping[str, ObjectInfo]

    @classmethod
    def at(cls, place: str) -> "NamedFootage":
        """All videos below the place; `v_` before a name says nothing. Raises UserError for a place that can't be reached."""
        store, suffixes = open_store(place), ListingConfig().suffixes
        store.check(writable=False)
        files = {}
        for item in store.walk():
            name = PurePosixPath(item.key)
            if name.suffix.lower() in suffixes:
                files[name.stem.removeprefix("v_")] = item
        return cls(store, files)

    def __contains__(self, video: object) -> bool:
        return isinstance(video, str) and video.removeprefix("v_") in self.files

    def fetch(self, video: str, path: Path) -> None:
        item = self.files[video.removeprefix("v_")]
        self.store.fetch(item.key, path, etag=item.etag)


@dataclass
class _Copy:
    path: Path
    lock: threading.Lock = field(default_factory=threading.Lock)
    bytes: int = 0
    """0 until it is here."""
    users: int = 0


class VideoShelf:
    """Copies of videos in a folder of its own; above `cache_bytes` those go that were used the longest ago. For many threads."""

    def __init__(self, footage: Footage, folder: Path, cache_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._footage, self._folder, self._cache_bytes = footage, folder, cache_bytes
        self._copies: OrderedDict[str, _Copy] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def copy(self, video: str) -> Iterator[Path]:
        """The video as a file, which stays while the block runs. Raises ObjectChanged for one that is gone."""
        with self._lock:
            copy = self._copies.setdefault(video, _Copy(self._folder / digest(video, chars=16)))
            self._copies.move_to_end(video)
            copy.users += 1
        try:
            with copy.lock:
                if not copy.bytes:
                    self._footage.fetch(video, copy.path)
                    copy.bytes = copy.path.stat().st_size
            yield copy.path
        finally:
            with self._lock:
                copy.users -= 1
                self._make_room()

    def _make_room(self) -> None:
        excess = sum(copy.bytes for copy in self._copies.values()) - self._cache_bytes
        for video, copy in list(self._copies.items()):
            if excess > 0 and not copy.users:
                excess -= copy.bytes
                del self._copies[video]
                copy.path.unlink(missing_ok=True)


def fetch_tree(place: str, folder: Path) -> Path:
    """The file or folder at the place, where a reader can open it: s3:// is copied into `folder`. Raises UserError where nothing is."""
    if not place.startswith("s3://"):
        path = Path(place.removeprefix("file://")).expanduser()
        if not path.exists():
            raise UserError(f"there is nothing at {place}; expected a file or a folder of annotations")
        return path
    parent, _, name = place.rstrip("/").rpartition("/")
    store, target = open_store(parent), folder / digest(place, chars=16)
    found = [item for item in store.walk(name) if item.key == name or item.key.startswith(f"{name}/")]
    for item in found:
        if item.key.endswith((".json", ".jsonl")):
            path = target / item.key
            path.parent.mkdir(parents=True, exist_ok=True)
            store.fetch(item.key, path, etag=item.etag)
    if not (target / name).exists():
        raise UserError(f"there is nothing at {place}; expected a file or a folder of annotations (.json, .jsonl)")
    return target / name

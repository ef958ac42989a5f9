"""Shards on this machine: fetched when they are wanted, checked, removed when there is no room and no need."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from longtake.dit.order import Place
from longtake.errors import TransientError, UserError
from longtake.latents.sample import EncodedSample
from longtake.latents.shards import DamagedShard, ShardFile

FETCHERS = 4
"""Shards that are fetched at once."""
FETCHES = 2
"""How often a shard that is missing or damaged is fetched before that is believed."""
WAITS_S = (1.0, 4.0, 15.0, 60.0)
"""Between attempts where a fetch fails of what may pass."""
UNFINISHED = ".unfinished"

Fetch = Callable[[str, Path], None]
"""Copies the shard of this key to a local file. Raises MissingShard where there is none, TransientError for what may pass."""

log = logging.getLogger(__name__)


class MissingShard(Exception):
    """The store has no object of this key."""


@dataclass(eq=False)
class _Copy:
    """A shard in the folder, or on its way there."""

    path: Path
    bytes: int = 0
    """0 until it is here."""
    file: Future[ShardFile] | None = None
    """None: it lay here before anyone wanted it."""
    needed: int = 0
    """How many batches that are planned read it."""
    fresh: bool = False
    """Of the batches that read it none was handed out yet."""

    @property
    def failed(self) -> bool:
        file = self.file
        return file is not None and file.done() and (file.cancelled() or file.exception() is not None)


class Shelf:
    """The copies in `folder`, which is this shelf's own; those that another one left there are used again.

    One thread calls it, and never waits for a disk. Above `cache_bytes`, what no planned batch needs is removed. `keys`: all shards
    that may be wanted.
    """

    def __init__(self, fetch: Fetch, folder: Path, cache_bytes: int, keys: Iterable[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob(f"*{UNFINISHED}"):
            unfinished.unlink()
        self._fetch, self._folder, self._cache_bytes = fetch, folder, cache_bytes
        self._closing, self._going = threading.Event(), dict[str, Future[None]]()
        self._fetching = ThreadPoolExecutor(FETCHERS, "fetch")
        self._keys = frozenset(keys)
        found = {key: path for key in sorted(self._keys) if (path := self._path(key)).exists()}
        self._copies = {key: _Copy(path, path.stat().st_size) for key, path in found.items()}
        """The least recently needed first."""

    def close(self) -> None:
        """Ends the threads; what is here stays."""
        self._closing.set()
        self._fetching.shutdown(cancel_futures=True)

    @property
    def fresh(self) -> int:
        """Shards that were wanted, and are here or on their way, but that no released batch has read yet."""
        return sum(copy.fresh for copy in self._copies.values())

    @property
    def has_all(self) -> bool:
        """Whether there is nothing left to fetch: all shards are here or on their way."""
        return len(self._copies) == len(self._keys)

    @property
    def has_some(self) -> bool:
        """Whether one is here: before that nobody knows how large they are."""
        return any(copy.bytes for copy in self._copies.values())

    def make_room(self, keys: Iterable[str]) -> bool:
        """Removes what is not needed as far as these need the room; whether they fit then. What is here already does.

        A shard is taken to be as large as the largest that is here; before there is one, as many fit as are fetched at once.
        """
        wanted = set(keys)
        if not (new := len(wanted - self._copies.keys())):
            return True
        if not (largest := max((copy.bytes for copy in self._copies.values()), default=0)):
            return len(self._copies) + new <= FETCHERS
        excess = sum(copy.bytes or largest for copy in self._copies.values()) + new * largest - self._cache_bytes
        for key, copy in list(self._copies.items()):
            if excess > 0 and copy.bytes and not copy.needed and key not in wanted:
                excess -= copy.bytes
                del self._copies[key]
                self._going[key] = self._fetching.submit(_remove, copy)
        return excess <= 0

    def want(self, keys: Sequence[str]) -> dict[str, Future[ShardFile]]:
        """One more batch needs these: what is not here is fetched, the first first. The futures raise UserError or TransientError."""
        files = {}
        for key in keys:
            copy = self._copies.get(key)
            if copy is None or (copy.failed and not copy.needed):  # it failed after its batch was given up
                copy = self._copies[key] = _Copy(self._path(key), fresh=True)
            copy.needed += 1
            if copy.file is None:
                copy.file = self._fetching.submit(self._bring, key, copy, self._going.pop(key, None))
            files[key] = copy.file
        return files

    def release(self, keys: Sequence[str]) -> None:
        """A batch that needed these has been read, or is given up. What could not be had may be wanted again when nobody needs it."""
        for key in keys:
            copy = self._copies.pop(key)
            copy.needed, copy.fresh = copy.needed - 1, False
            if copy.needed or not copy.failed:
                self._copies[key] = copy

    def _path(self, key: str) -> Path:
        return self._folder / key.replace("/", "-")

    def _bring(self, key: str, copy: _Copy, going: Future[None] | None) -> ShardFile:
        """Fetches the shard unless it is here, checks and opens it; after the copy before it has gone."""
        reason = ""
        if going:
            going.result()
        for _ in range(FETCHES):
            if reason:
                log.warning("a shard is fetched anew", extra={"shard": key, "reason": reason})
            try:
                if not copy.path.exists():
                    self._fetch_patiently(key, copy.path)
                file = ShardFile(copy.path)
                file.check()
            except MissingShard:
                reason = "the store has no such object"
            except DamagedShard as error:
                reason = str(error)
                copy.path.unlink()
            else:
                copy.bytes = copy.path.stat().st_size
                return file
        raise _lost(key, reason)

    def _fetch_patiently(self, key: str, path: Path) -> None:
        unfinished = path.with_name(path.name + UNFINISHED)
        try:
            for wait_s in (*WAITS_S, None):
                try:
                    self._fetch(key, unfinished)
                    unfinished.replace(path)
                    return
                except TransientError as error:
                    if wait_s is None:
                        raise
                    log.warning("a shard is fetched again in a while", extra={"shard": key, "reason": str(error)})
                    if self._closing.wait(wait_s):
                        raise
        finally:
            unfinished.unlink(missing_ok=True)


def _remove(copy: _Copy) -> None:
    """Unmaps the file before it is unlinked: the other way round its pages are freed by the unmapping, which holds up all threads."""
    copy.file = None
    copy.path.unlink(missing_ok=True)


def read_sample(file: ShardFile, place: Place) -> EncodedSample:
    """The sample as its place takes it. Raises UserError where the shard holds another one."""
    try:
        sample = file.read(place.index, None if place.video else 1)
    except DamagedShard as error:
        raise _lost(place.shard, str(error)) from None
    shape = tuple(sample.latents_Cthw.shape[1:])
    if (sample.sample_id, shape) != (place.sample_id, place.shape):
        said = f"the table has {place.sample_id} of {place.shape} latents there"
        raise _lost(place.shard, f"its sample {place.index} is {sample.sample_id} of {shape}, but {said}")
    return sample


def _lost(key: str, reason: str) -> UserError:
    return UserError(
        f"the shard {key} can't be used: {reason}; restore this object from a copy, or encode the dataset anew "
        "and train on those samples"
    )

"""A dataset's kept clips as WebDataset: tar shards with `<clip_id>.json` and `<clip_id>.mp4`, one folder a side of the split.

    export.json                     what is exported and how, written first
    train/clips-000000.tar          the same bytes whenever it is written
    train/clips-000000.tar.json     what is in it, written when it is whole
    index.json                      all shards with their digests, written last

A shard that is whole is not written again, so an export that was killed goes on where it was.
"""

import hashlib
import io
import json
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from longtake.datasets.members import Member
from longtake.datasets.naming import family_of
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, Store
from longtake.records import METRICS, Dataset, Split

FORMAT = 1
"""Raise it whenever the same clips would be written otherwise."""
FETCHES = 8
"""Clips that are on their way at once."""
PLAN, INDEX = "export.json", "index.json"


CAPTION = ("subject", "movement", "environment", "visual", "camera", "overall", "text", "captioner")
"""What of a caption stands beside a film."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """When a shard is full."""

    clips: int = 10_000
    """At most."""
    megabytes: int = 1_000
    """Of films and their JSON; the clip that passes it is the shard's last."""

    def __post_init__(self) -> None:
        if self.clips < 1 or self.megabytes < 1:
            raise UserError(
                f"shards of {self.clips} clips and {self.megabytes} MB are asked for; give at least 1 of each"
            )


@dataclass(kw_only=True)
class ShardFile:
    """One shard as its index has it."""

    key: str
    split: Split
    clips: list[str] = field(default_factory=list)
    """Ids, in order, those of `missing` too."""
    missing: list[str] = field(default_factory=list)
    """Clips whose film is no longer in the lake: they are left out."""
    bytes: int = 0
    """Of the tar."""
    sha256: str = ""


def export_clips(
    lake: Lake,
    dataset: Dataset,
    members: Iterable[Member],
    target: Store,
    *,
    sizes: Sizes | None = None,
    captions: str | None = None,
    advance: Callable[[int], None] = lambda clips: None,
) -> list[ShardFile]:
    """Writes the clips of `members` into the target, and gives the shards; memory and scratch hold a shard for each side.

    `captions` is what the members' captions are made by. `advance` hears of clips that are done. Raises UserError where
    another export lies in the target.
    """
    sizes = sizes or Sizes()
    plan = {"dataset": dataset.name, "format": FORMAT, **asdict(sizes)} | ({"captions": captions} if captions else {})
    _claim(target, plan)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="longtake-")))
        fetches = opened.enter_context(ThreadPoolExecutor(FETCHES))
        sides = {split: _Side(dataset, split, target, sizes, folder) for split in get_args(Split)}
        for side in sides.values():
            opened.callback(side.close)
        new = (member for member in members if not _was_done(sides[member.split], member, advance))
        for member, film in _fetched(lake, new, folder, fetches):
            sides[member.split].add(member, film)
            advance(1)
        shards = [shard for side in sides.values() for shard in side.finish()]
    index = plan | {"shards": [{**asdict(shard), "clips": len(shard.clips) - len(shard.missing)} for shard in shards]}
    target.put(INDEX, _json(index), overwrite=True)
    return shards


def _claim(target: Store, plan: dict[str, Any]) -> None:
    if target.put(PLAN, _json(plan)):
        return
    there = target.read(PLAN)
    if there != _json(plan):
        raise UserError(
            f"{target.uri} holds another export ({' '.join(there.decode(errors='replace').split()):.200}); "
            "give another place, or the same dataset and shard sizes to go on"
        )


def _was_done(side: "_Side", member: Member, advance: Callable[[int], None]) -> bool:
    done = side.skip(member.clip.clip_id)
    if done:
        advance(1)
    return done


class _Side:
    """The shards of one side of the split, one of them open."""

    def __init__(self, dataset: Dataset, split: Split, target: Store, sizes: Sizes, folder: Path) -> None:
        self._dataset, self._split, self._target, self._sizes = dataset, split, target, sizes
        self._path = folder / f"{split}.tar"
        self._tar: tarfile.TarFile | None = None
        self._filled = 0
        self._whole: list[ShardFile] = []
        self._shard = self._next()
        self._known: deque[str] = deque()
        self._resume()

    def skip(self, clip_id: str) -> bool:
        """Whether the clip is in a shard that an earlier attempt has written; asked in order, once for each clip."""
        if not self._known:
            return False
        if self._known.popleft() != clip_id:
            raise UserError(f"{self._target.uri} holds an export of other clips in {self._split}; give another place")
        return True

    def add(self, member: Member, film: Path | None) -> None:
        """The next clip; without a film it is noted as missing."""
        clip_id = member.clip.clip_id
        self._shard.clips.append(clip_id)
        if film is None:
            self._shard.missing.append(clip_id)
        else:
            if self._tar is None:
                self._tar = tarfile.open(self._path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
            said = _json(describe_member(self._dataset, member))
            self._filled += len(said) + film.stat().st_size
            self._tar.addfile(_entry(f"{clip_id}.json", len(said)), io.BytesIO(said))
            with film.open("rb") as file:
                self._tar.addfile(_entry(f"{clip_id}.mp4", film.stat().st_size), file)
            film.unlink()
        if len(self._shard.clips) >= self._sizes.clips or self._filled >= 1_000_000 * self._sizes.megabytes:
            self._write()

    def finish(self) -> list[ShardFile]:
        """Writes the last shard; all of them, in order."""
        if self._known:
            raise UserError(f"{self._target.uri} holds an export of more clips in {self._split}; give another place")
        if self._shard.clips:
            self._write()
        return self._whole

    def close(self) -> None:
        if self._tar is not None:
            self._tar.close()

    def _next(self) -> ShardFile:
        number = len(self._whole)
        return ShardFile(key=f"{self._split}/{family_of(self._dataset.name)}-{number:06}.tar", split=self._split)

    def _resume(self) -> None:
        """Finds the shards that are whole."""
        while True:
            try:
                found = ShardFile(**json.loads(self._target.read(f"{self._shard.key}.json")))
            except ObjectChanged:
                return
            self._whole.append(found)
            self._known.extend(found.clips)
            self._shard = self._next()

    def _write(self) -> None:
        if self._tar is None:  # every clip of it is missing
            self._tar = tarfile.open(self._path, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        self._tar.close()
        self._tar, self._filled = None, 0
        with self._path.open("rb") as file:
            self._shard.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._shard.bytes = self._path.stat().st_size
        self._target.upload(self._shard.key, self._path)
        self._target.put(f"{self._shard.key}.json", _json(asdict(self._shard)))
        self._path.unlink()
        self._whole.append(self._shard)
        self._shard = self._next()


def describe_member(dataset: Dataset, member: Member) -> dict[str, Any]:
    """What stands beside a film: where it comes from, and what was measured."""
    clip, score = member.clip, member.score
    told: dict[str, Any] = {}
    if caption := member.caption:
        told = {name: getattr(caption, name) for name in CAPTION}
    return {
        **told,
        "clip_id": clip.clip_id, "video_id": clip.video_id, "uris": member.video.uris, "start_s": clip.start_s,
        "end_s": clip.end_s, "frames": clip.frames, "fps": clip.fps, "width": clip.width, "height": clip.height,
        "begins_with": clip.begins_with, "ends_with": clip.ends_with, "dataset": dataset.name, "split": member.split,
        "scorer": score.scorer if score else None,
        "scores": {name: getattr(score, name) for name in (*METRICS, "aesthetic", "vtss")} if score else {},
    }  # fmt: skip


def _fetched(
    lake: Lake, members: Iterator[Member], folder: Path, pool: ThreadPoolExecutor
) -> Iterator[tuple[Member, Path | None]]:
    """Each member with its film in the folder, in order, a few fetched ahead; None where the lake has it no longer."""
    waiting: deque[tuple[Member, Future[Path | None]]] = deque()
    while True:
        for member in islice(members, FETCHES - len(waiting)):
            waiting.append((member, pool.submit(_fetch, lake, member, folder)))
        if not waiting:
            return
        member, film = waiting.popleft()
        yield member, film.result()


def _fetch(lake: Lake, member: Member, folder: Path) -> Path | None:
    if member.clip.uri is None:
        return None
    path = folder / f"{member.clip.clip_id}.mp4"
    try:
        lake.objects.fetch(member.clip.uri, path)
    except ObjectChanged:
        path.unlink(missing_ok=True)
        return None
    return path


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """Nothing in it depends on who writes it or when."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, 0, 0o644
    return entry


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()

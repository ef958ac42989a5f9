"""Who lives in the worker processes of a tuning: one reads the frames of captions and keeps them in a folder."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from longtake.caption_tuning.frames import FrameFiles, Shown, read_image, read_video
from longtake.caption_tuning.seeds import BadSeed, Seed
from longtake.captioning.config import Sampling
from longtake.video.config import Limits
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard

Locate = Callable[[Seed, Path], Path]
"""The file of a caption's media, which may be put into the folder that it is given. May raise BadSeed."""


@dataclass(frozen=True)
class KeeperOrder:
    """Makes a `Keeper` of frames of plain files."""

    folder: Path
    sampling: Sampling
    limits: Limits

    def __call__(self) -> "Keeper":
        return Keeper(self, lambda seed, scratch: Path(seed.media))


class Keeper:
    """Reads the frames of captions, with a guard of its own; what is there already is left."""

    def __init__(self, order: KeeperOrder, locate: Locate) -> None:
        cv2.setNumThreads(1)
        self._sampling, self._locate, self._guard = order.sampling, locate, Guard(order.limits)
        self._files = FrameFiles(order.folder)

    def __call__(self, groups: Sequence[Sequence[Seed]]) -> list[dict[str, tuple[str, str]]]:
        """Of each group, captions of one file, those without frames by their names: reason and detail."""
        return [self._keep(group) for group in groups]

    def close(self) -> None:
        self._guard.close()

    def _keep(self, group: Sequence[Seed]) -> dict[str, tuple[str, str]]:
        seeds = [seed for seed in group if not self._files.has(seed.name)]
        if not seeds:
            return {}
        faults: dict[str, tuple[str, str]] = {}
        with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
            try:
                found = self._read(seeds, Path(scratch))
            except (VideoFault, BadSeed) as fault:
                return {seed.name: (fault.reason, fault.detail) for seed in seeds}
        for name, shown in found.items():
            if isinstance(shown, BadSeed):
                faults[name] = (shown.reason, shown.detail)
            else:
                self._files.save(name, shown)
        return faults

    def _read(self, seeds: Sequence[Seed], scratch: Path) -> dict[str, Shown | BadSeed]:
        path = self._locate(seeds[0], scratch)
        if seeds[0].kind == "image":
            return {seeds[0].name: read_image(path, self._sampling)}
        return read_video(path, seeds, self._guard, self._sampling)

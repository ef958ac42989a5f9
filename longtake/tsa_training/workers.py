"""Who lives in the worker processes of a training: one cuts footage into shots, one makes examples of them.

Each is made in its own process from a small order.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from longtake.scoring.architecture import Architecture
from longtake.scoring.config import Sampling, ScoringConfig
from longtake.scoring.scorer import measure_clip
from longtake.scoring.text import TextDetector
from longtake.tsa_training.config import Curriculum
from longtake.tsa_training.defects import Frames
from longtake.tsa_training.drawn import draw_scene
from longtake.tsa_training.examples import ExampleFiles
from longtake.tsa_training.footage import Source, cut_shots, read_shot
from longtake.tsa_training.rendering import render
from longtake.tsa_training.samples import DRAWN, Sample, Shot
from longtake.tsa_training.stills import FPS
from longtake.video.config import Limits
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard

SHOTS_IN_MEMORY = 6
"""Some 50 MB each."""


@dataclass(frozen=True)
class CutterOrder:
    """Makes a `Cutter`."""

    folder: Path
    curriculum: Curriculum
    limits: Limits

    def __call__(self) -> "Cutter":
        return Cutter(self)


class Cutter:
    """Cuts sources into shots; of one that can't be read it says why."""

    def __init__(self, order: CutterOrder) -> None:
        cv2.setNumThreads(1)
        self._order, self._guard = order, Guard(order.limits)

    def __call__(self, sources: Sequence[Source]) -> list[list[Shot] | str]:
        return [self._cut(source) for source in sources]

    def close(self) -> None:
        self._guard.close()

    def _cut(self, source: Source) -> list[Shot] | str:
        try:
            return cut_shots(source, self._order.folder, self._guard, self._order.curriculum)
        except VideoFault as fault:
            return f"{fault.reason}: {fault.detail}"


@dataclass(frozen=True)
class PainterOrder:
    """Makes a `Painter`."""

    shots: Path
    examples: Path
    curriculum: Curriculum
    network: Architecture
    sampling: Sampling
    text: bool
    limits: Limits

    def __call__(self) -> "Painter":
        return Painter(self)


class Painter:
    """Puts defects into shots, and keeps what scoring would see of them; what is there already is left."""

    def __init__(self, order: PainterOrder) -> None:
        cv2.setNumThreads(1)
        self._order, self._guard = order, Guard(order.limits)
        self._files = ExampleFiles(order.examples)
        self._measuring = ScoringConfig(sampling=replace(order.sampling, text_frames=order.curriculum.text_frames))
        self._detector = TextDetector() if order.text else None
        self._read_shot = lru_cache(SHOTS_IN_MEMORY)(self._read)

    def __call__(self, groups: Sequence[Sequence[Sample]]) -> list[int]:
        """How many samples of each group were made."""
        return [sum(self._paint(sample) for sample in group) for group in groups]

    def close(self) -> None:
        self._guard.close()

    def _paint(self, sample: Sample) -> bool:
        if self._files.has(sample.name):
            return False
        with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
            clip = Path(scratch) / "clip.mp4"
            render(sample, self._read_shot, clip)
            seed = sample.seed % 1000 if sample.part == "train" else 0  # judged as scoring does it by default
            measured = measure_clip(clip, self._guard, self._measuring, self._detector, self._order.network, seed)
        assert measured.inputs, "a network was named"
        self._files.save(sample.name, measured.inputs)
        return True

    def _read(self, shot: Shot) -> tuple[Frames, float]:
        curriculum = self._order.curriculum
        if shot.source == DRAWN:
            rng = np.random.default_rng([curriculum.seed, shot.number])
            return draw_scene(curriculum.shot_s, curriculum.size_px, rng), FPS
        return read_shot(self._order.shots / f"{shot.name}.mp4", self._guard)

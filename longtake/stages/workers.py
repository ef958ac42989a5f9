"""Who lives in the worker processes of scoring: a looker decodes and measures, a judge holds a model.

Each is made in its own process from a small order, on this machine or on another node of a Ray cluster.

Legend: N frames, H, W rows and columns of a picture, 3 its channels: blue, green, red.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.lake import Lake, ObjectChanged
from longtake.lake.weights import fetch_weights
from longtake.records import METRICS, Clip
from longtake.scoring.config import Aesthetics, ScoringConfig
from longtake.scoring.faults import Unmeasurable
from longtake.video.config import Limits
from longtake.video.faults import VideoFault

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """What is known of one clip so far."""

    metrics: dict[str, float | None]
    fingerprint: str | None = None
    texts_NHW3: "np.ndarray | None" = None
    """For the models; dropped by the last of them."""
    aesthetic: float | None = None
    reason: str | None = None
    detail: str | None = None
    gone: bool = False
    """The clip's object was removed since its row was written."""
    seconds: float = 0.0
    read_bytes: int = 0


NOTHING: dict[str, float | None] = dict.fromkeys(METRICS)
"""The metrics of a clip that has none."""


@dataclass(frozen=True)
class ClipLookerOrder:
    """Makes a `Looker` at clips of a lake."""

    data_root: str
    config: ScoringConfig
    limits: Limits

    def __call__(self) -> "Looker":
        objects = Lake(self.data_root).objects

        def fetch(clip: Clip, scratch: Path) -> Path:
            assert clip.uri, "a clip that is kept has a file"
            objects.fetch(clip.uri, scratch / "clip.mp4")
            return scratch / "clip.mp4"

        return Looker(self.config, self.limits, fetch)


@dataclass(frozen=True)
class FileLookerOrder:
    """Makes a `Looker` at plain files."""

    config: ScoringConfig
    limits: Limits

    def __call__(self) -> "Looker":
        return Looker(self.config, self.limits, lambda path, scratch: path)


class Looker:
    """Decodes and measures, with a guard and a text detector of its own."""

    def __init__(self, config: ScoringConfig, limits: Limits, locate: Callable[[Any, Path], Path]) -> None:
        """`locate` gives the file of an input, which may be put into the folder that it is given."""
        import cv2

        from longtake.scoring.text import TextDetector
        from longtake.video.guard import Guard

        cv2.setNumThreads(1)  # there is a worker for each processor
        self._config = config
        self._locate = locate
        self._guard = Guard(limits)
        self._detector = TextDetector() if config.text else None

    def __call__(self, inputs: Sequence[Any]) -> list[Looked]:
        return [self._look(given) for given in inputs]

    def close(self) -> None:
        self._guard.close()

    def _look(self, given: Any) -> Looked:
        from longtake.scoring.scorer import measure_clip

        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
            try:
                path = self._locate(given, Path(scratch))
            except ObjectChanged:
                return Looked(metrics=NOTHING, gone=True)
            size = path.stat().st_size
            try:
                measured = measure_clip(path, self._guard, self._config, self._detector)
            except (VideoFault, Unmeasurable) as fault:
                found = Looked(metrics=NOTHING, reason=fault.reason, detail=fault.detail)
            else:
                texts_NHW3 = measured.texts_NHW3 if self._config.aesthetics else None
                found = Looked(metrics=measured.metrics, fingerprint=measured.fingerprint, texts_NHW3=texts_NHW3)
        return replace(found, seconds=time.monotonic() - began, read_bytes=size)


@dataclass(frozen=True)
class JudgeOrder:
    """Makes a `Judge`."""

    aesthetics: Aesthetics

    def __call__(self) -> "Judge":
        return Judge(self.aesthetics)


class Judge:
    """Holds the aesthetic predictor, and gives each clip its score; what has a reason passes."""

    def __init__(self, given: Aesthetics) -> None:
        from longtake.scoring.aesthetics import AestheticPredictor

        with tempfile.TemporaryDirectory(prefix="longtake-weights-") as folder:
            clip, head = (fetch_weights(place, Path(folder)) for place in (given.clip, given.head))
            self._predictor = AestheticPredictor(clip, Path(head))

    def __call__(self, looked: Sequence[Looked]) -> list[Looked]:
        seen = [item.texts_NHW3 for item in looked if item.texts_NHW3 is not None]
        scores = iter(self._predictor.scores(seen) if seen else ())
        return [
            item if item.texts_NHW3 is None else replace(item, aesthetic=next(scores), texts_NHW3=None)
            for item in looked
        ]

    def close(self) -> None:
        """Nothing is left open: the memory goes with the process."""

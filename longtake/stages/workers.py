"""Who lives in the worker processes of scoring: a looker decodes and measures, a judge holds models on a GPU or large ones.

Each is made in its own process from a small order, on this machine or on another node of a Ray cluster. Without GPUs a looker
holds the TSA network itself: on one thread it takes about as long as decoding, so it scales with the lookers, no clip's 5 MB
of pixels are copied between processes, and the bits of a score do not hang on the number of cores.

Legend: N frames, H, W rows and columns of a picture, 3 its channels: blue, green, red.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.lake.weights import fetch_weights
from longtake.records import METRICS
from longtake.scoring.config import Aesthetics, ScoringConfig, Suitability
from longtake.scoring.faults import Unmeasurable
from longtake.scoring.reasons import Suited
from longtake.scoring.suitability import open_predictor, place_of
from longtake.stages.visiting import Locate, visit
from longtake.video.config import Limits
from longtake.video.faults import VideoFault

if TYPE_CHECKING:
    import numpy as np

    from longtake.scoring.aesthetics import AestheticPredictor
    from longtake.scoring.inputs import Inputs
    from longtake.scoring.vtss import VtssPredictor


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """What is known of one clip so far."""

    metrics: dict[str, float | None]
    fingerprint: str | None = None
    texts_NHW3: "np.ndarray | None" = None
    """For the aesthetic predictor; dropped there."""
    inputs: "Inputs | None" = None
    """For a TSA network that a judge holds; dropped there."""
    aesthetic: float | None = None
    suited: Suited | None = None
    reason: str | None = None
    detail: str | None = None
    gone: bool = False
    """The clip's object was removed since its row was written."""
    seconds: float = 0.0
    read_bytes: int = 0


NOTHING: dict[str, float | None] = dict.fromkeys(METRICS)
"""The metrics of a clip that has none."""


@dataclass(frozen=True)
class LookerOrder:
    """Makes a `Looker` at what `locate` finds: clips of a lake, or plain files."""

    config: ScoringConfig
    limits: Limits
    locate: Locate
    judges: bool = True
    """Whether it holds the TSA network; else it collects what a judge's is to see."""

    def __call__(self) -> "Looker":
        return Looker(self.config, self.limits, self.locate, self.judges)


class Looker:
    """Decodes and measures, with a guard, a text detector and a TSA network of its own."""

    def __init__(self, config: ScoringConfig, limits: Limits, locate: Locate, judges: bool = True) -> None:
        import cv2

        from longtake.scoring.text import TextDetector
        from longtake.video.guard import Guard

        cv2.setNumThreads(1)  # there is a worker for each processor
        self._config = config
        self._locate = locate
        self._guard = Guard(limits)
        self._detector = TextDetector() if config.text else None
        # The machine's GPUs, if it has any, are the judges'.
        predictor = open_network(config.suitability, "cpu") if config.suitability else None
        self._network = predictor.architecture if predictor else None
        self._predictor = predictor if judges else None

    def __call__(self, inputs: Sequence[Any]) -> list[Looked]:
        return [self._look(given) for given in inputs]

    def close(self) -> None:
        self._guard.close()

    def _look(self, given: Any) -> Looked:
        seen = visit(self._locate, given, self._found)
        found = seen.found or Looked(metrics=NOTHING, gone=True)
        return replace(found, seconds=seen.seconds, read_bytes=seen.read_bytes)

    def _found(self, path: Path) -> Looked:
        try:
            return self._measure(path)
        except (VideoFault, Unmeasurable) as fault:
            return Looked(metrics=NOTHING, reason=fault.reason, detail=fault.detail)

    def _measure(self, path: Path) -> Looked:
        from longtake.scoring.scorer import judge_clip, measure_clip

        measured = measure_clip(path, self._guard, self._config, self._detector, self._network)
        suited = judge_clip(measured.inputs, self._predictor) if measured.inputs and self._predictor else None
        return Looked(
            metrics=measured.metrics,
            fingerprint=measured.fingerprint,
            texts_NHW3=measured.texts_NHW3 if self._config.aesthetics else None,
            inputs=None if self._predictor else measured.inputs,
            suited=suited,
        )


@dataclass(frozen=True)
class JudgeOrder:
    """Makes a `Judge`."""

    aesthetics: Aesthetics | None
    suitability: Suitability | None

    def __call__(self) -> "Judge":
        return Judge(self.aesthetics, self.suitability)


class Judge:
    """Holds models, and gives each clip their scores; what has a reason passes."""

    def __init__(self, aesthetics: Aesthetics | None, suitability: Suitability | None) -> None:
        self._aesthetics = open_aesthetics(aesthetics) if aesthetics else None
        self._network = open_network(suitability) if suitability else None

    def __call__(self, looked: Sequence[Looked]) -> list[Looked]:
        if self._aesthetics:
            seen = [item.texts_NHW3 for item in looked if item.texts_NHW3 is not None]
            scores = iter(self._aesthetics.scores(seen) if seen else ())
            looked = [
                item if item.texts_NHW3 is None else replace(item, aesthetic=next(scores), texts_NHW3=None)
                for item in looked
            ]
        return [self._judge(item) for item in looked]

    def _judge(self, item: Looked) -> Looked:
        from longtake.scoring.scorer import judge_clip

        if self._network is None or item.inputs is None:
            return item
        try:
            return replace(item, suited=judge_clip(item.inputs, self._network), inputs=None)
        except Unmeasurable as fault:
            nothing = Looked(metrics=NOTHING, reason=fault.reason, detail=fault.detail)
            return replace(nothing, seconds=item.seconds, read_bytes=item.read_bytes)

    def close(self) -> None:
        """Nothing is left open: the memory goes with the process."""


def open_aesthetics(given: Aesthetics) -> "AestheticPredictor":
    """The aesthetic predictor, on a GPU where this process sees one."""
    from longtake.scoring.aesthetics import AestheticPredictor

    with tempfile.TemporaryDirectory(prefix="longtake-weights-") as folder:
        clip, head = (fetch_weights(place, Path(folder)) for place in (given.clip, given.head))
        return AestheticPredictor(clip, Path(head))


def open_network(given: Suitability, device: str | None = None) -> "VtssPredictor":
    """The TSA network; without a device, on a GPU where this process sees one."""
    with tempfile.TemporaryDirectory(prefix="longtake-weights-") as folder:
        return open_predictor(Path(fetch_weights(place_of(given.weights), Path(folder))), device)

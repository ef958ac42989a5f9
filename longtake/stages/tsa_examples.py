"""Footage, or marked clips, become examples to train on: the work of many processes, none of it done twice."""

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtake.config import dump_config
from longtake.engine import Lost, Pool, cores, stream
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.records import Clip, digest
from longtake.scoring.architecture import PRESETS, Architecture
from longtake.scoring.config import ScoringConfig
from longtake.scoring.faults import Unmeasurable
from longtake.scoring.scorer import measure_clip
from longtake.scoring.text import TextDetector
from longtake.tsa_training.config import TSATrainingConfig
from longtake.tsa_training.course import draw_samples
from longtake.tsa_training.evaluation import Judged
from longtake.tsa_training.examples import Example, ExampleFiles
from longtake.tsa_training.footage import Source, split_sources
from longtake.tsa_training.samples import Part, Sample, Shot
from longtake.tsa_training.workers import CutterOrder, PainterOrder
from longtake.video.config import Limits
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard

log = logging.getLogger(__name__)

Progress = Callable[[str, Iterator[Any], int], Iterator[Any]]
"""Shows how far a stream is: its name, the stream, how many items."""


def paint(
    sources: Sequence[Source], folder: Path, config: TSATrainingConfig, measuring: ScoringConfig, limits: Limits,
    show: Progress,
) -> tuple[list[Sample], dict[str, str]]:  # fmt: skip
    """The curriculum's samples, each with its example in `folder`; and the sources that can't be read, with the reason.

    Raises UserError where too few sources are left, or `folder` holds examples that were made otherwise.
    """
    shots_folder, examples = folder / "shots", folder / "examples"
    for path in (shots_folder, examples):
        path.mkdir(parents=True, exist_ok=True)
    _claim(folder / "made-of", _made_of(sources, config, measuring))
    shots: dict[str, list[Shot]] = {}
    unread: dict[str, str] = {}
    cutters = [Pool(name="cutting", make=CutterOrder(shots_folder, config.curriculum, limits), workers=cores())]
    for source, found in show("cutting", stream(sources, cutters), len(sources)):
        if isinstance(found, Lost | str):
            unread[source.name] = found.detail if isinstance(found, Lost) else found
            log.warning("source left out", extra={"source": str(source.path), "reason": unread[source.name]})
        elif found:
            shots[source.name] = found
    parts = split_sources(shots, config.split, config.curriculum.seed)
    in_order = [shot for source in sources for shot in shots.get(source.name, ())]
    samples = draw_samples(in_order, parts, config.curriculum)
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group, []).append(sample)
    order = PainterOrder(
        shots_folder, examples, config.curriculum, PRESETS[config.preset], measuring.sampling, measuring.text, limits
    )
    painters = [Pool(name="painting", make=order, workers=cores())]
    for group, made in show("painting", stream(list(groups.values()), painters), len(groups)):
        if isinstance(made, Lost):
            raise RuntimeError(f"no process survives the samples {group[0].name} to {group[-1].name}: {made.detail}")
    return samples, unread


def _made_of(sources: Sequence[Source], config: TSATrainingConfig, measuring: ScoringConfig) -> str:
    """What examples of a name are like follows from this; how many there are only adds to them."""
    curriculum = {**dump_config(config.curriculum), "samples": None, "drawn_samples": None}
    files = [(source.name, source.path.stat().st_size) for source in sources]
    network = dump_config(PRESETS[config.preset])
    seen = {branch: network[branch] for branch in ("dynamic", "static")}
    return digest(files, curriculum, dump_config(config.split), seen, dump_config(measuring), chars=12)


def _claim(path: Path, made_of: str) -> None:
    """Notes what a folder's examples are made of. Raises UserError where they are made of something else."""
    if path.exists() and path.read_text() != made_of:
        raise UserError(
            f"{path.parent} holds examples of other footage, or of another curriculum, split or scoring config; give another "
            "--work, or remove it"
        )
    path.write_text(made_of)


def examples_of(samples: Iterable[Sample]) -> list[Example]:
    return [Example(sample.name, sample.target, sample.group, sample.part, sample.severities) for sample in samples]


@dataclass(frozen=True)
class MarkedLookerOrder:
    """Makes a `MarkedLooker`."""

    data_root: str
    examples: Path
    network: Architecture
    measuring: ScoringConfig
    limits: Limits

    def __call__(self) -> "MarkedLooker":
        return MarkedLooker(self)


class MarkedLooker:
    """Keeps what scoring sees of clips that people have marked; of one that can't be read it says why."""

    def __init__(self, order: MarkedLookerOrder) -> None:
        import cv2

        cv2.setNumThreads(1)
        self._order, self._guard = order, Guard(order.limits)
        self._objects, self._files = Lake(order.data_root).objects, ExampleFiles(order.examples)
        self._detector = TextDetector() if order.measuring.text else None

    def __call__(self, clips: Sequence[Clip]) -> list[str]:
        return [self._look(clip) for clip in clips]

    def close(self) -> None:
        self._guard.close()

    def _look(self, clip: Clip) -> str:
        if self._files.has(clip.clip_id):
            return ""
        assert clip.uri, "a clip that is kept has a file"
        with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
            path = Path(scratch) / "clip.mp4"
            try:
                self._objects.fetch(clip.uri, path)
                order = self._order
                measured = measure_clip(path, self._guard, order.measuring, self._detector, order.network, seed=0)
            except (VideoFault, Unmeasurable) as fault:
                return f"{fault.reason}: {fault.detail}"
        assert measured.inputs, "a network was named"
        self._files.save(clip.clip_id, measured.inputs)
        return ""


def look_at_marked(
    marked: Sequence[tuple[Clip, float]], data_root: str, folder: Path, config: TSATrainingConfig,
    measuring: ScoringConfig, limits: Limits, show: Progress,
) -> list[Example]:  # fmt: skip
    """An example of each clip that people have marked and that can be read; a video is on one side only."""
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    order = MarkedLookerOrder(data_root, folder / "examples", PRESETS[config.preset], measuring, limits)
    marks = {clip.clip_id: mark for clip, mark in marked}
    pools = [Pool(name="looking", make=order, workers=cores())]
    readable: list[Clip] = []
    for clip, fault in show("looking", stream([clip for clip, _ in marked], pools), len(marked)):
        if fault:
            log.warning("marked clip left out", extra={"uri": clip.uri, "reason": str(fault)})
        else:
            readable.append(clip)
    parts: dict[str, Part] = dict(split_sources((clip.video_id for clip in readable), config.split, 0))
    readable.sort(key=lambda clip: clip.clip_id)
    return [Example(c.clip_id, marks[c.clip_id], c.clip_id, parts[c.video_id]) for c in readable]


def judge_marked(videos: Mapping[str, str]) -> Callable[[Example, float, NDArray[np.float32]], list[Judged]]:
    """Rows of marked clips; `videos` says of which video each clip is."""

    def judge(example: Example, vtss: float, labels_L: NDArray[np.float32]) -> list[Judged]:
        return [
            Judged(
                sample_id=example.name, source=videos[example.name], held_out_source=example.part == "test",
                held_out_kind=False, target=example.target, vtss=vtss, metrics=tuple(labels_L.tolist()),
            )
        ]  # fmt: skip

    return judge

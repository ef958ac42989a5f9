"""labels, or clips with graded defects -> a TSA network: `<data_root>/models/tsa-<digest>.safetensors`, and a page about it."""

import hashlib
import json
import logging
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.annotating import debias
from longtake.config import dump_config, load_config
from longtake.errors import UserError
from longtake.lake import Lake, join_uri
from longtake.records import Clip
from longtake.shards import WHOLE
from longtake.stages.clips import Clips
from longtake.stages.config import ScoringStageConfig
from longtake.stages.labels import read_labels
from longtake.stages.step import Step, Summary, open_lake, open_step
from longtake.tsa_training.config import TSATrainingConfig

if TYPE_CHECKING:
    from longtake.tsa_training.course import Lesson
    from longtake.tsa_training.examples import Example
    from longtake.tsa_training.footage import Source

STAGE = "tsa_training"
SOURCES = 200
"""Videos that a curriculum takes from a lake, at most: by the order of their ids, which is none."""

ABOVE_ALL = 5.01
"""A threshold that keeps nothing; infinity is no number to Kubeflow."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class TSATrainingSummary(Summary):
    """What a training came to."""

    weights: str = ""
    """URI of the checkpoint."""
    srcc: float | None = None
    """On the test sources; none where all their scores or targets are the same."""
    roc: list[tuple[float, float, float]] = field(default_factory=list)
    """Share of bad and of good clips that are kept, by threshold."""
    confusion: list[list[int]] = field(default_factory=list)
    """Good and bad (rows) by kept and dropped."""
    confusion_labels: tuple[str, str] = ("good", "bad")

    def to_json(self) -> str:
        """Without the curve, which is for Kubeflow alone."""
        shown = asdict(self) | {"quarantined": self.quarantined}
        shown.pop("roc")
        return json.dumps(shown)


def run(
    *,
    raw: str,
    data_root: str,
    slicing_config: Mapping[str, Any] | None = None,
    scoring_config: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> TSATrainingSummary:
    """Trains on people's marks where there are enough, else on graded defects put into the lake's own clips.

    Raises UserError for a wrong place or config, and for too few marks or videos.
    """
    settings = load_config(TSATrainingConfig, config or {}, where="tsa_training config")
    measuring = load_config(ScoringStageConfig, scoring_config or {}, where="scoring config")
    lake = open_lake(data_root)
    clips = Clips.of(lake, raw, slicing_config or {})
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step, tempfile.TemporaryDirectory() as scratch:
        step.begin(inputs=0, skipped=0)
        marked = _marked(clips, settings)
        folder = Path(scratch)
        if marked:
            lesson, sheet = _by_marks(marked, step, folder, settings, measuring)
        else:
            lesson, sheet = _by_curriculum(clips, step, folder, settings, measuring)
        examples = len({row.sample_id for row in lesson.judged})
        summary = step.publish(sheet, items={"kept": examples})
        weights = _store(lake, lesson, settings, folder, {"trained on": _what(marked)})
    found = lesson.evaluation
    srcc = next(iter(found.groups.values())).srcc.value
    log.info("weights", extra={"weights": weights, "srcc": srcc})
    summary.inputs, summary.seconds = examples, time.monotonic() - began
    own = found.decisions[0]
    bad, good = own.bad_let_through, own.good_thrown_away
    return TSATrainingSummary(
        **vars(summary), weights=weights, srcc=srcc if math.isfinite(srcc) else None,
        roc=[(p.bad_kept, p.good_kept, min(p.threshold, ABOVE_ALL)) for p in found.roc.points],
        confusion=[[good.of - good.count, good.count], [bad.count, bad.of - bad.count]],
    )  # fmt: skip


def _marked(clips: Clips, settings: TSATrainingConfig) -> list[tuple[Clip, float]]:
    """The clips that people have marked, each with its debiased mark; none where a curriculum is to be trained on."""
    if settings.targets == "curriculum":
        return []
    marks = debias(read_labels(clips.lake))
    found = [
        (clip, marks[clip.clip_id])
        for group in clips.groups(WHOLE.buckets)
        for clip in clips.read(group)
        if clip.clip_id in marks
    ]
    if len(found) >= settings.fewest_labels:
        return found
    if settings.targets == "labels":
        raise UserError(
            f"{len(found)} clips below {clips.raw} are marked, and a training needs {settings.fewest_labels} (fewest_labels); "
            "mark more with `longtake annotate`, or train on graded defects (targets: curriculum)"
        )
    log.info("too few marks", extra={"marked": len(found), "needed": settings.fewest_labels})
    return []


def _by_marks(
    marked: list[tuple[Clip, float]],
    step: Step,
    folder: Path,
    settings: TSATrainingConfig,
    measuring: ScoringStageConfig,
) -> "tuple[Lesson, str]":
    from longtake.stages.tsa_examples import judge_marked, look_at_marked

    data_root, follow = step.lake.data_root, partial(_follow, step)
    examples = look_at_marked(marked, data_root, folder, settings, measuring.measuring, measuring.limits, follow)
    videos = {clip.clip_id: clip.video_id for clip, _ in marked}
    return _learn(
        examples, judge_marked(videos), step, folder, settings, sentence="the debiased mean of people's marks"
    )


def _by_curriculum(
    clips: Clips, step: Step, folder: Path, settings: TSATrainingConfig, measuring: ScoringStageConfig
) -> "tuple[Lesson, str]":
    from longtake.stages.tsa_examples import examples_of, paint
    from longtake.tsa_training.course import judge_samples

    sources = _fetch_sources(clips, folder / "footage")
    samples, _ = paint(sources, folder, settings, measuring.measuring, measuring.limits, partial(_follow, step))
    sentence = "the severity of defects that were put into clean clips: it stands in for people's marks"
    return _learn(examples_of(samples), judge_samples(samples), step, folder, settings, sentence=sentence)


def _fetch_sources(clips: Clips, folder: Path) -> "list[Source]":
    """The longest clip of each of at most `SOURCES` videos, as a file."""
    from longtake.tsa_training.footage import Source

    longest: dict[str, Clip] = {}
    for group in clips.groups(WHOLE.buckets):
        for clip in clips.read(group):
            best = longest.get(clip.video_id)
            if best is None or (clip.end_s - clip.start_s, clip.clip_id) > (best.end_s - best.start_s, best.clip_id):
                longest[clip.video_id] = clip
    folder.mkdir(parents=True)
    sources = []
    for video_id in sorted(longest)[:SOURCES]:
        path = folder / f"{video_id}.mp4"
        clips.lake.objects.fetch(longest[video_id].uri or "", path)
        sources.append(Source(video_id, path))
    return sources


def _learn(
    examples: "list[Example]", judge: Any, step: Step, folder: Path, settings: TSATrainingConfig, *, sentence: str
) -> "tuple[Lesson, str]":
    from longtake.stages.tsa_page import training_page
    from longtake.tsa_training.course import learn
    from longtake.tsa_training.examples import ExampleFiles

    def tell(epoch: str) -> None:
        log.info(epoch)
        step.expect(1)
        step.advance()

    lesson = learn(judge, examples, ExampleFiles(folder / "examples"), settings, folder / "networks", tell)
    facts = {"config": json.dumps(dump_config(settings))}
    return lesson, training_page(lesson, settings, sentence=sentence, facts=facts)


def _store(lake: Lake, lesson: "Lesson", settings: TSATrainingConfig, folder: Path, facts: Mapping[str, str]) -> str:
    """Puts the checkpoint where its content names it; its URI."""
    from longtake.tsa_training.course import save

    path = folder / "network.safetensors"
    save(path, lesson, settings, facts)
    key = f"models/tsa-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}.safetensors"
    lake.objects.upload(key, path)
    return join_uri(lake.data_root, key)


def _what(marked: list[tuple[Clip, float]]) -> str:
    return f"people's marks of {len(marked)} clips" if marked else "graded defects in clips of the lake"


def _follow(step: Step, name: str, items: Iterator[Any], total: int) -> Iterator[Any]:
    """Counts the items as the step's inputs; epochs come to them later."""
    log.info(name, extra={"items": total})
    step.expect(total)
    for item in items:
        step.advance()
        yield item

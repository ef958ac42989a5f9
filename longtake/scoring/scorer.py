"""A clip, end to end: look, measure, and the row of the table."""

import hashlib
import math
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from longtake.records import METRICS, Score, bucket_of
from longtake.scoring.config import ScoringConfig
from longtake.scoring.faults import Unmeasurable
from longtake.scoring.fingerprint import fingerprint
from longtake.scoring.motion import measure_motion
from longtake.scoring.picture import measure_picture
from longtake.scoring.samples import Samples
from longtake.scoring.sampling import collect, plan_bursts, plan_views
from longtake.scoring.text import TextDetector
from longtake.video.guard import Guard

SCORER = "longtake"
"""Whose numbers they are."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The sub-metrics of one clip, and the frames that models look at."""

    metrics: dict[str, float | None]
    """By the names of `METRICS`."""
    fingerprint: str
    texts_NHW3: np.ndarray


def measure_clip(path: Path, guard: Guard, config: ScoringConfig, detector: TextDetector | None) -> Measured:
    """Decodes the clip once, in the guard's worker, and measures it.

    Raises VideoFault where the file cannot be read or costs too much, Unmeasurable where it has too little in it.
    """
    probe = guard.probe(path)
    glimpse = guard.glimpse(path, plan_views(probe.duration_s, probe.fps, config.sampling))
    samples = collect(glimpse, plan_bursts(probe.duration_s, probe.fps, config.sampling))
    if len(samples.times_s) < 2:
        raise Unmeasurable("one_frame", f"{samples.frames} decoded")
    metrics = measure(samples, config.sampling.detail_patch_px, detector)
    wrong = [name for name, value in metrics.items() if value is not None and not math.isfinite(value)]
    if wrong:
        raise Unmeasurable("not_finite", ", ".join(wrong))
    return Measured(metrics, fingerprint(samples), samples.texts_NHW3)


def measure(samples: Samples, patch_px: int, detector: TextDetector | None) -> dict[str, float | None]:
    """The 15 sub-metrics by name, in their order; `text_share` is None where there is no detector."""
    measured: dict[str, float | None] = asdict(measure_motion(samples)) | asdict(measure_picture(samples, patch_px))
    pairs = int((samples.burst_N[1:] == samples.burst_N[:-1]).sum())
    if samples.held_pairs:  # moments that show one and the same frame are still as well
        still = (measured["still_share"] or 0.0) * pairs + samples.held_pairs
        measured["still_share"] = still / (pairs + samples.held_pairs)
    measured["text_share"] = detector.share(samples.texts_NHW3) if detector else None
    return {name: measured[name] for name in METRICS}


def score_clip(path: str | Path, config: ScoringConfig | None = None, *, guard: Guard | None = None) -> Score:
    """The row of a clip that lies in no lake: its ids are the digest of its content.

    Aesthetic predictors are for the stage, which batches clips for them. Raises VideoFault and Unmeasurable.
    """
    config = config or ScoringConfig()
    with Path(path).open("rb") as file:
        content_id = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    with nullcontext(guard) if guard is not None else Guard() as worker:
        measured = measure_clip(Path(path), worker, config, TextDetector() if config.text else None)
    return Score(
        clip_id=content_id, bucket=bucket_of(content_id), video_id=content_id, **measured.metrics, aesthetic=None, vtss=None,
        fingerprint=measured.fingerprint, scorer=SCORER, reason=None, detail=None, made_by="",
    )  # fmt: skip

"""A clip, end to end: look, measure, and the row of the table."""

import math
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from longtake.records import METRICS, Score, bucket_of, content_id
from longtake.scoring.architecture import Architecture
from longtake.scoring.config import ScoringConfig
from longtake.scoring.faults import Unmeasurable
from longtake.scoring.fingerprint import fingerprint
from longtake.scoring.inputs import Inputs, collect_inputs, plan_inputs
from longtake.scoring.motion import measure_motion
from longtake.scoring.picture import measure_picture
from longtake.scoring.reasons import Suited, vtss_columns
from longtake.scoring.samples import Samples
from longtake.scoring.sampling import collect, plan_bursts, plan_views
from longtake.scoring.suitability import open_predictor, place_of
from longtake.scoring.text import TextDetector
from longtake.video.guard import Guard

if TYPE_CHECKING:
    from longtake.scoring.vtss import VtssPredictor

SCORER = "longtake"
"""Whose numbers they are."""


@dataclass(frozen=True, eq=False)
class Measured:
    """The sub-metrics of one clip, and the frames that models look at."""

    metrics: dict[str, float | None]
    """By the names of `METRICS`."""
    fingerprint: str
    texts_NHW3: np.ndarray
    inputs: Inputs | None
    """What the TSA network sees; none where no network was named."""


def measure_clip(
    path: Path,
    guard: Guard,
    config: ScoringConfig,
    detector: TextDetector | None,
    network: Architecture | None = None,
    seed: int | None = None,
) -> Measured:
    """Decodes the clip once, in the guard's worker, and measures it; collects what `network` is to see of it.

    `seed` says where its fragments lie; the config does, unless it is given.

    Raises VideoFault where the file cannot be read or costs too much, Unmeasurable where it has too little in it.
    """
    probe = guard.probe(path)
    views = plan_views(probe.duration_s, probe.fps, config.sampling)
    if seed is None:
        seed = config.suitability.seed if config.suitability else 0
    looks = plan_inputs(probe.duration_s, probe.fps, network, seed) if network else {}
    glimpse = guard.glimpse(path, views | looks)
    samples = collect(glimpse, plan_bursts(probe.duration_s, probe.fps, config.sampling))
    if len(samples.times_s) < 2:
        raise Unmeasurable("one_frame", f"{samples.frames} decoded")
    metrics = measure(samples, config.sampling.detail_patch_px, detector)
    wrong = [name for name, value in metrics.items() if value is not None and not math.isfinite(value)]
    if wrong:
        raise Unmeasurable("not_finite", ", ".join(wrong))
    inputs = collect_inputs(glimpse, looks, network, metrics) if network else None
    return Measured(metrics, fingerprint(samples), samples.texts_NHW3, inputs)


def measure(samples: Samples, patch_px: int, detector: TextDetector | None) -> dict[str, float | None]:
    """The 15 sub-metrics by name, in their order; `text_share` is None where there is no detector."""
    measured: dict[str, float | None] = asdict(measure_motion(samples)) | asdict(measure_picture(samples, patch_px))
    pairs = int((samples.burst_N[1:] == samples.burst_N[:-1]).sum())
    if samples.held_pairs:  # moments that show one and the same frame are still as well
        still = (measured["still_share"] or 0.0) * pairs + samples.held_pairs
        measured["still_share"] = still / (pairs + samples.held_pairs)
    measured["text_share"] = detector.share(samples.texts_NHW3) if detector else None
    return {name: measured[name] for name in METRICS}


def judge_clip(inputs: Inputs, predictor: "VtssPredictor") -> Suited:
    """VTSS and its reason. Raises Unmeasurable where the network gives no finite number."""
    (suited,) = predictor.predict([inputs])
    if not math.isfinite(suited.vtss):
        raise Unmeasurable("not_finite", "vtss")
    return suited


def score_clip(
    path: str | Path,
    config: ScoringConfig | None = None,
    *,
    guard: Guard | None = None,
    predictor: "VtssPredictor | None" = None,
) -> Score:
    """The row of a clip that lies in no lake: its ids are the digest of its content.

    For many clips give a guard and a predictor (`open_predictor`), else each call begins its own. Aesthetic predictors are
    for the stage. Raises VideoFault and Unmeasurable.
    """
    config = config or ScoringConfig()
    if config.suitability is None:
        predictor = None
    elif predictor is None:
        predictor = open_predictor(Path(place_of(config.suitability.weights)), "cpu")
    network = predictor.architecture if predictor else None
    with nullcontext(guard) if guard is not None else Guard() as worker:
        measured = measure_clip(Path(path), worker, config, TextDetector() if config.text else None, network)
    suited = judge_clip(measured.inputs, predictor) if measured.inputs and predictor else None
    numbers = measured.metrics | vtss_columns(suited)
    clip_id = content_id(Path(path))
    return Score(
        clip_id=clip_id, bucket=bucket_of(clip_id), video_id=clip_id, **numbers, aesthetic=None,
        fingerprint=measured.fingerprint, scorer=SCORER, reason=None, detail=None, made_by="",
    )  # fmt: skip

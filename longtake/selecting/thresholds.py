"""Hand-set thresholds: whether a clip is within them, what it fails and by how much, and how near to them it is.

The manual multi-threshold baseline of Koala-36M (section 4.4), whose metrics and thresholds are not published.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError
from longtake.records import METRICS, Score
from longtake.selecting.config import Range, Thresholds

MEASURES = (*METRICS, "aesthetic", "vtss")
"""All that can have a threshold, in the order in which they are asked."""

ALL_EQUAL = 1e-9
"""Spread of a metric that is the same for all clips: it tells none of them from another, so its margin must not decide."""

Side = Literal["min", "max"]
Columns = Mapping[str, NDArray[np.float64]]
"""What was measured, by metric; NaN where it was not."""

_SENTENCES = {
    "motion": ("Too little moves", "It moves too fast"),
    "moving_area": ("Too small a part of the picture moves", "Too large a part of the picture moves"),
    "camera_shake": ("The camera shakes too little", "The camera shakes"),
    "camera_motion": ("The camera moves too little", "The camera moves too fast"),
    "still_share": ("Too few frames stand still", "Too many frames repeat the one before"),
    "flicker": ("The brightness is too steady", "The brightness flickers"),
    "clarity": ("The picture is blurred", "The picture is too sharp"),
    "noise": ("There is too little noise", "The picture is noisy"),
    "blockiness": ("The grid of the codec shows too little", "The grid of the codec shows"),
    "brightness": ("The picture is too dark", "The picture is too bright"),
    "contrast": ("The picture is flat", "The contrast is too strong"),
    "colourfulness": ("There is too little colour", "The colours are too strong"),
    "clipped_share": ("Too little is clipped to black or white", "Too much is clipped to black or white"),
    "border_share": ("The borders are too small", "Borders take too much of the picture"),
    "text_share": ("There is too little text on the screen", "Text or logos take too much of the picture"),
    "aesthetic": ("The aesthetic score is low", "The aesthetic score is high"),
    "vtss": ("The training suitability score is low", "The training suitability score is high"),
}
_SIDES: tuple[tuple[Side, str, str], ...] = (("min", "low", "below"), ("max", "high", "above"))

REASONS: dict[str, str] = {
    f"{metric}_{word}": f"{sentence}: {metric} is {place} its threshold."
    for metric in MEASURES
    for sentence, (_, word, place) in zip(_SENTENCES[metric], _SIDES, strict=True)
} | {
    "not_measured": "Nothing could be measured on the clip; its score says why.",
    "duplicate": "A near-duplicate of the clip that stands for it.",
}
"""One sentence to each reason why a clip is not selected."""

_REMEDIES = {
    "text_share": "score again with `text: true`",
    "aesthetic": "score again with `aesthetics`, the weights of a predictor",
    "vtss": "score again with a network that predicts it",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one clip is kept; if not, the first rule that it fails, and all of them with their values."""

    kept: bool
    reason: str | None = None
    """One of `REASONS`."""
    detail: str | None = None


def only(**ranges: Range) -> Thresholds:
    """These ranges, and every other metric open, whatever its default."""
    return Thresholds(**(dict.fromkeys(MEASURES, Range()) | ranges))


def bounds(thresholds: Thresholds) -> Iterator[tuple[str, Side, float]]:
    """Every bound that is given: metric, side and value, in the order of `MEASURES`, the lower first."""
    for metric in MEASURES:
        allowed: Range = getattr(thresholds, metric)
        if allowed.min is not None:
            yield metric, "min", allowed.min
        if allowed.max is not None:
            yield metric, "max", allowed.max


def judge(score: Score, thresholds: Thresholds) -> Verdict:
    """Whether the clip is within every threshold.

    A clip of which nothing could be measured is dropped as `not_measured`. UserError if it was measured, but not by
    a metric that has a threshold: `check_measured` says so for all clips at once.
    """
    if score.reason is not None:
        return Verdict(False, "not_measured", f"{score.reason}: {score.detail}" if score.detail else score.reason)
    reasons, details = [], []
    for metric, side, bound in bounds(thresholds):
        value = _value(score, metric)
        if not (value >= bound if side == "min" else value <= bound):  # and not the other way, which would keep NaN
            reasons.append(f"{metric}_{'low' if side == 'min' else 'high'}")
            details.append(f"{metric} {value:g}, {'at least' if side == 'min' else 'at most'} {bound:g}")
    return Verdict(False, reasons[0], "; ".join(details)) if reasons else Verdict(True)


def check_measured(scores: Iterable[Score], thresholds: Thresholds) -> None:
    """UserError if a clip that was measured lacks a metric that has a threshold: it could be neither kept nor dropped."""
    bounded = list(dict.fromkeys(metric for metric, _, _ in bounds(thresholds)))
    measured, missing = 0, Counter[str]()
    for score in scores:
        if score.reason is None:
            measured += 1
            missing.update(metric for metric in bounded if getattr(score, metric) is None)
    if missing:
        raise UserError(
            "; ".join(_unmeasured(metric, missing[metric], measured) for metric in bounded if missing[metric])
        )


def columns_of(scores: Iterable[Score]) -> dict[str, NDArray[np.float64]]:
    """What was measured on the clips that could be measured, by metric; NaN for null."""
    measured = [score for score in scores if score.reason is None]
    return {metric: np.array([getattr(score, metric) for score in measured], np.float64) for metric in MEASURES}


def within(columns: Columns, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Which clips are within every threshold; NaN is within none."""
    kept = np.ones(len(next(iter(columns.values()))), np.bool_)
    for metric, side, bound in bounds(thresholds):
        kept &= columns[metric] >= bound if side == "min" else columns[metric] <= bound
    return kept


def spreads(columns: Columns) -> dict[str, float]:
    """How far each metric's values lie apart, above 0: the range of their middle half.

    Where that is 0, as of a share that is mostly 0, their standard deviation; where none is known, 1.
    """
    return {metric: _spread(values[np.isfinite(values)]) for metric, values in columns.items()}


def _spread(values: NDArray[np.float64]) -> float:
    if not len(values):
        return 1.0
    if values.min() == values.max():
        return ALL_EQUAL
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) or float(values.std())


def margin(score: Score, thresholds: Thresholds, spread: Mapping[str, float]) -> float:
    """How far the clip is from the nearest bound, in the `spreads` of its metrics: above 0 inside, below 0 outside.

    Outside it is the bound that is failed by most. Infinite without any bound; minus infinity if nothing is measured.
    """
    if score.reason is not None:
        return -math.inf
    least = math.inf
    for metric, side, bound in bounds(thresholds):
        value = _value(score, metric)
        distance = (value - bound if side == "min" else bound - value) / spread[metric]
        least = -math.inf if math.isnan(distance) else min(least, distance)
    return least


def _value(score: Score, metric: str) -> float:
    value: float | None = getattr(score, metric)
    if value is None:
        raise UserError(_unmeasured(metric, 1, 1))
    return value


def _unmeasured(metric: str, missing: int, measured: int) -> str:
    remedy = _REMEDIES.get(metric, "score these clips with longtake")
    return (
        f"thresholds.{metric} is given, but {missing} of {measured} clips have no {metric}; {remedy}, or drop the "
        f"threshold by `{metric}: {{}}`"
    )

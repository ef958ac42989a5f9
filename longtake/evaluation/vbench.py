"""VBench's arithmetic from the scores of its dimensions to its totals; the scores themselves are VBench's to measure.

A score is a share, 0 to 1, as VBench writes it; tables print percent. The ranges and weights are of VBench's scripts
(scripts/constant.py), the totals reproduce the tables of Owl-1 (arXiv 2412.09600, tables 1 and 2; the paper's note E.3).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from longtake.errors import UserError


class Range(NamedTuple):
    """What of a dimension counts as 0 and as 1, and its weight in a mean."""

    low: float
    high: float
    weight: float = 1.0


QUALITY = {
    "subject_consistency": Range(0.1462, 1),
    "background_consistency": Range(0.2615, 1),
    "temporal_flickering": Range(0.6293, 1),
    "motion_smoothness": Range(0.706, 0.9975),
    "dynamic_degree": Range(0, 1, 0.5),
    "aesthetic_quality": Range(0, 1),
    "imaging_quality": Range(0, 1),
}
SEMANTIC = {
    "object_class": Range(0, 1),
    "multiple_objects": Range(0, 1),
    "human_action": Range(0, 1),
    "color": Range(0, 1),
    "spatial_relationship": Range(0, 1),
    "scene": Range(0, 0.8222),
    "appearance_style": Range(0.0009, 0.2855),
    "temporal_style": Range(0, 0.364),
    "overall_consistency": Range(0, 0.364),
}
I2V = {"i2v_subject": Range(0.1462, 1), "i2v_background": Range(0.2615, 1)}
CAMERA = {"camera_motion": Range(0, 1, 0.1)}
QUALITY_SHARE = 4 / 5
"""Of VBench's total; the semantic score is the rest. Of VBench-I2V's total it is half."""

Convention = Literal["paper", "script"]
"""Of VBench-I2V: the paper's tables and VBench's leaderboard count temporal flickering and leave camera motion out;
VBench's script cal_i2v_final_score.py does the reverse."""


@dataclass(frozen=True, kw_only=True)
class VBenchTotal:
    """VBench's, and VBench-Long's: shares, 0 to 1."""

    quality: float
    semantic: float
    total: float


@dataclass(frozen=True, kw_only=True)
class I2VTotal:
    """VBench-I2V's: shares, 0 to 1."""

    quality: float
    i2v: float
    total: float


def vbench_total(scores: Mapping[str, float]) -> VBenchTotal:
    """Of the 16 dimensions. Raises UserError for unknown or missing ones, and for a score beyond 0 to 1."""
    _check(scores, QUALITY | SEMANTIC)
    quality, semantic = _mean(scores, QUALITY), _mean(scores, SEMANTIC)
    return VBenchTotal(
        quality=quality, semantic=semantic, total=QUALITY_SHARE * quality + (1 - QUALITY_SHARE) * semantic
    )


def i2v_total(scores: Mapping[str, float], convention: Convention = "paper") -> I2VTotal:
    """Of the dimensions that the convention counts: 9. Raises UserError as `vbench_total` does."""
    quality_of, i2v_of = dict(QUALITY), dict(I2V)
    if convention == "script":
        del quality_of["temporal_flickering"]
        i2v_of |= CAMERA
    _check(scores, quality_of | i2v_of)
    quality, i2v = _mean(scores, quality_of), _mean(scores, i2v_of)
    return I2VTotal(quality=quality, i2v=i2v, total=(quality + i2v) / 2)


def _mean(scores: Mapping[str, float], dimensions: Mapping[str, Range]) -> float:
    """Weighted, of the scores brought to their ranges; a score below its range counts as less than 0, as in VBench."""
    scaled = (each.weight * (scores[name] - each.low) / (each.high - each.low) for name, each in dimensions.items())
    return sum(scaled) / sum(each.weight for each in dimensions.values())


def _check(scores: Mapping[str, float], expected: Mapping[str, Range]) -> None:
    for name in scores:
        if name not in expected:
            near = difflib.get_close_matches(name, expected, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else f"this total is of {', '.join(expected)}"
            raise UserError(f"{name!r} is no dimension of this total; {hint}")
    if missing := [name for name in expected if name not in scores]:
        raise UserError(f"the total wants {len(expected)} dimensions; measure {', '.join(missing)} too")
    for name, score in scores.items():
        if not 0 <= score <= 1:
            raise UserError(f"{name} is {score:g}; expected a share from 0 to 1: divide percent by 100")

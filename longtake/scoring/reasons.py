"""Why a clip's VTSS is not higher: one sub-metric, by name and in words."""

import math
from collections.abc import Sequence

from longtake.records import METRICS, Score
from longtake.scoring.metrics import SUB_METRICS

LEAST_GAIN = 0.05
"""VTSS that a change must bring to be a reason: an eighth of a good network's error (RMSE 0.41, Koala-36M, appendix C)."""

UNITS = {metric.name: metric.unit for metric in SUB_METRICS}


def name_reason(gains: Sequence[float]) -> tuple[str | None, float]:
    """The sub-metric with the largest gain in VTSS, and that gain; None and 0 where none reaches LEAST_GAIN.

    Gains are in the order of METRICS; NaN stands for a sub-metric that cannot be a reason.
    """
    known = [(gain, name) for gain, name in zip(gains, METRICS, strict=True) if not math.isnan(gain)]
    gain, name = max(known, key=lambda pair: pair[0], default=(0.0, ""))
    return (name, gain) if gain >= LEAST_GAIN else (None, 0.0)


def in_words(score: Score) -> str:
    """What costs the clip most, as a clause; empty where there is no reason."""
    if score.vtss_reason is None or score.vtss_gain is None:
        return ""
    value = getattr(score, score.vtss_reason)
    unit = UNITS[score.vtss_reason]
    measured = f"{score.vtss_reason} {value:.3g}" + (f" {unit}" if unit in ("px/s", "levels of 255") else "")
    return f"{measured} costs it most: VTSS would be {score.vtss_gain:.2f} higher with a typical value"

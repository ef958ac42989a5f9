"""What a network says of a clip: its VTSS, and why that is not higher, as one sub-metric, by name and in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from longtake.records import METRICS, Score
from longtake.scoring.metrics import SUB_METRICS

LEAST_GAIN = 0.05
"""VTSS that a change must bring to be a reason: an eighth of a good network's error (RMSE 0.41, Koala-36M, appendix C)."""

UNITS = {metric.name: metric.unit for metric in SUB_METRICS}


@dataclass(frozen=True)
class Suited:
    """What a network says of one clip."""

    vtss: float
    """1 to 5; NaN where the network gave no finite number."""
    reason: str | None
    """The sub-metric that costs the clip most; none where none costs it much, and where the network reads none."""
    gain: float
    """What VTSS would gain without that, not cut at 5; 0 without a reason."""


def vtss_columns(suited: Suited | None) -> dict[str, Any]:
    """The columns of a score; null where no network has scored."""
    if suited is None:
        return dict.fromkeys(("vtss", "vtss_reason", "vtss_gain"))
    return {"vtss": suited.vtss, "vtss_reason": suited.reason, "vtss_gain": suited.gain if suited.reason else None}


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
    if value is None:  # as an import may have it
        return ""
    unit = UNITS[score.vtss_reason]
    measured = f"{score.vtss_reason} {value:.3g}" + (f" {unit}" if unit in ("px/s", "levels of 255") else "")
    return f"{measured} costs it most: VTSS would be {score.vtss_gain:.2f} higher with a typical value"

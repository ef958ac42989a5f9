"""Thresholds from the data, such that the share that is asked for is kept: one on VTSS, or one quantile for every bad side.

Stands in for the hand-set thresholds of Koala-36M, which keep 37M of 48M clips and are not published (section 4.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError
from longtake.selecting.config import Range, Thresholds
from longtake.selecting.thresholds import MEASURES, Columns, Side, only, within
from longtake.selecting.valley import EDGES

PAPER_KEEP = 37 / 48
"""The share that the hand-set thresholds of Koala-36M keep: 37M of 48M clips."""

DIGITS = 3
"""Significant digits of a tuned threshold."""
_HALVINGS = 40

BAD_SIDES: dict[str, dict[Side, str]] = {
    "motion": {"min": "nothing happens, so there is nothing to learn", "max": "whip pans and fast forward"},
    "moving_area": {"min": "Koala-36M asks that more than 30 % of the picture moves (labelling guide)"},
    "camera_shake": {"max": "amateur camera work loses points in Koala-36M, professional movement does not"},
    "still_share": {"max": "stills, slides and frames that were repeated to raise the frame rate"},
    "flicker": {"max": "strobes, flashes and lamps that beat with the shutter"},
    "clarity": {"min": "out of focus, or enlarged"},
    "noise": {"max": "a generator would learn the noise"},
    "blockiness": {"max": "a generator would learn the codec's grid"},
    "brightness": {"min": "too dark to see", "max": "washed out, or a white card"},
    "contrast": {"min": "fog, fades and cards of one colour"},
    "colourfulness": {"min": "Koala-36M prefers vivid colour (labelling guide)"},
    "clipped_share": {"max": "detail that is lost in black or white"},
    "border_share": {"max": "letterboxes and frames around the picture"},
    "text_share": {"max": "subtitles, titles and logos lose points in Koala-36M"},
    "aesthetic": {"min": "poor composition"},
}
"""Which end of each metric is bad, and why. `camera_motion` has none; `vtss` is what these thresholds compete with."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Thresholds, and what they do to the data that they come from."""

    thresholds: Thresholds
    quantile: float
    """The share that each threshold cuts by itself, before rounding and where no values are equal."""
    kept: float
    """The share within all of them."""


def tune(columns: Columns, keep: float = PAPER_KEEP, sides: Mapping[str, Mapping[Side, str]] | None = None) -> Tuning:
    """The thresholds on bad sides (`BAD_SIDES` unless told) whose share kept is nearest to `keep` (above 0, at most 1).

    Bounds are rounded away from what is kept. A metric that was not measured has no threshold. UserError for a keep
    out of its range, an unknown metric, no clips, nothing that was measured, or a metric that only some clips have.
    """
    if not 0 < keep <= 1:
        raise UserError(f"keep is {keep:g}; expected a share above 0 and at most 1, such as 0.77")
    bad = BAD_SIDES if sides is None else sides
    ascending = _ascending(columns, bad)

    def tuning(quantile: float) -> Tuning:
        ranges = {metric: _range(values, bad[metric], quantile) for metric, values in ascending.items()}
        thresholds = only(**ranges)
        return Tuning(thresholds, quantile, float(within(columns, thresholds).mean()))

    mild, strict = tuning(0), tuning(1)
    for _ in range(_HALVINGS):
        middle = tuning((mild.quantile + strict.quantile) / 2)
        mild, strict = (middle, strict) if middle.kept >= keep else (mild, middle)
    return min(mild, strict, key=lambda found: abs(found.kept - keep))


def tune_vtss(values: NDArray[np.float64], keep: float) -> tuple[float, float]:
    """The least VTSS, to two decimals, whose share kept is nearest to `keep` (above 0, at most 1), and that share.

    Of several that keep as many the highest. Values are finite. UserError for a keep out of its range, and for no values.
    """
    if not 0 < keep <= 1:
        raise UserError(f"keep is {keep:g}; expected a share above 0 and at most 1, such as 0.75")
    if not len(values):
        raise UserError("there is nothing to tune on: no clip has a VTSS; score clips with a network first")
    kept = 1 - np.searchsorted(np.sort(values), EDGES, side="left") / len(values)
    place = len(kept) - 1 - int(np.argmin(np.abs(kept - keep)[::-1]))
    return float(EDGES[place]), float(kept[place])


def _ascending(columns: Columns, bad: Mapping[str, Mapping[Side, str]]) -> Columns:
    """The columns of metrics that have a bad side and were measured, each sorted."""
    if unknown := [metric for metric in bad if metric not in MEASURES]:
        raise UserError(f"sides name {unknown[0]!r}, which is no metric; expected {', '.join(MEASURES)}")
    found = {}
    for metric in bad:
        values = columns.get(metric, np.empty(0))
        known = int(np.isfinite(values).sum())
        if 0 < known < len(values):
            raise UserError(
                f"{metric} is missing in {len(values) - known} of {len(values)} clips; score those as the others were, "
                f"or leave {metric} out of the columns"
            )
        if known:
            found[metric] = np.sort(values)
    if not found:
        raise UserError(
            f"there is nothing to tune on: no clip was measured by any of {', '.join(bad)}; score clips first"
        )
    return found


def _range(ascending: NDArray[np.float64], sides: Mapping[Side, str], quantile: float) -> Range:
    """Cuts at most this share of the values at each side; two sides meet in the middle at most."""
    last = len(ascending) - 1
    cut = min(int(quantile * len(ascending)), last // 2 if len(sides) > 1 else last)
    return Range(
        min=_rounded(ascending[cut], ROUND_FLOOR) if "min" in sides else None,
        max=_rounded(ascending[last - cut], ROUND_CEILING) if "max" in sides else None,
    )


def _rounded(value: float, rounding: str) -> float:
    return float(Context(prec=DIGITS, rounding=rounding).create_decimal_from_float(float(value)))

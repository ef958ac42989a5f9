"""Keeping by VTSS against keeping by hand-set thresholds: their errors by name, and what becomes of both when moved."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError
from longtake.selecting.config import Range, Thresholds
from longtake.selecting.thresholds import Columns, bounds, only, within
from longtake.tsa_training.findings import GOOD_FROM, Decision, Roc, RocPoint, Share, Shift
from longtake.tsa_training.judged import Judged, metric_columns, scores, targets

SHIFT = 0.1
"""Koala-36M, appendix D: thresholds are moved by 10 % of their value."""
FIRST_METRICS = ("clarity", "motion")
"""The paper adds up clarity, aesthetic and motion; there are no weights for an aesthetic score, so a third one is found."""

Kept = NDArray[np.bool_]


def compare_ways(rows: Sequence[Judged], vtss_min: float, manual: Thresholds) -> tuple[Decision, ...]:
    """VTSS at its own threshold, VTSS where it keeps as many as the hand-set thresholds, and those."""
    vtss, by_hand = scores(rows), within(_measured(rows, manual), manual)
    equal = _keeping(vtss, int(by_hand.sum()))
    return (
        _decision("VTSS at its threshold", vtss_min, vtss >= vtss_min, rows),
        _decision("VTSS, keeping as many as the hand-set thresholds", equal, vtss >= equal, rows),
        _decision("hand-set thresholds", math.nan, by_hand, rows),
    )


def roc_of(rows: Sequence[Judged]) -> Roc:
    """VTSS as a classifier of good and bad, good being the positive class."""
    vtss, good = scores(rows), _good(rows)
    if good.all() or not good.any():
        return Roc((), math.nan)
    thresholds, place = np.unique(-vtss, return_inverse=True)
    kept = [np.cumsum(np.bincount(place, side, len(thresholds))) / side.sum() for side in (~good, good)]
    bad_kept, good_kept = (np.concatenate([[0.0], shares]) for shares in kept)
    auc = float(np.trapezoid(good_kept, bad_kept))
    found = [RocPoint(*map(float, point)) for point in zip(bad_kept, good_kept, [math.inf, *-thresholds], strict=True)]
    return Roc(_corners(found), auc)


def shift_thresholds(rows: Sequence[Judged], vtss_min: float, manual: Thresholds) -> tuple[Shift, ...]:
    """The paper's table of errors that build up: one, two, three and all hand-set thresholds moved by 10 %, and VTSS's."""
    columns = _measured(rows, manual)
    names = _chosen_metrics(columns, manual)
    everything = list(dict.fromkeys(metric for metric, _, _ in bounds(manual)))
    steps = [(", ".join(names[:count]), names[:count]) for count in range(1, len(names) + 1)]
    found = []
    for way, used in [*steps, (f"all {len(everything)} metrics with a threshold", everything)]:
        ranges = {name: getattr(manual, name) for name in used}
        kept, stricter, looser = (
            within(columns, only(**{name: _moved(ranges[name], by) for name in used})) for by in (0, SHIFT, -SHIFT)
        )
        found.append(_shift(way, kept, stricter, looser, rows))
    vtss = scores(rows)
    for way, by in {
        "VTSS, by 10 % of its threshold's height above 1": SHIFT * (vtss_min - 1),
        "VTSS, by 10 % of its threshold": SHIFT * vtss_min,
    }.items():
        found.append(_shift(way, vtss >= vtss_min, vtss >= vtss_min + by, vtss >= vtss_min - by, rows))
    return tuple(found)


def _good(rows: Sequence[Judged]) -> Kept:
    return targets(rows) >= GOOD_FROM


def _measured(rows: Sequence[Judged], manual: Thresholds) -> Columns:
    """The sub-metrics of all rows. UserError if a metric with a threshold was measured on none."""
    columns = metric_columns(rows)
    for metric, _, _ in bounds(manual):
        if metric not in columns or not np.isfinite(columns[metric]).any():
            raise UserError(
                f"thresholds.{metric} is given, but none of {len(rows)} samples has {metric}, so hand-set thresholds would "
                f"keep nothing; measure it, or drop the threshold by `{metric}: {{}}`"
            )
    return columns


def _decision(way: str, threshold: float, kept: Kept, rows: Sequence[Judged]) -> Decision:
    good, clean = _good(rows), np.array([not row.kinds for row in rows], bool)
    return Decision(
        way=way,
        threshold=threshold,
        kept=_share(kept, np.ones(len(rows), bool)),
        bad_let_through=_share(kept, ~good),
        good_thrown_away=_share(~kept, good),
        clean_thrown_away=_share(~kept, clean),
    )


def _share(hit: Kept, among: Kept) -> Share:
    return Share(int((hit & among).sum()), int(among.sum()))


def _keeping(vtss: NDArray[np.float64], count: int) -> float:
    """The threshold that keeps so many, or as near as ties allow."""
    thresholds, sizes = np.unique(vtss, return_counts=True)
    kept = np.append(np.cumsum(sizes[::-1])[::-1], 0)
    return float(np.append(thresholds, np.inf)[np.argmin(np.abs(kept - count))])


def _corners(points: Sequence[RocPoint]) -> tuple[RocPoint, ...]:
    """The points at which the curve turns, and its ends."""
    steps = [(b.bad_kept - a.bad_kept, b.good_kept - a.good_kept) for a, b in pairwise(points)]
    turns = [abs(one[0] * two[1] - one[1] * two[0]) > 1e-15 for one, two in pairwise(steps)]
    return tuple(point for point, turn in zip(points, [True, *turns, True], strict=True) if turn)


def _chosen_metrics(columns: Columns, manual: Thresholds) -> list[str]:
    """Clarity and motion, and of the others the one whose thresholds drop most of these samples."""
    dropped = {
        metric: int((~within(columns, only(**{metric: getattr(manual, metric)}))).sum())
        for metric in dict.fromkeys(metric for metric, _, _ in bounds(manual))
    }
    first = [metric for metric in FIRST_METRICS if metric in dropped]
    others = sorted(dropped.keys() - first, key=lambda metric: (-dropped[metric], metric))
    return first + others[:1]


def _moved(allowed: Range, share: float) -> Range:
    """Both of its ends moved inwards by a share of their value; outwards where it is negative."""
    return Range(
        min=None if allowed.min is None else allowed.min * (1 + share),
        max=None if allowed.max is None else allowed.max * (1 - share),
    )


def _shift(way: str, kept: Kept, stricter: Kept, looser: Kept, rows: Sequence[Judged]) -> Shift:
    good = _good(rows)
    return Shift(
        way=way,
        samples=len(rows),
        errors=int((kept != good).sum()),
        dropped=int((kept & ~stricter).sum()),
        good_lost=int((kept & ~stricter & good).sum()),
        stricter_errors=int((stricter != good).sum()),
        added=int((looser & ~kept).sum()),
        bad_let_in=int((looser & ~kept & ~good).sum()),
        looser_errors=int((looser != good).sum()),
    )

"""A whole film's drift from the rows of its segments: seams, cuts and interiors apart, motion beside consistency (the note's G.4)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median

from longtake.errors import UserError
from longtake.evaluation.segment_drift import SegmentDrift

END_SHARE = 0.15
"""Of the film's frames at its start and its end, which are compared (Helios' evaluation, by the note)."""
TRENDS = (
    "similarity_to_first", "adjacent_similarity", "colour_levels_from_first", "light_levels", "saturation", "contrast_levels", "sharpness",
    "flow_px", "motion_levels",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """Discontinuity of the seams of one kind; None where there is none. Ratios as in SegmentDrift: 1 is invisible."""

    count: int
    pixel_ratio: float | None
    feature_ratio: float | None
    flow_ratio: float | None
    """Medians."""
    worst_pixel_ratio: float | None
    worst_segment: int | None
    """The one after the worst seam."""
    flicker: float | None
    """VBench's arithmetic on the pairs over the seams alone."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A number's way through the film, in the number's unit."""

    slope: float | None
    """Of the least-squares line, a segment; None with one segment."""
    end: float | None
    """Of the last segment that has it."""
    start_end: float | None
    """Absolute difference of its means over the film's first and last 15 % of frames, a segment's number standing for each of its
    frames; None where one segment is all of both."""


@dataclass(frozen=True, kw_only=True)
class FilmDrift:
    """What is told of a film. A still film wins every consistency: read `flow_px` and `motion_levels` beside them."""

    segments: int
    scenes: int
    frames: int
    seams: Jumps
    """Those that should not be seen."""
    cuts: Jumps
    """Scheduled: to be seen."""
    flicker: float | None
    """VBench's temporal flickering of interiors."""
    motion_levels: float | None
    flow_px: float | None
    """Of interiors, mean over pairs."""
    consistency: float | None
    """VBench's form of subject consistency, pooled over all frames but the first, those after cuts among them."""
    adjacent_similarity: float | None
    """Of interiors, mean over pairs."""
    least_similarity_to_scene: float
    """Of a segment to its scene's first: drift that no scheduled cut explains."""
    trends: Mapping[str, Trend]
    """By field of SegmentDrift, those of `TRENDS`."""


def summarise(rows: Sequence[SegmentDrift]) -> FilmDrift:
    """Of all segments in their order. Raises UserError without any."""
    if not rows:
        raise UserError("a film without segments has no drift; measure one at least")

    def interior(name: str) -> float | None:
        return _mean((getattr(row, name), row.frames - 1) for row in rows)

    return FilmDrift(
        segments=len(rows),
        scenes=rows[-1].scene + 1,
        frames=sum(row.frames for row in rows),
        seams=_jumps([row for row in rows if row.seam_pixel_levels is not None and not row.scene_cut]),
        cuts=_jumps([row for row in rows if row.scene_cut]),
        flicker=interior("flicker"),
        motion_levels=interior("motion_levels"),
        flow_px=interior("flow_px"),
        consistency=_mean((row.consistency, row.frames - (row.index == 0)) for row in rows),
        adjacent_similarity=interior("adjacent_similarity"),
        least_similarity_to_scene=min(row.similarity_to_scene for row in rows),
        trends={name: _trend(rows, name) for name in TRENDS},
    )


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Of the least-squares line; None of fewer than two places."""
    if len({x for x, _ in points}) < 2:
        return None
    middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / sum((x - middle_x) ** 2 for x, _ in points)


def _mean(weighted: Iterable[tuple[float | None, float]]) -> float | None:
    """Of the numbers that there are."""
    known = [(value, weight) for value, weight in weighted if value is not None and weight > 0]
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known) if known else None


def _jumps(rows: Sequence[SegmentDrift]) -> Jumps:
    def middle(of: Callable[[SegmentDrift], float | None]) -> float | None:
        known = [value for value in map(of, rows) if value is not None]
        return median(known) if known else None

    levels = [row.seam_pixel_levels for row in rows if row.seam_pixel_levels is not None]
    worst = max(((row.seam_pixel_ratio, row.index) for row in rows if row.seam_pixel_ratio is not None), default=None)
    return Jumps(
        count=len(rows),
        pixel_ratio=middle(lambda row: row.seam_pixel_ratio),
        feature_ratio=middle(lambda row: row.seam_feature_ratio),
        flow_ratio=middle(lambda row: row.seam_flow_ratio),
        worst_pixel_ratio=worst[0] if worst else None,
        worst_segment=worst[1] if worst else None,
        flicker=(255 - fmean(levels)) / 255 if levels else None,
    )


def _trend(rows: Sequence[SegmentDrift], name: str) -> Trend:
    values: list[float | None] = [getattr(row, name) for row in rows]
    known = [(float(row.index), value) for row, value in zip(rows, values, strict=True) if value is not None]
    counts = [row.frames for row in rows]
    start = _mean(zip(values, _at_start(counts), strict=True))
    end = _mean(zip(values[::-1], _at_start(counts[::-1]), strict=True))
    told = len(rows) > 1 and start is not None and end is not None
    return Trend(
        slope=slope(known),
        end=known[-1][1] if known else None,
        start_end=abs(end - start) if told and start is not None and end is not None else None,
    )


def _at_start(counts: Sequence[int]) -> list[float]:
    """Of each segment, how many of its frames lie in the film's first `END_SHARE`."""
    most = END_SHARE * sum(counts)
    return [min(max(most - before, 0.0), float(n)) for n, before in zip(counts, accumulate([0, *counts]), strict=False)]

"""Which line a film's newest segment has crossed: a reason to stop, or to anchor it anew."""

from collections.abc import Iterable, Sequence

from longtake.evaluation.config import DriftLimits
from longtake.evaluation.segment_drift import SegmentDrift

Line = tuple[str, float | None, float | None, bool]
"""What it is, the segment's number, the limit, and whether the number must not be below (or else above) it."""


def crossed(rows: Sequence[SegmentDrift], limits: DriftLimits) -> str | None:
    """Every line that the last of the rows crosses and by how much, as one sentence; None if it crosses none.

    The rows are all segments so far, or those of the last one's scene: what is relative is told against the scene's first of them.
    """
    if not rows:
        return None
    row = rows[-1]
    base = next(each for each in rows if each.scene == row.scene)
    found = [_say(what, value, limit, least) for what, value, limit, least in _lines(row, base, limits)]
    told = [sentence for sentence in found if sentence]
    return f"segment {row.index}: {'; '.join(told)}" if told else None


def _lines(row: SegmentDrift, base: SegmentDrift, limits: DriftLimits) -> Iterable[Line]:
    yield "similarity to its scene's first segment", row.similarity_to_scene, limits.similarity_at_least, True
    yield "colours (levels)", row.colour_levels_from_scene, limits.colour_levels_at_most, False
    yield "change of saturation", abs(row.saturation - base.saturation), limits.saturation_change_at_most, False
    contrast = abs(row.contrast_levels - base.contrast_levels)
    yield "change of contrast (levels)", contrast, limits.contrast_change_levels_at_most, False
    yield "share of sharpness", _share(row.sharpness, base.sharpness), limits.sharpness_share_at_least, True
    yield "share of motion", _share(row.flow_px, base.flow_px), limits.motion_share_at_least, True
    if not row.scene_cut:
        yield "seam against its surroundings, pixels", row.seam_pixel_ratio, limits.seam_pixel_ratio_at_most, False
        yield "seam, features", row.seam_feature_ratio, limits.seam_feature_ratio_at_most, False
        yield "seam, flow", row.seam_flow_ratio, limits.seam_flow_ratio_at_most, False


def _share(value: float | None, base: float | None) -> float | None:
    """None where there was nothing to begin with."""
    return value / base if value is not None and base else None


def _say(what: str, value: float | None, limit: float | None, least: bool) -> str:
    if value is None or limit is None or (value >= limit if least else value <= limit):
        return ""
    return f"{what} {value:.3g}, {'below' if least else 'above'} the line of {limit:.3g} by {abs(value - limit):.2g}"

"""Rows of the drift meter, written by hand."""

from longtake.evaluation.segment_drift import SegmentDrift


def row(segment, frames=10, **fields):
    plain = dict(
        index=segment, scene=0, scene_cut=False, frames=frames, flicker=0.9, motion_levels=2.0, flow_px=1.0, consistency=0.8,
        adjacent_similarity=0.9, similarity_to_first=1.0, similarity_to_scene=1.0, blue_levels=90.0, green_levels=90.0,
        red_levels=90.0, saturation=0.5, contrast_levels=20.0, sharpness=100.0, colour_levels_from_first=0.0,
        colour_levels_from_scene=0.0,
    )  # fmt: skip
    seam = None if segment == 0 else 1.0
    names = ("pixel_levels", "pixel_ratio", "feature_distance", "feature_ratio", "flow_px", "flow_ratio")
    return SegmentDrift(**{**{f"seam_{name}": seam for name in names}, **plain, **fields})

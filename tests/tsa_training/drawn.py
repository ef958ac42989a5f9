"""Samples that were judged, in one line each."""

import math

from longtake.records import METRICS
from longtake.tsa_training.judged import Judged

WITHIN = {
    "motion": 5.0, "moving_area": 0.5, "camera_shake": 1.0, "camera_motion": 1.0, "still_share": 0.0, "flicker": 0.5, "clarity": 0.5,
    "noise": 1.0, "blockiness": 0.2, "brightness": 0.5, "contrast": 0.2, "colourfulness": 30.0, "clipped_share": 0.01, "border_share": 0.0,
    "text_share": 0.0,
}  # fmt: skip
"""Metrics of a clip that every default threshold lets pass."""


def judged(sample_id, target, vtss, *kinds, source="street", dimension="static", held_out=True, new=False, **fields):
    """A sample of these kinds; what is no field of it is a metric. `ladder` may be given as (name, step)."""
    ladder, step = fields.pop("ladder", (None, 0))
    metrics = {**WITHIN, **fields}
    return Judged(
        sample_id=sample_id, source=source, kinds=kinds, severities=(0.5,) * len(kinds), dimensions=(dimension,) * len(kinds),
        ladder=ladder, step=step, held_out_source=held_out, held_out_kind=new, target=target, vtss=vtss,
        metrics=tuple(metrics[name] for name in METRICS),
    )  # fmt: skip


UNKNOWN = math.nan

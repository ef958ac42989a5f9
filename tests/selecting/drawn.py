"""Scores for tests, in which only what matters is said."""

from longtake.records import Score, bucket_of
from longtake.selecting.thresholds import MEASURES


def score(clip_id="c" * 32, **fields):
    """Everything measured, all numbers 1, no fingerprint."""
    plain = dict.fromkeys(MEASURES, 1.0) | {
        "clip_id": clip_id, "bucket": bucket_of(clip_id), "video_id": clip_id, "vtss_reason": None, "vtss_gain": None,
        "fingerprint": None, "scorer": "longtake", "reason": None, "detail": None, "made_by": "m",
    }  # fmt: skip
    return Score(**plain | fields)

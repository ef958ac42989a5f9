"""Labels for tests."""

from longtake.records import Label


def label(clip_id, annotator, score):
    return Label(
        clip_id=clip_id, bucket=0, video_id="v", annotator=annotator, score=float(score),
        marked_at="2026-01-01T00:00:00+00:00", made_by="annotate",
    )  # fmt: skip


def labels(table):
    """A row an annotator (a0, a1, ...), a column a clip; None where there is no mark."""
    return [
        label(str(clip), f"a{row}", score)
        for row, scores in enumerate(table)
        for clip, score in enumerate(scores)
        if score is not None
    ]

"""Our own captions: clips of one video that follow each other in it, as slicing cut them and captioning told of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from longtake.owl.annotations.plans import Conversion, LeftOut, StoryPlan, StoryPlans, name_stories
from longtake.owl.annotations.timeline import Span, cut_spans, read_span
from longtake.records import Caption, Clip

CUTS = ("cut", "gradual")
"""Edges between which nothing goes on: at a hard cut and at a gradual transition."""


def plans_of_clips(
    clips: Iterable[Clip],
    captions: Mapping[str, Caption],
    conversion: Conversion | None = None,
    conditions: Mapping[str, Mapping[str, float]] | None = None,
) -> StoryPlans:
    """The plans of all videos, each with its `video_id` as name; `captions` and `conditions` (its metrics) by `clip_id`. Times are those
    of the raw video.

    A story goes on where a clip begins within a frame of where the one before ends; what trimming, a gradual transition, a dropped shot
    or a missing caption leaves out ends it. Rows of another slicing (`made_by`) are videos of their own.
    """
    conversion = conversion or Conversion()
    videos: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        videos.setdefault((clip.video_id, clip.made_by), []).append(clip)
    plans: list[StoryPlan] = []
    left_out: list[LeftOut] = []
    for (video, _), rows in videos.items():
        runs, missing = _runs(rows, captions, conditions or {})
        chains = [chain for run in runs for chain in cut_spans(run, conversion)]
        plans += name_stories(video, None, chains, conversion)
        left_out += missing
        if runs and not chains:
            left_out.append(LeftOut(place=video, reason="too_short"))
    return StoryPlans(plans=tuple(plans), left_out=tuple(left_out))


def _runs(
    rows: Iterable[Clip], captions: Mapping[str, Caption], conditions: Mapping[str, Mapping[str, float]]
) -> tuple[list[list[Span]], list[LeftOut]]:
    """Spans of one video that follow each other, and the clips that gave none."""
    runs: list[list[Span]] = []
    left_out: list[LeftOut] = []
    before: Clip | None = None
    for clip in sorted(rows, key=lambda clip: (clip.start_s, clip.end_s)):
        span = _span_of(clip, before, captions)
        if isinstance(span, LeftOut):
            left_out.append(span)
            continue
        if before is None or abs(clip.start_s - before.end_s) > _frame_s(clip):
            runs.append([])
        runs[-1].append(replace(span, conditions=conditions.get(clip.clip_id, {})))
        before = clip
    return runs, left_out


def _span_of(clip: Clip, before: Clip | None, captions: Mapping[str, Caption]) -> Span | LeftOut:
    caption = captions.get(clip.clip_id)
    if clip.reason is not None:
        return LeftOut(place=clip.clip_id, reason="put_aside", detail=clip.reason)
    if caption is None or caption.reason is not None:
        return LeftOut(place=clip.clip_id, reason="no_caption", detail=(caption and caption.reason) or "")
    if before is not None and clip.start_s < before.end_s - _frame_s(clip):
        reason = "repeated" if clip.clip_id == before.clip_id else "overlaps"
        return LeftOut(
            place=clip.clip_id, reason=reason, detail=f"begins at {clip.start_s:g} s, before {before.end_s:g} s"
        )
    after_cut = clip.begins_with in CUTS or (before is not None and before.ends_with in CUTS)
    return read_span(clip.clip_id, clip.start_s, clip.end_s, caption.text, after_cut=after_cut)


def _frame_s(clip: Clip) -> float:
    """How long a frame is shown, and a little; clips from elsewhere may have no rate."""
    return 1.0 / clip.fps + 0.002 if clip.fps > 0 else 0.002

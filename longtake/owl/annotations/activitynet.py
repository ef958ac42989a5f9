"""ActivityNet Captions: events of a video that overlap and leave gaps, each with a sentence.

The file is `train.json` (or `val_1.json`, `val_2.json`) as published: {video_id: {"duration": seconds, "timestamps": [[start, end], ...],
"sentences": [text, ...]}}; a video id is `v_` and YouTube's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from longtake.errors import UserError
from longtake.owl.annotations.files import read_json
from longtake.owl.annotations.plans import Conversion, LeftOut, StoryPlan, StoryPlans, name_stories
from longtake.owl.annotations.timeline import Span, cover_clips, read_seconds, read_span

KEYS = ("duration", "timestamps", "sentences")
WHAT = 'ActivityNet Captions: {"VIDEO": {"duration": ..., "timestamps": [[start, end], ...], "sentences": [...]}, ...}'


def plan_activitynet(
    path: str | Path, conversion: Conversion | None = None, *, cuts_s: Mapping[str, Sequence[float]] | None = None
) -> StoryPlans:
    """The plans of all videos of a file; a video has several where a clip between others is told of by nothing.

    `cuts_s` has the times of each video's cuts, from `longtake.slicing`: a clip is a new scene where another event begins and a cut is
    near. Without them no clip is one. Raises UserError for a file of another kind.
    """
    conversion, cuts = conversion or Conversion(), cuts_s or {}
    found = read_json(Path(path), WHAT)
    if not isinstance(found, dict) or not any(
        isinstance(one, dict) and set(KEYS) <= one.keys() for one in found.values()
    ):
        raise UserError(f"{path} has no entry with {', '.join(KEYS)}; expected {WHAT}")
    plans: list[StoryPlan] = []
    left_out: list[LeftOut] = []
    for video, entry in found.items():
        stories, missing = plan_events(video, entry, cuts.get(video, ()), conversion)
        plans += stories
        left_out += missing
    return StoryPlans(plans=tuple(plans), left_out=tuple(left_out))


def plan_events(
    video: str, entry: Any, cuts_s: Sequence[float], conversion: Conversion
) -> tuple[list[StoryPlan], list[LeftOut]]:
    """The plans of one video from its entry, and what of it was left out."""
    if not (isinstance(entry, dict) and all(isinstance(entry.get(key), list) for key in KEYS[1:])):
        return [], [LeftOut(place=video, reason="missing_keys", detail=f"expected {', '.join(KEYS)}")]
    duration_s = read_seconds(entry.get("duration"))
    if duration_s is None or duration_s <= 0:
        return [], [LeftOut(place=video, reason="not_a_number", detail=f"duration is {entry.get('duration')!r:.40}")]
    events, left_out = read_events(video, entry, duration_s)
    if not events:
        return [], left_out
    chains, missed = cover_clips(duration_s, events, cuts_s, conversion)
    left_out += [
        LeftOut(place=f"{video} from {start_s:g} s", reason="uncovered", detail=f"{share:.0%}")
        for start_s, share in missed
    ]
    if not chains and not missed:
        left_out.append(LeftOut(place=video, reason="too_short", detail=f"{duration_s:g} s"))
    return name_stories(video, None, chains, conversion), left_out


def read_events(video: str, entry: Mapping[str, Any], duration_s: float) -> tuple[list[Span], list[LeftOut]]:
    """The events of an entry that are as they should be, cut off at the video's ends, and those that are not."""
    times, sentences = entry["timestamps"], entry["sentences"]
    events: list[Span] = []
    left_out: list[LeftOut] = []
    for number, (time, sentence) in enumerate(zip(times, sentences, strict=False)):
        place = f"{video} event {number}"
        if not (isinstance(time, list) and len(time) == 2):
            left_out.append(LeftOut(place=place, reason="missing_keys", detail=f"its time is {time!r:.40}"))
            continue
        span = read_span(place, time[0], time[1], sentence, duration_s)
        if isinstance(span, Span):
            events.append(span)
        else:
            left_out.append(span)
    if len(times) != len(sentences):
        detail = f"{len(times)} times, {len(sentences)} sentences"
        left_out.append(LeftOut(place=video, reason="unpaired", detail=detail))
    return events, left_out

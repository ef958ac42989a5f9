"""The pages of the first two steps: what was listed, and the contact sheet of clips."""

import base64
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from longtake.records import Clip, Video
from longtake.report.page import count_rows, render_page

PAGE_BYTES = 1_900_000
"""A page stays under 2 MB: pictures are shown until this is full, and the page says how many are not."""
MAX_VIDEOS = 300
"""Videos on one page; the ones with trouble first."""
_SPAN_BYTES, _VIDEO_BYTES = 700, 2_500
"""The most that one clip costs the page beside its picture, and one video beside its clips."""

SENTENCES = {
    "too_short": "The span between two transitions is shorter than min_clip_s after its ends are trimmed.",
}


def listing_sheet(
    videos: Sequence[Video],
    *,
    ignored: Mapping[str, int],
    sentences: Mapping[str, str],
    raw: str,
    facts: Mapping[str, str],
) -> str:
    """The page of a listing: every video with its numbers, quarantined ones first with their reason."""
    ordered = sorted(videos, key=lambda video: (video.reason is None, video.uris))
    return render_page(
        "listing.html",
        title="Listing",
        place=raw,
        facts=facts,
        counts=count_rows(Counter(video.outcome for video in videos), SENTENCES | dict(sentences)),
        videos=ordered[:MAX_VIDEOS],
        hidden=max(0, len(ordered) - MAX_VIDEOS),
        duplicates=sum(len(video.uris) - 1 for video in videos),
        seconds=sum(video.duration_s for video in videos),
        bytes=sum(video.bytes for video in videos),
        ignored=sorted(ignored.items(), key=lambda item: (-item[1], item[0]))[:20],
        ignored_total=sum(ignored.values()),
    )


def contact_sheet(
    videos: Sequence[Video],
    clips: Sequence[Clip],
    poster: Callable[[Clip], bytes],
    *,
    sentences: Mapping[str, str],
    shard: str,
    facts: Mapping[str, str],
) -> str:
    """The page of a slicing: a timeline of each video and its clips as filmstrips with their times.

    `poster` gives a clip's filmstrip (JPEG), empty where it is missing; it is asked only for clips that the page has room for.
    """
    spans: dict[str, list[Clip]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: (clip.start_frame, clip.frames)):
        spans[clip.video_id].append(clip)
    ordered = sorted(videos, key=lambda video: (not _has_trouble(spans[video.video_id]), video.uris))
    shown, hidden_spans, hidden_posters, full = [], 0, 0, False
    room = PAGE_BYTES - 60_000 - _VIDEO_BYTES * len(ordered[:MAX_VIDEOS])
    for video in ordered[:MAX_VIDEOS]:
        cards: list[dict[str, Any]] = []
        for clip in spans[video.video_id]:
            if room < _SPAN_BYTES:
                hidden_spans += 1
                continue
            room -= _SPAN_BYTES
            picture = "" if full or clip.reason else base64.b64encode(poster(clip)).decode()
            if len(picture) > room:
                picture, full = "", True
            hidden_posters += clip.reason is None and not picture
            room -= len(picture)
            cards.append({"clip": clip, "picture": picture})
        shown.append({"video": video, "cards": cards, "length_s": _length_s(video, spans[video.video_id])})
    kept = [clip for clip in clips if clip.reason is None]
    return render_page(
        "slicing.html",
        title="Slicing",
        place=f"shard {shard}",
        facts=facts,
        counts=count_rows(Counter(clip.outcome for clip in clips), SENTENCES | dict(sentences)),
        videos=shown,
        video_count=len(videos),
        hidden_videos=max(0, len(ordered) - MAX_VIDEOS),
        hidden_spans=hidden_spans,
        hidden_posters=hidden_posters,
        clip_seconds=sum(clip.end_s - clip.start_s for clip in kept),
        video_seconds=sum(video.duration_s for video in videos),
        clip_count=len(kept),
    )


def _has_trouble(clips: Sequence[Clip]) -> bool:
    return any(clip.frames == 0 for clip in clips)


def _length_s(video: Video, clips: Sequence[Clip]) -> float:
    return max([video.duration_s, *(clip.end_s for clip in clips)], default=0.0) or 1.0

"""One clip's whole story: the file it comes from, its span, what was measured, what chose it or not, and why, and its captions."""

import base64
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from longtake.captioning.schema import NAMES
from longtake.datasets.stored import list_datasets
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, join_uri
from longtake.records import METRICS, Caption, Clip, Score, Selection, Split, Video, bucket_of, split_of
from longtake.report import render_page
from longtake.report.plots import number
from longtake.shards import WHOLE

FEWEST_DIGITS = 6
ID_DIGITS = 32
FILM_BYTES = 2_000_000
"""A film up to this size plays in the page itself."""
NUMBERS = (*METRICS, "aesthetic", "vtss")


@dataclass(frozen=True)
class Use:
    """One dataset that chose from the clip."""

    selection: Selection
    split: Split | None
    """None where the dataset was never finished."""


@dataclass(frozen=True)
class Trace:
    """What the lake knows of one clip, or of one video and all its clips."""

    video: Video
    clip_id: str | None
    """None where a video was asked for."""
    clips: list[Clip]
    """Of a clip a row for each maker that found it; of a video those of all its clips, in the order of time."""
    film_uri: str | None
    """Of the clip's file; None where the span was dropped."""
    film_bytes: int | None
    """Of that file; None where it is not in the lake."""
    scores: list[Score]
    uses: list[Use]
    captions: list[Caption]

    def to_json(self) -> str:
        shown: dict[str, Any] = {"clip_id": self.clip_id, "video": asdict(self.video)}
        shown |= {"clips": [asdict(clip) for clip in self.clips], "film_uri": self.film_uri}
        shown["film_bytes"] = self.film_bytes
        shown["scores"] = [asdict(score) for score in self.scores]
        shown["datasets"] = [asdict(use.selection) | {"split": use.split} for use in self.uses]
        shown["captions"] = [asdict(caption) for caption in self.captions]
        return json.dumps(shown, indent=2)


def find_trace(lake: Lake, given: str) -> Trace:
    """The story of the clip with this id or of the only one whose id begins so, else of the video with this id.

    Raises UserError where there is none, or more than one.
    """
    wanted = given.strip().lower()
    if not re.fullmatch(f"[0-9a-f]{{{FEWEST_DIGITS},{ID_DIGITS}}}", wanted):
        raise UserError(
            f"{given!r} is no id; give a clip's id or at least its first {FEWEST_DIGITS} hexadecimal digits, or a video's id"
        )
    if len(wanted) < ID_DIGITS:
        wanted = _complete(lake, wanted)
    if clips := lake.tables.read(Clip, clip_id=wanted):
        return _trace_clip(lake, clips)
    return _trace_video(lake, wanted)


def _complete(lake: Lake, prefix: str) -> str:
    found: set[str] = set()
    for group in lake.tables.groups(Clip, buckets=WHOLE.buckets):
        ids = lake.tables.scan(Clip, buckets=group).column("clip_id").to_pylist()
        found.update(clip_id for clip_id in ids if clip_id.startswith(prefix))
    if not found:
        raise UserError(
            f"no clip's id begins with {prefix} in {lake.data_root}; check the data root, or find clips with "
            "longtake lake query 'select clip_id from clips'"
        )
    if len(found) > 1:
        shown = ", ".join(sorted(found)[:5])
        raise UserError(f"{len(found)} clips' ids begin with {prefix} ({shown} ...); give more digits")
    return found.pop()


def _trace_clip(lake: Lake, clips: list[Clip]) -> Trace:
    clip = clips[0]
    here = [clip.bucket]
    videos = lake.tables.read(Video, buckets=here, video_id=clip.video_id)
    if not videos:
        raise UserError(
            f"the clip {clip.clip_id} is of the video {clip.video_id}, which is in no table; list the raw videos"
        )
    datasets = {dataset.name: dataset for dataset in list_datasets(lake)}
    uses = [
        Use(row, split_of(row.video_id, datasets[row.dataset].validation_share) if row.dataset in datasets else None)
        for row in lake.tables.read(Selection, buckets=here, clip_id=clip.clip_id)
    ]
    key = next((row.uri for row in clips if row.uri), None)
    film_bytes = next((item.bytes for item in lake.objects.walk(key) if item.key == key), None) if key else None
    scores = lake.tables.read(Score, buckets=here, clip_id=clip.clip_id)
    captions = lake.tables.read(Caption, buckets=here, clip_id=clip.clip_id)
    film_uri = join_uri(lake.data_root, key) if key else None
    return Trace(videos[0], clip.clip_id, clips, film_uri, film_bytes, scores, uses, captions)


def _trace_video(lake: Lake, video_id: str) -> Trace:
    buckets = [bucket_of(video_id)]
    videos = lake.tables.read(Video, buckets=buckets, video_id=video_id)
    if not videos:
        raise UserError(
            f"there is no clip and no video {video_id} in {lake.data_root}; check the data root, or find clips with "
            "longtake lake query 'select clip_id from clips'"
        )
    clips = lake.tables.read(Clip, buckets=buckets, video_id=video_id)
    return Trace(
        videos[0], None, sorted(clips, key=lambda clip: (clip.made_by, clip.start_frame)), None, None, [], [], []
    )


def render_trace(lake: Lake, trace: Trace) -> str:
    """The story as a page, with the filmstrip, and the film where it is small."""
    clip = trace.clips[0] if trace.clip_id else None
    film_fits = trace.film_bytes is not None and trace.film_bytes <= FILM_BYTES
    return render_page(
        "trace.html",
        title=f"Clip {trace.clip_id}" if clip else f"Video {trace.video.video_id}",
        place=trace.video.uris[0] if trace.video.uris else "",
        facts={},
        trace=trace,
        clip=clip,
        numbers=NUMBERS,
        parts=NAMES,
        digits=number,
        poster=_read_base64(lake, clip.poster_uri) if clip else "",
        film=_read_base64(lake, clip.uri) if clip and film_fits else "",
    )


def _read_base64(lake: Lake, key: str | None) -> str:
    """The object's content; empty where it is missing, and the page says so."""
    try:
        return base64.b64encode(lake.objects.read(key)).decode() if key else ""
    except ObjectChanged:
        return ""

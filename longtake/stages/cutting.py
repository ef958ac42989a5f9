"""From spans of a video to clips in the lake: their ids, their places, the one pass that cuts them, their rows."""

from collections.abc import Iterable
from pathlib import Path

from longtake.config import dump_config
from longtake.lake import Lake, ObjectChanged, Store, key_below
from longtake.records import Clip, Video, digest
from longtake.shards import Shard
from longtake.slicing.clips import Shot
from longtake.stages.step import Makers
from longtake.video.config import Encoding
from longtake.video.guard import Guard
from longtake.video.records import Span

ENCODER_VERSION = 1
"""Raise it whenever the same span and encoding would be written otherwise."""


def clip_id(video: Video, start_frame: int, end_frame: int, encoding: Encoding) -> str:
    return digest(video.video_id, start_frame, end_frame, ENCODER_VERSION, dump_config(encoding))


def clip_key(clip_id: str) -> str:
    return f"clips/{clip_id[:2]}/{clip_id}.mp4"


def poster_key(clip_id: str) -> str:
    return f"clips/{clip_id[:2]}/{clip_id}.jpg"


def fetch_video(source: Store, video: Video, path: Path) -> None:
    """Copies the video from the first place that still holds the listed content. Raises ObjectChanged if none does."""
    for uri, etag in zip(video.uris, video.etags, strict=True):
        key = key_below(uri, source.uri)
        if key:
            try:
                source.fetch(key, path, etag=etag)
            except ObjectChanged:
                continue
            return
    raise ObjectChanged(video.video_id)


def cut_missing(lake: Lake, guard: Guard, path: Path, video: Video, shots: Iterable[Shot], encoding: Encoding) -> None:
    """Puts those clips into the lake that an earlier, killed attempt has not: each after its poster, so that a clip has one.

    The shots are sorted and apart; `path` is the video's file, and the clips are written beside it first.
    """
    spans = [
        Span(
            name=clip_id(video, shot.start_frame, shot.end_frame, encoding),
            start_frame=shot.start_frame,
            end_frame=shot.end_frame,
        )
        for shot in shots
    ]
    missing = [span for span in spans if not lake.objects.exists(clip_key(span.name))]
    for cut in guard.cut(path, missing, path.parent, encoding):
        lake.objects.upload(poster_key(cut.name), cut.poster_path)
        lake.objects.upload(clip_key(cut.name), cut.path)


def clip_row(
    video: Video,
    shot: Shot,
    *,
    fps: float,
    encoding: Encoding,
    made_by: str,
    reason: str | None,
    detail: str | None = None,
) -> Clip:
    """The row of a clip that was cut, or of a span that was dropped for a reason."""
    name = clip_id(video, shot.start_frame, shot.end_frame, encoding)
    return Clip(
        clip_id=name,
        bucket=video.bucket,
        video_id=video.video_id,
        uri=None if reason else clip_key(name),
        poster_uri=None if reason else poster_key(name),
        start_frame=shot.start_frame,
        start_s=shot.start_s,
        end_s=shot.end_s,
        frames=shot.end_frame - shot.start_frame,
        fps=fps,
        width=video.width - video.width % 2,  # a clip's picture has even sides
        height=video.height - video.height % 2,
        begins_with=shot.begins_with,
        ends_with=shot.ends_with,
        reason=reason,
        detail=detail,
        made_by=made_by,
    )


def failed_row(video: Video, *, reason: str, detail: str, encoding: Encoding, made_by: str) -> Clip:
    """The one row of a video that could not be read."""
    return Clip(
        clip_id=clip_id(video, 0, 0, encoding), bucket=video.bucket, video_id=video.video_id, uri=None, poster_uri=None,
        start_frame=0, start_s=0.0, end_s=0.0, frames=0, fps=video.fps, width=video.width, height=video.height,
        begins_with="start", ends_with="end", reason=reason, detail=detail, made_by=made_by,
    )  # fmt: skip


def rows_of(lake: Lake, shard: Shard, makers: Makers) -> list[Clip]:
    """What a config has made of the shard's videos: of each its clips, or why there is none under these limits."""
    good, failed = (
        lake.tables.read(Clip, buckets=shard.buckets, made_by=maker) for maker in (makers.good, makers.failed)
    )
    done = {clip.video_id for clip in good}
    return good + [clip for clip in failed if clip.video_id not in done]


def read_poster(lake: Lake, clip: Clip) -> bytes:
    """The clip's filmstrip; empty where it is missing, and the page says so."""
    try:
        return lake.objects.read(poster_key(clip.clip_id))
    except ObjectChanged:
        return b""

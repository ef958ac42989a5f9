"""videos -> clips: finds the transitions of each video of a shard, cuts the spans between them, and says what it dropped."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from longtake.config import dump_config, load_config
from longtake.engine import cores, map_unordered
from longtake.lake import Lake, ObjectChanged, Store, key_below
from longtake.lake.tables import Batch
from longtake.records import Clip, Video, digest
from longtake.report import contact_sheet, counts_in
from longtake.shards import WHOLE, Shard
from longtake.slicing import Slicing, slice_video
from longtake.slicing.clips import DroppedShot
from longtake.slicing.config import ALGORITHM_VERSION
from longtake.slicing.features import use_one_thread
from longtake.stages.config import SlicingStageConfig
from longtake.stages.step import Makers, Summary, open_places, open_step
from longtake.video.faults import REASONS, VideoFault
from longtake.video.guard import Guard, GuardPool
from longtake.video.records import Span

STAGE = "slicing"
ENCODER_VERSION = 1
"""Raise it whenever the same span and encoding would be written otherwise."""


def run(
    *, raw: str, data_root: str, shard: str = str(WHOLE), config: Mapping[str, Any] | None = None, run: str = ""
) -> Summary:
    """Slices every listed video below `raw` that is in the shard and not yet done by this very config.

    Raises UserError for a wrong place, shard or config; a video that can't be sliced becomes a row with a reason.
    """
    settings = load_config(SlicingStageConfig, config or {}, where="slicing config")
    part = Shard.parse(shard)
    source, lake = open_places(raw, data_root)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=part.label) as step:
        job = _Job(source, lake, settings, makers(settings))
        videos = [
            video
            for video in lake.tables.read(Video, buckets=part.buckets)
            if video.reason is None and any(key_below(uri, source.uri) for uri in video.uris)
        ]
        done = {clip.video_id for clip in job.rows(part)}
        todo = [video for video in videos if video.video_id not in done]
        step.begin(inputs=len(videos), skipped=len(videos) - len(todo))
        workers = cores()
        use_one_thread()
        with GuardPool(workers, settings.limits) as guards, Batch(lake.tables) as batch:
            for sliced in map_unordered(partial(_slice_one, job, guards), todo, workers=workers):
                if sliced.rows:
                    batch.add(sliced.rows)
                    step.count(sliced.uri, sliced.rows, seconds=sliced.seconds, read_bytes=sliced.read_bytes)
                else:
                    step.skip_gone(sliced.uri)
        wanted = {video.video_id for video in videos}
        rows = [clip for clip in job.rows(part) if clip.video_id in wanted]
        new = {video.video_id for video in todo}
        facts = step.facts(raw=source.uri, made_by=job.makers.good, config=json.dumps(dump_config(settings)))
        page = contact_sheet(videos, rows, partial(_poster, lake), sentences=REASONS, shard=str(part), facts=facts)
        summary = step.finish(
            rows, new=[row for row in rows if row.video_id in new], report=page, shown=counts_in(page)
        )
    summary.seconds = time.monotonic() - began
    return summary


def makers(config: SlicingStageConfig) -> Makers:
    """The `made_by` of the rows that this config makes."""
    shaping = {"rule": dump_config(config.rule), "encoding": dump_config(config.encoding)}
    return Makers.of(STAGE, ALGORITHM_VERSION, shaping, config.limits)


@dataclass(frozen=True)
class _Job:
    """What all videos of the step share."""

    source: Store
    lake: Lake
    config: SlicingStageConfig
    makers: Makers

    def rows(self, shard: Shard) -> list[Clip]:
        """What this config has made of the shard's videos: of each its clips, or why there is none under these limits."""
        good, failed = (
            self.lake.tables.read(Clip, buckets=shard.buckets, made_by=maker)
            for maker in (self.makers.good, self.makers.failed)
        )
        done = {clip.video_id for clip in good}
        return good + [clip for clip in failed if clip.video_id not in done]

    def clip_id(self, video: Video, start_frame: int, end_frame: int) -> str:
        return digest(video.video_id, start_frame, end_frame, ENCODER_VERSION, dump_config(self.config.encoding))


@dataclass(frozen=True)
class _Sliced:
    uri: str
    rows: list[Clip]
    """None where the video is gone."""
    seconds: float
    read_bytes: int


def _slice_one(job: _Job, guards: GuardPool, video: Video) -> _Sliced:
    """Fetches, slices and cuts one video; its clips are in the lake when this returns."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
        path = Path(scratch) / "video"
        try:
            _fetch(job.source, video, path)
            with guards.guard() as guard:
                slicing = slice_video(path, job.config.rule, guard=guard)
                _cut_missing(job, guard, video, slicing, path)
            rows = _rows(job, video, slicing)
        except VideoFault as fault:
            rows = [_failed(job, video, fault.reason, fault.detail)]
        except ObjectChanged:
            rows = []
    return _Sliced(video.uris[0], rows, time.monotonic() - began, video.bytes)


def _fetch(source: Store, video: Video, path: Path) -> None:
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


def _cut_missing(job: _Job, guard: Guard, video: Video, slicing: Slicing, path: Path) -> None:
    """Puts those clips into the lake that an earlier, killed attempt has not: each after its poster, so that a clip has one."""
    spans = [
        Span(name=job.clip_id(video, clip.start_frame, clip.end_frame), start_frame=clip.start_frame, end_frame=clip.end_frame)
        for clip in slicing.clips
    ]  # fmt: skip
    missing = [span for span in spans if not job.lake.objects.exists(clip_key(span.name))]
    for cut in guard.cut(path, missing, path.parent, job.config.encoding):
        job.lake.objects.upload(poster_key(cut.name), cut.poster_path)
        job.lake.objects.upload(clip_key(cut.name), cut.path)


def clip_key(clip_id: str) -> str:
    return f"clips/{clip_id[:2]}/{clip_id}.mp4"


def poster_key(clip_id: str) -> str:
    return f"clips/{clip_id[:2]}/{clip_id}.jpg"


def _rows(job: _Job, video: Video, slicing: Slicing) -> list[Clip]:
    """A row for each clip, and one with its reason for each shot that gave none."""
    rows = []
    for span in (*slicing.clips, *slicing.dropped):
        reason = span.reason if isinstance(span, DroppedShot) else None
        clip_id = job.clip_id(video, span.start_frame, span.end_frame)
        rows.append(
            Clip(
                clip_id=clip_id,
                bucket=video.bucket,
                video_id=video.video_id,
                uri=None if reason else clip_key(clip_id),
                poster_uri=None if reason else poster_key(clip_id),
                start_frame=span.start_frame,
                start_s=span.start_s,
                end_s=span.end_s,
                frames=span.end_frame - span.start_frame,
                fps=slicing.fps,
                width=video.width - video.width % 2,  # a clip's picture has even sides
                height=video.height - video.height % 2,
                begins_with=span.begins_with,
                ends_with=span.ends_with,
                reason=reason,
                detail=None,
                made_by=job.makers.good,
            )
        )
    return rows


def _failed(job: _Job, video: Video, reason: str, detail: str) -> Clip:
    """The one row of a video that could not be sliced."""
    return Clip(
        clip_id=job.clip_id(video, 0, 0), bucket=video.bucket, video_id=video.video_id, uri=None, poster_uri=None,
        start_frame=0, start_s=0.0, end_s=0.0, frames=0, fps=video.fps, width=video.width, height=video.height,
        begins_with="start", ends_with="end", reason=reason, detail=detail, made_by=job.makers.failed,
    )  # fmt: skip


def _poster(lake: Lake, clip: Clip) -> bytes:
    """The clip's filmstrip; empty where it is missing, and the page says so."""
    try:
        return lake.objects.read(poster_key(clip.clip_id))
    except ObjectChanged:
        return b""

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
from longtake.records import Clip, Video
from longtake.report import contact_sheet, counts_in
from longtake.shards import WHOLE, Shard
from longtake.slicing import Slicing, slice_video
from longtake.slicing.clips import DroppedShot
from longtake.slicing.config import ALGORITHM_VERSION
from longtake.slicing.features import use_one_thread
from longtake.stages.config import SlicingStageConfig
from longtake.stages.cutting import clip_row, cut_missing, failed_row, fetch_video, read_poster, rows_of
from longtake.stages.step import Makers, Summary, count_outcomes, open_places, open_step
from longtake.video.faults import REASONS, VideoFault
from longtake.video.guard import GuardPool

STAGE = "slicing"


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
        done = {clip.video_id for clip in rows_of(lake, part, job.makers)}
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
        rows = [clip for clip in rows_of(lake, part, job.makers) if clip.video_id in wanted]
        new = {video.video_id for video in todo}
        facts = step.facts(raw=source.uri, made_by=job.makers.good, config=json.dumps(dump_config(settings)))
        page = contact_sheet(videos, rows, partial(read_poster, lake), sentences=REASONS, shard=str(part), facts=facts)
        new_rows = count_outcomes(row for row in rows if row.video_id in new)
        summary = step.finish(count_outcomes(rows), new=new_rows, report=page, shown=counts_in(page))
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
    encoding = job.config.encoding
    with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
        path = Path(scratch) / "video"
        try:
            fetch_video(job.source, video, path)
            with guards.guard() as guard:
                slicing = slice_video(path, job.config.rule, guard=guard)
                cut_missing(job.lake, guard, path, video, slicing.clips, encoding)
            rows = _rows(job, video, slicing)
        except VideoFault as fault:
            why = {"reason": fault.reason, "detail": fault.detail, "made_by": job.makers.failed}
            rows = [failed_row(video, encoding=encoding, **why)]
        except ObjectChanged:
            rows = []
    return _Sliced(video.uris[0], rows, time.monotonic() - began, video.bytes)


def _rows(job: _Job, video: Video, slicing: Slicing) -> list[Clip]:
    """A row for each clip, and one with its reason for each shot that gave none."""
    return [
        clip_row(
            video,
            shot,
            fps=slicing.fps,
            encoding=job.config.encoding,
            made_by=job.makers.good,
            reason=shot.reason if isinstance(shot, DroppedShot) else None,
        )
        for shot in (*slicing.clips, *slicing.dropped)
    ]

"""raw/ -> videos: walks a prefix, knows each file by its content, probes what is new, and plans the shards of the run."""

import hashlib
import json
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from longtake.config import dump_config, load_config
from longtake.engine import cores, map_unordered
from longtake.errors import UserError
from longtake.lake import ObjectChanged, ObjectInfo, Store, join_uri, key_below
from longtake.lake.tables import Batch
from longtake.records import Video, bucket_of
from longtake.report import counts_in, listing_sheet
from longtake.shards import Shard, plan_shards
from longtake.stages.config import ListingConfig
from longtake.stages.step import Makers, Step, Summary, count_outcomes, open_places, open_step
from longtake.video.faults import REASONS, VideoFault
from longtake.video.guard import GuardPool

STAGE = "listing"
ALGORITHM_VERSION = 1

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ListingSummary(Summary):
    """What listing did, and the shards that it planned."""

    shards: list[str]


def run(
    *, raw: str, data_root: str, shards: int = 1, config: Mapping[str, Any] | None = None, run: str = ""
) -> ListingSummary:
    """Lists the videos below `raw` into the table `videos` and plans at most `shards` shards of about equal bytes.

    A file whose etag is known is not read again; files with equal bytes become one row that keeps every uri; a file
    that can't be read becomes a row with a reason. Raises UserError for a wrong place or config.
    """
    settings = load_config(ListingConfig, config or {}, where="listing config")
    makers = Makers.of(STAGE, ALGORITHM_VERSION, {}, settings.limits)
    plan_shards({}, shards)
    source, lake = open_places(raw, data_root)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard="1of1") as step:
        objects, ignored = _videos_below(source, settings)
        if not objects:
            raise UserError(_nothing(source, ignored))
        here = {join_uri(source.uri, item.key): item.etag for item in objects}
        videos = {video.video_id: video for video in lake.tables.read(Video)}
        known = _known(videos.values(), makers)
        new = [item for item in objects if (join_uri(source.uri, item.key), item.etag) not in known]
        step.begin(inputs=len(objects), skipped=len(objects) - len(new))
        with Batch(lake.tables) as batch:
            batch.add(_forget_gone(videos, source, here))
            written = _probe_all(_Job(source, step, batch, settings, makers), new, videos)
        rows = [row for row in lake.tables.read(Video) if not here.keys().isdisjoint(row.uris)]
        facts = step.facts(config=json.dumps(dump_config(settings)))
        page = listing_sheet(rows, ignored=ignored, sentences=REASONS, raw=source.uri, facts=facts)
        new_rows = count_outcomes(row for row in rows if row.video_id in written)
        done = step.finish(count_outcomes(rows), new=new_rows, report=page, shown=counts_in(page))
    done.seconds = time.monotonic() - began
    planned = plan(rows, shards)
    log.info("planned", extra={"shards": [str(shard) for shard in planned]})
    return ListingSummary(**vars(done), shards=[str(shard) for shard in planned])


def _nothing(source: Store, ignored: Counter[str]) -> str:
    if not ignored:
        return f"nothing lies below {source.uri}; check the prefix, or put videos there"
    others = ", ".join(f"{count} × {suffix}" for suffix, count in ignored.most_common(5))
    return f"no video lies below {source.uri}, but {others}; suffixes of the listing config says what a video's name ends in"


def plan(videos: Sequence[Video], shards: int) -> list[Shard]:
    """Shards of whole buckets over the readable videos, balanced by bytes."""
    sizes: Counter[int] = Counter()
    for video in videos:
        if video.reason is None:
            sizes[video.bucket] += video.bytes
    return plan_shards(sizes, shards)


def _videos_below(source: Store, config: ListingConfig) -> tuple[list[ObjectInfo], Counter[str]]:
    """Objects whose names say video, and how many others there are by suffix."""
    objects, ignored = [], Counter[str]()
    for item in source.walk():
        suffix = PurePosixPath(item.key).suffix.lower()
        if suffix in config.suffixes:
            objects.append(item)
        else:
            ignored[suffix or "no suffix"] += 1
    return objects, ignored


def _known(videos: Iterable[Video], makers: Makers) -> set[tuple[str, str]]:
    """The (uri, etag) that were read before, the failed ones under these very limits."""
    return {
        place
        for video in videos
        if video.made_by == (makers.failed if video.reason else makers.good)
        for place in zip(video.uris, video.etags, strict=True)
    }


def _forget_gone(videos: dict[str, Video], source: Store, here: Mapping[str, str]) -> list[Video]:
    """Takes places out of `videos` whose object was removed or overwritten since; the rows that changed."""
    changed = []
    for video in list(videos.values()):
        places = [
            (uri, etag)
            for uri, etag in zip(video.uris, video.etags, strict=True)
            if key_below(uri, source.uri) is None or here.get(uri) == etag
        ]
        if len(places) < len(video.uris):
            videos[video.video_id] = _at(video, dict(places))
            changed.append(videos[video.video_id])
    return changed


@dataclass(frozen=True)
class _Job:
    """What the reading of all new objects shares."""

    source: Store
    step: Step
    batch: Batch
    config: ListingConfig
    makers: Makers


def _probe_all(job: _Job, new: Sequence[ObjectInfo], videos: dict[str, Video]) -> set[str]:
    """Reads the new objects and writes their rows, each content once with every place; the video_ids that were written."""
    written: set[str] = set()
    workers = cores()
    with GuardPool(workers, job.config.limits) as guards:
        for probed in map_unordered(partial(_probe_one, job, guards), new, workers=workers):
            row = probed.row
            if row is None:
                job.step.skip_gone(probed.uri)
                continue
            old = videos.get(row.video_id)
            places = dict(zip(old.uris, old.etags, strict=True)) if old else {}
            videos[row.video_id] = _at(row, places | dict(zip(row.uris, row.etags, strict=True)))
            job.batch.add([videos[row.video_id]])
            first = row.video_id not in written
            written.add(row.video_id)
            job.step.count(probed.uri, [row] if first else [], seconds=probed.seconds, read_bytes=row.bytes)
    return written


def _at(video: Video, places: Mapping[str, str]) -> Video:
    """The video at these places (uri to etag)."""
    return replace(video, uris=sorted(places), etags=[places[uri] for uri in sorted(places)])


@dataclass(frozen=True)
class _Probed:
    uri: str
    row: Video | None
    """With the one uri and etag that were read; None if the object was removed or overwritten since it was listed."""
    seconds: float


def _probe_one(job: _Job, guards: GuardPool, item: ObjectInfo) -> _Probed:
    """Digest and probe of one object."""
    began = time.monotonic()
    uri = join_uri(job.source.uri, item.key)
    with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
        path = Path(scratch) / "video"
        try:
            job.source.fetch(item.key, path, etag=item.etag)
        except ObjectChanged:
            return _Probed(uri, None, 0.0)
        with path.open("rb") as file:
            video_id = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        row = Video(
            video_id=video_id, bucket=bucket_of(video_id), uris=[uri], etags=[item.etag],
            bytes=item.bytes, duration_s=0.0, fps=0.0, width=0, height=0, codec="", frames=0,
            reason=None, detail=None, made_by=job.makers.good,
        )  # fmt: skip
        try:
            with guards.guard() as guard:
                probe = guard.probe(path)
        except VideoFault as fault:
            row = replace(row, reason=fault.reason, detail=fault.detail, made_by=job.makers.failed)
        else:
            row = replace(
                row, duration_s=probe.duration_s, fps=probe.fps, width=probe.width, height=probe.height,
                codec=probe.codec, frames=probe.frames,
            )  # fmt: skip
    return _Probed(uri, row, time.monotonic() - began)

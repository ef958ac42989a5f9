"""A published CSV -> clips, scores, selections and a dataset: cuts the spans that it names from the listed videos."""

import hashlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from longtake.captioning.captioner import Written
from longtake.captioning.captions import caption_row
from longtake.captioning.checking import flag_of
from longtake.config import dump_config, load_config
from longtake.datasets.config import ALGORITHM_VERSION, ImportingConfig
from longtake.datasets.koala import COLUMNS, read_rows
from longtake.datasets.naming import check_family, name_of
from longtake.datasets.placing import REASONS, Matches, Placed, account_for, layers, match_rows, place_rows
from longtake.datasets.stored import write_dataset
from longtake.engine import cores, map_unordered
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, Store, key_below
from longtake.lake.tables import Batch
from longtake.records import METRICS, Caption, Clip, Dataset, Record, Score, Selection, Video
from longtake.report import contact_sheet, counts_in
from longtake.shards import WHOLE
from longtake.slicing.clips import frame_edges_s
from longtake.stages.cutting import clip_row, cut_missing, failed_row, fetch_video, read_poster, rows_of
from longtake.stages.step import Makers, Summary, count_outcomes, open_places, open_step
from longtake.video import faults
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard, GuardPool

STAGE = "importing"
SCORER = "koala-36m"
"""Whose the imported scores and captions are."""
COMMIT_ROWS = 20_000


@dataclass(kw_only=True)
class ImportingSummary(Summary):
    """What an import did, and the dataset that it made."""

    dataset: str
    rows: dict[str, int] = field(default_factory=dict)
    """Rows of the CSV: imported, and by each reason why not; together all of them."""
    examples: dict[str, str] = field(default_factory=dict)
    """The first row in words, of those that mean no listed video."""

    @property
    def quarantined(self) -> int:
        return super().quarantined + self.rows.get("unreadable_row", 0)


def run(
    *,
    csv: str,
    raw: str,
    data_root: str,
    family: str,
    config: Mapping[str, Any] | None = None,
    run: str = "",
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> ImportingSummary:
    """Imports the rows of `csv` whose videos are listed below `raw` as the dataset `<family>-<digest>`.

    `advance` hears how many videos of how many are done. Raises UserError for a wrong place, config or family, and
    where no row means a listed video; whatever else is wrong with a row or a video is counted with its reason.
    """
    settings = load_config(ImportingConfig, config or {}, where="importing config")
    check_family(family)
    if not Path(csv).is_file():
        raise UserError(f"there is no file {csv}; give a CSV with the columns {', '.join(COLUMNS)}")
    source, lake = open_places(raw, data_root)
    began = time.monotonic()
    videos, matches = _match(Path(csv), source, lake)
    with open_step(STAGE, lake, run=run, shard="1of1") as step:
        job = _Job(source, lake, settings, makers(Path(csv), settings), matches)
        done = job.done()
        todo = [video for video in videos if video.video_id not in done]
        step.begin(inputs=len(videos), skipped=len(videos) - len(todo))
        workers = cores()
        with (
            GuardPool(workers, settings.limits) as guards, Batch(lake.tables) as clips, Batch(lake.tables) as scores,
            Batch(lake.tables) as captions,
        ):  # fmt: skip
            results = map_unordered(partial(_import_one, job, guards), todo, workers=workers)
            for number, imported in enumerate(results, start=1):
                if imported.clips:
                    captions.add(imported.captions)
                    clips.add(imported.clips)
                    scores.add(imported.scores)
                    step.count(imported.uri, imported.clips, seconds=imported.seconds, read_bytes=imported.read_bytes)
                else:
                    step.skip_gone(imported.uri)
                advance(len(videos) - len(todo) + number, len(videos))
        rows = job.rows()
        dataset = _choose(job, rows, family, Path(csv))
        facts = step.facts(file=csv, raw=source.uri, made_by=job.makers.good, config=json.dumps(dump_config(settings)))
        sentences = faults.REASONS | REASONS
        page = contact_sheet(videos, rows, partial(read_poster, lake), sentences=sentences, shard="1/1", facts=facts)
        new = {video.video_id for video in todo}
        new_rows = count_outcomes(row for row in rows if row.video_id in new)
        summary = step.finish(count_outcomes(rows), new=new_rows, report=page, shown=counts_in(page))
    summary.seconds = time.monotonic() - began
    return ImportingSummary(
        **vars(summary), dataset=dataset.name, rows=account_for(matches, rows), examples=matches.examples
    )


def makers(csv: Path, config: ImportingConfig) -> Makers:
    """The `made_by` of the rows that this file and config make."""
    with csv.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Makers.of(
        STAGE, ALGORITHM_VERSION, {"file": sha256, "encoding": dump_config(config.encoding)}, config.limits
    )


def _match(csv: Path, source: Store, lake: Lake) -> tuple[list[Video], Matches]:
    """The videos that rows of the file mean, and which rows. Raises UserError where there is none."""
    listed = [
        video
        for video in lake.tables.read(Video)
        if video.reason is None and any(key_below(uri, source.uri) for uri in video.uris)
    ]
    if not listed:
        raise UserError(
            f"no video below {source.uri} is listed in {lake.data_root}; run "
            f"`longtake step listing --set raw={source.uri} --set data_root={lake.data_root}` first"
        )
    matches = match_rows(read_rows(csv), listed)
    if not matches.rows:
        why = "; ".join(f"{n} {reason}, first {matches.examples[reason]}" for reason, n in matches.reasons.items())
        raise UserError(
            f"no row of {csv} means one of the {len(listed)} listed videos ({why or 'it has no rows'}); a row's url must be "
            "the uri of a video, or its videoID the name of the file and a number, like <name>_0"
        )
    return [video for video in listed if video.video_id in matches.rows], matches


@dataclass(frozen=True)
class _Job:
    """What all videos of the import share."""

    source: Store
    lake: Lake
    config: ImportingConfig
    makers: Makers
    matches: Matches

    def rows(self) -> list[Clip]:
        """What this import has made of the videos that the file means."""
        return [clip for clip in rows_of(self.lake, WHOLE, self.makers) if clip.video_id in self.matches.rows]

    def done(self) -> set[str]:
        """Videos with clips that all have their scores: a kill may fall between the commits of the two."""
        clips = self.rows()
        scored = set(self.lake.tables.scan(Score, made_by=self.makers.good).column("clip_id").to_pylist())
        return {clip.video_id for clip in clips} - {
            clip.video_id for clip in clips if clip.reason is None and clip.clip_id not in scored
        }


@dataclass(frozen=True)
class _Imported:
    uri: str
    clips: list[Clip]
    """None where the video is gone."""
    scores: list[Score]
    captions: list[Caption]
    seconds: float
    read_bytes: int


def _import_one(job: _Job, guards: GuardPool, video: Video) -> _Imported:
    """Fetches one video and cuts the spans of its rows; the clips are in the lake when this returns."""
    began = time.monotonic()
    encoding = job.config.encoding
    scores: list[Score] = []
    captions: list[Caption] = []
    with tempfile.TemporaryDirectory(prefix="longtake-") as scratch:
        path = Path(scratch) / "video"
        try:
            fetch_video(job.source, video, path)
            with guards.guard() as guard:
                fps = guard.probe(path).fps
                placed = place_rows(job.matches.rows[video.video_id], _edges_s(guard, path, fps), fps)
                for shots in layers([item.shot for item in placed if item.reason is None]):
                    cut_missing(job.lake, guard, path, video, shots, encoding)
            rows = [_clip(job, video, item, fps) for item in placed]
            good = [(clip, item) for clip, item in zip(rows, placed, strict=True) if not item.reason]
            scores = [_score(job, clip, item) for clip, item in good]
            captions = [_caption(job, clip, item.row.caption) for clip, item in good if item.row.caption]
        except VideoFault as fault:
            why = {"reason": fault.reason, "detail": fault.detail, "made_by": job.makers.failed}
            rows = [failed_row(video, encoding=encoding, **why)]
        except ObjectChanged:
            rows = []
    return _Imported(video.uris[0], rows, scores, captions, time.monotonic() - began, video.bytes)


def _edges_s(guard: Guard, path: Path, fps: float) -> np.ndarray:
    """When each frame begins, and when the last one ends: what slicing sees."""
    times = [batch.times_s.copy() for batch in guard.frames(path, width=16, height=16, pixels="gray8")]
    return frame_edges_s(np.concatenate([np.empty(0), *times]), fps)


def _clip(job: _Job, video: Video, item: Placed, fps: float) -> Clip:
    detail = f"line {item.row.line} of the file, {video.duration_s:.3f} s of video" if item.reason else None
    return clip_row(
        video, item.shot, fps=fps, encoding=job.config.encoding, made_by=job.makers.good, reason=item.reason,
        detail=detail,
    )  # fmt: skip


def _score(job: _Job, clip: Clip, item: Placed) -> Score:
    numbers: dict[str, Any] = dict.fromkeys((*METRICS, "aesthetic", "vtss")) | item.row.scores
    return Score(
        clip_id=clip.clip_id, bucket=clip.bucket, video_id=clip.video_id, **numbers, vtss_reason=None, vtss_gain=None,
        fingerprint=None, scorer=SCORER, reason=None, detail=None, made_by=job.makers.good,
    )  # fmt: skip


def _caption(job: _Job, clip: Clip, text: str) -> Caption:
    """The merged text is all that was published: it comes without parts."""
    written = Written(text=text, flag=flag_of(text))
    return caption_row(clip.clip_id, clip.video_id, written, None, captioner=SCORER, made_by=job.makers.good)


def _choose(job: _Job, rows: list[Clip], family: str, csv: Path) -> Dataset:
    """Writes the selections, all of them kept, and then the dataset."""
    kept = sorted((row for row in rows if row.reason is None), key=lambda row: (row.bucket, row.clip_id))
    made_by, share = job.makers.good, job.config.validation_share
    name = name_of(family, made_by, share, [row.clip_id for row in kept])
    with Batch(job.lake.tables, rows=COMMIT_ROWS) as selections:
        for row in kept:
            selection = Selection(
                dataset=name, clip_id=row.clip_id, bucket=row.bucket, video_id=row.video_id, kept=True, reason=None,
                detail=None, made_by=made_by,
            )  # fmt: skip
            selections.add([selection])
    tables = job.lake.tables
    records: tuple[type[Record], ...] = (Video, Clip, Score, Selection)
    versions = {record.TABLE: tables.version(record) for record in records}
    counts = Counter(":".join(filter(None, row.outcome)) for row in rows)
    dataset = Dataset(
        name=name,
        raw=job.source.uri,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={table: version for table, version in versions.items() if version is not None},
        made_by=dict.fromkeys(("slicing", "scoring", "selecting"), made_by),
        configs={STAGE: {"file": csv.name, **dump_config(job.config)}},
        validation_share=share,
        counts=dict(sorted(counts.items())),
        clips=len(kept),
        seconds=sum(row.end_s - row.start_s for row in kept),
    )
    write_dataset(job.lake, dataset)
    return dataset

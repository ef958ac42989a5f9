"""clips -> scores: measures every clip of a shard; decoding in some workers, models, where there are any, in others."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from longtake.config import dump_config, load_config
from longtake.engine import Lost, Pool, cores, stream
from longtake.lake.tables import Batch
from longtake.lake.weights import weights_digest
from longtake.records import Clip, Score, bucket_of
from longtake.report import ScoreTally, counts_in, scoring_sheet
from longtake.scoring.config import ALGORITHM_VERSION
from longtake.scoring.faults import REASONS
from longtake.scoring.metrics import SUB_METRICS
from longtake.scoring.reasons import vtss_columns
from longtake.scoring.suitability import place_of
from longtake.shards import WHOLE, Shard
from longtake.stages.clips import Clips
from longtake.stages.config import ScoringStageConfig, Work
from longtake.stages.cutting import read_poster
from longtake.stages.dataset_page import names_of
from longtake.stages.step import Makers, Step, Summary, count_outcomes, open_lake, open_step
from longtake.stages.visiting import ClipFiles
from longtake.stages.workers import NOTHING, JudgeOrder, Looked, Looker, LookerOrder
from longtake.telemetry import Outcomes
from longtake.video.faults import REASONS as VIDEO_REASONS

STAGE = "scoring"
SCORER = "longtake"
"""Whose numbers they are."""


def run(
    *,
    raw: str,
    data_root: str,
    shard: str = str(WHOLE),
    slicing_config: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> Summary:
    """Scores the clips that slicing made by `slicing_config` of the videos below `raw`, where this config has not yet.

    Raises UserError for a wrong place, shard or config; a clip that can't be measured becomes a row with a reason.
    """
    settings = load_config(ScoringStageConfig, config or {}, where="scoring config")
    part = Shard.parse(shard)
    lake = open_lake(data_root)
    scores = Scores(Clips.of(lake, raw, slicing_config or {}), makers(settings))
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=part.label) as step:
        groups = scores.clips.groups(part.buckets)
        inputs, before = 0, Outcomes()
        for group in groups:
            clips, done = scores.read(group)
            inputs += len(clips)
            before += count_outcomes(done.values())
        missing = inputs - before.total()
        step.begin(inputs=inputs, skipped=inputs - missing)
        todo = (clip for group in groups for clip in scores.missing(group))
        if missing:
            with Batch(lake.tables) as batch:
                judges = not settings.work.model_gpus
                looker = LookerOrder(settings.measuring, settings.limits, ClipFiles(lake.data_root), judges)
                pools = pools_of(settings, looker, missing)
                for clip, found in stream(todo, pools, engine=settings.work.engine):
                    _write(clip, found, scores.makers, batch, step)
        summary = _report(step, scores, groups, shard=part, config=settings, before=before)
    summary.seconds = time.monotonic() - began
    return summary


def makers(config: ScoringStageConfig) -> Makers:
    """The `made_by` of the rows that this config makes."""
    shaping: dict[str, Any] = {"measuring": dump_config(config.measuring)}
    if given := config.measuring.aesthetics:
        shaping["measuring"]["aesthetics"] = [weights_digest(given.clip), weights_digest(given.head)]
    if network := config.measuring.suitability:
        shaping["measuring"]["suitability"] = [weights_digest(place_of(network.weights)), network.seed]
    return Makers.of(STAGE, ALGORITHM_VERSION, shaping, config.limits)


@dataclass(frozen=True)
class Scores:
    """The scores of some clips by one config."""

    clips: Clips
    makers: Makers

    def read(self, buckets: Sequence[int]) -> tuple[list[Clip], dict[str, Score]]:
        """The clips of the buckets, and the score of each that has one, under these limits where it has failed."""
        clips = list(self.clips.read(buckets))
        rows: dict[str, Score] = {}
        for maker in (self.makers.failed, self.makers.good):
            rows |= {row.clip_id: row for row in self.clips.lake.tables.read(Score, buckets=buckets, made_by=maker)}
        return clips, {clip.clip_id: rows[clip.clip_id] for clip in clips if clip.clip_id in rows}

    def missing(self, buckets: Sequence[int]) -> Iterator[Clip]:
        """The clips that have none yet."""
        clips, done = self.read(buckets)
        return (clip for clip in clips if clip.clip_id not in done)


def pools_of(config: ScoringStageConfig, looker: Callable[[], Looker], inputs: int) -> list[Pool]:
    """Lookers, a processor each, and judges where there is a model that is no looker's."""
    work, measuring = config.work, config.measuring
    pools = [Pool(name="looking", make=looker, workers=_readers(work, inputs))]
    judge = JudgeOrder(measuring.aesthetics, measuring.suitability if work.model_gpus else None)
    if judge.aesthetics or judge.suitability:
        pools.append(
            Pool(name="judging", make=judge, workers=work.models, batch=work.model_batch, gpus=work.model_gpus)
        )
    return pools


def _readers(work: Work, inputs: int) -> int:
    """Lookers; 0 leaves it to the engine, which knows the cluster."""
    if work.readers or work.engine == "ray":
        return min(work.readers, inputs)
    return min(cores(), inputs)


def score_row(clip_id: str, video_id: str, found: Looked | Lost, makers: Makers) -> Score:
    """The row of a clip of which this was found."""
    if isinstance(found, Lost):
        found = Looked(metrics=NOTHING, reason="worker_lost", detail=found.detail)
    numbers = found.metrics | vtss_columns(found.suited)
    return Score(
        clip_id=clip_id, bucket=bucket_of(video_id), video_id=video_id, **numbers, aesthetic=found.aesthetic,
        fingerprint=found.fingerprint, scorer=SCORER, reason=found.reason, detail=found.detail,
        made_by=makers.failed if found.reason else makers.good,
    )  # fmt: skip


def _write(clip: Clip, found: Looked | Lost, makers: Makers, batch: Batch, step: Step) -> None:
    """The clip's row on its way to the table, counted; none for a clip whose file is gone."""
    assert clip.uri, "a clip that is kept has a file"
    if isinstance(found, Looked) and found.gone:
        step.skip_gone(clip.uri)
        return
    row = score_row(clip.clip_id, clip.video_id, found, makers)
    batch.add([row])
    seconds, size = (found.seconds, found.read_bytes) if isinstance(found, Looked) else (0.0, 0)
    step.count(clip.uri, [row], seconds=seconds, read_bytes=size)


def _report(
    step: Step,
    scores: Scores,
    groups: Sequence[Sequence[int]],
    *,
    shard: Shard,
    config: ScoringStageConfig,
    before: Outcomes,
) -> Summary:
    """The page of the shard, from the table as it is now; `before` are the rows that were there when the step began."""
    lake = scores.clips.lake
    tally = ScoreTally(SUB_METRICS)
    for group in groups:
        clips, rows = scores.read(group)
        for clip in clips:
            if row := rows.get(clip.clip_id):
                tally.add(row, clip)
    facts = step.facts(
        raw=scores.clips.raw,
        made_by=scores.makers.good,
        clips_made_by=scores.clips.made_by,
        config=json.dumps(dump_config(config)),
    )
    sentences = VIDEO_REASONS | REASONS
    names = names_of(lake, tally.clips())
    page = scoring_sheet(
        tally, partial(read_poster, lake), sentences=sentences, shard=str(shard), facts=facts, names=names
    )
    return step.finish(tally.counts, new=tally.counts - before, report=page, shown=counts_in(page))

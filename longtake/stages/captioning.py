"""a dataset -> captions: six parts and a description of every clip that it keeps."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from longtake.captioning.captioner import Written
from longtake.captioning.captions import caption_row
from longtake.captioning.config import ALGORITHM_VERSION, CaptioningConfig
from longtake.captioning.faults import REASONS
from longtake.captioning.naming import name_of
from longtake.captioning.quality import CaptionTally
from longtake.config import dump_config, load_config
from longtake.datasets.members import Member, read_buckets
from longtake.datasets.stored import read_dataset
from longtake.engine import Lost, Pool, cores, stream
from longtake.errors import TransientError
from longtake.lake import Lake
from longtake.lake.tables import Batch
from longtake.lake.weights import weights_digest
from longtake.records import Caption, Clip, Dataset
from longtake.report import captioning_sheet, counts_in
from longtake.scoring.faults import REASONS as MEASURING_REASONS
from longtake.shards import WHOLE, Shard
from longtake.stages.captioning_workers import Captioned, Looker, LookerOrder, WriterOrder
from longtake.stages.config import CaptioningStageConfig
from longtake.stages.cutting import read_poster
from longtake.stages.dataset_page import names_of
from longtake.stages.step import Makers, Step, Summary, count_outcomes, open_lake, open_step
from longtake.stages.visiting import ClipFiles
from longtake.telemetry import Outcomes
from longtake.video.faults import REASONS as VIDEO_REASONS

STAGE = "captioning"
SENTENCES = VIDEO_REASONS | MEASURING_REASONS | REASONS
"""One sentence to each reason."""
PASSING = frozenset({"endpoint_failed"})
"""Reasons that the next run tries again: they say nothing of the clip."""


@dataclass(kw_only=True)
class CaptioningSummary(Summary):
    """What captioning did."""

    dataset: str = ""
    """Whose clips."""
    captioner: str = ""
    mean_words: float | None = None
    """Of the captions of this shard; none where it has none."""
    answer_tokens: int = 0
    """That a model wrote in this run."""
    tokens_per_s: float = 0.0
    """Of this run: written tokens by its whole time."""


def run(
    *,
    data_root: str,
    dataset: str = "clips",
    shard: str = str(WHOLE),
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> CaptioningSummary:
    """Captions the clips that the dataset keeps (by its name, or the newest of a family), where this config has not yet.

    Raises UserError for a wrong place, dataset, shard or config; a clip without a caption becomes a row with a reason.
    """
    settings = load_config(CaptioningStageConfig, config or {}, where="captioning config")
    part = Shard.parse(shard)
    lake = open_lake(data_root)
    captions = Captions(lake, read_dataset(lake, dataset), makers(settings))
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=part.label) as step:
        inputs, before = 0, Outcomes()
        for members, done in captions.read(part):
            inputs += len(members)
            before += count_outcomes(done.values())
        missing = inputs - before.total()
        step.begin(inputs=inputs, skipped=inputs - missing)
        tokens, gone = _caption_missing(captions, part, settings, step, missing) if missing else (0, set())
        summary, tally = _report(step, captions, part, settings, before, gone)
    summary.seconds = time.monotonic() - began
    return CaptioningSummary(
        **vars(summary), dataset=captions.dataset.name, captioner=name_of(settings.writing), mean_words=tally.mean_words,
        answer_tokens=tokens, tokens_per_s=tokens / summary.seconds,
    )  # fmt: skip


def makers(config: CaptioningStageConfig) -> Makers:
    """The `made_by` of the rows that this config makes."""
    writing = dump_config(config.writing)
    if model := config.writing.transformers:
        writing["transformers"] |= {
            "model": weights_digest(model.model),
            "adapter": weights_digest(model.adapter) if model.adapter else None,
        }
        del writing["transformers"]["slots"]
    if config.writing.endpoint:
        del writing["endpoint"]["url"], writing["endpoint"]["key_variable"]
    if config.writing.captioner == "measured":
        for unused in ("sampling", "asking", "facts"):
            del writing[unused]
    return Makers.of(STAGE, ALGORITHM_VERSION, writing, config.limits)


@dataclass(frozen=True)
class Captions:
    """The captions of the clips that a dataset keeps, by one config."""

    lake: Lake
    dataset: Dataset
    makers: Makers

    def read(self, part: Shard, passing: bool = False) -> Iterator[tuple[list[Member], dict[str, Caption]]]:
        """Bucket by bucket: the kept clips, and the row of each that has a caption, or has failed under these limits; what is to be
        tried again only with `passing`.
        """
        for members in read_buckets(self.lake, self.dataset, buckets=part.buckets):
            rows: dict[str, Caption] = {}
            for maker in (self.makers.failed, self.makers.good):
                found = self.lake.tables.read(Caption, buckets=[members[0].clip.bucket], made_by=maker)
                rows |= {row.clip_id: row for row in found if passing or row.reason not in PASSING}
            ids = {member.clip.clip_id for member in members}
            yield members, {clip_id: row for clip_id, row in rows.items() if clip_id in ids}

    def missing(self, part: Shard) -> Iterator[Clip]:
        """The clips that have none yet."""
        for members, done in self.read(part):
            yield from (member.clip for member in members if member.clip.clip_id not in done)


def pools_of(config: CaptioningStageConfig, looker: Callable[[], Looker], inputs: int) -> list[Pool]:
    """Lookers, a processor each, and writers where a model writes."""
    work = config.work
    readers = work.readers or (0 if work.engine == "ray" else cores())
    pools = [Pool(name="looking", make=looker, workers=min(readers, inputs))]
    if config.writing.captioner != "measured":
        writer = WriterOrder(config.writing, work.requests)
        pools.append(
            Pool(name="writing", make=writer, workers=work.models, batch=work.model_batch, gpus=work.model_gpus)
        )
    return pools


def row_of(clip_id: str, video_id: str, found: Captioned | Lost, config: CaptioningConfig, makers: Makers) -> Caption:
    """The row of a clip of which this was found."""
    if isinstance(found, Lost):
        found = Captioned(written=Written(reason="worker_lost", detail=found.detail))
    written = found.written
    assert written, "a clip leaves the last pool with a caption or a reason"
    maker = makers.failed if written.reason else makers.good
    return caption_row(clip_id, video_id, written, found.facts, captioner=name_of(config), made_by=maker)


def _caption_missing(
    captions: Captions, part: Shard, settings: CaptioningStageConfig, step: Step, missing: int
) -> tuple[int, set[str]]:
    """Writes the rows that are missing, as they come: the tokens that a model wrote for them, and the clips that are gone.

    Raises TransientError, with the rows written, where a server had no answer for any of them.
    """
    looker = LookerOrder(settings.writing, settings.limits, ClipFiles(captions.lake.data_root))
    tokens = 0
    gone: set[str] = set()
    silent: list[Caption] = []
    with Batch(captions.lake.tables) as batch:
        clips = captions.missing(part)
        for clip, found in stream(clips, pools_of(settings, looker, missing), engine=settings.work.engine):
            assert clip.uri, "a clip that is kept has a file"
            if isinstance(found, Captioned) and found.gone:
                step.skip_gone(clip.uri)
                gone.add(clip.clip_id)
                continue
            row = row_of(clip.clip_id, clip.video_id, found, settings.writing, captions.makers)
            batch.add([row])
            silent += [row] if row.reason in PASSING else []
            known = found if isinstance(found, Captioned) else Captioned()
            if written := known.written:
                tokens += written.answer_tokens
                step.metrics.count_answers(
                    prompt_tokens=written.prompt_tokens, answer_tokens=written.answer_tokens, model_s=written.model_s,
                    rejected=written.complaints,
                )  # fmt: skip
            step.count(clip.uri, [row], seconds=known.seconds, read_bytes=known.read_bytes)
    if silent and len(silent) + len(gone) == missing:
        raise TransientError(f"the server had no answer for any of {len(silent)} clips: {silent[-1].detail}")
    return tokens, gone


def _report(
    step: Step, captions: Captions, part: Shard, settings: CaptioningStageConfig, before: Outcomes, gone: set[str]
) -> tuple[Summary, CaptionTally]:
    """The page of the shard, from the table as it is now; `before` are the rows that were there when the step began."""
    lake = captions.lake
    tally = CaptionTally()
    for members, rows in captions.read(part, passing=True):
        for member in members:
            row = rows.get(member.clip.clip_id)
            if row and not (row.reason in PASSING and row.clip_id in gone):
                tally.add(row, member.clip)
    facts = step.facts(
        dataset=captions.dataset.name,
        captioner=name_of(settings.writing),
        made_by=captions.makers.good,
        config=json.dumps(dump_config(settings)),
    )
    page = captioning_sheet(
        tally,
        partial(read_poster, lake),
        sentences=SENTENCES,
        shard=str(part),
        facts=facts,
        names=names_of(lake, tally.clips()),
    )
    return step.finish(tally.counts, new=tally.counts - before, report=page, shown=counts_in(page)), tally

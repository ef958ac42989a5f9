"""a dataset and its captions -> samples: latents and text embeddings in shards, a row each, and the set that a training pins."""

import json
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.config import dump_config, load_config
from longtake.datasets.members import read_members
from longtake.datasets.stored import read_dataset
from longtake.engine import Pool
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, join_uri
from longtake.lake.weights import weights_digest
from longtake.latents.conditions import Spread
from longtake.latents.config import ALGORITHM_VERSION
from longtake.latents.faults import REASONS
from longtake.latents.sample_set import SampleSet
from longtake.records import Clip, Dataset, Sample
from longtake.report.encoding import SAMPLES, WORST, EncodingTally, encoding_sheet
from longtake.report.page import counts_in
from longtake.report.reservoir import Reservoir
from longtake.shards import WHOLE
from longtake.stages import captioning
from longtake.stages.config import CaptioningStageConfig, EncodingStageConfig
from longtake.stages.dataset_page import names_of
from longtake.stages.encoding_basis import Tool, open_tool, reading
from longtake.stages.encoding_rows import Samples, rows_of
from longtake.stages.encoding_shards import ShardWriter, stream_in_order
from longtake.stages.encoding_workers import Encoded, EncoderOrder, Task, of_bits
from longtake.stages.samples import sample_set_name, write_sample_set
from longtake.stages.step import Makers, Step, Summary, count_outcomes, open_lake, open_step
from longtake.telemetry import Outcomes
from longtake.video.faults import REASONS as VIDEO_REASONS

if TYPE_CHECKING:
    from longtake.latents.sample import EncodedSample

STAGE = "encoding"
SENTENCES = VIDEO_REASONS | REASONS
"""One sentence to each reason."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class EncodingSummary(Summary):
    """What encoding did."""

    samples: str = ""
    """Name of the sample set, which training takes."""
    dataset: str = ""
    """Whose clips."""
    autoencoder: str = ""
    basis: str = ""
    """URI of a linear autoencoder's basis: `encoding: {linear: {basis: ...}}` encodes other footage alike. Empty for another."""
    psnr: float | None = None
    """dB of what the autoencoder makes of its own latents, mean over the samples; none where nothing was judged."""


def run(
    *,
    data_root: str,
    dataset: str = "clips",
    captioning_config: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> EncodingSummary:
    """Encodes the clips that the dataset keeps (by its name, or the newest of a family), with the captions that `captioning_config` gave
    them, where this config has not yet.

    Raises UserError for a wrong place, dataset or config, and where no clip gives a sample; one that gives none becomes a row with a
    reason.
    """
    settings = load_config(EncodingStageConfig, config or {}, where="encoding config")
    written = captioning.makers(load_config(CaptioningStageConfig, captioning_config or {}, where="captioning config"))
    lake = open_lake(data_root)
    data = read_dataset(lake, dataset)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step, tempfile.TemporaryDirectory() as scratch:
        if settings.encoding.uncaptioned == "put_aside":
            _check_captions(lake, data, written.good)
        tool = open_tool(lake, data, settings, Path(scratch))
        work = _Work(
            Samples(lake, data, settings, makers(settings, tool, data, written.good), written.good), tool, step
        )
        work.begin()
        work.encode(Path(scratch))
        summary, tally, stored = work.publish()
    summary.seconds = time.monotonic() - began
    return EncodingSummary(
        **vars(summary), samples=stored.name, dataset=data.name, autoencoder=tool.name, psnr=tally.mean_psnr,
        basis=join_uri(lake.data_root, tool.basis) if tool.basis else "",
    )  # fmt: skip


def makers(config: EncodingStageConfig, tool: Tool, dataset: Dataset, captions: str) -> Makers:
    """The `made_by` of the rows that this config makes, from captions by `captions`."""
    encoding = dump_config(config.encoding)
    del encoding["linear"], encoding["shard_bytes"]
    encoding["autoencoder"] = tool.name
    if encoding["diffusers"]:
        del encoding["diffusers"]["model"], encoding["diffusers"]["subfolder"]
    if model := config.encoding.text.model:
        encoding["text"]["model"] = weights_digest(model)
    encoding |= {"captions": captions, "scores": dataset.made_by["scoring"]}
    return Makers.of(STAGE, ALGORITHM_VERSION, encoding, config.limits)


def _check_captions(lake: Lake, dataset: Dataset, captions: str) -> None:
    """Raises UserError where no clip has a caption: said before anything is fitted or encoded."""
    if not any(member.caption and member.caption.text for member in read_members(lake, dataset, captions=captions)):
        raise UserError(
            f"no clip of {dataset.name} has a caption by this captioning config; run captioning with it first (longtake step captioning), "
            "give the config that the captions were written by, or encode without captions (encoding: {uncaptioned: empty, text: {encoder: "
            "none}})"
        )


@dataclass
class _Work:
    """One run of the step."""

    samples: Samples
    tool: Tool
    step: Step
    before: Outcomes = field(default_factory=Counter)
    """Rows that were there when the step began, and need not be made again."""
    gone: set[str] = field(default_factory=set)
    """Clips whose files are."""
    pictured: set[str] = field(default_factory=set)
    """Clips whose strips are kept, with those of the worst."""
    worst: list[float] = field(default_factory=list)
    """The lowest PSNR so far."""

    def begin(self) -> None:
        """Counts what there is to do."""
        drawn: Reservoir[str] = Reservoir(2 * SAMPLES)  # some will have no sample
        done = 0
        for pairs in self.samples.read():
            for member, rows in pairs:
                drawn.offer(member.clip.clip_id, member.clip.clip_id)
                if self.samples.is_done(member, rows):
                    done += 1
                    self.before += count_outcomes(rows)
        self.pictured = set(drawn.rows())
        self.step.begin(inputs=drawn.offered, skipped=done)

    def encode(self, folder: Path) -> None:
        """Encodes what is missing; rows are in the lake when their shard is."""
        samples, work = self.samples, self.samples.settings.work
        missing = self.step.summary.inputs - self.step.summary.skipped
        encoder = EncoderOrder(samples.lake.data_root, samples.settings.encoding, self.tool.basis)
        pools = [
            reading(samples.lake, samples.settings, missing),
            Pool(name="encoding", make=encoder, workers=work.models, gpus=work.model_gpus),
        ]
        tasks = samples.missing(self.pictured)
        with ShardWriter(samples.lake, folder, samples.settings.encoding.shard_bytes) as writer:
            for task, answer in stream_in_order(tasks, pools, engine=work.engine):
                assert task.clip.uri, "a clip that is kept has a file"
                found = Encoded.of(answer)
                if found.gone:
                    self.step.skip_gone(task.clip.uri)
                    self.gone.add(task.clip.clip_id)
                    continue
                rows = rows_of(task, found, samples.makers)
                writer.add(rows, samples_of(task, found))
                self._keep_strip(task, found)
                self.step.count(task.clip.uri, rows, seconds=found.seconds, read_bytes=found.read_bytes)

    def publish(self) -> tuple[Summary, EncodingTally, SampleSet]:
        """The page, from the table as it is now, and the set. Raises UserError where there is not one sample."""
        samples = self.samples
        tally, spread = EncodingTally(samples.settings.encoding.windows.fps), Spread()
        for pairs in samples.read():
            for member, rows in pairs:
                if member.clip.clip_id in self.gone and not samples.is_done(member, rows):
                    continue
                for row in rows:
                    tally.add(row, member.clip)
                    if row.conditions and member.split == "train":
                        spread.add(json.loads(row.conditions))
        facts = self.step.facts(
            dataset=samples.dataset.name, autoencoder=self.tool.name, basis=self.tool.basis or "none", made_by=samples.makers.good,
            config=json.dumps(dump_config(samples.settings)),
        )  # fmt: skip
        page = encoding_sheet(
            tally, self._strip, channels=self.tool.channels, statistics=spread.statistics(), sentences=SENTENCES, facts=facts,
            names=names_of(samples.lake, tally.clips()),
        )  # fmt: skip
        summary = self.step.finish(tally.counts, new=tally.counts - self.before, report=page, shown=counts_in(page))
        if not tally.kept:
            raise UserError(
                f"not one of {summary.inputs} clips gives a sample: {summary.items}; see {summary.report_uri}"
            )
        return summary, tally, write_sample_set(samples.lake, self._set(tally, spread))

    def _set(self, tally: EncodingTally, spread: Spread) -> SampleSet:
        samples, encoding = self.samples, self.samples.settings.encoding
        version = samples.lake.tables.version(Sample)
        assert version is not None, "there are rows"
        return SampleSet(
            name=sample_set_name(samples.dataset.name, samples.makers.good), dataset=samples.dataset.name,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"), made_by=samples.makers.good, version=version,
            validation_share=samples.dataset.validation_share, autoencoder=self.tool.name, basis=self.tool.basis,
            encoding=dump_config(encoding), channels=self.tool.channels, text_width=self.tool.text_width,
            statistics=spread.statistics(), samples=tally.kept, seconds=tally.seconds,
        )  # fmt: skip

    def _keep_strip(self, task: Task, found: Encoded) -> None:
        clip_id = task.clip.clip_id
        if found.strip and (clip_id in self.pictured or self._is_poor(found)):
            self.samples.lake.objects.put(self._strip_key(clip_id), found.strip, overwrite=True)

    def _is_poor(self, found: Encoded) -> bool:
        """Whether it is one of the worst so far."""
        psnr = found.windows[0].psnr
        if psnr is None:
            return False
        self.worst = sorted([*self.worst, psnr])[:WORST]
        return psnr in self.worst

    def _strip(self, clip: Clip) -> bytes:
        """What was kept; empty where nothing was."""
        try:
            return self.samples.lake.objects.read(self._strip_key(clip.clip_id))
        except ObjectChanged:
            return b""

    def _strip_key(self, clip_id: str) -> str:
        return f"latents/strips/{self.samples.makers.good}/{clip_id}.jpg"


def samples_of(task: Task, found: Encoded) -> "list[EncodedSample]":
    """What goes into a shard."""
    from longtake.latents.sample import EncodedSample

    known = {name: value for name, value in json.loads(task.conditions).items() if value is not None}
    return [
        EncodedSample(
            sample_id=f"{task.clip.clip_id}/{number}", latents_Cthw=of_bits(window.latents_Cthw), text_LD=of_bits(window.text_LD),
            conditions=known,
        )
        for number, window in enumerate(found.windows)
    ]  # fmt: skip

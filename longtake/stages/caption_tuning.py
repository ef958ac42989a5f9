"""captions of a dataset -> an adapter: `<data_root>/models/captioner-<digest>/`, and a page about it."""

import hashlib
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.caption_tuning.config import CaptionTuningConfig
from longtake.config import load_config
from longtake.datasets.stored import read_dataset
from longtake.errors import UserError
from longtake.lake import Lake, ObjectChanged, join_uri
from longtake.lake.weights import fetch_weights, weights_digest
from longtake.records import Caption, Split
from longtake.shards import WHOLE
from longtake.stages.captioning import Captions, makers
from longtake.stages.config import CaptioningStageConfig
from longtake.stages.step import Step, Summary, open_lake, open_step

if TYPE_CHECKING:
    from longtake.caption_tuning.frames import FrameFiles
    from longtake.caption_tuning.judging import Judged
    from longtake.caption_tuning.seeds import Seed, Seeds
    from longtake.caption_tuning.tuning import Tuned
    from longtake.caption_tuning.workers import Keeper, KeeperOrder

STAGE = "caption_tuning"

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class CaptionTuningSummary(Summary):
    """What a tuning came to."""

    adapter: str = ""
    """URI of the adapter's folder."""
    dataset: str = ""
    """Whose captions were learned from."""
    loss_before: float | None = None
    """Mean over the answer tokens of held-out captions."""
    loss_after: float | None = None
    valid_before: float | None = None
    """Share of the answers about held-out captions that captioning would take; None where none were written."""
    valid_after: float | None = None


def run(
    *,
    data_root: str,
    dataset: str = "clips",
    captioning_config: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> CaptionTuningSummary:
    """Tunes `config`'s model on the captions that `captioning_config` gave the clips of a dataset (by its name, or the newest of a family).

    A run that was stopped goes on where its last state was kept. Raises UserError for a wrong place, dataset or config, and where
    there are too few captions.
    """
    settings = load_config(CaptionTuningConfig, config or {}, where="caption_tuning config")
    if not settings.model:
        raise UserError(
            "nothing says which model is tuned; give caption_tuning_config: {model: FOLDER, s3:// or hub name}"
        )
    written = makers(load_config(CaptioningStageConfig, captioning_config or {}, where="captioning config"))
    lake = open_lake(data_root)
    captions = Captions(lake, read_dataset(lake, dataset), written)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step, tempfile.TemporaryDirectory() as scratch:
        step.begin(inputs=0, skipped=0)
        work = _Work(lake, settings, Path(scratch))
        seeds, sides, frames = work.gather(_rows(captions), step)
        tuned = work.tune(sides, frames, step)
        summary = work.publish(tuned, seeds, sides, frames, step, captions.dataset.name)
    before, after = tuned.held_out_losses
    valid_before = _valid_share([exchange.before for exchange in tuned.exchanges])
    valid_after = _valid_share([exchange.after for exchange in tuned.exchanges])
    log.info("adapter", extra={"adapter": work.adapter, "loss_before": before, "loss_after": after})
    summary.inputs, summary.seconds = len(seeds.kept), time.monotonic() - began
    return CaptionTuningSummary(
        **vars(summary), adapter=work.adapter, dataset=captions.dataset.name, loss_before=before, loss_after=after,
        valid_before=valid_before, valid_after=valid_after,
    )  # fmt: skip


def _valid_share(answers: "Sequence[Judged]") -> float | None:
    return sum(answer.reason is None for answer in answers) / len(answers) if answers else None


def _rows(captions: Captions) -> list[tuple[Caption, str]]:
    """Those that there are, each with its clip's key. Raises UserError where there are none."""
    found = []
    for members, rows in captions.read(WHOLE):
        clips = {member.clip.clip_id: member.clip.uri or "" for member in members}
        found += [(row, clips[clip_id]) for clip_id, row in rows.items() if row.reason is None]
    if not found:
        raise UserError(
            f"no clip of {captions.dataset.name} has a caption by this captioning config; run captioning with it first "
            "(longtake step captioning), or give the config that the captions were written by"
        )
    return found


@dataclass(frozen=True)
class ClipKeeperOrder:
    """Makes a `Keeper` of frames of a lake's clips."""

    data_root: str
    order: "KeeperOrder"

    def __call__(self) -> "Keeper":
        from longtake.caption_tuning.seeds import BadSeed
        from longtake.caption_tuning.workers import Keeper

        objects = Lake(self.data_root).objects

        def fetch(seed: "Seed", scratch: Path) -> Path:
            try:
                objects.fetch(seed.media, scratch / "clip.mp4")
            except ObjectChanged:
                raise BadSeed("gone") from None
            return scratch / "clip.mp4"

        return Keeper(self.order, fetch)


@dataclass
class _Work:
    """One tuning in a scratch folder of its own, its states kept in the lake."""

    lake: Lake
    settings: CaptionTuningConfig
    folder: Path
    adapter: str = ""
    """URI, once it is there."""
    kept: list[str] = field(default_factory=list)
    """Keys of the states that are in the lake."""

    def gather(
        self, rows: Sequence[tuple[Caption, str]], step: Step
    ) -> "tuple[Seeds, dict[Split, list[Seed]], FrameFiles]":
        """The captions whose frames are here now, and on which side each is."""
        from longtake.caption_tuning.frames import FrameFiles
        from longtake.caption_tuning.lessons import split_seeds
        from longtake.caption_tuning.seeds import Seeds, collect, read_captions
        from longtake.caption_tuning.workers import KeeperOrder
        from longtake.stages.caption_frames import keep_frames

        settings = self.settings
        seeds = collect(read_captions(rows), settings.rules if settings.held_to_rules else None)
        frames = FrameFiles(self.folder / "frames")
        frames.folder.mkdir()
        order = KeeperOrder(frames.folder, settings.sampling, settings.limits)
        kept, unread = keep_frames(seeds.kept, ClipKeeperOrder(self.lake.data_root, order), partial(_follow, step))
        seeds = Seeds(kept, [*seeds.left_out, *unread])
        if not kept:
            raise UserError(f"none of {len(rows)} captions can be learned from: {dict(seeds.counts())}")
        return seeds, split_seeds(kept, settings.judging.held_out_share), frames

    def tune(self, sides: "Mapping[Split, Sequence[Seed]]", frames: "FrameFiles", step: Step) -> "Tuned":
        """The training, from the newest state in the lake on."""
        from longtake.caption_tuning.tuning import course_id, tune
        from longtake.captioning.vlm.loading import load_vlm

        settings = self.settings
        prefix = f"caption_tuning/{course_id(sides, settings, weights_digest(settings.model))}/"
        state = self.folder / "state"
        self.kept = sorted(item.key for item in self.lake.objects.walk(prefix))
        if self.kept:
            self.lake.objects.fetch(self.kept[-1], state)
            log.info("going on", extra={"state": self.kept[-1]})
        (self.folder / "model").mkdir()
        vlm = load_vlm(
            fetch_weights(settings.model, self.folder / "model"), dtype=settings.dtype, pooling=settings.pooling
        )
        return tune(vlm, sides, frames, settings, state, partial(self._keep_states, prefix, state, step))

    def publish(
        self,
        tuned: "Tuned",
        seeds: "Seeds",
        sides: "Mapping[Split, Sequence[Seed]]",
        frames: "FrameFiles",
        step: Step,
        dataset: str,
    ) -> Summary:
        """The adapter where its content names it, and the page; the states are not needed any more."""
        from longtake.caption_tuning.adapter import save_adapter
        from longtake.captioning.vlm.loading import ADAPTER
        from longtake.stages.caption_tuning_page import facts_of, tuning_page

        facts = facts_of(tuned, sides, self.settings, {"captions": f"{dataset} in {self.lake.data_root}"})
        folder = self.folder / "adapter"
        save_adapter(tuned.pupil, folder, facts)
        key = f"models/captioner-{hashlib.sha256((folder / ADAPTER).read_bytes()).hexdigest()[:12]}"
        for path in sorted(folder.iterdir()):
            self.lake.objects.upload(f"{key}/{path.name}", path)
        self.adapter = join_uri(self.lake.data_root, key)
        facts = step.facts(adapter=self.adapter) | facts
        page = tuning_page(tuned, seeds, sides, frames, self.settings, facts)
        left_out = {f"dropped:{reason}": count for reason, count in Counter(i.reason for i in seeds.left_out).items()}
        summary = step.publish(page, items={"kept": len(seeds.kept), **left_out})
        for state in self.kept:
            self.lake.objects.delete(state)
        return summary

    def _keep_states(
        self, prefix: str, state: Path, step: Step, name: str, items: Iterator[Any], total: int
    ) -> Iterator[Any]:
        """The items, counted; behind a step with a new state that goes to the lake, and the one before it goes."""
        from longtake.caption_tuning.steps import StepRecord

        for item in _follow(step, name, items, total):
            if isinstance(item, StepRecord) and item.held_out_loss is not None:
                log.info(
                    "held-out loss", extra={"step": item.number, "loss": item.loss, "held_out_loss": item.held_out_loss}
                )
                key = f"{prefix}{item.number:09}.state"
                if item.number and (not self.kept or key > self.kept[-1]):
                    self.lake.objects.upload(key, state)
                    self.kept.append(key)
                    for old in self.kept[:-1]:
                        self.lake.objects.delete(old)
                    self.kept = self.kept[-1:]
            yield item


def _follow(step: Step, name: str, items: Iterator[Any], total: int) -> Iterator[Any]:
    """Counts the items as the step's inputs."""
    log.info(name, extra={"items": total})
    step.expect(total)
    for item in items:
        step.advance()
        yield item

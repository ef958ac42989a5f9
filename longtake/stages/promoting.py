"""a trained model and a sample set -> a decision: whether it takes the place of its family's promoted model."""

import json
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.config import dump_config, load_config
from longtake.datasets.stored import read_dataset
from longtake.errors import UserError
from longtake.lake import Lake, join_uri, open_store
from longtake.lake.weights import fetch_weights
from longtake.latents.sample_set import SampleSet
from longtake.promotion.config import PromotingConfig
from longtake.promotion.entry import Entry, check_model_family
from longtake.promotion.judging import Judged, Verdict, decide, held_out, no_judge
from longtake.records import Sample
from longtake.report.promoting import PromotingSheet, promoting_sheet
from longtake.shards import WHOLE
from longtake.stages.pointer import append, now, read_log
from longtake.stages.samples import fetch_shard, read_sample_set, read_samples
from longtake.stages.step import BY_HAND, Step, Summary, open_lake, open_step

if TYPE_CHECKING:
    from longtake.dit.trained import Card

STAGE = "promoting"
CACHE_BYTES = 8 << 30
"""Of latent shards on this machine's disk."""
ATTEMPTS = 5
"""Decisions of others that may come in between before this one is given up."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class PromotingSummary(Summary):
    """What was decided."""

    decision: str = ""
    """`promoted` or `refused`."""
    reason: str = ""
    model: str = ""
    """URI of the model that is in use now."""
    loss: float | None = None
    """Of the new model; none where it was not judged."""
    previous_loss: float | None = None
    """Of the one in use before."""


def run(
    *,
    data_root: str,
    samples: str,
    model: str,
    family: str = "dit",
    raw: str = "",
    videos: int = -1,
    config: Mapping[str, Any] | None = None,
    run: str = "",
) -> PromotingSummary:
    """Judges `model` against the promoted one of its family on the validation side of `samples`, and writes the decision down.

    `raw` and `videos` (a version of the table) say which footage it could learn from; without them that of the samples' dataset.
    Raises UserError for a wrong place, model, sample set, family or config.
    """
    settings = load_config(PromotingConfig, config or {}, where="promoting config")
    check_model_family(family)
    lake = open_lake(data_root)
    sample_set = read_sample_set(lake, samples)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step, tempfile.TemporaryDirectory() as scratch:
        step.begin(inputs=0, skipped=0)
        court = _Court(lake, sample_set, settings, Path(scratch), step)
        entry, judged = court.decide_on(model, family, _footage(lake, sample_set, raw, videos), by=run or BY_HAND)
        page = promoting_sheet(
            PromotingSheet(
                facts=step.facts(samples=sample_set.name, config=json.dumps(dump_config(settings))), entry=entry, judged=judged,
                log=read_log(lake, family),
            )
        )  # fmt: skip
        summary = step.publish(page, items={entry.decision: 1})
    summary.inputs, summary.seconds = len(judged), time.monotonic() - began
    log.info(
        "decision", extra={"family": family, "decision": entry.decision, "in_use": entry.model, "why": entry.reason}
    )
    return PromotingSummary(
        **vars(summary), decision=entry.decision, reason=entry.reason, model=entry.model, loss=entry.loss,
        previous_loss=entry.previous_loss,
    )  # fmt: skip


def _footage(lake: Lake, sample_set: SampleSet, raw: str, videos: int) -> tuple[str, int | None]:
    if raw and videos >= 0:
        return open_store(raw).uri, videos
    dataset = read_dataset(lake, sample_set.dataset)
    return dataset.raw, dataset.versions.get("videos")


@dataclass(frozen=True)
class _Court:
    """Where models are judged."""

    lake: Lake
    samples: SampleSet
    config: PromotingConfig
    folder: Path
    step: Step
    files: dict[str, str] = field(default_factory=dict)
    """Models that were fetched."""

    @property
    def basis(self) -> str:
        """URI of the basis that the samples' latents were made by; empty for those of another kind."""
        return join_uri(self.lake.data_root, self.samples.basis) if self.samples.basis else ""

    def decide_on(
        self, model: str, family: str, footage: tuple[str, int | None], *, by: str
    ) -> tuple[Entry, list[Judged]]:
        """The entry, as it is in the log now, and what both models were worth; that is empty where nothing had to be judged."""
        for _ in range(ATTEMPTS):
            entries = read_log(self.lake, family)
            last = entries[-1] if entries else None
            if last and (last.candidate, last.by) == (model, by) and by != BY_HAND:
                return last, []  # an attempt of this run before this one came as far as this
            verdict, judged = self._judge(model, entries)
            (raw, videos), stays = footage, None if verdict.promoted else last
            entry = Entry(
                family=family, number=last.number + 1 if last else 1, decision="promoted" if verdict.promoted else "refused",
                model=stays.model if stays else model, previous=last.model if last else "", candidate=model,
                samples=stays.samples if stays else self.samples.name, basis=stays.basis if stays else self.basis,
                loss=verdict.loss, previous_loss=verdict.previous_loss, judged_on=self.samples.name if judged else "",
                raw=raw, videos=videos, by=by, at=now(), reason=verdict.reason,
            )  # fmt: skip
            if append(self.lake, entry):
                return entry, judged
            log.info("another decision was first", extra={"family": family, "number": entry.number})
        raise UserError(f"{ATTEMPTS} other decisions about {family} came in between; stop the others, then try again")

    def _judge(self, model: str, entries: Sequence[Entry]) -> tuple[Verdict, list[Judged]]:
        from longtake.promotion.comparing import find_difference

        card = self._card(model)
        if why := find_difference(card, self.samples):
            raise UserError(
                f"{model} can't be judged by {self.samples.name}: {why}; give the samples that it was trained on"
            )
        if not entries:
            return Verdict(promoted=True, reason="it is the first of its family", loss=card.loss), []
        in_use = entries[-1].model
        if in_use == model:
            known = card.sample_set["name"] == self.samples.name
            why = ", and these are the samples that it was trained on" if known else ""
            return Verdict(promoted=False, reason=f"it is in use already{why}"), []
        if back := next(
            (entry for entry in entries if (entry.decision, entry.previous) == ("rolled_back", model)), None
        ):
            return Verdict(promoted=False, reason=f"it was rolled back by {back.by} ({back.reason})"), []
        previous = self._card(in_use)
        why = find_difference(previous, self.samples)
        if previous.objective.kind != card.objective.kind:
            why = f"it learned to predict {previous.objective.kind}, and this one {card.objective.kind}"
        if why:
            hint = "`longtake models promote` puts it into use all the same"
            return Verdict(promoted=False, reason=f"it can't be compared with the model in use: {why}; {hint}"), []
        shares = (one.sample_set["validation_share"] for one in (card, previous))
        rows = held_out(read_samples(self.lake, self.samples), self.samples.validation_share, *shares)
        if not rows:
            return Verdict(promoted=False, reason=no_judge(self.samples.validation_share)), []
        judged = list(self._measure([model, in_use], rows))
        return decide(judged, self.config), judged

    def _measure(self, models: list[str], rows: list[Sample]) -> Iterator[Judged]:
        """Losses of both on each of the samples that are chosen."""
        from longtake.dit.devices import pick_device
        from longtake.dit.flops import tokens
        from longtake.dit.loading import Loader
        from longtake.dit.order import Order, fixed_batches, plan_buckets
        from longtake.dit.trained import load_trained
        from longtake.promotion.comparing import measure

        device = pick_device()
        loaded = [load_trained(self._fetch(model), device) for model in models]
        tokens_of = partial(tokens, loaded[0].card.config)
        buckets = plan_buckets(rows, images=0.0)
        most = max(self.config.batch_tokens, *(tokens_of(bucket.shape) for bucket in buckets))
        order = Order(buckets, most, tokens_of, seed=0)
        batches = fixed_batches(rows, self.config.samples, batch_tokens=most, tokens_of=tokens_of)
        videos = {f"{row.clip_id}/{row.window}": row.video_id for row in rows}
        self.step.expect(sum(len(batch.places) for batch in batches))
        fetch = partial(fetch_shard, self.lake)
        with Loader(order, fetch, self.folder / "shards", cache_bytes=CACHE_BYTES) as loader:
            for sample_id, losses in measure(loaded, loader.load(batches), self.config, device):
                self.step.advance()
                yield Judged(videos[sample_id], *losses)

    def _card(self, model: str) -> "Card":
        from longtake.dit.trained import read_card

        return read_card(self._fetch(model))

    def _fetch(self, model: str) -> str:
        if model not in self.files:
            self.files[model] = fetch_weights(model, self.folder)
        return self.files[model]

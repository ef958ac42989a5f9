"""Which training a config stands for, with these samples and this start: the model's shape, and the run's id."""

import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.config import dump_config, load_config
from longtake.dit.config import ALGORITHM_VERSION
from longtake.dit.recipe import TrainingConfig
from longtake.errors import UserError
from longtake.lake import Lake
from longtake.lake.weights import fetch_weights, weights_digest
from longtake.latents.sample_set import SampleSet
from longtake.promotion.judging import held_out, no_judge
from longtake.records import digest
from longtake.stages.samples import read_samples
from longtake.stages.training_events import Assignment

if TYPE_CHECKING:
    from longtake.dit.trained import Card

STAGE = "training"
INDECISIVE = ("work", "checkpoints", "films", "laws")
"""Parts of the config that change nothing of what a training comes to."""

log = logging.getLogger(__name__)


def assign(lake: Lake, sample_set: SampleSet, config: Mapping[str, Any], start: str = "") -> Assignment:
    """The training that this config stands for, its model as samples and start have it. Raises UserError where they do not fit."""
    settings = load_config(TrainingConfig, config, where="training config")
    model = config.get("model") or {}
    for name in ("channels", "text_width"):
        if name in model and model[name] != getattr(sample_set, name):
            raise UserError(
                f"the training config says model.{name} {model[name]}, and {sample_set.name} has {getattr(sample_set, name)}; "
                "leave it out: a model takes that of its samples"
            )
    shape = replace(settings.model, channels=sample_set.channels, text_width=sample_set.text_width)
    start_samples: Mapping[str, Any] = {}
    if start:
        card = _card(start)
        _check_start(start, card, sample_set)
        if model and shape != card.config:
            raise UserError(
                f"the model at {start} has another shape than the training config says; leave `model` out to go on with it"
            )
        shape, start_samples = card.config, card.sample_set
    settings = replace(settings, model=shape)
    decisive = {name: value for name, value in dump_config(settings).items() if name not in INDECISIVE}
    origin = weights_digest(start) if start else None
    run_id = digest(STAGE, ALGORITHM_VERSION, decisive, sample_set.name, sample_set.basis, origin, chars=16)
    return Assignment(
        data_root=lake.data_root, run_id=run_id, samples=sample_set, config=settings, start=start, start_samples=start_samples
    )  # fmt: skip


def has_new_samples(assignment: Assignment) -> bool:
    """Whether there are samples that the start has not been trained on; always where there is no start."""
    return _content(assignment.start_samples) != _content(vars(assignment.samples))


def warn_of_no_judge(lake: Lake, assignment: Assignment) -> None:
    """Says beforehand that nothing will judge the new model against its start."""
    share = assignment.start_samples["validation_share"]
    if not held_out(read_samples(lake, assignment.samples), assignment.samples.validation_share, share):
        log.warning("the new model will be refused", extra={"reason": no_judge(assignment.samples.validation_share)})


def _content(sample_set: Mapping[str, Any]) -> dict[str, Any]:
    """A sample set as JSON has it, but for when it was made: the version of a table grows with other datasets, too."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(sample_set)))
    return {name: value for name, value in plain.items() if name not in ("made_at", "version")}


def _card(start: str) -> "Card":
    from longtake.dit.trained import read_card

    with tempfile.TemporaryDirectory() as scratch:
        return read_card(fetch_weights(start, Path(scratch)))


def _check_start(start: str, card: "Card", sample_set: SampleSet) -> None:
    """Raises UserError for a model whose latents or texts are of another kind than the samples'."""
    for what, had, have in (
        ("latents of the autoencoder", card.sample_set["autoencoder"], sample_set.autoencoder),
        ("channels of latents:", card.config.channels, sample_set.channels),
        ("texts of a width of", card.config.text_width, sample_set.text_width),
        ("texts of the encoder", card.sample_set["encoding"]["text"], sample_set.encoding["text"]),
    ):
        if had != have:
            raise UserError(
                f"the model at {start} was trained on {what} {had}, and {sample_set.name} has {have}; encode the dataset as the model's "
                "samples were (with its basis), or train from nothing"
            )

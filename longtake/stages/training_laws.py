"""Laws beside a training: read before it starts, and asked of each validation loss."""

import logging
from typing import Any, cast

from longtake.config import dump_config
from longtake.dit import flops
from longtake.dit.flops import Shape
from longtake.dit.recipe import TrainingConfig
from longtake.dit.step_record import Validated
from longtake.lake import Lake
from longtake.latents.sample_set import SampleSet
from longtake.scaling.watching import LossWatch, differences
from longtake.stages.laws import read_laws
from longtake.stages.samples import read_samples
from longtake.stages.training_events import Assignment
from longtake.telemetry import TrainingMetrics

log = logging.getLogger(__name__)


def facts_of(samples: SampleSet, config: TrainingConfig) -> dict[str, Any]:
    """What decides the loss beside the model and the shapes of its samples, as a file of laws keeps it."""
    return {
        "autoencoder": samples.autoencoder, "text": samples.encoding["text"], "objective": dump_config(config.objective),
        "images": config.images,
    }  # fmt: skip


def open_watch(lake: Lake, assignment: Assignment) -> LossWatch | None:
    """None where the config names no laws. Raises UserError for laws that cannot be read, or give no loss; says in what they differ."""
    config, samples = assignment.config, assignment.samples
    if not config.laws:
        return None
    laws = read_laws(config.laws, lake)
    watch = LossWatch(laws=laws, params=float(flops.scaling_params(config.model)))
    log.info("the validation loss is watched", extra={"laws": laws.laws.name, "floor": watch.floor})
    shapes = {cast(Shape, (row.latent_T, row.latent_H, row.latent_W)) for row in read_samples(lake, samples)}
    differs = differences(laws, config.model, shapes, facts_of(samples, config))
    if config.schedule.kind != "constant":
        differs.append(f"the learning rate follows a {config.schedule.kind}, and laws are of a constant one")
    if assignment.start:
        differs.append("it goes on from another model, and laws begin from nothing")
    if differs:
        log.warning("the laws are of other trainings than this one: %s", "; ".join(differs))
    return watch


def compare(watch: LossWatch, metrics: TrainingMetrics, step: int, validated: Validated) -> None:
    """Shows a validation loss beside its prediction: metrics, and a log event where it leaves the band or comes back."""
    sight = watch.look(tokens=validated.tokens, loss=validated.loss)
    if sight is None:
        return
    metrics.show_predicted(**vars(sight.predicted), outside=bool(sight.side))
    if sight.turned:
        level = logging.WARNING if sight.side else logging.INFO
        log.log(level, sight.sentence, extra={"step": step, "loss": validated.loss, **vars(sight.predicted)})

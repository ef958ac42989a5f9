"""stories -> a world model: one stage of three; `<data_root>/models/owl-<digest>.safetensors`, a row of `runs`, and a page about it."""

import json
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from longtake.config import dump_config, load_config
from longtake.dit.step_record import Curve
from longtake.ending import Ended, is_told, shield
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, ObjectChanged, join_uri
from longtake.lake.weights import weights_digest
from longtake.owl.config import ALGORITHM_VERSION
from longtake.owl.training_config import Stage
from longtake.records import Run, bucket_of, digest, made_by
from longtake.report.owl_training import OwlSheet, left_out_sheet, owl_sheet
from longtake.stages.owl_training_config import OwlStageConfig
from longtake.stages.step import Step, Summary, open_lake, open_step
from longtake.stages.training_checkpoints import clear_checkpoints
from longtake.stages.training_events import Finished
from longtake.stages.training_watch import Watch

if TYPE_CHECKING:
    from longtake.stages.owl_training_work import OwlAssignment

STAGE = "owl_training"
INDECISIVE = ("work", "skip", "stories")
"""Parts of the config that change nothing of what a training comes to; of the stories it is what they are that counts."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class OwlTrainingSummary(Summary):
    """What a stage of a training came to."""

    model: str = ""
    """URI of the averaged weights; of a stage that is left out what it would have gone on from."""
    run_id: str = ""
    training_stage: str = ""
    stories: str = ""
    """What was learned from."""
    loss: float | None = None
    """On stories that were held out, of the averaged weights; None where none were."""
    train_loss: float | None = None
    """Mean over the last tenth of the steps."""
    steps: int = 0
    tokens: int = 0
    """Positions that the language model read, and video tokens that the film decoder learned from."""


def run(
    *,
    data_root: str,
    config: Mapping[str, Any] | None = None,
    stage: str = "",
    start: str = "",
    raw: str = "",
    captioning_config: Mapping[str, Any] | None = None,
    run: str = "",
) -> OwlTrainingSummary:
    """Trains one stage of a world model, `stage` or the config's, from nothing or on from `start`: a world model, or a video model.

    `raw`: where the videos of stories lie, for those that do not say it. One that was stopped goes on from its newest checkpoint;
    one that is done is not repeated. Raises UserError for a wrong place, start or config, for stories that there are none of, and for
    a training that comes apart; TransientError where it is told to end, after a checkpoint.
    """
    return follow(
        data_root=data_root, config=config or {}, stage=stage, start=start, raw=raw, captioning_config=captioning_config or {}, run=run
    )  # fmt: skip


def follow(
    *,
    data_root: str,
    config: Mapping[str, Any],
    stage: str = "",
    start: str = "",
    raw: str = "",
    captioning_config: Mapping[str, Any] | None = None,
    run: str = "",
    show: Callable[[int, int], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> OwlTrainingSummary:
    """`run`, which calls `show` with the steps that are done and all of them, and `tell` with what an earlier run had done."""
    settings = read_config(config, stage)
    lake = open_lake(data_root)
    began = time.monotonic()
    with (
        open_step(STAGE, lake, run=run, shard=settings.training.stage) as step,
        tempfile.TemporaryDirectory(prefix="longtake-") as scratch,
    ):
        if settings.skip:
            return _leave_out(step, settings, start)
        assignment = _assign(
            lake, settings, config, Path(scratch), start=start, raw=raw, captioning_config=captioning_config or {}
        )
        done = _row(lake, assignment.run_id)
        if done is None or done.reason is not None:
            done = _train(assignment, lake, Path(scratch), Watch(step, show, tell))
        else:
            log.info("trained already", extra={"run_id": done.run_id, "model": done.checkpoint})
            tell("trained already, on these stories with this config: nothing is done again")
            step.begin(inputs=done.steps, skipped=done.steps)
        summary = _publish(assignment, lake, done, step)
        if done.reason is not None:
            raise UserError(_sentence(done, assignment.config))
    summary.seconds = time.monotonic() - began
    log.info("model", extra={"model": done.checkpoint, "loss": done.loss, "train_loss": done.train_loss})
    return OwlTrainingSummary(
        **vars(summary), model=done.checkpoint or "", run_id=done.run_id, training_stage=settings.training.stage, stories=done.dataset,
        loss=done.loss, train_loss=done.train_loss, steps=done.steps, tokens=done.tokens,
    )  # fmt: skip


def read_config(config: Mapping[str, Any], stage: str) -> OwlStageConfig:
    """The config with this stage, unless that is empty. Raises UserError where the two say different stages."""
    settings = load_config(OwlStageConfig, config, where="owl_training config")
    if not stage:
        return settings
    if stage not in get_args(Stage):
        raise UserError(f"stage is {stage!r}; expected one of {', '.join(get_args(Stage))}")
    said = (config.get("training") or {}).get("stage", stage)
    if said != stage:
        raise UserError(
            f"the stage {stage} was asked for, and the owl_training config says training.stage {said}; leave one out"
        )
    return replace(settings, training=replace(settings.training, stage=stage))  # type: ignore[arg-type]


def _assign(
    lake: Lake,
    settings: OwlStageConfig,
    given: Mapping[str, Any],
    folder: Path,
    *,
    start: str,
    raw: str,
    captioning_config: Mapping[str, Any],
) -> "OwlAssignment":
    """The training that this config stands for, its model as the start has it. Raises UserError where they do not fit."""
    from longtake.stages.owl_models import fit_to, read_start
    from longtake.stages.owl_stories import open_source
    from longtake.stages.owl_training_work import OwlAssignment

    origin = None
    if start:
        origin = read_start(start, folder)
        settings = fit_to(origin, settings, given)
    source = open_source(lake, settings, settings.film, folder, raw=raw, captioning_config=captioning_config)
    decisive = {name: value for name, value in dump_config(settings).items() if name not in INDECISIVE}
    del decisive["training"]["checkpoints"]
    began_from = weights_digest(start) if start else None
    run_id = digest(STAGE, ALGORITHM_VERSION, decisive, source.identity, began_from, chars=16)
    return OwlAssignment(data_root=lake.data_root, run_id=run_id, config=settings, start=origin, source=source)


def _train(assignment: "OwlAssignment", lake: Lake, folder: Path, watch: Watch) -> Run:
    """The row of the training, once it is over, for good or ill. Raises TransientError where it was told to end."""
    import torch

    from longtake.engine.threads import cores
    from longtake.stages.owl_training_work import learn

    torch.set_num_threads(min(torch.get_num_threads(), cores()))
    row: Run | None = None
    with suppress(Ended), shield():  # told to end, it ends between two steps
        for event in learn(assignment, folder, is_told):
            watch(event)
        finished = watch.finished
        assert finished is not None, "the last event says how it ended"
        if finished.reason != "stopped":
            row = _row_of(assignment, finished, _curve(lake, assignment), watch)
            lake.tables.merge([row])
            if not finished.reason:
                clear_checkpoints(lake, assignment.run_id)
    if row is None:
        at = f" after step {watch.step}" if watch.step else ""
        raise TransientError(
            f"told to end{at}; what is done lies in the lake, and the same training goes on from there"
        )
    return row


def _leave_out(step: Step, settings: OwlStageConfig, start: str) -> OwlTrainingSummary:
    log.info("left out", extra={"stage": settings.training.stage, "model": start})
    step.begin(inputs=0, skipped=0)
    page = left_out_sheet(settings.training.stage, start, step.facts(stage=settings.training.stage))
    summary = step.publish(page, items={})
    return OwlTrainingSummary(**vars(summary), model=start, training_stage=settings.training.stage)


def _row(lake: Lake, run_id: str) -> Run | None:
    return next(iter(lake.tables.read(Run, buckets=[bucket_of(run_id)], run_id=run_id)), None)


def _row_of(assignment: "OwlAssignment", finished: Finished, curve: Curve, watch: Watch) -> Run:
    config = assignment.config
    validated = curve.validations[-1][1].loss if curve.validations else None
    tokens = int(curve.total("tokens"))
    return Run(
        run_id=assignment.run_id, bucket=bucket_of(assignment.run_id), dataset=assignment.source.name, params=watch.params,
        tokens=tokens, flops=curve.total("flops"), batch_tokens=round(tokens / max(1, finished.step)), lr=config.training.lr,
        steps=finished.step, seconds=curve.total("seconds"), loss=None if finished.reason else validated,
        train_loss=curve.last_loss(), loss_floor=None,
        checkpoint=join_uri(assignment.data_root, finished.model) if finished.model else None,
        config=json.dumps(dump_config(config)), reason=finished.reason or None, detail=finished.detail or None,
        made_by=made_by(STAGE, ALGORITHM_VERSION, {}),
    )  # fmt: skip


def _sentence(row: Run, config: OwlStageConfig) -> str:
    how = config.training
    if row.reason == "diverged":
        return (
            f"the training came apart at step {row.steps}: {row.detail}; lower lr ({how.lr:g}) and film_lr ({how.film_lr:g}), or lengthen "
            f"schedule.warmup_steps ({how.schedule.warmup_steps}); run again it goes on from its last checkpoint"
        )
    return (
        f"the memory does not hold {row.detail} at step {row.steps}; lower training.batch ({how.batch}), or film fewer clips of each "
        f"(training.clips, {how.clips or 'all'} now), or take shorter stories"
    )


def _curve(lake: Lake, assignment: "OwlAssignment") -> Curve:
    try:
        return Curve.from_json(json.loads(lake.objects.read(f"{assignment.folder}curve.json")))
    except ObjectChanged:
        return Curve()  # the curve was removed by hand: the row says what it came to


def _publish(assignment: "OwlAssignment", lake: Lake, row: Run, step: Step) -> Summary:
    facts = step.facts(
        run_id=row.run_id, stories=assignment.source.name, model=row.checkpoint or "none", config=row.config
    )
    page = owl_sheet(
        OwlSheet(
            facts=facts, row=row, curve=_curve(lake, assignment), stage=assignment.config.training.stage,
            stories=assignment.source.size, left_out=assignment.source.left_out,
            started_from=assignment.start.uri if assignment.start else "",
        )
    )  # fmt: skip
    outcome, reason = row.outcome
    return step.publish(page, items={f"{outcome}:{reason}" if reason else outcome: 1})

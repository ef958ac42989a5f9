"""samples -> a video model: `<data_root>/models/dit-<digest>.safetensors`, a row of `runs`, and a page about it.

One worker learns in this process; more of them, or `work.engine: ray`, are a TorchTrainer of Ray Train.
"""

import json
import logging
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longtake.config import dump_config
from longtake.dit.config import ALGORITHM_VERSION
from longtake.dit.recipe import TrainingConfig, TrainingWork
from longtake.dit.step_record import Curve
from longtake.ending import Ended, is_told, shield
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, ObjectChanged, join_uri
from longtake.records import Run, bucket_of, made_by
from longtake.shards import WHOLE
from longtake.stages.samples import read_sample_set
from longtake.stages.step import Step, Summary, open_lake, open_step
from longtake.stages.training_assignment import STAGE, assign, has_new_samples, warn_of_no_judge
from longtake.stages.training_checkpoints import clear_checkpoints
from longtake.stages.training_events import Assignment, Event, Finished
from longtake.stages.training_laws import open_watch
from longtake.stages.training_watch import Watch

POLL_S = 0.3
"""Between two looks at what Ray's workers have told."""
ENDING_S = 120.0
"""That Ray Train may take to end by itself, once nobody follows it any more."""
RESTARTS = 3
"""Of all workers, by Ray, after one has died: each goes on from the newest checkpoint."""

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class TrainingSummary(Summary):
    """What a training came to."""

    model: str = ""
    """URI of the averaged weights."""
    run_id: str = ""
    samples: str = ""
    """The sample set that was learned from."""
    loss: float | None = None
    """On the validation draws, of the averaged weights; None where nothing was held out."""
    train_loss: float | None = None
    """Mean over the last tenth of the steps."""
    steps: int = 0
    tokens: int = 0


def run(
    *,
    data_root: str,
    samples: str = "clips",
    config: Mapping[str, Any] | None = None,
    start: str = "",
    only_new: bool = False,
    run: str = "",
) -> TrainingSummary:
    """Trains a model on a sample set (its name, or that of a dataset or a family: the newest of it), from nothing or on from `start`.

    One that was stopped goes on from its newest checkpoint; one that is done is not repeated. With `only_new` nothing is trained
    where a training of this lake made `start` of these very samples: `start` is what it comes to. Raises UserError for a wrong place,
    sample set or config, and for a training that comes apart; TransientError where it is told to end, after a checkpoint.
    """
    return follow(
        data_root=data_root, samples=samples, config=config or {}, start=start, only_new=only_new, run=run
    )  # fmt: skip


def follow(
    *,
    data_root: str,
    samples: str,
    config: Mapping[str, Any],
    start: str = "",
    only_new: bool = False,
    run: str = "",
    show: Callable[[int, int], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> TrainingSummary:
    """`run`, which calls `show` with the steps that are done and all of them, and `tell` with what an earlier run had done."""
    lake = open_lake(data_root)
    assignment = assign(lake, read_sample_set(lake, samples), config, start)
    began = time.monotonic()
    with open_step(STAGE, lake, run=run, shard=WHOLE.label) as step:
        done = _row(lake, assignment.run_id)
        if only_new and (made := _made_of_the_same(lake, assignment)):
            log.info(
                "nothing is trained: there are no samples that the model has not learned from", extra={"model": start}
            )
            assignment, done = replace(assignment, run_id=made.run_id, start=""), made
        elif only_new and start:
            warn_of_no_judge(lake, assignment)
        if done is None or done.reason is not None:
            done = _train(assignment, lake, Watch(step, show, tell, open_watch(lake, assignment)))
        else:
            log.info("trained already", extra={"run_id": done.run_id, "model": done.checkpoint})
            tell("trained already, on these samples with this config: nothing is done again")
            step.begin(inputs=done.steps, skipped=done.steps)
        summary = _publish(assignment, lake, done, step)
        if done.reason is not None:
            raise UserError(_sentence(done, assignment.config))
    summary.seconds = time.monotonic() - began
    log.info(
        "model",
        extra={"model": done.checkpoint, "loss": done.loss, "train_loss": done.train_loss, "run_id": done.run_id},
    )
    return TrainingSummary(
        **vars(summary), model=done.checkpoint or "", run_id=done.run_id, samples=assignment.samples.name, loss=done.loss,
        train_loss=done.train_loss, steps=done.steps, tokens=done.tokens,
    )  # fmt: skip


def _train(assignment: Assignment, lake: Lake, watch: Watch) -> Run:
    """The row of the training, once it is over, for good or ill. Raises TransientError where it was told to end."""
    work = assignment.config.work
    learn = _on_ray if work.workers > 1 or work.engine == "ray" else _here
    row: Run | None = None
    with suppress(Ended), shield(), tempfile.TemporaryDirectory() as scratch:  # told to end, it ends between two steps
        for event in learn(assignment, Path(scratch)):
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


def _here(assignment: Assignment, folder: Path) -> Iterator[Event]:
    """The events of a training in this process."""
    import torch

    from longtake.engine.threads import cores
    from longtake.stages.training_work import learn

    torch.set_num_threads(min(torch.get_num_threads(), cores()))
    yield from learn(assignment, folder, is_told)


def _on_ray(assignment: Assignment, folder: Path) -> Iterator[Event]:
    """The events of a training by Ray Train, on the cluster at RAY_ADDRESS or a Ray of this machine. Raises what a worker raised."""
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    from longtake.engine.on_ray import connect

    work = assignment.config.work
    started_here = not ray.is_initialized()
    if started_here:
        connect()
    try:
        _check_room(work)
        wire = ray.remote(Wire).options(num_cpus=0).remote()
        trainer = TorchTrainer(
            _learn_on_ray,
            train_loop_config={"assignment": assignment, "wire": wire},
            torch_config=TorchConfig(backend="nccl" if work.gpus else "gloo"),
            scaling_config=ScalingConfig(
                num_workers=work.workers, use_gpu=bool(work.gpus), resources_per_worker={"CPU": work.cpus, "GPU": work.gpus}
            ),
            run_config=RunConfig(
                name=assignment.run_id, storage_path=str(folder), failure_config=FailureConfig(max_failures=RESTARTS)
            ),
        )  # fmt: skip
        yield from _follow(trainer, wire)
    finally:
        if started_here:
            ray.shutdown()


def _follow(trainer: Any, wire: Any) -> Iterator[Event]:
    """What the first worker tells, while the trainer runs in a thread of its own; told to end, the workers are told."""
    import ray
    from ray.exceptions import RayError
    from ray.train import TrainingFailedError, WorkerGroupError

    raised: list[Exception] = []

    def fit() -> None:
        try:
            trainer.fit()
        except (TrainingFailedError, RayError) as error:
            raised.append(error)

    fitting = threading.Thread(target=fit, name="ray train", daemon=True)
    fitting.start()
    over = False
    try:
        while not over:
            over = not fitting.is_alive()
            fitting.join(0 if over else POLL_S)
            events, failure = ray.get(wire.take.remote(is_told()))
            yield from events
    finally:
        fitting.join(ENDING_S)  # Ray must not go away under it: that ends the process by a signal
    if failure is not None:
        raise failure
    for error in raised:
        failures = error.worker_failures.values() if isinstance(error, WorkerGroupError) else [error]
        if all(isinstance(failure, RayError) for failure in failures):
            raise TransientError(f"the workers of Ray Train died {RESTARTS + 1} times: {error}") from error
        raise error


class Wire:
    """An actor between the first worker and whoever follows the training."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._stop = False
        self._failure: Exception | None = None

    def tell(self, event: Event) -> bool:
        """Whether the training is to stop."""
        self._events.append(event)
        return self._stop

    def fail(self, error: Exception) -> None:
        """It is of no use to begin again."""
        self._failure = self._failure or error

    def failure(self) -> Exception | None:
        return self._failure

    def take(self, stop: bool) -> tuple[list[Event], Exception | None]:
        """The events since the last call."""
        self._stop = self._stop or stop
        events, self._events = self._events, []
        return events, self._failure


def _learn_on_ray(given: dict[str, Any]) -> None:
    """What each worker of Ray Train runs."""
    import ray
    from ray.train import get_context

    from longtake.stages.training_work import learn

    wire, stopping = given["wire"], deque([False], 1)
    if (failure := ray.get(wire.failure.remote())) is not None:
        raise failure
    is_first = get_context().get_world_rank() == 0
    with tempfile.TemporaryDirectory() as scratch:
        try:
            for event in learn(given["assignment"], Path(scratch), lambda: stopping[0]):
                if is_first:
                    stopping.append(ray.get(wire.tell.remote(event)))
        except (UserError, TransientError) as error:
            ray.get(wire.fail.remote(error))
            raise


def _check_room(work: TrainingWork) -> None:
    """Raises UserError where the cluster can never hold the workers: Ray would wait for ever."""
    import ray

    has = ray.cluster_resources()
    for name, each in (("CPU", work.cpus), ("GPU", work.gpus)):
        if work.workers * each > has.get(name, 0):
            raise UserError(
                f"{work.workers} workers with {each} {name} each were asked for; the Ray cluster has {has.get(name, 0):g} {name}; "
                "ask for less (training_config: {work: {workers: ..., cpus: ..., gpus: ...}}), or add nodes"
            )


def _row(lake: Lake, run_id: str) -> Run | None:
    return next(iter(lake.tables.read(Run, buckets=[bucket_of(run_id)], run_id=run_id)), None)


def _made_of_the_same(lake: Lake, assignment: Assignment) -> Run | None:
    """The training that made this one's start of the same samples; None where it had others, or is not of this lake."""
    if has_new_samples(assignment):
        return None
    return next(iter(lake.tables.read(Run, checkpoint=assignment.start)), None)


def _row_of(assignment: Assignment, finished: Finished, curve: Curve, watch: Watch) -> Run:
    config = assignment.config
    validated = curve.validations[-1][1].loss if curve.validations else None
    return Run(
        run_id=assignment.run_id, bucket=bucket_of(assignment.run_id), dataset=assignment.samples.name, params=watch.params,
        tokens=int(curve.total("tokens")), flops=curve.total("flops"), batch_tokens=config.batch_tokens, lr=config.lr,
        steps=finished.step, seconds=curve.total("seconds"), loss=None if finished.reason else validated,
        train_loss=curve.last_loss(), loss_floor=watch.floor,
        checkpoint=join_uri(assignment.data_root, finished.model) if finished.model else None,
        config=json.dumps(dump_config(config)), reason=finished.reason or None, detail=finished.detail or None,
        made_by=made_by(STAGE, ALGORITHM_VERSION, {}),
    )  # fmt: skip


def _sentence(row: Run, config: TrainingConfig) -> str:
    if row.reason == "diverged":
        return (
            f"the training came apart at step {row.steps}: {row.detail}; lower lr ({config.lr:g}), or lengthen schedule.warmup_steps "
            f"({config.schedule.warmup_steps}); run again it goes on from its last checkpoint"
        )
    return (
        f"not even one sample at a time fits into the memory at step {row.steps} ({row.detail}); say "
        "work.checkpointing: selective or full, train a smaller model, or encode smaller windows"
    )


def _curve(lake: Lake, assignment: Assignment) -> Curve:
    try:
        return Curve.from_json(json.loads(lake.objects.read(f"{assignment.folder}curve.json")))
    except ObjectChanged:
        return Curve()  # the curve was removed by hand: the row says what it came to


def _publish(assignment: Assignment, lake: Lake, row: Run, step: Step) -> Summary:
    from longtake.stages.training_page import training_page

    facts = step.facts(run_id=row.run_id, samples=assignment.samples.name, model=row.checkpoint or "none")
    page = training_page(assignment, lake, row, _curve(lake, assignment), facts)
    outcome, reason = row.outcome
    return step.publish(page, items={f"{outcome}:{reason}" if reason else outcome: 1})

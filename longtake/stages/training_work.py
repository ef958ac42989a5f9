"""What a worker of a training does, alone or beside others: from samples in the lake to a model in the lake.

All workers do the same, each with its slice of every batch; the first one alone writes.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import torch

from longtake.dit import flops
from longtake.dit.batch import Batch
from longtake.dit.checkpoint import save_checkpoint
from longtake.dit.config import DiTConfig
from longtake.dit.devices import choose_precision, find_compiler, peak_flops, pick_device
from longtake.dit.guard import Diverged
from longtake.dit.loading import Loader
from longtake.dit.memory import MicroBatches, OutOfMemory, compile_blocks, samples_that_fit, save_memory
from longtake.dit.model import DiT
from longtake.dit.order import Bucket, Order, choose_side, fixed_batches, plan_buckets
from longtake.dit.parallel import Replicas
from longtake.dit.step_record import Curve, StepRecord, Validated
from longtake.dit.train import Training, train, validate
from longtake.dit.trained import Card, load_trained, save_trained
from longtake.doctor.cgroup import read_cgroup
from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.lake.weights import fetch_weights
from longtake.records import Sample
from longtake.stages.samples import fetch_basis, fetch_shard, read_samples
from longtake.stages.training_checkpoints import Checkpoints, take_up
from longtake.stages.training_events import Assignment, Began, Ending, Event, Finished, Kept
from longtake.stages.training_films import Films

log = logging.getLogger(__name__)


def learn(assignment: Assignment, folder: Path, stop: Callable[[], bool]) -> Iterator[Event]:
    """Trains until the end, or until `stop` of the first worker says so between two steps; `folder` is scratch space.

    Goes on from the newest checkpoint of the run. Raises UserError and TransientError, after a checkpoint.
    """
    with Apprentice(assignment, folder) as apprentice:
        yield from apprentice.learn(stop)


def check_patches(model: DiTConfig, samples: Iterable[Sample]) -> None:
    """Raises UserError, in pixels, for samples whose sides are no whole patches of the model."""
    for sample in samples:
        if sample.reason is not None:
            continue
        assert sample.height is not None
        assert sample.width is not None
        assert sample.latent_H is not None
        step = sample.height // sample.latent_H
        side = step * model.patch_px
        if sample.height % side or sample.width % side:
            near = [max(1, round(pixels / side)) * side for pixels in (sample.height, sample.width)]
            raise UserError(
                f"there are samples {sample.height} pixels high and {sample.width} wide, and sides must be multiples of {side}: the "
                f"autoencoder's step {step} x the model's patch {model.patch_px}; encode anew: encoding_config: {{encoding: {{windows: "
                f"{{sizes: [{{frames: {sample.frames}, height: {near[0]}, width: {near[1]}}}]}}}}}}"
            )


class Apprentice:
    """One worker: its model, its data, and the way of both to and from the lake."""

    def __init__(self, assignment: Assignment, folder: Path) -> None:
        self.assignment, self.config, self.folder = assignment, assignment.config, folder
        self.lake = Lake(assignment.data_root)
        self.device = pick_device()
        self.replicas = Replicas(self.device)
        self.curve = Curve()
        samples = read_samples(self.lake, assignment.samples)
        share = assignment.samples.validation_share
        self.train_side, self.held_out = (choose_side(samples, side, share) for side in ("train", "validation"))
        if not self.train_side:
            raise UserError(
                f"all {len(samples)} samples of {assignment.samples.name} are on the validation side; encode more videos, or make the "
                "dataset with a smaller validation_share"
            )
        check_patches(self.config.model, self.train_side)
        self.buckets = plan_buckets(self.train_side, self.config.images)
        self.order = Order(self.buckets, self.config.batch_tokens, self._tokens, self.config.seed)
        self._open = ExitStack()

    def __enter__(self) -> "Apprentice":
        self.checkpoints = Checkpoints(self.lake, self.assignment.run_id, self.folder, self.config.checkpoints.keep)
        self._open.callback(self.checkpoints.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def is_first(self) -> bool:
        return self.replicas.rank == 0

    def learn(self, stop: Callable[[], bool]) -> Iterator[Event]:
        """See `learn`."""
        self.training, compiled = self._prepare()
        self.curve = take_up(self.checkpoints, self.training) or self.curve
        judged = self._judged()
        self.films = Films(self.assignment, self.lake, self.folder, self.device)
        if self.is_first:
            self.films.choose(self.held_out or self.train_side, self._load)
        loader = self._open.enter_context(self._loader("shards"))
        yield self._began(compiled)
        try:
            stopped = yield from self._steps(
                train(self.training, loader.batches(self.training.position.seen), judged), stop
            )
        except (Diverged, OutOfMemory) as error:
            self._put_curve()
            came_apart = isinstance(error, Diverged)
            yield self._finished("diverged" if came_apart else "out_of_memory", detail=str(error))
            return
        except (UserError, TransientError):  # of the data, mostly: between two steps
            self._keep()
            self.checkpoints.wait()
            raise
        self._keep()
        if self.is_first:
            self.checkpoints.wait()
            yield Kept(at_s=time.time())
        if stopped:
            yield self._finished("stopped")
        elif self.is_first and self.assignment.publish:
            self.films.draw(self.training, self.training.position.step)
            yield self._finished("", model=self._publish())
        elif self.is_first:
            yield self._finished("")

    def _steps(self, records: Iterator[StepRecord], stop: Callable[[], bool]) -> Generator[Event, None, bool]:
        """Each record, and what is to be done behind it; whether the training was stopped."""
        for record in records:
            self.curve.add(record)
            yield record
            stopping, due = self.replicas.first(stop(), self._due())
            if stopping:
                return True
            if due:
                self._keep()
            if (at_s := self.checkpoints.take_uploaded()) is not None:
                yield Kept(at_s=at_s)
            if self.is_first and self.films.due(record.step):
                self.films.draw(self.training, record.step)
        return False

    def _finished(self, reason: Ending, *, detail: str = "", model: str | None = None) -> Finished:
        return Finished(reason=reason, detail=detail, model=model, step=self.training.position.step)

    def _prepare(self) -> tuple[Training, bool]:
        """The training before its first step, on its device; whether its blocks are compiled."""
        config, device = self.config, self.device
        if self.assignment.start:
            place = fetch_weights(self.assignment.start, self.folder)
            model = load_trained(place, device).model.train()
        else:
            model = DiT(config.model, self.assignment.samples.statistics, config.seed).to(device)
        save_memory(model.blocks, config.work.checkpointing)
        compiled = compile_blocks(model.blocks, config.work, device, find_compiler())
        by_name = {bucket.name: bucket for bucket in self.buckets}
        training = Training(
            model, config, replicas=self.replicas, precision=choose_precision(config, device),
            micro_batches=MicroBatches(lambda name: self._most(by_name.get(name))),
        )  # fmt: skip
        return training, compiled

    def _most(self, bucket: Bucket | None) -> int:
        """Samples that may go together, before memory has run out once: the same on every machine of one kind."""
        if self.config.work.micro_batch:
            return self.config.work.micro_batch
        if self.device.type != "cpu" or bucket is None:
            return 1 << 30
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return samples_that_fit(self.config.model, self._tokens(bucket.shape), read_cgroup().memory_bytes or whole)

    def _tokens(self, shape: tuple[int, int, int]) -> int:
        return flops.tokens(self.config.model, shape)

    def _judged(self) -> Callable[[], Validated] | None:
        """What takes the validation loss; its samples stay in memory, each worker's own."""
        batches = fixed_batches(
            self.held_out, self.config.validation.samples, batch_tokens=self.config.batch_tokens, tokens_of=self._tokens
        )  # fmt: skip
        if not batches:
            log.warning("no validation loss: nothing is held out", extra={"samples": len(self.held_out)})
            return None
        with self._loader("held-out") as loader:
            mine = list(loader.load(batches))
        return partial(validate, self.training, lambda: mine)

    def _loader(self, name: str, *, alone: bool = False) -> Loader:
        """Of this worker's part of each batch; `alone`: of the whole."""
        work, replicas = self.config.work, self.replicas
        rank, world = (0, 1) if alone else (replicas.rank, replicas.world)
        fetch = partial(fetch_shard, self.lake)
        return Loader(
            self.order, fetch, self.folder / name, cache_bytes=work.cache_bytes, ahead=work.ahead, rank=rank, world=world,
            pin=self.device.type == "cuda",
        )  # fmt: skip

    def _load(self, samples: list[Sample]) -> list[Batch]:
        """Each sample as a batch of its own, in the order of `fixed_batches`."""
        batches = fixed_batches(samples, len(samples), batch_tokens=1, tokens_of=self._tokens)
        with self._loader("films", alone=True) as loader:
            return list(loader.load(batches))

    def _began(self, compiled: bool) -> Began:
        config, replicas, device = self.config, self.replicas, self.device
        peak = peak_flops(device, self.training.precision) if self.is_first else None
        at = self.training.position
        per_step = self.curve.total("tokens") / at.step if at.step else config.batch_tokens
        return Began(
            step=at.step, steps=config.steps if not config.tokens else round(config.tokens / per_step),
            params=flops.params(config.model), workers=replicas.world, compiled=compiled,
            device=torch.cuda.get_device_name(device) if device.type == "cuda" else f"processor, {torch.get_num_threads()} threads",
            precision=str(self.training.precision).removeprefix("torch."), peak_flops=peak and peak * replicas.world,
        )  # fmt: skip

    def _due(self) -> bool:
        """Whether a checkpoint is to be made behind this step; the first worker's answer counts."""
        every, step = self.config.checkpoints, self.training.position.step
        return step % every.every_steps == 0 or time.monotonic() - self.checkpoints.since_s >= every.every_s

    def _keep(self) -> None:
        step = self.training.position.step
        if self.is_first and step and step != self.checkpoints.last_step:
            self.checkpoints.keep(step, partial(save_checkpoint, training=self.training, curve=self.curve))

    def _put_curve(self) -> None:
        if self.is_first:
            key = f"{self.assignment.folder}curve.json"
            self.lake.objects.put(key, json.dumps(self.curve.to_json()).encode(), overwrite=True)

    def _publish(self) -> str:
        """The averaged weights in the lake, by the digest of their file; the key."""
        assignment, path = self.assignment, self.folder / "trained.safetensors"
        validated = self.curve.validations[-1][1].loss if self.curve.validations else None
        card = Card(
            config=self.config.model, objective=self.config.objective, statistics=self.training.model.conditions.statistics,
            sample_set=vars(assignment.samples), run_id=assignment.run_id, step=self.training.position.step,
            tokens=self.training.position.tokens, loss=validated,
        )  # fmt: skip
        basis = fetch_basis(self.lake, assignment.samples.basis, self.folder) if assignment.samples.basis else None
        save_trained(path, self.training.averages.weights, card, basis)
        with path.open("rb") as file:
            key = f"models/dit-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}.safetensors"
        self.lake.objects.upload(key, path)
        self._put_curve()
        return key

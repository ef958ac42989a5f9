"""The training: a generator of step records. Whoever calls it logs, keeps checkpoints and stops.

What a step does is a function of the weights, the averages, the moments of AdamW and the place in the order of samples: that
is the state, and a training that goes on from it is the one that was never stopped, to the bit on one kind of machine.

Legend: B samples of this worker, C channels, t h w latent frames, rows, columns; L text tokens, D their width.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from longtake.dit import flops
from longtake.dit.averages import Averages
from longtake.dit.batch import Batch
from longtake.dit.guard import Diverged
from longtake.dit.learner import Learner
from longtake.dit.memory import MicroBatches, OutOfMemory, is_out_of_memory
from longtake.dit.model import DiT
from longtake.dit.objective import Draws, draw, losses, validation_draws
from longtake.dit.parallel import Replicas
from longtake.dit.recipe import TrainingConfig
from longtake.dit.step_record import StepRecord, Validated

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Position:
    """How far a training is."""

    step: int = 0
    """Steps that are done, skipped ones among them."""
    taken: int = 0
    """Of these, those that changed the weights."""
    tokens: int = 0
    """Of video that were seen, over all workers."""
    flops: float = 0.0
    seen: Mapping[str, int] = field(default_factory=dict)
    """Samples by bucket: where the order goes on."""


class Training:
    """A model and all that changes while it learns."""

    def __init__(
        self,
        model: DiT,
        config: TrainingConfig,
        *,
        replicas: Replicas | None = None,
        precision: torch.dtype = torch.float32,
        micro_batches: MicroBatches | None = None,
    ) -> None:
        """The model lies on its device already; `precision` is that of its products."""
        self.model, self.config = model, config
        self.replicas = replicas or Replicas()
        self.replicas.prepare(model)
        self.device = next(model.parameters()).device
        self.precision = precision
        self.micro_batches = micro_batches or MicroBatches(lambda bucket: config.work.micro_batch or 1 << 30)
        self.learner = Learner(model, config)
        self.position = Position()

    @property
    def averages(self) -> Averages:
        return self.learner.averages

    @property
    def is_over(self) -> bool:
        """Whether it has come apart."""
        return self.learner.guard.is_over

    @property
    def done(self) -> float:
        """Share of the training, from 0 to 1."""
        config, at = self.config, self.position
        return min(1.0, at.tokens / config.tokens if config.tokens else at.step / config.steps)

    def draw(self, batch: Batch) -> Draws:
        """Times and noise of the batch: a function of its samples' numbers."""
        return draw(self.config.objective, batch.numbers_B, batch.latents_BCthw.shape[1:], self.config.seed)

    def step(self, batch: Batch, draws: Draws) -> StepRecord:
        """One step from a batch; skipped where it would do harm. Raises OutOfMemory where one sample is too many."""
        at, learner = self.position, self.learner
        lr = learner.rate(at.step, self.done)
        loss, counted, micro_batch = self._gradients(batch, draws)
        norm = learner.norm()
        skip = learner.move(step=at.step, taken=at.taken, done=self.done, loss=loss, norm=norm)
        tokens = flops.tokens(self.model.config, _shape(batch)) * batch.global_samples
        self.position = Position(
            step=at.step + 1, taken=at.taken + (not skip), tokens=at.tokens + tokens, flops=at.flops + counted, seen=dict(batch.seen)
        )  # fmt: skip
        return StepRecord(
            step=at.step + 1, loss=loss, norm=norm, lr=lr, samples=batch.global_samples, tokens=tokens, flops=counted, seconds=0.0,
            waited_s=batch.waited_s, skipped=skip, micro_batch=micro_batch,
        )  # fmt: skip

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that going on needs: tensors by name, and plain values."""
        tensors, plain = self.learner.state()
        plain |= {"position": vars(self.position), "micro_batches": self.micro_batches.limits}
        return dict(self.replicas.whole(tensors)), plain

    def go_on(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Puts back what `state` gave."""
        self.learner.go_on(tensors, plain)
        self.position = Position(**plain["position"])
        self.micro_batches.limits = dict(plain["micro_batches"])

    def _gradients(self, batch: Batch, draws: Draws) -> tuple[float, float, int]:
        """Gradients of the whole batch over all workers, its mean loss, its operations, and how many samples went together.

        Where memory runs out, that worker takes half as many at a time, and all begin the batch anew. Raises OutOfMemory, on all of them,
        where one can take no less.
        """
        while True:
            parts = self.micro_batches.parts(batch.bucket, len(batch.sample_ids))
            largest = max((last - first for first, last in parts), default=0)
            total = self._try(batch, draws, parts)
            is_short, is_hopeless = self.replicas.any(total is None, total is None and largest <= 1)
            if is_hopeless:
                raise OutOfMemory(batch.bucket)
            if not is_short:
                break
            if total is None:
                limit = self.micro_batches.halve(batch.bucket, len(batch.sample_ids))
                log.warning(
                    "out of memory: fewer samples at a time", extra={"bucket": batch.bucket, "micro_batch": limit}
                )
            self.learner.optimiser.zero_grad()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
        self.replicas.finish_gradients(self.learner.weights)
        of_one = flops.train_flops(self.model.config, _shape(batch), batch.text_BLD.shape[1])
        loss, counted = self.replicas.add(total or 0.0, of_one * len(batch.sample_ids))
        return loss, counted, largest

    def _try(self, batch: Batch, draws: Draws, parts: Sequence[tuple[int, int]]) -> float | None:
        """Backwards through each part; the sum of losses over the samples of all workers. None where memory ran out."""
        self.learner.optimiser.zero_grad()
        sums = torch.zeros((), dtype=torch.float64, device=self.device)
        try:
            for first, last in parts:
                part, noise = batch.rows(first, last), _rows(draws, first, last)
                loss = self._losses(part.to(self.device), noise.to(self.device)).sum() / batch.global_samples
                loss.backward()
                sums += loss.detach()
            return float(sums)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        return None  # outside of `except`, where the error still holds on to what filled the memory

    def _losses(self, batch: Batch, draws: Draws) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == torch.bfloat16):
            return losses(self.model, batch, draws, self.config.objective)


class Trainable(Protocol):
    """What can be trained step by step: a `Training`, or that of a world model."""

    learner: Learner
    position: Position

    @property
    def config(self) -> Any: ...  # with the field `validation`
    @property
    def done(self) -> float: ...
    @property
    def is_over(self) -> bool: ...
    def draw(self, batch: Any, /) -> Any: ...
    def step(self, batch: Any, draws: Any, /) -> StepRecord: ...


def train(
    training: Trainable, batches: Iterator[Any], validate: Callable[[], Validated] | None = None
) -> Iterator[StepRecord]:
    """A record for each step that is left, validated every so often and at the end. Raises as `Training.step`, and Diverged.

    Between two records the training may be kept, sampled from, or left.
    """
    with closing(_draw_ahead(training, batches)) as ready:
        while training.done < 1.0:
            began_s = time.monotonic()
            record = training.step(*next(ready))
            record = replace(record, seconds=time.monotonic() - began_s)
            if validate and _is_due(training, record):
                record = replace(record, validated=validate())
            yield record
            if training.is_over:
                raise Diverged(
                    f"{training.learner.guard.skipped_in_a_row} steps in a row were skipped, the last for {record.skipped}: "
                    f"loss {record.loss:g}, gradient {record.norm:g}"
                )


def _is_due(training: Trainable, record: StepRecord) -> bool:
    """Whether the validation loss is to be taken behind this step."""
    when, now = training.config.validation, training.position
    reached = any(now.tokens - record.tokens < tokens <= now.tokens for tokens in when.at_tokens)
    return reached or now.step % when.every_steps == 0 or training.done >= 1.0


def _draw_ahead(training: Trainable, batches: Iterator[Any]) -> Generator[tuple[Any, Any], None, None]:
    """Each batch with its draws, which a thread makes while the model still learns from the batch before."""
    with ThreadPoolExecutor(1, "draws") as thread:
        batch = next(batches)
        draws = thread.submit(training.draw, batch)
        for following in batches:
            coming = thread.submit(training.draw, following)
            began_s = time.monotonic()
            drawn = draws.result()
            yield replace(batch, waited_s=batch.waited_s + time.monotonic() - began_s), drawn
            batch, draws = following, coming
        yield batch, draws.result()


def validate(training: Training, batches: Callable[[], Iterable[Batch]]) -> Validated:
    """The loss of the averaged weights: each sample at as many times as `validation.draws`, the same every time."""
    config, replicas = training.config, training.replicas
    turns = config.validation.draws
    sums, samples = [0.0] * turns, 0
    training.model.eval()
    with training.averages.applied(training.model), torch.no_grad():
        for batch in batches():
            for first, last in training.micro_batches.parts(batch.bucket, len(batch.sample_ids)):
                part = batch.rows(first, last).to(training.device)
                for turn in range(turns):
                    shape_Cthw = part.latents_BCthw.shape[1:]
                    draws = validation_draws(part.numbers_B, shape_Cthw, config.seed, turn, turns)
                    sums[turn] += float(training._losses(part, draws.to(training.device)).double().sum())
            samples += len(batch.sample_ids)
    training.model.train()
    *sums, total = replicas.add(*sums, samples)
    by_time = tuple(each / total for each in sums)
    at = training.position
    return Validated(loss=sum(by_time) / turns, by_time=by_time, tokens=at.tokens, flops=at.flops)


def _rows(draws: Draws, first: int, last: int) -> Draws:
    """Those of some samples."""
    dropped = {name: drop_B[first:last] for name, drop_B in draws.drop_conditions.items()}
    return Draws(
        noise_BCthw=draws.noise_BCthw[first:last], time_B=draws.time_B[first:last], drop_text_B=draws.drop_text_B[first:last],
        drop_conditions=dropped, clean_first_B=draws.clean_first_B[first:last],
    )  # fmt: skip


def _shape(batch: Batch) -> tuple[int, int, int]:
    t, h, w = batch.latents_BCthw.shape[2:]
    return t, h, w

"""A stage of a world model's training: steps over stories that are the same whoever makes them, on the DiT's own machinery.

What a step does follows from the weights, the averages, the moments of AdamW and its number: that is what a checkpoint holds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from longtake.dit.averages import Averages
from longtake.dit.learner import Learner
from longtake.dit.parallel import Replicas
from longtake.dit.step_record import StepRecord, Validated
from longtake.dit.train import Position
from longtake.owl.story import Story
from longtake.owl.training_config import OwlTrainingConfig
from longtake.owl.world_model import Lesson, WorldModel

Stories = Callable[[Sequence[int]], Sequence[Story]]
"""The stories of these numbers, counted from 0 without end: a drawn world makes them, a dataset begins anew in another order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoryBatch:
    """What a step learns from."""

    stories: Sequence[Story]
    numbers: Sequence[int]
    waited_s: float = 0.0


def batches(stories: Stories, config: OwlTrainingConfig, step: int = 0) -> Iterator[StoryBatch]:
    """From the step number `step` on, without end."""
    while True:
        numbers = range(step * config.batch, (step + 1) * config.batch)
        yield StoryBatch(stories=stories(numbers), numbers=numbers)
        step += 1


class OwlTraining:
    """A world model and all that changes while it learns: for `longtake.dit.train.train`."""

    def __init__(
        self, model: WorldModel, config: OwlTrainingConfig, precision: torch.dtype = torch.float32
    ) -> None:  # fmt: skip
        """The model lies on its device already."""
        model.prepare(config.stage)
        self.model, self.config, self.precision = model, config, precision
        self.learner = Learner(model, config, {"film.": config.film_lr / config.lr})
        self.device = next(model.parameters()).device
        self.replicas = Replicas()
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
        return min(1.0, self.position.step / self.config.steps)

    def draw(self, batch: StoryBatch) -> Lesson:
        """The batch as the model takes it; made while the step before still runs."""
        return self.model.lesson(batch.stories, batch.numbers, self.config)

    def step(self, batch: StoryBatch, lesson: Lesson) -> StepRecord:
        """One step; skipped where it would do harm."""
        at, learner = self.position, self.learner
        lr = learner.rate(at.step, self.done)
        learner.optimiser.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == torch.bfloat16):
            parts = self.model.losses(lesson, self.config)
        loss = torch.stack([part.float() for part in parts.values()]).sum()
        loss.backward()
        norm, said = learner.norm(), float(loss.detach())
        skip = learner.move(step=at.step, taken=at.taken, done=self.done, loss=said, norm=norm)
        tokens, flops = lesson.positions + self._filmed(lesson), self._flops(lesson)
        self.position = replace(
            at, step=at.step + 1, taken=at.taken + (not skip), tokens=at.tokens + tokens, flops=at.flops + flops
        )
        return StepRecord(
            step=at.step + 1, loss=said, norm=norm, lr=lr, samples=len(batch.stories), tokens=tokens, flops=flops, seconds=0.0,
            waited_s=batch.waited_s, skipped=skip, micro_batch=len(batch.stories),
            parts={name: float(part.detach()) for name, part in parts.items()},
        )  # fmt: skip

    def validate(self, held_out: Sequence[StoryBatch]) -> Validated:
        """The loss of the averaged weights over stories that are held out; their noise is the same every time."""
        self.model.eval()
        with self.averages.applied(self.model), torch.no_grad():
            found = [
                len(batch.stories)
                * sum(float(part) for part in self.model.losses(self.draw(batch), self.config).values())
                for batch in held_out
            ]
        self.model.train()
        loss = sum(found) / sum(len(batch.stories) for batch in held_out)
        return Validated(loss=loss, by_time=(loss,), tokens=self.position.tokens, flops=self.position.flops)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """All that going on needs: tensors by name, and plain values."""
        tensors, plain = self.learner.state()
        return tensors, plain | {"position": vars(self.position)}

    def go_on(self, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
        """Puts back what `state` gave."""
        self.learner.go_on(tensors, plain)
        self.position = Position(**plain["position"])

    def _filmed(self, lesson: Lesson) -> int:
        """Video tokens that the film decoder learns from."""
        T, H, W = self.model.film.model.config.grid(self.model.film.shape_thw)
        return 0 if self.config.stage == "alignment" else len(lesson.clips) * T * H * W

    def _flops(self, lesson: Lesson) -> float:
        """About: 6 for each weight and position (Kaplan), attention left out."""
        read, filmed = (
            sum(weight.numel() for weight in part.parameters()) for part in (self.model.owl, self.model.film)
        )
        return 6.0 * (read * lesson.positions + filmed * self._filmed(lesson))

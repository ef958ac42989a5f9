"""Who lives in the worker processes of a sweep: one trains line after line, and gives the loss of every cell on the way."""

import logging
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtake.scaling.cells import Line
from longtake.stages.training_events import Assignment, Finished

if TYPE_CHECKING:
    from longtake.dit.step_record import Curve

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A line to train."""

    line: Line
    marks: tuple[int, ...]
    """Tokens after which its loss is wanted."""
    assignment: Assignment


@dataclass(frozen=True)
class Trained:
    """What a line came to."""

    found: tuple[dict[str, Any], ...]
    """Of each mark: columns of its row, as `Sweep.row` takes them."""
    seconds: float


@dataclass(frozen=True)
class TrainerOrder:
    """Makes a `Trainer`."""

    def __call__(self) -> "Trainer":
        return Trainer()


class Trainer:
    """Trains lines; shards of latents that one has fetched are there for the next."""

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        self._folder = tempfile.TemporaryDirectory(prefix="longtake-sweep-")

    def __call__(self, tasks: Sequence[Task]) -> list[Trained]:
        return [self._train(task) for task in tasks]

    def close(self) -> None:
        self._folder.cleanup()

    def _train(self, task: Task) -> Trained:
        from longtake.stages.training_work import Apprentice

        finished = None
        with Apprentice(task.assignment, Path(self._folder.name)) as apprentice:
            for event in apprentice.learn(lambda: False):
                if isinstance(event, Finished):
                    finished = event
            curve = apprentice.curve
        assert finished is not None, "the last event says how it ended"
        found = tuple(row_columns(mark, curve, finished) for mark in task.marks)
        return Trained(found=found, seconds=curve.total("seconds"))


def row_columns(mark: int, curve: "Curve", finished: Finished) -> dict[str, Any]:
    """What a line had come to after so many tokens; where it failed before, why."""
    seconds, tokens = curve.total("seconds"), curve.total("tokens") or 1
    for step, found in curve.validations:
        if found.tokens >= mark and math.isfinite(found.loss):
            return {"steps": step, "loss": found.loss, "flops": found.flops, "seconds": seconds * found.tokens / tokens}
    failed = {"reason": finished.reason or "diverged", "detail": finished.detail or None}
    return {"steps": finished.step, "flops": curve.total("flops"), "seconds": seconds, **failed}

"""Finished runs as laws are fitted on them: what each cost, and the loss that it came to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from longtake.errors import UserError

Array = NDArray[np.float64]
APART = 0.25
"""Share of a cell's least loss above which a run has come apart: a learning rate too high, of which no surface tells anything."""
NEAR_BEST = 0.0025
"""A run is near its cell's best within this share of the loss (DeepSeek LLM, Step Law: 0.25 %)."""
GRID_SETTINGS = 4
"""Different settings of a cell that make it a grid, two batches and two learning rates among them."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run."""

    params: float
    """As the laws are to count them."""
    tokens: float
    loss: float
    """On the validation draws."""
    batch_tokens: float
    lr: float
    flops: float
    """Of the training, by the model's own count."""
    depth: int = 0
    """Of the model, where it is one of a family; 0: not known."""
    seed: int = 0


Cell = tuple[float, float]
"""Parameters and tokens."""
Cells = Mapping[Cell, Sequence[Trial]]


def read_trials(rows: Iterable[Trial | Mapping[str, Any]]) -> list[Trial]:
    """Rows as trials; `flops` may be missing, and is 6 N T then. Raises UserError for a row that is none."""
    trials = []
    for number, row in enumerate(rows):
        if not isinstance(row, Trial):
            wanted = ("params", "tokens", "loss", "batch_tokens", "lr")
            if missing := [name for name in wanted if row.get(name) is None]:
                raise UserError(f"run {number} has no {', '.join(missing)}; give {', '.join(wanted)}")
            numbers = {name: float(row[name]) for name in wanted}
            flops = float(row.get("flops") or 6 * numbers["params"] * numbers["tokens"])
            row = Trial(**numbers, flops=flops, depth=int(row.get("depth") or 0), seed=int(row.get("seed") or 0))
        values = (row.params, row.tokens, row.loss, row.batch_tokens, row.lr, row.flops)
        if not all(np.isfinite(values)) or min(values) <= 0:
            raise UserError(f"run {number} has a number that is not above nought: {row}")
        trials.append(row)
    return trials


def average_seeds(trials: Iterable[Trial]) -> list[Trial]:
    """Repeats of a setting as one run with their mean loss, so that the least of a cell is not that of the luckiest seed."""
    repeats = defaultdict(list)
    for trial in trials:
        repeats[(trial.params, trial.tokens, trial.batch_tokens, trial.lr)].append(trial)
    return [replace(same[0], loss=float(np.mean([t.loss for t in same]))) for same in repeats.values()]


def cells_of(trials: Iterable[Trial]) -> dict[Cell, list[Trial]]:
    """The trials of each size and number of tokens, in the order of both."""
    cells = defaultdict(list)
    for trial in trials:
        cells[(trial.params, trial.tokens)].append(trial)
    return {cell: cells[cell] for cell in sorted(cells)}


def best_of(cells: Cells) -> list[Trial]:
    """The least loss of each cell."""
    return [min(trials, key=lambda trial: trial.loss) for trials in cells.values()]


def is_grid(trials: Sequence[Trial]) -> bool:
    """Whether a cell says where its best batch and learning rate are: a run trained at a predicted setting does not."""
    settings = {(trial.batch_tokens, trial.lr) for trial in trials}
    batches, lrs = ({setting[at] for setting in settings} for at in (0, 1))
    return len(settings) >= GRID_SETTINGS and len(batches) > 1 and len(lrs) > 1


def on_edge(trials: Sequence[Trial], least_batch: float = 0.0) -> bool:
    """Whether the best of a grid has the least or the largest batch or learning rate that was tried; but for `least_batch`, below
    which there is none."""
    best = min(trials, key=lambda trial: trial.loss)
    batches, lrs = [t.batch_tokens for t in trials], [t.lr for t in trials]
    low = best.batch_tokens == min(batches) and best.batch_tokens > least_batch
    return low or best.batch_tokens == max(batches) or best.lr in (min(lrs), max(lrs))


def near_best(cells: Cells) -> list[Trial]:
    """Those of each cell whose loss is within `NEAR_BEST` of its least."""
    near = []
    for trials in cells.values():
        limit = min(trial.loss for trial in trials) * (1 + NEAR_BEST)
        near += [trial for trial in trials if trial.loss <= limit]
    return near


def held_together(trials: Sequence[Trial]) -> list[Trial]:
    """Those of one cell whose loss is not so far above its least that they have come apart."""
    limit = min(trial.loss for trial in trials) * (1 + APART)
    return [trial for trial in trials if trial.loss <= limit]


def columns(trials: Sequence[Trial]) -> dict[str, Array]:
    """Each number of the trials as an array."""
    names = ("params", "tokens", "loss", "batch_tokens", "lr", "flops")
    return {name: np.array([cast(float, getattr(trial, name)) for trial in trials]) for name in names}

"""What a sweep is made of: cells, each a loss to be known, and lines, each a training that gives the losses of its cells on its way."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from longtake.scaling.family import Family
from longtake.scaling.trials import Trial


@dataclass(frozen=True, kw_only=True, order=True)
class Line:
    """A training at a constant learning rate, as long as its longest cell asks: what came before is each shorter cell."""

    depth: int
    batch_tokens: int
    lr: float
    seed: int = 0

    def __str__(self) -> str:
        return f"depth {self.depth}, batch {self.batch_tokens} tokens, lr {self.lr:g}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True, order=True)
class Cell:
    """One loss: of a line, after so many tokens."""

    line: Line
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A cell that is done."""

    cell: Cell
    loss: float | None
    """On the validation draws; None where the training failed."""
    reason: str = ""
    """Why: `diverged`, `out_of_memory`, `worker_lost`."""
    flops: float = 0.0
    """Of the training until there."""
    seconds: float = 0.0


def lines_of(cells: Iterable[Cell]) -> dict[Line, tuple[int, ...]]:
    """The tokens at which each line's loss is wanted, the fewest first; the lines in their own order."""
    marks = defaultdict(set)
    for cell in cells:
        marks[cell.line].add(cell.tokens)
    return {line: tuple(sorted(marks[line])) for line in sorted(marks)}


def trial_of(outcome: Outcome, family: Family) -> Trial:
    """An outcome that has a loss, as the laws take it: nominal tokens, N by the blocks, FLOPs as measured or as the family has them."""
    assert outcome.loss is not None
    line, tokens = outcome.cell.line, outcome.cell.tokens
    return Trial(
        params=family.params(line.depth), tokens=float(tokens), loss=outcome.loss, batch_tokens=float(line.batch_tokens), lr=line.lr,
        flops=outcome.flops or tokens * family.flops_per_token(line.depth), depth=line.depth, seed=line.seed,
    )  # fmt: skip

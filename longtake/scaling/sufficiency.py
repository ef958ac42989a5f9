"""Whether runs determine the laws; and if not, which runs would: a fit that guesses is worse than none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longtake.errors import UserError
from longtake.scaling.law import LossLaw
from longtake.scaling.trials import Cells, Trial, best_of, is_grid, on_edge

FEWEST_SIZES = 3
FEWEST_TOKENS = 3
FEWEST_CELLS = 8
"""Five constants and their noise."""
STEP = 2.0
"""A size or a number of tokens that is added is so many times the next one."""


@dataclass(frozen=True)
class Wanted:
    """A cell that is to be run, and why."""

    params: float
    tokens: float
    why: str


class TooFew(UserError):
    """The runs do not determine the laws."""

    def __init__(self, why: str, wanted: Sequence[Wanted]) -> None:
        cells = "; ".join(f"N {cell.params:.3g} T {cell.tokens:.3g}" for cell in wanted[:6])
        super().__init__(f"{why}; run next: {cells or 'a first grid'} (`longtake plan --next` plans them)")
        self.wanted = tuple(wanted)


def check_enough(cells: Cells) -> None:
    """Raises TooFew."""
    if not cells:
        raise TooFew("there are no runs to fit laws on", [])
    sizes = sorted({params for params, _ in cells})
    tokens = sorted({tokens for _, tokens in cells})
    if len(sizes) < FEWEST_SIZES:
        more = [sizes[-1] * STEP**k for k in range(1, FEWEST_SIZES - len(sizes) + 1)]
        raise TooFew(
            f"the runs have {len(sizes)} sizes, and a law of the size needs {FEWEST_SIZES}",
            [Wanted(size, count, "another size") for size in more for count in tokens],
        )
    if len(tokens) < FEWEST_TOKENS:
        more = [tokens[-1] * STEP**k for k in range(1, FEWEST_TOKENS - len(tokens) + 1)]
        raise TooFew(
            f"the runs have {len(tokens)} numbers of tokens, and a law of the tokens needs {FEWEST_TOKENS}",
            [Wanted(size, count, "another number of tokens") for size in sizes for count in more],
        )
    if len(cells) < FEWEST_CELLS:
        missing = [Wanted(n, t, "a cell of the grid") for n in sizes for t in tokens if (n, t) not in cells]
        missing = missing or [Wanted(n, tokens[-1] * STEP, "a cell of the grid") for n in sizes]
        raise TooFew(f"there are {len(cells)} cells, and five constants with their noise need {FEWEST_CELLS}", missing)
    best = best_of(cells)
    falls = np.corrcoef(np.log([t.tokens for t in best]), [t.loss for t in best])[0, 1]
    if falls > 0 and min(t.loss for t in best if t.tokens == tokens[-1]) >= min(t.loss for t in best):
        raise TooFew(
            "the loss does not fall with more tokens: the runs have come apart, or saw too few validation draws",
            [Wanted(size, tokens[-1] * STEP, "more tokens") for size in sizes],
        )


def settings_cells(cells: Cells, least_batch: float = 0.0) -> Cells:
    """The cells that the laws of batch and learning rate are fitted on: grids whose best lies inside; all where nothing is a grid.

    Raises TooFew where the bests of the grids lie on edges, and those inside have fewer than two sizes or numbers of tokens.
    """
    grids = {cell: trials for cell, trials in cells.items() if is_grid(trials)}
    if not grids:
        return cells
    inside = {cell: trials for cell, trials in grids.items() if not on_edge(trials, least_batch)}
    if all(len({cell[at] for cell in inside}) > 1 for at in (0, 1)):
        return inside
    if len(inside) < len(grids):
        edges = [cell for cell in grids if cell not in inside]
        raise TooFew(
            f"the best batch or learning rate of {len(edges)} of {len(grids)} grids lies on the edge of what was tried",
            [Wanted(*cell, f"a wider grid: {_best_setting(grids[cell])} was the best") for cell in edges],
        )
    others = [cell for cell in cells if cell not in grids]
    raise TooFew(
        "the laws of batch and learning rate need grids at two sizes and two numbers of tokens",
        [Wanted(*cell, "a grid of batch and learning rate") for cell in others],
    )


def check_law(law: LossLaw, best: Sequence[Trial]) -> None:
    """Raises TooFew where the law leaves nothing that could be learned, or the runs allow no law at all."""
    least = min(trial.loss for trial in best)
    if law.floor < least:
        return
    found = (
        "no law of this form"
        if np.isnan(law.floor)
        else f"a floor of {law.floor:.4g}, not below the least loss {least:.4g}"
    )
    tokens = max(trial.tokens for trial in best) * STEP
    raise TooFew(
        f"the runs lead to {found}: their losses differ too little",
        [Wanted(params, tokens, "more tokens") for params in sorted({trial.params for trial in best})],
    )


def _best_setting(trials: Sequence[Trial]) -> str:
    best = min(trials, key=lambda trial: trial.loss)
    return f"{best.batch_tokens:.3g} tokens a step at {best.lr:.3g}"

"""Whether runs determine the laws; and if not, which runs would: a fit that guesses is worse than none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from longtake.errors import UserError
from longtake.scaling.trials import Cell, Trial, best_of

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
        super().__init__(f"{why}; run next: {cells} (`longtake plan --next` plans them)")
        self.wanted = tuple(wanted)


def check_enough(cells: Mapping[Cell, Sequence[Trial]]) -> None:
    """Raises TooFew."""
    if not cells:
        raise UserError("there are no runs to fit laws on; plan some with `longtake plan`")
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

"""Which steps are thrown away: those whose loss or gradient is no number, or whose gradient is a spike."""

import math
from collections import deque
from collections.abc import Sequence
from statistics import median

from longtake.dit.recipe import Guard
from longtake.dit.step_record import Skip

LEAST = 8
"""Steps that a median needs behind it."""


class Diverged(Exception):
    """Too many steps in a row were thrown away."""


class StepGuard:
    """Judges each step by the ones before it: a function of the losses and norms, which every worker has alike."""

    def __init__(self, config: Guard, norms: Sequence[float] = (), skipped_in_a_row: int = 0) -> None:
        self.config = config
        self.norms: deque[float] = deque(norms, config.window)
        """Of the last steps that were taken."""
        self.skipped_in_a_row = skipped_in_a_row

    def judge(self, loss: float, norm: float, *, warm: bool) -> Skip:
        """Why the step is to be skipped; empty where it is to be taken. Only `warm` ones can be spikes."""
        skip = self._reason(loss, norm, warm)
        if skip:
            self.skipped_in_a_row += 1
        else:
            self.skipped_in_a_row = 0
            self.norms.append(norm)
        return skip

    @property
    def is_over(self) -> bool:
        """Whether so many in a row were skipped that the training has come apart."""
        return self.skipped_in_a_row >= self.config.after

    def _reason(self, loss: float, norm: float, warm: bool) -> Skip:
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return "not_finite"
        enough = len(self.norms) >= min(LEAST, self.config.window)
        return "spike" if warm and enough and norm > self.config.spike * median(self.norms) else ""

"""Other ways to choose batch and learning rate, fitted on the same runs as the laws of N and T, and judged on grids they never saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.config import Setting
from longtake.scaling.law import PowerLaw, Variable
from longtake.scaling.powers import QUANTITIES, regress
from longtake.scaling.study import Rival
from longtake.scaling.surface import setting_laws
from longtake.scaling.trials import Cells, Trial, columns, held_together, is_grid, near_best

Array = NDArray[np.float64]
Pair = tuple[PowerLaw, PowerLaw]
"""Laws of batch and of learning rate."""
Way = Callable[[Cells], Pair]

HELD_OUT, IN_TURN = "held-out size", "each grid left out in turn"
"""What `Rival.excess` is by: grids of the held-out size, and each fitted grid by laws that were fitted without it."""
FINE = 65
"""Places of a grid, each way, at which its quadratic is looked at for the least."""
QUADRATIC = 6
"""Constants of a quadratic in two variables."""


@dataclass(frozen=True, eq=False)
class _Quadratic:
    """A loss in the logarithms of batch and learning rate, from the least to the largest that were tried."""

    constants: Array
    middle_2: Array
    low_2: Array
    high_2: Array

    def __call__(self, log_n2: Array) -> Array:
        return np.asarray(_terms(np.clip(log_n2, self.low_2, self.high_2) - self.middle_2) @ self.constants)

    @property
    def least(self) -> float:
        axes = (np.linspace(self.low_2[k], self.high_2[k], FINE) for k in (0, 1))
        return float(self(np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)).min())


def rivals_of(fitted: Cells, held_out: Cells, fixed: Setting) -> tuple[Rival, ...]:
    """All ways, the laws of N and T first, with what each would lose on grids that it was not fitted on; none without grids.

    `fitted` are the grids that count (`settings_cells`), `fixed` is the one setting of the way that has one.
    """
    grids = {cell: trials for cell, trials in fitted.items() if is_grid(trials)}
    if not grids:
        return ()
    ways: Mapping[tuple[str, str], Way] = {
        ("laws of N and T", "Towards Precise Scaling Laws for Video Diffusion Transformers, arXiv 2411.17470"): setting_laws,
        ("by compute alone", "DeepSeek LLM, arXiv 2401.02954"): by_compute,
        ("one fixed setting", "Chinchilla, arXiv 2203.15556"): lambda _: by_constant(fixed.batch_tokens, fixed.lr),
        ("smallest batch, more steps", "Kaplan et al. (OpenAI), arXiv 2001.08361"): by_smallest_batch,
    }  # fmt: skip
    rivals = []
    for (name, source), way in ways.items():
        batch, lr = way(grids)
        on_held_out = [_excess((batch, lr), trials) for trials in held_out.values()]
        excess = {HELD_OUT: on_held_out, IN_TURN: _in_turn(way, grids)}
        means = {by: float(np.nanmean(values)) for by, values in excess.items() if np.isfinite(values).any()}
        rivals.append(Rival(name=name, source=source, batch=batch, lr=lr, excess=means))
    return tuple(rivals)


def by_compute(grids: Cells) -> Pair:
    """log B and log lr on log C over the runs near the best of each grid, as DeepSeek LLM does it."""
    return _regress(grids, ("flops",))


def by_constant(batch_tokens: float, lr: float) -> Pair:
    """The same everywhere."""
    values = {"batch_tokens": batch_tokens, "lr": lr}
    batch, rate = (PowerLaw(quantity=QUANTITIES[name], scale=value, exponents={}) for name, value in values.items())
    return batch, rate


def by_smallest_batch(grids: Cells) -> Pair:
    """The smallest batch that was tried, with the learning rate that is best at the smallest batch of each size and tokens."""
    least = {cell: min(trial.batch_tokens for trial in trials) for cell, trials in grids.items()}
    rows = {cell: [t for t in trials if t.batch_tokens == least[cell]] for cell, trials in grids.items()}
    batch, _ = by_constant(min(least.values()), 1.0)
    return batch, _regress(rows, ("tokens", "params"))[1]


def _regress(cells: Cells, variables: tuple[Variable, ...]) -> Pair:
    at = columns(near_best(cells))
    logs = {name: at[name] for name in variables}
    once = np.ones((1, len(at["loss"])))
    batch, lr = (regress(QUANTITIES[name], at[name], logs, once).law() for name in QUANTITIES)
    return batch, lr


def _in_turn(way: Way, grids: Cells) -> list[float]:
    """What each grid loses by laws that were fitted on all others."""
    without = {out: {cell: trials for cell, trials in grids.items() if cell != out} for out in grids}
    return [_excess(way(others), grids[out]) for out, others in without.items() if others]


def _excess(laws: Pair, trials: Sequence[Trial]) -> float:
    """The loss at the laws' setting above the least of the grid, both off its own quadratic; NaN where its runs allow none.

    A setting outside of what was tried is taken at the edge, so that it loses this much at least.
    """
    surface = quadratic_of(trials)
    if surface is None:
        return np.nan
    setting = [[ask(law, trials[0]) for law in laws]]
    return float(surface(np.log(setting))[0]) - surface.least


def ask(law: PowerLaw, trial: Trial) -> float:
    """What a law says of a trial's size, tokens and compute, whichever it is asked by."""
    known = {"params": trial.params, "tokens": trial.tokens, "flops": trial.flops}
    return law(**{name: known[name] for name in law.exponents})


def quadratic_of(trials: Sequence[Trial]) -> _Quadratic | None:
    """The least squares of one grid, but for runs that have come apart; None where its settings do not determine it."""
    at = columns(held_together(trials))
    log_n2 = np.log(np.stack([at["batch_tokens"], at["lr"]], axis=1))
    middle_2 = log_n2.mean(0)
    constants, _, rank, _ = np.linalg.lstsq(_terms(log_n2 - middle_2), at["loss"], rcond=1e-9)
    return (
        _Quadratic(np.asarray(constants, np.float64), middle_2, log_n2.min(0), log_n2.max(0))
        if rank == QUADRATIC
        else None
    )


def _terms(log_n2: Array) -> Array:
    batch_n, lr_n = log_n2.T
    return np.stack([np.ones_like(batch_n), batch_n, lr_n, batch_n**2, batch_n * lr_n, lr_n**2], axis=1)

"""The paper's claim put to the test: the same sizes and budgets by tuned settings, and by one fixed setting for all."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.family import Family
from longtake.scaling.fit import size_of
from longtake.scaling.isoflop import find_valleys, size_by_valleys
from longtake.scaling.law import LossLaw
from longtake.scaling.projection import project
from longtake.scaling.study import Arm, Arms
from longtake.scaling.sufficiency import TooFew, check_enough, check_law
from longtake.scaling.trials import Trial, cells_of, columns

Array = NDArray[np.float64]
SHARES = tuple(float(share) for share in np.geomspace(0.25, 4, 17))
"""Of the best size, at which the law's flatness is told."""


def compare_arms(
    tuned: Sequence[Trial], fixed: Sequence[Trial], budgets: Sequence[float], family: Family
) -> Arms | None:
    """Both arms on the sizes and tokens that both have; None where these are too few for a law.

    `tuned` and `fixed` have one trial for each size and number of tokens.
    """
    shared = {(t.params, t.tokens) for t in tuned} & {(t.params, t.tokens) for t in fixed}
    if not shared:
        return None
    of_both = [sorted((t for t in arm if (t.params, t.tokens) in shared), key=_cell) for arm in (tuned, fixed)]
    try:
        for trials in of_both:
            check_enough(cells_of(trials))
        first, second = (
            _arm(name, trials, budgets, family) for name, trials in zip(("tuned", "fixed"), of_both, strict=True)
        )
    except TooFew:
        return None
    flops = max(budgets)
    best, _ = first.loss.optimum(flops, _cost(family))
    least = _at(first.loss, best, flops, family)
    flat = tuple((share, _at(first.loss, share * best, flops, family) - least) for share in SHARES)
    return Arms(tuned=first, fixed=second, same_loss=same_loss(first.loss, second.loss, flops, family), flat=flat)


def same_loss(tuned: LossLaw, fixed: LossLaw, flops: float, family: Family) -> tuple[float, float, float]:
    """(FLOPs, least size whose tuned loss is that of the fixed optimum, the fixed optimum); NaN where tuned never gets there."""
    from scipy.optimize import brentq

    of_fixed, of_tuned = (law.optimum(flops, _cost(family))[0] for law in (fixed, tuned))
    wanted = _at(fixed, of_fixed, flops, family)
    if _at(tuned, of_tuned, flops, family) > wanted:
        return flops, float("nan"), of_fixed
    low = of_tuned
    while _at(tuned, low, flops, family) <= wanted:
        low /= 2
    found = brentq(
        lambda log_n: _at(tuned, float(np.exp(log_n)), flops, family) - wanted, np.log(low), np.log(of_tuned)
    )
    return flops, float(np.exp(found)), of_fixed


def _arm(name: str, trials: Sequence[Trial], budgets: Sequence[float], family: Family) -> Arm:
    at = columns(trials)
    fits = project(at["params"], at["tokens"], at["loss"][None])
    law = fits.law()
    check_law(law, trials)
    return Arm(
        name=name, trials=tuple(trials), loss=law, mse=float(fits.squares[0] / len(trials)),
        predicted_size=size_of(law, budgets, family.cost), empirical_size=size_by_valleys(find_valleys(trials)),
    )  # fmt: skip


def _at(law: LossLaw, params: float, flops: float, family: Family) -> float:
    """The loss of a size at a budget."""
    return law(params=params, tokens=flops / _cost(family)(params))


def _cost(family: Family) -> Callable[[float], float]:
    return lambda params: float(family.cost(np.array(params)))


def _cell(trial: Trial) -> tuple[float, float]:
    return trial.params, trial.tokens

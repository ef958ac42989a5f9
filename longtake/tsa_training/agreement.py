"""How well predicted scores agree with their targets: the four figures of Koala-36M (appendix C) and SRCC within sources, with
intervals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from longtake.tsa_training.findings import Agreement, Figure

DRAWS = 200
"""Of the bootstrap."""
INTERVAL = (0.025, 0.975)
CONSTANT = 1e-12
"""Spread of values, relative to their size, that is rounding."""

Values = NDArray[np.float64]


def agree(predicted: Values, target: Values, sources: Sequence[str], *, seed: int = 0, draws: int = DRAWS) -> Agreement:
    """PLCC, SRCC, KRCC, RMSE and SRCC within sources of n predictions, with the middle 95 % of them over bootstrapped sources.

    Whole sources are drawn, not samples: those of one source are alike, and would make the intervals too narrow. A
    correlation of constant or fewer than two values is NaN, and so is the interval of one source, or of no `draws`.
    """
    names, source_of = np.unique(np.array(sources, dtype=str), return_inverse=True)
    members = [np.flatnonzero(source_of == index) for index in range(len(names))]
    rng = np.random.default_rng(seed)
    each = np.array([rank_correlation(predicted[member], target[member]) for member in members])
    drawn = np.full((draws if len(names) > 1 else 0, 5), np.nan)
    for draw in drawn:
        indices = rng.integers(len(names), size=len(names))
        chosen = np.concatenate([members[index] for index in indices])
        draw[:] = *_figures(predicted[chosen], target[chosen]), _mean(each[indices])
    plcc, srcc, krcc, rmse, within = (
        Figure(value, *_interval(column))
        for value, column in zip((*_figures(predicted, target), _mean(each)), drawn.T, strict=True)
    )
    return Agreement(samples=len(target), sources=len(names), plcc=plcc, srcc=srcc, krcc=krcc, rmse=rmse, within=within)


def rank_correlation(one: Values, other: Values) -> float:
    """SRCC, -1 to 1; NaN where either is constant."""
    if _constant(one) or _constant(other):
        return float("nan")
    return float(np.corrcoef(stats.rankdata([one, other], axis=1))[0, 1])


def _figures(predicted: Values, target: Values) -> tuple[float, float, float, float]:
    """PLCC, SRCC, KRCC, RMSE."""
    if not len(target):
        return (float("nan"),) * 4
    rmse = float(np.sqrt(np.mean((predicted - target) ** 2)))
    if _constant(predicted) or _constant(target):
        return *(float("nan"),) * 3, rmse
    krcc = stats.kendalltau(predicted, target).statistic
    return float(np.corrcoef(predicted, target)[0, 1]), rank_correlation(predicted, target), float(krcc), rmse


def _mean(values: Values) -> float:
    """Of those that are known."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _constant(values: Values) -> bool:
    return len(values) < 2 or bool(np.ptp(values) <= CONSTANT * np.abs(values).max())


def _interval(drawn: Values) -> tuple[float, float]:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, INTERVAL)
    return float(low), float(high)

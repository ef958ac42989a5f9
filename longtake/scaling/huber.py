"""The loss law as most of the field fits it: Huber on residuals in logarithms, by L-BFGS from a grid of starts (Chinchilla, Epoch).

An alternative to `longtake.scaling.projection`, and what it is compared with.
"""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.law import LossLaw

Array = NDArray[np.float64]
DELTA = 1e-3
"""From where on a residual counts by its length alone (Chinchilla)."""
EXPONENTS = (0.15, 0.4, 1.0)
"""Starts of both exponents."""
FLOORS = (0.5, 0.9)
"""Starts of the floor, as a share of the least loss; video losses of 0.5 need others than those of language, which are 1 to 20."""

Start = tuple[float, float, float]
"""Exponents of parameters and tokens, floor as a share of the least loss."""


def starts() -> list[Start]:
    """All of the grid."""
    return list(itertools.product(EXPONENTS, EXPONENTS, FLOORS))


def fit_huber(params_n: Array, tokens_n: Array, losses_n: Array, begin: Iterable[Start] | None = None) -> LossLaw:
    """The best of all starts, of one where `begin` gives one."""
    from scipy.optimize import minimize

    middle_n, middle_t = np.exp(np.log(params_n).mean()), np.exp(np.log(tokens_n).mean())
    log_n, log_t = np.log(params_n / middle_n), np.log(tokens_n / middle_t)
    least = losses_n.min()

    def objective(at: Array) -> tuple[float, Array]:
        return _huber(at, log_n, log_t, losses_n)

    best, least_value = None, np.inf
    for alpha, beta, floor in begin if begin is not None else starts():
        half = np.log(np.maximum((losses_n.mean() - floor * least) / 2, 1e-12))
        found = minimize(
            objective, np.array([half, alpha, half, beta, np.log(floor * least)]), jac=True, method="L-BFGS-B",
            bounds=[(None, None), (1e-3, 3.0), (None, None), (1e-3, 3.0), (None, np.log(least))], options={"maxiter": 2000},
        )  # fmt: skip
        if found.fun < least_value:
            best, least_value = found.x, float(found.fun)
    assert best is not None, "there is a start"
    scale_n, alpha, scale_t, beta, floor = best
    return LossLaw(
        floor=float(np.exp(floor)), scale_params=float(np.exp(scale_n) * middle_n**alpha), alpha_params=float(alpha),
        scale_tokens=float(np.exp(scale_t) * middle_t**beta), alpha_tokens=float(beta),
    )  # fmt: skip


def _huber(at: Sequence[float] | Array, log_n: Array, log_t: Array, losses_n: Array) -> tuple[float, Array]:
    """The sum over runs, and its gradient by the five constants."""
    scale_n, alpha, scale_t, beta, floor = at
    of_n, of_t, base = np.exp(scale_n - alpha * log_n), np.exp(scale_t - beta * log_t), np.exp(floor)
    predicted = of_n + of_t + base
    residual = np.log(predicted) - np.log(losses_n)
    small = np.abs(residual) <= DELTA
    value = np.where(small, 0.5 * residual**2, DELTA * (np.abs(residual) - 0.5 * DELTA)).sum()
    slope = np.where(small, residual, DELTA * np.sign(residual)) / predicted
    gradient = [
        slope @ of_n,
        slope @ (-of_n * log_n),
        slope @ of_t,
        slope @ (-of_t * log_t),
        (slope * base).sum(),
    ]
    return float(value) * 1e6, np.array(gradient) * 1e6  # of a size that the solver's tolerances are made for

"""The loss law by variable projection: given its two exponents, floor and scales are linear, so the exponents alone are searched.

A dense grid of exponents is looked at whole, and then again and again around its best place: there is no start to choose and no
valley to be caught in (Open Athena, arXiv 2603.22339). Many noisy copies of the losses are fitted at once, which is the bootstrap.

Legend: n runs, B copies of their losses, I and J exponents of parameters and of tokens that are tried.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.law import LossLaw

Array = NDArray[np.float64]

EXPONENTS = (0.02, 2.0)
"""That are tried: every published law lies well within."""
COARSE = 64
"""Exponents of the first grid, each way."""
FINE = 7
"""And of the later ones, each between the neighbours of the best before it: a third of the width."""
ROUNDS = 12
"""Of them: the exponents are then good to 1e-7."""


@dataclass(frozen=True, eq=False)
class Fits:
    """Constants of the law for each copy of the losses, [B] each; with `unit` for both variables."""

    alpha_params: Array
    alpha_tokens: Array
    scale_params: Array
    scale_tokens: Array
    floor: Array
    squares: Array
    """Sum of the squared residuals, weighted."""

    def law(self, copy: int = 0) -> LossLaw:
        return LossLaw(
            floor=float(self.floor[copy]),
            scale_params=float(self.scale_params[copy]),
            alpha_params=float(self.alpha_params[copy]),
            scale_tokens=float(self.scale_tokens[copy]),
            alpha_tokens=float(self.alpha_tokens[copy]),
        )

    def predict(self, params: float, tokens: float) -> Array:
        """The loss [B] that each copy's law gives."""
        of_params = self.scale_params * params**-self.alpha_params
        return np.asarray(self.floor + of_params + self.scale_tokens * tokens**-self.alpha_tokens)


def project(params_n: Array, tokens_n: Array, losses_Bn: Array, weights_n: Array | None = None) -> Fits:
    """Least squares over losses, with both scales above nought. Where no exponents allow that, the constants are NaN.

    A weight is how many runs a loss is worth; without them all are worth the same.
    """
    share_n = np.ones_like(params_n) if weights_n is None else weights_n / weights_n.mean()
    log_params_n, middle_params = _centred(np.log(params_n))
    log_tokens_n, middle_tokens = _centred(np.log(tokens_n))
    copies = len(losses_Bn)
    tried = np.geomspace(*EXPONENTS, COARSE)
    alpha_BI = np.broadcast_to(tried, (copies, COARSE))
    beta_BJ = alpha_BI
    for _ in range(ROUNDS):
        squares_BIJ, _ = _squares(_powers(log_params_n, alpha_BI), _powers(log_tokens_n, beta_BJ), losses_Bn, share_n)
        at_I, at_J = np.unravel_index(squares_BIJ.reshape(copies, -1).argmin(1), squares_BIJ.shape[1:])
        alpha_BI, beta_BJ = _around(alpha_BI, at_I), _around(beta_BJ, at_J)
    middle = FINE // 2
    alpha_B, beta_B = alpha_BI[:, middle], beta_BJ[:, middle]
    x_Bn1, y_Bn1 = _powers(log_params_n, alpha_B[:, None]), _powers(log_tokens_n, beta_B[:, None])
    squares_B11, (scale_x, scale_y) = _squares(x_Bn1, y_Bn1, losses_Bn, share_n)
    x_B, y_B = scale_x[:, 0, 0], scale_y[:, 0, 0]
    floor_B = ((losses_Bn - x_B[:, None] * x_Bn1[..., 0] - y_B[:, None] * y_Bn1[..., 0]) * share_n).mean(1)
    squares_B = squares_B11[:, 0, 0]
    known_B = np.isfinite(squares_B)
    columns = (
        alpha_B, beta_B, x_B * np.exp(alpha_B * middle_params), y_B * np.exp(beta_B * middle_tokens), floor_B, squares_B
    )  # fmt: skip
    return Fits(*(np.where(known_B, column_B, np.nan) for column_B in columns))


def _centred(values_n: Array) -> tuple[Array, float]:
    middle = float(values_n.mean())
    return values_n - middle, middle


def _powers(log_n: Array, alpha_BI: Array) -> Array:
    """x ** -alpha, [B, n, I]; one copy where all copies try the same."""
    same = len(alpha_BI) > 1 and alpha_BI.strides[0] == 0
    return np.asarray(np.exp(-log_n[:, None] * (alpha_BI[:1] if same else alpha_BI)[:, None, :]))


def _squares(x_BnI: Array, y_BnJ: Array, losses_Bn: Array, share_n: Array) -> tuple[Array, tuple[Array, Array]]:
    """Squared residuals [B, I, J] of the best floor and scales, and these scales; infinite where a scale is not positive."""
    share_n1 = share_n[:, None]
    x_BnI = np.sqrt(share_n1) * (x_BnI - (x_BnI * share_n1).mean(1, keepdims=True))
    y_BnJ = np.sqrt(share_n1) * (y_BnJ - (y_BnJ * share_n1).mean(1, keepdims=True))
    losses_Bn = np.sqrt(share_n) * (losses_Bn - (losses_Bn * share_n).mean(1, keepdims=True))
    xx = (x_BnI**2).sum(1)[:, :, None]
    yy = (y_BnJ**2).sum(1)[:, None, :]
    xy = x_BnI.transpose(0, 2, 1) @ y_BnJ
    xl = (losses_Bn[:, None, :] @ x_BnI).transpose(0, 2, 1)
    yl = losses_Bn[:, None, :] @ y_BnJ
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = xx * yy - xy**2
        scale_x, scale_y = (xl * yy - yl * xy) / determinant, (yl * xx - xl * xy) / determinant
        squares = (losses_Bn**2).sum(1)[:, None, None] - scale_x * xl - scale_y * yl
        good = (scale_x > 0) & (scale_y > 0) & (determinant > 1e-12 * xx * yy)
    return np.where(good, np.maximum(squares, 0.0), np.inf), (scale_x, scale_y)


def _around(alpha_BI: Array, at_B: NDArray[np.intp]) -> Array:
    """The next exponents to try: from the left neighbour of the best to its right one, the best in the middle."""
    copies = np.arange(len(alpha_BI))
    last = alpha_BI.shape[1] - 1
    best_B = alpha_BI[copies, at_B]
    low_B = alpha_BI[copies, np.maximum(at_B - 1, 0)]
    high_B = alpha_BI[copies, np.minimum(at_B + 1, last)]
    half = np.linspace(0, 1, FINE // 2 + 1)
    below = low_B[:, None] + (best_B - low_B)[:, None] * half[:-1]
    above = best_B[:, None] + (high_B - best_B)[:, None] * half
    return np.concatenate([below, above], axis=1)

"""Power laws by regression in logarithms: the batch and the learning rate that were best, by tokens and parameters.

Legend: n runs, k variables and one, B copies of the runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.law import PowerLaw, Variable

Array = NDArray[np.float64]
QUANTITIES = {"batch_tokens": "batch, tokens a step", "lr": "learning rate"}
"""What a setting is called in its law."""


@dataclass(frozen=True, eq=False)
class PowerFits:
    """The same power law fitted to many copies of the runs."""

    quantity: str
    variables: tuple[Variable, ...]
    log_scale: Array
    """[B]"""
    exponents: Array
    """[B, variables]"""

    def law(self, copy: int = 0) -> PowerLaw:
        exponents = dict(zip(self.variables, map(float, self.exponents[copy]), strict=True))
        return PowerLaw(quantity=self.quantity, scale=float(np.exp(self.log_scale[copy])), exponents=exponents)

    def predict(self, **given: float) -> Array:
        """The quantity [B] that each copy's law gives."""
        logs = np.log([given[name] for name in self.variables])
        return np.asarray(np.exp(self.log_scale + self.exponents @ logs))


def regress(quantity: str, values_n: Array, variables: Mapping[Variable, Array], weights_Bn: Array) -> PowerFits:
    """Ordinary least squares of log values on log variables; a row of weights says how often a copy holds each run.

    A variable that does not differ among the runs gets the exponent 0.
    """
    names = tuple(variables)
    logs_nk = np.stack([np.log(variables[name]) for name in names], axis=1)
    middle_k = logs_nk.mean(0)
    design_nk = np.concatenate([np.ones((len(values_n), 1)), logs_nk - middle_k], axis=1)
    products_Bkk = np.einsum("bn,ni,nj->bij", weights_Bn, design_nk, design_nk)
    sums_Bk = (weights_Bn * np.log(values_n)) @ design_nk
    found_Bk = (np.linalg.pinv(products_Bkk, rcond=1e-10, hermitian=True) @ sums_Bk[..., None])[..., 0]
    exponents = found_Bk[:, 1:]
    return PowerFits(quantity, names, found_Bk[:, 0] - exponents @ middle_k, exponents)


def resample(groups: Sequence[int], copies: int, rng: np.random.Generator) -> Array:
    """weights_Bn of a bootstrap by groups: runs of one cell are drawn together, since they share its noise."""
    kinds, group_n = np.unique(np.asarray(groups), return_inverse=True)
    drawn = rng.multinomial(len(kinds), np.full(len(kinds), 1 / len(kinds)), size=copies)
    return np.asarray(drawn[:, group_n], np.float64)

"""Where the best batch and learning rate lie: one surface through all grids at once.

In the logarithms of batch and learning rate the loss of a cell is a quadratic of its own height, of a curvature that all cells
share, around a middle that moves with tokens and parameters by power laws. All of it is linear in its constants: no run is chosen by
its luck, and every run of a grid says something of its best.

Legend: n runs, C cells, B copies of the losses, z batch and learning rate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.law import PowerLaw, Variable
from longtake.scaling.powers import QUANTITIES, PowerFits, regress, resample
from longtake.scaling.trials import Cell, Cells, Trial, columns, near_best

Array = NDArray[np.float64]
NEAR = 0.02
"""Runs whose loss is further above their cell's least are left out, as a share of it: there the surface is no quadratic any more."""
BEYOND = 4.0
"""Factor by which a best setting may lie beyond those that were tried; further out the surface is a guess."""
STEEPNESS = 0.5
"""By how much, as a share, the steepness of a cell differs from that of all: where its runs say little, it is taken to be the same."""
VARIABLES: tuple[Variable, ...] = ("tokens", "params")


@dataclass(frozen=True, eq=False)
class Surface:
    """What the grids say together."""

    batch: PowerFits
    lr: PowerFits
    curve_Bzz: Array
    """Second derivatives of the loss by the logarithms of batch and learning rate."""
    residual_n: Array
    """Of the runs, as a run's noise is."""
    losses: Mapping[Cell, Array]
    """Of the runs of each fitted cell in each copy [B, n], the first as they were measured."""
    noise: float
    """Standard deviation of a run around the surface."""

    def least(self, trials: Sequence[Trial], rng: np.random.Generator) -> tuple[Array, float]:
        """The loss [B] that a cell has at its best setting, and how many runs at that setting would say as much.

        The surface says where that is and how the loss rises around it; how steeply, each cell says by itself, since the steepness falls
        with the loss. The copies have the doubt of all that; a cell that was not fitted draws its own from `rng`.
        """
        near = _near(trials)
        at = {"params": near[0].params, "tokens": near[0].tokens}
        best_Bz = np.log(np.stack([self.batch.predict(**at), self.lr.predict(**at)], axis=1))
        off_Bnz = np.log([(trial.batch_tokens, trial.lr) for trial in near]) - best_Bz[:, None]
        above_Bn = 0.5 * np.einsum("bni,bij,bnj->bn", off_Bnz, self.curve_Bzz, off_Bnz)
        loss_Bn = self.losses.get((near[0].params, near[0].tokens))
        if loss_Bn is None:
            loss_Bn = np.broadcast_to(columns(near)["loss"], above_Bn.shape).copy()
            loss_Bn[1:] += rng.choice(self.residual_n, loss_Bn[1:].shape)
        mean_B, rest_Bn = above_Bn.mean(1), above_Bn - above_Bn.mean(1, keepdims=True)
        doubt = (self.noise / STEEPNESS) ** 2
        spread_B = (rest_Bn**2).sum(1) + doubt
        steep_B = ((rest_Bn * loss_Bn).sum(1) + doubt) / spread_B
        return loss_Bn.mean(1) - steep_B * mean_B, float(1 / (1 / len(near) + mean_B[0] ** 2 / spread_B[0]))


def fit_surface(cells: Cells, copies: int, rng: np.random.Generator) -> Surface | None:
    """Least squares, and copies by its residuals.

    None where the grids are too few for it, or their surface has its least nowhere, or far from all that was tried: noise does that.
    """
    places = list(cells)
    kept = [(place, trial) for place, cell in enumerate(places) for trial in _near(cells[cell])]
    cell_n = np.array([place for place, _ in kept])
    at = columns([trial for _, trial in kept])
    log_C2, middle_2 = _centred(np.log([(tokens, params) for params, tokens in places]))
    log_n2, middle_z = _centred(np.log(np.stack([at["batch_tokens"], at["lr"]], axis=1)))
    design_nk = _design(log_n2, log_C2[cell_n], cell_n, len(places))
    left = len(kept) - design_nk.shape[1]
    if left < 1 or np.linalg.matrix_rank(design_nk) < design_nk.shape[1]:
        return None
    solve_kn = np.linalg.pinv(design_nk)
    fitted_n = design_nk @ (solve_kn @ at["loss"])
    residual_n = at["loss"] - fitted_n
    residual_n *= np.sqrt(len(kept) / left)
    error_Bn = np.concatenate([(at["loss"] - fitted_n)[None], rng.choice(residual_n, (copies, len(kept)))])
    found_Bk = (fitted_n + error_Bn) @ solve_kn.T
    slope_B6, curve_B3 = np.split(found_Bk[:, len(places) :], [6], axis=1)
    curve_Bzz = np.stack([curve_B3[:, :2], curve_B3[:, 1:]], axis=1)
    middle_Bz3, bowl_B = _middles(slope_B6.reshape(-1, 2, 3), curve_Bzz)
    if not bowl_B[0]:
        return None
    laws = [
        PowerFits(name, VARIABLES, middle_z[z] + middle_Bz3[:, z, 0] - middle_Bz3[:, z, 1:] @ middle_2, middle_Bz3[:, z, 1:])
        for z, name in enumerate(QUANTITIES.values())
    ]  # fmt: skip
    if not all(_is_among(trials, laws) for trials in cells.values()):
        return None
    losses = {cell: (fitted_n + error_Bn)[:, cell_n == place] for place, cell in enumerate(places)}
    noise = float(np.sqrt((residual_n**2).mean()))
    return Surface(laws[0], laws[1], curve_Bzz, residual_n, losses, noise)


def fit_near_best(cells: Cells, copies: int, rng: np.random.Generator) -> tuple[PowerFits, PowerFits]:
    """Laws of batch and learning rate where there are no grids, or where their surface has no least: by regression over the runs that
    are near the best of their cell."""
    near = near_best(cells)
    weights_Bn = resample([list(cells).index((trial.params, trial.tokens)) for trial in near], copies, rng)
    weights_Bn = np.concatenate([np.ones((1, len(near))), weights_Bn])
    at = columns(near)
    variables: Mapping[Variable, Array] = {"tokens": at["tokens"], "params": at["params"]}
    return (
        regress(QUANTITIES["batch_tokens"], at["batch_tokens"], variables, weights_Bn),
        regress(QUANTITIES["lr"], at["lr"], variables, weights_Bn),
    )


def setting_laws(cells: Cells) -> tuple[PowerLaw, PowerLaw]:
    """Laws of batch and of learning rate, by the surface of these grids or else by the runs near their bests."""
    rng = np.random.default_rng(0)
    surface = fit_surface(cells, 0, rng)
    batch, lr = (surface.batch, surface.lr) if surface else fit_near_best(cells, 0, rng)
    return batch.law(), lr.law()


def _is_among(trials: Sequence[Trial], laws: Sequence[PowerFits]) -> bool:
    """Whether a cell's best setting, as the laws have it, is one that was tried, or lies next to one."""
    at = {"params": trials[0].params, "tokens": trials[0].tokens}
    tried = columns(trials)
    for fits, values_n in zip(laws, (tried["batch_tokens"], tried["lr"]), strict=True):
        best = float(np.log(fits.predict(**at)[0]))
        if not np.log(values_n.min() / BEYOND) <= best <= np.log(values_n.max() * BEYOND):
            return False
    return True


def _near(trials: Sequence[Trial]) -> list[Trial]:
    limit = min(trial.loss for trial in trials) * (1 + NEAR)
    return [trial for trial in trials if trial.loss <= limit]


def _centred(values: Array) -> tuple[Array, Array]:
    middle = values.mean(0)
    return values - middle, middle


def _design(log_n2: Array, variables_n2: Array, cell_n: NDArray[np.intp], cells: int) -> Array:
    """[n, C + 9]: a height for each cell; batch and learning rate, each alone and times tokens and parameters; three of curvature."""
    ones_n3 = np.concatenate([np.ones((len(log_n2), 1)), variables_n2], axis=1)
    batch_n1, lr_n1 = log_n2[:, :1], log_n2[:, 1:]
    curve_n3 = np.concatenate([batch_n1**2 / 2, batch_n1 * lr_n1, lr_n1**2 / 2], axis=1)
    return np.concatenate([np.eye(cells)[cell_n], batch_n1 * ones_n3, lr_n1 * ones_n3, curve_n3], axis=1)


def _middles(slope_Bz3: Array, curve_Bzz: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Where each copy's surface is least, [B, z, 3], NaN where it is nowhere; and whether it is."""
    bowl_B = (curve_Bzz[:, 0, 0] > 0) & (np.linalg.det(curve_Bzz) > 0)
    safe_Bzz = np.where(bowl_B[:, None, None], curve_Bzz, np.eye(2))
    middle_Bz3 = -np.linalg.solve(safe_Bzz, slope_Bz3)
    return np.where(bowl_B[:, None, None], middle_Bz3, np.nan), bowl_B

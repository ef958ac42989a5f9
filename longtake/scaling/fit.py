"""Runs become laws: of the loss, the batch, the learning rate and the best size, every constant with its interval.

Legend: B copies of the runs (the bootstrap), the first of them the runs as they are; n runs; K sizes that are tried.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.law import Laws, LossLaw, PowerLaw
from longtake.scaling.powers import PowerFits
from longtake.scaling.projection import Fits, project
from longtake.scaling.sufficiency import check_enough, check_law, settings_cells
from longtake.scaling.surface import fit_near_best, fit_surface
from longtake.scaling.trials import (
    Trial,
    average_seeds,
    best_of,
    cells_of,
    columns,
    is_grid,
    read_trials,
)

Array = NDArray[np.float64]
CONSTANTS = 5
"""Of the loss law: what its residuals have lost to it."""
SIZES = 256
"""Sizes at which a copy's least loss is looked for; a parabola through the best three does the rest."""
PLACES = 8
"""Budgets at which the best size is looked at, for its power."""

Cost = Callable[[Array], Array]
"""FLOPs of training on one token, by parameters."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A number, and where it lies with the chance that was asked for."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, copies_B: Array, chance: float) -> "Interval":
        """The first copy is the value; copies without one are left out."""
        known = copies_B[np.isfinite(copies_B)]
        low, high = np.quantile(known, [(1 - chance) / 2, (1 + chance) / 2]) if len(known) else (np.nan, np.nan)
        return cls(value=float(copies_B[0]), low=float(low), high=float(high))


@dataclass(frozen=True, kw_only=True, eq=False)
class Fitted:
    """Laws, and the copies that say how far they can be trusted."""

    laws: Laws
    trials: tuple[Trial, ...]
    """All that were given."""
    cells: tuple[Trial, ...]
    """The best of each size and number of tokens: what the loss law is fitted on. The loss of a grid is that of the least of its
    surface, since its luckiest run lies below."""
    weights: Array
    """How many runs the loss of each cell is worth."""
    loss: Fits
    batch: PowerFits
    lr: PowerFits
    size: PowerFits
    noise: float
    """Standard deviation of a run around the law, or around the surface of the grids where that is more."""
    seed: int

    def constants(self, chance: float = 0.95) -> dict[str, Interval]:
        """Every constant of every law with its interval."""
        names = ("floor", "scale_params", "alpha_params", "scale_tokens", "alpha_tokens")
        found = {f"loss.{name}": Interval.of(getattr(self.loss, name), chance) for name in names}
        for name, fits in (("batch", self.batch), ("lr", self.lr), ("size", self.size)):
            found[f"{name}.scale"] = Interval.of(np.exp(fits.log_scale), chance)
            for at, variable in enumerate(fits.variables):
                found[f"{name}.{variable}"] = Interval.of(fits.exponents[:, at], chance)
        return found

    def predict_loss(self, *, params: float, tokens: float, chance: float = 0.9) -> Interval:
        """The loss that one more run would come to: the law's own doubt, and the noise of a run."""
        copies_B = self.loss.predict(params, tokens)
        around = np.random.default_rng(self.seed).normal(0, self.noise, len(copies_B))
        around[0] = 0.0
        return Interval.of(copies_B + around, chance)


def fit_laws(
    rows: Iterable[Trial | Mapping[str, Any]], *, cost: Cost = lambda params: 6 * params, bootstraps: int = 1000, seed: int = 0,
    least_batch: float = 0.0,
) -> Fitted:  # fmt: skip
    """The laws of these runs: params, tokens, loss, batch_tokens, lr of each, and flops where 6 N T is not meant.

    `least_batch` tokens are the least that a batch can have, so that a best there lies on no edge. Raises `TooFew` (a UserError)
    where the runs do not determine the laws, with what to run next.
    """
    trials = read_trials(rows)
    cells = cells_of(average_seeds(trials))
    check_enough(cells)
    rng = np.random.default_rng(seed)
    of_settings = settings_cells(cells, least_batch)
    surface = fit_surface(of_settings, bootstraps, rng)
    batch, lr = (surface.batch, surface.lr) if surface else fit_near_best(of_settings, bootstraps, rng)
    best, runs_n = best_of(cells), np.ones(len(cells))
    doubt_Bn = np.zeros((bootstraps, len(cells)))
    for place, runs in enumerate(cells.values()):
        if surface and is_grid(runs):
            least_B, runs_n[place] = surface.least(runs, rng)
            best[place] = replace(best[place], loss=float(least_B[0]))
            doubt_Bn[:, place] = least_B[1:] - least_B[0]
    at = columns(best)
    weights_n = _weigh(at, runs_n, surface.noise) if surface and surface.noise else runs_n
    unsaid_n = np.where(runs_n > 1, np.sqrt(1 - weights_n / runs_n), 1.0)
    loss, noise = _fit_loss(at, weights_n, doubt_Bn, unsaid_n, rng)
    check_law(loss.law(), best)
    size = _size_law(loss, np.geomspace(at["flops"].min(), at["flops"].max(), PLACES), at["params"], cost)
    way = "one surface through all grids" if surface else "regression over the runs near the best"
    laws = Laws(
        name="fitted", source=f"{len(trials)} runs, {len(cells)} sizes and numbers of tokens; batch and learning rate by {way}",
        loss=loss.law(), batch=batch.law(), lr=lr.law(), size=size.law(),
        valid={name: (float(at[name].min()), float(at[name].max())) for name in ("params", "tokens", "flops")},
    )  # fmt: skip
    return Fitted(
        laws=laws, trials=tuple(trials), cells=tuple(best), weights=weights_n, loss=loss, batch=batch, lr=lr, size=size,
        noise=max(noise, surface.noise if surface else 0.0), seed=seed,
    )  # fmt: skip


def _weigh(at: Mapping[str, Array], runs_n: Array, noise: float) -> Array:
    """How many runs each loss is worth: as many as say it, but for what the law misses all cells by, which no run mends.

    That part is told by moments (DerSimonian and Laird, 1986): how much further from the law the cells are than noise explains.
    """
    residual_n = at["loss"] - _losses(project(at["params"], at["tokens"], at["loss"][None], runs_n).law(), at)
    more = (runs_n * residual_n**2).sum() / noise**2 - (len(runs_n) - CONSTANTS)
    missed = max(0.0, more / (runs_n.sum() - (runs_n**2).sum() / runs_n.sum()))
    return np.asarray(1 / (1 / runs_n + missed))


def _fit_loss(
    at: Mapping[str, Array], weights_n: Array, doubt_Bn: Array, unsaid_n: Array, rng: np.random.Generator
) -> tuple[Fits, float]:
    """Copies by residuals: the design stays, since few sizes drawn with replacement would often be too few of them.

    Cells read off a surface have its doubt, `doubt_Bn`; of the residuals each cell draws the share that its doubt does not say.
    """
    fitted_n = _losses(project(at["params"], at["tokens"], at["loss"][None], weights_n).law(), at)
    left = max(1, len(fitted_n) - CONSTANTS)
    residual_n = (at["loss"] - fitted_n) * np.sqrt(weights_n * len(fitted_n) / left)
    drawn_Bn = rng.choice(residual_n - residual_n.mean(), doubt_Bn.shape) / np.sqrt(weights_n)
    copies_Bn = fitted_n + doubt_Bn + unsaid_n * drawn_Bn
    noise = float(np.sqrt(((at["loss"] - fitted_n) ** 2).sum() / left))
    return project(at["params"], at["tokens"], np.concatenate([at["loss"][None], copies_Bn]), weights_n), noise


def _losses(law: LossLaw, at: Mapping[str, Array]) -> Array:
    return np.array([law(params=n, tokens=t) for n, t in zip(at["params"], at["tokens"], strict=True)])


def _size_law(loss: Fits, budgets: Array, params_n: Array, cost: Cost) -> PowerFits:
    """N_opt = k C^e of each copy: where its loss is least along each budget, and a straight line through these in logarithms."""
    log_K = np.linspace(np.log(params_n.min()) - 5, np.log(params_n.max()) + 5, SIZES)
    params_K = np.exp(log_K)
    best = []
    for flops in budgets:
        tokens_K = flops / cost(params_K)
        losses_BK = loss.scale_params[:, None] * params_K ** -loss.alpha_params[:, None]
        losses_BK = losses_BK + loss.scale_tokens[:, None] * tokens_K ** -loss.alpha_tokens[:, None]
        at_B = np.nan_to_num(losses_BK, nan=np.inf).argmin(1).clip(1, SIZES - 2)
        left, middle, right = (np.take_along_axis(losses_BK, (at_B + k)[:, None], 1)[:, 0] for k in (-1, 0, 1))
        offset = 0.5 * (left - right) / (left - 2 * middle + right)
        best.append(log_K[at_B] + offset * (log_K[1] - log_K[0]))
    log_flops = np.log(budgets)
    centred = log_flops - log_flops.mean()
    sizes_BC = np.stack(best, axis=1)
    exponent_B = sizes_BC @ centred / (centred @ centred)
    return PowerFits("parameters", ("flops",), sizes_BC.mean(1) - exponent_B * log_flops.mean(), exponent_B[:, None])


def size_of(law: LossLaw, budgets: Sequence[float], cost: Cost) -> PowerLaw:
    """What a loss law says of the best size from the least to the largest of these budgets, as one power."""
    places = np.geomspace(min(budgets), max(budgets), PLACES)
    best = [law.optimum(float(flops), lambda params: float(cost(np.array(params))))[0] for flops in places]
    exponent, log_scale = np.polyfit(np.log(places), np.log(best), 1)
    return PowerLaw(quantity="parameters", scale=float(np.exp(log_scale)), exponents={"flops": float(exponent)})


def reducible_error(fitted: Fitted, held_out: Sequence[Trial]) -> list[float]:
    """|loss - predicted| of held-out runs as a share of the predicted loss above the floor."""
    law = fitted.laws.loss
    assert law is not None
    return [
        abs(trial.loss - law(params=trial.params, tokens=trial.tokens)) / law.reducible(params=trial.params, tokens=trial.tokens)
        for trial in held_out
    ]  # fmt: skip

"""Runs become laws: of the loss, the batch, the learning rate and the best size, every constant with its interval.

Legend: B copies of the runs (the bootstrap), the first of them the runs as they are; n runs; K sizes that are tried.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtake.scaling.law import Laws, PowerLaw
from longtake.scaling.powers import PowerFits, regress, resample
from longtake.scaling.projection import Fits, project
from longtake.scaling.sufficiency import check_enough
from longtake.scaling.trials import Trial, best_of, cells_of, columns, near_best, read_trials

Array = NDArray[np.float64]
CONSTANTS = 5
"""Of the loss law: what its residuals have lost to it."""
SIZES = 256
"""Sizes at which a copy's least loss is looked for; a parabola through the best three does the rest."""

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
    """The best of each size and number of tokens: what the loss law is fitted on."""
    loss: Fits
    batch: PowerFits
    lr: PowerFits
    size: PowerFits
    noise: float
    """Standard deviation of a cell's loss around the law."""
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
    rows: Iterable[Trial | Mapping[str, Any]], *, cost: Cost = lambda params: 6 * params, bootstraps: int = 1000, seed: int = 0
) -> Fitted:  # fmt: skip
    """The laws of these runs: params, tokens, loss, batch_tokens, lr of each, and flops where 6 N T is not meant.

    Raises `TooFew` (a UserError) where they do not determine the laws, with what to run next.
    """
    trials = read_trials(rows)
    cells = cells_of(trials)
    best = best_of(cells)
    check_enough(cells)
    rng = np.random.default_rng(seed)
    at = columns(best)
    loss, noise = _fit_loss(at, bootstraps, rng)
    near = near_best(cells)
    places = {cell: number for number, cell in enumerate(cells)}
    of_near = columns(near)
    weights_Bn = resample([places[(t.params, t.tokens)] for t in near], bootstraps, rng)
    weights_Bn = np.concatenate([np.ones((1, len(near))), weights_Bn])
    variables: Mapping[Any, Array] = {"tokens": of_near["tokens"], "params": of_near["params"]}
    batch = regress("batch, tokens a step", of_near["batch_tokens"], variables, weights_Bn)
    lr = regress("learning rate", of_near["lr"], variables, weights_Bn)
    size = _size_law(loss, np.geomspace(at["flops"].min(), at["flops"].max(), 8), at["params"], cost)
    laws = Laws(
        name="fitted", source=f"{len(trials)} runs, {len(cells)} sizes and numbers of tokens", loss=loss.law(),
        batch=batch.law(), lr=lr.law(), size=size.law(),
        valid={name: (float(at[name].min()), float(at[name].max())) for name in ("params", "tokens", "flops")},
    )  # fmt: skip
    return Fitted(
        laws=laws, trials=tuple(trials), cells=tuple(best), loss=loss, batch=batch, lr=lr, size=size, noise=noise, seed=seed
    )  # fmt: skip


def _fit_loss(at: Mapping[str, Array], bootstraps: int, rng: np.random.Generator) -> tuple[Fits, float]:
    """Copies by residuals: the design stays, since few sizes drawn with replacement would often be too few of them."""
    once = project(at["params"], at["tokens"], at["loss"][None])
    law = once.law()
    fitted_n = np.array([law(params=n, tokens=t) for n, t in zip(at["params"], at["tokens"], strict=True)])
    left = max(1, len(fitted_n) - CONSTANTS)
    residual_n = (at["loss"] - fitted_n) * np.sqrt(len(fitted_n) / left)
    copies_Bn = fitted_n + rng.choice(residual_n - residual_n.mean(), (bootstraps, len(fitted_n)))
    noise = float(np.sqrt(((at["loss"] - fitted_n) ** 2).sum() / left))
    return project(at["params"], at["tokens"], np.concatenate([at["loss"][None], copies_Bn])), noise


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


def size_by_law(fitted: Fitted) -> PowerLaw:
    """What the loss law says of the best size, as one power."""
    return fitted.size.law()


def reducible_error(fitted: Fitted, held_out: Sequence[Trial]) -> list[float]:
    """|loss - predicted| of held-out runs as a share of the predicted loss above the floor."""
    law = fitted.laws.loss
    assert law is not None
    return [
        abs(trial.loss - law(params=trial.params, tokens=trial.tokens)) / law.reducible(params=trial.params, tokens=trial.tokens)
        for trial in held_out
    ]  # fmt: skip

"""Whether the fit finds a law that is known: losses drawn from the paper's printed law, with noise, and fitted as a sweep's.

`python -m benchmarks.scaling_recovery [--draws 100] [--noise 1e-3] [--sizes 3 4 6 8 10] [--tokens 1e9 12e9]`. A draw is a sweep as it
is planned: at each size a grid of batches and learning rates, factors of two, wide enough that every best lies inside, each run looked
at after six numbers of tokens; and runs at equal compute with the best setting. A setting off the best costs what a quadratic in both
logarithms has; its curvature is about that of the paper's figure 4. Peers in the same draw: Huber by L-BFGS from all starts and from one
(drawn anew each time), parabolas at equal compute, settings by the runs near the best. The last table holds batch and learning rate
fixed at all sizes and tokens: is the bias there that the paper finds?
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import machine, median, print_table
from longtake.scaling.arms import compare_arms
from longtake.scaling.family import Family
from longtake.scaling.fit import Fitted, Interval, fit_laws
from longtake.scaling.huber import fit_huber, starts
from longtake.scaling.isoflop import find_valleys, size_by_valleys
from longtake.scaling.law import LossLaw, PowerLaw, Variable
from longtake.scaling.powers import regress
from longtake.scaling.projection import project
from longtake.scaling.published import published
from longtake.scaling.trials import Trial, best_of, cells_of, columns, is_grid, near_best

Array = NDArray[np.float64]
PAPER = published("video-dit")
assert PAPER.loss
assert PAPER.batch
assert PAPER.lr
LOSS, BATCH, RATE = PAPER.loss, PAPER.batch, PAPER.lr
FAMILY = Family()
CURVATURE = np.array([[3e-3, -1e-3], [-1e-3, 2.5e-3]])
"""Loss by squared logarithms of batch and learning rate (figure 4: 0.004 for a batch 4.8 times too large at its best rate)."""
BUDGETS = (3e17, 6e17, 1e18, 3e18, 6e18)
AT = {"N_opt at 3e18": 3e18, "N_opt at 1e21": 1e21}
"""FLOPs at which the best size is asked for: among those of the runs, and far beyond."""
ALPHAS = ("alpha_params", "alpha_tokens")
COLUMNS = (*ALPHAS, *AT)
OURS = "longtake"
LARGE = {"params": 1.07e9, "tokens": 10e9}
"""Beyond all runs: the paper's own check of batch and learning rate (figure 4)."""
EXPONENTS = {
    "loss.alpha_params": 0.3188, "loss.alpha_tokens": 0.2917, "batch.tokens": 0.8080, "batch.params": 0.1906, "lr.tokens": -0.0453,
    "lr.params": -0.1619,
}  # fmt: skip
FIXED = (6, 2e9)
"""Depth and tokens whose best setting the fixed arm has everywhere."""


def cost(params: float) -> float:
    return float(FAMILY.cost(np.array(params)))


def run(depth: int, tokens: float, batch: float, lr: float, noise: float) -> Trial:
    """One finished training; `noise` is its own draw."""
    params = FAMILY.params(depth)
    off = np.log([batch / BATCH(params=params, tokens=tokens), lr / RATE(params=params, tokens=tokens)])
    loss = (LOSS(params=params, tokens=tokens) + 0.5 * off @ CURVATURE @ off) * (1 + noise)
    flops = tokens * FAMILY.flops_per_token(depth)
    return Trial(params=params, tokens=tokens, loss=loss, batch_tokens=batch, lr=lr, flops=flops, depth=depth)


def best_setting(depth: int, tokens: float) -> tuple[float, float]:
    params = FAMILY.params(depth)
    return BATCH(params=params, tokens=tokens), RATE(params=params, tokens=tokens)


def grids(depths: Sequence[int], tokens: Sequence[float], noise: Iterator[float]) -> list[Trial]:
    """At each size the same batches and learning rates after all numbers of tokens, since one training gives all of them: powers of
    two, from half of the least best or less to twice the largest or more."""
    trials = []
    for depth in depths:
        batches, lrs = (powers_around([best_setting(depth, count)[which] for count in tokens]) for which in (0, 1))
        trials += [run(depth, count, batch, lr, next(noise)) for count in tokens for batch in batches for lr in lrs]
    return trials


def powers_around(values: Sequence[float]) -> list[float]:
    least, most = int(np.floor(np.log2(min(values)))) - 1, int(np.ceil(np.log2(max(values)))) + 1
    return [2.0**power for power in range(least, most + 1)]


def at_budgets(depths: Sequence[int], noise: Iterator[float], fixed: tuple[float, float] | None = None) -> list[Trial]:
    """One run of each size and budget, at its best setting or at the fixed one."""
    trials = []
    for flops in BUDGETS:
        for depth in depths:
            tokens = flops / FAMILY.flops_per_token(depth)
            trials.append(run(depth, tokens, *(fixed or best_setting(depth, tokens)), next(noise)))
    return trials


def law_errors(law: LossLaw) -> dict[str, float]:
    """Relative errors of a loss law's exponents and of the best sizes that it has."""
    sizes = {name: law.optimum(flops, cost)[0] / LOSS.optimum(flops, cost)[0] - 1 for name, flops in AT.items()}
    alphas = {name: getattr(law, name) / getattr(LOSS, name) - 1 for name in ALPHAS}
    return alphas | sizes


def valley_errors(valleys: PowerLaw | None) -> dict[str, float]:
    return {
        name: valleys(flops=flops) / LOSS.optimum(flops, cost)[0] - 1 if valleys else np.nan
        for name, flops in AT.items()
    }


def by_all_ways(fitted: Fitted, budgeted: Sequence[Trial], start: int) -> dict[str, dict[str, float]]:
    """Errors of ours and of the peers."""
    at, least, alone = (columns(trials) for trials in (fitted.cells, best_of(cells_of(fitted.trials)), budgeted))
    of_cells, of_runs = ((of["params"], of["tokens"], of["loss"]) for of in (at, least))
    return {
        OURS: law_errors(fitted.loss.law()),
        "Huber, L-BFGS from all starts, same cells": law_errors(fit_huber(*of_cells)),
        "Huber, L-BFGS from one start, same cells": law_errors(fit_huber(*of_cells, begin=[starts()[start]])),
        "Huber, L-BFGS from one start, the least run of each cell": law_errors(fit_huber(*of_runs, begin=[starts()[start]])),
        "projection, the runs at equal compute alone": law_errors(project(alone["params"], alone["tokens"], alone["loss"][None]).law()),
        "parabolas, the runs at equal compute alone": valley_errors(size_by_valleys(find_valleys(budgeted))),
    }  # fmt: skip


def noises(seed: int, deviation: float) -> Iterator[float]:
    rng = np.random.default_rng(seed)
    while True:
        yield deviation * float(rng.standard_normal())


def settings_off(fitted: Fitted) -> dict[str, tuple[float, float]]:
    """How far the batch and the learning rate that are predicted for `LARGE` are off, in logarithms, by ours and by the near best."""
    cells = cells_of(fitted.trials)
    at = columns(near_best({cell: runs for cell, runs in cells.items() if is_grid(runs)}))
    variables: Mapping[Variable, Array] = {"tokens": at["tokens"], "params": at["params"]}
    batch, lr = (
        regress(name, at[name], variables, np.ones((1, len(at["lr"])))).law() for name in ("batch_tokens", "lr")
    )
    true = np.log([BATCH(**LARGE), RATE(**LARGE)])
    ways = {OURS: (fitted.batch.law(), fitted.lr.law()), "regression over runs within 0.25 % of the best": (batch, lr)}
    return {way: tuple(np.abs(np.log([law(**LARGE) for law in laws]) - true)) for way, laws in ways.items()}


def recover(given: argparse.Namespace) -> None:
    """The first tables."""
    tokens = np.geomspace(given.tokens[0], given.tokens[1], 6).tolist()
    constants, errors, off, seconds = [], defaultdict(list), defaultdict(list), []
    for draw in range(given.draws):
        noise, start = noises(draw, given.noise), int(np.random.default_rng(draw).integers(len(starts())))
        budgeted = at_budgets(given.sizes, noise)
        trials = grids(given.sizes, tokens, noise) + budgeted
        began = process_time()
        fitted = fit_laws(trials, cost=FAMILY.cost, bootstraps=1000, seed=draw)
        seconds.append(process_time() - began)
        constants.append(fitted.constants(0.95))
        for way, found in by_all_ways(fitted, budgeted, start).items():
            errors[way].append([abs(found.get(name, np.nan)) for name in COLUMNS])
        for way, pair in settings_off(fitted).items():
            off[way].append(pair)
    print_constants(constants)
    print(f"A fit with 1,000 bootstraps: {median(seconds):.2f} CPU s, {max(seconds):.2f} at most.\n")
    print_errors({way: np.median(rows, axis=0) for way, rows in errors.items()})
    print_table(
        ("setting for N 1.07B, T 10B: median factor off", "batch", "learning rate"),
        [(way, *map(float, np.exp(np.median(rows, axis=0)))) for way, rows in off.items()],
    )


def print_constants(draws: Sequence[Mapping[str, Interval]]) -> None:
    rows = []
    for name, true in EXPONENTS.items():
        found = np.array([constants[name].value for constants in draws])
        inside = sum(constants[name].low <= true <= constants[name].high for constants in draws)
        off = 100 * abs(float(np.median(found)) / true - 1)
        each = 100 * float(np.median(np.abs(found / true - 1)))
        rows.append((name, f"{true:.4f}", f"{np.median(found):.4f}", off, each, inside))
    head = (
        "exponent",
        "true",
        "median",
        "median is off, %",
        "median error of a draw, %",
        f"inside its 95 %, of {len(draws)}",
    )
    print_table(head, rows)


def print_errors(medians: Mapping[str, Array]) -> None:
    rows = []
    for way, errors in medians.items():
        percents = ["–" if np.isnan(error) else f"{100 * error:.2f}" for error in errors]
        ratios = [
            "–" if np.isnan(error) else f"{error / ours:.1f}" for error, ours in zip(errors, medians[OURS], strict=True)
        ]
        rows.append((way, *percents, ", ".join(ratios)))
    print_table(("median error of a draw, %", *COLUMNS, "times ours"), rows)


def compare(given: argparse.Namespace) -> None:
    """The last table."""
    fixed = best_setting(*FIXED)
    rows: Mapping[str, list[tuple[float, ...]]] = {"tuned": [], "fixed": []}
    less, mse = [], []
    for draw in range(given.draws):
        noise = noises(draw, given.noise)
        arms = compare_arms(at_budgets(given.sizes, noise), at_budgets(given.sizes, noise, fixed), BUDGETS, FAMILY)
        if arms is None:
            continue
        mse.append(arms.tuned.mse / arms.fixed.mse)
        less.append(1 - arms.same_loss[1] / arms.same_loss[2])
        for arm in (arms.tuned, arms.fixed):
            empirical = arm.empirical_size.exponents["flops"] if arm.empirical_size else np.nan
            predicted = arm.predicted_size.exponents["flops"]
            sizes = [arm.loss.optimum(flops, cost)[0] for flops in AT.values()]
            rows[arm.name].append((arm.loss.alpha_params, arm.loss.alpha_tokens, predicted, empirical, *sizes, arm.mse))
    head = ("arm, median", *ALPHAS, "size exponent, predicted", "and empirical", *AT, "MSE")
    print_table(head, [(name, *map(float, np.nanmedian(of_arm, axis=0))) for name, of_arm in rows.items()])
    print(
        f"{len(mse)} of {given.draws} draws had laws of both arms. MSE of the tuned arm by that of the fixed one: {np.median(mse):.2f}; "
        f"less size for the fixed optimum's loss at {max(BUDGETS):g} FLOPs: {100 * float(np.nanmedian(less)):.0f} %.\n"
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--noise", type=float, default=1e-3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 4, 6, 8, 10])
    parser.add_argument("--tokens", type=float, nargs=2, default=[1e9, 12e9])
    given = parser.parse_args()
    print(f"{machine()}\n{given}\n")
    recover(given)
    compare(given)


if __name__ == "__main__":
    main()

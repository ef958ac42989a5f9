"""From the outcomes of a sweep to its study: which runs are what, and everything that follows from them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from longtake.scaling.arms import compare_arms
from longtake.scaling.cells import Cell, Outcome, trial_of
from longtake.scaling.config import Setting, SweepConfig
from longtake.scaling.conventions import conventions_of
from longtake.scaling.family import Family
from longtake.scaling.fit import Fitted, fit_laws
from longtake.scaling.held_out import judge_runs, judge_setting, predicted_setting
from longtake.scaling.huber import fit_huber
from longtake.scaling.isoflop import SAME_BUDGET, budgets_of, find_valleys
from longtake.scaling.rivals import rivals_of
from longtake.scaling.settings import fixed_setting
from longtake.scaling.study import GridView, Noise, Study
from longtake.scaling.sufficiency import check_enough, settings_cells
from longtake.scaling.trials import (
    Cells,
    Trial,
    average_seeds,
    best_of,
    cells_of,
    columns,
    held_together,
    is_grid,
    on_edge,
)

HELD_OUT_BUDGET = 0.95
"""Share of the held-out budget from which on a run belongs to it: whole batches round a run's tokens."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Trials by what they are for, each repeat by itself."""

    tuned: tuple[Trial, ...]
    fixed: tuple[Trial, ...]
    held_out: tuple[Trial, ...]
    fixed_setting: Setting


def make_study(
    name: str,
    outcomes: Sequence[Outcome],
    config: SweepConfig,
    family: Family,
    *,
    bootstraps: int = 1000,
    seed: int = 0,
) -> Study:
    """What the outcomes of a sweep show, N counted by the blocks.

    Raises TooFew (a UserError) where they do not determine the laws, with what to run next.
    """
    runs = sort_runs(outcomes, config, family)
    fitted = fit_laws(runs.tuned, cost=family.cost, bootstraps=bootstraps, seed=seed, least_batch=family.sample_tokens)
    of_tuned, of_held_out = (cells_of(average_seeds(trials)) for trials in (runs.tuned, runs.held_out))
    budgeted = [trial for trial in fitted.cells if _at_budget(trial, config)]
    valleys = find_valleys(budgeted)
    noise = noise_of([*runs.tuned, *runs.held_out])
    at = columns(fitted.cells)
    views = _grid_views(fitted, of_tuned, of_held_out, outcomes, family)
    fixed_best = best_of(cells_of(average_seeds(runs.fixed)))
    return Study(
        name=name, fitted=fitted, grids=views, valleys=tuple(valleys), noise=noise,
        huber=fit_huber(at["params"], at["tokens"], at["loss"]),
        conventions=conventions_of(fitted, budgeted, family),
        rivals=rivals_of(settings_cells(of_tuned, family.sample_tokens), of_held_out, runs.fixed_setting),
        arms=compare_arms(fitted.cells, fixed_best, config.budgets, family),
        held_out=judge_runs(fitted, of_held_out),
        held_out_setting=judge_setting(fitted, of_held_out, noise.deviation if noise else fitted.noise),
        spread=_spread(views, budgeted),
        failed=tuple((describe(outcome.cell), outcome.reason) for outcome in outcomes if outcome.loss is None),
    )  # fmt: skip


def is_held_out(cell: Cell, config: SweepConfig, family: Family) -> bool:
    """Whether a cell judges the laws, and is not fitted on."""
    held_out = config.held_out
    if held_out.depth and cell.line.depth == held_out.depth:
        return True
    flops = cell.tokens * family.flops_per_token(cell.line.depth)
    return held_out.flops > 0 and flops >= HELD_OUT_BUDGET * held_out.flops


def noise_of(trials: Sequence[Trial]) -> Noise | None:
    """Of the setting with the most seeds; None where all have one."""
    repeats = defaultdict(list)
    for trial in trials:
        repeats[(trial.params, trial.tokens, trial.batch_tokens, trial.lr)].append(trial)
    most = max(repeats.values(), key=len, default=[])
    if len(most) < 2:
        return None
    losses = [trial.loss for trial in most]
    return Noise(trials=tuple(most), mean=float(np.mean(losses)), deviation=float(np.std(losses, ddof=1)))


def describe(cell: Cell) -> str:
    """A run in words."""
    line = cell.line
    return (
        f"depth {line.depth}, batch {line.batch_tokens:,}, lr {line.lr:.3g}, seed {line.seed}, {cell.tokens:,} tokens"
    )


def sort_runs(outcomes: Sequence[Outcome], config: SweepConfig, family: Family) -> Runs:
    """Which runs are what. Outside of the grids a run at the fixed setting is of the fixed arm alone, if it is not the only one of its size
    and tokens: then tuning has come to the same setting. Raises TooFew.
    """
    done = [outcome for outcome in outcomes if outcome.loss is not None]
    of_laws, held_out = (
        [trial_of(outcome, family) for outcome in done if is_held_out(outcome.cell, config, family) is judging]
        for judging in (False, True)
    )
    cells = cells_of(of_laws)
    check_enough(cells)
    fixed = fixed_setting(config, outcomes)
    tuned = [run for runs in cells.values() for run in (runs if is_grid(runs) else _tuned(runs, fixed))]
    of_fixed = tuple(run for run in of_laws if _has(run, fixed))
    return Runs(tuned=tuple(tuned), fixed=of_fixed, held_out=tuple(held_out), fixed_setting=fixed)


def _tuned(runs: Sequence[Trial], fixed: Setting) -> Sequence[Trial]:
    return [run for run in runs if not _has(run, fixed)] or runs


def _has(trial: Trial, setting: Setting) -> bool:
    return (trial.batch_tokens, trial.lr) == (setting.batch_tokens, setting.lr)


def _place(cell: Cell) -> tuple[int, int]:
    return cell.line.depth, cell.tokens


def _at_budget(trial: Trial, config: SweepConfig) -> bool:
    return any(abs(trial.flops / flops - 1) <= SAME_BUDGET for flops in config.budgets)


def _grid_views(
    fitted: Fitted, tuned: Cells, held_out: Cells, outcomes: Sequence[Outcome], family: Family
) -> tuple[GridView, ...]:
    """All grids, those that were fitted on first."""
    failed = defaultdict(set)
    for outcome in outcomes:
        if outcome.loss is None:
            failed[_place(outcome.cell)].add((outcome.cell.line.batch_tokens, outcome.cell.line.lr))
    views = []
    for cells, is_new in ((tuned, False), (held_out, True)):
        for (params, tokens), trials in cells.items():
            if is_grid(trials):
                first, best = trials[0], min(trials, key=lambda trial: trial.loss)
                views.append(
                    GridView(
                        depth=first.depth, params=params, tokens=tokens, trials=tuple(trials), best=best,
                        failed=tuple(sorted(failed[first.depth, int(tokens)])), on_edge=on_edge(trials, family.sample_tokens),
                        predicted=predicted_setting(fitted, first), held_out=is_new,
                    )
                )  # fmt: skip
    return tuple(views)


def _spread(views: Sequence[GridView], budgeted: Sequence[Trial]) -> dict[str, float]:
    """Means over grids, and over budgets; what there is none of is left out."""
    groups: dict[str, list[Sequence[Trial]]] = {
        "settings": [held_together(view.trials) for view in views if not view.held_out],
        "sizes": [*budgets_of(budgeted)],
    }
    return {
        name: float(np.mean([max(t.loss for t in trials) - min(t.loss for t in trials) for trials in of_kind]))
        for name, of_kind in groups.items()
        if of_kind
    }

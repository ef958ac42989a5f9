"""How the laws fare on runs that they were not fitted on."""

from collections.abc import Sequence

import numpy as np

from longtake.scaling.fit import Fitted
from longtake.scaling.study import HeldOutRun, HeldOutSetting
from longtake.scaling.trials import Cells, Trial, is_grid

CHANCE = 0.9
"""Of the interval that a held-out run is looked for in."""


def judge_runs(fitted: Fitted, held_out: Cells) -> tuple[HeldOutRun, ...]:
    """One run of each size and number of tokens: that nearest to the predicted setting, chosen before its loss is seen."""
    return tuple(_judge(fitted, nearest(fitted, trials)) for trials in held_out.values())


def judge_setting(fitted: Fitted, held_out: Cells, noise: float) -> HeldOutSetting | None:
    """The predicted batch and learning rate at the largest grid, the one with the most tokens; None without grids.

    `noise` is the deviation of one run.
    """
    grids = [trials for trials in held_out.values() if is_grid(trials)]
    if not grids:
        return None
    trials = max(grids, key=lambda trials: (trials[0].params, trials[0].tokens))
    predicted, best = nearest(fitted, trials), min(trials, key=lambda trial: trial.loss)
    excess, of_two = predicted.loss - best.loss, float(np.sqrt(2)) * noise
    return HeldOutSetting(predicted=predicted, best=best, excess=excess, noise=of_two, within=excess <= 2 * of_two)


def nearest(fitted: Fitted, trials: Sequence[Trial]) -> Trial:
    """The run of a cell nearest to the predicted setting, in logarithms."""
    wanted = np.log(predicted_setting(fitted, trials[0]))
    return min(trials, key=lambda trial: float(np.linalg.norm(np.log([trial.batch_tokens, trial.lr]) - wanted)))


def predicted_setting(fitted: Fitted, trial: Trial) -> tuple[float, float]:
    """(batch tokens, learning rate) that the laws have for a trial's size and tokens."""
    at = {"params": trial.params, "tokens": trial.tokens}
    return fitted.batch.law()(**at), fitted.lr.law()(**at)


def _judge(fitted: Fitted, trial: Trial) -> HeldOutRun:
    predicted = fitted.predict_loss(params=trial.params, tokens=trial.tokens, chance=CHANCE)
    off = abs(trial.loss - predicted.value)
    reducible = fitted.loss.law().reducible(params=trial.params, tokens=trial.tokens)
    constant = min(cell.loss for cell in fitted.cells)
    return HeldOutRun(
        trial=trial, predicted=predicted, inside=predicted.low <= trial.loss <= predicted.high, error=off / trial.loss,
        reducible_error=off / reducible, constant_error=abs(trial.loss - constant) / reducible,
    )  # fmt: skip

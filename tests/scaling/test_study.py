import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from longtake.scaling.arms import compare_arms, same_loss
from longtake.scaling.cells import Cell, Line, Outcome, trial_of
from longtake.scaling.config import Grid, HeldOut, Setting, SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.published import published
from longtake.scaling.rivals import HELD_OUT, IN_TURN
from longtake.scaling.studying import make_study, noise_of, sort_runs
from longtake.scaling.sufficiency import TooFew
from longtake.scaling.trials import Trial

PAPER = published("video-dit")
FAMILY = Family()
CONFIG = SweepConfig(
    depths=(4, 6, 8, 10), budgets=(3e17, 6e17, 1e18, 3e18, 6e18),
    grid=Grid(depths=(3, 6, 10), tokens=(500_000_000, 2_000_000_000, 12_000_000_000)),
    held_out=HeldOut(depth=14, depth_tokens=12_000_000_000, flops=2e19),
)  # fmt: skip
FIXED = Setting(batch_tokens=16_000, lr=8e-4)
"""A batch and a learning rate that suit a small size and few tokens."""


def done(depth, tokens, batch, lr, *, noise=0.0, seed=0):
    """A finished run: the paper's loss, and what its setting is off the paper's best."""
    params = FAMILY.params(depth)
    off_batch = math.log(batch / PAPER.batch(params=params, tokens=tokens))
    off_lr = math.log(lr / PAPER.lr(params=params, tokens=tokens))
    loss = (
        PAPER.loss(params=params, tokens=tokens)
        + 1.5e-3 * off_batch**2
        - 1e-3 * off_batch * off_lr
        + 1.2e-3 * off_lr**2
    )
    line = Line(depth=depth, batch_tokens=batch, lr=lr, seed=seed)
    return Outcome(cell=Cell(line=line, tokens=tokens), loss=loss + noise)


def best(depth, tokens):
    at = {"params": FAMILY.params(depth), "tokens": tokens}
    return round(PAPER.batch(**at)), PAPER.lr(**at)


def sweep(noise=0.0, fixed=FIXED):
    """Grids, budgets by both arms, repeats, and both kinds of held-out runs."""
    rng = np.random.default_rng(0)
    cells = []
    for depth, tokens in [(d, t) for d in (3, 6, 10) for t in CONFIG.grid.tokens] + [(14, 12_000_000_000)]:
        batch, lr = best(depth, tokens)
        cells += [(depth, tokens, round(batch * b), lr * r) for b in (0.45, 0.9, 1.8) for r in (0.3, 0.6, 1.2, 2.4)]
    for flops in (*CONFIG.budgets, 2e19):
        for depth in CONFIG.depths:
            tokens = round(flops / FAMILY.flops_per_token(depth))
            cells += [(depth, tokens, *best(depth, tokens))]
            cells += [(depth, tokens, fixed.batch_tokens, fixed.lr)] if fixed and flops < 2e19 else []
    outcomes = [done(*cell, noise=noise * rng.standard_normal()) for cell in cells]
    return outcomes + [done(*cells[5], noise=noise * rng.standard_normal(), seed=seed) for seed in (1, 2)]


@cache
def study():
    config = replace(CONFIG, fixed=FIXED)
    failed = Outcome(
        cell=Cell(line=Line(depth=3, batch_tokens=20_000, lr=0.1), tokens=500_000_000), loss=None, reason="diverged"
    )
    return make_study("drawn", [*sweep(noise=2e-4), failed], config, FAMILY, bootstraps=100)


def test_the_laws_of_a_sweep_are_the_papers():
    laws = study().fitted.laws
    assert laws.batch.exponents == pytest.approx({"tokens": 0.8080, "params": 0.1906}, abs=0.03)
    assert laws.lr.exponents == pytest.approx({"tokens": -0.0453, "params": -0.1619}, abs=0.03)
    assert laws.loss.alpha_params == pytest.approx(0.3188, rel=0.05)
    assert laws.loss.alpha_tokens == pytest.approx(0.2917, rel=0.05)


def test_what_is_held_out_is_never_fitted():
    fitted = study().fitted
    assert {trial.depth for trial in fitted.trials} == {3, 4, 6, 8, 10}
    assert max(trial.flops for trial in fitted.trials) < 2e19 * 0.95
    assert {run.trial.depth for run in study().held_out} == {4, 6, 8, 10, 14}


def test_outside_of_the_grids_a_run_at_the_fixed_setting_is_of_the_fixed_arm_alone():
    runs = sort_runs(sweep(), replace(CONFIG, fixed=FIXED), FAMILY)
    assert FIXED.batch_tokens not in {trial.batch_tokens for trial in runs.tuned}
    assert {(trial.batch_tokens, trial.lr) for trial in runs.fixed} == {(FIXED.batch_tokens, FIXED.lr)}
    assert len(runs.fixed) == len(CONFIG.budgets) * len(CONFIG.depths)


def test_where_tuning_came_to_the_fixed_setting_too_the_run_is_of_both_arms():
    outcomes, config = sweep(), replace(CONFIG, fixed=FIXED)
    one = sort_runs(outcomes, config, FAMILY).fixed[-1]
    trials = {done.cell: trial_of(done, FAMILY) for done in outcomes}
    beside = [
        cell for cell, run in trials.items() if (run.params, run.tokens) == (one.params, one.tokens) and run != one
    ]
    runs = sort_runs([done for done in outcomes if done.cell not in beside], config, FAMILY)
    assert one in runs.tuned
    assert one in runs.fixed


def test_in_a_grid_a_run_at_the_fixed_setting_is_of_both_arms():
    runs = sort_runs(sweep(fixed=None), CONFIG, FAMILY)
    assert [(trial.depth, trial.tokens) for trial in runs.fixed] == [(3, 500_000_000)]
    assert set(runs.fixed) < set(runs.tuned)


def test_laws_of_size_and_tokens_lose_least_on_grids_they_never_saw():
    of_both, by_compute, fixed, smallest = study().rivals
    for name in (HELD_OUT, IN_TURN):
        others = [rival.excess[name] for rival in (by_compute, fixed, smallest)]
        assert 0 <= of_both.excess[name] < min(others)
    assert fixed.batch(**{}) == FIXED.batch_tokens
    assert set(by_compute.lr.exponents) == {"flops"}


def test_tuned_settings_fit_better_and_need_less_size():
    arms = study().arms
    assert len(arms.tuned.trials) == len(arms.fixed.trials) == 20
    assert arms.tuned.mse < arms.fixed.mse
    flops, tuned, fixed = arms.same_loss
    assert flops == 6e18
    assert tuned < fixed
    assert dict(arms.flat)[1.0] == pytest.approx(0, abs=1e-9)
    assert min(loss for _, loss in arms.flat) > -1e-9


def test_held_out_runs_lie_where_the_laws_have_them():
    held_out = study().held_out
    assert sum(run.inside for run in held_out) >= 4
    assert max(run.reducible_error for run in held_out) < 0.05 < max(run.constant_error for run in held_out)
    setting = study().held_out_setting
    assert setting.within
    assert setting.best.loss <= setting.predicted.loss
    assert setting.noise == pytest.approx(study().noise.deviation * math.sqrt(2))


def test_grids_show_what_was_tried_and_what_failed():
    first, *_, last = study().grids
    assert (first.depth, first.failed) == (3, ((20_000, 0.1),))
    assert (last.depth, last.held_out) == (14, True)
    assert len(first.trials) == 12
    assert last.predicted == pytest.approx(best(14, 12_000_000_000), rel=0.1)
    assert study().failed == (("depth 3, batch 20,000, lr 0.1, seed 0, 500,000,000 tokens", "diverged"),)


def test_each_count_of_parameters_has_its_exponent_by_each_estimate():
    exponents = study().conventions.exponents
    assert set(exponents) == {"blocks", "all", "video"}
    assert all(set(of) == {"projection", "huber", "isoflop"} for of in exponents.values())
    size = study().fitted.laws.size.exponents["flops"]
    assert exponents["blocks"]["projection"] == pytest.approx(size, rel=0.01)
    assert exponents["video"]["projection"] < exponents["blocks"]["projection"]


def test_settings_and_sizes_spread_the_losses_of_equal_compute():
    tried = [[trial.loss for trial in view.trials] for view in study().grids if not view.held_out]
    assert study().spread["settings"] == pytest.approx(np.mean([max(losses) - min(losses) for losses in tried]))
    assert study().spread["sizes"] == pytest.approx(
        np.mean([max(t.loss for t in valley.trials) - min(t.loss for t in valley.trials) for valley in study().valleys])
    )
    assert len(study().valleys) == 5


def test_without_a_fixed_arm_there_is_none_to_compare():
    assert compare_arms(study().fitted.cells, [], CONFIG.budgets, FAMILY) is None


def test_arms_with_the_same_losses_need_the_same_size():
    tuned = study().arms.tuned
    _, one, other = same_loss(tuned.loss, tuned.loss, 6e18, FAMILY)
    assert one == pytest.approx(other, rel=1e-2)
    worse = replace(tuned.loss, floor=tuned.loss.floor - 0.1)
    assert math.isnan(same_loss(tuned.loss, worse, 6e18, FAMILY)[1])


def test_a_sweep_that_has_hardly_begun_is_refused():
    with pytest.raises(TooFew):
        make_study("drawn", sweep()[:12], CONFIG, FAMILY, bootstraps=0)
    with pytest.raises(TooFew, match="no runs to fit laws on; run next: a first grid"):
        make_study("drawn", [], CONFIG, FAMILY, bootstraps=0)


def test_noise_is_that_of_the_setting_with_the_most_seeds():
    runs = [
        Trial(params=1, tokens=1, loss=loss, batch_tokens=1, lr=1, flops=6, seed=at)
        for at, loss in enumerate((1, 2, 3))
    ]
    noise = noise_of([*runs, Trial(params=2, tokens=1, loss=9, batch_tokens=1, lr=1, flops=6)])
    assert (noise.mean, noise.deviation) == (2, 1)
    assert noise_of(runs[:1]) is None

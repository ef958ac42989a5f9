from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from longtake.scaling.fit import fit_laws
from longtake.scaling.law import LossLaw, PowerLaw
from longtake.scaling.sufficiency import TooFew, check_law, settings_cells
from longtake.scaling.surface import fit_surface
from longtake.scaling.trials import Trial, average_seeds, cells_of, is_grid, on_edge

LAW = LossLaw(floor=0.4, scale_params=0.02, alpha_params=0.3, scale_tokens=0.03, alpha_tokens=0.4, unit=1e8)
BATCH = PowerLaw(quantity="batch", scale=2e4, exponents={"tokens": 0.6, "params": 0.2}, unit=1e8)
LR = PowerLaw(quantity="lr", scale=1e-3, exponents={"tokens": -0.1, "params": -0.3}, unit=1e8)
SIZES, TOKENS = (1e7, 3e7, 1e8), (1e8, 3e8, 1e9)
AROUND = (0.4, 0.9, 2.0)


def trial(params, tokens, batch, lr, *, batch_law=BATCH, lr_law=LR, curve=(2e-3, -5e-4, 1e-3), seed=0, off=0.0):
    x = np.log(batch / batch_law(params=params, tokens=tokens))
    y = np.log(lr / lr_law(params=params, tokens=tokens))
    rise = 0.5 * curve[0] * x * x + curve[1] * x * y + 0.5 * curve[2] * y * y
    return Trial(
        params=params, tokens=tokens, loss=LAW(params=params, tokens=tokens) + rise + off, batch_tokens=batch, lr=lr,
        flops=6 * params * tokens, seed=seed,
    )  # fmt: skip


def grid(params, tokens, around=AROUND, **other):
    """Off the best by the same factors whatever the laws of `other` say."""
    batch, lr = BATCH(params=params, tokens=tokens), LR(params=params, tokens=tokens)
    return [trial(params, tokens, batch * b, lr * r, **other) for b in around for r in around]


def grids(**other):
    return [run for params in SIZES for tokens in TOKENS for run in grid(params, tokens, **other)]


def fit(trials, copies=0):
    return fit_surface(cells_of(trials), copies, np.random.default_rng(0))


@settings(max_examples=25)
@given(*[st.floats(-0.3, 0.3)] * 4, st.floats(1e-4, 1e-3), st.floats(-0.9, 0.9), st.floats(1e-4, 1e-3))
def test_any_surface_of_this_form_is_found_without_noise(t_batch, n_batch, t_lr, n_lr, of_batch, of_both, of_lr):
    laws = {
        "batch_law": PowerLaw(quantity="batch", scale=2e4, exponents={"tokens": t_batch, "params": n_batch}, unit=1e8),
        "lr_law": PowerLaw(quantity="lr", scale=1e-3, exponents={"tokens": t_lr, "params": n_lr}, unit=1e8),
    }
    curve = (of_batch, of_both * np.sqrt(of_batch * of_lr), of_lr)
    settings_of = [(p, t, 2e4 * b, 1e-3 * r) for p in SIZES for t in TOKENS for b in AROUND for r in AROUND]
    trials = [trial(*setting, **laws, curve=curve) for setting in settings_of]
    for runs in cells_of(trials).values():
        assume(max(run.loss for run in runs) < 1.02 * min(run.loss for run in runs))  # no run is left out
    surface = fit(trials)
    assert surface.batch.law().exponents == pytest.approx({"tokens": t_batch, "params": n_batch}, abs=1e-4)
    assert surface.lr.law().exponents == pytest.approx({"tokens": t_lr, "params": n_lr}, abs=1e-4)


def test_the_loss_of_a_grid_is_that_of_its_best_setting_though_no_run_has_it():
    surface = fit(grids(), copies=3)
    least_B, runs = surface.least(grid(1e8, 1e9), np.random.default_rng(0))
    assert least_B == pytest.approx(LAW(params=1e8, tokens=1e9))
    assert 1 < runs < 9
    assert min(run.loss for run in grid(1e8, 1e9)) > least_B[0]


def test_a_surface_that_falls_for_ever_has_no_best():
    falling = [
        trial(p, t, 2e4 * b, 1e-3 * r, curve=(-1e-3, 0, 1e-3))
        for p in SIZES
        for t in TOKENS
        for b in AROUND
        for r in AROUND
    ]
    assert fit(falling) is None


def test_runs_at_one_setting_have_no_surface():
    assert fit([trial(p, t, 2e4, 1e-3) for p in SIZES for t in TOKENS]) is None


def test_runs_trained_at_a_predicted_setting_do_not_feed_the_laws_of_the_setting():
    laws = fit_laws(grids(), bootstraps=0).laws
    misled = [trial(2e7, tokens, 1e6, 1e-3) for tokens in TOKENS]
    again = fit_laws(grids() + misled, bootstraps=0).laws
    assert again.batch == laws.batch
    assert again.lr == laws.lr


def test_losses_that_the_law_misses_are_worth_no_more_runs_than_that():
    rng = np.random.default_rng(0)
    noisy = [replace(run, loss=run.loss * (1 + 1e-4 * rng.standard_normal())) for run in grids()]
    of_law = fit_laws(noisy, bootstraps=0)
    missed = {cell: 5e-3 * rng.standard_normal() for cell in cells_of(noisy)}
    astray = fit_laws([replace(run, loss=run.loss + missed[run.params, run.tokens]) for run in noisy], bootstraps=0)
    assert max(of_law.weights) > 1.2
    assert max(astray.weights) < 1


def test_repeats_count_once_with_their_mean():
    repeats = [trial(1e7, 1e8, 2e4, 1e-3, seed=seed, off=off) for seed, off in enumerate((0.0, 0.02, 0.04))]
    (one,) = average_seeds(repeats)
    assert one.loss == pytest.approx(repeats[1].loss)
    lucky = fit_laws([*grids(), trial(1e7, 1e8, 2e4, 1e-3), *repeats[1:]], bootstraps=0)
    assert next(cell for cell in lucky.cells if (cell.params, cell.tokens) == (1e7, 1e8)).batch_tokens != 2e4


@pytest.mark.parametrize(
    ("tried", "whether"),
    [
        ([(1, 1), (1, 2), (2, 1), (2, 2)], True),
        ([(1, 1), (1, 2), (1, 3), (1, 4)], False),
        ([(1, 1), (2, 1), (3, 1), (4, 1)], False),
        ([(1, 1), (1, 2), (2, 1)], False),
        ([(1, 1), (1, 1), (2, 2), (1, 2)], False),
    ],
)
def test_a_grid_has_four_settings_two_batches_and_two_learning_rates(tried, whether):
    assert is_grid([trial(1e7, 1e8, float(batch), float(lr)) for batch, lr in tried]) is whether


def test_a_best_at_the_least_batch_that_there_can_be_lies_on_no_edge():
    high = grid(1e7, 1e8, around=(0.4, 0.9, 2.0))
    low = [run for run in high if run.batch_tokens > 1.1 * min(run.batch_tokens for run in high)]
    least = min(run.batch_tokens for run in low)
    assert not on_edge(high)
    assert on_edge(low)
    assert not on_edge(low, least)


def test_a_grid_whose_best_lies_on_its_edge_does_not_count():
    edge = grid(1e8, 1e9, around=(2.0, 4.0, 8.0))
    cells = cells_of([run for run in grids() if (run.params, run.tokens) != (1e8, 1e9)] + edge)
    assert set(settings_cells(cells)) == set(cells) - {(1e8, 1e9)}


def test_grids_with_all_their_bests_on_edges_are_refused_with_the_cells_to_widen():
    with pytest.raises(TooFew, match="of 9 of 9 grids lies on the edge") as refusal:
        fit_laws(grids(around=(2.0, 4.0, 8.0)))
    assert {(cell.params, cell.tokens) for cell in refusal.value.wanted} == {(p, t) for p in SIZES for t in TOKENS}


def test_grids_at_one_size_are_refused_with_the_cells_that_need_one():
    alone = [trial(p, t, 2e4, 1e-3) for p in SIZES[1:] for t in TOKENS]
    with pytest.raises(TooFew, match="grids at two sizes") as refusal:
        fit_laws([run for tokens in TOKENS for run in grid(SIZES[0], tokens)] + alone)
    assert {cell.params for cell in refusal.value.wanted} == set(SIZES[1:])


@pytest.mark.parametrize(("floor", "why"), [(0.5, "a floor of 0.5, not below"), (float("nan"), "no law of this form")])
def test_a_floor_that_leaves_nothing_to_learn_is_refused(floor, why):
    law = LossLaw(floor=floor, scale_params=1, alpha_params=1, scale_tokens=1, alpha_tokens=1)
    with pytest.raises(TooFew, match=why) as refusal:
        check_law(law, [trial(1e7, 1e8, 2e4, 1e-3)])
    assert refusal.value.wanted[0].tokens == 2e8


def test_losses_that_no_law_of_this_form_has_are_refused():
    flat = [trial(p, t, 2e4, 1e-3) for p in SIZES for t in TOKENS]
    larger_is_worse = [
        Trial(**{**vars(run), "loss": 1 - 0.01 * np.log(run.tokens) + 0.1 * np.log(run.params)}) for run in flat
    ]
    with pytest.raises(TooFew, match="no law of this form"):
        fit_laws(larger_is_worse, bootstraps=0)

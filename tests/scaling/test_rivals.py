import numpy as np
import pytest

from longtake.scaling.config import Setting
from longtake.scaling.published import published
from longtake.scaling.rivals import IN_TURN, by_compute, by_smallest_batch, quadratic_of, rivals_of
from longtake.scaling.surface import setting_laws
from longtake.scaling.trials import Trial, cells_of
from tests.scaling.test_surface import BATCH, LAW, LR, SIZES, TOKENS, grid, grids, trial


def test_the_quadratic_of_a_grid_is_least_where_its_loss_is_and_ends_where_nothing_was_tried():
    surface = quadratic_of(grid(1e8, 1e9))
    best = np.log([[BATCH(params=1e8, tokens=1e9), LR(params=1e8, tokens=1e9)]])
    assert surface(best) == pytest.approx(LAW(params=1e8, tokens=1e9))
    assert surface.least == pytest.approx(LAW(params=1e8, tokens=1e9), abs=1e-6)
    assert surface(best + 100) == surface(best + 200)


def test_a_grid_of_too_few_settings_has_no_quadratic():
    assert quadratic_of(grid(1e8, 1e9)[:5]) is None
    assert quadratic_of([trial(1e8, 1e9, 2e4 * 2.0**k, 1e-3) for k in range(8)]) is None


def test_laws_of_size_and_tokens_lose_nothing_on_a_grid_that_was_left_out():
    cells = cells_of(grids())
    ours, *others = rivals_of(cells, {}, Setting(batch_tokens=20_000, lr=1e-3))
    assert ours.excess == {IN_TURN: pytest.approx(0, abs=1e-6)}
    assert all(other.excess[IN_TURN] > 1e-5 for other in others)


def test_compute_alone_gives_one_slope_for_size_and_tokens():
    batch, lr = by_compute(cells_of([grid(p, t, around=(0.9,))[0] for p in SIZES for t in TOKENS]))
    assert 0.2 < batch.exponents["flops"] < 0.6
    assert -0.3 < lr.exponents["flops"] < -0.1


def test_the_smallest_batch_has_the_learning_rate_that_is_best_with_it():
    cells = cells_of(grids())
    batch, lr = by_smallest_batch(cells)
    assert batch() == min(run.batch_tokens for runs in cells.values() for run in runs)
    assert lr.exponents == pytest.approx(LR.exponents, abs=1e-6)
    assert lr(params=1e8, tokens=1e9) < setting_laws(cells)[1](params=1e8, tokens=1e9)


def test_without_grids_there_are_no_rivals():
    alone = cells_of([trial(p, t, 2e4, 1e-3) for p in SIZES for t in TOKENS])
    assert rivals_of(alone, {}, Setting(batch_tokens=20_000, lr=1e-3)) == ()


FIGURE_4 = {
    8.2e4: (0.5134, 0.5132, 0.5129, 0.5141, 0.5137, 0.5144),
    1.6e5: (0.5140, 0.5133, 0.5125, 0.5126, 0.5130, 0.5141),
    3.3e5: (0.5158, 0.5150, 0.5141, 0.5140, 0.5140, 0.5133),
}
"""Losses of 1.07B parameters after 10B tokens by batch, and by learning rates of 7.5e-5 to 5.7e-4 (arXiv 2411.17470, figure 4)."""


def test_the_papers_setting_is_the_best_of_the_quadratic_through_the_papers_grid():
    lrs = (7.5e-5, 1.1e-4, 1.7e-4, 2.5e-4, 3.8e-4, 5.7e-4)
    measured = [
        Trial(params=1.07e9, tokens=1e10, loss=loss, batch_tokens=batch, lr=lr, flops=6e19)
        for batch, losses in FIGURE_4.items()
        for lr, loss in zip(lrs, losses, strict=True)
    ]
    surface, paper = quadratic_of(measured), published("video-dit")
    setting = [[paper.batch(params=1.07e9, tokens=1e10), paper.lr(params=1.07e9, tokens=1e10)]]
    assert surface(np.log(setting)) == pytest.approx(surface.least, abs=5e-5)
    assert surface.least == pytest.approx(0.5127, abs=2e-4)

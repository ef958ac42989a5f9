import math
import random

import pytest

from longtake.config import load_config
from longtake.dit.config import DiTConfig
from longtake.errors import UserError
from longtake.scaling.cells import Outcome, lines_of
from longtake.scaling.config import SweepConfig
from longtake.scaling.family import Family
from longtake.scaling.plan import cells_wanted, first_estimate, flops_of, plan, share_out

FAMILY = Family(DiTConfig(width_per_layer=32), {(3, 6, 10): 1.0}, 16)
CONFIG = {
    "depths": [2, 3, 4, 5], "budgets": [1e12, 2e12, 4e12, 8e12], "guess": {"batch_tokens": 180, "lr": 1e-3},
    "grid": {"depths": [2, 3, 4], "tokens": [250_000, 1_000_000]},
    "held_out": {"depth": 7, "grid": 3, "flops": 1.6e13, "sizes": 2},
}  # fmt: skip


def config(**changes):
    return load_config(SweepConfig, {**CONFIG, **changes}, where="test")


def loss(cell, batch=lambda n, t: 45 * (t / 2.5e5) ** 0.8 * (n / 1e5) ** 0.2, lr=lambda n, t: 3e-3 * (n / 1e5) ** -0.2):
    """A law with a valley of batch and learning rate around known ones; seeds differ by a thousandth."""
    n, t = FAMILY.params(cell.line.depth), cell.tokens
    off = math.log(cell.line.batch_tokens / batch(n, t)) ** 2 + math.log(cell.line.lr / lr(n, t)) ** 2
    return 0.4 + 3 * n**-0.3 + 5 * t**-0.3 + 0.01 * off + 1e-4 * random.Random(str(cell)).random()


def run_all(given, fails=lambda cell: False, of=loss):
    """All outcomes of a sweep, and how many rounds it took."""
    outcomes = []
    for rounds in range(30):
        cells = plan(given, FAMILY, outcomes).cells
        if not cells:
            return outcomes, rounds
        outcomes += [
            Outcome(cell=cell, loss=None, reason="diverged") if fails(cell) else Outcome(cell=cell, loss=of(cell))
            for cell in cells
        ]
    raise AssertionError("the sweep has no end")


def test_a_sweep_goes_from_grids_over_sizes_to_what_is_held_out_and_ends():
    outcomes, _ = run_all(config())
    phases = plan(config(), FAMILY, outcomes).phases
    names = ["grids", "repeats", "sizes, tuned", "sizes, fixed", "held-out size", "held-out budget"]
    assert [phase.name for phase in phases] == names
    assert all(phase.done for phase in phases)
    sizes = {phase.name: phase.cells for phase in phases}
    assert len(sizes["sizes, tuned"]) == len(sizes["sizes, fixed"]) == 16
    assert {cell.line.seed for cell in sizes["repeats"]} == {0, 1, 2}
    assert len({(cell.line.batch_tokens, cell.line.lr) for cell in sizes["sizes, fixed"]}) == 1
    assert {cell.line.depth for cell in sizes["held-out size"]} == {7}


def test_grids_are_widened_until_the_best_lies_inside():
    far = config(guess={"batch_tokens": 45 * 64, "lr": 1e-4}, grid={**CONFIG["grid"], "widenings": 8})
    outcomes, rounds = run_all(far)
    assert rounds > 3
    grids = plan(far, FAMILY, outcomes).phases[0].cells
    for depth in (2, 3, 4):
        for tokens in (250_000, 1_000_000):
            here = [cell for cell in grids if cell.line.depth == depth and cell.tokens == tokens]
            best = min(here, key=loss).line
            batches, lrs = ({getattr(cell.line, name) for cell in here} for name in ("batch_tokens", "lr"))
            assert min(batches) < best.batch_tokens < max(batches) or best.batch_tokens == FAMILY.sample_tokens
            assert min(lrs) < best.lr < max(lrs)


def test_widening_ends_where_the_best_is_always_on_the_edge():
    given = config(grid={**CONFIG["grid"], "widenings": 2})
    outcomes, _ = run_all(given, of=lambda cell: 1 - 0.1 * cell.line.lr)
    planned = plan(given, FAMILY, outcomes)
    assert len({cell.line.lr for cell in planned.phases[0].cells}) == 4 + 2
    assert (len(planned.phases), planned.cells) == (1, ())
    assert "6 of 6 grids lies on the edge of what was tried" in str(planned.stuck)
    wanted = cells_wanted(planned.stuck, given, FAMILY, outcomes)
    assert {(cell.line.depth, cell.tokens) for cell in wanted} == {
        (d, t) for d in (2, 3, 4) for t in (250_000, 1_000_000)
    }
    assert all(why.startswith("a wider grid") for why in wanted.values())


def test_sizes_are_trained_where_the_law_of_the_grids_has_batch_and_learning_rate():
    outcomes, _ = run_all(config())
    tuned = plan(config(), FAMILY, outcomes).phases[2].cells
    for cell in tuned:
        n, t = FAMILY.params(cell.line.depth), cell.tokens
        wanted = 45 * (t / 2.5e5) ** 0.8 * (n / 1e5) ** 0.2
        assert cell.line.batch_tokens == pytest.approx(wanted, rel=0.35, abs=45)
        assert cell.line.lr == pytest.approx(3e-3 * (n / 1e5) ** -0.2, rel=0.35)
        budget = min(
            CONFIG["budgets"], key=lambda flops: abs(flops / (t * FAMILY.flops_per_token(cell.line.depth)) - 1)
        )
        assert t * FAMILY.flops_per_token(cell.line.depth) == pytest.approx(budget, rel=1e-4)


def test_the_plan_hangs_on_what_is_done_and_not_on_its_order():
    outcomes, _ = run_all(config())
    mixed = outcomes.copy()
    random.Random(0).shuffle(mixed)
    assert plan(config(), FAMILY, mixed) == plan(config(), FAMILY, outcomes)
    assert plan(config(), FAMILY, outcomes[:-1]).cells == (outcomes[-1].cell,)


def test_a_failed_run_is_no_minimum_and_is_not_planned_again():
    outcomes, _ = run_all(config(), fails=lambda cell: cell.line.lr > 6e-3)
    assert any(outcome.loss is None for outcome in outcomes)
    assert all(cell.line.lr <= 6e-3 for cell in plan(config(), FAMILY, outcomes).phases[2].cells)


def test_a_grid_that_has_failed_wholly_says_where_to_begin_instead():
    with pytest.raises(
        UserError, match=r"every run of the grid at depth 2 has failed, diverged for one; begin it elsewhere"
    ):
        run_all(config(), fails=lambda cell: True)


def test_the_estimate_is_what_an_unwidened_sweep_costs():
    first = first_estimate(config(), FAMILY)
    assert [phase.name for phase in first] == [
        "grids", "repeats", "sizes, tuned", "sizes, fixed", "held-out size", "held-out budget"
    ]  # fmt: skip
    assert len(first[0].cells) == 3 * 3 * 4 * 2
    one = [cell for cell in first[0].cells if cell.line.depth == 2]
    assert flops_of(one, FAMILY) == pytest.approx(12 * 1_000_000 * FAMILY.flops_per_token(2))
    planned = plan(config(), FAMILY, []).phases
    assert planned[0].cells == first[0].cells


def test_shares_hold_every_cell_once_and_cost_about_the_same():
    cells = [cell for phase in first_estimate(config(), FAMILY) for cell in phase.cells]
    shares = share_out(cells, FAMILY, 4)
    assert sorted(cell for share in shares for cell in share) == sorted(set(cells))
    costs = [flops_of(share, FAMILY) for share in shares]
    assert max(costs) < 1.2 * min(costs)
    assert all(len({id(s) for s in shares for c in s if c.line == line}) == 1 for line in lines_of(cells))
    assert len(share_out(cells[:1], FAMILY, 4)) == 1
    assert share_out([], FAMILY, 4) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budgets": [1e9, 2e12], "held_out": {}}, "less than one batch"),
        ({"guess": None, "prior": "kaplan"}, "kaplan has no laws of batch and learning rate"),
    ],
)
def test_what_cannot_be_planned_is_said(changes, words):
    with pytest.raises(UserError, match=words):
        first_estimate(config(**changes), FAMILY)


@pytest.mark.parametrize(
    "changes",
    [
        {"grid": {"depths": [2], "tokens": [1000, 2000]}},
        {"held_out": {"depth": 4}},
        {"held_out": {"flops": 1e12}},
    ],
)
def test_a_config_that_cannot_be_right_is_refused(changes):
    with pytest.raises(UserError):
        config(**changes)


def test_the_papers_sizes_budgets_and_tokens_are_the_default():
    given = load_config(SweepConfig, {}, where="test")
    family = Family()
    assert [round(family.params(depth) / 1e6) for depth in given.depths] == [17, 57, 134, 262]
    assert given.budgets == (3e17, 6e17, 1e18, 3e18, 6e18)
    grids = first_estimate(given, family)[0].cells
    assert {cell.tokens for cell in grids} == {2_000_000_000, 4_000_000_000, 10_000_000_000}

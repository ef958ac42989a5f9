import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.scaling.fit import fit_laws, reducible_error
from longtake.scaling.huber import fit_huber, starts
from longtake.scaling.isoflop import find_valleys, size_by_valleys
from longtake.scaling.law import LossLaw
from longtake.scaling.projection import project
from longtake.scaling.published import published
from longtake.scaling.sufficiency import TooFew
from longtake.scaling.trials import Trial, read_trials

PAPER = published("video-dit")
SIZES = [16 * layers * (128 * layers) ** 2 for layers in (2, 3, 4, 6, 8)]
TOKENS = (0.5e9, 1e9, 2e9, 4e9, 8e9)


def runs(noise=0.0, seed=0, sizes=SIZES, tokens=TOKENS):
    rng = np.random.default_rng(seed)
    return [
        {
            "params": n, "tokens": t, "loss": PAPER.loss(params=n, tokens=t) * (1 + noise * rng.standard_normal()),
            "batch_tokens": PAPER.batch(params=n, tokens=t), "lr": PAPER.lr(params=n, tokens=t),
        }
        for n in sizes
        for t in tokens
    ]  # fmt: skip


def test_without_noise_the_papers_constants_come_back():
    fitted = fit_laws(runs(), bootstraps=8)
    law = fitted.laws.loss
    assert law.floor == pytest.approx(PAPER.loss.floor, rel=1e-5)
    assert law.alpha_params == pytest.approx(0.3188, rel=1e-4)
    assert law.alpha_tokens == pytest.approx(0.2917, rel=1e-4)
    assert law.scale_params == pytest.approx(6.07, rel=1e-2)
    assert law.scale_tokens == pytest.approx(15.74, rel=1e-2)
    assert fitted.laws.batch.exponents == pytest.approx({"tokens": 0.8080, "params": 0.1906})
    assert fitted.laws.lr(tokens=1e9, params=1e8) == pytest.approx(PAPER.lr(tokens=1e9, params=1e8))
    assert fitted.laws.size.exponents["flops"] == pytest.approx(PAPER.loss.size_exponent, rel=1e-4)


@settings(max_examples=15)
@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(0.0, 2.0))
def test_any_law_of_this_form_is_recovered(alpha_params, alpha_tokens, floor):
    law = LossLaw(
        floor=floor, scale_params=0.1, alpha_params=alpha_params, scale_tokens=0.1, alpha_tokens=alpha_tokens, unit=1e8
    )
    params, tokens = (np.ravel(axis) for axis in np.meshgrid(SIZES, TOKENS))
    losses = np.array([law(params=n, tokens=t) for n, t in zip(params, tokens, strict=True)])
    found = project(params, tokens, losses[None]).law()
    assert found.alpha_params == pytest.approx(alpha_params, rel=1e-3)
    assert found.alpha_tokens == pytest.approx(alpha_tokens, rel=1e-3)
    assert found.floor == pytest.approx(floor, abs=1e-4)


def test_with_noise_the_intervals_hold_the_constants_and_a_held_out_run():
    fitted = fit_laws(runs(noise=1e-3), bootstraps=300)
    constants = fitted.constants(0.99)
    assert constants["loss.alpha_params"].low < 0.3188 < constants["loss.alpha_params"].high
    assert constants["loss.alpha_tokens"].low < 0.2917 < constants["loss.alpha_tokens"].high
    held_out = fitted.predict_loss(params=SIZES[-1] * 2, tokens=16e9, chance=0.99)
    assert held_out.low < PAPER.loss(params=SIZES[-1] * 2, tokens=16e9) < held_out.high
    assert fitted.noise == pytest.approx(5e-4, rel=0.5)


def test_the_same_runs_and_seed_give_the_same_intervals():
    one, two = (fit_laws(runs(noise=1e-3), bootstraps=20, seed=7).constants() for _ in range(2))
    assert one == two


def test_errors_are_told_against_the_reducible_loss():
    fitted = fit_laws(runs(), bootstraps=2)
    law = fitted.laws.loss
    off = Trial(
        params=1e9, tokens=1e10, flops=6e19, batch_tokens=1e5, lr=1e-4,
        loss=law(params=1e9, tokens=1e10) + 0.1 * law.reducible(params=1e9, tokens=1e10),
    )  # fmt: skip
    assert reducible_error(fitted, [off]) == pytest.approx([0.1])


def test_the_parabola_of_a_budget_is_least_near_the_best_size():
    law = PAPER.loss
    trials = []
    for flops in (1e18, 3e18):
        best, _ = law.optimum(flops, lambda n: 6 * n)
        for factor in (0.5, 0.7, 1.0, 1.4, 2.0):
            n = best * factor
            t = flops / (6 * n)
            trials.append(Trial(params=n, tokens=t, loss=law(params=n, tokens=t), batch_tokens=1, lr=1, flops=flops))
    valleys = find_valleys(trials)
    assert [valley.on_edge for valley in valleys] == [False, False]
    assert valleys[0].params == pytest.approx(law.optimum(1e18, lambda n: 6 * n)[0], rel=0.05)
    assert size_by_valleys(valleys).exponents["flops"] == pytest.approx(law.size_exponent, abs=0.01)


@pytest.mark.parametrize(
    ("few", "why"),
    [
        (runs(sizes=SIZES[:1]), "the runs have 1 sizes"),
        (runs(tokens=TOKENS[:2]), "the runs have 2 numbers of tokens"),
        (runs(sizes=SIZES[:3], tokens=TOKENS[:3])[:7], "there are 7 cells"),
    ],
)
def test_too_few_runs_are_refused_with_what_to_run_next(few, why):
    with pytest.raises(TooFew, match=why) as refusal:
        fit_laws(few)
    assert refusal.value.wanted
    assert "run next: N " in str(refusal.value)


def test_losses_that_rise_with_tokens_are_refused():
    rising = [row | {"loss": 1 + row["tokens"] / 1e10} for row in runs()]
    with pytest.raises(TooFew, match="does not fall with more tokens"):
        fit_laws(rising)


@pytest.mark.parametrize("name", ["params", "loss", "lr"])
def test_a_row_without_a_number_is_named(name):
    row = runs()[0]
    with pytest.raises(UserError, match=f"run 0 has no {name}"):
        read_trials([row | {name: None}])
    with pytest.raises(UserError, match="run 0 has a number that is not above nought"):
        read_trials([row | {name: -1.0}])


def test_huber_from_a_few_starts_comes_to_the_same_law_without_noise():
    rows = runs()
    columns = [np.array([row[name] for row in rows]) for name in ("params", "tokens", "loss")]
    found = fit_huber(*columns, begin=starts()[::12])
    assert found.alpha_params == pytest.approx(0.3188, rel=0.02)
    assert found.alpha_tokens == pytest.approx(0.2917, rel=0.02)
    assert found.floor == pytest.approx(0.4856, rel=1e-3)

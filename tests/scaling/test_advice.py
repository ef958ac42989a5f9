import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.config import load_config
from longtake.dit.recipe import TrainingConfig
from longtake.errors import UserError
from longtake.scaling.advice import advise, least_budget, training_config
from longtake.scaling.family import DEPTHS, Family
from longtake.scaling.published import published
from longtake.scaling.stored import StoredLaws
from tests.scaling.laws import FAMILY, drawn_laws

PAPER = StoredLaws(laws=published("video-dit"))
SHAPE = Family()


def spent(choice):
    return choice.tokens * choice.flops_per_token


@pytest.mark.parametrize(("flops", "depth"), [(1e18, 6), (1e19, 8), (1e20, 12), (5.85e20, 15), (1e22, 24)])
def test_the_papers_law_has_its_argmin_in_the_family_at_a_known_depth(flops, depth):
    advice = advise(PAPER, flops=flops)
    assert advice.choice.depth == depth == SHAPE.depth_near(advice.sizes[0].params)
    assert spent(advice.choice) == pytest.approx(flops)


def test_all_sizes_that_the_paper_prints_are_shown_and_how_flat_the_loss_is_between_them():
    advice = advise(PAPER, flops=1e22)
    argmin, empirical, predicted = advice.sizes
    assert [size.by for size in advice.sizes] == ["loss", "size", "predicted_size"]
    assert (argmin.params, empirical.params, predicted.params) == pytest.approx((3.6e9, 2.09e9, 2.435e9), rel=0.01)
    assert argmin.excess == 0
    assert (empirical.excess, predicted.excess) == pytest.approx((1.6e-4, 8e-5), rel=0.05)
    assert advise(PAPER, flops=1e22, by="size").choice.depth == 20
    assert advise(PAPER, flops=1e22).choice.depth == 24


@settings(max_examples=15, deadline=None)
@given(st.floats(16, 24))
def test_no_depth_of_the_family_has_a_lower_loss_than_the_advised_one(exponent):
    flops = 10**exponent
    advice, law = advise(PAPER, flops=flops), PAPER.loss
    losses = [law(params=SHAPE.params(d), tokens=flops / SHAPE.flops_per_token(d)) for d in DEPTHS]
    assert advice.choice.loss == min(losses)
    assert advice.half > 0
    assert advice.double > 0
    assert advice.frugal.depth <= advice.choice.depth
    assert advice.frugal.loss <= advice.choice.loss + advice.epsilon
    if advice.frugal.depth > 1:
        assert losses[advice.frugal.depth - 2] > advice.choice.loss + advice.epsilon
    assert 0 <= advice.saved < 1


@settings(max_examples=10, deadline=None)
@given(st.floats(0.492, 0.6))
def test_the_least_budget_of_a_loss_comes_to_it_and_less_does_not(loss):
    flops = least_budget(PAPER.loss, SHAPE, loss)
    assert advise(PAPER, loss=loss).choice.loss == pytest.approx(loss, rel=1e-9)
    assert advise(PAPER, flops=0.99 * flops).choice.loss > loss
    assert advise(PAPER, loss=loss).flops == flops


def test_a_batch_is_whole_samples_and_one_at_least():
    advice = advise(PAPER, flops=1e19)
    law = PAPER.laws
    exact = law.batch(params=advice.choice.params, tokens=advice.choice.tokens)
    assert advice.setting.batch_tokens % 1280 == 0
    assert advice.setting.batch_tokens == pytest.approx(exact, abs=640)
    assert advice.setting.lr == pytest.approx(
        law.lr(params=advice.choice.params, tokens=advice.choice.tokens), rel=5e-3
    )
    assert advice.steps == math.ceil(advice.choice.tokens / advice.setting.batch_tokens)
    assert advise(PAPER, flops=3e12).setting.batch_tokens == 1280


def test_fitted_laws_give_an_interval_their_own_family_and_the_noise_as_what_makes_no_difference():
    laws = drawn_laws()
    advice = advise(laws, flops=1e18)
    choice = advice.choice
    assert choice.flops_per_token == FAMILY.flops_per_token(choice.depth)
    assert advice.interval == laws.fitted.predict_loss(params=choice.params, tokens=choice.tokens, chance=0.9)
    assert advice.interval.low < choice.loss < advice.interval.high
    assert advice.epsilon == laws.fitted.noise
    assert advise(laws, flops=1e18, epsilon=0.0).frugal == choice
    of_size = advice.sizes[1]
    assert of_size.interval.low < of_size.params < of_size.interval.high
    assert advice.warnings == ()
    other = advise(laws, flops=1e18, family=SHAPE).choice
    assert other.flops_per_token == SHAPE.flops_per_token(other.depth)


def test_what_extrapolates_is_said_and_what_is_a_hair_beyond_is_not():
    assert [said.split()[0] for said in advise(drawn_laws(), flops=1e21).warnings] == ["params", "tokens", "flops"]
    within, beyond = advise(PAPER, flops=1e19), advise(PAPER, flops=1e20)
    assert PAPER.laws.valid["tokens"][1] < within.choice.tokens
    assert [said.split()[0] for said in within.warnings] == ["published"]
    assert [said.split()[0] for said in beyond.warnings] == ["params", "tokens", "published"]
    assert any("depth 1 is the smallest of the family" in said for said in advise(PAPER, flops=1e14).warnings)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "give one of the two"),
        ({"flops": 1e18, "loss": 0.5}, "give one of the two"),
        ({"flops": -1.0}, "a budget of -1 FLOPs is none"),
        ({"flops": 1e3}, "1e.03 FLOPs do not pay for one sample of 1,280 tokens"),
        ({"loss": 0.4856}, "no budget comes to a loss of 0.4856: the law's floor is 0.4856, which nothing gets below"),
        ({"loss": 0.48561}, "of the family's 128 depths the largest would not"),
        ({"loss": 0.5, "by": "size"}, "leave `by: size` out"),
    ],
)
def test_what_cannot_be_advised_is_said(asked, said):
    with pytest.raises(UserError, match=said):
        advise(PAPER, **asked)


def test_laws_without_batch_and_learning_rate_advise_a_size_and_no_training():
    laws = StoredLaws(laws=published("chinchilla"))
    advice = advise(laws, flops=1e19)
    assert (advice.setting, advice.steps) == (None, None)
    with pytest.raises(UserError, match="'chinchilla' do not say batch and learning rate"):
        training_config(advice, SHAPE, "chinchilla")
    with pytest.raises(UserError, match="'chinchilla' have no law of the size"):
        advise(laws, flops=1e19, by="size")


def test_the_advised_training_is_a_config_of_the_laws_family():
    advice = advise(drawn_laws(), flops=1e18)
    config = load_config(TrainingConfig, training_config(advice, FAMILY, "mine"), where="training config")
    assert config.model == FAMILY.at(advice.choice.depth)
    assert (config.tokens, config.batch_tokens) == (round(advice.choice.tokens), advice.setting.batch_tokens)
    assert (config.lr, config.laws, config.schedule.kind) == (advice.setting.lr, "mine", "constant")


def test_the_package_gives_fitting_and_advice_by_their_names():
    from longtake import scaling
    from longtake.scaling.fit import fit_laws

    assert (scaling.advise, scaling.fit_laws) == (advise, fit_laws)

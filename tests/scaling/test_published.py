import math

import pytest

from longtake.errors import UserError
from longtake.scaling.law import family_width, flops_per_token
from longtake.scaling.published import PUBLISHED, published

PAPER = published("video-dit")


@pytest.mark.parametrize(
    ("params", "tokens", "expected"),
    [(1.07e9, 10e9, 0.51268), (0.72e9, 140e9, 0.50353)],
)
def test_the_loss_law_gives_the_papers_two_predictions(params, tokens, expected):
    assert PAPER.loss(params=params, tokens=tokens) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("layers", "params"), [(4, 16.8e6), (6, 56.6e6), (8, 134e6), (10, 262e6), (14, 719e6), (16, 1074e6)]
)
def test_the_family_of_one_dial_has_the_papers_six_sizes(layers, params):
    exact = 16 * layers * (128 * layers) ** 2
    assert exact == pytest.approx(params, rel=0.005)
    assert family_width(exact) == pytest.approx(128 * layers)


def test_the_largest_budget_is_140_billion_tokens_at_fourteen_layers():
    assert 5.85e20 / flops_per_token(16 * 14 * 1792**2) == pytest.approx(140.6e9, rel=5e-4)


@pytest.mark.parametrize(("tokens", "batch", "lr"), [(4e9, 6.8e4, 1.86e-4), (10e9, 1.42e5, 1.78e-4)])
def test_batch_and_learning_rate_are_those_of_the_marked_cells(tokens, batch, lr):
    assert PAPER.batch(params=1.07e9, tokens=tokens) == pytest.approx(batch, rel=0.01)
    assert PAPER.lr(params=1.07e9, tokens=tokens) == pytest.approx(lr, rel=0.01)


def test_both_printed_formulas_give_their_size_at_1e22():
    assert PAPER.size(flops=1e22) == pytest.approx(2.09e9, rel=0.005)
    assert PAPER.predicted_size(flops=1e22) == pytest.approx(2.435e9, rel=0.002)
    assert 1 - PAPER.predicted_size(flops=1e22) / 4.04e9 == pytest.approx(0.399, abs=0.002)


def test_the_printed_size_is_not_the_least_loss_of_the_printed_loss_law():
    assert PAPER.loss.size_exponent == pytest.approx(0.478, abs=5e-4)
    params, tokens = PAPER.loss.optimum(1e22, flops_per_token)
    assert params == pytest.approx(3.6e9, rel=0.02)
    at = {n: PAPER.loss(params=n, tokens=1e22 / flops_per_token(n)) for n in (2.43e9, 3.6e9, 4.04e9)}
    assert min(at.values()) == at[3.6e9]
    assert max(at.values()) - min(at.values()) < 1e-4
    assert tokens == pytest.approx(1e22 / flops_per_token(params))


def test_the_optimum_of_a_law_with_a_known_answer_is_found():
    chinchilla = published("chinchilla").loss
    params, tokens = chinchilla.optimum(5.76e23, lambda n: 6 * n)
    ratio = chinchilla.scale_params * chinchilla.alpha_params / (chinchilla.scale_tokens * chinchilla.alpha_tokens)
    closed = ratio ** (1 / 0.62) * (5.76e23 / 6) ** (0.28 / 0.62)
    assert params == pytest.approx(closed, rel=1e-4)
    assert 6 * params * tokens == pytest.approx(5.76e23)


def test_kaplans_laws_are_one_at_their_own_units():
    laws = published("kaplan").losses
    assert laws["params"](params=8.8e13) == laws["tokens"](tokens=5.4e13) == 1.0


def test_a_law_says_what_it_is_asked_by():
    with pytest.raises(UserError, match="asked by params; it takes tokens, params"):
        PAPER.batch(params=1e9)


def test_what_lies_beyond_the_fitted_runs_is_said():
    assert PAPER.beyond(params=0.1e9, tokens=4e9) == []
    (sentence,) = PAPER.beyond(params=7e9, tokens=4e9)
    assert sentence.startswith("params 7e+09 is above the 1.7e+07 to 2.6e+08")


def test_an_unknown_name_is_told_its_nearest():
    with pytest.raises(UserError, match="did you mean 'chinchilla'"):
        published("chinchila")


def test_every_law_gives_finite_positive_numbers_and_names_its_source():
    for laws in PUBLISHED.values():
        assert "arXiv" in laws.source
        for law in (laws.batch, laws.lr, laws.size, laws.predicted_size, laws.tokens, *laws.losses.values()):
            if law:
                assert 0 < law(**dict.fromkeys(law.exponents, 1e9)) < math.inf

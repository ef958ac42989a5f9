import math

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the torch extra is not installed")

from longtake.tsa_training.agreement import agree, rank_correlation

TARGET = np.array([1.0, 2.0, 3.0, 4.0])
SOURCES = ["a", "a", "b", "b"]


def values(found):
    return [figure.value for figure in (found.plcc, found.srcc, found.krcc, found.rmse)]


def test_an_affine_prediction_correlates_in_full_and_its_error_is_in_the_units_of_the_scores():
    assert values(agree(TARGET / 2, TARGET, SOURCES)) == pytest.approx([1, 1, 1, math.sqrt((0.25 + 1 + 2.25 + 4) / 4)])


def test_one_swapped_pair_of_six_costs_what_the_formulas_say():
    found = agree(np.array([1.0, 3.0, 2.0, 4.0]), TARGET, SOURCES)
    assert values(found) == pytest.approx([0.8, 0.8, 4 / 6, math.sqrt(0.5)])
    assert (found.samples, found.sources) == (4, 2)


@pytest.mark.parametrize("predicted", [np.full(4, 2.0), np.full(4, 0.1) + np.array([0, 1e-17, 0, 0])])
def test_a_constant_prediction_has_an_error_but_no_correlation(predicted):
    found = agree(predicted, TARGET, SOURCES)
    assert all(math.isnan(value) for value in values(found)[:3])
    assert found.rmse.value > 0
    assert math.isnan(rank_correlation(predicted, TARGET))


@pytest.mark.parametrize("size", [0, 1])
def test_too_few_samples_have_no_correlation(size):
    assert math.isnan(agree(TARGET[:size], TARGET[:size], SOURCES[:size]).srcc.value)


def test_the_interval_holds_the_figure_and_is_the_same_for_the_same_seed():
    rng = np.random.default_rng(0)
    target = rng.normal(size=200)
    predicted, sources = target + rng.normal(size=200), [str(n % 10) for n in range(200)]
    found = agree(predicted, target, sources, seed=3, draws=50)
    assert found.srcc.low < found.srcc.value < found.srcc.high
    assert found == agree(predicted, target, sources, seed=3, draws=50)
    assert found.srcc != agree(predicted, target, sources, seed=4, draws=50).srcc


def test_within_sources_it_does_not_matter_what_a_source_is_like():
    predicted = np.array([1.0, 2.0, 3.0, 11.0, 12.0, 13.0])
    target = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0])
    found = agree(predicted, target, ["a"] * 3 + ["b"] * 3, draws=20)
    assert found.within.value == pytest.approx(1)
    assert found.srcc.value < 0.6
    assert found.within.low == pytest.approx(found.within.high)


def test_samples_that_are_alike_make_no_interval_narrower():
    rng = np.random.default_rng(0)
    target, predicted = rng.normal(size=(2, 12))
    sources = [str(n) for n in range(12)]
    once = agree(predicted, target, sources, draws=50)
    often = agree(np.repeat(predicted, 9), np.repeat(target, 9), np.repeat(sources, 9).tolist(), draws=50)
    assert (often.plcc.low, often.plcc.high) == pytest.approx((once.plcc.low, once.plcc.high))


def test_one_source_has_no_interval():
    found = agree(np.array([1.0, 3.0, 2.0, 4.0]), TARGET, ["a"] * 4)
    assert math.isnan(found.plcc.low)
    assert math.isnan(found.plcc.high)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.selecting.valley import (
    EDGES,
    FEWEST_CLIPS,
    LEAST_SD,
    Mixture,
    bin_of,
    choose_threshold,
    count_scores,
    density,
    find_valley,
    fit,
)

BARS = {
    1.1: 180, 1.3: 360, 1.5: 375, 1.7: 160, 1.9: 99, 2.1: 80, 2.3: 79, 2.5: 98, 2.7: 155, 2.9: 245, 3.1: 330, 3.3: 395,
    3.5: 390, 3.7: 365, 3.9: 475, 4.1: 687, 4.3: 800, 4.5: 500, 4.7: 130, 4.9: 10,
}  # fmt: skip
"""Clips of Koala-36M by VTSS, as a user of the released CSV read them off its histogram (centre: count)."""


def two_kinds(low, high, share, clips=4000, seed=0):
    """Scores from two Gaussians (mean, sd), clipped to the scale."""
    noise = np.random.default_rng(seed)
    of_low = noise.random(clips) < share
    return np.where(of_low, noise.normal(*low, clips), noise.normal(*high, clips)).clip(1, 5)


@pytest.mark.parametrize(
    ("low", "high", "share"), [((1.8, 0.3), (4.0, 0.4), 0.3), ((2.5, 0.2), (3.5, 0.25), 0.6), ((1.5, 0.3), (3.8, 0.6), 0.2)]
)  # fmt: skip
def test_a_known_mixture_is_recovered_and_cut_at_its_own_valley(low, high, share):
    known = Mixture((share, 1 - share), (low[0], high[0]), (low[1], high[1]))
    cut = choose_threshold(count_scores(two_kinds(low, high, share)))
    assert cut.how == "valley"
    assert cut.threshold == pytest.approx(find_valley(known), abs=0.1)
    for name in ("weights", "means", "sds"):
        assert getattr(cut.mixture, name) == pytest.approx(getattr(known, name), abs=0.06)
    assert cut.sentence.startswith(f"{cut.threshold:g}, the valley between the clips around")


def test_the_published_scores_are_cut_in_the_valley_of_their_histogram():
    """The bars are lowest from 2.0 to 2.4; the paper's 2.5 lies on their upper side."""
    scores = [low for centre, n in BARS.items() for low in np.linspace(centre - 0.1, centre + 0.099, n)]
    cut = choose_threshold(count_scores(scores))
    assert (cut.how, cut.threshold) == ("valley", pytest.approx(2.18, abs=0.02))


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([], f"0 clips within the scale are too few to fit, {FEWEST_CLIPS} at least"),
        ([2.0, 4.0], "2 clips"),
        ([5.0] * 1000, "0 clips within the scale"),
        ([3.0] * 1000, "all are equal"),
        (two_kinds((3.2, 0.5), (3.2, 0.5), 0.5), "one"),
        (two_kinds((1.3, 0.1), (3.5, 0.4), 0.01), "there is one kind of clip, around 3.5"),
        (np.linspace(1.005, 4.995, 4000), "the scores do not thin out"),
    ],
)
def test_without_a_valley_the_papers_threshold_is_taken_and_the_reason_said(scores, words):
    cut = choose_threshold(count_scores(scores))
    assert (cut.threshold, cut.how) == (2.5, "fallback")
    assert cut.sentence.startswith("2.5, the paper's: ")
    assert words in cut.sentence


def test_two_places_are_two_gaussians_of_the_least_width():
    cut = choose_threshold(count_scores([2.005] * 100 + [4.005] * 100))
    assert cut.mixture.means == pytest.approx((2.005, 4.005))
    assert cut.mixture.sds == (LEAST_SD, LEAST_SD)
    assert cut.threshold == pytest.approx(3, abs=0.01)


def test_scores_that_were_clipped_to_an_end_are_no_peak():
    cut = choose_threshold(count_scores(np.concatenate([two_kinds((3.4, 0.5), (3.4, 0.5), 0.5), np.full(2000, 5.0)])))
    assert (cut.threshold, cut.how) == (2.5, "fallback")


def test_what_is_given_is_taken_and_the_scores_are_fitted_all_the_same():
    cut = choose_threshold(count_scores(two_kinds((1.8, 0.3), (4.0, 0.4), 0.3)), given=3.25)
    assert (cut.threshold, cut.how, cut.sentence) == (3.25, "given", "3.25, as the config says")
    assert cut.mixture is not None
    assert choose_threshold(count_scores([]), given=3.25).mixture is None


@given(st.lists(st.integers(100, 500).map(lambda hundredths: hundredths / 100)))
def test_a_score_of_two_decimals_is_in_the_bin_that_begins_with_it(scores):
    counts = count_scores(scores)
    assert counts.sum() == len(scores)
    for score in scores:
        assert EDGES[bin_of(score)] == min(score, 4.99)
        assert counts[bin_of(score)] > 0


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(-30, 30))
def test_order_repetition_and_a_shift_change_nothing_but_the_place(seed, times, shift):
    counts = (
        count_scores(two_kinds((2.2, 0.2), (3.8, 0.3), 0.4, clips=2000, seed=seed))
        * (EDGES[:-1] > 1.4)
        * (EDGES[:-1] < 4.6)
    )
    plain = choose_threshold(counts)
    again = choose_threshold(np.roll(counts * times, shift))
    assert (plain.how, again.how) == ("valley", "valley")
    assert again.threshold == pytest.approx(plain.threshold + shift / 100, abs=0.021)


def test_the_density_of_both_together_is_one():
    mixture = fit(count_scores(two_kinds((1.8, 0.3), (4.0, 0.3), 0.3)))
    places = np.linspace(-5, 12, 5000)
    assert np.trapezoid(density(mixture, places).sum(axis=0), places) == pytest.approx(1, abs=1e-4)


def test_it_agrees_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.mixture", reason="scikit-learn is not installed")
    scores = two_kinds((1.9, 0.4), (3.8, 0.5), 0.35)
    inside = scores[(scores > 1.01) & (scores < 4.99)]
    theirs = sklearn.GaussianMixture(2, random_state=0, tol=1e-7, max_iter=2000).fit(inside[:, None])
    assert fit(count_scores(inside)).means == pytest.approx(sorted(theirs.means_[:, 0]), abs=0.01)

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.promotion.config import PromotingConfig
from longtake.promotion.judging import Judged, decide

ANY = PromotingConfig(sigmas=0)
LOSSES = st.floats(0.01, 10)


def videos(*pairs):
    """One sample a video: (loss of the new model, of the one in use)."""
    return [Judged(f"v{n}", new, old) for n, (new, old) in enumerate(pairs)]


def test_a_lower_loss_is_promoted_and_the_reason_has_both():
    verdict = decide(videos((0.9, 1.0), (0.8, 1.0)), ANY)
    assert verdict.promoted
    assert (verdict.loss, verdict.previous_loss) == (pytest.approx(0.85), 1.0)
    assert "0.85 is 15.00% below the 1 of the model in use, on 2 samples of 2 videos" in verdict.reason


def test_a_higher_loss_is_refused_and_the_reason_says_what_it_takes():
    verdict = decide(videos((1.1, 1.0)), PromotingConfig(margin=0.02, sigmas=0))
    assert not verdict.promoted
    assert "10.00% above" in verdict.reason
    assert "a promotion needs 2.00% less" in verdict.reason
    assert "1 sample of 1 video;" in verdict.reason


def test_the_same_loss_is_no_promotion():
    assert not decide(videos((1.0, 1.0)), ANY).promoted


@pytest.mark.parametrize(("loss", "promoted"), [(0.951, False), (0.949, True)])
def test_the_margin_is_a_share_of_the_loss_in_use(loss, promoted):
    assert decide(videos((loss, 1.0)), PromotingConfig(margin=0.05, sigmas=0)).promoted is promoted


def test_what_may_be_chance_is_no_promotion_and_the_reason_says_how_much_may_be():
    noisy = videos((0.5, 1.0), (1.4, 1.0), (0.6, 1.0), (1.3, 1.0))
    assert decide(noisy, ANY).promoted
    verdict = decide(noisy, PromotingConfig(sigmas=2))
    assert not verdict.promoted
    assert "by chance alone it may differ by" in verdict.reason
    steady = videos(*[(0.94 + 0.001 * n, 1.0) for n in range(4)])
    assert decide(steady, PromotingConfig(sigmas=2)).promoted


def test_many_samples_of_one_video_weigh_no_more_than_one():
    judged = [Judged("long", 2.0, 1.0)] * 50 + [Judged("short", 0.1, 1.0), Judged("other", 0.1, 1.0)]
    verdict = decide(judged, ANY)
    assert verdict.promoted
    assert verdict.loss == pytest.approx(2.2 / 3)


def test_a_loss_that_is_no_number_is_refused_and_one_in_use_is_replaced():
    assert not decide(videos((math.nan, 1.0)), ANY).promoted
    assert decide(videos((math.inf, 1.0)), ANY).loss is None
    verdict = decide(videos((1.0, math.nan)), ANY)
    assert verdict.promoted
    assert verdict.previous_loss is None
    assert not decide(videos((math.nan, math.nan)), ANY).promoted


@given(st.lists(st.tuples(LOSSES, LOSSES), min_size=1, max_size=20), st.floats(0, 0.5), st.floats(0, 3))
def test_of_two_models_at_most_one_takes_the_other_s_place(pairs, margin, sigmas):
    config = PromotingConfig(margin=margin, sigmas=sigmas)
    there = decide(videos(*pairs), config)
    back = decide(videos(*[(old, new) for new, old in pairs]), config)
    assert not (there.promoted and back.promoted)
    assert not there.promoted or there.loss < there.previous_loss

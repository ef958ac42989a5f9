import numpy as np
import pytest

from longtake.slicing.classifier import pair_scores
from longtake.slicing.config import SlicingConfig
from longtake.slicing.features import similarities

from .drawn import CONFIG, film, plain, texture

PAPER = SlicingConfig(empty_histogram="paper")


def score(color, struct):
    return pair_scores(np.array([[color, struct]]), CONFIG).item()


def film_scores(*parts, config=CONFIG):
    return pair_scores(similarities([film(*parts)], config), config)


def test_the_published_weights_give_identical_frames_the_highest_score():
    assert score(1, 1) == pytest.approx(2.8809, abs=5e-5)
    assert score(0, 0) == pytest.approx(-5.485968377115124)


@pytest.mark.parametrize(
    ("similar", "different"),
    [((1, 0.2325), (1, 0.2315)), ((0.3765, 1), (0.3755, 1)), ((0.6565, 0.6565), (0.655, 0.655))],
    ids=["same colours", "same structure", "both alike"],
)
def test_the_decision_lies_where_the_published_weights_put_it(similar, different):
    assert score(*similar) > 0 > score(*different)


def test_no_pairs_have_no_scores():
    assert pair_scores(np.empty((0, 2)), CONFIG).shape == (0,)


def test_two_black_frames_are_identical_in_both_modes():
    for config in (CONFIG, PAPER):
        assert film_scores(plain(0, 2), config=config).item() == pytest.approx(2.8809, abs=5e-5)


def test_a_cut_to_black_in_paper_mode_is_told_by_structure_alone():
    similarity = similarities([film(texture(1)[None], plain(0, 1))], PAPER)[0]
    assert similarity[0] == 1
    assert similarity[1] == pytest.approx(0, abs=0.005)
    assert pair_scores(similarity[None], PAPER).item() == pytest.approx(-0.87, abs=0.02)


def test_a_cut_to_black_in_symmetric_mode_is_told_by_color_too():
    assert film_scores(texture(1)[None], plain(0, 1)).item() == pytest.approx(-5.48, abs=0.02)


def test_two_pictures_with_the_same_colors_are_told_apart_by_structure():
    shuffled = np.random.default_rng(0).permutation(texture(1).reshape(-1, 3)).reshape(256, 256, 3)
    color, struct = similarities([np.stack([texture(1), shuffled])], CONFIG)[0]
    assert color == pytest.approx(1, abs=1e-12)
    assert struct < 0.1
    assert score(color, struct) < 0

import cv2
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from longtake.slicing.config import SlicingConfig
from longtake.slicing.features import (
    color_similarity,
    frame_features,
    similarities,
    structure_map,
    structure_similarity,
)

from .drawn import CONFIG, pan, plain, texture

PAPER = SlicingConfig(empty_histogram="paper")
BLACK, WHITE = plain(0, 1)[0], plain(255, 1)[0]


def color(a, b, config=CONFIG):
    return color_similarity(frame_features(a, config), frame_features(b, config), config)


def structure(a, b, config=CONFIG):
    return structure_similarity(frame_features(a, config), frame_features(b, config), config)


def counts(frame_HWC, low=1, high=255):
    """Pixels of each value in [low, high) of each channel, one after the other."""
    return np.concatenate([np.bincount(frame_HWC[..., c].ravel(), minlength=256)[low:high] for c in range(3)])


def ssim(a, b, side=7, value_range=255.0, k1=0.01, k2=0.03):
    """Structural similarity straight from its definition, over the windows inside the picture, with sample
    covariance."""
    x = sliding_window_view(a.astype(float), (side, side)).reshape(-1, side * side)
    y = sliding_window_view(b.astype(float), (side, side)).reshape(-1, side * side)
    mean_x, mean_y = x.mean(1), y.mean(1)
    covariance = ((x - mean_x[:, None]) * (y - mean_y[:, None])).sum(1) / (side * side - 1)
    c1, c2 = (k1 * value_range) ** 2, (k2 * value_range) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (x.var(1, ddof=1) + y.var(1, ddof=1) + c2)
    return (above / below).mean()


@pytest.mark.parametrize("seed", range(3))
def test_color_similarity_is_one_pearson_correlation_over_all_bins_of_all_channels(seed):
    a, b = texture(seed), texture(seed + 100)
    stacked = np.corrcoef(counts(a), counts(b))[0, 1]
    assert color(a, b) == pytest.approx(stacked, abs=1e-12)
    per_channel = np.mean(
        [np.corrcoef(x, y)[0, 1] for x, y in zip(*(np.split(counts(f), 3) for f in (a, b)), strict=True)]
    )
    assert abs(stacked - per_channel) > 1e-4


def test_color_similarity_is_what_opencv_calls_correlation():
    a, b = texture(1), texture(2)
    pair = [counts(frame).astype(np.float32) for frame in (a, b)]
    assert color(a, b) == pytest.approx(cv2.compareHist(*pair, cv2.HISTCMP_CORREL), abs=1e-9)


def test_pure_black_and_pure_white_pixels_are_not_counted():
    a = texture(1)
    framed = a.copy()
    framed[:60], framed[-60:] = 0, 255
    kept = np.corrcoef(counts(a[60:-60]), counts(a))[0, 1]
    assert color(framed, a) == pytest.approx(kept, abs=1e-12)


def test_the_histogram_covers_the_values_that_the_config_says():
    a, b = texture(1, contrast=90), texture(2, contrast=90)
    wide = SlicingConfig(histogram_low=0, histogram_high=256)
    expected = np.corrcoef(counts(a, 0, 256), counts(b, 0, 256))[0, 1]
    assert color(a, b, wide) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("empty", [BLACK, WHITE])
def test_an_empty_histogram_is_like_anything_in_paper_mode_and_like_nothing_else_in_symmetric_mode(empty):
    picture = texture(1)
    assert color(empty, picture, PAPER) == color(picture, empty, PAPER) == 1
    assert color(empty, picture) == color(picture, empty) == 0
    assert color(BLACK, empty) == color(BLACK, empty, PAPER) == 1


def test_the_structure_map_draws_edges_in_white_over_the_grey_picture():
    frame = plain(40, 1)[0].copy()
    frame[:, 128:] = 200
    edges = structure_map(frame, CONFIG)
    assert edges.shape == (128, 128)
    assert edges[64, 0] == 40
    assert edges[64, 127] == 200
    assert 255 in edges[64, 62:66]


def test_the_structure_map_is_grey_at_half_size_where_there_are_no_edges():
    frame = texture(3, contrast=10, blobs_px=(32,))
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(float)
    halved = grey.reshape(128, 2, 128, 2).mean((1, 3))
    assert np.abs(structure_map(frame, CONFIG) - halved).max() <= 0.5


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (texture(1), texture(2)),
        (texture(1), np.roll(texture(1), 1, axis=1)),
        (texture(1), BLACK),
        (BLACK, WHITE),
        (plain(7, 1)[0], plain(250, 1)[0]),
        (texture(4, contrast=3), plain(250, 1)[0]),
        (texture(5, contrast=120), 255 - texture(5, contrast=120)),
    ],
    ids=["unrelated", "moved", "to black", "black to white", "grey to grey", "flat and bright", "negative"],
)
def test_structure_similarity_is_ssim_by_its_definition(a, b):
    expected = ssim(structure_map(a, CONFIG), structure_map(b, CONFIG))
    assert structure(a, b) == pytest.approx(expected, abs=2e-6)


def test_structure_similarity_has_the_window_and_stabilisers_of_the_config():
    config = SlicingConfig(ssim_radius_px=6, ssim_k1=0.05, ssim_k2=0.2, structure_px=64)
    a, b = texture(1), texture(2)
    expected = ssim(structure_map(a, config), structure_map(b, config), side=13, k1=0.05, k2=0.2)
    assert structure(a, b, config) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    "frame", [texture(1), BLACK, WHITE, plain(128, 1)[0]], ids=["texture", "black", "white", "grey"]
)
def test_a_frame_is_as_similar_to_itself_as_can_be(frame):
    assert structure(frame, frame) == pytest.approx(1, abs=1e-12)
    assert color(frame, frame) == pytest.approx(1, abs=1e-12)


def test_both_similarities_are_symmetric():
    a, b = texture(1), texture(2)
    assert color(a, b) == color(b, a)
    assert structure(a, b) == structure(b, a)


@pytest.mark.parametrize("sizes", [(1,), (2, 3, 1), (7,), (100,)])
def test_similarities_do_not_depend_on_how_frames_are_batched(sizes):
    frames = pan(texture(1), 12)

    def chunks():
        start = turn = 0
        while start < len(frames):
            size = sizes[turn % len(sizes)]
            yield frames[start : start + size]
            yield frames[:0]
            start, turn = start + size, turn + 1

    whole = similarities([frames], CONFIG)
    assert whole.shape == (11, 2)
    np.testing.assert_array_equal(similarities(chunks(), CONFIG), whole)


@pytest.mark.parametrize(("frames", "pairs"), [(0, 0), (1, 0), (2, 1), (3, 2)])
def test_n_frames_have_n_less_one_pairs(frames, pairs):
    assert similarities([plain(9, frames)], CONFIG).shape == (pairs, 2)


def test_no_frames_at_all_have_no_pairs():
    assert similarities([], CONFIG).shape == (0, 2)


@pytest.mark.parametrize(
    "frames",
    [np.zeros((2, 128, 256, 3), np.uint8), np.zeros((2, 256, 256), np.uint8), np.zeros((2, 256, 256, 3), np.float32)],
)
def test_frames_of_another_shape_or_type_are_refused_with_what_is_expected(frames):
    with pytest.raises(ValueError, match=r"expected uint8 \[N, 256, 256, 3\]"):
        similarities([frames], CONFIG)

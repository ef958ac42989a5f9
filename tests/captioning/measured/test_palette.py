import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from longtake.captioning.measured.palette import COLOURS, measure_palette, oklab


def flat(*rgb, rows=8):
    return np.full((1, rows, 16, 3), rgb[::-1], np.uint8)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"), ((200, 200, 200), "pale grey"),
        ((200, 20, 20), "red"), ((240, 130, 30), "orange"), ((250, 220, 40), "yellow"), ((50, 110, 50), "green"),
        ((20, 30, 80), "dark blue"), ((160, 200, 235), "pale blue"), ((120, 75, 40), "brown"), ((215, 195, 160), "beige"),
        ((240, 160, 185), "pink"), ((110, 45, 150), "purple"),
    ],
)  # fmt: skip
def test_a_colour_has_the_name_that_people_give_it(rgb, name):
    (colour,) = measure_palette(flat(*rgb))
    assert (colour.name, colour.share) == (name, 1)


def test_the_largest_area_comes_first_with_its_share():
    frames = np.concatenate([flat(20, 30, 80, rows=6), flat(240, 130, 30, rows=2)], axis=1)
    assert [(colour.name, colour.share) for colour in measure_palette(frames)] == [
        ("dark blue", 0.75),
        ("orange", 0.25),
    ]


@settings(max_examples=25, deadline=None)
@given(arrays.arrays(np.uint8, (2, 5, 7, 3)))
def test_any_picture_has_a_palette_of_known_names(frames):
    palette = measure_palette(frames)
    assert 1 <= len({colour.name for colour in palette} & set(COLOURS)) == len(palette)
    assert sum(colour.share for colour in palette) <= 1 + 1e-9


def test_white_and_black_lie_at_the_ends_of_lightness_without_a_colour():
    found = oklab(np.array([[1.0, 1, 1], [0, 0, 0]]))
    assert found == pytest.approx(np.array([[1, 0, 0], [0, 0, 0]]), abs=1e-3)

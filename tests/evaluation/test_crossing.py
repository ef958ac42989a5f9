import pytest

from longtake.config import load_config
from longtake.errors import UserError
from longtake.evaluation.config import DriftLimits
from longtake.evaluation.crossing import crossed
from tests.evaluation.rows import row

LIMITS = DriftLimits(
    similarity_at_least=0.8,
    colour_levels_at_most=20,
    sharpness_share_at_least=0.5,
    motion_share_at_least=0.3,
    seam_pixel_ratio_at_most=3,
)


def test_without_lines_nothing_is_crossed_and_without_rows_neither():
    assert crossed([row(0), row(1, similarity_to_scene=-1.0, seam_pixel_ratio=99.0)], DriftLimits()) is None
    assert crossed([], LIMITS) is None
    assert crossed([row(0), row(1)], LIMITS) is None


def test_it_is_said_which_line_and_by_how_much():
    found = crossed([row(0), row(1, similarity_to_scene=0.71)], LIMITS)
    assert found == "segment 1: similarity to its scene's first segment 0.71, below the line of 0.8 by 0.09"


def test_all_lines_that_are_crossed_are_told_together():
    found = crossed([row(0), row(1, colour_levels_from_scene=25.0, sharpness=30.0)], LIMITS)
    assert (
        found
        == "segment 1: colours (levels) 25, above the line of 20 by 5; share of sharpness 0.3, below the line of 0.5 by 0.2"
    )


def test_a_film_that_comes_to_rest_crosses_the_line_of_motion():
    assert "share of motion 0.1" in crossed([row(0), row(1, flow_px=0.1)], LIMITS)
    assert crossed([row(0, flow_px=0.0), row(1, flow_px=0.0)], LIMITS) is None


def test_a_scene_cut_is_no_seam_and_its_scene_is_compared_with_itself():
    rows = [
        row(0),
        row(1, scene=1, scene_cut=True, seam_pixel_ratio=50.0, sharpness=10.0),
        row(2, scene=1, sharpness=8.0),
    ]
    assert crossed(rows[:2], LIMITS) is None
    assert crossed(rows, LIMITS) is None
    assert crossed(rows[1:], LIMITS) is None
    assert "share of sharpness 0.4" in crossed([*rows, row(3, scene=1, sharpness=4.0)], LIMITS)
    assert "seam against its surroundings, pixels 4" in crossed(
        [*rows, row(3, scene=1, sharpness=9.0, seam_pixel_ratio=4.0)], LIMITS
    )


def test_only_the_last_row_is_judged():
    assert crossed([row(0), row(1, similarity_to_scene=0.1), row(2)], LIMITS) is None


def test_limits_are_strict():
    with pytest.raises(UserError, match="did you mean 'similarity_at_least'"):
        load_config(DriftLimits, {"similarity_at_leats": 0.5}, where="limits")

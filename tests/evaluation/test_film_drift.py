import pytest

from longtake.errors import UserError
from longtake.evaluation.film_drift import TRENDS, slope, summarise
from tests.evaluation.rows import row


def test_the_slope_of_points_on_a_line_is_the_lines():
    assert slope([(0, 5), (1, 3), (4, -3)]) == pytest.approx(-2)
    assert slope([(0, 5)]) is None


def test_start_and_end_are_the_first_and_last_fifteen_percent_of_frames():
    rows = [row(0, saturation=0.1), row(1, saturation=0.3), *(row(k, saturation=0.9) for k in (2, 3, 4, 5, 6, 7)),
            row(8, saturation=0.6), row(9, saturation=0.2)]  # fmt: skip
    # of 100 frames 15: the first segment and half the second, against the last and half the one before
    start, end = (0.1 * 10 + 0.3 * 5) / 15, (0.2 * 10 + 0.6 * 5) / 15
    assert summarise(rows).trends["saturation"].start_end == pytest.approx(end - start)


def test_a_film_of_one_segment_has_an_end_and_no_way_to_it():
    found = summarise([row(0)])
    assert set(found.trends) == set(TRENDS)
    assert {(trend.slope, trend.start_end) for trend in found.trends.values()} == {(None, None)}
    assert found.trends["saturation"].end == 0.5
    assert (found.seams.count, found.seams.pixel_ratio, found.seams.worst_segment, found.cuts.flicker) == (
        0,
        None,
        None,
        None,
    )


def test_means_of_interiors_weigh_pairs_and_pass_over_what_is_not_there():
    found = summarise(
        [row(0, frames=3, flow_px=1.0), row(1, frames=1, flow_px=None, flicker=None), row(2, frames=7, flow_px=5.0)]
    )
    assert found.flow_px == pytest.approx((2 * 1 + 6 * 5) / 8)
    assert summarise([row(0, frames=1, consistency=None, flicker=None)]).consistency is None


def test_the_worst_seam_is_named_and_no_cut_is_taken_for_one():
    rows = [
        row(0),
        row(1, seam_pixel_ratio=1.5),
        row(2, seam_pixel_ratio=40.0, scene_cut=True, scene=1),
        row(3, scene=1, seam_pixel_ratio=3.0),
    ]
    found = summarise(rows)
    assert (found.seams.worst_segment, found.seams.worst_pixel_ratio, found.seams.pixel_ratio) == (3, 3.0, 2.25)
    assert (found.cuts.worst_segment, found.cuts.pixel_ratio, found.scenes) == (2, 40.0, 2)
    assert found.seams.flicker == pytest.approx(254 / 255)


def test_no_rows_are_no_film():
    with pytest.raises(UserError, match="a film without segments has no drift"):
        summarise([])

import numpy as np
import pytest

from longtake.captioning.facts import Motion
from longtake.captioning.measured.camera import CameraAnalysis
from longtake.captioning.measured.measuring import LEAST_SHARE, measure_motion, spread
from tests.captioning.measured.clips import STATIC, move


def analysis(share, speed=0.2, velocity=(0.0, 0.0), growth=0.0, pairs=10, camera_right=0.0):
    """Of a clip in which the same goes on, or one value of `share` for each pair."""
    share_P = np.broadcast_to(np.array(share, np.float64), (pairs,))
    return CameraAnalysis(
        moves=(move("pan left") if camera_right else STATIC,),
        pair_times_s=np.arange(pairs) * 0.1,
        pair_steps_s=np.full(pairs, 0.1),
        pair_moves_P4=np.tile([camera_right * 0.1, 0, 0, 0], (pairs, 1)),
        moving_share_P=share_P,
        moving_speed_P=np.where(share_P > 0, speed, 0.0),
        moving_velocity_P2=np.tile(np.array(velocity, np.float64), (pairs, 1)),
        moving_growth_P=np.full(pairs, growth),
    )


@pytest.mark.parametrize(
    ("velocity", "growth", "direction"),
    [
        ((-0.2, 0.05), 0.0, "left"), ((0.2, 0.0), 0.0, "right"), ((0.0, -0.2), 0.0, "up"), ((0.05, 0.2), 0.0, "down"),
        ((0.02, 0.0), 0.5, "towards the camera"), ((0.0, 0.0), -0.5, "away from the camera"), ((0.02, 0.01), 0.0, "different directions"),
    ],
)  # fmt: skip
def test_direction_is_the_way_that_most_of_it_goes(velocity, growth, direction):
    found = measure_motion(analysis(0.3, velocity=velocity, growth=growth))
    assert found.direction == direction
    assert (found.share, found.speed, found.steady) == (pytest.approx(0.3), pytest.approx(0.2), True)


def test_what_comes_in_bursts_is_not_steady_and_the_still_moments_do_not_slow_it():
    found = measure_motion(analysis([0.2, 0] * 5, velocity=(0.2, 0)))
    assert (found.share, found.speed, found.steady) == (pytest.approx(0.1), pytest.approx(0.2), False)


@pytest.mark.parametrize("pairs", [0, 10])
def test_where_nothing_moves_there_is_no_direction(pairs):
    assert measure_motion(analysis(0.0, pairs=pairs)) == Motion(share=0, speed=0, direction=None, steady=False)
    assert measure_motion(analysis(0.004)).direction is None


@pytest.mark.parametrize(("share", "speed"), [(0.3, 0.2), (0.7, 2.0)])
def test_what_near_things_do_before_a_moving_camera_has_a_share_and_no_direction(share, speed):
    found = measure_motion(analysis(share, speed, velocity=(speed, 0), camera_right=0.2))
    assert found.direction is None
    assert found.share >= LEAST_SHARE


def test_what_is_faster_than_the_camera_moves_on_its_own():
    assert measure_motion(analysis(0.3, 0.5, velocity=(0.5, 0), camera_right=0.2)).direction == "right"
    assert measure_motion(analysis(0.7, 0.1, velocity=(0.1, 0))).direction == "right"


def test_moments_are_the_middles_of_equal_parts():
    assert spread(8.0, 4) == (1, 3, 5, 7)

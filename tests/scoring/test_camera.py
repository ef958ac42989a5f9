import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.scoring.camera import camera_moves, shake
from longtake.scoring.flow import Flow

ROWS, COLUMNS, SCALE = 72, 128, 2
RADIUS_PX = SCALE * np.sqrt((ROWS**2 - 1 + COLUMNS**2 - 1) / 12)
"""Root mean square distance from the middle of the frame."""
PARTS = st.floats(-20, 20)


def flow_of(x, y, zoom, roll, others=0.0):
    """The flow of a camera that moves, with a part of the picture on a way of its own."""
    rows, columns = ((np.arange(side) - (side - 1) / 2) * SCALE / RADIUS_PX for side in (ROWS, COLUMNS))
    y_hw, x_hw = np.meshgrid(rows, columns, indexing="ij")
    moved_hw2 = np.stack([x + zoom * x_hw - roll * y_hw, y + zoom * y_hw + roll * x_hw], axis=2)
    moved_hw2[:, : round(others * COLUMNS)] = -40.0
    return Flow(moved_hw2.astype(np.float32), np.ones((ROWS, COLUMNS), np.float32))


@given(x=PARTS, y=PARTS, zoom=PARTS, roll=PARTS)
def test_any_shift_zoom_and_roll_is_found_although_a_quarter_of_the_picture_goes_its_own_way(x, y, zoom, roll):
    moves_P4 = camera_moves([flow_of(x, y, zoom, roll, others=0.25)])
    assert moves_P4[0] == pytest.approx([x, y, zoom, roll], abs=0.1)


def test_the_length_of_the_four_numbers_is_the_root_mean_square_displacement_of_the_picture():
    flow = flow_of(3.0, -2.0, 5.0, 1.0)
    length = np.linalg.norm(camera_moves([flow])[0])
    assert length == pytest.approx(np.sqrt((flow.moved_hw2**2).sum(axis=2).mean()), rel=1e-3)


def test_a_flow_in_which_no_point_agrees_with_any_other_still_has_a_finite_answer():
    wild = np.random.default_rng(0).normal(0, 1e4, (ROWS, COLUMNS, 2)).astype(np.float32)
    assert np.isfinite(camera_moves([Flow(wild, np.zeros((ROWS, COLUMNS), np.float32))])).all()


@given(
    velocity=st.lists(st.floats(-300, 300), min_size=4, max_size=4),
    acceleration=st.lists(st.floats(-300, 300), min_size=4, max_size=4),
    pairs=st.integers(3, 20),
)
def test_a_camera_that_accelerates_evenly_does_not_shake(velocity, acceleration, pairs):
    times_s = 5 + np.cumsum(np.random.default_rng(pairs).uniform(0.05, 0.15, pairs))
    velocities_P4 = np.array(velocity) + times_s[:, None] * np.array(acceleration)
    assert shake(velocities_P4, times_s) == pytest.approx(0, abs=1e-6)


@given(factor=st.floats(0, 100))
def test_shake_grows_with_what_shakes(factor):
    times_s = np.arange(7) / 10
    velocities_P4 = np.random.default_rng(1).normal(size=(7, 4))
    assert shake(factor * velocities_P4, times_s) == pytest.approx(factor * shake(velocities_P4, times_s))


def test_two_pairs_cannot_tell_shake_from_acceleration():
    assert shake(np.eye(2, 4), np.array([0.0, 0.1])) is None

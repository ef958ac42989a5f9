"""Paths in numbers, without pictures."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.captioning.measured.camera_words import LEAST_4, WAYS, cut, name_moves

TIMES_S = np.linspace(0, 6, 61)


def path(*pieces: tuple[float, float, int, float]) -> np.ndarray:
    """A path that goes along an axis at a rate from one moment to another."""
    path_N4 = np.zeros((len(TIMES_S), 4))
    for start_s, end_s, axis, rate in pieces:
        path_N4[:, axis] += rate * (TIMES_S.clip(start_s, end_s) - start_s)
    return path_N4


def test_moves_come_in_the_order_of_time_and_those_at_the_same_time_by_size():
    moves = name_moves(path((0, 3, 0, -0.1), (3, 6, 2, 0.5), (3, 6, 1, 0.08)), TIMES_S)
    assert [(move.kind, move.start_s, move.end_s) for move in moves] == [
        ("pan left", 0.0, pytest.approx(3.0, abs=0.15)),
        ("zoom in", pytest.approx(3.0, abs=0.15), 6.0),
        ("tilt down", pytest.approx(3.0, abs=0.15), 6.0),
    ]


def test_a_pan_there_and_back_is_two_pans():
    moves = name_moves(path((0, 2.5, 0, 0.2), (3.5, 6, 0, -0.2)), TIMES_S)
    assert [move.kind for move in moves] == ["pan right", "pan left"]


def test_a_pan_that_changes_its_speed_is_one_pan():
    (move,) = name_moves(path((0, 3, 0, 0.1), (3, 6, 0, 0.3)), TIMES_S)
    assert (move.kind, move.start_s, move.end_s) == ("pan right", 0.0, 6.0)
    assert move.rate == pytest.approx(0.2, rel=0.02)


def test_what_is_small_beside_a_large_move_is_not_named():
    (move,) = name_moves(path((0, 6, 0, 0.3), (0, 6, 1, 0.03)), TIMES_S)
    assert move.kind == "pan right"


def test_a_drift_that_drowns_in_shake_is_part_of_it():
    shaken = path((0, 6, 0, 0.012)) + np.random.default_rng(2).normal(0, 0.005, (len(TIMES_S), 4)) * [1, 1, 0, 0]
    (move,) = name_moves(shaken, TIMES_S)
    assert move.kind == "handheld"


@given(axis=st.integers(0, 3), sign=st.sampled_from([1, -1]), times=st.floats(1.0, 60.0))
def test_every_steady_rate_from_the_least_on_has_one_name_and_its_own_rate(axis, sign, times):
    (move,) = name_moves(path((0, 6, axis, sign * times * LEAST_4[axis])), TIMES_S)
    assert move.kind == WAYS[axis][sign < 0]
    assert move.rate == pytest.approx(times * LEAST_4[axis])
    assert move.speed is not None


@given(st.integers(2, 64), st.floats(0.05, 100.0), st.integers(0, 1000))
def test_parts_follow_each_other_from_the_first_frame_to_the_last(count, whole_s, seed):
    rng = np.random.default_rng(seed)
    times_s = np.concatenate([[0.0], np.sort(rng.uniform(0.01, 1, count - 1)).cumsum()])
    times_s *= whole_s / times_s[-1]
    parts = cut(rng.normal(0, 0.1, (count, 4)).cumsum(axis=0), times_s)
    assert parts[0][0] == 0
    assert parts[-1][1] == count - 1
    assert all(first < last for first, last in parts)
    assert all(before[1] == after[0] for before, after in pairwise(parts))

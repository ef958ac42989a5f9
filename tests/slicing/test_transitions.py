import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.slicing.config import SlicingConfig
from longtake.slicing.transitions import find_transitions, margins, smooth

from .drawn import CONFIG

STILL = 2.88
score_lists = st.lists(
    st.one_of(st.floats(-5.5, 2.881), st.sampled_from([STILL, 2.0, 0.75, 0.3, 0.0, -0.5])), max_size=60
).map(np.array)


def flags(scores, config=CONFIG):
    return (margins(np.asarray(scores, float), config) > 0).tolist()


def flags_by_the_book(scores, reset=False):
    """The published temporal rule, one sentence of its description after the other, for one list of numbers."""
    n = len(scores)
    smoothed = [scores[i] if i in (0, n - 1) else (scores[i - 1] + scores[i] + scores[i + 1]) / 3 for i in range(n)]
    boundary = []
    for i in range(n):
        found = scores[i] < 0
        forgotten = reset and any(boundary[max(0, i - 8) :])
        if not found and i >= 8 and smoothed[i] < 0.75 and not forgotten:
            middle = sorted(smoothed[i - 8 : i])[1:6]
            mean = math.fsum(middle) / 5
            deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in middle) / 5)
            found = smoothed[i] < mean - 3 * max(0.2, deviation)
        boundary.append(found)
    return boundary


def near_a_tie(scores):
    """Some smoothed score lies so near to its limit that the order of additions decides."""
    return np.abs(margins(scores, CONFIG)).min(initial=1) < 1e-9


@settings(max_examples=250)
@given(score_lists, st.booleans())
def test_flags_are_those_of_the_published_rule(scores, reset):
    if near_a_tie(scores):
        return
    assert flags(scores, SlicingConfig(reset_at_boundary=reset)) == flags_by_the_book(scores, reset)


@pytest.mark.parametrize("scores", [[], [STILL], [-1.0], [STILL, -1.0], [-1.0, STILL], [STILL, -1.0, STILL]])
def test_videos_of_one_to_four_frames_have_flags_too(scores):
    assert flags(scores) == [score < 0 for score in scores]


def test_smoothing_leaves_the_first_and_last_score_alone():
    np.testing.assert_allclose(smooth(np.array([1.0, 2.0, 6.0, 0.0]), 1), [1.0, 3.0, 8 / 3, 0.0])
    np.testing.assert_allclose(smooth(np.array([1.0, 2.0]), 1), [1.0, 2.0])
    np.testing.assert_allclose(smooth(np.array([1.0, 2.0, 6.0]), 0), [1.0, 2.0, 6.0])
    assert smooth(np.empty(0), 1).shape == (0,)


def test_a_still_past_needs_a_drop_of_more_than_three_times_the_floor():
    config = SlicingConfig(gate=10, smooth_radius_pairs=0)
    assert flags([2.0] * 12 + [1.41], config)[-1] is False
    assert flags([2.0] * 12 + [1.39], config)[-1] is True


def test_only_smoothed_scores_below_the_gate_break_the_rule():
    config = SlicingConfig(smooth_radius_pairs=0)
    assert flags([STILL] * 12 + [0.76], config)[-1] is False
    assert flags([STILL] * 12 + [0.74], config)[-1] is True


def test_the_window_leaves_out_its_lowest_and_its_two_highest_scores():
    config = SlicingConfig(smooth_radius_pairs=0, gate=10)
    past = [9.0, 8.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.5]
    assert flags([*past, 1.41], config)[-1] is False
    assert flags([*past, 1.39], config)[-1] is True
    symmetric = SlicingConfig(smooth_radius_pairs=0, gate=10, window_trim_high=0.125)
    assert flags([*past, 1.39], symmetric)[-1] is False


def test_the_gaussian_sleeps_until_its_window_is_full():
    config = SlicingConfig(smooth_radius_pairs=0)
    assert not any(flags([STILL] * 7 + [0.1], config))
    assert flags([STILL] * 8 + [0.1], config)[-1]


def test_a_reset_window_sleeps_after_a_boundary():
    config = SlicingConfig(smooth_radius_pairs=0, reset_at_boundary=True)
    cut = [STILL] * 10 + [-1.0]
    assert not flags([*cut, *[STILL] * 7, 0.1], config)[-1]
    assert flags([*cut, *[STILL] * 8, 0.1], config)[-1]
    assert flags([*cut, *[STILL] * 7, 0.1], SlicingConfig(smooth_radius_pairs=0))[-1]


@pytest.mark.parametrize(("steps", "found"), [(6, True), (20, False)])
def test_a_ramp_of_six_steps_is_found_and_one_of_twenty_is_missed(steps, found):
    ramp = np.linspace(STILL, 0.3, steps + 1)[1:]
    assert any(flags([STILL] * 20 + list(ramp) + [0.3] * 3)) is found


@given(score_lists, st.floats(-5.5, 2.881), st.integers(1, 10))
def test_flags_move_with_the_video_where_the_window_is_full_either_way(scores, first, shift):
    """A video that begins earlier flags the same pairs, from where both have a whole window of whole means behind
    them."""
    later = flags(scores)
    earlier = flags([first] * shift + list(scores))
    assert later[9:] == earlier[shift + 9 :]


def test_a_hard_cut_has_no_frames_and_starts_at_the_first_frame_of_the_new_shot():
    (cut,) = find_transitions(np.array([STILL] * 20 + [-3.0] + [STILL] * 20), CONFIG)
    assert (cut.start_frame, cut.end_frame, cut.kind) == (21, 21, "cut")


def test_the_echo_of_a_hard_cut_in_the_smoothed_scores_costs_no_frame():
    scores = np.array([STILL] * 20 + [-5.0] + [STILL] * 20)
    assert np.flatnonzero(flags(scores)).tolist() == [19, 20]
    (cut,) = find_transitions(scores, CONFIG)
    assert (cut.start_frame, cut.end_frame, cut.kind) == (21, 21, "cut")


def test_a_run_of_flagged_pairs_is_one_gradual_transition_of_the_frames_between():
    (gradual,) = find_transitions(np.array([STILL] * 20 + [-1.0] * 4 + [STILL] * 20), CONFIG)
    assert (gradual.start_frame, gradual.end_frame, gradual.kind) == (21, 24, "gradual")


def test_a_gradual_transition_keeps_its_smoothed_pairs_about_a_negative_one():
    scores = np.array([STILL] * 20 + [0.2, 0.2, 0.2, -0.2] + [STILL] * 20)
    assert np.flatnonzero(flags(scores)).tolist() == [21, 22, 23]
    (gradual,) = find_transitions(scores, CONFIG)
    assert (gradual.start_frame, gradual.end_frame) == (22, 24)


@pytest.mark.parametrize(("between", "found"), [(1, 1), (8, 1), (9, 2)])
def test_boundaries_with_at_most_the_merge_gap_between_them_are_one_transition(between, found):
    scores = np.full(60, STILL)
    scores[[20, 20 + between]] = -1.0
    transitions = find_transitions(scores, CONFIG)
    assert len(transitions) == found
    assert (transitions[0].start_frame, transitions[-1].end_frame) == (21, 21 + between)


def test_confidence_rises_with_how_far_the_score_lies_below_zero():
    def confidence(lowest):
        (transition,) = find_transitions(np.array([STILL] * 9 + [lowest] + [STILL] * 9), CONFIG)
        return transition.confidence

    assert 0.5 < confidence(-1e-6) < 0.51
    assert confidence(-2.0) == pytest.approx(1 / (1 + math.exp(-2)))
    assert confidence(-0.5) < confidence(-1.0) < confidence(-5.0) < 1


def test_confidence_of_a_smoothed_drop_is_how_far_it_lies_below_the_gaussian():
    scores = np.array([2.0] * 12 + [0.5, 0.5, 0.5] + [2.0] * 12)
    (transition,) = find_transitions(scores, SlicingConfig(gate=1.0))
    assert transition.confidence == pytest.approx(1 / (1 + math.exp(-0.5)))


@given(score_lists, st.integers(1, 12))
def test_transitions_are_sorted_apart_and_inside_the_video(scores, gap):
    transitions = find_transitions(scores, SlicingConfig(merge_gap_frames=gap))
    for transition in transitions:
        assert 1 <= transition.start_frame <= transition.end_frame <= len(scores)
        assert transition.kind == ("cut" if transition.start_frame == transition.end_frame else "gradual")
        assert 0.5 <= transition.confidence <= 1
    for before, after in pairwise(transitions):
        assert after.start_frame - before.end_frame > gap


@given(score_lists)
def test_every_negative_pair_lies_in_a_transition(scores):
    transitions = find_transitions(scores, CONFIG)
    for pair in np.flatnonzero(scores < 0):
        assert any(transition.start_frame <= pair + 1 <= transition.end_frame for transition in transitions)

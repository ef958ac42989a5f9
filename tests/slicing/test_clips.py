import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.slicing.clips import Clip, DroppedShot, find_clips, frame_edges_s
from longtake.slicing.config import SlicingConfig
from longtake.slicing.transitions import Transition, find_transitions

from .drawn import CONFIG

FPS = 30.0


def edges(frames):
    return frame_edges_s(np.arange(frames) / FPS, FPS)


def cut(frame):
    return Transition(frame, frame, "cut", 1.0)


def gradual(start_frame, end_frame):
    return Transition(start_frame, end_frame, "gradual", 1.0)


def spans(clips):
    return [(clip.start_frame, clip.end_frame) for clip in clips]


@st.composite
def sliced(draw):
    """Transitions of a video, the edges of its frames at uneven times, and a config."""
    scores = np.array(draw(st.lists(st.sampled_from([2.8, 2.8, 2.8, 2.8, -1.0]), max_size=80)))
    steps = draw(st.lists(st.floats(0.001, 0.5), min_size=len(scores) + 1, max_size=len(scores) + 1))
    config = SlicingConfig(
        merge_gap_frames=draw(st.integers(1, 9)),
        trim_head_frames=draw(st.integers(0, 5)),
        trim_tail_frames=draw(st.integers(0, 5)),
        min_clip_s=draw(st.floats(0, 3)),
    )
    return find_transitions(scores, config), frame_edges_s(np.cumsum(steps), FPS), config


def test_the_last_frame_lasts_one_frame_time():
    np.testing.assert_allclose(frame_edges_s(np.array([0.0, 0.5]), 4.0), [0.0, 0.5, 0.75])
    assert len(frame_edges_s(np.empty(0), 4.0)) == 0


def test_a_video_without_frames_has_no_shots():
    assert find_clips([], edges(0), CONFIG) == ([], [])


def test_a_video_of_one_shot_is_one_clip_trimmed_at_both_ends():
    clips, dropped = find_clips([], edges(300), CONFIG)
    assert clips == [Clip(4, 296, pytest.approx(4 / FPS), pytest.approx(296 / FPS), "start", "end")]
    assert dropped == []


def test_clips_know_what_lies_at_either_side_of_their_shot():
    clips, _ = find_clips([cut(100), gradual(200, 220)], edges(320), CONFIG)
    assert [(clip.begins_with, clip.ends_with) for clip in clips] == [
        ("start", "cut"),
        ("cut", "gradual"),
        ("gradual", "end"),
    ]
    assert spans(clips) == [(4, 96), (104, 196), (224, 316)]


def test_a_shot_of_ten_frames_with_the_published_trim_gives_a_clip_of_one_frame():
    published = SlicingConfig(trim_head_frames=4, trim_tail_frames=5, min_clip_s=0)
    clips, dropped = find_clips([cut(100), cut(110), cut(119)], edges(200), published)
    assert (104, 105) in spans(clips)
    assert [(shot.start_frame, shot.end_frame) for shot in dropped] == [(110, 119)]


def test_a_shot_that_leaves_less_than_the_minimum_is_dropped_whole_and_says_why():
    clips, dropped = find_clips([cut(67)], edges(67 + 68), CONFIG)
    assert spans(clips) == [(71, 131)]
    assert dropped == [DroppedShot(0, 67, 0.0, pytest.approx(67 / FPS), "start", "cut", "too_short")]


def test_a_clip_of_exactly_the_minimum_is_kept_although_clocks_round():
    rounded_ms = np.floor(np.arange(68) * 1000 / FPS + 0.5) / 1000
    assert spans(find_clips([], frame_edges_s(rounded_ms, FPS), CONFIG)[0]) == [(4, 64)]


def test_frames_shown_for_long_count_by_time_and_not_by_number():
    slow = frame_edges_s(np.arange(12) * 0.5, 2.0)
    assert spans(find_clips([], slow, CONFIG)[0]) == [(4, 8)]


@given(sliced())
def test_clips_lie_in_order_inside_the_video_and_hold_no_frame_of_a_transition(case):
    transitions, edges_s, config = case
    clips, _ = find_clips(transitions, edges_s, config)
    end = 0
    for clip in clips:
        assert end <= clip.start_frame < clip.end_frame <= len(edges_s) - 1
        assert clip.end_s - clip.start_s >= config.min_clip_s - 0.002 - 1e-9
        assert (clip.start_s, clip.end_s) == (edges_s[clip.start_frame], edges_s[clip.end_frame])
        end = clip.end_frame
        for transition in transitions:
            assert transition.end_frame <= clip.start_frame or clip.end_frame <= transition.start_frame


@given(sliced())
def test_transitions_trimmed_clips_and_dropped_shots_account_for_every_frame(case):
    transitions, edges_s, config = case
    clips, dropped = find_clips(transitions, edges_s, config)
    shots = [(clip.start_frame - config.trim_head_frames, clip.end_frame + config.trim_tail_frames) for clip in clips]
    pieces = sorted([*shots, *spans(dropped), *spans(transitions)])
    assert [frame for start, end in pieces for frame in range(start, end)] == list(range(len(edges_s) - 1))
    assert len(clips) + len(dropped) == len(transitions) + 1

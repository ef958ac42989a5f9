import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.scoring.config import Sampling
from longtake.scoring.sampling import collect, plan_bursts, plan_views
from longtake.video.glimpse import Glimpse, Seen

durations = st.floats(0.02, 10_000)
rates = st.floats(0.5, 240)


@given(durations, rates)
def test_moments_lie_within_the_clip_in_order_and_there_are_no_more_than_asked_for(duration_s, fps):
    sampling = Sampling()
    bursts_s = plan_bursts(duration_s, fps, sampling)
    moments_s = bursts_s.ravel()
    assert 1 < len(moments_s) <= sampling.frames
    assert (np.diff(moments_s) >= 0).all()
    assert moments_s[0] >= 0
    assert moments_s[-1] <= duration_s


@given(st.integers(3, 5_000), st.sampled_from([10.0, 12.5, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0]))
def test_no_two_moments_of_a_burst_show_one_frame_of_a_steady_clip(frames, fps):
    starts_s = np.arange(frames) / fps
    for burst_s in plan_bursts(frames / fps, fps, Sampling()):
        shown = np.searchsorted(starts_s, burst_s, side="right")
        assert (np.diff(shown) > 0).all()


@pytest.mark.parametrize(("duration_s", "bursts"), [(0.5, 1), (0.9, 1), (1.7, 2), (6.5, 8), (10.0, 8), (3600.0, 8)])
def test_bursts_are_as_many_as_fit_and_spread_from_end_to_end(duration_s, bursts):
    moments_s = plan_bursts(duration_s, 30, Sampling())
    assert len(moments_s) == bursts
    if bursts > 1:
        assert moments_s[0, 0] == 0
        assert moments_s[-1, -1] == pytest.approx(duration_s - 0.1)


def test_a_clip_slower_than_the_step_is_looked_at_frame_by_frame():
    assert np.diff(plan_bursts(60.0, 4.0, Sampling())[0]) == pytest.approx(0.25, rel=0.01)


def test_all_views_are_planned_within_the_clip():
    views = plan_views(10.0, 25.0, Sampling())
    assert {name: len(view.times_s) for name, view in views.items()} == {"motion": 64, "detail": 8, "text": 4}
    assert views["text"].times_s == (1.25, 3.75, 6.25, 8.75)


def test_frames_are_sorted_into_their_bursts_and_a_held_frame_is_counted_as_standing():
    bursts_s = np.array([[0.0, 0.1, 0.2], [1.0, 1.1, 1.2]])
    times_s = np.array([0.0, 0.08, 0.2, 0.96])  # the last is held through the second burst
    frames = np.zeros((4, 16, 16, 3), np.uint8)
    few = Seen(frames[:1], times_s[:1])
    views = {"motion": Seen(frames, times_s), "detail": few, "text": few}
    samples = collect(Glimpse(views, frames=30, duration_s=1.3, width=16, height=16), bursts_s)
    assert samples.burst_N.tolist() == [0, 0, 0, 1]
    assert samples.held_pairs == 2

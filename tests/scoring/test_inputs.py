"""What the TSA network is shown of a clip: when, and which frame."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.records import METRICS
from longtake.scoring.architecture import PAPER, SMALL, Architecture, DynamicBranch, StaticBranch
from longtake.scoring.inputs import collect_inputs, labels_of, plan_images, plan_inputs, plan_segments
from longtake.video.glimpse import Glimpse, Seen, view_bytes

BRANCHES = st.builds(
    DynamicBranch, segments=st.integers(1, 8), frames=st.integers(2, 64), stride=st.integers(1, 16)
)  # fmt: skip
NUMBERS = dict.fromkeys(METRICS, 1.0)


@given(
    duration_s=st.floats(0.01, 600),
    fps=st.floats(1, 240),
    branch=BRANCHES,
    starts=st.lists(st.floats(0, 1), min_size=8, max_size=8),
)
def test_segments_are_even_steps_one_in_each_part_and_show_no_frame_of_a_steady_clip_twice(
    duration_s, fps, branch, starts
):
    moments_s = plan_segments(duration_s, fps, branch, np.array(starts[: branch.segments]))
    assert moments_s.shape == (branch.segments, branch.frames)
    steps_s = np.diff(moments_s, axis=1)
    assert moments_s.min() >= 0
    assert np.ptp(steps_s) < 1e-9 * max(1, duration_s)
    assert steps_s.min() > 1 / fps
    assert steps_s.min() >= branch.stride / branch.nominal_fps - 1e-9
    segment_s = moments_s[0, -1] - moments_s[0, 0]
    if duration_s >= segment_s + 1 / fps:
        assert moments_s.max() <= duration_s - 1 / fps + 1e-6
    part_s = duration_s / branch.segments
    if part_s >= segment_s + 1 / fps:
        parts = np.arange(branch.segments) * part_s
        assert (moments_s[:, 0] >= parts - 1e-6).all()
        assert (moments_s[:, -1] <= parts + part_s + 1e-6).all()


def test_the_step_is_a_time_whatever_the_clips_rate():
    steps_s = [np.diff(plan_segments(60, fps, PAPER.dynamic, np.zeros(4)))[0, 0] for fps in (25, 30, 120)]
    assert steps_s == pytest.approx([2 / 30] * 3)


def test_one_image_is_the_middle_and_several_are_spread():
    assert plan_images(10, StaticBranch(images=1)).tolist() == [5]
    assert plan_images(10, StaticBranch(images=4)).tolist() == [1.25, 3.75, 6.25, 8.75]


@pytest.mark.parametrize("network", [PAPER, SMALL], ids=["paper", "small"])
def test_where_is_looked_follows_from_the_seed_alone_and_fits_into_one_glimpse(network):
    one, same, other = (plan_inputs(10, 25, network, seed) for seed in (3, 3, 4))
    assert one == same
    assert one["fragments0"].times_s != other["fragments0"].times_s
    assert len({view.seed for name, view in one.items() if name.startswith("fragments")}) == network.dynamic.segments
    assert sum(view_bytes(one)) < 32 << 20


def test_a_branch_that_is_left_out_asks_for_nothing():
    labels_alone = Architecture(dynamic=None, static=None, fusion="concat")
    assert plan_inputs(10, 25, labels_alone, 0) == {}
    assert set(plan_inputs(10, 25, Architecture(dynamic=None), 0)) == {"images"}


def test_each_moment_gets_the_frame_that_is_shown_then_and_one_beyond_the_end_the_last():
    network = Architecture(
        dynamic=DynamicBranch(segments=2, frames=4, stride=3, grid=1, patch_px=16), static=StaticBranch(images=2, size_px=32)
    )  # fmt: skip
    views = plan_inputs(0.25, 20, network, 0)  # five frames of 0.05 s

    def seen(view, size_px):
        shown = sorted({min(int(moment / 0.05 + 1e-9), 4) for moment in view.times_s})
        frames = np.stack([np.full((size_px, size_px, 3), 10 * frame, np.uint8) for frame in shown])
        return Seen(frames, np.array([0.05 * frame for frame in shown]))

    found = {name: seen(view, 64 if name == "images" else 16) for name, view in views.items()}
    inputs = collect_inputs(Glimpse(found, 5, 0.25, 64, 64), views, network, NUMBERS)
    assert inputs.fragments_STHW3.shape == (2, 4, 16, 16, 3)
    assert inputs.fragments_STHW3[0, :, 0, 0, 0].tolist() == [0, 20, 40, 40]
    assert inputs.images_KHW3.shape == (2, 32, 32, 3)
    assert inputs.images_KHW3[:, 0, 0, 0].tolist() == [10, 30]
    assert inputs.images_KHW3.dtype == np.uint8


def test_labels_come_in_their_order_and_what_was_not_measured_is_nan():
    labels_L = labels_of({name: None if name == "text_share" else float(at) for at, name in enumerate(METRICS)})
    assert labels_L.dtype == np.float32
    assert np.flatnonzero(np.isnan(labels_L)).tolist() == [METRICS.index("text_share")]
    assert labels_L[3] == 3

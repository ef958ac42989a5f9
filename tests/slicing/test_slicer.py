import json
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from longtake.config import dump_config, load_config
from longtake.errors import UserError
from longtake.slicing import Slicing, SlicingConfig, slice_video
from longtake.slicing.slicer import slice_frames
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard

from .drawn import CONFIG, batches, dissolve, fade, film, pan, plain, still, texture

A, B, C = texture(10), texture(50), texture(70)
SOFT = [texture(seed, blobs_px=(6, 12, 24)) for seed in (10, 50, 70)]


def spans(found):
    return [(item.start_frame, item.end_frame) for item in found]


def slice_film(*parts, config=CONFIG, **decoding):
    return slice_frames(batches(film(*parts), **decoding), 30.0, config)


def write_video(path, frames_NHWC, fps=30):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "12", "preset": "ultrafast"})
        stream.height, stream.width = frames_NHWC.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame_HWC in frames_NHWC:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame_HWC, format="bgr24")))
        container.mux(stream.encode())
    return path


def test_a_hard_cut_is_found_at_the_first_frame_of_the_new_shot():
    slicing = slice_film(*(pan(picture, 40) for picture in SOFT))
    assert spans(slicing.transitions) == [(40, 40), (80, 80)]
    assert {transition.kind for transition in slicing.transitions} == {"cut"}


def test_a_film_run_backwards_has_the_same_hard_cuts():
    frames = film(*(pan(picture, length) for picture, length in zip(SOFT, (40, 25, 30), strict=True)))
    forwards = slice_film(frames).transitions
    backwards = slice_film(frames[::-1]).transitions
    assert spans(forwards) == [(40, 40), (65, 65)]
    assert spans(backwards) == [(len(frames) - 65, len(frames) - 65), (len(frames) - 40, len(frames) - 40)]


@pytest.mark.parametrize(
    "frame", [A, plain(0, 1)[0], plain(255, 1)[0], plain(77, 1)[0]], ids=["texture", "black", "white", "grey"]
)
def test_identical_frames_never_cut(frame):
    assert slice_film(still(frame, 30)).transitions == []


def test_a_picture_that_moves_evenly_does_not_cut():
    assert slice_film(pan(SOFT[0], 60)).transitions == []


@pytest.mark.parametrize(("pairs", "found"), [(1, True), (4, True), (8, False), (12, False), (24, False), (48, False)])
def test_a_short_dissolve_is_found_and_a_long_one_is_beyond_this_rule(pairs, found):
    slicing = slice_film(still(A, 20), dissolve(A, B, pairs), still(B, 20))
    assert bool(slicing.transitions) is found
    for transition in slicing.transitions:
        assert 20 <= transition.start_frame <= transition.end_frame <= 20 + pairs - 1


@pytest.mark.parametrize("mode", ["symmetric", "paper"])
@pytest.mark.parametrize("pairs", [4, 8, 16, 48])
def test_a_fade_through_black_is_found_at_its_black_moment_and_no_clip_holds_it(pairs, mode):
    config = SlicingConfig(empty_histogram=mode, min_clip_s=0.1)
    slicing = slice_film(still(A, 20), fade(A, C, pairs), still(C, 20), config=config)
    black = 20 + pairs - 1
    assert any(transition.start_frame <= black < transition.end_frame for transition in slicing.transitions)
    assert {transition.kind for transition in slicing.transitions} == {"gradual"}
    assert not any(clip.start_frame <= black < clip.end_frame for clip in slicing.clips)


def test_a_cut_to_black_and_back_is_two_cuts():
    assert spans(slice_film(still(A, 20), plain(0, 20), still(B, 20)).transitions) == [(20, 20), (40, 40)]


def test_a_flash_of_one_frame_is_one_transition_of_that_frame():
    assert spans(slice_film(still(A, 20), plain(255, 1), still(A, 20)).transitions) == [(20, 21)]


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 4])
def test_videos_of_hardly_any_frames_are_sliced_too(frames):
    slicing = slice_film(still(A, frames))
    assert (slicing.frames, slicing.transitions, slicing.clips) == (frames, [], [])
    assert slicing.duration_s == pytest.approx(frames / 30)
    assert [(shot.start_frame, shot.end_frame, shot.reason) for shot in slicing.dropped] == [(0, frames, "too_short")][
        :frames
    ]


@pytest.mark.parametrize("sizes", [(1,), (3, 5), (64,)])
def test_a_slicing_does_not_depend_on_how_frames_are_batched(sizes):
    parts = (pan(SOFT[0], 70), pan(SOFT[1], 33))
    assert slice_film(*parts, sizes=sizes) == slice_film(*parts)


def test_a_clip_runs_from_the_time_of_its_first_frame_to_that_of_the_first_frame_after_it():
    slicing = slice_film(pan(SOFT[0], 100), pan(SOFT[1], 100), fps=25.0)
    assert [(clip.start_s, clip.end_s) for clip in slicing.clips] == [
        pytest.approx((0.16, 3.84)),
        pytest.approx((4.16, 7.84)),
    ]


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(fps):
    with pytest.raises(ValueError, match="above 0"):
        slice_frames([], fps, CONFIG)


def test_a_file_is_sliced_frame_for_frame_as_its_frames_are(tmp_path):
    frames = film(pan(SOFT[0], 75), pan(SOFT[1], 75), pan(SOFT[2], 20))
    slicing = slice_video(write_video(tmp_path / "film.mp4", frames, fps=30))
    assert isinstance(slicing, Slicing)
    assert (slicing.frames, slicing.fps, slicing.duration_s) == (
        170,
        pytest.approx(30),
        pytest.approx(170 / 30, abs=0.01),
    )
    assert spans(slicing.transitions) == [(75, 75), (150, 150)]
    assert spans(slicing.clips) == [(4, 71), (79, 146)]
    assert spans(slicing.dropped) == [(150, 170)]


def test_files_of_one_guard_are_sliced_one_after_the_other_in_its_worker(tmp_path):
    path = write_video(tmp_path / "film.mp4", film(still(A, 15), still(B, 15)))
    with Guard() as guard:
        first = slice_video(str(path), guard=guard)
        pid = guard.worker_pid
        assert slice_video(path, guard=guard) == first
        assert guard.worker_pid == pid


def test_a_file_that_is_no_video_raises_its_fault(tmp_path):
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(4096))
    with pytest.raises(VideoFault) as caught:
        slice_video(tmp_path / "noise.mp4")
    assert caught.value.reason == "unreadable"


def test_a_config_survives_json_and_a_wrong_key_names_the_right_one():
    config = SlicingConfig(sigmas=4)
    assert load_config(SlicingConfig, json.loads(json.dumps(dump_config(config))), where="slicing config") == config
    with pytest.raises(UserError, match="did you mean 'sigmas'"):
        load_config(SlicingConfig, {"sigma": 4}, where="slicing config")


def test_reading_the_config_loads_no_opencv_and_slicing_no_torch():
    lean = "import sys, longtake.slicing.config; assert not {'cv2', 'numpy', 'av', 'torch'} & set(sys.modules)"
    whole = (
        "import sys, longtake.slicing.slicer; assert not {'torch', 'ray', 'kfp', 'longtake.lake'} & set(sys.modules)"
    )
    for script in (lean, whole):
        subprocess.run([sys.executable, "-c", script], check=True)

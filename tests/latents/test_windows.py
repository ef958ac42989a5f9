from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.latents.config import Size, Windows
from longtake.latents.faults import Unfit
from longtake.latents.windows import choose_size, cut_middle, moments_s, plan_starts, read_windows, span_s
from longtake.video.guard import Guard
from tests.drawing import draw_film

SQUARE, WIDE, LONG, TALL = (
    Size(frames=17, height=256, width=256), Size(frames=17, height=144, width=256), Size(frames=33, height=144, width=256),
    Size(frames=17, height=256, width=144),
)  # fmt: skip


def chosen(duration_s, width, height, *sizes, fps=8.0):
    return choose_size(duration_s, 25.0, width, height, Windows(sizes=sizes, fps=fps))


def test_a_clip_takes_the_size_of_the_nearest_aspect_with_the_most_frames_that_it_can_fill():
    sizes = (SQUARE, WIDE, LONG, TALL)
    assert chosen(10.0, 1920, 1080, *sizes) == LONG
    assert chosen(3.0, 1920, 1080, *sizes) == WIDE
    assert chosen(10.0, 1080, 1920, *sizes) == TALL
    assert chosen(10.0, 640, 600, *sizes) == SQUARE


def test_of_sizes_with_as_many_frames_the_largest_that_enlarges_nothing_is_taken():
    large = replace(SQUARE, height=512, width=512)
    assert chosen(10.0, 720, 720, SQUARE, large) == large
    assert chosen(10.0, 400, 400, SQUARE, large) == SQUARE
    assert chosen(10.0, 100, 100, SQUARE, large) == SQUARE


def test_a_clip_that_fills_no_window_of_its_aspect_is_too_short():
    with pytest.raises(Unfit, match=r"too_short: 1\.90 s, and 2\.04 s are needed"):
        chosen(1.9, 1920, 1080, WIDE, LONG, replace(SQUARE, frames=1))


@given(
    duration_s=st.floats(0.1, 60), source_fps=st.floats(5, 120), fps=st.floats(1, 60), frames=st.integers(1, 65), each=st.integers(1, 8),
)  # fmt: skip
def test_windows_lie_in_the_clip_and_apart_from_each_other(duration_s, source_fps, fps, frames, each):
    size = replace(SQUARE, frames=frames)
    windows = Windows(sizes=(size,), fps=fps, each=each)
    if span_s(size, fps, source_fps) > duration_s:
        return
    starts_s = plan_starts(duration_s, source_fps, size, windows)
    assert 1 <= len(starts_s) <= each
    looks = [moments_s(start_s, frames, fps, source_fps) for start_s in starts_s]
    assert looks[0][0] >= 0
    assert looks[-1][-1] <= duration_s + 1e-6
    assert all(before[-1] < after[0] for before, after in pairwise(looks))
    assert (
        len(starts_s) == each
        or duration_s < (len(starts_s) + 1) * max(frames / fps, span_s(size, fps, source_fps)) + 1e-6
    )


def test_frames_are_those_of_the_source_at_an_even_pace(tmp_path):
    film = draw_film(tmp_path / "film.mp4", (5, 70))  # 2.8 s at 25 frames/s, drifting by 2 pixels a frame
    windows = Windows(sizes=(Size(frames=9, height=144, width=256),), fps=12.5)
    with Guard() as guard:
        (window,) = read_windows(film, guard, windows)
        whole = np.concatenate([batch.frames_NHWC for batch in guard.frames(film, width=256, height=144)])
    first = round(window.start_s * 25)
    assert window.start_s == first / 25
    taken = whole[first : first + 18 : 2].astype(int)
    assert window.frames_NHW3.shape == (9, 144, 256, 3)
    assert np.abs(window.frames_NHW3 - taken).mean() < 2
    assert np.abs(window.frames_NHW3 - whole[first + 1 : first + 19 : 2]).mean() > 5


def test_slow_footage_repeats_frames_and_a_picture_is_cut_from_its_middle(tmp_path):
    film = draw_film(tmp_path / "film.mp4", (5, 60))
    windows = Windows(sizes=(Size(frames=9, height=96, width=96),), fps=50.0, each=3)
    with Guard() as guard:
        found = read_windows(film, guard, windows)
    assert len(found) == 3
    frames = found[0].frames_NHW3
    assert frames.shape == (9, 96, 96, 3)
    assert [bool((frames[at] == frames[at + 1]).all()) for at in range(4)] == [False, True, False, True]


def test_many_or_large_windows_are_read_in_several_passes(tmp_path, monkeypatch):
    film = draw_film(tmp_path / "film.mp4", (5, 60))
    windows = Windows(sizes=(Size(frames=9, height=96, width=96),), each=2, fps=10.0)
    with Guard() as guard:
        at_once = read_windows(film, guard, windows)
        monkeypatch.setattr("longtake.latents.windows.VIEWS_BYTES", 4 * 3 * 171**2)
        in_parts = read_windows(film, guard, windows)
    for one, other in zip(at_once, in_parts, strict=True):
        assert np.array_equal(one.frames_NHW3, other.frames_NHW3)


def test_a_picture_is_scaled_until_it_just_covers_the_window():
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, 100:200] = 255
    assert cut_middle(picture, 100, 100).min() == 255
    assert cut_middle(picture, 50, 50).shape == (50, 50, 3)
    assert cut_middle(picture, 50, 50)[:, 2:-2].min() == 255
    assert cut_middle(picture, 200, 200).shape == (200, 200, 3)
    assert cut_middle(picture, 299, 100).shape == (100, 299, 3)

from fractions import Fraction
from itertools import pairwise, product
from types import SimpleNamespace

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from longtake.errors import UserError
from longtake.video.config import Limits
from longtake.video.decode import Orientation, Picture
from longtake.video.faults import VideoFault
from longtake.video.guard import Fit, Guard, Patches
from longtake.video.look import Sight, fit_size, look
from longtake.video.mosaic import enlarge_size, place_patches
from longtake.video.scale import Scaler

from .drawn import number_of, spoil_packets, write_film

SIDES = st.integers(1, 5000)
RAMP_MS = [0, 40, 41, 500, 510, 2000, 2040, 2041, 2600]


def see(guard, path, view):
    return guard.glimpse(path, {"view": view}).views["view"]


def numbers(seen):
    return [number_of(picture) for picture in seen.frames_NHW3]


LOSSLESS = {"libx264": {"qp": "0"}, "ffv1": {"level": "1"}}


def write_noise(path, *, size=(160, 96), frames=3, display=None, codec="libx264", form="yuv420p"):
    """A lossless film of coloured noise, and its stored pictures in BGR as a plain decode gives them."""
    rng = np.random.default_rng(5)
    with av.open(str(path), "w") as file:
        video = file.add_stream(codec, rate=25, options=LOSSLESS[codec])
        video.width, video.height, video.pix_fmt = *size, form
        if display is not None:
            video.set_display_rotation(display[0], hflip=display[1])
        for _ in range(frames):
            noise_HW3 = rng.integers(0, 256, (size[1], size[0], 3), np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(noise_HW3, "bgr24")))
        file.mux(video.encode(None))
    with av.open(str(path)) as file:
        return path, [frame.to_ndarray(format="bgr24") for frame in file.decode(video=0)]


def test_each_moment_gives_the_frame_that_is_shown_then(film, guard):
    times_s = (-1.0, 0.0, 0.039, 0.04, 0.5, 0.51, 1.17, 5.0)
    seen = see(guard, film, Fit(times_s=times_s, size_px=160))
    assert numbers(seen) == [0, 1, 12, 29]
    assert seen.times_s.tolist() == pytest.approx([0, 0.04, 0.48, 1.16])


def test_a_frame_of_irregular_length_is_shown_until_the_next(films, guard):
    path = write_film(films / "ramp.mkv", len(RAMP_MS), stamps_ms=RAMP_MS)
    seen = see(guard, path, Fit(times_s=(0.0405, 0.041, 0.499, 1.9, 2.0, 2.0405, 2.5999, 2.6), size_px=160))
    assert numbers(seen) == [1, 2, 4, 5, 6, 7, 8]
    assert seen.times_s.tolist() == pytest.approx([RAMP_MS[k] / 1000 for k in numbers(seen)])


@given(
    st.lists(st.integers(1, 50), max_size=12),
    st.lists(st.floats(-10, 700), min_size=1, max_size=12).map(sorted),
)
def test_frames_come_once_and_are_the_last_to_start_before_a_moment(gaps, moments_s):
    starts = np.cumsum([0, *gaps]).tolist()
    frame = av.VideoFrame(16, 16, "gray")
    pictures = [Picture(frame, start, end) for start, end in pairwise([*starts, starts[-1] + 1])]
    footage = SimpleNamespace(
        pictures=lambda: iter(pictures),
        clock=SimpleNamespace(time_base=Fraction(1)),
        stream=SimpleNamespace(codec_context=SimpleNamespace(sample_aspect_ratio=None)),
    )
    memory = np.zeros(len(moments_s) * 16 * 16 * 3, np.uint8)
    answer = look(footage, [Sight(moments_s, memory, lambda *_: Scaler(Orientation(), (16, 16, 3), "area"))])
    shown = {max([start for start in starts if start <= moment_s], default=0) for moment_s in moments_s}
    assert answer["views"][0]["times_s"] == sorted(shown)
    assert (answer["frames"], answer["duration_s"]) == (len(starts), starts[-1] + 1)


def test_what_the_file_is_comes_along(film, guard):
    views = {"a": Fit(times_s=(0.0, 1.0), size_px=64), "b": Fit(times_s=(1.0,), size_px=32)}
    glimpse = guard.glimpse(film, views)
    assert (glimpse.frames, glimpse.width, glimpse.height) == (30, 160, 96)
    assert glimpse.duration_s == pytest.approx(1.2)
    assert [seen.frames_NHW3.shape for seen in glimpse.views.values()] == [(2, 38, 64, 3), (1, 19, 32, 3)]


def test_the_arrays_are_the_callers_own(film, guard):
    first = see(guard, film, Fit(times_s=(0.0,), size_px=160))
    kept = first.frames_NHW3.copy()
    see(guard, film, Fit(times_s=(1.0,), size_px=160))
    assert (first.frames_NHW3 == kept).all()
    first.frames_NHW3[...] = 0


@given(SIDES, SIDES, st.integers(16, 1000), st.booleans())
def test_the_longer_side_is_what_was_asked_for_and_the_aspect_is_kept(width, height, size_px, enlarge):
    fitted = fit_size(width, height, size_px, enlarge)
    if not enlarge and max(width, height) <= size_px:
        assert fitted == (width, height)
        return
    assert max(fitted) == size_px
    assert min(fitted) >= 16
    for side, given_px in zip(fitted, (width, height), strict=True):
        assert side == 16 or abs(side - given_px * size_px / max(width, height)) <= 0.5


def test_a_smaller_picture_is_enlarged_or_left_as_it_is(film, guard):
    large = see(guard, film, Fit(times_s=(0.2,), size_px=320))
    left = see(guard, film, Fit(times_s=(0.2,), size_px=320, enlarge=False))
    assert (large.frames_NHW3.shape, left.frames_NHW3.shape) == ((1, 192, 320, 3), (1, 96, 160, 3))
    assert numbers(large) == numbers(left) == [5]


@pytest.mark.parametrize(("display", "size"), [(None, (192, 58)), ((90, False), (58, 192))])
def test_the_sample_aspect_ratio_is_applied_before_the_turn(display, size, films, guard):
    path = write_film(films / f"wide-{size[0]}.mp4", 2, display=display, sample_aspect_ratio=Fraction(2))
    glimpse = guard.glimpse(path, {"fit": Fit(times_s=(0.0,), size_px=192)})
    assert glimpse.views["fit"].frames_NHW3.shape == (1, size[1], size[0], 3)
    assert (glimpse.width, glimpse.height) == ((160, 96) if display is None else (96, 160))


def test_shrinking_averages_and_colours_are_blue_green_red(tmp_path, guard):
    path, stored = write_noise(tmp_path / "noise.mkv", codec="ffv1", form="bgr0")
    seen = see(guard, path, Fit(times_s=(0.04,), size_px=40))
    mean_HW3 = stored[1].reshape(24, 4, 40, 4, 3).mean(axis=(1, 3))
    assert np.abs(seen.frames_NHW3[0] - mean_HW3).mean() < 2


@given(st.integers(1, 9), st.integers(1, 6), st.integers(0, 900), st.integers(0, 900), st.integers())
def test_patches_lie_on_the_codecs_grid_in_their_cells_and_apart(grid, blocks, more_x, more_y, seed):
    patch_px = 8 * blocks
    width, height = grid * patch_px + more_x, grid * patch_px + more_y
    places = place_patches(width, height, grid, patch_px, seed)
    assert places == place_patches(width, height, grid, patch_px, seed)
    for row, column in product(range(grid), repeat=2):
        for edge, cell, side in zip(places[row][column], (column, row), (width, height), strict=True):
            assert edge % 8 == 0
            assert cell * side / grid - 8 < edge <= (cell + 1) * side / grid - patch_px
            assert edge >= 8 * (cell * side // (8 * grid))  # where the patch before it ends at the latest


PLACES = [
    [(56, 8), (328, 0), (520, 32)],
    [(8, 168), (208, 160), (432, 128)],
    [(72, 312), (224, 256), (544, 328)],
]


def test_the_places_of_patches_are_the_same_for_ever():
    assert place_patches(640, 360, 3, 32, 7) == PLACES
    assert place_patches(640, 360, 3, 32, 8) != PLACES


@given(SIDES, SIDES, st.integers(8, 512))
def test_a_picture_is_enlarged_just_enough(width, height, least):
    enlarged = enlarge_size(width, height, least)
    if min(width, height) >= least:
        assert enlarged == (width, height)
        return
    scale = least / min(width, height)
    assert min(enlarged) == least
    for side, given_px in zip(enlarged, (width, height), strict=True):
        assert abs(side - given_px * scale) <= 0.5 or side == 16 * least


@pytest.mark.parametrize("size", [(160, 96), (161, 97), (96, 96)])
@pytest.mark.parametrize("form", ["yuv420p", "bgr0", "yuv420p10le"])
def test_patches_are_the_films_own_pixels(size, form, tmp_path, guard):
    path, stored = write_noise(tmp_path / "noise.mkv", size=size, codec="ffv1", form=form)
    seen = see(guard, path, Patches(times_s=(0.0, 0.05), grid=3, patch_px=32, seed=4))
    places = place_patches(*size, 3, 32, 4)
    for mosaic_HW3, frame_HW3 in zip(seen.frames_NHW3, stored, strict=False):
        for (row, line), column in product(enumerate(places), range(3)):
            x, y = line[column]
            patch_HW3 = mosaic_HW3[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
            assert (patch_HW3 == frame_HW3[y : y + 32, x : x + 32]).all()


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_patches_of_a_turned_film_stand_upright_and_are_cut_on_the_stored_grid(degrees, mirrored, tmp_path, guard):
    path, stored = write_noise(tmp_path / "turned.mp4", display=(degrees, mirrored))

    def turn(picture):
        upright = np.rot90(picture, degrees // 90)
        return upright[:, ::-1] if mirrored else upright

    x_HW, y_HW = np.meshgrid(np.arange(160), np.arange(96))
    pixel_xy = {tuple(stored[0][y : y + 2, x : x + 2].ravel()): (x, y) for x, y in product(range(159), range(95))}
    assert len(pixel_xy) == 159 * 95
    seen = see(guard, path, Patches(times_s=(0.0,), grid=2, patch_px=40))
    upright_HW3, upright_x_HW, upright_y_HW = turn(stored[0]), turn(x_HW), turn(y_HW)
    middle = [side / 2 for side in upright_HW3.shape[:2]]
    for row, column in product(range(2), repeat=2):
        patch_HW3 = seen.frames_NHW3[0, 40 * row : 40 * row + 40, 40 * column : 40 * column + 40]
        at = [
            (top, left)
            for top, left in product(range(upright_HW3.shape[0] - 39), range(upright_HW3.shape[1] - 39))
            if (upright_HW3[top, left] == patch_HW3[0, 0]).all()
            and (upright_HW3[top : top + 40, left : left + 40] == patch_HW3).all()
        ]
        assert len(at) == 1
        ((top, left),) = at
        assert upright_x_HW[top : top + 40, left : left + 40].min() % 8 == 0
        assert upright_y_HW[top : top + 40, left : left + 40].min() % 8 == 0
        assert (top + 20 > middle[0], left + 20 > middle[1]) == (bool(row), bool(column))


def test_a_picture_too_small_for_the_patches_is_enlarged(films, guard):
    path = write_film(films / "stamp.mp4", 4, size=(64, 64))
    seen = see(guard, path, Patches(times_s=(0.12,), grid=4, patch_px=32))
    assert seen.frames_NHW3.shape == (1, 128, 128, 3)
    assert numbers(seen) == [3]


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (3, 200), (161, 97), (2, 2000)])
@pytest.mark.parametrize("form", ["yuv420p", "gray", "bgr0", "yuv420p10le"])
@pytest.mark.parametrize("frames", [1, 5])
def test_films_of_strange_size_are_seen(size, form, frames, tmp_path, guard):
    path, _ = write_noise(tmp_path / "strange.mkv", size=size, codec="ffv1", form=form, frames=frames)
    times_s = (0.0, 0.1, 0.2)
    views = {
        "fit": Fit(times_s=times_s, size_px=64),
        "left": Fit(times_s=times_s, size_px=256, enlarge=False),
        "patches": Patches(times_s=times_s, grid=7, patch_px=32),
    }
    glimpse = guard.glimpse(path, views)
    assert (glimpse.frames, glimpse.width, glimpse.height) == (frames, *size)
    count = min(frames, 3)
    assert glimpse.views["fit"].frames_NHW3.shape == (count, *fit_size(*size, 64, True)[::-1], 3)
    assert glimpse.views["left"].frames_NHW3.shape == (count, *fit_size(*size, 256, False)[::-1], 3)
    assert glimpse.views["patches"].frames_NHW3.shape == (count, 224, 224, 3)


@pytest.mark.parametrize(("codec", "form"), [("mjpeg", "yuvj420p"), ("libx264", "yuv420p"), ("ffv1", "yuv420p10le")])
@pytest.mark.parametrize("grey", [8, 245])
def test_full_and_limited_range_show_the_same_grey(codec, form, grey, tmp_path, guard):
    path = tmp_path / f"grey.{'mkv' if codec == 'ffv1' else 'mov'}"
    with av.open(str(path), "w") as file:
        video = file.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = 64, 64, form
        file.mux(video.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), grey, np.uint8), "bgr24")))
        file.mux(video.encode(None))
    views = {"fit": Fit(times_s=(0.0,), size_px=32), "patches": Patches(times_s=(0.0,), grid=1, patch_px=32)}
    for seen in guard.glimpse(path, views).views.values():
        assert np.abs(seen.frames_NHW3.astype(int) - grey).max() <= 6  # a range that is mistaken is 8 off or more


def test_a_film_that_changes_size_keeps_the_size_of_each_views_first_frame(films, guard):
    small = write_film(films / "tiny.ts", 10).read_bytes()
    large = write_film(films / "tall.ts", 10, size=(192, 320)).read_bytes()
    path = films / "changes.ts"
    path.write_bytes(small + large)
    views = {
        "all": Fit(times_s=(0.0, 0.04, 99.0), size_px=160),
        "late": Fit(times_s=(98.0, 99.0), size_px=160),
        "patches": Patches(times_s=(0.04, 99.0), grid=3, patch_px=32),
    }
    glimpse = guard.glimpse(path, views)
    assert (glimpse.frames, glimpse.width, glimpse.height) == (20, 160, 96)
    assert {name: seen.frames_NHW3.shape for name, seen in glimpse.views.items()} == {
        "all": (3, 96, 160, 3),
        "late": (1, 160, 96, 3),
        "patches": (2, 96, 96, 3),
    }
    assert numbers(glimpse.views["all"]) == [0, 1, 9]


def test_a_huge_frame_is_seen_within_the_limits(films):
    path = write_film(films / "8k.mov", 1, size=(7680, 4320), codec="mjpeg", pixel_format="yuvj420p")
    views = {"fit": Fit(times_s=(0.0, 1.0), size_px=256), "patches": Patches(times_s=(0.0, 1.0), grid=7, patch_px=32)}
    with Guard(Limits(memory_bytes=1 << 30)) as guard:
        glimpse = guard.glimpse(path, views)
    assert numbers(glimpse.views["fit"]) == [0]
    assert glimpse.views["patches"].frames_NHW3.shape == (1, 224, 224, 3)


def test_faults_are_those_of_frames_and_the_next_film_works(film, films, tmp_path):
    (tmp_path / "words.mp4").write_bytes(b"It was a dark and stormy night.\n" * 100)
    whole = write_film(films / "to-spoil.mkv", 100, codec="mpeg4", options={"qmin": "2", "qmax": "2", "g": "1"})
    few = spoil_packets(whole, films / "few-spoilt.mkv", 0.05)
    many = spoil_packets(whole, films / "many-spoilt.mkv", 0.5)
    fit = Fit(times_s=(0.0, 9.0), size_px=64)
    with Guard(Limits(max_pixels=160 * 96)) as guard:
        for path, reason in [
            (tmp_path / "words.mp4", "unreadable"),
            (many, "corrupt"),
            (write_film(films / "too-large.mp4", 2, size=(320, 192)), "too_large"),
        ]:
            with pytest.raises(VideoFault) as caught:
                guard.glimpse(path, {"fit": fit})
            assert caught.value.reason == reason
            assert len(see(guard, film, fit).times_s) == 2
        assert 90 <= guard.glimpse(few, {"fit": fit}).frames <= 100
        with pytest.raises(FileNotFoundError):
            guard.glimpse(tmp_path / "nowhere.mp4", {"fit": fit})


def test_the_time_limit_ends_a_long_glimpse(endless):
    with Guard(Limits(wall_s=1.0)) as guard, pytest.raises(VideoFault) as caught:
        guard.glimpse(endless, {"fit": Fit(times_s=(0.0,), size_px=64)})
    assert caught.value.reason == "time_limit"


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ({}, "0 moments"),
        ({"v": Fit(times_s=(), size_px=64)}, "one or more, sorted"),
        ({"v": Fit(times_s=(1.0, 0.5), size_px=64)}, "one or more, sorted"),
        ({"v": Fit(times_s=(0.0,), size_px=15)}, "16 to 4096"),
        ({"v": Fit(times_s=(0.0,), size_px=4097)}, "16 to 4096"),
        ({"v": Fit(times_s=(0.0,) * 6, size_px=4096)}, "fewer or smaller"),
        ({"v": Fit(times_s=(0.0,) * 20_000, size_px=16)}, "fewer or smaller"),
        ({"v": Patches(times_s=(0.0,), grid=129, patch_px=32)}, "16 to 4096"),
        ({"v": Patches(times_s=(0.0,), grid=7, patch_px=30)}, "multiple of 8"),
        ({"v": Patches(times_s=(0.0,), grid=-2, patch_px=-32)}, "1 x 1 or more"),
    ],
)
def test_views_that_cannot_be_had_are_the_users_mistake(views, words, film, guard):
    with pytest.raises(UserError, match=words):
        guard.glimpse(film, views)


def test_moments_that_are_no_times_are_refused():
    with pytest.raises(ValidationError):
        Fit(times_s=(float("nan"),), size_px=64)

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.errors import UserError
from longtake.video.config import Limits
from longtake.video.decode import Clock, Orientation
from longtake.video.faults import VideoFault
from longtake.video.guard import Guard, Span

from .drawn import number_of, picture, spoil_packets, write_film

BASES = st.builds(Fraction, st.integers(1, 2000), st.integers(1, 10_000_000))


@given(BASES, st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=1), st.integers(1, 240))
def test_ticks_strictly_increase_from_zero_whatever_the_stamps(base, stamps, fps):
    clock = Clock(base, Fraction(fps))
    ticks = [clock.tick(stamp) for stamp in stamps]
    assert ticks[0] == 0
    assert all(later > earlier for earlier, later in pairwise(ticks))


@given(st.integers(-1000, 1000), st.lists(st.integers(1, 500), max_size=20))
def test_increasing_stamps_are_kept_exactly(first, gaps):
    clock = Clock(Fraction(1, 1000), Fraction(25))
    ticks = [clock.tick(first + sum(gaps[:k])) for k in range(len(gaps) + 1)]
    assert ticks == [sum(gaps[:k]) for k in range(len(gaps) + 1)]
    assert clock.origin_s == Fraction(first, 1000)


def test_missing_stamps_follow_the_nominal_rate():
    clock = Clock(Fraction(1, 30_000), Fraction(30_000, 1001))
    assert [clock.tick(None) for _ in range(4)] == [0, 1001, 2002, 3003]


@given(st.builds(Orientation, st.booleans(), st.booleans(), st.booleans()))
def test_an_oriented_picture_has_the_oriented_size(orientation):
    width, height = orientation.size(5, 3)
    assert orientation.apply(np.zeros((3, 5))).shape == (height, width)


def frames_of(guard, path, **size):
    size = size or {"width": 160, "height": 96}
    batches = [(b.first_frame, b.frames_NHWC.copy(), b.times_s) for b in guard.frames(path, pixels="gray8", **size)]
    pictures = np.concatenate([frames for _, frames, _ in batches])
    assert [first for first, _, _ in batches] == [
        sum(len(times_s) for _, _, times_s in batches[:k]) for k in range(len(batches))
    ]
    return pictures, np.concatenate([times_s for _, _, times_s in batches])


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b-frames.mp4", "libx264", {"crf": "10", "preset": "veryfast"}),
        ("open-gop.ts", "libx264", {"crf": "10", "x264-params": "keyint=10:open-gop=1:bframes=3:b-adapt=0"}),
        ("packed.avi", "mpeg4", {"bf": "2", "qmin": "2", "qmax": "2"}),
        ("intra.mov", "mjpeg", {}),
        ("vp9.webm", "libvpx-vp9", {"cpu-used": "8", "deadline": "realtime"}),
        ("old.mpg", "mpeg2video", {"qmin": "2", "qmax": "2", "bf": "2"}),
    ],
)
def test_all_frames_come_once_in_order_from(name, codec, options, films, guard):
    form = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_film(films / name, 40, codec=codec, options=options, pixel_format=form)
    pictures, times_s = frames_of(guard, path)
    assert [number_of(p) for p in pictures] == list(range(40))
    assert times_s == pytest.approx(np.arange(40) / 25, abs=1e-3)
    probe = guard.probe(path)
    assert (probe.frames, probe.width, probe.height, probe.has_audio) == (40, 160, 96, False)
    assert probe.fps == pytest.approx(25, rel=1e-3)
    assert probe.duration_s == pytest.approx(1.6, rel=1e-3)


def test_irregular_stamps_are_the_times_of_the_frames(films, guard):
    stamps_ms = np.cumsum(np.random.default_rng(3).integers(5, 400, 30)).tolist()
    path = write_film(films / "vfr.mkv", stamps_ms=stamps_ms)
    pictures, times_s = frames_of(guard, path)
    assert [number_of(p) for p in pictures] == list(range(30))
    assert times_s == pytest.approx((np.array(stamps_ms) - stamps_ms[0]) / 1000, abs=1e-9)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_frames_stand_upright(degrees, mirrored, films, guard):
    path = write_film(films / f"turned-{degrees}-{mirrored}.mp4", 3, display=(degrees, mirrored))
    upright = np.rot90(picture(2), degrees // 90)  # the display matrix turns counter-clockwise
    upright = upright[:, ::-1] if mirrored else upright
    height, width = upright.shape
    pictures, _ = frames_of(guard, path, width=width, height=height)
    assert np.abs(pictures[2].astype(int) - upright).mean() < 12
    probe = guard.probe(path)
    assert (probe.width, probe.height) == (width, height)
    if not mirrored:
        assert probe.rotation_deg == -degrees % 360


def test_colours_are_blue_green_red_and_the_picture_is_stretched(films, guard):
    path = write_film(films / "colour.mp4", 2)
    batch = next(iter(guard.frames(path, width=33, height=47, interpolation="bilinear")))
    assert batch.frames_NHWC.shape[1:] == (47, 33, 3)
    assert batch.frames_NHWC.dtype == np.uint8
    assert not batch.frames_NHWC.flags.writeable
    assert number_of(batch.frames_NHWC[1]) == 1


@pytest.mark.parametrize("matrix", [3, 8, 10, 14])
def test_a_colour_matrix_that_nobody_converts_is_read_as_an_untagged_one(matrix, films, tmp_path, guard):
    path = write_film(films / f"matrix-{matrix}.mkv", 2, colorspace=matrix)
    pictures, _ = frames_of(guard, path)
    assert [number_of(p) for p in pictures] == [0, 1]
    assert guard.cut(path, [Span(name="a", start_frame=0, end_frame=2)], tmp_path)[0].frames == 2


def test_a_film_that_changes_size_half_way_goes_on(films, guard):
    small = write_film(films / "small.ts", 10).read_bytes()
    large = write_film(films / "large.ts", 10, size=(320, 192)).read_bytes()
    path = films / "grows.ts"
    path.write_bytes(small + large)
    pictures, times_s = frames_of(guard, path)
    assert [number_of(p) for p in pictures] == [*range(10), *range(10)]
    assert (np.diff(times_s) > 0).all()


def test_a_few_bad_packets_are_skipped_and_many_refuse_the_file(films):
    whole = write_film(films / "whole.mkv", 100, codec="mpeg4", options={"qmin": "2", "qmax": "2", "g": "1"})
    few = spoil_packets(whole, films / "few.mkv", 0.05)
    many = spoil_packets(whole, films / "many.mkv", 0.5)
    with Guard() as guard:
        pictures, _ = frames_of(guard, few)
        assert 90 <= len(pictures) <= 100
        with pytest.raises(VideoFault) as caught:
            frames_of(guard, many)
        assert caught.value.reason == "corrupt"
        assert frames_of(guard, whole)[0].shape[0] == 100
    with Guard(Limits(max_corrupt_share=1.0)) as guard:
        assert len(frames_of(guard, many)[0]) >= 40


def test_a_film_that_was_cut_off_gives_the_frames_that_are_there(films, guard):
    whole = write_film(films / "streamed.mkv", 60)
    half = films / "half.mkv"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    pictures, _ = frames_of(guard, half)
    assert 10 < len(pictures) < 50
    assert [number_of(p) for p in pictures] == list(range(len(pictures)))


def test_text_in_a_foreign_alphabet_does_no_harm(films, guard):
    path = write_film(films / "title.mp4", 3, title="MARKER")
    path.write_bytes(path.read_bytes().replace(b"MARKER", b"\xff\xfe\xe9\x80M\xc3"))
    assert guard.probe(path).frames == 3


def test_sizes_that_shared_memory_cannot_take_are_the_users_mistake(film, guard):
    with pytest.raises(UserError, match="9000x9000"):
        guard.frames(film, width=9000, height=9000)
    batch = next(iter(guard.frames(film, width=2560, height=1440)))
    assert batch.frames_NHWC.shape == (1, 1440, 2560, 3)

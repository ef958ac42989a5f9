from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from longtake.errors import UserError
from longtake.video.config import Encoding
from longtake.video.guard import Guard, Span, VideoFault, check_spans
from longtake.video.poster import Filmstrip

from .drawn import number_of, picture, read_film, read_sound, write_film


def spans_at(*edges):
    return [Span(name=f"clip-{k}", start_frame=a, end_frame=b) for k, (a, b) in enumerate(edges)]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b-frames.mp4", "libx264", {"crf": "10", "preset": "veryfast"}),
        ("open-gop.ts", "libx264", {"crf": "10", "x264-params": "keyint=10:open-gop=1:bframes=3:b-adapt=0"}),
        ("packed.avi", "mpeg4", {"bf": "2", "qmin": "2", "qmax": "2"}),
        ("vp9.webm", "libvpx-vp9", {"cpu-used": "8", "deadline": "realtime"}),
    ],
)
def test_a_clip_holds_exactly_the_frames_of_its_span_from(name, codec, options, films, tmp_path, guard):
    path = write_film(films / f"cut-{name}", 60, codec=codec, options=options)
    edges = [(0, 7), (7, 8), (13, 40), (59, 60)]
    cuts = guard.cut(path, spans_at(*edges), tmp_path)
    for cut, (start, end) in zip(cuts, edges, strict=True):
        numbers, times_s, _ = read_film(cut.path)
        assert numbers == list(range(start, end))
        assert times_s == pytest.approx(np.arange(end - start) / 25, abs=2e-3)
        assert (cut.frames, cut.width, cut.height) == (end - start, 160, 96)
        assert cut.duration_s == pytest.approx((end - start) / 25, abs=2e-3)
        assert cut.bytes == cut.path.stat().st_size
        probe = guard.probe(cut.path)
        assert (probe.frames, probe.codec) == (end - start, "h264")
        assert probe.duration_s == pytest.approx(cut.duration_s, abs=2e-3)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        f"clip-{k}{suffix}" for k in range(4) for suffix in (".mp4", ".jpg")
    )


def test_irregular_stamps_are_kept_to_the_tick(films, tmp_path, guard):
    stamps_ms = np.cumsum(np.random.default_rng(5).integers(7, 300, 50)).tolist()
    path = write_film(films / "cut-vfr.mkv", 50, stamps_ms=stamps_ms)
    (cut,) = guard.cut(path, spans_at((11, 37)), tmp_path)
    numbers, times_s, _ = read_film(cut.path)
    assert numbers == list(range(11, 37))
    assert times_s == pytest.approx((np.array(stamps_ms[11:37]) - stamps_ms[11]) / 1000, abs=1e-9)
    assert cut.duration_s == pytest.approx((stamps_ms[37] - stamps_ms[11]) / 1000, abs=1e-9)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_film_is_cut_upright(degrees, mirrored, films, tmp_path, guard):
    path = write_film(films / f"cut-turned-{degrees}-{mirrored}.mp4", 4, display=(degrees, mirrored))
    (cut,) = guard.cut(path, spans_at((1, 3)), tmp_path)
    upright = np.rot90(picture(1), degrees // 90)
    upright = upright[:, ::-1] if mirrored else upright
    _, _, first = read_film(cut.path)
    assert first.shape == upright.shape == (cut.height, cut.width)
    assert np.abs(first.astype(int) - upright).mean() < 8
    assert guard.probe(cut.path).rotation_deg == 0


def test_an_odd_size_loses_its_last_column_and_row(films, tmp_path, guard):
    path = write_film(films / "odd.mkv", 12, size=(101, 57), codec="ffv1", options={})
    (cut,) = guard.cut(path, spans_at((2, 12)), tmp_path)
    numbers, _, first = read_film(cut.path)
    assert (cut.width, cut.height) == (100, 56)
    assert numbers == list(range(2, 12))
    assert np.abs(first.astype(int) - picture(2, 101, 57)[:56, :100]).mean() < 4


def test_a_film_one_pixel_wide_becomes_two_wide(films, tmp_path, guard):
    path = write_film(films / "line.mov", 2, size=(1, 96), codec="png", pixel_format="rgb24")
    (cut,) = guard.cut(path, spans_at((0, 2)), tmp_path)
    assert (cut.width, cut.height) == (2, 96)


def test_aspect_and_colour_tags_are_carried_over(films, tmp_path, guard):
    path = write_film(
        films / "tagged.mp4", 4, sample_aspect_ratio=Fraction(4, 3), color_range=2, colorspace=1, color_trc=1,
        color_primaries=1,
    )  # fmt: skip
    (cut,) = guard.cut(path, spans_at((0, 4)), tmp_path)
    with av.open(str(cut.path)) as clip, av.open(str(path)) as source:
        ours, theirs = clip.streams.video[0].codec_context, source.streams.video[0].codec_context
        assert ours.sample_aspect_ratio == theirs.sample_aspect_ratio == Fraction(4, 3)
        for tag in ("color_range", "colorspace", "color_trc", "color_primaries"):
            assert getattr(ours, tag) == getattr(theirs, tag) != 0
        assert ours.pix_fmt in ("yuv420p", "yuvj420p")
        gray = [next(file.decode(video=0)).to_ndarray(format="gray").astype(int) for file in (clip, source)]
    assert np.abs(gray[0] - gray[1]).mean() < 3


def noise(seconds, rate, channels, seed=0):
    """Soft low-passed noise CN: no stretch of it is like another."""
    rough = np.random.default_rng(seed).normal(0, 1, (channels, round(seconds * rate) + 7))
    smooth = np.stack([np.convolve(row, np.ones(8) / 8, "valid") for row in rough])
    return 0.3 * smooth[:, : round(seconds * rate)].astype(np.float32)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "codec"),
    [("pcm.mov", 48000, 2, "pcm_s16le"), ("aac.mp4", 44100, 1, "aac"), ("pcm.mkv", 22050, 2, "pcm_s16le")],
)
def test_sound_is_cut_to_the_sample_and_stays_in_step(name, rate, channels, codec, films, tmp_path, guard):
    samples_CN = noise(4, rate, channels)
    path = write_film(films / f"sound-{name}", 100, sound=(rate, samples_CN), sound_codec=codec)
    cuts = guard.cut(path, spans_at((10, 50), (50, 51), (73, 100)), tmp_path)
    for cut, (start, end) in zip(cuts, [(10, 50), (50, 51), (73, 100)], strict=True):
        expected_CN = samples_CN[:, round(start / 25 * rate) : round(end / 25 * rate)]
        found_rate, found_CN = read_sound(cut.path)
        assert found_rate == rate
        assert len(found_CN) == channels
        assert abs(found_CN.shape[1] - expected_CN.shape[1]) <= 1024
        length = min(found_CN.shape[1], expected_CN.shape[1])
        fits = {lag: fit(found_CN[0, :length], np.roll(expected_CN[0, :length], lag)) for lag in range(-40, 41)}
        assert max(fits, key=fits.get) == 0
        assert fits[0] > 0.8
        assert guard.probe(cut.path).has_audio


def fit(left_N, right_N):
    return float(np.corrcoef(left_N, right_N)[0, 1])


def test_sound_that_ends_early_is_followed_by_silence(films, tmp_path, guard):
    path = write_film(films / "early.mov", 50, sound=(48000, noise(1, 48000, 1)), sound_codec="pcm_s16le")
    early, late = guard.cut(path, spans_at((10, 40), (40, 50)), tmp_path)
    _, samples_CN = read_sound(early.path)
    assert samples_CN.shape[1] == pytest.approx(1.2 * 48000, abs=1024)
    assert np.abs(samples_CN[:, :24000]).mean() > 0.02
    assert np.abs(samples_CN[:, 32000:]).mean() < 1e-3
    assert np.abs(read_sound(late.path)[1]).max() < 1e-3


def test_the_same_cut_gives_the_same_bytes(films, tmp_path):
    path = write_film(films / "twice.mp4", 40, sound=(48000, noise(2, 48000, 2)))
    written = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        with Guard() as guard:
            cuts = guard.cut(path, spans_at((3, 17), (20, 40)), folder)
        written.append([(cut.path.read_bytes(), cut.poster_path.read_bytes()) for cut in cuts])
    assert written[0] == written[1]


def test_a_poster_shows_stills_from_the_whole_clip(film, tmp_path, guard):
    encoding = Encoding(poster_frames=3, poster_height=48)
    (cut,) = guard.cut(film, spans_at((0, 30)), tmp_path, encoding)
    with av.open(str(cut.poster_path), format="jpeg_pipe") as poster:
        strip = next(poster.decode(video=0)).to_ndarray(format="gray")
    assert strip.shape == (48, 240)
    assert [number_of(still) for still in np.split(strip, 3, axis=1)] == [5, 15, 25]


@given(st.integers(1, 500), st.integers(1, 16))
def test_stills_are_as_many_as_asked_for_or_all_frames(frames, stills):
    wanted = Filmstrip(frames, stills, 96, Fraction(16, 9))._wanted
    assert len(wanted) == min(frames, stills)
    assert wanted <= set(range(frames))


def test_a_better_quality_costs_more_bytes(film, tmp_path, guard):
    sizes = [
        guard.cut(film, [Span(name=f"crf-{crf}", start_frame=0, end_frame=30)], tmp_path, Encoding(crf=crf))[0].bytes
        for crf in (10, 40)
    ]
    assert sizes[0] > sizes[1]


def test_no_spans_are_no_work(film, tmp_path):
    guard = Guard()
    assert guard.cut(film, [], tmp_path) == []
    assert guard.worker_pid is None


def test_a_span_past_the_end_is_the_users_mistake_and_leaves_nothing(film, tmp_path, guard):
    with pytest.raises(UserError, match=r"ends at frame 31, but .* has 30 frames"):
        guard.cut(film, spans_at((0, 5), (20, 31)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_film_leaves_nothing(tmp_path, guard):
    (tmp_path / "bad.mp4").write_bytes(b"bad")
    with pytest.raises(VideoFault):
        guard.cut(tmp_path / "bad.mp4", spans_at((0, 5)), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.mp4"]


def test_a_missing_folder_is_the_machines_trouble(film, tmp_path, guard):
    with pytest.raises(FileNotFoundError):
        guard.cut(film, spans_at((0, 5)), tmp_path / "nowhere")


@pytest.mark.parametrize("edges", [[(5, 5)], [(0, 9), (8, 12)], [(8, 12), (0, 4)]])
def test_spans_that_are_empty_or_overlap_are_the_users_mistake(edges):
    with pytest.raises(UserError, match="sorted"):
        check_spans(spans_at(*edges))


def test_names_stay_within_the_folder():
    with pytest.raises(ValidationError):
        Span(name="../up", start_frame=0, end_frame=1)
    with pytest.raises(UserError, match="same name"):
        check_spans([Span(name="a", start_frame=k, end_frame=k + 1) for k in range(2)])

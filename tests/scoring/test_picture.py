"""Picture metrics against known changes; what is drawn has the outlines and textures of a photograph."""

import math
from dataclasses import asdict, replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.scoring.picture import CRUSHED, find_picture, measure_picture
from tests.scoring import drawn_pictures as draw

SEEDS = (1, 2, 3)


def measure(frames_NHW3, **known):
    return measure_picture(draw.samples(frames_NHW3, **known))


def falls(values):
    return all(a > b for a, b in pairwise(values))


def plain(value, frames=8, height=144, width=256):
    return np.full((frames, height, width, 3), value, np.uint8)


@pytest.mark.parametrize("seed", SEEDS)
def test_clarity_falls_with_every_blur(seed):
    sharp = draw.still(draw.picture(seed), 4)
    clarities = [measure(sharp).clarity, *(measure(draw.blurred(sharp, sigma)).clarity for sigma in (0.5, 1, 2, 4))]
    assert falls(clarities)
    assert clarities[0] > 0.9
    assert 0.2 < clarities[2] < 0.4
    assert clarities[-1] < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_an_enlarged_picture_is_less_clear_the_more_it_was_enlarged(seed):
    sharp = draw.still(draw.picture(seed), 4)
    clarities = [measure(sharp).clarity]
    for factor in (1.5, 2, 3):
        small = draw.resized(sharp, int(draw.WIDTH / factor), int(draw.HEIGHT / factor))
        clarities.append(measure(draw.resized(small, draw.WIDTH, draw.HEIGHT)).clarity)
    assert falls(clarities)


@pytest.mark.parametrize("gain", [0.5, 0.75, 1.2])
def test_contrast_hardly_changes_clarity(gain):
    soft = draw.blurred(draw.still(draw.picture(), 4), 1)
    assert measure(draw.with_contrast(soft, gain)).clarity == pytest.approx(measure(soft).clarity, abs=0.03)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sigma", [2, 5, 10, 20])
def test_noise_never_makes_a_blurred_picture_clearer(seed, sigma):
    soft = draw.blurred(draw.still(draw.picture(seed), 4), 1)
    assert measure(draw.noisy(soft, sigma)).clarity < measure(soft).clarity + 0.02


@pytest.mark.parametrize("sigma", [0, 2, 5, 10, 20])
@pytest.mark.parametrize("content", ["flat", "drawn", "blurred"])
def test_the_sigma_of_noise_is_recovered(content, sigma):
    clean = plain(120, 4, draw.HEIGHT, draw.WIDTH) if content == "flat" else draw.still(draw.picture(), 4)
    if content == "blurred":
        clean = draw.blurred(clean, 2)
    assert measure(draw.noisy(clean, sigma)).noise == pytest.approx(sigma, rel=0.05, abs=0.1)


def test_noise_is_measured_beside_what_is_blown_out():
    half_white = draw.still(draw.picture(), 4)
    half_white[:, :, : draw.WIDTH // 2] = 255
    assert measure(draw.noisy(half_white, 10)).noise == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_x264_is_the_blockier_the_higher_its_crf(seed):
    film = draw.pan(seed)
    values = [measure(draw.coded(film, crf=crf, preset="veryfast")[::3]).blockiness for crf in (48, 43, 38, 28)]
    assert falls(values)
    assert values[0] > 0.5
    assert values[-1] < 0.05


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
def test_codecs_that_do_not_hide_their_blocks_show_them(codec):
    film = draw.pan()
    values = [measure(draw.coded(film, codec, quantiser=q)[::3]).blockiness for q in (31, 10, 2)]
    assert falls(values)
    assert values[-1] > 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_blur_nor_noise_nor_contrast_is_blocky(seed):
    clean = draw.still(draw.picture(seed), 4)
    for film in (
        clean,
        draw.blurred(clean, 1),
        draw.blurred(clean, 2),
        draw.noisy(clean, 10),
        draw.with_contrast(clean, 0.5),
    ):
        assert measure(film).blockiness < 0.03


def test_the_seams_between_patches_are_no_blocks():
    lone = np.zeros((1, 224, 224, 3), np.uint8)
    lone[:] = 40 + 150 * (np.indices((7, 7)).sum(axis=0) % 2).repeat(32, 0).repeat(32, 1)[..., None]
    measured = measure(plain(90), details_NHW3=lone)
    assert (measured.clarity, measured.noise, measured.blockiness) == (0, 0, 0)


def test_patches_of_another_size_can_be_measured():
    film = draw.still(draw.picture(), 4)
    seen = draw.samples(film, details_NHW3=draw.mosaics(film, patch_px=24))
    assert measure_picture(seen, patch_px=24).clarity > 0.9


@pytest.mark.parametrize("value", [0, 64, 255])
def test_brightness_is_the_mean_and_contrast_the_deviation_of_luma(value):
    assert measure(plain(value)).brightness == pytest.approx(value / 255)
    assert measure(plain(value)).contrast == 0
    halves = plain(value)
    halves[:, :, 128:] = 255 - value
    assert measure(halves).brightness == pytest.approx(0.5)
    assert measure(halves).contrast == pytest.approx(abs(127.5 - value) / 255, abs=1e-3)


def test_grey_has_no_colour_and_saturation_adds_it():
    vivid = draw.still(draw.picture(), 2)
    grey = np.repeat(vivid.mean(axis=3, keepdims=True).round().astype(np.uint8), 3, axis=3)
    mixed = [(grey * (1 - share) + vivid * share).round().astype(np.uint8) for share in (1, 0.5, 0)]
    values = [measure(film).colourfulness for film in mixed]
    assert falls(values)
    assert values[-1] == pytest.approx(0, abs=0.01)
    assert values[1] == pytest.approx(values[0] / 2, rel=0.05)


def test_colourfulness_of_two_halves_is_that_of_the_formula():
    film = plain(0, height=256)
    film[:, :, :128] = (0, 0, 200)  # R - G is 200 and (R + G) / 2 - B is 100
    film[:, :, 128:] = (0, 200, 0)  # -200 and 100
    assert measure(film).colourfulness == pytest.approx(200 + 0.3 * 100, rel=1e-4)


def test_the_share_of_crushed_and_blown_pixels_is_counted():
    film = plain(120, height=256)
    film[:, 64:80, 64:80] = 0
    film[:, 128:144, 128:144] = 255
    assert measure(film).clipped_share == pytest.approx(2 * 16 * 16 / 256**2)


@pytest.mark.parametrize("colour", [0, 16, 128, 255])
@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (20, 0), (0, 48), (20, 48)])
def test_bars_are_found_to_the_pixel(rows, columns, colour):
    film = draw.resized(draw.noisy(draw.pan(), 3), 256, 144)
    film[:, :rows], film[:, 144 - rows :] = colour, colour
    film[:, :, :columns], film[:, :, 256 - columns :] = colour, colour
    film = draw.noisy(film, 2)
    inner = (144 - 2 * rows) * (256 - 2 * columns)
    assert measure(film).border_share == pytest.approx(1 - inner / (144 * 256))


@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_bars_survive_compression_at_any_brightness(gain):
    film = (draw.pan() * gain).astype(np.uint8)
    film[:, :45], film[:, -45:] = 0, 0
    assert measure(draw.coded(film, crf=28, preset="veryfast")).border_share == pytest.approx(0.25, abs=0.02)


def test_what_lies_in_bars_is_not_exposure_nor_colour():
    film = draw.resized(draw.pan(), 256, 144)
    inside = measure(film[:, 20:-20])
    film[:, :20], film[:, -20:] = 0, 0
    barred = measure(film)
    assert barred.border_share > 0.2
    for name in ("brightness", "contrast", "colourfulness", "clipped_share"):
        assert getattr(barred, name) == pytest.approx(getattr(inside, name), rel=1e-6), name


def test_bars_make_a_blurred_clip_no_clearer():
    soft = draw.blurred(draw.still(draw.picture(), 4), 2)
    barred = soft.copy()
    barred[:, :57], barred[:, -57:] = 0, 0
    assert measure(barred).clarity == pytest.approx(measure(soft).clarity, abs=0.03)


def test_a_dark_sky_over_a_bright_skyline_is_no_bar():
    film = draw.resized(draw.pan(), 256, 144)
    skyline = 40 + np.cumsum(np.random.default_rng(0).integers(-3, 4, 256))
    film[:, np.arange(144)[:, None] < skyline[None]] = 3
    assert measure(film).border_share == 0


def test_bars_that_come_and_go_are_part_of_the_picture():
    film = draw.resized(draw.pan(), 256, 144)
    film[: len(film) // 2, :20] = 0
    assert measure(film).border_share == 0


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 256), st.integers(1, 256), st.sampled_from([1, 4, 255])
)
def test_every_metric_is_finite_and_within_its_range_for_any_frames(seed, frames, height, width, levels):
    rng = np.random.default_rng(seed)
    seen = draw.samples(plain(0), details_NHW3=rng.integers(0, levels + 1, (1, 224, 224, 3), np.uint8))
    seen = replace(seen, frames_NHW3=rng.integers(0, levels + 1, (frames, height, width, 3), np.uint8))
    measured = asdict(measure_picture(seen))
    assert all(math.isfinite(value) and value >= 0 for value in measured.values())
    assert all(measured[name] <= 1 for name in ("clarity", "brightness", "contrast", "clipped_share", "border_share"))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_clip_of_one_colour_is_flat_and_has_no_bars(value):
    measured = measure(plain(value, frames=1))
    assert measured == replace(
        measured, clarity=0, noise=0, blockiness=0, contrast=0, colourfulness=0, border_share=0,
        clipped_share=float(not CRUSHED < value < 250),
    )  # fmt: skip


def test_a_source_of_three_by_three_pixels_is_measured():
    tiny = np.random.default_rng(0).integers(0, 256, (3, 3, 3), np.uint8)
    big = cv2.resize(tiny, (256, 256), interpolation=cv2.INTER_LINEAR)[None]
    seen = draw.samples(big, details_NHW3=big[:, :224, :224])
    assert all(math.isfinite(value) for value in asdict(measure_picture(seen)).values())


def test_measuring_twice_gives_the_same():
    seen = draw.samples(draw.noisy(draw.pan(), 5))
    assert measure_picture(seen) == measure_picture(seen)


def test_a_picture_without_bars_is_whole():
    lumas = draw.resized(draw.pan(), 256, 144)[..., 1]
    assert find_picture(lumas) == (slice(0, 144), slice(0, 256))

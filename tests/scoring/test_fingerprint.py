"""Fingerprints: what is the same clip stays near, and what is another is far."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from longtake.scoring.fingerprint import distance, fingerprint
from longtake.selecting.config import SelectingConfig
from tests.scoring import drawn_pictures as draw

NEAR = SelectingConfig().duplicate_bits


@pytest.fixture(scope="module")
def film():
    return draw.pan(1, frames=48)


def bits(a, b):
    return distance(fingerprint(a), fingerprint(b))


@pytest.mark.parametrize("crf", [18, 32])
def test_coding_it_again_leaves_it_near(film, crf):
    assert bits(draw.samples(film), draw.samples(draw.coded(film, crf=crf, preset="veryfast"))) <= NEAR


def test_scaling_it_leaves_it_near(film):
    assert bits(draw.samples(film), draw.samples(draw.resized(film, draw.WIDTH // 2, draw.HEIGHT // 2))) <= NEAR


def test_brightness_and_contrast_leave_it_near(film):
    brighter = (film.astype(int) + 10).clip(0, 255).astype(np.uint8)
    assert bits(draw.samples(film), draw.samples(brighter)) <= NEAR
    assert bits(draw.samples(film), draw.samples(draw.with_contrast(film, 0.8))) <= NEAR


def test_another_frame_rate_leaves_it_near(film):
    assert bits(draw.samples(film, fps=30), draw.samples(film[::2], fps=15)) <= NEAR


def test_all_of_it_together_leaves_it_near(film):
    changed = draw.coded(draw.resized(film[::2], 320, 180), crf=32, preset="veryfast")
    changed = (changed.astype(int) + 10).clip(0, 255).astype(np.uint8)
    assert bits(draw.samples(film, fps=30), draw.samples(changed, fps=15)) <= NEAR


def test_other_pictures_are_far():
    prints = [fingerprint(draw.samples(draw.still(draw.picture(seed)))) for seed in range(8)]
    assert min(distance(a, b) for a, b in itertools.combinations(prints, 2)) > 5 * NEAR


def test_a_moving_camera_takes_it_far():
    wide = draw.pan(1, frames=96, step_px=8)
    assert bits(draw.samples(wide[:48]), draw.samples(wide[48:])) > 5 * NEAR


@pytest.mark.parametrize("value", [0, 90, 255])
def test_flat_pictures_have_one_stable_print(value):
    flat = np.full((8, 144, 256, 3), value, np.uint8)
    assert fingerprint(draw.samples(flat)) == "0" * 64
    assert distance(fingerprint(draw.samples(draw.noisy(flat, 5))), "0" * 64) <= 2


def test_it_has_64_hexadecimal_digits_also_of_one_frame():
    one = draw.samples(draw.still(draw.picture(), 1))
    assert len(fingerprint(one)) == 64
    assert len({fingerprint(one)[start : start + 16] for start in range(0, 64, 16)}) == 1


def test_it_does_not_hang_on_when_between_two_bursts_a_clip_ends():
    seen = draw.samples(draw.pan(1, frames=48), fps=10)
    assert fingerprint(seen) == fingerprint(replace(seen, duration_s=seen.duration_s + 0.02))


def test_distance_counts_bits():
    assert distance("0" * 64, "f" * 64) == 256
    assert distance("0" * 63 + "5", "0" * 63 + "6") == 2

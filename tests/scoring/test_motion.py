"""Every number is checked on clips whose motion was drawn, so that it is known in px/s, levels or shares."""

from dataclasses import astuple

import cv2
import numpy as np
import pytest

from longtake.scoring.motion import Motion, measure_motion

from .drawn import HEIGHT, STEP_S, WIDTH, clip, look, moments, samples, thing_over

RADIUS_PX = np.sqrt((WIDTH**2 + HEIGHT**2) / 12)
"""Root mean square distance from the middle of a frame: what a zoom of 1 a second moves it by."""


def pan(px_s, source_px=WIDTH, pull_px_s2=0.0):
    """A camera that goes right and down."""

    def draw(time_s):
        way_px = px_s * time_s + pull_px_s2 * time_s**2 / 2
        return look(0.8 * way_px - 60, 0.6 * way_px - 60, source_px=source_px)

    return draw


def still(time_s):
    return look(40, -40)


def flat(level):
    return lambda time_s: np.full((HEIGHT, WIDTH), level, np.float32)


def turn(time_s):
    """1 and -1, from one step to the next."""
    return 1 if round(time_s / STEP_S) % 2 else -1


@pytest.mark.parametrize("px_s", [5, 10, 20, 50, 100, 200])
def test_a_pan_has_its_own_speed_and_no_shake(px_s):
    found = measure_motion(clip(pan(px_s)))
    assert found.motion == pytest.approx(px_s, rel=0.05)
    assert found.camera_motion == pytest.approx(px_s, rel=0.05)
    assert found.camera_shake < 0.5
    assert found.still_share == 0
    assert found.moving_area > (0.9 if px_s > 5 else 0.5)


def test_motion_grows_with_the_speed_from_the_slowest_that_is_seen():
    speeds = [measure_motion(clip(pan(px_s))).motion for px_s in (0, 0.5, 1, 2, 4, 8, 16, 64, 200)]
    assert speeds == sorted(speeds)
    assert speeds[0] == 0


@pytest.mark.parametrize("px_s", [300, 500])
def test_motion_too_fast_to_follow_still_counts_as_fast(px_s):
    found = measure_motion(clip(pan(px_s)))
    assert found.motion > 60
    assert found.moving_area > 0.9


@pytest.mark.parametrize("fps", [10, 24, 25, 30, 50, 60])
def test_the_frame_rate_does_not_matter(fps):
    found = measure_motion(clip(pan(50), fps))
    assert found.motion == pytest.approx(50, rel=0.03)
    assert found.camera_shake < 0.5
    assert found.flicker < 0.5


@pytest.mark.parametrize("source_px", [128, 320, 640, 1280])
def test_the_size_of_the_source_does_not_matter(source_px):
    here, there = measure_motion(clip(pan(50))), measure_motion(clip(pan(50, source_px)))
    assert astuple(there) == pytest.approx(astuple(here), rel=0.02, abs=0.1)


@pytest.mark.parametrize("source_px", [256, 1280])
@pytest.mark.parametrize("rate", [0.1, 0.3])
@pytest.mark.parametrize("move", ["zoom", "roll"])
def test_zoom_and_roll_are_camera_motion_by_how_far_they_move_the_picture(move, rate, source_px):
    def draw(time_s):
        way = {"roll": rate * time_s} if move == "roll" else {"zoom": np.exp(rate * time_s)}
        return look(**way, source_px=source_px)

    found = measure_motion(clip(draw))
    assert found.camera_motion == pytest.approx(rate * RADIUS_PX, rel=0.07)
    assert found.motion == pytest.approx(rate * RADIUS_PX, rel=0.15)
    assert found.camera_shake < 0.5


def test_a_pan_that_gathers_speed_does_not_shake():
    assert measure_motion(clip(pan(20, pull_px_s2=60))).camera_shake < 0.5


def test_shake_is_the_velocity_that_no_steady_camera_has():
    offsets_px = np.random.default_rng(1).normal(size=(16, 2))
    found = []
    for sigma_px in (0, 0.5, 1, 2, 4):
        off = sigma_px * offsets_px

        def draw(time_s, off=off):
            x, y = off[round(time_s / STEP_S)]
            return look(20 * time_s + x, y)

        found.append(measure_motion(clip(draw, frames=16)).camera_shake)
    velocities = np.diff(offsets_px, axis=0) / STEP_S
    line = np.stack([np.ones(15), np.arange(15)], axis=1)
    rest = velocities - line @ np.linalg.lstsq(line, velocities, rcond=None)[0]
    known = np.sqrt((rest**2).sum(axis=1).mean())
    assert found == pytest.approx([0, 0.5 * known, known, 2 * known, 4 * known], rel=0.05, abs=0.3)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.4])
def test_a_thing_that_moves_over_a_scene_is_no_camera_motion(share):
    found = measure_motion(clip(lambda time_s: thing_over(still(0), 10 + 40 * time_s, 10, share)))
    assert found.camera_motion < 0.5
    assert found.camera_shake < 0.5
    assert found.motion == pytest.approx(40 * share, rel=0.35, abs=1)


def test_the_moving_area_is_that_of_the_thing_and_a_rim():
    shares = (0.05, 0.1, 0.2, 0.4)
    areas = [
        measure_motion(clip(lambda time_s, share=share: thing_over(still(0), 10 + 40 * time_s, 10, share))).moving_area
        for share in shares
    ]
    for share, area in zip(shares, areas, strict=True):
        width_px = np.sqrt(share * WIDTH * HEIGHT)
        assert share < area < share * (1 + 2 * 9 / width_px) ** 2


def test_a_small_thing_before_a_blank_wall_is_not_taken_for_the_camera():
    wall = flat(120)(0)
    found = measure_motion(clip(lambda time_s: thing_over(wall, 10 + 40 * time_s, 10, 0.1)))
    assert found.camera_motion < 0.5
    assert found.motion > 2


def test_a_pan_under_a_blank_sky_is_camera_motion():
    def draw(time_s):
        frame = look(30 * time_s)
        frame[: HEIGHT // 2] = 200
        return frame

    found = measure_motion(clip(draw))
    assert found.camera_motion == pytest.approx(30, rel=0.05)
    assert 0.4 < found.moving_area < 0.7


def test_a_frozen_clip_is_still_and_nothing_else():
    assert measure_motion(clip(still)) == Motion(
        motion=0, moving_area=0, camera_shake=0, camera_motion=0, still_share=1, flicker=0
    )


def test_still_share_is_the_share_of_the_pairs_that_repeat():
    # Steps 0 to 4 show one picture; of the nine pairs four are still.
    found = measure_motion(clip(lambda time_s: look(30 * max(0.0, time_s - 0.4)), frames=10))
    assert found.still_share == pytest.approx(4 / 9)


@pytest.mark.parametrize("grain", [0.5, 2, 5])
def test_grain_is_neither_stillness_nor_motion(grain):
    found = measure_motion(clip(still, grain=grain))
    assert found.still_share == 0
    assert found.motion < 0.1
    assert found.camera_shake < 0.1


def test_a_small_thing_that_moves_is_enough_for_a_pair_not_to_be_still():
    found = measure_motion(clip(lambda time_s: thing_over(still(0), 100 + 10 * time_s, 60, 0.003)))
    assert found.still_share == 0
    assert found.moving_area < 0.03


@pytest.mark.parametrize("grain", [0, 1, 3])
@pytest.mark.parametrize("level", [0, 100])
def test_a_picture_without_texture_does_not_move(level, grain):
    found = measure_motion(clip(flat(level), grain=grain))
    assert found.motion < 1
    assert found.moving_area < 0.02
    assert found.camera_motion < 0.1


@pytest.mark.parametrize("fps", [24, 30, 50])
@pytest.mark.parametrize("levels", [1, 5, 15])
def test_flicker_is_how_far_a_frame_is_from_its_neighbours_and_no_motion(levels, fps):
    times_s, burst_N = moments(fps)
    bright_N = np.array([levels * turn(step * STEP_S) for step in range(len(times_s))])
    grey_NHW = np.rint(still(0) + bright_N[:, None, None]).clip(0, 255).astype(np.uint8)
    found = measure_motion(samples(grey_NHW, times_s, burst_N))
    assert found.flicker == pytest.approx(2 * levels, rel=0.02)
    assert found.motion < 0.5


@pytest.mark.parametrize("fps", [24, 30])
def test_a_fade_is_neither_flicker_nor_motion(fps):
    found = measure_motion(clip(lambda time_s: still(0) * (1 - time_s), fps))
    assert found.flicker < 0.1
    assert found.motion < 0.1
    assert found.still_share == 0


def test_what_lies_between_two_bursts_is_not_looked_at():
    found = measure_motion(clip(lambda time_s: look(0, 0, seed=1 if time_s < 1 else 2), bursts=2))
    assert found == Motion(motion=0, moving_area=0, camera_shake=0, camera_motion=0, still_share=1, flicker=0)


def test_a_clip_of_two_frames_has_motion_but_neither_shake_nor_flicker():
    found = measure_motion(clip(pan(50), frames=2))
    assert found.motion == pytest.approx(50, rel=0.05)
    assert (found.camera_shake, found.flicker) == (0, 0)


def test_bursts_of_one_frame_have_nothing_to_measure():
    assert set(astuple(measure_motion(clip(pan(50), frames=1, bursts=3)))) == {0.0}


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (1, 256), (256, 1), (3, 256), (37, 256), (512, 300)])
def test_noise_of_any_shape_gives_finite_numbers(shape):
    noise = np.random.default_rng(0).integers(0, 256, (8, *shape), np.uint8)
    found = measure_motion(samples(noise, *moments()))
    assert np.isfinite(astuple(found)).all()
    assert 0 <= found.moving_area <= 1


def test_nine_pixels_enlarged_give_finite_numbers():
    rng = np.random.default_rng(0)
    found = measure_motion(clip(lambda time_s: cv2.resize(rng.uniform(0, 255, (3, 3)), (256, 256))))
    assert np.isfinite(astuple(found)).all()


def test_time_stamps_that_almost_coincide_give_finite_numbers():
    times_s, burst_N = moments()
    grey_NHW = clip(pan(50)).frames_NHW3[..., 0]
    times_s[3] = np.nextafter(times_s[2], 1)
    found = measure_motion(samples(grey_NHW, times_s, burst_N))
    assert np.isfinite(astuple(found)).all()
    assert found.motion < 500


def test_the_same_samples_have_the_same_numbers_on_any_number_of_threads():
    shown = clip(pan(120), grain=3)
    found = []
    before = cv2.getNumThreads()
    try:
        for threads in (1, 1, 2, 5):
            cv2.setNumThreads(threads)
            found.append(measure_motion(shown))
    finally:
        cv2.setNumThreads(before)
    assert len(set(found)) == 1

"""A drawn scene seen through a window that moves as it is told. Legend: N frames, H, W, 3 channels; 4 = right, down, closer, clockwise."""

from functools import cache

import cv2
import numpy as np
import pytest

from longtake.captioning.measured.camera import (
    BURST_FRAMES,
    FRAMES,
    STEP_S,
    analyse_camera,
    camera_language,
    plan_camera,
)

W, H, SECONDS, COUNT = 160, 96, 2.0, 20
TIMES_S = np.linspace(0, SECONDS, COUNT)
STILL = np.zeros((COUNT, 4))


@cache
def scene() -> np.ndarray:
    rng = np.random.default_rng(3)
    coarse, fine = (
        cv2.resize(rng.uniform(0, 255, (side, side)).astype(np.float32), (700, 700), interpolation=cv2.INTER_CUBIC)
        for side in (24, 90)
    )
    return np.clip(0.6 * coarse + 0.4 * fine, 0, 255).astype(np.uint8)


def steadily(right=0.0, down=0.0, closer=0.0, clockwise=0.0) -> np.ndarray:
    """A camera's path [N, 4] at these rates a second."""
    return TIMES_S[:, None] * np.array([right, down, closer, clockwise])


def film(path_N4: np.ndarray, width: int = W, height: int = H) -> np.ndarray:
    """What a camera that goes this way sees of the scene, with grain."""
    rng = np.random.default_rng(5)
    frames = []
    for right, down, closer, clockwise in path_N4:
        turn = np.exp(1j * np.radians(clockwise) - closer)
        middle = 350 + 350j + (right + 1j * down) * width
        corners = [middle + turn * ((x - 0.5) * width + 1j * (y - 0.5) * height) for x, y in ((0, 0), (1, 0), (1, 1))]
        source = np.array([[corner.real, corner.imag] for corner in corners], np.float32)
        target = np.array([[0, 0], [width, 0], [width, height]], np.float32)
        luma = cv2.warpAffine(scene(), cv2.getAffineTransform(source, target), (width, height), flags=cv2.INTER_AREA)
        frames.append(np.clip(luma + rng.normal(0, 1, luma.shape), 0, 255).astype(np.uint8))
    return np.repeat(np.stack(frames)[..., None], 3, axis=3)


def disc_before(frames: np.ndarray, centres_x: np.ndarray, radius: float) -> np.ndarray:
    """The same with a large textured disc at these places, widths."""
    frames = frames.copy()
    rows, columns = np.mgrid[0 : frames.shape[1], 0 : frames.shape[2]]
    for frame, x in zip(frames, centres_x, strict=True):
        inside = (columns - x * W) ** 2 + (rows - 0.55 * H) ** 2 < (radius * W) ** 2
        shift = round(float(x) * W)
        frame[inside] = np.roll(scene()[450 : 450 + H, 200 : 200 + W].T[::-1].T, shift, axis=1)[inside][:, None]
    return frames


def kinds(frames: np.ndarray) -> set[str]:
    return {move.kind for move in camera_language(frames, TIMES_S)}


@pytest.mark.parametrize(
    ("rates", "kind", "speed"),
    [
        ({"right": 0.15}, "pan right", "moderate"),
        ({"right": -0.4}, "pan left", "fast"),
        ({"down": 0.05}, "tilt down", "slow"),
        ({"down": -0.15}, "tilt up", "moderate"),
        ({"closer": 0.2}, "zoom in", "moderate"),
        ({"closer": -0.08}, "zoom out", "slow"),
        ({"clockwise": 10.0}, "roll clockwise", "moderate"),
        ({"clockwise": -4.0}, "roll counterclockwise", "slow"),
    ],
)
def test_a_steady_move_is_named_with_its_sign_its_speed_and_its_rate(rates, kind, speed):
    (move,) = camera_language(film(steadily(**rates)), TIMES_S)
    assert (move.kind, move.speed) == (kind, speed)
    assert move.rate == pytest.approx(abs(next(iter(rates.values()))), rel=0.05)
    assert (move.start_s, move.end_s) == (0.0, SECONDS)


@pytest.mark.parametrize(
    ("rates", "kind"),
    [
        ({"right": -0.01}, "pan left"),
        ({"down": 0.01}, "tilt down"),
        ({"closer": 0.02}, "zoom in"),
        ({"clockwise": 1.0}, "roll clockwise"),
    ],
)
def test_the_least_speed_is_a_move_and_half_of_it_is_none(rates, kind):
    assert kinds(film(steadily(**rates))) == {kind}
    assert kinds(film(steadily(**{axis: rate / 2 for axis, rate in rates.items()}))) == {"static"}


def test_a_diagonal_is_a_pan_and_a_tilt_at_the_same_time():
    moves = camera_language(film(steadily(right=0.1, down=-0.06)), TIMES_S)
    assert [move.kind for move in moves] == ["pan right", "tilt up"]


def test_a_camera_that_trembles_is_handheld():
    rng = np.random.default_rng(1)
    path_N4 = STILL.copy()
    path_N4[:, :2] = rng.normal(0, 0.004, (COUNT, 2))
    (move,) = camera_language(film(path_N4), TIMES_S)
    assert move.kind == "handheld"
    assert move.rate == pytest.approx(
        float(np.sqrt(((np.diff(path_N4, axis=0) / np.diff(TIMES_S)[:, None]) ** 2).sum(axis=1).mean())), rel=0.15
    )


def test_a_camera_that_stands_is_static_for_all_of_the_clip():
    (move,) = camera_language(film(STILL), TIMES_S)
    assert (move.kind, move.speed, move.rate, move.start_s, move.end_s) == ("static", None, 0.0, 0.0, SECONDS)


def test_a_pan_that_ends_says_when():
    path_N4 = steadily(right=0.2)
    path_N4[:, 0] = path_N4[:, 0].clip(max=0.2)
    (move,) = camera_language(film(path_N4), TIMES_S)
    assert move.kind == "pan right"
    assert move.end_s == pytest.approx(1.0, abs=0.15)


def test_a_large_thing_that_passes_is_no_move_of_the_camera():
    frames = disc_before(film(STILL), np.linspace(0.1, 0.9, COUNT), 0.25)
    analysis = analyse_camera(frames, TIMES_S)
    assert [move.kind for move in analysis.moves] == ["static"]
    assert analysis.moving_share_P.mean() > 0.15
    velocity_2 = np.average(analysis.moving_velocity_P2, axis=0, weights=analysis.moving_share_P)
    assert velocity_2[0] == pytest.approx(0.4, rel=0.25)
    assert abs(velocity_2[1]) < 0.05


def test_a_camera_that_follows_a_thing_pans():
    frames = disc_before(film(steadily(right=0.15)), np.full(COUNT, 0.5), 0.22)
    assert kinds(frames) == {"pan right"}


def test_a_pair_says_what_the_camera_makes_of_the_picture_and_that_nothing_moves_besides():
    analysis = analyse_camera(film(steadily(right=0.1, closer=0.1)), TIMES_S)
    moves_P4 = analysis.pair_moves_P4 / analysis.pair_steps_s[:, None]
    assert np.median(moves_P4, axis=0) == pytest.approx([-0.1, 0.0, 0.1, 0.0], abs=0.015)
    assert analysis.moving_share_P.max() < 0.02


def test_bars_at_the_edges_do_not_hold_the_camera():
    frames = np.pad(film(steadily(right=0.1)), ((0, 0), (20, 20), (0, 0), (0, 0)))
    assert kinds(frames) == {"pan right"}


def test_a_portrait_is_measured_in_its_own_widths():
    (move,) = camera_language(film(steadily(right=0.12), width=H, height=W), TIMES_S)
    assert move.kind == "pan right"
    assert move.rate == pytest.approx(0.12, rel=0.05)


@pytest.mark.parametrize("count", [1, 2, COUNT])
def test_a_blank_picture_is_static_however_few_frames_there_are(count):
    (move,) = camera_language(np.full((count, H, W, 3), 90, np.uint8), TIMES_S[:count])
    assert move.kind == "static"


@pytest.mark.parametrize("shape", [(16, 256), (256, 16), (16, 16)])
def test_a_picture_may_be_as_thin_as_the_guard_gives_it(shape):
    frames = np.random.default_rng(0).integers(0, 255, (5, *shape, 3), dtype=np.uint8)
    assert camera_language(frames, np.arange(5) / 10)


@pytest.mark.parametrize(
    ("duration_s", "fps"), [(0.04, 25.0), (1.0, 24.0), (5.0, 50.0), (7.9, 12.0), (30.0, 25.0), (600.0, 1.0)]
)
def test_the_plan_lies_within_the_clip_and_looks_often_enough(duration_s, fps):
    times_s = np.array(plan_camera(duration_s, fps).times_s)
    assert 2 <= len(times_s) <= FRAMES
    assert times_s[0] == 0
    assert (np.diff(times_s) >= 0).all()
    if fps >= 1 / STEP_S:
        assert times_s[-1] < duration_s
        assert np.sort(np.diff(times_s))[: len(times_s) * (BURST_FRAMES - 1) // BURST_FRAMES - 1].max(initial=0) <= max(
            STEP_S, 1 / fps
        )

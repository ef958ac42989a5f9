"""Defects of motion: the camera shakes, time stands still, stutters or runs.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; all frames are uint8.
"""

import cv2
import numpy as np

from longtake.tsa_training.defects.scene import Frames, Scene, between, between_powers


def shake(scene: Scene, severity: float) -> Frames:
    """A hand that jerks by 0.15 to 2.5 % of the width from tenth to tenth of a second, cropped to hide the edges."""
    size = between_powers(0.0015, 0.025, severity)
    times_N = np.arange(scene.count) / scene.fps * 10
    moments = np.arange(int(times_N[-1]) + 2)
    x_N, y_N = (np.interp(times_N, moments, scene.rng.standard_normal(len(moments))) for _ in range(2))
    return _move(scene.frames_NHW3, x_N * size * scene.width, y_N * size * scene.width, np.zeros_like(x_N), 4 * size)


def sway(scene: Scene, severity: float) -> Frames:
    """A camera that rolls to and fro by 0.3 to 5 degrees, twice or three times a second."""
    roll = between_powers(0.3, 5, severity)
    times_N = np.arange(scene.count) / scene.fps
    beat, phase = scene.rng.uniform(2, 3), scene.rng.uniform(0, 2 * np.pi)
    roll_N = roll * np.sin(2 * np.pi * beat * times_N + phase)
    still_N = np.zeros_like(roll_N)
    return _move(scene.frames_NHW3, still_N, still_N, roll_N, np.sin(np.radians(roll)) * 1.5)


def freeze(scene: Scene, severity: float) -> Frames:
    """The picture stands still for 15 to 100 % of the time, from a random moment on."""
    held = max(2, round(between(0.15, 1, severity) * scene.count))
    start = int(scene.rng.random() * (scene.count - held + 1))
    index_N = np.arange(scene.count)
    index_N[start : start + held] = start
    return scene.frames_NHW3[index_N]


def judder(scene: Scene, severity: float) -> Frames:
    """Frames are missing at random, and the one before stands in for each: 15 to 85 % of them."""
    missing_N = scene.rng.random(scene.count) < between(0.15, 0.85, severity)
    missing_N[0] = False
    return scene.frames_NHW3[np.maximum.accumulate(np.where(missing_N, 0, np.arange(scene.count)))]


def slideshow(scene: Scene, severity: float) -> Frames:
    """A new picture every 0.12 to 1.2 s."""
    held = max(2, round(between_powers(0.12, 1.2, severity) * scene.fps))
    return scene.frames_NHW3[np.arange(scene.count) // held * held]


def speed_up(scene: Scene, severity: float) -> Frames:
    """Time runs 1.5 to 8 times as fast, to and fro where the footage ends, and the camera jumps with it."""
    rate = between_powers(1.5, 8, severity)
    way_N = np.rint(np.arange(scene.count) * rate).astype(int) % max(1, 2 * scene.count - 2)
    return scene.frames_NHW3[np.where(way_N < scene.count, way_N, 2 * scene.count - 2 - way_N)]


def whip_pan(scene: Scene, severity: float) -> Frames:
    """A pan by 0.25 to 2.5 widths a second over the picture and its mirror image, blurred over half a frame's time."""
    step_px = between_powers(0.25, 2.5, severity) * scene.width / scene.fps
    side = 1 if scene.rng.random() < 0.5 else -1
    panned = []
    for number, frame in enumerate(scene.frames_NHW3):
        wide = np.concatenate([frame, frame[:, ::-1]], axis=1)
        turned = np.roll(wide, -side * round(number * step_px), axis=1)[:, : scene.width]
        panned.append(cv2.blur(turned, (max(1, round(step_px / 2)), 1)))
    return np.stack(panned)


def _move(frames_NHW3: Frames, x_N: np.ndarray, y_N: np.ndarray, roll_N: np.ndarray, zoom: float) -> Frames:
    """Shifts (pixels) and rolls (degrees) each frame, enlarged by `zoom` so that the edges stay outside."""
    height, width = frames_NHW3.shape[1:3]
    moved_NHW3 = np.empty_like(frames_NHW3)
    for frame, x, y, roll, out in zip(frames_NHW3, x_N, y_N, roll_N, moved_NHW3, strict=True):
        move = cv2.getRotationMatrix2D((width / 2, height / 2), float(roll), 1 + zoom)
        move[:, 2] += (x, y)
        cv2.warpAffine(frame, move, (width, height), dst=out, borderMode=cv2.BORDER_REFLECT)
    return moved_NHW3

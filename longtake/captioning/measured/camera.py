"""What the camera does in a clip, in the words of film people, from the motion that most of the picture and its borders share.

`camera_similarity` what one picture makes of the next, `camera_path` the way through the clip, `camera_words` what that is called,
`camera_residual` what moves on its own.

Legend: N frames, P pairs of neighbours; H, W rows and columns; 3 channels: blue, green, red; 4 = what the camera makes of the picture:
right and down (widths), growth (natural logarithm of the scale), clockwise turn (degrees); 2 = right and down.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Move
from longtake.captioning.measured.camera_path import GAP_S, follow
from longtake.captioning.measured.camera_residual import Residual, measure_residual
from longtake.captioning.measured.camera_words import name_moves
from longtake.scoring.picture import find_picture
from longtake.video.records import Fit

SIZE_PX = 256
"""Longer side of what is looked at: the slowest move of a second is 2.5 pixels of it."""
FRAMES = 64
STEP_S = 0.125
"""Neighbours are no further apart: a fast pan then moves the picture by a twentieth of its width, and what hands do, slower than 4 Hz,
is seen."""
BURST_STEP_S, BURST_FRAMES = 0.1, 8
"""Of a clip that is too long for steps so small, bursts are looked at."""
OPPOSITE_4 = np.array([-1.0, -1.0, 1.0, -1.0])
"""A camera that turns right moves the picture left; one that comes closer makes it grow."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraAnalysis:
    """What was seen of one clip's motion. Pairs are neighbours within a burst; a single frame has none, and the arrays are empty."""

    moves: tuple[Move, ...]
    """The camera's, in the order of time; never empty."""
    pair_times_s: NDArray[np.float64]
    """[P], the middle of each pair."""
    pair_steps_s: NDArray[np.float64]
    """[P], from one frame to the next."""
    pair_moves_P4: NDArray[np.float64]
    """What the camera makes of the picture from one frame to the next."""
    moving_share_P: NDArray[np.float64]
    """Of the picture, 0..1, where something moves on its own, the camera's motion taken away."""
    moving_speed_P: NDArray[np.float64]
    """Median speed of it, widths a second; 0 where nothing moves."""
    moving_velocity_P2: NDArray[np.float64]
    """Mean velocity of it, widths a second; far shorter than the speed where it moves in different directions."""
    moving_growth_P: NDArray[np.float64]
    """Rate at which it spreads from its own middle, 1/s: above 0 what comes nearer."""


def plan_camera(duration_s: float, fps: float) -> Fit:
    """The view to ask the guard for: up to 64 frames, evenly over the clip, or in bursts over a long one."""
    last_s = max(duration_s - 0.5 / fps, 0.0)
    if last_s <= (FRAMES - 1) * STEP_S:
        times_s = np.linspace(0.0, last_s, max(2, min(FRAMES, round(duration_s * fps))))
    else:
        burst_s = np.arange(BURST_FRAMES) * max(BURST_STEP_S, 1.001 / fps)
        starts_s = np.linspace(0.0, max(last_s - burst_s[-1], 0.0), FRAMES // BURST_FRAMES)
        times_s = np.sort((starts_s[:, None] + burst_s).ravel())
    return Fit(times_s=tuple(times_s.tolist()), size_px=SIZE_PX)


def camera_language(frames_NHW3: NDArray[np.uint8], times_s: NDArray[np.float64]) -> tuple[Move, ...]:
    """What the camera does, never empty: `static` or `handheld` at least. `times_s` increases strictly."""
    return analyse_camera(frames_NHW3, times_s).moves


def analyse_camera(frames_NHW3: NDArray[np.uint8], times_s: NDArray[np.float64]) -> CameraAnalysis:
    """The camera's moves, and what moves besides. `times_s` [N] increases strictly; a single frame shows a static camera."""
    if len(times_s) < 2:
        at_s = float(times_s[0]) if len(times_s) else 0.0
        static = Move(kind="static", speed=None, rate=0.0, start_s=at_s, end_s=at_s)
        return _analysis((static,), np.zeros(0), np.zeros(0), np.zeros((0, 4)), [])
    lumas_NHW = np.stack([cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY) for frame_HW3 in frames_NHW3])
    rows, columns = find_picture(lumas_NHW)
    lumas = [np.ascontiguousarray(luma_HW[rows, columns]) for luma_HW in lumas_NHW]
    path = follow(lumas, times_s)
    path_N4 = np.concatenate([np.zeros((1, 4)), path.moves_P4.cumsum(axis=0)]) * OPPOSITE_4
    steps_s = np.diff(times_s)
    near_P = steps_s <= max(GAP_S, 1.5 * float(np.median(steps_s)))
    residuals = [
        measure_residual(path.flows[k], path.moves_P4[k], float(steps_s[k]), lumas[0].shape)
        for k in np.flatnonzero(near_P)
    ]
    middles_s = (times_s[1:] + times_s[:-1]) / 2
    return _analysis(name_moves(path_N4, times_s), middles_s[near_P], steps_s[near_P], path.moves_P4[near_P], residuals)


def _analysis(
    moves: tuple[Move, ...],
    middles_s: NDArray[np.float64],
    steps_s: NDArray[np.float64],
    moves_P4: NDArray[np.float64],
    residuals: list[Residual],
) -> CameraAnalysis:
    return CameraAnalysis(
        moves=moves,
        pair_times_s=middles_s,
        pair_steps_s=steps_s,
        pair_moves_P4=moves_P4,
        moving_share_P=np.array([residual.share for residual in residuals]),
        moving_speed_P=np.array([residual.speed for residual in residuals]),
        moving_velocity_P2=np.array([residual.velocity for residual in residuals]).reshape(-1, 2),
        moving_growth_P=np.array([residual.growth for residual in residuals]),
    )

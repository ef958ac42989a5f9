"""What the camera does in a clip, in the words of film people, from the motion that most of the picture shares.

Legend: N frames, P = N - 1 pairs of neighbours; H, W rows and columns; 3 channels: blue, green, red; 4 = what the picture does:
right and down (widths), growth (natural logarithm of the scale), clockwise turn (degrees); 2 = right and down.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.facts import Move
from longtake.video.records import Fit

SIZE_PX = 256
"""Longer side of what is looked at."""
FRAMES = 64
STEP_S = 0.125
"""Neighbours are no further apart: a fast pan moves the picture by a twentieth of its width, and hands tremble slower than the 4 Hz that this shows."""
BURST_STEP_S, BURST_FRAMES = 0.1, 8
"""Of a clip too long for even steps that small, bursts are looked at."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraAnalysis:
    """What was seen of one clip's motion. With a single frame there are no pairs, and every array is empty."""

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
    """The view to ask the guard for."""
    last_s = max(duration_s - 0.5 / fps, 0.0)
    if last_s <= (FRAMES - 1) * STEP_S:
        times_s = np.linspace(0.0, last_s, max(2, min(FRAMES, round(duration_s * fps))))
    else:
        burst_s = np.arange(BURST_FRAMES) * max(BURST_STEP_S, 1.001 / fps)
        starts_s = np.linspace(0.0, last_s - burst_s[-1], FRAMES // BURST_FRAMES)
        times_s = (starts_s[:, None] + burst_s).ravel()
    return Fit(times_s=tuple(np.sort(times_s).tolist()), size_px=SIZE_PX)


def camera_language(frames_NHW3: NDArray[np.uint8], times_s: NDArray[np.float64]) -> tuple[Move, ...]:
    """What the camera does, never empty: `static` at least."""
    return analyse_camera(frames_NHW3, times_s).moves


def analyse_camera(frames_NHW3: NDArray[np.uint8], times_s: NDArray[np.float64]) -> CameraAnalysis:
    """The camera's moves, and what moves besides. Stub: says that every camera stands."""
    pairs = max(len(times_s) - 1, 0)
    static = Move(kind="static", speed=None, rate=0.0, start_s=0.0, end_s=float(times_s[-1]) if len(times_s) else 0.0)
    return CameraAnalysis(
        moves=(static,),
        pair_times_s=(times_s[1:] + times_s[:-1]) / 2,
        pair_steps_s=np.diff(times_s),
        pair_moves_P4=np.zeros((pairs, 4)),
        moving_share_P=np.zeros(pairs),
        moving_speed_P=np.zeros(pairs),
        moving_velocity_P2=np.zeros((pairs, 2)),
        moving_growth_P=np.zeros(pairs),
    )

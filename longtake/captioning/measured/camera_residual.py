"""What moves on its own in a picture, once the camera's motion is taken away from its flow.

Legend: K points of the picture; H, W rows and columns, h, w those of the flow's half-size grid; 2 = along x and y; 4 = what the camera
makes of the picture: right and down (widths), growth (natural logarithm of the scale), clockwise turn (degrees).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtake.captioning.measured.camera_similarity import of_four, places
from longtake.scoring.flow import Flow

SPACING = 2
"""Steps of the flow's grid between points, along either side."""
MOVING = 0.02
"""Widths a second from which something moves: twice the slowest pan."""
MOVING_PX = 0.75
"""And pixels from one frame to the next, which a flow may be wrong by at an edge."""
MOVING_SHARE = 0.2
"""And share of what the camera does there: no lens is a similarity throughout."""
TEXTURE = 0.5
"""Where there is less there is nothing to see it by."""
HELD_PX = 2.0
"""Where the camera moves the picture further, and a part of it is still, that part moves along with the camera."""
MARGIN = 0.03
"""Widths from the picture's border within which a flow is not believed: what comes in there has not been seen before."""
FEWEST = 0.004
"""Share of the points: fewer are errors."""


@dataclass(frozen=True)
class Residual:
    """Of one pair of frames."""

    share: float = 0.0
    """Of the picture."""
    speed: float = 0.0
    """Median, widths a second."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Mean: right, down, widths a second."""
    growth: float = 0.0
    """Rate at which it spreads from its own middle, 1/s."""


def measure_residual(flow: Flow, moves_4: NDArray[np.float64], step_s: float, shape_HW: tuple[int, ...]) -> Residual:
    """What moves besides the camera from one frame to the next, `step_s` later."""
    near = slice(SPACING // 2, None, SPACING)
    rows, columns = shape_HW
    height = rows / columns
    places_K = places(flow.texture_hw.shape, height)[near, near].ravel()
    moved_K2 = flow.moved_hw2[near, near].reshape(-1, 2).astype(np.float64) / columns
    moved_K = moved_K2[:, 0] + 1j * moved_K2[:, 1]
    turn, shift = of_four(moves_4)
    camera_K = (turn - 1) * places_K + shift
    seen_K = flow.texture_hw[near, near].ravel() > TEXTURE
    for at_K in (places_K, places_K + camera_K):
        seen_K &= (np.abs(at_K.real) < 0.5 - MARGIN) & (np.abs(at_K.imag) < height / 2 - MARGIN)
    seen_K &= (moved_K != 0) | (np.abs(camera_K) * columns > HELD_PX)  # a flow is 0 where a change is too faint, too
    own_K = moved_K - camera_K
    least_K = np.maximum(max(MOVING * step_s, MOVING_PX / columns), MOVING_SHARE * np.abs(camera_K))
    moving_K = seen_K & (np.abs(own_K) > least_K)
    if moving_K.mean() < FEWEST:
        return Residual()
    own_K, places_K = own_K[moving_K] / step_s, places_K[moving_K]
    mean, off_K = own_K.mean(), places_K - places_K.mean()
    growth = (off_K.conj() * (own_K - mean)).real.sum() / max(float((np.abs(off_K) ** 2).sum()), 1e-9)
    return Residual(
        share=float(moving_K.mean()),
        speed=float(np.median(np.abs(own_K))),
        velocity=(float(mean.real), float(mean.imag)),
        growth=float(growth),
    )

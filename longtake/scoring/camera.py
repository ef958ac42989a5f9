"""What the camera does: the motion that most of the picture shares, and how much of it is shake.

A similarity is fitted to the flow of each pair: shift along x and y, zoom and roll about the middle. Zoom and roll are
given as the root mean square displacement that they cause over the picture, so the length of the four numbers is that of
the whole.

Legend: P pairs of frames; K points of the picture; h, w rows and columns of a flow; 2 = along x and y; 4 = x, y, zoom, roll.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longtake.scoring.flow import Flow

SPACING = 6
"""Steps of the flow's grid between points that vote, along either side."""
TOLERANCES_PX = (32.0, 16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.5)
"""A point this far from the fit has a quarter of its say. From round to round, a loose fit over all that moves
becomes a tight one over what most of the picture does (graduated non-convexity, Blake and Zisserman 1987)."""
FLAT_SAY = 0.4
"""Say of a point without texture, whose flow is 0: a thing that moves before a blank wall is not the camera."""

UNMOVED = 1e-6
"""A breath of a vote for a camera that stands, so that there is a fit where no point agrees with any other."""


def camera_moves(flows: Sequence[Flow]) -> NDArray[np.float64]:
    """The shared displacement of each pair [P, 4], pixels of the frame; 0 where a camera that stands agrees with more."""
    near = slice(SPACING // 2, None, SPACING)
    moved_PK2 = np.stack([flow.moved_hw2[near, near].reshape(-1, 2) for flow in flows]).astype(np.float64)
    texture_PK = np.stack([flow.texture_hw[near, near].ravel() for flow in flows]).astype(np.float64)
    say_PK = FLAT_SAY + (1 - FLAT_SAY) * texture_PK
    basis_K24 = _similarities(flows[0].texture_hw.shape, near)
    votes_PK = say_PK
    for tolerance_px in TOLERANCES_PX:
        weighted_P4K2 = np.einsum("pk,kci->pikc", votes_PK, basis_K24)
        normal_P44 = np.einsum("pikc,kcj->pij", weighted_P4K2, basis_K24) + UNMOVED * np.eye(4)
        target_P4 = np.einsum("pikc,pkc->pi", weighted_P4K2, moved_PK2)
        moves_P4 = np.linalg.solve(normal_P44, target_P4[..., None])[..., 0]
        near_PK = _nearness(moved_PK2 - np.einsum("kci,pi->pkc", basis_K24, moves_P4), tolerance_px)
        votes_PK = say_PK * near_PK**2  # Geman and McClure
    stands_P = (say_PK * _nearness(moved_PK2, TOLERANCES_PX[-1])).sum(axis=1) >= (say_PK * near_PK).sum(axis=1)
    moves_P4[stands_P] = 0.0
    return moves_P4


def _nearness(error_PK2: NDArray[np.float64], tolerance_px: float) -> NDArray[np.float64]:
    """1 without an error, a half at the tolerance, 0 far from it."""
    nearness_PK: NDArray[np.float64] = tolerance_px**2 / (tolerance_px**2 + (error_PK2**2).sum(axis=2))
    return nearness_PK


def _similarities(shape_hw: tuple[int, ...], near: slice) -> NDArray[np.float64]:
    """Displacement [K, 2, 4] at each point for one pixel of x, y, zoom and roll."""
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in shape_hw)
    y_K, x_K = (axis.ravel() for axis in np.meshgrid(rows[near], columns[near], indexing="ij"))
    radius = np.sqrt((rows**2).mean() + (columns**2).mean())
    one_K, none_K = np.ones_like(x_K), np.zeros_like(x_K)
    along_x_4K = [one_K, none_K, x_K / radius, -y_K / radius]
    along_y_4K = [none_K, one_K, y_K / radius, x_K / radius]
    return np.array([along_x_4K, along_y_4K]).transpose(2, 0, 1)


def shake(velocities_P4: NDArray[np.float64], times_s: NDArray[np.float64]) -> float | None:
    """Root mean square of what is left of one burst's velocities after the straight line through them, px/s.

    None with fewer than three pairs, through which a line goes without a rest. The line is the smooth part: a
    pan, zoom or roll of constant speed or acceleration. `times_s` [P] is the middle of each pair.
    """
    pairs = len(times_s)
    if pairs < 3:
        return None
    line_P2 = np.stack([np.ones(pairs), times_s - times_s.mean()], axis=1)
    rest_P4 = velocities_P4 - line_P2 @ np.linalg.lstsq(line_P2, velocities_P4, rcond=None)[0]
    return float(np.sqrt((rest_P4**2).sum(axis=1).mean()))

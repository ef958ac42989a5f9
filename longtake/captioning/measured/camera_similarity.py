"""The shift, zoom and turn that one picture makes of the next: robustly, and to a few hundredths of a pixel.

A place in a picture is a complex number, right + down i, in widths from the middle; a similarity takes z to turn * z + shift, so that it
is two complex numbers, and they compose and invert as such.

Legend: P pairs of frames; K points of a picture; H, W rows and columns, h, w those of the half-size grid; 2 = turn and shift; 4 = right
and down (widths), growth (natural logarithm of the scale), clockwise turn (degrees).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.scoring.flow import Flow, Picture

Similarity = NDArray[np.complex128]
"""[..., 2]"""
REST: Similarity = np.array([1, 0], np.complex128)
"""Nothing moves."""
SPACING = 4
"""Steps of the flow's grid between points that vote, along either side."""
TOLERANCES_PX = (32.0, 16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.5)
"""A point this far from the fit has a quarter of its say: from a loose fit over all that moves to a tight one over what most of the
picture does (graduated non-convexity, Blake and Zisserman 1987)."""
FLAT_SAY = 0.3
"""Say of a point without texture, whose flow is 0, in the first of the fits."""
MIDDLE_SAY = 0.2
"""Say of the picture's middle; its borders have 1: what is filmed and followed is mostly in the middle, the scene reaches the borders."""
BORDER_SAY = 0.6
"""What has more say is the border: the outer third."""
CELLS = 16
"""Along the longer side of the picture: each gives as many points, so that no busy corner decides."""
CELL_POINTS = 8
"""Of each cell, where it is steepest."""
STEEP_LEVELS = 1.5
"""Points less steep (levels of 255 a pixel of the grid) are none: grain, which encoders keep in place while the scene moves on."""
NOISE_LEVELS = 2.0
"""What grain and compression do to a level."""
ALIGN_TOLERANCES = (1.0, 0.7, 0.5, 0.35, 0.25)
"""Pixels of the grid that a point may be off for a quarter of its say, round by round."""
LARGEST = 3.0
"""Change of scale from one frame to another; and no shift is longer than a width."""
ENDLESS = 10.0
"""Logarithm of a change of scale, larger than any."""
FEWEST_POINTS = 12
"""With fewer there is nothing to align."""


def compose(first: Similarity, then: Similarity) -> Similarity:
    """One after the other."""
    return np.stack([then[..., 0] * first[..., 0], then[..., 0] * first[..., 1] + then[..., 1]], axis=-1)


def invert(given: Similarity) -> Similarity:
    """The way back."""
    return np.stack([1 / given[..., 0], -given[..., 1] / given[..., 0]], axis=-1)


def as_four(given: Similarity) -> NDArray[np.float64]:
    """In numbers with units [..., 4]."""
    turn, shift = given[..., 0], given[..., 1]
    return np.stack([shift.real, shift.imag, np.log(np.abs(turn)), np.degrees(np.angle(turn))], axis=-1)


def of_four(given_4: NDArray[np.float64]) -> Similarity:
    """The inverse of `as_four`; a growth that nothing could be seen by is a large one."""
    turn = np.exp(np.clip(given_4[..., 2], -ENDLESS, ENDLESS) + 1j * np.radians(given_4[..., 3]))
    return np.stack([turn, given_4[..., 0] + 1j * given_4[..., 1]], axis=-1)


def is_possible(given: Similarity | tuple[complex, complex]) -> bool:
    """Whether some of the picture is left to see."""
    return bool(1 / LARGEST <= abs(given[0]) <= LARGEST and abs(given[1]) <= 1)


def places(shape_hw: tuple[int, ...], height: float) -> NDArray[np.complex128]:
    """Of the points of a grid [h, w] over a picture that is `height` widths high."""
    rows, columns = shape_hw
    x_w = (np.arange(columns) + 0.5) / columns - 0.5
    y_h = ((np.arange(rows) + 0.5) / rows - 0.5) * height
    return x_w + 1j * y_h[:, None]


def say_at(places_K: NDArray[np.complex128], height: float) -> NDArray[np.float64]:
    """1 at the picture's border, `MIDDLE_SAY` in its middle."""
    out_K = np.maximum(np.abs(places_K.real) / 0.5, np.abs(places_K.imag) / (height / 2))
    return MIDDLE_SAY + (1 - MIDDLE_SAY) * out_K**2


def fit_flows(flows: Sequence[Flow], shape_HW: tuple[int, ...]) -> list[Similarity]:
    """What the camera may have done in each pair, three guesses [P, 2] each.

    What most of the picture agrees on, flat parts included, which say that nothing moves; what most of its texture agrees on; and what
    the texture of its border does.
    """
    near = slice(SPACING // 2, None, SPACING)
    rows, columns = shape_HW
    places_K = places(flows[0].texture_hw.shape, rows / columns)[near, near].ravel()
    moved_PK2 = np.stack([flow.moved_hw2[near, near].reshape(-1, 2) for flow in flows]).astype(np.float64) / columns
    moved_PK = moved_PK2[..., 0] + 1j * moved_PK2[..., 1]
    texture_PK = np.stack([flow.texture_hw[near, near].ravel() for flow in flows]).astype(np.float64)
    say_K = say_at(places_K, rows / columns)
    flat_too_PK = (FLAT_SAY + (1 - FLAT_SAY) * texture_PK) * say_K
    texture_PK *= say_K
    ways = ((flat_too_PK, flat_too_PK), (texture_PK, texture_PK), (texture_PK, texture_PK * (say_K > BORDER_SAY)))
    return [_descend(places_K, moved_PK, say_PK, first_PK, columns) for say_PK, first_PK in ways]


def _descend(
    places_K: NDArray[np.complex128],
    moved_PK: NDArray[np.complex128],
    say_PK: NDArray[np.float64],
    votes_PK: NDArray[np.float64],
    columns: int,
) -> Similarity:
    """From these votes to the fit that they lead to."""
    for tolerance_px in TOLERANCES_PX:
        weight_PK = votes_PK / (votes_PK.sum(axis=1, keepdims=True) + 1e-12)
        middle_P1 = (weight_PK @ places_K)[:, None]
        mean_P1 = (weight_PK * moved_PK).sum(axis=1, keepdims=True)
        off_PK = places_K - middle_P1
        spread_P = (weight_PK * np.abs(off_PK) ** 2).sum(axis=1) + 1e-6
        more_P = (weight_PK * off_PK.conj() * (moved_PK - mean_P1)).sum(axis=1) / spread_P
        shift_P = mean_P1[:, 0] - more_P * middle_P1[:, 0]
        error_PK = np.abs(moved_PK - more_P[:, None] * places_K - shift_P[:, None]) * columns
        votes_PK = say_PK / (1 + (error_PK / tolerance_px) ** 2) ** 2  # Geman and McClure
    return np.stack([1 + more_P, shift_P], axis=-1)


@dataclass(frozen=True, eq=False)
class Look:
    """What aligning needs to know of one frame."""

    detail_hw: NDArray[np.float32]
    height: float
    """Of the picture, widths."""
    places_K: NDArray[np.complex128]
    cell_K: NDArray[np.int64]
    cells: int
    levels_K: NDArray[np.float64]
    slope_K: NDArray[np.complex128]
    """Of the levels, along x and y, a width."""
    say_K: NDArray[np.float64]

    @property
    def steep_K(self) -> NDArray[np.float64]:
        """Levels a pixel of the grid."""
        return np.abs(self.slope_K) / self.detail_hw.shape[1]


def look_at(picture: Picture, shape_HW: tuple[int, ...]) -> Look:
    """The frame's steepest points, as many of each cell."""
    detail_hw = picture.detail_hw
    rows, columns = detail_hw.shape
    height = shape_HW[0] / shape_HW[1]
    along_x_hw = cv2.Sobel(detail_hw, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    along_y_hw = cv2.Sobel(detail_hw, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    steep_hw = cv2.magnitude(along_x_hw, along_y_hw)
    steep_hw[:2] = steep_hw[-2:] = steep_hw[:, :2] = steep_hw[:, -2:] = 0
    side = max(max(rows, columns) // CELLS, 4)
    down, across = rows // side, columns // side
    cells_CS = _cells(steep_hw[: down * side, : across * side], side)
    index_CS = _cells(np.arange(rows * columns).reshape(rows, columns)[: down * side, : across * side], side)
    best_CB = np.argpartition(cells_CS, -CELL_POINTS, axis=1)[:, -CELL_POINTS:]
    enough_CB = np.take_along_axis(cells_CS, best_CB, axis=1) > STEEP_LEVELS
    chosen_K = np.take_along_axis(index_CS, best_CB, axis=1)[enough_CB]
    places_K = places(detail_hw.shape, height).ravel()[chosen_K]
    slope_K = along_x_hw.ravel()[chosen_K] * columns + 1j * (along_y_hw.ravel()[chosen_K] * (rows / height))
    return Look(
        detail_hw=detail_hw, height=height, places_K=places_K, cell_K=np.nonzero(enough_CB)[0], cells=len(cells_CS),
        levels_K=detail_hw.ravel()[chosen_K].astype(np.float64), slope_K=slope_K, say_K=say_at(places_K, height),
    )  # fmt: skip


def _cells(grid_hw: NDArray, side: int) -> NDArray:
    """The grid's squares as rows [C, side * side]."""
    rows, columns = grid_hw.shape
    return grid_hw.reshape(rows // side, side, columns // side, side).transpose(0, 2, 1, 3).reshape(-1, side * side)


def leftover(
    a: Look, b: Look, given: Similarity | tuple[complex, complex]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What a similarity leaves of the change from a to b at a's points [K], levels; and which of them stay in the picture."""
    rows, columns = b.detail_hw.shape
    there_K = given[0] * a.places_K + given[1]
    x_K = ((there_K.real + 0.5) * columns - 0.5).astype(np.float32)
    y_K = ((there_K.imag / a.height + 0.5) * rows - 0.5).astype(np.float32)
    inside_K = (x_K > 1) & (x_K < columns - 2) & (y_K > 1) & (y_K < rows - 2)
    levels_1K = cv2.remap(b.detail_hw, x_K[None], y_K[None], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return levels_1K[0] - a.levels_K, inside_K


def agreement(a: Look, b: Look, given: Similarity) -> float:
    """How much of a's texture the similarity explains, 0..1, the border before the middle."""
    if len(a.places_K) < FEWEST_POINTS:
        return 0.0
    left_K, inside_K = leftover(a, b, given)
    near_K = 1 / (1 + (left_K / (NOISE_LEVELS + ALIGN_TOLERANCES[-2] * a.steep_K)) ** 2) ** 2
    say_K = a.say_K * inside_K
    return float((say_K * near_K).sum() / max(say_K.sum(), 1e-9))


def align(a: Look, b: Look, start: Similarity) -> Similarity:
    """The similarity from a to b near the start: inverse compositional (Baker and Matthews 2004), Geman and McClure's weights."""
    if len(a.places_K) < FEWEST_POINTS:
        return start
    turn, shift = complex(start[0]), complex(start[1])
    more_K = a.slope_K.conj() * a.places_K
    descents_K4 = np.stack([a.slope_K.real, a.slope_K.imag, more_K.real, -more_K.imag], axis=1)
    steep_K = a.steep_K
    for tolerance in ALIGN_TOLERANCES:
        left_K, inside_K = leftover(a, b, (turn, shift))
        allowed_K = NOISE_LEVELS + tolerance * steep_K
        weight_K = a.say_K * inside_K / ((1 + (left_K / allowed_K) ** 2) * allowed_K) ** 2
        weighted_4K = (descents_K4 * weight_K[:, None]).T
        normal_44 = weighted_4K @ descents_K4 + 1e-6 * np.eye(4)
        right, down, grown, turned = np.linalg.solve(normal_44, weighted_4K @ left_K).tolist()
        turn /= 1 + grown + 1j * turned
        shift -= turn * (right + 1j * down)
        if not is_possible((turn, shift)):
            return start
    return np.array([turn, shift])

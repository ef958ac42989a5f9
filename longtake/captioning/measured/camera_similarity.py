"""The shift, zoom and turn that one picture makes of another: robustly, and to a few hundredths of a pixel.

A place in a picture is a complex number, right + down i, in widths from the middle; a similarity takes z to turn * z + shift, so it is two
complex numbers, and they compose and invert as such.

Legend: P pairs of frames; K points of a picture; h, w rows and columns of the half-size grid; 2 = turn and shift; 4 = right and down (widths),
growth (natural logarithm of the scale), clockwise turn (degrees).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.scoring.flow import Flow, Picture

Similarity = NDArray[np.complex128]
"""[..., 2]: turn and shift."""

SPACING = 4
"""Steps of the flow's grid between points that vote, along either side."""
TOLERANCES_PX = (32.0, 16.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.5)
"""Of a point's flow, pixels: from a loose fit over all that moves to a tight one over what most of the picture does (graduated
non-convexity, Blake and Zisserman 1987)."""
FLAT_SAY = 0.3
"""Say of a point without texture, whose flow is 0: a thing that moves before a blank wall is not the camera."""
MIDDLE_SAY = 0.2
"""Say of the picture's middle; its borders have 1: what is filmed, and followed, is mostly in the middle, and the scene behind it reaches the borders."""
CELLS = 16
"""Along the longer side of the picture: each gives equally many points to align, so that one busy corner does not decide."""
POINTS = 8
"""Of a cell, those with the steepest brightness."""
STEEP_LEVELS = 1.5
"""Less steep ones (levels of 255 a pixel of the grid) are none: grain."""
NOISE_LEVELS = 2.0
"""What grain and compression make of a level of detail."""
ALIGN_TOLERANCES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.25)
"""Pixels of the grid that a point may be off, round by round."""


def compose(first: Similarity, then: Similarity) -> Similarity:
    """The similarity that does one after the other."""
    return np.stack([then[..., 0] * first[..., 0], then[..., 0] * first[..., 1] + then[..., 1]], axis=-1)


def invert(given: Similarity) -> Similarity:
    return np.stack([1 / given[..., 0], -given[..., 1] / given[..., 0]], axis=-1)


def four(given: Similarity) -> NDArray[np.float64]:
    """As right, down, growth, clockwise turn [..., 4]."""
    turn, shift = given[..., 0], given[..., 1]
    return np.stack([shift.real, shift.imag, np.log(np.abs(turn)), np.degrees(np.angle(turn))], axis=-1)


def of_four(given_4: NDArray[np.float64]) -> Similarity:
    """The inverse of `four`."""
    turn = np.exp(given_4[..., 2] + 1j * np.radians(given_4[..., 3]))
    return np.stack([turn, given_4[..., 0] + 1j * given_4[..., 1]], axis=-1)


def places(shape_hw: tuple[int, ...], height: float) -> NDArray[np.complex128]:
    """Of the points of a grid [h, w]; `height` is the picture's, in widths."""
    rows, columns = shape_hw
    x_w = (np.arange(columns) + 0.5) / columns - 0.5
    y_h = ((np.arange(rows) + 0.5) / rows - 0.5) * height
    return x_w + 1j * y_h[:, None]


def say_of(places_K: NDArray[np.complex128], height: float) -> NDArray[np.float64]:
    """1 at the picture's border, `MIDDLE_SAY` in its middle."""
    out_K = np.maximum(np.abs(places_K.real) / 0.5, np.abs(places_K.imag) / (height / 2))
    return MIDDLE_SAY + (1 - MIDDLE_SAY) * out_K**2


def fit_flows(flows: Sequence[Flow], shape_HW: tuple[int, int]) -> list[Similarity]:
    """What the camera may have done in each pair: tries, each [P, 2]. From all of the picture and from its borders, with a
    flat part that says that nothing moves and with one that says nothing."""
    near = slice(SPACING // 2, None, SPACING)
    rows, columns = shape_HW
    places_K = places(flows[0].texture_hw.shape, rows / columns)[near, near].ravel()
    moved_PK2 = np.stack([flow.moved_hw2[near, near].reshape(-1, 2) for flow in flows]).astype(np.float64) / columns
    moved_PK = moved_PK2[..., 0] + 1j * moved_PK2[..., 1]
    texture_PK = np.stack([flow.texture_hw[near, near].ravel() for flow in flows]).astype(np.float64)
    say_K = say_of(places_K, rows / columns)
    border_K = say_K > 0.6
    return [
        _descend(places_K, moved_PK, say_PK, say_PK * first_K, columns)[0]
        for say_PK, first_K in (
            ((FLAT_SAY + (1 - FLAT_SAY) * texture_PK) * say_K, np.ones(len(places_K))),
            (texture_PK * say_K, np.ones(len(places_K))),
            (texture_PK * say_K, border_K),
        )
    ]


def _descend(
    places_K: NDArray[np.complex128],
    moved_PK: NDArray[np.complex128],
    say_PK: NDArray[np.float64],
    votes_PK: NDArray[np.float64],
    columns: int,
) -> tuple[Similarity, NDArray[np.float64]]:
    """From these votes to the fit that they lead to, and how much agrees with it [P]."""
    for tolerance_px in TOLERANCES_PX:
        weight_PK = votes_PK / (votes_PK.sum(axis=1, keepdims=True) + 1e-12)
        middle_P1, mean_P1 = (weight_PK @ places_K)[:, None], (weight_PK * moved_PK).sum(axis=1, keepdims=True)
        off_PK = places_K - middle_P1
        spread_P = (weight_PK * np.abs(off_PK) ** 2).sum(axis=1) + 1e-6
        more_P = (weight_PK * off_PK.conj() * (moved_PK - mean_P1)).sum(axis=1) / spread_P
        shift_P = mean_P1[:, 0] - more_P * middle_P1[:, 0]
        error_PK = np.abs(moved_PK - more_P[:, None] * places_K - shift_P[:, None]) * columns
        near_PK = tolerance_px**2 / (tolerance_px**2 + error_PK**2)
        votes_PK = say_PK * near_PK**2  # Geman and McClure
    return np.stack([1 + more_P, shift_P], axis=-1), votes_PK.sum(axis=1)


@dataclass(frozen=True, eq=False)
class Look:
    """What aligning needs to know of one frame."""

    detail_hw: NDArray[np.float32]
    height: float
    """Widths."""
    places_K: NDArray[np.complex128]
    levels_K: NDArray[np.float64]
    slope_K: NDArray[np.complex128]
    """Of the levels, along x and y, a width."""
    say_K: NDArray[np.float64]
    cell_K: NDArray[np.int64]
    cells: int


def look_of(picture: Picture, shape_HW: tuple[int, int]) -> Look:
    """The frame's steepest points, spread over it."""
    detail_hw = picture.detail_hw
    rows, columns = detail_hw.shape
    height = shape_HW[0] / shape_HW[1]
    along_x_hw, along_y_hw = (cv2.Sobel(detail_hw, cv2.CV_32F, *way, ksize=3, scale=1 / 8) for way in ((1, 0), (0, 1)))
    steep_hw = cv2.magnitude(along_x_hw, along_y_hw)
    steep_hw[:2] = steep_hw[-2:] = steep_hw[:, :2] = steep_hw[:, -2:] = 0
    cell = max(max(rows, columns) // CELLS, 4)
    cut_hw = steep_hw[: rows // cell * cell, : columns // cell * cell]
    cells_CS = cut_hw.reshape(rows // cell, cell, columns // cell, cell).transpose(0, 2, 1, 3).reshape(-1, cell * cell)
    index_hw = np.arange(rows * columns).reshape(rows, columns)[: cut_hw.shape[0], : cut_hw.shape[1]]
    index_CS = index_hw.reshape(rows // cell, cell, columns // cell, cell).transpose(0, 2, 1, 3).reshape(-1, cell * cell)
    best_CB = np.argpartition(cells_CS, -min(POINTS, cell * cell), axis=1)[:, -POINTS:]
    steep_CB = np.take_along_axis(cells_CS, best_CB, axis=1) > STEEP_LEVELS
    chosen_K = np.take_along_axis(index_CS, best_CB, axis=1)[steep_CB]
    cell_K = np.nonzero(steep_CB)[0]
    places_K = places(detail_hw.shape, height).ravel()[chosen_K]
    slope_K = along_x_hw.ravel()[chosen_K] * columns + 1j * (along_y_hw.ravel()[chosen_K] * (rows / height))
    return Look(detail_hw, height, places_K, detail_hw.ravel()[chosen_K].astype(np.float64), slope_K, say_of(places_K, height), cell_K, len(cells_CS))


def left_of(a: Look, b: Look, given: Similarity) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What the similarity leaves of the change from a to b at a's points [K], levels, and which of them stay in the picture."""
    rows, columns = b.detail_hw.shape
    there_K = given[0] * a.places_K + given[1]
    x_K = ((there_K.real + 0.5) * columns - 0.5).astype(np.float32)
    y_K = ((there_K.imag / a.height + 0.5) * rows - 0.5).astype(np.float32)
    levels_K = cv2.remap(b.detail_hw, x_K[:, None], y_K[:, None], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    inside_K = (x_K > 1) & (x_K < columns - 2) & (y_K > 1) & (y_K < rows - 2)
    return levels_K - a.levels_K, inside_K


def align(a: Look, b: Look, start: Similarity, noise: float = 2.0) -> Similarity:
    """The similarity from a to b near the start: inverse compositional (Baker and Matthews 2004), with Geman and McClure's weights."""
    given = start
    columns = a.detail_hw.shape[1]
    if len(a.places_K) < 8:
        return given
    steep_K = np.abs(a.slope_K) / columns
    more_K = a.slope_K.conj() * a.places_K
    descents_K4 = np.stack([a.slope_K.real, a.slope_K.imag, more_K.real, -more_K.imag], axis=1)
    for tolerance in ALIGN_TOLERANCES:
        left_K, inside_K = left_of(a, b, given)
        allowed_K = noise + tolerance * steep_K
        weight_K = a.say_K * inside_K / (1 + (left_K / allowed_K) ** 2) ** 2 / allowed_K**2
        weighted_4K = (descents_K4 * weight_K[:, None]).T
        normal_44 = weighted_4K @ descents_K4
        normal_44[np.diag_indices(4)] *= 1 + 1e-6
        normal_44[np.diag_indices(4)] += 1e-9
        step_4 = np.linalg.solve(normal_44, weighted_4K @ left_K)
        step = np.array([1 + step_4[2] + 1j * step_4[3], step_4[0] + 1j * step_4[1]])
        given = compose(invert(step), given)
    return given

"""Frames: anti-aliased by drawing at eight times the size and taking the mean of areas.

Legend: N frames, H W pixels, 3 channels (blue, green, red).
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.owl.shapes.things import COLOURS, GROUNDS, SHARE, Place, Shape, Texture, Thing
from longtake.owl.story import Frames

FINE = 8
"""Drawn pixels beside one another for each that is shown."""
PERIODS = 4
"""Of a texture, along the frame's shorter side: 8 pixels each in a frame of 32."""
COARSER = 0.75
"""Of the periods of slants and checks, along a side, by those of rows: so they stand a blur about as well."""
_SUBPIXEL_BITS = 4

Points = NDArray[np.float64]
"""N2: down, right, in pixels."""


def path_points(start: tuple[float, float], end: tuple[float, float], frames: int) -> Points:
    """An object's centre in every frame: it speeds up and slows down within the clip, so that clips join without a jerk."""
    share_N1 = np.linspace(0, 1, frames)[:, None]
    return np.array(start) + (np.array(end) - np.array(start)) * share_N1**2 * (3 - 2 * share_N1)


def draw_frames(place: Place, thing: Thing | None, points_N2: Points, size_px: tuple[int, int]) -> Frames:
    """As many frames as points: the object over the place; without an object the points only count."""
    ground_HW3 = draw_place(place, size_px)
    if thing is None:
        return np.repeat(ground_HW3[None], len(points_N2), axis=0)
    cover_NHW1 = draw_covers(thing.shape, points_N2, size_px)[..., None]
    base_HW3 = ground_HW3.astype(np.float32)
    over_3 = np.array(COLOURS[thing.colour], np.float32)
    return np.rint(base_HW3 + (over_3 - base_HW3) * cover_NHW1).astype(np.uint8)


@functools.lru_cache(maxsize=256)
def draw_place(place: Place, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """The background, HW3; not to be written to."""
    tones_HW1 = 1 + SHARE * draw_texture(place.texture, size_px)[..., None]
    ground_HW3 = np.rint(np.array(GROUNDS[place.ground]) * tones_HW1).clip(0, 255).astype(np.uint8)
    ground_HW3.flags.writeable = False
    return ground_HW3


def draw_texture(texture: Texture, size_px: tuple[int, int], shift_px: tuple[int, int] = (0, 0)) -> NDArray[np.float32]:
    """A texture's tones, HW: -1 dark to 1 light, 0 where it is plain; `shift_px` down and right."""
    if texture == "plain":
        return np.zeros(size_px, np.float32)
    height, width = size_px
    period = min(size_px) / PERIODS
    down_H1 = ((np.arange(height * FINE) + 0.5) / FINE - shift_px[0])[:, None] / period
    right_1W = ((np.arange(width * FINE) + 0.5) / FINE - shift_px[1])[None] / period
    light = {
        "rows": lambda: (down_H1 % 1 < 0.5) & (right_1W == right_1W),
        "columns": lambda: (right_1W % 1 < 0.5) & (down_H1 == down_H1),
        "checks": lambda: (down_H1 * COARSER % 1 < 0.5) ^ (right_1W * COARSER % 1 < 0.5),
        "slants": lambda: (down_H1 + right_1W) * COARSER % 1 < 0.5,
        "dots": lambda: (down_H1 % 1 - 0.5) ** 2 + (right_1W % 1 - 0.5) ** 2 < 0.33**2,
    }[texture]()
    return cv2.resize(np.where(light, 1, -1).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)


def draw_covers(shape: Shape, points_N2: Points, size_px: tuple[int, int]) -> NDArray[np.float32]:
    """How much of every pixel an object covers, NHW, 0 to 1, with its centre at each of the points."""
    height, width = size_px
    outline_P2 = _outline(shape) * min(size_px)
    canvas = np.empty((height * FINE, width * FINE), np.uint8)
    covers: list[NDArray[np.float32]] = []
    for number, point_2 in enumerate(points_N2):
        if number and np.array_equal(point_2, points_N2[number - 1]):
            covers.append(covers[-1])
            continue
        canvas[:] = 0
        corners_P2 = ((outline_P2 + point_2) * FINE - 0.5)[:, ::-1] * 2**_SUBPIXEL_BITS
        cv2.fillPoly(canvas, [np.rint(corners_P2).astype(np.int32)], 255, shift=_SUBPIXEL_BITS)
        covers.append(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255)
    return np.stack(covers)


@functools.cache
def _outline(shape: Shape) -> Points:
    """Corners around the centre of mass, P2: down, right, as shares of the frame's shorter side. All shapes have about one area."""
    if shape == "square":
        return 0.155 * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)], float)
    if shape == "triangle":
        return 0.22 * np.array([(-1, 0), (0.6, 1), (0.6, -1)], float)
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return 0.175 * np.stack([np.sin(turns), np.cos(turns)], axis=1)

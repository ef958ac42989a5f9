"""Patches of a picture in its own resolution, side by side, where the codec's grid survives; runs inside a worker.

Legend: H, W rows and columns, 3 the channels: blue, green, red.
"""

import random
from typing import TYPE_CHECKING

import av
import numpy as np

from longtake.video.decode import Orientation
from longtake.video.scale import Scaler

if TYPE_CHECKING:
    from longtake.video.records import Patches

BLOCK_PX = 8
"""Codecs transform pictures in blocks of this side, or of a multiple of it, from the stored picture's corner."""
LONGEST = 16
"""A picture that is too small is enlarged to at most this many times as long as wide."""


class Mosaic:
    """Cuts the same patches from each frame of one view. They are cut from the picture as stored, then turned."""

    def __init__(self, view: "Patches", width: int, height: int, orientation: Orientation) -> None:
        """`width` and `height` are the stored picture's; frames of another size are stretched to them."""
        self._patch_px = view.patch_px
        self._orientation = orientation
        enlarged = enlarge_size(width, height, view.grid * view.patch_px)
        self._places = place_patches(*enlarged, view.grid, view.patch_px, view.seed)
        interpolation = "bilinear" if enlarged == (width, height) else "bicubic"
        self._scaler = Scaler(Orientation(), (enlarged[1], enlarged[0], 3), interpolation)

    def draw(self, frame: av.VideoFrame) -> np.ndarray:
        """The frame's patches, upright, as one picture. Raises VideoFault for pixels that can't be converted."""
        stored_HW3, side = self._scaler.draw(frame), self._patch_px
        rows = [np.hstack([stored_HW3[y : y + side, x : x + side] for x, y in row]) for row in self._places]
        return self._orientation.apply(np.vstack(rows))


def enlarge_size(width: int, height: int, least: int) -> tuple[int, int]:
    """The size, if its smaller side is `least` or more; else enlarged to that, aspect kept up to 16 to 1."""
    smaller = min(width, height)
    if smaller >= least:
        return width, height
    longer = min(round(max(width, height) * least / smaller), LONGEST * least)
    return (longer, least) if width > height else (least, longer)


def place_patches(width: int, height: int, grid: int, patch_px: int, seed: int) -> list[list[tuple[int, int]]]:
    """Left and upper edge of the patch of each cell, row by row: multiples of 8 pixels, one as likely as another.

    A patch lies in its cell, except that it may begin up to 7 pixels before it; no two overlap. `patch_px` is a
    multiple of 8, and neither side is smaller than `grid * patch_px`. The same seed gives the same places on every
    machine (`random.Random.random` is promised not to change).
    """
    generator = random.Random(seed)

    def place(cell: int, side: int) -> int:
        first = cell * side // (grid * BLOCK_PX)
        last = ((cell + 1) * side // grid - patch_px) // BLOCK_PX
        return BLOCK_PX * (first + int(generator.random() * (last - first + 1)))

    return [[(place(column, width), place(row, height)) for column in range(grid)] for row in range(grid)]

"""Where the picture moves between two frames, and where there is anything to see it by.

Dense inverse search (Kroeger et al., ECCV 2016, as in OpenCV) at half the frame's size. It invents motion where a picture
is flat or only grainy, so a flow counts where the change between the frames is evident, or is explained by the flow.

Legend: H, W rows and columns of a frame; h, w of the half-size grid; 2 = along x and y, right and down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST_GRID = 16
"""Sides of the grid are at least this: two patches of the search. A thinner frame is stretched to it."""
BLUR_PX = 1.0
"""Sigma, pixels of the frame: against grain, and against aliases when the size is halved."""
COARSE_GRID = 9
"""Detail is what a mean over this square of the grid leaves of the picture: no brightness, hence no flicker nor fade."""
WINDOW_GRID = 5
"""A change is averaged over this square of the grid: about 10 pixels of the frame."""
FAINT_LEVELS = 0.25
"""A smaller change of the detail (root mean square, levels of 255) is none: rounding makes about 0.15."""
EVIDENT_LEVELS = 4.0
"""A larger one is motion, explained or not: grain of up to 8 levels a pixel stays below it."""
EXPLAINED = 0.5
"""One between them is motion if the flow leaves less than this share of it; of mere grain it leaves about two thirds."""
TEXTURE_LEVELS = 1.0
"""Detail with this root mean square has half the say on the camera that strong detail has."""
STRIDE_GRID = 6
"""Steps between patches, 8 on a side: with OpenCV's 4 the search takes twice as long and is no better on known motion."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What the flow needs to know of one frame."""

    grid_hw: NDArray[np.uint8]
    """Luma at half size."""
    detail_hw: NDArray[np.float32]
    """Luma less its surroundings, levels of 255."""
    scale_2: NDArray[np.float32]
    """Pixels of the frame per step of the grid, along x and y."""


@dataclass(frozen=True, eq=False)
class Flow:
    """The motion from one frame to the next, on the half-size grid."""

    moved_hw2: NDArray[np.float32]
    """Displacement, pixels of the frame: 0 where nothing is seen to move."""
    texture_hw: NDArray[np.float32]
    """0..1: how much there is to see motion by."""


def picture_of(luma_HW: NDArray[np.uint8]) -> Picture:
    """The half-size grid of one frame."""
    rows, columns = luma_HW.shape
    size_wh = (max(columns // 2, SMALLEST_GRID), max(rows // 2, SMALLEST_GRID))
    smooth_HW = cv2.GaussianBlur(luma_HW.astype(np.float32), (0, 0), BLUR_PX)
    grid_hw = cv2.resize(smooth_HW, size_wh, interpolation=cv2.INTER_AREA)
    detail_hw = grid_hw - cv2.blur(grid_hw, (COARSE_GRID, COARSE_GRID))
    scale_2 = np.array([columns / size_wh[0], rows / size_wh[1]], np.float32)
    return Picture(np.rint(grid_hw).astype(np.uint8), detail_hw, scale_2)


def flows(pictures: Sequence[Picture]) -> list[Flow]:
    """The flow from each picture to the next: one less than there are pictures. All are of the same size."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(0)  # the half-size grid itself
    search.setPatchStride(STRIDE_GRID)
    return [_flow(search, a, b) for a, b in pairwise(pictures)]


def _flow(search: cv2.DISOpticalFlow, a: Picture, b: Picture) -> Flow:
    steps_hw2 = search.calc(a.grid_hw, b.grid_hw, None)
    rows, columns = a.grid_hw.shape
    x_hw = steps_hw2[..., 0] + np.arange(columns, dtype=np.float32)
    y_hw = steps_hw2[..., 1] + np.arange(rows, dtype=np.float32)[:, None]
    followed_hw = cv2.remap(b.detail_hw, x_hw, y_hw, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    change_hw = _power(a.detail_hw - b.detail_hw)
    left_hw = _power(a.detail_hw - followed_hw)
    explained_hw = (change_hw > FAINT_LEVELS**2) & (left_hw < EXPLAINED**2 * change_hw)
    moves_hw = explained_hw | (change_hw > EVIDENT_LEVELS**2)
    texture_hw = _power(a.detail_hw)
    return Flow(
        moved_hw2=steps_hw2 * a.scale_2 * moves_hw[..., None],
        texture_hw=texture_hw / (texture_hw + np.float32(TEXTURE_LEVELS**2)),
    )


def _power(levels_hw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean square over the window around every point."""
    power_hw: NDArray[np.float32] = cv2.blur(levels_hw * levels_hw, (WINDOW_GRID, WINDOW_GRID))
    return power_hw

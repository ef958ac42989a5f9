"""What only a picture in its own resolution shows: sharpness, noise, and the blocks of a codec.

Legend: N frames, H, W rows and columns of a mosaic; P patches, S x S pixels each (`Sampling.detail_patch_px`), of
luma; every patch was cut at a multiple of 8 pixels of the stored picture.
"""

import cv2
import numpy as np

PATCH_PX = 32
"""Side of a patch that is not said otherwise."""
FLATTEST = 10
"""Noise is measured on one in so many of the patches, the flattest: elsewhere texture passes for noise."""
CUT_OFF_SHARE = 0.02
"""Share of pixels wholly black or white, at most, in patches that noise is measured on: there it is cut off."""
NOISE_MARGIN = 1.05
"""Noise is taken for that much stronger (its square) before clarity is measured, lest what is left of it look sharp."""
ROUNDING_VARIANCE = 1 / 12
"""Of rounding to whole levels."""
NEAR_PX, FAR_PX = 1, 4
"""The two distances whose differences are compared for clarity."""
LEAST_POWER = 1.0
"""Mean square difference at `FAR_PX`, above the noise, below which a clip is flat and has no clarity."""
BLOCK_PX = 8
"""Grid of MPEG-1 to MPEG-4, JPEG and H.264's transforms; HEVC's and AV1's larger blocks lie on it."""
STEP_CAP = 2
"""Levels: where borders are hidden (deblocking), small steps still show them, and large steps are the picture's own."""
STEP_FLOOR = 0.05
"""Levels added to both means, so that a picture without any steps has no blocks."""
BAR_LINES, BAR_LUMA, BAR_RANGE = 4, 20, 4
"""A patch with so many lines so dark and so even is cut from a black bar, or across its edge."""


def cut_patches(details_NHW3: np.ndarray, patch_px: int = PATCH_PX) -> np.ndarray:
    """uint8 [P, S, S]: the patches of all mosaics in luma, without those that show a black bar (all, if each does)."""
    lumas_NHW = np.stack([cv2.cvtColor(mosaic_HW3, cv2.COLOR_BGR2GRAY) for mosaic_HW3 in details_NHW3])
    frames, height, width = lumas_NHW.shape
    cells = lumas_NHW.reshape(frames, height // patch_px, patch_px, width // patch_px, patch_px)
    patches_PSS = np.ascontiguousarray(cells.swapaxes(2, 3).reshape(-1, patch_px, patch_px))
    barred_P = _dark_lines(patches_PSS, 2) | _dark_lines(patches_PSS, 1)
    return patches_PSS if barred_P.all() else patches_PSS[~barred_P]


def noise(patches_PSS: np.ndarray) -> float:
    """Standard deviation of the noise of luma, in levels of 255: Immerkaer's (1996) on the flattest patches.

    How flat a patch is, its 4 x 4 averages say, which noise hardly reaches. Rounding alone measures 0.3; texture
    without any flat patch passes for noise.
    """
    size = patches_PSS.shape[1]
    patches = patches_PSS.astype(np.float32)
    sigma_P = np.sqrt(np.pi / 2) / 6 * np.abs(_second_differences(patches)).mean(axis=(1, 2))
    coarse = patches.reshape(len(patches), size // 4, 4, size // 4, 4).mean(axis=(2, 4))
    texture_P = sum(np.abs(np.diff(coarse, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2))
    cut_off_P = ((patches_PSS == 0) | (patches_PSS == 255)).mean(axis=(1, 2)) > CUT_OFF_SHARE
    order_P = np.argsort(np.where(cut_off_P, np.inf, texture_P), kind="stable")
    return float(np.median(sigma_P[order_P[: max(1, len(patches) // FLATTEST)]]))


def clarity(patches_PSS: np.ndarray, noise_levels: float) -> float:
    """0 to 1: how fast the picture changes within one pixel, against within four.

    The mean square difference of pixels at a distance d, less that of noise, grows as d**2a. An edge that is one pixel
    wide has a = 1/2 and counts 1; a ramp has a = 1 and counts 0: 2 - 2a in between. A ratio, so contrast cancels, and
    the edges with the most contrast, which are in focus, weigh most. What is flat or drowned in noise counts 0.
    """
    extra = 2 * max(NOISE_MARGIN * noise_levels**2, ROUNDING_VARIANCE)
    near, far = (_mean_square_difference(patches_PSS, distance) - extra for distance in (NEAR_PX, FAR_PX))
    if far < LEAST_POWER or near <= 0:
        return 0.0
    return float(np.clip(2 - np.log(far / near) / np.log(FAR_PX / NEAR_PX), 0, 1))


def blockiness(patches_PSS: np.ndarray) -> float:
    """0 and up: logarithm of the steps across the borders of 8 x 8 blocks over those across their middles.

    Steps are absolute differences of neighbours, cut off at `STEP_CAP`.
    """
    border, middle = [], []
    for axis in (1, 2):
        steps = np.minimum(cv2.absdiff(*_neighbours(patches_PSS, axis, 1)), STEP_CAP)
        mean_S = steps.mean(axis=(0, 3 - axis))
        border.append(mean_S[BLOCK_PX - 1 :: BLOCK_PX].mean())
        middle.append(mean_S[BLOCK_PX // 2 - 1 :: BLOCK_PX].mean())
    return max(0.0, float(np.log((np.mean(border) + STEP_FLOOR) / (np.mean(middle) + STEP_FLOOR))))


def _neighbours(patches: np.ndarray, axis: int, distance: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of all pixels that have a pixel at this distance along the axis, and of those."""
    if axis == 1:
        return patches[:, :-distance], patches[:, distance:]
    return patches[:, :, :-distance], patches[:, :, distance:]


def _second_differences(patches: np.ndarray) -> np.ndarray:
    """The second difference along the rows of that along the columns: blind to ramps and straight edges."""
    rows = patches[:, :-2] - 2 * patches[:, 1:-1] + patches[:, 2:]
    second: np.ndarray = rows[:, :, :-2] - 2 * rows[:, :, 1:-1] + rows[:, :, 2:]
    return second


def _mean_square_difference(patches_PSS: np.ndarray, distance: int) -> float:
    """Of all pairs of pixels at that distance, along rows and along columns."""
    differences = [cv2.absdiff(*_neighbours(patches_PSS, axis, distance)) for axis in (1, 2)]
    return float(np.mean([np.square(steps, dtype=np.float32).mean() for steps in differences]))


def _dark_lines(patches_PSS: np.ndarray, axis: int) -> np.ndarray:
    """bool [P]: enough of the lines along this axis are dark and even."""
    high, low = patches_PSS.max(axis=axis), patches_PSS.min(axis=axis)
    enough_P: np.ndarray = ((high <= BAR_LUMA) & (high - low <= BAR_RANGE)).sum(axis=1) >= BAR_LINES
    return enough_P

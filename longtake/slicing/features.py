"""What two neighbouring frames have in common: similarity of colour and of structure (Koala-36M, equations 1 to 4).

Both are 1 for identical frames; the paper calls them distances. What belongs to one frame is computed once, and a
pair costs its cross terms only.

Dimensions: N frames, H and W pixels (both `frame_px`), C = 3 channels in the order B, G, R; B histogram bins of the
three channels together; S pixels of the structure map.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.slicing.config import SlicingConfig

_VALUE_RANGE = 255


def use_one_thread() -> None:
    """For a process that slices on every core already: OpenCV's own threads then double the cost of the edges."""
    cv2.setNumThreads(1)


@dataclass(frozen=True)
class FrameFeatures:
    """What a pair needs to know of one frame."""

    color_B: NDArray[np.float64]
    """Colour histogram, less its mean, at unit length: the Pearson correlation of two is their dot product."""
    colorless: bool
    """The histogram has no variance: the frame is all black and white, and `color_B` zeros."""
    structure_SS: NDArray[np.uint8]
    """Grey picture with its edges drawn over it in white."""
    sums_SS: NDArray[np.int32]
    """Sum of the structure map over the window around each pixel."""
    luminance_SS: NDArray[np.float32]
    contrast_SS: NDArray[np.float32]
    """This frame's share of the two factors of SSIM's denominator (see `structure_similarity`)."""


def frame_features(frame_HWC: NDArray[np.uint8], config: SlicingConfig) -> FrameFeatures:
    """Features of one BGR frame, `frame_px` high and wide."""
    color_B, colorless = _color_direction(frame_HWC, config)
    structure_SS = structure_map(frame_HWC, config)
    sums_SS = _window_sums(structure_SS, config)
    power_SS = sums_SS * sums_SS
    luminance_SS, contrast_SS = _ssim_factors(power_SS, _product_sums(structure_SS, structure_SS, config), config)
    return FrameFeatures(color_B, colorless, structure_SS, sums_SS, luminance_SS, contrast_SS)


def structure_map(frame_HWC: NDArray[np.uint8], config: SlicingConfig) -> NDArray[np.uint8]:
    """E = max(grey, Canny(grey)), [S, S] in 0..255 (equation 3)."""
    side = config.structure_px
    resampling = cv2.INTER_AREA if config.interpolation == "area" else cv2.INTER_LINEAR
    grey_SS = cv2.resize(cv2.cvtColor(frame_HWC, cv2.COLOR_BGR2GRAY), (side, side), interpolation=resampling)
    structure_SS: NDArray[np.uint8] = np.maximum(grey_SS, cv2.Canny(grey_SS, config.canny_low, config.canny_high))
    return structure_SS


def color_similarity(a: FrameFeatures, b: FrameFeatures, config: SlicingConfig) -> float:
    """Pearson correlation of two colour histograms over all bins of all channels, -1..1 (equations 1 and 2)."""
    if a.colorless or b.colorless:
        both = a.colorless and b.colorless
        return 1.0 if both or config.empty_histogram == "paper" else 0.0
    return float(a.color_B @ b.color_B)


def structure_similarity(a: FrameFeatures, b: FrameFeatures, config: SlicingConfig) -> float:
    """Mean structural similarity (SSIM) of two structure maps, over the windows inside them, -1..1 (equation 4).

    SSIM = 4 * (X * Y + c1) * (K + c2) / ((X * X + Y * Y + 2 * c1) * (A + B + 2 * c2)), where X, Y and XY are sums over
    a window of n pixels, K = n * XY - X * Y is n(n - 1) times the sample covariance, and A, B that many times the two
    variances. All of them are whole numbers below 2**31 and exact; only then the map goes on in float32.
    """
    power_SS = a.sums_SS * b.sums_SS
    ssim_SS, contrast_SS = _ssim_factors(power_SS, _product_sums(a.structure_SS, b.structure_SS, config), config)
    ssim_SS *= contrast_SS
    ssim_SS /= (a.luminance_SS + b.luminance_SS) * (a.contrast_SS + b.contrast_SS)
    radius = config.ssim_radius_px
    return 4 * float(cv2.mean(ssim_SS[radius:-radius, radius:-radius])[0])


def similarities(batches: Iterable[NDArray[np.uint8]], config: SlicingConfig) -> NDArray[np.float64]:
    """Colour and structural similarity of each frame and the next, [frames - 1, 2], from batches of any lengths.

    Holds one frame's features at a time, so a batch [N, H, W, C] may be overwritten as soon as the next is asked for.
    Raises ValueError for frames that are not uint8 BGR squares of `frame_px`.
    """
    values = array("d")
    previous: FrameFeatures | None = None
    for frames_NHWC in batches:
        _check_frames(frames_NHWC, config)
        for frame_HWC in frames_NHWC:
            current = frame_features(frame_HWC, config)
            if previous is not None:
                values.append(color_similarity(previous, current, config))
                values.append(structure_similarity(previous, current, config))
            previous = current
    return np.array(values, dtype=np.float64).reshape(-1, 2)


def _color_direction(frame_HWC: NDArray[np.uint8], config: SlicingConfig) -> tuple[NDArray[np.float64], bool]:
    """The histogram of the three channels end to end, centred and of unit length, and whether it has no variance."""
    low, high = config.histogram_low, config.histogram_high
    counts = [cv2.calcHist([frame_HWC], [channel], None, [high - low], [low, high]) for channel in range(3)]
    color_B = np.concatenate(counts, dtype=np.float64).ravel()
    color_B -= color_B.mean()
    length = float(np.linalg.norm(color_B))
    # Counts are whole numbers, so a histogram that varies at all is far longer than rounding makes a flat one.
    if length < 1e-3:
        return np.zeros_like(color_B), True
    return color_B / length, False


def _window_sums(values_SS: NDArray[np.uint8] | NDArray[np.uint16], config: SlicingConfig) -> NDArray[np.int32]:
    """Sum over the window around every pixel; where the window leaves the picture, the sum means nothing."""
    side = 2 * config.ssim_radius_px + 1
    sums_SS: NDArray[np.int32] = cv2.boxFilter(values_SS, cv2.CV_32S, (side, side), normalize=False)
    return sums_SS


def _product_sums(a_SS: NDArray[np.uint8], b_SS: NDArray[np.uint8], config: SlicingConfig) -> NDArray[np.int32]:
    return _window_sums(np.multiply(a_SS, b_SS, dtype=np.uint16), config)


def _ssim_factors(
    power_SS: NDArray[np.int32], products_SS: NDArray[np.int32], config: SlicingConfig
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """X * Y + c1 and K + c2 of `structure_similarity`, from X * Y and XY of every window."""
    area = (2 * config.ssim_radius_px + 1) ** 2
    c1 = (config.ssim_k1 * _VALUE_RANGE) ** 2 * area * area / 2
    c2 = (config.ssim_k2 * _VALUE_RANGE) ** 2 * area * (area - 1) / 2
    covariance_SS = area * products_SS - power_SS
    return power_SS.astype(np.float32) + np.float32(c1), covariance_SS.astype(np.float32) + np.float32(c2)


def _check_frames(frames_NHWC: NDArray[np.uint8], config: SlicingConfig) -> None:
    side = config.frame_px
    if frames_NHWC.dtype != np.uint8 or frames_NHWC.shape[1:] != (side, side, 3):
        raise ValueError(
            f"frames are {frames_NHWC.dtype} {list(frames_NHWC.shape)}; expected uint8 [N, {side}, {side}, 3], "
            "channels in the order B, G, R: decode to frame_px, or change frame_px"
        )

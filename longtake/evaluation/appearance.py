"""How frames look, without weights: colour, saturation, contrast, sharpness (the note's G.4).

Legend: N frames, H W rows and columns, 3 channels: blue, green, red; L 256 levels.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Histogram = NDArray[np.float64]
"""3L: shares of each channel's pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Appearance:
    """Of a clip; units as in SegmentDrift."""

    means_3: NDArray[np.float64]
    saturation: float
    contrast_levels: float
    sharpness: float
    histogram_3L: Histogram


def look_at(frames_NHW3: Frames) -> Appearance:
    """Means over frames, one at a time."""
    saturations, contrasts, sharpnesses = [], [], []
    counts_3L = np.zeros((3, 256))
    for frame_HW3 in frames_NHW3:
        most_HW, least_HW = frame_HW3.max(-1).astype(np.float32), frame_HW3.min(-1)
        saturations.append(((most_HW - least_HW) / np.maximum(most_HW, 1)).mean())
        luma_HW = cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY)
        contrasts.append(luma_HW.std(dtype=np.float64))
        sharpnesses.append(cv2.Laplacian(luma_HW, cv2.CV_32F).var(dtype=np.float64))
        counts_3L += [np.bincount(frame_HW3[..., channel].ravel(), minlength=256) for channel in range(3)]
    histogram_3L = counts_3L / counts_3L.sum(1, keepdims=True)
    return Appearance(
        means_3=histogram_3L @ np.arange(256),
        saturation=float(np.mean(saturations)),
        contrast_levels=float(np.mean(contrasts)),
        sharpness=float(np.mean(sharpnesses)),
        histogram_3L=histogram_3L,
    )


def colour_distance(one_3L: Histogram, other_3L: Histogram) -> float:
    """Wasserstein distance of each channel's levels, mean over channels: unlike a distance by bins it grows with the shift."""
    return float(np.abs((one_3L - other_3L).cumsum(1)).sum(1).mean())

"""What the pictures of a clip look like, apart from what happens in them: exposure, colour and black bars.

Legend: N frames, H, W rows and columns, 3 channels: blue, green, red; luma is Rec. 601, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from longtake.scoring.detail import PATCH_PX, blockiness, clarity, cut_patches, noise
from longtake.scoring.samples import Samples

CRUSHED, BLOWN = 5, 250
"""Luma at and below, at and above which a pixel is black or white (UltraVideo)."""
BAR_RMS = 8.0
"""How far from its own colour a bar strays over space and time, RMS levels: compression does, a picture strays more."""
BAR_LINE_SHARE = 0.98
"""Share of a line's pixels that must be the bar's colour."""
BAR_EDGE_SHARE = 0.25
"""Share of the pixels behind a bar's edge that must be something else: its edge is straight, a dark sky's is not."""
BAR_EDGE_LINES = 2
"""Lines behind the edge that are looked at: where the picture was scaled, the first is half bar, half picture."""


@dataclass(frozen=True)
class PictureMetrics:
    """The picture's share of the sub-metrics; all finite."""

    clarity: float
    noise: float
    blockiness: float
    brightness: float
    contrast: float
    colourfulness: float
    clipped_share: float
    border_share: float


def measure_picture(samples: Samples, patch_px: int = PATCH_PX) -> PictureMetrics:
    """Every metric of the picture; exposure and colour of what lies between the bars.

    `patch_px` is the side of the patches in `details_NHW3`, a multiple of 8.
    """
    lumas_NHW = np.stack([cv2.cvtColor(frame_HW3, cv2.COLOR_BGR2GRAY) for frame_HW3 in samples.frames_NHW3])
    rows, columns = find_picture(lumas_NHW)
    inner_NHW = lumas_NHW[:, rows, columns]
    means_N, deviations_N = np.transpose([_mean_and_deviation(luma_HW) for luma_HW in inner_NHW])
    patches_PSS = cut_patches(samples.details_NHW3, patch_px)
    noise_levels = noise(patches_PSS)
    return PictureMetrics(
        clarity=clarity(patches_PSS, noise_levels),
        noise=noise_levels,
        blockiness=blockiness(patches_PSS),
        brightness=float(means_N.mean()) / 255,
        contrast=float(deviations_N.mean()) / 255,
        colourfulness=colourfulness(samples.frames_NHW3[:, rows, columns]),
        clipped_share=float(((inner_NHW <= CRUSHED) | (inner_NHW >= BLOWN)).mean()),
        border_share=1 - inner_NHW[0].size / lumas_NHW[0].size,
    )


def colourfulness(frames_NHW3: np.ndarray) -> float:
    """Mean over the frames of M3 = sd + 0.3 mean of the opponent colours R - G and (R + G) / 2 - B, in levels: 0 is
    grey, 15 slightly, 59 quite and 109 extremely colourful (Hasler and Süsstrunk 2003, section 7)."""
    opponents = np.array([[0, -1, 1], [-1, 0.5, 0.5]], np.float32)
    values_N = []
    for frame_HW3 in frames_NHW3:
        mean, deviation = cv2.meanStdDev(cv2.transform(frame_HW3.astype(np.float32), opponents))
        values_N.append(float(np.hypot(*deviation.ravel()) + 0.3 * np.hypot(*mean.ravel())))
    return float(np.mean(values_N))


def find_picture(lumas_NHW: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns between the bars of one constant colour at the edges, the same in all frames.

    All of them where nothing tells a bar from the picture: a black clip has no bars, nor has one of a single colour.
    """
    height, width = lumas_NHW.shape[1:]
    sums_2HW = np.zeros((2, height, width), np.float32)
    for luma_HW in lumas_NHW:
        cv2.accumulate(luma_HW, sums_2HW[0])
        cv2.accumulateSquare(luma_HW, sums_2HW[1])
    mean_HW, power_HW = sums_2HW / len(lumas_NHW)
    top, bottom = _bar(mean_HW, power_HW), _bar(mean_HW[::-1], power_HW[::-1])
    left, right = _bar(mean_HW.T, power_HW.T), _bar(mean_HW.T[::-1], power_HW.T[::-1])
    if top + bottom >= height or left + right >= width:
        return slice(0, height), slice(0, width)
    return slice(top, height - bottom), slice(left, width - right)


def _bar(mean_HW: np.ndarray, power_HW: np.ndarray) -> int:
    """Lines of the bar at the top, from every pixel's mean and mean square over time."""
    colour = float(np.median(mean_HW[0]))
    stray_HW = power_HW - 2 * colour * mean_HW + colour**2 > BAR_RMS**2
    pictured_H = stray_HW.mean(axis=1) > 1 - BAR_LINE_SHARE
    lines = int(pictured_H.argmax())  # 0 where all lines are the bar's colour, too
    behind_HW = stray_HW[lines : lines + BAR_EDGE_LINES]
    return lines if behind_HW.any(axis=0).mean() >= BAR_EDGE_SHARE else 0


def _mean_and_deviation(luma_HW: np.ndarray) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(luma_HW)
    return float(mean[0, 0]), float(deviation[0, 0])

"""What the TSA network sees of one clip, before it is a tensor, and when to look.

Legend: S segments, T frames of a segment, K images, H, W rows and columns, 3 channels: blue, green, red; L sub-metrics.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.records import METRICS
from longtake.scoring.architecture import Architecture, DynamicBranch, StaticBranch
from longtake.scoring.sampling import FRAME_MARGIN
from longtake.video.glimpse import Glimpse
from longtake.video.records import Fit, Patches, View

FRAGMENTS, IMAGES = "fragments", "images"
"""The names of the views; a number follows that of each segment."""
IMAGE_FINENESS = 2
"""Images are asked for with this many times the pixels of a side that the network sees, and shrunk by averaging."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Of one clip: pixels as uint8, measures as they are."""

    fragments_STHW3: NDArray[np.uint8]
    """`grid * patch_px` square. Patches lie at the same places in all frames of a segment."""
    images_KHW3: NDArray[np.uint8]
    """`StaticBranch.size_px` square."""
    labels_L: NDArray[np.float32]
    """The sub-metrics in the order of METRICS; NaN where one was not measured."""


def labels_of(metrics: Mapping[str, float | None]) -> NDArray[np.float32]:
    """The sub-metrics [L] in their fixed order; NaN where one was not measured."""
    values = [metrics[name] for name in METRICS]
    return np.array([np.nan if value is None else value for value in values], np.float32)


def plan_inputs(duration_s: float, fps: float, network: Architecture, seed: int) -> dict[str, View]:
    """What to ask the guard for. Where the fragments lie, in space and time, follows from `seed` alone."""
    views: dict[str, View] = {}
    if branch := network.dynamic:
        starts_S = np.random.default_rng(seed).random(branch.segments)
        for segment, moments_T in enumerate(plan_segments(duration_s, fps, branch, starts_S)):
            views[f"{FRAGMENTS}{segment}"] = Patches(
                times_s=tuple(moments_T.tolist()), grid=branch.grid, patch_px=branch.patch_px, seed=seed + segment
            )
    if network.static:
        moments_K = plan_images(duration_s, network.static)
        views[IMAGES] = Fit(times_s=tuple(moments_K.tolist()), size_px=IMAGE_FINENESS * network.static.size_px)
    return views


def plan_segments(
    duration_s: float, fps: float, branch: DynamicBranch, starts_S: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Moments [S, T] in seconds: `starts_S` (0 to 1) say where in its part of the clip each segment begins.

    A part that is shorter than a segment gives up some of the next one's; beyond its end the clip shows its last frame.
    A step is at least a frame of the clip long, so that no frame of a steady clip comes twice.
    """
    part_s = duration_s / branch.segments
    step_s = max(branch.stride / branch.nominal_fps, FRAME_MARGIN / fps)
    steps_s = np.arange(branch.frames) * step_s
    begins_s = np.arange(branch.segments) * part_s + starts_S * max(0.0, part_s - steps_s[-1])
    latest_s = max(0.0, duration_s - steps_s[-1] - 1 / fps)
    moments_s: NDArray[np.float64] = np.minimum(begins_s, latest_s)[:, None] + steps_s
    return moments_s


def plan_images(duration_s: float, branch: StaticBranch) -> NDArray[np.float64]:
    """Moments [K] in seconds, the middles of K equal parts."""
    moments_s: NDArray[np.float64] = (np.arange(branch.images) + 0.5) * duration_s / branch.images
    return moments_s


def collect_inputs(
    glimpse: Glimpse, views: Mapping[str, View], network: Architecture, metrics: Mapping[str, float | None]
) -> Inputs:
    """What a glimpse by `plan_inputs` holds, each moment with the frame that is shown then."""
    fragments_STHW3 = np.zeros((0, 0, 1, 1, 3), np.uint8)
    images_KHW3 = np.zeros((0, 1, 1, 3), np.uint8)
    if network.dynamic:
        names = [f"{FRAGMENTS}{segment}" for segment in range(network.dynamic.segments)]
        fragments_STHW3 = np.stack([_at_moments(glimpse, name, views[name]) for name in names])
    if network.static:
        size = (network.static.size_px, network.static.size_px)
        whole_KHW3 = _at_moments(glimpse, IMAGES, views[IMAGES])
        images_KHW3 = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in whole_KHW3])
    return Inputs(fragments_STHW3, images_KHW3, labels_of(metrics))


def _at_moments(glimpse: Glimpse, name: str, view: View) -> NDArray[np.uint8]:
    """The frame that is shown at each moment; a glimpse has each frame once."""
    seen = glimpse.views[name]
    shown = np.searchsorted(seen.times_s, np.array(view.times_s), side="right").clip(1) - 1
    frames_NHW3: NDArray[np.uint8] = seen.frames_NHW3[shown]
    return frames_NHW3
